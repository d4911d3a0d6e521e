// The plain-answer check while one writes. The rules and their meaning are the server's (package plain), which checks
// again when the answer is sent; a test holds both to one table.
import { el } from './combo.js';
import { fold } from './pick.js';

export function compile(rules) {
  const find = (s) => new RegExp(s, 'u');
  return { ...rules, date: find(rules.date), unit: find(rules.unit), unit_bare: find(rules.unit_bare), objection: find(rules.objection),
    formulas: rules.formulas.map((f) => ({ ...f, find: find(f.pattern) })) };
}

// A sentence ends at a line's end and at . ! ? before a space: 25.11 is no end.
const sentences = (s) => s.match(/[^]*?(?:[.!?](?=[ \n\t\r]|$)|\n)|[^]+$/gu) || [];

const named = (bare, unit) => {
  const letter = /[a-z0-9]/;
  for (let i = bare.indexOf(unit); i >= 0; i = bare.indexOf(unit, i + 1)) {
    if (!letter.test(bare[i - 1] || ' ') && !letter.test(bare[i + unit.length] || ' ')) return true;
  }
  return false;
};

export function check(rules, { text, outcome }) {
  const found = [], whole = text.normalize('NFC'), bare = fold(text);
  if (!outcome) found.push({ key: 'outcome' });
  if (!rules.exempt.includes(outcome)) {
    if (rules.dated.includes(outcome) && !rules.date.test(bare)) found.push({ key: 'date' });
    if (!rules.unit.test(whole) && !rules.unit_bare.test(bare) && !rules.units.some((u) => named(bare, u))) found.push({ key: 'unit' });
    if (!rules.objection.test(bare)) found.push({ key: 'objection' });
  }
  const parts = sentences(bare);
  const told = parts.map(() => new Set()); // words that belong to a formula told already are not told again
  for (const f of rules.formulas) {
    const n = parts.findIndex((p) => f.find.test(p) && !(f.undated && rules.date.test(p)));
    if (n < 0) continue;
    const m = f.find.exec(parts[n]);
    let fresh = true;
    for (let i = m.index; i < m.index + m[0].length; i++) {
      fresh = fresh && !told[n].has(i);
      told[n].add(i);
    }
    if (fresh) found.push({ key: 'formula', at: m[0], says: f.says });
  }
  const long = sentences(whole).find((p) => p.trim().split(/\s+/).length > rules.longest);
  if (long) found.push({ key: 'long', at: long.trim().split(/\s+/).slice(0, 6).join(' ') + ' …' });
  return found;
}

let rules; // asked for once in a page

export function plain(form, words) {
  const place = form.querySelector('[data-plain]');
  if (!place) return;
  const box = form.querySelector('textarea[data-draft]');
  const state = place.querySelector('[data-plain-state]'), list = place.querySelector('ul'), asIs = form.querySelector('[data-as-is]');
  let timer;
  const look = async () => {
    if (place.hidden) return;
    try {
      rules ??= fetch(form.dataset.base + '/soat').then((a) => (a.ok ? a.json() : Promise.reject(a.status))).then(compile);
      show(check(await rules, { text: box.value, outcome: form.elements.outcome.value }));
    } catch {
      rules = undefined; // the server checks
    }
  };
  const show = (found) => {
    const nothing = !box.value.trim();
    list.replaceChildren(...(nothing ? [] : found).map((f) => {
      const li = el('li', {}, words['plain.' + f.key]);
      if (f.at) li.append(': ', el('q', {}, shown(f)));
      if (f.key === 'objection') {
        const add = el('button', { type: 'button', class: 'link' }, words.fix);
        add.addEventListener('click', () => {
          box.setSelectionRange(box.value.length, box.value.length);
          box.focus();
          const line = (box.value.trim() ? '\n' : '') + words.objection;
          if (!document.execCommand('insertText', false, line)) {
            box.value += line;
            box.dispatchEvent(new InputEvent('input', { bubbles: true }));
          }
        });
        li.append(' ', add);
      }
      return li;
    }));
    state.textContent = nothing ? '' : found.length ? (found.length === 1 ? words.one : words.some).replace('{0}', found.length) : words.ok;
    place.classList.toggle('plain-ok', !nothing && !found.length);
    if (asIs) asIs.hidden = nothing || !found.length;
  };
  // The words as they stand in the box: folding keeps each letter's place once marks are composed.
  const shown = (f) => {
    const whole = box.value.normalize('NFC'), i = f.key === 'formula' ? fold(whole).indexOf(f.at) : -1;
    return i >= 0 && fold(whole).length === whole.length ? whole.slice(i, i + f.at.length) : f.at;
  };
  const soon = () => { clearTimeout(timer); timer = setTimeout(look, 250); };
  box.addEventListener('input', (event) => { if (!event.isComposing) soon(); });
  box.addEventListener('compositionend', soon);
  form.addEventListener('change', soon);
  form.addEventListener('written', soon);
  soon();
}

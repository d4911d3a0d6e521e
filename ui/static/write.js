// The reply box: what is typed is kept, texts are put in, names are named, an answer is looked over.
import { el } from './combo.js';
import { fold, insert, matches, picker } from './pick.js';
import { plain } from './plain.js';
import { keeper } from './unsent.js';

// write brings a form to life and answers with its keeper.
export function write(form) {
  const words = JSON.parse(form.dataset.words);
  const { at } = form.dataset;
  const verb = () => form.querySelector('input[name=as]:checked')?.value;
  const once = (path) => {
    let got;
    return () => (got ??= fetch(at + path).then((a) => (a.ok ? a.json() : Promise.reject(new Error(a.status)))).catch((err) => {
      got = undefined;
      throw err;
    }));
  };
  const texts = once('/mau'), people = once('/nguoi');
  const rank = (q) => (t) => (q && t.word === q ? 0 : q && t.word?.startsWith(q) ? 1 : matches(q, t.name, t.word || '') ? 2 : 3);

  const canned = {
    sign: /(?:^|\n)\/([^\n/]{0,30})$/u,
    name: words.list,
    none: words.none,
    found: (n) => words.found.replace('{0}', n),
    usable: () => true,
    async find(query) {
      const by = rank(fold(query.trim()));
      return (await texts()).filter((t) => by(t) < 3 || matches(query, t.name, t.text)).sort((a, b) => by(a) - by(b))
        .map((t) => ({ ...t, label: t.name, key: t.word, note: [t.text.slice(0, 120), ...(t.does || [])].filter(Boolean).join(' · ') }));
    },
    take(t) {
      fetch(`${at}/mau/${t.kind}/${encodeURIComponent(t.id)}`, { method: 'POST', keepalive: true }).catch(() => {});
      const outcome = form.elements.outcome;
      if (t.outcome && outcome && !outcome.disabled && !outcome.value) {
        outcome.value = t.outcome;
        outcome.dispatchEvent(new Event('change', { bubbles: true }));
      }
      if (t.does?.length) offer(t);
    },
  };
  const names = {
    sign: /(?:^|[\s([,;:])@([\p{L}\p{N}._-]{0,30})$/u,
    name: words.people,
    none: words.people_none,
    found: () => words.people,
    usable: () => verb() === 'note',
    find: async (query) => (await people()).filter((p) => p.id.startsWith(fold(query)) || matches(query, p.name, p.id))
      .map((p) => ({ label: p.name, note: '@' + p.id + ' · ' + p.role, text: '@' + p.id + ' ' })),
  };

  // What a macro would do is shown first; its words are in the box already.
  function offer(t) {
    const place = form.parentElement.querySelector('form[data-macro]');
    place.elements.id.value = t.id;
    place.querySelector('[data-will]').textContent = words.will.replace('{0}', t.name);
    place.querySelector('ul').replaceChildren(...t.does.map((what) => el('li', {}, what)));
    place.hidden = false;
    place.querySelector('.button').focus();
  }
  const macro = form.parentElement.querySelector('form[data-macro]');
  const skip = () => {
    macro.hidden = true;
    form.querySelector('textarea').focus();
  };
  macro?.querySelector('[data-macro-skip]').addEventListener('click', skip);
  macro?.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.isComposing) skip();
  });

  const keep = keeper(form, words);
  keep.put = async (id) => { // an article of the pane
    const t = (await texts()).find((one) => one.kind === 'article' && one.id === id);
    if (!t) return;
    insert(form.querySelector('textarea[data-draft]'), t.text);
    canned.take(t);
  };
  picker(form, [canned, names], words);
  plain(form, words);
  return keep;
}

// Who is named in a note has seen it when the ticket is on the screen.
export function seen(root) {
  const form = root.querySelector('form[data-mentioned]');
  if (!form) return;
  form.querySelector('button').hidden = true;
  fetch(form.action, { method: 'POST', headers: { 'HX-Request': 'true' } }).catch(() => {
    form.querySelector('button').hidden = false;
  });
}

// Lists that open while one writes: / at the start of a line for canned texts, @ in a note for people. The focus stays in
// the box; nothing happens while an input method composes, and the box is rewritten only by choosing.
import { el } from './combo.js';

const most = 8;

// Letters without marks and case, as people type who are in a hurry.
export const fold = (s) => s.normalize('NFD').replace(/\p{M}/gu, '').replace(/[đĐ]/g, 'd').toLowerCase();
const tokens = (s) => fold(s).split(/[^\p{L}\p{N}]+/u).filter(Boolean);

// matches says whether each of the words asked for begins a word of the text.
export function matches(query, ...texts) {
  const have = tokens(texts.join(' '));
  return tokens(query).every((q) => have.some((h) => h.startsWith(q)));
}

// insert puts a text in the place of what is selected, so that it can be undone.
export function insert(box, text) {
  box.focus();
  if (!document.execCommand('insertText', false, text)) {
    box.setRangeText(text, box.selectionStart, box.selectionEnd, 'end');
    box.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }
}

// picker opens the list of whichever source has its sign before the caret. A source has sign (its last group is what is
// asked for), usable(), find(query) and take(item); an item has label, note and text.
export function picker(form, sources, words) {
  const box = form.querySelector('textarea[data-draft]');
  const list = form.querySelector('[data-list]');
  const said = form.querySelector('[data-list-said]');
  let found = [], at = -1, open = null, asked = 0, shut = -1, composing = false;

  const close = () => {
    list.hidden = true;
    list.replaceChildren();
    said.textContent = '';
    box.removeAttribute('aria-activedescendant');
    found = [];
    open = null;
  };
  const mark = (i) => {
    at = i;
    [...list.children].forEach((li, n) => li.setAttribute('aria-selected', String(n === i)));
    box.setAttribute('aria-activedescendant', list.children[i].id);
    list.children[i].scrollIntoView({ block: 'nearest' });
  };
  const take = (item) => {
    const { source, from, sign } = open;
    if (!box.value.startsWith(sign, from)) return close();
    box.setSelectionRange(from, from + sign.length);
    close();
    asked++;
    insert(box, item.text);
    const gap = /\[(?:điền|fill in): [^\]\n]+\]/.exec(item.text);
    if (gap) box.setSelectionRange(from + gap.index, from + gap.index + gap[0].length);
    source.take?.(item);
  };
  const show = (items, source) => {
    found = items.slice(0, most);
    list.setAttribute('aria-label', source.name);
    list.replaceChildren(...found.map((item, i) => {
      const li = el('li', { role: 'option', id: `${list.id}-${i}`, 'aria-selected': 'false' }, el('b', {}, item.label));
      if (item.key) li.append(' ', el('kbd', {}, '/' + item.key));
      if (item.note) li.append(el('small', {}, item.note));
      li.addEventListener('mousedown', (event) => { event.preventDefault(); take(item); });
      return li;
    }));
    list.hidden = !found.length;
    said.textContent = found.length ? source.found(items.length) : source.none;
    if (found.length) mark(0);
    else box.removeAttribute('aria-activedescendant');
  };
  const look = async () => {
    const before = box.value.slice(0, box.selectionStart);
    for (const source of sources) {
      const m = source.usable() && source.sign.exec(before);
      if (!m) continue;
      const query = m[m.length - 1], from = before.length - query.length - 1;
      if (from === shut) return;
      const mine = ++asked;
      let items;
      try {
        items = await source.find(query);
      } catch {
        said.textContent = words.offline;
        return;
      }
      if (mine !== asked || !form.isConnected) return;
      open = { source, from, sign: before.slice(from) };
      show(items, source);
      return;
    }
    asked++;
    shut = -1;
    if (open || said.textContent) close();
  };
  box.addEventListener('input', (event) => { if (!event.isComposing) look(); });
  box.addEventListener('compositionstart', () => { composing = true; });
  box.addEventListener('compositionend', () => { composing = false; look(); });
  box.addEventListener('blur', close);
  box.addEventListener('keydown', (event) => {
    if (composing || event.isComposing || event.keyCode === 229 || !open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      shut = open.from;
      close();
    } else if (list.hidden) {
      return;
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      mark((at + (event.key === 'ArrowDown' ? 1 : found.length - 1)) % found.length);
    } else if (event.key === 'Enter' || event.key === 'Tab') {
      event.preventDefault();
      take(found[at]);
    }
  });
  // The buttons type the sign, where it counts.
  for (const button of form.querySelectorAll('[data-pick]')) {
    button.addEventListener('click', () => {
      box.focus();
      shut = -1;
      const before = box.value.slice(0, box.selectionStart);
      const sign = button.dataset.pick;
      const gap = sign === '/' ? (before === '' || before.endsWith('\n') ? '' : '\n') : (/(^|\s)$/.test(before) ? '' : ' ');
      insert(box, gap + sign);
    });
  }
}

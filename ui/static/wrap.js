// What became of a call, asked when it is over. By keys alone: a figure chooses the category and goes on to the note,
// Enter saves; a question answered at once takes two keys.
import { el } from './combo.js';

let serial = 0;

export function wrap(c, { box, say, send, done }) {
  const outcomes = JSON.parse(box.dataset.outcomes), categories = JSON.parse(box.dataset.categories);
  const id = `wrap-${++serial}`;
  const form = el('form', { class: 'wrap', id, 'data-many': '' });
  const radios = (name, list, numbered) => list.map(([value, text], i) => {
    const input = el('input', { type: 'radio', name, value });
    const label = el('label', numbered ? { title: text } : {}, input, el('span', {}, ...(numbered ? [el('kbd', {}, String(i + 1)), ' ', el('b', {}, text)] : [text])));
    return label;
  });
  const outcome = el('fieldset', { class: 'wrap-choices' }, el('legend', {}, say.outcome), ...radios('outcome', outcomes, false));
  const category = el('fieldset', { class: 'wrap-choices wrap-many' }, el('legend', {}, say.category), ...radios('category', categories.slice(0, 9), true));
  if (categories.length > 9) {
    const more = el('select', { 'aria-label': say.other_category, name: 'other' }, el('option', { value: '' }, say.other_category));
    for (const [value, text] of categories.slice(9)) more.append(el('option', { value }, text));
    more.addEventListener('change', () => { for (const r of category.querySelectorAll('input')) r.checked = false; });
    category.append(more);
  }
  const which = el('p', { class: 'wrap-ticket' });
  if (c.linked?.length) {
    which.append(say.linked, ': ', el('a', { href: '/console/t/' + c.linked[c.linked.length - 1] }, say.ticket));
  } else if (c.tickets?.length) {
    const choose = el('select', { name: 'ticket', 'aria-label': say.ticket_choose }, el('option', { value: '' }, say.ticket_choose));
    for (const t of c.tickets) choose.append(el('option', { value: t.code }, `${t.number} ${t.subject}`));
    which.append(choose);
  }
  const note = el('input', { name: 'note', id: id + '-note', autocomplete: 'off', maxlength: '2000', placeholder: say.note, 'aria-label': say.note });
  const save = el('button', { class: 'button small' }, say.save);
  form.append(outcome, which, category, note, el('p', { class: 'wrap-end' }, save, ' ', el('span', { class: 'quiet' }, say.keys)));

  const usual = c.linked?.length ? 'ticket' : 'answered';
  const first = form.querySelector(`[value="${usual}"]`);
  if (first) first.checked = true;
  const dress = () => {
    const chosen = form.elements.outcome.value;
    category.hidden = chosen !== 'answered' && chosen !== 'ticket';
    which.hidden = chosen !== 'ticket';
  };
  form.addEventListener('change', dress);
  dress();

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (form.getAttribute('aria-busy') === 'true') return;
    form.setAttribute('aria-busy', 'true');
    const f = form.elements;
    const answer = await send('wrap', {
      call: c.id, outcome: f.outcome.value, note: f.note.value, ticket: f.ticket?.value || '',
      category: category.hidden ? '' : f.category?.value || f.other?.value || '',
    });
    form.removeAttribute('aria-busy');
    if (answer) done(c.id, answer.ticket);
  });

  // A figure works from anywhere on the page that is not a field, so that nothing need be reached for.
  function keys(event) {
    if (!form.isConnected) {
      if (form.dataset.seen) document.removeEventListener('keydown', keys);
      return;
    }
    form.dataset.seen = '1';
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || category.hidden || !/^[1-9]$/.test(event.key)) return;
    if (document.querySelector('form.wrap') !== form) return; // the call that ended first
    if (event.target.closest?.('input:not([type=radio]), textarea, select, [contenteditable]')) return;
    const radio = category.querySelectorAll('input')[Number(event.key) - 1];
    if (!radio) return;
    event.preventDefault();
    radio.checked = true;
    note.focus();
    // The figure itself must not stand in the note, whatever order a keyboard sends its events in.
    const swallow = (press) => { if (press.key === event.key) press.preventDefault(); };
    document.addEventListener('keypress', swallow, true);
    setTimeout(() => document.removeEventListener('keypress', swallow, true), 50);
    document.addEventListener('keyup', () => document.removeEventListener('keypress', swallow, true), { once: true });
  }
  document.addEventListener('keydown', keys);

  // The focus comes here only if it is nowhere else.
  queueMicrotask(() => {
    if (form.isConnected && (document.activeElement === document.body || !document.activeElement)) first?.focus();
  });
  return form;
}

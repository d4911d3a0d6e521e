import { call } from './api.js';

// Under an answer: whether it will do, and words if she wants to. The house takes one verdict on one answer; whatever
// became of a tap, the conversation says, so after each the window looks.

export function judge(m, { el, icon, words, act }) {
  const name = 'judge ' + m.id;
  const option = (value, label, hint, picture) => {
    const input = el('input', { type: 'radio', name, value });
    return el('label', { class: 'verdict' }, input, icon(picture), el('span', {}, label, hint ? el('small', {}, hint) : ''));
  };
  const text = el('textarea', { rows: 2, maxlength: 2000, 'aria-label': words.judge_words, placeholder: words.judge_words });
  const fault = el('p', { class: 'why', role: 'alert' });
  const button = el('button', { class: 'send' }, icon('send'), el('span', {}, words.judge_send));
  const more = el('div', { class: 'judge-more', hidden: true }, text, fault, button);
  const form = el('form', { class: 'judge', novalidate: true },
    el('fieldset', {}, el('legend', {}, words.judge),
      el('div', { class: 'verdicts' }, option('yes', words.judge_good, '', 'thumbs-up'), option('no', words.judge_bad, words.judge_bad_hint, 'thumbs-down'))),
    more);
  const chosen = () => form.querySelector('input:checked');
  form.addEventListener('change', () => {
    for (const label of form.querySelectorAll('.verdict')) label.classList.toggle('chosen', label.contains(chosen()));
    more.hidden = !chosen();
    more.scrollIntoView({ block: 'nearest' });
  });
  form.addEventListener('submit', async (e) => {
    e.preventDefault();
    if (!chosen() || button.disabled) return;
    button.disabled = true;
    fault.textContent = '';
    const a = await call('verdict', { body: JSON.stringify({ id: m.id, ok: chosen().value === 'yes', comment: text.value }) });
    if (a.ok) act.judged();
    else fault.textContent = a.data.error?.text || words.judge_failed;
    button.disabled = a.ok;
  });
  return form;
}

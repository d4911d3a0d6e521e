// The banner of unusual hours above the operators' queue: brought up to date by the line, and its ready words go into
// the answer that is open, else to the clipboard.
document.addEventListener('live:pulse', (event) => {
  const html = event.detail.pulse?.spikes;
  const box = document.getElementById('spikes');
  if (html === undefined || !box) return;
  const fresh = new DOMParser().parseFromString(html, 'text/html').getElementById('spikes');
  if (!fresh) return;
  for (const open of box.querySelectorAll('details[open]')) { // who reads one goes on reading
    fresh.querySelector(`[data-spike="${CSS.escape(open.dataset.spike)}"]`)?.setAttribute('open', '');
  }
  Idiomorph.morph(box, fresh, { morphStyle: 'outerHTML' });
});

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-say-words]');
  if (!button) return;
  const words = button.closest('.spike').querySelector('.spike-words').textContent;
  const field = document.querySelector('#ticket-write textarea[data-draft]');
  const say = document.querySelector('[data-say]');
  if (field) {
    const from = field.selectionStart ?? field.value.length;
    const gap = from > 0 && !/\s$/.test(field.value.slice(0, from)) ? '\n' : '';
    field.setRangeText(gap + words, from, field.selectionEnd ?? from, 'end');
    field.dispatchEvent(new Event('input', { bubbles: true })); // what is typed is kept
    field.focus();
    if (say) say.textContent = button.dataset.inserted;
    return;
  }
  try {
    await navigator.clipboard.writeText(words);
    if (say) say.textContent = button.dataset.copied;
  } catch { // no clipboard without https: the words can be marked and copied by hand
    getSelection().selectAllChildren(button.closest('.spike').querySelector('.spike-words'));
  }
});

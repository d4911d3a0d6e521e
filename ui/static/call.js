// A call being written down: the field by a figure, and, a moment after typing stops, what may be about the same thing,
// what is known about it and whose it will be.

const call = document.querySelector('form.call');
const parse = (html) => new DOMParser().parseFromString(html, 'text/html').querySelector('#near');

let asking;
function askNear() {
  const field = (name) => call.elements[name]?.value || '';
  if (!field('category') && !field('text')) return;
  if (document.querySelector('#near input:checked, #near details[open]')) return; // she has found it, or is reading it out
  asking?.abort();
  asking = new AbortController();
  const query = new URLSearchParams({ kind: field('kind'), category: field('category'), area: field('area'), text: field('text').slice(0, 2000), address: field('address') });
  fetch('/console/new/gan?' + query, { headers: { 'HX-Request': 'true' }, signal: asking.signal })
    .then((answer) => (answer.ok ? answer.text() : ''))
    .then((html) => {
      const fresh = html && parse(html);
      const now = document.querySelector('#near');
      if (fresh && !now.contains(document.activeElement) && !now.querySelector('input:checked, details[open]')) now.replaceWith(fresh);
    })
    .catch(() => {}); // help that does not come keeps nobody from writing
}

let timer;
const later = () => {
  clearTimeout(timer);
  timer = setTimeout(askNear, 700);
};
call.addEventListener('input', later);
call.addEventListener('change', later);
if (call.elements.text.value) later();

// 1–9 choose the field where nothing is being typed, with Alt everywhere. A figure in a text stays a figure.
const quick = [...call.querySelectorAll('[data-category]')];
const mark = () => {
  for (const b of quick) b.setAttribute('aria-pressed', String(b.dataset.category === call.elements.category.value));
};
const choose = (b) => {
  call.elements.category.value = b.dataset.category;
  call.elements.category.dispatchEvent(new Event('change', { bubbles: true }));
};
for (const b of quick) b.addEventListener('click', () => choose(b));
call.elements.category.addEventListener('change', mark);
mark();

let composing = false;
document.addEventListener('compositionstart', () => { composing = true; });
document.addEventListener('compositionend', () => { composing = false; });
document.addEventListener('keydown', (event) => {
  const figure = /^Digit([1-9])$/.exec(event.code)?.[1] || (/^[1-9]$/.test(event.key) ? event.key : '');
  if (!figure || composing || event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (!event.altKey) {
    if (event.target.closest('input, textarea, select, [contenteditable], dialog, form.wrap') || document.querySelector('form.wrap')) return;
    if (localStorage.getItem('keys') === 'off') return; // WCAG 2.1.4: single keys can be switched off
  }
  const b = quick[Number(figure) - 1];
  if (!b) return;
  event.preventDefault();
  choose(b);
});
call.dataset.keys = 'on'; // the figures count from now on

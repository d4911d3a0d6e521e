// Who is writing, on tickets of the web chat: the citizen is told while an answer to her is typed here, and this screen
// while she is writing. Never the words, and nothing is kept; where the live line is away it is just not told.

const EVERY = 3e3, LASTS = 5e3;

const place = () => document.querySelector('[data-typing]'); // on a ticket of a chat only
const openCode = () => document.getElementById('ticket')?.dataset.code || '';

export function typing(line) {
  let said = 0, timer = 0;

  const tell = () => line.say({ open: openCode() });
  document.addEventListener('live:state', (event) => { if (event.detail.state === 'online') tell(); });

  document.addEventListener('input', (event) => {
    const box = event.target;
    const form = box.closest('form[data-write]');
    if (!form || box.name !== 'text' || !box.value.trim() || !place() || Date.now() - said < EVERY) return;
    const as = form.querySelector('input[name=as]:checked')?.value;
    if (!['answer', 'ask', 'message'].includes(as)) return; // notes and drafts are not for her
    said = Date.now();
    line.say({ typing: true });
  });

  const show = (yes) => {
    clearTimeout(timer);
    const p = place();
    if (!p) return;
    p.textContent = yes ? p.dataset.typing : '';
    if (yes) timer = setTimeout(show, LASTS, false);
  };
  document.addEventListener('live:typing', (event) => { if (event.detail.ticket === openCode()) show(true); });
  document.addEventListener('live:change', (event) => {
    if (event.detail.changes.some((c) => c.ticket === openCode())) show(false); // what she wrote is there
  });

  // Which colleagues have the ticket on their screens too: so that two do not do the same work.
  document.addEventListener('live:looking', (event) => {
    const p = document.querySelector('[data-looking]');
    if (!p || event.detail.ticket !== openCode()) return;
    p.textContent = event.detail.names.length ? p.dataset.looking.replace('{0}', event.detail.names.join(', ')) : '';
  });

  return { opened() { said = 0; tell(); } };
}

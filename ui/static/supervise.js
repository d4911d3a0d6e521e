// The supervisor's screen, live: the room is asked for again soon after something happened, and now and then for who
// has come or gone. The list stays as it is, so that nothing moves under a hand that chooses.
import { line } from './line.js';

const room = document.getElementById('room'), box = document.getElementById('room-live');
const SOON = 2e3, NOW_AND_THEN = 15e3;
let soon = 0, asked = Date.now(), asking = false;

async function ask() {
  clearTimeout(soon);
  soon = 0;
  if (asking) return;
  asking = true;
  asked = Date.now();
  try {
    const answer = await fetch('/console/truong-ca/so-lieu?' + room.dataset.list, { cache: 'no-store', headers: { 'HX-Request': 'true' } });
    const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('.room-live');
    if (fresh) Idiomorph.morph(box, fresh, { morphStyle: 'innerHTML' });
  } catch {
    // the line says that it is down
  }
  asking = false;
}
const later = () => { soon ||= setTimeout(ask, SOON); };

for (const name of ['live:change', 'live:pulse', 'live:reset']) document.addEventListener(name, later);
setInterval(() => { if (!document.hidden && Date.now() - asked >= NOW_AND_THEN) ask(); }, 1e3);
document.addEventListener('change', (event) => {
  if (event.target.dataset.all === undefined) return;
  for (const one of document.querySelectorAll('[name=codes][form=move]:not(:disabled)')) one.checked = event.target.checked;
});
line(room);

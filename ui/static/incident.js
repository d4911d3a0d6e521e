// The page of an incident, live: when one of its tickets has changed, its part is asked for again. What stands in the
// list changes in place and keeps what is chosen; rows that come or go wait for a click, so that nothing moves under the
// hand.
import { line } from './line.js';

const page = document.querySelector('[data-incident]'), box = document.getElementById('incident-live');
const bar = page.querySelector('.fresh-line'), show = page.querySelector('[data-fresh-show]'), say = page.querySelector('[data-fresh-say]');
const SOON = 500, AGAIN = 5e3;
let timer = 0, asking = false, waiting = null;

const rows = (root) => [...root.querySelectorAll('tr[data-code]')];
const codes = (root) => rows(root).map((r) => r.dataset.code);
const later = (wait = SOON) => { timer ||= setTimeout(ask, wait); };

async function ask() {
  timer = 0;
  if (asking) return later(); // on a slow line one after the other, or none would ever be shown
  asking = true;
  try {
    const answer = await fetch(location.pathname, { cache: 'no-store', headers: { 'HX-Request': 'true' } });
    if ([204, 401, 403, 404].includes(answer.status)) return location.reload(); // it is elsewhere now, or not for her
    if (!answer.ok) throw new Error(answer.status);
    take(new DOMParser().parseFromString(await answer.text(), 'text/html').body);
  } catch {
    later(AGAIN); // no network, or a busy server
  } finally {
    asking = false;
  }
}

// An input's state is the hand's, not the server's.
const kept = { beforeNodeMorphed: (old) => !(old instanceof HTMLInputElement) };
const morph = (old, fresh) => Idiomorph.morph(old, fresh.cloneNode(true).childNodes, { morphStyle: 'innerHTML', callbacks: kept });

function take(fresh) {
  const have = codes(box), want = codes(fresh);
  if (have.join() === want.join()) return put(fresh);
  waiting = fresh;
  for (const row of rows(box)) {
    const next = fresh.querySelector(`tr[data-code="${row.dataset.code}"]`);
    if (next) morph(row, next);
  }
  morph(box.querySelector('.incident-sums'), fresh.querySelector('.incident-sums'));
  const more = want.filter((c) => !have.includes(c)).length;
  show.textContent = say.textContent = more ? page.dataset.fresh.replace('{0}', more) : page.dataset.changed;
  bar.hidden = false;
}

// put shows all of it.
function put(fresh) {
  waiting = null;
  bar.hidden = true;
  morph(box, fresh);
}

show.addEventListener('click', () => {
  if (!waiting) return;
  put(waiting);
  box.tabIndex = -1;
  box.focus();
});
document.addEventListener('live:change', (event) => {
  const mine = [page.dataset.incident, ...codes(box)];
  if (event.detail.changes.some((c) => mine.includes(c.ticket))) later();
});
document.addEventListener('live:reset', () => later());
line(page);

// The page of an incident, live: when one of its tickets has changed, the page is asked for again. What stands in the
// list changes in place and keeps what is chosen; rows that come or go wait for a click, so that nothing moves under the
// hand.
import { live } from './live.js';

const page = document.querySelector('[data-incident]'), box = document.getElementById('incident-live');
const line = page.querySelector('.fresh-line'), show = page.querySelector('[data-fresh-show]'), say = page.querySelector('[data-fresh-say]');
const SOON = 500;
let soon = 0, asked = 0, waiting = null;

const rows = (root) => [...root.querySelectorAll('tr[data-code]')];
const codes = (root) => rows(root).map((r) => r.dataset.code);
const shown = () => [box.querySelector('[data-lead]').dataset.lead, ...codes(box)];

async function ask() {
  soon = 0;
  const mine = ++asked;
  let answer;
  try {
    answer = await fetch(location.href, { cache: 'no-store' });
  } catch {
    return; // no network; the line will tell and ask again
  }
  if (mine !== asked) return;
  if (!answer.ok || answer.redirected) return location.reload(); // it has become a report of another, or is out of sight
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('incident-live');
  if (fresh && mine === asked) take(fresh);
}
const later = () => { soon ||= setTimeout(ask, SOON); };

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
  line.hidden = false;
}

// put shows all of it.
function put(fresh) {
  waiting = null;
  line.hidden = true;
  morph(box, fresh);
}

show.addEventListener('click', () => {
  if (!waiting) return;
  put(waiting);
  box.tabIndex = -1;
  box.focus();
});
document.addEventListener('live:change', (event) => {
  const mine = shown();
  if (event.detail.changes.some((c) => mine.includes(c.ticket))) later();
});
document.addEventListener('live:reset', later);
document.addEventListener('live:signin', () => location.assign('/dang-nhap?sau=' + encodeURIComponent(location.pathname)));
live({ url: '/live', ...(page.dataset.epoch ? { epoch: page.dataset.epoch, seq: Number(page.dataset.head) } : {}) });

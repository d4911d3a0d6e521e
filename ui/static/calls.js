// The telephone beside the work: who rings at this operator's extension, and who could not be reached. It stands over
// the page's corner, so that nothing moves under the pointer when it rings.
import { el } from './combo.js';

const box = document.getElementById('calls');
const say = box.dataset;
const every = 2000;
let shown = '', busy = false;

const link = (href, text, cls) => el('a', { href, class: cls }, text);

function button(text, cls, act) {
  const b = el('button', { type: 'button', class: cls }, text);
  b.addEventListener('click', act);
  return b;
}

// A call: who it is, what is open of hers, and the form with the number filled in.
function call(c) {
  const card = el('article', { class: `call-card call-${c.state}` });
  card.append(el('p', { class: 'call-state' }, say[c.direction === 'out' ? 'out' : c.state] || ''));
  card.append(el('p', { class: 'call-who' }, c.card?.name || say.nobody, ' ', el('span', { class: 'nums quiet' }, c.card?.phone || say.hidden)));
  if (c.missed) card.append(el('p', { class: 'call-missed' }, say.missedTimes.replace('{0}', c.missed)));
  if (c.tickets?.length) {
    const list = el('ul', { class: 'call-tickets', 'aria-label': say.open });
    for (const t of c.tickets) list.append(el('li', {}, link('/console/t/' + t.code, t.number), ` ${t.subject} · ${t.stands}`));
    card.append(list);
  }
  card.append(link('/console/new?call=' + encodeURIComponent(c.id), say.write, 'button small'));
  return card;
}

// Somebody who called in vain. Who takes her on is shown the number, and nobody else calls meanwhile.
function missed(m) {
  const item = el('li', {}, el('b', {}, m.card.name || say.nobody), ' ', el('span', { class: 'nums quiet' }, m.card.phone || say.hidden));
  item.append(el('p', { class: 'quiet' }, `${say.missedTimes.replace('{0}', m.times)} · ${m.said}`));
  const acts = el('p', { class: 'call-acts' });
  if (m.claimed_by && m.claimed_by !== say.me) {
    acts.append(el('span', { class: 'quiet' }, say.claimed.replace('{0}', m.claimed_by)));
  } else {
    acts.append(button(say.callBack, 'button small', async () => {
      if (await post(m.citizen, 'claim')) location.assign('/console/new?callback=' + encodeURIComponent(m.citizen));
    }));
    const why = el('select', { 'aria-label': say.dismiss }, el('option', { value: '' }, say.dismiss));
    for (const [value, text] of Object.entries(JSON.parse(say.reasons))) why.append(el('option', { value }, text));
    why.addEventListener('change', () => why.value && post(m.citizen, 'dismiss', { reason: why.value }).then(look));
    acts.append(why);
  }
  item.append(acts);
  return item;
}

async function post(citizen, act, body) {
  const answer = await fetch(`/console/calls/missed/${encodeURIComponent(citizen)}/${act}`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body || {}),
  });
  if (answer.ok) return true;
  const { error } = await answer.json().catch(() => ({}));
  box.querySelector('[role=status]').textContent = error || say.trouble;
  return false;
}

function show(now) {
  const live = now.calls;
  const key = JSON.stringify([live.map((c) => [c.id, c.state, c.card, c.tickets, c.missed]), now.missed, now.hearing]);
  if (key === shown) return; // what stands there, and the focus in it, stays
  shown = key;
  const open = box.querySelector('details')?.open;
  const status = box.querySelector('[role=status]');
  status.textContent = now.hearing ? '' : say.deaf;
  const book = el('details', { class: 'call-book' }, el('summary', {}, say.missed.replace('{0}', now.missed.length)));
  book.open = Boolean(open);
  book.append(el('ul', {}, ...now.missed.map(missed)));
  box.replaceChildren(status, ...live.map(call), ...(now.missed.length ? [book] : []));
  box.hidden = live.length === 0 && now.missed.length === 0 && now.hearing;
  // The key for a new call writes down the one that rings.
  const fresh = document.querySelector('a[data-key="c"]');
  if (fresh) fresh.href = live.length ? '/console/new?call=' + encodeURIComponent(live[0].id) : '/console/new';
}

async function look() {
  if (busy || document.hidden) return;
  busy = true;
  try {
    const answer = await fetch('/console/calls', { headers: { 'Accept-Language': document.documentElement.lang } });
    if (answer.status === 401 || answer.status === 403) clearInterval(timer);
    else if (answer.ok) show(await answer.json());
  } catch {
    // no network: the page's own sign of it stands above
  } finally {
    busy = false;
  }
}

const timer = setInterval(look, every);
document.addEventListener('visibilitychange', look);
look();

// The telephone beside the work: who rings at this operator's extension, what became of her call, who could not be
// reached, and what she says of herself (ready, on a break). It is told by the live channel; only while that is down
// does it ask. It stands over the page's corner, on a telephone docked below the page, so that nothing moves under the
// pointer when it rings; folded it is one line.
import { el } from './combo.js';
import { live } from './live.js';
import { seat } from './seat.js';
import { wrap } from './wrap.js';

const box = document.getElementById('calls');
const all = box.querySelector('[data-all]');
const status = box.querySelector('[data-said]');
const fold = box.querySelector('.calls-fold');
const say = JSON.parse(box.dataset.words);
const me = box.dataset.me;
const dismissals = JSON.parse(box.dataset.dismissals);
const every = 2000;
const fill = (text, n) => text.replace('{0}', n);

const link = (href, text, cls) => el('a', { href, class: cls }, text);

function button(text, cls, act) {
  const b = el('button', { type: 'button', class: cls }, text);
  b.addEventListener('click', act);
  return b;
}

// send posts to the console's surface; the answer, or null with the reason shown.
async function send(path, body) {
  status.textContent = '';
  try {
    const answer = await fetch('/console/calls/' + path, {
      method: 'POST', body: JSON.stringify(body || {}),
      headers: { 'Content-Type': 'application/json', 'Accept-Language': document.documentElement.lang },
    });
    if (answer.ok) return answer.status === 204 ? {} : await answer.json();
    const { error } = await answer.json().catch(() => ({}));
    status.textContent = error || say.trouble;
  } catch {
    status.textContent = say.trouble;
  }
  box.hidden = false;
  return null;
}

const telephone = seat(document.getElementById('seat'), { say, breaks: JSON.parse(box.dataset.breaks), send });

// --- What stands there. -------------------------------------------------------------------------------------------

// A call: who it is, what is open of hers, and the form with the number filled in; when it is over, what became of it.
function call(c) {
  const card = el('article', { class: `call-card call-${c.state}` });
  card.append(el('p', { class: 'call-state' }, c.state === 'ended' ? say.ended : say[c.direction === 'out' ? 'out' : c.state] || ''));
  card.append(el('p', { class: 'call-who' }, c.card?.name || say.nobody, ' ', el('span', { class: 'nums quiet' }, c.card?.phone || say.hidden)));
  if (c.missed) card.append(el('p', { class: 'call-missed' }, fill(say.missed_times, c.missed)));
  if (c.tickets?.length) {
    const list = el('ul', { class: 'call-tickets', 'aria-label': say.open });
    for (const t of c.tickets) list.append(el('li', {}, link('/console/t/' + t.code, t.number), ` ${t.subject} · ${t.stands}`));
    card.append(list);
  }
  card.append(link('/console/new?call=' + encodeURIComponent(c.id), say.write, c.state === 'ended' ? 'button small plain' : 'button small'));
  if (c.state === 'ended') card.append(wrap(c, { box, say, send, done }));
  return card;
}

// done: what became of the call is written down.
function done(id, ticket) {
  const card = shown.get('call ' + id)?.node;
  status.replaceChildren(say.saved + ' ', ...(ticket ? [link('/console/t/' + ticket, say.ticket)] : []));
  card?.remove();
  shown.delete('call ' + id);
  wrapped.add(id);
  settle();
}
const wrapped = new Set();

// Somebody who called in vain. Who takes her on is shown the number, and nobody else calls meanwhile.
function missed(m) {
  const item = el('li', {}, el('b', {}, m.card.name || say.nobody), ' ', el('span', { class: 'nums quiet' }, m.card.phone || say.hidden));
  item.append(el('p', { class: 'quiet' }, `${fill(say.missed_times, m.times)} · ${m.said}`));
  const acts = el('p', { class: 'call-acts' });
  const act = (what, body) => send(`missed/${encodeURIComponent(m.citizen)}/${what}`, body);
  if (m.claimed_by && m.claimed_by !== me) {
    acts.append(el('span', { class: 'quiet' }, fill(say.claimed, m.claimed_by)));
  } else {
    acts.append(button(say.call_back, 'button small', async () => {
      if (await act('claim')) location.assign('/console/new?callback=' + encodeURIComponent(m.citizen));
    }));
    const why = el('select', { 'aria-label': say.dismiss }, el('option', { value: '' }, say.dismiss));
    for (const [value, text] of dismissals) why.append(el('option', { value }, text));
    why.addEventListener('change', () => why.value && act('dismiss', { reason: why.value }).then(look));
    acts.append(why);
  }
  item.append(acts);
  return item;
}

function book(list) {
  const d = el('details', { class: 'call-book' }, el('summary', {}, fill(say.missed, list.length)));
  d.append(el('ul', {}, ...list.map(missed)));
  return d;
}

// A supervisor sees who sits at the telephones.
function people(list) {
  const d = el('details', { class: 'call-book call-people' }, el('summary', {}, fill(say.people, list.length)));
  const time = (at) => new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' });
  d.append(el('ul', {}, ...list.map((p) => el('li', {},
    el('span', { class: 'seat-dot', 'data-state': p.state, 'aria-hidden': 'true' }), ' ', el('b', {}, p.staff), ` ${p.extension || ''} `,
    el('span', { class: 'quiet' }, `${p.stands} · ${time(p.since)}`)))));
  return d;
}

// What is unchanged stays as it is, with the focus and what is typed in it.
const shown = new Map(); // by name: what was shown, and its node
let last = null;

function put(name, what, make) {
  const key = JSON.stringify(what);
  const old = shown.get(name);
  if (old?.key === key) return old.node;
  const node = make();
  if (old?.node.open) node.open = true;
  old?.node.remove();
  shown.set(name, { key, node });
  return node;
}

function show(now) {
  last = now;
  telephone.show(now);
  const calls = now.calls.filter((c) => !wrapped.has(c.id));
  const nodes = calls.map((c) => put('call ' + c.id, c.state === 'ended' ? [c.id, c.state, c.card, c.linked] : [c.id, c.state, c.card, c.tickets, c.missed], () => call(c)));
  if (now.missed.length) nodes.push(put('missed', now.missed, () => book(now.missed)));
  if (now.people?.length) nodes.push(put('people', now.people, () => people(now.people)));
  for (const [name, { node }] of shown) {
    if (nodes.includes(node)) continue;
    node.remove();
    shown.delete(name);
  }
  nodes.forEach((node, i) => { if (all.children[i] !== node) all.insertBefore(node, all.children[i] || null); });
  if (!now.hearing) status.textContent = say.deaf;
  else if (status.textContent === say.deaf) status.textContent = '';
  const first = calls[0];
  if (first && first.state !== 'ended' && first.id !== rang && !typing()) unfold(true);
  rang = first?.id;
  settle();
  // The key for a new call writes down the one that rings.
  const fresh = document.querySelector('a[data-key="c"]');
  if (fresh) fresh.href = first ? '/console/new?call=' + encodeURIComponent(first.id) : '/console/new';
}

// --- Folding, and the room it takes. --------------------------------------------------------------------------------

let rang = '', folded = sessionStorage.getItem('calls:folded') === '1';
const narrow = matchMedia('(max-width: 45rem)');
const typing = () => document.activeElement?.matches('input, textarea, select') && !box.contains(document.activeElement);

function unfold(open) {
  folded = !open;
  sessionStorage.setItem('calls:folded', folded ? '1' : '');
  settle();
}
fold.addEventListener('click', () => unfold(folded));
// On a small screen what is being typed comes first.
document.addEventListener('focusin', (event) => {
  if (narrow.matches && !box.contains(event.target) && typing() && !folded) unfold(false);
});

function settle() {
  const c = last?.calls.find((x) => !wrapped.has(x.id));
  box.hidden = !all.children.length && !status.textContent;
  box.classList.toggle('folded', folded);
  box.dataset.state = c?.state || '';
  all.hidden = folded;
  fold.setAttribute('aria-expanded', String(!folded));
  const waiting = (last?.queues || []).reduce((n, q) => n + q.waiting, 0);
  const line = c ? `${c.state === 'ended' ? say.ended : say[c.state]} · ${c.card?.name || c.card?.phone || say.hidden}`
    : last?.missed.length ? fill(say.missed, last.missed.length) : say.quiet;
  fold.querySelector('[data-fold]').textContent = (folded ? line : box.getAttribute('aria-label')) + (waiting ? ` · ${fill(say.waiting, waiting)}` : '');
  fold.title = folded ? say.unfold : say.fold;
}
// The page ends above the dock.
new ResizeObserver(() => document.documentElement.style.setProperty('--dock', (box.hidden ? 0 : box.offsetHeight) + 'px')).observe(box);

// --- Being told; asking where nobody tells. ----------------------------------------------------------------------------

let online = false, told = 0, busy = false, over = false;
document.addEventListener('live:state', (event) => {
  online = event.detail.state === 'online' && !event.detail.polling;
  if (!online) told = 0;
});
document.addEventListener('live:own', (event) => {
  if (!event.detail.own?.calls) return;
  told = Date.now();
  show(event.detail.own.calls);
});

async function look() {
  if (busy || over || document.hidden) return;
  busy = true;
  const began = Date.now();
  try {
    const answer = await fetch('/console/calls', { headers: { 'Accept-Language': document.documentElement.lang } });
    if (answer.status === 401 || answer.status === 403) over = true;
    else if (answer.ok) {
      const now = await answer.json();
      if (told < began) show(now); // what was told meanwhile is newer
    }
  } catch {
    // no network: the page's own sign of it stands above
  } finally {
    busy = false;
  }
}

setInterval(() => { if (!(online && told)) look(); }, every);
document.addEventListener('visibilitychange', () => { if (!(online && told)) look(); });
look();
// A page without a queue has no line of its own; of tickets it is told nothing.
if (!document.getElementById('work')) live({ url: '/live' }).watch([]);

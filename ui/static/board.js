// The wall board. Its line brings the figures; where nothing came for a while they are asked for, which also serves
// where no websocket gets through. It always says how old what it shows is, and never leaves old figures look new.
import { live } from './live.js';

const page = document.body, box = document.getElementById('board'), state = document.querySelector('[data-state]');
const ASK = 8e3, OLD = 10e3, LOST = 30e3;
let at = 0;              // of the figures shown, by the server's clock
let heard = Date.now();  // when they came
let asking = false, broken = false, closed = false;

function put(html) {
  const fresh = new DOMParser().parseFromString(html, 'text/html').querySelector('.board-live');
  if (!fresh) return;
  take(fresh);
  Idiomorph.morph(box, fresh, { morphStyle: 'innerHTML' });
  tell();
}

function take(part) {
  if (part.dataset.build !== page.dataset.build) renew();
  if (Number(part.dataset.at) > at) { // a server that repeats old figures does not make them young
    at = Number(part.dataset.at);
    heard = Date.now();
  }
}

// The program has been replaced: the page is loaded anew, not by all screens at once, and not over and over while two
// versions answer in turn.
let renewing = false;
function renew() {
  const key = 'board:renewed';
  if (renewing || Date.now() - Number(sessionStorage.getItem(key) || 0) < 60e3) return;
  renewing = true;
  setTimeout(() => {
    sessionStorage.setItem(key, String(Date.now()));
    location.reload();
  }, Math.random() * 3e3);
}

async function ask() {
  if (asking || closed) return;
  asking = true;
  try {
    const answer = await fetch(page.dataset.base + '/so-lieu', { cache: 'no-store', headers: { 'HX-Request': 'true' }, signal: AbortSignal.timeout(15e3) });
    if (answer.status === 401 || answer.status === 403 || answer.status === 404 || answer.redirected) shut();
    else if (!answer.ok) broken = true;
    else {
      broken = false;
      put(await answer.text());
    }
  } catch {
    broken = true;
  }
  asking = false;
  tell();
}

function shut() {
  closed = true;
  box.replaceChildren(); // a link that was revoked shows nothing, not even what it showed
  line.close();
  tell();
}

function tell() {
  const age = Date.now() - heard;
  const seconds = Math.round(age / 1e3);
  const fresh = closed ? 'closed' : age >= LOST || broken && age >= OLD ? 'lost' : age >= OLD ? 'old' : 'new';
  let text = page.dataset.closed;
  if (fresh === 'lost') {
    text = page.dataset.lost.replace('{0}', seconds < 120 ? page.dataset.seconds.replace('{0}', seconds) : page.dataset.minutes.replace('{0}', Math.floor(seconds / 60)));
  } else if (fresh === 'old') {
    text = page.dataset.old.replace('{0}', seconds);
  } else if (fresh === 'new') {
    text = page.dataset.live + ' · ' + box.firstElementChild.dataset.asOf;
  }
  page.dataset.fresh = fresh;
  if (state.textContent !== text) {
    state.setAttribute('aria-live', fresh === 'new' ? 'off' : 'polite'); // the time of day is not read out every three seconds
    state.textContent = text;
  }
  if (closed && page.dataset.signIn && !state.querySelector('a')) {
    const a = document.createElement('a');
    a.href = page.dataset.signIn;
    a.textContent = text;
    state.replaceChildren(a);
  }
}

take(box.firstElementChild);
const line = live({ url: page.dataset.base + '/live' });
document.addEventListener('live:pulse', (event) => {
  if (!closed && event.detail.pulse?.board) {
    broken = false;
    put(event.detail.pulse.board);
  }
});
document.addEventListener('live:reset', ask);
document.addEventListener('live:version', renew);
document.addEventListener('live:signin', ask); // it says whether the link has ended or the session, or only the line
document.addEventListener('visibilitychange', () => { if (!document.hidden) ask(); });
setInterval(() => {
  if (Date.now() - heard >= ASK) ask();
  else tell();
}, 1e3);
let shift = 0;
setInterval(() => { page.dataset.shift = String(shift = (shift + 1) % 4); }, 60e3);

const how = document.getElementById('how');
document.addEventListener('keydown', (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '?') how.open = !how.open;
  else if (event.key === 'Escape') how.open = false;
});

import { live } from './live.js';

// Follows one ticket: when something happened the status is fetched again and put in place. Forms are exchanged only
// while nothing is typed in them. Without a live connection it looks every half minute.

const box = document.querySelector('[data-track]');
let asked = 0;

async function refresh() {
  const mine = ++asked;
  let answer;
  try {
    answer = await fetch(box.dataset.track + '?part=1', { headers: { 'HX-Request': 'true' } });
  } catch {
    return; // no network; the next look will tell
  }
  if (!answer.ok || mine !== asked) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const part = fresh.querySelector('#track-part');
  const old = document.querySelector('#track-part');
  if (!part || part.dataset.version === old.dataset.version) return;
  old.replaceWith(part);
  document.querySelector('#track-timeline').replaceWith(fresh.querySelector('#track-timeline'));
  const forms = document.querySelector('#track-forms');
  const next = fresh.querySelector('#track-forms');
  if (next && next.dataset.forms !== forms.dataset.forms && !busy(forms)) forms.replaceWith(next);
}

// busy: somebody is writing here.
function busy(forms) {
  if (forms.contains(document.activeElement)) return true;
  return [...forms.querySelectorAll('textarea, input[type=text], input[name=digits]')].some((f) => f.value !== f.defaultValue)
    || [...forms.querySelectorAll('input[type=file]')].some((f) => f.files.length > 0)
    || [...forms.querySelectorAll('input[type=radio]')].some((f) => f.checked !== f.defaultChecked);
}

if (box) {
  const sign = document.querySelector('[data-track-live]');
  let online = false;
  document.addEventListener('live:change', refresh);
  document.addEventListener('live:reset', refresh);
  document.addEventListener('live:state', ({ detail }) => {
    const now = detail.state === 'online';
    if (now && !online) refresh(); // what happened between the page and the line
    online = now;
    sign.dataset.live = now ? 'on' : 'poll';
    sign.textContent = now ? sign.dataset.on : sign.dataset.off;
  });
  live({ url: box.dataset.track + '/live' });
  setInterval(() => { if (!online && !document.hidden) refresh(); }, 30000);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
}

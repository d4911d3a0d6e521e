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
  let live = false;
  document.addEventListener('live:change', refresh);
  document.addEventListener('live:reset', refresh);
  document.addEventListener('live:state', (event) => {
    live = (event.detail && (event.detail.state || event.detail)) === 'on';
  });
  setInterval(() => { if (!live && !document.hidden) refresh(); }, 30000);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
}

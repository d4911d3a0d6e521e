// What a person at a telephone says of herself, in the bar: ready, on a break and why, off duty. The server knows; a
// page that is loaded again shows the same.
import { el } from './combo.js';

export function seat(root, { say, breaks, send }) {
  const text = root.querySelector('[data-seat]');
  const menu = root.querySelector('[data-seat-menu]');
  const dot = root.querySelector('.seat-dot');
  const buttons = [];
  let until = 0;

  function choice(label, state, reason) {
    const b = el('button', { type: 'button', 'data-state': state, 'data-reason': reason || '' }, label);
    b.addEventListener('click', async () => {
      if (!(await send('state', { state, reason: reason || '' }))) return;
      root.open = false;
      root.querySelector('summary').focus();
      paint({ state: state === 'ready' || now.state === 'ready' || now.state === 'offline' || now.state === 'break' || !now.state ? state : now.state, reason });
    });
    buttons.push(b);
    return b;
  }
  menu.append(choice(say.state_ready, 'ready'), el('p', { class: 'quiet' }, say.take_break));
  for (const [value, label] of breaks) menu.append(choice(label, 'break', value));
  menu.append(choice(say.go, 'offline'));

  let now = {};
  function paint(next) {
    now = { ...now, ...next };
    const state = now.state || 'offline';
    const why = state === 'break' && (breaks.find(([v]) => v === now.reason)?.[1] || now.reason);
    const left = Math.ceil((until - Date.now()) / 1000);
    const words = say['state_' + state] + (why ? ': ' + why : '') + (state === 'after_call' && left > 0 ? ' · ' + say.time_left.replace('{0}', left) : '');
    if (text.textContent !== words) text.textContent = words;
    dot.dataset.state = state;
    root.hidden = false;
    for (const b of buttons) b.setAttribute('aria-pressed', String(b.dataset.state === state && (state !== 'break' || b.dataset.reason === (now.reason || ''))));
  }
  setInterval(() => { if (now.state === 'after_call') paint({}); }, 1000);
  document.addEventListener('click', (event) => { if (!root.contains(event.target)) root.open = false; });
  root.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !root.open) return;
    root.open = false;
    root.querySelector('summary').focus();
  });

  return {
    show(screen) {
      until = Math.max(0, ...screen.calls.map((c) => (c.until ? Date.parse(c.until) : 0)));
      paint({ state: screen.state || 'offline', reason: screen.reason || '' });
    },
  };
}

// The live line of a page of the staff: its lamp, the way to sign in when the session is over, what must not wait. The
// page carries what {{template "line"}} writes: the place it was made at and the words of the lamp.
import { wake } from './alerts.js';
import { live } from './live.js';

export function line(page) {
  const lamp = document.querySelector('[data-live]');
  document.addEventListener('live:state', (event) => {
    const { state, polling, age } = event.detail;
    lamp.hidden = false;
    lamp.dataset.live = state === 'online' ? 'on' : 'off';
    lamp.textContent = state === 'online' ? page.dataset[polling ? 'livePoll' : 'liveOn'] : page.dataset.liveOff.replace('{0}', String(Math.round(age / 1e3)));
  });
  document.addEventListener('live:signin', () => location.assign('/dang-nhap?sau=' + encodeURIComponent(location.pathname + location.search)));
  document.addEventListener('live:change', (event) => {
    for (const change of event.detail.changes) if (change.data?.wakes) wake(change.say, change.data.wakes);
  });
  return live({ url: '/live', ...(page.dataset.epoch ? { epoch: page.dataset.epoch, seq: Number(page.dataset.head) } : {}) });
}

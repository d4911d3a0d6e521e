// A sound and a notice of the system when something new has come in and nobody looks at the page. The shift's default
// comes with the page (data-alert); what a person chooses for herself is kept in her browser.

const shift = document.querySelector('[data-alert]')?.dataset.alert || '';

export const mode = () => localStorage.getItem('alert') ?? shift; // '', 'sound', 'both'

export async function choose(next) {
  if (next === 'both' && 'Notification' in window && Notification.permission === 'default') await Notification.requestPermission();
  localStorage.setItem('alert', next);
  if (next) beep(); // so that one hears what one will hear; browsers let a page make sounds only after a click
}

let audio;
function beep() {
  try {
    audio ||= new AudioContext();
    const tone = audio.createOscillator();
    const gain = audio.createGain();
    tone.frequency.value = 660;
    gain.gain.setValueAtTime(0.12, audio.currentTime);
    gain.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.35);
    tone.connect(gain).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.4);
  } catch {
    // no sound here
  }
}

let last = 0;
// announce tells of something new, at most every five seconds. The text names no person.
export function announce(text) {
  const how = mode();
  if (!how || !document.hidden || Date.now() - last < 5000) return;
  last = Date.now();
  beep();
  if (how === 'both' && 'Notification' in window && Notification.permission === 'granted') {
    const note = new Notification(document.title, { body: text, tag: 'hotline' });
    note.onclick = () => {
      window.focus();
      note.close();
    };
  }
}

// wake tells what must not wait, whether anybody looks or not: a notice that stays until it is opened or put away.
export function wake(text, href) {
  const say = document.createElement('div');
  say.className = 'notice notice-bad wake';
  say.setAttribute('role', 'alert');
  const link = document.createElement('a');
  link.href = href;
  link.textContent = text;
  const off = document.createElement('button');
  off.type = 'button';
  off.className = 'icon-button';
  off.textContent = '×';
  off.setAttribute('aria-label', document.getElementById('palette')?.dataset.close || '×');
  off.addEventListener('click', () => say.remove());
  say.append(link, off);
  for (const old of document.querySelectorAll('.wake')) if (old.querySelector('a').href === link.href) old.remove();
  document.body.append(say);
  if (mode() && !document.hidden) beep();
  last = 0; // nothing that came before keeps it quiet
  announce(text);
}

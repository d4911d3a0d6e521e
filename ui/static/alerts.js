// A sound and a notice of the system when something new has come in and nobody looks at the page. The shift's default
// comes with the page (data-alert on #work); what a person chooses for herself is kept in her browser.

const shift = document.getElementById('work')?.dataset.alert || '';

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

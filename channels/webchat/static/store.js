// What this device remembers of its conversation: the key that opens it, and what is not sent yet. Browsers keep a
// frame's storage apart for each site around it, so a conversation belongs to one device on one site.
//
// Where there is no storage (private windows, blocked by choice) everything lives as long as the page; `lasting` says so.

const PREFIX = 'hotline-chat.';
const spare = new Map();
let box = null;
try {
  box = localStorage;
  box.setItem(PREFIX + 'try', '1');
  box.removeItem(PREFIX + 'try');
} catch { box = null; }

export const lasting = box !== null;

export function get(name) {
  try {
    const raw = box ? box.getItem(PREFIX + name) : spare.get(name);
    return raw == null ? null : JSON.parse(raw);
  } catch { return null; }
}

export function set(name, value) {
  const raw = JSON.stringify(value);
  try {
    if (!box) spare.set(name, raw);
    else if (value === null) box.removeItem(PREFIX + name);
    else box.setItem(PREFIX + name, raw);
  } catch { spare.set(name, raw); } // full: what is there stays
}

export const key = () => get('key');

// begin is the device's key, made when there is something to open with it and never before. 256 random bits.
export function begin() {
  const have = key();
  if (have) return have;
  const raw = crypto.getRandomValues(new Uint8Array(32));
  const made = btoa(String.fromCharCode(...raw)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  set('key', made);
  return made;
}

// name is a new message's name: a repeat bears the same, so it is never taken twice.
export function name() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

export function forget() {
  spare.clear();
  if (!box) return;
  for (const k of Object.keys(box)) if (k.startsWith(PREFIX)) box.removeItem(k);
}

// elsewhere calls fn when another window of this device began or forgot.
export function elsewhere(fn) {
  addEventListener('storage', (e) => { if (e.key === PREFIX + 'key') fn(); });
}

import { call } from './api.js';

// Tells the house which messages are on this device and which have been looked at, each once, some together.
//
//   const note = receipts();   note('arrived' | 'read', receipt);   note.stop();

export function receipts() {
  const toTell = { read: new Set(), arrived: new Set() };
  const done = new Set();
  let timer = 0, tries = 0;

  // What the courier has not written down yet comes back as left, and is told again a little later.
  async function confirm() {
    if (over) return;
    const read = [...toTell.read].slice(0, 25), gone = [...toTell.arrived].filter((r) => !toTell.read.has(r)).slice(0, 25);
    if (!read.length && !gone.length) return;
    const a = await call('seen', { body: JSON.stringify({ read, arrived: gone }) });
    if (a.ok || a.status === 404) {
      const left = new Set(a.data.left || []);
      for (const r of read) if (!left.has(r)) toTell.read.delete(r);
      for (const r of toTell.arrived) if (!left.has(r)) toTell.arrived.delete(r);
      tries = left.size ? tries + 1 : 0;
    } else {
      tries++;
    }
    if ((toTell.read.size || toTell.arrived.size) && tries < 12) timer = setTimeout(confirm, Math.min(30e3, 500 * 2 ** tries));
  }

  let over = false;
  function note(what, receipt) {
    const name = what + ' ' + receipt;
    if (over || done.has(name)) return;
    done.add(name);
    toTell[what].add(receipt);
    clearTimeout(timer);
    timer = setTimeout(confirm, 300);
  }
  note.stop = () => { // this device is nobody's any more
    over = true;
    clearTimeout(timer);
  };
  return note;
}

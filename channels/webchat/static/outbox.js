import { call } from './api.js';
import * as store from './store.js';

// What is written and not yet in the house. Messages go one after the other, each under a name of its own that a repeat
// bears too; words wait in the device's memory, so a reload loses none (files do not survive it). A message leaves only
// when the house says that it has it.

const SLOWEST = 30e3, HUMAN = 2200;

export function outbox({ form, lost, trap, changed, sent, refused }) {
  let all = (store.get('outbox') || []).map((m) => (
    m.hadFiles ? { ...m, files: [], state: 'refused', why: lost } : { ...m, files: [], state: 'sending' }));
  let busy = false, timer = 0, tries = 0;

  function keep() {
    // Names and numbers are not left lying on the device.
    store.set('outbox', all.length ? all.map(({ key, at, text, choice, hadFiles }) => ({ key, at, text, choice, hadFiles })) : null);
  }

  function put(m) {
    store.begin();
    all.push({ files: [], ...m, key: store.name(), at: Date.now(), state: 'sending', hadFiles: !!m.files?.length });
    keep();
    changed();
    flush();
  }

  // flush sends what waits, oldest first. What was refused waits for a person.
  async function flush() {
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    let m;
    // Nobody writes within two seconds of the page, so the house takes nobody who does for a person.
    const early = HUMAN - performance.now();
    if (early > 0 && all.length) await new Promise((r) => setTimeout(r, early));
    while ((m = all.find((x) => x.state !== 'refused'))) {
      m.state = 'sending';
      changed();
      const a = await post(m);
      const error = a.data.error || {};
      if (a.ok) {
        tries = 0;
        all = all.filter((x) => x !== m);
        keep();
        sent(m, a.data);
        continue;
      }
      if (error.code) { // a form too young or too old: a moment, and again
        form = error.form || form;
        await new Promise((r) => setTimeout(r, error.wait * 1000));
        continue;
      }
      m.why = error.text;
      if (a.status >= 400 && a.status < 500 && a.status !== 429 && a.status !== 409) {
        m.state = 'refused';
        refused(m, error);
        changed();
        continue;
      }
      m.state = 'failed';
      changed();
      tries++;
      // Not all windows at the same moment.
      timer = setTimeout(flush, Math.max(a.wait * 1000, Math.min(SLOWEST, 1000 * 2 ** tries)) * (1 + Math.random() / 2));
      break;
    }
    busy = false;
    changed();
  }

  function post(m) {
    const body = new FormData();
    const { key, text, choice, name, phone, email, consent } = m;
    const fields = { key, text, choice, form, name, phone, email, consent, website: trap() };
    for (const [k, v] of Object.entries(fields)) if (v) body.append(k, v);
    for (const f of m.files) body.append('files', f, f.name || 'file');
    return call('send', { body, timeout: m.files.length ? 180e3 : 25e3 });
  }

  return {
    put, flush,
    // took: these messages are in the conversation, whatever became of the answers that should have said so.
    took(keys) {
      const before = all.length;
      all = all.filter((m) => !keys.includes(m.key));
      if (all.length !== before) keep();
    },
    waiting: () => all.map(({ key, at, text, state, why, files, hadFiles }) => ({ id: 'wait ' + key, kind: 'own', key, at, text, state, why, count: files.length || +hadFiles })),
    // again tries a message now; one that was refused is handed back to be mended.
    again(key) {
      const m = all.find((x) => x.key === key);
      if (!m) return null;
      if (m.state === 'refused') {
        all = all.filter((x) => x !== m);
        keep();
        changed();
        return m;
      }
      tries = 0;
      flush();
      return null;
    },
  };
}

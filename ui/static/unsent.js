// What is typed into the reply box is kept on the server, per person, ticket and verb: a second after typing stops, never
// while an input method composes, and when the page is left. Until the server has it, it stands in this browser too.
import { el } from './combo.js';
import { counts } from './counts.js';

const pause = 1000;
const again = 5000;
const patience = (p) => Promise.race([p, new Promise((done) => setTimeout(done, 3000))]);

// A window is known by a name of its own for as long as it is open, also over a reload.
const windowName = (() => {
  let name = sessionStorage.getItem('window');
  if (!name) sessionStorage.setItem('window', (name = crypto.getRandomValues(new Uint32Array(2)).join('-')));
  return name;
})();

const others = 'BroadcastChannel' in window ? new BroadcastChannel('unsent') : null;
let current = null; // the keeper of the box on the screen

// keeper looks after one form. It is bound to its ticket and person: what it holds goes nowhere else.
export function keeper(form, words) {
  const box = form.querySelector('textarea[data-draft]');
  const { code, at, me: person } = form.dataset;
  const state = form.querySelector('[data-saved]');
  const kept = JSON.parse(form.dataset.unsent || '{}'); // verb → what the server has
  const typed = {}; // verb → what stood in the box when another verb was chosen
  const saved = {}; // verb → signature of what the server has
  let verb = form.querySelector('input[name=as]:checked')?.value;
  let timer, composing = false, sending = false, bring = null;
  let chain = Promise.resolve();

  form.elements.window.value = windowName;
  const own = (v) => kept[v] || { text: '', outcome: '', reason: '', mark: '', draft: '' };
  const empty = (w) => !w.text.trim() && !w.reason.trim();
  const sign = (w) => JSON.stringify([w.text, w.outcome, w.reason]);
  const local = (v) => `unsent:${person}:${code}:${v}`;
  const now = () => ({ text: box.value, outcome: form.elements.outcome?.value || '', reason: form.elements.reason?.value || '' });
  // What the box holds before anything is typed: the agency's draft, where the verb goes on from it.
  const blank = (v) => ({ text: own(v).draft || '', outcome: own(v).draft_outcome || '', reason: own(v).draft_reason || '' });
  const begun = (v) => (own(v).mark && !empty(own(v)) ? { text: own(v).text, outcome: own(v).outcome, reason: own(v).reason } : blank(v));
  for (const v of Object.keys(kept)) saved[v] = sign(begun(v));

  const say = (key) => { if (state) state.textContent = key ? words[key] : ''; };
  // What stands in the box is hers: typed, not the agency's draft as it came.
  const hers = () => box.value.trim() !== '' && box.value !== blank(verb).text;
  const dirty = () => sign(now()) !== (saved[verb] ?? sign(blank(verb)));

  function put(what) {
    box.value = box.defaultValue = what.text;
    if (form.elements.outcome) form.elements.outcome.value = what.outcome;
    if (form.elements.reason) form.elements.reason.value = what.reason;
    form.dispatchEvent(new CustomEvent('written', { bubbles: true }));
  }

  async function post(v, what, more = {}, leaving = false) {
    const body = new URLSearchParams({ ...what, base: own(v).mark || '', window: windowName, ...more });
    const mine = sign(what);
    try {
      const answer = await fetch(at + '/unsent/' + v, { method: 'POST', body, keepalive: leaving });
      if (answer.status === 422) {
        say('too_long');
        return;
      }
      if (!answer.ok) throw new Error(answer.status);
      const got = await answer.json();
      kept[v] = { ...own(v), text: '', outcome: '', reason: '', aside: [], ...got };
      saved[v] = mine;
      if (localStorage.getItem(local(v)) === mine) localStorage.removeItem(local(v));
      say(got.mark ? 'saved' : '');
      if (got.count !== undefined) counts({ unsent: got.count });
      if (v === verb) tell();
      others?.postMessage({ person, code, verb: v, mark: got.mark });
    } catch {
      say('unsaved');
      if (!leaving && !sending) timer = setTimeout(() => save(), again);
    }
  }

  // One after the other, so that a later text is never overtaken by an earlier one.
  function save(more) {
    clearTimeout(timer);
    const v = verb, what = now();
    if (sending || (!more && !dirty())) return chain;
    chain = chain.then(() => (more || sign(what) !== saved[v] ? post(v, what, more) : undefined));
    return chain;
  }

  function changed() {
    if (sending) return;
    clearTimeout(timer);
    if (!dirty()) return;
    localStorage.setItem(local(verb), sign(now()));
    say('saving');
    if (!composing) timer = setTimeout(() => save(), pause);
  }

  box.addEventListener('compositionstart', () => { composing = true; clearTimeout(timer); });
  box.addEventListener('compositionend', () => { composing = false; changed(); });
  box.addEventListener('input', (event) => { if (!event.isComposing) { composing = false; changed(); } });
  form.addEventListener('change', (event) => { if (event.target.name === 'outcome') changed(); });
  form.elements.reason?.addEventListener('input', changed);

  // Each verb has words of its own: a note must not become an answer by a slip.
  function choose(next) {
    if (!next || next === verb) return;
    const from = verb, what = now();
    save();
    typed[from] = what;
    verb = next;
    put(typed[verb] || begun(verb));
    delete typed[verb];
    bring?.remove();
    bring = null;
    if (!box.value.trim() && what.text.trim() && what.text !== blank(from).text) {
      const label = form.querySelector(`input[name=as][value="${from}"]`).parentElement.textContent.trim();
      bring = el('button', { type: 'button', class: 'link bring' }, words.bring.replace('{0}', label));
      bring.addEventListener('click', () => {
        box.value = what.text;
        bring.remove();
        box.focus();
        box.dispatchEvent(new Event('input', { bubbles: true }));
      });
      box.before(bring);
    }
    tell();
  }

  // What another window of the same person had.
  function tell() {
    const place = form.querySelector('[data-aside]');
    place.replaceChildren();
    for (const a of own(verb).aside || []) {
      const take = el('button', { type: 'button', class: 'button plain small' }, words.take);
      const drop = el('button', { type: 'button', class: 'button plain small' }, words.drop);
      take.addEventListener('click', () => {
        const mine = box.value;
        box.value = a.text;
        box.dispatchEvent(new Event('written', { bubbles: true }));
        save({ aside: mine });
        box.focus();
      });
      drop.addEventListener('click', () => { save({ drop: '1' }); box.focus(); });
      place.append(el('div', { class: 'notice notice-warn' }, el('p', {}, words.aside.replace('{0}', a.when)), el('blockquote', {}, a.text), el('p', { class: 'actions' }, take, drop)));
    }
    place.hidden = !place.children.length;
  }

  // Another window, or another computer, may have gone on: then the newer text is taken over, unless something is being
  // typed here, which the next save will say.
  async function look() {
    if (dirty() || composing || sending) return;
    try {
      const answer = await fetch(at + '/unsent');
      if (!answer.ok) return;
      const fresh = await answer.json();
      if (dirty() || composing || sending || !form.isConnected) return;
      const before = own(verb).mark || '';
      for (const v of Object.keys(kept)) {
        kept[v] = { ...own(v), text: '', outcome: '', reason: '', mark: '', aside: [], ...(fresh[v] || {}) };
        saved[v] = sign(begun(v));
      }
      if ((own(verb).mark || '') === before) return;
      put(begun(verb));
      tell();
      if (own(verb).mark) say('newer');
    } catch {
      // it is asked again when the window is looked at again
    }
  }

  const self = {
    form, code, person, look, hers, choose, changed,
    flush: () => patience(save()),
    leave() { if (dirty() && !composing && !sending) post(verb, now(), {}, true); },
    // Before sending: nothing may be saved after it.
    async settle() {
      sending = box.readOnly = true; // what is typed after the press would be in no answer
      clearTimeout(timer);
      await patience(chain);
      const v = verb;
      return { sent: () => localStorage.removeItem(local(v)), refused: () => { sending = box.readOnly = false; } };
    },
    was: () => ({ verb, ...now() }),
    // The box as it was before the panes were replaced.
    restore(was) {
      const find = (v) => form.querySelector(`input[name=as][value="${v}"]`);
      let radio = find(was.verb);
      if (!radio) {
        // An answer cannot follow any more (a macro has passed the ticket on): words for the citizen become a message to
        // her. Others are not lost: they are kept until their verb can be used again.
        radio = ['answer', 'ask', 'message'].includes(was.verb) && empty(own('message')) && find('message');
        if (!radio || !was.text.trim()) return;
        post(was.verb, { text: '', outcome: '', reason: '' });
        localStorage.removeItem(local(was.verb));
        was = { text: was.text, outcome: '', reason: '', verb: 'message' };
      }
      radio.checked = true;
      radio.dispatchEvent(new Event('change', { bubbles: true }));
      verb = was.verb;
      box.value = was.text;
      if (form.elements.outcome) form.elements.outcome.value = was.outcome;
      if (form.elements.reason) form.elements.reason.value = was.reason;
      form.dispatchEvent(new CustomEvent('written', { bubbles: true }));
      changed();
    },
  };

  // What this browser could not hand over before it was closed.
  for (const radio of form.querySelectorAll('input[name=as]')) {
    const left = localStorage.getItem(local(radio.value));
    if (!left || left === saved[radio.value]) continue;
    const [text, outcome, reason] = JSON.parse(left);
    saved[radio.value] = ''; // a save on leaving may still be under way: nobody knows what the server has
    if (radio.value === verb && !box.dataset.refused) put({ text, outcome, reason });
    else typed[radio.value] = { text, outcome, reason };
    if (radio.value === verb) timer = setTimeout(() => save(), pause);
  }
  tell();
  current = self;
  return self;
}

document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') current?.leave();
  else current?.look();
});
window.addEventListener('pagehide', () => current?.leave());
others?.addEventListener('message', ({ data }) => {
  if (current && data.person === current.person && data.code === current.code) current.look();
});

// The call form has no ticket yet: what is typed there stays in this browser, for this person.
export function keepHere(root) {
  for (const box of root.querySelectorAll('textarea[data-draft=call]')) {
    const key = 'draft:call';
    const left = localStorage.getItem(key);
    if (left && !box.value.trim()) box.value = left;
    box.addEventListener('input', () => (box.value ? localStorage.setItem(key, box.value) : localStorage.removeItem(key)));
    box.form.addEventListener('submit', () => localStorage.removeItem(key));
  }
}

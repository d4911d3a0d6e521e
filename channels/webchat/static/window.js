import { call } from './api.js';
import { follow } from './line.js';
import { outbox } from './outbox.js';
import { receipts } from './receipts.js';
import * as store from './store.js';
import { thread } from './thread.js';

// The chat window: writing, reading, and the little talk with the page around it.

const setup = JSON.parse(document.body.dataset.setup);
const { words } = setup;
const $ = (id) => document.getElementById(id);
const log = $('log'), text = $('f-text'), form = $('form');
const framed = parent !== window && setup.parent !== '';
let shownByPage = !framed;  // the frame is open, as far as the page around it says
let messages = [], version = '', chips = [], picked = null;
let newest = store.get('seen') || 0; // time of the latest message that was looked at

const tell = (what, more) => { if (framed) parent.postMessage({ hotline: what, ...more }, setup.parent); };
const looking = () => shownByPage && !document.hidden;
const say = (key, ...args) => args.reduce((s, a, i) => s.replaceAll(`{${i}}`, a), words[key]);

const pane = thread($('list'), {
  lang: setup.lang, words, icons: setup.icons,
  act: {
    enlarge, failed: fault,
    judged: () => line.look(),
    choose(c) { out.put({ text: c.label, choice: c.data }); },
    again(m) {
      const back = out.again(m.key);
      if (back) { // it can never be taken as it is: into the box with it
        text.value = back.text;
        for (const f of back.files) add(f);
        grow();
        text.focus();
      }
    },
  },
});
const out = outbox({ form: setup.form, lost: words.files_lost, trap: () => $('f-website').value, changed: draw, sent, refused });
const note = receipts();
const line = follow({ look, poll: setup.poll, tell: state, answering });

// ---- what the house says

async function look() {
  if (!store.key()) return null;
  const a = await call('thread?have=' + encodeURIComponent(version));
  if (!a.ok) return a.status === 401 ? {} : null;
  take(a.data);
  out.flush();
  return a.data;
}

function take(view) {
  hours(view.office);
  if (view.version) version = view.version;
  if (!view.messages) return;
  // A list may trail what was answered a moment ago: nothing that was here goes away.
  const all = new Map(messages.map((m) => [m.id, m]));
  const fresh = view.messages.filter((m) => !all.has(m.id) && m.kind === 'told');
  for (const m of view.messages) all.set(m.id, m);
  messages = [...all.values()].sort((a, b) => a.at - b.at);
  const last = messages.at(-1);
  for (const m of messages) if (m !== last) delete m.choices;
  out.took(messages.map((m) => m.key));
  const code = messages.findLast((m) => m.kind === 'card');
  $('follow').hidden = !code;
  if (code) $('follow').href = code.url;
  $('forget').hidden = false;
  draw();
  arrived(fresh);
}

function hours(o) {
  if (!o) return;
  $('office').textContent = o.title;
  $('office').dataset.state = document.body.dataset.office = o.state;
  $('away').hidden = !o.text || messages.length > 0 && o.state === 'away';
  $('away').lastElementChild.textContent = o.text || '';
}

function state(s) {
  $('net').hidden = s !== 'offline';
  $('net').textContent = s === 'offline' ? words.offline : '';
  document.body.dataset.line = s;
}

// answering: somebody of the hotline is writing. It is over when nothing more is heard of it, or the words are here.
let answerTimer = 0;
function answering(yes = true) {
  const stick = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  clearTimeout(answerTimer);
  if (yes) answerTimer = setTimeout(answering, 5000, false);
  $('answering').textContent = yes ? words.answering : '';
  if (stick) bottom();
}

// ---- reading

// bottom shows the latest; where there is nothing yet, the greeting from its beginning. Who was there stays there when
// the room for it changes: a keyboard comes up, a file is put beside what is typed.
function bottom() {
  log.scrollTop = $('list').firstChild ? log.scrollHeight : 0;
}
let atEnd = true;
log.addEventListener('scroll', () => { atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80; }, { passive: true });
new ResizeObserver(() => { if (atEnd) bottom(); }).observe(log);

let waited = 0;
function draw() {
  const own = out.waiting();
  const stick = log.scrollHeight - log.scrollTop - log.clientHeight < 80 || own.length > waited;
  waited = own.length;
  for (const m of own) if (m.count) m.label = say('attached', m.count);
  pane.show([...messages, ...own]);
  document.body.classList.toggle('begun', messages.length + own.length > 0);
  for (const li of $('list').querySelectorAll('.told:not([data-watched]), .card:not([data-watched])')) {
    li.dataset.watched = '1';
    eyes.observe(li);
  }
  if (stick) bottom();
  else if (unread()) $('down').hidden = false;
  count();
}

// Read is what was in sight while the window was looked at.
const eyes = new IntersectionObserver((all) => {
  for (const e of all) {
    e.target.dataset.sight = e.isIntersecting ? '1' : '';
  }
  glance();
}, { root: log, threshold: 0.5 });

function glance() {
  if (!looking()) return;
  for (const li of $('list').querySelectorAll('[data-sight="1"]')) {
    const m = messages.find((x) => x.id === li.dataset.id);
    if (!m) continue;
    if (m.at > newest) store.set('seen', newest = m.at);
    if (m.receipt && m.seen !== 'read') note('read', m.receipt);
  }
  count();
}

function arrived(fresh) {
  if (fresh.length) answering(false);
  const news = fresh.filter((m) => m.at > newest);
  for (const m of fresh) {
    if (m.receipt && !m.seen && !looking()) note('arrived', m.receipt);
  }
  if (news.length) {
    const m = news.at(-1);
    $('news').textContent = news.length > 1 ? say('news', news.length) : `${m.by}: ${m.text || words.file}`;
  }
  glance();
}

const unread = () => messages.filter((m) => m.kind === 'told' && m.at > newest).length;
let told = -1;
function count() {
  const n = unread();
  if (!n) $('down').hidden = true;
  if (n !== told) tell('unread', { n: told = n });
}

// ---- writing

form.addEventListener('submit', (e) => { e.preventDefault(); submit(); });

let composing = false; // Vietnamese keyboards compose: until they have ended, Enter is theirs
text.addEventListener('compositionstart', () => { composing = true; });
text.addEventListener('compositionend', () => { composing = false; });
text.addEventListener('keydown', (e) => {
  if (e.key !== 'Enter' || e.shiftKey || e.ctrlKey || e.altKey || e.metaKey) return;
  if (composing || e.isComposing || e.keyCode === 229) return;
  e.preventDefault();
  submit();
});
text.addEventListener('input', () => {
  grow();
  fault('');
  keepDraft();
  if (text.value.trim()) line.typing();
});

let draftTimer = 0;
function keepDraft() {
  clearTimeout(draftTimer);
  draftTimer = setTimeout(() => store.set('draft', text.value || null), 400);
}

function grow() {
  text.style.height = 'auto';
  text.style.height = Math.min(text.scrollHeight + 2, 160) + 'px';
}

// extras go along with the next message: name and number, once.
function extras() {
  const get = (id) => $(id)?.value.trim() || '';
  const more = { name: get('f-name'), phone: get('f-phone'), email: get('f-email') };
  if (more.name || more.phone || more.email) more.consent = $('f-consent')?.checked ? $('f-consent').value : '';
  return more;
}

function submit() {
  const words_ = text.value.trim();
  if (!words_ && !chips.length) {
    text.focus();
    return;
  }
  const more = extras();
  if ('consent' in more && $('f-consent') && !more.consent) {
    fault(words.consent, 'consent');
    return;
  }
  fault('');
  out.put({ text: words_, files: chips.map((c) => c.file), ...more });
  text.value = '';
  store.set('draft', null);
  clearTimeout(draftTimer);
  for (const c of [...chips]) drop(c);
  grow();
  bottom();
  text.focus();
}

// sent: the house has it.
function sent(m, view) {
  if (m.name || m.phone || m.email) {
    for (const id of ['f-name', 'f-phone', 'f-email']) $(id).value = '';
    $('contact').open = false;
    store.set('given', true);
  }
  contactDone();
  tell('begun');
  take(view);
  line.start();
}

// refused: it is not the line's fault; say what is wrong and where.
function refused(m, error) {
  fault(error.text, error.field);
}

function fault(what, field = '') {
  $('fault').textContent = what;
  for (const x of form.querySelectorAll('[aria-invalid]')) x.removeAttribute('aria-invalid');
  const at = field && $('f-' + field);
  if (!what || !at) return;
  at.setAttribute('aria-invalid', 'true');
  if (at.closest('details')) at.closest('details').open = true;
  at.focus();
}

function contactDone() {
  if (store.get('given')) $('contact').hidden = true;
}

// ---- files

$('f-files').addEventListener('change', (e) => {
  for (const f of e.target.files) add(f);
  e.target.value = '';
});
text.addEventListener('paste', (e) => {
  const files = [...e.clipboardData.files];
  if (!files.length) return;
  e.preventDefault();
  files.forEach(add);
});
for (const kind of ['dragover', 'drop']) {
  addEventListener(kind, (e) => {
    if (!e.dataTransfer?.types.includes('Files')) return;
    e.preventDefault();
    if (kind === 'drop') [...e.dataTransfer.files].forEach(add);
  });
}

function add(file) {
  if (chips.length >= setup.files) return fault(say('too_many', setup.files), 'files');
  if (chips.reduce((n, c) => n + c.file.size, file.size) > setup.bytes) return fault(say('too_large', setup.bytes >> 20), 'files');
  const chip = { file };
  const picture = file.type.startsWith('image/');
  if (picture) chip.url = URL.createObjectURL(file);
  const x = pane.el('button', { type: 'button', 'aria-label': say('drop', file.name) }, pane.icon('x') || '×');
  x.onclick = () => { drop(chip); text.focus(); };
  chip.li = pane.el('li', {}, picture ? pane.el('img', { src: chip.url, alt: '' }) : pane.icon('file-text'),
    pane.el('span', {}, file.name || words.file), pane.el('small', {}, pane.size(file.size)), x);
  chips.push(chip);
  $('chips').append(chip.li);
  $('chips').hidden = false;
}

function drop(chip) {
  chips = chips.filter((c) => c !== chip);
  chip.li.remove();
  if (chip.url) URL.revokeObjectURL(chip.url);
  $('chips').hidden = !chips.length;
}

async function enlarge(f, address) {
  const url = await address;
  if (!url) return fault(words.file_failed);
  picked = document.activeElement;
  $('picture-show').src = url;
  $('picture-show').alt = f.name || words.picture;
  $('picture-get').href = url;
  $('picture-get').download = f.name || 'picture';
  $('picture').showModal();
}
$('picture').addEventListener('close', () => picked?.focus());
$('picture').addEventListener('click', (e) => { if (e.target === e.currentTarget) $('picture').close(); });

// ---- the menu

addEventListener('click', (e) => { if (!$('menu').contains(e.target)) $('menu').open = false; });
$('tongue').addEventListener('click', () => {
  const u = new URL(location.href);
  u.searchParams.set('lang', setup.lang === 'en' ? 'vi' : 'en');
  store.set('draft', text.value || null);
  location.replace(u);
});
$('forget').addEventListener('click', () => {
  $('menu').open = false;
  const code = messages.findLast((m) => m.kind === 'card');
  $('sure-code').hidden = !code;
  $('sure-code').textContent = code ? code.code : '';
  $('sure').returnValue = '';
  $('sure').showModal();
});
$('sure').addEventListener('close', () => { if ($('sure').returnValue === 'yes') forget(); });

function forget() {
  line.stop();
  note.stop();
  store.forget();
  tell('forgot');
  location.reload();
}
store.elsewhere(() => location.reload());

// ---- the page around

$('down').addEventListener('click', bottom);
$('shut').hidden = !framed;
$('shut').addEventListener('click', () => tell('shut'));
addEventListener('keydown', (e) => {
  if (e.key !== 'Escape' || e.isComposing || e.keyCode === 229 || document.querySelector('dialog[open]')) return;
  if ($('menu').open) {
    $('menu').open = false;
    $('menu').firstElementChild.focus();
  } else {
    tell('shut');
  }
});
addEventListener('message', (e) => {
  if (!framed || e.source !== parent || e.origin !== setup.parent || !e.data) return;
  if (e.data.hotline === 'open') {
    shownByPage = true;
    requestAnimationFrame(() => {
      grow();
      bottom();
      if (!matchMedia('(pointer: coarse)').matches) text.focus(); // a keyboard on glass would cover half of it
      else log.focus();
      glance();
    });
  } else if (e.data.hotline === 'shut') {
    shownByPage = false;
  }
});
document.addEventListener('visibilitychange', glance);

document.body.classList.toggle('framed', framed);
if (store.get('draft')) text.value = store.get('draft');
if (!store.lasting) fault(words.not_kept);
contactDone();
grow();
draw();
if (store.key()) line.start();
out.flush();
tell('ready');

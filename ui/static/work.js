// The workplace, live. The pages work without it; it adds: what changes shows at once, what is typed is never lost,
// keys, the area picker. Nothing moves under the pointer: new rows wait behind a button.
import { announce } from './alerts.js';
import { combo } from './combo.js';
import { counts, mine } from './counts.js';
import { eyes } from './eyes.js';
import { line } from './line.js';
import { typing } from './typing.js';
import { keepHere } from './unsent.js';
import { seen, write } from './write.js';

const work = document.getElementById('work');
const $ = (sel, root = document) => root.querySelector(sel);
const ticket = () => document.getElementById('ticket');
const openCode = () => ticket()?.dataset.code || '';

let looks; // shows who looks at which row
let keep = null; // the keeper of the reply box, if there is one

// --- The box at the foot: what it is sent as. ----------------------------------------------------------------------

function dress(form) {
  if (!form) return;
  const chosen = form.querySelector('input[name=as]:checked') || form.querySelector('input[name=as]');
  if (!chosen) return;
  chosen.checked = true;
  form.action = chosen.dataset.as;
  for (const part of form.querySelectorAll('[data-for]')) {
    part.hidden = !part.dataset.for.split(' ').includes(chosen.value);
    for (const field of part.querySelectorAll('select, input, button')) field.disabled = part.hidden;
  }
}

document.addEventListener('change', (event) => {
  const field = event.target;
  if (field.name === 'as') {
    dress(field.form);
    keep?.choose(field.value);
  }
  if (field.type === 'file') {
    const out = field.form.querySelector('[data-kept]');
    if (out) out.textContent = [...field.files].map((f) => f.name).join(', ');
  }
});

// --- Sending: in the background, the panes are replaced by what the server shows. --------------------------------

async function send(form, button) {
  const code = openCode();
  const wrote = form.matches('[data-write]');
  form.setAttribute('aria-busy', 'true');
  const settled = wrote ? await keep.settle() : await keep?.flush();
  const body = form.enctype === 'multipart/form-data' ? new FormData(form) : new URLSearchParams(new FormData(form));
  if (button?.name) body.append(button.name, button.value);
  const trouble = (text) => {
    if (wrote) settled.refused();
    form.removeAttribute('aria-busy');
    notice(form, text);
  };
  let answer;
  try {
    answer = await fetch(form.action, { method: 'POST', body, headers: { 'HX-Request': 'true' } });
  } catch {
    trouble(work.dataset.offline || '…');
    return;
  }
  const go = answer.headers.get('HX-Redirect');
  if (go) {
    location.assign(go);
    return;
  }
  const html = await answer.text();
  if (answer.ok && wrote) settled.sent();
  if (openCode() !== code) return; // the reader has gone on to another ticket
  const was = keep?.was();
  const fresh = parse(html, '#ticket');
  if (!fresh) {
    trouble(parse(html, '.notice p')?.textContent || answer.statusText);
    return;
  }
  replaceTicket(fresh);
  if (was && (!answer.ok || !wrote)) keep?.restore(was); // another form's answer must not take the words away
}

function notice(form, text) {
  let p = form.querySelector('.fault[data-now]');
  if (!p) {
    p = document.createElement('p');
    p.className = 'fault';
    p.dataset.now = '';
    p.setAttribute('role', 'alert');
    form.append(p);
  }
  p.textContent = text;
}

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (form.dataset.act === undefined || !ticket()?.contains(form)) return;
  event.preventDefault();
  event.stopPropagation();
  if (form.getAttribute('aria-busy') === 'true') return;
  send(form, event.submitter);
}, true);

function parse(html, selector) {
  const doc = new DOMParser().parseFromString(html, 'text/html');
  return doc.querySelector(selector);
}

function replaceTicket(fresh) {
  ticket().replaceWith(fresh);
  work.classList.toggle('has-ticket', !!fresh.dataset.code);
  arrive();
}

let typist;

// The reply box comes to life.
function box(root) {
  const form = $('form[data-write]', root);
  dress(form);
  keep = form ? write(form) : null;
}

function arrive() {
  const t = ticket();
  typist?.opened();
  box(t);
  seen(t);
  const thread = $('#ticket-thread', t);
  if (thread) thread.scrollTop = thread.scrollHeight;
  pickers(t);
  for (const a of document.querySelectorAll('.item > a')) {
    if (a.parentElement.dataset.code === openCode()) a.setAttribute('aria-current', 'true');
    else a.removeAttribute('aria-current');
  }
  $('[data-focus]', t)?.focus();
}

// --- Opening a ticket without a new page. --------------------------------------------------------------------------

let opening;
async function open(href, push) {
  opening?.abort();
  opening = new AbortController();
  try {
    const answer = await fetch(href, { headers: { 'HX-Request': 'true' }, signal: opening.signal });
    const fresh = parse(await answer.text(), '#ticket');
    if (!fresh || !answer.ok) {
      location.assign(href);
      return;
    }
    if (push) history.pushState({ ticket: href }, '', href);
    keep?.flush();
    replaceTicket(fresh);
    document.title = fresh.querySelector('h1')?.textContent.trim() || document.title;
  } catch (err) {
    if (err.name !== 'AbortError') location.assign(href);
  }
}

// More of the queue, below what is there.
document.addEventListener('click', async (event) => {
  const a = event.target.closest('a[data-more]');
  if (!a || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  try {
    const answer = await fetch(a.dataset.more, { headers: { 'HX-Request': 'true' } });
    const fresh = answer.ok && parse('<ul>' + (await answer.text()) + '</ul>', 'ul');
    if (!fresh) throw new Error(answer.status);
    const first = fresh.querySelector('a');
    a.closest('li').replaceWith(...fresh.children);
    first?.focus();
  } catch {
    location.assign(a.href);
  }
});

document.addEventListener('click', (event) => {
  const a = event.target.closest('a[data-open]');
  if (!a || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  open(a.href, true);
});
window.addEventListener('popstate', () => {
  if (/\/t\//.test(location.pathname)) open(location.href, false);
  else location.reload();
});

document.addEventListener('click', (event) => {
  const b = event.target.closest('button[data-put]');
  if (b) keep?.put(b.dataset.put).catch(() => notice(b.closest('.known-body'), work.dataset.offline || '…'));
});

// --- Choosing several. ----------------------------------------------------------------------------------------------

function countPicked() {
  const out = $('#bulk [data-picked]');
  if (out) out.textContent = out.dataset.picked.replace('{0}', String(document.querySelectorAll('.pick input:checked').length));
}
document.addEventListener('change', (event) => {
  if (event.target.closest('.pick')) countPicked();
});
document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-pick-all]')) return;
  const boxes = [...document.querySelectorAll('.pick input')];
  const every = boxes.every((b) => b.checked);
  for (const b of boxes) b.checked = !every;
  countPicked();
});
countPicked();

// --- Live. ---------------------------------------------------------------------------------------------------------

let waiting = new Set();
function freshButton() {
  const b = $('[data-fresh]');
  if (!b) return;
  b.hidden = waiting.size === 0;
  b.textContent = (b.dataset.text || '').replace('{0}', String(waiting.size));
}

async function reloadQueue() {
  const asked = new URLSearchParams(location.search);
  asked.set('view', work.dataset.view);
  asked.delete('cursor');
  const q = $('#queue');
  const at = work.dataset.base + '/list?' + asked;
  try {
    const answer = await fetch(at, { headers: { 'HX-Request': 'true' } });
    const fresh = answer.ok && parse(await answer.text(), '#queue');
    if (!fresh) return;
    if ($('#sift')?.open || $('.picking .pick input:checked')) return; // somebody is choosing there: later
    const find = $('#q');
    const typing = document.activeElement === find ? find.value : null;
    q.replaceWith(fresh);
    if (typing !== null) {
      $('#q').value = typing;
      $('#q').focus();
    }
    waiting = new Set();
    prepareQueue();
  } catch {
    // the live channel comes back and asks again
  }
}

function prepareQueue() {
  looks?.();
  const b = $('[data-fresh]');
  if (b) b.dataset.text = work.dataset.freshText;
  freshButton();
  for (const a of document.querySelectorAll('.item > a')) {
    if (a.parentElement.dataset.code === openCode()) a.setAttribute('aria-current', 'true');
  }
}

document.addEventListener('click', (event) => {
  if (event.target.closest('[data-fresh]')) reloadQueue();
});

// Does a ticket that changed belong into the list on the screen? The server says in which views it stands; what is the
// reader's own, and what she has narrowed the list to, is known here.
function belongs(d) {
  if (!d?.views) return true;
  const asked = new URLSearchParams(location.search);
  if (asked.get('q')) return false;
  const view = work.dataset.view;
  if (view === 'mine' ? !(d.open && d.assignee === work.dataset.me) : view !== 'all' && !d.views.includes(view)) return false;
  for (const [key, value] of [['channel', d.channel], ['kind', d.matter], ['category', d.category], ['agency', d.agency], ['area', d.area]]) {
    if (asked.get(key) && asked.get(key) !== value) return false;
  }
  return !asked.get('tag') || (d.tags || []).includes(asked.get('tag'));
}

function showRow(change) {
  const row = document.getElementById('row-' + change.ticket);
  if (change.removed) {
    row?.classList.add('gone');
    return;
  }
  if (!change.row) return;
  if (!row) {
    if (!change.data?.quiet && belongs(change.data)) {
      waiting.add(change.ticket);
      freshButton();
    }
    return;
  }
  if (Number(row.dataset.version) >= change.version) return;
  const fresh = parse('<ul>' + change.row + '</ul>', 'li');
  const link = (li) => li.querySelector('a[data-open]');
  const here = link(row).getAttribute('aria-current');
  const href = link(row).getAttribute('href');
  const picked = row.querySelector('.pick input')?.checked;
  Idiomorph.morph(row, fresh, { morphStyle: 'outerHTML' });
  const now = document.getElementById('row-' + change.ticket);
  link(now).setAttribute('href', href); // keeps the view
  if (here) link(now).setAttribute('aria-current', here);
  if (picked) now.querySelector('.pick input').checked = true;
  looks?.();
  if (!change.data?.quiet) {
    now.classList.add('lit');
    setTimeout(() => now.classList.remove('lit'), 1500);
  }
}

// The open ticket changed: its head, its timeline and its side are brought up to date. The box stays as it is while
// something stands in it.
let refreshing = false;
let again = false;
async function refreshTicket() {
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = true;
  try {
    const code = openCode();
    const answer = await fetch(work.dataset.base + '/t/' + code + '?view=' + work.dataset.view, { headers: { 'HX-Request': 'true' } });
    if (answer.status === 404) {
      gone();
      return;
    }
    const fresh = answer.ok && parse(await answer.text(), '#ticket');
    if (!fresh || openCode() !== code) return;
    merge(fresh);
  } catch {
    // the live channel will say so again
  } finally {
    refreshing = false;
    if (again) {
      again = false;
      refreshTicket();
    }
  }
}

function gone() {
  const box = $('#ticket-write');
  if (box && !box.querySelector('[data-gone]')) {
    const p = document.createElement('p');
    p.className = 'notice notice-warn';
    p.dataset.gone = '';
    p.textContent = work.dataset.goneText;
    box.prepend(p);
  }
}

function merge(fresh) {
  const t = ticket();
  const thread = $('#ticket-thread', t);
  const atEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 60;
  Idiomorph.morph($('#ticket-head', t), fresh.querySelector('#ticket-head'), { morphStyle: 'outerHTML' });
  Idiomorph.morph(thread, fresh.querySelector('#ticket-thread'), { morphStyle: 'outerHTML' });
  if (atEnd) $('#ticket-thread', t).scrollTop = thread.scrollHeight;
  const side = $('#ticket-side', t);
  if (!side.querySelector('details[open]') && !side.contains(document.activeElement)) {
    Idiomorph.morph(side, fresh.querySelector('#ticket-side'), { morphStyle: 'outerHTML' });
    pickers($('#ticket-side', t));
  }
  const foot = $('#ticket-write', t);
  const hers = keep?.hers();
  if (!hers && !foot.contains(document.activeElement)) {
    foot.replaceWith(fresh.querySelector('#ticket-write'));
    box(t);
  }
  // What is on the screen has been seen: the next act goes by it. But who is in the middle of a sentence may not have
  // looked up: her sending stops once and shows what came in.
  for (const v of t.querySelectorAll('input[name=version]')) {
    if (!hers || !v.form.matches('[data-write]')) v.value = fresh.dataset.version;
  }
  t.dataset.version = fresh.dataset.version;
  t.dataset.status = fresh.dataset.status;
}

// --- Keys: never while typing or composing, never with a modifier of the browser. ----------------------------------

let composing = false; // some keyboards report Enter as Enter while a word is unfinished
document.addEventListener('compositionstart', () => { composing = true; });
document.addEventListener('compositionend', () => { composing = false; });

document.addEventListener('keydown', (event) => {
  if (composing || event.isComposing || event.keyCode === 229) return;
  const field = event.target.closest('input, textarea, select, [contenteditable]');
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && field?.matches('textarea')) {
    const button = field.form?.querySelector('[data-send]') || field.form?.querySelector('button.button');
    if (button) {
      event.preventDefault();
      field.form.requestSubmit(button);
    }
    return;
  }
  if (field || event.ctrlKey || event.metaKey || event.altKey || event.target.closest('dialog')) return;
  if (localStorage.getItem('keys') === 'off') return; // WCAG 2.1.4: single keys can be switched off
  if (event.key === 'j' || event.key === 'k') {
    const rows = [...document.querySelectorAll('.item > a')];
    const i = rows.findIndex((a) => a === document.activeElement || a.hasAttribute('aria-current'));
    const to = rows[Math.max(0, Math.min(rows.length - 1, i + (event.key === 'j' ? 1 : -1)))];
    to?.focus();
    return;
  }
  const target = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!target) return;
  event.preventDefault();
  if (target.matches('input')) target.focus();
  else target.click();
});

// --- The field for a place, wherever a form has one. -----------------------------------------------------------------

function pickers(root) {
  for (const box of root.querySelectorAll('[data-combo]')) {
    if (!box.querySelector('[role=combobox]')) combo(box);
  }
}

// --- Begin. -------------------------------------------------------------------------------------------------------

pickers(document);
keepHere(document);
if (work) {
  document.addEventListener('live:change', (event) => {
    let changed = false;
    for (const change of event.detail.changes) {
      showRow(change);
      if (change.say) {
        $('[data-say]').textContent = change.say;
        if (!change.data?.wakes) announce(change.say); // else the line wakes
      }
      if (change.ticket !== openCode()) continue;
      if (change.removed) gone();
      else if (change.version > Number(ticket().dataset.version)) changed = true;
    }
    if (changed) refreshTicket();
    if (event.detail.changes.some((c) => c.data?.kind === 'noted')) mine(work.dataset.base);
  });
  document.addEventListener('live:reset', () => {
    reloadQueue();
    if (openCode()) refreshTicket();
  });
  document.addEventListener('live:pulse', (event) => counts(event.detail.pulse?.counts || {}));
  looks = eyes(work);
  prepareQueue();
  arrive();
  typist = typing(line(work));
}

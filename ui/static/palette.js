// Everything the screen can do, found by a few letters without marks (Ctrl+K, or the button in the bar): screens,
// views, what may be done with the open ticket, tickets in the list, a search. Also where single keys are switched off.

import { choose, mode } from './alerts.js';

const dialog = document.getElementById('palette');
const box = dialog?.querySelector('input');
const list = dialog?.querySelector('ul');
const words = dialog?.dataset || {};
const off = () => localStorage.getItem('keys') === 'off';

// fold makes "Đường Nguyễn Huệ" and "duong nguyen hue" the same.
const fold = (s) => s.normalize('NFD').replace(/[\u0300-\u036f]/g, '').replace(/đ/g, 'd').replace(/Đ/g, 'D').toLowerCase().replace(/\s+/g, ' ').trim();
const said = (el) => {
  const copy = el.cloneNode(true);
  for (const x of copy.querySelectorAll('kbd, svg, b[data-count], .sr')) x.remove();
  return copy.textContent.replace(/\s+/g, ' ').trim();
};

function entries() {
  const out = [];
  const add = (group, text, act, key) => text && out.push({ group, text, act, key, folded: fold(text) });
  const go = (href) => () => location.assign(href);
  for (const b of document.querySelectorAll('#ticket .ticket-head button')) {
    add(words.ticket, said(b), () => b.click(), b.dataset.key);
  }
  for (const r of document.querySelectorAll('#ticket input[name=as]')) {
    add(words.ticket, said(r.parentElement), () => {
      r.click();
      document.getElementById('text')?.focus();
    });
  }
  for (const s of document.querySelectorAll('#ticket .fold > summary')) {
    add(words.ticket, said(s), () => {
      s.parentElement.open = true;
      s.scrollIntoView({ block: 'nearest' });
      (s.parentElement.querySelector('input:not([type=hidden]), select, textarea, button') || s).focus();
    });
  }
  for (const a of document.querySelectorAll('.queue-new a, .tabs a, .saved-views a')) add(words.view, said(a), go(a.href), a.dataset.key);
  for (const a of document.querySelectorAll('.bar-nav a, .bar-me')) add(words.screen, said(a), go(a.href));
  for (const a of document.querySelectorAll('.item > a')) {
    const name = a.querySelector('b')?.textContent || '';
    add(words.list, [name, a.querySelector('.item-what')?.textContent, a.querySelector('.item-words')?.textContent].filter(Boolean).join(' · '), () => a.click());
  }
  if (document.getElementById('work')) {
    for (const [how, text] of [['', words.alertOff], ['sound', words.alertSound], ['both', words.alertBoth]]) {
      if (how !== mode()) add(words.screen, text, () => choose(how));
    }
  }
  add(words.screen, off() ? words.keysOn : words.keysOff, () => {
    localStorage.setItem('keys', off() ? 'on' : 'off');
    document.documentElement.classList.toggle('no-keys', off());
  });
  return out;
}

let shown = [];
let all = [];
let at = 0;

function show() {
  const want = fold(box.value).split(' ').filter(Boolean);
  shown = all.filter((e) => want.every((w) => e.folded.includes(w))).slice(0, 12);
  if (box.value.trim()) {
    const base = document.getElementById('work')?.dataset.base || '/console';
    shown.push({ group: words.find, text: box.value.trim(), act: () => location.assign(base + '?q=' + encodeURIComponent(box.value.trim())) });
  }
  at = 0;
  list.replaceChildren(...shown.map((e, i) => {
    const li = document.createElement('li');
    li.id = 'palette-' + i;
    li.setAttribute('role', 'option');
    const small = document.createElement('small');
    small.textContent = e.group;
    const text = document.createElement('span');
    text.textContent = e.text;
    li.append(small, text);
    if (e.key && !off()) {
      const kbd = document.createElement('kbd');
      kbd.textContent = e.key;
      li.append(kbd);
    }
    li.addEventListener('click', () => run(i));
    return li;
  }));
  mark();
}

function mark() {
  [...list.children].forEach((li, i) => li.setAttribute('aria-selected', String(i === at)));
  list.children[at]?.scrollIntoView({ block: 'nearest' });
  if (shown.length) box.setAttribute('aria-activedescendant', 'palette-' + at);
  else box.removeAttribute('aria-activedescendant');
}

function run(i) {
  const e = shown[i];
  dialog.close();
  e?.act();
}

function open() {
  all = entries();
  box.value = '';
  show();
  dialog.showModal();
  box.focus();
}

if (dialog) {
  document.documentElement.classList.toggle('no-keys', off());
  document.addEventListener('keydown', (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      if (!dialog.open) open();
    }
  });
  box.addEventListener('input', show);
  box.addEventListener('keydown', (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      at = (at + step + shown.length) % Math.max(1, shown.length);
      mark();
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(at);
    }
  });
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.querySelector('[data-palette]')?.addEventListener('click', open);
}

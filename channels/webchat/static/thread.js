import { call } from './api.js';
import { judge } from './judge.js';

// The conversation in the page. What is there and has not changed is left alone: a selection, a focus and a loaded
// picture survive news. All words are put in as text, never as markup.

const ZONE = 'Asia/Ho_Chi_Minh';

export function thread(list, { lang, words, icons, act }) {
  const locale = lang === 'en' ? 'en-GB' : 'vi-VN';
  const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hour12: false, timeZone: ZONE });
  const day = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'numeric', year: 'numeric', timeZone: ZONE });
  const blobs = new Map(); // file id → promise of a blob address

  function el(name, attributes = {}, ...inside) {
    const e = document.createElement(name);
    for (const [k, v] of Object.entries(attributes)) if (v !== undefined && v !== false) e.setAttribute(k, v === true ? '' : v);
    e.append(...inside.filter((x) => x !== undefined && x !== ''));
    return e;
  }
  function icon(name) {
    if (!icons) return '';
    const ns = 'http://www.w3.org/2000/svg';
    const svg = document.createElementNS(ns, 'svg'), use = document.createElementNS(ns, 'use');
    svg.setAttribute('class', 'icon');
    svg.setAttribute('aria-hidden', 'true');
    use.setAttribute('href', icons + '#i-' + name);
    svg.append(use);
    return svg;
  }

  // linked puts addresses the hotline wrote within reach of a finger.
  function linked(text) {
    const out = [];
    let at = 0;
    for (const m of text.matchAll(/https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/g)) {
      out.push(text.slice(at, m.index), el('a', { href: m[0], target: '_blank', rel: 'noopener noreferrer' }, m[0]));
      at = m.index + m[0].length;
    }
    return [...out, text.slice(at)];
  }

  function size(n) {
    return n < 1 << 20 ? Math.ceil(n / 1024) + ' KB' : (n / (1 << 20)).toLocaleString(locale, { maximumFractionDigits: 1 }) + ' MB';
  }

  function blob(id) {
    if (!blobs.has(id)) {
      blobs.set(id, call('file/' + id, { blob: true, timeout: 60e3 }).then((a) => {
        if (a.ok) return URL.createObjectURL(a.blob);
        blobs.delete(id);
        return null;
      }));
    }
    return blobs.get(id);
  }

  const watch = new IntersectionObserver((all) => {
    for (const { isIntersecting, target } of all) {
      if (!isIntersecting) continue;
      watch.unobserve(target);
      blob(target.dataset.file).then((url) => { if (url) target.src = url; });
    }
  }, { root: list.parentElement, rootMargin: '200px' });

  function attachment(f) {
    if (f.picture) {
      // Room is kept for it before it comes: nothing jumps.
      const img = el('img', { alt: f.name || words.picture, width: f.width, height: f.height, 'data-file': f.id });
      watch.observe(img);
      const b = el('button', { type: 'button', class: 'shot', 'aria-label': words.enlarge.replace('{0}', f.name || words.picture) }, img);
      b.onclick = () => act.enlarge(f, blob(f.id));
      return b;
    }
    const b = el('button', { type: 'button', class: 'doc' }, icon('file-text'), el('span', {}, f.name || words.file), el('small', {}, size(f.size)));
    b.onclick = async () => {
      const url = await blob(f.id);
      if (url) el('a', { href: url, download: f.name || 'file' }).click();
      else act.failed(words.file_failed);
    };
    return b;
  }

  function bubble(m) {
    const li = el('li', { class: 'msg ' + m.kind + (m.state ? ' ' + m.state : '') });
    const body = el('div', { class: 'bubble' });
    if (m.label) body.append(el('b', { class: 'label' }, m.label));
    if (m.text) body.append(el('p', { class: 'words' }, ...(m.kind === 'own' ? [m.text] : linked(m.text))));
    if (m.files) body.append(el('div', { class: 'files' }, ...m.files.map(attachment)));
    if (m.text || m.label || m.files) li.append(body);
    if (m.choices) {
      li.append(el('div', { class: 'choices' }, ...m.choices.map((c) => {
        const b = el('button', { type: 'button', class: 'choice' }, c.label);
        b.onclick = () => act.choose(c);
        return b;
      })));
    }
    if (m.judge) li.append(judge(m, { el, icon, words, act }));
    const by = m.kind === 'own' ? words.you : m.by;
    li.append(el('p', { class: 'by' }, by + ' · ', el('time', { datetime: new Date(m.at).toISOString() }, clock.format(new Date(m.at))),
      m.state ? ' · ' + words[m.state] : ''));
    if (m.state === 'failed' || m.state === 'refused') {
      const again = el('button', { type: 'button', class: 'small' }, icon('rotate-ccw'), m.state === 'failed' ? words.again : words.mend);
      again.onclick = () => act.again(m);
      li.append(el('p', { class: 'why' }, m.why || words.no_answer), again);
    }
    return li;
  }

  const shapes = {
    card: (m) => el('li', { class: 'card' }, icon('circle-check'), el('p', {}, m.text, ' ', m.label || ''),
      el('p', {}, words.code + ' ', el('a', { class: 'code', href: m.url, target: '_blank', rel: 'noopener' }, m.code))),
    line: (m) => el('li', { class: 'line' }, m.text, ' · ', el('time', { datetime: new Date(m.at).toISOString() }, clock.format(new Date(m.at)))),
    day: (m) => el('li', { class: 'day' }, el('span', {}, m.text)),
  };

  function dayOf(at) {
    const d = new Date(at), now = new Date(), key = (x) => x.toLocaleDateString('en-CA', { timeZone: ZONE });
    if (key(d) === key(now)) return [key(d), words.today];
    if (key(d) === key(new Date(now - 864e5))) return [key(d), words.yesterday];
    return [key(d), day.format(d)];
  }

  // show puts the messages there, in order; what is equal stays the same element.
  function show(messages) {
    const want = [];
    let last = '';
    for (const m of messages) {
      const [key, text] = dayOf(m.at);
      if (key !== last) want.push({ id: 'day ' + key, kind: 'day', text });
      last = key;
      want.push(m);
    }
    const have = new Map([...list.children].map((li) => [li.dataset.id, li]));
    let place = list.firstElementChild;
    for (const m of want) {
      const print = JSON.stringify([m.kind, m.text, m.label, m.files, m.choices, m.state, m.why, m.by, m.judge]);
      let li = have.get(m.id);
      have.delete(m.id);
      if (!li || li.print !== print) {
        const fresh = (shapes[m.kind] || bubble)(m);
        fresh.dataset.id = m.id;
        fresh.print = print;
        if (m.receipt) fresh.dataset.receipt = m.receipt;
        if (li) {
          if (li === place) place = li.nextElementSibling;
          li.remove();
        }
        li = fresh;
      }
      if (li === place) place = li.nextElementSibling;
      else list.insertBefore(li, place);
    }
    for (const li of have.values()) li.remove();
  }

  return { show, el, icon, size };
}

// The button of the hotline's chat on another page: <script src="https://…/nhung/chat.js" async></script>, with
// data-lang, data-theme and data-side (left) if wanted. The conversation itself is in a frame of the hotline's own.
// What is served is this without comments and indentation.
(() => {
  'use strict';
  const d = document;
  const me = d.currentScript || d.querySelector('script[src*="/nhung/chat.js"]');
  if (!me || d.querySelector('hotline-chat')) return;
  const home = new URL(me.src).origin, set = me.dataset, flag = 'hotline-chat';
  const lang = /^en/.test(set.lang || d.documentElement.lang) ? 'en' : 'vi';
  const says = 'WORDS'[lang];
  const css = `:host{all:initial;position:fixed;z-index:2147483000;right:20px;bottom:20px;font:600 16px/1.5 "Be Vietnam Pro",system-ui,sans-serif}
:host([side=left]){right:auto;left:20px}
button{all:unset;display:flex;align-items:center;gap:10px;height:56px;padding:0 22px 0 18px;border-radius:28px;background:#0b57a4;color:#fff;cursor:pointer;box-shadow:0 4px 18px #081e3c59}
button:hover{background:#08417c}
:focus-visible{outline:3px solid #0b57a4;outline-offset:3px;box-shadow:0 0 0 3px #fff}
svg{width:26px;fill:none;stroke:#fff;stroke-width:2;stroke-linecap:round}
b{pointer-events:none;position:absolute;top:-6px;right:-4px;min-width:10px;padding:0 7px;border-radius:12px;background:#b3261e;color:#fff;font-size:13px;line-height:24px;text-align:center;box-shadow:0 0 0 2px #fff}
p{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);margin:0}
div{position:fixed;right:inherit;left:inherit;bottom:20px;width:400px;max-width:calc(100vw - 40px);height:660px;max-height:calc(100vh - 40px);border-radius:16px;overflow:hidden;background:#f3f4f8;box-shadow:0 8px 48px #081e3c59}
iframe{display:block;width:100%;height:100%;border:0;color-scheme:auto}
section{padding:30% 24px;display:grid;gap:24px;place-items:center}
a{color:#08417c;text-align:center}
[hidden]{display:none!important}
@media(max-width:480px),(max-height:480px){div{inset:0;min-width:100%;min-height:100%;border-radius:0}span{display:none}button{padding:0 15px}}
@media print{:host{display:none}}`;
  const make = (name, more, ...inside) => {
    const e = name === 'svg' || name === 'path' ? d.createElementNS('http://www.w3.org/2000/svg', name) : d.createElement(name);
    for (const k in more) e.setAttribute(k, more[k]);
    e.append(...inside);
    return e;
  };
  const host = make('hotline-chat', set.side === 'left' ? { side: 'left' } : {});
  const root = host.attachShadow({ mode: 'open' });
  // Styles made by script are not inline styles: the page's policy lets them be.
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
  } catch {
    root.append(make('style', {}, css));
  }
  const badge = make('b', { 'aria-hidden': true }), news = make('p', { role: 'status' });
  const button = make('button', { type: 'button', 'aria-haspopup': 'dialog' },
    make('svg', { viewBox: '0 0 24 24' }, make('path', { d: 'M2.992 16.342a2 2 0 0 1 .094 1.167l-1.065 3.29a1 1 0 0 0 1.236 1.168l3.413-.998a2 2 0 0 1 1.099.092 10 10 0 1 0-4.777-4.719M8 12h.01M12 12h.01M16 12h.01' })),
    make('span', {}, says.button));
  const panel = make('div', { hidden: '', role: 'dialog', 'aria-label': says.title });
  root.append(button, badge, news, panel);
  const page = home + '/nhung/chat?lang=' + lang + (set.theme ? '&theme=' + set.theme : '');
  let frame, ready, open, apart;

  const tell = (what) => ready && frame.contentWindow.postMessage({ hotline: what }, home);
  const load = () => {
    if (frame) return;
    frame = make('iframe', { title: says.title, src: page + '&site=' + encodeURIComponent(location.origin) });
    panel.append(frame);
  };
  const count = (n) => {
    const some = n ? n + ' ' + says.unread : '';
    badge.hidden = !n;
    badge.textContent = n;
    button.setAttribute('aria-label', says.open + (n ? ' (' + some + ')' : ''));
    news.textContent = some;
  };
  const show = (yes) => {
    open = yes;
    load();
    count(0);
    panel.hidden = !yes;
    button.hidden = yes;
    tell(yes ? 'open' : 'shut');
    if (!yes) return button.focus();
    // Where a policy keeps the frame away, the window opens apart.
    setTimeout(() => {
      if (ready || frame.hidden) return;
      frame.hidden = true;
      const shut = make('button', {}, says.shut);
      shut.onclick = () => show(false);
      panel.append(apart = make('section', {}, make('a', { href: page, target: '_blank', rel: 'noopener' }, says.apart), shut));
    }, 8000);
  };
  // A page that has a conversation loads the frame by itself, so that news are seen.
  const kept = (how, ...more) => {
    try { return localStorage[how + 'Item'](flag, ...more); } catch { /* not here */ }
  };
  addEventListener('message', ({ origin, source, data }) => {
    if (!frame || origin !== home || source !== frame.contentWindow) return;
    switch (data.hotline) {
      case 'ready': ready = 1; frame.hidden = false; apart?.remove(); tell(open ? 'open' : 'shut'); break;
      case 'shut': show(false); break;
      case 'unread': count(open ? 0 : data.n); break;
      case 'begun': kept('set', 1); break;
      case 'forgot': kept('remove');
    }
  });
  button.onclick = () => show(true);
  count(0);
  const put = () => {
    d.body.append(host);
    if (kept('get')) load();
  };
  d.body ? put() : addEventListener('DOMContentLoaded', put);
})();

// Keeps a window up to date. look() asks the house and gives the answer or null; everything comes by it. A websocket
// only says when to look. Without one (it is refused, blocked, broken) looking every `poll` ms is all there is, and it
// is enough: nothing else differs.
//
//   const line = follow({ look, poll, tell, answering });   tell(state): 'online' | 'asking' | 'offline'
//   answering() is called while somebody of the hotline is writing, about every three seconds; only a line tells that.
//   line.typing() says that she is writing here, and nothing of what
//   line.start()   looks now, and from now on      line.stop()      line.look()   looks now

const HANDSHAKE = 10e3, WATCHDOG = 60e3, CAP = 10e3, TYPING = 3e3;

export function follow({ look, poll, tell, answering }) {
  let socket = null, greeted = false, code = '';
  let failures = 0;        // sockets in a row that never got a greeting
  let missed = 0;          // looks in a row that failed
  let running = false, busy = false, again = false, others = false;
  let timer = 0, dog = 0, state = '', said = 0;

  function say(next) {
    if (next !== state) tell(state = next);
  }

  async function now() {
    clearTimeout(timer);
    if (!running) return;
    if (busy) { again = true; return; }
    busy = true;
    let view;
    do {
      again = false;
      view = await look();
    } while (again && running);
    busy = false;
    if (!running) return;
    missed = view ? 0 : missed + 1;
    if (view) {
      others = !!view.others;
      if (socket && view.live && view.live.code !== code) hangUp(); // another matter is the one to follow
      if (!socket && view.live) listen(view.live);
    }
    if (!greeted) say(view ? 'asking' : 'offline');
    plan();
  }

  // plan says when to look next without being told to.
  function plan() {
    clearTimeout(timer);
    if (!running) return;
    let wait = poll;
    if (missed) wait = Math.min(poll, 1000 * 2 ** Math.min(missed, 5)) * (0.5 + Math.random() / 2);
    else if (greeted) wait = others ? 2 * poll : 0;
    if (wait) timer = setTimeout(now, wait);
  }

  function listen(live) {
    const u = new URL('/nhung/chat/live', location.href);
    u.protocol = u.protocol.replace('http', 'ws');
    u.searchParams.set('epoch', live.epoch);
    u.searchParams.set('since', live.since);
    let s;
    try {
      s = socket = new WebSocket(u.href, ['hotline-chat', live.pass]);
    } catch { failures++; return; }
    code = live.code;
    feed(s, HANDSHAKE);
    s.onmessage = ({ data }) => {
      if (s !== socket) return;
      feed(s, WATCHDOG);
      const m = JSON.parse(data);
      if (m.hello) {
        greeted = true;
        failures = 0;
        say('online');
        plan();
      } else if (Array.isArray(m) || 'reset' in m) {
        now();
      } else if (m.typing) {
        answering();
      }
    };
    s.onclose = ({ code: why, reason }) => { if (s === socket) closed(why, reason); };
  }

  function closed(why, reason) {
    const was = greeted;
    hangUp();
    if (!running) return;
    if (!was) failures++;
    const told = why === 1012 && /retry=(\d+)/.exec(reason);
    clearTimeout(timer);
    // A line that was good is soon good again; one that never was is tried each time we ask anyway.
    const wait = told ? Math.min(Number(told[1]), 3 * CAP) : was ? 200 + Math.random() * 1500 : failures < 3 ? Math.random() * CAP / 4 * failures : poll;
    timer = setTimeout(now, Math.min(wait, poll));
    if (was && !told) say('asking');
  }

  function hangUp() {
    clearTimeout(dog);
    const s = socket;
    socket = null;
    greeted = false;
    if (s) s.close();
  }
  function feed(s, time) {
    clearTimeout(dog);
    dog = setTimeout(() => { if (s === socket) closed(1006, ''); }, time);
  }

  addEventListener('online', now);
  addEventListener('offline', () => { if (running) say('offline'); });
  document.addEventListener('visibilitychange', () => { if (!document.hidden && !greeted) now(); });
  addEventListener('pagehide', hangUp); // a page that is put away keeps no socket
  addEventListener('pageshow', (e) => { if (e.persisted) now(); });

  return {
    start() { running = true; now(); },
    look: now,
    typing() {
      if (!greeted || Date.now() - said < TYPING) return;
      said = Date.now();
      socket.send('{"typing":true}');
    },
    stop() { running = false; clearTimeout(timer); hangUp(); say(''); },
  };
}

// Live connection of a screen: one websocket that comes back by itself and goes on where it was.
//
//   import { live } from "./live.js";
//   const line = live({ url: "/live", epoch: "…", seq: 42 });   // the place the page was rendered at
//
// It changes nothing in the page. It tells the document (CustomEvent, see detail):
//   live:change  { changes: [{seq, ticket, version, row, removed, stale, say, data}, …] } as one message brought them;
//                ignore one whose version is below the one shown
//   live:reset   { seq } changes were missed: load again what the page shows
//   live:typing  { ticket } the citizen of the ticket this screen has said to have open ({"open": code}) is writing
//   live:eyes    { eyes } who has which ticket on the screen: {CODE: [[user, name], …]}
//   live:looking { ticket, names } which colleagues look at the ticket this screen has said to have open
//   live:pulse   { pulse } figures beside the list
//   live:own     { own } what is this person's own (her telephone), all of it as it stands
//   live:state   { state, polling, age } online | reconnecting | offline, age of the data in ms; again every 5 s while
//                it is not online
//   live:signin  {} the session is over; nothing more will come
//   live:version { version } the program has been replaced since the page was loaded
//
// options: url (of the websocket, may hold a query), epoch and seq (without them: the last place of this tab, else from
// now on), poll (address to ask every 25 s when websockets do not get through; the same url if left out).
// Chrome 109, Firefox 115, Safari 16; needs script-src 'self' and connect-src 'self' only.

const WATCHDOG = 60e3, POLL = 25e3, CAP = 10e3, BASE = 500, STEADY = 10e3, HANDSHAKE = 15e3;

export function live(options) {
  const key = "live:" + options.url;
  let { epoch, seq } = options.epoch === undefined ? remembered(key) : options;
  let socket = null, state = "", polling = false, version = null, watched = null;
  let heard = Date.now();      // when the server last said anything
  let failures = 0, tries = 0; // in a row without a greeting; since the line was last steady, for the delay
  let over = false, dogTimer, backTimer, pollTimer, steadyTimer;
  const clock = setInterval(() => { if (state !== "online") tell(); }, 5e3);

  function emit(name, detail) {
    document.dispatchEvent(new CustomEvent("live:" + name, { detail }));
  }
  function tell(next = state) {
    state = next;
    emit("state", { state, polling, age: Date.now() - heard });
  }
  function moved(place) {
    if (!(place >= 0)) return;
    seq = place;
    try { sessionStorage.setItem(key, JSON.stringify({ epoch, seq })); } catch (_) { /* private mode */ }
  }

  function address() {
    const u = new URL(options.url, location.href);
    u.protocol = u.protocol.replace("http", "ws");
    if (epoch !== undefined && seq >= 0) {
      u.searchParams.set("epoch", epoch);
      u.searchParams.set("since", seq);
    }
    return u.href;
  }

  function connect() {
    clearTimeout(backTimer);
    if (over || socket) return;
    if (state !== "online") tell("reconnecting");
    const s = socket = new WebSocket(address());
    let greeted = false;
    feedDog(s, HANDSHAKE);
    s.onmessage = (event) => {
      if (s !== socket) return;
      heard = Date.now();
      feedDog(s, WATCHDOG);
      const message = JSON.parse(event.data);
      if (message.hello) {
        greeted = true;
        failures = 0;
        steadyTimer = setTimeout(() => { tries = 0; }, STEADY);
        stopPolling();
        if (watched) s.send(JSON.stringify({ watch: watched }));
        greet(message.hello, seq === undefined);
        tell("online");
      } else {
        take(message);
      }
    };
    s.onclose = (event) => { if (s === socket) closed(event, greeted); };
  }

  function greet(hello, adopt) {
    if (adopt || epoch !== hello.epoch) { // of another journal: the reset that follows says so
      epoch = hello.epoch;
      moved(hello.seq);
    }
    if (version !== null && version !== hello.version) emit("version", { version: hello.version });
    version = hello.version;
  }

  function take(message) {
    if (Array.isArray(message)) {
      emit("change", { changes: message });
      moved(message[message.length - 1].seq);
    } else if ("reset" in message) {
      moved(message.reset);
      emit("reset", { seq });
    } else if ("hb" in message) {
      moved(message.hb);
    } else if ("pulse" in message) {
      emit("pulse", { pulse: message.pulse });
    } else if ("typing" in message) {
      emit("typing", { ticket: message.typing });
    } else if ("eyes" in message) {
      emit("eyes", { eyes: message.eyes });
    } else if ("looking" in message) {
      emit("looking", message.looking);
    } else if ("own" in message) {
      emit("own", { own: message.own });
    }
  }

  function closed(event, greeted) {
    hangUp();
    if (over) return;
    if (event.code === 1008 || event.code === 4401) return signIn();
    if (!greeted && ++failures >= 3) startPolling();
    const told = event.code === 1012 && /retry=(\d+)/.exec(event.reason);
    const delay = told ? Math.min(Number(told[1]), 3 * CAP) : Math.random() * Math.min(CAP, BASE * 2 ** tries++);
    if (!polling) tell(navigator.onLine === false ? "offline" : "reconnecting");
    backTimer = setTimeout(connect, polling ? POLL : delay);
  }

  // hangUp lets go of the socket: an old one's late close must not be taken for the new one's.
  function hangUp(code) {
    clearTimeout(dogTimer);
    clearTimeout(steadyTimer);
    const s = socket;
    socket = null;
    if (s) s.close(code);
  }
  function feedDog(s, time) {
    clearTimeout(dogTimer);
    dogTimer = setTimeout(() => { if (s === socket) closed({ code: 1006 }, time === WATCHDOG); }, time);
  }
  function signIn() {
    close();
    tell("offline");
    emit("signin", {});
  }

  function startPolling() {
    if (polling) return;
    polling = true;
    poll();
  }
  function stopPolling() {
    polling = false;
    clearTimeout(pollTimer);
  }
  async function poll() {
    clearTimeout(pollTimer);
    try {
      const answer = await fetch(options.poll || options.url, { cache: "no-store", headers: { Accept: "application/json" } });
      if (!polling || over) return;
      if (answer.status === 401 || answer.status === 403 || answer.redirected) return signIn();
      if (!answer.ok) throw new Error(answer.status);
      const { hello } = await answer.json();
      if (!polling || over) return;
      heard = Date.now();
      const behind = seq !== undefined && (hello.epoch !== epoch || hello.seq !== seq);
      greet(hello, true);
      if (behind) emit("reset", { seq });
      tell("online");
    } catch (_) {
      if (polling && !over) tell("offline");
    }
    if (polling && !over) pollTimer = setTimeout(poll, POLL);
  }

  function hurry() { // the network is back, or the page is looked at again
    if (!over && !socket && !document.hidden) connect();
  }
  function sleep() { // a page that is put away keeps no socket, so that "back" finds it as it was
    hangUp(1000);
    [backTimer, pollTimer].forEach(clearTimeout);
  }
  function wake(event) {
    if (!event.persisted || over) return;
    if (polling) poll();
    connect();
  }
  const listeners = [[window, "online", hurry], [document, "visibilitychange", hurry], [window, "pagehide", sleep],
    [window, "pageshow", wake], [window, "offline", () => tell("offline")]];
  for (const [target, name, fn] of listeners) target.addEventListener(name, fn);

  function close() {
    over = true;
    sleep();
    stopPolling();
    clearInterval(clock);
    for (const [target, name, fn] of listeners) target.removeEventListener(name, fn);
  }

  connect();
  return {
    close,
    // watch narrows what is told to these tickets; null takes all again.
    watch(codes) {
      watched = codes;
      if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ watch: codes }));
    },
    // say sends a message if the line is good; what a lost one would have said is not said later.
    say(message) {
      if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    get place() { return { epoch, seq }; },
  };
}

function remembered(key) {
  try { return JSON.parse(sessionStorage.getItem(key)) || {}; } catch (_) { return {}; }
}

package ticketing

import (
	"net/netip"
	"sync"
	"time"
)

// throttle slows guessing down. A name is never locked: each wrong try at a name from one network makes that network
// wait longer for that name, and wrong tries at many names make the network wait for all. A browser that its owner
// has signed in at is counted by itself. So nobody can keep the owner out by guessing. It is kept in memory: a
// restart forgets it, and each process counts for itself.
type throttle struct {
	mu    sync.Mutex
	tries map[string]tries
}

type tries struct {
	n     int
	until time.Time
	last  time.Time
}

// limit is a lane that wrong tries are counted in, and how many are free.
type limit struct {
	key  string
	free int
}

const (
	freeTries   = 4                // typing errors are human
	maxWait     = 15 * time.Minute //
	forgetAfter = time.Hour
	maxTracked  = 10_000
)

// guesses are the lanes a try at somebody's password is counted in.
func (a *Accounts) guesses(name string, k Knock) []limit {
	if device := a.Device(name, k.Known); device != "" {
		return []limit{{"password by\x00" + name + "\x00" + device, freeTries}}
	}
	near, wide := networks(k.IP)
	return []limit{{"password\x00" + name + "\x00" + near, freeTries}, {"near\x00" + near, 5 * freeTries}, {"wide\x00" + wide, 25 * freeTries}}
}

// codeGuesses are those of a code. Who tries one knows the password already, so the account as a whole has a lane
// too: strangers cannot reach it, and its owner's browsers have their own.
func (a *Accounts) codeGuesses(name string, k Knock) []limit {
	if device := a.Device(name, k.Known); device != "" {
		return []limit{{"code by\x00" + name + "\x00" + device, freeTries}}
	}
	near, _ := networks(k.IP)
	return []limit{{"code\x00" + name + "\x00" + near, freeTries}, {"code of\x00" + name, 5 * freeTries}}
}

// networks is what an address counts as: near, an IPv4 address or the /64 a home has; wide, what one customer of a
// provider may have at his disposal.
func networks(ip string) (near, wide string) {
	at, err := netip.ParseAddr(ip)
	if err != nil {
		return ip, ip
	}
	bits, wider := 32, 24
	if at = at.Unmap(); at.Is6() {
		bits, wider = 64, 48
	}
	n, err1 := at.WithZone("").Prefix(bits)
	w, err2 := at.WithZone("").Prefix(wider)
	if err1 != nil || err2 != nil {
		return ip, ip
	}
	return n.String(), w.String()
}

// taken is a try that has been counted as wrong already, so that a thousand at once are no more than one after the
// other.
type taken struct {
	t      *throttle
	limits []limit
}

// try counts one, or says how long to wait.
func (a *Accounts) try(limits ...limit) (taken, error) {
	if wait := a.throttle.take(a.Now(), limits); wait > 0 {
		return taken{}, &Error{Class: Busy, Key: "error.sign_in_wait", Args: []any{int(wait.Seconds()) + 1}}
	}
	return taken{&a.throttle, limits}, nil
}

func (t *throttle) take(now time.Time, limits []limit) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	var wait time.Duration
	for _, l := range limits {
		wait = max(wait, t.tries[l.key].until.Sub(now))
	}
	if wait > 0 {
		return wait
	}
	t.sweep(now)
	for _, l := range limits {
		v := t.tries[l.key]
		if now.Sub(v.last) > forgetAfter {
			v = tries{}
		}
		v.n++
		v.last = now
		if over := v.n - l.free; over > 0 {
			v.until = now.Add(min(maxWait, time.Second<<min(over, 12)))
		}
		t.tries[l.key] = v
	}
	return 0
}

func (t *throttle) sweep(now time.Time) {
	if t.tries == nil {
		t.tries = map[string]tries{}
	}
	if len(t.tries) <= maxTracked {
		return
	}
	for k, v := range t.tries {
		if now.Sub(v.last) > forgetAfter || len(t.tries) > 2*maxTracked {
			delete(t.tries, k)
		}
	}
}

// back takes a try back that nobody could judge. There was no wait when it was let in, so there is none now.
func (k taken) back() { k.undo(false) }

// right takes it back because it was right; of the first lane, which is the person's own, all is forgotten.
func (k taken) right() { k.undo(true) }

func (k taken) undo(right bool) {
	k.t.mu.Lock()
	defer k.t.mu.Unlock()
	for i, l := range k.limits {
		v, ok := k.t.tries[l.key]
		switch {
		case !ok:
		case right && i == 0, v.n <= 1:
			delete(k.t.tries, l.key)
		default:
			v.n--
			v.until = time.Time{}
			k.t.tries[l.key] = v
		}
	}
}

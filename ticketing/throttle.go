package ticketing

import (
	"sync"
	"time"
)

// throttle slows guessing down. A name is never locked: each wrong try at a name from one address makes that
// address wait longer for that name, and wrong tries at many names make the address wait for all. So nobody can keep
// the owner out by guessing from elsewhere. It is kept in memory: a restart forgets it, and each process counts for
// itself.
type throttle struct {
	mu    sync.Mutex
	tries map[string]tries
}

type tries struct {
	n     int
	until time.Time
	last  time.Time
}

const (
	freeTries   = 4                // typing errors are human
	maxWait     = 15 * time.Minute //
	forgetAfter = time.Hour
	maxTracked  = 10_000
)

func throttleKeys(name, ip string) (pair, address string) { return name + "\x00" + ip, "\x00" + ip }

// wait is how long the address must still wait before it may try the name.
func (t *throttle) wait(now time.Time, name, ip string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	pair, address := throttleKeys(name, ip)
	return max(t.tries[pair].until.Sub(now), t.tries[address].until.Sub(now))
}

func (t *throttle) failed(now time.Time, name, ip string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tries == nil {
		t.tries = map[string]tries{}
	}
	if len(t.tries) > maxTracked {
		for k, v := range t.tries {
			if now.Sub(v.last) > forgetAfter || len(t.tries) > 2*maxTracked {
				delete(t.tries, k)
			}
		}
	}
	pair, address := throttleKeys(name, ip)
	t.count(now, pair, freeTries)
	t.count(now, address, 5*freeTries)
}

func (t *throttle) count(now time.Time, key string, free int) {
	v := t.tries[key]
	if now.Sub(v.last) > forgetAfter {
		v = tries{}
	}
	v.n++
	v.last = now
	if over := v.n - free; over > 0 {
		v.until = now.Add(min(maxWait, time.Second<<min(over, 12)))
	}
	t.tries[key] = v
}

func (t *throttle) passed(name, ip string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	pair, _ := throttleKeys(name, ip)
	delete(t.tries, pair)
}

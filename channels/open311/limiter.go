package open311

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// mostKeys bounds a limiter's memory.
const mostKeys = 10_000

// limiter gives each caller a bucket of its own, so that one who runs away slows only itself. It is kept in memory:
// each process counts for itself.
type limiter struct {
	per   rate.Limit
	burst int

	mu      *sync.Mutex
	buckets map[string]*rate.Limiter
}

func newLimiter(perSecond float64, burst int) limiter {
	return limiter{per: rate.Limit(perSecond), burst: burst, mu: new(sync.Mutex), buckets: map[string]*rate.Limiter{}}
}

// allow takes one from the caller's bucket.
func (l *limiter) allow(key string, now time.Time) bool {
	l.mu.Lock()
	b, ok := l.buckets[key]
	if !ok {
		if len(l.buckets) >= mostKeys {
			l.drop(now)
		}
		b = rate.NewLimiter(l.per, l.burst)
		l.buckets[key] = b
	}
	l.mu.Unlock()
	return b.AllowN(now, 1)
}

// drop forgets the buckets that are full again: a new one says the same. Where that does not halve them, others go,
// so that not every call has to look through all.
func (l *limiter) drop(now time.Time) {
	for k, b := range l.buckets {
		if b.TokensAt(now) >= float64(l.burst) {
			delete(l.buckets, k)
		}
	}
	for k := range l.buckets {
		if len(l.buckets) <= mostKeys/2 {
			return
		}
		delete(l.buckets, k)
	}
}

// network is the caller's address as a key: of IPv6 the half that one household has.
func network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	if a = a.Unmap(); a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

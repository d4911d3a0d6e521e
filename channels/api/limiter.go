package api

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// mostKeys bounds the limiter's memory. Keys are tokens and accounts that have been recognised, so strangers cannot
// fill it.
const mostKeys = 10_000

// limiter gives each caller a bucket of its own, so that a runaway program slows only itself. It is kept in memory:
// each process counts for itself.
type limiter struct {
	per   rate.Limit
	burst int

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

func newLimiter(l Limits) limiter {
	return limiter{per: rate.Limit(l.PerSecond), burst: l.Burst, buckets: map[string]*rate.Limiter{}}
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

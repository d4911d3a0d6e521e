package telegram

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// guards keep one chat from making the bot talk all day, and from guessing codes. They are kept in memory: a restart
// forgets them, and each process counts for itself.
type guards struct {
	mu    sync.Mutex
	kept  map[guardKey]*rate.Limiter
	calls int
}

type guardKey struct {
	what string
	chat int64
}

// command: twenty at once, then one in three seconds.
func (g *guards) command(chat int64, now time.Time) bool {
	return g.limiter("command", chat, rate.Every(3*time.Second), 20, now).AllowN(now, 1)
}

// group: one notice an hour.
func (g *guards) group(chat int64, now time.Time) bool {
	return g.limiter("group", chat, rate.Every(time.Hour), 1, now).AllowN(now, 1)
}

// mayGuess says whether the chat may still ask for codes; wrong tells of a code that is none.
func (g *guards) mayGuess(chat int64, now time.Time) bool {
	return g.guesses(chat, now).TokensAt(now) >= 1
}

func (g *guards) wrong(chat int64, now time.Time) { g.guesses(chat, now).AllowN(now, 1) }

// guesses: ten wrong codes, then one in ten minutes. A code has 55 random bits.
func (g *guards) guesses(chat int64, now time.Time) *rate.Limiter {
	return g.limiter("code", chat, rate.Every(10*time.Minute), 10, now)
}

func (g *guards) limiter(what string, chat int64, every rate.Limit, burst int, now time.Time) *rate.Limiter {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.kept == nil {
		g.kept = map[guardKey]*rate.Limiter{}
	}
	if g.calls++; g.calls%4096 == 0 { // those that are full again remember nothing
		for k, l := range g.kept {
			if l.TokensAt(now) >= float64(l.Burst()) {
				delete(g.kept, k)
			}
		}
	}
	key := guardKey{what, chat}
	l := g.kept[key]
	if l == nil {
		l = rate.NewLimiter(every, burst)
		g.kept[key] = l
	}
	return l
}

package phone

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"hotline1022/ticketing/words"
)

// Health is how the channel does, for the settings page.
type Health struct {
	Hears     bool // pushed events
	Dials     bool // the manager connection is wanted
	Connected bool // and stands
	LastEvent time.Time
	Snapshot  time.Time        // the last that was whole
	Skew      time.Duration    // the exchange's clock against ours
	Counts    map[string]int64 // since the start of this process: "taken newCall", "unsigned", "lost" …
	Problems  []Problem        // what a person should look at, the latest last
}

// Problem is something that does not mend itself. It goes when the same thing works again.
type Problem struct {
	Key   string // of the sentence in package words
	Args  []any
	At    time.Time // when it was seen last
	Times int
}

// Text is the problem in words.
func (p Problem) Text(lang string) string { return words.T(lang, p.Key, p.Args...) }

// health is what Health is made of.
type health struct {
	mu        sync.Mutex
	lastEvent time.Time
	counts    map[string]int64
	problems  []Problem
}

// Health says how the channel does.
func (c *Channel) Health() Health {
	c.mu.Lock()
	out := Health{Hears: c.Hears(), Dials: c.Dials(), Connected: c.conn != nil, Snapshot: c.heard, Skew: c.skew}
	c.mu.Unlock()
	c.health.mu.Lock()
	defer c.health.mu.Unlock()
	out.LastEvent, out.Counts, out.Problems = c.health.lastEvent, maps.Clone(c.health.counts), slices.Clone(c.health.problems)
	return out
}

func (h *health) count(what string, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.counts == nil {
		h.counts = map[string]int64{}
	}
	h.counts[what]++
	h.lastEvent = now
}

// alarm tells people: on the settings page, and once in the log.
func (c *Channel) alarm(key string, args ...any) {
	h := &c.health
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, p := range h.problems {
		if p.Key == key {
			h.problems[i] = Problem{Key: key, Args: args, At: c.now(), Times: p.Times + 1}
			return
		}
	}
	h.problems = append(h.problems, Problem{Key: key, Args: args, At: c.now(), Times: 1})
	c.Log.Error("the telephone needs a person", "err", words.T(words.English, key, args...))
}

// calm takes problems back that are no more.
func (c *Channel) calm(keys ...string) {
	h := &c.health
	h.mu.Lock()
	defer h.mu.Unlock()
	h.problems = slices.DeleteFunc(h.problems, func(p Problem) bool { return slices.Contains(keys, p.Key) })
}

// patiently does something until it succeeds or ctx ends, with pauses that grow.
func (c *Channel) patiently(ctx context.Context, do func() error) error {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := do()
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		c.Log.Warn("the store did not do as asked; trying on", "err", err)
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

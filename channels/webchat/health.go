package webchat

import (
	"maps"
	"sync"
	"time"

	"hotline1022/ticketing/words"
)

// Health is how the channel does, for the settings page.
type Health struct {
	Hears, Speaks bool // always: the window needs no other side
	LastEvent     time.Time
	LastSent      time.Time
	Counts        map[string]int64 // since the start of this process: "taken", "repeated", "honeypot" …
	Problems      []Problem
}

// Problem is something a person should look at.
type Problem struct {
	Key   string // of the sentence in package words
	Args  []any
	At    time.Time // when it was seen last
	Times int
}

// Text is the problem in words.
func (p Problem) Text(lang string) string { return words.T(lang, p.Key, p.Args...) }

type health struct {
	mu        sync.Mutex
	lastEvent time.Time
	lastSent  time.Time
	counts    map[string]int64
	strangers Problem // pages that are not on the list and tried to carry the window
}

// Health says how the channel does.
func (c *Channel) Health() Health {
	h := &c.health
	h.mu.Lock()
	defer h.mu.Unlock()
	out := Health{Hears: true, Speaks: true, LastEvent: h.lastEvent, LastSent: h.lastSent, Counts: maps.Clone(h.counts)}
	if h.strangers.Times > 0 {
		out.Problems = []Problem{h.strangers}
	}
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

// stranger notes a page that may not carry the window. Its address is not kept: anybody can send any.
func (h *health) stranger(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.strangers = Problem{Key: "webchat.alarm.site", At: now, Times: h.strangers.Times + 1}
}

func (h *health) sent(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lastSent = now
}

package open311

import (
	"maps"
	"sync"
	"time"

	"hotline1022/ticketing/words"
)

// Health is how the channel does, for the settings page.
type Health struct {
	LastEvent time.Time        // a report or an update came in
	LastSent  time.Time        // a ticket went to an agency
	Counts    map[string]int64 // since the start of this process: "taken", "repeated", "refused", "sent" …
	Problems  []Problem        // what a person should look at, the latest last
}

// Problem is something that does not mend itself. It goes when the same thing works again.
type Problem struct {
	Key   string // of the sentence in package words
	Args  []any  // the first is the agency's name
	At    time.Time
	Times int
}

// Text is the problem in words.
func (p Problem) Text(lang string) string { return words.T(lang, p.Key, p.Args...) }

type health struct {
	mu        sync.Mutex
	lastEvent time.Time
	lastSent  time.Time
	counts    map[string]int64
	problems  []Problem
}

// Health says how the channel does.
func (c *Channel) Health() Health {
	h := &c.health
	h.mu.Lock()
	defer h.mu.Unlock()
	return Health{LastEvent: h.lastEvent, LastSent: h.lastSent, Counts: maps.Clone(h.counts), Problems: append([]Problem(nil), h.problems...)}
}

// count notes something that came in.
func (h *health) count(what string, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.add(what)
	h.lastEvent = now
}

// add counts; h.mu is held.
func (h *health) add(what string) {
	if h.counts == nil {
		h.counts = map[string]int64{}
	}
	h.counts[what]++
}

// did notes something that went out.
func (h *health) did(what string, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.add(what)
	if what == "sent" {
		h.lastSent = now
	}
}

// alarm tells people: on the settings page, and once in the log. One agency has one problem of a sort.
func (c *Channel) alarm(key string, agency string, args ...any) {
	h := &c.health
	h.mu.Lock()
	defer h.mu.Unlock()
	all := append([]any{agency}, args...)
	for i, p := range h.problems {
		if p.Key == key && p.Args[0] == agency {
			h.problems[i] = Problem{Key: key, Args: all, At: c.now(), Times: p.Times + 1}
			return
		}
	}
	h.problems = append(h.problems, Problem{Key: key, Args: all, At: c.now(), Times: 1})
	c.Log.Error("an agency's endpoint needs a person", "err", words.T(words.English, key, all...))
}

// allClear takes an agency's problems off the list.
func (c *Channel) allClear(agency string) {
	h := &c.health
	h.mu.Lock()
	defer h.mu.Unlock()
	kept := h.problems[:0]
	for _, p := range h.problems {
		if p.Args[0] != agency {
			kept = append(kept, p)
		}
	}
	h.problems = kept
}

package email

import (
	"maps"
	"slices"
	"sync"
	"time"

	"hotline1022/ticketing/words"
)

// Health is how the channel does, for the settings page.
type Health struct {
	Hears     bool      // the mailbox could be read the last time
	Speaks    bool      // the mail server took our last letter, or none was sent yet
	LastEvent time.Time // a letter
	LastSent  time.Time
	Counts    map[string]int64 // since the start of this process: "taken", "joined", "auto-reply" …
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
	lastSent  time.Time
	counts    map[string]int64
	problems  []Problem
}

// Health says how the channel does.
func (c *Channel) Health() Health {
	h := &c.health
	h.mu.Lock()
	defer h.mu.Unlock()
	return Health{
		Hears: c.hears.Load(), LastEvent: h.lastEvent, LastSent: h.lastSent,
		Speaks: !slices.ContainsFunc(h.problems, func(p Problem) bool { return slices.Contains(sendAlarms, p.Key) }),
		Counts: maps.Clone(h.counts), Problems: slices.Clone(h.problems),
	}
}

var (
	readAlarms = []string{"email.alarm.mailbox", "email.alarm.signin", "email.alarm.away", "email.alarm.folder"}
	sendAlarms = []string{"email.alarm.smtp_signin", "email.alarm.smtp_sender", "email.alarm.smtp_away"}
)

// count is for what came in.
func (h *health) count(what string, now time.Time) {
	h.tally(what)
	h.mu.Lock()
	h.lastEvent = now
	h.mu.Unlock()
}

func (h *health) tally(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.counts == nil {
		h.counts = map[string]int64{}
	}
	h.counts[what]++
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
	c.Log.Error("e-mail needs a person", "err", words.T(words.English, key, args...))
}

// allClear takes problems off the list that are over.
func (c *Channel) allClear(keys ...string) {
	h := &c.health
	h.mu.Lock()
	defer h.mu.Unlock()
	h.problems = slices.DeleteFunc(h.problems, func(p Problem) bool { return slices.Contains(keys, p.Key) })
}

func (c *Channel) sent() {
	c.health.mu.Lock()
	c.health.lastSent = c.now()
	c.health.mu.Unlock()
	c.allClear(sendAlarms...)
}

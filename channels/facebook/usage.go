package facebook

import (
	"encoding/json"
	"net/http"
	"time"
)

// load is how much of its limits a page has used, as the headers of every answer tell
// (https://developers.facebook.com/docs/graph-api/overview/rate-limiting).
type load struct {
	percent float64
	regain  time.Duration // until calls are taken again; 0: they are taken
}

// used is one limit's use, in per cent of it.
type used struct {
	Calls   float64 `json:"call_count"`
	Time    float64 `json:"total_time"`
	CPU     float64 `json:"total_cputime"`
	Minutes float64 `json:"estimated_time_to_regain_access"`
}

func (l *load) add(u used) {
	l.percent = max(l.percent, u.Calls, u.Time, u.CPU)
	if u.Minutes > 0 {
		l.regain = max(l.regain, time.Duration(min(u.Minutes, 24*60)*float64(time.Minute)))
	}
}

// usage reads the headers; what is not there or cannot be read is no load.
func usage(h http.Header) load {
	var l load
	for _, name := range []string{"X-App-Usage", "X-Page-Usage"} {
		var u used
		if lenient([]byte(h.Get(name)), &u) == nil {
			l.add(u)
		}
	}
	var cases map[string]json.RawMessage
	if json.Unmarshal([]byte(h.Get("X-Business-Use-Case-Usage")), &cases) != nil {
		return l
	}
	for _, raw := range cases {
		var all []used
		if lenient(raw, &all) == nil {
			for _, u := range all {
				l.add(u)
			}
		}
	}
	return l
}

// longest is for how long a header is believed; then somebody looks again.
const longest = time.Hour

// slowDown keeps everybody quiet when a limit is used up, before Facebook has to refuse a message.
func (c *Channel) slowDown(l load) {
	switch {
	case l.regain > 0:
		c.rest(l.regain)
	case l.percent >= 100:
		c.rest(time.Minute)
	}
}

// rest keeps this process's workers from calling, and says for how long: at least as long as asked for, up to an hour.
func (c *Channel) rest(d time.Duration) time.Duration {
	until := c.now().Add(min(d, longest))
	c.quietMu.Lock()
	defer c.quietMu.Unlock()
	if until.After(c.quiet) {
		c.quiet = until
	}
	return c.quiet.Sub(c.now())
}

// hush is how long nobody may call; 0 for call.
func (c *Channel) hush() time.Duration {
	c.quietMu.Lock()
	defer c.quietMu.Unlock()
	return max(0, c.quiet.Sub(c.now()))
}

package phone

import (
	"maps"
	"slices"
	"time"
)

// pushedForgotten is when a pushed call without an end is given up: the exchange's hang-up never came, and there is
// nobody to ask.
const pushedForgotten = 4 * time.Hour

// forget drops calls that are over from memory, and gives up pushed ones nobody will ever end.
func (c *Channel) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	maps.DeleteFunc(c.calls, func(_ string, t *track) bool {
		return !t.listed && !c.dirty[t] && !t.call.Ended.IsZero() && now.Sub(t.touched) > keepEnded
	})
	for _, t := range c.calls {
		if t.call.pushed() && t.call.Ended.IsZero() && now.Sub(t.call.Began) > pushedForgotten {
			t.call = lost(t.call, t.call.Began.Add(pushedForgotten))
			c.health.count("lost", now)
		}
	}
}

// lost ends a call nobody can hear any more.
func lost(call Call, at time.Time) Call {
	call.Legs = slices.Clone(call.Legs)
	for i, l := range call.Legs {
		switch {
		case l.End == Waiting:
			call.Legs[i].End, call.Legs[i].Left, call.Legs[i].Guess = LostSight, at, true
		case l.End == Connected && l.Done.IsZero():
			call.Legs[i].Done = at
		}
	}
	call.Ended = at
	return call
}

package phone

import (
	"context"
	"time"

	"hotline1022/ticketing"
)

// Work after a call. Where the exchange has her in a queue it is kept with the agent (agents.go), because it must not
// ring at hers meanwhile; elsewhere it follows from her calls.

// hers is the person's last conversation of the call, by extension or sign-in name; nil for none.
func (t *track) hers(extension, staff string) *Leg {
	for i := len(t.call.Legs) - 1; i >= 0; i-- {
		if l := &t.call.Legs[i]; l.End == Connected && l.Agent != "" && (l.Agent == extension || l.Agent == staff) {
			return l
		}
	}
	return nil
}

// over is when the conversation was; zero while it is not.
func (t *track) over(l *Leg) time.Time {
	if l.Done.IsZero() {
		return t.call.Ended
	}
	return earliest(l.Done, t.call.Ended)
}

// afterUntil is when the person's work after the call ends by the clock; zero where it has ended, or has not begun.
func (t *track) afterUntil(extension, staff string, after time.Duration) time.Time {
	l := t.hers(extension, staff)
	if l == nil || !l.Ready.IsZero() || t.over(l).IsZero() {
		return time.Time{}
	}
	return t.over(l).Add(after)
}

// EndAfterCall says that the person has finished her work after the call before its time is over.
func (c *Channel) EndAfterCall(ctx context.Context, actor ticketing.Actor) {
	at := c.exchangeTime()
	c.mu.Lock()
	extension := c.extensionFor(actor.ID)
	for iface, a := range c.agents {
		if c.extensions[extensionOf(iface)] == actor.ID && at.Before(a.after.until) {
			a.after.until = at
			c.agentMoved(iface, at)
		}
	}
	if !c.knownTo(extension) {
		for _, t := range c.calls {
			c.readyAfter(t, extension, actor.ID, at)
		}
	}
	c.mu.Unlock()
	c.bell.Ring()
	c.syncPauses()
	c.flush(ctx)
}

// readyAfter notes when she was ready after the call, if she is not already; at most as late as the clock allows.
func (c *Channel) readyAfter(t *track, extension, staff string, at time.Time) {
	until := t.afterUntil(extension, staff, c.After)
	if until.IsZero() || c.After == 0 {
		return
	}
	t.own()
	l := t.hers(extension, staff)
	l.Ready = latest(t.over(l), earliest(at, until))
	c.changed(t)
}

// afterByClock ends work after calls whose time is over, or whose person talks again, where no queue does it.
func (c *Channel) afterByClock() {
	if c.After == 0 {
		return
	}
	now := c.now().Add(c.skew)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.calls {
		for i := range t.call.Legs {
			who := t.call.Legs[i].Agent
			until := t.afterUntil(who, who, c.After)
			if who == "" || until.IsZero() || c.knownTo(who) {
				continue
			}
			at := earliest(until, c.talksAgain(t, who))
			if !now.Before(at) {
				c.readyAfter(t, who, who, at)
				c.bell.Ring()
			}
		}
	}
}

// talksAgain is when the agent took her next call after this one; zero for not yet.
func (c *Channel) talksAgain(t *track, who string) (at time.Time) {
	over := t.over(t.hers(who, who))
	for _, other := range c.calls {
		for _, l := range other.call.Legs {
			if other != t && l.End == Connected && l.Agent == who && !l.Left.Before(over) {
				at = earliest(at, l.Left)
			}
		}
	}
	return at
}

package phone

import (
	"context"
	"strings"
	"time"
)

// pauseAsk is a wish for the exchange: the interface takes calls, or does not.
type pauseAsk struct {
	iface  string
	paused bool
	reason string
}

// askAgain is when a pause the exchange has not acted upon is asked for again.
const askAgain = 5 * time.Second

// syncPauses compares what people have said of themselves with what the exchange has, and lets the later word count:
// a person's goes to the exchange, the exchange's (a key on the telephone, a supervisor at its own screen) to her seat.
func (c *Channel) syncPauses() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.agents {
		staff := c.extensions[extensionOf(a.iface)]
		if staff == "" || len(a.queues) == 0 {
			continue
		}
		paused, reason := a.pause()
		want, said := c.seats[staff]
		asked := pauseAsk{a.iface, said && want.State != Ready, ""}
		if asked.paused {
			asked.reason = strings.TrimSpace(string(want.State) + " " + want.Reason)
		}
		ours := !asked.paused && c.After > 0 && c.now().Add(c.skew).Before(a.after.until)
		if ours {
			asked.paused, asked.reason = true, afterReason
		}
		seen := seatOf(paused, reason, a.pausedAt.Add(-c.skew), c.now())
		switch {
		case paused == asked.paused && reason == asked.reason, !ours && said && seen.State == want.State && seen.Reason == want.Reason:
			a.askedAt = time.Time{}
		case reason != afterReason && (paused || !ours) && (!said || want.Since.Before(a.pausedAt.Add(-c.skew))):
			c.follow[staff] = seen
		case c.conn == nil || c.now().Sub(a.askedAt) < askAgain:
		default:
			select {
			case c.conn.asks <- asked:
				a.askedAt = c.now()
			default: // the line is full: at the next look
			}
		}
	}
}

// seatOf is what the exchange's word means for the person.
func seatOf(paused bool, reason string, at, now time.Time) Seat {
	if at.IsZero() || at.Year() < 2000 || at.After(now) {
		at = now
	}
	if !paused {
		return Seat{State: Ready, Since: at}
	}
	state, why, _ := strings.Cut(reason, " ")
	switch AgentState(state) { // a word of ours that comes back
	case Offline:
		return Seat{State: Offline, Since: at}
	case Break:
		return Seat{State: Break, Reason: why, Since: at}
	}
	return Seat{State: Break, Reason: reason, Since: at}
}

// pause is whether the agent is paused in all her queues, and why.
func (a *agent) pause() (paused bool, reason string) {
	paused = len(a.queues) > 0
	for _, q := range a.queues {
		paused = paused && q.paused
		if q.paused && (reason == "" || q.reason < reason) {
			reason = q.reason
		}
	}
	if !paused {
		return false, ""
	}
	return true, reason
}

// followSeats writes down what the exchange has said of people.
func (c *Channel) followSeats(ctx context.Context) error {
	c.mu.Lock()
	all := c.follow
	c.follow = map[string]Seat{}
	c.mu.Unlock()
	for staff, seat := range all {
		if err := c.putSeat(ctx, staff, by, seat); err != nil {
			c.mu.Lock()
			for s, seat := range all {
				if _, newer := c.follow[s]; !newer {
					c.follow[s] = seat
				}
			}
			c.mu.Unlock()
			return err
		}
	}
	return nil
}

// pauseFor sends what people wish to the exchange.
func (s *session) pauseFor(p pauseAsk) error {
	paused := "false"
	if p.paused {
		paused = "true"
	}
	return s.do("QueuePause", "Interface", p.iface, "Paused", paused, "Reason", p.reason)
}

package phone

import "time"

// verdict is an end of waiting that is not decided yet. Asterisk raises QueueCallerAbandon for a hang-up, for the
// queue's own time-out and for the empty queue alike (ASTERISK-27828), and nothing at all for a key press; what it was
// is told by what comes next.
type verdict struct {
	leg  int
	at   time.Time
	till time.Time // by our clock: the exchange's may be off, and the line slow
	conn *session  // the connection it was heard on; another one may have missed what came next
}

// hold is how long the next event is waited for.
const hold = time.Second

// abandoned: the waiting is over, somehow. The entry is concluded where it was not heard.
func (c *Channel) abandoned(m message, at time.Time) {
	t := c.trackOf(m, true)
	if t == nil {
		return
	}
	c.caller(t, m)
	c.leg(t, word(m.get("Queue")), at.Add(-m.seconds("HoldTime")), at)
	c.suspend(t, word(m.get("Queue")), at)
}

// left comes with every end: a connect, an abandon, a time-out, a key.
func (c *Channel) left(m message, at time.Time) {
	if t := c.trackOf(m, false); t != nil {
		c.suspend(t, word(m.get("Queue")), at)
	}
}

// suspend leaves the end of the queue's open leg to what comes next.
func (c *Channel) suspend(t *track, queue string, at time.Time) {
	if t.verdict != nil {
		return
	}
	for i, l := range t.call.Legs {
		if l.Queue == queue && l.End == Waiting && !at.Before(l.Entered) {
			t.verdict = &verdict{leg: i, at: at, till: c.now().Add(hold), conn: c.conn}
			c.stopRinging(t, at, everyRing)
		}
	}
}

// decide ends the waiting that is undecided, or else whatever waits. A time-out told late outranks a hang-up concluded.
func (c *Channel) decide(t *track, at time.Time, end End, why string) {
	v := t.verdict
	t.verdict = nil
	for i := range t.call.Legs {
		l := &t.call.Legs[i]
		switch {
		case l.End == Waiting && v != nil && i == v.leg:
			l.End, l.Why, l.Left = end, why, v.at
		case l.End == Waiting && end == FlowedOut:
			l.End, l.Why, l.Left = end, why, at
		case l.End == Waiting:
			l.End, l.Left = end, at
		case l.End == FlowedOut && l.Why == "" && end == GaveUp && at.Sub(l.Left) < hold: // decided too soon
			l.End = end
		case l.End == GaveUp && end == FlowedOut && at.Sub(l.Left) < 10*time.Second, l.End == FlowedOut && l.Why == "" && why != "":
			l.End, l.Why = end, why
		default:
			continue
		}
		c.changed(t)
	}
}

// settle decides what time has decided: a caller who hung up would be gone by now, so her channel goes on elsewhere.
// What was heard on a connection that is no more waits for the snapshot, which knows who is still there.
func (c *Channel) settle() {
	now := c.exchangeTime()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.calls {
		if v := t.verdict; v != nil && v.conn == c.conn && !c.now().Before(v.till) {
			t.own()
			c.decide(t, now, FlowedOut, "")
		}
	}
	c.agentsByClock(now)
}

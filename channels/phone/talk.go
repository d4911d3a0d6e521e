package phone

import (
	"slices"
	"time"
)

// agentConnect: a person takes the call. Where the entry was not heard it is concluded from the time she held.
func (c *Channel) agentConnect(m message, at time.Time) {
	t := c.trackOf(m, true)
	if t == nil {
		return
	}
	c.caller(t, m)
	l := c.leg(t, word(m.get("Queue")), at.Add(-m.seconds("HoldTime")), at)
	if l.End != Connected {
		t.verdict = nil
		l.End, l.Left, l.Agent, l.Why, l.Guess = Connected, at, extensionOf(m.get("Interface")), "", false
		c.changed(t)
	} else if l.Guess { // a snapshot was quicker
		l.Left, l.Agent, l.Guess = at, extensionOf(m.get("Interface")), false
		c.changed(t)
	}
	c.stopRinging(t, at, everyRing)
	c.agentMoved(m.get("Interface"), at)
}

// agentComplete: the conversation is over. Where the caller's channel went first the event says nothing of the call
// (seen with Local channels): it is the agent's last.
func (c *Channel) agentComplete(m message, at time.Time, dumped bool) {
	agent := extensionOf(m.get("Interface"))
	var t *track
	if m.get("Linkedid") != "" || m.get("Uniqueid") != "" {
		t = c.trackOf(m, true)
	} else {
		t = c.lastOf(agent, at)
	}
	if t == nil {
		return
	}
	c.caller(t, m)
	t.own()
	talk := m.seconds("TalkTime")
	l := t.conversation(agent)
	if l == nil { // its beginning was not heard
		l = c.leg(t, word(m.get("Queue")), at.Add(-talk-m.seconds("HoldTime")), at.Add(-talk))
		l.End, l.Left, l.Agent = Connected, at.Add(-talk), agent
		t.verdict = nil
		c.changed(t)
	}
	if l.Done.IsZero() {
		l.Done = at
		c.changed(t)
	}
	if l.By == "" {
		switch side := Side(m.get("Reason")); {
		case dumped:
			l.By = ByAgent
		case side == ByCaller || side == ByAgent || side == ByTransfer:
			l.By = side
		}
		c.changed(t)
	}
	c.agentDone(m.get("Interface"), t.call.ID, l.Done)
}

// lastOf is the agent's present call, or the one that ended within the last seconds.
func (c *Channel) lastOf(agent string, at time.Time) (best *track) {
	var when time.Time
	for _, t := range c.calls {
		l := t.conversation(agent)
		if l == nil || t.call.pushed() || !l.Done.IsZero() && at.Sub(l.Done).Abs() > 5*time.Second {
			continue
		}
		if best == nil || l.Left.After(when) {
			best, when = t, l.Left
		}
	}
	return best
}

// conversation is the agent's last leg of the call.
func (t *track) conversation(agent string) *Leg {
	for i := len(t.call.Legs) - 1; i >= 0; i-- {
		if l := &t.call.Legs[i]; l.End == Connected && l.Agent == agent {
			return l
		}
	}
	return nil
}

// hangupAsked comes from the side that hangs up, before all else.
func (c *Channel) hangupAsked(m message) {
	t := c.trackOf(m, false)
	if t == nil || t.call.By != "" || !t.call.Ended.IsZero() || t.call.Channel == "" {
		return
	}
	t.call.By = ByAgent
	if (m.get("Uniqueid") == t.call.Channel) == (t.call.Direction == In) {
		t.call.By = ByCaller // the citizen's side, whoever called
	} else if !t.answeredNow() {
		t.call.By = "" // a telephone that stops ringing is nobody's hang-up
		return
	}
	c.changed(t)
}

func (t *track) answeredNow() bool {
	return slices.ContainsFunc(t.call.Legs, func(l Leg) bool { return l.End == Connected && l.Done.IsZero() })
}

// hungUp: a channel is gone. The citizen's own ends the call.
func (c *Channel) hungUp(m message, at time.Time) {
	t := c.trackOf(m, false)
	if t == nil {
		return
	}
	gone := m.get("Uniqueid")
	c.stopRinging(t, at, func(_ string, r ringing) bool { return r.dest == gone })
	if gone != t.call.Channel || !t.call.Ended.IsZero() {
		return
	}
	t.own()
	c.decide(t, at, GaveUp, "")
	for i := range t.call.Legs {
		if l := &t.call.Legs[i]; l.End == Connected && l.Done.IsZero() {
			l.Done = at
			c.agentEnds(l.Agent, t.call.ID, at)
		}
	}
	t.call.Ended = at
	c.stopRinging(t, at, everyRing)
	c.changed(t)
}

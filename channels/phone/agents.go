package phone

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// AgentState is what a person at a telephone is doing. It is derived, from her calls first and from what the queues
// say of her otherwise, and kept nowhere: a snapshot makes it anew.
type AgentState string

// The states.
const (
	Offline   AgentState = "offline"
	Ready     AgentState = "ready"
	OnRing    AgentState = "ringing"
	Talking   AgentState = "talking"
	AfterCall AgentState = "after_call"
	Break     AgentState = "break"
)

// Agent is a person at a telephone.
type Agent struct {
	Extension string     `json:"extension"`
	Staff     string     `json:"staff,omitempty"` // whose extension it is
	State     AgentState `json:"state"`
	Since     time.Time  `json:"since"`
	Reason    string     `json:"reason,omitempty"` // of the break
}

// agent is a member of queues. c.mu is held wherever it is touched.
type agent struct {
	iface  string
	queues map[string]member
	name   string
	after  afterCall

	pausedAt time.Time // when it was last heard that she is paused, or no longer
	askedAt  time.Time // when the exchange was last asked to change that

	state AgentState
	since time.Time
}

// member is what one queue says of the agent.
type member struct {
	status int // of the device: 1 free, 2 in use, 3 busy, 4 invalid, 5 unavailable, 6 ringing, 7 ringing in use, 8 on hold
	paused bool
	reason string
	inCall bool
	wrapup time.Duration
	said   time.Time
}

// afterCall is the work after a call.
type afterCall struct {
	call        string
	from, until time.Time
}

// hearAgent takes an event about a member of a queue; false: it is about none.
func (c *Channel) hearAgent(name string, m message, at time.Time) bool {
	switch name {
	case "QueueMemberAdded", "QueueMemberStatus", "QueueMemberPause", "QueueMemberRinginuse", "QueueMemberPenalty":
		c.member(m, m.get("Interface"), at)
	case "QueueMemberRemoved":
		if a := c.agents[m.get("Interface")]; a != nil {
			delete(a.queues, m.get("Queue"))
			c.agentMoved(a.iface, at)
		}
	default:
		return false
	}
	return true
}

// member notes what a queue says, in an event or in a snapshot.
func (c *Channel) member(m message, iface string, at time.Time) {
	if iface == "" {
		return
	}
	a := c.agents[iface]
	first := a == nil
	if first {
		a = &agent{iface: iface, queues: map[string]member{}, since: at}
		c.agents[iface] = a
	}
	for _, key := range []string{"MemberName", "Name"} { // an event calls it one, a snapshot the other
		if name := word(m.get(key)); name != "" {
			a.name = name
		}
	}
	was, why := a.pause()
	if at.Before(a.queues[m.get("Queue")].said) {
		return // overtaken by what is so now
	}
	a.queues[m.get("Queue")] = member{
		said: at, status: m.number("Status"), paused: m.get("Paused") == "1", reason: word(m.get("PausedReason")),
		inCall: m.get("InCall") == "1", wrapup: m.seconds("Wrapuptime"),
	}
	if now, reason := a.pause(); first && now {
		a.pausedAt = time.Unix(int64(m.number("LastPause")), 0)
	} else if !first && (now != was || reason != why) {
		a.pausedAt = at
	}
	c.agentMoved(iface, at)
}

// derive is what the agent is doing.
func (c *Channel) derive(a *agent, at time.Time) AgentState {
	extension := extensionOf(a.iface)
	ringing := false
	for _, t := range c.calls {
		if !t.call.Ended.IsZero() {
			continue
		}
		if l := t.conversation(extension); l != nil && l.Done.IsZero() {
			return Talking
		}
		_, rings := t.rings[a.iface]
		ringing = ringing || rings
	}
	status, paused, inCall := 5, true, false
	for _, q := range a.queues {
		status, paused, inCall = q.status, paused && q.paused && q.reason != afterReason, inCall || q.inCall
	}
	switch {
	case ringing, status == 6, status == 7:
		return OnRing
	case at.Before(a.after.until) && !at.Before(a.after.from):
		return AfterCall
	case len(a.queues) == 0, status == 4, status == 5:
		return Offline
	case inCall, status == 2, status == 3, status == 8:
		return Talking
	case paused && c.seats[c.extensions[extension]].State == Offline:
		return Offline
	case paused: // asked for during a call, it takes effect after it
		return Break
	}
	return Ready
}

// agentMoved derives the state anew after something happened, and ends the work after a call if it is over.
func (c *Channel) agentMoved(iface string, at time.Time) {
	a := c.agents[iface]
	if a == nil {
		return
	}
	now := c.derive(a, at)
	if now == a.state {
		return
	}
	if a.state == AfterCall {
		c.wrapped(a, at)
	}
	a.state, a.since = now, at
}

// movedAt is agentMoved for who is known by extension only.
func (c *Channel) movedAt(extension string, at time.Time) {
	for iface := range c.agents {
		if extensionOf(iface) == extension {
			c.agentMoved(iface, at)
		}
	}
}

// agentDone: the agent's conversation is over, her work after it begins.
func (c *Channel) agentDone(iface, call string, at time.Time) {
	a := c.agents[iface]
	if a == nil {
		return
	}
	if a.after.call != call {
		a.after = afterCall{call: call, from: at, until: at.Add(c.After)}
		for _, q := range a.queues {
			a.after.until = latest(a.after.until, at.Add(q.wrapup))
		}
	}
	c.agentMoved(iface, at)
}

func (c *Channel) agentEnds(extension, call string, at time.Time) {
	for iface := range c.agents {
		if extensionOf(iface) == extension {
			c.agentDone(iface, call, at)
		}
	}
}

// wrapped notes at the call when the work after it was over.
func (c *Channel) wrapped(a *agent, at time.Time) {
	t := c.calls[a.after.call]
	if t == nil {
		return
	}
	t.own()
	if l := t.conversation(extensionOf(a.iface)); l != nil && l.Ready.IsZero() && !l.Done.IsZero() {
		l.Ready = earliest(at, latest(a.after.until, a.after.from))
		c.changed(t)
	}
}

// agentsByClock ends work after calls whose time is over.
func (c *Channel) agentsByClock(now time.Time) {
	for iface, a := range c.agents {
		if a.state == AfterCall && !now.Before(a.after.until) {
			c.agentMoved(iface, a.after.until)
			c.bell.Ring()
		}
	}
}

// Agents is everybody at a telephone, by extension. Where only pushed events are heard people are what they say of
// themselves, unless they are called or talk.
func (c *Channel) Agents() []Agent {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Agent
	seen := map[string]bool{}
	for _, a := range c.agents {
		extension := extensionOf(a.iface)
		seen[extension] = true
		one := Agent{Extension: extension, Staff: c.extensions[extension], State: cmp.Or(a.state, Offline), Since: a.since.Add(-c.skew)}
		for _, q := range a.queues {
			if a.state == Break {
				one.Reason = cmp.Or(one.Reason, strings.TrimPrefix(q.reason, string(Break)+" "))
			}
		}
		out = append(out, one)
	}
	for extension, staff := range c.extensions {
		if seen[extension] {
			continue
		}
		if a, known := c.pushedAgent(extension, staff); known {
			out = append(out, a)
		}
	}
	for staff := range c.seats { // at no telephone that has a number
		if c.extensionFor(staff) == "" {
			if a, known := c.pushedAgent("", staff); known {
				out = append(out, a)
			}
		}
	}
	slices.SortFunc(out, func(a, b Agent) int { return cmp.Compare(a.Extension, b.Extension) })
	return out
}

// pushedAgent is the person as her calls and her own word show her; c.mu is held.
func (c *Channel) pushedAgent(extension, staff string) (a Agent, known bool) {
	a = Agent{Extension: extension, Staff: staff}
	if seat, said := c.seats[staff]; said {
		a.State, a.Since, a.Reason, known = seat.State, seat.Since, seat.Reason, true
	}
	for _, t := range c.calls {
		switch what, at := t.with(extension, staff); what {
		case Answered:
			return Agent{Extension: extension, Staff: staff, State: Talking, Since: at}, true
		case Ringing:
			a, known = Agent{Extension: extension, Staff: staff, State: OnRing, Since: at}, true
		case Ended:
			if a.State != OnRing && c.now().Before(t.afterUntil(extension, staff, c.After)) {
				a, known = Agent{Extension: extension, Staff: staff, State: AfterCall, Since: at}, true
			}
		}
	}
	return a, known
}

package phone

import (
	"strings"
	"time"

	"hotline1022/ticketing/text"
)

// dialBegin: one telephone calls another without a queue. Who is one of ours decides the direction: a telephone with
// an extension of the staff's, or a member of a queue.
func (c *Channel) dialBegin(m message, at time.Time) {
	from, to := m.get("Channel"), m.get("DestChannel")
	if from == "" || to == "" {
		return // the exchange calls by itself
	}
	t := c.trackOf(m, false)
	if t != nil && (t.queued() && t.givenOn() == nil || !t.call.Ended.IsZero()) {
		return // AgentCalled tells of those
	}
	caller, callee := c.ours(extensionOfChannel(from)), c.ours(extensionOfChannel(to))
	switch {
	case caller && callee: // among ourselves
		return
	case caller:
		if number := dialled(m); t != nil || !number.IsZero() {
			c.dialOut(m, number, at)
		}
	case callee, !citizenNumber(m.get("CallerIDNum")).IsZero():
		c.dialIn(m, at)
	}
}

// queued says that the call has been in a queue.
func (t *track) queued() bool {
	for _, l := range t.call.Legs {
		if l.Queue != "" {
			return true
		}
	}
	return false
}

// ours says that somebody of ours sits at the extension.
func (c *Channel) ours(extension string) bool {
	if c.extensions[extension] != "" {
		return true
	}
	for _, a := range c.agents {
		if extensionOf(a.iface) == extension {
			return true
		}
	}
	return false
}

// dialled is the number we call: as it was dialled, or as it goes out by the trunk (0905…@trunk).
func dialled(m message) text.Phone {
	out, _, _ := strings.Cut(m.get("DialString"), "@")
	for _, s := range []string{m.get("Exten"), out, m.get("DestConnectedLineNum"), m.get("DestCallerIDNum")} {
		if p := citizenNumber(s); !p.IsZero() {
			return p
		}
	}
	return text.Phone{}
}

func (c *Channel) dialOut(m message, number text.Phone, at time.Time) {
	t := c.trackOf(m, true)
	if t == nil || t.begun(at) {
		return
	}
	if len(t.call.Legs) == 0 {
		t.call.Direction = Out
	}
	if t.call.Channel == "" {
		t.call.Channel, t.number = m.get("Uniqueid"), number
	}
	l := c.begin(t, "", at)
	l.Agent = extensionOfChannel(m.get("Channel"))
}

func (c *Channel) dialIn(m message, at time.Time) {
	t := c.trackOf(m, true)
	if t == nil {
		return
	}
	iface := interfaceOf(m.get("DestChannel"))
	if !at.After(t.stopped[iface]) {
		return // a repeat
	}
	c.caller(t, m)
	if !t.waiting("") {
		if t.begun(at) {
			return
		}
		c.begin(t, "", at)
	}
	if _, rings := t.rings[iface]; !rings {
		t.rings[iface] = ringing{dest: m.get("DestUniqueid"), since: at}
		c.agentMoved(iface, at)
	}
}

// interfaceOf is a channel's interface: the channel without its counter.
func interfaceOf(channel string) string {
	if i := strings.LastIndexByte(channel, '-'); i > 0 {
		return channel[:i]
	}
	return channel
}

// begun says that a leg began at that very moment.
func (t *track) begun(at time.Time) bool {
	for _, l := range t.call.Legs {
		if l.Entered.Sub(at).Abs() < 20*time.Millisecond {
			return true
		}
	}
	return false
}

func (t *track) waiting(queue string) bool {
	for _, l := range t.call.Legs {
		if l.Queue == queue && l.End == Waiting {
			return true
		}
	}
	return false
}

// dialEnd: a telephone rings no more. Without a queue this is how the waiting ends.
func (c *Channel) dialEnd(m message, at time.Time) {
	t := c.trackOf(m, false)
	if t == nil {
		return
	}
	status, dest := m.get("DialStatus"), m.get("DestUniqueid")
	if !t.waiting("") {
		if status != "ANSWER" {
			c.stopRinging(t, at, func(_ string, r ringing) bool { return r.dest == dest })
		}
		return
	}
	if status == "ANSWER" {
		c.taken(t, m, at)
		return
	}
	c.stopRinging(t, at, func(_ string, r ringing) bool { return r.dest == dest })
	if len(t.rings) > 0 {
		return // other telephones still ring
	}
	t.own()
	end, why := FlowedOut, "no_answer"
	switch status {
	case "CANCEL":
		end, why = GaveUp, ""
	case "BUSY":
		end, why = Failed, "busy"
	case "CONGESTION", "CHANUNAVAIL":
		end, why = Failed, "congestion"
	}
	c.decide(t, at, end, why)
}

// taken: the other side answers a call without a queue.
func (c *Channel) taken(t *track, m message, at time.Time) {
	t.own()
	for i := range t.call.Legs {
		l := &t.call.Legs[i]
		if l.Queue != "" || l.End != Waiting {
			continue
		}
		l.End, l.Left = Connected, at
		if t.call.Direction == In {
			l.Agent = extensionOfChannel(m.get("DestChannel"))
		}
		c.changed(t)
	}
	c.stopRinging(t, at, everyRing)
	c.movedAt(extensionOfChannel(m.get("DestChannel")), at)
}

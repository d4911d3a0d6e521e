package phone

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// hearExchange takes one message of the manager connection. An error is a connection that is of no use any more.
func (c *Channel) hearExchange(s *session, m message) error {
	if m.get("Response") != "" && m.get("Event") == "" {
		return c.hearResponse(s, m)
	}
	name := m.get("Event")
	if c.gather(s, name, m) {
		return nil
	}
	at, stamped := c.when(m)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.hearCall(name, m, at) && !c.hearAgent(name, m, at) {
		return nil
	}
	c.health.count("event "+name, c.now())
	if stamped {
		c.calm("phone.alarm.stamps")
	} else {
		c.alarm("phone.alarm.stamps")
	}
	c.bell.Ring() // and once more when it is saved
	return nil
}

func (c *Channel) hearResponse(s *session, m message) error {
	switch {
	case m.get("Ping") != "":
		if at, ok := m.stamp(); ok {
			c.setClock(at)
		}
	case strings.HasPrefix(m.get("ActionID"), "QueuePause-") && m.get("Response") == "Error":
		c.alarm("phone.alarm.pause")
	case strings.HasPrefix(m.get("ActionID"), "QueuePause-"):
		c.calm("phone.alarm.pause")
	case m.get("Response") == "Error":
		c.refusedList(s, m.get("ActionID"))
	}
	return nil
}

// tooSkew is a difference of clocks a person should mend.
const tooSkew = 5 * time.Second

func (c *Channel) setClock(theirs time.Time) {
	skew := theirs.Sub(c.now())
	c.mu.Lock()
	c.skew = skew
	c.mu.Unlock()
	if skew.Abs() > tooSkew {
		c.alarm("phone.alarm.clock", int(skew.Abs().Seconds()))
	} else {
		c.calm("phone.alarm.clock")
	}
}

// when is the event's time: the exchange's stamp, or what its clock shows now. A stamp of another day is none.
func (c *Channel) when(m message) (at time.Time, stamped bool) {
	at, stamped = m.stamp()
	now := c.exchangeTime()
	if stamped && at.Sub(now).Abs() > 24*time.Hour {
		return now, true
	}
	if !stamped {
		return now, false
	}
	return at, true
}

// exchangeTime is what the exchange's clock shows.
func (c *Channel) exchangeTime() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Add(c.skew)
}

// linkedForm is what Asterisk makes ids of: seconds and a counter, its own name before it where it has one.
var linkedForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,80}$`)

// trackOf is the call an event is about; nil where it is none of ours. c.mu is held, here and below.
func (c *Channel) trackOf(m message, make bool) *track {
	linked := m.get("Linkedid")
	if linked == "" {
		if t := c.byChannel(m.get("Uniqueid")); t != nil {
			return t
		}
		linked = m.get("Uniqueid")
	}
	if !linkedForm.MatchString(linked) {
		return nil
	}
	id := c.AMIAddr + ":" + linked
	t := c.calls[id]
	if t == nil { // what is given on may go by another linked id; her channel is the same
		if t = c.byChannel(m.get("Uniqueid")); t != nil && !t.call.Ended.IsZero() {
			t = nil
		}
	}
	if t == nil && make {
		t = &track{call: Call{ID: id, Direction: In}, rings: map[string]ringing{}}
		c.calls[id] = t
	}
	if t != nil {
		t.touched, t.absent = c.now(), 0
	}
	return t
}

func (c *Channel) byChannel(uniqueid string) *track {
	if uniqueid == "" {
		return nil
	}
	for _, t := range c.calls {
		if t.call.Channel == uniqueid && !t.call.pushed() {
			return t
		}
	}
	return nil
}

// changed says that the call must be saved.
func (c *Channel) changed(t *track) { c.dirty[t] = true }

// leg is the call's leg in the queue that an event at that moment is about: the open one, or the one that began or
// ended about then. It is begun where there is none, because its entry was not heard.
func (c *Channel) leg(t *track, queue string, entered, at time.Time) *Leg {
	t.own()
	for i := len(t.call.Legs) - 1; i >= 0; i-- {
		l := &t.call.Legs[i]
		about := l.Entered.Sub(entered).Abs() <= 2*time.Second || l.Left.Sub(at).Abs() <= time.Second
		if l.Queue == queue && (l.End == Waiting || about) {
			return l
		}
	}
	return c.begin(t, queue, entered)
}

// begin begins a leg. The last one serves where there are too many.
func (c *Channel) begin(t *track, queue string, entered time.Time) *Leg {
	t.own()
	if len(t.call.Legs) < maxLegs {
		t.call.Legs = append(t.call.Legs, Leg{
			Queue: queue, Entered: entered, Outside: t.call.Direction == In && c.Config.Open != nil && !c.Config.Open(entered),
		})
		t.call.Began = earliest(t.call.Began, entered)
		c.changed(t)
	}
	return &t.call.Legs[len(t.call.Legs)-1]
}

// own gives the call legs of its own before one of them is changed: a copy of the call may be on its way to the store.
func (t *track) own() { t.call.Legs = slices.Clone(t.call.Legs) }

// caller notes who calls and by which channel.
func (c *Channel) caller(t *track, m message) {
	if t.call.Channel == "" && m.get("Uniqueid") != "" {
		t.call.Channel = m.get("Uniqueid")
		c.changed(t)
	}
	if t.number.IsZero() && t.call.Citizen == "" {
		if t.number = citizenNumber(m.get("CallerIDNum")); !t.number.IsZero() {
			c.changed(t)
		}
	}
}

// hearCall takes an event about a call; false: it is about none.
func (c *Channel) hearCall(name string, m message, at time.Time) bool {
	switch name {
	case "QueueCallerJoin":
		c.joined(m, at)
	case "QueueCallerLeave":
		c.left(m, at)
	case "QueueCallerAbandon":
		c.abandoned(m, at)
	case "AgentCalled":
		c.offered(m, at)
	case "AgentRingNoAnswer":
		c.rangOut(m, at)
	case "AgentConnect":
		c.agentConnect(m, at)
	case "AgentComplete", "AgentDump":
		c.agentComplete(m, at, name == "AgentDump")
	case "DialBegin":
		c.dialBegin(m, at)
	case "DialEnd":
		c.dialEnd(m, at)
	case "BlindTransfer":
		c.blindTransfer(m, at)
	case "AttendedTransfer":
		c.attendedTransfer(m, at)
	case "HangupRequest":
		c.hangupAsked(m)
	case "Hangup":
		c.hungUp(m, at)
	case "VarSet":
		return c.variable(m, at)
	case "Cdr": // its times have no zone, and its answer is not a person's
		c.billed(m)
	default:
		return false
	}
	return true
}

func (c *Channel) joined(m message, at time.Time) {
	t := c.trackOf(m, true)
	if t == nil {
		return
	}
	c.caller(t, m)
	queue := word(m.get("Queue"))
	for _, l := range t.call.Legs {
		if l.Queue == queue && (l.Entered.Sub(at).Abs() < 20*time.Millisecond || l.End == Waiting && t.verdict == nil) {
			return // a repeat
		}
	}
	if l := t.givenOn(); l != nil && !t.rang(l) { // given on to a queue and not to a telephone
		t.own()
		t.givenOn().Queue = queue
		c.changed(t)
		return
	}
	if t.verdict != nil { // she left this queue to enter it anew, or another one
		t.own()
		c.decide(t, at, FlowedOut, "sent_on")
	}
	c.begin(t, queue, at)
}

// offered: an agent's telephone rings.
func (c *Channel) offered(m message, at time.Time) {
	t := c.trackOf(m, true)
	if t == nil || !t.call.Ended.IsZero() {
		return
	}
	c.caller(t, m)
	iface := m.get("Interface")
	if l := c.leg(t, word(m.get("Queue")), at, at); l.End != Waiting || !at.After(t.stopped[iface]) {
		return // a repeat
	}
	if _, rings := t.rings[iface]; !rings {
		t.rings[iface] = ringing{dest: m.get("DestUniqueid"), since: at}
		c.agentMoved(iface, at)
	}
}

// rangOut: it rings no more, and nobody took it.
func (c *Channel) rangOut(m message, at time.Time) {
	if t := c.trackOf(m, false); t != nil {
		c.stopRinging(t, at, func(iface string, _ ringing) bool { return iface == m.get("Interface") })
	}
}

func (c *Channel) stopRinging(t *track, at time.Time, which func(iface string, r ringing) bool) {
	for iface, r := range t.rings {
		if which(iface, r) {
			delete(t.rings, iface)
			if t.stopped == nil {
				t.stopped = map[string]time.Time{}
			}
			t.stopped[iface] = at
			c.agentMoved(iface, at)
		}
	}
}

func everyRing(string, ringing) bool { return true }

// variable: what became of a queue, and where a recording lies.
func (c *Channel) variable(m message, at time.Time) bool {
	value := m.get("Value")
	switch strings.ToUpper(m.get("Variable")) {
	case "QUEUESTATUS":
		t := c.trackOf(m, false)
		if t == nil || value == "" || m.get("Uniqueid") != t.call.Channel {
			return false
		}
		t.own()
		c.decide(t, at, FlowedOut, queueStatus(value))
		return true
	case "MIXMONITOR_FILENAME":
		if t := c.trackOf(m, false); t != nil && value != "" {
			c.seal(t, value)
			return true
		}
	}
	return false
}

// queueStatus puts what app_queue leaves in QUEUESTATUS into a word of ours.
func queueStatus(value string) string {
	switch strings.ToUpper(value) {
	case "TIMEOUT":
		return "timeout"
	case "FULL", "JOINEMPTY", "JOINUNAVAIL":
		return "full"
	case "LEAVEEMPTY", "LEAVEUNAVAIL":
		return "empty"
	case "CONTINUE", "WITHDRAW":
		return "sent_on"
	}
	return "other"
}

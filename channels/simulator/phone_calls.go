package simulator

import (
	"fmt"
	"strings"
	"time"
)

// PhoneCall is a call on the exchange. Its methods are what people do; each sends the events Asterisk would.
type PhoneCall struct {
	p                   *Phone
	id, linked, channel string // of the caller's leg
	number              string
	out                 bool
	entered             time.Time
	taken               time.Time

	queue   string
	inQueue bool
	talking bool
	gone    bool

	agent, agentChannel, agentID string
	rings                        map[string][2]string // by interface: channel and id
}

// Member puts somebody at a telephone into a queue; the extension is PJSIP/EXTENSION.
func (p *Phone) Member(queue, extension, name string, wrapup time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := &phoneMember{queue: queue, iface: "PJSIP/" + extension, name: name, wrapup: int(wrapup.Seconds()), status: 1}
	p.members = append(p.members, m)
	p.emit("QueueMemberAdded", m.event()...)
	p.log("NONE", queue, name, "ADDMEMBER")
}

// RemoveMember takes the extension out of its queues.
func (p *Phone) RemoveMember(extension string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.members[:0:0]
	for _, m := range p.members {
		if m.iface == "PJSIP/"+extension {
			p.emit("QueueMemberRemoved", m.event()...)
			p.log("NONE", m.queue, m.name, "REMOVEMEMBER")
		} else {
			kept = append(kept, m)
		}
	}
	p.members = kept
}

// Pause sends the extension on a break, or back.
func (p *Phone) Pause(extension string, on bool, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pause("PJSIP/"+extension, on, reason)
}

// pause does so in every queue; false: it is in none. p.mu is held.
func (p *Phone) pause(iface string, on bool, reason string) (there bool) {
	for _, m := range p.members {
		if m.iface == iface {
			m.paused, m.reason, m.lastPause, there = on, reason, p.set.Now(), true
			p.emit("QueueMemberPause", m.event()...)
			p.log("NONE", m.queue, m.name, map[bool]string{true: "PAUSE", false: "UNPAUSE"}[on], reason)
		}
	}
	return there
}

// Paused is whether the extension is on a break in all its queues, and why.
func (p *Phone) Paused(extension string) (paused bool, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.members {
		if m.iface == "PJSIP/"+extension {
			if !m.paused {
				return false, ""
			}
			paused, reason = true, m.reason
		}
	}
	return paused, reason
}

func (m *phoneMember) fields() []string {
	bit := func(b bool) string {
		if b {
			return "1"
		}
		return "0"
	}
	last, pause := int64(0), int64(0)
	if !m.last.IsZero() {
		last = m.last.Unix()
	}
	if !m.lastPause.IsZero() {
		pause = m.lastPause.Unix()
	}
	return []string{
		"Queue", m.queue, "StateInterface", m.iface, "Membership", "dynamic", "Penalty", "0", "CallsTaken", "0", "LastCall", fmt.Sprint(last),
		"InCall", bit(m.inCall), "Status", fmt.Sprint(m.status), "Paused", bit(m.paused), "PausedReason", m.reason, "LastPause", fmt.Sprint(pause), "Wrapuptime", fmt.Sprint(m.wrapup),
	}
}

func (m *phoneMember) event() []string {
	return append([]string{"MemberName", m.name, "Interface", m.iface}, m.fields()...)
}

// device says what the telephone does, to every queue it is in. p.mu is held, here and below.
func (p *Phone) device(iface string, status int, inCall bool) {
	for _, m := range p.members {
		if m.iface != iface {
			continue
		}
		if m.inCall && !inCall {
			m.last = p.set.Now()
		}
		m.status, m.inCall = status, inCall
		p.emit("QueueMemberStatus", m.event()...)
	}
}

// unique is a fresh id of a channel.
func (p *Phone) unique() string {
	p.serial++
	return fmt.Sprintf("%d.%d", p.set.Now().Unix(), p.serial)
}

// Call is a citizen who dials the hotline. An empty number is withheld.
func (p *Phone) Call(number string) *PhoneCall {
	p.mu.Lock()
	defer p.mu.Unlock()
	if number == "" {
		number = "<unknown>"
	}
	c := &PhoneCall{p: p, id: p.unique(), number: number, rings: map[string][2]string{}}
	c.linked, c.channel = c.id, fmt.Sprintf("PJSIP/citizen-%08x", p.serial)
	p.calls = append(p.calls, c)
	p.emit("Newchannel", c.caller()...)
	return c
}

// ID is the call's linked id.
func (c *PhoneCall) ID() string { return c.linked }

// caller is the snapshot of the caller's channel that most events carry.
func (c *PhoneCall) caller() []string {
	return []string{
		"Channel", c.channel, "ChannelState", "6", "CallerIDNum", c.number, "CallerIDName", "<unknown>", "ConnectedLineNum", "<unknown>",
		"Context", "inbound", "Exten", "1022", "Priority", "2", "Uniqueid", c.id, "Linkedid", c.linked,
	}
}

func (c *PhoneCall) with(more ...string) []string { return append(c.caller(), more...) }

func (c *PhoneCall) lock() func() { c.p.mu.Lock(); return c.p.mu.Unlock }

// Enter puts her into a queue.
func (c *PhoneCall) Enter(queue string) *PhoneCall {
	defer c.lock()()
	c.queue, c.inQueue, c.entered = queue, true, c.p.set.Now()
	c.p.emit("QueueCallerJoin", c.with("Queue", queue, "Position", "1", "Count", fmt.Sprint(len(c.p.waiting(queue))))...)
	c.p.log(c.id, queue, "NONE", "ENTERQUEUE", "", c.number, "1")
	return c
}

// Ring makes an extension ring for her.
func (c *PhoneCall) Ring(extension string) *PhoneCall {
	defer c.lock()()
	iface := "PJSIP/" + extension
	id := c.p.unique()
	channel := fmt.Sprintf("%s-%08x", iface, c.p.serial)
	c.rings[iface] = [2]string{channel, id}
	c.p.device(iface, 6, false)
	c.p.emit("AgentCalled", c.with(append(c.dest(iface), "Queue", c.queue, "Interface", iface, "MemberName", extension)...)...)
	c.p.emit("DialBegin", c.with(append(c.dest(iface), "DialString", extension)...)...)
	return c
}

func (c *PhoneCall) dest(iface string) []string {
	r := c.rings[iface]
	return []string{"DestChannel", r[0], "DestChannelState", "5", "DestUniqueid", r[1], "DestLinkedid", c.linked}
}

// NoAnswer: the extension has rung long enough.
func (c *PhoneCall) NoAnswer(extension string) {
	defer c.lock()()
	iface := "PJSIP/" + extension
	c.p.emit("DialEnd", c.with(append(c.dest(iface), "DialStatus", "NOANSWER")...)...)
	c.p.emit("AgentRingNoAnswer", c.with(append(c.dest(iface), "Queue", c.queue, "Interface", iface, "MemberName", extension, "RingTime", "15000")...)...)
	c.p.emit("Hangup", "Channel", c.rings[iface][0], "Uniqueid", c.rings[iface][1], "Linkedid", c.linked, "Cause", "0")
	delete(c.rings, iface)
	c.p.device(iface, 1, false)
}

// Take: the extension answers.
func (c *PhoneCall) Take(extension string) *PhoneCall {
	defer c.lock()()
	iface := "PJSIP/" + extension
	if c.rings[iface][1] == "" {
		c.rings[iface] = [2]string{fmt.Sprintf("%s-%08x", iface, c.p.serial), c.p.unique()}
	}
	c.agent, c.agentChannel, c.agentID = iface, c.rings[iface][0], c.rings[iface][1]
	hold := fmt.Sprint(int(c.p.set.Now().Sub(c.entered).Seconds()))
	c.inQueue, c.talking, c.taken = false, true, c.p.set.Now()
	c.p.emit("DialEnd", c.with(append(c.dest(iface), "DialStatus", "ANSWER")...)...)
	c.p.emit("QueueCallerLeave", c.with("Queue", c.queue, "Position", "1", "Count", "0")...)
	c.p.emit("AgentConnect", c.with(append(c.dest(iface), "Queue", c.queue, "Interface", iface, "MemberName", extension, "HoldTime", hold, "RingTime", "1")...)...)
	c.p.log(c.id, c.queue, c.p.memberName(iface), "CONNECT", hold, c.agentID, "1")
	c.p.emit("BridgeEnter", append([]string{"BridgeUniqueid", "b-" + c.id}, c.caller()...)...)
	c.p.device(iface, 2, true)
	for other, r := range c.rings {
		if other != iface {
			c.p.emit("Hangup", "Channel", r[0], "Uniqueid", r[1], "Linkedid", c.linked, "Cause", "26")
			c.p.device(other, 1, false)
		}
	}
	clear(c.rings)
	return c
}

// TimeOut: the queue itself gives her up; her channel goes on. Asterisk calls it an abandon all the same.
func (c *PhoneCall) TimeOut(status string) {
	defer c.lock()()
	c.inQueue = false
	hold := fmt.Sprint(int(c.p.set.Now().Sub(c.entered).Seconds()))
	c.p.emit("QueueCallerAbandon", c.with("Queue", c.queue, "Position", "1", "OriginalPosition", "1", "HoldTime", hold)...)
	c.p.emit("QueueCallerLeave", c.with("Queue", c.queue, "Position", "1", "Count", "0")...)
	c.stopRings()
	c.p.log(c.id, c.queue, "NONE", map[bool]string{true: "EXITEMPTY", false: "EXITWITHTIMEOUT"}[status == "LEAVEEMPTY"], "1", "1", hold)
	if !c.p.set.NoDialplan {
		c.p.emit("VarSet", c.with("Variable", "QUEUESTATUS", "Value", status)...)
	}
}

// PressKey: she leaves the queue by a key; nothing says so but that she leaves.
func (c *PhoneCall) PressKey() {
	defer c.lock()()
	c.inQueue = false
	c.stopRings()
	c.p.emit("QueueCallerLeave", c.with("Queue", c.queue, "Position", "1", "Count", "0")...)
	c.p.log(c.id, c.queue, "NONE", "EXITWITHKEY", "1", "1", "1", fmt.Sprint(int(c.p.set.Now().Sub(c.entered).Seconds())))
}

// Record says where the recording lies.
func (c *PhoneCall) Record(path string) {
	defer c.lock()()
	c.p.emit("VarSet", c.with("Variable", "MIXMONITOR_FILENAME", "Value", path)...)
}

func (c *PhoneCall) stopRings() {
	for iface, r := range c.rings {
		c.p.emit("Hangup", "Channel", r[0], "Uniqueid", r[1], "Linkedid", c.linked, "Cause", "26")
		c.p.device(iface, 1, false)
	}
	clear(c.rings)
}

// HangUp: the citizen does, or for a call of ours the agent.
func (c *PhoneCall) HangUp() {
	defer c.lock()()
	c.p.emit("HangupRequest", c.with("Cause", "16")...)
	if c.inQueue {
		c.inQueue = false
		hold := fmt.Sprint(int(c.p.set.Now().Sub(c.entered).Seconds()))
		c.p.emit("QueueCallerAbandon", c.with("Queue", c.queue, "Position", "1", "OriginalPosition", "1", "HoldTime", hold)...)
		c.p.emit("QueueCallerLeave", c.with("Queue", c.queue, "Position", "1", "Count", "0")...)
		c.stopRings()
		c.p.log(c.id, c.queue, "NONE", "ABANDON", "1", "1", hold)
	}
	c.end("caller")
}

// AgentHangsUp ends the conversation from our side.
func (c *PhoneCall) AgentHangsUp() {
	defer c.lock()()
	c.p.emit("HangupRequest", "Channel", c.agentChannel, "Uniqueid", c.agentID, "Linkedid", c.linked, "Cause", "16")
	c.end("agent")
}

// end is the rest of every call: the channels go.
func (c *PhoneCall) end(reason string) {
	now := c.p.set.Now()
	if c.talking && c.queue != "" {
		c.p.emit("AgentComplete", c.with("DestChannel", c.agentChannel, "DestUniqueid", c.agentID, "DestLinkedid", c.linked, "Queue", c.queue,
			"Interface", c.agent, "MemberName", c.agent, "HoldTime", fmt.Sprint(int(c.taken.Sub(c.entered).Seconds())),
			"TalkTime", fmt.Sprint(int(now.Sub(c.taken).Seconds())), "Reason", reason)...)
		c.p.log(c.id, c.queue, c.p.memberName(c.agent), "COMPLETE"+strings.ToUpper(reason), fmt.Sprint(int(c.taken.Sub(c.entered).Seconds())),
			fmt.Sprint(int(now.Sub(c.taken).Seconds())), "1")
	}
	c.p.emit("Cdr", "Source", c.number, "Destination", "1022", "Channel", c.channel, "Disposition", "ANSWERED", "UniqueID", c.id)
	c.p.emit("Hangup", c.with("Cause", "16", "Cause-txt", "Normal Clearing")...)
	if c.agentID != "" && c.agentID != c.id {
		c.p.emit("Hangup", "Channel", c.agentChannel, "Uniqueid", c.agentID, "Linkedid", c.linked, "Cause", "16")
	}
	c.talking, c.gone = false, true
	if c.agent != "" {
		c.p.device(c.agent, 1, false)
	}
}

// CallOut is somebody of ours who dials a citizen.
func (p *Phone) CallOut(extension, number string) *PhoneCall {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &PhoneCall{p: p, id: p.unique(), number: extension, out: true, rings: map[string][2]string{}, agent: "PJSIP/" + extension}
	c.linked, c.channel = c.id, fmt.Sprintf("PJSIP/%s-%08x", extension, p.serial)
	c.agentID = p.unique()
	c.agentChannel = fmt.Sprintf("PJSIP/trunk-%08x", p.serial)
	p.calls = append(p.calls, c)
	p.emit("Newchannel", c.caller()...)
	p.device(c.agent, 2, true)
	p.emit("DialBegin", c.with("DestChannel", c.agentChannel, "DestUniqueid", c.agentID, "DestLinkedid", c.linked, "DialString", number+"@trunk")...)
	return c
}

// Reached: the other side of a call of ours answers, or not ("ANSWER", "NOANSWER", "BUSY").
func (c *PhoneCall) Reached(status string) *PhoneCall {
	defer c.lock()()
	c.talking = status == "ANSWER"
	c.p.emit("DialEnd", c.with("DestChannel", c.agentChannel, "DestUniqueid", c.agentID, "DestLinkedid", c.linked, "DialStatus", status)...)
	return c
}

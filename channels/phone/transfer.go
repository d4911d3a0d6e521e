package phone

import (
	"time"
)

// How an agent gives a caller on. Asterisk tells of it by BlindTransfer and AttendedTransfer, of the class call:
// https://docs.asterisk.org/Latest_API/API_Documentation/AMI_Events/BlindTransfer/ and …/AttendedTransfer/
const (
	blind    = "blind"    // unannounced: it rings at the other's, who may not take it
	attended = "attended" // the other has been asked and has her at once
)

// transferred is the call a transfer is about, if it is one of ours and went through.
func (c *Channel) transferred(m message, transferer string) *track {
	if m.get("Result") != "Success" {
		return nil
	}
	for _, side := range []string{"Transferee", transferer} {
		one := message{{"Linkedid", m.get(side + "Linkedid")}, {"Uniqueid", m.get(side + "Uniqueid")}}
		if t := c.trackOf(one, false); t != nil && t.call.Ended.IsZero() {
			return t
		}
	}
	return nil
}

// givesOn ends the conversation of who gives her on; false: it was given on already, or there was none.
func (c *Channel) givesOn(t *track, channel, how string, at time.Time) bool {
	agent := extensionOfChannel(channel)
	t.own()
	l := t.conversation(agent)
	if l == nil || l.Sent != "" || !l.Done.IsZero() && at.Sub(l.Done).Abs() > 5*time.Second {
		return false // AgentComplete may have been quicker
	}
	l.Done, l.By, l.Sent = earliest(l.Done, at), ByTransfer, how
	c.changed(t)
	c.agentEnds(agent, t.call.ID, at)
	return true
}

// blindTransfer: she waits again, for whoever it rings at; where that is a queue its own event comes next.
func (c *Channel) blindTransfer(m message, at time.Time) {
	t := c.transferred(m, "Transferer")
	if t == nil || !c.givesOn(t, m.get("TransfererChannel"), blind, at) {
		return
	}
	c.begin(t, "", at)
}

// attendedTransfer: the other has her at once. Her wait for the other was part of the first conversation.
func (c *Channel) attendedTransfer(m message, at time.Time) {
	t := c.transferred(m, "OrigTransferer")
	if t == nil || !c.givesOn(t, m.get("OrigTransfererChannel"), attended, at) {
		return
	}
	target := m.get("TransferTargetChannel")
	if target == "" { // to an application or a conference: nobody of ours is known to have her
		return
	}
	l := c.begin(t, "", at)
	l.End, l.Left, l.Agent = Connected, at, extensionOfChannel(target)
	c.movedAt(l.Agent, at)
}

// givenOn is the leg in which she waits for somebody she was given on to; nil for none.
func (t *track) givenOn() *Leg {
	for i := range t.call.Legs {
		if l := &t.call.Legs[i]; i > 0 && l.Queue == "" && l.End == Waiting && t.call.Legs[i-1].Sent == blind {
			return l
		}
	}
	return nil
}

// rang says that a telephone rings for her, or has since the leg began.
func (t *track) rang(l *Leg) bool {
	for _, at := range t.stopped {
		if !at.Before(l.Entered) {
			return true
		}
	}
	return len(t.rings) > 0
}

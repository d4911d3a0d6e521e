package simulator

import (
	"fmt"
)

// Blind: the agent gives her on to an extension, unannounced; it rings there.
func (c *PhoneCall) Blind(extension string) *PhoneCall {
	defer c.lock()()
	c.leave("BLINDTRANSFER", extension, "internal")
	c.p.emit("BlindTransfer", c.transfer("Transferer", "IsExternal", "Yes", "Context", "internal", "Extension", extension)...)
	c.agentLets()
	iface := "PJSIP/" + extension
	c.rings[iface] = [2]string{fmt.Sprintf("%s-%08x", iface, c.p.serial+1), c.p.unique()}
	c.queue = ""
	c.p.device(iface, 6, false)
	c.p.emit("DialBegin", c.with(append(c.dest(iface), "DialString", extension)...)...)
	return c
}

// BlindToQueue gives her on to another queue.
func (c *PhoneCall) BlindToQueue(queue string) *PhoneCall {
	c.p.mu.Lock()
	c.leave("BLINDTRANSFER", queue, "queues")
	c.p.emit("BlindTransfer", c.transfer("Transferer", "IsExternal", "No", "Context", "queues", "Extension", queue)...)
	c.agentLets()
	c.agent = ""
	c.p.mu.Unlock()
	return c.Enter(queue)
}

// Picks: the extension a caller was given on to takes her, or does not ("NOANSWER").
func (c *PhoneCall) Picks(extension, status string) *PhoneCall {
	defer c.lock()()
	iface := "PJSIP/" + extension
	c.p.emit("DialEnd", c.with(append(c.dest(iface), "DialStatus", status)...)...)
	if status == "ANSWER" {
		c.agent, c.agentChannel, c.agentID = iface, c.rings[iface][0], c.rings[iface][1]
		c.talking, c.taken = true, c.p.set.Now()
		c.p.device(iface, 2, false)
	} else {
		c.p.device(iface, 1, false)
	}
	delete(c.rings, iface)
	return c
}

// Attended: the agent has asked another one and gives her on.
func (c *PhoneCall) Attended(extension string) *PhoneCall {
	defer c.lock()()
	iface := "PJSIP/" + extension
	id := c.p.unique()
	channel := fmt.Sprintf("%s-%08x", iface, c.p.serial)
	c.leave("ATTENDEDTRANSFER", "BRIDGE", "b-9")
	c.p.emit("AttendedTransfer", c.transfer("OrigTransferer", "SecondTransfererChannel", c.agent+"-ffffffff", "SecondTransfererUniqueid", c.p.unique(),
		"SecondTransfererLinkedid", "9.9", "TransferTargetChannel", channel, "TransferTargetUniqueid", id, "TransferTargetLinkedid", "9.9", "DestType", "Bridge")...)
	c.agentLets()
	c.agent, c.agentChannel, c.agentID = iface, channel, id
	c.talking, c.queue, c.taken = true, "", c.p.set.Now()
	c.p.device(iface, 2, false)
	return c
}

// leave is what the queue says of an agent who gives her on.
func (c *PhoneCall) leave(verb, to, where string) {
	if c.queue == "" {
		return
	}
	c.p.emit("AgentComplete", c.with("DestChannel", c.agentChannel, "DestUniqueid", c.agentID, "DestLinkedid", c.linked, "Queue", c.queue,
		"Interface", c.agent, "MemberName", c.agent, "HoldTime", "0", "TalkTime", fmt.Sprint(int(c.p.set.Now().Sub(c.taken).Seconds())), "Reason", "transfer")...)
	c.p.log(c.id, c.queue, c.p.memberName(c.agent), verb, to, where, fmt.Sprint(int(c.taken.Sub(c.entered).Seconds())),
		fmt.Sprint(int(c.p.set.Now().Sub(c.taken).Seconds())), "1")
}

func (c *PhoneCall) agentLets() {
	c.talking = false
	c.p.emit("Hangup", "Channel", c.agentChannel, "Uniqueid", c.agentID, "Linkedid", c.linked, "Cause", "16")
	c.p.device(c.agent, 1, false)
}

// transfer is what both kinds of transfer say: who gives on, and whom.
func (c *PhoneCall) transfer(who string, more ...string) []string {
	return append([]string{"Result", "Success", who + "Channel", c.agentChannel, who + "Uniqueid", c.agentID, who + "Linkedid", c.linked,
		"TransfereeChannel", c.channel, "TransfereeUniqueid", c.id, "TransfereeLinkedid", c.linked}, more...)
}

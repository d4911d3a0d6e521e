package simulator

import (
	"fmt"
	"slices"
	"strings"
)

// act does what a session asks for.
func (p *Phone) act(c *amiConn, asked map[string]string) {
	id := asked["actionid"]
	answer := func(pairs ...string) { p.say(c, block(append(pairs, "ActionID", id)...)) }
	name := strings.ToLower(asked["action"])
	if name == "login" {
		p.logins++
		if p.refuse > 0 || asked["username"] != p.set.User || asked["secret"] != p.set.Secret {
			p.refuse = max(0, p.refuse-1)
			answer("Response", "Error", "Message", "Authentication failed")
			p.drop(c)
			return
		}
		c.signed = true
		answer("Response", "Success", "Message", "Authentication accepted")
		p.change()
		return
	}
	switch {
	case !c.signed:
		answer("Response", "Error", "Message", "Permission denied")
	case name == "ping":
		answer("Response", "Success", "Ping", "Pong", "Timestamp", p.stamp())
	case name == "logoff":
		answer("Response", "Goodbye", "Message", "Thanks for all the fish.")
		p.drop(c)
	case name == "queuestatus":
		p.asked++
		p.queueStatus(answer)
		p.change()
	case name == "queuepause" && p.set.NoPause:
		answer("Response", "Error", "Message", "Permission denied")
	case name == "queuepause":
		if !p.pause(asked["interface"], asked["paused"] == "true", asked["reason"]) {
			answer("Response", "Error", "Message", "Interface not found")
			return
		}
		answer("Response", "Success", "Message", "Interface paused successfully")
	case name == "coreshowchannels" && p.set.NoChannels:
		answer("Response", "Error", "Message", "Permission denied")
	case name == "coreshowchannels":
		p.showChannels(answer)
	default:
		answer("Response", "Error", "Message", "Invalid/unknown command")
	}
}

// stamp is the time as Asterisk writes it.
func (p *Phone) stamp() string {
	now := p.set.Now()
	return fmt.Sprintf("%d.%06d", now.Unix(), now.Nanosecond()/1000)
}

func (p *Phone) queueStatus(answer func(...string)) {
	answer("Response", "Success", "EventList", "start", "Message", "Queue status will follow")
	items := 0
	for _, queue := range p.queues() {
		items++
		answer("Event", "QueueParams", "Queue", queue, "Max", "0", "Strategy", "rrmemory", "Calls", fmt.Sprint(len(p.waiting(queue))))
		for _, m := range p.members {
			if m.queue == queue {
				items++
				answer(append([]string{"Event", "QueueMember", "Name", m.name, "Location", m.iface}, m.fields()...)...)
			}
		}
		for i, call := range p.waiting(queue) {
			items++
			wait := int(p.set.Now().Sub(call.entered).Seconds())
			answer("Event", "QueueEntry", "Queue", queue, "Position", fmt.Sprint(i+1), "Channel", call.channel, "Uniqueid", call.id,
				"CallerIDNum", call.number, "CallerIDName", "<unknown>", "Wait", fmt.Sprint(wait), "Priority", "0")
		}
	}
	answer("Event", "QueueStatusComplete", "EventList", "Complete", "ListItems", fmt.Sprint(items))
}

func (p *Phone) showChannels(answer func(...string)) {
	answer("Response", "Success", "EventList", "start", "Message", "Channels will follow")
	items := 0
	for _, call := range p.calls {
		if call.gone {
			continue
		}
		bridge := ""
		if call.agent != "" && call.talking {
			bridge = "b-" + call.id
			items++
			answer("Event", "CoreShowChannel", "Channel", call.agentChannel, "Uniqueid", call.agentID, "Linkedid", call.linked, "BridgeId", bridge)
		}
		items++
		answer("Event", "CoreShowChannel", "Channel", call.channel, "Uniqueid", call.id, "Linkedid", call.linked, "BridgeId", bridge)
	}
	answer("Event", "CoreShowChannelsComplete", "EventList", "Complete", "ListItems", fmt.Sprint(items))
}

func (p *Phone) queues() (names []string) {
	for _, m := range p.members {
		names = append(names, m.queue)
	}
	for _, c := range p.calls {
		if c.queue != "" {
			names = append(names, c.queue)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (p *Phone) waiting(queue string) (out []*PhoneCall) {
	for _, c := range p.calls {
		if c.queue == queue && c.inQueue && !c.gone {
			out = append(out, c)
		}
	}
	return out
}

package phone

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// snapshot is what the exchange says is so at one moment: who waits, who sits at the telephones (QueueStatus), which
// channels there are (CoreShowChannels, where the account may ask). It corrects what was not heard.
type snapshot struct {
	queuesID, channelsID     string
	queuesDone, channelsDone bool
	channelsKnown            bool

	entries  []message
	members  []message
	channels []message
}

const maxListed = 20_000

// ask asks for a snapshot.
func (c *Channel) ask(s *session) error {
	s.next = time.Now().Add(c.pace.snapshot)
	s.snapshot = &snapshot{channelsKnown: true}
	if err := s.do("QueueStatus"); err != nil {
		return err
	}
	s.snapshot.queuesID = "QueueStatus-" + strconv.Itoa(s.actions)
	if err := s.do("CoreShowChannels"); err != nil {
		return err
	}
	s.snapshot.channelsID = "CoreShowChannels-" + strconv.Itoa(s.actions)
	return nil
}

// refusedList: the account may not ask, or the exchange has no queues.
func (c *Channel) refusedList(s *session, id string) {
	switch shot := s.snapshot; {
	case shot == nil || id == "":
	case id == shot.queuesID:
		s.snapshot = nil
		c.alarm("phone.alarm.rights")
	case id == shot.channelsID:
		shot.channelsKnown, shot.channelsDone = false, true
		c.complete(s)
	}
}

// gather takes a line of a list; false: the event is none.
func (c *Channel) gather(s *session, name string, m message) bool {
	shot, id := s.snapshot, m.get("ActionID")
	keep := func(list *[]message, mine string) {
		if shot != nil && id == mine && len(*list) < maxListed {
			*list = append(*list, m)
		}
	}
	if shot == nil {
		shot = &snapshot{} // an answer to a question given up
		id = "?"
	}
	switch name {
	case "QueueParams":
	case "QueueEntry":
		keep(&shot.entries, shot.queuesID)
	case "QueueMember":
		keep(&shot.members, shot.queuesID)
	case "CoreShowChannel":
		keep(&shot.channels, shot.channelsID)
	case "QueueStatusComplete":
		shot.queuesDone = shot.queuesDone || id == shot.queuesID
		c.complete(s)
	case "CoreShowChannelsComplete":
		shot.channelsDone = shot.channelsDone || id == shot.channelsID
		c.complete(s)
	default:
		return false
	}
	return true
}

// complete corrects what is at hand once both lists are whole.
func (c *Channel) complete(s *session) {
	shot := s.snapshot
	if shot == nil || !shot.queuesDone || !shot.channelsDone {
		return
	}
	s.snapshot = nil
	now := c.exchangeTime()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seat(shot, now)
	alive, linked := shot.alive()
	waiting := c.seeWaiting(shot, linked, now)
	unsure := false
	for _, t := range c.calls {
		if t.call.Ended.IsZero() && strings.HasPrefix(t.call.ID, c.AMIAddr+":") {
			unsure = c.missing(t, shot, alive, waiting, now) || unsure
		}
	}
	if unsure {
		s.next = time.Now().Add(c.pace.again)
	}
	c.heard = now
	c.calm("phone.alarm.rights")
	c.health.count("snapshot", c.now())
	c.bell.Ring()
}

// channelState is how a call's channels stand.
type channelState int

const (
	gone channelState = iota
	there
	bridged // they talk
)

// alive is the calls that have channels, and which call a channel belongs to.
func (shot *snapshot) alive() (states map[string]channelState, linked map[string]string) {
	states, linked = map[string]channelState{}, map[string]string{}
	for _, m := range shot.channels {
		id := m.get("Linkedid")
		linked[m.get("Uniqueid")] = id
		state := there
		if m.get("BridgeId") != "" {
			state = bridged
		}
		states[id] = max(states[id], state)
	}
	return states, linked
}

// seat takes the members over; who is in no list any more has left.
func (c *Channel) seat(shot *snapshot, now time.Time) {
	listed := map[string]bool{}
	for _, m := range shot.members {
		iface := m.get("Location")
		if iface == "" {
			iface = m.get("Interface")
		}
		listed[iface+"\n"+m.get("Queue")] = true
		c.member(m, iface, now)
	}
	for iface, a := range c.agents {
		for queue := range a.queues {
			if !listed[iface+"\n"+queue] {
				delete(a.queues, queue)
			}
		}
		// Whoever is free does not ring; the end of the ringing was not heard.
		free := len(a.queues) > 0 && !strings.HasPrefix(iface, "Local/")
		for _, q := range a.queues {
			free = free && q.status == 1
		}
		for _, t := range c.calls {
			c.stopRinging(t, now, func(i string, r ringing) bool { return i == iface && free && now.Sub(r.since) > 2*time.Second })
		}
		c.agentMoved(iface, now)
	}
}

// seeWaiting takes over who waits, those included whose entry was not heard.
func (c *Channel) seeWaiting(shot *snapshot, linked map[string]string, now time.Time) (waiting map[string]bool) {
	waiting = map[string]bool{} // by call and queue
	for _, m := range shot.entries {
		one := slices.Clone(m)
		if id := linked[m.get("Uniqueid")]; id != "" {
			one = append(one, field{"Linkedid", id})
		}
		t := c.trackOf(one, true)
		if t == nil || !t.call.Ended.IsZero() {
			continue
		}
		c.caller(t, m)
		queue := word(m.get("Queue"))
		entered := now.Add(-m.seconds("Wait"))
		c.leg(t, queue, entered, entered)
		t.verdict = nil // she is still there
		waiting[t.call.ID+"\n"+queue] = true
	}
	return waiting
}

// missing looks whether the call is still there, and ends what is not: only when two snapshots in a row lack it and no
// event came between, because an event may be on its way while the list is made. It says whether to look again soon.
func (c *Channel) missing(t *track, shot *snapshot, alive map[string]channelState, waiting map[string]bool, now time.Time) (unsure bool) {
	state := alive[strings.TrimPrefix(t.call.ID, c.AMIAddr+":")]
	lacks, talks, waits := false, false, false
	for i := range t.call.Legs {
		l := &t.call.Legs[i]
		talks = talks || l.End == Connected && l.Done.IsZero()
		waits = waits || l.End == Waiting
		lacks = lacks || l.End == Waiting && l.Queue != "" && !waiting[t.call.ID+"\n"+l.Queue]
	}
	switch {
	case shot.channelsKnown:
		lacks = lacks || state == gone
	case talks:
		lacks = lacks || c.atRest(t)
	case !waits:
		lacks = true // it has left the queues, and nobody can say more
	}
	if !lacks {
		t.absent = 0
		return false
	}
	if t.absent++; t.absent < 2 {
		return true
	}
	t.absent = 0
	c.conclude(t, shot.channelsKnown, state, now)
	return false
}

// atRest says that the telephones the call is with are free.
func (c *Channel) atRest(t *track) bool {
	for _, l := range t.call.Legs {
		if l.End != Connected || !l.Done.IsZero() {
			continue
		}
		for _, a := range c.agents {
			for _, q := range a.queues {
				if extensionOf(a.iface) == l.Agent && (q.inCall || q.status != 1) {
					return false
				}
			}
		}
	}
	return true
}

// conclude writes down what the snapshots say happened while nobody heard it.
func (c *Channel) conclude(t *track, known bool, state channelState, now time.Time) {
	t.own()
	switch {
	case known && state == bridged: // somebody took it
		for i := range t.call.Legs {
			if l := &t.call.Legs[i]; l.End == Waiting {
				l.End, l.Left, l.Guess = Connected, now, true
				c.changed(t)
			}
		}
		t.verdict = nil
	case known && state == there: // out of the queue, and still on the line
		c.decide(t, now, FlowedOut, "")
	case t.verdict != nil: // she was seen leaving, and is gone
		c.decide(t, now, GaveUp, "")
		t.call.Ended = now
		c.changed(t)
	default:
		t.call = lost(t.call, now)
		c.health.count("lost", c.now())
		c.changed(t)
	}
	c.stopRinging(t, now, everyRing)
	for _, l := range t.call.Legs {
		if l.End == Connected && !l.Done.IsZero() {
			c.movedAt(l.Agent, now)
		}
	}
}

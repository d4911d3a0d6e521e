package ticketing

import (
	"cmp"
	"slices"
	"time"
)

// Delivery follows one outgoing message: event N of this ticket.
type Delivery struct {
	N       int           `json:"n"`
	Channel Channel       `json:"channel,omitempty"` // it goes out on; "": the ticket's own
	Try     int           `json:"try,omitempty"`
	Again   int           `json:"again,omitempty"` // tries made before a person asked for more
	State   DeliveryState `json:"state"`
	Next    time.Time     `json:"next,omitzero"`
	At      time.Time     `json:"at,omitzero"` // the platform has it since
	Receipt string        `json:"receipt,omitempty"`
	Reason  string        `json:"reason,omitempty"`
	Seen    bool          `json:"seen,omitempty"` // failed, and a person has seen to it
}

// Task says that it failed for good and nobody has seen to it yet: a person must reach the citizen another way.
func (d Delivery) Task() bool { return d.State == Failed && !d.Seen }

// Call says that the citizen is to be told by telephone.
func (d Delivery) Call() bool { return d.Channel == Phone }

// Settled says that nothing more will be tried.
func (d Delivery) Settled() bool { return d.State == Failed || d.State.rank() > 0 }

// rank orders what a platform tells of a message it has: it only ever goes up.
func (s DeliveryState) rank() int {
	return slices.Index([]DeliveryState{Delivered, Arrived, Read}, s) + 1
}

// NextSend is when a courier must look at the ticket; zero for never. Messages go out in order: one that must wait
// holds up those after it, or the citizen would read an answer before the question it answers.
func (t Ticket) NextSend() time.Time {
	d, _ := t.sendingNow()
	return d.Next
}

// NextDoor is the channel that message goes out on; "" for none.
func (t Ticket) NextDoor() Channel {
	d, ok := t.sendingNow()
	if !ok {
		return ""
	}
	return t.Door(d)
}

// Door is the channel a message of the ticket goes out on.
func (t Ticket) Door(d Delivery) Channel { return cmp.Or(d.Channel, t.Channel) }

// sendingNow is the first message that has neither arrived nor failed for good.
func (t Ticket) sendingNow() (Delivery, bool) {
	for _, d := range t.Sending {
		if !d.Settled() {
			return d, true
		}
	}
	return Delivery{}, false
}

// MustCall says that of all that is to be done somebody must call the citizen, and nothing else.
func (t Ticket) MustCall() bool {
	tasks := t.Undelivered()
	return len(tasks) > 0 && !slices.ContainsFunc(tasks, func(d Delivery) bool { return !d.Call() })
}

// Undelivered is the messages that are a task for a person.
func (t Ticket) Undelivered() []Delivery {
	return slices.DeleteFunc(slices.Clone(t.Sending), func(d Delivery) bool { return !d.Task() })
}

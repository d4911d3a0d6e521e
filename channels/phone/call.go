package phone

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing"
)

// Direction is who called whom.
type Direction string

// The directions.
const (
	In  Direction = "in"
	Out Direction = "out"
)

// State is how a call stands, in one word.
type State string

// The states of a call.
const (
	Ringing   State = "ringing"   // nobody has taken it yet
	Answered  State = "answered"  // somebody talks with her, or did and the line is still open
	Abandoned State = "abandoned" // over, and nobody had taken it
	Ended     State = "ended"     // over, and somebody had
)

// End is how the waiting of one leg ended. Each leg has exactly one.
type End string

// The ends, by our own definitions: what Asterisk calls an abandon is often the queue's own time-out.
const (
	Waiting   End = ""
	LostSight End = "lost"       // nobody knows: the exchange could not be heard
	Failed    End = "failed"     // busy, congestion, no such number
	GaveUp    End = "abandoned"  // the caller hung up
	FlowedOut End = "flowed_out" // time-out, empty queue, key press: the exchange took her out
	Connected End = "answered"   // a person took it
)

// rank orders what is told of one end: who heard more is right.
func (e End) rank() int {
	return slices.Index([]End{Waiting, LostSight, Failed, GaveUp, FlowedOut, Connected}, e)
}

// Side is who hung up; "" is not known.
type Side string

// The sides.
const (
	ByCaller   Side = "caller"
	ByAgent    Side = "agent"
	ByExchange Side = "exchange"
	ByTransfer Side = "transfer"
)

// Leg is one wait for a person: an entry into a queue, or one telephone that rang. Times are the exchange's.
type Leg struct {
	Queue   string    `json:"queue,omitempty"`
	Entered time.Time `json:"entered,omitzero"`
	End     End       `json:"end,omitempty"`
	Why     string    `json:"why,omitempty"`   // timeout, empty, busy …: a word of a fixed list
	Left    time.Time `json:"left,omitzero"`   // the waiting was over
	Agent   string    `json:"agent,omitempty"` // extension of who took it
	Done    time.Time `json:"done,omitzero"`   // the conversation was over; of no meaning unless answered
	By      Side      `json:"by,omitempty"`    // who ended the conversation
	Ready   time.Time `json:"ready,omitzero"`  // the agent's work after the call was over
	Outside bool      `json:"outside,omitempty"`
	Outcome string    `json:"outcome,omitempty"`  // what her agent says became of it: one of Outcomes
	Topic   string    `json:"category,omitempty"` // and what it was about
	Sent    string    `json:"sent,omitempty"`     // her agent gave her on to another: blind or attended
	Guess   bool      `json:"guess,omitempty"`    // its times were not heard but concluded from a snapshot
}

// Wait is how long she waited; ok is false while she does, and where nobody knows.
func (l Leg) Wait() (d time.Duration, ok bool) {
	if l.End == Waiting || l.Guess || l.Entered.IsZero() {
		return 0, false
	}
	return max(0, l.Left.Sub(l.Entered)), true
}

// Talk is how long they talked, holding included; ok is false where they did not, or still do.
func (l Leg) Talk() (d time.Duration, ok bool) {
	if l.End != Connected || l.Done.IsZero() {
		return 0, false
	}
	return max(0, l.Done.Sub(l.Left)), true
}

// maxAfter caps work after a call that somebody forgot to end.
const maxAfter = 10 * time.Minute

// After is the agent's work after the call.
func (l Leg) After() time.Duration {
	if l.End != Connected || l.Ready.IsZero() || l.Done.IsZero() {
		return 0
	}
	return min(maxAfter, max(0, l.Ready.Sub(l.Done)))
}

// Call is everything of one linked id: what the exchange joins as one call. It is made by joining events, each of
// which is a Call that knows little: so a repeat changes nothing and the order of arrival does not matter.
//
// It holds no number: who called is in the vault under Citizen.
type Call struct {
	ID        string              `json:"id"` // EXCHANGE:LINKEDID
	Direction Direction           `json:"direction,omitempty"`
	Citizen   ticketing.CitizenID `json:"citizen,omitempty"` // "" where the number is withheld
	Began     time.Time           `json:"began,omitzero"`
	Channel   string              `json:"channel,omitempty"` // the exchange's id of the citizen's leg
	Legs      []Leg               `json:"legs,omitempty"`
	Offered   []string            `json:"offered,omitempty"` // whom a pushed call rings at: extensions or sign-in names
	Ended     time.Time           `json:"ended,omitzero"`
	By        Side                `json:"by,omitempty"`
	Recording []byte              `json:"recording,omitempty"` // sealed: its address may hold the number
	Tickets   []ticketing.Code    `json:"tickets,omitempty"`   // taken in or written to because of it
	Booked    bool                `json:"booked,omitempty"`    // the missed-call book knows what it must
}

const (
	maxLegs    = 16
	maxOffered = 8
	maxLinked  = 8
)

// State is how the call stands.
func (c Call) State() State {
	switch {
	case c.Ended.IsZero() && c.answered():
		return Answered
	case c.Ended.IsZero():
		return Ringing
	case c.answered():
		return Ended
	}
	return Abandoned
}

func (c Call) answered() bool {
	return slices.ContainsFunc(c.Legs, func(l Leg) bool { return l.End == Connected })
}

// Served is when a person last began to talk with her; zero for never.
func (c Call) Served() (at time.Time) {
	for _, l := range c.Legs {
		if l.End == Connected && l.Left.After(at) {
			at = l.Left
		}
	}
	return at
}

// Missed says that she called, it is over, and nobody took it; at is when she was lost.
func (c Call) Missed() (why End, at time.Time, ok bool) {
	if c.Direction != In || c.Ended.IsZero() || c.answered() || len(c.Legs) == 0 {
		return "", time.Time{}, false
	}
	last := c.Legs[len(c.Legs)-1]
	return cmp.Or(last.End, LostSight), latest(c.Ended, last.Left), true
}

// pushed says that the call is told by the generic push: it has one leg, whatever the events are called.
func (c Call) pushed() bool { return strings.HasPrefix(c.ID, pushSource+":") }

// join is what two accounts of one call say together. For accounts of one source it does not matter which comes
// first, nor how often.
func join(a, b Call) Call {
	out := Call{
		ID: cmp.Or(a.ID, b.ID), Direction: either(a.Direction, b.Direction), Citizen: either(a.Citizen, b.Citizen),
		Began: earliest(a.Began, b.Began), Channel: either(a.Channel, b.Channel),
		Ended: earliest(a.Ended, b.Ended), By: either(a.By, b.By), Booked: a.Booked || b.Booked,
		Recording: []byte(either(string(a.Recording), string(b.Recording))),
	}
	if len(out.Recording) == 0 {
		out.Recording = nil
	}
	out.Offered = append(slices.Clone(a.Offered), b.Offered...)
	slices.Sort(out.Offered)
	out.Offered = slices.Compact(out.Offered)
	out.Offered = out.Offered[:min(len(out.Offered), maxOffered)]
	out.Tickets = append(slices.Clone(a.Tickets), b.Tickets...)
	slices.Sort(out.Tickets)
	out.Tickets = slices.Compact(out.Tickets)
	out.Tickets = out.Tickets[:min(len(out.Tickets), maxLinked)]
	out.Legs = slices.Clone(a.Legs)
	for _, l := range b.Legs {
		i := slices.IndexFunc(out.Legs, func(m Leg) bool { return out.pushed() || sameLeg(l, m) })
		if i >= 0 {
			out.Legs[i] = joinLeg(out.Legs[i], l)
		} else {
			out.Legs = append(out.Legs, l)
		}
	}
	slices.SortStableFunc(out.Legs, func(a, b Leg) int { return cmp.Or(a.Entered.Compare(b.Entered), cmp.Compare(a.Queue, b.Queue)) })
	out.Legs = out.Legs[:min(len(out.Legs), maxLegs)]
	return out
}

// sameLeg: two processes hear the same entry at the same stamp, and conclude a lost one from whole seconds.
func sameLeg(a, b Leg) bool {
	return a.Queue == b.Queue && a.Entered.Sub(b.Entered).Abs() <= 2*time.Second
}

func joinLeg(a, b Leg) Leg {
	if a.End.rank() < b.End.rank() {
		a, b = b, a
	}
	out := a // the higher rank says how and when the waiting ended
	if a.End == b.End {
		out.Left, out.Why, out.Agent = earliest(a.Left, b.Left), either(a.Why, b.Why), either(a.Agent, b.Agent)
		out.Guess = a.Guess && b.Guess
	}
	out.Queue, out.Entered = either(a.Queue, b.Queue), earliest(a.Entered, b.Entered)
	out.Done, out.By = earliest(a.Done, b.Done), either(a.By, b.By)
	out.Ready, out.Outside = earliest(a.Ready, b.Ready), a.Outside || b.Outside
	out.Outcome, out.Topic, out.Sent = either(a.Outcome, b.Outcome), either(a.Topic, b.Topic), either(a.Sent, b.Sent)
	return out
}

// either is the one that is given; of two the smaller, so that the order does not decide.
func either[T ~string](a, b T) T {
	if a == "" || b == "" {
		return cmp.Or(a, b)
	}
	return min(a, b)
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// settledTimes puts the times of a pushed call in order: what is sent late carries the time of its sending.
func (c Call) settledTimes() Call {
	if !c.pushed() {
		return c
	}
	c.Legs = slices.Clone(c.Legs)
	for i, l := range c.Legs {
		if l.End == Connected && !c.Ended.IsZero() && l.Left.After(c.Ended) {
			c.Legs[i].Left = c.Ended
		}
		if !l.Left.IsZero() && l.Entered.After(c.Legs[i].Left) {
			c.Legs[i].Entered = c.Legs[i].Left
		}
	}
	return c
}

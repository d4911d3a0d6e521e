package phone

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing"
)

// View is a call as the person whose telephone it is at sees it.
type View struct {
	ID        string              `json:"id"`
	State     State               `json:"state"`
	Direction Direction           `json:"direction"`
	Queue     string              `json:"queue,omitempty"`
	Citizen   ticketing.CitizenID `json:"citizen,omitempty"`
	Since     time.Time           `json:"since"`            // it rings, they talk, it is over
	Entered   time.Time           `json:"entered,omitzero"` // she waits, or waited, since
	Recorded  bool                `json:"recorded,omitempty"`
	Linked    []ticketing.Code    `json:"linked,omitempty"` // tickets that came of it
	Until     time.Time           `json:"until,omitzero"`   // of a call that is over: her time to write about it
}

// justNow is how long a call that is over stays on its person's screen: she is writing the ticket. Once she has said
// what became of it, it goes.
const justNow = 5 * time.Minute

// Calls are the calls at the person's telephone: what rings there, whom she talks with, whom she talked with just now.
// The ringing ones first. It is what stands at this moment; Bell tells of the next.
func (c *Channel) Calls(staff string) []View {
	c.mu.Lock()
	defer c.mu.Unlock()
	extension := c.extensionFor(staff)
	var out []View
	for _, t := range c.calls {
		state, since := t.with(extension, staff)
		if state == "" || state == Ended && (c.now().Add(c.skew).Sub(since) > justNow || t.hers(extension, staff).Outcome != "") {
			continue
		}
		v := View{
			ID: t.call.ID, State: state, Direction: t.call.Direction, Citizen: t.call.Citizen,
			Since: c.byOurClock(t, since), Recorded: t.call.Recording != nil, Linked: t.call.Tickets,
		}
		if until := t.afterUntil(extension, staff, c.After); state == Ended && !until.IsZero() {
			v.Until = c.byOurClock(t, until)
		}
		if n := len(t.call.Legs); n > 0 {
			v.Queue, v.Entered = t.call.Legs[n-1].Queue, c.byOurClock(t, t.call.Legs[n-1].Entered)
		}
		out = append(out, v)
	}
	order := []State{Ringing, Answered, Ended}
	slices.SortFunc(out, func(a, b View) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.State), slices.Index(order, b.State)), a.Since.Compare(b.Since), strings.Compare(a.ID, b.ID))
	})
	return out
}

// byOurClock is a time of the exchange by our clock.
func (c *Channel) byOurClock(t *track, at time.Time) time.Time {
	if t.call.pushed() || at.IsZero() {
		return at
	}
	return at.Add(-c.skew)
}

// with is what the call has to do with the person: it rings at hers, she talks, she talked last.
func (t *track) with(extension, staff string) (State, time.Time) {
	call := t.call.settledTimes()
	for i := len(call.Legs) - 1; i >= 0; i-- {
		l := call.Legs[i]
		if l.End != Connected || l.Agent == "" || l.Agent != extension && l.Agent != staff {
			continue
		}
		if l.Done.IsZero() && call.Ended.IsZero() {
			return Answered, l.Left
		}
		return Ended, latest(l.Done, earliest(l.Done, call.Ended))
	}
	if !call.Ended.IsZero() {
		return "", time.Time{}
	}
	for iface, r := range t.rings {
		if extension != "" && extensionOf(iface) == extension {
			return Ringing, r.since
		}
	}
	rings := slices.Contains(call.Offered, staff) || extension != "" && slices.Contains(call.Offered, extension)
	if rings && call.State() == Ringing && call.Direction == In {
		return Ringing, call.Began
	}
	return "", time.Time{}
}

// Queue is who waits, without names: for the room's board.
type Queue struct {
	Name    string    `json:"name"`
	Waiting int       `json:"waiting"`
	Longest time.Time `json:"longest"` // the one who waits longest waits since
}

// Queues are those in which somebody waits.
func (c *Channel) Queues() []Queue {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]*Queue{}
	for _, t := range c.calls {
		if !t.call.Ended.IsZero() || t.call.Direction != In {
			continue
		}
		for _, l := range t.call.Legs {
			if l.End != Waiting {
				continue
			}
			q := all[l.Queue]
			if q == nil {
				q = &Queue{Name: l.Queue}
				all[l.Queue] = q
			}
			q.Waiting++
			q.Longest = earliest(q.Longest, c.byOurClock(t, l.Entered))
		}
	}
	out := make([]Queue, 0, len(all))
	for _, q := range all {
		out = append(out, *q)
	}
	slices.SortFunc(out, func(a, b Queue) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// maxAddress bounds the address of a recording.
const maxAddress = 1000

// seal keeps where the recording lies; the first address stays. c.mu is held.
func (c *Channel) seal(t *track, address string) {
	if t.call.Recording == nil && len(address) <= maxAddress {
		t.call.Recording = c.Desk.Vault.Seal("call/"+t.call.ID, []byte(address))
		if !t.call.pushed() {
			c.changed(t)
		}
	}
}

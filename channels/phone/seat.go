package phone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"hotline1022/ticketing"
)

// Seat is what a person has said of herself: she takes calls, she is on a break, she has gone. What her telephone does
// meanwhile (it rings, she talks, she finishes a call) is derived and stands in Agent.
type Seat struct {
	State  AgentState `json:"state"`            // Ready, Break or Offline
	Reason string     `json:"reason,omitempty"` // of the break: one of Breaks, or the exchange's own word
	Since  time.Time  `json:"since"`
}

// kindSeat is one record per person (id: sign-in name). Its versions are what her time was, so they are kept for as
// long as figures are asked for.
const kindSeat = "phone_seat"

// Breaks are the reasons for a break, in the order in which they are offered; phone.break.REASON says them.
var Breaks = []string{"meal", "rest", "meeting", "paperwork", "technical"}

// afterReason is the exchange's word for a pause that is ours: her work after a call.
const afterReason = "after-call"

// SetState is what the person says of herself. Where there is a manager connection the exchange is told: on a break it
// rings at hers no more. Asked for during a call it takes effect after it.
func (c *Channel) SetState(ctx context.Context, actor ticketing.Actor, state AgentState, reason string) error {
	if err := callsBack(actor); err != nil {
		return err
	}
	switch {
	case state == Break && slices.Contains(Breaks, reason):
	case state == Break:
		return &ticketing.Error{Class: ticketing.Invalid, Field: "reason", Key: "phone.error.break"}
	case state == Ready, state == Offline:
		reason = ""
	default:
		return &ticketing.Error{Class: ticketing.Invalid, Field: "state", Key: "phone.error.state"}
	}
	if err := c.putSeat(ctx, actor.ID, actor.ID, Seat{State: state, Reason: reason, Since: c.now()}); err != nil {
		return err
	}
	if state == Ready {
		c.EndAfterCall(ctx, actor) // who is ready has finished what she did after her call
	}
	c.syncPauses()
	return nil
}

// putSeat writes the person's next version. What changes nothing is not written: her time goes on.
func (c *Channel) putSeat(ctx context.Context, staff, who string, next Seat) error {
	for range 100 {
		was, version, err := c.seatFrom(ctx, staff)
		if err != nil {
			return err
		}
		if was.State == next.State && was.Reason == next.Reason {
			return nil
		}
		next.Since = latest(next.Since, was.Since)
		doc, err := json.Marshal(next)
		if err != nil {
			return err
		}
		err = c.Desk.Store.Put(ctx, ticketing.Record{Kind: kindSeat, ID: staff, Version: version + 1, At: next.Since, By: who, Doc: doc})
		if errors.Is(err, ticketing.ErrConflict) {
			continue
		}
		if err != nil {
			return fmt.Errorf("storing who takes calls: %w", err)
		}
		c.mu.Lock()
		c.seats[staff] = next
		c.mu.Unlock()
		c.bell.Ring()
		return nil
	}
	return fmt.Errorf("a person's state is written to without a pause: %w", ticketing.ErrBusy)
}

func (c *Channel) seatFrom(ctx context.Context, staff string) (s Seat, version int, err error) {
	r, err := c.Desk.Store.Get(ctx, kindSeat, staff)
	if errors.Is(err, ticketing.ErrNotFound) {
		return Seat{}, 0, nil
	}
	if err == nil {
		err = json.Unmarshal(r.Doc, &s)
	}
	if err != nil {
		return Seat{}, 0, fmt.Errorf("reading who takes calls: %w", err)
	}
	return s, r.Version, nil
}

// readSeats is what everybody has said of herself.
func (c *Channel) readSeats(ctx context.Context) (map[string]Seat, error) {
	records, err := c.Desk.Store.All(ctx, kindSeat, "")
	if err != nil {
		return nil, fmt.Errorf("reading who takes calls: %w", err)
	}
	out := make(map[string]Seat, len(records))
	for _, r := range records {
		var s Seat
		if err := json.Unmarshal(r.Doc, &s); err != nil {
			return nil, fmt.Errorf("the state of %s: %w", r.ID, err)
		}
		out[r.ID] = s
	}
	return out, nil
}

// extensionFor is the person's telephone; "" for none. c.mu is held.
func (c *Channel) extensionFor(staff string) string {
	for extension, owner := range c.extensions {
		if owner == staff {
			return extension
		}
	}
	return ""
}

// knownTo says that the exchange has the extension in a queue. c.mu is held.
func (c *Channel) knownTo(extension string) bool {
	for _, a := range c.agents {
		if len(a.queues) > 0 && extensionOf(a.iface) == extension {
			return true
		}
	}
	return false
}

// said is everything the person has said of herself, oldest first.
func (c *Channel) said(ctx context.Context, staff string) ([]Seat, error) {
	history, err := c.Desk.Store.History(ctx, kindSeat, staff)
	if err != nil {
		return nil, fmt.Errorf("reading a person's time: %w", err)
	}
	out := make([]Seat, 0, len(history))
	for _, r := range history {
		var s Seat
		if err := json.Unmarshal(r.Doc, &s); err != nil {
			return nil, fmt.Errorf("the state of %s: %w", staff, err)
		}
		out = append(out, s)
	}
	return out, nil
}

// Resting says that the person is on a break, by what this process knows: what is spread among people is not for her.
func (c *Channel) Resting(staff string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seats[staff].State == Break
}

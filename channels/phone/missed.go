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

// kindCallback is whom we owe a call back; id: CitizenID, so that there is one item per person however often she
// tries. It is gone when she has been served.
const kindCallback = "callback"

const (
	maxBooked = 20               // calls an item remembers
	claimLife = 30 * time.Minute // then another may take it over
)

// Callback is an item of the missed-call book.
type Callback struct {
	Citizen   ticketing.CitizenID `json:"citizen"`
	First     time.Time           `json:"first"` // her first try since she was last served
	Last      time.Time           `json:"last"`
	Times     int                 `json:"times"`
	Why       End                 `json:"why"` // of the last
	Queue     string              `json:"queue,omitempty"`
	Outside   bool                `json:"outside,omitempty"`
	Calls     []string            `json:"calls"`               // counted, the latest last
	Tries     []time.Time         `json:"tries,omitempty"`     // ours, that did not reach her
	TryCalls  []string            `json:"try_calls,omitempty"` //
	ClaimedBy string              `json:"claimed_by,omitempty"`
	ClaimedAt time.Time           `json:"claimed_at,omitzero"`
}

// Claimed is who has the item, if the claim still counts.
func (b Callback) Claimed(now time.Time) string {
	if now.Sub(b.ClaimedAt) >= claimLife {
		return ""
	}
	return b.ClaimedBy
}

// tellBook tells the missed-call book what it must know of a call.
func (c *Channel) tellBook(ctx context.Context, call Call) error {
	if call.Citizen == "" {
		return nil // nobody who could be called
	}
	if at := call.Served(); !at.IsZero() {
		return c.clear(ctx, call.Citizen, at, call.ID)
	}
	if call.Booked || call.Ended.IsZero() {
		return nil
	}
	if call.Direction == Out {
		return c.tried(ctx, call)
	}
	why, at, missed := call.Missed()
	if !missed {
		return nil
	}
	served, err := c.servedSince(ctx, call.Citizen, at)
	if err != nil || served {
		return err
	}
	leg := call.Legs[len(call.Legs)-1]
	err = c.changeCallback(ctx, by, call.Citizen, func(b *Callback, there bool) error {
		if slices.Contains(b.Calls, call.ID) || len(b.Calls) == maxBooked && at.Before(b.Last) {
			return errNoChange
		}
		if !there {
			*b = Callback{Citizen: call.Citizen, First: at}
		}
		b.First, b.Times = earliest(b.First, at), b.Times+1
		if !at.Before(b.Last) {
			b.Last, b.Why, b.Queue, b.Outside = at, why, leg.Queue, leg.Outside
		}
		b.Calls = append(b.Calls, call.ID)
		b.Calls = b.Calls[max(0, len(b.Calls)-maxBooked):]
		return nil
	})
	if err == nil {
		c.health.count("missed", c.now())
	}
	return err
}

// tried notes that we called her back and did not reach her.
func (c *Channel) tried(ctx context.Context, call Call) error {
	return c.changeCallback(ctx, by, call.Citizen, func(b *Callback, there bool) error {
		if !there || slices.Contains(b.TryCalls, call.ID) || call.Began.Before(b.First) {
			return errNoChange
		}
		b.Tries, b.TryCalls = append(b.Tries, call.Began), append(b.TryCalls, call.ID)
		b.Tries, b.TryCalls = b.Tries[max(0, len(b.Tries)-maxBooked):], b.TryCalls[max(0, len(b.TryCalls)-maxBooked):]
		return nil
	})
}

// servedSince says whether she has been served after the moment at which she was lost: events may come late, and the
// item must not open on somebody who has her answer.
func (c *Channel) servedSince(ctx context.Context, citizen ticketing.CitizenID, at time.Time) (bool, error) {
	calls, err := c.callsOf(ctx, citizen, at, c.now())
	if err != nil {
		return false, err
	}
	for _, call := range calls {
		if !call.Served().Before(at) {
			return true, nil
		}
	}
	page, err := c.Desk.Store.List(ctx, ticketing.Filter{
		Scope: ticketing.Scope{All: true}, Citizen: []ticketing.CitizenID{citizen}, From: at, Limit: 1,
	})
	if err != nil {
		return false, fmt.Errorf("looking for her tickets: %w", err)
	}
	return len(page.Tickets) > 0, nil
}

var (
	errNoChange = errors.New("nothing to change")
	errClear    = errors.New("the item is done with")
)

// changeCallback writes the item's next version as change makes it, whoever else is writing: it is asked again where
// somebody was first. errNoChange leaves it, errClear takes it off the book.
func (c *Channel) changeCallback(ctx context.Context, who string, citizen ticketing.CitizenID, change func(b *Callback, there bool) error) error {
	for range 100 {
		r, err := c.Desk.Store.Get(ctx, kindCallback, string(citizen))
		if err != nil && !errors.Is(err, ticketing.ErrNotFound) {
			return fmt.Errorf("reading the missed-call book: %w", err)
		}
		there := err == nil && !r.Deleted()
		var b Callback
		if there {
			if err := json.Unmarshal(r.Doc, &b); err != nil {
				return fmt.Errorf("the missed-call book: %w", err)
			}
		}
		next := ticketing.Record{Kind: kindCallback, ID: string(citizen), Version: r.Version + 1, At: c.now(), By: who}
		below := next.Version // what is before the present version is of no use
		switch err := change(&b, there); {
		case errors.Is(err, errNoChange):
			return nil
		case errors.Is(err, errClear):
			below++ // nor is the tombstone; a version above it, of a call that came meanwhile, stays
		case err != nil:
			return err
		default:
			if next.Doc, err = json.Marshal(b); err != nil {
				return err
			}
		}
		err = c.Desk.Store.Put(ctx, next)
		if errors.Is(err, ticketing.ErrConflict) {
			continue
		}
		if err == nil && below > 1 {
			err = c.Desk.Store.Erase(ctx, kindCallback, next.ID, below)
		}
		if err != nil {
			return fmt.Errorf("writing the missed-call book: %w", err)
		}
		c.bell.Ring()
		return nil
	}
	return fmt.Errorf("the missed-call book is written to without a pause: %w", ticketing.ErrBusy)
}

// clear takes the person off the book if she was served after she was last lost, or if it turns out that the call that
// counted as her last loss was taken after all: an answer may be told after the hang-up.
func (c *Channel) clear(ctx context.Context, citizen ticketing.CitizenID, at time.Time, call string) error {
	return c.changeCallback(ctx, by, citizen, func(b *Callback, there bool) error {
		switch {
		case !there:
			return errNoChange
		case !at.Before(b.Last), call != "" && b.Calls[len(b.Calls)-1] == call:
			return errClear
		}
		return errNoChange
	})
}

// Callbacks is the missed-call book, the longest owed first.
func (c *Channel) Callbacks(ctx context.Context) ([]Callback, error) {
	records, err := c.Desk.Store.All(ctx, kindCallback, "")
	if err != nil {
		return nil, fmt.Errorf("reading the missed-call book: %w", err)
	}
	book := make([]Callback, 0, len(records))
	for _, r := range records {
		var b Callback
		if err := json.Unmarshal(r.Doc, &b); err != nil {
			return nil, fmt.Errorf("the missed-call book: %w", err)
		}
		book = append(book, b)
	}
	slices.SortStableFunc(book, func(a, b Callback) int { return a.First.Compare(b.First) })
	return book, nil
}

// callsBack says who may work the missed-call book.
func callsBack(actor ticketing.Actor) error {
	if actor.Role != ticketing.Operator && actor.Role != ticketing.Supervisor {
		return &ticketing.Error{Class: ticketing.Forbidden, Key: "error.page_role"}
	}
	return nil
}

var errGone = &ticketing.Error{Class: ticketing.NotFound, Key: "phone.error.gone"}

// Claim gives the item to the person who is going to call. Of two who claim at once one gets it, because both would
// write the same version. A claim that nothing came of lapses after half an hour.
func (c *Channel) Claim(ctx context.Context, actor ticketing.Actor, citizen ticketing.CitizenID) error {
	if err := callsBack(actor); err != nil {
		return err
	}
	return c.changeCallback(ctx, actor.ID, citizen, func(b *Callback, there bool) error {
		switch owner := b.Claimed(c.now()); {
		case !there:
			return errGone
		case owner == actor.ID:
			return errNoChange
		case owner != "":
			return &ticketing.Error{Class: ticketing.Conflict, Key: "phone.error.claimed", Args: []any{owner}}
		}
		b.ClaimedBy, b.ClaimedAt = actor.ID, c.now()
		return nil
	})
}

// Release lets go of one's claim; a supervisor may of anybody's.
func (c *Channel) Release(ctx context.Context, actor ticketing.Actor, citizen ticketing.CitizenID) error {
	if err := callsBack(actor); err != nil {
		return err
	}
	return c.changeCallback(ctx, actor.ID, citizen, func(b *Callback, there bool) error {
		switch {
		case !there:
			return errGone
		case b.ClaimedBy == "":
			return errNoChange
		case b.ClaimedBy != actor.ID && actor.Role != ticketing.Supervisor:
			return &ticketing.Error{Class: ticketing.Conflict, Key: "phone.error.claimed", Args: []any{b.ClaimedBy}}
		}
		b.ClaimedBy, b.ClaimedAt = "", time.Time{}
		return nil
	})
}

// The reasons for which an item may be closed by hand.
var dismissals = []string{"unreachable", "wrong_number", "served_elsewhere", "nuisance"}

// Dismiss closes the item without a call. The log keeps who did it and why, not whom it was about.
func (c *Channel) Dismiss(ctx context.Context, actor ticketing.Actor, citizen ticketing.CitizenID, reason string) error {
	if err := callsBack(actor); err != nil {
		return err
	}
	if !slices.Contains(dismissals, reason) {
		return &ticketing.Error{Class: ticketing.Invalid, Field: "reason", Key: "phone.error.reason"}
	}
	err := c.changeCallback(ctx, actor.ID, citizen, func(_ *Callback, there bool) error {
		if !there {
			return errGone
		}
		return errClear
	})
	if err == nil {
		c.Log.Info("a call-back was closed by hand", "by", actor.ID, "reason", reason)
	}
	return err
}

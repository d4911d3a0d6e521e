package phone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"hotline1022/ticketing"
)

// kindCursor is how far in the journal the missed-call book has looked; id: the journal's epoch.
const kindCursor = "phone_cursor"

// everySo is how many events are looked at between two notes of the cursor.
const everySo = 500

// followJournal clears the missed-call book when a person has been served otherwise than by a call: her matter was
// taken in, or somebody wrote to her.
func (c *Channel) followJournal(ctx context.Context) error {
	var seq int64
	var version int
	err := c.patiently(ctx, func() (err error) { seq, version, err = c.cursor(ctx); return err })
	if err != nil {
		return err
	}
	noted := seq
	return ticketing.Follow(ctx, c.Desk.Store, seq, func(ctx context.Context, e ticketing.Event) error {
		// Tried until it is done: what is passed over here is never looked at again.
		if err := c.patiently(ctx, func() error { return c.hear(ctx, e) }); err != nil {
			return err
		}
		if e.Seq-noted >= everySo {
			if v, err := c.note(ctx, version, e.Seq); err == nil {
				version, noted = v, e.Seq
			}
		}
		return nil
	})
}

// hear looks whether the event means that a citizen has been served.
func (c *Channel) hear(ctx context.Context, e ticketing.Event) error {
	citizen := e.Citizen
	switch e.Kind {
	case ticketing.Received:
	case ticketing.AnsweredBy, ticketing.Messaged, ticketing.Asked:
		t, err := c.Desk.Store.Ticket(ctx, e.Ticket)
		if errors.Is(err, ticketing.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		citizen = t.Citizen
	default:
		return nil
	}
	if citizen == "" {
		return nil
	}
	return c.clear(ctx, citizen, e.At, "")
}

// cursor is where to go on. A hotline that begins to hear its telephone owes nobody a call for what is long past.
func (c *Channel) cursor(ctx context.Context) (seq int64, version int, err error) {
	r, err := c.Desk.Store.Get(ctx, kindCursor, c.Desk.Store.Epoch())
	if errors.Is(err, ticketing.ErrNotFound) {
		if seq, err = c.Desk.Store.End(ctx); err != nil {
			return 0, 0, fmt.Errorf("reading the journal's end: %w", err)
		}
		version, err = c.note(ctx, 0, seq)
		if errors.Is(err, ticketing.ErrConflict) {
			return c.cursor(ctx) // another process was first
		}
		return seq, version, err
	}
	if err != nil {
		return 0, 0, fmt.Errorf("reading the cursor: %w", err)
	}
	return seq, r.Version, json.Unmarshal(r.Doc, &seq)
}

func (c *Channel) note(ctx context.Context, version int, seq int64) (int, error) {
	id := c.Desk.Store.Epoch()
	doc, err := json.Marshal(seq)
	if err != nil {
		return version, err
	}
	err = c.Desk.Store.Put(ctx, ticketing.Record{Kind: kindCursor, ID: id, Version: version + 1, At: c.now(), By: by, Doc: doc})
	if err != nil {
		return version, fmt.Errorf("noting the cursor: %w", err)
	}
	return version + 1, c.Desk.Store.Erase(ctx, kindCursor, id, version+1)
}

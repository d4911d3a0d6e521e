package open311

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hotline1022/ticketing"
)

// The way out begins in the journal: whoever routes a ticket to an agency that has an endpoint leaves an event, and
// the follower makes an errand of it. An errand's record has the event's name, so that however many processes follow
// the feed, and however often one reads it again, there is one errand.

// Kinds of record. A cursor's id is the journal's epoch, an errand's TICKET/N of the routing.
const (
	kindCursor = "open311_cursor"
	kindErrand = "open311_errand"
)

// errand is a ticket on its way to an agency, or there.
type errand struct {
	Ticket ticketing.Code `json:"ticket"`
	N      int            `json:"n"`
	Agency string         `json:"agency"`
	Since  time.Time      `json:"since"`
	Try    int            `json:"try,omitempty"`
	Next   time.Time      `json:"next"`
	Unsure bool           `json:"unsure,omitempty"` // a try's answer was lost: look there before the next
	Token  string         `json:"token,omitempty"`
	Remote string         `json:"remote,omitempty"` // the agency's id: it is there, and is being asked after
	Seen   string         `json:"seen,omitempty"`   // what its record said last
}

func (e errand) id() string { return fmt.Sprintf("%s/%d", e.Ticket, e.N) }

// follow reads the feed. It begins where it was when it first ran: what was routed before there was anybody to carry it
// has been dealt with by people.
func (c *Channel) follow(ctx context.Context) error {
	var from int64
	var version int
	waited, err := c.awaitEndpoint(ctx)
	if err != nil {
		return err
	}
	err = c.again(ctx, "the place in the feed cannot be read", func() (err error) {
		if from, version, err = c.cursor(ctx); err != nil || !waited {
			return err
		}
		end, err := c.Desk.Store.End(ctx) // nobody had an endpoint until now
		from = max(from, end)
		return err
	})
	if err != nil {
		return err
	}
	saved := from
	return ticketing.Follow(ctx, c.Desk.Store, from, func(ctx context.Context, e ticketing.Event) error {
		if e.Kind == ticketing.RoutedTo {
			if err := c.again(ctx, "an errand cannot be written", func() error { return c.makeErrand(ctx, e) }); err != nil {
				return err
			}
		}
		if e.Kind == ticketing.RoutedTo || e.Seq-saved >= 1000 {
			if v, err := c.saveCursor(ctx, version, e.Seq); err == nil {
				version, saved = v, e.Seq
			}
		}
		return nil
	})
}

// awaitEndpoint returns when some agency has an endpoint, and says whether none had when it was asked: until then nobody
// need follow the feed, which costs a reading each moment where several processes share a store.
func (c *Channel) awaitEndpoint(ctx context.Context) (waited bool, err error) {
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		for _, a := range c.Desk.Catalog.Current().Agencies {
			if a.Open311 != "" && !a.Off {
				return waited, nil
			}
		}
		waited = true
		select {
		case <-ctx.Done():
			return waited, ctx.Err()
		case <-look.C:
		}
	}
}

// again does something until it works: an event must not be passed over because the store is ill.
func (c *Channel) again(ctx context.Context, what string, do func() error) error {
	for pause := time.Second; ; pause = min(2*pause, time.Minute) {
		err := do()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.Log.Error(what, "err", err)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// cursor is how far the feed has been read. The first process over a journal sets it to the end.
func (c *Channel) cursor(ctx context.Context) (seq int64, version int, err error) {
	r, err := c.Desk.Store.Get(ctx, kindCursor, c.Desk.Store.Epoch())
	if err == nil {
		err = json.Unmarshal(r.Doc, &seq)
		return seq, r.Version, err
	}
	if !errors.Is(err, ticketing.ErrNotFound) {
		return 0, 0, err
	}
	if seq, err = c.Desk.Store.End(ctx); err != nil {
		return 0, 0, err
	}
	version, err = c.saveCursor(ctx, 0, seq)
	if errors.Is(err, ticketing.ErrConflict) {
		return c.cursor(ctx) // another process was first
	}
	return seq, version, err
}

// saveCursor writes how far the feed has been read. Where another process has written, the later of the two stands;
// too early a place only makes errands be looked for twice.
func (c *Channel) saveCursor(ctx context.Context, version int, seq int64) (int, error) {
	store, id := c.Desk.Store, c.Desk.Store.Epoch()
	put := func(version int) error {
		return store.Put(ctx, ticketing.Record{Kind: kindCursor, ID: id, Version: version + 1, At: c.now().UTC(), By: "open311", Doc: fmt.Appendf(nil, "%d", seq)})
	}
	err := put(version)
	if errors.Is(err, ticketing.ErrConflict) && version > 0 {
		r, getErr := store.Get(ctx, kindCursor, id)
		var theirs int64
		if getErr != nil || json.Unmarshal(r.Doc, &theirs) != nil {
			return version, errors.Join(err, getErr)
		}
		if version = r.Version; theirs >= seq {
			return version, nil
		}
		err = put(version)
	}
	if err != nil {
		return version, err
	}
	return version + 1, store.Erase(ctx, kindCursor, id, version+1)
}

// makeErrand makes the errand of a routing. One that is there stays as it is; one that was done and has gone comes back,
// and goes again when its turn comes: see over.
func (c *Channel) makeErrand(ctx context.Context, e ticketing.Event) error {
	if a := c.Desk.Catalog.Current().Agencies[e.Agency]; a.Open311 == "" || a.Off {
		return nil
	}
	job := errand{Ticket: e.Ticket, N: e.N, Agency: e.Agency, Since: e.At, Next: e.At}
	doc, err := json.Marshal(job)
	if err != nil {
		return err
	}
	err = c.Desk.Store.Put(ctx, ticketing.Record{Kind: kindErrand, ID: job.id(), Version: 1, At: c.now().UTC(), By: "open311", Doc: doc})
	if errors.Is(err, ticketing.ErrConflict) {
		return nil
	}
	return err
}

// The ends of an errand's keys: what the ticket's own timeline tells of it.
const (
	endSent   = ":sent"
	endFailed = ":failed"
)

func (e errand) key() string { return fmt.Sprintf("open311-out:%s:%d", e.Ticket, e.N) }

// over says that the errand was done or given up: the ticket's timeline says so, also when the record has gone.
func (c *Channel) over(ctx context.Context, job errand) (bool, error) {
	for _, end := range []string{endSent, endFailed} {
		_, err := c.Desk.Store.ByKey(ctx, job.key()+end)
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, ticketing.ErrNotFound) {
			return false, err
		}
	}
	return false, nil
}

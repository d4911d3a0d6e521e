package phone

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// The records. Of a call there are at most three: itself (its few versions become one when it ends), its line in the
// day's list, and its line among the open ones, which goes when it has ended and the missed-call book knows.
const (
	kindCall = "call"      // id: Call.ID
	kindDay  = "call_day"  // id: DAY/CITIZEN/CALL; doc: true
	kindOpen = "call_open" // id: Call.ID; doc: true
)

// keepEnded is how long a call that ended is kept at hand, for the operator's screen and for late events.
const keepEnded = 10 * time.Minute

// track is a call at hand.
type track struct {
	call    Call
	doc     []byte // as stored
	version int    // of the stored record; 0: not stored
	listed  bool   // among the open ones
	touched time.Time

	number  text.Phone           // until the vault has named her
	rings   map[string]ringing   // by interface
	stopped map[string]time.Time // when it last stopped ringing there
	verdict *verdict             // how the waiting ended is not decided yet
	absent  int                  // snapshots in a row without it
}

// ringing is a telephone that rings.
type ringing struct {
	dest  string // the exchange's id of its leg
	since time.Time
}

// tracked is the call at hand, fetched from the store if it is there, else new. It is in c.calls afterwards.
func (c *Channel) tracked(ctx context.Context, id string) (*track, error) {
	c.mu.Lock()
	t := c.calls[id]
	c.mu.Unlock()
	if t != nil {
		return t, nil
	}
	fresh := &track{call: Call{ID: id}, rings: map[string]ringing{}, touched: c.now()}
	r, err := c.Desk.Store.Get(ctx, kindCall, id)
	switch {
	case err == nil:
		if err := fresh.take(r); err != nil {
			return nil, err
		}
	case !errors.Is(err, ticketing.ErrNotFound):
		return nil, fmt.Errorf("reading a call: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.calls[id]; t != nil { // another event was quicker
		return t, nil
	}
	c.calls[id] = fresh
	return fresh, nil
}

// take joins what is stored to what is at hand.
func (t *track) take(r ticketing.Record) error {
	var stored Call
	if err := json.Unmarshal(r.Doc, &stored); err != nil {
		return fmt.Errorf("the record of call %s: %w", r.ID, err)
	}
	t.call, t.doc, t.version = join(t.call, stored), r.Doc, r.Version
	return nil
}

// save makes the call durable as it is at hand, and does what follows from it. Nothing is written where nothing has
// changed.
func (c *Channel) save(ctx context.Context, t *track) error {
	if err := c.meet(ctx, t); err != nil {
		return err
	}
	for range 100 {
		c.mu.Lock()
		call, version, stored, listed := t.call, t.version, t.doc, t.listed
		c.mu.Unlock()
		doc, err := json.Marshal(call)
		if err != nil {
			return err
		}
		if bytes.Equal(doc, stored) {
			return c.finish(ctx, t)
		}
		err = c.put(ctx, call, version, listed, doc)
		switch {
		case errors.Is(err, ticketing.ErrConflict):
			if err := c.reload(ctx, t); err != nil {
				return err
			}
			continue
		case err != nil:
			return fmt.Errorf("storing a call: %w", err)
		}
		c.mu.Lock()
		if t.version == version {
			t.version, t.doc = version+1, doc
		}
		t.listed = true
		c.mu.Unlock()
		c.bell.Ring()
	}
	return fmt.Errorf("a call is written to without a pause: %w", ticketing.ErrBusy)
}

// put writes one version of the call, and with the first its lines in the lists. The call goes last: a list's line
// without its call is harmless, a call in no list would be in no figure.
func (c *Channel) put(ctx context.Context, call Call, version int, listed bool, doc []byte) error {
	var rs []ticketing.Record
	line := json.RawMessage("true")
	if version == 0 {
		rs = append(rs, ticketing.Record{Kind: kindDay, ID: dayLine(call), Version: 1, At: c.now(), By: by, Doc: line})
	}
	if !listed {
		rs = append(rs, ticketing.Record{Kind: kindOpen, ID: call.ID, Version: 1, At: c.now(), By: by, Doc: line})
	}
	rs = append(rs, ticketing.Record{Kind: kindCall, ID: call.ID, Version: version + 1, At: c.now(), By: by, Doc: doc})
	err := c.Desk.Store.Put(ctx, rs...)
	if len(rs) == 1 || !errors.Is(err, ticketing.ErrConflict) {
		return err
	}
	// A line may be there from before; only the call's own version decides.
	for i, r := range rs {
		err = c.Desk.Store.Put(ctx, r)
		if err != nil && (i == len(rs)-1 || !errors.Is(err, ticketing.ErrConflict)) {
			return err
		}
	}
	return nil
}

func (c *Channel) reload(ctx context.Context, t *track) error {
	c.mu.Lock()
	id := t.call.ID
	c.mu.Unlock()
	r, err := c.Desk.Store.Get(ctx, kindCall, id)
	if err != nil {
		return fmt.Errorf("reading a call again: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return t.take(r)
}

// meet gives a number to the vault, and the call the name the vault has for it.
func (c *Channel) meet(ctx context.Context, t *track) error {
	c.mu.Lock()
	number, known := t.number, t.call.Citizen != ""
	c.mu.Unlock()
	if known || number.IsZero() {
		return nil
	}
	id, err := c.Desk.Vault.Identify(ctx, ticketing.PhoneContact(number))
	if err != nil {
		return fmt.Errorf("looking up a caller: %w", err)
	}
	for {
		r, fresh, err := c.Desk.Vault.Merge(ctx, id, ticketing.Person{Phone: number.E164()}, by)
		if err != nil {
			return fmt.Errorf("reading the vault: %w", err)
		}
		if !fresh {
			break
		}
		if err = c.Desk.Store.Put(ctx, r); err == nil {
			break
		} else if !errors.Is(err, ticketing.ErrConflict) {
			return fmt.Errorf("storing a caller: %w", err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t.call.Citizen = id
	return nil
}

// finish does what follows from a call that is over: the missed-call book is told, and of the records one remains.
// Until that is done the call stays in the list of open ones, so that a crash only delays it.
func (c *Channel) finish(ctx context.Context, t *track) error {
	c.mu.Lock()
	call, version, listed := t.call.settledTimes(), t.version, t.listed
	c.mu.Unlock()
	if !listed {
		return nil
	}
	if err := c.tellBook(ctx, call); err != nil {
		return err
	}
	if call.Ended.IsZero() {
		return nil
	}
	if _, _, missed := call.Missed(); missed && !call.Booked {
		c.mu.Lock()
		t.call.Booked = true
		c.mu.Unlock()
		return c.save(ctx, t)
	}
	if err := c.Desk.Store.Erase(ctx, kindOpen, call.ID, 0); err != nil {
		return fmt.Errorf("taking a call off the list: %w", err)
	}
	c.mu.Lock()
	t.listed = false
	c.mu.Unlock()
	if version > 1 {
		if err := c.Desk.Store.Erase(ctx, kindCall, call.ID, version); err != nil {
			return fmt.Errorf("erasing a call's earlier versions: %w", err)
		}
	}
	return nil
}

// refresh takes over what is stored: open calls, also those of other processes and of before a restart, and how calls
// at hand have ended elsewhere.
func (c *Channel) refresh(ctx context.Context) error {
	c.mu.Lock()
	var ids []string
	before := map[string]bool{} // listed, so that whoever takes it off the list has told the book
	for id, t := range c.calls {
		if t.version > 0 && t.listed {
			ids, before[id] = append(ids, id), true
		}
	}
	c.mu.Unlock()
	lines, err := c.Desk.Store.All(ctx, kindOpen, "")
	if err != nil {
		return fmt.Errorf("reading open calls: %w", err)
	}
	open := map[string]bool{}
	for _, r := range lines {
		ids, open[r.ID] = append(ids, r.ID), true
	}
	stored, err := c.Desk.Store.GetAll(ctx, kindCall, ids)
	if err != nil {
		return fmt.Errorf("reading open calls: %w", err)
	}
	extensions, _, err := c.readExtensions(ctx)
	if err != nil {
		return err
	}
	seats, err := c.readSeats(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.extensions, c.seats = extensions, seats
	for id, r := range stored {
		t := c.calls[id]
		if t == nil {
			t = &track{call: Call{ID: id}, rings: map[string]ringing{}, touched: c.now()}
			c.calls[id] = t
		}
		if t.version < r.Version {
			if err := t.take(r); err != nil {
				return err
			}
		}
		switch {
		case open[id]:
			t.listed = true
		case before[id] && !t.call.Ended.IsZero():
			t.listed = false
		}
	}
	c.bell.Ring()
	return nil
}

// lookAround sees what other processes wrote, finishes what a crash left, and forgets what is long over.
func (c *Channel) lookAround(ctx context.Context) error {
	var seen map[string]int64
	tick := time.NewTicker(c.pace.look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		revs, err := c.Desk.Store.Revisions(ctx, kindOpen, kindCall, kindCallback, kindExtensions, kindSeat)
		if err == nil && !maps.Equal(revs, seen) {
			if err = c.refresh(ctx); err == nil {
				seen = revs
			}
		}
		if err == nil {
			err = c.finishAll(ctx)
		}
		c.afterByClock()
		c.syncPauses()
		c.flush(ctx)
		if err != nil && ctx.Err() == nil {
			c.Log.Warn("the open calls could not be looked through", "err", err)
		}
		c.forget()
	}
}

// finishAll ends what is over and still listed: a crash came between, or the store was away.
func (c *Channel) finishAll(ctx context.Context) error {
	c.mu.Lock()
	var over []*track
	for _, t := range c.calls {
		if t.listed && !t.call.Ended.IsZero() {
			over = append(over, t)
		}
	}
	c.mu.Unlock()
	for _, t := range over {
		if err := c.save(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// flush saves what the manager connection has changed. While the store is away what is at hand goes on in memory, and
// is saved when it is back.
func (c *Channel) flush(ctx context.Context) {
	c.saving.Lock() // one at a time: two would only meet each other's versions
	defer c.saving.Unlock()
	c.mu.Lock()
	dirty := slices.Collect(maps.Keys(c.dirty))
	c.mu.Unlock()
	for _, t := range dirty {
		c.mu.Lock()
		delete(c.dirty, t) // what changes while it is saved marks it again
		c.mu.Unlock()
		one, done := context.WithTimeout(ctx, 5*time.Second)
		err := c.save(one, t)
		done()
		if err != nil {
			c.mu.Lock()
			c.dirty[t] = true
			c.mu.Unlock()
			if ctx.Err() == nil {
				c.alarm("phone.alarm.store")
			}
			return
		}
	}
	if err := c.followSeats(ctx); err != nil {
		if ctx.Err() == nil {
			c.alarm("phone.alarm.store")
		}
		return
	}
	if len(dirty) > 0 {
		c.calm("phone.alarm.store")
	}
}

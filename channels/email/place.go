package email

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hotline1022/ticketing"
)

// kindPlace: id is the mailbox, the content how far it has been read and which process reads it until when. Two that
// both read would do each other's work again; what is stored once stays once, whoever reads.
const kindPlace = "email_place"

const leaseFor = 2 * time.Minute // by the desk's clock

type place struct {
	Owner    string    `json:"owner,omitempty"`
	Until    time.Time `json:"until,omitzero"`
	Validity uint32    `json:"validity,omitempty"` // the mailbox's UIDVALIDITY; 0: never read
	UID      uint32    `json:"uid,omitempty"`      // the last letter that is durable
	At       time.Time `json:"at,omitzero"`        // when that was
}

// bookmark is this process's hold on the place.
type bookmark struct {
	c       *Channel
	owner   string
	version int // as we wrote it; 0: it is not ours
	place   place
}

func (c *Channel) bookmark() *bookmark { return &bookmark{c: c, owner: rand.Text()} }

func (b *bookmark) id() string { return b.c.User + "@" + b.c.imap.host + "/" + b.c.Mailbox }

// claim makes reading this process's business for a while: who writes the record's next version has it.
func (b *bookmark) claim(ctx context.Context) (bool, error) {
	r, err := b.c.Desk.Store.Get(ctx, kindPlace, b.id())
	if err != nil && !errors.Is(err, ticketing.ErrNotFound) {
		return false, fmt.Errorf("looking who reads the mailbox: %w", err)
	}
	var held place
	if err == nil && !r.Deleted() {
		if err := json.Unmarshal(r.Doc, &held); err != nil {
			return false, fmt.Errorf("the place in the mailbox: %w", err)
		}
	}
	if held.Owner != b.owner && held.Owner != "" && held.Until.After(b.c.now()) {
		b.version = 0
		return false, nil
	}
	b.version, b.place = r.Version, held
	return b.put(ctx)
}

// renew keeps the hold, when half of it has gone.
func (b *bookmark) renew(ctx context.Context) (bool, error) {
	if b.place.Until.Sub(b.c.now()) > leaseFor/2 {
		return true, nil
	}
	return b.put(ctx)
}

// move notes that everything up to uid is durable.
func (b *bookmark) move(ctx context.Context, validity, uid uint32) (bool, error) {
	b.place.Validity, b.place.UID, b.place.At = validity, uid, b.c.now()
	return b.put(ctx)
}

func (b *bookmark) put(ctx context.Context) (bool, error) {
	b.place.Owner, b.place.Until = b.owner, b.c.now().Add(leaseFor)
	doc, err := json.Marshal(b.place)
	if err != nil {
		return false, err
	}
	store := b.c.Desk.Store
	err = store.Put(ctx, ticketing.Record{Kind: kindPlace, ID: b.id(), Version: b.version + 1, At: b.c.now(), By: by.ID, Doc: doc})
	if errors.Is(err, ticketing.ErrConflict) {
		b.version = 0
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("noting the place in the mailbox: %w", err)
	}
	b.version++
	if b.version%64 == 0 { // nobody reads the history of a place
		if err := store.Erase(ctx, kindPlace, b.id(), b.version); err != nil {
			b.c.Log.Warn("old places in the mailbox could not be erased", "err", err)
		}
	}
	return true, nil
}

// leave gives the mailbox to another process at once, where there is one. It reads the place anew, and again: a write
// that the end has cut off may have been done, or be done now.
func (b *bookmark) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	for range 10 {
		r, err := b.c.Desk.Store.Get(ctx, kindPlace, b.id())
		var held place
		if err == nil {
			err = json.Unmarshal(r.Doc, &held)
		}
		if err != nil || held.Owner != b.owner {
			return // never ours, or not any more
		}
		held.Owner, held.Until = "", time.Time{}
		doc, err := json.Marshal(held)
		if err == nil {
			err = b.c.Desk.Store.Put(ctx, ticketing.Record{Kind: kindPlace, ID: b.id(), Version: r.Version + 1, At: b.c.now(), By: by.ID, Doc: doc})
		}
		if errors.Is(err, ticketing.ErrConflict) {
			continue
		}
		if err != nil {
			b.c.Log.Warn("the mailbox could not be handed over", "err", err)
		}
		return
	}
}

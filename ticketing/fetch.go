package ticketing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"hotline1022/ticketing/words"
)

// Fetch is an attachment of which a channel told only where it is. The message is durable without it; a Collector
// brings the file to the ticket afterwards.
type Fetch struct {
	Address string `json:"address"` // whatever the channel's Source understands
	Name    string `json:"name,omitempty"`
}

// Source opens an attachment by its address. An error is worth another try unless it wraps ErrRefused or is an *Error
// of class Invalid.
type Source func(ctx context.Context, address string) (io.ReadCloser, error)

// kindFetch: id is the message's key and the attachment's place in it. The record is stored with the message and
// erased when the file is with the ticket, so what is there is what is still to be done, after a restart too.
const kindFetch = "fetch"

// errand is the record's content. The address is sealed: who has it can see the picture.
type errand struct {
	Channel Channel   `json:"channel"`
	Key     string    `json:"key"` // of the message's event
	Box     []byte    `json:"box"`
	Since   time.Time `json:"since"`
	Try     int       `json:"try,omitempty"`
	Next    time.Time `json:"next"`
}

// toFetch is the errands of a message, to be stored with it.
func (d *Desk) toFetch(in Incoming) ([]Record, error) {
	if len(in.Fetch) > 0 && in.Key == "" {
		return nil, errors.New("attachments to be fetched need a message with a key")
	}
	records := make([]Record, len(in.Fetch))
	for i, f := range in.Fetch {
		id := fmt.Sprintf("%s/%d", in.Key, i)
		plain, err := json.Marshal(f)
		if err != nil {
			return nil, err
		}
		doc, err := json.Marshal(errand{
			Channel: in.Channel, Key: in.Key, Box: d.Vault.Seal(kindFetch+"/"+id, plain), Since: d.now(), Next: d.now(),
		})
		if err != nil {
			return nil, err
		}
		records[i] = Record{Kind: kindFetch, ID: id, Version: 1, At: d.now(), By: system.ID, Doc: doc}
	}
	return records, nil
}

// Collector fetches attachments. It may run in many processes: a try is claimed by writing the record's next version,
// which one of them gets to write, and the file comes to the ticket by an event with a key.
type Collector struct {
	Desk    *Desk
	Sources map[Channel]Source
	Log     *slog.Logger
}

const (
	fetchTimeout   = time.Minute
	fetchTakenLost = 2 * time.Minute
	fetchTries     = 10             // about 45 minutes with the courier's pauses
	fetchOrphan    = 24 * time.Hour // its message was never stored, although the record was
	fetchAtOnce    = 4
)

// Run fetches until ctx ends.
func (c *Collector) Run(ctx context.Context) error {
	for {
		bell := c.Desk.Store.Bell()
		if err := c.Round(ctx); err != nil && ctx.Err() == nil {
			c.Log.Error("the attachments to be fetched cannot be listed", "err", err)
		}
		timer := time.NewTimer(time.Second)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-bell:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Round makes one try at everything that is due.
func (c *Collector) Round(ctx context.Context) error {
	records, err := c.Desk.Store.All(ctx, kindFetch, "")
	if err != nil {
		return storeError("listing attachments to be fetched", err)
	}
	var group sync.WaitGroup
	places := make(chan struct{}, fetchAtOnce)
	for _, r := range records {
		var job errand
		if err := json.Unmarshal(r.Doc, &job); err != nil {
			return fmt.Errorf("fetch record %s: %w", r.ID, err)
		}
		source := c.Sources[job.Channel]
		if source == nil || job.Next.After(c.Desk.now()) {
			continue
		}
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			if err := c.carry(ctx, r, job, source); err != nil && ctx.Err() == nil {
				c.Log.Warn("an attachment was not fetched", "channel", job.Channel, "try", job.Try+1, "err", err)
			}
		})
	}
	group.Wait()
	return nil
}

// carry makes one try: claim it, fetch, save, tell the ticket, forget the errand.
func (c *Collector) carry(ctx context.Context, r Record, job errand, open Source) error {
	message, err := c.Desk.Store.ByKey(ctx, job.Key)
	if errors.Is(err, ErrNotFound) && c.Desk.now().Sub(job.Since) > fetchOrphan {
		return c.Desk.Store.Erase(ctx, kindFetch, r.ID, 0)
	}
	if errors.Is(err, ErrNotFound) {
		return nil // stored a moment before its message, or the message was refused and comes again
	}
	if err != nil {
		return err
	}
	job.Try++
	job.Next = c.Desk.now().Add(fetchTakenLost)
	if err := c.put(ctx, &r, job); err != nil {
		if errors.Is(err, ErrConflict) {
			return nil // another process has it
		}
		return err
	}
	file, err := c.fetch(ctx, r.ID, job, open)
	reason := ""
	switch {
	case err == nil:
	case errors.Is(err, ErrRefused), ClassOf(err) == Invalid, job.Try >= fetchTries:
		reason = words.T(words.Vietnamese, "fetch.failed", readable(err))
	default:
		job.Next = c.Desk.now().Add(pause(job.Try))
		return errors.Join(err, c.put(ctx, &r, job))
	}
	tell := func(t Ticket) Event {
		e := c.Desk.event(t, system, Attached)
		e.Ref, e.Reason = message.N, reason
		if err == nil {
			e.Files = []File{file}
		}
		return e
	}
	// Also when ctx has ended: the file is there, and should not be fetched again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := c.Desk.appendTo(ctx, message.Ticket, "fetched:"+r.ID, tell); err != nil {
		return err
	}
	return errors.Join(err, c.Desk.Store.Erase(ctx, kindFetch, r.ID, 0))
}

func (c *Collector) put(ctx context.Context, r *Record, job errand) error {
	doc, err := json.Marshal(job)
	if err != nil {
		return err
	}
	r.Version, r.At, r.Doc = r.Version+1, c.Desk.now(), doc
	return c.Desk.Store.Put(ctx, *r)
}

func (c *Collector) fetch(ctx context.Context, id string, job errand, open Source) (File, error) {
	plain, err := c.Desk.Vault.Unseal(kindFetch+"/"+id, job.Box)
	if err != nil {
		return File{}, err
	}
	var f Fetch
	if err := json.Unmarshal(plain, &f); err != nil {
		return File{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	body, err := open(ctx, f.Address)
	if err != nil {
		return File{}, err
	}
	file, err := c.Desk.Files.Save(ctx, body, f.Name)
	return file, errors.Join(err, body.Close())
}

// readable is what an operator is told of a failure: the sentence where there is one, else the cause.
func readable(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Text(words.Vietnamese)
	}
	return err.Error()
}

// Pending says whether an attachment of the message is still on its way.
func (d *Desk) Pending(ctx context.Context, message Event) (bool, error) {
	if message.Key == "" {
		return false, nil
	}
	rs, err := d.Store.All(ctx, kindFetch, message.Key+"/")
	return len(rs) > 0, storeError("looking for attachments on their way", err)
}

package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// kindErrand: id is the update's number and print, the content what is to be said at Telegram because of it. It is
// stored before the update is acknowledged, so an answer to a command survives a restart; and it stays for two days
// when it is done, so that a repeated update is not answered twice.
const kindErrand = "telegram_errand"

type errand struct {
	Box   []byte    `json:"box,omitempty"` // the reply, sealed: it holds the chat's id; gone when it is done
	Since time.Time `json:"since"`
	Try   int       `json:"try,omitempty"`
	Next  time.Time `json:"next,omitzero"` // not before; zero: done
}

// reply is what the bot says of its own, outside of any ticket.
type reply struct {
	Chat     int64              `json:"chat,omitempty"`
	Text     string             `json:"text,omitempty"`
	Choices  []ticketing.Choice `json:"choices,omitempty"`
	Keyboard string             `json:"keyboard,omitempty"`
	Callback string             `json:"callback,omitempty"` // the query to be answered
	Toast    string             `json:"toast,omitempty"`    // what her app shows then
}

const (
	errandWorkers = 4
	errandLook    = 10 * time.Second // for those of other processes, and those put off
	errandLost    = 2 * time.Minute  // a try without an end is made again after that
	errandTries   = 10
	errandOld     = time.Hour // an answer to a command nobody waits for any more
	errandKept    = 48 * time.Hour
)

// promise stores a reply. A repeat finds it there.
func (c *Channel) promise(ctx context.Context, u update, print string, r reply) error {
	id := fmt.Sprintf("%d/%s", u.ID.int(), print)
	plain, err := json.Marshal(r)
	if err != nil {
		return err
	}
	doc, err := json.Marshal(errand{Box: c.Desk.Vault.Seal(kindErrand+"/"+id, plain), Since: c.now(), Next: c.now()})
	if err != nil {
		return err
	}
	err = c.Desk.Store.Put(ctx, ticketing.Record{Kind: kindErrand, ID: id, Version: 1, At: c.now(), By: by.ID, Doc: doc})
	switch {
	case errors.Is(err, ticketing.ErrConflict):
		c.health.count("repeated", c.now())
		return nil
	case err != nil:
		return fmt.Errorf("storing a reply: %w", err)
	}
	select {
	case c.toDo <- id:
	default: // many at once: the next look finds it
	}
	return nil
}

// doErrands does them until ctx ends.
func (c *Channel) doErrands(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for range errandWorkers {
		group.Go(func() error {
			for {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case id := <-c.toDo:
					if err := c.runErrand(ctx, id); err != nil && ctx.Err() == nil {
						c.Log.Warn("an answer to a command was not given", "err", err)
					}
				}
			}
		})
	}
	group.Go(func() error {
		for {
			if err := c.lookForErrands(ctx); err != nil && ctx.Err() == nil {
				c.Log.Error("the answers to be given cannot be listed", "err", err)
			}
			if err := rest(ctx, errandLook); err != nil {
				return err
			}
		}
	})
	return group.Wait()
}

// lookForErrands hands out what is due and forgets what was done long ago.
func (c *Channel) lookForErrands(ctx context.Context) error {
	records, err := c.Desk.Store.All(ctx, kindErrand, "")
	if err != nil {
		return err
	}
	now := c.now()
	for _, r := range records {
		var job errand
		if err := json.Unmarshal(r.Doc, &job); err != nil {
			return fmt.Errorf("errand %s: %w", r.ID, err)
		}
		switch {
		case job.Next.IsZero() && now.Sub(job.Since) > errandKept:
			if err := c.Desk.Store.Erase(ctx, kindErrand, r.ID, 0); err != nil {
				return err
			}
		case !job.Next.IsZero() && !job.Next.After(now):
			select {
			case c.toDo <- r.ID:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}

// runErrand makes one try: claim it, say it, note that it is done.
func (c *Channel) runErrand(ctx context.Context, id string) error {
	r, err := c.Desk.Store.Get(ctx, kindErrand, id)
	if errors.Is(err, ticketing.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var job errand
	if err := json.Unmarshal(r.Doc, &job); err != nil {
		return err
	}
	now := c.now()
	if job.Next.IsZero() || job.Next.After(now) {
		return nil
	}
	plain, err := c.Desk.Vault.Unseal(kindErrand+"/"+id, job.Box)
	if err != nil {
		return err
	}
	var what reply
	if err := json.Unmarshal(plain, &what); err != nil {
		return err
	}
	job.Try++
	job.Next = now.Add(errandLost)
	if err := c.putErrand(ctx, &r, job); err != nil {
		if errors.Is(err, ticketing.ErrConflict) {
			return nil // another worker has it
		}
		return err
	}
	said := c.say(ctx, what)
	c.settle(&job, said)
	// Also when ctx has ended: what was said must not be said again.
	ctx, cancel := patient(ctx)
	defer cancel()
	if err := c.putErrand(ctx, &r, job); err != nil {
		return err
	}
	if job.Next.IsZero() {
		return errors.Join(said, c.Desk.Store.Erase(ctx, kindErrand, id, r.Version)) // the sealed chat id with it
	}
	return said
}

func (c *Channel) putErrand(ctx context.Context, r *ticketing.Record, job errand) error {
	doc, err := json.Marshal(job)
	if err != nil {
		return err
	}
	r.Version, r.At, r.Doc = r.Version+1, c.now(), doc
	return c.Desk.Store.Put(ctx, *r)
}

// settle says what becomes of the errand after a try.
func (c *Channel) settle(job *errand, err error) {
	now := c.now()
	after := 5 * time.Second << min(job.Try-1, 8)
	var later *ticketing.LaterError
	if errors.As(err, &later) {
		after = max(later.After, time.Second)
	}
	switch {
	case err == nil:
		c.health.tally("answered")
	case errors.Is(err, ticketing.ErrRefused), job.Try >= errandTries, now.Add(after).Sub(job.Since) > errandOld:
		c.health.tally("answers given up")
	default:
		job.Next = now.Add(after)
		return
	}
	job.Box, job.Next = nil, time.Time{}
}

// say makes the reply's calls. That a query is too old to be answered is no reason to keep the words back.
func (c *Channel) say(ctx context.Context, r reply) error {
	if r.Callback != "" {
		err := c.answerCallback(ctx, r.Callback, r.Toast)
		if err != nil && (r.Text == "" || !errors.Is(err, ticketing.ErrRefused)) {
			return err
		}
	}
	if r.Text == "" {
		return nil
	}
	parts := text.Split(r.Text, maxText)
	for i, part := range parts {
		p := piece{text: part}
		if i == len(parts)-1 {
			p.markup = keyboard(r.Choices, r.Keyboard)
		}
		if _, err := c.sendPiece(ctx, r.Chat, p); err != nil {
			return err
		}
	}
	return nil
}

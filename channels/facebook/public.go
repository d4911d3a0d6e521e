package facebook

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// kindPublic: id is a ticket's External (a comment, or a post), the content what became of the word in public below it.
// It says to everybody that the writer has been answered in private, and nothing else. The record is what makes it one
// word: who writes a version gets to write in public, and what may stand there is not written again.
const kindPublic = "facebook_public"

type public struct {
	Ticket ticketing.Code `json:"ticket"`
	State  string         `json:"state"`
	Since  time.Time      `json:"since"`
	Next   time.Time      `json:"next,omitzero"` // of publicDue: not before; of publicTrying: taken for lost then
	Try    int            `json:"try,omitempty"`
	Word   string         `json:"word,omitempty"` // under which id it stands there
}

// The states.
const (
	publicDue    = "due"
	publicTrying = "trying"
	publicDone   = "done"
	publicFailed = "failed"
	publicUnsure = "unsure" // it may stand there
)

const (
	publicLook  = 30 * time.Second // for those of other processes, and those put off
	publicLost  = 2 * time.Minute
	publicTries = 6
	publicOld   = day // nobody looks for it any more
	keepPublic  = 365 * day
)

// promisePublic notes that a word in public is due, once the answer to what stands in public has gone in private. Only
// the answer calls for it, not a question on the way there.
func (c *Channel) promisePublic(ctx context.Context, m ticketing.Outbound, external string) {
	if !c.PublicReply {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.patience)
	defer cancel()
	err := func() error {
		events, err := c.Desk.Store.Timeline(ctx, m.Ticket, m.N-1)
		if err != nil || len(events) == 0 || events[0].Kind != ticketing.AnsweredBy {
			return err
		}
		return c.putPublic(ctx, external, 1, public{Ticket: m.Ticket, State: publicDue, Since: c.now(), Next: c.now()})
	}()
	if errors.Is(err, ticketing.ErrConflict) {
		return // it was promised before
	}
	if err != nil {
		c.Log.Warn("a word in public will not be written", "ticket", m.Ticket, "err", err)
		return
	}
	select {
	case c.publicDue <- struct{}{}:
	default:
	}
}

func (c *Channel) putPublic(ctx context.Context, external string, version int, p public) error {
	doc, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return c.Desk.Store.Put(ctx, ticketing.Record{Kind: kindPublic, ID: external, Version: version, At: c.now(), By: by.ID, Doc: doc})
}

// writePublic writes what is due until ctx ends.
func (c *Channel) writePublic(ctx context.Context) error {
	look := time.NewTicker(publicLook)
	defer look.Stop()
	for {
		if err := c.publicRound(ctx); err != nil && ctx.Err() == nil {
			c.Log.Error("the words to be written in public cannot be listed", "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		case <-c.publicDue:
		}
	}
}

// publicRound writes each that is due now.
func (c *Channel) publicRound(ctx context.Context) error {
	all, err := c.Desk.Store.All(ctx, kindPublic, "")
	if err != nil {
		return err
	}
	for _, r := range all {
		var p public
		if err := json.Unmarshal(r.Doc, &p); err != nil {
			return err
		}
		if p.State != publicDue && p.State != publicTrying || p.Next.After(c.now()) {
			continue
		}
		if err := c.publicWord(ctx, r.ID, r.Version, p); err != nil && !errors.Is(err, ticketing.ErrConflict) {
			c.Log.Warn("a word in public was not written, or what became of it not written down", "ticket", p.Ticket, "err", err)
		}
	}
	return nil
}

// publicWord makes one attempt. ErrConflict: another process does.
func (c *Channel) publicWord(ctx context.Context, external string, version int, p public) error {
	said := words.T(words.Vietnamese, "facebook.public.reply")
	note := ""
	switch {
	case p.State == publicTrying: // by a process that died over it
		p.State, note = publicUnsure, words.T(words.Vietnamese, "facebook.public.unsure")
	case c.now().Sub(p.Since) > publicOld || p.Try >= publicTries:
		p.State, note = publicFailed, words.T(words.Vietnamese, "facebook.public.failed", words.T(words.Vietnamese, "facebook.code.failed"))
	default:
		p.State, p.Try, p.Next = publicTrying, p.Try+1, c.now().Add(publicLost)
		version++
		if err := c.putPublic(ctx, external, version, p); err != nil {
			return err
		}
		p, note = c.tryPublic(ctx, external, said, p)
	}
	// Also when ctx has ended: what was written must be written down.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.patience)
	defer cancel()
	if err := c.putPublic(ctx, external, version+1, p); err != nil || note == "" {
		return err
	}
	c.health.tally("public reply " + p.State)
	err := c.remark(ctx, p.Ticket, "facebook:"+c.PageID+":public:"+external, note)
	if hopeless(err) {
		return nil // a ticket that programs may not write on
	}
	return err
}

// tryPublic calls Facebook; note is for staff, "" while it is not settled.
func (c *Channel) tryPublic(ctx context.Context, external, said string, p public) (after public, note string) {
	body, err := json.Marshal(map[string]string{"message": said})
	if err != nil {
		return p, ""
	}
	var answer struct {
		ID loose `json:"id"`
	}
	id := strings.TrimPrefix(external, posted)
	err = c.call(ctx, request{method: http.MethodPost, path: "/" + url.PathEscape(id) + "/comments", kind: "application/json", body: body}, &answer)
	var later *ticketing.LaterError
	switch {
	case err == nil:
		p.State, p.Word, p.Next = publicDone, string(answer.ID), time.Time{}
		return p, words.T(words.Vietnamese, "facebook.public.done", said)
	case errors.As(err, new(*unsureError)):
		p.State = publicUnsure
		return p, words.T(words.Vietnamese, "facebook.public.unsure")
	case errors.Is(err, ticketing.ErrRefused):
		p.State = publicFailed
		return p, words.T(words.Vietnamese, "facebook.public.failed", text.Truncate(err.Error(), 300))
	case errors.As(err, &later):
		p.State, p.Try, p.Next = publicDue, p.Try-1, c.now().Add(later.After) // it was no attempt
	default:
		p.State, p.Next = publicDue, c.now().Add(time.Minute<<p.Try)
	}
	return p, ""
}

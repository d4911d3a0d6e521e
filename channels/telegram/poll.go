package telegram

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-telegram/bot"

	"hotline1022/ticketing"
)

const (
	pollWait  = 50 * time.Second // how long Telegram may keep an empty poll open
	pollSlack = 15 * time.Second // over that the answer is late
	leaseFor  = 2 * time.Minute  // by the desk's clock; renewed before each poll
	leaseLook = 5 * time.Second
	pollBatch = 100
)

// kindPoller: id is the bot's number, the content which process polls until when. Telegram ends the older of two
// polls with 409, so two processes that both polled would interrupt each other for ever.
const kindPoller = "telegram_poller"

type lease struct {
	Owner string    `json:"owner"`
	Until time.Time `json:"until"`
}

// fetchUpdates is the way in without a webhook. One process of several does it.
func (c *Channel) fetchUpdates(ctx context.Context) error {
	p := poller{c: c, owner: rand.Text()}
	pause := time.Duration(0)
	for ctx.Err() == nil {
		wait, err := p.round(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			pause = min(max(2*pause, firstPause), lastPause)
			c.Log.Warn("updates could not be fetched", "err", err)
			wait = max(wait, pause)
		default:
			pause = 0
		}
		if wait > 0 {
			_ = rest(ctx, wait) // the loop asks whether ctx has ended
		}
	}
	p.leave(ctx)
	return ctx.Err()
}

// poller is one process's turn at polling.
type poller struct {
	c       *Channel
	owner   string
	version int   // of the lease as we wrote it; 0: it is not ours
	offset  int64 // what Telegram may forget is below
	ready   bool  // there is no webhook any more
}

// round makes one poll, if it is this process's turn, and says how long to wait before the next.
func (p *poller) round(ctx context.Context) (time.Duration, error) {
	mine, err := p.claim(ctx)
	if err != nil || !mine {
		return leaseLook, err
	}
	within, cancel := context.WithTimeout(ctx, pollWait+pollSlack)
	defer cancel()
	if !p.ready {
		_, err := p.c.bot.DeleteWebhook(within, &bot.DeleteWebhookParams{})
		if err = p.c.sort(0, err); err != nil {
			return pauseOf(err), err
		}
		p.ready = true
	}
	var updates []json.RawMessage
	err = p.c.ask(within, "getUpdates", map[string]any{
		"offset": p.offset, "limit": pollBatch, "timeout": int(pollWait / time.Second), "allowed_updates": wanted,
	}, &updates)
	if err != nil {
		return p.refused(err)
	}
	p.c.allClear("telegram.alarm.conflict", "telegram.alarm.token")
	return 0, p.store(ctx, updates)
}

// store takes the updates in, in order. The offset moves past an update when it is durable, and the next poll tells
// Telegram; what cannot be stored now stays there with all that is behind it.
func (p *poller) store(ctx context.Context, updates []json.RawMessage) error {
	if len(updates) == 0 {
		p.offset = 0 // all is confirmed, and after a week of silence Telegram begins anew with any number
	}
	for _, raw := range updates {
		if err := p.c.accept(ctx, raw); err != nil {
			return err
		}
		var head struct {
			ID loose `json:"update_id"`
		}
		if json.Unmarshal(raw, &head) == nil && head.ID.int() > 0 {
			p.offset = head.ID.int() + 1
		}
	}
	return nil
}

// refused sorts what came back instead of updates.
func (p *poller) refused(err error) (time.Duration, error) {
	var no *refusedCall
	if !errors.As(err, &no) {
		return 0, err
	}
	err = errors.New(p.c.hide(no.Error()))
	switch no.code {
	case 409: // another poller, of another store, or somebody set a webhook
		p.c.health.tally("conflict")
		p.c.alarm("telegram.alarm.conflict")
		p.ready = !strings.Contains(no.says, "webhook")
		return 10 * time.Second, err
	case 401, 404:
		p.c.alarm("telegram.alarm.token")
		return lastPause, err
	}
	return no.after, err
}

func pauseOf(err error) time.Duration {
	var later *ticketing.LaterError
	if errors.As(err, &later) {
		return min(later.After, lastPause)
	}
	return 0
}

// claim makes polling this process's business for a while: who writes the record's next version has it.
func (p *poller) claim(ctx context.Context) (bool, error) {
	c, id := p.c, fmt.Sprint(p.c.bot.ID())
	now := c.now()
	r, err := c.Desk.Store.Get(ctx, kindPoller, id)
	if err != nil && !errors.Is(err, ticketing.ErrNotFound) {
		return false, fmt.Errorf("looking who polls: %w", err)
	}
	var held lease
	if err == nil && !r.Deleted() {
		if err := json.Unmarshal(r.Doc, &held); err != nil {
			return false, fmt.Errorf("looking who polls: %w", err)
		}
	}
	if held.Owner != p.owner {
		if p.version = 0; held.Until.After(now) {
			return false, nil
		}
		p.offset, p.ready = 0, false // another may have polled meanwhile: Telegram knows what is confirmed
	}
	doc, err := json.Marshal(lease{p.owner, now.Add(leaseFor)})
	if err != nil {
		return false, err
	}
	next := ticketing.Record{Kind: kindPoller, ID: id, Version: r.Version + 1, At: now, By: by.ID, Doc: doc}
	err = c.Desk.Store.Put(ctx, next)
	if errors.Is(err, ticketing.ErrConflict) {
		p.version = 0
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("claiming the poll: %w", err)
	}
	p.version = next.Version
	if p.version%64 == 0 { // a version a minute is no history anybody reads
		if err := c.Desk.Store.Erase(ctx, kindPoller, id, p.version); err != nil {
			c.Log.Warn("old leases could not be erased", "err", err)
		}
	}
	return true, nil
}

// leave gives the poll to another process at once, where there is one.
func (p *poller) leave(ctx context.Context) {
	if p.version == 0 {
		return
	}
	ctx, cancel := patient(ctx)
	defer cancel()
	err := p.c.Desk.Store.Put(ctx, ticketing.Record{
		Kind: kindPoller, ID: fmt.Sprint(p.c.bot.ID()), Version: p.version + 1, At: p.c.now(), By: by.ID,
	})
	if err != nil && !errors.Is(err, ticketing.ErrConflict) {
		p.c.Log.Warn("the poll could not be handed over", "err", err)
	}
}

package ticketing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing/words"
)

// system is who acts when nobody does.
var system = Actor{ID: "hotline", Role: System}

// Sweep rings every alarm that is due: warnings, broken limits, closing after a silent week. It may run on many
// machines at once and twice: each alarm is an event whose key one of them gets to write.
func (d *Desk) Sweep(ctx context.Context) (rung int, err error) {
	const atOnce = 200
	for {
		codes, err := d.Store.Ringing(ctx, d.now(), atOnce)
		if err != nil {
			return rung, storeError("looking for alarms", err)
		}
		progress := false
		for _, code := range codes {
			n, err := d.ringAll(ctx, code)
			if err != nil {
				return rung, err
			}
			rung += n
			progress = progress || n > 0
		}
		if len(codes) < atOnce || !progress {
			return rung, nil
		}
	}
}

// ringAll rings what is due on one ticket.
func (d *Desk) ringAll(ctx context.Context, code Code) (rung int, err error) {
	for range 16 { // more alarms than a ticket can have
		t, err := d.Store.Ticket(ctx, code)
		if err != nil {
			return rung, storeError("reading the ticket", err)
		}
		a, ok := t.alarm()
		if !ok || a.At.After(d.now()) {
			return rung, nil
		}
		e := d.event(t, system, AlarmRang)
		if a.What == AutoClose && t.Status == Answered {
			e.Kind, e.Outcome, e.Reason = ClosedBy, t.Outcome, t.Reason
		} else {
			e.Alarm = &a
		}
		// The moment stands in the key: moved dates ring anew, a repeated sweep does not.
		e.Key = fmt.Sprintf("alarm:%s:%s:%d", t.Code, a.What, a.At.UnixMilli())
		after, err := t.Apply(e)
		if err != nil {
			return rung, fmt.Errorf("alarm %s of ticket %s: %w", a.What, t.Code, err)
		}
		_, err = d.Store.Append(ctx, e, after)
		switch {
		case err == nil:
			rung++
		case errors.Is(err, ErrDuplicate), errors.Is(err, ErrConflict):
		default:
			return rung, storeError("ringing an alarm", err)
		}
	}
	return rung, nil
}

// CarryOver follows the feed for what one ticket's event means for another: a merged ticket is told to the one that
// took it in, messages split off become a ticket, an incident's answer goes to every reporter, a report begun on a chat
// door is asked where it is. Each is written with a key made from the event, so that a crash between the two only
// delays, and a repeat does nothing.
func (d *Desk) CarryOver(ctx context.Context) error {
	from, version, err := d.cursor(ctx, "carry-over")
	if err != nil {
		return err
	}
	saved := from
	return Follow(ctx, d.Store, from, func(ctx context.Context, e Event) error {
		if err := d.carryOn(ctx, e); err != nil {
			return err
		}
		if e.Seq-saved >= 1000 {
			if v, err := d.saveCursor(ctx, "carry-over", version, e.Seq); err == nil {
				version, saved = v, e.Seq
			}
		}
		return nil
	})
}

// carryOn does it until it is done or can never be. The cursor moves past the event afterwards, so what a busy store
// has refused must not be left: it is tried again, however long that takes.
func (d *Desk) carryOn(ctx context.Context, e Event) error {
	for wait := firstPause; ; wait = min(2*wait, longestPause) {
		err := d.carryOver(ctx, e)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			return nil
		}
		if !passes(err) {
			d.notCarried(e, err)
			return nil
		}
		d.Log.Warn("an event waits to be carried over: the store is busy", "ticket", e.Ticket, "seq", e.Seq, "err", err)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// passes says that another try may succeed.
func passes(err error) bool {
	return errors.Is(err, ErrBusy) || errors.Is(err, ErrUnknown) || ClassOf(err) == Busy
}

func (d *Desk) notCarried(e Event, err error) {
	d.Log.Error("an event could not be carried over to another ticket", "ticket", e.Ticket, "seq", e.Seq, "err", err)
}

// carryOver makes one try at what the event means elsewhere, or for the conversation it stands in.
func (d *Desk) carryOver(ctx context.Context, e Event) error {
	switch e.Kind {
	case MergedInto:
		return d.joined(ctx, e)
	case Unmerged:
		return d.left(ctx, e)
	case VerdictGiven, Reopened:
		if e.Into != "" && !e.OK {
			return d.left(ctx, e)
		}
	case Linked:
		return d.related(ctx, e)
	case SplitOff:
		return d.openSplit(ctx, e)
	case AnsweredBy:
		lead, err := d.Store.Ticket(ctx, e.Ticket)
		if err != nil || lead.AnswerN != e.N { // a later answer will be told
			return err
		}
		return d.answerReporters(ctx, lead, lead.Absorbed...)
	case Received, Said:
		return d.guide(ctx, e)
	}
	return nil
}

// openSplit opens the ticket that was split off, with the words and files of the named messages.
func (d *Desk) openSplit(ctx context.Context, e Event) error {
	from, err := d.Store.Ticket(ctx, e.Ticket)
	if err != nil {
		return err
	}
	events, err := d.Store.Timeline(ctx, e.Ticket, 0)
	if err != nil {
		return err
	}
	cat := d.Catalog.Current()
	n := Event{
		Ticket: e.Into, N: 1, At: e.At, By: e.By, Kind: Received, Key: fmt.Sprintf("split:%s:%d", e.Ticket, e.N),
		MatterKind: from.Kind, Visibility: from.Visibility, Channel: from.Channel, Citizen: from.Citizen, Into: e.Ticket,
	}
	var texts []string
	for _, k := range e.Events {
		if k >= 1 && k <= len(events) {
			texts = append(texts, events[k-1].Text)
			n.Files = append(n.Files, events[k-1].Files...)
		}
	}
	for _, a := range events {
		if a.Kind == Attached && slices.Contains(e.Events, a.Ref) {
			n.Files = append(n.Files, a.Files...)
		}
	}
	n.Text = strings.Join(texts, "\n")
	t := Ticket{Kind: n.MatterKind, Received: n.At}
	cat.clocks(t, Classify, n.At, cat.promise(t, n.At)).set(&n)
	after, err := Ticket{}.Apply(n)
	if err != nil {
		return err
	}
	_, err = d.Store.Append(ctx, n, after)
	if errors.Is(err, ErrDuplicate) || errors.Is(err, ErrConflict) {
		return nil
	}
	return err
}

// appendTo writes a keyed event on a ticket, with records, whatever else is being written to it.
func (d *Desk) appendTo(ctx context.Context, code Code, key string, make func(Ticket) Event, with ...Record) error {
	for range 100 {
		t, err := d.Store.Ticket(ctx, code)
		if err != nil {
			return err
		}
		e := make(t)
		e.Key = key
		after, err := t.Apply(e)
		if err != nil {
			return err
		}
		_, err = d.Store.Append(ctx, e, after, with...)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if errors.Is(err, ErrDuplicate) {
			return nil
		}
		return err
	}
	return fmt.Errorf("ticket %s is written to without a pause: %w", code, ErrBusy)
}

// kindCursor records hold how far a follower has come, so that a restart need not read the whole journal.
const kindCursor = "cursor"

func (d *Desk) cursor(ctx context.Context, name string) (seq int64, version int, err error) {
	r, err := d.Store.Get(ctx, kindCursor, name+"/"+d.Store.Epoch())
	if errors.Is(err, ErrNotFound) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	_, err = fmt.Sscan(strings.Trim(string(r.Doc), `"`), &seq)
	return seq, r.Version, err
}

func (d *Desk) saveCursor(ctx context.Context, name string, version int, seq int64) (int, error) {
	id := name + "/" + d.Store.Epoch()
	err := d.Store.Put(ctx, Record{Kind: kindCursor, ID: id, Version: version + 1, At: d.now(), By: system.ID, Doc: fmt.Appendf(nil, "%d", seq)})
	if err != nil {
		return version, err
	}
	return version + 1, d.Store.Erase(ctx, kindCursor, id, version+1)
}

// Next tells in plain words' key who must act and what comes next, for the citizen's page.
func (t Ticket) Next() string { return "next." + string(t.Status) }

// Holder is who has the ticket now, for the citizen: the agency's name, or the hotline.
func (d *Desk) Holder(t Ticket, lang string) string {
	if t.Agency != "" && t.Status != New && t.Status != Review {
		if a, ok := d.Catalog.Current().Agencies[t.Agency]; ok {
			return a.Title(lang)
		}
	}
	return words.T(lang, "hotline.name")
}

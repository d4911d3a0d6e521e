package ticketing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// What a platform tells of messages it has taken: that one is on the citizen's device, that she has opened it.

// kindReceipt: id is CHANNEL:RECEIPT, doc says which message that is. It is stored with the event that keeps the
// receipt, so who is told of a receipt finds its message.
const kindReceipt = "receipt"

type receiptDoc struct {
	Ticket Code `json:"ticket"`
	N      int  `json:"n"`
}

// receipts are the records by which the message is found again.
func (d *Desk) receipts(t Ticket, door Channel, n int, receipt string) []Record {
	if receipt == "" {
		return nil
	}
	doc, err := json.Marshal(receiptDoc{t.Code, n})
	if err != nil {
		return nil // two plain fields
	}
	var out []Record
	for id := range strings.SplitSeq(receipt, ",") {
		if id != "" {
			out = append(out, Record{Kind: kindReceipt, ID: receiptID(door, id), Version: 1, At: d.now(), By: system.ID, Doc: doc})
		}
	}
	return out
}

func receiptID(ch Channel, receipt string) string { return string(ch) + ":" + receipt }

// Sent is the message the platform calls by that receipt. ErrNotFound: none of ours, or its sending has not been
// written down yet, as an echo may come before the answer to the call that caused it.
func (d *Desk) Sent(ctx context.Context, ch Channel, receipt string) (Code, int, error) {
	r, err := d.Store.Get(ctx, kindReceipt, receiptID(ch, receipt))
	if err != nil {
		return "", 0, err
	}
	var doc receiptDoc
	if err := json.Unmarshal(r.Doc, &doc); err != nil {
		return "", 0, fmt.Errorf("receipt record %s: %w", r.ID, err)
	}
	return doc.Ticket, doc.N, nil
}

// Confirm notes that the message with that receipt has come to state s (Arrived, Read). It answers ErrNotFound for a
// receipt that is none of ours; a repeat, or less than is known, changes nothing.
func (d *Desk) Confirm(ctx context.Context, ch Channel, receipt string, s DeliveryState) error {
	code, n, err := d.Sent(ctx, ch, receipt)
	if err != nil {
		return err
	}
	return d.confirm(ctx, code, n, s)
}

// ConfirmUpTo notes the state for all messages to the person on the channel that the platform had by then: what
// platforms call a watermark.
func (d *Desk) ConfirmUpTo(ctx context.Context, c Contact, s DeliveryState, upTo time.Time) error {
	id, err := d.Vault.Identify(ctx, c)
	if err != nil {
		return storeError("looking up the person", err)
	}
	page, err := d.Store.List(ctx, Filter{Scope: Scope{All: true}, Citizen: []CitizenID{id}, Channel: []Channel{c.Channel}, Limit: 10})
	if err != nil {
		return storeError("looking for her tickets", err)
	}
	for _, t := range page.Tickets {
		for _, m := range t.Sending {
			if m.State.rank() > 0 && m.State.rank() < s.rank() && !m.At.After(upTo) {
				if err := d.confirm(ctx, t.Code, m.N, s); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// byPost is the Field of a failure that came to light only after the platform had taken the message.
const byPost = "returned"

// Bounced notes that a message the platform had taken came back: it has failed for good, and is a task for a person
// like any other that failed. A message that nothing is known of, or that has failed already, is left as it is.
func (d *Desk) Bounced(ctx context.Context, code Code, n int, reason string) error {
	t, err := d.Store.Ticket(ctx, code)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(t.Sending, func(m Delivery) bool { return m.N == n })
	if i < 0 || t.Sending[i].State == Failed || t.Sending[i].Try == 0 {
		return nil
	}
	failed := Event{Kind: SendFailed, Ref: n, Try: t.Sending[i].Try, Reason: reason, Field: byPost}
	err = d.appendTo(ctx, code, fmt.Sprintf("bounced:%s:%d:%d", code, n, failed.Try), func(now Ticket) Event {
		e := d.event(now, system, SendFailed)
		e.Ref, e.Try, e.Reason, e.Field = failed.Ref, failed.Try, failed.Reason, failed.Field
		return e
	}, d.undelivered(t, t.Door(t.Sending[i]), failed)...)
	var order *OrderError
	if errors.As(err, &order) { // somebody has it sent again just now
		return nil
	}
	return err
}

func (d *Desk) confirm(ctx context.Context, code Code, n int, s DeliveryState) error {
	if s != Arrived && s != Read {
		return fmt.Errorf("a platform cannot confirm the state %q", s)
	}
	err := d.appendTo(ctx, code, fmt.Sprintf("confirm:%s:%d:%s", code, n, s), func(t Ticket) Event {
		e := d.event(t, system, SendConfirmed)
		e.Ref, e.Field = n, string(s)
		return e
	})
	var order *OrderError
	if errors.As(err, &order) { // it is known to have come further, or so long ago that the ticket has forgotten it
		return nil
	}
	return err
}

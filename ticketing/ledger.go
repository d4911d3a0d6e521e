package ticketing

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// kindUndelivered: id is TICKET/N/TRY of a message that failed for good, stored with the event that says so and erased
// when a person has seen to it. What is there is what is still to be done; the ticket says whether it really is.
const kindUndelivered = "undelivered"

type undeliveredDoc struct {
	Ticket  Code      `json:"ticket"`
	N       int       `json:"n"`
	Channel Channel   `json:"channel"`
	At      time.Time `json:"at"`
}

// undelivered is the record of a message whose last try has failed. Nobody is called to the greeting of a lobby.
func (d *Desk) undelivered(t Ticket, door Channel, result Event) []Record {
	if result.Kind != SendFailed || !result.Next.IsZero() || t.Kind == Lobby {
		return nil
	}
	doc, err := json.Marshal(undeliveredDoc{t.Code, result.Ref, door, d.now()})
	if err != nil {
		return nil // plain fields
	}
	id := fmt.Sprintf("%s/%d/%d", t.Code, result.Ref, result.Try)
	return []Record{{Kind: kindUndelivered, ID: id, Version: 1, At: d.now(), By: system.ID, Doc: doc}}
}

// calls is the record of a message that must be told by telephone.
func (d *Desk) calls(t Ticket, e Event) []Record {
	if e.Out == nil || e.Out.Channel != Phone {
		return nil
	}
	return d.undelivered(t, Phone, Event{Kind: SendFailed, Ref: e.N})
}

// SendAgain gives a message that failed for good one more series of tries, at once.
func (d *Desk) SendAgain(ctx context.Context, by Actor, code Code, n int) (Ticket, error) {
	t, err := d.Ticket(ctx, by, code)
	if err != nil {
		return Ticket{}, err
	}
	if by.Role != Operator && by.Role != Supervisor {
		return t, forbidden("ledger.may_not")
	}
	i := slices.IndexFunc(t.Sending, func(m Delivery) bool { return m.N == n })
	if i < 0 || t.Sending[i].State != Failed || t.Sending[i].Call() {
		return t, invalid("n", "ledger.not_failed")
	}
	// One key for one failure: who clicks twice asks once.
	err = d.appendTo(ctx, code, fmt.Sprintf("again:%s:%d:%d", code, n, t.Sending[i].Try), func(t Ticket) Event {
		e := d.event(t, by, SendRequeued)
		e.Ref = n
		return e
	})
	if err != nil {
		return t, storeError("sending again", orderError(err))
	}
	d.forgetSeen(ctx, t, n)
	after, err := d.Store.Ticket(ctx, code)
	return after, storeError("reading the ticket", err)
}

// forgetDone erases the records of what was a task before and is none after.
func (d *Desk) forgetDone(ctx context.Context, before, after Ticket) {
	for _, m := range before.Undelivered() {
		if !slices.ContainsFunc(after.Undelivered(), func(o Delivery) bool { return o.N == m.N }) {
			d.forgetSeen(ctx, before, m.N)
		}
	}
}

// forgetSeen erases the records of the ticket's failed messages that a person has seen to, so that the list is
// short. What a crash leaves is taken away when the list is read.
func (d *Desk) forgetSeen(ctx context.Context, before Ticket, n int) {
	for _, m := range before.Undelivered() {
		if n == m.N {
			if err := d.Store.Erase(ctx, kindUndelivered, fmt.Sprintf("%s/%d/%d", before.Code, m.N, m.Try), 0); err != nil && ctx.Err() == nil {
				d.Log.Warn("a failed message stays on the list although it has been seen to", "ticket", before.Code, "err", err)
			}
		}
	}
}

// Undelivered is the tickets with a message that is a task for a person, the latest failure first.
func (d *Desk) Undelivered(ctx context.Context, by Actor, limit int) ([]Ticket, error) {
	lines, _, err := d.failed(ctx, by, "", 0, limit)
	if err != nil {
		return nil, err
	}
	var out []Ticket
	for _, l := range lines {
		if !slices.ContainsFunc(out, func(t Ticket) bool { return t.Code == l.Ticket.Code }) {
			out = append(out, l.Ticket)
		}
	}
	return out, nil
}

// UndeliveredCount is how many messages are a task for a person, up to a few that have just been seen to.
func (d *Desk) UndeliveredCount(ctx context.Context) (int, error) {
	rs, err := d.Store.All(ctx, kindUndelivered, "")
	return len(rs), storeError("counting what was not delivered", err)
}

// LedgerQuery asks for a part of the ledger.
type LedgerQuery struct {
	State   string  // a DeliveryState, or one of the groups below
	Channel Channel // "" is all
	Cursor  string
}

// The groups of states the ledger is read by; each has its own way into the store.
const (
	LedgerFailed  = "failed"  // for good, newest first
	LedgerWaiting = "waiting" // queued, attempted, retry: in the order of the next try
	LedgerSent    = "sent"    // delivered, arrived, read: of the tickets changed last
)

// LedgerLine is one outgoing message.
type LedgerLine struct {
	Ticket Ticket
	Delivery
}

// LedgerPage is a piece of the ledger.
type LedgerPage struct {
	Lines []LedgerLine
	Next  string // "" at the end
}

const (
	ledgerPage  = 50
	ledgerDepth = 20_000 // of messages on their way; who has more waits for them to go
	ledgerReads = 500    // tickets read for one page at most
)

// Ledger is what became of outgoing messages.
func (d *Desk) Ledger(ctx context.Context, by Actor, q LedgerQuery) (LedgerPage, error) {
	if !by.Has(ScopeRead) {
		return LedgerPage{}, forbidden("error.scope", ScopeRead)
	}
	from := 0
	if q.Cursor != "" && q.group() != LedgerSent {
		var err error
		if from, err = strconv.Atoi(q.Cursor); err != nil || from < 0 {
			return LedgerPage{}, &Error{Class: Invalid, Key: "error.cursor", Field: "cursor", Err: err}
		}
	}
	switch q.group() {
	case LedgerWaiting:
		return d.waiting(ctx, by, q, from)
	case LedgerSent:
		return d.sentLedger(ctx, by, q)
	}
	lines, next, err := d.failed(ctx, by, q.Channel, from, ledgerPage)
	return LedgerPage{lines, next}, err
}

func (q LedgerQuery) group() string {
	switch DeliveryState(q.State) {
	case Queued, Attempted, Retry, LedgerWaiting:
		return LedgerWaiting
	case Delivered, Arrived, Read, LedgerSent:
		return LedgerSent
	}
	return LedgerFailed
}

// lines are those of the ticket's messages that the query asks for.
func (q LedgerQuery) lines(t Ticket) (out []LedgerLine) {
	for _, m := range slices.Backward(t.Sending) {
		group := LedgerQuery{State: string(m.State)}.group()
		if group == q.group() && (q.State == group || q.State == string(m.State)) && (q.Channel == "" || q.Channel == t.Door(m)) {
			out = append(out, LedgerLine{t, m})
		}
	}
	return out
}

// failed reads the list of what failed. What has been seen to meanwhile is taken off it.
func (d *Desk) failed(ctx context.Context, by Actor, ch Channel, from, limit int) (out []LedgerLine, next string, err error) {
	rs, err := d.Store.All(ctx, kindUndelivered, "")
	if err != nil {
		return nil, "", storeError("listing what was not delivered", err)
	}
	type item struct {
		id string
		undeliveredDoc
	}
	items := make([]item, 0, len(rs))
	for _, r := range rs {
		one := item{id: r.ID}
		if err := json.Unmarshal(r.Doc, &one.undeliveredDoc); err != nil {
			return nil, "", fmt.Errorf("record of the undelivered message %s: %w", r.ID, err)
		}
		if ch == "" || one.Channel == ch {
			items = append(items, one)
		}
	}
	slices.SortFunc(items, func(a, b item) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.id, b.id)) })
	for i := from; i < len(items); i++ {
		if len(out) == limit || i-from == ledgerReads {
			return out, strconv.Itoa(i), nil
		}
		t, err := d.Store.Ticket(ctx, items[i].Ticket)
		if err != nil {
			return nil, "", storeError("reading a ticket", err)
		}
		k := slices.IndexFunc(t.Sending, func(m Delivery) bool { return m.N == items[i].N })
		switch {
		case k < 0 || !t.Sending[k].Task() || fmt.Sprintf("%s/%d/%d", t.Code, t.Sending[k].N, t.Sending[k].Try) != items[i].id:
			if d.now().Sub(items[i].At) > takenLost { // on some stores the record comes a moment before its event
				_ = d.Store.Erase(ctx, kindUndelivered, items[i].id, 0) // the next reader tries again
			}
		case by.Sees(t):
			out = append(out, LedgerLine{t, t.Sending[k]})
		}
	}
	return out, "", nil
}

// waiting reads the outbox, due or not. The cursor counts tickets.
func (d *Desk) waiting(ctx context.Context, by Actor, q LedgerQuery, from int) (LedgerPage, error) {
	const farAway = 100 * 365 * 24 * time.Hour
	codes, err := d.Store.Outbox(ctx, q.Channel, d.now().Add(farAway), min(from+ledgerReads+1, ledgerDepth))
	if err != nil {
		return LedgerPage{}, storeError("reading the outbox", err)
	}
	var p LedgerPage
	for i := from; i < len(codes); i++ {
		if len(p.Lines) >= ledgerPage || i-from == ledgerReads {
			p.Next = strconv.Itoa(i)
			break
		}
		t, err := d.Store.Ticket(ctx, codes[i])
		if err != nil {
			return p, storeError("reading a ticket", err)
		}
		if by.Sees(t) {
			p.Lines = append(p.Lines, q.lines(t)...)
		}
	}
	return p, nil
}

// sentLedger reads the tickets that changed last. The cursor is the list's.
func (d *Desk) sentLedger(ctx context.Context, by Actor, q LedgerQuery) (LedgerPage, error) {
	f := Filter{Sort: ByUpdated, Limit: ledgerPage, Cursor: q.Cursor}
	if q.Channel.Conversation() { // nobody's message goes out on another's door
		f.Channel = []Channel{q.Channel}
	}
	var p LedgerPage
	for read := 0; read < ledgerReads && len(p.Lines) < ledgerPage; read += ledgerPage {
		page, err := d.List(ctx, by, f)
		if err != nil {
			return p, err
		}
		for _, t := range page.Tickets {
			p.Lines = append(p.Lines, q.lines(t)...)
		}
		p.Next, f.Cursor = page.Next, page.Next
		if page.Next == "" {
			break
		}
	}
	return p, nil
}

package ticketing_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/ticketing"
)

// ailing is a store that for a while will not write, or not answer, what it is told to refuse.
type ailing struct {
	ticketing.Store
	mu      sync.Mutex
	appends []error // what the next writes of system events are answered
	reads   []error // and the next readings of a ticket
	only    ticketing.EventKind
	refused int
}

func (a *ailing) next(list *[]error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(*list) == 0 {
		return nil
	}
	err := (*list)[0]
	*list = (*list)[1:]
	if err != nil {
		a.refused++
	}
	return err
}

func (a *ailing) Append(ctx context.Context, e ticketing.Event, after ticketing.Ticket, with ...ticketing.Record) (ticketing.Event, error) {
	if e.Kind == a.only {
		if err := a.next(&a.appends); errors.Is(err, ticketing.ErrUnknown) { // it was written all the same
			_, _ = a.Store.Append(ctx, e, after, with...)
			return ticketing.Event{}, err
		} else if err != nil {
			return ticketing.Event{}, err
		}
	}
	return a.Store.Append(ctx, e, after, with...)
}

func (a *ailing) Ticket(ctx context.Context, code ticketing.Code) (ticketing.Ticket, error) {
	if err := a.next(&a.reads); err != nil {
		return ticketing.Ticket{}, err
	}
	return a.Store.Ticket(ctx, code)
}

// followed lets the follower work until ok, or fails.
func (o *postOffice) followed(d *ticketing.Desk, ok func() bool) {
	o.Helper()
	ctx, cancel := context.WithTimeout(o.Context(), 20*time.Second)
	ended := make(chan error, 1)
	go func() { ended <- d.CarryOver(ctx) }()
	defer func() { cancel(); <-ended }()
	for {
		bell := o.desk.Store.Bell()
		if ok() {
			return
		}
		select {
		case <-bell:
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			o.Fatal("it was never carried over")
		}
	}
}

func TestABusyStoreLosesNothingThatIsToBeCarriedOver(t *testing.T) {
	for name, ills := range map[string]struct{ appends, reads []error }{
		"busy":             {appends: []error{ticketing.ErrBusy, ticketing.ErrBusy}},
		"nobody knows":     {appends: []error{ticketing.ErrUnknown, fmt.Errorf("writing: %w", ticketing.ErrUnknown)}},
		"away for reading": {reads: []error{ticketing.ErrBusy, &ticketing.Error{Class: ticketing.Busy, Key: "error.busy"}}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newPostOffice(t)
			healthy := o.desk.Store
			lead := o.chatter("a").writes("Mất nước cả phố")
			var joined []ticketing.Code
			for i := range 2 {
				code := o.chatter(fmt.Sprint("b", i)).writes("Mất nước").Ticket.Code
				o.does(code, ticketing.Command{Verb: ticketing.Merge, Into: lead.Ticket.Code})
				joined = append(joined, code)
			}
			o.answers(lead.Ticket.Code, "Đã có nước lại.")
			sick := &ailing{Store: healthy, only: ticketing.AnsweredBy, appends: ills.appends, reads: ills.reads}
			d := deskOf(o)
			d.Store = sick
			told := func(code ticketing.Code) (n int) {
				events, err := healthy.Timeline(t.Context(), code, 0)
				o.must(err)
				for _, e := range events {
					if e.Kind == ticketing.AnsweredBy && e.Into == lead.Ticket.Code {
						n++
					}
				}
				return n
			}
			o.followed(d, func() bool { return told(joined[0]) > 0 && told(joined[1]) > 0 })
			if sick.refused < 2 {
				t.Errorf("the store was ill %d times", sick.refused)
			}
			for _, code := range joined {
				if n := told(code); n != 1 {
					t.Errorf("%s is told %d times", code, n)
				}
			}
		})
	}
}

func TestWhatCanNeverBeCarriedOverIsSaidAndLeft(t *testing.T) {
	o := newPostOffice(t)
	var log safeLog
	d := deskOf(o)
	d.Log = slog.New(slog.NewTextHandler(&log, nil))
	a, other := o.chatter("a").writes("Mất nước").Ticket, o.chatter("other").writes("Mất nước").Ticket
	// Of two reports the first cannot be told: it is nowhere.
	e := ticketing.Event{Ticket: a.Code, N: a.Version + 1, At: o.Now(), By: ticketing.Actor{Role: ticketing.System}, Kind: ticketing.Absorbing, Into: "0000000000", OK: true}
	after, err := a.Apply(e)
	o.must(err)
	_, err = o.desk.Store.Append(t.Context(), e, after)
	o.must(err)
	o.does(other.Code, ticketing.Command{Verb: ticketing.Merge, Into: a.Code})
	o.answers(a.Code, "Đã có nước lại.")
	c, lead := o.chatter("c").writes("Mất điện").Ticket, o.chatter("d").writes("Mất điện").Ticket
	o.does(c.Code, ticketing.Command{Verb: ticketing.Merge, Into: lead.Code})
	o.answers(lead.Code, "Đã có điện.") // comes after, and must not wait for ever
	o.followed(d, func() bool { return o.ticket(c.Code).Version > 2 })
	if o.ticket(other.Code).Version != 3 {
		t.Error("one that cannot be told keeps the answer from another")
	}
	if !strings.Contains(log.text(), "could not be carried over") {
		t.Errorf("nobody is told: %q", log.text())
	}
}

type safeLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *safeLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *safeLog) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestTheGuideWaitsForABusyStoreToo(t *testing.T) {
	o := guided(t)
	code := o.chatter("a").writes("Đèn đường tắt").Ticket.Code
	d := deskOf(o)
	d.Store = &ailing{Store: o.desk.Store, only: ticketing.Prompted, appends: []error{ticketing.ErrUnknown, ticketing.ErrBusy}}
	o.followed(d, func() bool { return o.ticket(code).Version == 2 })
	if got := o.asked(code); got != "place" {
		t.Errorf("asked %q", got)
	}
}

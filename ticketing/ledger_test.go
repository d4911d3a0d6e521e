package ticketing_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"hotline1022/ticketing"
)

func (o *postOffice) ledger(state string, ch ticketing.Channel) (lines []ticketing.LedgerLine) {
	o.Helper()
	q := ticketing.LedgerQuery{State: state, Channel: ch}
	for {
		p, err := o.desk.Ledger(o.Context(), operator, q)
		o.must(err)
		lines = append(lines, p.Lines...)
		if p.Next == "" {
			return lines
		}
		q.Cursor = p.Next
	}
}

// fails lets the ticket's messages be refused by the platform.
func (o *postOffice) fails(code ticketing.Code) ticketing.Ticket {
	o.Helper()
	s := &script{calls: make(chan struct{}, 100)}
	for range 10 {
		s.answers = append(s.answers, fmt.Errorf("blocked: %w", ticketing.ErrRefused))
	}
	return o.run(s, code, settled)
}

func TestAFailedMessageIsATaskUntilAPersonHasSeenToIt(t *testing.T) {
	for name, see := range map[string]func(o *postOffice, code ticketing.Code){
		"a note": func(o *postOffice, code ticketing.Code) {
			o.does(code, ticketing.Command{Verb: ticketing.Note, Text: "đã gọi điện"})
		},
		"a message": func(o *postOffice, code ticketing.Code) {
			o.does(code, ticketing.Command{Verb: ticketing.Message, Text: "x"})
		},
		"an answer": func(o *postOffice, code ticketing.Code) { o.answers(code, "x") },
		"an end": func(o *postOffice, code ticketing.Code) {
			o.does(code, ticketing.Command{Verb: ticketing.Close, Outcome: ticketing.InvalidMatter, Reason: "x"})
		},
	} {
		o := newPostOffice(t)
		code := o.chatter("u").writes("Đèn tắt").Ticket.Code
		tk := o.fails(code)
		if len(tk.Undelivered()) != 1 || tk.Unread != 1 {
			t.Fatalf("%s: %+v", name, tk)
		}
		o.does(code, ticketing.Command{Verb: ticketing.Claim}) // not that it was seen to
		list, err := o.desk.Undelivered(t.Context(), operator, 10)
		o.must(err)
		if lines := o.ledger(ticketing.LedgerFailed, ""); len(list) != 1 || len(lines) != 1 || lines[0].N != 1 || lines[0].Reason == "" || lines[0].Ticket.Code != code {
			t.Errorf("%s: %+v, %+v", name, list, lines)
		}
		see(o, code)
		if tk := o.ticket(code); len(tk.Undelivered()) != 0 || tk.Sending[0].State != ticketing.Failed {
			t.Errorf("%s has not seen to it: %+v", name, tk.Sending)
		}
		n, err := o.desk.UndeliveredCount(t.Context())
		o.must(err)
		if lines := o.ledger(ticketing.LedgerFailed, ""); len(lines) != 0 || n != 0 {
			t.Errorf("%s: %d on the list, counted %d", name, len(lines), n)
		}
	}
}

func TestAnAgencySeesToNothingOfTheHotlines(t *testing.T) {
	o := open(t)
	tk := o.receive(ticketing.Incoming{Channel: ticketing.Zalo, From: ticketing.Contact{Channel: ticketing.Zalo, ID: "1"}})
	tk = o.do(operator, tk, ticketing.Command{Verb: ticketing.Route, Agency: "dien"})
	tk = o.do(officer, tk, ticketing.Command{Verb: ticketing.AcceptIt})
	e := ticketing.Event{Ticket: tk.Code, N: tk.Version + 1, At: o.Now(), By: ticketing.Actor{Role: ticketing.System}, Kind: ticketing.SendAttempted, Ref: 1, Try: 1, Next: o.Now()}
	for _, e := range []ticketing.Event{e, {Ticket: tk.Code, N: tk.Version + 2, At: o.Now(), By: e.By, Kind: ticketing.SendFailed, Ref: 1, Try: 1, Reason: "x"}} {
		after, err := tk.Apply(e)
		if err == nil {
			_, err = o.store.Append(t.Context(), e, after)
		}
		if err != nil {
			t.Fatal(err)
		}
		tk = after
	}
	tk = o.do(officer, tk, ticketing.Command{Verb: ticketing.Note, Text: "x"})
	if len(tk.Undelivered()) != 1 {
		t.Error("the agency's note hides what failed")
	}
	if _, err := o.SendAgain(t.Context(), officer, tk.Code, 1); ticketing.ClassOf(err) != ticketing.Forbidden {
		t.Errorf("an officer sends again: %v", err)
	}
	for _, by := range []ticketing.Actor{auditor, moderator, leader} {
		if _, err := o.SendAgain(t.Context(), by, tk.Code, 1); ticketing.ClassOf(err) != ticketing.Forbidden {
			t.Errorf("a %s sends again: %v", by.Role, err)
		}
	}
	if _, err := o.SendAgain(t.Context(), stranger, tk.Code, 1); ticketing.ClassOf(err) != ticketing.NotFound {
		t.Errorf("a stranger: %v", err)
	}
}

func TestSendingAgain(t *testing.T) {
	o := newPostOffice(t)
	code := o.chatter("u").writes("Đèn tắt").Ticket.Code
	o.fails(code)
	version := o.ticket(code).Version
	done := make(chan error, 8)
	for range 8 { // clicked by several at once
		go func() {
			_, err := o.desk.SendAgain(t.Context(), supervisor, code, 1)
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil && ticketing.ClassOf(err) != ticketing.Invalid {
			t.Error(err)
		}
	}
	tk := o.ticket(code)
	if tk.Version != version+1 || tk.Sending[0].State != ticketing.Queued || tk.Sending[0].Try != 1 || tk.Sending[0].Again != 1 || tk.Loud != 1 {
		t.Fatalf("version %d after %d: %+v", tk.Version, version, tk.Sending)
	}
	if n := len(o.ledger(ticketing.LedgerFailed, "")); n != 0 {
		t.Errorf("%d still wait for a person", n)
	}
	// It gets a whole series of tries, and then is a task again.
	s := &script{calls: make(chan struct{}, 100)}
	for range 30 {
		s.answers = append(s.answers, errors.New("away"))
	}
	tk = o.run(s, code, settled)
	if d := tk.Sending[0]; d.State != ticketing.Failed || d.Try != 13 || !d.Task() || len(o.ledger(ticketing.LedgerFailed, "")) != 1 {
		t.Errorf("%+v", d)
	}
	_, err := o.desk.SendAgain(t.Context(), operator, code, 1)
	o.must(err)
	tk = o.run(&script{calls: make(chan struct{}, 100)}, code, settled)
	if d := tk.Sending[0]; d.State != ticketing.Delivered || d.Try != 14 {
		t.Errorf("%+v", d)
	}
	if _, err := o.desk.SendAgain(t.Context(), operator, code, 1); ticketing.ClassOf(err) != ticketing.Invalid {
		t.Errorf("a message that has arrived is sent again: %v", err)
	}
	if _, err := o.desk.SendAgain(t.Context(), operator, code, 7); ticketing.ClassOf(err) != ticketing.Invalid {
		t.Errorf("a message that is none: %v", err)
	}
}

func TestALostErasureDoesNotKeepATask(t *testing.T) {
	o := newPostOffice(t)
	code := o.chatter("u").writes("Đèn tắt").Ticket.Code
	o.fails(code)
	o.desk.Store = &forgetful{Store: o.desk.Store}
	o.does(code, ticketing.Command{Verb: ticketing.Note, Text: "đã gọi"})
	o.advance(time.Hour)
	if n := len(o.ledger(ticketing.LedgerFailed, "")); n != 0 {
		t.Errorf("%d", n)
	}
	if n, err := o.desk.UndeliveredCount(t.Context()); err != nil || n != 0 {
		t.Errorf("it is counted still: %d %v", n, err)
	}
}

func TestATaskOutlastsWhatCameAfterIt(t *testing.T) {
	o := newPostOffice(t)
	code := o.chatter("u").writes("Đèn tắt").Ticket.Code
	o.fails(code)
	for i := range 12 { // of the system, which sees to nothing
		tk := o.ticket(code)
		e := ticketing.Event{Ticket: code, N: tk.Version + 1, At: o.Now(), By: ticketing.Actor{Role: ticketing.System}, Kind: ticketing.Messaged, Text: fmt.Sprint(i), Out: &ticketing.Outgoing{Text: fmt.Sprint(i)}}
		after, err := tk.Apply(e)
		o.must(err)
		_, err = o.desk.Store.Append(t.Context(), e, after)
		o.must(err)
		o.run(&script{calls: make(chan struct{}, 100)}, code, settled)
	}
	tk := o.ticket(code)
	if len(tk.Undelivered()) != 1 || len(tk.Sending) > 10 {
		t.Errorf("%d kept, tasks %v", len(tk.Sending), tk.Undelivered())
	}
}

func TestTheLedgerByStateAndChannel(t *testing.T) {
	o := newPostOffice(t)
	var codes []ticketing.Code
	for i := range 120 {
		codes = append(codes, o.chatter(fmt.Sprint("u", i)).writes("Đèn tắt").Ticket.Code)
	}
	o.chatter("lobby").writes("hi") // nobody's business
	tele := o.chatter("t").writes("Đèn tắt", func(in *ticketing.Incoming) { in.Channel, in.From.Channel = ticketing.Telegram, ticketing.Telegram }).Ticket.Code
	waiting := o.ledger(ticketing.LedgerWaiting, "")
	if len(waiting) != 121 || waiting[0].Ticket.Code != codes[0] {
		t.Errorf("%d wait", len(waiting))
	}
	if l := o.ledger(ticketing.LedgerWaiting, ticketing.Telegram); len(l) != 1 || l[0].Ticket.Code != tele {
		t.Errorf("on Telegram %d wait", len(l))
	}
	seen := map[ticketing.Code]bool{}
	for _, l := range waiting {
		if seen[l.Ticket.Code] {
			t.Errorf("%s stands twice", l.Ticket.Code)
		}
		seen[l.Ticket.Code] = true
	}
	s := &script{calls: make(chan struct{}, 1000)}
	o.run(s, codes[119], func(ticketing.Ticket) bool {
		return slices.IndexFunc(codes, func(c ticketing.Code) bool { return !settled(o.ticket(c)) }) < 0
	})
	if l := o.ledger(ticketing.LedgerSent, ""); len(l) != 120 || l[0].State != ticketing.Delivered || l[0].At.IsZero() {
		t.Errorf("%d sent", len(l))
	}
	o.must(o.desk.Confirm(t.Context(), ticketing.Zalo, o.ticket(codes[7]).Sending[0].Receipt, ticketing.Read))
	if l := o.ledger(string(ticketing.Read), ticketing.Zalo); len(l) != 1 || l[0].Ticket.Code != codes[7] {
		t.Errorf("read: %+v", l)
	}
	if l := o.ledger(ticketing.LedgerSent, ticketing.Telegram); len(l) != 0 {
		t.Errorf("sent on Telegram: %+v", l)
	}
	if l := o.ledger(string(ticketing.Queued), ""); len(l) != 1 || l[0].Ticket.Code != tele {
		t.Errorf("queued: %+v", l)
	}
	for i := range 60 {
		o.fails(o.chatter(fmt.Sprint("f", i)).writes("Đèn tắt").Ticket.Code)
	}
	failed := o.ledger(ticketing.LedgerFailed, "")
	if len(failed) != 60 || len(o.ledger(ticketing.LedgerFailed, ticketing.Zalo)) != 60 || len(o.ledger(ticketing.LedgerFailed, ticketing.Telegram)) != 0 {
		t.Errorf("%d failed", len(failed))
	}
	if _, err := o.desk.Ledger(t.Context(), operator, ticketing.LedgerQuery{State: "waiting", Cursor: "x"}); ticketing.ClassOf(err) != ticketing.Invalid {
		t.Errorf("a cursor that is none: %v", err)
	}
	hidden := ticketing.Actor{ID: "mod", Role: ticketing.Moderator}
	o.does(failed[0].Ticket.Code, ticketing.Command{Verb: ticketing.Triage, Kind: ticketing.Denunciation})
	p, err := o.desk.Ledger(t.Context(), hidden, ticketing.LedgerQuery{State: "failed"})
	o.must(err)
	if slices.ContainsFunc(p.Lines, func(l ticketing.LedgerLine) bool { return l.Ticket.Code == failed[0].Ticket.Code }) {
		t.Error("the ledger tells of a denunciation")
	}
}

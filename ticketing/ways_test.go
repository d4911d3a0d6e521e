package ticketing_test

import (
	"context"
	"strings"
	"testing"

	"hotline1022/ticketing"
)

// mails makes the desk one with an e-mail door.
func mails(d *ticketing.Desk) {
	d.Carries = func(ch ticketing.Channel) bool { return ch == ticketing.Email }
}

func mailFrom(id string) ticketing.Contact {
	return ticketing.Contact{Channel: ticketing.Email, ID: id}
}

func TestAMessageJoinsTheTicketItAnswers(t *testing.T) {
	o := open(t)
	mails(o.Desk)
	receive := func(in ticketing.Incoming) ticketing.Receipt {
		t.Helper()
		r, err := o.Desk.Receive(t.Context(), citizen, in)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	lan := ticketing.Incoming{Key: "email:1", Channel: ticketing.Email, From: mailFrom("lan@example.vn"), Email: "lan@example.vn", Subject: "Đèn tắt", Text: "Đèn đường tắt đã ba ngày"}
	first := receive(lan)
	if out := first.Event.Out; out == nil || !strings.Contains(out.Text, "/t/"+string(first.Ticket.Code)) {
		t.Fatalf("no receipt with the link: %+v", out)
	}
	lan.Key, lan.Text, lan.Into = "email:2", "Vẫn chưa sáng", first.Ticket.Code
	second := receive(lan)
	if !second.Joined || second.Ticket.Code != first.Ticket.Code || second.Event.Out != nil {
		t.Errorf("the answer opened %s: %+v", second.Ticket.Code, second.Event)
	}
	if again := receive(lan); !again.Repeated || again.Event.Seq != second.Event.Seq {
		t.Errorf("the repeat wrote event %d", again.Event.Seq)
	}
	stranger := lan
	stranger.Key, stranger.From, stranger.Email = "email:3", mailFrom("ai-do@example.vn"), "ai-do@example.vn"
	if r := receive(stranger); r.Joined || r.Ticket.Code == first.Ticket.Code {
		t.Error("a stranger who holds the reference joined the ticket")
	}
	nowhere := lan
	nowhere.Key, nowhere.Into = "email:4", "2222222222222"
	if r := receive(nowhere); r.Joined {
		t.Error("a ticket that is not there was joined")
	}
}

func TestWhoGaveAnAddressIsAnsweredThere(t *testing.T) {
	o := open(t)
	web := ticketing.Incoming{Key: "w1", Channel: ticketing.Web, Name: "Lê Lan", Phone: "0905123182", Email: "lan@example.vn", Subject: "Đèn tắt", Text: "Đèn đường tắt", Kind: ticketing.Question}
	r, err := o.Desk.Receive(t.Context(), citizen, web)
	if err != nil {
		t.Fatal(err)
	}
	answer := func(code ticketing.Code, key string) ticketing.Ticket {
		t.Helper()
		after, err := o.Desk.Do(t.Context(), operator, code, ticketing.Command{Verb: ticketing.AnswerIt, Key: key, Text: "Đã thay bóng.", Outcome: ticketing.GaveAnswer})
		if err != nil {
			t.Fatal(err)
		}
		return after
	}
	if after := answer(r.Ticket.Code, "a1"); len(after.Sending) != 0 {
		t.Errorf("with no e-mail door something is to be sent: %+v", after.Sending)
	}
	mails(o.Desk)
	web.Key = "w2"
	if r, err = o.Desk.Receive(t.Context(), citizen, web); err != nil {
		t.Fatal(err)
	}
	after := answer(r.Ticket.Code, "a2")
	if len(after.Sending) != 1 || after.NextDoor() != ticketing.Email {
		t.Fatalf("to be sent: %+v", after.Sending)
	}
	sent := make(mailbox, 1)
	stop := couriers(t, o.Desk, map[ticketing.Channel]ticketing.Sender{ticketing.Email: sent})
	defer stop()
	if m := <-sent; m.To != "lan@example.vn" || m.Subject != "Đèn tắt" || !strings.Contains(m.Text, "Đã thay bóng.") {
		t.Errorf("sent: %+v", m)
	}
	// She answers the mail: the same matter, though e-mail knows her by another contact than the form did.
	back := ticketing.Incoming{Key: "email:9", Channel: ticketing.Email, From: mailFrom("Lan@Example.vn"), Text: "Vẫn tắt", Into: r.Ticket.Code}
	if r2, err := o.Desk.Receive(t.Context(), citizen, back); err != nil || !r2.Joined {
		t.Errorf("joined: %v, %v", r2.Joined, err)
	}
}

// mailbox is a way out that keeps what it is given.
type mailbox chan ticketing.Outbound

func (m mailbox) Send(_ context.Context, o ticketing.Outbound) (string, error) {
	m <- o
	return "", nil
}

// Who called is called back with an agency's answer, and with nothing she was told on the line.
func TestWhoCalledIsCalledBack(t *testing.T) {
	o := open(t)
	called := func(key string) ticketing.Ticket {
		t.Helper()
		r, err := o.Desk.Receive(t.Context(), operator, ticketing.Incoming{Key: key, Channel: ticketing.Phone, Phone: "0905123182", Name: "Lê Lan", Text: "Đèn đường tắt"})
		if err != nil {
			t.Fatal(err)
		}
		return r.Ticket
	}
	do := func(by ticketing.Actor, code ticketing.Code, cmd ticketing.Command) ticketing.Ticket {
		t.Helper()
		after, err := o.Desk.Do(t.Context(), by, code, cmd)
		if err != nil {
			t.Fatal(cmd.Verb, err)
		}
		return after
	}
	tasks := func() int {
		t.Helper()
		all, err := o.Desk.Undelivered(t.Context(), operator, 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	atOnce := called("p1")
	answer := ticketing.Command{Verb: ticketing.AnswerIt, Text: "Đã thay bóng.", Outcome: ticketing.GaveAnswer}
	if after := do(operator, atOnce.Code, answer); len(after.Sending) > 0 || tasks() > 0 {
		t.Errorf("what was answered on the line is to be called about: %+v", after.Sending)
	}
	later := called("p2")
	do(operator, later.Code, ticketing.Command{Verb: ticketing.Triage, Kind: ticketing.Report})
	do(operator, later.Code, ticketing.Command{Verb: ticketing.Route, Agency: officer.Agency})
	do(officer, later.Code, ticketing.Command{Verb: ticketing.AcceptIt})
	do(officer, later.Code, ticketing.Command{Verb: ticketing.WriteDraft, Text: "Đã thay bóng.", Outcome: ticketing.Done})
	do(leader, later.Code, ticketing.Command{Verb: ticketing.Approve})
	after := do(operator, later.Code, answer)
	if len(after.Undelivered()) != 1 || !after.Undelivered()[0].Call() || tasks() != 1 || !after.NextSend().IsZero() {
		t.Fatalf("to be done: %+v, %d on the list, a courier at %s", after.Sending, tasks(), after.NextSend())
	}
	if _, err := o.Desk.SendAgain(t.Context(), operator, later.Code, after.AnswerN); ticketing.ClassOf(err) != ticketing.Invalid {
		t.Errorf("a call was put into a courier's hands: %v", err)
	}
	if after = do(operator, later.Code, ticketing.Command{Verb: ticketing.Note, Text: "Không nghe máy"}); len(after.Undelivered()) != 1 || tasks() != 1 {
		t.Error("a note about something took the call off the list")
	}
	if after = do(operator, later.Code, ticketing.Command{Verb: ticketing.Note, Text: "Đã gọi", Ref: after.AnswerN}); len(after.Undelivered()) != 0 || tasks() != 0 {
		t.Errorf("after the call: %+v, %d on the list", after.Sending, tasks())
	}
}

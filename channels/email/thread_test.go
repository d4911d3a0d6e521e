package email

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

var (
	operator   = ticketing.Actor{ID: "op1", Role: ticketing.Operator}
	supervisor = ticketing.Actor{ID: "sup", Role: ticketing.Supervisor}
)

// opened is a house where a citizen has written and got her receipt.
func opened(t *testing.T) (*house, ticketing.Ticket) {
	h := newHouse(t)
	h.sim.Citizen("Lê Thị Mận", man)
	h.sim.Citizen("Trần Văn Tư", tu)
	h.work(h.ch.Run)
	h.work(h.courier().Run)
	h.sim.Say(man, "Đèn đường hỏng", "Đèn trước số 12 Trần Phú hỏng.")
	tk := h.untilTickets(1)[0]
	h.mail(man, 1)
	return h, tk
}

func (h *house) do(code ticketing.Code, by ticketing.Actor, cmd ticketing.Command) ticketing.Ticket {
	h.Helper()
	t, err := h.store.Ticket(h.Context(), code)
	must(h, err)
	cmd.Version = t.Version
	t, err = h.desk.Do(h.Context(), by, code, cmd)
	must(h, err)
	return t
}

// said is what a ticket's citizen wrote after the first letter.
func (h *house) said(code ticketing.Code) (out []string) {
	h.Helper()
	for _, e := range h.events(code) {
		if e.Kind == ticketing.Said {
			out = append(out, e.Text)
		}
	}
	return out
}

func TestTheWholeConversation(t *testing.T) {
	h, tk := opened(t)
	receipt := h.mail(man, 1)[0]
	if receipt.Header.Get("Auto-Submitted") != "auto-replied" || receipt.Subject != "Re: Đèn đường hỏng" || !strings.HasSuffix(receipt.InReplyTo, man) {
		t.Errorf("receipt %q %q %q", receipt.Header.Get("Auto-Submitted"), receipt.Subject, receipt.InReplyTo)
	}
	if !strings.Contains(strings.ReplaceAll(receipt.Text, "-", ""), string(tk.Code)) {
		t.Errorf("%q", receipt.Text)
	}
	h.do(tk.Code, operator, ticketing.Command{Verb: ticketing.Ask, Text: "Cột số mấy ạ?"})
	ask := h.mail(man, 2)[1]
	if ask.Header.Get("Auto-Submitted") != "" || !strings.Contains(ask.Text, "Cột số mấy") {
		t.Errorf("%q", ask.Text)
	}
	h.until(tk.Code, func(t ticketing.Ticket) bool { return t.Status == ticketing.Waiting })
	id := h.sim.Reply(man, "Cột số 12 ạ.")
	after := h.until(tk.Code, func(t ticketing.Ticket) bool { return t.Status != ticketing.Waiting })
	if got := h.said(tk.Code); len(got) != 1 || got[0] != "Cột số 12 ạ." || after.Status != ticketing.New {
		t.Errorf("%q, %s", got, after.Status)
	}
	h.do(tk.Code, operator, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Đèn đã sửa xong.", Outcome: ticketing.Done})
	answer := h.mail(man, 3)[2]
	if !strings.Contains(answer.Text, "Đèn đã sửa xong.") || answer.InReplyTo != id || len(answer.References) < 2 {
		t.Errorf("%q follows %q by %q", answer.Text, answer.InReplyTo, answer.References)
	}
	h.until(tk.Code, func(t ticketing.Ticket) bool { return len(t.Sending) == 3 && t.Sending[2].State == ticketing.Delivered })
	h.sim.Reply(man, "Cảm ơn tổng đài!")
	h.untilCounted("joined", 2)
	if now := h.until(tk.Code, func(ticketing.Ticket) bool { return true }); now.Status != ticketing.Answered {
		t.Errorf("thanks made it %s", now.Status)
	}
	if said := h.events(tk.Code); said[len(said)-1].Kind == ticketing.Said && said[len(said)-1].Rule == "" {
		t.Error("somebody must read the thanks")
	}
	h.untilTickets(1)
}

func TestOnlyALetterOfOursLeadsIntoATicket(t *testing.T) {
	h, tk := opened(t)
	ours := h.mail(man, 1)[0].ID
	letter := func(n int, from, ref string) []byte {
		return fmt.Appendf(nil, "From: %s\r\nSubject: Re: x\r\nMessage-ID: <%d@mail>\r\nReferences: <first@mail> <%s>\r\n\r\nThêm %d\r\n", from, n, ref, n)
	}
	last := []byte(ours)
	last[20]++
	for n, c := range []struct {
		from, ref string
		joins     bool
	}{
		{man, ours, true},
		{"Mận <" + strings.ToUpper(man) + ">", ours, true},
		{man, strings.ToUpper(ours), true},
		{man, string(last), false},                                 // altered
		{man, string(tk.Code) + "@example.vn", false},              // who knows only the code
		{man, h.ch.reference(code, 1) + "@example.vn", false},      // of no ticket
		{tu, ours, false},                                          // somebody else
		{man, "x" + ours, false},                                   // not quite ours
		{man, strings.Split(ours, "@")[0] + "@elsewhere.vn", true}, // servers may rewrite the domain
	} {
		before, tickets := len(h.said(tk.Code)), len(h.tickets())
		for i, err := range h.ch.takeAll(t.Context(), [][]byte{letter(n, c.from, c.ref)}) {
			if err != nil {
				t.Fatal(i, err)
			}
		}
		joined, opened := len(h.said(tk.Code))-before, len(h.tickets())-tickets
		if joined != map[bool]int{true: 1}[c.joins] || opened != 1-joined {
			t.Errorf("%s, %s: joined %d, opened %d", c.from, c.ref, joined, opened)
		}
	}
}

func TestALetterToAClosedTicketOpensAnother(t *testing.T) {
	h, tk := opened(t)
	h.do(tk.Code, supervisor, ticketing.Command{Verb: ticketing.Close, Outcome: ticketing.InvalidMatter, Reason: "thử"})
	h.sim.Reply(man, "Đèn lại hỏng.")
	all := h.untilTickets(2)
	if all[1].Text != "Đèn lại hỏng." || all[1].Citizen != tk.Citizen || all[1].Subject != "Đèn đường hỏng" {
		t.Errorf("%+v", all[1])
	}
}

// Who forges a sender learns nothing of the sender's matters, not even that there are any.
func TestAForgedSenderIsToldNothing(t *testing.T) {
	h, tk := opened(t)
	h.sim.Say(man, "Hỏi", "Phiếu trước của tôi "+string(tk.Code)+" tới đâu rồi?")
	h.untilTickets(2)
	m := h.mail(man, 2)[1]
	if strings.Contains(strings.ReplaceAll(m.Text, "-", ""), string(tk.Code)) || strings.Contains(m.Text, "Trần Phú") {
		t.Errorf("%q", m.Text)
	}
	if got := h.sim.Inbox(tu); len(got) > 0 {
		t.Errorf("%d letters to somebody else", len(got))
	}
}

func TestAnAbsenceNoteIsNeitherTicketNorLoop(t *testing.T) {
	h := newHouse(t)
	h.sim.Citizen("Mận", man)
	h.sim.Away(man, true)
	h.work(h.ch.Run)
	h.work(h.courier().Run)
	h.sim.Say(man, "Đèn", "Đèn hỏng.")
	h.untilCounted("auto-reply", 1)
	h.wait(func() bool { return h.place().UID == 2 })
	tk := h.untilTickets(1)[0]
	if len(h.mail(man, 1)) != 1 || len(h.said(tk.Code)) != 0 {
		t.Error("it was answered, or taken for words")
	}
}

// A machine that hides that it is one, and answers each of our letters with a new one: after a few it gets no receipt.
func TestAMachineThatHidesEndsUpAlone(t *testing.T) {
	h := newHouse(t)
	h.sim.Citizen("Máy", man)
	h.work(h.ch.Run)
	h.work(h.courier().Run)
	for i := range mostReceipts + 3 {
		h.sim.Say(man, fmt.Sprint("Phiếu mới ", i), "Chúng tôi đã nhận thư của quý khách.")
		h.untilTickets(i + 1)
	}
	h.untilCounted("no automatic answer: too many", 3)
	h.mail(man, mostReceipts)
	for _, tk := range h.tickets() {
		h.until(tk.Code, func(t ticketing.Ticket) bool { return t.NextSend().IsZero() })
	}
	h.mail(man, mostReceipts)
	h.clock.Advance(2 * time.Hour)
	h.sim.Say(man, "Sau", "Đèn hỏng.")
	h.mail(man, mostReceipts+1)
}

func TestWhoGetsNoAutomaticAnswer(t *testing.T) {
	for name, head := range map[string]string{
		"auto-submitted": "Auto-Submitted: auto-generated", "suppressed": "X-Auto-Response-Suppress: DR, AutoReply", "bulk": "Precedence: bulk",
		"junk": "Precedence: junk", "list": "List-Id: <a.b>", "no return path": "Return-Path: <>", "robot": "From: no-reply@example.vn",
		"postmaster": "From: postmaster@example.vn", "ourselves": "From: " + office, "nobody": "From: x",
	} {
		h := newHouse(t)
		h.sim.Citizen("Mận", man)
		if !strings.HasPrefix(head, "From") {
			head += "\r\nFrom: " + man
		}
		for _, err := range h.ch.takeAll(t.Context(), [][]byte{[]byte(head + "\r\nSubject: x\r\nMessage-ID: <" + name + "@mail>\r\n\r\nĐèn hỏng.\r\n")}) {
			must(t, err)
		}
		if tk := h.untilTickets(1)[0]; len(tk.Sending) != 0 {
			t.Errorf("%s: it would be answered", name)
		}
	}
}

func TestALetterThatComesBackIsATask(t *testing.T) {
	h, tk := opened(t)
	h.sim.Bounces(man, "5.2.2")
	h.do(tk.Code, operator, ticketing.Command{Verb: ticketing.Message, Text: "Đội sửa chữa đang tới."})
	after := h.until(tk.Code, func(t ticketing.Ticket) bool { return len(t.Undelivered()) == 1 })
	d := after.Undelivered()[0]
	if d.State != ticketing.Failed || !strings.Contains(d.Reason, "đã đầy") || !strings.Contains(d.Reason, "5.2.2") || strings.Contains(d.Reason, "@") {
		t.Errorf("%+v", d)
	}
	list, err := h.desk.Undelivered(t.Context(), operator, 10)
	must(t, err)
	if len(list) != 1 || list[0].Code != tk.Code {
		t.Errorf("%d on the list", len(list))
	}
	h.untilTickets(1)
	// A person has it sent again; it comes back again, and is a task again.
	h.until(tk.Code, func(t ticketing.Ticket) bool { return t.NextSend().IsZero() })
	_, err = h.desk.SendAgain(t.Context(), operator, tk.Code, d.N)
	must(t, err)
	h.untilCounted("returned", 2)
	h.until(tk.Code, func(t ticketing.Ticket) bool { return len(t.Undelivered()) == 1 && t.Undelivered()[0].Try == 2 })
	if diff, err := h.store.Replay(t.Context(), true, nil); err != nil || len(diff) > 0 {
		t.Errorf("%v %v", diff, err)
	}
}

// Some servers put a copy of what is sent into the mailbox it was sent from.
func TestOurOwnLettersAreNoMatters(t *testing.T) {
	h, tk := opened(t)
	h.sim.Deliver(h.mail(man, 1)[0].Raw)
	h.untilCounted("our own", 1)
	h.untilTickets(1)
	if got := h.said(tk.Code); len(got) > 0 {
		t.Errorf("%q", got)
	}
}

func TestReportsThatChangeNothing(t *testing.T) {
	h, tk := opened(t)
	m := h.mail(man, 1)[0]
	h.until(tk.Code, func(t ticketing.Ticket) bool { return t.Sending[0].State == ticketing.Delivered })
	other := m
	other.ID = "somebody@else.vn"
	forged := m
	forged.ID = strings.Repeat("0", 52) + "@example.vn"
	for _, r := range [][]byte{
		simulator.EmailBounce(office, man, "4.4.1", m), simulator.EmailBounce(office, man, "5.1.1", other), simulator.EmailBounce(office, man, "5.1.1", forged),
	} {
		must(t, h.ch.takeAll(t.Context(), [][]byte{r})[0])
	}
	if now := h.until(tk.Code, func(ticketing.Ticket) bool { return true }); now.Sending[0].State != ticketing.Delivered {
		t.Errorf("%+v", now.Sending)
	}
	must(t, h.ch.takeAll(t.Context(), [][]byte{simulator.EmailBounce(office, man, "2.0.0", m)})[0])
	if now := h.until(tk.Code, func(ticketing.Ticket) bool { return true }); now.Sending[0].State != ticketing.Arrived {
		t.Errorf("%+v", now.Sending)
	}
	// A server without RFC 3464 writes our name into its words.
	plain := "Return-Path: <>\r\nFrom: MAILER-DAEMON@x.vn\r\nSubject: failure notice\r\n\r\n550 5.1.1 no such user\r\n--- Below this line\r\nMessage-ID: <" + m.ID + ">\r\n"
	must(t, h.ch.takeAll(t.Context(), [][]byte{[]byte(plain)})[0])
	h.until(tk.Code, func(t ticketing.Ticket) bool { return t.Sending[0].State == ticketing.Failed })
	h.untilTickets(1)
}

package zalo

import (
	"strings"
	"testing"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

func TestWhatSheRepliesToIsShown(t *testing.T) {
	h := newHouse(t)
	h.work(h.courier().Run)
	user := h.sim.Citizen("Bình")
	first := h.sim.Say(user, "Đèn đường\ntrước nhà số 5 hỏng")
	h.settled()
	code := h.only().Code
	h.says(code, "Anh/chị cho biết tên đường ạ?")
	inbox := h.sim.Inbox(user)
	ours := inbox[len(inbox)-1].ID
	stranger := h.sim.Citizen("Cường")
	foreign := h.sim.Say(stranger, "Chuyện riêng của tôi")
	h.settled()
	long := h.sim.Say(user, strings.Repeat("dài ", 100))
	h.settled()
	replied := ""
	for _, c := range []struct{ quoted, said, want string }{
		{first, "vẫn chưa sửa", "[Trả lời tin “Đèn đường trước nhà số 5 hỏng”]\nvẫn chưa sửa"},
		{ours, "Lê Lợi", "[Trả lời tin “"},
		{"last", "nhắc lại", "[Trả lời tin “Lê Lợi”]\nnhắc lại"}, // not what that one quoted
		{long, "như trên", "…”]\nnhư trên"},
		{foreign, "của ai?", "[Trả lời một tin trước đó]\ncủa ai?"},
		{"nobody's", "cái kia", "[Trả lời một tin trước đó]\ncái kia"},
	} {
		if c.quoted == "last" {
			c.quoted = replied
		}
		replied = h.sim.Reply(user, c.quoted, c.said)
		h.settled()
		events := h.events(code)
		said := ""
		for _, e := range events {
			if e.Kind == ticketing.Said && strings.HasSuffix(e.Text, c.said) {
				said = e.Text
			}
		}
		if !strings.Contains(said, c.want) || strings.Contains(said, c.quoted) || len([]rune(said)) > mostQuoted+60 {
			t.Errorf("%q instead of %q", said, c.want)
		}
	}
	if got := h.journal(); got["[Trả lời tin “"+strings.TrimSpace(h.sentText(code))+"”]\nLê Lợi"] != 1 {
		t.Errorf("our own words were not found: %v", got)
	}
}

// sentText is the words of our last message, on one line.
func (h *house) sentText(code ticketing.Code) string {
	out := ""
	for _, e := range h.events(code) {
		if e.Kind == ticketing.Messaged {
			out = strings.Join(strings.Fields(e.Out.Text), " ")
		}
	}
	return out
}

// What she says is read without what she quotes: a number chooses, thanks are thanks.
func TestAQuotationIsNothingSheSaid(t *testing.T) {
	h := newHouse(t)
	h.work(h.courier().Run)
	user := h.sim.Citizen("Bình")
	h.sim.Say(user, "Đèn đường hỏng")
	h.settled()
	code := h.only().Code
	_, err := h.desk.Do(t.Context(), ticketing.Actor{ID: "lan", Role: ticketing.Operator}, code, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Đã sửa.", Outcome: ticketing.Done})
	must(t, err)
	h.until(code, func(tk ticketing.Ticket) bool { return tk.NextSend().IsZero() })
	inbox := h.sim.Inbox(user)
	h.sim.Reply(user, inbox[len(inbox)-1].ID, "cảm ơn")
	h.settled()
	events := h.events(code)
	var last ticketing.Event
	for _, e := range events {
		if e.Kind == ticketing.Said {
			last = e
		}
	}
	if last.Rule == "" || !strings.HasSuffix(last.Text, "\ncảm ơn") || h.only().Unread != 0 {
		t.Errorf("%+v, unread %d", last, h.only().Unread)
	}
}

func TestAPersonsAnswerStandsUnderTheCitizensMessage(t *testing.T) {
	h := newHouse(t)
	h.work(h.courier().Run)
	user := h.sim.Citizen("Bình")
	first := h.sim.Say(user, "Đèn đường hỏng")
	h.settled()
	code := h.only().Code
	h.until(code, func(tk ticketing.Ticket) bool { return tk.NextSend().IsZero() })
	h.says(code, "Ở đường nào ạ?")
	second := h.sim.Say(user, "Lê Lợi")
	h.settled()
	h.says(code, "Xin ghi nhận.")
	h.sim.Forget(second)
	h.says(code, "Đã chuyển Điện lực.") // goes without
	h.ch.Template = ""
	h.sim.Fail(simulator.ZaloFault{Path: "/cs", Code: -230})
	if d := h.says(code, "x"); d.State != ticketing.Failed { // a refusal of another kind is no matter of the quotation
		t.Errorf("%+v", d)
	}
	var got []string
	for _, m := range h.sim.Inbox(user) {
		got = append(got, m.Quote)
	}
	want := []string{"", first, second, ""} // the receipt is the program's
	if strings.Join(got, ",") != strings.Join(want, ",") {
		t.Errorf("quoted %q, want %q", got, want)
	}
	if n := h.sim.Asked("/v3.0/oa/message/cs"); n != 6 { // one of them twice
		t.Errorf("%d calls", n)
	}
	for key, want := range map[string]string{
		"zalo_oa:" + oaID + ":user_send_text:abc":      "abc",
		"zalo_oa:" + oaID + ":user_send_text:abc:2":    "",
		"zalo_oa:" + oaID + ":anonymous_send_text:abc": "",
		"zalo_oa:1:user_send_text:abc":                 "",
		"send:x:1:1":                                   "",
	} {
		if got := h.ch.messageID(key); got != want {
			t.Errorf("%s: %q", key, got)
		}
	}
}

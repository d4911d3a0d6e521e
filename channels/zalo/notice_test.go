package zalo

import (
	"errors"
	"strings"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

// late is a house whose citizen wrote eight days ago and has given her number.
func late(t *testing.T, phone string) (*house, string, ticketing.Code) {
	t.Helper()
	h := newHouse(t, func(s *simulator.ZaloSettings) { s.Mood.Echo = true })
	h.sim.Approve(simulator.ZaloTemplate{ID: "7", Fields: []string{"ten", "ma", "duong_dan"}})
	user := h.reader()
	if phone != "" {
		h.sim.SubmitInfo(user, "Trần Thị Bình", phone, "")
	}
	h.sim.Say(user, "Đèn đường tắt")
	h.settled()
	code := h.only().Code
	h.work(h.courier().Run)
	h.until(code, func(tk ticketing.Ticket) bool { return tk.NextSend().IsZero() }) // the receipt
	h.settled()
	h.clock.Advance(8*24*time.Hour + time.Hour)
	return h, user, code
}

func (h *house) says(code ticketing.Code, words string) ticketing.Delivery {
	h.Helper()
	_, err := h.desk.Do(h.Context(), ticketing.Actor{ID: "lan", Role: ticketing.Operator}, code, ticketing.Command{Verb: ticketing.Message, Text: words})
	must(h.TB, err)
	tk := h.until(code, func(tk ticketing.Ticket) bool { return tk.NextSend().IsZero() })
	return tk.Sending[len(tk.Sending)-1]
}

func TestOnceZaloNoLongerLetsUsWriteAnApprovedTemplateGoesToHerPhone(t *testing.T) {
	h, user, code := late(t, "84905123182")
	before := len(h.sim.Inbox(user))
	d := h.says(code, "Đã sửa xong đèn ạ.")
	got := h.sim.Notices("84905123182")
	if len(got) != 1 || len(h.sim.Inbox(user)) != before {
		t.Fatalf("%d notices, %d messages more; %+v", len(got), len(h.sim.Inbox(user))-before, d)
	}
	n := got[0]
	if n.Data["ten"] != "Trần Thị Bình" || strings.ReplaceAll(n.Data["ma"], "-", "") != string(code) || !strings.HasSuffix(n.Data["duong_dan"], "/t/"+string(code)) {
		t.Errorf("%v", n.Data)
	}
	if !strings.HasPrefix(n.Tracking, string(code)) {
		t.Errorf("tracking id %q", n.Tracking)
	}
	// Zalo's own word that it has reached the phone.
	h.until(code, func(tk ticketing.Ticket) bool { return tk.Sending[len(tk.Sending)-1].State == ticketing.Arrived })
}

func TestATemplateThatMayGoToAZaloAccountNeedsNoNumber(t *testing.T) {
	h, user, code := late(t, "")
	h.sim.Approve(simulator.ZaloTemplate{ID: "8", Fields: []string{"ten", "ma", "duong_dan"}, ByUser: true})
	h.ch.Template = "8"
	before := len(h.sim.Inbox(user))
	h.says(code, "Đã sửa xong đèn ạ.")
	got := h.sim.Notices(user)
	if len(got) != 1 || len(h.sim.Inbox(user)) != before || strings.ReplaceAll(got[0].Data["ma"], "-", "") != string(code) {
		t.Fatalf("%+v", got)
	}
	h.until(code, func(tk ticketing.Ticket) bool { return tk.Sending[len(tk.Sending)-1].State == ticketing.Arrived })
}

func TestATemplateThatMayNotGoToAZaloAccountIsTriedThereOnce(t *testing.T) {
	h, user, code := late(t, "84905123182")
	for range 2 {
		if d := h.says(code, "Đã sửa xong đèn ạ."); d.State == ticketing.Failed {
			t.Fatalf("%+v", d)
		}
	}
	if n := h.sim.Asked("/v3.0/oa/message/template"); n != 1 || len(h.sim.Notices("84905123182")) != 2 || len(h.sim.Notices(user)) != 0 {
		t.Errorf("asked %d times, %d notices", n, len(h.sim.Notices("84905123182")))
	}
}

// Whom a template does not reach at her account may be reached by her number; whom neither reaches is a task, and the
// operator reads both reasons.
func TestATemplateGoesByTheNumberWhereTheAccountIsRefused(t *testing.T) {
	h, user, code := late(t, "84905123182")
	h.sim.Approve(simulator.ZaloTemplate{ID: "8", Fields: []string{"ten", "ma", "duong_dan"}, ByUser: true})
	h.ch.Template = "8"
	h.sim.Unfollow(user)
	h.settled()
	if d := h.says(code, "Đã sửa xong"); d.State == ticketing.Failed || len(h.sim.Notices("84905123182")) != 1 {
		t.Errorf("%+v", d)
	}
	h.sim.Unwilling("84905123182")
	d := h.says(code, "Đã sửa xong")
	for _, why := range []string{"-213", "theo tài khoản Zalo", "không nhận tin mẫu"} {
		if d.State != ticketing.Failed || !strings.Contains(d.Reason, why) {
			t.Errorf("%+v lacks %q", d, why)
		}
	}
}

func TestWhereNoNoticeCanBeSentTheOperatorReadsWhy(t *testing.T) {
	for name, c := range map[string]struct {
		phone string
		spoil func(*house)
		want  string
	}{
		"no number":   {"", func(*house) {}, "Không có số điện thoại"},
		"no template": {"84905123182", func(h *house) { h.ch.Template = "" }, "quá 7 ngày"},
		"unwilling":   {"84905123182", func(h *house) { h.sim.Unwilling("84905123182") }, "không nhận tin mẫu"},
	} {
		t.Run(name, func(t *testing.T) {
			h, _, code := late(t, c.phone)
			c.spoil(h)
			if d := h.says(code, "Đã sửa xong"); d.State != ticketing.Failed || !strings.Contains(d.Reason, c.want) {
				t.Errorf("%+v", d)
			}
		})
	}
}

func TestANoticeOfTheNightWaitsForTheMorning(t *testing.T) {
	h, _, _ := late(t, "84905123182")
	h.clock.Advance(14 * time.Hour) // 24:00
	_, err := h.ch.Send(t.Context(), outbound(h.lastUser(), "x"))
	var later *ticketing.LaterError
	if !errors.As(err, &later) || later.After < 5*time.Hour || later.After > 7*time.Hour {
		t.Errorf("%v", err)
	}
}

func TestATemplateThatDoesNotFitCallsPeople(t *testing.T) {
	h, _, _ := late(t, "84905123182")
	h.ch.TemplateData = `{"ten":"{name}"}`
	_, err := h.ch.Send(t.Context(), outbound(h.lastUser(), "x"))
	var later *ticketing.LaterError
	if !errors.As(err, &later) || len(h.ch.Health().Problems) == 0 {
		t.Errorf("%v, %+v", err, h.ch.Health().Problems)
	}
}

// lastUser is the Zalo id of the only citizen.
func (h *house) lastUser() string {
	h.Helper()
	p, _, err := h.desk.Vault.Person(h.Context(), h.only().Citizen)
	must(h.TB, err)
	return p.At[ticketing.Zalo]
}

// Who came by a form and left a number and nothing else is told by the template that there is an answer.
func TestWhoLeftOnlyANumberIsToldByTheTemplate(t *testing.T) {
	h := newHouse(t)
	h.sim.Approve(simulator.ZaloTemplate{ID: "7", Fields: []string{"ten", "ma", "duong_dan"}})
	h.desk.Carries = func(ch ticketing.Channel) bool { return ch == ticketing.Zalo }
	h.desk.ByNumber = ticketing.Zalo
	r, err := h.desk.Receive(t.Context(), ticketing.Actor{Role: ticketing.Citizen}, ticketing.Incoming{
		Channel: ticketing.Web, Kind: ticketing.Question, Name: "Trần Thị Bình", Phone: "0905123182", Text: "Giờ làm việc?",
	})
	must(t, err)
	h.work(h.courier().Run)
	_, err = h.desk.Do(t.Context(), ticketing.Actor{ID: "lan", Role: ticketing.Operator}, r.Ticket.Code, ticketing.Command{Verb: ticketing.AnswerIt, Text: "7 giờ.", Outcome: ticketing.GaveAnswer})
	must(t, err)
	tk := h.until(r.Ticket.Code, func(tk ticketing.Ticket) bool { return tk.NextSend().IsZero() && len(tk.Sending) == 1 })
	got := h.sim.Notices("84905123182")
	if len(got) != 1 || got[0].Data["ten"] != "Trần Thị Bình" || tk.Sending[0].Channel != ticketing.Zalo || len(tk.Undelivered()) != 0 {
		t.Errorf("%v; %+v", got, tk.Sending)
	}
}

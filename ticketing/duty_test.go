package ticketing_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"hotline1022/ticketing"
)

// duty saves who is given what.
func (o *office) duty(all ...ticketing.Duty) {
	o.t.Helper()
	for _, d := range all {
		doc, err := json.Marshal(d)
		if err == nil {
			err = o.store.Put(o.t.Context(), ticketing.Record{Kind: ticketing.KindDuty, ID: d.ID, Version: 1, At: o.Now(), By: "test", Doc: doc})
		}
		if err != nil {
			o.t.Fatal(err)
		}
	}
	if err := o.Desk.Catalog.Refresh(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

func TestTheNextTicketFitsAndIsClaimedOnce(t *testing.T) {
	o := open(t)
	o.duty(ticketing.Duty{ID: "all", Most: 2}, ticketing.Duty{ID: "hoa", Channels: []ticketing.Channel{ticketing.Zalo}})
	for i := range 3 {
		o.receive(ticketing.Incoming{Channel: ticketing.Web, Text: fmt.Sprint("Đèn ", i)})
	}
	zalo := o.receive(ticketing.Incoming{Channel: ticketing.Zalo, From: ticketing.Contact{Channel: ticketing.Zalo, ID: "z"}, Text: "Đèn đường tắt ở đây"})
	hoa := ticketing.Actor{ID: "hoa", Role: ticketing.Operator}
	next := func(by ticketing.Actor) (ticketing.Ticket, error) { return o.Desk.Next(t.Context(), by) }
	if got, err := next(hoa); err != nil || got.Code != zalo.Code || got.Assignee != "hoa" {
		t.Fatalf("%s, %v", got.Code, err)
	}
	if _, err := next(hoa); ticketing.ClassOf(err) != ticketing.NotFound {
		t.Errorf("what does not fit was given: %v", err)
	}
	seen := map[ticketing.Code]bool{}
	for range 2 {
		got, err := next(operator)
		if err != nil || seen[got.Code] || got.Assignee != operator.ID {
			t.Fatalf("%s, %v", got.Code, err)
		}
		seen[got.Code] = true
	}
	if _, err := next(operator); ticketing.ClassOf(err) != ticketing.Invalid {
		t.Errorf("more than she may have: %v", err)
	}
	if _, err := next(officer); ticketing.ClassOf(err) != ticketing.Forbidden {
		t.Errorf("an officer was given one: %v", err)
	}
}

func TestNewTicketsAreSpread(t *testing.T) {
	for _, mode := range []ticketing.DutyMode{ticketing.DutyTurn, ticketing.DutyLoad} {
		t.Run(string(mode), func(t *testing.T) {
			o := open(t)
			o.duty(ticketing.Duty{ID: "all", Mode: mode}, ticketing.Duty{ID: "an", Most: 1}, ticketing.Duty{ID: "binh", Channels: []ticketing.Channel{ticketing.Web}})
			for _, id := range []string{"an", "binh", "chi", "dung", "truong"} {
				role := ticketing.Operator
				if id == "truong" {
					role = ticketing.Supervisor
				}
				if err := o.accounts.Add(t.Context(), ticketing.Staff{ID: id, Name: id, Role: role}, "một câu dài dễ nhớ", "test"); err != nil {
					t.Fatal(err)
				}
			}
			s := &ticketing.Spreader{Desk: o.Desk, Accounts: o.accounts, Log: slog.New(slog.DiscardHandler),
				Present: func() map[string]int { return map[string]int{"an": 1, "binh": 2, "chi": 1, "dung": 1, "truong": 1} },
				Resting: func(staff string) bool { return staff == "dung" }}
			for i := range 9 {
				channel := ticketing.Web
				if i%3 == 2 {
					channel = ticketing.Phone
				}
				o.receive(ticketing.Incoming{Channel: channel, Text: fmt.Sprint("Đèn ", i)})
				if _, err := s.Spread(t.Context()); err != nil {
					t.Fatal(err)
				}
				o.set(o.Now().Add(60e9).In(ticketing.Zone).Format("2006-01-02 15:04"))
			}
			page, err := o.store.List(t.Context(), ticketing.Filter{Scope: ticketing.Scope{All: true}, Limit: 50})
			if err != nil {
				t.Fatal(err)
			}
			has := map[string]int{}
			for _, tk := range page.Tickets {
				has[tk.Assignee]++
				if tk.Assignee == "binh" && tk.Channel != ticketing.Web {
					t.Error("a call for who takes none")
				}
			}
			if has["an"] != 1 || has["binh"]+has["chi"] != 8 || has["binh"] < 3 || has["chi"] < 3 {
				t.Errorf("%v", has)
			}
			if given, err := s.Spread(t.Context()); err != nil || given != 0 {
				t.Errorf("%d given again, %v", given, err)
			}
		})
	}
}

func TestNobodyIsGivenAnythingUnlessItIsSwitchedOn(t *testing.T) {
	c := open(t).Desk.Catalog.Current()
	if c.DutyMode() != ticketing.DutyNone || !c.Duty("ai").Fits(ticketing.Ticket{Channel: ticketing.Zalo, Category: "x"}) {
		t.Error("shipped otherwise")
	}
}

func TestALanguageIsASkill(t *testing.T) {
	o := open(t)
	o.duty(ticketing.Duty{ID: "all", Languages: []string{"vi"}}, ticketing.Duty{ID: "hoa", Languages: []string{"en", "ja"}})
	urgent := ticketing.Urgent
	from := func(id string) ticketing.Contact { return ticketing.Contact{Channel: ticketing.Zalo, ID: id} }
	vi := o.receive(ticketing.Incoming{Channel: ticketing.Zalo, From: from("1"), Text: "Đèn đường tắt trước nhà số 12"})
	en := o.receive(ticketing.Incoming{Channel: ticketing.Zalo, From: from("2"), Lang: "vi", Text: "The street lamp in front of my house is dark"})
	if vi.Lang != "" || en.Lang != "en" {
		t.Errorf("%q and %q", vi.Lang, en.Lang)
	}
	if p, err := o.Vault.Whole(t.Context(), en.Citizen); err != nil || p.Lang != "en" {
		t.Errorf("she is answered in %q, %v", p.Lang, err)
	}
	// Whoever reads it knows better: the ticket goes to those who can read it, and she is answered in it.
	corrected := o.do(operator, vi, ticketing.Command{Verb: ticketing.Triage, Lang: "ja"})
	if p, err := o.Vault.Whole(t.Context(), vi.Citizen); err != nil || corrected.Lang != "ja" || p.Lang != "en" {
		t.Errorf("corrected: %q, she is answered in %q, %v", corrected.Lang, p.Lang, err)
	}
	if again := o.do(operator, vi, ticketing.Command{Verb: ticketing.Triage, Priority: &urgent}); again.Lang != "ja" {
		t.Errorf("triage of something else makes it %q", again.Lang)
	}
	back := o.do(operator, vi, ticketing.Command{Verb: ticketing.Triage, Lang: "vi"})
	if p, err := o.Vault.Whole(t.Context(), vi.Citizen); err != nil || back.Lang != "" || p.Lang != "vi" {
		t.Errorf("corrected back: %q, she is answered in %q, %v", back.Lang, p.Lang, err)
	}
	if _, err := o.Desk.Do(t.Context(), operator, vi.Code, ticketing.Command{Verb: ticketing.Triage, Lang: "tlh"}); ticketing.ClassOf(err) != ticketing.Invalid {
		t.Errorf("a language nobody tells apart: %v", err)
	}
	hoa := ticketing.Actor{ID: "hoa", Role: ticketing.Operator}
	if got, err := o.Desk.Next(t.Context(), hoa); err != nil || got.Code != en.Code {
		t.Errorf("%s, %v", got.Code, err)
	}
	if got, err := o.Desk.Next(t.Context(), hoa); ticketing.ClassOf(err) != ticketing.NotFound {
		t.Errorf("a ticket in a language she does not read: %s, %v", got.Code, err)
	}
	if got, err := o.Desk.Next(t.Context(), operator); err != nil || got.Code != vi.Code {
		t.Errorf("%s, %v", got.Code, err)
	}
	if _, err := o.SaveSetting(t.Context(), ticketing.Actor{ID: "a", Role: ticketing.Administrator}, ticketing.KindDuty, "x", 0, []byte(`{"id":"x","languages":["tlh"]}`)); ticketing.ClassOf(err) != ticketing.Invalid {
		t.Errorf("a language nobody tells apart: %v", err)
	}
}

package main

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"hotline1022/ticketing"
)

// Two operators open one ticket, see each other, and press at the same moment: one of them has it, and both screens say
// who, without being loaded anew. Beside the list an eye says which tickets colleagues look at.
func TestTwoOperatorsAtOneTicket(t *testing.T) {
	r := start(t)
	made, err := r.desk.Receive(t.Context(), ticketing.Actor{Role: ticketing.Citizen}, ticketing.Incoming{Channel: ticketing.Web, Kind: ticketing.Report, Text: "Ngập nước sau mưa"})
	if err != nil {
		t.Fatal(err)
	}
	at := "/console/t/" + string(made.Ticket.Code)
	one, two := r.window("hanh").signIn("hanh"), r.window("quang").signIn("quang")
	one.opens(at)
	one.sees("Trực tuyến")
	two.opens(at)
	two.sees("Trực tuyến")
	one.sees("Cũng đang xem phiếu này: Trần Minh Quang")
	two.sees("Cũng đang xem phiếu này: Nguyễn Thị Hạnh")
	const press = `document.querySelector('#ticket-head form[action$="/claim"] button').click(); undefined`
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = chromedp.Do(two.ctx, chromedp.Evaluate[chromedp.Void](press))
	}()
	one.do(chromedp.Evaluate[chromedp.Void](press))
	<-ended
	one.until("somebody having it", `/Nguyễn Thị Hạnh|Trần Minh Quang/.test(document.querySelector("#ticket-head .ticket-state").innerText)`)
	now, err := r.desk.Store.Ticket(t.Context(), made.Ticket.Code)
	if err != nil {
		t.Fatal(err)
	}
	name := map[string]string{"hanh": "Nguyễn Thị Hạnh", "quang": "Trần Minh Quang"}[now.Assignee]
	if name == "" {
		t.Fatalf("it is in the hand of %q", now.Assignee)
	}
	for _, w := range []*window{one, two} {
		w.until("the one who has it", fmt.Sprintf(`document.querySelector("#ticket-head .ticket-state").innerText.includes(%q)`, name))
	}
	two.opens("/console")
	two.until("the eye in the list", `document.querySelector(".item-eyes:not([hidden])")?.title === "Nguyễn Thị Hạnh đang xem"`)
	one.until("no eye for herself", `!document.querySelector(".item-eyes:not([hidden])")`)
	one.until("being alone", `document.querySelector("[data-looking]").textContent === ""`)
}

// The second refusal of an agency is told to the supervisor wherever she is, and stays until she opens it.
func TestTheSecondRefusalWakesTheSupervisor(t *testing.T) {
	r := start(t)
	made, err := r.desk.Receive(t.Context(), ticketing.Actor{Role: ticketing.Citizen}, ticketing.Incoming{Channel: ticketing.Web, Kind: ticketing.Report, Text: "Ngập nước sau mưa"})
	if err != nil {
		t.Fatal(err)
	}
	do := func(by ticketing.Actor, cmd ticketing.Command) {
		t.Helper()
		if _, err := r.desk.Do(t.Context(), by, made.Ticket.Code, cmd); err != nil {
			t.Fatal(err)
		}
	}
	s := r.window("supervisor").signIn("truongca")
	o := r.window("operator").signIn("hanh")
	for _, at := range []string{"/console/truong-ca", "/console"} {
		s.opens(at)
		o.opens("/console")
		for _, w := range []*window{s, o} {
			w.until("the live line", `document.querySelector("[data-live]").dataset.live === "on"`)
		}
		for _, agency := range []string{"so-xay-dung", "cong-ich"} {
			do(ticketing.Actor{ID: "hanh", Role: ticketing.Operator}, ticketing.Command{Verb: ticketing.Route, Agency: agency})
			do(ticketing.Actor{ID: agency, Role: ticketing.Officer, Agency: agency}, ticketing.Command{Verb: ticketing.Return, Reason: "không thuộc"})
		}
		s.until("being woken", fmt.Sprintf(`document.querySelector(".wake a")?.pathname === "/console/t/%s"`, made.Ticket.Code))
		s.looks("woken")
	}
	o.until("the operator's list", `document.querySelector('[data-tab="disputed"]')?.hidden === false`)
	if js[bool](o, `!!document.querySelector(".wake")`) {
		t.Error("an operator is woken")
	}
	s.clicks(".wake button")
	s.until("the notice put away", `!document.querySelector(".wake")`)
}

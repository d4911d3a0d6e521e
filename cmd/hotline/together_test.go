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

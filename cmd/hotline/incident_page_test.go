package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"hotline1022/ticketing"
)

// An incident's page beside a busy room: who joins waits behind a button, so that nothing moves under the hand; what
// stands there changes in place; what has been chosen stays chosen.
func TestAnIncidentsPageFollowsItsReports(t *testing.T) {
	r := start(t)
	var made []ticketing.Ticket
	for i := range 4 {
		in := ticketing.Incoming{Channel: ticketing.Web, Text: fmt.Sprintf("Mất nước cả phố Hùng Vương từ sáng, nhà số %d", i), Name: "Trần Quốc Toản", Phone: fmt.Sprintf("090500000%d", i)}
		receipt, err := r.desk.Receive(t.Context(), ticketing.Actor{Role: ticketing.Citizen}, in)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, receipt.Ticket)
	}
	lead, one, two, other := made[0].Code, made[1].Code, made[2].Code, made[3].Code
	by := ticketing.Actor{ID: "hanh", Name: "Hạnh", Role: ticketing.Operator}
	does := func(code ticketing.Code, c ticketing.Command) {
		t.Helper()
		if _, err := r.desk.Do(t.Context(), by, code, c); err != nil {
			t.Fatal(err)
		}
	}
	does(one, ticketing.Command{Verb: ticketing.Merge, Into: lead})

	w := r.window("operator").signIn("hanh")
	w.opens("/console?view=incidents")
	w.until("the incident in its list", fmt.Sprintf(`!!document.querySelector("#row-%s") && document.querySelectorAll(".item").length === 1`, lead))
	w.opens("/console/t/" + string(lead) + "/su-viec")
	row := func(code ticketing.Code) string { return fmt.Sprintf(`document.querySelector("#report-%s")`, code) }
	w.do(chromedp.Evaluate[chromedp.Void](row(one) + `.querySelector("input").checked = true; undefined`))

	const place = `.getBoundingClientRect().top`
	stood := js[float64](w, row(one)+place)
	does(two, ticketing.Command{Verb: ticketing.Merge, Into: lead})
	w.until("word of one more", `!document.querySelector(".fresh-line").hidden && document.querySelector("[data-fresh-show]").textContent.startsWith("1 phiếu mới")`)
	w.until("the new sum", `document.querySelector(".incident-sums").textContent.includes("3 người báo")`)
	if stands := js[float64](w, row(one)+place); js[bool](w, "!!"+row(two)) || stands != stood {
		t.Errorf("something has moved under the hand: a row, or from %.0f to %.0f px", stood, stands)
	}
	w.looks("incident-fresh")
	w.clicks("[data-fresh-show]")
	w.until("the row", "!!"+row(two)+` && document.querySelector(".fresh-line").hidden`)
	if !js[bool](w, row(one)+`.querySelector("input").checked`) {
		t.Error("what was chosen is no longer")
	}

	// What is not in it costs nothing, and on a slow line in a busy hour it is shown all the same.
	w.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`window.tell = (ticket) => document.dispatchEvent(new CustomEvent("live:change", {detail: {changes: [{ticket}]}}));
		window.asked = 0;
		const f = fetch;
		window.fetch = (a, b) => { asked++; return new Promise((r) => setTimeout(r, 900)).then(() => f(a, b)); };
		tell(%q); undefined`, other)))
	w.do(chromedp.Sleep(800 * time.Millisecond))
	if n := js[int](w, "asked"); n != 0 {
		t.Errorf("asked %d times for a ticket that is not in it", n)
	}
	w.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`setInterval(() => tell(%q), 200); undefined`, lead)))
	does(lead, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Đã nối lại ống lúc 15 giờ, nước đã có.", Outcome: ticketing.Done})
	w.until("the answered reports in place", row(one)+`?.querySelector(".status-answered") && `+row(two)+`?.querySelector(".status-answered") && document.querySelector(".fresh-line").hidden`)
	w.until("the lamp", `document.querySelector("[data-live]").dataset.live === "on"`)

	// She is sent to her sign-in and back when her session is over.
	if err := r.accounts.Change(t.Context(), "hanh", "test", func(s *ticketing.Staff) error { s.Role = ticketing.Auditor; return nil }); err != nil {
		t.Fatal(err)
	}
	w.until("being sent to sign in", `location.pathname === "/dang-nhap" && new URLSearchParams(location.search).get("sau").endsWith("/su-viec")`)
}

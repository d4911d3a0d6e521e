package main

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"hotline1022/channels/phone"
	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
	"hotline1022/ticketing/testenv/keyboard"
)

// switched starts the program with an exchange of its own, at which two operators sit.
func switched(t *testing.T) (*running, *simulator.Phone) {
	t.Helper()
	sim, err := simulator.NewPhone(simulator.PhoneSettings{User: "u", Secret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	sim.Member("hotline", "101", "Hanh", 0)
	sim.Member("hotline", "102", "Quang", 0)
	r := startWith(t, func(c *Config) {
		c.AMIAddr, c.AMIUser, c.AMISecret, c.PhoneAfter, c.PhoneRecordings = sim.Addr(), "u", "s", "90s", "https://pbx.example.vn/rec/"
	}, func(p *parts) {
		office, err := phone.Open(t.Context(), phone.Config{}, p.desk, p.log)
		if err != nil {
			t.Fatal(err)
		}
		for extension, staff := range map[string]string{"101": "hanh", "102": "quang"} {
			if err := office.SetExtension(t.Context(), ticketing.Actor{ID: "x", Role: ticketing.Supervisor}, staff, extension); err != nil {
				t.Fatal(err)
			}
		}
		_, err = p.desk.Receive(t.Context(), ticketing.Actor{ID: "quang", Role: ticketing.Operator}, ticketing.Incoming{
			Channel: ticketing.Phone, Kind: ticketing.Report, Subject: "Đèn đường tắt", Text: "Đèn đường trước nhà tắt ba hôm nay", Name: "Trần Thị Bình", Phone: "0905123182"})
		if err != nil {
			t.Fatal(err)
		}
	})
	return r, sim
}

// The whole of a call on the operator's page: told by the live channel and not asked for, wrapped up by keys alone.
func TestACallIsWrappedUpByKeysAlone(t *testing.T) {
	r, sim := switched(t)
	w := r.window("operator").signIn("hanh")
	w.opens("/console")
	w.until("her state in the bar", `!document.getElementById("seat").hidden`)
	w.do(chromedp.Evaluate[chromedp.Void](`window.asked = 0; const f = fetch; window.fetch = (a, ...b) => { if (String(a) === "/console/calls") asked++; return f(a, ...b); }; undefined`))
	w.clicks("#seat summary")
	w.looks("seat-menu")
	w.clicks(`.seat-menu [data-state=break][data-reason=meal]`)
	w.until("her break", `document.querySelector("[data-seat]").textContent.includes("Ăn ca")`)
	awaits(t, "the exchange's break", func() bool { paused, _ := sim.Paused("101"); return paused })
	w.opens("/console")
	w.until("her break after a reload", `document.querySelector("[data-seat]")?.textContent.includes("Ăn ca")`)
	w.clicks("#seat summary")
	w.clicks(`.seat-menu [data-state=ready]`)
	awaits(t, "the exchange's end of it", func() bool { paused, _ := sim.Paused("101"); return !paused })

	w.until("the live line", `document.querySelector("[data-live]").dataset.live === "on"`)
	w.do(chromedp.Evaluate[chromedp.Void](`window.asked = 0; const f = fetch; window.fetch = (a, ...b) => { if (String(a) === "/console/calls") asked++; return f(a, ...b); }; undefined`))
	rang := time.Now()
	c := sim.Call("0905123182").Enter("hotline").Ring("101")
	w.until("the call", `!!document.querySelector(".call-ringing")`)
	t.Logf("from the exchange to the page: %s", time.Since(rang).Round(time.Millisecond))
	w.looks("call-ringing")
	c.Record("/monitor/a.wav")
	c.Take("101")
	w.until("the talk", `!!document.querySelector(".call-answered")`)
	c.HangUp()
	w.until("the wrap-up", `!!document.querySelector("form.wrap")`)
	began := time.Now()
	w.key("2", 50, "2")
	w.until("the note next", `document.activeElement.name === "note"`)
	w.do(chromedp.KeyEvent("Nop o mot cua"))
	w.until("her words and no more", `document.activeElement.value === "Nop o mot cua"`)
	w.key("Enter", 13, "\r")
	w.until("the end of it", `!document.querySelector("form.wrap") && document.querySelector("[data-said]").textContent.includes("Đã lưu")`)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("wrapping up took %s", took)
	} else {
		t.Logf("wrapped up in %s", took.Round(time.Millisecond))
	}
	if n := js[int](w, "asked"); n != 0 {
		t.Errorf("the page asked %d times for what it is told", n)
	}
	w.do(chromedp.Evaluate[chromedp.Void](`location.assign(document.querySelector("[data-said] a").href); undefined`))
	w.until("the ticket", `document.querySelector("#ticket")?.dataset.status === "closed"`)
	w.until("its recording", `!!document.querySelector('.ticket-calls a[href^="/console/calls/recording"]')`)
	w.looks("call-ticket")
}

// On a telephone's screen the call stands below the page and not over it.
func TestTheCallOnASmallScreen(t *testing.T) {
	r, sim := switched(t)
	w := r.window("operator").signIn("hanh")
	w.do(chromedp.EmulateViewport(360, 740))
	w.opens("/console/new")
	lost := sim.Call("0914555666").Enter("hotline")
	lost.HangUp()
	c := sim.Call("0905123182").Enter("hotline").Ring("101")
	w.until("the call", `!!document.querySelector(".call-ringing")`)
	last := `(() => { const b = document.querySelector("form.call .actions a"); scrollTo(0, document.body.scrollHeight); return b.getBoundingClientRect().bottom <= document.getElementById("calls").getBoundingClientRect().top; })()`
	w.until("the end of the page above the call", last)
	c.Take("101")
	w.until("the talk", `!!document.querySelector(".call-answered")`)
	w.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#f-text").focus(); undefined`))
	w.until("one line while something is written", `document.getElementById("calls").offsetHeight < 60`)
	w.looks("call-small")
	w.do(chromedp.EmulateViewport(360, 740))
	w.do(chromedp.Evaluate[chromedp.Void](`document.activeElement.blur(); document.querySelector(".calls-fold").click(); undefined`))
	c.HangUp()
	w.until("the wrap-up", `!!document.querySelector("form.wrap")`)
	w.looks("call-wrap")
	s := r.window("supervisor").signIn("truongca")
	s.opens("/console")
	s.until("who sits at the telephones", `!!document.querySelector(".call-people")`)
	s.do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".call-people").open = true; undefined`))
	s.looks("call-people")
}

func awaits(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) { // looking, not synchronising
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// key presses one key, as a keyboard does.
func (w *window) key(name string, code int64, text string) {
	w.Helper()
	if err := keyboard.Press(w.ctx, name, code, 0, text); err != nil {
		w.Fatal(err)
	}
}

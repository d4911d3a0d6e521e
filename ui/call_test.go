package ui_test

import (
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"

	"hotline1022/ticketing"
	"hotline1022/ticketing/testenv/keyboard"
)

func TestACallIsPutIntoItsIncidentAsItIsSaved(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	lead := h.matter(ticketing.Incoming{Category: "moi-truong", Area: "4801", Text: "Mất nước cả phố Hùng Vương từ sáng"})
	b.headers.Set("HX-Request", "true")
	b.get("/console/new/gan?category=moi-truong&area=4801&text=mat+nuoc+pho+hung+vuong+tu+sang").wants(h, 200, `name="into" value="`+string(lead.Code)+`"`)
	b.headers.Del("HX-Request")
	form := []string{"key", "k1", "kind", "report", "category", "moi-truong", "text", "Nhà tôi cũng mất nước", "phone", "0905 123 182", "into", string(lead.Code)}
	at := b.post("/console/new", form...).wants(h, 303).Header.Get("Location")
	if again := b.post("/console/new", form...).wants(h, 303).Header.Get("Location"); again != at {
		t.Errorf("sent twice: %s and %s", at, again)
	}
	code := ticketing.Code(regexp.MustCompile(`/t/(\w+)`).FindStringSubmatch(at)[1])
	if now := h.ticket(code); now.Into != lead.Code || now.Text != "Nhà tôi cũng mất nước" {
		t.Errorf("%+v", now)
	}
	if n := len(h.ticket(lead.Code).Absorbed); n != 1 {
		t.Errorf("%d reports", n)
	}
	h.do(lead.Code, operator, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Có nước lại.", Outcome: ticketing.Done})
	h.do(lead.Code, operator, ticketing.Command{Verb: ticketing.Close})
	form[1] = "k2"
	late := b.post("/console/new", form...).wants(h, 303).Header.Get("Location")
	b.get(late).wants(h, 200, "chưa gộp được")
}

// From the list to the saved ticket without a pointer: C, a number, Alt and a figure, words, three letters of a place.
func TestTheCallFormByKeysAlone(t *testing.T) {
	h := newHouse(t)
	h.shelves(birth)
	b := h.tab().enter("hang")
	b.opens("/console")
	b.key("c", 67, 0)
	b.until("the form", `location.pathname === "/console/new" && document.activeElement.name === "phone" && document.querySelector("form.call").dataset.keys === "on"`)
	typed := 0
	types := func(s string) { b.do(chromedp.KeyEvent(s)); typed += len([]rune(s)) }
	types("0905123182")
	b.key("2", 50, keyboard.Alt)
	b.until("the second field", `document.querySelector("[data-category][aria-pressed=true] kbd")?.textContent === "2" && document.querySelector("#f-category").value !== ""`)
	if got := eval[string](b, `document.querySelector("[name=phone]").value`); got != "0905123182" {
		t.Errorf("the figure stands in the number: %q", got)
	}
	for range 30 {
		if eval[bool](b, `document.activeElement.name === "text"`) {
			break
		}
		types("\t")
	}
	types("lam giay khai sinh o dau")
	b.until("what is known", `!!document.querySelector("#near .known")`)
	types("\t")
	types("hai")
	b.until("places", `document.querySelectorAll("[role=listbox] [role=option]").length > 0`)
	b.key("ArrowDown", 40, 0)
	b.key("Enter", 13, 0)
	b.until("a place", `document.querySelector("form.call [name=area]").value !== ""`)
	b.do(chromedp.Focus(chromedp.CSS("#f-text")))
	b.key("Enter", 13, keyboard.Ctrl)
	b.until("the ticket", `/^\/console\/t\//.test(location.pathname)`)
	if typed > 80 {
		t.Errorf("%d keys", typed)
	}
	page, err := h.store.List(t.Context(), ticketing.Filter{Scope: ticketing.Scope{All: true}})
	h.must(err)
	if len(page.Tickets) != 1 || page.Tickets[0].Category == "" || page.Tickets[0].Area == "" || page.Tickets[0].Text != "lam giay khai sinh o dau" {
		t.Errorf("%+v", page.Tickets)
	}

	// A figure outside a field chooses too, unless single keys are switched off, and never while a word is composed.
	b.opens("/console/new")
	b.until("the figures", `document.querySelector("form.call").dataset.keys === "on"`)
	b.do(chromedp.Evaluate[chromedp.Void](`document.activeElement.blur(); undefined`))
	b.key("1", 49, 0)
	b.until("the first field", `document.querySelector("[data-category][aria-pressed=true] kbd")?.textContent === "1"`)
	b.do(chromedp.Evaluate[chromedp.Void](`localStorage.setItem("keys", "off"); undefined`))
	b.key("3", 51, 0)
	b.do(chromedp.Focus(chromedp.CSS("#f-text")))
	b.composes("đư2")
	b.commits("đườ2")
	if got := eval[string](b, `document.querySelector("[data-category][aria-pressed=true] kbd").textContent + document.querySelector("#f-text").value`); got != "1đườ2" {
		t.Errorf("%q", got)
	}
	b.do(chromedp.Evaluate[chromedp.Void](`localStorage.removeItem("keys"); undefined`))
}

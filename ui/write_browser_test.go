package ui_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"hotline1022/ticketing"
	"hotline1022/ticketing/plain"
	"hotline1022/ticketing/testenv/keyboard"
)

// until waits for an expression to be true.
func (b *tab) until(what, js string) {
	b.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		yes, err := ask[bool](b, "!!("+js+")") // fails where one page has gone and the next is not there yet
		if err == nil && yes {
			return
		}
		if time.Now().After(deadline) {
			b.Fatalf("%s did not happen (%s, %v); the page says:\n%s", what, js, err, eval[string](b, "document.body.innerText"))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (b *tab) enter(name string) *tab {
	b.Helper()
	b.employs(name)
	b.do(chromedp.EmulateViewport(1366, 800))
	b.opens("/dang-nhap")
	b.do(chromedp.SetValue(chromedp.CSS("#f-name"), name), chromedp.SetValue(chromedp.CSS("#f-password"), password), chromedp.Submit(chromedp.CSS("#f-password")))
	b.until("being signed in", `location.pathname !== "/dang-nhap"`)
	return b
}

// key presses one key; a single character types itself.
func (b *tab) key(name string, code int64, mods int64) {
	b.Helper()
	text := ""
	switch {
	case mods&^keyboard.Shift != 0:
	case name == "Enter" && mods == 0:
		text = "\r"
	case utf8.RuneCountInString(name) == 1:
		text = name
	}
	b.must(keyboard.Press(b.ctx, name, code, mods, text))
}

// composes shows an unfinished word, as Vietnamese input methods do.
func (b *tab) composes(word string) {
	b.Helper()
	_, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Key: "Process", WindowsVirtualKeyCode: 229})
	b.must(err)
	n := int64(len(utf16.Encode([]rune(word))))
	_, err = chromedp.Call(b.ctx, input.ImeSetComposition, input.ImeSetCompositionParams{Text: word, SelectionStart: n, SelectionEnd: n})
	b.must(err)
}

// commits ends the composition with the word.
func (b *tab) commits(word string) {
	b.Helper()
	_, err := chromedp.Call(b.ctx, input.InsertText, input.InsertTextParams{Text: word})
	b.must(err)
}

func (b *tab) types(words string) {
	b.Helper()
	b.do(chromedp.Focus(chromedp.CSS("#text")), chromedp.SendKeys(chromedp.CSS("#text"), words))
}

// clears empties the box as a person does.
func (b *tab) clears() {
	b.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`{const t = document.getElementById("text"); t.focus(); t.select(); document.execCommand("delete")}; undefined`))
}

func (b *tab) box() string {
	b.Helper()
	return eval[string](b, `document.getElementById("text").value`)
}

// saves is how often the words were stored: the version of the one that is kept.
func (h *house) saves(person string, code ticketing.Code, verb ticketing.Verb) int {
	h.Helper()
	all, err := h.store.All(h.Context(), "unsent", person+"/"+string(code)+"/"+string(verb))
	h.must(err)
	if len(all) == 0 {
		return 0
	}
	return all[0].Version
}

const saved = `document.querySelector("[data-saved]").textContent === "Đã lưu nháp"`

func TestTypedWordsInTwoBrowsers(t *testing.T) {
	h := newHouse(t)
	a, other := h.matter(ticketing.Incoming{}), h.matter(ticketing.Incoming{Text: "Rác chưa thu"})
	at := "/console/t/" + string(a.Code)
	one := h.tab().enter("hang")
	one.opens(at)
	one.types("Dạ, em đã báo đội trực điện chiếu sáng, hẹn tối nay tới kiểm tra ạ.")
	one.until("saving", saved)
	if n := h.saves("hang", a.Code, "answer"); n < 1 || n > 3 {
		t.Errorf("67 keys were stored %d times", n)
	}
	one.do(chromedp.Reload())
	one.until("the words after a reload", `document.getElementById("text")?.value.startsWith("Dạ, em đã báo")`)
	if eval[int](one, `Object.keys(localStorage).filter(k => k.startsWith("unsent:")).length`) != 0 {
		t.Error("what the server has stays in the browser")
	}

	// Another computer of the same person.
	two := h.tab().enter("hang")
	two.opens(at)
	two.until("the words elsewhere", `document.getElementById("text")?.value.startsWith("Dạ, em đã báo")`)
	two.clears()
	two.types("Bản ở máy khác.")
	two.until("saving", saved)
	one.types(" Thêm ở máy này.")
	one.until("being told", `document.querySelector("[data-aside]").innerText.includes("Bản ở máy khác.")`)
	one.looks("unsent-aside")
	one.do(chromedp.EmulateViewport(1366, 800), chromedp.Click(chromedp.CSS("[data-aside] button")))
	one.until("taking it", `document.getElementById("text").value === "Bản ở máy khác." && document.querySelector("[data-aside]").innerText.includes("Thêm ở máy này")`)
	// The other computer has typed nothing since: it takes the newer over when it is looked at.
	two.do(chromedp.Evaluate[chromedp.Void](`document.dispatchEvent(new Event("visibilitychange")); undefined`))
	two.until("being told there", `document.querySelector("[data-aside]").innerText.includes("Thêm ở máy này")`)

	h.turn(time.Second)
	// Each verb has words of its own; going on to another ticket takes none along.
	one.do(chromedp.Click(chromedp.CSS(`input[name=as][value=note]`)))
	if one.box() != "" {
		t.Errorf("the note begins with %q", one.box())
	}
	one.types("nhớ gọi lại chị Hoa")
	one.do(chromedp.Click(chromedp.CSS(`#row-` + string(other.Code) + ` a`)))
	one.until("the other ticket", `document.getElementById("ticket").dataset.code === "`+string(other.Code)+`"`)
	if one.box() != "" {
		t.Errorf("the other ticket's box holds %q", one.box())
	}
	within(t, "the note on its own ticket", func() bool { return h.saves("hang", a.Code, "note") > 0 })
	if h.saves("hang", other.Code, "note")+h.saves("hang", other.Code, "answer") != 0 {
		t.Error("words went to another ticket")
	}
	one.opens("/console?view=unsent")
	one.until("my drafts", `!!document.getElementById("row-`+string(a.Code)+`") && document.querySelector('[data-tab="unsent"] [data-count]').textContent === "1"`)
	one.looks("unsent-list")
	one.do(chromedp.EmulateViewport(1366, 800))
	one.opens(at)
	one.until("the note is the latest", `document.getElementById("text").value === "nhớ gọi lại chị Hoa" && document.querySelector("input[name=as]:checked").value === "note"`)
	one.do(chromedp.Focus(chromedp.CSS("#text")))
	one.key("Enter", 13, keyboard.Ctrl)
	one.until("sent", `document.getElementById("ticket-thread").innerText.includes("nhớ gọi lại chị Hoa")`)
	if h.saves("hang", a.Code, "note") != 0 || h.events(a.Code, ticketing.Noted) != 1 {
		t.Errorf("after sending %d saves are kept, %d notes", h.saves("hang", a.Code, "note"), h.events(a.Code, ticketing.Noted))
	}
	one.until("the answer's words again", `document.getElementById("text").value === "Bản ở máy khác."`)

	// Left at once: what a second had not passed for is kept too.
	one.types(" Vội.")
	one.do(chromedp.Navigate(h.base + "/tai-khoan"))
	within(t, "the last words", func() bool {
		u, err := h.desk.UnsentOf(t.Context(), operator, a, nil)
		return err == nil && len(u) > 0 && strings.Contains(u[0].Text, "Vội.")
	})
}

func within(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

// Without the server the words stay in the browser, and go to it when it is back.
func TestTypedWordsWithoutTheServer(t *testing.T) {
	h := newHouse(t)
	a := h.matter(ticketing.Incoming{})
	b := h.tab().enter("hang")
	b.opens("/console/t/" + string(a.Code))
	b.do(chromedp.Evaluate[chromedp.Void](`window.real = window.fetch; window.fetch = () => Promise.reject(new TypeError("offline")); undefined`))
	b.types("Mạng vừa mất")
	b.until("saying so", `document.querySelector("[data-saved]").textContent.startsWith("Chưa lưu được")`)
	b.do(chromedp.Reload())
	b.until("the words again", `document.getElementById("text")?.value === "Mạng vừa mất"`)
	within(t, "handing it over", func() bool { return h.saves("hang", a.Code, "answer") == 1 })
	b.until("forgetting it here", `Object.keys(localStorage).filter(k => k.startsWith("unsent:")).length === 0`)
}

// Texts are found and put in by keys alone, while a Vietnamese input method composes the words that are looked for.
func TestCannedTextsByKeyboard(t *testing.T) {
	h := newHouse(t)
	h.set("canned", "chao", ticketing.Canned{ID: "chao", Name: "Chào hỏi", Word: "chào", Text: "Chào {ten}, phiếu {ma} do {don_vi} giữ.\nXin đợi."})
	h.set("canned", "cam-on", ticketing.Canned{ID: "cam-on", Name: "Cảm ơn và đóng", Text: "Cảm ơn anh chị đã báo."})
	h.set("canned", "den", ticketing.Canned{ID: "den", Name: "Đèn đường: hẹn", Text: "Đội chiếu sáng sẽ tới."})
	h.set("macro", "rac", ticketing.Macro{Canned: ticketing.Canned{ID: "rac", Name: "Rác: chuyển", Text: "Đã chuyển."}, SetCategory: "moi-truong", Route: "so-xd"})
	a := h.matter(ticketing.Incoming{Name: "Lê Thị Hoa", Phone: "0905123182"})
	b := h.tab().enter("hang")
	b.opens("/console/t/" + string(a.Code))
	b.types("/")
	b.until("the list", `document.querySelectorAll("#write-list li").length === 4`)
	b.looks("canned-list")
	b.do(chromedp.EmulateViewport(1366, 800), chromedp.Focus(chromedp.CSS("#text")))
	// A word is being composed: neither the list nor Enter does anything until it is done.
	for _, word := range []string{"c", "ca", "cả", "cảm"} {
		b.composes(word)
	}
	b.key("Enter", 229, 0)
	b.key("Enter", 13, 0)
	b.key("Enter", 13, keyboard.Ctrl)
	if got := b.box(); !strings.HasPrefix(got, "/cảm") || h.events(a.Code, ticketing.AnsweredBy) != 0 || strings.Contains(got, "anh chị") {
		t.Fatalf("while composing, Enter did something: %q", got)
	}
	if h.saves("hang", a.Code, "answer") > 1 {
		t.Error("an unfinished word was saved")
	}
	b.clears()
	b.types("Dạ\r/")
	b.composes("cảm")
	b.commits("cảm")
	b.until("what was looked for", `document.querySelectorAll("#write-list li").length === 1`)
	b.key("Enter", 13, 0)
	if got := b.box(); got != "Dạ\nCảm ơn anh chị đã báo." {
		t.Errorf("inserted: %q", got)
	}
	// Without marks and by its word; the first gap is chosen, so that one may type over it.
	b.types("\r/chao")
	b.until("by its word", `document.querySelector("#write-list li")?.innerText.startsWith("Chào hỏi")`)
	b.key("Enter", 13, 0)
	if got := eval[string](b, `(t => t.value.slice(t.selectionStart, t.selectionEnd))(document.getElementById("text"))`); got != "[điền: đơn vị]" || !strings.Contains(b.box(), "Chào Lê Thị Hoa, phiếu ") {
		t.Errorf("chosen: %q in %q", got, b.box())
	}
	// A slash elsewhere is a slash; Escape leaves it one.
	b.types("/den 24/11")
	if eval[bool](b, `!document.getElementById("write-list").hidden`) {
		t.Error("a slash within a line opens the list")
	}
	b.types("\r/den")
	b.until("the list", `document.querySelectorAll("#write-list li").length === 1`)
	b.key("Escape", 27, 0)
	b.types("x")
	if eval[bool](b, `!document.getElementById("write-list").hidden`) {
		t.Error("what Escape has closed opens again")
	}
	// By the button, at the end of what stands there; then a macro, which shows what it would do.
	b.clears()
	b.do(chromedp.Click(chromedp.CSS(`[data-pick="/"]`)))
	b.until("the list", `document.querySelectorAll("#write-list li").length === 4`)
	b.types("rac chuyen")
	b.until("the macro", `document.querySelectorAll("#write-list li").length === 1`)
	b.key("Enter", 13, 0)
	b.until("what it would do", `document.activeElement.closest("form[data-macro]")?.innerText.includes("chuyển đến Sở Xây dựng")`)
	if now, err := h.store.Ticket(t.Context(), a.Code); err != nil || now.Agency != "" {
		t.Errorf("it is done before it was agreed to: %v", err)
	}
	b.looks("macro")
	b.do(chromedp.EmulateViewport(1366, 800), chromedp.Focus(chromedp.CSS("form[data-macro] .button")))
	b.key("Enter", 13, 0)
	b.until("done", `document.getElementById("ticket").dataset.status === "routed"`)
	b.until("its words", `document.getElementById("text").value === "Đã chuyển." && document.querySelector("input[name=as]:checked").value === "message"`)
	uses, err := h.desk.TextUses(t.Context(), ticketing.Actor{Role: ticketing.Administrator})
	if err != nil || uses["canned/chao"].N != 1 || uses["canned/cam-on"].N != 1 || uses["macro/rac"].N != 1 {
		t.Errorf("uses: %v %v", err, uses)
	}
}

// The check while one writes, its one click, a name in a note, and the figures for the administrator.
func TestPlainAnswersAndNamesInABrowser(t *testing.T) {
	h := newHouse(t)
	for _, p := range people {
		h.employs(p.ID)
	}
	a := h.matter(ticketing.Incoming{})
	at := "/console/t/" + string(a.Code)
	b := h.tab().enter("hang")
	b.opens(at)
	b.types("Đã tiếp nhận và chuyển đơn vị chức năng xem xét.")
	b.do(chromedp.SetValue(chromedp.CSS("select[name=outcome]"), "done"))
	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("select[name=outcome]").dispatchEvent(new Event("change", {bubbles: true})); undefined`))
	b.until("four things", `document.querySelectorAll("[data-plain] li").length === 4`)
	b.looks("plain")
	b.do(chromedp.EmulateViewport(1366, 800))
	b.do(chromedp.Click(chromedp.CSS("[data-send]")))
	b.until("being stopped", `document.getElementById("ticket-write")?.innerText.includes("câu trả lời còn chỗ chưa rõ")`)
	b.do(chromedp.Click(chromedp.CSS("[data-plain] li button")))
	b.until("one thing less", `document.querySelectorAll("[data-plain] li").length === 3 && document.getElementById("text").value.includes("/t/`+string(a.Code)+`")`)
	b.clears()
	b.types("Sở Xây dựng đã thay bóng sáng nay. Nếu đèn lại tắt, xin gọi 1022.")
	b.until("nothing to say", `document.querySelector("[data-plain]").classList.contains("plain-ok") && document.querySelector("[data-as-is]").hidden`)
	b.looks("plain-ok")
	b.do(chromedp.EmulateViewport(1366, 800))
	b.clears()
	b.types("Đã xong.")
	b.until("the click", `!document.querySelector("[data-as-is]").hidden`)
	b.do(chromedp.Click(chromedp.CSS("[data-as-is]")))
	b.until("answered", `document.getElementById("ticket").dataset.status === "answered"`)

	b.do(chromedp.Click(chromedp.CSS(`input[name=as][value=note]`)))
	b.types("Nhờ anh @toan")
	b.until("people", `document.querySelectorAll("#write-list li").length === 1 && document.querySelector("#write-list li").innerText.includes("Trần Quốc Toản")`)
	b.looks("mention")
	b.do(chromedp.EmulateViewport(1366, 800), chromedp.Focus(chromedp.CSS("#text")))
	b.key("Enter", 13, 0)
	if got := b.box(); got != "Nhờ anh @toan " {
		t.Errorf("named: %q", got)
	}
	b.types("xem giúp")
	b.key("Enter", 13, keyboard.Ctrl)
	b.until("sent", `document.getElementById("ticket-thread").innerText.includes("xem giúp")`)
	c := h.tab().enter("toan")
	c.until("the count", `document.querySelector('[data-tab="mentioned"] [data-count]')?.textContent === "1"`)
	c.opens("/console?view=mentioned")
	c.looks("mentioned")
	c.do(chromedp.EmulateViewport(1366, 800), chromedp.Click(chromedp.CSS("#row-"+string(a.Code)+" a")))
	c.until("being told", `document.getElementById("ticket-write")?.innerText.includes("Có người nhắc tên bạn")`)
	within(t, "having seen it", func() bool {
		all, err := h.desk.MentionedIn(t.Context(), ticketing.Actor{ID: "toan", Role: ticketing.Supervisor})
		return err == nil && len(all) == 0
	})
	d := h.tab().enter("admin")
	d.opens("/admin/answers")
	d.looks("admin-answers")
	d.opens("/admin/macro/new")
	d.looks("admin-macro")
}

// Something came in while she wrote: the screen has shown it, and the sending stops for it all the same.
func TestSendingStopsInABrowser(t *testing.T) {
	h := newHouse(t)
	a := h.matter(ticketing.Incoming{})
	b := h.tab().enter("hang")
	b.opens("/console/t/" + string(a.Code))
	b.do(chromedp.Click(chromedp.CSS(`input[name=as][value=message]`)))
	b.types("Em đã báo đội trực")
	if _, err := h.desk.Say(t.Context(), a.Code, "k", "Đèn sáng lại rồi ạ", nil); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.dispatchEvent(new CustomEvent("live:change", {detail: {changes: [{ticket: %q, version: 99}]}})); undefined`, a.Code)))
	b.until("the thread shows it", `document.getElementById("ticket-thread").innerText.includes("Đèn sáng lại rồi ạ")`)
	b.do(chromedp.Focus(chromedp.CSS("#text")))
	b.key("Enter", 13, keyboard.Ctrl)
	b.until("being stopped", `document.querySelector(".news")?.innerText.includes("Đèn sáng lại rồi ạ") && document.getElementById("text").value === "Em đã báo đội trực"`)
	if n := h.events(a.Code, ticketing.Messaged); n != 0 {
		t.Errorf("%d messages were sent", n)
	}
	b.looks("news")
	b.wrong = slices.DeleteFunc(b.wrong, func(w string) bool { return strings.Contains(w, "409") })
	b.do(chromedp.EmulateViewport(1366, 800), chromedp.Focus(chromedp.CSS("#text")))
	b.key("Enter", 13, keyboard.Ctrl)
	b.until("sent", `document.getElementById("ticket-thread").innerText.includes("Em đã báo đội trực")`)
	if n := h.events(a.Code, ticketing.Messaged); n != 1 || h.saves("hang", a.Code, "message") != 0 {
		t.Errorf("the second press sent %d messages, %d saves are left", n, h.saves("hang", a.Code, "message"))
	}
}

// The browser judges the table of answers as the server does.
func TestBrowserAndServerLookOverAlike(t *testing.T) {
	raw, err := os.ReadFile("../ticketing/plain/testdata/answers.txt")
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	b := h.tab().enter("hang")
	script := eval[string](b, `document.querySelector('script[src$="work.js"]').src.replace("work.js", "plain.js")`)
	n := 0
	for line := range strings.Lines(string(raw)) {
		parts := strings.SplitN(strings.TrimRight(line, "\n"), "|", 3)
		if strings.HasPrefix(line, "#") || len(parts) != 3 {
			continue
		}
		n++
		outcome, text := strings.TrimSpace(parts[0]), strings.TrimSpace(parts[2])
		got := eval[string](b, fmt.Sprintf(`(async () => { const m = await import(%q); globalThis.rules ??= m.compile(await (await fetch("/console/soat")).json());
			return m.check(rules, {text: %q, outcome: %q}).map(f => f.key + ":" + (f.says || f.at || "")).join(" | "); })()`, script, text, outcome))
		var want []string
		for _, f := range plain.Check(plain.Answer{Text: text, Outcome: outcome, Units: []string{"Sở Xây dựng", "Department of Construction", "Công ty Điện lực"}}) {
			want = append(want, f.Key+":"+f.At)
		}
		if got != strings.Join(want, " | ") {
			t.Errorf("browser: %s\nserver:  %s\n%s", got, strings.Join(want, " | "), text)
		}
	}
	if n < 40 {
		t.Errorf("only %d answers", n)
	}
}

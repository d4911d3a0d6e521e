package webchat

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"hotline1022/ticketing"
)

// visited is a house whose clock runs, with pages of other people that carry the chat.
func visited(t *testing.T, change ...func(*house)) (*house, *site) {
	t.Helper()
	var s *site
	h := newHouse(t, append([]func(*house){func(h *house) {
		h.clock.since = time.Now()
		h.ch.Asset = func(name string) string { return "/house/" + name }
		s = h.site("127.0.0.1")
		h.ch.Sites = []string{s.base}
	}}, change...)...)
	return h, s
}

const (
	theButton = `document.querySelector("hotline-chat").shadowRoot.querySelector("button")`
	thePanel  = `document.querySelector("hotline-chat").shadowRoot.querySelector("[role=dialog]")`
	theBadge  = `document.querySelector("hotline-chat").shadowRoot.querySelector("b")`
)

// opened is a tab on the site with the window open, by keyboard.
func (h *house) opened(s *site, width, height int64, dark bool) *tab {
	h.Helper()
	b := h.tab(s.base)
	b.looks(width, height, dark)
	b.do(chromedp.Navigate(s.base + "/"))
	b.open()
	return b
}

func (b *tab) open() {
	b.Helper()
	b.on("the button is there", `document.querySelector("hotline-chat")`)
	eval[bool](b, theButton+".focus(), true")
	b.enter()
	b.on("the window is open", "!"+thePanel+".hidden")
	b.in("the frame has been told", `document.activeElement.id === "f-text" || document.activeElement.id === "log"`)
}

func (b *tab) sees(text string) {
	b.Helper()
	b.in(fmt.Sprintf("%q is shown", text), fmt.Sprintf(`document.querySelector("#list").innerText.includes(%q)`, text))
}

func (b *tab) sends(text string) {
	b.Helper()
	eval[bool](b, `document.querySelector("#f-text").focus(), true`, b.inside())
	b.types(text)
	b.enter()
}

func TestACitizenChatsInABrowser(t *testing.T) {
	h, s := visited(t)
	b := h.tab(s.base)
	b.looks(1366, 800, false)
	b.do(chromedp.Navigate(s.base + "/"))
	b.on("the button is there", `document.querySelector("hotline-chat")`)
	if got := eval[string](b, theButton+".getAttribute('aria-label')"); got != "Trò chuyện với Tổng đài 1022" {
		t.Errorf("the button is called %q", got)
	}
	if w := eval[float64](b, theButton+".getBoundingClientRect().width"); w < 56 || w > 300 {
		t.Errorf("the page's styles reach the button: it is %v px wide", w)
	}
	b.mu.Lock()
	for _, c := range b.frames {
		if c.Origin == h.base {
			t.Error("the frame is loaded before anybody wants it")
		}
	}
	b.mu.Unlock()
	b.sound("closed")
	b.open()
	if got := eval[string](b, "document.activeElement.id", b.inside()); got != "f-text" {
		t.Errorf("the focus is at %q", got)
	}
	b.sound("empty", b.inside())

	// Telex: "tắt" takes form letter by letter; Enter while it does belongs to the keyboard.
	b.types("Đèn đường ")
	for _, word := range []string{"t", "ta", "tă", "tắ", "tắt"} {
		b.composes(word)
	}
	b.key("Enter", 229, 0, "")
	b.key("Enter", 13, 0, "") // some keyboards say 13 and still compose
	if got := eval[string](b, `document.querySelector("#f-text").value`, b.inside()); got != "Đèn đường tắt" || len(h.tickets()) != 0 {
		t.Fatalf("while composing, Enter did something: %q, %d tickets", got, len(h.tickets()))
	}
	b.types("tắt") // the word is settled
	b.shiftEnter()
	b.types("ở hẻm 42, ngõ Nguyễn Huệ; ễ ộ ữ ẳ.")
	b.snap("typed")
	b.enter()
	b.in("it is in the house", `document.querySelector("#list .card")`)
	tk := h.only()
	if tk.Text != "Đèn đường tắt\nở hẻm 42, ngõ Nguyễn Huệ; ễ ộ ữ ẳ." {
		t.Errorf("what arrived: %q", tk.Text)
	}
	if eval[string](b, `document.querySelector("#f-text").value`, b.inside()) != "" {
		t.Error("the words are still in the box")
	}
	b.in("the line is good", `document.body.dataset.line === "online"`)

	// Strangers who know the words of the little talk between page and frame say them in vain.
	const evil = `dispatchEvent(new MessageEvent("message", {data: {hotline: "shut"}, origin: "https://evil.example", source: WHO}))`
	eval[bool](b, strings.Replace(evil, "WHO", "parent", 1), b.inside())
	eval[bool](b, strings.Replace(evil, "WHO", thePanel+`.querySelector("iframe").contentWindow`, 1))
	eval[bool](b, strings.Replace(strings.Replace(evil, "WHO", "window", 1), "https://evil.example", h.base, 1))
	if eval[bool](b, thePanel+".hidden") {
		t.Error("a stranger has closed the window")
	}
	tk = h.do(tk.Code, operator, ticketing.Command{Verb: ticketing.Message, Text: "Dạ chào bạn, đoạn nào của hẻm 42 ạ? Xem https://1022.example.vn/huong-dan."})
	b.sees("đoạn nào của hẻm 42")
	h.until(tk.Code, "the hotline knows that it was read", func(t ticketing.Ticket) bool { return stateOf(t, tk.Version) == ticketing.Read })
	if got := eval[string](b, `document.querySelector(".told a").href`, b.inside()); got != "https://1022.example.vn/huong-dan" {
		t.Errorf("the link leads to %q", got)
	}
	b.attach()
	b.sends("Ảnh đây ạ, trước nhà số 12.")
	b.in("the picture is shown", `document.querySelector(".shot img")?.naturalWidth > 0`)
	h.do(tk.Code, operator, ticketing.Command{Verb: ticketing.Note, Text: secret})
	h.do(tk.Code, operator, ticketing.Command{Verb: ticketing.Route, Agency: "so-xd", Reason: secret})
	b.sees("Chuyển Sở Xây dựng")
	b.sound("talk", b.inside())
	b.looks(1366, 800, true)
	b.sound("talk-dark", b.inside())
	b.looks(360, 740, true)
	b.sound("talk-phone-dark", b.inside())
	b.looks(360, 740, false)
	b.sound("talk-phone", b.inside())
	if got := eval[string](b, `JSON.stringify([innerWidth, innerHeight, `+thePanel+`.getBoundingClientRect()])`); !strings.HasPrefix(got, `[360,740,{"x":0,"y":0,"width":360,"height":740`) {
		t.Errorf("on a telephone it does not fill the screen: %s", got)
	}
	if strings.Contains(eval[string](b, "document.documentElement.outerHTML", b.inside()), "BÍ MẬT") {
		t.Error("internal words are in the page")
	}
	b.pictureLarge()
	b.looks(1366, 800, false)
	b.closedAndBack(tk.Code)
}

func stateOf(t ticketing.Ticket, n int) ticketing.DeliveryState {
	for _, s := range t.Sending {
		if s.N == n {
			return s.State
		}
	}
	return ""
}

// attach puts a photograph to the message, as the file chooser would.
func (b *tab) attach() {
	b.Helper()
	raw := base64.StdEncoding.EncodeToString(picture(900, 600))
	eval[bool](b, `(() => { const d = new DataTransfer();
		d.items.add(new File([Uint8Array.from(atob("`+raw+`"), c => c.charCodeAt(0))], "hẻm 42.jpg", {type: "image/jpeg"}));
		const f = document.querySelector("#f-files"); f.files = d.files; f.dispatchEvent(new Event("change")); return true })()`, b.inside())
	b.in("the chip is there", `document.querySelector("#chips img")?.naturalWidth > 0`)
	b.sound("chip", b.inside())
}

func (b *tab) pictureLarge() {
	b.Helper()
	eval[bool](b, `document.querySelector(".shot").focus(), document.querySelector(".shot").click(), true`, b.inside())
	b.in("the picture is large", `document.querySelector("#picture").open && document.querySelector("#picture-show").naturalWidth === 900`)
	b.sound("picture", b.inside())
	b.escape()
	b.in("it is closed, and the focus back", `!document.querySelector("#picture").open && document.activeElement.className === "shot"`)
}

// closedAndBack: what comes while the window is closed makes a badge, also after a reload, and is not taken for read.
func (b *tab) closedAndBack(code ticketing.Code) {
	b.Helper()
	eval[bool](b, `document.querySelector("#f-text").focus(), true`, b.inside())
	b.escape()
	b.on("the window is closed, and the focus on the button", thePanel+".hidden && document.activeElement.localName === 'hotline-chat'")
	tk := b.house.do(code, operator, ticketing.Command{Verb: ticketing.Message, Text: "Thợ đang trên đường ạ."})
	b.on("the badge says one", theBadge+`.textContent === "1" && !`+theBadge+".hidden")
	b.until(code, "it has arrived", func(t ticketing.Ticket) bool { return stateOf(t, tk.Version) == ticketing.Arrived })
	b.sound("badge")
	b.do(chromedp.Reload())
	b.on("the badge is there again", `document.querySelector("hotline-chat") && `+theBadge+`.textContent === "1"`)
	if t, _ := b.store.Ticket(b.Context(), code); stateOf(t, tk.Version) != ticketing.Arrived {
		b.Errorf("a message nobody saw is %q", stateOf(t, tk.Version))
	}
	b.open()
	b.sees("Thợ đang trên đường ạ.")
	b.sees("Đèn đường tắt")
	b.on("the badge is gone", theBadge+".hidden")
	b.until(code, "it is read", func(t ticketing.Ticket) bool { return stateOf(t, tk.Version) == ticketing.Read })
	b.sends("Cảm ơn!")
	b.sees("Cảm ơn!")
	if n := len(b.tickets()); n != 1 {
		b.Errorf("after a reload it is another conversation: %d tickets", n)
	}
}

func TestAWindowWithoutALineAsksInABrowser(t *testing.T) {
	h, s := visited(t, func(h *house) { h.ch.Live, h.ch.Poll = nil, 250*time.Millisecond })
	b := h.opened(s, 1366, 800, false)
	b.sends("Nước yếu quá.")
	b.in("it is in the house", `document.querySelector("#list .card")`)
	tk := h.do(h.only().Code, operator, ticketing.Command{Verb: ticketing.Message, Text: "Khu vực nào ạ?"})
	b.sees("Khu vực nào ạ?")
	h.until(tk.Code, "it is read", func(t ticketing.Ticket) bool { return stateOf(t, tk.Version) == ticketing.Read })
	b.in("it says that it asks", `document.body.dataset.line === "asking"`)
}

func TestALineThatIsRefusedIsReplacedByAskingInABrowser(t *testing.T) {
	h, s := visited(t, func(h *house) { h.ch.Poll, h.hub.Limits.PerReader = 250*time.Millisecond, -1 })
	b := h.opened(s, 1366, 800, false)
	b.hush(true) // a refused websocket is an error in the console
	b.sends("Nước yếu quá.")
	b.in("it is in the house", `document.querySelector("#list .card")`)
	h.do(h.only().Code, operator, ticketing.Command{Verb: ticketing.Message, Text: "Khu vực nào ạ?"})
	b.sees("Khu vực nào ạ?")
	if h.hub.Stats().Refused == 0 || h.hub.Stats().Citizens != 0 {
		t.Errorf("the line was not refused: %+v", h.hub.Stats())
	}
}

func TestNothingIsLostOrDoubledOnABadLineInABrowser(t *testing.T) {
	g := &gate{}
	h, s := visited(t, func(h *house) { h.gate, h.ch.Poll = g, 250*time.Millisecond })
	b := h.opened(s, 360, 740, false)
	b.sends("Tin thứ nhất.")
	b.in("it is in the house", `document.querySelector("#list .card")`)
	code := h.only().Code

	b.hush(true)
	g.closed.Store(true)
	b.sends("Tin giữa cơn mưa.")
	b.in("it says that it could not be sent", `document.querySelector(".failed .small")`)
	b.sound("failed", b.inside())
	b.do(chromedp.Reload()) // the words survive it
	g.closed.Store(false)
	b.do(chromedp.Navigate(s.base + "/"))
	b.open()
	b.in("nothing waits", `!document.querySelector(".failed, .sending") && document.querySelector("#list").innerText.includes("Tin giữa cơn mưa.")`)
	h.until(code, "it has arrived once", func(t ticketing.Ticket) bool { return t.Messages == 2 })

	g.deaf.Store(true) // taken, and the answer lost
	b.sends("Tin mà câu trả lời bị mất.")
	h.until(code, "it is taken", func(t ticketing.Ticket) bool { return t.Messages == 3 })
	b.sees("Tin mà câu trả lời bị mất.")
	// The browser itself repeats a request whose line broke; only when it has given up does the window have to.
	b.in("what stands in the conversation waits no longer", `!document.querySelector(".sending, .failed")`)
	g.deaf.Store(false)
	b.sends("Và tin cuối.")
	h.until(code, "the last is taken", func(t ticketing.Ticket) bool { return t.Messages == 4 })
	b.in("each stands there once", `["Tin giữa cơn mưa.", "Tin mà câu trả lời bị mất.", "Và tin cuối."].every(w => [...document.querySelectorAll(".own .words")].filter(e => e.textContent === w).length === 1)`)
	said := map[string]int{}
	for _, e := range h.events(code) {
		if e.Kind == ticketing.Received || e.Kind == ticketing.Said {
			said[e.Text]++
		}
	}
	for text, n := range said {
		if n != 1 {
			t.Errorf("%q was taken %d times", text, n)
		}
	}
}

func TestOutsideHoursInABrowser(t *testing.T) {
	h, s := visited(t, func(h *house) { h.clock.Advance(11 * time.Hour) }) // 20:00
	b := h.opened(s, 1366, 900, false)
	b.in("it says when somebody is there", `document.querySelector("#away").innerText.includes("07:00, thứ Ba 24/11/2026")`)
	b.sound("closed-hours", b.inside())
	b.looks(360, 740, true)
	b.sound("closed-hours-phone-dark", b.inside())
	eval[bool](b, `document.querySelector("#f-phone").focus(), true`, b.inside())
	b.types("0905 123 18")
	b.sends("Cống tràn trước nhà.")
	b.in("the consent is asked for", `document.querySelector("#fault").textContent && document.activeElement.id === "f-consent"`)
	eval[bool](b, `document.querySelector("#f-consent").click(), document.querySelector("#f-text").focus(), true`, b.inside())
	b.hush(true) // a refused form is an error in the console
	b.enter()
	b.in("the number is refused", `document.querySelector(".refused") && document.querySelector("#fault").textContent.includes("Số điện thoại")`)
	b.sound("refused-phone-dark", b.inside())
	eval[bool](b, `document.querySelector("#f-phone").value = "0905 123 182", document.querySelector(".refused .small").click(), true`, b.inside())
	b.in("the words are back in the box", `document.querySelector("#f-text").value === "Cống tràn trước nhà."`)
	b.hush(false)
	b.enter()
	b.in("it is in the house", `document.querySelector("#list .card")`)
	p, _, err := h.desk.Vault.Person(t.Context(), h.only().Citizen)
	h.must(err)
	if p.Phone != "+84905123182" {
		t.Errorf("the number is %q", p.Phone)
	}
	b.in("the number does not stay on the device", `!document.querySelector("#f-phone").value && !JSON.stringify({...localStorage}).includes("0905")`)
}

func TestForgetMeInABrowser(t *testing.T) {
	h, s := visited(t)
	b := h.opened(s, 360, 740, false)
	b.sends("Việc của người trước.")
	b.in("it is in the house", `document.querySelector("#list .card")`)
	eval[bool](b, `document.querySelector("#menu summary").click(), true`, b.inside())
	b.sound("menu", b.inside())
	eval[bool](b, `document.querySelector("#forget").click(), true`, b.inside())
	b.in("it asks", `document.querySelector("#sure").open`)
	b.sound("forget", b.inside())
	eval[bool](b, `document.querySelector("#sure .danger").click(), true`, b.inside())
	b.in("nothing is left", `!document.querySelector("#list li") && !Object.keys(localStorage).some(k => k.startsWith("hotline-chat")) && document.readyState === "complete"`)
	b.on("the page around has forgotten too", `!localStorage.getItem("hotline-chat")`)
	b.sends("Việc của người sau.")
	b.in("it is in the house", `document.querySelector("#list .card") && !document.querySelector("#list").innerText.includes("người trước")`)
	all := h.tickets()
	if len(all) != 2 || all[0].Citizen == all[1].Citizen {
		t.Errorf("%d tickets, of one person", len(all))
	}
}

func TestAloneAndInEnglishInABrowser(t *testing.T) {
	h, _ := visited(t)
	b := h.tab()
	b.looks(320, 640, false)
	b.do(chromedp.Navigate(h.base + "/nhung/chat?lang=en"))
	b.in("it is ready", `document.querySelector("#shut").hidden`)
	b.sound("alone-en-320", b.inside())
	b.sends("The street light is out.")
	b.in("it is in the house", `document.querySelector("#list .card")?.innerText.includes("Answer due by")`)
	b.looks(1366, 800, false)
	b.sound("alone-en", b.inside())
	eval[bool](b, `document.querySelector("#tongue").click(), true`, b.inside())
	b.in("it speaks Vietnamese, and has not forgotten", `document.documentElement.lang === "vi" && document.querySelector("#list .card")?.innerText.includes("Hạn trả lời")`)
}

// A page that is not on the list gets a link instead of a window, and the browser keeps the frame away.
func TestAStrangersPageInABrowser(t *testing.T) {
	h, s := visited(t, func(h *house) { h.ch.Sites = nil })
	b := h.tab(s.base)
	b.hush(true) // the browser says why it refuses the frame
	b.do(chromedp.Navigate(s.base + "/"))
	b.on("the button is there", `document.querySelector("hotline-chat")`)
	eval[bool](b, theButton+".click(), true")
	b.on("there is a link", thePanel+`.querySelector("a")?.href.startsWith("`+h.base+`/nhung/chat?lang=vi")`)
	b.snap("stranger")
	eval[bool](b, thePanel+`.querySelector("section button").click(), true`)
	b.on("it can be put away", thePanel+`.hidden && !`+theButton+`.hidden`)
	eval[bool](b, theButton+".click(), true")
	b.on("the link is there again, once", thePanel+`.querySelectorAll("a").length === 1 && !`+thePanel+`.hidden`)
	if n := h.ch.Health().Problems; len(n) != 1 {
		t.Errorf("problems: %+v", n)
	}
}

// Another site altogether, where browsers keep a frame's storage apart and its process too: only the keyboard and the
// hotline's side are at hand.
func TestOnAnotherSiteInABrowser(t *testing.T) {
	var s *site
	h, _ := visited(t, func(h *house) {
		s = h.site("localhost")
		h.ch.Sites = []string{s.base}
	})
	b := h.tab(s.base)
	b.looks(1366, 800, false)
	visit := func(text string, messages int) {
		b.do(chromedp.Navigate(s.base + "/"))
		b.on("the button is there", `document.querySelector("hotline-chat")`)
		eval[bool](b, theButton+".focus(), true")
		b.enter()
		b.on("the frame has the focus", `document.activeElement.localName === "hotline-chat" && document.querySelector("hotline-chat").shadowRoot.activeElement?.localName === "iframe"`)
		b.types(text)
		b.enter()
		b.wait("it is in the house", func() bool {
			all := h.tickets()
			return len(all) == 1 && all[0].Messages == messages
		})
	}
	visit("Lần đầu.", 1)
	visit("Lần sau, vẫn là tôi.", 2)
	b.snap("another-site")
}

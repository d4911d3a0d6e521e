package ui_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/gofiber/fiber/v2"

	"hotline1022/channels/webchat"
	"hotline1022/ticketing"
	"hotline1022/ui"
)

// chatting has the web chat beside the pages, as the program has.
func chatting(s *ui.Server) { s.ChatScript = "/nhung/chat.js" }

// mountChat mounts the web chat itself.
func (h *house) mountChat(app *fiber.App) {
	ch := &webchat.Channel{Desk: h.desk, Asset: h.server.StaticURL}
	ch.Mount(app)
}

const loaderTag = `<script src="/nhung/chat.js" async data-lang="`

func TestCitizensPagesCarryTheChatAndStaffsDoNot(t *testing.T) {
	h := newHouse(t, chatting)
	b := h.browser()
	code := b.sent(map[string]string{"text": "Đèn tắt."})
	carries := func(a answer, yes bool) {
		t.Helper()
		csp := a.Header.Get("Content-Security-Policy")
		if has, framed := strings.Contains(a.body, loaderTag), strings.Contains(csp, "frame-src 'self'"); has != yes || framed != yes {
			t.Errorf("%s %s: the button is there %v, frames allowed %v, want %v", a.Request.Method, a.Request.URL.Path, has, framed, yes)
		}
		if strings.Contains(csp, "unsafe") || strings.Count(csp, "script-src 'self';") != 1 || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: the policy is %q", a.Request.URL.Path, csp)
		}
	}
	for _, path := range []string{"/", "/gui", "/tra-cuu", "/t/" + string(code)} {
		carries(b.get(path).wants(h, 200), true)
	}
	carries(b.post("/tra-cuu", "code", "gì đó"), true) // a form that comes back with its mistakes
	carries(b.get("/dang-nhap").wants(h, 200), false)
	staff := h.browser().signIn("hang")
	for _, path := range []string{"/console", "/tai-khoan", "/", "/gui"} {
		carries(staff.get(path).wants(h, 200), false)
	}
	h.browser().get("/?lang=en").wants(h, 200, loaderTag+`en"`)

	raw, err := json.Marshal(ticketing.ChatRules{ID: "web", Name: "Trò chuyện trên web", Channel: ticketing.Chat, NoButton: true})
	h.must(err)
	h.must(h.store.Put(t.Context(), ticketing.Record{Kind: ticketing.KindChat, ID: "web", Version: 1, At: monday, By: "test", Doc: raw}))
	h.must(h.desk.Catalog.Refresh(t.Context()))
	carries(b.get("/").wants(h, 200), false)

	h = newHouse(t)
	carries(h.browser().get("/").wants(h, 200), false)
}

// uncovered are the things to be used that the chat's button lies over although they are in the middle of the view, or
// at the end of the page. The middle is where a finger can bring anything but what stands at the ends.
const uncovered = `(async () => {
	const host = document.querySelector("hotline-chat"), button = host.shadowRoot.querySelector("button").getBoundingClientRect();
	const under = (e) => { const r = e.getBoundingClientRect();
		return r.width && r.height && r.right > button.left && r.left < button.right && r.bottom > button.top && r.top < button.bottom; };
	const all = [...document.querySelectorAll("main a, main button, main input, main select, main textarea, main summary, .foot a, .foot button")].filter(e => e.offsetParent && !e.closest(".trap"));
	const covered = new Set();
	for (const e of all) { e.scrollIntoView({block: "center", behavior: "instant"}); if (under(e)) covered.add(e); }
	for (const e of all) { e.focus({preventScroll: false}); e.scrollIntoView({block: "nearest", behavior: "instant"}); if (under(e)) covered.add(e); }
	scrollTo({top: 1e6, behavior: "instant"});
	for (const e of all) if (under(e)) covered.add(e);
	return [...covered].map(e => e.tagName + " " + (e.id || e.textContent.trim().slice(0, 30))).join("; ");
})()`

func TestTheChatsButtonOnOurPagesInABrowser(t *testing.T) {
	h := newHouse(t, chatting)
	code := h.browser().sent(map[string]string{"text": "Ổ gà trước cổng trường."})
	b := h.tab()
	for name, path := range map[string]string{"home": "/", "send": "/gui", "look-up": "/tra-cuu", "track": "/t/" + string(code)} {
		_, err := chromedp.Call(b.ctx, network.ClearBrowserCache, cdp.Empty{})
		h.must(err)
		b.do(chromedp.EmulateViewport(360, 640))
		b.opens(path)
		b.until("the button is there", `document.querySelector("hotline-chat")`)
		if got := eval[int](b, `performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation")).reduce((n, e) => n + e.transferSize, 0)`); got > 150<<10 || got < 50<<10 {
			t.Errorf("%s: the first load is %d bytes", path, got)
		} else {
			t.Logf("%s: the first load is %d KB", path, got>>10)
		}
		if n := eval[int](b, `document.querySelectorAll("iframe").length + document.querySelector("hotline-chat").shadowRoot.querySelectorAll("iframe").length`); n != 0 {
			t.Errorf("%s loads the window before anybody wants it", path)
		}
		for _, width := range []int64{360, 320} {
			b.do(chromedp.EmulateViewport(width, 640))
			if over := eval[string](b, uncovered); over != "" {
				t.Errorf("%s, %d px wide: the button lies over %s", path, width, over)
			}
		}
		b.looks("chat-" + name)
	}
	// The window opens and writes, under the page's policy.
	b.do(chromedp.EmulateViewport(1366, 800))
	b.opens("/tra-cuu")
	b.until("the button is there", `document.querySelector("hotline-chat")`)
	eval[bool](b, `document.querySelector("hotline-chat").shadowRoot.querySelector("button").click(), true`)
	const frame = `document.querySelector("hotline-chat").shadowRoot.querySelector("iframe")?.contentDocument`
	b.until("the window is there", frame+`?.querySelector("#f-text")`)
	b.until("the window is ready", frame+`.activeElement?.id === "f-text" || `+frame+`.activeElement?.id === "log"`)
	b.shot("chat-open", 1366, false)
}

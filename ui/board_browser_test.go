package ui_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"hotline1022/ticketing"
	"hotline1022/ticketing/testenv/keyboard"
	"hotline1022/ui"
)

// busy is a room with something of everything in it.
func (h *house) busy() {
	h.Helper()
	h.turn(-100 * 24 * time.Hour)
	h.reported(ticketing.Incoming{})
	h.turn(98 * 24 * time.Hour)
	for range 4 {
		h.do(h.reported(ticketing.Incoming{Category: "giao-thong", Area: "4802"}), operator, ticketing.Command{Verb: ticketing.Claim})
	}
	h.turn(48*time.Hour - 70*time.Minute)
	h.reported(ticketing.Incoming{Channel: ticketing.Zalo, Category: "chieu-sang", Area: "4803"})
	h.turn(70 * time.Minute)
	for range 12 {
		h.reported(ticketing.Incoming{Category: "moi-truong", Area: "4801", Name: "Nguyễn Thị Lan", Phone: "0905 123 182"})
	}
	h.do(h.reported(ticketing.Incoming{Channel: ticketing.Web}), operator, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Đã xong.", Outcome: ticketing.Done})
	h.do(h.reported(ticketing.Incoming{}), operator, ticketing.Command{Verb: ticketing.Route, Agency: "so-xd"})
	h.turn(time.Minute)
	h.must(h.desk.LookForSpikes(h.Context()))
}

// screenshot takes the window as it is, for a person to look at.
func (b *tab) screenshot(name string, width, height int64) {
	b.Helper()
	b.do(chromedp.EmulateViewport(width, height))
	if over := eval[string](b, `[...document.querySelectorAll(".tile, .tile *, .board-top *, .board-spikes")].filter(e => !e.closest(".sr, svg") && ((e.scrollWidth > e.clientWidth + 1 || e.matches(".tile") && e.scrollHeight > e.clientHeight + 1) && getComputedStyle(e).display !== "inline" || e.getBoundingClientRect().bottom > innerHeight + 1 && innerWidth > 720)).map(e => (e.dataset.tile || e.className || e.tagName) + ":" + e.textContent.trim().slice(0, 30)).join(" | ")`); over != "" {
		b.Errorf("%s at %d×%d does not fit: %s", name, width, height, over)
	}
	if shots == "" {
		return
	}
	b.must(os.MkdirAll(shots, 0o755))
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	b.must(err)
	b.must(os.WriteFile(filepath.Join(shots, fmt.Sprintf("%s-%dx%d.png", name, width, height)), png, 0o644))
}

func TestTheBoardInABrowser(t *testing.T) {
	var on atomic.Bool
	h := newHouse(t, func(s *ui.Server) {
		s.PhoneBoard = func(context.Context) (ui.PhoneBoard, bool) {
			return ui.PhoneBoard{Hearing: true, Waiting: 3, Longest: 70 * time.Second, Reached: 860, Of: 1040, Formula: 4, Target: 20 * time.Second}, on.Load()
		}
	})
	h.busy()
	key, err := h.server.Accounts.NewBoardLink(t.Context(), "Tầng 2", time.Time{}, "test")
	h.must(err)
	b := h.tab()
	path := "/board/k/" + key
	sizes := [][2]int64{{1280, 720}, {1920, 1080}, {3840, 2160}, {1366, 768}, {1024, 768}, {360, 740}}
	for _, phone := range []bool{false, true} {
		on.Store(phone)
		h.turn(4 * time.Second)
		b.opens(path)
		b.do(chromedp.WaitVisible(chromedp.CSS("[data-fresh=new]")))
		for _, size := range sizes {
			b.screenshot(fmt.Sprintf("board-phone-%v", phone), size[0], size[1])
		}
		b.looks(fmt.Sprintf("board-axe-%v", phone))
	}
	b.opens(path + "?lang=en")
	b.screenshot("board-en", 1280, 720)
	b.opens(path + "?lang=vi")
	b.do(chromedp.Evaluate[chromedp.Void]("fetch('/giao-dien', {method: 'POST', body: new URLSearchParams({theme: 'light', back: '/'})}).then(() => 1)", chromedp.EvalAwaitPromise))
	b.opens(path)
	b.screenshot("board-light", 1920, 1080)
	b.shot("board-light", 360, false)
	b.shot("board-light", 1366, false)
	b.do(chromedp.EmulateViewport(1920, 1080))
	b.key("?", 191, keyboard.Shift)
	b.do(chromedp.WaitVisible(chromedp.CSS("#how[open] dl")))
	b.shot("board-how", 1366, true)
	b.shot("board-how", 360, true)
	b.key("?", 191, keyboard.Shift)

	// The figures grow old before everybody's eyes, and come again. The page's own clock is moved on, nobody sleeps.
	h.reported(ticketing.Incoming{})
	h.turn(time.Minute)
	before := eval[string](b, "document.querySelector('[data-tile=open] .tile-value').textContent")
	b.do(chromedp.Evaluate[chromedp.Void](`const was = fetch; let down = true; window.up = () => { down = false; }; window.fetch = (...a) => down ? Promise.reject(new Error("down")) : was(...a); const now = Date.now; window.ahead = 0; Date.now = () => now() + ahead; ahead = 12e3; undefined`),
		chromedp.WaitVisible(chromedp.CSS("[data-fresh=lost]")))
	if said := eval[string](b, "document.querySelector('[data-state]').textContent"); !strings.Contains(said, "Mất kết nối") {
		t.Errorf("without a connection it says %q", said)
	}
	b.screenshot("board-lost", 1920, 1080)
	b.shot("board-lost", 360, true)
	b.do(chromedp.Evaluate[chromedp.Void]("up(); undefined"), chromedp.WaitVisible(chromedp.CSS("[data-fresh=new]")))
	if after := eval[string](b, "document.querySelector('[data-tile=open] .tile-value').textContent"); after == before {
		t.Errorf("after the break it still shows %q", after)
	}

	// Another version of the program: the page is loaded anew.
	b.do(chromedp.Evaluate[chromedp.Void](`window.mark = 1; document.body.dataset.build = "older"; ahead = 24e3; undefined`))
	for deadline := time.Now().Add(20 * time.Second); eval[bool](b, "window.mark === 1"); { // looking, not synchronising
		if time.Now().After(deadline) {
			t.Fatal("the page of an older version is not loaded anew")
		}
	}

	// Revoked: nothing is left on the screen.
	b.do(chromedp.WaitVisible(chromedp.CSS("[data-fresh=new]")))
	links, err := h.server.Accounts.BoardLinks(t.Context())
	h.must(err)
	h.must(h.server.Accounts.RevokeToken(t.Context(), links[0].ID, "test"))
	b.do(chromedp.Evaluate[chromedp.Void]("document.dispatchEvent(new CustomEvent('live:signin', {detail: {}})); undefined"), chromedp.WaitVisible(chromedp.CSS("[data-fresh=closed] [data-state]")))
	if left := eval[string](b, "document.getElementById('board').textContent"); left != "" {
		t.Errorf("a revoked link still shows %q", left)
	}
	b.screenshot("board-closed", 1920, 1080)
	b.wrong = slices.DeleteFunc(b.wrong, func(w string) bool { return strings.Contains(w, "404") })

}

func TestTheSupervisorInABrowser(t *testing.T) {
	h := newHouse(t, func(s *ui.Server) { s.Present = func() map[string]int { return map[string]int{"toan": 1} } })
	h.busy()
	h.employs("hang")
	h.employs("toan")
	h.employs("admin")
	b := h.tab()
	signIn := func(b *tab, who, path string) {
		b.opens("/dang-nhap?sau=" + path)
		b.do(chromedp.SetValue(chromedp.CSS("#f-name"), who), chromedp.SetValue(chromedp.CSS("#f-password"), password), chromedp.Submit(chromedp.CSS("#f-password")), chromedp.WaitVisible(chromedp.CSS("h1")))
	}
	signIn(b, "toan", "/console/truong-ca")
	b.opens("/console/truong-ca")
	b.looks("supervise")
	b.shot("supervise", 1920, true)
	b.opens("/console/truong-ca?nguoi=hang")
	b.do(chromedp.Click(chromedp.CSS("[data-all]")), chromedp.SetValue(chromedp.CSS("select[name=to]"), "toan"), chromedp.Click(chromedp.CSS("[value=give]")), chromedp.WaitVisible(chromedp.CSS(".results")))
	if got := eval[string](b, "document.querySelector('.notice-good p').textContent.trim()"); got != "Đã chuyển 4 trên 4 phiếu." {
		t.Errorf("given: %q", got)
	}
	b.looks("supervise-moved")
	b.do(chromedp.Click(chromedp.CSS(".notice-good form button")), chromedp.WaitVisible(chromedp.CSS(".room-row")))
	if n, err := h.desk.Count(t.Context(), ticketing.Actor{Role: ticketing.Supervisor}, ticketing.Filter{Assignee: "hang"}); err != nil || n != 4 {
		t.Errorf("undone, she holds %d, %v", n, err)
	}
	b.opens("/console/truong-ca")
	h.reported(ticketing.Incoming{})
	h.turn(time.Minute)
	was := eval[string](b, "document.querySelector('.room-numbers').textContent")
	b.do(chromedp.Evaluate[chromedp.Void]("document.dispatchEvent(new CustomEvent('live:change', {detail: {changes: []}})); undefined"))
	for deadline := time.Now().Add(20 * time.Second); eval[string](b, "document.querySelector('.room-numbers').textContent") == was; {
		if time.Now().After(deadline) {
			t.Fatal("the room does not change by itself")
		}
	}

	// The banner's words go into the answer.
	b.opens("/console")
	b.shot("console-spike", 1366, false)
	b.shot("console-spike", 360, true)
	b.do(chromedp.EmulateViewport(1366, 800), chromedp.Click(chromedp.CSS(".item > a")), chromedp.WaitVisible(chromedp.CSS("#ticket-write textarea")),
		chromedp.Click(chromedp.CSS(".spike summary")), chromedp.Click(chromedp.CSS("[data-say-words]")))
	if got := eval[string](b, "document.querySelector('#ticket-write textarea').value"); !strings.Contains(got, "nhiều phản ánh về Rác thải") {
		t.Errorf("inserted: %q", got)
	}
	b.shot("console-spike-open", 1366, true)

	b = h.tab()
	signIn(b, "admin", "/board/man-hinh")
	b.opens("/board/man-hinh")
	b.do(chromedp.SendKeys(chromedp.CSS("#f-name"), "Phòng trực tầng 2"), chromedp.Click(chromedp.CSS("form[action='/board/man-hinh'] .button")), chromedp.WaitVisible(chromedp.CSS(".notice-good .code")))
	b.looks("board-links")
}

package ui_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"hotline1022/ticketing"
	"hotline1022/ticketing/testenv"
	"hotline1022/ui"
)

// shots is where the pictures go that a person should look at; set HOTLINE_SHOTS to get them.
var shots = os.Getenv("HOTLINE_SHOTS")

// axe looks for what keeps people with disabilities out (WCAG 2.2 A and AA).
const axe = `axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).then(r =>
	r.violations.map(v => v.id + ": " + v.nodes.map(n => n.target.join(" ") + " " + (n.any[0] || {message: ""}).message).join("; ")).join(" | "))`

// tab is a page in a real browser. Whatever its console complains of fails the test.
type tab struct {
	*house
	ctx context.Context

	mu    sync.Mutex
	wrong []string
}

func (h *house) tab() *tab {
	h.Helper()
	path := ""
	for _, name := range []string{os.Getenv("CHROME"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless_shell"} {
		if p, err := exec.LookPath(name); err == nil && path == "" {
			path = p
		}
	}
	if path == "" {
		testenv.Missing(h, "browser", "install chromium, or name one in CHROME")
	}
	ctx, done := chromedp.NewContext(context.WithoutCancel(h.Context()), chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path), chromedp.UserDataDir(h.TempDir()), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"), chromedp.Flag("disable-component-update", true)))
	h.Cleanup(done)
	b := &tab{house: h, ctx: ctx}
	h.must(chromedp.Listen(ctx, b.hear))
	h.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, w := range b.wrong {
			h.Errorf("the browser's console: %s", w)
		}
	})
	return b
}

func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.wrong = append(b.wrong, fmt.Sprintf("%v", e.ExceptionDetails))
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && !strings.Contains(e.Entry.URL, "/live") && !strings.Contains(e.Entry.Text, "422") {
			b.wrong = append(b.wrong, e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, done := context.WithTimeout(b.ctx, 30*time.Second)
	defer done()
	for _, step := range steps {
		err := chromedp.Do(ctx, step)
		for try := 1; err != nil && try < 5 && (strings.Contains(err.Error(), "Could not find node") || strings.Contains(err.Error(), "No node with given id")); try++ {
			err = chromedp.Do(ctx, step) // a new page has put another node in the place of the one just found
		}
		b.must(err)
	}
}

func eval[T any](b *tab, js string) T {
	b.Helper()
	v, err := ask[T](b, js)
	b.must(err)
	return v
}

// ask is what an expression says.
func ask[T any](b *tab, js string) (T, error) {
	ctx, done := context.WithTimeout(b.ctx, 30*time.Second)
	defer done()
	return chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
}

// opens goes to a page and looks that nothing of it hangs over the side.
func (b *tab) opens(path string) {
	b.Helper()
	b.do(chromedp.Navigate(b.base + path))
	if over := eval[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
		b.Errorf("%s is %d px wider than the window", path, over)
	}
}

// shot takes a picture of the page at the width, in light or dark.
func (b *tab) shot(name string, width int64, dark bool) {
	b.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	b.must(err)
	b.do(chromedp.EmulateViewport(width, 800))
	if !eval[bool](b, "'axe' in window") {
		script, err := os.ReadFile("testdata/vendor/axe-core/axe.min.js")
		b.must(err)
		b.do(chromedp.Evaluate[chromedp.Void](string(script) + ";undefined"))
	}
	if over := eval[string](b, `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".trap, .skip, .sr")).map(e => e.tagName + "." + e.className).join(" ")`); over != "" {
		b.Errorf("%s at %d px: over the side: %s", name, width, over)
	}
	if faults := eval[string](b, axe); faults != "" {
		b.Errorf("%s at %d px, %s: %s", name, width, scheme, faults)
	}
	if shots == "" {
		return
	}
	b.must(os.MkdirAll(shots, 0o755))
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	b.must(err)
	b.must(os.WriteFile(filepath.Join(shots, fmt.Sprintf("%s-%d-%s.png", name, width, scheme)), png, 0o644))
}

// print takes the page as it comes on paper.
func (b *tab) print(name string) {
	b.Helper()
	if shots == "" {
		return
	}
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	b.must(err)
	b.do(chromedp.EmulateViewport(794, 1123))
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	b.must(err)
	b.must(os.WriteFile(filepath.Join(shots, name+"-print.png"), png, 0o644))
	_, err = chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	b.must(err)
}

// looks takes the page at the widths and colours that matter.
func (b *tab) looks(name string) {
	b.Helper()
	b.shot(name, 1366, false)
	b.shot(name, 360, true)
	b.shot(name, 320, false)
	b.shot(name, 1366, true)
	b.shot(name, 360, false)
}

func TestACitizenInABrowser(t *testing.T) {
	h := newHouse(t, func(s *ui.Server) { s.Rates.LookUp = ui.Rate{N: 1000, Per: time.Minute} })
	b := h.tab()
	b.opens("/")
	b.looks("home")
	b.opens("/?lang=en")
	b.shot("home-en", 360, false)
	b.opens("/gui")
	b.shot("send-en", 1366, false)
	b.opens("/?lang=vi")
	b.opens("/tra-cuu")
	b.shot("look-up", 360, false)
	b.opens("/gui")
	b.looks("send")

	b.do(chromedp.SetValue(chromedp.CSS("#f-text"), "Ổ gà sâu trước cổng trường, mưa xong không thấy đâu là đường."),
		chromedp.SendKeys(chromedp.CSS("#f-area_text"), "hai"), chromedp.WaitVisible(chromedp.CSS("#f-area_text-list li")))
	b.shot("send-areas", 360, false)
	b.do(chromedp.Focus(chromedp.CSS("#f-area_text")), chromedp.KeyEvent(kb.ArrowDown), chromedp.WaitVisible(chromedp.CSS("#f-area_text-list [aria-selected=true]")))
	b.key("Enter", 13, 0)
	if got := eval[string](b, "document.querySelector('#f-area_text').value + ' ' + document.querySelector('[name=area]').value"); !strings.Contains(got, "Phường Hải") || !strings.Contains(got, "480") {
		t.Errorf("chosen by keys: %q", got)
	}
	h.turn(time.Minute)
	b.do(chromedp.Click(chromedp.CSS("form.long .button.big")), chromedp.WaitVisible(chromedp.CSS(".notice-bad [href]")))
	b.looks("send-faults")
	if !eval[bool](b, "document.activeElement.matches('.notice-bad')") {
		t.Error("the focus is not at what went wrong")
	}
	b.do(chromedp.SetValue(chromedp.CSS("#f-name"), "Lê Thị Hoa"), chromedp.SetValue(chromedp.CSS("#f-phone"), "0905 123 182"),
		chromedp.Click(chromedp.CSS("[name=consent]")), chromedp.Click(chromedp.CSS("form.long .button.big")), chromedp.WaitVisible(chromedp.CSS(".big-code")))
	b.looks("sent")
	b.print("sent")
	b.do(chromedp.Click(chromedp.CSS(".thanks a.button:not(.plain)")), chromedp.WaitVisible(chromedp.CSS(".steps")))
	path := eval[string](b, "location.pathname")
	code := ticketing.Code(strings.TrimPrefix(path, "/t/"))
	b.looks("track-new")

	// The page changes by itself, and what is being typed stays.
	b.do(chromedp.SetValue(chromedp.CSS("#f-text"), "đang viết dở"))
	h.do(code, operator, ticketing.Command{Verb: ticketing.Ask, Text: "Anh chị cho biết gần nhà số mấy ạ?"})
	b.do(chromedp.Evaluate[chromedp.Void]("document.dispatchEvent(new CustomEvent('live:change', {detail: {changes: []}}))"), chromedp.WaitVisible(chromedp.CSS(".status-waiting")))
	if got := eval[string](b, "document.querySelector('#f-text').value"); got != "đang viết dở" {
		t.Errorf("what was being typed became %q", got)
	}
	b.opens(path)
	b.looks("track-waiting")
	b.do(chromedp.SetValue(chromedp.CSS("#f-text"), "Trước nhà số 12 ạ."), chromedp.Click(chromedp.CSS("form[action$=noi-them] .button")), chromedp.WaitVisible(chromedp.CSS(".status-new")))
	h.answered(code, "Đội duy tu đã vá xong ổ gà trước cổng trường ngày 25/11.\nCảm ơn anh chị đã báo.")
	b.opens(path)
	b.looks("track-answered")
	b.print("track-answered")
	b.do(chromedp.Click(chromedp.CSS("form[action$=danh-gia] [value='1']")), chromedp.Click(chromedp.CSS("form[action$=danh-gia] .button")), chromedp.WaitVisible(chromedp.CSS(".status-closed")))
	b.looks("track-closed")
	b.opens("/t/7K02Q074M9P6")
	b.shot("track-none", 360, false)
	b.wrong = slices.DeleteFunc(b.wrong, func(w string) bool { return strings.Contains(w, "404") })

	late := h.browser().sent(map[string]string{"text": "Việc trễ hẹn"})
	h.do(late, operator, ticketing.Command{Verb: ticketing.Route, Agency: "so-xd"})
	h.turn(10 * 24 * time.Hour)
	b.opens("/t/" + string(late))
	b.looks("track-late-closed-door")
}

func TestStaffPagesInABrowser(t *testing.T) {
	h := newHouse(t)
	h.employs("hang")
	b := h.tab()
	b.opens("/dang-nhap?sau=/tai-khoan")
	b.looks("sign-in")
	b.do(chromedp.SetValue(chromedp.CSS("#f-name"), "hang"), chromedp.SetValue(chromedp.CSS("#f-password"), password), chromedp.Submit(chromedp.CSS("#f-password")), chromedp.WaitVisible(chromedp.CSS(".cards")))
	b.looks("account")
	b.opens("/mat-khau")
	b.shot("password", 360, false)
}

func TestTheConsoleInABrowser(t *testing.T) {
	h := newHouse(t)
	h.employs("hang")
	one := h.form("Đèn đường trước số 12 Lê Lợi tắt ba đêm nay, trẻ em đi học về rất tối", "chieu-sang")
	h.form("Ổ gà sâu", "giao-thong")
	zalo := h.chats("u1", "Rác chưa dọn ở đường Nguyễn Huệ").Ticket
	plain := h.browser().signIn("hang")
	at := "/console/t/" + string(one.Code)
	plain.post(at+"/tag", "tags", "mưa bão, điểm nóng").wants(h, 303)
	plain.post(at+"/note", "text", "Đã gọi điện lực").wants(h, 303)
	plain.post("/console/loc", "view", "open", "channel", "zalo", "name", "Zalo ca sáng").wants(h, 303)

	b := h.tab()
	b.opens("/dang-nhap?sau=/console")
	b.do(chromedp.SetValue(chromedp.CSS("#f-name"), "hang"), chromedp.SetValue(chromedp.CSS("#f-password"), password), chromedp.Submit(chromedp.CSS("#f-password")), chromedp.WaitVisible(chromedp.CSS("#queue")))
	b.opens("/console?channel=web")
	b.do(chromedp.Evaluate[chromedp.Void](`document.getElementById("sift").open = true; undefined`))
	b.looks("queue-narrowed")
	b.opens(at + "?view=todo")
	b.looks("console-ticket")

	// The palette: letters without marks, the keyboard alone.
	b.do(chromedp.EmulateViewport(1366, 800), chromedp.KeyEvent("k", chromedp.KeyModifiers(2)), chromedp.WaitVisible(chromedp.CSS("#palette")))
	b.do(chromedp.SendKeys(chromedp.CSS("#palette input"), "de sau"))
	if got := eval[string](b, `document.querySelector("#palette [aria-selected=true] span").textContent`); got != "Để sau" {
		t.Errorf("“de sau” finds %q", got)
	}
	b.shot("palette", 1366, false)
	b.shot("palette", 360, true)
	b.do(chromedp.EmulateViewport(1366, 800), chromedp.Focus(chromedp.CSS("#palette input")))
	b.key("Enter", 13, 0)
	if got := eval[string](b, `document.activeElement.name`); got != "until" {
		t.Errorf("after Enter the focus is in %q, want the field of the fold", got)
	}
	b.do(chromedp.KeyEvent("k", chromedp.KeyModifiers(2)), chromedp.WaitVisible(chromedp.CSS("#palette")), chromedp.SendKeys(chromedp.CSS("#palette input"), "rac chua don"))
	b.key("Enter", 13, 0)
	b.do(chromedp.WaitVisible(chromedp.CSS(`#ticket[data-code="` + string(zalo.Code) + `"]`)))

	// Single keys can be switched off: then C no longer opens the call form.
	b.do(chromedp.KeyEvent("k", chromedp.KeyModifiers(2)), chromedp.WaitVisible(chromedp.CSS("#palette")), chromedp.SendKeys(chromedp.CSS("#palette input"), "tat phim"))
	b.key("Enter", 13, 0)
	b.do(chromedp.Evaluate[chromedp.Void](`document.activeElement.blur(); undefined`))
	b.key("c", 67, 0)
	if got := eval[string](b, `location.pathname + getComputedStyle(document.querySelector(".queue-new kbd")).display`); !strings.HasSuffix(got, string(zalo.Code)+"none") {
		t.Errorf("after switching keys off: %s", got)
	}

	plain.post(at+"/route", "agency", "so-xd", "reason", "đúng việc").wants(h, 303)
	path := h.link(plain, at, "Anh Nam", "officer")
	b.opens(path)
	b.looks("worklink-who")
	b.do(chromedp.SetValue(chromedp.CSS("#who"), "Nguyễn Văn Nam"), chromedp.Submit(chromedp.CSS("#who")), chromedp.WaitVisible(chromedp.CSS(".worklink .notice-good")))
	b.looks("worklink")
}

package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"hotline1022/cmd/hotline/province"
	"hotline1022/ticketing"
	"hotline1022/ticketing/testenv"
)

// running is the whole program on a port of its own, with the small province in it.
type running struct {
	testing.TB
	*parts
	url string
}

// start runs the program in this process, on real SQLite, until the test ends.
func start(t testing.TB, before ...func(*parts)) *running {
	t.Helper()
	return startWith(t, func(*Config) {}, before...)
}

// startWith does so with settings of the test's own.
func startWith(t testing.TB, set func(*Config), before ...func(*parts)) *running {
	t.Helper()
	c := &Config{Addr: "127.0.0.1:0", Data: t.TempDir(), Store: "sqlite", Timezone: "Asia/Ho_Chi_Minh", Log: "text"}
	set(c)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	p, err := assemble(ctx, c, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if err := province.Seed(ctx, p.store, p.accounts, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := p.catalogs.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	for _, prepare := range before {
		prepare(p)
	}
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- serve(ctx, c, p, func(url string) { ready <- url }) }()
	r := &running{TB: t, parts: p}
	select {
	case r.url = <-ready:
	case err := <-done:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the program ended with: %v", err)
		}
		if err := p.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// window is a browser of its own: its own cookies, one page. Whatever its console complains of fails the test.
type window struct {
	*running
	name string
	ctx  context.Context

	mu    sync.Mutex
	wrong []string
}

func (r *running) window(name string) *window {
	r.Helper()
	path := ""
	for _, name := range []string{os.Getenv("CHROME"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless_shell"} {
		if p, err := exec.LookPath(name); err == nil && path == "" {
			path = p
		}
	}
	if path == "" {
		testenv.Missing(r, "browser", "install chromium, or name one in CHROME")
	}
	ctx, done := chromedp.NewContext(context.WithoutCancel(r.Context()), chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path), chromedp.UserDataDir(r.TempDir()), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"), chromedp.Flag("disable-component-update", true)))
	r.Cleanup(done)
	w := &window{running: r, name: name, ctx: ctx}
	if err := chromedp.Listen(ctx, w.hear); err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, s := range w.wrong {
			r.Errorf("%s's console: %s", name, s)
		}
	})
	w.do(chromedp.EmulateViewport(1366, 800))
	if _, err := chromedp.Call(w.ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		r.Fatal(err) // a window nobody has in front of her is told of no focus
	}
	return w
}

func (w *window) hear(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		w.wrong = append(w.wrong, fmt.Sprintf("%v %v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *cdplog.EventEntryAdded:
		// What a test provokes on purpose: a refusal is shown in the page, and the browser notes its status too.
		if e.Entry.Level == cdplog.EntryLevelError && !strings.Contains(e.Entry.Text, "422") && !strings.Contains(e.Entry.Text, "409") && !strings.Contains(e.Entry.Text, "403") {
			w.wrong = append(w.wrong, e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

func (w *window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.Helper()
	ctx, done := context.WithTimeout(w.ctx, 30*time.Second)
	defer done()
	for _, step := range steps {
		if err := doStep(ctx, step); err != nil {
			w.shot("failed-" + w.name)
			w.Fatalf("%s: %v", w.name, err)
		}
	}
}

// doStep does it, and again where a new page or a live update has put another node in the place of the one just found.
func doStep(ctx context.Context, step chromedp.Action[chromedp.Void]) error {
	err := chromedp.Do(ctx, step)
	for try := 1; err != nil && try < 5 && (strings.Contains(err.Error(), "Could not find node") || strings.Contains(err.Error(), "No node with given id")); try++ {
		err = chromedp.Do(ctx, step)
	}
	return err
}

// ask is what an expression says.
func ask[T any](w *window, expression string) (T, error) {
	ctx, done := context.WithTimeout(w.ctx, 30*time.Second)
	defer done()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

func js[T any](w *window, expression string) T {
	w.Helper()
	v, err := ask[T](w, expression)
	if err != nil {
		w.Fatalf("%s: %s: %v", w.name, expression, err)
	}
	return v
}

// until waits for an expression to be true.
func (w *window) until(what, expression string) {
	w.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		yes, err := ask[bool](w, expression) // fails where one page has gone and the next is not there yet
		if err == nil && yes {
			return
		}
		if time.Now().After(deadline) {
			w.shot("failed-" + w.name)
			w.Fatalf("%s: %s did not happen (%s, %v); the page says:\n%s", w.name, what, expression, err, js[string](w, "document.body.innerText"))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (w *window) sees(text string) {
	w.Helper()
	w.until("seeing “"+text+"”", fmt.Sprintf("(document.body?.innerText ?? \"\").includes(%q)", text))
}

func (w *window) opens(path string) {
	w.Helper()
	w.do(chromedp.Navigate(w.url + path))
}

// signIn goes in by the door everybody uses.
func (w *window) signIn(id string) *window {
	w.Helper()
	w.opens("/dang-nhap")
	w.do(chromedp.SetValue(chromedp.CSS(`input[name=name]`), id), chromedp.SetValue(chromedp.CSS(`input[name=password]`), province.Password), chromedp.Click(chromedp.CSS("form .button")))
	w.until("being signed in", `location.pathname !== "/dang-nhap"`)
	return w
}

// fills writes into a form field as a person does, with the events that belong to it.
func (w *window) fills(selector, text string) {
	w.Helper()
	w.do(chromedp.Focus(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), text))
}

// clicks on what is there. A live update may put a new node in the place of the one just found: then once more.
func (w *window) clicks(selector string) {
	w.Helper()
	for try := 1; ; try++ {
		ctx, done := context.WithTimeout(w.ctx, 20*time.Second)
		err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
		done()
		if err == nil {
			return
		}
		if try == 5 || !strings.Contains(err.Error(), "node") {
			w.shot("failed-" + w.name)
			w.Fatalf("%s: clicking %s: %v", w.name, selector, err)
		}
	}
}

// hand makes the window a telephone's: small, and touched.
func (w *window) hand() *window {
	w.Helper()
	w.do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch))
	return w
}

// taps is a finger on the middle of what is there, wherever it stands after scrolling: what lies over it gets the tap.
func (w *window) taps(selector string) {
	w.Helper()
	w.until("something to tap: "+selector, `!!document.querySelector(`+strconv.Quote(selector)+`)`)
	at := js[[]float64](w, `(() => { const e = document.querySelector(`+strconv.Quote(selector)+`); e.scrollIntoView({ block: "center", behavior: "instant" }); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2, r.width, r.height]; })()`)
	if at[2] < 24 || at[3] < 24 {
		w.Errorf("%s: %s is %.0f × %.0f px, too small for a finger", w.name, selector, at[2], at[3])
	}
	for _, kind := range []input.DispatchTouchEventType{input.DispatchTouchEventTypeTouchStart, input.DispatchTouchEventTypeTouchEnd} {
		params := input.DispatchTouchEventParams{Type: kind}
		if kind == input.DispatchTouchEventTypeTouchStart {
			params.TouchPoints = []*input.TouchPoint{{X: at[0], Y: at[1]}}
		} else {
			params.TouchPoints = []*input.TouchPoint{}
		}
		if _, err := chromedp.Call(w.ctx, input.DispatchTouchEvent, params); err != nil {
			w.Fatal(err)
		}
	}
}

// picks opens a ticket from the list: press is a click or a tap. A live update may put another row under the pointer
// between down and up, which is no click; then once more, as a person does.
func (w *window) picks(code string, press func(string)) {
	w.Helper()
	for try := 1; ; try++ {
		press("#row-" + code + " a")
		for end := time.Now().Add(4 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			if yes, err := ask[bool](w, `document.getElementById("ticket")?.dataset.code === "`+code+`"`); err == nil && yes {
				return
			}
		}
		if try == 4 {
			w.shot("failed-" + w.name)
			w.Fatalf("%s: the ticket does not open from its row", w.name)
		}
	}
}

func (w *window) fold(verb string) string {
	return `#ticket-side form[action$="/` + verb + `"]`
}

// unfolds opens a verb's form at the side.
func (w *window) unfolds(verb string) {
	w.Helper()
	w.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('` + w.fold(verb) + `').closest("details").open = true; undefined`))
}

var shots = os.Getenv("HOTLINE_SHOTS")

// shot keeps a picture for a person to look at, where HOTLINE_SHOTS says.
func (w *window) shot(name string) {
	w.Helper()
	if shots == "" {
		return
	}
	png, err := chromedp.Run(w.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.MkdirAll(shots, 0o750)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(shots, name+".png"), png, 0o600)
	}
	if err != nil {
		w.Log("no picture:", err)
	}
}

// looks takes the page wide and narrow, light and dark, and asks axe what keeps people out.
func (w *window) looks(name string) {
	w.Helper()
	for _, dark := range []string{"light", "dark"} {
		for _, width := range []int64{1366, 360} {
			_, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: dark}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
			if err != nil {
				w.Fatal(err)
			}
			w.do(chromedp.EmulateViewport(width, 800))
			if !js[bool](w, "'axe' in window") {
				script, err := os.ReadFile("../../ui/testdata/vendor/axe-core/axe.min.js")
				if err != nil {
					w.Fatal(err)
				}
				w.do(chromedp.Evaluate[chromedp.Void](string(script) + ";undefined"))
			}
			if faults := js[string](w, axe); faults != "" {
				w.Errorf("%s at %d px, %s: %s", name, width, dark, faults)
			}
			if over := js[int](w, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
				w.Errorf("%s at %d px is %d px too wide", name, width, over)
			}
			w.shot(fmt.Sprintf("%s-%d-%s", name, width, dark))
		}
	}
	w.do(chromedp.EmulateViewport(1366, 800))
}

const axe = `axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).then(r =>
	r.violations.map(v => v.id + ": " + v.nodes.map(n => n.target.join(" ") + " " + (n.any[0] || {message: ""}).message).join("; ")).join(" | "))`

// The README's journey: a citizen sends, an operator routes, an officer drafts, a leader approves on a phone, the
// operator answers, and the citizen's open page changes each time without being touched.
func TestOneReportsJourneyThroughFourBrowsers(t *testing.T) {
	r := start(t)
	operator := r.window("operator").signIn("hanh")
	operator.sees("Trực tuyến")

	made, err := r.desk.Receive(t.Context(), ticketing.Actor{Role: ticketing.Citizen}, ticketing.Incoming{
		Channel: ticketing.Web, Category: r.categoryOf(t, "cong-ich"), Text: "Đèn đường trước nhà số 12 tắt ba hôm nay, tối đi lại rất nguy hiểm.",
		Name: "Lê Phương Uyên", Phone: "0905123182", Visibility: ticketing.Public,
	})
	if err != nil {
		t.Fatal(err)
	}
	code := string(made.Ticket.Code)
	citizen := r.window("citizen").hand()
	citizen.opens("/t/" + code)
	citizen.sees("Mới tiếp nhận")
	citizen.taps("#f-digits")
	citizen.do(chromedp.SendKeys(chromedp.CSS("#f-digits"), "3182"))
	citizen.taps("form[action$=so-dien-thoai] button")
	citizen.sees("Đèn đường trước nhà số 12")

	// It appears at the console by itself, behind the button, so that nothing moves under the pointer.
	operator.until("the button of new rows", `!document.querySelector("[data-fresh]").hidden`)
	operator.clicks("[data-fresh]")
	operator.until("the row", `!!document.getElementById("row-`+code+`")`)
	operator.picks(code, operator.clicks)
	operator.sees("Đèn đường trước nhà số 12")
	operator.sees("090•••182")
	operator.until("the suggested agency", `!!document.querySelector(".suggestion")`)
	operator.looks("console")

	// What the operator is typing survives what happens meanwhile.
	operator.fills("#text", "Chị đợi em kiểm tra nhé")
	r.note(t, made.Ticket.Code, "Đã gọi đội trực, hẹn kiểm tra trước 17:00.")
	operator.sees("hẹn kiểm tra trước 17:00")
	if got := js[string](operator, `document.getElementById("text").value`); got != "Chị đợi em kiểm tra nhé" {
		t.Errorf("the typed words became %q", got)
	}
	operator.do(chromedp.Reload())
	operator.until("the words after a reload", `document.getElementById("text")?.value === "Chị đợi em kiểm tra nhé"`)
	operator.do(chromedp.Evaluate[chromedp.Void](`localStorage.clear(); document.getElementById("text").value = ""; undefined`))

	operator.clicks(".suggestion button")
	operator.until("routed", `document.getElementById("ticket").dataset.status === "routed"`)
	citizen.sees("Đã chuyển xử lý")

	now, err := r.store.Ticket(t.Context(), made.Ticket.Code)
	if err != nil {
		t.Fatal(err)
	}
	officer := r.window("officer").signIn(r.staffOf(t, ticketing.Officer, now.Agency))
	officer.until("the row", `!!document.getElementById("row-`+code+`")`)
	officer.picks(code, officer.clicks)
	officer.clicks(`form[action$="/accept"] button`)
	officer.until("accepted", `document.getElementById("ticket").dataset.status === "working"`)
	citizen.sees("Đang xử lý")
	officer.fills("#text", "Đã thay bóng đèn tại cột 42 lúc 15 giờ hôm nay, đèn đã sáng. Đội Chiếu sáng trực ở đó, nếu đèn lại tắt xin gọi 1022.")
	officer.do(chromedp.SetValue(chromedp.CSS(`select[name=outcome]`), "done"))
	officer.do(chromedp.SetUploadFiles(chromedp.CSS(`form[data-write] input[type=file]`), []string{photograph(t)}))
	officer.looks("desk")
	officer.clicks("[data-send]")
	officer.until("drafted", `document.getElementById("ticket").dataset.status === "drafted"`)

	leader := r.window("leader")
	leader.signIn(r.staffOf(t, ticketing.Leader, now.Agency))
	leader.hand()
	leader.opens("/desk?view=drafted")
	leader.picks(code, leader.taps)
	leader.sees("Đã thay bóng đèn tại cột 42")
	leader.until("the photograph", `document.querySelector(".draft .files img")?.naturalWidth > 0`)
	if over := js[int](leader, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
		t.Errorf("the leader's page is %d px wider than her telephone", over)
	}
	leader.shot("leader-phone")
	leader.taps(`form[action$="/approve"] button`)
	leader.until("approved", `document.getElementById("ticket").dataset.status === "review"`)
	citizen.sees("Tổng đài kiểm tra câu trả lời")

	operator.until("the draft in the box", `document.getElementById("ticket").dataset.status === "review" && document.getElementById("text").value.includes("cột 42")`)
	operator.clicks("[data-send]")
	operator.until("answered", `document.getElementById("ticket").dataset.status === "answered"`)
	citizen.sees("Đã trả lời")
	citizen.sees("Đã thay bóng đèn tại cột 42")
	citizen.until("the photograph", `(() => { const i = document.querySelector(".thread .shots img"); i?.scrollIntoView(); return i?.naturalWidth > 0; })()`)
	citizen.shot("citizen-answered")
}

// photograph is a file as a telephone takes it.
func photograph(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cot-42.jpg")
	f, err := os.Create(path)
	if err == nil {
		picture := image.NewRGBA(image.Rect(0, 0, 1200, 900))
		for i := range picture.Pix {
			picture.Pix[i] = byte(i / 4800)
		}
		err = errors.Join(jpeg.Encode(f, picture, nil), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// A refusal keeps what was typed; a role that ends takes the page with it.
func TestARefusalKeepsTheWordsAndAnEndedSessionTheSocket(t *testing.T) {
	r := start(t)
	made, err := r.desk.Receive(t.Context(), ticketing.Actor{Role: ticketing.Citizen}, ticketing.Incoming{Channel: ticketing.Web, Text: "Rác chưa thu gom"})
	if err != nil {
		t.Fatal(err)
	}
	w := r.window("operator").signIn("hanh")
	w.opens("/console/t/" + string(made.Ticket.Code))
	w.fills("#text", "Đã giải quyết")
	w.clicks("[data-send]") // an answer without an outcome
	w.sees("“Đã chuyển” không phải là kết quả")
	if got := js[string](w, `document.getElementById("text").value`); got != "Đã giải quyết" {
		t.Errorf("after the refusal the words are %q", got)
	}
	w.looks("refused")
	w.unfolds("close")
	w.do(chromedp.SetValue(chromedp.CSS(w.fold("close")+` select[name=outcome]`), "invalid"))
	w.clicks(w.fold("close") + " button")
	w.sees("Kết quả này phải có lý do")
	if err := r.accounts.Change(t.Context(), "hanh", "test", func(s *ticketing.Staff) error { s.Role = ticketing.Auditor; return nil }); err != nil {
		t.Fatal(err)
	}
	w.until("being sent to sign in, and back later", `location.pathname === "/dang-nhap" && new URLSearchParams(location.search).get("sau")?.startsWith("/console/t/")`)
}

// The call form, then the queue in English, with nothing in it and with many rows.
func TestTheConsoleEmptyAndFull(t *testing.T) {
	r := start(t)
	w := r.window("operator").signIn("quang")
	w.sees("Không có phiếu nào đang chờ tổng đài")
	w.looks("console-empty")
	w.key("c", 67, "c")
	w.until("the call form", `location.pathname === "/console/new"`)
	w.fills("#f-phone", "0914555666")
	w.fills("#f-name", "Trần Quốc Toản")
	w.fills("#f-text", "Mất nước từ sáng ở hẻm 42")
	w.fills("#f-area", "ha tru") // three letters without accents
	w.until("places to choose", `document.querySelectorAll("#f-area-list li").length > 0`)
	w.clicks("#f-area-list li")
	w.until("the place chosen", `document.querySelector("input[name=area]").value !== ""`)
	w.looks("call")
	w.clicks(".call button.button")
	w.until("the ticket", `location.pathname.startsWith("/console/t/")`)
	w.sees("Mất nước từ sáng")
	var wg sync.WaitGroup
	for i := range 120 {
		wg.Go(func() {
			in := ticketing.Incoming{Channel: ticketing.Web, Text: fmt.Sprintf("Ngập nước sau mưa ở hẻm %d, nước tới đầu gối", i), Name: "Nguyễn Thị Thu Hằng", Phone: fmt.Sprintf("09051%05d", i)}
			if _, err := r.desk.Receive(context.Background(), ticketing.Actor{Role: ticketing.Citizen}, in); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	w.until("the waiting rows counted", `document.querySelector("[data-fresh]").textContent.includes("120")`)
	w.clicks("[data-fresh]")
	w.until("a page of rows", `document.querySelectorAll(".item").length === 50`)
	w.clicks(".more a")
	w.until("more rows", `document.querySelectorAll(".item").length === 100`)
	// The last word of a search may be unfinished, and one ticket in some hundred has a code that begins with 77.
	w.opens("/console?q=ngap+hem+77+nuoc&lang=en")
	w.sees("matches")
	if n := js[int](w, `document.querySelectorAll(".item").length`); n != 1 {
		t.Errorf("accent-blind search found %d rows", n)
	}
	w.opens("/console?view=open")
	w.looks("console-full")
}

// The screens on a province's six weeks: what real variety of words, states and lengths does to them.
func TestTheScreensOfABusyProvince(t *testing.T) {
	r := start(t, func(p *parts) {
		if err := province.SeedTickets(t.Context(), p.desk, time.Now(), 6, 200); err != nil {
			t.Fatal(err)
		}
	})
	w := r.window("operator").signIn("hanh")
	w.opens("/console?view=open")
	w.clicks(".item:nth-child(3) a")
	w.until("a ticket", `!!document.getElementById("ticket").dataset.code`)
	w.looks("busy-console")
	w.opens("/console?view=done")
	w.clicks(".item:nth-child(2) a")
	w.until("a ticket", `!!document.getElementById("ticket").dataset.code`)
	w.looks("busy-done")
	w.opens("/console/t/" + string(r.any(t, ticketing.Filter{Kind: []ticketing.Kind{ticketing.Denunciation, ticketing.Complaint}})))
	w.sees("Luật")
	w.shot("busy-own-law")
	officer := r.window("officer").signIn("cong-ich.cb")
	officer.opens("/desk?view=working")
	officer.clicks(".item:nth-child(1) a")
	officer.until("a ticket", `!!document.getElementById("ticket").dataset.code`)
	officer.looks("busy-desk")
	admin := r.window("administrator").signIn("quantri")
	admin.opens("/admin")
	admin.looks("busy-admin")
}

func (r *running) any(t *testing.T, f ticketing.Filter) ticketing.Code {
	t.Helper()
	page, err := r.desk.List(t.Context(), ticketing.Actor{Role: ticketing.Auditor}, f)
	if err != nil || len(page.Tickets) == 0 {
		t.Fatalf("no ticket for %+v (%v)", f, err)
	}
	return page.Tickets[0].Code
}

func (r *running) note(t *testing.T, code ticketing.Code, text string) {
	t.Helper()
	if _, err := r.desk.Do(t.Context(), ticketing.Actor{ID: "quang", Role: ticketing.Operator}, code, ticketing.Command{Verb: ticketing.Note, Text: text}); err != nil {
		t.Fatal(err)
	}
}

// categoryOf is a category that some rule sends to the agency.
func (r *running) categoryOf(t *testing.T, agency string) string {
	t.Helper()
	for _, rule := range r.catalogs.Current().Rules {
		if rule.Agency == agency && len(rule.Categories) > 0 && len(rule.Areas) == 0 && len(rule.Words) == 0 {
			return rule.Categories[0]
		}
	}
	t.Fatalf("no rule sends a whole category to %s", agency)
	return ""
}

func (r *running) staffOf(t *testing.T, role ticketing.Role, agency string) string {
	t.Helper()
	all := province.Staff()
	i := slices.IndexFunc(all, func(s ticketing.Staff) bool { return s.Role == role && s.Agency == agency })
	if i < 0 {
		t.Fatalf("%s has no %s", agency, role)
	}
	return all[i].ID
}

package webchat

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing/testenv"
	"hotline1022/ticketing/testenv/keyboard"
)

// shots is where the pictures go that a person should look at; set HOTLINE_SHOTS to get them.
var shots = os.Getenv("HOTLINE_SHOTS")

// axe looks for what keeps people with disabilities out (WCAG 2.2 A and AA).
const axe = `axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], iframes: false}).then(r =>
	r.violations.map(v => v.id + ": " + v.nodes.map(n => n.target.join(" ") + " " + (n.any[0] || {message: ""}).message).join("; ")).join(" | "))`

// site is a page of somebody else's, with a policy as strict as they come and styles that shout.
type site struct {
	base string
}

func (h *house) site(name string) *site {
	h.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	h.must(err)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	s := &site{base: "http://" + name + ":" + port}
	mux := http.NewServeMux()
	mux.HandleFunc("/site.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		fmt.Fprint(w, `body{font:italic 22px/1 serif;margin:0;background:#f7efe0} header{background:#8a1c1c;color:#fff;padding:1rem 2rem} main{padding:1rem 2rem;line-height:1.6}
			button{display:none!important} div{color:red!important;font-size:40px!important} iframe{width:10px!important;border:9px solid lime!important} svg{width:300px!important}`)
	})
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src "+h.base+"; frame-src "+h.base+"; require-trusted-types-for 'script'; trusted-types 'none'")
		fmt.Fprintf(w, `<!doctype html><html lang="vi"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Xã Hòa Vang</title>
			<link rel="stylesheet" href="/site.css"><script src="%s/nhung/chat.js" async></script>
			<header>Trang thông tin xã Hòa Vang</header><main><h1>Lịch cắt nước tuần này</h1><p>Khu vực thôn 1, thôn 2: từ 8 giờ đến 11 giờ sáng thứ Tư.</p><p><a href="/">Xem thêm</a></p></main>`, h.base)
	})
	mux.HandleFunc("/favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(l) }()
	h.Cleanup(func() { _ = server.Close() })
	return s
}

// gate stands before the house and breaks lines when told to.
type gate struct {
	closed atomic.Bool // nothing gets in
	deaf   atomic.Bool // what is sent is taken, and the answer lost
}

func (g *gate) pass(c *fiber.Ctx) error {
	if g.deaf.Load() && c.Method() == fiber.MethodPost {
		if err := c.Next(); err != nil {
			return err
		}
		return drop(c)
	}
	if g.closed.Load() {
		return drop(c)
	}
	return c.Next()
}

func drop(c *fiber.Ctx) error {
	c.Context().HijackSetNoResponse(true)
	c.Context().Hijack(func(conn net.Conn) { _ = conn.Close() })
	return nil
}

// tab is a page in a real browser, with the chat's frame in it. Whatever its console complains of fails the test, and
// whatever it asks of another address than the two it knows.
type tab struct {
	*house
	ctx     context.Context
	allowed []string // beginnings of addresses
	quiet   bool     // failed requests are wanted just now

	mu     sync.Mutex
	wrong  []string
	frames map[string]runtime.ExecutionContextDescription // by unique id
}

func (h *house) tab(allowed ...string) *tab {
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
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"), chromedp.Flag("disable-component-update", true)))
	h.Cleanup(done)
	b := &tab{house: h, ctx: ctx, allowed: append(allowed, h.base, "ws"+strings.TrimPrefix(h.base, "http"), "blob:", "data:", "about:"), frames: map[string]runtime.ExecutionContextDescription{}}
	h.must(chromedp.Listen(ctx, b.hear))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	h.must(err)
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
	case *runtime.EventExecutionContextCreated:
		if strings.Contains(strings.ReplaceAll(string(e.Context.AuxData), " ", ""), `"isDefault":true`) {
			b.frames[e.Context.UniqueID] = *e.Context
		}
	case *runtime.EventExecutionContextDestroyed:
		delete(b.frames, e.ExecutionContextUniqueID)
	case *runtime.EventExecutionContextsCleared:
		clear(b.frames)
	case *runtime.EventExceptionThrown:
		b.wrong = append(b.wrong, fmt.Sprintf("%+v", e.ExceptionDetails.Exception))
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && !b.quiet {
			b.wrong = append(b.wrong, e.Entry.Text+" "+e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		for _, a := range b.allowed {
			if strings.HasPrefix(e.Request.URL, a) {
				return
			}
		}
		b.wrong = append(b.wrong, "a request to "+e.Request.URL)
	}
}

func (b *tab) hush(quiet bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.quiet = quiet
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

// frame is the context of the chat's frame, once it is there.
func (b *tab) frame() (id runtime.ExecutionContextID) {
	b.Helper()
	b.wait("the chat's frame is there", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		id = 0
		for _, c := range b.frames {
			if c.Origin == b.base && c.ID > id {
				id = c.ID
			}
		}
		return id != 0
	})
	return id
}

// eval runs a script in the page; in its frame with inside.
func eval[T any](b *tab, js string, opts ...chromedp.EvaluateOption) T {
	b.Helper()
	ctx, done := context.WithTimeout(b.ctx, 30*time.Second)
	defer done()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, append(opts, chromedp.EvalAwaitPromise)...))
	if err != nil {
		b.Fatalf("%s: %v", js, err)
	}
	return v
}

func (b *tab) inside() chromedp.EvaluateOption {
	b.Helper()
	id := b.frame()
	return func(p *runtime.EvaluateParams) { p.ContextID = id }
}

// in waits until the script says yes in the frame.
func (b *tab) in(what, js string) {
	b.Helper()
	b.waitFor(what, js, b.inside)
}

// on waits until the script says yes in the page around.
func (b *tab) on(what, js string) {
	b.Helper()
	b.waitFor(what, js, func() chromedp.EvaluateOption { return func(*runtime.EvaluateParams) {} })
}

func (b *tab) waitFor(what, js string, where func() chromedp.EvaluateOption) {
	b.Helper()
	var last error
	for deadline := time.Now().Add(patient); ; time.Sleep(15 * time.Millisecond) { // looking, not synchronising
		ctx, done := context.WithTimeout(b.ctx, 10*time.Second)
		yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+js+")", where()))
		done()
		if last = err; err == nil && yes {
			return
		}
		if time.Now().After(deadline) {
			b.snap("failed")
			b.Fatalf("waited in vain until %s (%v)", what, last)
		}
	}
}

// key presses one key, as a keyboard does.
func (b *tab) key(name string, code int64, modifiers int64, text string) {
	b.Helper()
	b.must(keyboard.Press(b.ctx, name, code, modifiers, text))
}

func (b *tab) enter()      { b.Helper(); b.key("Enter", 13, 0, "\r") }
func (b *tab) shiftEnter() { b.Helper(); b.key("Enter", 13, keyboard.Shift, "\r") }
func (b *tab) escape()     { b.Helper(); b.key("Escape", 27, 0, "") }

// types puts text where the focus is.
func (b *tab) types(text string) {
	b.Helper()
	_, err := chromedp.Call(b.ctx, input.InsertText, input.InsertTextParams{Text: text})
	b.must(err)
}

// composes shows text as an input method's unfinished word, with the key that such a keyboard reports.
func (b *tab) composes(text string) {
	b.Helper()
	_, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Key: "Process", WindowsVirtualKeyCode: 229})
	b.must(err)
	n := int64(len([]rune(text)))
	_, err = chromedp.Call(b.ctx, input.ImeSetComposition, input.ImeSetCompositionParams{Text: text, SelectionStart: n, SelectionEnd: n})
	b.must(err)
}

// looks sets the size and the colours.
func (b *tab) looks(width, height int64, dark bool) {
	b.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	b.must(err)
	b.do(chromedp.EmulateViewport(width, height))
}

// snap takes a picture of what the window shows.
func (b *tab) snap(name string) {
	b.Helper()
	if shots == "" {
		return
	}
	b.must(os.MkdirAll(shots, 0o755))
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	b.must(err)
	b.must(os.WriteFile(filepath.Join(shots, "chat-"+name+".png"), png, 0o644))
}

// sound looks over what is shown, by axe and for what hangs over the side, and takes a picture.
func (b *tab) sound(name string, where ...chromedp.EvaluateOption) {
	b.Helper()
	if !eval[bool](b, "'axe' in window", where...) {
		script, err := os.ReadFile("../../ui/testdata/vendor/axe-core/axe.min.js")
		b.must(err)
		eval[chromedp.Void](b, string(script)+";undefined", where...)
	}
	if over := eval[string](b, `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".trap, .sr")).map(e => e.tagName + "." + e.className).join(" ")`, where...); over != "" {
		b.Errorf("%s: over the side: %s", name, over)
	}
	if faults := eval[string](b, axe, where...); faults != "" {
		b.Errorf("%s: %s", name, faults)
	}
	b.snap(name)
}

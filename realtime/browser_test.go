package realtime_test

import (
	"context"
	"fmt"
	"hotline1022/ticketing/testenv"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/gofiber/fiber/v2"

	"hotline1022/realtime"
	"hotline1022/ticketing"
)

// servePage serves live.js as a page of ours would: nothing inline, nothing from elsewhere.
func servePage(app *fiber.App) {
	app.Get("/page", func(c *fiber.Ctx) error {
		c.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src 'self'")
		c.Type("html")
		return c.SendString(`<!doctype html><title>live</title><script type="module" src="/page.js"></script>`)
	})
	app.Get("/page.js", func(c *fiber.Ctx) error {
		c.Type("js")
		return c.SendString(`import { live } from "/live.js";
window.told = [];
for (const name of ["change", "reset", "pulse", "state", "signin", "version"])
  document.addEventListener("live:" + name, (e) => told.push({ name, ...e.detail }));
const q = new URLSearchParams(location.search);
const place = q.has("epoch") ? { epoch: q.get("epoch"), seq: Number(q.get("seq")) } : {};
window.line = live({ url: q.get("url"), ...place });`)
	})
	app.Get("/live.js", func(c *fiber.Ctx) error {
		c.Type("js")
		text, err := os.ReadFile("../ui/static/live.js")
		if err != nil {
			return err
		}
		return c.Send(text)
	})
}

// tab opens a page in a browser; without one the test is left out, or fails if REQUIRE_BROWSER is set.
func tab(t *testing.T) context.Context {
	t.Helper()
	path := os.Getenv("CHROME")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless_shell"} {
		if path == "" {
			path, _ = exec.LookPath(name)
		}
	}
	if path == "" {
		testenv.Missing(t, "browser", "install chromium, or name one in CHROME")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	))
	t.Cleanup(cancel)
	if err := chromedp.Listen(ctx, func(ev any) {
		if e, ok := ev.(*runtime.EventExceptionThrown); ok {
			t.Errorf("exception in the page: %v", e.ExceptionDetails)
		}
	}); err != nil {
		t.Fatal(err)
	}
	return ctx
}

func TestLiveScriptInABrowser(t *testing.T) {
	p := newPaper()
	h := build(t, p, func(hub *realtime.Hub) { hub.Origin = "" })
	ctx := tab(t)
	visit := func(live, more string) {
		t.Helper()
		if err := chromedp.Do(ctx, chromedp.Navigate("http://"+h.addr+"/page?url="+url.QueryEscape(live)+more)); err != nil {
			t.Fatal(err)
		}
	}
	until := func(condition string) {
		t.Helper()
		if _, err := chromedp.Run(ctx, chromedp.Poll[bool](condition, chromedp.WithPollingTimeout(patient))); err != nil {
			told, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("JSON.stringify(window.told)"))
			t.Fatalf("waited in vain for %s: %v; the page was told %s", condition, err, told)
		}
	}
	some := func(condition string) string { return "window.told && told.some(e => " + condition + ")" }

	// Lines break and come back; the page hears everything once and in order.
	visit("/live?role=operator&session=anna", "&epoch=first&seq=0")
	h.do("A", ticketing.Received)
	until(some("e.name === 'state' && e.state === 'online'"))
	for n := range 4 {
		h.hub.Close("anna", 1012, "retry=20")
		last := h.do("A", ticketing.Noted)
		until(some(fmt.Sprintf("e.name === 'change' && e.changes.some(c => c.seq === %d && c.row.includes('A'))", last.Seq)))
		until(fmt.Sprintf("told.filter(e => e.name === 'state' && e.state === 'reconnecting').length > %d", n))
	}
	seqs, err := chromedp.Run(ctx, chromedp.Evaluate[[]int64]("told.filter(e => e.name === 'change').flatMap(e => e.changes.map(c => c.seq))"))
	if want := []int64{1, 2, 3, 4, 5}; err != nil || !slices.Equal(seqs, want) {
		t.Errorf("the page heard %v, want %v; %v", seqs, want, err)
	}

	// A session that ends sends the page to the door, and nobody knocks again.
	h.hub.Close("anna", 1008, "signed out")
	until(some("e.name === 'signin'") + " && told.at(-2).state === 'offline'")
	h.wait("the socket is gone", func() bool { return h.hub.Stats().Staff == 0 })

	// Who comes with a place of another journal loads again and goes on from there.
	visit("/live?role=operator", "&epoch=other&seq=3")
	until(some("e.name === 'reset' && e.seq === 5") + " && line.place.epoch === 'first' && line.place.seq === 5")
	h.do("A", ticketing.Noted)
	until(some("e.name === 'change' && e.changes[0].seq === 6"))

	visit("/live", "&epoch=first&seq=0")
	until(some("e.name === 'signin'"))
}

func TestLiveScriptAsksWhenWebsocketsFail(t *testing.T) {
	h := build(t, newPaper(), func(hub *realtime.Hub) { hub.Origin, hub.Limits.Sockets = "", 1 })
	h.do("A", ticketing.Received)
	conn, _, err := h.dial("/live?role=operator", map[string][]string{"Authorization": {"Bearer x"}}) // takes the only place
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx := tab(t)
	if err := chromedp.Do(ctx, chromedp.Navigate("http://"+h.addr+"/page?url="+url.QueryEscape("/live?role=operator")+"&epoch=first&seq=0")); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](
		"window.told && told.some(e => e.name === 'reset' && e.seq === 1) && told.some(e => e.state === 'online' && e.polling)",
		chromedp.WithPollingTimeout(patient))); err != nil {
		told, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("JSON.stringify(window.told)"))
		t.Fatalf("%v; the page was told %s", err, told)
	}
}

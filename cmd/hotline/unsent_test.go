package main_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"hotline1022/ticketing/testenv"
)

// computer is a browser of its own: one computer of a person.
type computer struct {
	testing.TB
	ctx context.Context
}

func newComputer(t *testing.T) *computer {
	t.Helper()
	path := ""
	for _, name := range []string{os.Getenv("CHROME"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless_shell"} {
		if p, err := exec.LookPath(name); err == nil && path == "" {
			path = p
		}
	}
	if path == "" {
		testenv.Missing(t, "browser", "install chromium, or name one in CHROME")
	}
	ctx, done := chromedp.NewContext(context.WithoutCancel(t.Context()), chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"), chromedp.Flag("disable-component-update", true)))
	t.Cleanup(done)
	if err := chromedp.Listen(ctx, func(any) {}); err != nil { // starts it
		t.Fatal(err)
	}
	return &computer{t, ctx}
}

func (w *computer) do(steps ...chromedp.Action[chromedp.Void]) {
	w.Helper()
	ctx, done := context.WithTimeout(w.ctx, patience)
	defer done()
	for _, step := range steps {
		err := chromedp.Do(ctx, step)
		for try := 1; err != nil && try < 5 && (strings.Contains(err.Error(), "Could not find node") || strings.Contains(err.Error(), "No node with given id")); try++ {
			err = chromedp.Do(ctx, step) // a new page has put another node in the place of the one just found
		}
		if err != nil {
			w.Fatal(err)
		}
	}
}

func (w *computer) until(what, js string) {
	w.Helper()
	within(w.TB, what, func() bool {
		ctx, done := context.WithTimeout(w.ctx, patience)
		defer done()
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+js+")"))
		return err == nil && ok
	})
}

func (w *computer) fill(pairs ...string) {
	w.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		w.do(chromedp.SetValue(chromedp.CSS(pairs[i]), pairs[i+1]))
	}
	w.do(chromedp.Submit(chromedp.CSS(pairs[0])))
}

// What an operator has typed outlives the power cut: what was stored is there on another computer too, what was typed in
// the last second in the browser she typed it in.
func TestTypedWordsOutliveAKill(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	p := newPlace(t, "HOTLINE_ADDR", address)
	first := p.run("user", "add", "thu.hang", "--name", "Nguyễn Thị Thu Hằng", "--role", "operator").wants(0)
	given := regexp.MustCompile(`password (\S+)`).FindStringSubmatch(first.out)[1]
	c := p.everything("drafts")
	s := p.serve()
	made, err := c.call(http.MethodPost, s.url+"/api/v1/tickets", "one", matter("one", 1))
	if err != nil || made.status != 201 {
		t.Fatalf("%v %d %s", err, made.status, made.body)
	}
	code := regexp.MustCompile(`"code":"(\w+)"`).FindSubmatch(made.body)[1]
	at := fmt.Sprintf("%s/console/t/%s", s.url, code)

	w := newComputer(t)
	w.do(chromedp.Navigate(at))
	w.fill("#f-name", "thu.hang", "#f-password", given)
	w.until("the page of the password", `location.pathname === "/mat-khau"`)
	const secret = "một câu dài dễ nhớ"
	w.fill(`input[name=old]`, given, `input[name=password]`, secret, `input[name=again]`, secret)
	w.until("being in", `location.pathname !== "/mat-khau"`)
	w.do(chromedp.Navigate(at), chromedp.Focus(chromedp.CSS("#text")), chromedp.SendKeys(chromedp.CSS("#text"), "Dạ, đội trực tới lúc 8 giờ"))
	w.until("saving", `document.querySelector("[data-saved]").textContent === "Đã lưu nháp"`)
	w.do(chromedp.SendKeys(chromedp.CSS("#text"), ", ạ."))
	s.kill()

	s = p.serve()
	w.until("the words handed over to the new server by themselves", `document.querySelector("[data-saved]").textContent === "Đã lưu nháp"`)
	w.do(chromedp.Reload())
	w.until("all words after the kill", `document.getElementById("text")?.value === "Dạ, đội trực tới lúc 8 giờ, ạ."`)
	s.kill()
	s = p.serve()
	other := newComputer(t)
	other.do(chromedp.Navigate(at))
	other.fill("#f-name", "thu.hang", "#f-password", secret)
	other.until("the words on another computer", `document.getElementById("text")?.value === "Dạ, đội trực tới lúc 8 giờ, ạ."`)
	s.stop()
	p.run("verify").wants(0)
}

package webchat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/realtime"
	"hotline1022/ticketing"
	"hotline1022/ticketing/attachments"
	"hotline1022/ticketing/store/sqlite"
)

var update = flag.Bool("update", false, "write the golden files anew")

const patient = 20 * time.Second // how long a test waits before it calls something broken

// Monday morning, office hours.
var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, ticketing.Zone)

// clock is time that tests move; a running one goes on by itself, too.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	since time.Time // when it was let run; zero stands still
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() {
		return c.now
	}
	return c.now.Add(time.Since(c.since))
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// house is a hotline with the chat on a real store behind a real listener, its live line and its courier at work.
type house struct {
	testing.TB
	clock *clock
	store ticketing.Store
	desk  *ticketing.Desk
	ch    *Channel
	hub   *realtime.Hub
	gate  *gate
	app   func(*fiber.App) // adds to what is served
	watch fiber.Handler    // sees each request before anybody
	base  string
}

func newHouse(t testing.TB, change ...func(*house)) *house {
	t.Helper()
	h := &house{TB: t, clock: &clock{now: monday}}
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "hotline.db"), sqlite.Options{})
	h.must(err)
	h.store = store
	t.Cleanup(func() { h.must(store.Close()) })
	files, err := attachments.Open(filepath.Join(dir, "files"))
	h.must(err)
	h.records()
	vault, err := ticketing.NewVault(store, bytes.Repeat([]byte{7}, 32), h.clock.Now)
	h.must(err)
	catalogs := &ticketing.Catalogs{Records: store}
	h.must(catalogs.Refresh(t.Context()))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	h.must(err)
	h.base = "http://" + l.Addr().String()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	h.desk = &ticketing.Desk{Store: store, Vault: vault, Files: files, Catalog: catalogs, Now: h.clock.Now, Log: log, BaseURL: h.base}
	h.hub = &realtime.Hub{
		Journal: store, Ticket: store.Ticket, Timeline: store.Timeline, Origin: h.base, Log: log,
		Hears:  func(realtime.Audience, ticketing.Ticket) bool { return false },
		Render: func(realtime.Audience, ticketing.Event, ticketing.Ticket) realtime.Change { return realtime.Change{} },
		RenderCitizen: func(_ string, e ticketing.Event, _ ticketing.Ticket) (realtime.Change, bool) {
			return realtime.Change{}, !e.Kind.Quiet() && e.Kind != ticketing.Noted
		},
	}
	h.ch = &Channel{Desk: h.desk, Log: log, Live: h.live}
	for _, f := range change {
		f(h)
	}
	h.serve(l)
	return h
}

// live joins the real hub to the channel, as the program does.
func (h *house) live(who func(*fiber.Ctx) (Follower, error)) fiber.Handler {
	return h.hub.Citizen(func(c *fiber.Ctx) (realtime.Reader, error) {
		f, err := who(c)
		return realtime.Reader{Ticket: f.Ticket, Lang: f.Lang, Session: f.Device, IP: f.IP, Chats: true}, err
	})
}

func (h *house) serve(l net.Listener) {
	h.Helper()
	app := fiber.New(fiber.Config{Immutable: true, DisableStartupMessage: true, StreamRequestBody: true, DisablePreParseMultipartForm: true, BodyLimit: 256 << 10})
	if h.watch != nil {
		app.Use(h.watch)
	}
	if h.gate != nil {
		app.Use(h.gate.pass)
	}
	h.ch.Mount(app)
	if h.app != nil {
		h.app(app)
	}
	app.Get("/house/*", func(c *fiber.Ctx) error { // the pages' fonts and icons
		body, err := os.ReadFile(filepath.Join("../../ui/static", filepath.Clean("/"+c.Params("*"))))
		c.Type(filepath.Ext(c.Path()))
		return errors.Join(err, c.Send(body))
	})
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	courier := &ticketing.Courier{Desk: h.desk, Senders: map[ticketing.Channel]ticketing.Sender{ticketing.Chat: h.ch}, Log: h.desk.Log}
	work.Go(func() { _ = h.hub.Run(ctx) })
	work.Go(func() { _ = courier.Run(ctx) })
	work.Go(func() { _ = app.Listener(l) })
	h.Cleanup(func() {
		within, done := context.WithTimeout(context.Background(), patient)
		defer done()
		h.must(h.hub.Shutdown(within))
		_ = app.ShutdownWithContext(within)
		_ = l.Close() // a test that asked nothing may be here before the server
		cancel()
		work.Wait()
	})
	h.wait("the hub is ready", h.hub.Ready)
}

// records are the settings of a small province.
func (h *house) records() {
	put := func(kind, id string, doc any) {
		raw, err := json.Marshal(doc)
		h.must(err)
		h.must(h.store.Put(context.Background(), ticketing.Record{Kind: kind, ID: id, Version: 1, At: monday, By: "test", Doc: raw}))
	}
	put(ticketing.KindAgency, "so-xd", ticketing.Agency{ID: "so-xd", Name: "Sở Xây dựng", NameEN: "Department of Construction"})
	put(ticketing.KindConsent, "2026-01", ticketing.Consent{ID: "2026-01",
		Text: "Tôi đồng ý để Tổng đài 1022 dùng họ tên và số liên lạc này để xử lý và trả lời phản ánh.",
		EN:   "I agree that Hotline 1022 uses this name and contact to handle and answer my report."})
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// wait looks until something is so; looking, not synchronising.
func (h *house) wait(what string, ok func() bool) {
	h.Helper()
	for deadline := time.Now().Add(patient); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.Fatalf("waited in vain until %s", what)
		}
	}
}

// until waits for the ticket to be as ok says; every commit makes it look again.
func (h *house) until(code ticketing.Code, what string, ok func(ticketing.Ticket) bool) ticketing.Ticket {
	h.Helper()
	ctx, done := context.WithTimeout(h.Context(), patient)
	defer done()
	for {
		bell := h.store.Bell()
		t, err := h.store.Ticket(ctx, code)
		h.must(err)
		if ok(t) {
			return t
		}
		select {
		case <-bell:
		case <-ctx.Done():
			h.Fatalf("waited in vain until %s: %+v", what, t.Sending)
		}
	}
}

func (h *house) tickets() []ticketing.Ticket {
	h.Helper()
	page, err := h.store.List(h.Context(), ticketing.Filter{Scope: ticketing.Scope{All: true}, Sort: ticketing.ByOldest, Limit: 200})
	h.must(err)
	return page.Tickets
}

func (h *house) only() ticketing.Ticket {
	h.Helper()
	all := h.tickets()
	if len(all) != 1 {
		h.Fatalf("%d tickets, want one", len(all))
	}
	return all[0]
}

func (h *house) events(code ticketing.Code) []ticketing.Event {
	h.Helper()
	events, err := h.store.Timeline(h.Context(), code, 0)
	h.must(err)
	return events
}

var operator = ticketing.Actor{ID: "hang", Role: ticketing.Operator, Name: "Nguyễn Thị Thu Hằng"}

func (h *house) do(code ticketing.Code, by ticketing.Actor, cmd ticketing.Command) ticketing.Ticket {
	h.Helper()
	t, err := h.desk.Do(h.Context(), by, code, cmd)
	h.must(err)
	return t
}

// window is a browser's window as far as HTTP sees it.
type window struct {
	*house
	key     string
	form    string
	headers http.Header // over the usual ones; an empty value takes one away
}

var devices int

// window of a new device. The page was opened long enough ago.
func (h *house) window() *window {
	devices++
	raw := bytes.Repeat([]byte{byte(devices)}, 32)
	raw[0] = byte(devices >> 8)
	w := &window{house: h, key: b64.EncodeToString(raw), form: h.ch.newForm(), headers: http.Header{}}
	h.clock.Advance(5 * time.Second)
	return w
}

type answer struct {
	*http.Response
	body []byte
}

func (w *window) do(method, path, kind string, body io.Reader) answer {
	w.Helper()
	r, err := http.NewRequest(method, w.base+path, body)
	w.must(err)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if w.key != "" {
		r.Header.Set(keyHeader, w.key)
	}
	if method == http.MethodPost {
		r.Header.Set("Origin", w.base)
	}
	for k, v := range w.headers {
		if r.Header[k] = v; len(v) == 0 || v[0] == "" {
			r.Header.Del(k)
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	w.must(err)
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	w.must(err)
	return answer{resp, all}
}

func (w *window) get(path string) answer { w.Helper(); return w.do("GET", path, "", nil) }

// upload is a file of a form.
type upload struct {
	name string
	body []byte
}

// form makes a multipart body of pairs, then files.
func multi(pairs []string, files ...upload) (kind string, body *bytes.Buffer) {
	body = new(bytes.Buffer)
	m := multipart.NewWriter(body)
	for i := 0; i+1 < len(pairs); i += 2 {
		_ = m.WriteField(pairs[i], pairs[i+1])
	}
	for _, f := range files {
		part, _ := m.CreateFormFile("files", f.name)
		_, _ = part.Write(f.body)
	}
	_ = m.Close()
	return m.FormDataContentType(), body
}

var names atomic.Int64

func nextName() string { return fmt.Sprintf("%032x", names.Add(1)) }

// post sends a message; pairs may override any field.
func (w *window) post(pairs []string, files ...upload) answer {
	w.Helper()
	fields := map[string]string{"key": nextName(), "form": w.form}
	for i := 0; i+1 < len(pairs); i += 2 {
		fields[pairs[i]] = pairs[i+1]
	}
	var all []string
	for k, v := range fields {
		all = append(all, k, v)
	}
	kind, body := multi(all, files...)
	return w.do("POST", "/nhung/chat/send", kind, body)
}

func (w *window) say(text string, more ...string) answer {
	w.Helper()
	return w.post(append([]string{"text", text}, more...))
}

// wants checks the status and that the body holds the sentences.
func (a answer) wants(h testing.TB, status int, sentences ...string) answer {
	h.Helper()
	if a.StatusCode != status {
		h.Fatalf("%s %s: %d, want %d\n%.2000s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.body)
	}
	for _, s := range sentences {
		if !strings.Contains(string(a.body), s) {
			h.Errorf("%s %s: %q is not there\n%.4000s", a.Request.Method, a.Request.URL.Path, s, a.body)
		}
	}
	return a
}

func (a answer) lacks(h testing.TB, sentences ...string) answer {
	h.Helper()
	for _, s := range sentences {
		if strings.Contains(string(a.body), s) {
			h.Errorf("%s %s: %q is there and should not be", a.Request.Method, a.Request.URL.Path, s)
		}
	}
	return a
}

func (a answer) view(h testing.TB) (v view) {
	h.Helper()
	if err := json.Unmarshal(a.body, &v); err != nil {
		h.Fatalf("%v\n%.2000s", err, a.body)
	}
	return v
}

// says sends a message that must be taken, and is the conversation afterwards.
func (w *window) says(text string, more ...string) view {
	w.Helper()
	w.say(text, more...).wants(w, 200)
	return w.thread()
}

func (w *window) thread() view {
	w.Helper()
	return w.get("/nhung/chat/thread").wants(w, 200).view(w)
}

func (w *window) seen(state string, receipts ...string) answer {
	w.Helper()
	raw, err := json.Marshal(map[string][]string{state: receipts})
	w.must(err)
	return w.do("POST", "/nhung/chat/seen", "application/json", bytes.NewReader(raw))
}

// picture is a photograph of a street at dusk, more or less.
func picture(wide, high int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, wide, high))
	for y := range high {
		for x := range wide {
			c := color.RGBA{uint8(40 + 120*y/high), uint8(60 + 90*y/high), uint8(120 - 40*y/high), 255}
			if y > high*2/3 {
				c = color.RGBA{uint8(60 + (x+y)%17), uint8(60 + (x*y)%13), 66, 255}
			}
			if d := (x-wide/3)*(x-wide/3) + (y-high/2)*(y-high/2); d < high*high/90 {
				c = color.RGBA{255, 226, 140, 255}
			}
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, img, nil)
	return b.Bytes()
}

package telegram

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
	"hotline1022/ticketing/attachments"
	"hotline1022/ticketing/store/sqlite"
)

var rewrite = flag.Bool("update", false, "write the golden files anew")

// clock is time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// rest is a wait that moves the clock instead.
func (c *clock) rest(ctx context.Context, d time.Duration) error {
	c.Advance(d)
	return ctx.Err()
}

const (
	token  = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
	secret = "bi-mat_cua-webhook"
)

// house is a hotline with the Telegram channel on a real store, and the simulated platform on the other side.
type house struct {
	*testing.T
	clock *clock // the desk's and Telegram's dates
	pace  *clock // of the limits per second: waiting moves it
	sim   *simulator.Telegram
	store ticketing.Store
	files *attachments.Folder
	ch    *Channel
	desk  *ticketing.Desk
	conf  Config
	dir   string
	log   *lines
}

// lines keeps what was logged.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
	out io.Writer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all.Write(p)
	return l.out.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// newHouse has a webhook.
func newHouse(t *testing.T, more ...func(*simulator.TelegramSettings)) *house {
	t.Helper()
	h := emptyHouse(t, secret, more...)
	h.sim.SetWebhook(h.listen(h.ch), secret)
	return h
}

// unlimited is for tests in which several send at once: where waiting only moves a clock, a message that did not wait
// may arrive after one that did, and in one second with it.
func unlimited(s *simulator.TelegramSettings) { s.Unlimited = true }

func pollingHouse(t *testing.T, more ...func(*simulator.TelegramSettings)) *house {
	t.Helper()
	return emptyHouse(t, "", more...)
}

func emptyHouse(t *testing.T, secret string, more ...func(*simulator.TelegramSettings)) *house {
	t.Helper()
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, ticketing.Zone)
	h := &house{T: t, clock: &clock{now: start}, pace: &clock{now: start}, dir: t.TempDir(), log: &lines{out: io.Discard}}
	if testing.Verbose() {
		h.log.out = t.Output()
	}
	set := simulator.TelegramSettings{Token: token, Now: h.clock.Now, Pace: h.pace.Now, Scale: 1e3}
	for _, f := range more {
		f(&set)
	}
	var err error
	h.sim, err = simulator.NewTelegram(set)
	must(t, err)
	t.Cleanup(func() { h.sim.Close() })
	h.conf = Config{Token: token, Secret: secret, API: h.sim.URL()}
	h.files, err = attachments.Open(filepath.Join(h.dir, "files"))
	must(t, err)
	h.openStore()
	t.Cleanup(func() { h.store.Close() })
	h.ch = h.process(h.store)
	h.desk = h.ch.Desk
	return h
}

func (h *house) openStore() {
	h.Helper()
	store, err := sqlite.Open(h.Context(), filepath.Join(h.dir, "hotline.db"), sqlite.Options{})
	must(h.T, err)
	h.store = store
}

// process is one more hotline on the store.
func (h *house) process(store ticketing.Store) *Channel {
	h.Helper()
	vault, err := ticketing.NewVault(store, bytes.Repeat([]byte{7}, 32), h.clock.Now)
	must(h.T, err)
	catalogs := &ticketing.Catalogs{Records: store}
	must(h.T, catalogs.Refresh(h.Context()))
	log := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	desk := &ticketing.Desk{
		Store: store, Vault: vault, Files: h.files, Catalog: catalogs, Now: h.clock.Now, Log: log, BaseURL: "https://1022.example.vn",
	}
	ch, err := Open(h.conf, desk, log)
	must(h.T, err)
	ch.pace.now, ch.pace.wait = h.pace.Now, h.pace.rest
	return ch
}

// listen serves the channel's webhook on a free port.
func (h *house) listen(ch *Channel) (hook string) {
	h.Helper()
	app := fiber.New(fiber.Config{DisableStartupMessage: true, Immutable: true})
	ch.Mount(app)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(h.T, err)
	go app.Listener(l)
	h.Cleanup(func() { app.Shutdown() })
	return "http://" + l.Addr().String() + "/webhooks/telegram"
}

// settled waits until no update waits at the platform.
func (h *house) settled() simulator.TelegramPushes {
	h.Helper()
	p, err := h.sim.Settled(h.soon())
	must(h.T, err)
	return p
}

// soon is a context that ends a test which waits for what never comes.
func (h *house) soon() context.Context {
	ctx, cancel := context.WithTimeout(h.Context(), 30*time.Second)
	h.Cleanup(cancel)
	return ctx
}

func (h *house) tickets() []ticketing.Ticket {
	h.Helper()
	page, err := h.store.List(h.Context(), ticketing.Filter{Scope: ticketing.Scope{All: true}, Sort: ticketing.ByOldest, Limit: 200})
	must(h.T, err)
	return page.Tickets
}

// only is the one ticket there is.
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
	must(h.T, err)
	return events
}

func (h *house) last(code ticketing.Code) ticketing.Event {
	h.Helper()
	all := h.events(code)
	return all[len(all)-1]
}

func (h *house) count(code ticketing.Code, kinds ...ticketing.EventKind) (n int) {
	h.Helper()
	for _, e := range h.events(code) {
		for _, k := range kinds {
			if e.Kind == k {
				n++
			}
		}
	}
	return n
}

func (h *house) person(user int64) ticketing.Person {
	h.Helper()
	id, err := h.desk.Vault.Identify(h.Context(), ticketing.Contact{Channel: ticketing.Telegram, ID: strconv.FormatInt(user, 10)})
	must(h.T, err)
	p, _, err := h.desk.Vault.Person(h.Context(), id)
	if err != nil && !errors.Is(err, ticketing.ErrNotFound) {
		h.Fatal(err)
	}
	return p
}

// errands does everything that is due, on this goroutine.
func (h *house) errands() {
	h.Helper()
	for {
		select {
		case <-h.ch.toDo:
			continue
		default:
		}
		break
	}
	must(h.T, h.ch.lookForErrands(h.Context()))
	for {
		select {
		case id := <-h.ch.toDo:
			_ = h.ch.runErrand(h.Context(), id) // what becomes of it is what tests look at
		default:
			return
		}
	}
}

// said is the last words the chat has got from the bot, after everything due was done.
func (h *house) said(chat int64) string {
	h.Helper()
	h.settled()
	h.errands()
	in := h.sim.Inbox(chat)
	if len(in) == 0 {
		h.Fatal("nothing was said")
	}
	return in[len(in)-1].Text
}

// work runs something until the test ends.
func (h *house) work(run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(h.Context()))
	ended := make(chan struct{})
	go func() { defer close(ended); _ = run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-ended })
	h.Cleanup(stop)
	return stop
}

func (h *house) courier() *ticketing.Courier {
	return &ticketing.Courier{Desk: h.desk, Senders: map[ticketing.Channel]ticketing.Sender{ticketing.Telegram: h.ch}, Log: h.desk.Log}
}

func (h *house) collector() *ticketing.Collector {
	return &ticketing.Collector{Desk: h.desk, Sources: map[ticketing.Channel]ticketing.Source{ticketing.Telegram: h.ch.Source()}, Log: h.desk.Log}
}

// until waits for the ticket to be as ok says; every commit makes it look again.
func (h *house) until(code ticketing.Code, ok func(ticketing.Ticket) bool) ticketing.Ticket {
	h.Helper()
	ctx := h.soon()
	for {
		bell := h.store.Bell()
		t, err := h.store.Ticket(ctx, code)
		must(h.T, err)
		if ok(t) {
			return t
		}
		select {
		case <-bell:
		case <-ctx.Done():
			h.Fatalf("it never came so far: %+v", t.Sending)
		}
	}
}

var operator = ticketing.Actor{ID: "lan", Role: ticketing.Operator}

func (h *house) do(code ticketing.Code, cmd ticketing.Command) ticketing.Ticket {
	h.Helper()
	t, err := h.desk.Do(h.Context(), operator, code, cmd)
	must(h.T, err)
	return t
}

func (h *house) answer(code ticketing.Code, text string) ticketing.Ticket {
	h.Helper()
	return h.do(code, ticketing.Command{Verb: ticketing.AnswerIt, Text: text, Outcome: ticketing.Done})
}

// outbound is a message to the chat, as the courier would hand it over.
func outbound(to int64, text string, files ...ticketing.File) ticketing.Outbound {
	return ticketing.Outbound{To: strconv.FormatInt(to, 10), Ticket: "AAAABBBBCCCC", N: 1, Try: 1, Text: text, Files: files}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// noise is a picture that does not compress.
func noise(w, h int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.RGBA{uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.Uint32()), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

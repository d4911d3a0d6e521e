package zalo

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
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
	"hotline1022/ticketing/attachments"
	"hotline1022/ticketing/store/sqlite"
)

var update = flag.Bool("update", false, "write the golden files anew")

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

// house is a hotline with the Zalo channel on a real store, and the simulated platform on the other side.
type house struct {
	testing.TB
	clock *clock
	sim   *simulator.Zalo
	store ticketing.Store
	files *attachments.Folder
	ch    *Channel
	desk  *ticketing.Desk
	conf  Config
	dir   string
}

const (
	appID, oaID, secret, appSecret = "3608465248940903967", "388613280878808645", "oa-key", "app-key"
)

func newHouse(t testing.TB, more ...func(*simulator.ZaloSettings)) *house {
	t.Helper()
	h := &house{TB: t, clock: &clock{now: time.Date(2026, 11, 23, 9, 0, 0, 0, ticketing.Zone)}, dir: t.TempDir()}
	set := simulator.ZaloSettings{
		AppID: appID, AppSecret: appSecret, OASecretKey: secret, OAID: oaID, Now: h.clock.Now, Scale: 1e5,
	}
	for _, f := range more {
		f(&set)
	}
	var err error
	h.sim, err = simulator.NewZalo(set)
	must(t, err)
	t.Cleanup(func() { h.sim.Close() })
	h.conf = Config{
		AppID: appID, AppSecret: appSecret, OASecretKey: secret, OAID: oaID, RefreshToken: h.sim.Grant(),
		API: h.sim.URL(), OAuth: h.sim.URL(), Business: h.sim.URL(),
		Template: "7", TemplateData: `{"ten":"{name}","ma":"{code}","duong_dan":"{link}"}`,
	}
	h.files, err = attachments.Open(filepath.Join(h.dir, "files"))
	must(t, err)
	h.openStore()
	t.Cleanup(func() { h.store.Close() })
	h.ch = h.process(h.store)
	h.desk = h.ch.Desk
	h.sim.SetWebhook(h.listen(h.ch))
	return h
}

func (h *house) openStore() {
	h.Helper()
	store, err := sqlite.Open(h.Context(), filepath.Join(h.dir, "hotline.db"), sqlite.Options{})
	must(h.TB, err)
	h.store = store
}

// process is one more hotline on the store.
func (h *house) process(store ticketing.Store) *Channel {
	h.Helper()
	vault, err := ticketing.NewVault(store, bytes.Repeat([]byte{7}, 32), h.clock.Now)
	must(h.TB, err)
	catalogs := &ticketing.Catalogs{Records: store}
	must(h.TB, catalogs.Refresh(h.Context()))
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(h.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	desk := &ticketing.Desk{
		Store: store, Vault: vault, Files: h.files, Catalog: catalogs, Now: h.clock.Now, Log: log, BaseURL: "https://1022.example.vn",
	}
	ch, err := Open(h.Context(), h.conf, desk, log)
	must(h.TB, err)
	return ch
}

// listen serves the channel's webhook on a free port.
func (h *house) listen(ch *Channel) (hook string) {
	h.Helper()
	app := fiber.New(fiber.Config{DisableStartupMessage: true, Immutable: true})
	ch.Mount(app)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(h.TB, err)
	go app.Listener(l)
	h.Cleanup(func() { app.Shutdown() })
	return "http://" + l.Addr().String() + "/webhooks/zalo"
}

// settled waits until the platform has no event on its way.
func (h *house) settled() simulator.ZaloPushes {
	h.Helper()
	p, err := h.sim.Settled(h.soon())
	must(h.TB, err)
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
	must(h.TB, err)
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
	must(h.TB, err)
	return events
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

func (h *house) person(user string) ticketing.Person {
	h.Helper()
	id, err := h.desk.Vault.Identify(h.Context(), ticketing.Contact{Channel: ticketing.Zalo, ID: user})
	must(h.TB, err)
	p, _, err := h.desk.Vault.Person(h.Context(), id)
	if err != nil && !errors.Is(err, ticketing.ErrNotFound) {
		h.Fatal(err)
	}
	return p
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
	return &ticketing.Courier{Desk: h.desk, Senders: map[ticketing.Channel]ticketing.Sender{ticketing.Zalo: h.ch}, Log: h.desk.Log}
}

func (h *house) collector() *ticketing.Collector {
	return &ticketing.Collector{Desk: h.desk, Sources: map[ticketing.Channel]ticketing.Source{ticketing.Zalo: h.ch.Source()}, Log: h.desk.Log}
}

// until waits for the ticket to be as ok says; every commit makes it look again.
func (h *house) until(code ticketing.Code, ok func(ticketing.Ticket) bool) ticketing.Ticket {
	h.Helper()
	ctx := h.soon()
	for {
		bell := h.store.Bell()
		t, err := h.store.Ticket(ctx, code)
		must(h.TB, err)
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

// outbound is a message to the person, as the courier would hand it over.
func outbound(to, text string, files ...ticketing.File) ticketing.Outbound {
	return ticketing.Outbound{To: to, Ticket: "AAAABBBBCCCC", N: 1, Try: 1, Text: text, Files: files}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// noise is a picture that does not compress.
func noise(side int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	r := rand.New(rand.NewPCG(1, 2))
	for y := range side {
		for x := range side {
			img.Set(x, y, color.RGBA{uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.Uint32()), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

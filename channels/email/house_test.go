package email

import (
	"bytes"
	"context"
	"flag"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

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

// house is a hotline with the mailbox on a real store, and the simulated mail server on the other side.
type house struct {
	testing.TB
	clock *clock
	sim   *simulator.Email
	store ticketing.Store
	ch    *Channel
	desk  *ticketing.Desk
	conf  Config
	dir   string
}

const office = "1022@example.vn"

func newHouse(t testing.TB, more ...func(*simulator.EmailSettings)) *house {
	t.Helper()
	h := &house{TB: t, clock: &clock{now: time.Date(2026, 11, 26, 9, 0, 0, 0, ticketing.Zone)}, dir: t.TempDir()}
	set := simulator.EmailSettings{Address: office, User: "1022", Password: "mat-khau", Now: h.clock.Now}
	for _, f := range more {
		f(&set)
	}
	var err error
	h.sim, err = simulator.NewEmail(set)
	must(t, err)
	t.Cleanup(func() { h.sim.Close() })
	h.conf = Config{
		Address: office, IMAP: h.sim.IMAP(), SMTP: h.sim.SMTP(), User: set.User, Password: set.Password, AuthServ: "mx.example.vn", Pace: 6000,
	}
	h.store, err = sqlite.Open(t.Context(), filepath.Join(h.dir, "hotline.db"), sqlite.Options{})
	must(t, err)
	t.Cleanup(func() { h.store.Close() })
	h.ch = h.process(h.store)
	h.desk = h.ch.Desk
	return h
}

// process is one more hotline on the store.
func (h *house) process(store ticketing.Store) *Channel {
	h.Helper()
	files, err := attachments.Open(filepath.Join(h.dir, "files"))
	must(h, err)
	vault, err := ticketing.NewVault(store, bytes.Repeat([]byte{7}, 32), h.clock.Now)
	must(h, err)
	catalogs := &ticketing.Catalogs{Records: store}
	must(h, catalogs.Refresh(h.Context()))
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(h.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	desk := &ticketing.Desk{
		Store: store, Vault: vault, Files: files, Catalog: catalogs, Now: h.clock.Now, Log: log, BaseURL: "https://1022.example.vn",
		Carries: func(ch ticketing.Channel) bool { return ch == ticketing.Email },
	}
	ch, err := Open(h.conf, desk, log)
	must(h, err)
	ch.firstPause, ch.lastPause, ch.look = 5*time.Millisecond, 40*time.Millisecond, 10*time.Millisecond
	return ch
}

// soon is a context that ends a test which waits for what never comes.
func (h *house) soon() context.Context {
	ctx, cancel := context.WithTimeout(h.Context(), 20*time.Second)
	h.Cleanup(cancel)
	return ctx
}

func (h *house) tickets() []ticketing.Ticket {
	h.Helper()
	page, err := h.store.List(h.Context(), ticketing.Filter{Scope: ticketing.Scope{All: true}, Sort: ticketing.ByOldest, Limit: 200})
	must(h, err)
	return page.Tickets
}

// untilTickets waits for so many tickets.
func (h *house) untilTickets(n int) []ticketing.Ticket {
	h.Helper()
	var all []ticketing.Ticket
	h.wait(func() bool { all = h.tickets(); return len(all) >= n })
	if len(all) != n {
		h.Fatalf("%d tickets, want %d", len(all), n)
	}
	return all
}

// until waits for the ticket to be as ok says.
func (h *house) until(code ticketing.Code, ok func(ticketing.Ticket) bool) (t ticketing.Ticket) {
	h.Helper()
	h.wait(func() bool {
		var err error
		t, err = h.store.Ticket(h.Context(), code)
		must(h, err)
		return ok(t)
	})
	return t
}

// untilCounted waits until the channel has counted so many of something: what leaves no trace on a ticket.
func (h *house) untilCounted(what string, n int64) {
	h.Helper()
	h.wait(func() bool { return h.ch.Health().Counts[what] >= n })
}

// wait looks again at every commit, and now and then besides.
func (h *house) wait(ok func() bool) {
	h.Helper()
	ctx := h.soon()
	for {
		bell := h.store.Bell()
		if ok() {
			return
		}
		timer := time.NewTimer(5 * time.Millisecond)
		select {
		case <-bell:
		case <-timer.C:
		case <-ctx.Done():
			h.Fatalf("it never came so far: %v, %d tickets", h.ch.Health().Counts, len(h.tickets()))
		}
		timer.Stop()
	}
}

func (h *house) events(code ticketing.Code) []ticketing.Event {
	h.Helper()
	events, err := h.store.Timeline(h.Context(), code, 0)
	must(h, err)
	return events
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
	return &ticketing.Courier{Desk: h.desk, Senders: map[ticketing.Channel]ticketing.Sender{ticketing.Email: h.ch}, Log: h.desk.Log}
}

// mail is what the person has got, when so many letters have come.
func (h *house) mail(address string, n int) []simulator.EmailMessage {
	h.Helper()
	in, err := h.sim.Await(h.soon(), address, n)
	must(h, err)
	if len(in) != n {
		h.Fatalf("%d letters, want %d", len(in), n)
	}
	return in
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

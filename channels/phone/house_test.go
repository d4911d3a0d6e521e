package phone

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
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

const (
	secret, amiUser, amiSecret = "push-key", "hotline", "ami-key"
	queue                      = "hotline1022"
	binh, chi                  = "0905123182", "0914222333" // citizens
	lan, nam                   = "lan", "nam"               // operators, at 101 and 102
)

var (
	operator   = ticketing.Actor{ID: lan, Role: ticketing.Operator}
	other      = ticketing.Actor{ID: nam, Role: ticketing.Operator}
	supervisor = ticketing.Actor{ID: "mai", Role: ticketing.Supervisor}
)

// safe is a buffer several goroutines log to.
type safe struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safe) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safe) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// house is a hotline with the telephone on a real store, and the simulated exchange on the other side.
type house struct {
	*testing.T
	clock *clock
	store ticketing.Store
	sim   *simulator.Phone
	ch    *Channel
	desk  *ticketing.Desk
	conf  Config
	log   *safe
	pace  pace

	staff ticketing.Actor // who is signed in on the console
	asks  int             // marks sent to the exchange's line
}

func newHouse(t *testing.T, more ...func(*simulator.PhoneSettings)) *house {
	t.Helper()
	h := &house{T: t, clock: &clock{now: time.Date(2026, 11, 25, 9, 0, 0, 0, ticketing.Zone)}, log: &safe{}}
	set := simulator.PhoneSettings{User: amiUser, Secret: amiSecret, Now: h.clock.Now}
	for _, f := range more {
		f(&set)
	}
	var err error
	h.sim, err = simulator.NewPhone(set)
	must(t, err)
	t.Cleanup(func() { h.sim.Close() })
	h.store, err = sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "hotline.db"), sqlite.Options{})
	must(t, err)
	t.Cleanup(func() { h.store.Close() })
	h.conf = Config{
		Secret: secret, AMIAddr: h.sim.Addr(), AMIUser: amiUser, AMISecret: amiSecret, Origin: "https://1022.example.vn",
		Staff: func(*fiber.Ctx) (ticketing.Actor, error) { return h.staff, nil },
	}
	h.staff = operator
	// Quick, but for what asks the exchange: tests do that themselves.
	h.pace = pace{
		tick: 5 * time.Millisecond, look: 10 * time.Millisecond, ping: time.Hour, silence: time.Hour, snapshot: time.Hour,
		again: 10 * time.Millisecond, first: 2 * time.Millisecond, longest: 10 * time.Millisecond, refused: 5 * time.Millisecond,
		enough: usualPace.enough,
	}
	h.ch = h.process(h.store)
	h.desk = h.ch.Desk
	return h
}

// process is one more hotline on the store.
func (h *house) process(store ticketing.Store) *Channel {
	h.Helper()
	vault, err := ticketing.NewVault(store, bytes.Repeat([]byte{7}, 32), h.clock.Now)
	must(h.T, err)
	catalogs := &ticketing.Catalogs{Records: store}
	must(h.T, catalogs.Refresh(h.Context()))
	log := slog.New(slog.NewTextHandler(h.log, nil))
	desk := &ticketing.Desk{
		Store: store, Vault: vault, Catalog: catalogs, Now: h.clock.Now, Log: log, BaseURL: "https://1022.example.vn",
	}
	ch, err := Open(h.Context(), h.conf, desk, log)
	must(h.T, err)
	ch.pace = h.pace
	return ch
}

// seats gives the two operators their telephones, and puts those into the queue.
func (h *house) seats(wrapup time.Duration) {
	h.Helper()
	must(h.T, h.ch.SetExtension(h.Context(), supervisor, lan, "101"))
	must(h.T, h.ch.SetExtension(h.Context(), supervisor, nam, "102"))
	h.sim.Member(queue, "101", "Lan", wrapup)
	h.sim.Member(queue, "102", "Nam", wrapup)
}

// connect runs the channel and waits until it hears the exchange.
func (h *house) connect() (stop func()) {
	h.Helper()
	stop = h.work(h.ch.Run)
	must(h.T, h.sim.Await(h.soon(), 1, 1))
	h.heard()
	return stop
}

// heard waits until everything the exchange has said is taken and stored.
func (h *house) heard() {
	h.Helper()
	h.asks++
	mark := fmt.Sprintf("mark/%d", h.asks)
	h.until(func() bool { // again where the connection was cut meanwhile
		h.sim.Raw("Event: QueueMemberAdded\r\nInterface: " + mark + "\r\nQueue: mark\r\nTimestamp: " + fmt.Sprint(h.clock.Now().Unix()) + "\r\n\r\n")
		h.ch.mu.Lock()
		defer h.ch.mu.Unlock()
		return h.ch.agents[mark] != nil
	})
	h.ch.settle()
	h.ch.flush(h.Context())
}

// watchful makes the channel ask for snapshots all the time; before connect.
func (h *house) watchful() { h.ch.pace.snapshot = 5 * time.Millisecond }

// looked waits for so many snapshots that are asked for from now on.
func (h *house) looked(times int64) {
	h.Helper()
	before := h.ch.Health().Counts["snapshot"] + 1 // one may be on its way
	h.until(func() bool { return h.ch.Health().Counts["snapshot"] > before+times })
	h.heard()
}

// listen serves the channel's surfaces on a free port.
func (h *house) listen(ch *Channel) (url string) {
	h.Helper()
	app := fiber.New(fiber.Config{DisableStartupMessage: true, Immutable: true})
	ch.Mount(app)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(h.T, err)
	go app.Listener(l)
	h.Cleanup(func() { app.Shutdown() })
	return "http://" + l.Addr().String()
}

func (h *house) bridge(url string, mood simulator.BridgeMood) *simulator.Bridge {
	return simulator.NewBridge(simulator.BridgeSettings{
		URL: url + "/webhooks/phone", Secret: secret, Now: h.clock.Now, Scale: 1e4, Mood: mood,
	})
}

// soon is a context that ends a test which waits for what never comes.
func (h *house) soon() context.Context {
	ctx, cancel := context.WithTimeout(h.Context(), 20*time.Second)
	h.Cleanup(cancel)
	return ctx
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

// until waits for something to be so; every change makes it look again.
func (h *house) until(ok func() bool) {
	h.Helper()
	ctx := h.soon()
	for {
		bell := h.ch.Bell()
		if ok() {
			return
		}
		timer := time.NewTimer(5 * time.Millisecond)
		select {
		case <-bell:
		case <-timer.C:
		case <-ctx.Done():
			h.Fatalf("it never came so far: %+v\n%s", h.ch.Health(), h.calls())
		}
	}
}

// stored is every call in the store, by id.
func (h *house) stored() map[string]Call {
	h.Helper()
	records, err := h.store.All(h.Context(), kindCall, "")
	must(h.T, err)
	out := map[string]Call{}
	for _, r := range records {
		var c Call
		must(h.T, json.Unmarshal(r.Doc, &c))
		out[c.ID] = c
	}
	return out
}

// only is the one call there is.
func (h *house) only() Call {
	h.Helper()
	all := h.stored()
	if len(all) != 1 {
		h.Fatalf("%d calls, want one:\n%s", len(all), h.calls())
	}
	for _, c := range all {
		return c
	}
	panic("unreachable")
}

func (h *house) calls() string {
	raw, _ := json.MarshalIndent(h.stored(), "", " ")
	return string(raw)
}

func (h *house) book() []Callback {
	h.Helper()
	b, err := h.ch.Callbacks(h.Context())
	must(h.T, err)
	return b
}

func (h *house) citizen(number string) ticketing.CitizenID {
	h.Helper()
	id, err := h.desk.Vault.Identify(h.Context(), ticketing.PhoneContact(citizenNumber(number)))
	must(h.T, err)
	return id
}

// versions counts the stored versions of all records of the channel's own kinds.
func (h *house) versions() (n int) {
	h.Helper()
	for _, kind := range []string{kindCall, kindDay, kindOpen, kindCallback} {
		records, err := h.store.All(h.Context(), kind, "")
		must(h.T, err)
		for _, r := range records {
			history, err := h.store.History(h.Context(), kind, r.ID)
			must(h.T, err)
			n += len(history)
		}
	}
	return n
}

// state is what the person at the extension does, and for how long.
func (h *house) state(extension string) (AgentState, time.Duration) {
	h.Helper()
	for _, a := range h.ch.Agents() {
		if a.Extension == extension {
			return a.State, h.clock.Now().Sub(a.Since)
		}
	}
	return "", 0
}

func (h *house) at(seconds float64) time.Time {
	start := time.Date(2026, 11, 25, 9, 0, 0, 0, ticketing.Zone)
	return start.Add(time.Duration(seconds * float64(time.Second))).UTC()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// holdsNumber says whether a text holds a citizen's number in any spelling.
func holdsNumber(s string) bool {
	for _, number := range []string{binh, chi} {
		if strings.Contains(s, number[1:]) {
			return true
		}
	}
	return false
}

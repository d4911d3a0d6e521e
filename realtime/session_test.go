package realtime_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"hotline1022/realtime"
	"hotline1022/ticketing"
)

func TestLogoutClosesTheSessionsSockets(t *testing.T) {
	h := build(t, newPaper())
	one, two := h.open("role=operator&session=anna"), h.open("role=officer&agency=water&session=anna")
	other := h.open("role=operator&session=binh")
	h.hub.Close("anna", websocket.ClosePolicyViolation, "signed out")
	for _, s := range []*screen{one, two} {
		if c := s.closed(); c.Code != 1008 || c.Text != "signed out" {
			t.Errorf("closed with %v", c)
		}
	}
	h.wait("they are gone", func() bool { return h.hub.Stats().Staff == 1 })
	h.hub.Close("nobody", websocket.ClosePolicyViolation, "")
	h.hub.Close("", websocket.ClosePolicyViolation, "")
	other.hearsNothingBefore(h.do("A", ticketing.Received))
}

// ledger is who may still be here.
type ledger struct {
	mu  sync.Mutex
	bad map[string]error
	ask atomic.Int64
}

func (l *ledger) check(_ context.Context, v realtime.Viewer) error {
	l.ask.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bad[v.Session]
}

func (l *ledger) set(session string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bad[session] = err
}

func TestAChangedRoleClosesTheSocket(t *testing.T) {
	l := &ledger{bad: make(map[string]error)}
	h := build(t, newPaper(), func(hub *realtime.Hub) { hub.Check = l.check })
	anna, binh := h.open("role=operator&session=anna"), h.open("role=operator&session=binh")
	h.open("role=operator&session=binh")
	l.set("anna", errors.New("now an officer"))
	before := l.ask.Load()
	h.hub.Recheck()
	if c := anna.closed(); c.Code != 1008 {
		t.Errorf("closed with %v", c)
	}
	h.wait("all were asked for, once each", func() bool { return l.ask.Load() == before+2 })
	binh.hearsNothingBefore(h.do("A", ticketing.Received))

	// What changes between signing in and opening is noticed at the door.
	conn, _, err := h.dial("/live?role=operator&session=anna", http.Header{"Origin": {origin}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, text, err := conn.ReadMessage(); !websocket.IsCloseError(err, realtime.SignIn) {
		t.Errorf("told %s, %v", text, err)
	}
}

func TestSessionsAreCheckedFromTimeToTime(t *testing.T) {
	l := &ledger{bad: make(map[string]error)}
	h := build(t, newPaper(), func(hub *realtime.Hub) {
		hub.Check, hub.Limits.Check = l.check, 10*time.Millisecond
	})
	anna, binh := h.open("role=operator&session=anna"), h.open("role=operator&session=binh")
	l.set("anna", errors.New("expired"))
	if c := anna.closed(); c.Code != 1008 {
		t.Errorf("closed with %v", c)
	}
	// A store that is away for a moment logs nobody out; one that stays away sends them to the door.
	l.set("binh", ticketing.ErrBusy)
	if c := binh.closed(); c.Code != websocket.CloseTryAgainLater {
		t.Errorf("closed with %v", c)
	}
}

func TestShutdownTellsAllToComeBack(t *testing.T) {
	h := build(t, newPaper())
	screens := []*screen{h.open("role=operator"), h.open("role=officer&agency=water")}
	h.do("A", ticketing.Received)
	screens = append(screens, h.openAt("/t/A/live?since=0"))
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	done := make(chan error)
	go func() { done <- h.hub.Shutdown(ctx) }()
	for _, s := range screens {
		c := s.closed()
		after, err := strconv.Atoi(strings.TrimPrefix(c.Text, "retry="))
		if c.Code != websocket.CloseServiceRestart || err != nil || after < 200 || after > 10200 {
			t.Errorf("closed with %v", c)
		}
		s.conn.Close()
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := h.hub.Stats(); got.Staff+got.Citizens != 0 {
		t.Errorf("%+v", got)
	}
	_, resp, err := h.dial("/live?role=operator", http.Header{"Origin": {origin}})
	if err == nil || resp == nil || resp.StatusCode != 503 {
		t.Errorf("let in after the shutdown: %v", err)
	}
}

// A reader that is dead does not hold up a shutdown for longer than a moment.
func TestShutdownDoesNotWaitForTheDead(t *testing.T) {
	row := strings.Repeat("x", 1<<20)
	h := build(t, newPaper(), func(hub *realtime.Hub) {
		hub.Limits.Write, hub.Limits.Parting = time.Hour, 50*time.Millisecond
		hub.Render = func(realtime.Audience, ticketing.Event, ticketing.Ticket) realtime.Change {
			return realtime.Change{Row: row}
		}
	})
	h.open("role=operator")
	h.do("A", ticketing.Received)
	for range 30 {
		h.do("A", ticketing.Noted)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	if err := h.hub.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

func TestPulseIsForWhoHeardSomething(t *testing.T) {
	var mu sync.Mutex
	calls := make(map[string]int)
	h := build(t, newPaper(), func(hub *realtime.Hub) {
		hub.Limits.Pulse = 5 * time.Millisecond
		hub.Pulse = func(_ context.Context, a realtime.Audience) any {
			mu.Lock()
			defer mu.Unlock()
			if calls[a.Agency]++; calls[a.Agency] == 3 {
				panic("pulse")
			}
			return map[string]int{a.Agency: calls[a.Agency]}
		}
	})
	pulse := func(s *screen) string {
		for {
			if it := s.next(); it.Pulse != nil {
				return string(it.Pulse)
			}
		}
	}
	water, power := h.open("role=officer&agency=water"), h.open("role=officer&agency=power")
	if got := pulse(water); got != `{"water":1}` {
		t.Errorf("first pulse %s", got)
	}
	if got := pulse(power); got != `{"power":1}` {
		t.Errorf("first pulse %s", got)
	}
	for n := range 3 { // the second of them panics, and that is all it does
		code := ticketing.Code("T" + strconv.Itoa(n))
		h.do(code, ticketing.Received)
		h.do(code, ticketing.RoutedTo, to("water"))
		h.wait("the pulse is made", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return calls["water"] >= n+2
		})
	}
	if got := pulse(water); got != `{"water":2}` {
		t.Errorf("pulse %s", got)
	}
	if got := pulse(water); got != `{"water":4}` {
		t.Errorf("pulse %s", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if calls["power"] != 1 {
		t.Errorf("%d pulses for who heard nothing", calls["power"])
	}
}

package realtime_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"hotline1022/realtime"
	"hotline1022/ticketing"
)

// The server uses a connection's memory again as soon as the handler has returned. A writer that outlived its handler
// would write to the next caller: here one is held up in the middle of its work while its clients die and others,
// of another agency, take their place.
func TestDeadSocketsNeverWriteToOthers(t *testing.T) {
	const dead, next = 20, 40
	gate := make(chan struct{})
	var held atomic.Int64
	h := build(t, newPaper(), func(hub *realtime.Hub) {
		hub.Limits.PerSession, hub.Limits.PerIP = 100, 100
		hub.Render = func(a realtime.Audience, e ticketing.Event, t ticketing.Ticket) realtime.Change {
			if a.Agency == "water" {
				held.Add(1)
				<-gate
			}
			return render(a, e, t)
		}
	})
	var first []*screen
	for range dead {
		first = append(first, h.open("role=officer&agency=water"))
	}
	h.do("A", ticketing.Received)
	h.do("A", ticketing.RoutedTo, to("water"))
	h.wait("a writer is held up", func() bool { return held.Load() > 0 })
	for _, s := range first {
		s.kill()
	}
	var second []*screen
	for range next {
		second = append(second, h.open("role=officer&agency=power"))
	}
	if got := h.hub.Stats().Staff; got < next+1 {
		t.Errorf("%d sockets: a handler returned before its writer", got)
	}
	close(gate)
	h.do("B", ticketing.Received)
	last := h.do("B", ticketing.RoutedTo, to("power"))
	for _, s := range second {
		if c := s.hearsNothingBefore(last); !has(c, "B power for power") {
			t.Errorf("heard %+v", c)
		}
	}
	h.wait("the dead are gone", func() bool { return h.hub.Stats().Staff == next })
}

// A client that stops reading fills its own buffers and nobody else's.
func TestADeadReaderHoldsUpNobody(t *testing.T) {
	const events = 400
	row := strings.Repeat("x", 32<<10) // together more than the buffers of a connection hold
	h := build(t, newPaper(), func(hub *realtime.Hub) {
		hub.Limits.Ring, hub.Limits.Write = 512, 3*time.Second
		hub.Render = func(realtime.Audience, ticketing.Event, ticketing.Ticket) realtime.Change {
			return realtime.Change{Row: row}
		}
	})
	dead := h.open("role=operator") // never reads again
	var good sync.WaitGroup
	for range 5 {
		s := h.open("role=operator")
		good.Go(func() {
			for seq := int64(1); seq <= events; seq++ {
				if c := s.change(); c.Seq != seq || c.Row != row {
					t.Errorf("heard %d, want %d", c.Seq, seq)
					return
				}
			}
		})
	}
	h.do("A", ticketing.Received)
	for range events - 1 {
		h.write("A", ticketing.Noted)
	}
	good.Wait()
	h.wait("the dead reader is cut", func() bool { return h.hub.Stats().Staff == 5 })
	if got := h.hub.Stats(); got.Cut != 1 || got.Resets != 0 {
		t.Errorf("%+v", got)
	}
	runtime.KeepAlive(dead)
}

func TestPanicsAreSurvived(t *testing.T) {
	p := newPaper()
	h := build(t, p, func(hub *realtime.Hub) {
		hub.Render = func(a realtime.Audience, e ticketing.Event, t ticketing.Ticket) realtime.Change {
			if e.Text == "bad row" {
				panic("row")
			}
			return render(a, e, t)
		}
		hub.Hears = func(a realtime.Audience, t ticketing.Ticket) bool {
			if t.Code == "BADHEARS" {
				panic("hears")
			}
			return hears(a, t)
		}
		hub.Ticket = func(ctx context.Context, code ticketing.Code) (ticketing.Ticket, error) {
			if code == "BADTICKET" {
				panic("ticket")
			}
			return p.Ticket(ctx, code)
		}
		hub.RenderCitizen = func(lang string, e ticketing.Event, t ticketing.Ticket) (realtime.Change, bool) {
			panic("citizen")
		}
	})
	s := h.open("role=operator")
	s.hearsNothingBefore(h.do("A", ticketing.Received))
	bad := h.do("A", ticketing.Noted, func(e *ticketing.Event) { e.Text = "bad row" })
	if c := s.hearsNothingBefore(bad); !c.Stale || c.Row != "" || c.Version != 2 {
		t.Errorf("told %+v", c)
	}
	h.do("BADHEARS", ticketing.Received) // nobody hears of it
	s.hearsNothingBefore(h.do("A", ticketing.Noted))

	lost := h.do("BADTICKET", ticketing.Received) // nobody knows what it is: all load again
	if it := s.next(); it.Reset == nil || *it.Reset != lost.Seq {
		t.Errorf("told %s", it)
	}
	s.hearsNothingBefore(h.do("A", ticketing.Noted))

	citizen := h.openAt("/t/A/live?epoch=first&since=0")
	if c := citizen.closed(); c.Code != websocket.CloseTryAgainLater {
		t.Errorf("closed with %v", c)
	}
	s.hearsNothingBefore(h.do("A", ticketing.Noted))
	if got := h.hub.Stats(); got.Panics < 4 || got.Lost != 1 {
		t.Errorf("%+v", got)
	}
}

// moody is a journal that panics when asked for its name.
type moody struct {
	*paper
	bad atomic.Bool
}

func (m *moody) Epoch() string {
	if m.bad.Load() {
		panic("epoch")
	}
	return m.paper.Epoch()
}

// No recover middleware reaches the goroutines of a websocket: a panic there would end the process.
func TestAPanicInASocketEndsThatSocketOnly(t *testing.T) {
	m := &moody{paper: newPaper()}
	h := build(t, m)
	s := h.open("role=operator")
	m.bad.Store(true)
	conn, _, err := h.dial("/live?role=operator", http.Header{"Origin": {origin}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, text, err := conn.ReadMessage(); err == nil {
		t.Errorf("told %s", text)
	}
	m.bad.Store(false)
	h.wait("only that one is gone", func() bool { return h.hub.Stats().Staff == 1 })
	s.hearsNothingBefore(h.do("A", ticketing.Received))
}

func TestALargeMessageIsRefused(t *testing.T) {
	h := build(t, newPaper())
	for name, size := range map[string]int{"a little": 4097, "80 MB": 80 << 20} {
		t.Run(name, func(t *testing.T) {
			s := h.open("role=operator")
			var before, after runtime.MemStats
			big := bytes.Repeat([]byte{'x'}, size)
			runtime.ReadMemStats(&before)
			_ = s.conn.WriteMessage(websocket.TextMessage, big) // may break off midway
			err := s.read()
			if err == nil {
				t.Fatal("went on")
			}
			if size == 4097 && !websocket.IsCloseError(err, websocket.CloseMessageTooBig) {
				t.Errorf("ended with %v", err)
			}
			runtime.ReadMemStats(&after)
			if grown := after.TotalAlloc - before.TotalAlloc; size > 1<<20 && grown > uint64(size)/4 {
				t.Errorf("%d MB allocated for it", grown>>20)
			}
			h.wait("the socket is gone", func() bool { return h.hub.Stats().Staff == 0 })
		})
	}
}

func TestTooManyMessages(t *testing.T) {
	h := build(t, newPaper())
	for name, send := range map[string]func(*websocket.Conn) error{
		"messages": func(c *websocket.Conn) error { return c.WriteMessage(websocket.TextMessage, []byte(`{}`)) },
		"pings":    func(c *websocket.Conn) error { return c.WriteMessage(websocket.PingMessage, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			s := h.open("role=operator")
			for range 31 {
				if err := send(s.conn); err != nil {
					t.Fatal(err)
				}
			}
			if c := s.closed(); c.Code != websocket.ClosePolicyViolation {
				t.Errorf("closed with %v", c)
			}
		})
	}
}

func TestHeartbeatSaysHowFar(t *testing.T) {
	h := build(t, newPaper(), func(hub *realtime.Hub) { hub.Limits.Beat = 20 * time.Millisecond })
	water := h.open("role=officer&agency=water")
	last := h.do("A", ticketing.Received) // not water's, but time goes on
	pinged := make(chan struct{}, 1000)
	water.conn.SetPingHandler(func(string) error { pinged <- struct{}{}; return nil })
	for {
		it := water.next()
		if it.HB == nil {
			t.Fatalf("told %s", it)
		}
		if *it.HB == last.Seq {
			break
		}
	}
	water.next()
	<-pinged
}

func TestASilentClientIsLetGo(t *testing.T) {
	h := build(t, newPaper(), func(hub *realtime.Hub) {
		hub.Limits.Beat, hub.Limits.Read = 20*time.Millisecond, 200*time.Millisecond
	})
	// A client that answers pings stays, one that is deaf does not.
	alive := h.open("role=operator")
	deaf, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	fmt.Fprintf(deaf, "GET /live?role=operator HTTP/1.1\r\nHost: x\r\nOrigin: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", origin)
	h.wait("both are in", func() bool { return h.hub.Stats().Staff == 2 })
	for start := time.Now(); h.hub.Stats().Staff == 2; alive.next() {
		if time.Since(start) > patient {
			t.Fatal("the deaf one is still there")
		}
	}
	alive.next()
	alive.next()
	if got := h.hub.Stats().Staff; got != 1 {
		t.Errorf("%d sockets", got)
	}
}

func TestAFailedUpgradeTakesNoPlace(t *testing.T) {
	h := build(t, newPaper(), func(hub *realtime.Hub) { hub.Limits.PerIP = 1 })
	for range 5 {
		req, _ := http.NewRequest("GET", "http://"+h.addr+"/live?role=operator", nil)
		req.Header = http.Header{"Origin": {origin}, "Connection": {"Upgrade"}, "Upgrade": {"websocket"}}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == 101 || resp.StatusCode == 503 {
			t.Errorf("status %d", resp.StatusCode)
		}
	}
	h.open("role=operator")
}

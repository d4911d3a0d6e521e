package realtime_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
	"github.com/gofiber/fiber/v2"

	"hotline1022/realtime"
	"hotline1022/ticketing"
)

const (
	origin  = "https://1022.test"
	patient = 20 * time.Second // how long a test waits before it calls something broken
)

// house is a hub behind a real listener.
type house struct {
	testing.TB
	store store
	hub   *realtime.Hub
	addr  string
	stop  func() // ends the hub as a shutdown does
}

// build starts a house on the store; change may replace parts of the hub before it runs.
func build(t testing.TB, s store, change ...func(*realtime.Hub)) *house {
	t.Helper()
	h := &house{TB: t, store: s, hub: &realtime.Hub{
		Journal: s, Ticket: s.Ticket, Timeline: s.Timeline,
		Hears: hears, Render: render, RenderCitizen: renderCitizen,
		Origin: origin, Build: "1.2.3", Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.addr = listener.Addr().String()
	for _, c := range change {
		c(h.hub)
	}
	if h.hub.Origin == "" { // pages that the house itself serves
		h.hub.Origin = "http://" + h.addr
	}
	app := fiber.New(fiber.Config{DisableStartupMessage: true, Immutable: true})
	app.Get("/live", h.hub.Staff(staffByQuery))
	app.Get("/board", h.hub.Board(staffByQuery))
	app.Get("/t/:code/live", h.hub.Citizen(citizenByQuery))
	servePage(app)
	served, ran := make(chan struct{}), make(chan struct{})
	go func() { defer close(served); _ = app.Listener(listener) }()
	ctx, cancel := context.WithCancel(context.Background())
	go func() { defer close(ran); _ = h.hub.Run(ctx) }()
	stopped := false
	h.stop = func() {
		if stopped {
			return
		}
		stopped = true
		within, done := context.WithTimeout(context.Background(), patient)
		defer done()
		if err := h.hub.Shutdown(within); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		_ = app.ShutdownWithContext(within)
		cancel()
		<-served
		<-ran
	}
	t.Cleanup(h.stop)
	end, _ := s.End(ctx)
	h.wait("the hub has read the journal", func() bool {
		resp, err := http.Get("http://" + h.addr + "/live?role=operator")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK && h.hub.Stats().Head >= end
	})
	return h
}

// hears is the rule of these tests: an agency its own tickets, the centre all but denunciations.
func hears(a realtime.Audience, t ticketing.Ticket) bool {
	if a.Agency != "" {
		return t.Concerns(a.Agency)
	}
	return t.Kind != ticketing.Denunciation || a.Role == ticketing.Supervisor
}

func render(a realtime.Audience, e ticketing.Event, t ticketing.Ticket) realtime.Change {
	return realtime.Change{Row: fmt.Sprintf("<li>%s %s for %s</li>", t.Code, t.Agency, a.Agency), Say: e.Text}
}

func renderCitizen(lang string, e ticketing.Event, t ticketing.Ticket) (realtime.Change, bool) {
	return realtime.Change{Row: fmt.Sprintf("<li>%s %s %s</li>", t.Code, lang, t.Status), Say: e.Text}, e.Kind != ticketing.Noted
}

// staffByQuery believes what the address says: who may sign in is another package's matter.
func staffByQuery(c *fiber.Ctx) (realtime.Viewer, error) {
	if c.Query("role") == "" {
		return realtime.Viewer{}, &ticketing.Error{Class: ticketing.Forbidden, Key: "error.not_found"}
	}
	if c.Query("role") == "busy" {
		return realtime.Viewer{}, ticketing.ErrBusy
	}
	return realtime.Viewer{
		Audience: realtime.Audience{Role: ticketing.Role(c.Query("role")), Agency: c.Query("agency"), Lang: c.Query("lang", "vi")},
		Session:  c.Query("session"), User: c.Query("user"), Name: c.Query("name"), IP: c.Query("ip"), Bearer: c.Get("Authorization") != "",
	}, nil
}

func citizenByQuery(c *fiber.Ctx) (realtime.Reader, error) {
	return realtime.Reader{Ticket: ticketing.Code(c.Params("code")), Lang: c.Query("lang", "vi"), IP: c.Query("ip"), Chats: c.Query("chats") != ""}, nil
}

func (h *house) wait(what string, ok func() bool) {
	h.Helper()
	for deadline := time.Now().Add(patient); !ok(); time.Sleep(time.Millisecond) { // looking, not synchronising
		if time.Now().After(deadline) {
			h.Fatalf("waited in vain until %s; %+v", what, h.hub.Stats())
		}
	}
}

// do writes an event of the ticket and waits until the hub has told it.
func (h *house) do(code ticketing.Code, kind ticketing.EventKind, fill ...func(*ticketing.Event)) ticketing.Event {
	h.Helper()
	e := h.write(code, kind, fill...)
	h.wait(fmt.Sprintf("event %d is told", e.Seq), func() bool { return h.hub.Stats().Head >= e.Seq })
	return e
}

// write writes an event of the ticket; the hub may be behind.
func (h *house) write(code ticketing.Code, kind ticketing.EventKind, fill ...func(*ticketing.Event)) ticketing.Event {
	h.Helper()
	e := ticketing.Event{Ticket: code, Kind: kind, By: ticketing.Actor{Role: ticketing.Operator}, Text: string(kind)}
	if kind == ticketing.Received {
		e.MatterKind, e.Channel = ticketing.Report, ticketing.Web
	}
	for _, f := range fill {
		f(&e)
	}
	done, err := do(h.store, e)
	if err != nil {
		h.Fatalf("%s of %s: %v", kind, code, err)
	}
	return done
}

func to(agency string) func(*ticketing.Event) {
	return func(e *ticketing.Event) { e.Agency = agency }
}

// item is anything a screen is sent.
type item struct {
	Hello *struct {
		Epoch   string
		Seq     int64
		Version string
	}
	HB    *int64
	Reset *int64
	Pulse json.RawMessage

	Typing  ticketing.Code
	Looking *struct {
		Ticket ticketing.Code
		Names  []string
	}
	Own  json.RawMessage
	Eyes map[ticketing.Code][][2]string
	realtime.Change
}

func (i item) String() string {
	b, _ := json.Marshal(i)
	return string(b)
}

// screen is a client.
type screen struct {
	*house
	conn  *websocket.Conn
	epoch string
	seq   int64
	queue []item
}

// dial opens a websocket; the answer is told when it is not one.
func (h *house) dial(path string, header http.Header) (*websocket.Conn, *http.Response, error) {
	d := websocket.Dialer{HandshakeTimeout: patient, ReadBufferSize: 1024, WriteBufferSize: 1024}
	return d.Dial("ws://"+h.addr+path, header)
}

// open is a screen that has been greeted. The query says who looks: "role=officer&agency=water".
func (h *house) open(query string) *screen {
	h.Helper()
	return h.openAt("/live?" + query)
}

func (h *house) openAt(path string) *screen {
	h.Helper()
	conn, resp, err := h.dial(path, http.Header{"Origin": {origin}})
	if err != nil {
		status := 0
		if resp != nil {
			status = resp.StatusCode
		}
		h.Fatalf("dial %s: %d %v", path, status, err)
	}
	h.Cleanup(func() { conn.Close() })
	s := &screen{house: h, conn: conn}
	if first := s.next(); first.Hello == nil {
		h.Fatalf("the first message was %s", first)
	} else {
		s.epoch, s.seq = first.Hello.Epoch, first.Hello.Seq
	}
	return s
}

// again comes back as the same viewer where s left off.
func (s *screen) again(path string) *screen {
	s.Helper()
	return s.openAt(path + "&epoch=" + url.QueryEscape(s.epoch) + "&since=" + strconv.FormatInt(s.seq, 10))
}

func (s *screen) read() error {
	_ = s.conn.SetReadDeadline(time.Now().Add(patient))
	_, text, err := s.conn.ReadMessage()
	if err != nil {
		return err
	}
	if text[0] != '[' {
		text = []byte("[" + string(text) + "]")
	}
	var items []item
	if err := json.Unmarshal(text, &items); err != nil {
		s.Fatalf("unreadable message %q: %v", text, err)
	}
	s.queue = append(s.queue, items...)
	return nil
}

// next is the next thing told.
func (s *screen) next() item {
	s.Helper()
	var it item
	for it = s.take(); it.Eyes != nil; it = s.take() { // see talker
	}
	switch {
	case it.Reset != nil:
		s.seq = *it.Reset
	case it.HB != nil:
		s.seq = *it.HB
	case it.Seq > 0:
		s.seq = it.Seq
	}
	return it
}

// change is the next change, past heartbeats and pulses.
func (s *screen) take() item {
	s.Helper()
	for len(s.queue) == 0 {
		if err := s.read(); err != nil {
			s.Fatalf("read: %v", err)
		}
	}
	it := s.queue[0]
	s.queue = s.queue[1:]
	return it
}

func (s *screen) change() realtime.Change {
	s.Helper()
	for {
		switch it := s.next(); {
		case it.Seq > 0:
			return it.Change
		case it.Reset != nil:
			s.Fatalf("a reset where a change was due")
		}
	}
}

// hearsNothingBefore asserts that the next change is of that event.
func (s *screen) hearsNothingBefore(e ticketing.Event) realtime.Change {
	s.Helper()
	c := s.change()
	if c.Seq != e.Seq || c.Ticket != e.Ticket {
		s.Errorf("heard %+v before event %d of %s", c, e.Seq, e.Ticket)
	}
	return c
}

// wish sends a message and returns when the hub has read it; call the answer after something has happened that the
// screen is told of, since a client reads on while it waits.
func (s *screen) wish(text string) (heard func()) {
	s.Helper()
	ponged, read := make(chan struct{}), make(chan error, 1)
	s.conn.SetPongHandler(func(string) error { close(ponged); return nil })
	if err := s.conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		s.Fatal(err)
	}
	if err := s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(patient)); err != nil {
		s.Fatal(err)
	}
	go func() { read <- s.read() }()
	select {
	case <-ponged:
	case err := <-read:
		s.Fatalf("no pong: %v", err)
	}
	return func() {
		s.Helper()
		if err := <-read; err != nil {
			s.Fatalf("read: %v", err)
		}
	}
}

// closed reads on to the end and answers the close code.
func (s *screen) closed() *websocket.CloseError {
	s.Helper()
	for {
		err := s.read()
		if err == nil {
			continue
		}
		var closed *websocket.CloseError
		if !errors.As(err, &closed) {
			s.Fatalf("no close but %v", err)
		}
		return closed
	}
}

// kill drops the line without a word, as a lost network does.
func (s *screen) kill() {
	tcp := s.conn.UnderlyingConn().(*net.TCPConn)
	_ = tcp.SetLinger(0)
	_ = tcp.Close()
}

func has(c realtime.Change, text string) bool { return strings.Contains(c.Row, text) }

package realtime

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/websocket/v2"

	"hotline1022/ticketing"
)

// feed is where a socket's frames come from.
type feed interface {
	// next is the frames that wait, oldest first, of together about one batch. With reset the place was lost: what
	// the screen shows must be loaded again, and the feed goes on from at.
	next(ctx context.Context) (frames [][]byte, reset bool, err error)
	// at is up to where everything has been handed out. A client that comes back says it.
	at() int64
	// pulse is the last of what only its last state counts of: the person's own, figures; nil where it has been handed
	// out already.
	pulse() []byte
	// watch narrows the feed to some tickets.
	watch(codes []ticketing.Code, all bool)
}

// socket is one screen. Its handler reads, one goroutine beside it writes, and the handler returns only when that one
// has ended: the library and the server use a connection's memory again for the next caller as soon as the handler
// has returned, and a late write would go to a stranger.
type socket struct {
	hub     *Hub
	viewer  *Viewer // nil for a citizen
	session string
	home    string
	place   int // in its flock
	doubts  atomic.Int32
	feed    feed
	room    atomic.Pointer[room] // of the ticket it looks at; nil: none, or a citizen without a window

	toldTyping int64 // the writer's: the signal told last
	toldRoom   *room // of which the writer has last told who looks, at that count, and whom
	toldLooks  int64
	toldNames  string

	bell chan struct{} // one slot: a ring is never lost, and never waited for
	bye  atomic.Pointer[goodbye]

	mu   sync.Mutex
	line line // nil before the handler begins and after it ends: nobody else keeps the connection
	last bool // the read deadline is set for good
}

// line is the part of a connection that may be used from any goroutine while the handler runs.
type line interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// goodbye is how a socket is closed; code 0 says nothing to a client that is gone.
type goodbye struct {
	code   int
	reason string
}

func (s *socket) nudge() {
	select {
	case s.bell <- struct{}{}:
	default:
	}
}

// part ends the socket from outside. The first goodbye is the one that is said. A write that is stuck gets a moment.
func (s *socket) part(code int, reason string) {
	if !s.bye.CompareAndSwap(nil, &goodbye{code, reason}) {
		return
	}
	s.nudge()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line != nil {
		_ = s.line.SetWriteDeadline(time.Now().Add(s.hub.Limits.Parting))
	}
}

// renew gives the client more time to be silent, unless the socket is ending.
func (s *socket) renew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line != nil && !s.last {
		_ = s.line.SetReadDeadline(time.Now().Add(s.hub.Limits.Read))
	}
}

// cut has the reader end after at most d.
func (s *socket) cut(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = true
	if s.line != nil {
		_ = s.line.SetReadDeadline(time.Now().Add(d))
	}
}

func (s *socket) hold(l line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line = l
}

// serve is the handler: it holds the connection from the upgrade to the end.
func (s *socket) serve(ctx context.Context, c *websocket.Conn) {
	// Conn.Close does nothing under fasthttp, which closes when the handler has returned; deadlines end the reader.
	s.hold(c.UnderlyingConn())
	defer s.hold(nil)
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		parting := time.Duration(0)
		_ = s.hub.guard("writing to a socket", func() error {
			parting = s.write(ctx, c)
			return nil
		})
		s.cut(parting)
	}()
	_ = s.hub.guard("reading from a socket", func() error {
		s.read(c)
		return nil
	})
	s.part(0, "")
	cancel()
	<-ended
}

// read takes what the client sends until it goes, is silent for too long, or the writer has ended.
func (s *socket) read(c *websocket.Conn) {
	l := &s.hub.Limits
	var purse budget
	c.SetReadLimit(l.Message)
	c.SetPongHandler(func(string) error {
		s.renew()
		return nil
	})
	answer := c.PingHandler()
	c.SetPingHandler(func(data string) error {
		s.renew()
		if !purse.spend(time.Now(), l.Messages) {
			s.part(websocket.ClosePolicyViolation, "too many messages")
			return nil
		}
		return answer(data)
	})
	s.renew()
	for {
		_, text, err := c.ReadMessage()
		if err != nil {
			return
		}
		s.renew()
		if s.bye.Load() != nil {
			continue // the close is on its way: read on for its answer, heed nothing
		}
		if !purse.spend(time.Now(), l.Messages) {
			s.part(websocket.ClosePolicyViolation, "too many messages")
			continue
		}
		var w wish
		if json.Unmarshal(text, &w) != nil {
			continue
		}
		if w.Watch != nil {
			var codes []ticketing.Code
			if json.Unmarshal(w.Watch, &codes) == nil {
				s.feed.watch(codes, codes == nil)
			}
		}
		if w.Open != nil {
			s.opened(w.Open)
		}
		if w.Typing {
			s.types()
		}
	}
}

// wish is a message from a client; none is needed.
type wish struct {
	// Watch narrows a staff socket to these tickets; null takes all again. It cannot widen.
	Watch json.RawMessage `json:"watch"`
	// Open is the ticket a staff screen shows now, "" for none: of it the screen is told when its citizen is writing.
	Open json.RawMessage `json:"open"`
	// Typing says that somebody is writing: a citizen in her window, staff in the box of the open ticket.
	Typing bool `json:"typing"`
}

// budget is how many messages a client may send in each ten seconds.
type budget struct {
	since time.Time
	used  int
}

func (b *budget) spend(now time.Time, limit int) bool {
	if now.Sub(b.since) > 10*time.Second {
		b.since, b.used = now, 0
	}
	b.used++
	return b.used <= limit
}

// write is the only writer of the connection. It answers how long the reader may wait for the client's goodbye.
func (s *socket) write(ctx context.Context, c *websocket.Conn) (parting time.Duration) {
	h := s.hub
	err := s.send(c, "", h.hello(s.feed.at()))
	beat := time.NewTimer(h.Limits.Beat)
	defer beat.Stop()
	for err == nil {
		if bye := s.bye.Load(); bye != nil {
			return s.farewell(c, bye)
		}
		var frames [][]byte
		var reset bool
		if frames, reset, err = s.feed.next(ctx); err != nil {
			s.part(websocket.CloseTryAgainLater, "try again later")
			err = nil
			continue
		}
		switch {
		case reset:
			h.count.resets.Add(1)
			err = s.send(c, "", []byte(`{"reset":`+number(s.feed.at())+`}`))
			continue
		case frames != nil:
			h.count.sent.Add(int64(len(frames)))
			h.count.writes.Add(1)
			err = s.send(c, "[]", frames...)
			continue
		}
		if text := s.feed.pulse(); text != nil {
			err = s.send(c, "", text)
			continue
		}
		if text := s.typing(); text != nil {
			err = s.send(c, "", text)
			continue
		}
		if text := s.looking(); text != nil {
			err = s.send(c, "", text)
			continue
		}
		select {
		case <-s.bell:
		case <-beat.C:
			beat.Reset(h.Limits.Beat)
			// The place is the socket's own and not the hub's: everything up to it has been sent.
			if err = s.send(c, "", []byte(`{"hb":`+number(s.feed.at())+`}`)); err == nil {
				err = c.WriteControl(websocket.PingMessage, nil, time.Now().Add(h.Limits.Write))
			}
		}
	}
	if s.bye.CompareAndSwap(nil, &goodbye{}) {
		h.count.cut.Add(1)
	}
	return 0
}

func (s *socket) farewell(c *websocket.Conn, bye *goodbye) time.Duration {
	if bye.code == 0 {
		return 0
	}
	deadline := time.Now().Add(s.hub.Limits.Parting)
	if err := c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(bye.code, bye.reason), deadline); err != nil {
		return 0
	}
	return s.hub.Limits.Parting
}

// send writes one message: the parts joined by commas, within the brackets.
func (s *socket) send(c *websocket.Conn, brackets string, parts ...[]byte) error {
	if err := c.SetWriteDeadline(time.Now().Add(s.hub.Limits.Write)); err != nil {
		return err
	}
	w, err := c.NextWriter(websocket.TextMessage)
	if err != nil {
		return err
	}
	put := func(b []byte) {
		if err == nil {
			_, err = w.Write(b)
		}
	}
	if brackets != "" {
		put([]byte(brackets[:1]))
	}
	for i, part := range parts {
		if i > 0 {
			put([]byte{','})
		}
		put(part)
	}
	if brackets != "" {
		put([]byte(brackets[1:]))
	}
	if err != nil {
		return err
	}
	return w.Close()
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// quoted is the JSON string; it is used for names of our own making only.
func quoted(s string) string {
	b, _ := json.Marshal(strings.ToValidUTF8(s, ""))
	return string(b)
}

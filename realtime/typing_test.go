package realtime_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"hotline1022/realtime"
	"hotline1022/ticketing"
)

// writers may write to citizens in these tests: all but auditors.
func writers(a realtime.Audience, _ ticketing.Ticket) bool { return a.Role != ticketing.Auditor }

// conversing is a house whose clock stands; forward moves it.
func conversing(t *testing.T) (h *house, forward func(time.Duration)) {
	var now atomic.Int64
	now.Store(time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC).UnixMilli())
	h = build(t, newPaper(), func(hub *realtime.Hub) {
		hub.Writes = writers
		hub.Now = func() time.Time { return time.UnixMilli(now.Load()) }
	})
	return h, func(d time.Duration) { now.Add(d.Milliseconds()) }
}

// talker is a screen that is read all the time.
type talker struct {
	*house
	conn  *websocket.Conn
	told  chan item
	eyes  chan item // pictures of who looks at what; no test but their own waits for one
	pongs chan struct{}

	picture string // the last one
}

func (h *house) talk(path string) *talker {
	h.Helper()
	s := h.openAt(path)
	t := &talker{house: h, conn: s.conn, told: make(chan item, 100), eyes: make(chan item, 100), pongs: make(chan struct{}, 100)}
	s.conn.SetPongHandler(func(string) error { t.pongs <- struct{}{}; return nil })
	go func() {
		for s.read() == nil {
			for _, it := range s.queue {
				if it.Eyes != nil {
					t.eyes <- it
				} else {
					t.told <- it
				}
			}
			s.queue = nil
		}
	}()
	return t
}

// tells sends a message and returns when the hub has read it.
func (t *talker) tells(text string) {
	t.Helper()
	err := t.conn.WriteMessage(websocket.TextMessage, []byte(text))
	if err == nil {
		err = t.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(patient))
	}
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-t.pongs:
	case <-time.After(patient):
		t.Fatal("no pong")
	}
}

func (t *talker) next() item {
	t.Helper()
	select {
	case it := <-t.told:
		return it
	case <-time.After(patient):
		t.Fatal("told nothing")
		return item{}
	}
}

// typing is what the screen is told next, which must be that somebody is writing on the ticket.
func (t *talker) typing(code ticketing.Code) {
	t.Helper()
	if it := t.next(); it.Typing != code {
		t.Errorf("told %s, want that somebody is writing on %s", it, code)
	}
}

// event is what the screen is told next, which must be that event.
func (t *talker) event(e ticketing.Event) {
	t.Helper()
	if it := t.next(); it.Ticket != e.Ticket || it.Typing != "" {
		t.Errorf("told %s, want event %d of %s", it, e.N, e.Ticket)
	}
}

func TestTypingIsToldToWhoLooksAtTheTicketAndToNobodyElse(t *testing.T) {
	h, _ := conversing(t)
	h.do("A", ticketing.Received)
	h.do("B", ticketing.Received)
	open, elsewhere := h.talk("/live?role=operator"), h.talk("/live?role=operator")
	open.tells(`{"open":"A"}`)
	elsewhere.tells(`{"open":"B"}`)
	window, follower, other := h.talk("/t/A/live?chats=1"), h.talk("/t/A/live"), h.talk("/t/B/live?chats=1")
	window.tells(`{"typing":true}`)
	open.typing("A")
	open.tells(`{"typing":true}`)
	window.typing("A")
	elsewhere.tells(`{"typing":true}`)
	other.typing("B")
	follower.tells(`{"typing":true}`) // who only follows by the code has nothing to write with
	e := h.do("A", ticketing.Messaged)
	for _, s := range []*talker{open, elsewhere, window, follower} {
		s.event(e)
	}
	other.event(h.do("B", ticketing.Messaged))
}

func TestTypingIsOneSignalInThreeSecondsAndOldInFive(t *testing.T) {
	h, forward := conversing(t)
	h.do("A", ticketing.Received)
	window, open := h.talk("/t/A/live?chats=1"), h.talk("/live?role=operator")
	open.tells(`{"open":"A"}`)
	window.tells(`{"typing":true}`)
	open.typing("A")
	forward(2900 * time.Millisecond)
	window.tells(`{"typing":true}`)
	open.event(h.do("A", ticketing.Messaged))
	late := h.talk("/live?role=operator") // opens the ticket while the citizen is writing
	late.tells(`{"open":"A"}`)
	late.typing("A")
	forward(100 * time.Millisecond)
	window.tells(`{"typing":true}`)
	open.typing("A")
	late.typing("A")
	forward(5 * time.Second)
	stale := h.talk("/live?role=operator")
	stale.tells(`{"open":"A"}`)
	stale.event(h.do("A", ticketing.Messaged))
}

func TestTypingAsksWhoMayHearAndWhoMayWrite(t *testing.T) {
	h, _ := conversing(t)
	h.do("A", ticketing.Received)
	h.do("A", ticketing.RoutedTo, to("water"))
	window := h.talk("/t/A/live?chats=1")
	water, power, auditor := h.talk("/live?role=officer&agency=water"), h.talk("/live?role=officer&agency=power"), h.talk("/live?role=auditor")
	for _, s := range []*talker{water, power, auditor} {
		s.tells(`{"open":"A"}`)
	}
	power.tells(`{"typing":true}`) // may write to citizens, and knows nothing of this one
	auditor.tells(`{"typing":true}`)
	window.tells(`{"typing":true}`)
	water.typing("A")
	window.event(h.do("A", ticketing.Accepted))
	h.do("B", ticketing.Received)
	power.event(h.do("B", ticketing.RoutedTo, to("power")))
}

func TestARoomIsLeftWithTheSocket(t *testing.T) {
	h, _ := conversing(t)
	h.do("A", ticketing.Received)
	window, open := h.talk("/t/A/live?chats=1"), h.talk("/live?role=operator")
	open.tells(`{"open":"A"}`)
	open.tells(`{"open":"B"}`)
	if n := h.hub.Stats().Rooms; n != 2 {
		t.Errorf("%d rooms, want two", n)
	}
	open.tells(`{"open":""}`)
	if n := h.hub.Stats().Rooms; n != 1 {
		t.Errorf("%d rooms, want the window's", n)
	}
	open.tells(`{"open":"C"}`)
	open.conn.Close()
	window.conn.Close()
	h.wait("nobody looks at anything", func() bool { return h.hub.Stats().Rooms == 0 })
}

// looking is what the screen is told next, which must be who else looks at the ticket.
func (t *talker) looking(code ticketing.Code, names ...string) {
	t.Helper()
	it := t.next()
	if it.Looking == nil || it.Looking.Ticket != code || !slices.Equal(it.Looking.Names, append([]string{}, names...)) {
		t.Errorf("told %s, want that %v look at %s", it, names, code)
	}
}

// Colleagues who have the same ticket open are told of each other; nobody else is, and a person's second screen is no
// colleague.
func TestColleaguesSeeWhoLooksAtTheSameTicket(t *testing.T) {
	h, _ := conversing(t)
	h.do("A", ticketing.Received)
	h.do("A", ticketing.RoutedTo, to("water"))
	h.do("B", ticketing.Received)
	hang, again := h.talk("/live?role=operator&user=hang&name=Hằng"), h.talk("/live?role=operator&user=hang&name=Hằng")
	hang.tells(`{"open":"A"}`)
	again.tells(`{"open":"A"}`)
	toan := h.talk("/live?role=supervisor&user=toan&name=Toản")
	toan.tells(`{"open":"A"}`)
	toan.looking("A", "Hằng")
	hang.looking("A", "Toản")
	again.looking("A", "Toản")
	officer, window := h.talk("/live?role=officer&agency=water&user=uyen&name=Uyên"), h.talk("/t/A/live?chats=1")
	officer.tells(`{"open":"A"}`) // another house: neither is told of the other
	blind := h.talk("/live?role=officer&agency=power&user=sang&name=Sáng")
	other := h.talk("/live?role=officer&agency=power&user=son&name=Sơn")
	blind.tells(`{"open":"A"}`)
	other.tells(`{"open":"A"}`) // may not know of it
	toan.tells(`{"open":"B"}`)
	hang.looking("A")
	again.looking("A")
	e := h.do("A", ticketing.Messaged)
	for _, s := range []*talker{hang, again, toan, officer, window} {
		s.event(e)
	}
	toan.tells(`{"open":""}`)
	hang.tells(`{"open":"B"}`)
	e = h.do("B", ticketing.Messaged)
	for _, s := range []*talker{hang, again} {
		s.event(e)
	}
}

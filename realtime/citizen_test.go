package realtime_test

import (
	"fmt"
	"testing"

	"github.com/fasthttp/websocket"

	"hotline1022/realtime"
	"hotline1022/ticketing"
)

func TestACitizenHearsHerOwnTicketOnly(t *testing.T) {
	h := build(t, newPaper())
	h.do("X", ticketing.Received)
	h.do("A", ticketing.Received)
	h.do("B", ticketing.Received)
	anna, binh := h.openAt("/t/A/live"), h.openAt("/t/B/live?lang=en")
	if anna.seq != 1 || binh.seq != 1 {
		t.Errorf("greeted with %d, %d: the feed's numbers are not a citizen's", anna.seq, binh.seq)
	}
	h.do("B", ticketing.Noted) // internal
	h.do("B", ticketing.Messaged)
	h.do("A", ticketing.RoutedTo, to("water"))
	if c := anna.change(); c.Ticket != "A" || c.Seq != 2 || !has(c, "A vi routed") {
		t.Errorf("Anna heard %+v", c)
	}
	if c := binh.change(); c.Ticket != "B" || c.Seq != 3 || !has(c, "B en new") {
		t.Errorf("Bình heard %+v", c)
	}
	h.do("A", ticketing.Accepted)
	if c := anna.change(); c.Seq != 3 || c.Version != 3 {
		t.Errorf("Anna heard %+v", c)
	}
	if got := h.hub.Stats(); got.Citizens != 2 || got.Staff != 0 {
		t.Errorf("%+v", got)
	}
}

func TestACitizenResumesByVersion(t *testing.T) {
	h := build(t, newPaper(), func(hub *realtime.Hub) { hub.Limits.Citizen = 5 })
	h.do("A", ticketing.Received)
	for n := range 6 {
		h.do("A", ticketing.Messaged, func(e *ticketing.Event) { e.Text = fmt.Sprint("message ", n) })
	}
	s := h.openAt("/t/A/live?epoch=first&since=3")
	for want := int64(4); want <= 7; want++ {
		if c := s.change(); c.Seq != want {
			t.Fatalf("heard %d, want %d", c.Seq, want)
		}
	}
	s.kill()
	h.do("A", ticketing.Messaged)
	s = s.again("/t/A/live?lang=vi")
	if c := s.change(); c.Seq != 8 {
		t.Errorf("heard %+v", c)
	}
	for name, query := range map[string]string{
		"too much was missed":         "epoch=first&since=1",
		"another journal":             "epoch=other&since=7",
		"a version that is not there": "epoch=first&since=99",
	} {
		t.Run(name, func(t *testing.T) {
			s := h.openAt("/t/A/live?" + query)
			if it := s.next(); it.Reset == nil || *it.Reset != 8 {
				t.Errorf("told %s", it)
			}
		})
	}
	s.seq = 8
	last := h.do("A", ticketing.Messaged)
	if c := s.change(); c.Seq != int64(last.N) {
		t.Errorf("heard %+v", c)
	}
}

func TestACitizensTicketMustBeThere(t *testing.T) {
	h := build(t, newPaper())
	s := h.openAt("/t/NONE/live?epoch=first&since=0")
	if c := s.closed(); c.Code != websocket.CloseTryAgainLater {
		t.Errorf("closed with %v", c)
	}
}

// Events of other tickets do not so much as wake a citizen's socket.
func TestOtherTicketsAreNotReadForACitizen(t *testing.T) {
	p := newPaper()
	h := build(t, p, func(hub *realtime.Hub) {
		hub.RenderCitizen = func(lang string, e ticketing.Event, t ticketing.Ticket) (realtime.Change, bool) {
			if t.Code != "A" {
				panic("another's ticket")
			}
			return renderCitizen(lang, e, t)
		}
	})
	h.do("A", ticketing.Received)
	s := h.openAt("/t/A/live")
	for n := range 100 {
		h.do(ticketing.Code(fmt.Sprint("T", n)), ticketing.Received)
	}
	h.do("A", ticketing.Messaged)
	if c := s.change(); c.Seq != 2 {
		t.Errorf("heard %+v", c)
	}
	if got := h.hub.Stats(); got.Panics != 0 || got.Sent != 1 {
		t.Errorf("%+v", got)
	}
}

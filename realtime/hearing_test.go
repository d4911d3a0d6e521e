package realtime_test

import (
	"context"
	"sync"
	"testing"

	"hotline1022/realtime"
	"hotline1022/ticketing"
)

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestAnAgencyHearsItsOwnTicketsOnly(t *testing.T) {
	h := build(t, newPaper())
	operator := h.open("role=operator")
	water := h.open("role=officer&agency=water")
	power := h.open("role=officer&agency=power")

	received := h.do("A", ticketing.Received)
	routed := h.do("A", ticketing.RoutedTo, to("water"))
	h.do("B", ticketing.Received)
	other := h.do("B", ticketing.RoutedTo, to("power"))
	noted := h.do("A", ticketing.Noted)

	operator.hearsNothingBefore(received)
	operator.hearsNothingBefore(routed)
	if c := water.hearsNothingBefore(routed); !has(c, "A water for water") || c.Removed {
		t.Errorf("water was told %+v", c)
	}
	water.hearsNothingBefore(noted)
	power.hearsNothingBefore(other)
}

func TestAnAgencyThatLosesATicketIsToldToTakeItAway(t *testing.T) {
	h := build(t, newPaper())
	water := h.open("role=officer&agency=water")
	leader := h.open("role=leader&agency=water")
	power := h.open("role=officer&agency=power")
	h.do("A", ticketing.Received)
	first := h.do("A", ticketing.RoutedTo, to("water"))
	water.hearsNothingBefore(first)
	leader.hearsNothingBefore(first)

	moved := h.do("A", ticketing.RoutedTo, to("power"))
	for _, s := range []*screen{water, leader} {
		if c := s.hearsNothingBefore(moved); !c.Removed || c.Row != "" || c.Say != "" || c.Data != nil {
			t.Errorf("the agency that lost it was told %+v", c)
		}
	}
	if c := power.hearsNothingBefore(moved); !has(c, "A power for power") {
		t.Errorf("the agency that got it was told %+v", c)
	}
	h.do("A", ticketing.Noted)
	h.do("B", ticketing.Received)
	water.hearsNothingBefore(h.do("B", ticketing.RoutedTo, to("water")))

	// Given back to the centre it leaves the agency too.
	back := h.do("B", ticketing.Returned, to("power"))
	if c := water.hearsNothingBefore(back); !c.Removed {
		t.Errorf("told %+v", c)
	}
}

func TestATicketThatBecomesSecretLeavesTheOperators(t *testing.T) {
	h := build(t, newPaper())
	operator, supervisor := h.open("role=operator"), h.open("role=supervisor")
	received := h.do("A", ticketing.Received)
	operator.hearsNothingBefore(received)
	supervisor.hearsNothingBefore(received)
	secret := h.do("A", ticketing.Triaged, func(e *ticketing.Event) { e.MatterKind = ticketing.Denunciation })
	if c := operator.hearsNothingBefore(secret); !c.Removed {
		t.Errorf("told %+v", c)
	}
	if c := supervisor.hearsNothingBefore(secret); c.Removed || c.Row == "" {
		t.Errorf("told %+v", c)
	}
}

// The store may show a ticket newer than the event, all the way to another agency and back.
func TestTheTicketMayBeNewerThanTheEvent(t *testing.T) {
	p := newPaper()
	gate := make(chan struct{})
	var once sync.Once
	h := build(t, p, func(hub *realtime.Hub) {
		hub.Ticket = func(ctx context.Context, code ticketing.Code) (ticketing.Ticket, error) {
			<-gate
			return p.Ticket(ctx, code)
		}
	})
	open := func() { once.Do(func() { close(gate) }) }
	defer open()
	water, power := h.open("role=officer&agency=water"), h.open("role=officer&agency=power")
	h.write("A", ticketing.Received)
	h.write("A", ticketing.RoutedTo, to("water")) // by the time the hub looks, the ticket is power's
	h.write("A", ticketing.RoutedTo, to("power"))
	h.write("B", ticketing.Received)
	last := h.write("B", ticketing.RoutedTo, to("water"))
	open()
	removed := false
	for c := water.change(); c.Seq < last.Seq; c = water.change() {
		if c.Ticket == "A" && !c.Removed {
			t.Errorf("water was told %+v", c)
		}
		removed = removed || c.Removed // a page read in between shows it
	}
	if !removed {
		t.Error("water was not told that it lost the ticket")
	}
	if c := power.change(); has(c, "water") || c.Version != 3 {
		t.Errorf("power was told %+v", c)
	}
}

func TestOneRenderPerAudience(t *testing.T) {
	var mu sync.Mutex
	calls := make(map[realtime.Audience]map[int64]int)
	h := build(t, newPaper(), func(hub *realtime.Hub) {
		hub.Render = func(a realtime.Audience, e ticketing.Event, t ticketing.Ticket) realtime.Change {
			mu.Lock()
			defer mu.Unlock()
			if calls[a] == nil {
				calls[a] = make(map[int64]int)
			}
			calls[a][e.Seq]++
			return render(a, e, t)
		}
		hub.Limits.PerSession = 100
	})
	var screens []*screen
	for range 50 {
		screens = append(screens, h.open("role=operator"))
	}
	screens = append(screens, h.open("role=operator&lang=en"))
	var last ticketing.Event
	h.do("A", ticketing.Received)
	for range 20 {
		last = h.do("A", ticketing.Noted)
	}
	for _, s := range screens {
		for s.change().Seq < last.Seq {
		}
	}
	late := h.openAt("/live?role=operator&epoch=first&since=0") // reads the same bytes again
	for late.change().Seq < last.Seq {
	}
	if len(calls) != 2 {
		t.Errorf("rendered for %d audiences", len(calls))
	}
	for a, bySeq := range calls {
		for seq, n := range bySeq {
			if n != 1 {
				t.Errorf("event %d was rendered %d times for %+v", seq, n, a)
			}
		}
	}
	if got := h.hub.Stats().Rendered; got != 42 {
		t.Errorf("%d frames made, want 42", got)
	}
}

func TestWatchNarrowsAndNeverWidens(t *testing.T) {
	h := build(t, newPaper())
	s := h.open("role=operator")
	water := h.open("role=officer&agency=water")
	heard := s.wish(`{"watch":["B"]}`)
	heardToo := water.wish(`{"watch":["A","B"]}`)
	h.do("A", ticketing.Received) // not watched, and not water's
	created := h.do("B", ticketing.Received)
	routed := h.do("B", ticketing.RoutedTo, to("water"))
	heard()
	heardToo()
	s.hearsNothingBefore(created)
	s.hearsNothingBefore(routed)
	water.hearsNothingBefore(routed)
	heard = s.wish(`{"watch":null}`)
	all := h.do("A", ticketing.Noted)
	heard()
	s.hearsNothingBefore(all)
}

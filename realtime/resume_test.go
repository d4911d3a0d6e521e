package realtime_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"hotline1022/realtime"
	"hotline1022/ticketing"
)

// Lines break all the time while much happens: each screen hears each event once, in order.
func TestResumeLeavesNoGapAndNothingTwice(t *testing.T) {
	const events, screens = 2000, 6
	h := build(t, newPaper(), func(hub *realtime.Hub) { hub.Limits.Ring = 4096 })
	for n := range 8 {
		h.do(ticketing.Code(fmt.Sprint("T", n)), ticketing.Received)
	}
	done := make(chan error, screens)
	for n := range screens {
		path := "/live?role=operator"
		if n%2 == 1 {
			path = "/live?role=supervisor"
		}
		s := h.openAt(path + "&epoch=first&since=0")
		go func() {
			rng := rand.New(rand.NewPCG(1, uint64(n)))
			var seq int64
			for left := rng.IntN(90) + 10; seq < events; left-- {
				if left == 0 {
					s.kill()
					s = s.again(path)
					left = rng.IntN(90) + 10
				}
				if got := s.change().Seq; got != seq+1 {
					done <- fmt.Errorf("screen %d: %d after %d", n, got, seq)
					return
				}
				seq++
			}
			done <- nil
		}()
	}
	for n := range events - 8 {
		h.write(ticketing.Code(fmt.Sprint("T", n%8)), ticketing.Noted)
	}
	for range screens {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := h.hub.Stats(); got.Resets != 0 || got.Panics != 0 {
		t.Errorf("%+v", got)
	}
}

// After a restart the ring is filled from the journal. What is replayed goes through the same questions.
func TestResumeAfterARestart(t *testing.T) {
	p := newPaper()
	h := build(t, p)
	water, power := h.open("role=officer&agency=water"), h.open("role=officer&agency=power")
	h.do("A", ticketing.Received)
	water.hearsNothingBefore(h.do("A", ticketing.RoutedTo, to("water")))
	h.do("C", ticketing.Received)
	water.hearsNothingBefore(h.do("C", ticketing.RoutedTo, to("water")))
	h.stop()
	if c := water.closed(); c.Code != 1012 {
		t.Errorf("closed with %v", c)
	}

	moved := h.write("A", ticketing.RoutedTo, to("power")) // while nobody listened
	h.write("A", ticketing.Accepted)
	h.write("B", ticketing.Received)
	h.write("B", ticketing.RoutedTo, to("water"))
	gone := h.write("B", ticketing.RoutedTo, to("power")) // it came and went
	h.write("B", ticketing.Accepted)
	still := h.write("C", ticketing.Noted)

	h = build(t, p)
	water.house, power.house = h, h
	water = water.again("/live?role=officer&agency=water")
	if c := water.hearsNothingBefore(moved); !c.Removed || c.Row != "" {
		t.Errorf("after the restart water was told %+v", c)
	}
	for {
		c := water.change()
		if c.Seq == still.Seq {
			if !has(c, "C water") {
				t.Errorf("told %+v", c)
			}
			break
		}
		if c.Ticket != "B" || !c.Removed || c.Row != "" || c.Seq > gone.Seq {
			t.Errorf("after the restart water was told %+v", c)
		}
	}
	power.seq = moved.Seq - 1
	power = power.again("/live?role=officer&agency=power")
	power.hearsNothingBefore(moved)
	if got := h.hub.Stats().Resets; got != 0 {
		t.Errorf("%d resets", got)
	}
}

// The ring holds rows of the time when the ticket was still the agency's. They do not leave any more.
func TestAnOvertakenRowIsNotReplayed(t *testing.T) {
	h := build(t, newPaper())
	h.do("A", ticketing.Received)
	h.do("A", ticketing.RoutedTo, to("water"))
	h.do("A", ticketing.Noted)
	moved := h.do("A", ticketing.RoutedTo, to("power"))
	water := h.openAt("/live?role=officer&agency=water&epoch=first&since=1")
	if c := water.hearsNothingBefore(moved); !c.Removed {
		t.Errorf("told %+v", c)
	}
}

func TestReset(t *testing.T) {
	p := newPaper()
	h := build(t, p)
	for range 3 {
		h.do(ticketing.Code(fmt.Sprint("T", len(p.events))), ticketing.Received)
	}
	h.do("T0", ticketing.Noted)
	for name, query := range map[string]string{
		"another journal":    "epoch=other&since=2",
		"no journal named":   "since=2",
		"a place that is no": "epoch=first&since=x",
		"a negative place":   "epoch=first&since=-1",
		"far in the future":  "epoch=first&since=99999",
	} {
		t.Run(name, func(t *testing.T) {
			s := h.openAt("/live?role=operator&" + query)
			if it := s.next(); it.Reset == nil || *it.Reset != 4 {
				t.Errorf("told %s", it)
			}
		})
	}
	s := h.openAt("/live?role=operator&epoch=first&since=6") // its last process was two events further
	h.do("T0", ticketing.Noted)
	h.do("T0", ticketing.Noted)
	s.hearsNothingBefore(h.do("T0", ticketing.Noted))
}

func TestOlderThanTheRingIsReset(t *testing.T) {
	h := build(t, newPaper(), func(hub *realtime.Hub) { hub.Limits.Ring = 16 })
	h.do("A", ticketing.Received)
	var last ticketing.Event
	for range 40 {
		last = h.do("A", ticketing.Noted)
	}
	s := h.openAt("/live?role=operator&epoch=first&since=20")
	if it := s.next(); it.Reset == nil || *it.Reset != last.Seq {
		t.Errorf("told %s", it)
	}
	s.hearsNothingBefore(h.do("A", ticketing.Noted))
	s = h.openAt("/live?role=operator&epoch=first&since=30")
	if s.seq != 30 {
		t.Errorf("greeted with %d: a line that breaks now would leave a gap", s.seq)
	}
	for seq := int64(31); seq <= last.Seq+1; seq++ {
		if c := s.change(); c.Seq != seq {
			t.Fatalf("heard %d, want %d", c.Seq, seq)
		}
	}
}

// A screen that is held up while the ring goes round is told so once, and goes on.
func TestFallingOffTheRing(t *testing.T) {
	gate, held := make(chan struct{}), make(chan struct{}, 1)
	h := build(t, newPaper(), func(hub *realtime.Hub) {
		hub.Limits.Ring = 16
		hub.Render = func(a realtime.Audience, e ticketing.Event, t ticketing.Ticket) realtime.Change {
			if a.Lang == "en" && e.Seq == 1 {
				held <- struct{}{}
				<-gate
			}
			return render(a, e, t)
		}
	})
	slow, fast := h.open("role=operator&lang=en"), h.open("role=operator&lang=vi")
	var last ticketing.Event
	fast.hearsNothingBefore(h.do("A", ticketing.Received))
	<-held
	for range 50 {
		last = h.do("A", ticketing.Noted)
		fast.hearsNothingBefore(last)
	}
	close(gate)
	it := slow.next()
	if it.Seq == 1 { // the row it was held up with may still come
		it = slow.next()
	}
	if it.Reset == nil || *it.Reset != last.Seq {
		t.Errorf("told %s", it)
	}
	slow.hearsNothingBefore(h.do("A", ticketing.Noted))
	if got := h.hub.Stats().Resets; got != 1 {
		t.Errorf("%d resets", got)
	}
}

// An agency that hears nothing for long does not fall off: its cursor is moved along with the ring.
func TestSilenceIsNotFallingBehind(t *testing.T) {
	h := build(t, newPaper(), func(hub *realtime.Hub) { hub.Limits.Ring = 16 })
	water := h.open("role=officer&agency=water")
	operator := h.open("role=operator")
	h.do("A", ticketing.Received)
	for range 200 {
		for e := h.do("A", ticketing.Noted); operator.change().Seq < e.Seq; {
		}
	}
	h.do("B", ticketing.Received)
	water.hearsNothingBefore(h.do("B", ticketing.RoutedTo, to("water")))
}

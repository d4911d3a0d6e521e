package phone

import (
	"testing"
	"time"
)

// measured is the day's figures of all queues.
func (h *house) measured() (f Figures) {
	h.Helper()
	all, err := h.ch.Figures(h.Context(), h.at(0).Add(-time.Hour), h.at(0).Add(24*time.Hour), ByDay, "")
	must(h.T, err)
	for _, one := range all {
		f = f.Add(one)
	}
	return f
}

func TestACallThatIsGivenOnIsTheOthers(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	h.connect()
	c := h.sim.Call(binh).Enter(queue)
	h.clock.Advance(5 * time.Second)
	c.Ring("101").Take("101")
	h.clock.Advance(30 * time.Second)
	c.Blind("102")
	h.heard()
	if v := h.ch.Calls(nam); len(v) != 1 || v[0].State != Ringing {
		t.Fatalf("it does not ring at the other's: %+v\n%s", v, h.calls())
	}
	if v := h.ch.Calls(lan); len(v) != 1 || v[0].State != Ended {
		t.Errorf("she who gave her on: %+v", v)
	}
	h.clock.Advance(4 * time.Second)
	c.Picks("102", "ANSWER")
	h.heard()
	if v := h.ch.Calls(nam); len(v) != 1 || v[0].State != Answered {
		t.Errorf("the other: %+v", v)
	}
	if s, _ := h.state("102"); s != Talking {
		t.Errorf("%s", s)
	}
	h.clock.Advance(21 * time.Second)
	c.HangUp()
	h.heard()
	call := h.only()
	if len(call.Legs) != 2 || !call.Ended.Equal(h.at(60)) {
		t.Fatalf("%s", h.calls())
	}
	one, two := call.Legs[0], call.Legs[1]
	if one.Sent != blind || one.By != ByTransfer || !one.Done.Equal(h.at(35)) || one.Agent != "101" {
		t.Errorf("%+v", one)
	}
	if two.End != Connected || two.Agent != "102" || !two.Entered.Equal(h.at(35)) || !two.Left.Equal(h.at(39)) || !two.Done.Equal(h.at(60)) {
		t.Errorf("%+v", two)
	}
	f := h.measured()
	if f.Calls != 1 || f.Offered != 2 || f.Answered != 2 || f.Blind != 1 || f.Attended != 0 || f.TransferRate() != (Share{1, 2}) || f.Talked != 51*time.Second {
		t.Errorf("%+v", f)
	}
	if len(h.book()) != 0 {
		t.Errorf("%+v", h.book())
	}
	for _, who := range []string{lan, nam} { // each says what became of it
		if v := h.ch.Calls(who); len(v) != 1 || v[0].State != Ended {
			t.Errorf("%s: %+v", who, v)
		}
	}
}

func TestWhoeverHasBeenAskedHasTheCallAtOnce(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	h.connect()
	c := h.sim.Call(binh).Enter(queue).Ring("101").Take("101")
	h.clock.Advance(time.Minute)
	c.Attended("102")
	h.heard()
	if v := h.ch.Calls(nam); len(v) != 1 || v[0].State != Answered {
		t.Fatalf("%+v\n%s", v, h.calls())
	}
	h.clock.Advance(time.Minute)
	c.AgentHangsUp()
	h.heard()
	call := h.only()
	if len(call.Legs) != 2 || call.Legs[0].Sent != attended || !call.Legs[0].Done.Equal(h.at(60)) || call.Legs[1].Agent != "102" || !call.Legs[1].Done.Equal(h.at(120)) {
		t.Errorf("%s", h.calls())
	}
	if f := h.measured(); f.Attended != 1 || f.Blind != 0 || f.Answered != 2 {
		t.Errorf("%+v", f)
	}
}

func TestACallGivenOnToAQueueWaitsThere(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	h.connect()
	c := h.sim.Call(binh).Enter(queue).Ring("101").Take("101")
	h.clock.Advance(30 * time.Second)
	c.BlindToQueue("experts")
	h.heard()
	if q := h.ch.Queues(); len(q) != 1 || q[0].Name != "experts" || q[0].Waiting != 1 {
		t.Errorf("%+v", q)
	}
	h.clock.Advance(10 * time.Second)
	c.HangUp()
	h.heard()
	call := h.only()
	if len(call.Legs) != 2 || call.Legs[1].Queue != "experts" || call.Legs[1].End != GaveUp {
		t.Errorf("%s", h.calls())
	}
}

// Nobody takes the call she was given on to: it is one that was answered all the same.
func TestAGivenOnCallThatNobodyTakes(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	h.connect()
	c := h.sim.Call(binh).Enter(queue).Ring("101").Take("101")
	h.clock.Advance(30 * time.Second)
	c.Blind("102").Picks("102", "NOANSWER")
	c.HangUp()
	h.heard()
	call := h.only()
	if len(call.Legs) != 2 || call.Legs[1].End != FlowedOut || call.Legs[1].Why != "no_answer" || call.State() != Ended {
		t.Errorf("%s", h.calls())
	}
}

package phone

import (
	"testing"
	"time"
)

func TestTheBoardIsByOurOwnDefinitions(t *testing.T) {
	h := newHouse(t)
	h.ch.After = time.Minute
	h.seats(0)
	h.connect()
	empty, err := h.ch.Board(t.Context())
	must(t, err)
	if _, known := empty.Level.Percent(); known || empty.Waiting != 0 || empty.Longest != 0 {
		t.Errorf("of nothing: %+v", empty)
	}
	day(h) // one in time, one gives up after 40 s, one is timed out
	must(t, h.ch.SetState(t.Context(), other, Break, "meal"))
	h.sits("102", true, "break meal")
	h.sim.Call("0966555444").Enter(queue)
	h.clock.Advance(25 * time.Second)
	h.sim.Call("0966555445").Enter("experts")
	h.clock.Advance(5 * time.Second)
	h.heard()
	b, err := h.ch.Board(t.Context())
	must(t, err)
	if b.Waiting != 2 || b.Longest != 30*time.Second || !b.Hearing || len(b.Queues) != 2 || !b.At.Equal(h.clock.Now()) {
		t.Errorf("%+v", b)
	}
	if b.Today.Offered != 5 || b.Today.Answered != 1 || b.Today.Abandoned != 1 || b.Today.FlowedOut != 1 || b.Today.Waiting != 2 {
		t.Errorf("%+v", b.Today)
	}
	if b.Formula != 4 || b.Level != (Share{1, 2}) || b.Target != 20*time.Second {
		t.Errorf("formula %d: %+v", b.Formula, b.Level)
	}
	if b.People[Break] != 1 || b.People[AfterCall]+b.People[Ready] == 0 {
		t.Errorf("%+v", b.People)
	}
	again, err := h.ch.Board(t.Context())
	must(t, err)
	if again.Today.Offered != b.Today.Offered {
		t.Errorf("%+v", again)
	}
	h.clock.Advance(24 * time.Hour)
	next, err := h.ch.Board(t.Context())
	must(t, err)
	if next.Today.Offered != 0 {
		t.Errorf("yesterday's: %+v", next.Today)
	}
}

func TestAPersonsTime(t *testing.T) {
	h := newHouse(t)
	h.ch.After = 30 * time.Second
	h.seats(0)
	h.connect()
	say := func(state AgentState, reason string, d time.Duration) {
		must(t, h.ch.SetState(t.Context(), operator, state, reason))
		h.heard()
		h.clock.Advance(d)
	}
	say(Ready, "", 10*time.Minute)
	c := h.sim.Call(binh).Enter(queue).Ring("101").Take("101")
	h.clock.Advance(5 * time.Minute)
	c.HangUp()
	h.sits("101", true, afterReason)
	h.clock.Advance(20 * time.Second)
	h.ch.EndAfterCall(t.Context(), operator)
	h.sits("101", false, "")
	h.clock.Advance(4*time.Minute + 40*time.Second)
	say(Break, "meal", 30*time.Minute)
	say(Break, "rest", 5*time.Minute)
	say(Ready, "", 20*time.Minute)
	say(Offline, "", 3*time.Hour)
	say(Ready, "", 40*time.Hour) // forgotten
	all, err := h.ch.PeopleTime(t.Context(), h.at(0).Add(-time.Hour), h.at(0).Add(80*time.Hour))
	must(t, err)
	if len(all) != 1 {
		t.Fatalf("%+v", all)
	}
	p := all[0]
	if p.Staff != lan || p.Ready != 40*time.Minute+maxSpell || p.Break != 35*time.Minute || p.Breaks["meal"] != 30*time.Minute || p.Answered != 1 ||
		p.Talked != 5*time.Minute || p.AfterCall != 20*time.Second {
		t.Errorf("%+v", p)
	}
	part, err := h.ch.PeopleTime(t.Context(), h.at(0), h.at(0).Add(5*time.Minute))
	must(t, err)
	if part[0].Ready != 5*time.Minute || part[0].Answered != 0 {
		t.Errorf("%+v", part[0])
	}
	if o := (PersonTime{Ready: time.Hour, Talked: 30 * time.Minute, AfterCall: 15 * time.Minute}).Occupancy(); o != (Share{2700, 3600}) {
		t.Errorf("%+v", o)
	}
}

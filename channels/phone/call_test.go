package phone

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hotline1022/ticketing"
)

// anyEvent is what one event of a call may tell.
func anyEvent(r *rapid.T) Call {
	at := time.Unix(1795572000+int64(rapid.IntRange(0, 100).Draw(r, "at")), 0).UTC()
	e := pushed{
		Event:     loose(rapid.SampledFrom([]string{newCall, answer, hangup}).Draw(r, "event")),
		Direction: loose(rapid.SampledFrom([]string{"in", "out", ""}).Draw(r, "direction")),
		Queue:     loose(rapid.SampledFrom([]string{"", "a", "b"}).Draw(r, "queue")),
		Cause:     loose(rapid.SampledFrom([]string{"cancel", "busy", "normalClearing", "noAnswer", ""}).Draw(r, "cause")),
		Users:     people{loose(rapid.SampledFrom([]string{"", "101", "102"}).Draw(r, "user"))},
	}
	c := e.call("push:c", at, nil)
	c.Citizen = ticketing.CitizenID(rapid.SampledFrom([]string{"", "x"}).Draw(r, "citizen"))
	return c
}

// It does not matter in which order events are joined, nor how often: what the promise of the webhook rests on.
func TestJoiningEventsIsAJoin(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		a, b, c := anyEvent(r), anyEvent(r), anyEvent(r)
		equal := func(what string, x, y Call) {
			if d := cmp.Diff(x, y); d != "" {
				r.Fatalf("%s:\n%s", what, d)
			}
		}
		equal("a+b, b+a", join(a, b), join(b, a))
		equal("(a+b)+c, a+(b+c)", join(join(a, b), c), join(a, join(b, c)))
		equal("(a+b)+a, a+b", join(join(a, b), a), join(a, b))
	})
}

func TestAnEndThatIsKnownBetterWins(t *testing.T) {
	order := []End{Waiting, LostSight, Failed, GaveUp, FlowedOut, Connected}
	at := time.Unix(1795572000, 0).UTC()
	for i, low := range order {
		for j, high := range order[i+1:] {
			a, b := Leg{Entered: at, End: low, Left: at.Add(time.Second)}, Leg{Entered: at, End: high, Left: at.Add(time.Minute)}
			if got := joinLeg(a, b); got.End != high || !got.Left.Equal(b.Left) {
				t.Errorf("%q and %q (%d): %+v", low, high, j, got)
			}
		}
	}
}

func TestACallHasAtMostSoManyLegs(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	h.connect()
	call := h.sim.Call(binh)
	for range 3 * maxLegs {
		call.Enter(queue)
		h.clock.Advance(30 * time.Second)
		call.TimeOut("TIMEOUT")
	}
	call.HangUp()
	h.heard()
	if n := len(h.only().Legs); n != maxLegs {
		t.Errorf("%d legs", n)
	}
	if n := h.versions(); n != 3 { // the call, its line in the day's list, the item of the book
		t.Errorf("%d versions", n)
	}
}

func TestExtensions(t *testing.T) {
	h := newHouse(t)
	set := func(who ticketing.Actor, staff, extension string) ticketing.Class {
		err := h.ch.SetExtension(t.Context(), who, staff, extension)
		if err == nil {
			return -1
		}
		return ticketing.ClassOf(err)
	}
	for _, c := range []struct {
		who              ticketing.Actor
		staff, extension string
		want             ticketing.Class
	}{
		{operator, lan, "101", ticketing.Forbidden},
		{supervisor, lan, "101", -1},
		{supervisor, lan, "101", -1},
		{supervisor, nam, "101", ticketing.Conflict},
		{supervisor, nam, "10 1", ticketing.Invalid},
		{supervisor, "", "103", ticketing.Invalid},
		{supervisor, nam, "102", -1},
		{supervisor, lan, "Agent103", -1}, // she moves
		{supervisor, nam, "101", -1},      // so hers is free
	} {
		if got := set(c.who, c.staff, c.extension); got != c.want {
			t.Errorf("%s gets %q: class %d, want %d", c.staff, c.extension, got, c.want)
		}
	}
	want := map[string]string{"agent103": lan, "101": nam}
	got, err := h.process(h.store).Extensions(t.Context())
	must(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	must(t, h.ch.SetExtension(t.Context(), supervisor, nam, ""))
	if got, _ := h.ch.Extensions(t.Context()); len(got) != 1 {
		t.Errorf("%v", got)
	}
	for in, want := range map[string]string{"PJSIP/agent101": "agent101", "Local/101@agents/n": "101", "SIP/202": "202", "101": "101"} {
		if got := extensionOf(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
	for in, want := range map[string]string{"PJSIP/agent101-00000003": "agent101", "Local/101@agents-00000001;1": "101", "PJSIP/tele-com-0000001a": "tele-com"} {
		if got := extensionOfChannel(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}

// After a restart the calls under way are there, and end as they would have.
func TestARestartForgetsNoCall(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	stop := h.connect()
	waiting := h.sim.Call(binh).Enter(queue)
	talking := h.sim.Call(chi).Enter(queue).Ring("101").Take("101")
	h.heard()
	stop()
	h.clock.Advance(20 * time.Second)
	h.ch = h.process(h.store)
	if n := len(h.ch.calls); n != 2 {
		t.Fatalf("%d calls at hand", n)
	}
	h.work(h.ch.Run)
	must(t, h.sim.Await(h.soon(), 1, 2))
	h.heard()
	if v := h.ch.Calls(lan); len(v) != 1 || v[0].State != Answered || v[0].Citizen != h.citizen(chi) {
		t.Errorf("%+v", v)
	}
	waiting.HangUp()
	talking.AgentHangsUp()
	h.heard()
	states := map[State]int{}
	for _, c := range h.stored() {
		states[c.State()]++
		if !c.Began.Equal(h.at(0)) || !c.Ended.Equal(h.at(20)) || len(c.Legs) != 1 {
			t.Errorf("%+v", c)
		}
	}
	if d := cmp.Diff(map[State]int{Ended: 1, Abandoned: 1}, states); d != "" {
		t.Error(d)
	}
}

// A store that is away does not stop the telephone; what happened meanwhile is stored afterwards.
func TestAStoreThatIsAwayForAWhile(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	g := &gated{Store: h.store}
	h.ch = h.process(g)
	h.connect()
	g.set(busy)
	call := h.sim.Call(binh).Enter(queue).Ring("101")
	h.until(func() bool { return len(h.ch.Calls(lan)) == 1 })
	h.until(func() bool {
		p := h.ch.Health().Problems
		return len(p) == 1 && p[0].Key == "phone.alarm.store"
	})
	call.Take("101")
	h.clock.Advance(time.Minute)
	call.HangUp()
	if n := len(h.stored()); n != 0 {
		t.Fatalf("%d calls", n)
	}
	g.set(nil)
	h.until(func() bool { return len(h.stored()) == 1 && h.only().State() == Ended })
	h.until(func() bool { return len(h.ch.Health().Problems) == 0 })
	if talk, _ := h.only().Legs[0].Talk(); talk != time.Minute {
		t.Errorf("they talked %s", talk)
	}
}

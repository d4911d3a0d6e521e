package phone

import (
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

// sits waits until the exchange has the extension paused, or not.
func (h *house) sits(extension string, paused bool, reason string) {
	h.Helper()
	h.until(func() bool {
		got, why := h.sim.Paused(extension)
		return got == paused && why == reason
	})
	h.heard()
}

func (h *house) agent(extension string) Agent {
	for _, a := range h.ch.Agents() {
		if a.Extension == extension {
			return a
		}
	}
	return Agent{}
}

func TestABreakIsTheExchangesToo(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	h.connect()
	must(t, h.ch.SetState(t.Context(), operator, Break, "meal"))
	h.sits("101", true, "break meal")
	if a := h.agent("101"); a.State != Break || a.Reason != "meal" || a.Staff != lan {
		t.Errorf("%+v", a)
	}
	if paused, _ := h.sim.Paused("102"); paused {
		t.Error("another one is on her break")
	}
	h.clock.Advance(10 * time.Minute)
	must(t, h.ch.SetState(t.Context(), operator, Ready, ""))
	h.sits("101", false, "")
	if s, _ := h.state("101"); s != Ready {
		t.Errorf("%s", s)
	}
}

// What a person said while the exchange could not be heard is told to it when it can.
func TestABreakOutlivesTheLineAndTheProgram(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	must(t, h.ch.SetState(t.Context(), operator, Break, "meeting"))
	h.clock.Advance(time.Minute)
	h.ch = h.process(h.store) // another program
	h.connect()
	h.sits("101", true, "break meeting")
	if got := h.agent("101"); got.State != Break {
		t.Errorf("%+v", got)
	}
}

// The later word counts: a break by a key on the telephone is a person's state too.
func TestTheExchangesBreakIsAPersonsToo(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	h.connect()
	must(t, h.ch.SetState(t.Context(), operator, Ready, ""))
	h.clock.Advance(time.Minute)
	h.sim.Pause("101", true, "Coffee")
	h.heard()
	h.until(func() bool {
		s, _, err := h.ch.seatFrom(t.Context(), lan)
		return err == nil && s.State == Break && s.Reason == "coffee"
	})
	h.clock.Advance(time.Minute)
	h.sim.Pause("101", false, "")
	h.heard()
	h.until(func() bool { s, _, err := h.ch.seatFrom(t.Context(), lan); return err == nil && s.State == Ready })
	if paused, _ := h.sim.Paused("101"); paused {
		t.Error("the exchange was overruled by an older word")
	}
}

// Who writes after a call is not called: the exchange is told, and told again when she has done.
func TestWorkAfterACallIsAPauseOfItsOwn(t *testing.T) {
	h := newHouse(t)
	h.ch.After = 30 * time.Second
	h.seats(0)
	h.connect()
	must(t, h.ch.SetState(t.Context(), operator, Ready, ""))
	c := h.sim.Call(binh).Enter(queue).Ring("101").Take("101")
	h.clock.Advance(time.Minute)
	h.heard()
	c.HangUp()
	h.sits("101", true, afterReason)
	if s, _ := h.state("101"); s != AfterCall {
		t.Errorf("%s", s)
	}
	h.clock.Advance(12 * time.Second)
	h.ch.EndAfterCall(t.Context(), operator)
	h.sits("101", false, "")
	if l := h.only().Legs[0]; l.After() != 12*time.Second {
		t.Errorf("%s of work after the call", l.After())
	}
	if s, _, _ := h.ch.seatFrom(t.Context(), lan); s.State != Ready {
		t.Errorf("what was ours became her own word: %+v", s)
	}

	c = h.sim.Call(chi).Enter(queue).Ring("101").Take("101")
	h.heard()
	c.HangUp()
	h.sits("101", true, afterReason)
	must(t, h.ch.SetState(t.Context(), operator, Break, "rest")) // after it she rests
	h.sits("101", true, "break rest")
	h.clock.Advance(31 * time.Second)
	h.until(func() bool { s, _ := h.state("101"); return s == Break })
}

// Without a manager connection a person is what she says, and what her calls show.
func TestAPushedTelephoneHasStatesToo(t *testing.T) {
	h := newHouse(t)
	h.conf.AMIAddr, h.conf.After = "", 30*time.Second
	h.ch = h.process(h.store)
	must(t, h.ch.SetExtension(t.Context(), supervisor, lan, "101"))
	b := h.bridge(h.listen(h.ch), simulator.BridgeMood{})
	is := func(want AgentState) {
		t.Helper()
		if got, _ := h.state("101"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	is("")
	must(t, h.ch.SetState(t.Context(), operator, Ready, ""))
	is(Ready)
	must(t, b.Send(h.soon(), event(newCall, "c", "user", "101")))
	is(OnRing)
	must(t, b.Send(h.soon(), event(answer, "c", "answeringNumber", "101")))
	is(Talking)
	h.clock.Advance(time.Minute)
	must(t, b.Send(h.soon(), event(hangup, "c", "cause", "normalClearing")))
	is(AfterCall)
	h.clock.Advance(29 * time.Second)
	is(AfterCall)
	h.clock.Advance(2 * time.Second)
	is(Ready)
	h.ch.afterByClock()
	h.ch.flush(t.Context())
	if l := h.only().Legs[0]; l.After() != 30*time.Second {
		t.Errorf("%s of work after the call", l.After())
	}
	for _, e := range []map[string]string{event(newCall, "d", "user", "101"), event(answer, "d", "answeringNumber", "101"), event(hangup, "d")} {
		must(t, b.Send(h.soon(), e))
	}
	h.clock.Advance(9 * time.Minute)
	h.ch.EndAfterCall(t.Context(), operator) // nobody has looked at the clock meanwhile
	for _, c := range h.stored() {
		if c.Legs[0].After() != 30*time.Second {
			t.Errorf("%s of work after the call", c.Legs[0].After())
		}
	}
	for _, c := range []struct {
		who    ticketing.Actor
		state  AgentState
		reason string
	}{
		{operator, Break, ""}, {operator, Break, "fishing"}, {operator, Talking, ""}, {operator, "", ""},
		{ticketing.Actor{ID: "o", Role: ticketing.Officer}, Ready, ""},
	} {
		if err := h.ch.SetState(t.Context(), c.who, c.state, c.reason); err == nil {
			t.Errorf("%+v is let do so", c)
		}
	}
	second := h.process(h.store)
	must(t, second.SetState(t.Context(), operator, Break, "rest"))
	h.work(h.ch.Run)
	h.until(func() bool { s, _ := h.state("101"); return s == Break }) // another process said so
}

func TestAnExchangeThatRefusesAPauseIsSaid(t *testing.T) {
	h := newHouse(t, func(s *simulator.PhoneSettings) { s.NoPause = true })
	h.seats(0)
	h.connect()
	must(t, h.ch.SetState(t.Context(), operator, Break, "meal"))
	h.until(func() bool {
		for _, p := range h.ch.Health().Problems {
			if p.Key == "phone.alarm.pause" {
				return true
			}
		}
		return false
	})
}

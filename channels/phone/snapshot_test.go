package phone

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline1022/channels/simulator"
)

func TestWhatWasNotHeardIsCorrectedByTheSnapshot(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*simulator.PhoneSettings)
		deaf func(h *house, call *simulator.PhoneCall) // while the events are lost
		late bool                                      // the call began while nobody heard it
		then func(h *house, call *simulator.PhoneCall)
		want State
		legs []Leg
		book int
	}{
		"she entered": {
			late: true,
			deaf: func(*house, *simulator.PhoneCall) {},
			want: Ringing, legs: []Leg{{Queue: queue, Entered: time.Unix(10, 0)}},
		},
		"she entered, and is taken afterwards": {
			late: true,
			deaf: func(*house, *simulator.PhoneCall) {},
			then: func(h *house, call *simulator.PhoneCall) { call.Ring("101").Take("101"); call.HangUp() },
			want: Ended, legs: []Leg{{Queue: queue, Entered: time.Unix(10, 0), End: Connected, Left: time.Unix(30, 0), Agent: "101", Done: time.Unix(30, 0), By: ByCaller}},
		},
		"she hung up": {
			deaf: func(_ *house, call *simulator.PhoneCall) { call.HangUp() },
			want: Abandoned, legs: []Leg{{Queue: queue, Entered: time.Unix(0, 0), End: LostSight, Left: time.Unix(30, 0), Guess: true}}, book: 1,
		},
		"she hung up, and channels may not be asked for": {
			set:  func(s *simulator.PhoneSettings) { s.NoChannels = true },
			deaf: func(_ *house, call *simulator.PhoneCall) { call.HangUp() },
			want: Abandoned, legs: []Leg{{Queue: queue, Entered: time.Unix(0, 0), End: LostSight, Left: time.Unix(30, 0), Guess: true}}, book: 1,
		},
		"somebody took it": {
			deaf: func(_ *house, call *simulator.PhoneCall) { call.Ring("101").Take("101") },
			want: Answered, legs: []Leg{{Queue: queue, Entered: time.Unix(0, 0), End: Connected, Left: time.Unix(30, 0), Guess: true}},
		},
		"the queue gave her up": {
			deaf: func(_ *house, call *simulator.PhoneCall) { call.TimeOut("TIMEOUT") },
			want: Ringing, legs: []Leg{{Queue: queue, Entered: time.Unix(0, 0), End: FlowedOut, Left: time.Unix(30, 0)}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, func(s *simulator.PhoneSettings) {
				if c.set != nil {
					c.set(s)
				}
			})
			h.watchful()
			h.seats(0)
			h.connect()
			var call *simulator.PhoneCall
			if !c.late {
				call = h.sim.Call(binh).Enter(queue)
				h.heard()
			}
			h.clock.Advance(10 * time.Second)
			h.sim.Mute(true)
			if c.late {
				call = h.sim.Call(binh).Enter(queue)
			}
			h.clock.Advance(20 * time.Second)
			c.deaf(h, call)
			h.sim.Mute(false)
			h.looked(3)
			if c.then != nil {
				c.then(h, call)
				h.heard()
			}
			for i := range c.legs {
				for _, at := range []*time.Time{&c.legs[i].Entered, &c.legs[i].Left, &c.legs[i].Done} {
					if !at.IsZero() {
						*at = h.at(float64(at.Unix()))
					}
				}
			}
			got := h.only()
			if d := cmp.Diff(c.legs, got.Legs); d != "" || got.State() != c.want {
				t.Errorf("it is %s; legs (-want +got):\n%s", got.State(), d)
			}
			if len(h.book()) != c.book {
				t.Errorf("the book: %+v", h.book())
			}
		})
	}
}

func TestAConversationWhoseEndWasNotHeard(t *testing.T) {
	for _, blind := range []bool{false, true} {
		h := newHouse(t, func(s *simulator.PhoneSettings) { s.NoChannels = blind })
		h.watchful()
		h.seats(0)
		h.connect()
		call := h.sim.Call(binh).Enter(queue).Ring("101").Take("101")
		h.heard()
		h.looked(3)
		if got := h.only().State(); got != Answered {
			t.Errorf("channels hidden %v: it is %s", blind, got)
		}
		h.sim.Mute(true)
		h.clock.Advance(time.Minute)
		call.HangUp()
		h.sim.Mute(false)
		h.looked(3)
		if got := h.only(); got.State() != Ended || !got.Ended.Equal(h.at(60)) || !got.Legs[0].Done.Equal(h.at(60)) {
			t.Errorf("channels hidden %v: %+v", blind, got)
		}
		if got, _ := h.state("101"); got != Ready {
			t.Errorf("channels hidden %v: 101 is %s", blind, got)
		}
	}
}

func TestAConnectionThatIsCutIsMadeAgain(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	h.connect()
	first := h.sim.Call(binh).Enter(queue)
	h.heard()
	h.clock.Advance(5 * time.Second)
	h.sim.Tear()
	must(t, h.sim.Await(h.soon(), 1, 2))
	h.heard()
	second := h.sim.Call(chi).Enter(queue)
	h.heard()
	h.sim.Cut()
	must(t, h.sim.Await(h.soon(), 1, 3))
	h.heard()
	first.Ring("101").Take("101")
	second.HangUp()
	h.heard()
	states := map[State]int{}
	for _, c := range h.stored() {
		states[c.State()]++
		if len(c.Legs) != 1 {
			t.Errorf("%d legs", len(c.Legs))
		}
	}
	if d := cmp.Diff(map[State]int{Answered: 1, Abandoned: 1}, states); d != "" {
		t.Error(d)
	}
	hl := h.ch.Health()
	if hl.Counts["connected"] < 3 || hl.Counts["disconnected"] < 2 || !hl.Connected || len(hl.Problems) != 0 {
		t.Errorf("%+v", hl)
	}
}

func TestASilentExchangeIsLeft(t *testing.T) {
	h := newHouse(t)
	h.ch.pace.silence, h.ch.pace.ping = 60*time.Millisecond, 20*time.Millisecond
	h.connect()
	h.clock.Advance(time.Second)
	h.sim.Freeze()
	h.until(func() bool { return h.ch.Health().Counts["connected"] >= 2 })
	h.until(func() bool { return h.ch.Health().Connected })
}

func TestARefusedSignInIsSaidAndTriedAgain(t *testing.T) {
	h := newHouse(t)
	h.sim.RefuseLogins(2)
	h.work(h.ch.Run)
	h.until(func() bool { return h.ch.Health().Connected })
	if n := h.sim.Logins(); n != 3 {
		t.Errorf("%d sign-ins", n)
	}
	if !strings.Contains(h.log.String(), "HOTLINE_AMI_USER") {
		t.Error("nobody was told")
	}
	if strings.Contains(h.log.String(), amiSecret) {
		t.Error("the secret is in the log")
	}
	if p := h.ch.Health().Problems; len(p) != 0 {
		t.Errorf("%+v", p)
	}
}

func TestAnExchangeThatCannotBeReachedIsSaid(t *testing.T) {
	h := newHouse(t)
	h.sim.Close()
	h.work(h.ch.Run)
	h.until(func() bool {
		p := h.ch.Health().Problems
		return len(p) == 1 && p[0].Key == "phone.alarm.unreachable" && p[0].Times > 2
	})
}

func TestClocksThatDiffer(t *testing.T) {
	theirs := &clock{}
	h := newHouse(t, func(s *simulator.PhoneSettings) { s.Now = theirs.Now })
	theirs.now = h.clock.Now().Add(-90 * time.Second)
	h.ch.pace.ping = 5 * time.Millisecond
	h.seats(0)
	h.connect()
	h.until(func() bool { return h.ch.Health().Skew == -90*time.Second })
	if p := h.ch.Health().Problems; len(p) != 1 || p[0].Key != "phone.alarm.clock" {
		t.Errorf("%+v", p)
	}
	h.sim.Call(binh).Enter(queue).Ring("101")
	h.until(func() bool { return len(h.ch.Calls(lan)) == 1 && h.ch.Calls(lan)[0].Citizen != "" })
	if v := h.ch.Calls(lan)[0]; v.Since.Sub(h.clock.Now()).Abs() > time.Millisecond {
		t.Errorf("it rings since %s, by our clock now", v.Since.Sub(h.clock.Now()))
	}
}

func TestWithoutStampsTheTimeOfArrivalCounts(t *testing.T) {
	h := newHouse(t, func(s *simulator.PhoneSettings) { s.Unstamped = true })
	h.seats(0)
	h.connect()
	call := h.sim.Call(binh).Enter(queue)
	h.heard()
	h.clock.Advance(7 * time.Second)
	call.Ring("101").Take("101")
	h.heard()
	if wait, _ := h.only().Legs[0].Wait(); wait != 7*time.Second {
		t.Errorf("she waited %s", wait)
	}
	if !strings.Contains(h.log.String(), "timestampevents") {
		t.Error("nobody was told")
	}
}

// scene is an hour at the hotline, the same for the same seed; between its steps disturb does something to the line.
func scene(h *house, disturb func(step int)) {
	r := rand.New(rand.NewPCG(7, 7))
	type open struct {
		call  *simulator.PhoneCall
		taken string
	}
	var calls []open
	busy := map[string]bool{}
	for step := range 60 {
		h.clock.Advance(time.Duration(1+r.IntN(9)) * time.Second)
		free := ""
		for _, e := range []string{"101", "102"} {
			if !busy[e] {
				free = e
			}
		}
		switch i := 0; {
		case len(calls) < 4 && r.IntN(2) == 0:
			calls = append(calls, open{call: h.sim.Call(fmt.Sprintf("09051%05d", step)).Enter(queue)})
		case len(calls) > 0:
			i = r.IntN(len(calls))
			c := &calls[i]
			switch {
			case c.taken != "" && r.IntN(2) == 0:
				c.call.HangUp()
			case c.taken != "":
				c.call.AgentHangsUp()
			case free != "" && r.IntN(3) > 0:
				c.call.Ring(free).Take(free)
				c.taken, busy[free] = free, true
				disturb(step)
				continue
			default:
				c.call.HangUp()
			}
			busy[c.taken] = false
			calls = append(calls[:i], calls[i+1:]...)
		}
		disturb(step)
	}
	for _, c := range calls {
		c.call.HangUp()
	}
}

// endings counts how calls ended, and how long they took in all.
func endings(h *house) map[string]int {
	h.Helper()
	out := map[string]int{}
	for _, c := range h.stored() {
		out["calls"]++
		out["legs"] += len(c.Legs)
		out[string(c.State())]++
		for _, l := range c.Legs {
			wait, _ := l.Wait()
			talk, _ := l.Talk()
			out["waited"] += int(wait.Seconds())
			out["talked"] += int(talk.Seconds())
		}
	}
	return out
}

func TestALineThatRepeatsAndOvertakesChangesNothing(t *testing.T) {
	quiet := newHouse(t)
	quiet.seats(0)
	quiet.connect()
	scene(quiet, func(int) {})
	quiet.heard()
	want := endings(quiet)
	if want["calls"] < 10 || want[string(Abandoned)] == 0 || want[string(Ended)] == 0 {
		t.Fatalf("the scene is too dull: %v", want)
	}
	for seed := range uint64(4) {
		h := newHouse(t, func(s *simulator.PhoneSettings) {
			s.Mood = simulator.PhoneMood{Repeat: .5, Late: .2, Delay: 50 * time.Microsecond, Seed: seed}
		})
		h.seats(0)
		h.connect()
		scene(h, func(int) {})
		h.sim.Pause("102", false, "") // what was held back comes now
		h.heard()
		if d := cmp.Diff(want, endings(h)); d != "" {
			t.Errorf("seed %d (-quiet +restless):\n%s", seed, d)
		}
		if q := h.ch.Queues(); len(q) != 0 {
			t.Errorf("seed %d: somebody waits for ever: %+v", seed, q)
		}
	}
}

func TestALineThatLosesEventsLeavesNoCallOpen(t *testing.T) {
	for seed := range uint64(3) {
		h := newHouse(t, func(s *simulator.PhoneSettings) {
			s.Mood = simulator.PhoneMood{Lose: .25, Repeat: .2, Late: .2, Seed: seed}
		})
		h.watchful()
		h.seats(0)
		h.connect()
		scene(h, func(step int) {
			if step%20 == 7 {
				h.sim.Cut()
			}
			if step%9 == 3 {
				h.until(func() bool { return h.ch.Health().Connected })
				h.looked(2)
			}
		})
		h.until(func() bool { return h.ch.Health().Connected })
		h.looked(4)
		for id, c := range h.stored() {
			if c.Ended.IsZero() {
				t.Errorf("seed %d: %s is still open: %+v", seed, id, c)
			}
			for _, l := range c.Legs {
				if l.End == Waiting {
					t.Errorf("seed %d: %s waits after its end: %+v", seed, id, c)
				}
				if wait, _ := l.Wait(); wait < 0 || wait > 10*time.Minute {
					t.Errorf("seed %d: she waited %s", seed, wait)
				}
			}
		}
		open, err := h.store.All(t.Context(), kindOpen, "")
		must(t, err)
		if len(open) != 0 || len(h.ch.Queues()) != 0 {
			t.Errorf("seed %d: %d on the list of open ones, queues %+v", seed, len(open), h.ch.Queues())
		}
	}
}

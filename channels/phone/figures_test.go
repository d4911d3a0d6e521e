package phone

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline1022/ticketing"
)

// at8 is a moment on 25 November 2026, in seconds after 8:00.
func at8(seconds int) time.Time {
	return time.Date(2026, 11, 25, 8, 0, 0, 0, ticketing.Zone).Add(time.Duration(seconds) * time.Second)
}

// An incoming leg: offered at, waited, how it ended, talked, worked after. In seconds.
func leg(offered, waited int, end End, talked, after int) Leg {
	l := Leg{Queue: "q", Entered: at8(offered), End: end}
	if end != Waiting {
		l.Left = at8(offered + waited)
	}
	if end == Connected && talked >= 0 {
		l.Done = at8(offered + waited + talked)
		if after > 0 {
			l.Ready = at8(offered + waited + talked + after)
		}
	}
	return l
}

func in(legs ...Leg) Call  { return Call{Direction: In, Legs: legs} }
func out(legs ...Leg) Call { return Call{Direction: Out, Legs: legs} }

// Computed by hand from the definitions.
func TestMeasure(t *testing.T) {
	s := time.Second
	for name, c := range map[string]struct {
		calls []Call
		want  []Figures
	}{
		"nothing": {want: []Figures{}},
		"one taken in time": {
			calls: []Call{in(leg(60, 12, Connected, 120, 30))},
			want: []Figures{{
				From: at8(0), Calls: 1, Offered: 1, Answered: 1, InTime: 1, Waited: 12 * s, Waits: []time.Duration{12 * s}, Talked: 120 * s, AfterCalls: 30 * s, Handled: 1,
			}},
		},
		"at the border of in time and of short": {
			calls: []Call{
				in(leg(0, 20, Connected, 10, 0)), in(leg(0, 21, Connected, 10, 0)),
				in(leg(0, 5, GaveUp, 0, 0)), in(leg(0, 6, GaveUp, 0, 0)), in(leg(0, 20, GaveUp, 0, 0)), in(leg(0, 21, GaveUp, 0, 0)),
			},
			want: []Figures{{
				From: at8(0), Calls: 6, Offered: 6, Answered: 2, InTime: 1, Waited: 41 * s, Waits: []time.Duration{20 * s, 21 * s}, Talked: 20 * s, Handled: 2,
				Abandoned: 4, Short: 1, AbandonedInTime: 3, Patience: 52 * s,
			}},
		},
		"each end has its place": {
			calls: []Call{
				in(leg(0, 60, FlowedOut, 0, 0)), in(leg(0, 1, Failed, 0, 0)), in(leg(0, 9, LostSight, 0, 0)), in(leg(0, 0, Waiting, 0, 0)),
				in(leg(0, 8, Connected, -1, 0)), // they still talk
			},
			want: []Figures{{
				From: at8(0), Calls: 5, Offered: 5, FlowedOut: 1, Failed: 1, Lost: 1, Waiting: 1, Answered: 1, InTime: 1, Waited: 8 * s, Waits: []time.Duration{8 * s},
			}},
		},
		"a call belongs where it was offered, with all that came of it": {
			calls: []Call{in(leg(3590, 20, Connected, 300, 0))}, // offered 8:59:50, talked until 9:05
			want: []Figures{{
				From: at8(0), Calls: 1, Offered: 1, Answered: 1, InTime: 1, Waited: 20 * s, Waits: []time.Duration{20 * s}, Talked: 300 * s, Handled: 1,
			}},
		},
		"a transfer is a second leg of one call": {
			calls: []Call{in(leg(3000, 30, FlowedOut, 0, 0), leg(3630, 10, Connected, 60, 0))},
			want: []Figures{
				{From: at8(0), Calls: 1, Offered: 1, FlowedOut: 1},
				{From: at8(3600), Offered: 1, Answered: 1, InTime: 1, Waited: 10 * s, Waits: []time.Duration{10 * s}, Talked: 60 * s, Handled: 1},
			},
		},
		"what was concluded counts, its times do not": {
			calls: []Call{in(Leg{Queue: "q", Entered: at8(0), End: Connected, Left: at8(5), Guess: true})},
			want:  []Figures{{From: at8(0), Calls: 1, Offered: 1, Answered: 1}},
		},
		"out of hours is apart": {
			calls: []Call{in(Leg{Queue: "q", Entered: at8(0), End: GaveUp, Left: at8(5), Outside: true})},
			want:  []Figures{{From: at8(0), Calls: 1, Outside: 1}},
		},
		"calls of ours are apart": {
			calls: []Call{out(leg(0, 9, Connected, 60, 0)), out(leg(0, 30, FlowedOut, 0, 0))},
			want:  []Figures{{From: at8(0), Placed: 2, Reached: 1}},
		},
		"work after a call is capped": {
			calls: []Call{in(leg(0, 1, Connected, 10, 3600))},
			want: []Figures{{
				From: at8(0), Calls: 1, Offered: 1, Answered: 1, InTime: 1, Waited: s, Waits: []time.Duration{s}, Talked: 10 * s, AfterCalls: maxAfter, Handled: 1,
			}},
		},
	} {
		got := Measure(c.calls, at8(-8*3600), at8(16*3600), ByHour, "", Terms{})
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		for _, f := range got {
			if f.Offered != f.Answered+f.Abandoned+f.FlowedOut+f.Failed+f.Lost+f.Waiting {
				t.Errorf("%s: offered is not the sum of its ends: %+v", name, f)
			}
		}
	}
	day := Measure([]Call{in(leg(-1, 1, GaveUp, 0, 0)), in(leg(3600, 1, GaveUp, 0, 0))}, at8(0), at8(7200), ByDay, "q", Terms{})
	if len(day) != 1 || day[0].Offered != 1 || !day[0].From.Equal(at8(-8*3600)) {
		t.Errorf("what was offered before the beginning is not of the period: %+v", day)
	}
	if f := Measure([]Call{in(leg(0, 1, GaveUp, 0, 0))}, at8(0), at8(10), ByDay, "another", Terms{}); len(f) != 0 {
		t.Errorf("another queue's: %+v", f)
	}
}

// T = 20 s; answered 1000, of them 860 within T; abandoned 60, of them 20 within T, of those 10 within 5 s.
func TestTheFiveServiceLevels(t *testing.T) {
	var calls []Call
	add := func(n int, l Leg) {
		for range n {
			calls = append(calls, in(l))
		}
	}
	add(860, leg(0, 10, Connected, 60, 20))
	add(140, leg(0, 30, Connected, 60, 20))
	add(10, leg(0, 3, GaveUp, 0, 0))
	add(10, leg(0, 15, GaveUp, 0, 0))
	add(40, leg(0, 45, GaveUp, 0, 0))
	add(7, leg(0, 300, FlowedOut, 0, 0)) // in no service level
	f := Measure(calls, at8(0), at8(60), ByHour, "", Terms{})[0]
	for formula, want := range map[int]string{
		1: "880/1060 83.02", 2: "860/1000 86.00", 3: "860/1060 81.13", 4: "860/1040 82.69", 5: "860/1050 81.90", 6: "0/0 -",
	} {
		s := f.ServiceLevel(formula)
		got := fmt.Sprintf("%d/%d -", s.Num, s.Den)
		if p, ok := s.Percent(); ok {
			got = fmt.Sprintf("%d/%d %.2f", s.Num, s.Den, p)
		}
		if got != want {
			t.Errorf("formula %d: %s, want %s", formula, got, want)
		}
	}
	// (860·10 + 140·30) ÷ 1000; (60 + 20) s each; (60−10) ÷ (1067−10).
	asa, _ := f.SpeedOfAnswer()
	aht, _ := f.HandleTime()
	median, _ := f.WaitQuantile(.5)
	p90, _ := f.WaitQuantile(.9)
	if asa != 12800*time.Millisecond || aht != 80*time.Second || median != 10*time.Second || p90 != 30*time.Second {
		t.Errorf("asa %s, aht %s, median %s, p90 %s", asa, aht, median, p90)
	}
	if got := f.AbandonRate(); got != (Share{50, 1057}) {
		t.Errorf("abandon rate %+v", got)
	}
	if got := f.RawAbandonRate(); got != (Share{60, 1067}) {
		t.Errorf("raw abandon rate %+v", got)
	}
	none := Figures{}
	if _, ok := none.SpeedOfAnswer(); ok {
		t.Error("nobody has a speed of answer")
	}
	if _, ok := none.ServiceLevel(4).Percent(); ok {
		t.Error("nobody has a service level")
	}
}

// A day's means are of its sums: the busy hour weighs more.
func TestAddingHours(t *testing.T) {
	calls := []Call{in(leg(0, 10, Connected, 10, 0)), in(leg(0, 20, Connected, 10, 0)), in(leg(0, 30, Connected, 10, 0)), in(leg(3600, 100, Connected, 10, 0))}
	hours := Measure(calls, at8(0), at8(7200), ByHour, "", Terms{})
	if len(hours) != 2 {
		t.Fatalf("%d hours", len(hours))
	}
	sum := hours[0].Add(hours[1])
	sum.From = at8(-8 * 3600)
	day := Measure(calls, at8(0), at8(7200), ByDay, "", Terms{})
	if d := cmp.Diff(day[0], sum); d != "" {
		t.Error(d)
	}
	if asa, _ := sum.SpeedOfAnswer(); asa != 40*time.Second {
		t.Errorf("%s", asa)
	}
}

func TestFiguresOfTheStore(t *testing.T) {
	h := newHouse(t)
	h.seats(15 * time.Second)
	h.connect()
	for i := range 4 {
		call := h.sim.Call(fmt.Sprintf("090512318%d", i)).Enter(queue)
		h.clock.Advance(time.Duration(5+10*i) * time.Second) // 5, 15, 25, 35
		if i == 3 {
			call.HangUp()
			continue
		}
		call.Ring("101").Take("101")
		h.clock.Advance(time.Minute)
		call.AgentHangsUp()
		h.heard()
		h.clock.Advance(20 * time.Second)
		h.heard()
	}
	h.heard()
	f, err := h.ch.Figures(t.Context(), h.at(-3600), h.at(7200), ByDay, queue)
	must(t, err)
	if len(f) != 1 || f[0].Offered != 4 || f[0].Answered != 3 || f[0].InTime != 2 || f[0].Abandoned != 1 || f[0].Waited != 45*time.Second ||
		f[0].Talked != 3*time.Minute || f[0].AfterCalls != 45*time.Second {
		t.Errorf("%+v", f)
	}
	for _, bad := range [][2]time.Time{{h.at(0), h.at(0)}, {h.at(0), h.at(100 * 86400)}} {
		if _, err := h.ch.Figures(t.Context(), bad[0], bad[1], ByDay, ""); ticketing.ClassOf(err) != ticketing.Invalid {
			t.Errorf("%v", err)
		}
	}
}

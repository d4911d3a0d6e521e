package phone

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline1022/channels/simulator"
)

// told is what of a call can be foreseen: no ids, no vault.
func told(c Call) Call {
	c.ID, c.Citizen, c.Channel, c.Recording, c.Booked = "", "", "", nil, false
	return c
}

func same(t *testing.T, got, want Call) {
	t.Helper()
	if d := cmp.Diff(want, told(got)); d != "" {
		t.Errorf("the call (-want +got):\n%s", d)
	}
}

func TestACallThatIsTaken(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	h.connect()
	call := h.sim.Call(binh).Enter(queue)
	h.clock.Advance(3 * time.Second)
	call.Ring("101")
	h.heard()
	if got := h.only().State(); got != Ringing {
		t.Errorf("it %s", got)
	}
	if got, since := h.state("101"); got != OnRing || since != 0 {
		t.Errorf("101 is %s for %s", got, since)
	}
	h.clock.Advance(2 * time.Second)
	call.Take("101")
	h.heard()
	h.clock.Advance(40 * time.Second)
	if got, since := h.state("101"); got != Talking || since != 40*time.Second {
		t.Errorf("101 is %s for %s", got, since)
	}
	if got := h.only().State(); got != Answered {
		t.Errorf("it is %s", got)
	}
	call.HangUp()
	h.heard()
	got := h.only()
	same(t, got, Call{
		Direction: In, Began: h.at(0), Ended: h.at(45), By: ByCaller,
		Legs: []Leg{{Queue: queue, Entered: h.at(0), End: Connected, Left: h.at(5), Agent: "101", Done: h.at(45), By: ByCaller}},
	})
	if got.State() != Ended || got.Citizen != h.citizen(binh) {
		t.Errorf("it is %s, of %s", got.State(), got.Citizen)
	}
	if got, since := h.state("101"); got != Ready || since != 0 {
		t.Errorf("101 is %s for %s", got, since)
	}
	if n := h.versions(); n != 2 { // the call and its line in the day's list
		t.Errorf("%d versions are left", n)
	}
	if len(h.book()) != 0 {
		t.Errorf("the book holds %+v", h.book())
	}
}

func TestHowTheWaitingEnds(t *testing.T) {
	left := func(end End, why string) []Leg {
		return []Leg{{Queue: queue, Entered: time.Unix(0, 0), End: end, Why: why}}
	}
	for name, c := range map[string]struct {
		set  func(*simulator.PhoneSettings)
		do   func(h *house, call *simulator.PhoneCall)
		want []Leg
		by   Side
	}{
		"she hangs up": {
			do:   func(_ *house, call *simulator.PhoneCall) { call.HangUp() },
			want: left(GaveUp, ""), by: ByCaller,
		},
		"she hangs up, and no event of the dialplan comes": {
			set:  func(s *simulator.PhoneSettings) { s.NoDialplan = true },
			do:   func(_ *house, call *simulator.PhoneCall) { call.HangUp() },
			want: left(GaveUp, ""), by: ByCaller,
		},
		"the queue's time is over": {
			do:   func(_ *house, call *simulator.PhoneCall) { call.TimeOut("TIMEOUT"); call.HangUp() },
			want: left(FlowedOut, "timeout"), by: ByCaller,
		},
		"the queue's time is over, and she is still on the line": {
			do: func(h *house, call *simulator.PhoneCall) {
				call.TimeOut("TIMEOUT")
				h.clock.Advance(30 * time.Second)
				h.heard()
				call.HangUp()
			},
			want: left(FlowedOut, "timeout"), by: ByCaller,
		},
		"nobody sits there": {
			do:   func(_ *house, call *simulator.PhoneCall) { call.TimeOut("LEAVEEMPTY"); call.HangUp() },
			want: left(FlowedOut, "empty"), by: ByCaller,
		},
		"the queue's time is over, and nothing says so but that she is still there": {
			set: func(s *simulator.PhoneSettings) { s.NoDialplan = true },
			do: func(h *house, call *simulator.PhoneCall) {
				call.TimeOut("TIMEOUT")
				h.heard()
				h.clock.Advance(hold)
				h.heard()
				call.HangUp()
			},
			want: left(FlowedOut, ""), by: ByCaller,
		},
		"she presses a key": {
			do: func(h *house, call *simulator.PhoneCall) {
				call.PressKey()
				h.heard()
				h.clock.Advance(hold)
				h.heard()
				call.HangUp()
			},
			want: left(FlowedOut, ""), by: ByCaller,
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, func(s *simulator.PhoneSettings) {
				if c.set != nil {
					c.set(s)
				}
			})
			h.seats(0)
			h.connect()
			call := h.sim.Call(binh).Enter(queue)
			h.clock.Advance(12 * time.Second)
			c.do(h, call)
			h.heard()
			got := h.only()
			want := c.want
			want[0].Entered, want[0].Left = h.at(0), h.at(12)
			if d := cmp.Diff(want, got.Legs); d != "" || got.By != c.by || got.State() != Abandoned {
				t.Errorf("by %s, %s, legs (-want +got):\n%s", got.By, got.State(), d)
			}
			if b := h.book(); len(b) != 1 || b[0].Why != want[0].End || b[0].Times != 1 || b[0].Citizen != h.citizen(binh) {
				t.Errorf("the book: %+v", b)
			}
		})
	}
}

func TestATelephoneThatRingsOut(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	h.connect()
	call := h.sim.Call(binh).Enter(queue).Ring("101")
	h.clock.Advance(15 * time.Second)
	call.NoAnswer("101")
	call.Ring("102")
	h.heard()
	if got, since := h.state("101"); got != Ready || since != 0 {
		t.Errorf("101 is %s for %s", got, since)
	}
	if got, _ := h.state("102"); got != OnRing {
		t.Errorf("102 is %s", got)
	}
	if n := len(h.ch.Calls(lan)); n != 0 {
		t.Errorf("%d calls at 101", n)
	}
	if v := h.ch.Calls(nam); len(v) != 1 || v[0].State != Ringing || v[0].Citizen != h.citizen(binh) || !v[0].Entered.Equal(h.at(0)) {
		t.Errorf("at 102: %+v", v)
	}
	call.Take("102")
	h.heard()
	h.clock.Advance(time.Minute)
	call.AgentHangsUp()
	h.heard()
	same(t, h.only(), Call{
		Direction: In, Began: h.at(0), Ended: h.at(75), By: ByAgent,
		Legs: []Leg{{Queue: queue, Entered: h.at(0), End: Connected, Left: h.at(15), Agent: "102", Done: h.at(75), By: ByAgent}},
	})
}

func TestASecondQueueIsASecondLeg(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	h.connect()
	call := h.sim.Call(binh).Enter("first")
	h.clock.Advance(30 * time.Second)
	call.TimeOut("TIMEOUT")
	call.Enter("second")
	h.clock.Advance(4 * time.Second)
	call.Ring("101").Take("101")
	h.clock.Advance(20 * time.Second)
	call.HangUp()
	h.heard()
	same(t, h.only(), Call{
		Direction: In, Began: h.at(0), Ended: h.at(54), By: ByCaller,
		Legs: []Leg{
			{Queue: "first", Entered: h.at(0), End: FlowedOut, Why: "timeout", Left: h.at(30)},
			{Queue: "second", Entered: h.at(30), End: Connected, Left: h.at(34), Agent: "101", Done: h.at(54), By: ByCaller},
		},
	})
	if len(h.book()) != 0 {
		t.Error("she has been served")
	}
}

func TestWhatAgentsDo(t *testing.T) {
	h := newHouse(t)
	h.seats(30 * time.Second)
	h.connect()
	want := func(state AgentState, since time.Duration) {
		t.Helper()
		h.heard()
		if got, for0 := h.state("101"); got != state || for0 != since {
			t.Errorf("101 is %s for %s, want %s for %s", got, for0, state, since)
		}
	}
	want(Ready, 0)
	h.clock.Advance(time.Minute)
	want(Ready, time.Minute)
	call := h.sim.Call(binh).Enter(queue).Ring("101").Take("101")
	h.clock.Advance(10 * time.Second)
	h.sim.Pause("101", true, "lunch") // takes effect after the call
	want(Talking, 10*time.Second)
	call.HangUp()
	h.heard()
	h.clock.Advance(20 * time.Second)
	want(AfterCall, 20*time.Second)
	h.clock.Advance(20 * time.Second)
	want(Break, 10*time.Second)
	if got := h.only().Legs[0].After(); got != 30*time.Second {
		t.Errorf("the work after the call took %s", got)
	}
	h.sim.Pause("101", false, "")
	want(Ready, 0)
	second := h.sim.Call(chi).Enter(queue).Ring("101").Take("101")
	second.HangUp()
	h.heard()
	h.clock.Advance(7 * time.Second)
	h.ch.EndAfterCall(t.Context(), operator)
	want(Ready, 0)
	for _, c := range h.stored() {
		if c.Citizen == h.citizen(chi) && c.Legs[0].After() != 7*time.Second {
			t.Errorf("the work after the second call took %s", c.Legs[0].After())
		}
	}
	h.sim.RemoveMember("101")
	want(Offline, 0)
}

func TestCallsWithoutAQueue(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	h.connect()
	out := h.sim.CallOut("101", binh)
	h.clock.Advance(8 * time.Second)
	out.Reached("ANSWER")
	h.heard()
	if v := h.ch.Calls(lan); len(v) != 1 || v[0].State != Answered || v[0].Direction != Out || v[0].Citizen != h.citizen(binh) {
		t.Errorf("%+v", v)
	}
	h.clock.Advance(30 * time.Second)
	out.HangUp()
	h.heard()
	same(t, h.only(), Call{
		Direction: Out, Began: h.at(0), Ended: h.at(38), By: ByAgent,
		Legs: []Leg{{Entered: h.at(0), End: Connected, Left: h.at(8), Agent: "101", Done: h.at(38)}},
	})
}

// A withheld number is a call like any other; only nobody can be called back.
func TestAWithheldNumber(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	h.connect()
	call := h.sim.Call("").Enter(queue)
	h.clock.Advance(time.Minute)
	call.HangUp()
	h.heard()
	if c := h.only(); c.Citizen != "" || c.State() != Abandoned {
		t.Errorf("%+v", c)
	}
	if len(h.book()) != 0 {
		t.Errorf("%+v", h.book())
	}
}

func TestARecordingsAddressIsSealed(t *testing.T) {
	h := newHouse(t)
	h.conf.Recordings = "https://pbx.example.vn/rec/{year}/{file}"
	h.ch = h.process(h.store)
	h.seats(0)
	h.connect()
	call := h.sim.Call(binh).Enter(queue).Ring("101").Take("101")
	call.Record("/var/spool/asterisk/monitor/in-" + binh + ".wav")
	call.Record("/var/spool/asterisk/monitor/in-" + binh + ".wav")
	call.HangUp()
	h.heard()
	c := h.only()
	got, err := h.ch.Recording(t.Context(), supervisor, c.ID, "")
	must(t, err)
	if got != "https://pbx.example.vn/rec/2026/in-"+binh+".wav" {
		t.Errorf("%q", got)
	}
	officer := operator
	officer.Role = "officer"
	if _, err := h.ch.Recording(t.Context(), officer, c.ID, ""); err == nil {
		t.Error("an officer may hear it")
	}
	if holdsNumber(h.calls()) {
		t.Error("the number stands in the record")
	}
}

// What an abandon was is told by what comes next; until then nothing is said.
func TestTheVerdictWaitsForTheNextEvent(t *testing.T) {
	h := newHouse(t, func(s *simulator.PhoneSettings) { s.NoDialplan = true })
	h.seats(0)
	h.connect()
	call := h.sim.Call(binh).Enter(queue)
	h.clock.Advance(8 * time.Second)
	call.TimeOut("TIMEOUT")
	h.heard()
	h.clock.Advance(hold - time.Millisecond)
	h.heard()
	if l := h.only().Legs[0]; l.End != Waiting {
		t.Errorf("it is decided already: %+v", l)
	}
	call.HangUp()
	h.heard()
	if l := h.only().Legs[0]; l.End != GaveUp || !l.Left.Equal(h.at(8)) {
		t.Errorf("%+v", l)
	}
}

// A line that overtakes and repeats says things that are not so any more.
func TestWhatIsSaidTooLateMovesNobody(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	h.connect()
	call := h.sim.Call(binh).Enter(queue)
	h.clock.Advance(time.Second)
	rang := fmt.Sprintf("Timestamp: %d.000000\r\nQueue: %s\r\nInterface: PJSIP/101\r\n", h.clock.Now().Unix(), queue)
	call.Ring("101")
	h.clock.Advance(15 * time.Second)
	call.NoAnswer("101")
	h.heard()
	h.sim.Raw("Event: AgentCalled\r\n" + rang + "Uniqueid: " + call.ID() + "\r\nLinkedid: " + call.ID() + "\r\n\r\n")
	h.heard()
	if got, _ := h.state("101"); got != Ready || len(h.ch.Calls(lan)) != 0 {
		t.Errorf("a ringing told late: 101 is %s, %+v", got, h.ch.Calls(lan))
	}
	h.sim.Raw("Event: QueueMemberStatus\r\n" + rang + "Status: 2\r\nInCall: 1\r\nPaused: 0\r\n\r\n")
	h.heard()
	if got, _ := h.state("101"); got != Ready {
		t.Errorf("a state told late: 101 is %s", got)
	}
}

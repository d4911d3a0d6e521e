package phone

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

// logged is a house whose exchange writes queue_log.
func logged(t *testing.T, dials bool) *house {
	t.Helper()
	path := filepath.Join(t.TempDir(), "queue_log")
	h := newHouse(t, func(s *simulator.PhoneSettings) { s.QueueLog = path })
	h.conf.QueueLog, h.conf.Secret = path, ""
	if !dials {
		h.conf.AMIAddr = ""
	}
	h.ch = h.process(h.store)
	return h
}

// read waits until the log is read as far as it goes.
func (h *house) read() {
	h.Helper()
	h.until(func() bool {
		p, _, err := h.ch.logPlace(h.Context())
		info, ill := os.Stat(h.conf.QueueLog)
		return err == nil && ill == nil && p.Offset == info.Size()
	})
}

// day is what becomes of three callers: one is served, one gives up, one is timed out.
func day(h *house) {
	c := h.sim.Call(binh).Enter(queue)
	h.clock.Advance(8 * time.Second)
	c.Ring("101").Take("101")
	h.clock.Advance(50 * time.Second)
	c.HangUp()
	c = h.sim.Call(chi).Enter(queue)
	h.clock.Advance(40 * time.Second)
	c.HangUp()
	c = h.sim.Call("0977111222").Enter(queue)
	h.clock.Advance(30 * time.Second)
	c.TimeOut("TIMEOUT")
	c.HangUp()
}

// what the day's figures must be, whoever told of it.
func (h *house) isTheDay(times int) {
	h.Helper()
	f := h.measured()
	f.From, f.Waits = time.Time{}, nil
	want := Figures{
		Calls: 3 * times, Offered: 3 * times, Answered: times, Abandoned: times, FlowedOut: times, InTime: times, Handled: times,
		Waited: time.Duration(times) * 8 * time.Second, Patience: time.Duration(times) * 40 * time.Second, Talked: time.Duration(times) * 50 * time.Second,
	}
	if diff := cmp.Diff(want, f); diff != "" {
		h.Errorf("%s\n%s", diff, h.calls())
	}
}

func TestTheLogAloneTellsOfTheDay(t *testing.T) {
	h := logged(t, false)
	must(t, h.ch.SetExtension(t.Context(), supervisor, lan, "lan")) // the log knows her by name only
	h.sim.Member(queue, "101", "Lan", 0)
	h.work(h.ch.Run)
	day(h)
	h.read()
	h.clock.Advance(2 * logGoneOn)
	h.until(func() bool { return len(h.book()) == 2 })
	h.isTheDay(1)
	for _, c := range h.stored() {
		if c.Ended.IsZero() || c.Citizen == "" {
			t.Errorf("%+v", c)
		}
	}
	if holdsNumber(h.calls()) || holdsNumber(h.log.String()) {
		t.Error("a number stands in a record or in the log")
	}
	h.sim.Pause("101", true, "tea")
	h.read()
	h.until(func() bool {
		s, _, err := h.ch.seatFrom(t.Context(), lan)
		return err == nil && s.State == Break && s.Reason == "tea"
	})
}

// What the manager connection has told is finer than the log, which changes none of it.
func TestTheLogChangesNothingThatWasHeard(t *testing.T) {
	h := logged(t, true)
	path := h.ch.QueueLog
	h.ch.QueueLog = "" // it comes later, as it does by its half minute
	h.seats(0)
	h.connect()
	h.clock.Advance(300 * time.Millisecond)
	day(h)
	c := h.sim.Call(chi).Enter(queue).Ring("101").Take("101")
	h.clock.Advance(10 * time.Second)
	c.Blind("102").Picks("102", "ANSWER")
	h.clock.Advance(10 * time.Second)
	c.HangUp()
	h.heard()
	h.until(func() bool { return len(h.stored()) == 4 })
	before := h.calls()
	h.clock.Advance(logSettles + time.Second)
	h.ch.QueueLog = path
	h.work(h.ch.followLog)
	h.read()
	h.heard()
	if diff := cmp.Diff(before, h.calls()); diff != "" {
		t.Errorf("%s", diff)
	}
	if n := h.ch.Health().Counts["log filled"]; n != 0 {
		t.Errorf("%d calls were filled", n)
	}
}

// The manager connection is away for a while: what happened meanwhile is filled in, once, and in no way twice.
func TestTheLogFillsAnOutage(t *testing.T) {
	h := logged(t, true)
	h.seats(0)
	stop := h.connect()
	day(h)
	h.heard()
	c := h.sim.Call("0966555444").Enter(queue).Ring("101").Take("101") // begun before, ended during
	h.heard()
	stop()
	h.clock.Advance(90 * time.Second)
	c.AgentHangsUp()
	day(h)
	h.clock.Advance(5 * time.Minute)
	h.ch = h.process(h.store)
	h.watchful()
	h.connect()
	h.read()
	h.looked(2)
	h.until(func() bool {
		for _, c := range h.stored() {
			if c.Ended.IsZero() {
				return false
			}
		}
		return len(h.stored()) == 7
	})
	f := h.measured()
	if f.Calls != 7 || f.Offered != 7 || f.Answered != 3 || f.Abandoned != 2 || f.FlowedOut != 2 || f.Lost != 0 || f.Talked != 190*time.Second {
		t.Errorf("%+v\n%s", f, h.calls())
	}
	if b := h.book(); len(b) != 2 || b[0].Times != 2 {
		t.Errorf("%+v", b)
	}
	before := h.calls()
	must(t, h.store.Erase(t.Context(), kindLog, logID, 0)) // as if it had never been read
	h.ch = h.process(h.store)
	h.work(h.ch.followLog)
	h.read()
	if diff := cmp.Diff(before, h.calls()); diff != "" {
		t.Errorf("read again it says something else:\n%s", diff)
	}
}

// A snapshot found the call gone and ended it when it looked; the log knows when and how it ended.
func TestTheLogKnowsHowALostCallEnded(t *testing.T) {
	h := logged(t, true)
	h.ch.QueueLog = ""
	h.seats(0)
	stop := h.connect()
	c := h.sim.Call(binh).Enter(queue).Ring("101").Take("101")
	lost := h.sim.Call(chi).Enter(queue)
	h.heard()
	stop()
	h.clock.Advance(90 * time.Second)
	c.AgentHangsUp()
	lost.Ring("102").Take("102")
	h.clock.Advance(10 * time.Second)
	lost.HangUp()
	h.clock.Advance(5 * time.Minute)
	h.ch = h.process(h.store)
	h.ch.QueueLog = ""
	h.watchful()
	h.connect()
	h.until(func() bool {
		for _, c := range h.stored() {
			if c.Ended.IsZero() {
				return false
			}
		}
		return len(h.stored()) == 2
	})
	if f := h.measured(); f.Lost != 1 {
		t.Fatalf("%+v", f)
	}
	raw, err := os.ReadFile(h.conf.QueueLog)
	must(t, err)
	must(t, h.ch.takeLog(t.Context(), strings.SplitAfter(strings.TrimSpace(string(raw)), "\n")))
	ends := map[ticketing.CitizenID]time.Time{h.citizen(binh): h.at(90), h.citizen(chi): h.at(100)}
	for _, c := range h.stored() {
		if l := c.Legs[0]; !c.Ended.Equal(ends[c.Citizen]) || !l.Done.Equal(ends[c.Citizen]) || l.End != Connected || l.By == "" {
			t.Errorf("%+v", c)
		}
	}
	if f := h.measured(); f.Lost != 0 || f.Answered != 2 || f.Talked != 100*time.Second || len(h.book()) != 0 {
		t.Errorf("%+v %+v", f, h.book())
	}
}

// A log is rotated, cut short, begun anew, and half a line is no line.
func TestTheLogIsReadAcrossItsRotations(t *testing.T) {
	h := logged(t, false)
	h.sim.Member(queue, "101", "Lan", 0)
	stop := h.work(h.ch.followLog)
	day(h)
	h.read()
	stop()
	day(h) // nobody reads
	must(t, h.sim.RotateLog())
	day(h)
	var err error
	h.ch = h.process(h.store)
	stop = h.work(h.ch.followLog)
	h.read()
	h.clock.Advance(2 * logGoneOn)
	h.isTheDay(3)

	stop()
	f := &logFile{path: h.conf.QueueLog}
	t.Cleanup(f.close)
	f.place, f.version, err = h.ch.logPlace(t.Context())
	must(t, err)
	step := func() {
		for more := true; more; {
			more, err = h.ch.readLog(t.Context(), f)
			must(t, err)
		}
	}
	step()
	before := f.place
	file, err := os.OpenFile(h.conf.QueueLog, os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	line := fmt.Sprintf("%d|77.1|%s|NONE|ENTERQUEUE||0977000111|1\n", h.clock.Now().Unix(), queue)
	_, err = file.WriteString(line[:20])
	must(t, err)
	step()
	if n := len(h.stored()); n != 9 || f.place != before {
		t.Errorf("half a line is taken: %d calls, %+v after %+v", n, f.place, before)
	}
	_, err = file.WriteString(line[20:])
	must(t, err)
	must(t, file.Close())
	step()
	if n := len(h.stored()); n != 10 {
		t.Errorf("%d calls of nine and a line in two halves", n)
	}

	must(t, os.WriteFile(h.conf.QueueLog, []byte(strings.ReplaceAll(line, "77.1", "77.2")), 0o600)) // cut and begun anew
	h.ch = h.process(h.store)
	h.work(h.ch.followLog)
	h.until(func() bool { return len(h.stored()) == 11 })
}

// Where there is a manager connection a line waits: what is heard comes first, and is finer.
func TestALineOfTheLogWaitsForWhatIsHeard(t *testing.T) {
	h := logged(t, true)
	h.sim.Call(binh).Enter(queue)
	f := &logFile{path: h.conf.QueueLog}
	t.Cleanup(f.close)
	step := func() int {
		_, err := h.ch.readLog(t.Context(), f)
		must(t, err)
		return len(h.stored())
	}
	if n := step(); n != 0 || f.place.Offset != 0 {
		t.Errorf("%d calls of a line that is new, %+v", n, f.place)
	}
	h.clock.Advance(logSettles)
	if n := step(); n != 1 || f.place.Offset == 0 {
		t.Errorf("%d calls of a line that has waited, %+v", n, f.place)
	}
}

func TestALogThatCannotBeReadIsSaid(t *testing.T) {
	h := logged(t, false)
	h.work(h.ch.followLog)
	h.until(func() bool { p := h.ch.Health().Problems; return len(p) == 1 && p[0].Key == "phone.alarm.queue_log" })
	must(t, os.WriteFile(h.conf.QueueLog, nil, 0o600))
	h.until(func() bool { return len(h.ch.Health().Problems) == 0 })
}

func TestLinesOfTheLog(t *testing.T) {
	at := time.Unix(1732355140, 0).UTC()
	for _, c := range []struct {
		line  string
		want  Leg
		ended bool
	}{
		{"1732355140|1.1|Hotline|NONE|ENTERQUEUE||0905|1", Leg{Queue: "hotline", Entered: at}, false},
		{"1732355140|1.1|h|PJSIP/101|CONNECT|8|1.2|3", Leg{Queue: "h", Entered: at.Add(-8 * time.Second), End: Connected, Left: at, Agent: "101"}, false},
		{"1732355140|1.1|h|NONE|ABANDON|1|1|40", Leg{Queue: "h", Entered: at.Add(-40 * time.Second), End: GaveUp, Left: at}, true},
		{"1732355140|1.1|h|PJSIP/101|COMPLETECALLER|8|50|1", Leg{Queue: "h", Entered: at.Add(-58 * time.Second), End: Connected, Left: at.Add(-50 * time.Second), Done: at, Agent: "101", By: ByCaller}, true},
		{"1732355140|1.1|h|PJSIP/101|COMPLETEAGENT|8|50|1", Leg{Queue: "h", Entered: at.Add(-58 * time.Second), End: Connected, Left: at.Add(-50 * time.Second), Done: at, Agent: "101", By: ByAgent}, true},
		{"1732355140|1.1|h|NONE|EXITWITHTIMEOUT|1|1|30", Leg{Queue: "h", Entered: at.Add(-30 * time.Second), End: FlowedOut, Why: "timeout", Left: at}, false},
		{"1732355140|1.1|h|NONE|EXITEMPTY|1|1|30", Leg{Queue: "h", Entered: at.Add(-30 * time.Second), End: FlowedOut, Why: "empty", Left: at}, false},
		{"1732355140|1.1|h|NONE|EXITWITHKEY|1|1|1|30", Leg{Queue: "h", Entered: at.Add(-30 * time.Second), End: FlowedOut, Why: "sent_on", Left: at}, false},
		{"1732355140|1.1|h|PJSIP/101|BLINDTRANSFER|102|internal|8|50|1", Leg{Queue: "h", Entered: at.Add(-58 * time.Second), End: Connected, Left: at.Add(-50 * time.Second), Done: at, Agent: "101", By: ByTransfer, Sent: blind}, false},
		{"1732355140|1.1|h|PJSIP/101|ATTENDEDTRANSFER|BRIDGE|b-9|8|50|1", Leg{Queue: "h", Entered: at.Add(-58 * time.Second), End: Connected, Left: at.Add(-50 * time.Second), Done: at, Agent: "101", By: ByTransfer, Sent: attended}, false},
		{"1732355140|1.1|h|PJSIP/101|ATTENDEDTRANSFER|LINK|b-9|b-8|8|50|1", Leg{Queue: "h", Entered: at.Add(-58 * time.Second), End: Connected, Left: at.Add(-50 * time.Second), Done: at, Agent: "101", By: ByTransfer, Sent: attended}, false},
	} {
		l, ok := parseLog(c.line + "\n")
		if !ok {
			t.Errorf("%s: not read", c.line)
			continue
		}
		got, ended, ok := l.told(extensionOf(l.agent))
		if !ok || ended != c.ended || got != c.want {
			t.Errorf("%s:\n%+v %v %v, want\n%+v %v", c.line, got, ended, ok, c.want, c.ended)
		}
	}
	for _, bad := range []string{"", "x", "1732355140|a|b|c", "x|1.1|h|NONE|CONNECT", "-5|1.1|h|NONE|CONNECT", "1e300|1|h|N|X", "1732355140|1.1|h|NONE||"} {
		if _, ok := parseLog(bad); ok {
			t.Errorf("%q is read", bad)
		}
	}
}

// Whatever a line holds, filling twice is filling once, and what is there stays within its bounds.
func FuzzQueueLog(f *testing.F) {
	for _, s := range []string{
		"1732355140|1.1|h|NONE|ENTERQUEUE||0905123182|1", "1732355140|1.1|h|PJSIP/101|CONNECT|8|1.2|3", "1732355140|1.1|h|Lan|COMPLETECALLER|8|50|1",
		"1732355140|1.1|h|Lan|ATTENDEDTRANSFER|LINK|a|b|1|2|3", "1732355140.25|1.1|h|NONE|EXITWITHKEY|9|1|1|30", "1|||||||||", "1732355140|1.1|h|A|BLINDTRANSFER|",
	} {
		f.Add(s, "1732355150|1.1|h|NONE|ABANDON|1|1|40")
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		call := Call{ID: "x:1.1"}
		for range 2 {
			for _, s := range []string{one, two, one} {
				l, ok := parseLog(s)
				if !ok {
					continue
				}
				leg, _, ok := l.told(extensionOf(l.agent))
				if !ok {
					continue
				}
				call, _ = fill(call, leg)
				if again, changed := fill(call, leg); changed && len(again.Legs) > len(call.Legs) {
					t.Fatalf("%q twice makes another leg: %+v", s, again)
				}
			}
		}
		if len(call.Legs) > 2 {
			t.Errorf("%d legs of two lines: %+v", len(call.Legs), call.Legs)
		}
		for _, l := range call.Legs {
			if w, _ := l.Wait(); w < 0 {
				t.Errorf("%+v", l)
			}
			if len([]rune(l.Agent)) > 64 || len([]rune(l.Queue)) > 64 {
				t.Errorf("%+v", l)
			}
		}
	})
}

package phone

import (
	"sync"
	"testing"
	"time"

	"hotline1022/channels/simulator"
)

func TestTwoProcessesThatGetOneEventStoreItOnce(t *testing.T) {
	h := newHouse(t)
	second := h.process(h.store)
	bridges := []*simulator.Bridge{h.bridge(h.listen(h.ch), simulator.BridgeMood{}), h.bridge(h.listen(second), simulator.BridgeMood{})}
	for _, e := range []map[string]string{event(newCall, "c", "user", "101"), event(answer, "c", "answeringNumber", "101"), event(hangup, "c")} {
		var both sync.WaitGroup
		for _, b := range bridges {
			both.Go(func() {
				if err := b.Send(h.soon(), e); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		h.clock.Advance(time.Second)
	}
	if c := h.only(); c.State() != Ended || len(c.Legs) != 1 || !c.Legs[0].Left.Equal(h.at(1)) || !c.Ended.Equal(h.at(2)) {
		t.Errorf("%+v", c)
	}
}

func TestAnotherProcessSeesTheCall(t *testing.T) {
	h := newHouse(t)
	must(t, h.ch.SetExtension(t.Context(), supervisor, lan, "101"))
	second := h.process(h.store)
	h.conf.AMIAddr, second.AMIAddr, h.ch.AMIAddr = "", "", ""
	h.work(second.Run)
	b := h.bridge(h.listen(h.ch), simulator.BridgeMood{})
	must(t, b.Send(h.soon(), event(newCall, "c", "user", "101")))
	h.until(func() bool { v := second.Calls(lan); return len(v) == 1 && v[0].State == Ringing })
	must(t, b.Send(h.soon(), event(hangup, "c", "cause", "cancel")))
	h.until(func() bool { return len(second.Calls(lan)) == 0 })
}

// One process hears of the call what another does not; what is stored is what both heard.
func TestTheEventsOfOneCallComeToTwoProcesses(t *testing.T) {
	h := newHouse(t)
	first, second := h.bridge(h.listen(h.ch), simulator.BridgeMood{}), h.bridge(h.listen(h.process(h.store)), simulator.BridgeMood{})
	must(t, first.Send(h.soon(), event(newCall, "c", "user", "101")))
	h.clock.Advance(5 * time.Second)
	must(t, second.Send(h.soon(), event(answer, "c", "answeringNumber", "101")))
	h.clock.Advance(time.Minute)
	must(t, first.Send(h.soon(), event(hangup, "c", "cause", "normalClearing")))
	if c := h.only(); c.State() != Ended || !c.Legs[0].Left.Equal(h.at(5)) || !c.Ended.Equal(h.at(65)) || c.Legs[0].Agent != "101" {
		t.Errorf("%+v", c)
	}
	must(t, second.Send(h.soon(), event(hangup, "c", "cause", "normalClearing")))
	if n := h.versions(); n != 2 {
		t.Errorf("%d versions are left", n)
	}
	if len(h.book()) != 0 {
		t.Errorf("%+v", h.book())
	}
}

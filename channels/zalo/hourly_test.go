package zalo

import (
	"testing"

	"hotline1022/channels/simulator"
)

func TestFollowersAreCounted(t *testing.T) {
	h := newHouse(t)
	if n := h.ch.Health(); n.Followers != 0 || !n.Counted.IsZero() {
		t.Errorf("%+v", n)
	}
	gone := ""
	for range 3 {
		gone = h.reader()
	}
	h.sim.Citizen("người lạ")
	h.sim.Unfollow(gone)
	h.settled()
	must(t, h.ch.countFollowers(t.Context()))
	if n := h.ch.Health(); n.Followers != 2 || !n.Counted.Equal(h.clock.Now()) {
		t.Errorf("%d followers at %s", n.Followers, n.Counted)
	}
	h.reader()
	h.sim.Fail(simulator.ZaloFault{Path: "getoa", Code: -200})
	if err := h.ch.countFollowers(t.Context()); err == nil || h.ch.Health().Followers != 2 {
		t.Errorf("%v, %d", err, h.ch.Health().Followers)
	}
}

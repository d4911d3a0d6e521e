package zalo

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

func (h *house) exchanges(want, wantRefused int) {
	h.Helper()
	if good, refused := h.sim.Exchanges(); good != want || refused != wantRefused {
		h.Errorf("%d exchanges and %d refused, want %d and %d", good, refused, want, wantRefused)
	}
}

func (h *house) problems() (keys []string) {
	for _, p := range h.ch.Health().Problems {
		keys = append(keys, p.Key)
	}
	return keys
}

func isLater(err error) bool {
	var later *ticketing.LaterError
	return errors.As(err, &later)
}

func TestTheTokenIsRenewedBeforeItEnds(t *testing.T) {
	h := newHouse(t)
	h.ch.freshen(t.Context())
	h.exchanges(1, 0)
	h.clock.Advance(19 * time.Hour)
	h.ch.freshen(t.Context())
	h.exchanges(1, 0)
	h.clock.Advance(time.Hour)
	h.ch.freshen(t.Context())
	h.exchanges(2, 0)
	if age := h.ch.Health().TokenAge; age != 0 {
		t.Errorf("age %s", age)
	}
}

func TestTokensAreSealedAndOldOnesGo(t *testing.T) {
	h := newHouse(t)
	for range 12 {
		h.ch.freshen(t.Context())
		h.clock.Advance(20 * time.Hour)
	}
	h.exchanges(12, 0)
	all, err := h.store.History(t.Context(), kindToken, oaID)
	must(t, err)
	if len(all) > keptGrants+3 {
		t.Errorf("%d versions are kept", len(all))
	}
	for _, r := range all {
		if s := string(r.Doc); strings.Contains(s, "access") || strings.Contains(s, "refresh") {
			t.Errorf("readable: %s", s)
		}
	}
	r := all[len(all)-1]
	r.ID = "another"
	if _, err := h.ch.unseal(r); err == nil {
		t.Error("the tokens of one account open as another's")
	}
	var box []byte
	must(t, json.Unmarshal(all[0].Doc, &box))
	if len(box) < 28 {
		t.Error("nothing sealed")
	}
}

func TestOfManyProcessesOneExchanges(t *testing.T) {
	h := newHouse(t)
	var all sync.WaitGroup
	for range 8 {
		ch := h.process(h.store)
		all.Go(func() {
			for range 3 {
				token, err := ch.token(t.Context())
				if err != nil && !isLater(err) {
					t.Error(err)
				}
				if err == nil && !strings.HasPrefix(token, "access-") {
					t.Errorf("token %q", token)
				}
			}
		})
	}
	all.Wait()
	h.exchanges(1, 0)
}

func TestATokenZaloForgotIsRenewedOnce(t *testing.T) {
	h := newHouse(t)
	user := h.sim.Citizen("Bình")
	h.sim.Follow(user)
	h.settled()
	h.ch.freshen(t.Context())
	h.sim.Expire()
	if _, err := h.ch.Send(t.Context(), outbound(user, "a")); err != nil {
		t.Fatal(err)
	}
	h.exchanges(2, 0)
	h.sim.Fail(simulator.ZaloFault{Path: "/cs", Code: -216}, simulator.ZaloFault{Path: "/cs", Code: -216})
	if _, err := h.ch.Send(t.Context(), outbound(user, "b")); !isLater(err) {
		t.Errorf("refused twice: %v", err)
	}
	h.exchanges(3, 0)
	if got := h.problems(); !slices.Equal(got, []string{"zalo.alarm.token_bad"}) {
		t.Error(got)
	}
	if _, err := h.ch.Send(t.Context(), outbound(user, "b")); err != nil || len(h.problems()) != 0 {
		t.Error(err, h.problems())
	}
	if n := len(h.sim.Inbox(user)); n != 2 {
		t.Errorf("%d messages", n)
	}
}

func TestARefusedRefreshCallsPeopleAndIsNotRepeated(t *testing.T) {
	h := newHouse(t)
	fresh := h.sim.Grant() // behind our back: what we hold is worth nothing now
	for range 3 {
		h.ch.freshen(t.Context())
		h.clock.Advance(time.Hour)
	}
	h.exchanges(0, 1)
	if got := h.problems(); !slices.Equal(got, []string{"zalo.alarm.token_refused"}) {
		t.Error(got)
	}
	h.conf.RefreshToken = fresh
	h.ch = h.process(h.store)
	h.ch.freshen(t.Context())
	h.exchanges(1, 1)
	// The same setting at the next start is not a new one.
	if token, err := h.process(h.store).token(t.Context()); err != nil || token == "" {
		t.Error(err)
	}
	h.exchanges(1, 1)
}

func TestAProcessWithAnOlderSettingChangesNothing(t *testing.T) {
	h := newHouse(t)
	first := h.conf.RefreshToken
	h.ch.freshen(t.Context())
	h.conf.RefreshToken = h.sim.Grant()
	h.process(h.store).freshen(t.Context())
	h.conf.RefreshToken = first
	old := h.process(h.store)
	h.clock.Advance(21 * time.Hour)
	old.freshen(t.Context())
	h.exchanges(3, 0)
}

// What a crash leaves behind at each step. A crash is a store that closes, or a call that never ends well.
func TestTheExchangeSurvivesACrashAtEachStep(t *testing.T) {
	reopen := func(h *house) {
		h.openStore()
		h.ch = h.process(h.store)
		h.desk = h.ch.Desk
	}
	t.Run("before the claim", func(t *testing.T) {
		h := newHouse(t)
		must(t, h.store.Close())
		h.ch.freshen(t.Context())
		h.exchanges(0, 0)
		reopen(h)
		h.ch.freshen(t.Context())
		h.exchanges(1, 0)
	})
	t.Run("after the claim, before Zalo hears", func(t *testing.T) {
		h := newHouse(t)
		h.sim.Fail(simulator.ZaloFault{Path: pathToken, Drop: true, Then: func() { h.store.Close() }})
		h.ch.freshen(t.Context())
		reopen(h)
		h.ch.freshen(t.Context())
		h.exchanges(0, 0) // the dead one's claim still stands
		h.clock.Advance(claimLost)
		h.ch.freshen(t.Context())
		h.exchanges(1, 0)
		if got := h.problems(); len(got) != 0 {
			t.Error(got)
		}
	})
	t.Run("after Zalo's answer, before it is stored: the one gap, and people are called", func(t *testing.T) {
		h := newHouse(t)
		h.ch.keepTrying = 200 * time.Millisecond
		h.sim.Fail(simulator.ZaloFault{Path: pathToken, Done: true, Then: func() { h.store.Close() }})
		h.ch.freshen(t.Context())
		h.exchanges(1, 0)
		if got := h.problems(); !slices.Contains(got, "zalo.alarm.token_lost") {
			t.Error(got)
		}
		reopen(h)
		h.clock.Advance(claimLost)
		h.ch.freshen(t.Context())
		h.ch.freshen(t.Context())
		h.exchanges(1, 1)
		if got := h.problems(); !slices.Equal(got, []string{"zalo.alarm.token_refused"}) {
			t.Error(got)
		}
	})
	t.Run("after it is stored", func(t *testing.T) {
		h := newHouse(t)
		h.ch.freshen(t.Context())
		must(t, h.store.Close())
		reopen(h)
		if _, err := h.ch.token(t.Context()); err != nil {
			t.Error(err)
		}
		h.exchanges(1, 0)
	})
	t.Run("a shutdown in the middle is waited out", func(t *testing.T) {
		h := newHouse(t)
		ctx, cancel := context.WithCancel(t.Context())
		h.sim.Fail(simulator.ZaloFault{Path: pathToken, Done: true, Then: cancel})
		h.ch.freshen(ctx)
		if _, err := h.ch.token(t.Context()); err != nil {
			t.Error(err)
		}
		h.exchanges(1, 0)
	})
	t.Run("the store is busy when the pair comes", func(t *testing.T) {
		h := newHouse(t)
		door := &recordDoor{Store: h.store}
		h.ch = h.process(door)
		h.sim.Fail(simulator.ZaloFault{Path: pathToken, Done: true, Then: func() { door.shut(4) }})
		h.ch.freshen(t.Context())
		if _, err := h.ch.token(t.Context()); err != nil || len(h.problems()) != 0 {
			t.Error(err, h.problems())
		}
		h.exchanges(1, 0)
	})
	t.Run("the store's answer is lost when the pair comes", func(t *testing.T) {
		h := newHouse(t)
		door := &recordDoor{Store: h.store, through: true}
		h.ch = h.process(door)
		h.sim.Fail(simulator.ZaloFault{Path: pathToken, Done: true, Then: func() { door.shut(1) }})
		h.ch.freshen(t.Context())
		if _, err := h.ch.token(t.Context()); err != nil || len(h.problems()) != 0 {
			t.Error(err, h.problems())
		}
		h.exchanges(1, 0)
	})
}

func TestATokenPeopleBringDuringAnExchangeStays(t *testing.T) {
	h := newHouse(t)
	first := h.ch
	h.sim.Fail(simulator.ZaloFault{Path: pathToken, Done: true, Then: func() {
		h.conf.RefreshToken = h.sim.Grant()
		h.ch = h.process(h.store)
	}})
	first.freshen(t.Context())
	h.ch.freshen(t.Context())
	h.exchanges(2, 0)
	if got := h.problems(); len(got) != 0 {
		t.Error(got)
	}
}

// recordDoor is the store with a door in front of its records.
type recordDoor struct {
	ticketing.Store
	through bool // written all the same, and nobody is told
	mu      sync.Mutex
	left    int
}

func (d *recordDoor) shut(times int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left = times
}

func (d *recordDoor) Put(ctx context.Context, rs ...ticketing.Record) error {
	d.mu.Lock()
	closed := d.left > 0
	d.left--
	d.mu.Unlock()
	if closed && d.through {
		return errors.Join(d.Store.Put(ctx, rs...), ticketing.ErrUnknown)
	}
	if closed {
		return ticketing.ErrBusy
	}
	return d.Store.Put(ctx, rs...)
}

func TestPassingTroubleAtSignInIsTriedAgain(t *testing.T) {
	h := newHouse(t)
	h.sim.Fail(simulator.ZaloFault{Path: pathToken, Status: 500}, simulator.ZaloFault{Path: pathToken, Code: -32})
	for range 2 {
		h.ch.freshen(t.Context())
		if got := h.problems(); !slices.Equal(got, []string{"zalo.alarm.token_unsure"}) {
			t.Error(got)
		}
		h.clock.Advance(claimLost)
	}
	h.ch.freshen(t.Context())
	h.exchanges(1, 0)
	if got := h.problems(); len(got) != 0 {
		t.Error(got)
	}
}

func TestAnotherVaultKeyIsNoticedAtTheStart(t *testing.T) {
	h := newHouse(t)
	h.ch.freshen(t.Context())
	vault, err := ticketing.NewVault(h.store, []byte(strings.Repeat("x", 32)), h.clock.Now)
	must(t, err)
	desk := *h.desk
	desk.Vault = vault
	if _, err := Open(t.Context(), h.conf, &desk, h.desk.Log); err == nil {
		t.Error("it began with tokens it cannot read")
	}
}

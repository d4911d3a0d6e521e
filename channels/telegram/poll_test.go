package telegram

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

func (h *house) poller(ch *Channel, name string) *poller {
	return &poller{c: ch, owner: name}
}

func (h *house) round(p *poller) time.Duration {
	h.Helper()
	wait, err := p.round(h.Context())
	must(h.T, err)
	return wait
}

func TestPollingBringsWhatPeopleWrite(t *testing.T) {
	h := pollingHouse(t, unlimited)
	h.sim.SetWebhook("http://127.0.0.1:1/left-by-somebody", "x")
	h.work(h.ch.Run)
	h.work(h.courier().Run)
	if err := h.sim.AwaitCalls(h.soon(), "getUpdates", 1); err != nil {
		t.Fatal(err)
	}
	an := h.sim.Citizen("An", "")
	h.sim.Say(an, "Đèn hỏng")
	h.sim.Say(an, "/help")
	if _, err := h.sim.Await(h.soon(), an, 2); err != nil {
		t.Fatal(err)
	}
	p := h.settled()
	if p.Accepted != 2 || p.Sent != 0 || h.only().Text != "Đèn hỏng" {
		t.Errorf("%+v", p)
	}
	if c := h.sim.Commands(); c["tracuu"] != "Tra cứu phiếu theo mã theo dõi" || len(c) != 3 {
		t.Errorf("%v", c)
	}
	if hl := h.ch.Health(); hl.Webhook || !hl.On || hl.Username != "tongdai1022_bot" || hl.LastEvent.IsZero() || hl.LastSent.IsZero() {
		t.Errorf("%+v", hl)
	}
}

func TestTheOffsetMovesWhenTheUpdateIsDurable(t *testing.T) {
	h := pollingHouse(t)
	fails := true
	ill := h.process(&gated{Store: h.store, shut: func(context.Context) error { return nil }})
	door := ill.Desk.Store.(*gated)
	p := h.poller(ill, "a")
	h.round(p) // nothing there; the lease is taken
	an := h.sim.Citizen("An", "")
	h.sim.Say(an, "một")
	h.sim.Say(an, "hai")
	n := 0
	door.shut = func(ctx context.Context) error {
		if n++; fails && n == 3 { // the lease and the first message are stored, the second is not
			return ticketing.ErrBusy
		}
		return nil
	}
	if _, err := p.round(t.Context()); !errors.Is(err, ticketing.ErrBusy) {
		t.Fatalf("%v", err)
	}
	if tk := h.only(); tk.Text != "một" || tk.Messages != 1 {
		t.Fatalf("%q %d", tk.Text, tk.Messages)
	}
	if got := h.sim.Pushes(); got.Accepted != 0 {
		t.Fatal("Telegram was told to forget before")
	}
	fails = false
	h.round(p) // confirms the first, brings the second
	if got := h.sim.Pushes(); got.Accepted != 1 || h.only().Messages != 2 {
		t.Fatalf("%+v", got)
	}
	// The process dies before it can tell Telegram of the second: another gets it again.
	h.clock.Advance(leaseFor + time.Second)
	next := h.poller(h.ch, "b")
	h.round(next)
	h.round(next)
	if got := h.sim.Pushes(); got.Accepted != 2 || got.Waiting != 0 {
		t.Errorf("%+v", got)
	}
	if tk := h.only(); tk.Messages != 2 || len(h.events(tk.Code)) != 2 {
		t.Errorf("%d messages", tk.Messages)
	}
}

func TestOneOfTwoProcessesPolls(t *testing.T) {
	h := pollingHouse(t)
	a, b := h.poller(h.ch, "a"), h.poller(h.process(h.store), "b")
	h.round(a)
	calls := h.sim.Calls("getUpdates")
	if wait := h.round(b); wait != leaseLook || h.sim.Calls("getUpdates") != calls {
		t.Error("both poll")
	}
	h.clock.Advance(leaseFor - time.Second)
	h.round(a)
	h.clock.Advance(2 * time.Second)
	if wait := h.round(b); wait != leaseLook {
		t.Error("the lease was not renewed")
	}
	h.clock.Advance(leaseFor)
	h.sim.Say(h.sim.Citizen("An", ""), "x")
	if wait := h.round(b); wait != 0 || len(h.tickets()) != 1 {
		t.Error("nobody took over")
	}
	if wait := h.round(a); wait != leaseLook {
		t.Error("the one that was away polls on")
	}
	b.leave(t.Context())
	if wait := h.round(a); wait != 0 {
		t.Error("it was not handed over")
	}
	if got := h.ch.Health().Counts["conflict"]; got != 0 {
		t.Errorf("%d conflicts", got)
	}
	// Both at once: the record's next version is one's.
	for range 70 {
		h.clock.Advance(leaseFor + time.Second)
		got := make(chan bool, 2)
		for _, p := range []*poller{a, b} {
			go func() {
				mine, err := p.claim(t.Context())
				if err != nil {
					t.Error(err)
				}
				got <- mine
			}()
		}
		if x, y := <-got, <-got; x && y {
			t.Fatal("both have it")
		}
	}
	if all, err := h.store.History(t.Context(), kindPoller, fmt.Sprint(h.ch.bot.ID())); err != nil || len(all) > 66 {
		t.Errorf("%d leases are kept", len(all))
	}
}

func TestConflictsAndRefusalsOfThePoll(t *testing.T) {
	h := pollingHouse(t)
	p := h.poller(h.ch, "a")
	h.round(p)
	for _, c := range []struct {
		fault simulator.TelegramFault
		wait  time.Duration
		alarm string
	}{
		{simulator.TelegramFault{Code: 409, Says: "Conflict: terminated by other getUpdates request"}, 10 * time.Second, "telegram.alarm.conflict"},
		{simulator.TelegramFault{Code: 401, Says: "Unauthorized"}, lastPause, "telegram.alarm.token"},
		{simulator.TelegramFault{Code: 429, Says: "Too Many Requests", RetryAfter: 7}, 7 * time.Second, ""},
		{simulator.TelegramFault{Code: 500, Says: "x"}, 0, ""},
		{simulator.TelegramFault{Drop: true}, 0, ""},
		{simulator.TelegramFault{Body: `{"ok":true,"result":7}`}, 0, ""},
		{simulator.TelegramFault{Body: `{"ok":true,"result":[1,"x",{"update_id":"y"}]}`}, -1, ""},
	} {
		c.fault.Method = "getUpdates"
		h.sim.Fail(c.fault)
		wait, err := p.round(t.Context())
		if c.wait == -1 {
			if err != nil {
				t.Errorf("%+v: %v", c.fault, err)
			}
			continue
		}
		if err == nil || wait != c.wait {
			t.Errorf("%+v: %v %v", c.fault, wait, err)
		}
		has := slices.ContainsFunc(h.ch.Health().Problems, func(p Problem) bool { return p.Key == c.alarm })
		if c.alarm != "" && !has {
			t.Errorf("%+v: nobody was told", c.fault)
		}
		h.round(p)
		if n := len(h.ch.Health().Problems); n != 0 {
			t.Errorf("%d problems after it worked again", n)
		}
	}
	// Somebody sets a webhook while we poll: it is taken away again.
	h.sim.SetWebhook("http://127.0.0.1:1/x", "x")
	if _, err := p.round(t.Context()); err == nil {
		t.Error("a webhook and a poll at once")
	}
	h.round(p)
	if url, _ := h.sim.Webhook(); url != "" {
		t.Errorf("webhook %s", url)
	}
}

func TestALostPollIsMadeAgainAfterAPause(t *testing.T) {
	h := pollingHouse(t)
	h.sim.Fail(simulator.TelegramFault{Method: "getUpdates", Status: 502})
	h.work(h.ch.fetchUpdates)
	h.sim.Say(h.sim.Citizen("An", ""), "x")
	h.settled()
	if h.sim.Faults() != 0 || len(h.tickets()) != 1 {
		t.Errorf("%d tickets", len(h.tickets()))
	}
}

func TestNumbersThatBeginAnewAreHeard(t *testing.T) {
	h := pollingHouse(t)
	p := h.poller(h.ch, "a")
	an := h.sim.Citizen("An", "")
	h.sim.Say(an, "một")
	h.round(p)
	h.round(p) // confirmed; nothing more
	h.sim.Renumber(12)
	h.sim.Say(an, "hai")
	h.round(p)
	if tk := h.only(); tk.Messages != 2 {
		t.Errorf("%d messages", tk.Messages)
	}
}

func TestWhoPollsAgainDoesNotConfirmWhatItNeverSaw(t *testing.T) {
	h := pollingHouse(t)
	a, b := h.poller(h.ch, "a"), h.poller(h.process(h.store), "b")
	an := h.sim.Citizen("An", "")
	h.sim.Say(an, "một")
	h.round(a) // it has it, and has not confirmed it
	h.clock.Advance(leaseFor + time.Second)
	h.round(b)
	h.round(b)
	h.sim.Renumber(12) // a week goes by
	h.sim.Say(an, "hai")
	h.clock.Advance(leaseFor + time.Second)
	h.round(a)
	if tk := h.only(); tk.Messages != 2 {
		t.Errorf("%d messages", tk.Messages)
	}
}

package zalo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

func body(text, id, stamp string) string {
	return fmt.Sprintf(`{"app_id":%q, "sender" : {"id":"246845883529197922"},"recipient":{"id":%q},"event_name":"user_send_text",`+
		`"message":{"text":"\u0110\u00e8n %s","msg_id":%q},"timestamp":%s}`, appID, oaID, text, id, stamp)
}

func mac(raw, stamp string) string { return simulator.ZaloSignature(appID, raw, stamp, secret) }

func TestOnlyWhatZaloSignedIsTaken(t *testing.T) {
	h := newHouse(t)
	raw := body("hỏng", "m1", `"1795422001000"`)
	reencoded := func() string {
		var v any
		must(t, json.Unmarshal([]byte(raw), &v))
		b, err := json.Marshal(v)
		must(t, err)
		return string(b)
	}()
	foreign := strings.Replace(raw, appID, "1", 1)
	good := mac(raw, "1795422001000")
	for _, c := range []struct {
		name, raw, mac string
		want           int
	}{
		{"no signature", raw, "", 401},
		{"another key", raw, simulator.ZaloSignature(appID, raw, "1795422001000", "x"), 401},
		{"an empty key", raw, simulator.ZaloSignature(appID, raw, "1795422001000", ""), 401},
		{"another time", raw, mac(raw, "1795422001001"), 401},
		{"upper case", raw, strings.ToUpper(good), 401},
		{"cut", raw, good[:60], 401},
		{"the same JSON in other bytes", reencoded, good, 401},
		{"one byte more", raw + " ", good, 401},
		{"another app, rightly signed with our key", foreign, mac(foreign, "1795422001000"), 401},
		{"no JSON, wrongly signed", "{", good, 400},
		{"no JSON, rightly signed", "{", mac("{", ""), 200},
		{"broken JSON with a time, rightly signed", `{"timestamp":"17", `, mac(`{"timestamp":"17", `, "17"), 200},
		{"an array, rightly signed", "[]", mac("[]", ""), 200},
		{"too large", strings.Repeat(" ", maxBody+1), good, 413},
	} {
		if got := h.sim.Deliver(c.raw, c.mac, 0); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	if signed(simulator.ZaloSignature(appID, raw, "1", ""), appID, []byte(raw), "1", "") {
		t.Error("an empty key signs")
	}
	if n := len(h.tickets()); n != 0 {
		t.Fatalf("%d tickets came of it", n)
	}
	if n := h.ch.Health().Counts["unreadable"]; n != 3 {
		t.Errorf("%d unreadable events counted", n)
	}
	if got := h.sim.Deliver(raw, good, 0); got != 200 {
		t.Errorf("the good one: %d", got)
	}
	number := body("tắt", "m2", "1795422001000")
	if got := h.sim.Deliver(number, mac(number, "1795422001000"), 0); got != 200 {
		t.Errorf("the time as a number: %d", got)
	}
	if tk := h.only(); tk.Text != "Đèn hỏng" || tk.Messages != 2 {
		t.Errorf("%q, %d messages", tk.Text, tk.Messages)
	}
}

func TestWithoutSettingsThereIsNoWebhook(t *testing.T) {
	h := newHouse(t)
	raw := body("x", "m1", `"1"`)
	for _, change := range []func(*Config){
		func(c *Config) { c.OASecretKey = "" }, func(c *Config) { c.AppID = "" }, func(c *Config) { c.OAID = "" },
	} {
		h.conf = h.ch.Config
		change(&h.conf)
		h.sim.SetWebhook(h.listen(h.process(h.store)))
		if got := h.sim.Deliver(raw, simulator.ZaloSignature(h.conf.AppID, raw, "1", h.conf.OASecretKey), 0); got != 404 {
			t.Errorf("%+v: %d", h.conf, got)
		}
	}
}

func TestARepeatedEventChangesNothing(t *testing.T) {
	h := newHouse(t)
	raw := body("hỏng", "m1", `"1795422001000"`)
	for try := range 4 {
		if got := h.sim.Deliver(raw, mac(raw, "1795422001000"), try); got != 200 {
			t.Fatalf("try %d: %d", try, got)
		}
	}
	if events := h.events(h.only().Code); len(events) != 1 {
		t.Errorf("%d events", len(events))
	}
}

func TestTwoProcessesThatGetOneEventStoreItOnce(t *testing.T) {
	h := newHouse(t)
	hooks := []string{h.listen(h.ch), h.listen(h.process(h.store))}
	for round := range 10 {
		raw := body("hỏng", fmt.Sprint("m", round), `"1795422001000"`)
		var both sync.WaitGroup
		for _, hook := range hooks {
			both.Go(func() {
				req, _ := http.NewRequest(http.MethodPost, hook, strings.NewReader(raw))
				req.Header.Set("X-ZEvent-Signature", "mac="+mac(raw, "1795422001000"))
				resp, err := http.DefaultClient.Do(req)
				if err != nil || resp.StatusCode != 200 {
					t.Errorf("%v %v", resp, err)
				}
			})
		}
		both.Wait()
	}
	if tk := h.only(); tk.Messages != 10 || len(h.events(tk.Code)) != 10 {
		t.Errorf("%d messages, %d events", tk.Messages, len(h.events(tk.Code)))
	}
}

func TestTwentyMessagesAtOnceAreOneTicket(t *testing.T) {
	h := newHouse(t)
	user := h.sim.Citizen("Trần Thị Bình")
	for i := range 20 {
		h.sim.Say(user, fmt.Sprintf("tin số %d", i))
	}
	p := h.settled()
	if p.Lost > 0 {
		t.Errorf("%+v", p)
	}
	tk := h.only()
	seen := map[string]bool{}
	for _, e := range h.events(tk.Code) {
		seen[e.Text] = true
	}
	if len(seen) != 20 || tk.Messages != 20 {
		t.Errorf("%d texts, %d messages", len(seen), tk.Messages)
	}
}

// gated is the store with a door in front of its writes.
type gated struct {
	ticketing.Store
	shut func(ctx context.Context) error
}

func (g *gated) Append(ctx context.Context, e ticketing.Event, after ticketing.Ticket, with ...ticketing.Record) (ticketing.Event, error) {
	if err := g.shut(ctx); err != nil {
		return ticketing.Event{}, err
	}
	return g.Store.Append(ctx, e, after, with...)
}

func TestAStoreThatCannotKeepUpIsNotAcknowledged(t *testing.T) {
	h := newHouse(t)
	busy := &gated{Store: h.store, shut: func(context.Context) error { return ticketing.ErrBusy }}
	h.sim.SetWebhook(h.listen(h.process(busy)))
	raw := body("hỏng", "m1", `"1795422001000"`)
	if got := h.sim.Deliver(raw, mac(raw, "1795422001000"), 0); got != 503 {
		t.Errorf("busy: %d", got)
	}
	slow := &gated{Store: h.store, shut: func(ctx context.Context) error {
		if end, ok := ctx.Deadline(); !ok || time.Until(end) > enough {
			t.Error("the store may take longer than Zalo waits")
		}
		return ticketing.ErrUnknown // what a store says whose time is over
	}}
	h.sim.SetWebhook(h.listen(h.process(slow)))
	if got := h.sim.Deliver(raw, mac(raw, "1795422001000"), 0); got != 503 {
		t.Errorf("slow: %d", got)
	}
}

func TestTheLadderBringsWhatWasPutOff(t *testing.T) {
	h := newHouse(t)
	var mu sync.Mutex
	fails := 3
	ill := &gated{Store: h.store, shut: func(context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if fails--; fails >= 0 {
			return ticketing.ErrBusy
		}
		return nil
	}}
	h.sim.SetWebhook(h.listen(h.process(ill)))
	h.sim.Say(h.sim.Citizen("An"), "Nước ngập")
	if p := h.settled(); p.Accepted != 1 || p.Statuses[503] != 3 || p.Unsubscribed {
		t.Errorf("%+v", p)
	}
	if h.only().Text != "Nước ngập" {
		t.Error(h.only().Text)
	}
}

func TestWhatIsOfNoUseIsAcknowledgedAndCounted(t *testing.T) {
	h := newHouse(t)
	for _, name := range []string{"user_seen_message", "oa_send_text", "user_received_message", "add_user_to_tag", "user_call_oa", "create_group", "shop_has_order", "", "☃"} {
		raw := fmt.Sprintf(`{"app_id":%q,"event_name":%q,"oa_id":%q,"message":{"msg_ids":["a"]},"timestamp":"5"}`, appID, name, oaID)
		if got := h.sim.Deliver(raw, mac(raw, "5"), 0); got != 200 {
			t.Errorf("%s: %d", name, got)
		}
	}
	other := strings.Replace(body("x", "m", `"5"`), oaID, "1", 1)
	if got := h.sim.Deliver(other, mac(other, "5"), 0); got != 200 {
		t.Errorf("another account's: %d", got)
	}
	if n := len(h.tickets()); n != 0 {
		t.Errorf("%d tickets", n)
	}
	c := h.ch.Health().Counts
	if c["ignored oa_send_text"] != 1 || c["mark of a message not ours"] != 2 || c["ignored other"] < 2 || c["other account"] != 1 {
		t.Errorf("%v", c)
	}
}

func TestARestlessPlatformChangesNothing(t *testing.T) {
	h := newHouse(t, func(s *simulator.ZaloSettings) {
		s.Mood = simulator.ZaloMood{Duplicate: .4, Late: .3, Unknown: .3, Echo: true, Seed: 3}
	})
	h.work(h.courier().Run)
	want := map[string]bool{}
	for u := range 5 {
		user := h.sim.Citizen(fmt.Sprint("Người ", u))
		for i := range 8 {
			text := fmt.Sprintf("%d/%d", u, i)
			want[text] = true
			h.sim.Say(user, text)
		}
		if _, err := h.sim.Await(h.soon(), user, 1); err != nil { // the receipt
			t.Fatal(err)
		}
	}
	h.sim.Flush()
	h.settled()
	got := 0
	for _, tk := range h.tickets() {
		for _, e := range h.events(tk.Code) {
			if e.Kind == ticketing.Received || e.Kind == ticketing.Said {
				if !want[e.Text] {
					t.Errorf("%q came twice or was never said", e.Text)
				}
				delete(want, e.Text)
				got++
			}
		}
	}
	if got != 40 || len(want) != 0 || len(h.tickets()) != 5 {
		t.Errorf("%d messages, %d missing, %d tickets", got, len(want), len(h.tickets()))
	}
}

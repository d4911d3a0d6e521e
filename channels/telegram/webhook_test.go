package telegram

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

func body(update int, text string) string {
	return fmt.Sprintf(`{"update_id":%d, "message" : {"message_id":%d,"date":1795422001,"text":%q,`+
		`"from":{"id":7000000001,"is_bot":false,"first_name":"An"},"chat":{"id":7000000001,"type":"private"}}}`, update, update, text)
}

func TestOnlyWhoKnowsTheSecretIsHeard(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		name, raw, secret string
		want              int
	}{
		{"no secret", body(1, "hỏng"), "", 401},
		{"another", body(1, "hỏng"), "x", 401},
		{"upper case", body(1, "hỏng"), strings.ToUpper(secret), 401},
		{"cut", body(1, "hỏng"), secret[:10], 401},
		{"one more", body(1, "hỏng"), secret + "x", 401},
		{"no secret and too large", strings.Repeat(" ", maxBody+1), "", 401},
		{"no secret and no JSON", "{", "", 401},
		{"no JSON", "{", secret, 200},
		{"an array", "[]", secret, 200},
		{"no number", `{"message":{"text":"x"}}`, secret, 200},
		{"too large", strings.Repeat(" ", maxBody+1), secret, 413},
	} {
		if got := h.sim.Deliver(c.raw, c.secret); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	if n := len(h.tickets()); n != 0 {
		t.Fatalf("%d tickets came of it", n)
	}
	if c := h.ch.Health().Counts; c["unreadable"] != 3 || c["unsigned"] != 7 {
		t.Errorf("%v", c)
	}
	if got := h.sim.Deliver(body(2, "hỏng"), secret); got != 200 {
		t.Errorf("the good one: %d", got)
	}
	// Nothing is signed but the header: the same update in other bytes is the same update.
	if got := h.sim.Deliver(strings.ReplaceAll(strings.ReplaceAll(body(2, "hỏng"), " ", ""), "ỏ", `\u1ecf`), secret); got != 200 {
		t.Errorf("in other bytes: %d", got)
	}
	if tk := h.only(); tk.Text != "hỏng" || tk.Messages != 1 {
		t.Errorf("%q, %d messages", tk.Text, tk.Messages)
	}
}

func TestWithoutSettingsThereIsNoWebhook(t *testing.T) {
	h := newHouse(t)
	for _, conf := range []Config{{}, {Token: token, API: h.sim.URL()}, {Secret: secret}} {
		h.conf = conf
		h.sim.SetWebhook(h.listen(h.process(h.store)), secret)
		for _, header := range []string{"", secret} {
			if got := h.sim.Deliver(body(1, "x"), header); got != 404 {
				t.Errorf("%+v: %d", conf, got)
			}
		}
	}
}

func TestARepeatedUpdateChangesNothing(t *testing.T) {
	h := newHouse(t)
	for range 4 {
		if got := h.sim.Deliver(body(7, "hỏng"), secret); got != 200 {
			t.Fatal(got)
		}
		if got := h.sim.Deliver(body(8, "/help"), secret); got != 200 {
			t.Fatal(got)
		}
	}
	if events := h.events(h.only().Code); len(events) != 1 || events[0].Key != "telegram:update:7" {
		t.Errorf("%d events", len(events))
	}
	if all, err := h.store.All(t.Context(), kindErrand, ""); err != nil || len(all) != 1 {
		t.Errorf("%d answers to one command", len(all))
	}
	if n := h.ch.Health().Counts["repeated"]; n != 6 {
		t.Errorf("%d repeats counted", n)
	}
}

func TestANumberUsedAnewIsAnotherMessage(t *testing.T) {
	h := newHouse(t)
	later := strings.ReplaceAll(strings.Replace(body(7, "một chuyện khác"), "1795422001", "1796422001", 1), `"message_id":7`, `"message_id":94`)
	for range 2 {
		for _, raw := range []string{body(7, "hỏng"), later} {
			if got := h.sim.Deliver(raw, secret); got != 200 {
				t.Fatal(got)
			}
		}
	}
	tk := h.only()
	if tk.Messages != 2 || h.last(tk.Code).Text != "một chuyện khác" {
		t.Errorf("%d messages", tk.Messages)
	}
}

func TestTwoProcessesThatGetOneUpdateStoreItOnce(t *testing.T) {
	h := newHouse(t)
	hooks := []string{h.listen(h.ch), h.listen(h.process(h.store))}
	for round := range 10 {
		var both sync.WaitGroup
		for _, hook := range hooks {
			both.Go(func() {
				req, _ := http.NewRequest(http.MethodPost, hook, strings.NewReader(body(100+round, "hỏng")))
				req.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
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

func (g *gated) Put(ctx context.Context, r ...ticketing.Record) error {
	if err := g.shut(ctx); err != nil {
		return err
	}
	return g.Store.Put(ctx, r...)
}

func TestWhatCannotBeStoredIsNotAcknowledged(t *testing.T) {
	h := newHouse(t)
	for name, shut := range map[string]func(context.Context) error{
		"busy":   func(context.Context) error { return ticketing.ErrBusy },
		"broken": func(context.Context) error { return errors.New("disk") },
		"slow": func(ctx context.Context) error {
			if end, ok := ctx.Deadline(); !ok || time.Until(end) > enough {
				t.Error("the store may take as long as it likes")
			}
			return ticketing.ErrUnknown // what a store says whose time is over
		},
	} {
		h.sim.SetWebhook(h.listen(h.process(&gated{Store: h.store, shut: shut})), secret)
		for i, text := range []string{"hỏng", "/help", "/danhgia"} {
			if got := h.sim.Deliver(body(i+1, text), secret); got != 503 {
				t.Errorf("%s, %s: %d", name, text, got)
			}
		}
	}
	if n := len(h.tickets()); n != 0 {
		t.Errorf("%d tickets", n)
	}
}

func TestRepeatsBringWhatWasPutOff(t *testing.T) {
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
	h.sim.SetWebhook(h.listen(h.process(ill)), secret)
	an := h.sim.Citizen("An", "")
	h.sim.Say(an, "Nước ngập")
	h.sim.Say(an, "Đường Hùng Vương")
	if p := h.settled(); p.Accepted != 2 || p.Statuses[503] != 3 || p.Lost != 0 {
		t.Errorf("%+v", p)
	}
	if tk := h.only(); tk.Text != "Nước ngập" || tk.Messages != 2 {
		t.Errorf("%q, %d", tk.Text, tk.Messages)
	}
}

func TestWhatIsOfNoUseIsAcknowledgedAndCounted(t *testing.T) {
	h := newHouse(t)
	for i, part := range []string{
		`"channel_post":{"message_id":1,"chat":{"id":-1,"type":"channel"},"text":"x"}`, `"message_reaction":{}`, `"poll":{"id":"1"}`,
		`"☃":1`, `"hologram":{}`, `"message":null`, `"message":7`, `"callback_query":[]`, `"my_chat_member":"x"`, `"edited_message":{}`,
		`"message":{"message_id":1,"date":1,"text":"x","chat":{"id":-7,"type":"channel"},"from":{"id":5}}`,
		`"message":{"message_id":1,"date":1,"text":"x","chat":{"id":7,"type":"private"},"from":{"id":5,"is_bot":true}}`,
		`"message":{"message_id":1,"date":1,"text":"x"}`,
	} {
		if got := h.sim.Deliver(fmt.Sprintf(`{"update_id":%d,%s}`, i+1, part), secret); got != 200 {
			t.Errorf("%s: %d", part, got)
		}
	}
	if n := len(h.tickets()); n != 0 {
		t.Errorf("%d tickets", n)
	}
	c := h.ch.Health().Counts
	if c["ignored channel_post"] != 1 || c["ignored other"] != 2 || c["ignored chat"] != 3 || c["ignored message"] != 2 {
		t.Errorf("%v", c)
	}
}

func TestWhatCanNeverBeTakenHoldsUpNothing(t *testing.T) {
	h := newHouse(t)
	picky := &gated{Store: h.store, shut: func(context.Context) error {
		return &ticketing.Error{Class: ticketing.Invalid, Key: "error.text_empty"}
	}}
	ch := h.process(picky)
	h.sim.SetWebhook(h.listen(ch), secret)
	if got := h.sim.Deliver(body(1, "hỏng"), secret); got != 200 {
		t.Error(got)
	}
	if n := ch.Health().Counts["refused"]; n != 1 {
		t.Errorf("%d counted", n)
	}
}

func TestARestlessPlatformChangesNothing(t *testing.T) {
	for _, way := range []string{"webhook", "polling"} {
		t.Run(way, func(t *testing.T) {
			moody := func(s *simulator.TelegramSettings) {
				unlimited(s)
				s.Mood = simulator.TelegramMood{Duplicate: .4, Late: .3, Unknown: .3, Seed: 3}
			}
			h := newHouse(t, moody)
			if way == "polling" {
				h = pollingHouse(t, moody)
				h.work(h.ch.fetchUpdates)
			}
			h.work(h.ch.doErrands)
			h.work(h.courier().Run)
			want := map[string]bool{}
			users := map[int64]bool{}
			for u := range 5 {
				user := h.sim.Citizen(fmt.Sprint("Người ", u), "")
				users[user] = true
				for i := range 8 {
					text := fmt.Sprintf("%d/%d", u, i)
					want[text] = true
					h.sim.Say(user, text)
				}
				h.sim.Say(user, "/help")
			}
			h.sim.Flush()
			h.settled()
			for user := range users {
				if _, err := h.sim.Await(h.soon(), user, 2); err != nil { // the receipt and the help
					t.Fatal(err)
				}
			}
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
			for user := range users {
				if n := len(h.sim.Inbox(user)); n != 2 {
					t.Errorf("%d messages instead of a receipt and a help", n)
				}
			}
		})
	}
}

// A store that does not heed the time it has been given, and writes after all: nobody is told 200 too late, and the
// repeat finds what is there.
func TestWhatIsStoredTooLateIsNotAcknowledged(t *testing.T) {
	h := newHouse(t)
	late := &lateStore{&gated{Store: h.store, shut: func(ctx context.Context) error {
		<-ctx.Done()
		return nil
	}}}
	h.sim.SetWebhook(h.listen(h.process(late)), secret)
	if got := h.sim.Deliver(body(1, "hỏng"), secret); got != 503 {
		t.Errorf("too late: %d", got)
	}
	if tk := h.only(); tk.Messages != 1 { // it is there nevertheless
		t.Errorf("%+v", tk)
	}
	h.sim.SetWebhook(h.listen(h.ch), secret)
	if got := h.sim.Deliver(body(1, "hỏng"), secret); got != 200 {
		t.Errorf("the repeat: %d", got)
	}
	if tk := h.only(); tk.Messages != 1 {
		t.Errorf("after the repeat: %+v", tk)
	}
}

// lateStore lets nobody take back what has begun.
type lateStore struct{ *gated }

func (l *lateStore) Append(ctx context.Context, e ticketing.Event, after ticketing.Ticket, with ...ticketing.Record) (ticketing.Event, error) {
	if err := l.shut(ctx); err != nil {
		return ticketing.Event{}, err
	}
	return l.Store.Append(context.WithoutCancel(ctx), e, after, with...)
}

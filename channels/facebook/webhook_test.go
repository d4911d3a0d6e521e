package facebook

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

func say(text, mid string) string {
	return simulator.FacebookJSON(map[string]any{"object": "page", "entry": []any{map[string]any{
		"id": pageID, "time": 1795422001500, "messaging": []any{map[string]any{
			"sender": map[string]any{"id": "5820112233445566"}, "recipient": map[string]any{"id": pageID}, "timestamp": 1795422001000,
			"message": map[string]any{"mid": mid, "text": text},
		}},
	}}})
}

func sign(raw string) string { return simulator.FacebookSignature(raw, secret) }

func TestTheHandshakeWantsTheToken(t *testing.T) {
	h := newHouse(t)
	must(t, h.sim.Handshake(t.Context()))
	hook := h.listen(h.ch)
	for _, c := range []struct {
		mode, token, challenge string
		want                   int
		body                   string
	}{
		{"subscribe", verify, "<script>alert(1)</script>", 200, "<script>alert(1)</script>"},
		{"subscribe", verify + "x", "1", 403, "Forbidden"},
		{"subscribe", "", "1", 403, "Forbidden"},
		{"unsubscribe", verify, "1", 403, "Forbidden"},
		{"", verify, "1", 403, "Forbidden"},
	} {
		query := url.Values{"hub.mode": {c.mode}, "hub.verify_token": {c.token}, "hub.challenge": {c.challenge}}
		resp, err := http.Get(hook + "?" + query.Encode())
		must(t, err)
		raw, err := io.ReadAll(resp.Body)
		must(t, err)
		resp.Body.Close()
		kind := resp.Header.Get("Content-Type")
		if resp.StatusCode != c.want || string(raw) != c.body || !strings.HasPrefix(kind, "text/plain") {
			t.Errorf("%+v: %d %q as %s", c, resp.StatusCode, raw, kind)
		}
	}
}

func TestOnlyWhatFacebookSignedIsTaken(t *testing.T) {
	h := newHouse(t)
	raw := say("Đèn hỏng ở đường 2/9 <này>", "m_1")
	if !strings.Contains(raw, `\u0110`) || !strings.Contains(raw, `2\/9 \u003C`) {
		t.Fatalf("not as Facebook writes it: %s", raw)
	}
	reencoded := func() string {
		var v any
		must(t, json.Unmarshal([]byte(raw), &v))
		b, err := json.Marshal(v)
		must(t, err)
		return string(b)
	}()
	good := sign(raw)
	for _, c := range []struct {
		name, raw, mac string
		want           int
	}{
		{"no signature, though the old one is there", raw, "", 401},
		{"another key", raw, simulator.FacebookSignature(raw, "x"), 401},
		{"an empty key", raw, simulator.FacebookSignature(raw, ""), 401},
		{"upper case", raw, "sha256=" + strings.ToUpper(good[7:]), 401},
		{"cut", raw, good[:60], 401},
		{"nothing after the name", raw, "sha256=", 401},
		{"another hash's name", raw, "sha1=" + good[7:], 401},
		{"without the name", raw, good[7:], 401},
		{"the same JSON in other bytes", reencoded, good, 401},
		{"one byte more", raw + " ", good, 401},
		{"no JSON, wrongly signed", "{", good, 401},
		{"no JSON, rightly signed", "{", sign("{"), 200},
		{"an array, rightly signed", "[]", sign("[]"), 200},
		{"an empty object, rightly signed", "{}", sign("{}"), 200},
		{"too large", strings.Repeat(" ", maxBody+1), good, 413},
	} {
		if got := h.sim.Deliver(c.raw, c.mac); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	if signed(signature([]byte(raw), ""), []byte(raw), "") {
		t.Error("an empty key signs")
	}
	if n := len(h.tickets()); n != 0 {
		t.Fatalf("%d tickets came of it", n)
	}
	if n := h.ch.Health().Counts["unreadable"]; n != 3 {
		t.Errorf("%d unreadable events counted", n)
	}
	if got := h.sim.Deliver(raw, good); got != 200 {
		t.Errorf("the good one: %d", got)
	}
	if got := h.sim.Deliver(reencoded, sign(reencoded)); got != 200 { // the same message, in other bytes that are signed
		t.Errorf("signed as UTF-8: %d", got)
	}
	if tk := h.only(); tk.Text != "Đèn hỏng ở đường 2/9 <này>" || tk.Messages != 1 {
		t.Errorf("%q, %d messages", tk.Text, tk.Messages)
	}
}

func TestWithoutSettingsThereIsNoWebhook(t *testing.T) {
	h := newHouse(t)
	raw := say("x", "m_1")
	for _, change := range []func(*Config){
		func(c *Config) { c.AppSecret = "" }, func(c *Config) { c.VerifyToken = "" }, func(c *Config) { c.PageID = "" },
	} {
		h.conf = h.ch.Config
		change(&h.conf)
		h.sim.SetWebhook(h.listen(h.process(h.store)))
		if got := h.sim.Deliver(raw, simulator.FacebookSignature(raw, h.conf.AppSecret)); got != 404 {
			t.Errorf("%+v: %d", h.conf, got)
		}
		if h.sim.Handshake(t.Context()) == nil {
			t.Errorf("%+v: the handshake went through", h.conf)
		}
	}
}

func TestARepeatedEventChangesNothing(t *testing.T) {
	h := newHouse(t)
	raw := say("hỏng", "m_1")
	for try := range 4 {
		if got := h.sim.Deliver(raw, sign(raw)); got != 200 {
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
		raw := say("hỏng", fmt.Sprint("m_", round))
		var both sync.WaitGroup
		for _, hook := range hooks {
			both.Go(func() {
				req, _ := http.NewRequest(http.MethodPost, hook, strings.NewReader(raw))
				req.Header.Set("X-Hub-Signature-256", sign(raw))
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
	shut func(ctx context.Context, e ticketing.Event) error
}

func (g *gated) Append(ctx context.Context, e ticketing.Event, after ticketing.Ticket, with ...ticketing.Record) (ticketing.Event, error) {
	if err := g.shut(ctx, e); err != nil {
		return ticketing.Event{}, err
	}
	return g.Store.Append(ctx, e, after, with...)
}

func TestAStoreThatCannotKeepUpIsNotAcknowledged(t *testing.T) {
	h := newHouse(t)
	busy := &gated{Store: h.store, shut: func(context.Context, ticketing.Event) error { return ticketing.ErrBusy }}
	h.sim.SetWebhook(h.listen(h.process(busy)))
	raw := say("hỏng", "m_1")
	if got := h.sim.Deliver(raw, sign(raw)); got != 503 {
		t.Errorf("busy: %d", got)
	}
	slow := &gated{Store: h.store, shut: func(ctx context.Context, _ ticketing.Event) error {
		if end, ok := ctx.Deadline(); !ok || time.Until(end) > enough {
			t.Error("the store may take longer than Facebook waits")
		}
		return ticketing.ErrUnknown // what a store says whose time is over
	}}
	h.sim.SetWebhook(h.listen(h.process(slow)))
	if got := h.sim.Deliver(raw, sign(raw)); got != 503 {
		t.Errorf("slow: %d", got)
	}
}

// One message of a batch cannot be stored: the others are, Facebook is asked to repeat all of it, and the repeat
// brings the one and nothing twice.
func TestOneOfABatchThatCannotBeStoredIsRepeatedWithTheOthers(t *testing.T) {
	h := newHouse(t)
	var mu sync.Mutex
	refusals := 2
	ill := &gated{Store: h.store, shut: func(_ context.Context, e ticketing.Event) error {
		mu.Lock()
		defer mu.Unlock()
		if e.Text == "hai" && refusals > 0 {
			refusals--
			return ticketing.ErrBusy
		}
		return nil
	}}
	h.sim.SetWebhook(h.listen(h.process(ill)))
	user, other := h.sim.Citizen("Lê", "An"), h.sim.Citizen("Trần", "Bình")
	h.sim.Batch(func() {
		h.sim.Say(user, "một")
		h.sim.Say(user, "hai")
		h.sim.Say(other, "ba")
		h.sim.Comment(other, "111", "bốn")
		h.sim.Say(user, "năm")
	})
	if p := h.settled(); p.Accepted != 1 || p.Statuses[503] != 2 || p.Sent != 3 || p.Unsubscribed {
		t.Errorf("%+v", p)
	}
	got := map[string]int{}
	for _, tk := range h.tickets() {
		for _, e := range h.events(tk.Code) {
			first, _, _ := strings.Cut(e.Text, "\n")
			got[first]++
		}
	}
	for _, text := range []string{"một", "hai", "ba", "bốn", "năm"} {
		if got[text] != 1 {
			t.Errorf("%q came %d times", text, got[text])
		}
	}
	if len(h.tickets()) != 3 {
		t.Errorf("%d tickets", len(h.tickets()))
	}
}

func TestWhatIsOfNoUseIsAcknowledgedAndCounted(t *testing.T) {
	h := newHouse(t)
	post := func(raw string) {
		t.Helper()
		if got := h.sim.Deliver(raw, sign(raw)); got != 200 {
			t.Errorf("%s: %d", raw, got)
		}
	}
	wrap := func(list, item string) string {
		return fmt.Sprintf(`{"object":"page","entry":[{"id":%q,"time":1,%q:[%s]}]}`, pageID, list, item)
	}
	for _, item := range []string{
		`{"sender":{"id":"1"},"reaction":{"reaction":"love","mid":"m"}}`, `{"sender":{"user_ref":"1"},"optin":{}}`,
		`{"sender":{"id":"1"},"referral":{"ref":"x"}}`, `{"sender":{"id":"1"},"pass_thread_control":{}}`,
		`{"sender":{},"take_thread_control":7}`, `{"sender":{"id":"1"},"app_roles":{}}`,
		`{"sender":{"id":"1"},"request_thread_control":{}}`, `{"☃":1}`, `7`,
		`{"sender":{"id":"1"},"delivery":{"mids":["m_unknown"]}}`, `{"sender":{"id":"1"},"delivery":{}}`, `{"sender":{},"read":{"watermark":5}}`,
		`{"sender":{"id":"1"},"read":{"watermark":1795422001000}}`, `{"message":{"mid":"m_x","text":"of nobody"}}`,
		`{"sender":{"id":"` + pageID + `"},"recipient":{"id":"1"},"message":{"mid":"m_y","text":"to a stranger","is_echo":true}}`,
		`{"sender":{"id":"` + pageID + `"},"recipient":{"id":"1"},"message":{"mid":"m_z","metadata":"hotline1022:../../x","is_echo":true}}`,
		`{"sender":{"id":"` + pageID + `"},"recipient":{"id":"1"},"message":{"is_echo":true}}`,
	} {
		post(wrap("messaging", item))
	}
	post(wrap("standby", `{"sender":{"id":"1"},"read":{"watermark":1}}`))
	for _, change := range []string{
		`{"field":"feed","value":{"item":"reaction","verb":"add"}}`, `{"field":"feed","value":{"item":"comment","verb":"add","message":"no id"}}`,
		`{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"1_2","message":"own","from":{"id":"` + pageID + `"}}}`,
		`{"field":"feed","value":{"item":"comment","verb":"remove","comment_id":"never heard of"}}`, `{"field":"mention","value":{}}`, `{"field":"feed"}`,
	} {
		post(wrap("changes", change))
	}
	post(strings.Replace(say("x", "m_o"), pageID, "1", 1))
	post(`{"object":"instagram","entry":[{"id":"1"}]}`)
	if n := len(h.tickets()); n != 0 {
		t.Errorf("%d tickets", n)
	}
	c := h.ch.Health().Counts
	for what, want := range map[string]int64{
		"ignored reaction": 1, "ignored optin": 1, "ignored referral": 1, "thread passed to us": 1, "thread with another app": 1, "thread asked for": 1, "app roles": 1, "ignored other": 2, "ignored standby": 1,
		"delivery": 2, "read": 2, "ignored echo": 3, "ignored other change": 3, "ignored own comment": 1, "comment removed": 1,
		"unreadable": 2, "other page": 2,
	} {
		if c[what] != want {
			t.Errorf("%s: %d, want %d", what, c[what], want)
		}
	}
}

func TestWhatTheDeskNeverTakesIsAcknowledged(t *testing.T) {
	h := newHouse(t)
	odd := &gated{Store: h.store, shut: func(context.Context, ticketing.Event) error {
		return &ticketing.Error{Class: ticketing.Invalid, Key: "error.text_empty"}
	}}
	ch := h.process(odd)
	h.sim.SetWebhook(h.listen(ch))
	raw := say("x", "m_1")
	if got := h.sim.Deliver(raw, sign(raw)); got != 200 || ch.Health().Counts["refused"] != 1 {
		t.Errorf("%d, %v", got, ch.Health().Counts)
	}
}

func TestARestlessPlatformChangesNothing(t *testing.T) {
	h := newHouse(t, func(s *simulator.FacebookSettings) {
		s.Mood = simulator.FacebookMood{Duplicate: .4, Late: .3, Batch: .3, Unknown: .3, Echo: true, Receipts: true, Seed: 3}
	})
	h.work(h.courier().Run)
	h.work(func(ctx context.Context) error { return h.ch.settleEarly(ctx, 10*time.Millisecond) })
	want := map[string]bool{}
	for u := range 5 {
		user := h.sim.Citizen("Người", fmt.Sprint(u))
		for i := range 8 {
			text := fmt.Sprintf("%d/%d", u, i)
			want[text] = true
			h.sim.Say(user, text)
		}
		h.sim.Flush()
		if _, err := h.sim.Await(h.soon(), user, 1); err != nil { // the receipt
			t.Fatal(err)
		}
	}
	h.sim.Flush()
	h.settled()
	got := 0
	for _, tk := range h.tickets() {
		h.until(tk.Code, func(t ticketing.Ticket) bool { return t.NextSend().IsZero() })
		for _, e := range h.events(tk.Code) {
			switch e.Kind {
			case ticketing.Received, ticketing.Said:
				if !want[e.Text] {
					t.Errorf("%q came twice or was never said", e.Text)
				}
				delete(want, e.Text)
				got++
			case ticketing.Noted:
				t.Errorf("our own message is taken for a colleague's: %q", e.Text)
			}
		}
	}
	if got != 40 || len(want) != 0 || len(h.tickets()) != 5 {
		t.Errorf("%d messages, %d missing, %d tickets", got, len(want), len(h.tickets()))
	}
}

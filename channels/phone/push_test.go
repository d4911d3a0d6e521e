package phone

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

var kinds = map[string]string{
	".json": "application/json", ".form": "application/x-www-form-urlencoded", ".parts": "multipart/form-data; boundary=X-B0UND",
}

// Each testdata/NAME.json, .form or .parts is a body as a bridge posts it; NAME.EXT.golden is what we make of it.
func TestBodiesAsTheyCome(t *testing.T) {
	seen := 0
	for ext, kind := range kinds {
		names, err := filepath.Glob("testdata/*" + ext)
		must(t, err)
		for _, name := range names {
			seen++
			raw, err := os.ReadFile(name)
			must(t, err)
			e, err := parsePush(kind, raw)
			must(t, err)
			made := map[string]any{
				"kind": e.kind(), "number": e.number().E164(),
				"call": e.call("push:ID", time.Unix(1795572010, 0).UTC(), map[string]string{"101": lan}),
			}
			var b bytes.Buffer
			enc := json.NewEncoder(&b)
			enc.SetIndent("", " ")
			must(t, enc.Encode(made))
			golden := name + ".golden"
			if *update {
				must(t, os.WriteFile(golden, b.Bytes(), 0o644))
			}
			want, err := os.ReadFile(golden)
			must(t, err)
			if d := cmp.Diff(string(want), b.String()); d != "" {
				t.Errorf("%s (go test -update writes it anew):\n%s", name, d)
			}
		}
	}
	if seen < 18 {
		t.Fatalf("only %d bodies", seen)
	}
}

func event(kind, id string, more ...string) map[string]string {
	e := map[string]string{"event": kind, "from": binh, "to": "1022", "direction": "in", "callId": id}
	for i := 0; i+1 < len(more); i += 2 {
		e[more[i]] = more[i+1]
	}
	return e
}

func TestOnlyWhatTheExchangeSignedIsTaken(t *testing.T) {
	h := newHouse(t)
	b := h.bridge(h.listen(h.ch), simulator.BridgeMood{})
	raw := `{"event":"newCall", "from":"0905123182","direction":"in","callId":"c\u0031"}`
	stamp := func(d time.Duration) string { return fmt.Sprint(h.clock.Now().Add(d).Unix()) }
	now := stamp(0)
	sign := func(stamp, raw, key string) string { return "sha256=" + simulator.PhoneSignature(stamp, raw, key) }
	good := sign(now, raw, secret)
	for _, c := range []struct {
		name, raw, stamp, signature string
		want                        int
	}{
		{"no signature", raw, now, "", 401},
		{"no time", raw, "", good, 401},
		{"another key", raw, now, sign(now, raw, "x"), 401},
		{"an empty key", raw, now, sign(now, raw, ""), 401},
		{"without its scheme", raw, now, strings.TrimPrefix(good, "sha256="), 401},
		{"upper case", raw, now, "sha256=" + strings.ToUpper(good[7:]), 401},
		{"cut", raw, now, good[:40], 401},
		{"another time", raw, stamp(time.Second), good, 401},
		{"the same JSON in other bytes", strings.Replace(raw, `\u0031`, "1", 1), now, good, 401},
		{"one byte more", raw + " ", now, good, 401},
		{"signed, too old", raw, stamp(-window - time.Second), sign(stamp(-window-time.Second), raw, secret), 401},
		{"signed, of the future", raw, stamp(window + time.Second), sign(stamp(window+time.Second), raw, secret), 401},
		{"signed, no time at all", raw, "soon", sign("soon", raw, secret), 401},
		{"signed, no JSON", "{", now, sign(now, "{", secret), 200},
		{"signed, nothing", "", now, sign(now, "", secret), 200},
		{"signed, unknown event", `{"event":"dtmf","callId":"c1"}`, now, sign(now, `{"event":"dtmf","callId":"c1"}`, secret), 200},
		{"signed, no call", `{"event":"newCall"}`, now, sign(now, `{"event":"newCall"}`, secret), 200},
		{"too large", strings.Repeat(" ", maxBody+1), now, good, 413},
	} {
		if got := b.Deliver(t.Context(), c.raw, "application/json", c.stamp, c.signature); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	if n := len(h.stored()); n != 0 {
		t.Fatalf("%d calls came of it", n)
	}
	if signed(sign(now, raw, ""), now, []byte(raw), "") {
		t.Error("an empty key signs")
	}
	for _, d := range []time.Duration{0, -window, window} {
		s := stamp(d)
		if got := b.Deliver(t.Context(), raw, "application/json", s, sign(s, raw, secret)); got != 200 {
			t.Errorf("the good one, %s off: %d", d, got)
		}
	}
	if c := h.only(); c.Citizen != h.citizen(binh) || c.State() != Ringing {
		t.Errorf("%+v", c)
	}
	if n := h.ch.Health().Counts; n["unsigned"] != 10 || n["unreadable"] != 3 || n["ignored"] != 1 || n["out of time"] != 3 {
		t.Errorf("%v", n)
	}
}

func TestWithoutAKeyThereIsNoWebhook(t *testing.T) {
	h := newHouse(t)
	h.conf.Secret = ""
	b := h.bridge(h.listen(h.process(h.store)), simulator.BridgeMood{})
	if got := b.Deliver(t.Context(), "{}", "application/json", "1", "sha256="+simulator.PhoneSignature("1", "{}", "")); got != 404 {
		t.Errorf("%d", got)
	}
}

// Whatever the order and however often, the same call is left behind, and the same book.
func TestTheOrderOfEventsDoesNotMatter(t *testing.T) {
	type told struct {
		after time.Duration
		event map[string]string
	}
	for name, story := range map[string][]told{
		"taken": {
			{0, event(newCall, "c", "user", "101", "queue", "q")}, {4 * time.Second, event(answer, "c", "answeringNumber", "101")},
			{64 * time.Second, event(hangup, "c", "cause", "normalClearing")},
		},
		"given up":       {{0, event(newCall, "c", "user", "101")}, {9 * time.Second, event(hangup, "c", "cause", "cancel")}},
		"two telephones": {{0, event(newCall, "c", "user", "101")}, {0, event(newCall, "c", "user", "102")}, {30 * time.Second, event(hangup, "c", "cause", "noAnswer")}},
	} {
		want := ""
		for seed := range uint64(12) {
			h := newHouse(t)
			b := h.bridge(h.listen(h.ch), simulator.BridgeMood{})
			r := rand.New(rand.NewPCG(seed, 1))
			order := append([]told{}, story...)
			if seed > 0 {
				order = append(order, story...) // each twice
				r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			}
			h.clock.Advance(2 * time.Minute)
			for _, e := range order {
				e.event["timestamp"] = fmt.Sprint(h.at(e.after.Seconds()).UnixMilli())
				must(t, b.Send(h.soon(), e.event))
			}
			// That the book was told, before it was told better, is bookkeeping.
			got := strings.ReplaceAll(h.calls(), ",\n  \"booked\": true", "") + fmt.Sprint(len(h.book()))
			if want == "" {
				want = got
				continue
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("%s, seed %d (-in order +shuffled):\n%s", name, seed, d)
			}
			if n := h.versions(); n > 2+len(h.book()) {
				t.Errorf("%s, seed %d: %d versions are left", name, seed, n)
			}
		}
	}
}

func TestARepeatedPushWritesNothing(t *testing.T) {
	h := newHouse(t)
	b := h.bridge(h.listen(h.ch), simulator.BridgeMood{})
	send := func(e map[string]string) { must(t, b.Send(h.soon(), e)) }
	send(event(newCall, "c", "user", "101"))
	revisions := func() map[string]int64 {
		r, err := h.store.Revisions(t.Context(), kindCall, kindDay, kindOpen, kindCallback, "citizen")
		must(t, err)
		return r
	}
	before := revisions()
	for range 3 {
		h.clock.Advance(5 * time.Second) // signed anew, with another time
		send(event(newCall, "c", "user", "101"))
	}
	if d := cmp.Diff(before, revisions()); d != "" {
		t.Errorf("the repeats wrote:\n%s", d)
	}
	send(event(hangup, "c", "cause", "cancel"))
	before = revisions()
	for range 3 {
		h.clock.Advance(5 * time.Second)
		send(event(hangup, "c", "cause", "cancel"))
		send(event(newCall, "c", "user", "101"))
	}
	if d := cmp.Diff(before, revisions()); d != "" {
		t.Errorf("the repeats wrote:\n%s", d)
	}
	if c := h.only(); !c.Ended.Equal(h.at(15)) || !c.Began.Equal(h.at(0)) {
		t.Errorf("%+v", c)
	}
}

// gated is the store with a door in front of its writes.
type gated struct {
	ticketing.Store
	mu   sync.Mutex
	shut func([]ticketing.Record) error
}

func (g *gated) Put(ctx context.Context, rs ...ticketing.Record) error {
	g.mu.Lock()
	shut := g.shut
	g.mu.Unlock()
	if shut != nil {
		if err := shut(rs); err != nil {
			return err
		}
	}
	return g.Store.Put(ctx, rs...)
}

func (g *gated) set(shut func([]ticketing.Record) error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = shut
}

func busy([]ticketing.Record) error { return ticketing.ErrBusy }

func TestAStoreThatCannotKeepUpIsNotAcknowledged(t *testing.T) {
	h := newHouse(t)
	g := &gated{Store: h.store, shut: busy}
	b := h.bridge(h.listen(h.process(g)), simulator.BridgeMood{})
	short, done := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer done()
	if err := b.Send(short, event(newCall, "c")); err == nil {
		t.Error("it was acknowledged")
	}
	if b.Statuses()[503] == 0 || len(h.stored()) != 0 {
		t.Errorf("%v", b.Statuses())
	}
	tries := 0
	g.set(func([]ticketing.Record) error {
		if tries++; tries < 4 {
			return ticketing.ErrUnknown
		}
		return nil
	})
	must(t, b.Send(h.soon(), event(newCall, "c")))
	if h.only().State() != Ringing {
		t.Error(h.calls())
	}
}

// An end that is acknowledged is in the book even if the program dies before it got there.
func TestACrashBeforeTheBookOnlyDelaysIt(t *testing.T) {
	h := newHouse(t)
	g := &gated{Store: h.store}
	ch := h.process(g)
	b := h.bridge(h.listen(ch), simulator.BridgeMood{})
	must(t, b.Send(h.soon(), event(newCall, "c")))
	g.set(func(rs []ticketing.Record) error {
		if rs[0].Kind == kindCallback {
			return ticketing.ErrBusy
		}
		return nil
	})
	short, done := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer done()
	if b.Send(short, event(hangup, "c", "cause", "cancel")) == nil {
		t.Error("it was acknowledged without the book")
	}
	if len(h.book()) != 0 || h.only().State() != Abandoned {
		t.Fatal(h.calls())
	}
	h.ch = h.process(h.store) // the next start
	h.work(h.ch.Run)
	h.until(func() bool { return len(h.book()) == 1 })
	h.until(func() bool { return h.only().Booked })
}

func TestABridgeThatRepeatsAndOvertakes(t *testing.T) {
	h := newHouse(t)
	url := h.listen(h.ch)
	for _, form := range []bool{false, true} {
		b := simulator.NewBridge(simulator.BridgeSettings{
			URL: url + "/webhooks/phone", Secret: secret, Now: h.clock.Now, Form: form, Scale: 1e4,
			Mood: simulator.BridgeMood{Duplicate: .4, Late: .4, Seed: 5},
		})
		for i := range 30 {
			id := fmt.Sprintf("%v-%d", form, i)
			must(t, b.Send(h.soon(), event(newCall, id, "user", "101")))
			h.clock.Advance(3 * time.Second)
			if i%3 > 0 {
				must(t, b.Send(h.soon(), event(answer, id, "user", "101")))
				h.clock.Advance(20 * time.Second)
			}
			must(t, b.Send(h.soon(), event(hangup, id, "cause", []string{"cancel", "normalClearing"}[min(1, i%3)])))
		}
		must(t, b.Flush(h.soon()))
	}
	states := map[State]int{}
	for _, c := range h.stored() {
		states[c.State()]++
	}
	if d := cmp.Diff(map[State]int{Ended: 40, Abandoned: 20}, states); d != "" {
		t.Error(d)
	}
	if len(h.book()) != 0 { // the last call was taken
		t.Errorf("%+v", h.book())
	}
}

func TestAPushedCallNobodyEnds(t *testing.T) {
	h := newHouse(t)
	h.ch.AMIAddr = ""
	b := h.bridge(h.listen(h.ch), simulator.BridgeMood{})
	must(t, b.Send(h.soon(), event(newCall, "c", "user", "101")))
	h.work(h.ch.Run)
	h.clock.Advance(pushedForgotten + time.Minute)
	h.until(func() bool { return h.only().State() == Abandoned && h.only().Legs[0].End == LostSight })
	h.until(func() bool { return len(h.book()) == 1 })
}

// Nothing that is kept and nothing that is logged holds a number.
func TestNumbersAreInTheVaultOnly(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	h.connect()
	b := h.bridge(h.listen(h.ch), simulator.BridgeMood{})
	must(t, b.Send(h.soon(), event(newCall, binh+"-call", "user", chi)))
	must(t, b.Send(h.soon(), event(hangup, binh+"-call", "cause", "cancel", "recording", "https://pbx.example.vn/"+binh+".wav")))
	must(t, b.Send(h.soon(), event("?"+binh, "x")))
	h.sim.Call(chi).Enter(queue).HangUp()
	h.sim.CallOut("101", binh).Reached("NOANSWER").HangUp()
	h.heard()
	if n := len(h.stored()); n != 3 {
		t.Fatalf("%d calls", n)
	}
	for _, kind := range []string{kindCall, kindDay, kindOpen, kindCallback, kindExtensions, "citizen", "contact"} {
		records, err := h.store.All(t.Context(), kind, "")
		must(t, err)
		for _, r := range records {
			if holdsNumber(r.ID + string(r.Doc)) {
				t.Errorf("%s: %s", kind, r.Doc)
			}
		}
	}
	if holdsNumber(h.log.String()) {
		t.Error(h.log.String())
	}
	if p, _, err := h.desk.Vault.Person(t.Context(), h.citizen(binh)); err != nil || p.Phone != "+84905123182" {
		t.Errorf("the vault: %v", err)
	}
}

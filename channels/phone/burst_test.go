package phone

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

// stuck is a store that takes nothing and heeds no deadline until it is let go.
type stuck struct {
	ticketing.Store
	let chan struct{}
}

func (s *stuck) Put(ctx context.Context, rs ...ticketing.Record) error {
	<-s.let
	return s.Store.Put(ctx, rs...)
}

// A bridge must never wait for a store that hangs: it is told to come back, and what it brought again is stored once.
func TestAStoreThatHangsIsAnsweredInTime(t *testing.T) {
	h := newHouse(t)
	store := &stuck{Store: h.store, let: make(chan struct{})}
	ch := h.process(store)
	url := h.listen(ch)
	b := h.bridge(url, simulator.BridgeMood{})
	raw, kind := `{"event":"newCall","from":"`+binh+`","to":"1022","direction":"in","callId":"c"}`, "application/json"
	stamp := "1764036000"
	h.clock.now = time.Unix(1764036000, 0)
	began := time.Now()
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			req, err := http.NewRequestWithContext(h.soon(), http.MethodPost, url+"/webhooks/phone", strings.NewReader(raw))
			if err != nil {
				t.Error(err)
				return
			}
			for name, value := range map[string]string{"Content-Type": kind, headerTime: stamp, headerSignature: "sha256=" + simulator.PhoneSignature(stamp, raw, secret)} {
				req.Header.Set(name, value)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
				t.Errorf("%s, Retry-After %q", resp.Status, resp.Header.Get("Retry-After"))
			}
		})
	}
	all.Wait()
	if took := time.Since(began); took > enough+time.Second {
		t.Errorf("the last answer came after %s", took)
	}
	if n := len(h.stored()); n != 0 {
		t.Errorf("%d calls are stored by a store that hangs", n)
	}
	close(store.let)
	if got := b.Deliver(h.soon(), raw, kind, stamp, "sha256="+simulator.PhoneSignature(stamp, raw, secret)); got != http.StatusOK {
		t.Errorf("once the store is back: %d", got)
	}
	h.only()
}

// No endless queue of goroutines stands behind a store that hangs.
func TestABurstIsBounded(t *testing.T) {
	h := newHouse(t)
	h.ch.pace.enough = time.Hour
	let := make(chan struct{})
	var all sync.WaitGroup
	for range maxTaking {
		all.Go(func() {
			if err := h.ch.inTime(t.Context(), func(context.Context) error { <-let; return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	h.until(func() bool { return len(h.ch.taking) == maxTaking })
	if err := h.ch.inTime(t.Context(), func(context.Context) error { return nil }); ticketing.ClassOf(err) == ticketing.Invalid || err == nil {
		t.Errorf("one too many: %v", err)
	}
	close(let)
	all.Wait()
	h.until(func() bool { return h.ch.inTime(t.Context(), func(context.Context) error { return nil }) == nil })
}

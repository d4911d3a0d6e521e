package facebook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hotline1022/ticketing"
)

// platformWaits is what nobody may be answered 200 after.
const platformWaits = 2 * time.Second

// said is what one post was answered, and when.
type said struct {
	status int
	after  time.Duration
	retry  string
}

// post sends the i-th message with more patience than the platform has, so that a late answer is seen.
func (h *house) post(client *http.Client, hook string, i int) said {
	raw := say("x", fmt.Sprint("m_", i))
	req, err := http.NewRequestWithContext(h.Context(), http.MethodPost, hook, strings.NewReader(raw))
	must(h.TB, err)
	req.Header.Set("X-Hub-Signature-256", sign(raw))
	var began, first atomic.Int64
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		WroteRequest:         func(httptrace.WroteRequestInfo) { began.Store(time.Now().UnixNano()) },
		GotFirstResponseByte: func() { first.Store(time.Now().UnixNano()) },
	}))
	resp, err := client.Do(req)
	if err != nil {
		h.Error(err)
		return said{}
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return said{resp.StatusCode, time.Duration(first.Load() - began.Load()), resp.Header.Get("Retry-After")}
}

// A disk that takes 10 ms for each write, one at a time, cannot take 250 messages within the platform's time.
func TestInABurstNobodyIsAnsweredTooLate(t *testing.T) {
	h := newHouse(t)
	disk := make(chan struct{}, 1)
	slow := &gated{Store: h.store, shut: func(ctx context.Context, _ ticketing.Event) error {
		select {
		case disk <- struct{}{}:
		case <-ctx.Done():
			return ticketing.ErrUnknown
		}
		defer func() { <-disk }()
		write := time.NewTimer(10 * time.Millisecond)
		defer write.Stop()
		<-write.C
		return nil
	}}
	hook := h.listen(h.process(slow))
	const burst = 250
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: burst}}
	answers := make([]said, burst)
	var all sync.WaitGroup
	for i := range burst {
		all.Go(func() { answers[i] = h.post(client, hook, i) })
	}
	all.Wait()
	counts := map[int]int{}
	for i, a := range answers {
		counts[a.status]++
		_, err := h.store.ByKey(t.Context(), fmt.Sprintf("facebook:%s:m:m_%d", pageID, i))
		switch {
		case a.status == http.StatusOK && (err != nil || a.after > platformWaits):
			t.Errorf("message %d: 200 after %s, %v", i, a.after, err)
		case a.status == http.StatusServiceUnavailable && a.retry == "":
			t.Errorf("message %d is put off, and nobody says until when", i)
		}
	}
	if counts[200]+counts[503] != burst || counts[200] == 0 || counts[503] == 0 {
		t.Errorf("%v", counts)
	}
}

// A store that does not heed the time it has been given, and writes after all.
func TestWhatIsStoredTooLateIsNotAcknowledged(t *testing.T) {
	h := newHouse(t)
	stuck := &gated{Store: h.store, shut: func(ctx context.Context, _ ticketing.Event) error {
		<-ctx.Done()
		return nil
	}}
	late := &lateStore{stuck}
	if a := h.post(http.DefaultClient, h.listen(h.process(late)), 1); a.status != http.StatusServiceUnavailable || a.retry == "" {
		t.Errorf("%+v", a)
	}
	if n := len(h.events(h.only().Code)); n != 1 { // it is there nevertheless
		t.Errorf("%d events", n)
	}
	if a := h.post(http.DefaultClient, h.listen(h.ch), 1); a.status != http.StatusOK {
		t.Errorf("the repeat: %+v", a)
	}
	if n := len(h.events(h.only().Code)); n != 1 {
		t.Errorf("%d events after the repeat", n)
	}
}

// lateStore lets nobody take back what has begun.
type lateStore struct{ *gated }

func (l *lateStore) Append(ctx context.Context, e ticketing.Event, after ticketing.Ticket, with ...ticketing.Record) (ticketing.Event, error) {
	if err := l.shut(ctx, e); err != nil {
		return ticketing.Event{}, err
	}
	return l.Store.Append(context.WithoutCancel(ctx), e, after, with...)
}

func TestAGreaterBurstIsSentAwayAtOnce(t *testing.T) {
	h := newHouse(t)
	h.ch.taking.Store(mostAtOnce)
	hook := h.listen(h.ch)
	if a := h.post(http.DefaultClient, hook, 1); a.status != http.StatusServiceUnavailable || a.retry == "" {
		t.Errorf("%+v", a)
	}
	if _, err := h.store.ByKey(t.Context(), fmt.Sprintf("facebook:%s:m:m_%d", pageID, 1)); !errors.Is(err, ticketing.ErrNotFound) {
		t.Errorf("it was looked at: %v", err)
	}
	h.ch.taking.Store(mostAtOnce - 1)
	if a := h.post(http.DefaultClient, hook, 1); a.status != http.StatusOK {
		t.Errorf("the last that is let in: %+v", a)
	}
	if n := h.ch.taking.Load(); n != mostAtOnce-1 {
		t.Errorf("%d under way", n)
	}
}

package webchat

import (
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkWebhook sends messages of 500 devices over 64 connections of the loopback, each durable when answered, while
// the hub follows the journal and the courier sends the receipts.
func BenchmarkWebhook(b *testing.B) {
	h := newHouse(b, func(h *house) {
		much := Rate{1 << 30, time.Second}
		h.ch.Rates = Rates{much, much, much, much, much}
	})
	const lines = 64
	windows := make([]*window, 500)
	for i := range windows {
		windows[i] = h.window()
	}
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = lines
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var all sync.WaitGroup
	names := make([]string, b.N)
	for i := range names {
		names[i] = nextName()
	}
	b.ResetTimer()
	for range lines {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				begun := time.Now()
				if a := windows[i%len(windows)].say("Đèn đường hẻm 42 tắt ba hôm nay, tối đi lại nguy hiểm.", "key", names[i]); a.StatusCode != 200 {
					b.Errorf("%d: %s", a.StatusCode, a.body)
					return
				}
				took[i] = time.Since(begun)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-ms")
}

// BenchmarkThread is what a window without a line asks every 25 seconds, and finds nothing new.
func BenchmarkThread(b *testing.B) {
	h := newHouse(b, func(h *house) {
		much := Rate{1 << 30, time.Second}
		h.ch.Rates = Rates{much, much, much, much, much}
	})
	w := h.window()
	for range 20 {
		w.say("Tin.").wants(b, 200)
	}
	v := w.thread()
	b.ResetTimer()
	for range b.N {
		w.get("/nhung/chat/thread?have="+v.Version).wants(b, 200)
	}
}

package zalo

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkWebhook posts signed messages of 500 people over loopback, 64 at once, and says how many a second became
// durable and what the slowest of a hundred waited.
func BenchmarkWebhook(b *testing.B) {
	h := newHouse(b)
	hook := h.listen(h.ch)
	const connections = 64
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}}
	var next atomic.Int64
	var mu sync.Mutex
	var waits []time.Duration
	var workers sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	began := time.Now()
	for range connections {
		workers.Go(func() {
			var mine []time.Duration
			for {
				i := next.Add(1)
				if i > int64(b.N) {
					break
				}
				raw := body("trước nhà số 5 hỏng đã ba ngày", fmt.Sprint("m", i), `"1795422001000"`)
				raw = strings.Replace(raw, "246845883529197922", fmt.Sprint("24684588352919", i%500), 1)
				req, _ := http.NewRequest(http.MethodPost, hook, strings.NewReader(raw))
				req.Header.Set("X-ZEvent-Signature", "mac="+mac(raw, "1795422001000"))
				start := time.Now()
				resp, err := client.Do(req)
				if err != nil || resp.StatusCode != http.StatusOK {
					b.Errorf("%v %v", resp, err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				mine = append(mine, time.Since(start))
			}
			mu.Lock()
			waits = append(waits, mine...)
			mu.Unlock()
		})
	}
	workers.Wait()
	b.StopTimer()
	slices.Sort(waits)
	b.ReportMetric(float64(len(waits))/time.Since(began).Seconds(), "events/s")
	if len(waits) > 0 {
		b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "p99-ms")
	}
}

package open311

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkWebhook is what a program sees that hands reports in over loopback on 64 connections, each with an id of its
// own and a person to be put in the vault.
func BenchmarkWebhook(b *testing.B) {
	h := newHouse(b, func(h *house) {
		h.conf.Limits = Limits{PerSecond: 1e9, Burst: 1e9, Reads: 1e9, ReadBurst: 1e9}
	})
	const connections = 64
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}}
	form := h.report("description", strings.Repeat("Mất điện từ sáng ", 15)).Encode()
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var group sync.WaitGroup
	b.ResetTimer()
	for range connections {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				body := fmt.Sprintf("%s&attribute[external_id]=B-%d&phone=09%08d&first_name=An", form, i, i)
				began := time.Now()
				resp, err := client.Post(h.url+"/requests.json", "application/x-www-form-urlencoded", strings.NewReader(body))
				if err != nil {
					b.Error(err)
					return
				}
				resp.Body.Close()
				if resp.StatusCode != 200 {
					b.Errorf("%d", resp.StatusCode)
					return
				}
				took[i] = time.Since(began)
			}
		})
	}
	group.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reports/s")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

package phone

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
	"hotline1022/ticketing/store/sqlite"
)

// newFuzzHouse is a store that is never written to, for what needs a channel.
func newFuzzHouse(t testing.TB) *fuzzHouse {
	store, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "hotline.db"), sqlite.Options{})
	must(t, err)
	t.Cleanup(func() { store.Close() })
	now := func() time.Time { return time.Unix(1795572060, 0) }
	vault, err := ticketing.NewVault(store, bytes.Repeat([]byte{7}, 32), now)
	must(t, err)
	return &fuzzHouse{&ticketing.Desk{Store: store, Vault: vault, Now: now}}
}

type fuzzHouse struct{ desk *ticketing.Desk }

// blank is a channel that has heard nothing yet.
func (h *fuzzHouse) blank() *Channel {
	c, err := Open(context.Background(), Config{Secret: secret, AMIAddr: "pbx:5038", AMIUser: "u", AMISecret: "s"}, h.desk, slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	c.extensions["101"] = lan
	return c
}

// BenchmarkWebhook posts signed events over loopback, 64 connections, each call's three events one after the other.
func BenchmarkWebhook(b *testing.B) {
	h := newFuzzHouse(b)
	h.desk.Now = time.Now
	h.desk.Vault.Now = time.Now
	c := h.blank()
	app := fiber.New(fiber.Config{DisableStartupMessage: true, Immutable: true})
	c.Mount(app)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	go app.Listener(l)
	defer app.Shutdown()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}}
	url := "http://" + l.Addr().String() + "/webhooks/phone"
	post := func(e map[string]string) {
		raw, _ := json.Marshal(e)
		stamp := fmt.Sprint(time.Now().Unix())
		req, _ := http.NewRequest(http.MethodPost, url, bytes.NewReader(raw))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set(headerTime, stamp)
		req.Header.Set(headerSignature, "sha256="+simulator.PhoneSignature(stamp, string(raw), secret))
		resp, err := client.Do(req)
		if err != nil {
			b.Error(err)
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 200 {
			b.Errorf("%d", resp.StatusCode)
		}
	}
	var mu sync.Mutex
	var took []time.Duration
	var next atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	began := time.Now()
	for range 64 {
		all.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				call, step := (n-1)/3, (n-1)%3
				e := event([]string{newCall, answer, hangup}[step], fmt.Sprint(call), "user", "101", "cause", "normalClearing")
				e["from"] = fmt.Sprintf("0905%06d", call%1_000_000)
				start := time.Now()
				post(e)
				mu.Lock()
				took = append(took, time.Since(start))
				mu.Unlock()
			}
		})
	}
	all.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "events/s")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

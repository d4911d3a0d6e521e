package telegram

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/sqlite"
)

// BenchmarkWebhook posts updates with the secret over loopback from 64 connections, 500 people, to a real store.
func BenchmarkWebhook(b *testing.B) {
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "hotline.db"), sqlite.Options{})
	must(b, err)
	defer store.Close()
	vault, err := ticketing.NewVault(store, bytes.Repeat([]byte{7}, 32), time.Now)
	must(b, err)
	catalogs := &ticketing.Catalogs{Records: store}
	must(b, catalogs.Refresh(b.Context()))
	log := slog.New(slog.DiscardHandler)
	desk := &ticketing.Desk{Store: store, Vault: vault, Catalog: catalogs, Now: time.Now, Log: log, BaseURL: "https://1022.example.vn"}
	ch, err := Open(Config{Token: token, Secret: secret}, desk, log)
	must(b, err)
	app := fiber.New(fiber.Config{DisableStartupMessage: true, Immutable: true})
	ch.Mount(app)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	go app.Listener(l)
	defer app.Shutdown()
	hook := "http://" + l.Addr().String() + "/webhooks/telegram"

	const connections = 64
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var workers sync.WaitGroup
	b.ResetTimer()
	for range connections {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				raw := strings.ReplaceAll(body(i+1, "Đèn đường trước nhà hỏng ba ngày nay"), "7000000001", "70000"+string(rune('0'+i%10))+string(rune('0'+i/10%10))+string(rune('0'+i/100%5))+"1")
				began := time.Now()
				req, _ := http.NewRequest(http.MethodPost, hook, strings.NewReader(raw))
				req.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
				resp, err := client.Do(req)
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					b.Errorf("status %d", resp.StatusCode)
				}
				took[i] = time.Since(began)
			}
		})
	}
	workers.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-ms")
}

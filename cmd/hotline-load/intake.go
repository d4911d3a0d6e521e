package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"hotline1022/ticketing/store/sqlite/bare"
)

// report is a body as a web form or an app sends it.
func report(n int64) []byte {
	body, err := json.Marshal(map[string]any{
		"kind": "report", "channel": "app", "visibility": "public",
		"text":    fmt.Sprintf("Đèn đường trước số nhà %d bị hỏng ba hôm nay, buổi tối đi lại rất nguy hiểm, đề nghị đơn vị sớm kiểm tra và sửa giúp bà con trong hẻm.", n),
		"address": fmt.Sprintf("kiệt %d đường Nguyễn Văn Linh", n%500),
		"citizen": map[string]string{"name": "Nguyễn Văn An", "phone": fmt.Sprintf("0905%06d", n%1_000_000)},
	})
	if err != nil {
		panic(err) // strings only
	}
	return body
}

// intake is durable intake through HTTP, between two measurements of the bare insert of the same bytes, by itself and
// behind HTTP.
func intake(ctx context.Context, s *server, keys []string, o options, t *table) error {
	before, err := bareInsert(ctx, o)
	if err != nil {
		return err
	}
	behind, err := bareHTTP(ctx, o)
	if err != nil {
		return err
	}
	got, err := post(ctx, s, keys, o.connections, o.length, 0)
	if err != nil {
		return err
	}
	after, err := bareInsert(ctx, o)
	if err != nil {
		return err
	}
	behindAfter, err := bareHTTP(ctx, o)
	if err != nil {
		return err
	}
	base, http := (before+after)/2, (behind.rate()+behindAfter.rate())/2
	t.row(fmt.Sprintf("durable intake, POST /api/v1/tickets, %d connections", o.connections), fmt.Sprintf("%.0f/s", got.rate()), "2000/s")
	t.row("  its p50 / p99", fmt.Sprintf("%.1f / %.1f ms", ms(got.at(50)), ms(got.at(99))), "p99 150 ms")
	t.row("  bare group-committed insert of the same bytes", fmt.Sprintf("%.0f/s", base), "")
	t.row("  share of it", fmt.Sprintf("%.0f %%", 100*got.rate()/base), "50 %")
	t.row("  bare group-committed insert of the same bytes behind HTTP", fmt.Sprintf("%.0f/s", http), "")
	t.row("  share of it", fmt.Sprintf("%.0f %%", 100*got.rate()/http), "")
	t.row("  refused (503) / failed", fmt.Sprintf("%d / %d", got.busy, got.failed), "0 / 0")
	t.row("memory, after the intake", fmt.Sprintf("%.0f MB", s.memory()), "")
	return nil
}

func bareInsert(ctx context.Context, o options) (float64, error) {
	dir, err := os.MkdirTemp("", "hotline-bare-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	r, err := bare.Insert(ctx, dir, o.connections, report(1), o.length/2)
	return r.Rate(), err
}

type result struct {
	took         []time.Duration
	seconds      float64
	busy, failed int64
}

func (r result) rate() float64 { return float64(len(r.took)) / r.seconds }

// at is a percentile; took is sorted.
func (r result) at(percent int) time.Duration {
	if len(r.took) == 0 {
		return 0
	}
	return r.took[min(len(r.took)-1, len(r.took)*percent/100)]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// post sends reports for so long; each connection sends the next when the last is answered. A rate above 0 paces all
// connections together.
func post(ctx context.Context, s *server, keys []string, connections int, length time.Duration, rate int) (result, error) {
	client := &fasthttp.HostClient{Addr: strings.TrimPrefix(s.url, "http://"), MaxConns: connections, ReadTimeout: 30 * time.Second}
	var r result
	var n atomic.Int64
	var mu sync.Mutex
	var firstErr error
	var wg sync.WaitGroup
	begin := time.Now()
	end := begin.Add(length)
	for i := range connections {
		wg.Go(func() {
			req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
			defer fasthttp.ReleaseRequest(req)
			defer fasthttp.ReleaseResponse(resp)
			req.SetRequestURI(s.url + "/api/v1/tickets")
			req.Header.SetMethod(http.MethodPost)
			req.Header.SetContentType("application/json")
			req.Header.Set("Authorization", "Bearer "+keys[i%len(keys)]) // a key has its own limit of calls
			var mine []time.Duration
			var busy, failed int64
			for time.Now().Before(end) && ctx.Err() == nil {
				k := n.Add(1)
				if rate > 0 {
					pause(ctx, time.Until(begin.Add(time.Duration(k)*time.Second/time.Duration(rate))))
				}
				req.SetBodyRaw(report(k))
				at := time.Now()
				err := client.Do(req, resp)
				switch {
				case err == nil && resp.StatusCode() == http.StatusCreated:
					mine = append(mine, time.Since(at))
				case err == nil && resp.StatusCode() == http.StatusServiceUnavailable:
					busy++
				default:
					failed++
					mu.Lock()
					if firstErr == nil {
						firstErr = fmt.Errorf("intake answered %d: %.300s (%v)", resp.StatusCode(), resp.Body(), err)
					}
					mu.Unlock()
				}
			}
			mu.Lock()
			r.took = append(r.took, mine...)
			r.busy += busy
			r.failed += failed
			mu.Unlock()
		})
	}
	wg.Wait()
	r.seconds = time.Since(begin).Seconds()
	slices.Sort(r.took)
	if len(r.took) == 0 && ctx.Err() == nil {
		return r, firstErr
	}
	return r, ctx.Err()
}

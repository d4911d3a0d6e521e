package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fasthttp/websocket"
)

const (
	perKey    = 16
	listeners = 200
)

// sockets measures what an idle socket costs the server, and how long an event takes to the last of 200 sockets.
func sockets(ctx context.Context, s *server, keys []string, o options, t *table) error {
	before := s.memory()
	idle, err := dial(ctx, s, keys, o.sockets)
	if err != nil {
		return err
	}
	rest(idle)
	pause(ctx, o.settle)
	each := (s.memory() - before) * 1024 / float64(len(idle))
	t.row(fmt.Sprintf("memory per idle socket, %d sockets", len(idle)), fmt.Sprintf("%.1f KB", each), "25 KB")
	for _, c := range idle {
		_ = c.Close() // the server sees it go
	}
	pause(ctx, time.Second)
	return liveLatency(ctx, s, keys, o, t)
}

func dial(ctx context.Context, s *server, keys []string, n int) ([]*websocket.Conn, error) {
	address := strings.Replace(s.url, "http://", "ws://", 1) + "/live"
	var all []*websocket.Conn
	d := websocket.Dialer{HandshakeTimeout: 10 * time.Second, ReadBufferSize: 512, WriteBufferSize: 512}
	for len(all) < n && ctx.Err() == nil {
		c, resp, err := d.DialContext(ctx, address, http.Header{
			"Authorization":   {"Bearer " + keys[len(all)/perKey]},
			"X-Forwarded-For": {fmt.Sprintf("10.0.%d.%d", len(all)/200, len(all)%200+1)},
		})
		if err != nil {
			status := 0
			if resp != nil {
				status = resp.StatusCode
			}
			if len(all) > 0 && status == http.StatusServiceUnavailable {
				return all, nil // as many as the server's own limit lets in
			}
			return all, fmt.Errorf("socket %d: status %d: %w", len(all)+1, status, err)
		}
		all = append(all, c)
	}
	return all, ctx.Err()
}

// rest reads what comes and answers pings, as a browser does.
func rest(conns []*websocket.Conn) {
	for _, c := range conns {
		go func() {
			for {
				if _, _, err := c.NextReader(); err != nil {
					return
				}
			}
		}()
	}
}

// liveLatency: 20 tickets a second come in, 200 sockets listen; the time is from before the POST to each socket's
// frame, so it holds the durable commit too.
func liveLatency(ctx context.Context, s *server, keys []string, o options, t *table) error {
	conns, err := dial(ctx, s, keys, listeners)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	heard := map[string][]time.Time{} // code → when each socket heard of it
	var wg sync.WaitGroup
	for _, c := range conns {
		wg.Go(func() {
			for {
				_, raw, err := c.ReadMessage()
				if err != nil {
					return
				}
				at := time.Now()
				var changes []struct {
					Ticket  string `json:"ticket"`
					Version int    `json:"version"`
				}
				if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &changes) != nil {
					continue
				}
				mu.Lock()
				for _, change := range changes {
					if change.Version == 1 {
						heard[change.Ticket] = append(heard[change.Ticket], at)
					}
				}
				mu.Unlock()
			}
		})
	}
	client := &http.Client{Timeout: 10 * time.Second}
	sent := map[string]time.Time{}
	for n := range int(o.length.Seconds()) * 20 {
		pause(ctx, 50*time.Millisecond)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/api/v1/tickets", strings.NewReader(string(report(int64(n)))))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+keys[0])
		req.Header.Set("Content-Type", "application/json")
		at := time.Now()
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		var created struct {
			Code string `json:"code"`
		}
		err = json.NewDecoder(resp.Body).Decode(&created)
		_ = resp.Body.Close()
		if err != nil || created.Code == "" {
			return fmt.Errorf("intake answered %d", resp.StatusCode)
		}
		sent[strings.ReplaceAll(created.Code, "-", "")] = at
	}
	pause(ctx, 2*time.Second)
	for _, c := range conns {
		_ = c.Close()
	}
	wg.Wait()
	var took []time.Duration
	missing := 0
	for code, at := range sent {
		missing += len(conns) - len(heard[code])
		for _, h := range heard[code] {
			took = append(took, h.Sub(at))
		}
	}
	slices.Sort(took)
	r := result{took: took}
	t.row(fmt.Sprintf("POST to frame, %d sockets, 20 tickets/s: p50 / p99", len(conns)), fmt.Sprintf("%.1f / %.1f ms", ms(r.at(50)), ms(r.at(99))), "p99 100 ms")
	t.row("  frames that did not come", fmt.Sprint(missing), "0")
	return nil
}

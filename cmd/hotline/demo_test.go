package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hotline1022/ticketing"
)

// The demo as it is started: citizens write by every door, the whole way, and the chats get their receipts.
func TestTheDemoLives(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), 90*time.Second)
	defer stop()
	c := &Config{Addr: "127.0.0.1:0", Data: filepath.Join(t.TempDir(), "data"), Store: "sqlite", Timezone: "Asia/Ho_Chi_Minh"}
	p, err := assemble(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer p.store.Close()
	ended := make(chan error, 1)
	go func() { ended <- DemoCmd{Weeks: 1, Count: 30, Pace: 20 * time.Millisecond}.show(ctx, c, p) }()

	began := time.Now().UTC()
	seen := map[ticketing.Channel]int{}
	told := 0 // messages that a running courier brought to a chat
	var last int64
	everyDoor := func() bool {
		for _, ch := range []ticketing.Channel{ticketing.Zalo, ticketing.Facebook, ticketing.Telegram, ticketing.Email, ticketing.Web, ticketing.Chat, ticketing.Open311} {
			if seen[ch] == 0 {
				return false
			}
		}
		calls, err := p.store.All(ctx, "call", "")
		return told >= 3 && err == nil && len(calls) > 0
	}
	for !everyDoor() {
		bell := p.store.Bell()
		events, err := p.store.Since(ctx, last, 500)
		if err != nil {
			t.Fatalf("%v: %v, %d told", err, seen, told)
		}
		for _, e := range events {
			last = e.Seq
			if e.Kind == ticketing.Received && e.At.After(began) {
				seen[e.Channel]++
			}
			if e.Kind == ticketing.SendDelivered && e.Receipt != "demo" {
				told++
			}
		}
		if len(events) > 0 {
			continue
		}
		select {
		case <-bell:
		case err := <-ended:
			t.Fatalf("the demo ended: %v", err)
		case <-ctx.Done():
			t.Fatalf("%v, %d told", seen, told)
		}
	}
	answer, err := http.Get(p.desk.BaseURL + "/")
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("the home page answers %s", answer.Status)
	}
	stop()
	if err := <-ended; err != nil && ctx.Err() == nil {
		t.Error(err)
	}
}

func TestTheDemoLeavesNothingBehind(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	stop() // told to stop before it began: the shortest demo
	_ = DemoCmd{Weeks: 1, Count: 3, Hold: true}.Run(ctx, &Config{Timezone: "Asia/Ho_Chi_Minh"})
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}

package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/cmd/hotline/province"
	"hotline1022/ticketing"
)

func TestPhoneHours(t *testing.T) {
	open, err := phoneHours("07:30-11:30, 13:00-17:30")
	if err != nil {
		t.Fatal(err)
	}
	for clock, want := range map[string]bool{
		"07:29": false, "07:30": true, "11:29": true, "11:30": false, "13:00": true, "17:29": true, "17:30": false, "00:00": false,
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", "2026-11-25 "+clock, ticketing.Zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := open(at.UTC()); got != want {
			t.Errorf("%s: %v", clock, got)
		}
	}
	if always, err := phoneHours(""); always != nil || err != nil {
		t.Error("no hours are hours")
	}
	for _, bad := range []string{"7", "07:30-", "17:30-07:30", "07:30-11:30,"} {
		if _, err := phoneHours(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// The whole way through the program: a pushed call rings on the operator's console.
func TestTheTelephoneIsWired(t *testing.T) {
	c := &Config{Addr: "127.0.0.1:0", Data: t.TempDir(), Store: "sqlite", Timezone: "Asia/Ho_Chi_Minh", Log: "text", PhoneSecret: "push-key"}
	ctx, stop := context.WithCancel(t.Context())
	p, err := assemble(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := province.Seed(ctx, p.store, p.accounts, time.Now()); err != nil {
		t.Fatal(err)
	}
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- serve(ctx, c, p, func(url string) { ready <- url }) }()
	r := &running{TB: t, parts: p}
	select {
	case r.url = <-ready:
	case err := <-done:
		t.Fatal(err)
	}
	defer func() {
		stop()
		if err := errors.Join(<-done, p.store.Close()); err != nil {
			t.Error(err)
		}
	}()
	bridge := simulator.NewBridge(simulator.BridgeSettings{URL: r.url + "/webhooks/phone", Secret: "push-key"})
	raw := "event=newCall&from=0905123182&to=1022&direction=in&callId=1&user%5B%5D=hanh"
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	signature := "sha256=" + simulator.PhoneSignature(stamp, raw, "push-key")
	if got := bridge.Deliver(ctx, raw, "application/x-www-form-urlencoded", stamp, signature); got != http.StatusOK {
		t.Fatalf("%d", got)
	}
	if got := r.status(&http.Client{}, "/console/calls"); got != http.StatusUnauthorized {
		t.Errorf("without a sign-in: %d", got)
	}
	resp, err := r.client("hanh").Get(r.url + "/console/calls")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), `"phone":"090•••182"`) {
		t.Errorf("%s %s %v", resp.Status, body, err)
	}
}

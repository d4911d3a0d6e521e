package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

// The whole program with a page: the handshake, a message and its receipt, a batch larger than an ordinary body.
func TestThePageIsJoinedToTheProgram(t *testing.T) {
	ctx, stop := context.WithTimeout(t.Context(), 120*time.Second)
	defer stop()
	page, err := simulator.NewFacebook(simulator.FacebookSettings{
		AppID: "7", AppSecret: "secret", VerifyToken: "words", PageToken: "token", PageID: "1022", Followers: 9, Scale: 400, Mood: simulator.FacebookMood{Echo: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	c := &Config{
		Addr: "127.0.0.1:0", Data: filepath.Join(t.TempDir(), "data"), Store: "sqlite", Timezone: "Asia/Ho_Chi_Minh",
		FacebookAppSecret: "secret", FacebookVerifyToken: "words", FacebookPageToken: "token", FacebookPageID: "1022", FacebookGraph: page.Graph(),
	}
	p, err := assemble(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer p.store.Close()
	serving, halt := context.WithCancel(ctx)
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- serve(serving, c, p, func(url string) { ready <- url }) }()
	var url string
	select {
	case url = <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	page.SetWebhook(url + "/webhooks/facebook")
	if err := page.Handshake(ctx); err != nil {
		t.Error(err)
	}
	user := page.Citizen("Trần Thị", "Bình")
	page.Batch(func() {
		for range 60 {
			page.Say(user, strings.Repeat("Nước ngập. ", 500))
		}
	})
	got, err := page.Await(ctx, user, 1)
	if err != nil || !strings.Contains(got[0].Text, "/t/") {
		t.Fatalf("no receipt: %v %+v", err, got)
	}
	// A slow machine puts the batch off (503) and has it repeated; nothing else may be answered, and nothing lost.
	if pushes, err := page.Settled(ctx); err != nil || pushes.Lost > 0 || pushes.Statuses[200] == 0 || pushes.Statuses[200]+pushes.Statuses[503] != pushes.Sent {
		t.Errorf("%v %+v", err, pushes)
	}
	all, err := p.store.List(ctx, ticketing.Filter{Scope: ticketing.Scope{All: true}, Channel: []ticketing.Channel{ticketing.Facebook}})
	if err != nil || len(all.Tickets) != 1 || all.Tickets[0].Messages != 60 {
		t.Errorf("%v, %d tickets", err, len(all.Tickets))
	}
	answer, err := http.Get(url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var parts map[string]string
	if err := json.NewDecoder(answer.Body).Decode(&parts); err != nil || parts["facebook"] != "ok" {
		t.Errorf("%v %+v", err, parts)
	}
	halt()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

package main

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

func TestTheMailboxesSettingsAreChecked(t *testing.T) {
	good := Config{EmailAddress: "1022@example.vn", EmailIMAP: "imaps://mail.example.vn", EmailSMTP: "smtps://mail.example.vn", EmailUser: "u", EmailPassword: "geheim", EmailPace: "60"}
	for name, c := range map[string]struct {
		change func(*Config)
		want   string // part of the complaint; "" is none
	}{
		"good":          {func(*Config) {}, ""},
		"off":           {func(c *Config) { *c = Config{EmailPace: "60"} }, ""},
		"no address":    {func(c *Config) { c.EmailAddress = "" }, "EMAIL_ADDRESS"},
		"clear":         {func(c *Config) { c.EmailIMAP = "imap://mail.example.vn" }, "EMAIL_IMAP"},
		"no number":     {func(c *Config) { c.EmailPace = "schnell" }, "EMAIL_PACE"},
		"no way out":    {func(c *Config) { c.EmailSMTP = "" }, "EMAIL_SMTP"},
		"no way in":     {func(c *Config) { c.EmailIMAP = "" }, "EMAIL_IMAP, _MAILDIR"},
		"password only": {func(c *Config) { c.EmailUser = "" }, "EMAIL_USER, _PASSWORD"},
	} {
		conf := good
		c.change(&conf)
		var said []string
		conf.checkEmail(func(name, format string, args ...any) { said = append(said, name+" "+args[0].(string)) })
		all := strings.Join(said, "; ")
		if (all == "") != (c.want == "") || !strings.Contains(all, c.want) || strings.Contains(all, "geheim") {
			t.Errorf("%s: %q", name, all)
		}
	}
}

// The whole program with a mailbox: a citizen writes and gets her code; the administration sees the door.
func TestTheProgramHasAMailbox(t *testing.T) {
	sim, err := simulator.NewEmail(simulator.EmailSettings{Address: "1022@example.vn", User: "u", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	c := &Config{
		Addr: "127.0.0.1:0", Data: t.TempDir(), Store: "sqlite", Timezone: "Asia/Ho_Chi_Minh",
		EmailAddress: "1022@example.vn", EmailIMAP: sim.IMAP(), EmailSMTP: sim.SMTP(), EmailUser: "u", EmailPassword: "p", EmailPace: "600",
	}
	p, err := assemble(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer p.store.Close()
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- serve(ctx, c, p, func(url string) { ready <- url }) }()
	url := <-ready
	an := sim.Citizen("An", "an@example.vn")
	sim.Say(an, "Đèn", "Đèn đường hỏng")
	got, err := sim.Await(ctx, an, 1)
	if err != nil || !strings.Contains(got[0].Text, url+"/t/") {
		t.Fatalf("%v %+v", err, got)
	}
	page, err := p.store.List(ctx, ticketing.Filter{Scope: ticketing.Scope{All: true}, Channel: []ticketing.Channel{ticketing.Email}})
	if err != nil || len(page.Tickets) != 1 {
		t.Errorf("%v %+v", err, page)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

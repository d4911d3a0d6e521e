package main

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"hotline1022/channels/simulator"
)

func TestTheBotsSettingsAreChecked(t *testing.T) {
	const token = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
	for name, c := range map[string]struct {
		config Config
		want   string // part of the complaint; "" is none
	}{
		"off":                {Config{}, ""},
		"polling":            {Config{TelegramToken: token}, ""},
		"webhook":            {Config{TelegramToken: token, TelegramSecret: "a_B-9", PublicURL: "https://1022.example.vn"}, ""},
		"simulated webhook":  {Config{TelegramToken: token, TelegramSecret: "a", TelegramAPI: "http://127.0.0.1:9"}, ""},
		"a name as token":    {Config{TelegramToken: "tongdai1022_bot"}, "TELEGRAM_TOKEN"},
		"secret alone":       {Config{TelegramSecret: "a"}, "TELEGRAM_SECRET"},
		"secret with accent": {Config{TelegramToken: token, TelegramSecret: "bí mật"}, "TELEGRAM_SECRET"},
		"long secret":        {Config{TelegramToken: token, TelegramSecret: strings.Repeat("a", 257)}, "TELEGRAM_SECRET"},
		"webhook by http":    {Config{TelegramToken: token, TelegramSecret: "a", PublicURL: "http://1022.example.vn"}, "https"},
		"no address":         {Config{TelegramToken: token, TelegramAPI: "telegram"}, "TELEGRAM_API"},
	} {
		if c.config.TelegramAPI == "" {
			c.config.TelegramAPI = "https://api.telegram.org"
		}
		var said []string
		c.config.checkTelegram(func(name, format string, _ ...any) { said = append(said, name+" "+format) })
		all := strings.Join(said, "; ")
		if (all == "") != (c.want == "") || !strings.Contains(all, c.want) {
			t.Errorf("%s: %q", name, all)
		}
		for _, s := range []string{"AAHdq", "bí mật"} {
			if strings.Contains(all, s) {
				t.Errorf("%s repeats what is secret", name)
			}
		}
	}
}

// The whole program with a bot, by webhook and by polling: a citizen writes and gets her code.
func TestTheProgramHasABot(t *testing.T) {
	for way, secret := range map[string]string{"webhook": "bi-mat", "polling": ""} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			sim, err := simulator.NewTelegram(simulator.TelegramSettings{Token: "42:abc", Scale: 50})
			if err != nil {
				t.Fatal(err)
			}
			defer sim.Close()
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			c := &Config{
				Addr: "127.0.0.1:0", Data: t.TempDir(), Store: "sqlite", Timezone: "Asia/Ho_Chi_Minh",
				TelegramToken: "42:abc", TelegramSecret: secret, TelegramAPI: sim.URL(),
			}
			p, err := assemble(ctx, c, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			defer p.store.Close()
			ready, ended := make(chan string, 1), make(chan error, 1)
			go func() { ended <- serve(ctx, c, p, func(url string) { ready <- url }) }()
			url := <-ready
			an := sim.Citizen("An", "")
			sim.Say(an, "Đèn đường hỏng")
			got, err := sim.Await(ctx, an, 1)
			if err != nil || !strings.Contains(got[0].Text, url+"/t/") {
				t.Errorf("%v %+v", err, got)
			}
			resp, err := http.Post(url+"/webhooks/telegram", "application/json", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if want := map[string]int{"webhook": 401, "polling": 404}[way]; resp.StatusCode != want {
				t.Errorf("a stranger's post: %s", resp.Status)
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

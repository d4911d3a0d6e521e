package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/cmd/hotline/province"
	"hotline1022/ticketing"
)

// toys play the outside world for the demo: the chat platforms, each a simulator on a port of its own, and a program
// that hands in what people fill into a form.
type toys struct {
	zalo     *simulator.Zalo
	facebook *simulator.Facebook
	telegram *simulator.Telegram
	email    *simulator.Email
	exchange *switchboard
	chats    map[ticketing.Channel]*crowd
}

// crowd is the people on one platform.
type crowd struct {
	join func(name string) (id string) // makes a person who may be answered
	say  func(id, text string)

	mu  sync.Mutex
	ids map[string]string // a person's own key → her id there
}

// newToys starts them and points the settings at them.
func newToys(c *Config) (_ *toys, err error) {
	t := &toys{chats: map[ticketing.Channel]*crowd{}}
	defer func() {
		if err != nil {
			t.close()
		}
	}()
	secret := rand.Text()
	if t.exchange, err = newSwitchboard(c); err != nil {
		return t, err
	}
	t.zalo, err = simulator.NewZalo(simulator.ZaloSettings{AppID: "demo", AppSecret: secret, OASecretKey: secret, OAID: "1022", Name: "1022 Quảng Hà", Mood: simulator.ZaloMood{Echo: true}})
	if err != nil {
		return t, err
	}
	c.ZaloAppID, c.ZaloAppSecret, c.ZaloOASecretKey, c.ZaloOAID = "demo", secret, secret, "1022"
	c.ZaloAPI, c.ZaloOAuth, c.ZaloRefreshToken = t.zalo.URL(), t.zalo.URL(), t.zalo.Grant()
	t.chats[ticketing.Zalo] = &crowd{
		join: func(name string) string {
			id := t.zalo.Citizen(name)
			t.zalo.Follow(id)
			return id
		},
		say: func(id, text string) { t.zalo.Say(id, text) },
	}
	t.facebook, err = simulator.NewFacebook(simulator.FacebookSettings{
		AppID: "demo", AppSecret: secret, VerifyToken: secret, PageToken: secret, PageID: "1022", Name: "1022 Quảng Hà", Followers: 10296,
		Mood: simulator.FacebookMood{Echo: true, Receipts: true},
	})
	if err != nil {
		return t, err
	}
	c.FacebookAppSecret, c.FacebookVerifyToken, c.FacebookPageToken, c.FacebookPageID, c.FacebookGraph = secret, secret, secret, "1022", t.facebook.Graph()
	t.chats[ticketing.Facebook] = &crowd{
		join: func(name string) string {
			last, first, _ := strings.Cut(name, " ")
			return t.facebook.Citizen(last, first)
		},
		say: func(id, text string) { t.facebook.Say(id, text) },
	}
	t.telegram, err = simulator.NewTelegram(simulator.TelegramSettings{Token: "1022:demo-" + secret, Username: "hotline1022_bot"})
	if err != nil {
		return t, err
	}
	c.TelegramToken, c.TelegramSecret, c.TelegramAPI = "1022:demo-"+secret, secret, t.telegram.URL()
	t.chats[ticketing.Telegram] = &crowd{
		join: func(name string) string {
			last, first, _ := strings.Cut(name, " ")
			id := t.telegram.Citizen(first, last)
			return strconv.FormatInt(id, 10)
		},
		say: func(id, text string) {
			if n, err := strconv.ParseInt(id, 10, 64); err == nil {
				t.telegram.Say(n, text)
			}
		},
	}
	t.email, err = newPost(c, secret)
	return t, err
}

// connect tells the platforms where the hotline is.
func (t *toys) connect(url string) {
	t.zalo.SetWebhook(url + "/webhooks/zalo")
	t.facebook.SetWebhook(url + "/webhooks/facebook")
}

func (t *toys) close() {
	if t.zalo != nil {
		_ = t.zalo.Close()
	}
	if t.facebook != nil {
		_ = t.facebook.Close()
	}
	if t.telegram != nil {
		_ = t.telegram.Close()
	}
	if t.email != nil {
		_ = t.email.Close()
	}
	if t.exchange != nil {
		_ = t.exchange.sim.Close()
	}
}

// contact makes the people of the past known where answers to them are carried.
func (t *toys) contact(channel ticketing.Channel, name string) string {
	if c := t.chats[channel]; c != nil {
		return c.join(name)
	}
	return ""
}

// doors are how simulated citizens write: each message goes the whole way a real one goes.
func (t *toys) doors(ctx context.Context, p *parts, url string) (map[ticketing.Channel]province.Door, error) {
	key, err := p.accounts.NewToken(ctx, ticketing.Token{Name: "demo", Scopes: []string{ticketing.ScopeWrite}, Expires: time.Now().AddDate(0, 0, 7).UTC()}, "demo")
	if err != nil {
		return nil, err
	}
	web := func(ctx context.Context, in ticketing.Incoming) (ticketing.Contact, error) {
		return ticketing.Contact{}, hand(ctx, url, key, in)
	}
	doors := map[ticketing.Channel]province.Door{
		ticketing.Web: web, ticketing.App: web, ticketing.Chat: chatOn(url), ticketing.Open311: open311On(url, key), ticketing.Email: mailTo(t.email),
	}
	for channel, c := range t.chats {
		doors[channel] = func(_ context.Context, in ticketing.Incoming) (ticketing.Contact, error) {
			return ticketing.Contact{Channel: channel, ID: c.write(in)}, nil
		}
	}
	return doors, nil
}

// write is one message of a person, who joins the platform with her first.
func (c *crowd) write(in ticketing.Incoming) (id string) {
	c.mu.Lock()
	if c.ids == nil {
		c.ids = map[string]string{}
	}
	id, ok := c.ids[in.From.ID]
	if !ok {
		id = c.join(in.Name)
		c.ids[in.From.ID] = id
	}
	c.mu.Unlock()
	c.say(id, in.Text)
	return id
}

// apiMatter is the body of POST /api/v1/tickets.
type apiMatter struct {
	Kind       ticketing.Kind       `json:"kind"`
	Channel    ticketing.Channel    `json:"channel"`
	Subject    string               `json:"subject,omitempty"`
	Text       string               `json:"text"`
	Category   string               `json:"category,omitempty"`
	Address    string               `json:"address,omitempty"`
	Location   *ticketing.Point     `json:"location,omitempty"`
	Visibility ticketing.Visibility `json:"visibility,omitempty"`
	Citizen    apiCitizen           `json:"citizen"`
}

type apiCitizen struct {
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"`
}

// hand gives a matter in as a program does.
func hand(ctx context.Context, url, key string, in ticketing.Incoming) error {
	body, err := json.Marshal(apiMatter{
		Kind: cmp.Or(in.Kind, ticketing.Report), Channel: in.Channel, Subject: in.Subject, Text: in.Text, Category: in.Category,
		Address: in.Address, Location: in.Location, Visibility: in.Visibility, Citizen: apiCitizen{in.Name, in.Phone},
	})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v1/tickets", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", in.Key)
	client := http.Client{Timeout: 20 * time.Second}
	answer, err := client.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		said, _ := io.ReadAll(io.LimitReader(answer.Body, 500))
		return fmt.Errorf("the API answers %s: %s", answer.Status, said)
	}
	return nil
}

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
	"sync"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/cmd/hotline/province"
	"hotline1022/ticketing"
)

// toys play the outside world for the demo: Zalo's platform, and a program that hands in what people fill into a form.
type toys struct {
	zalo *simulator.Zalo

	mu    sync.Mutex
	names map[string]string // a person's own key → her id on Zalo
}

// newToys starts them and points the settings at them.
func newToys(c *Config) (*toys, error) {
	secret := rand.Text()
	zalo, err := simulator.NewZalo(simulator.ZaloSettings{AppID: "demo", AppSecret: secret, OASecretKey: secret, OAID: "1022", Name: "1022 Quảng Hà"})
	if err != nil {
		return nil, fmt.Errorf("the Zalo simulator: %w", err)
	}
	c.ZaloAppID, c.ZaloAppSecret, c.ZaloOASecretKey, c.ZaloOAID = "demo", secret, secret, "1022"
	c.ZaloAPI, c.ZaloOAuth, c.ZaloRefreshToken = zalo.URL(), zalo.URL(), zalo.Grant()
	return &toys{zalo: zalo, names: map[string]string{}}, nil
}

func (t *toys) connect(url string) { t.zalo.SetWebhook(url + "/webhooks/zalo") }

func (t *toys) close() { _ = t.zalo.Close() }

// contact makes the people of the past known where answers to them are carried.
func (t *toys) contact(channel ticketing.Channel, name string) string {
	if channel != ticketing.Zalo {
		return ""
	}
	id := t.zalo.Citizen(name)
	t.zalo.Follow(id) // she has written: answers may be sent
	return id
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
	return map[ticketing.Channel]province.Door{ticketing.Zalo: t.sayOnZalo, ticketing.Web: web, ticketing.App: web}, nil
}

func (t *toys) sayOnZalo(_ context.Context, in ticketing.Incoming) (ticketing.Contact, error) {
	t.mu.Lock()
	id, ok := t.names[in.From.ID]
	if !ok {
		id = t.zalo.Citizen(in.Name)
		t.names[in.From.ID] = id
	}
	t.mu.Unlock()
	t.zalo.Say(id, in.Text)
	return ticketing.Contact{Channel: ticketing.Zalo, ID: id}, nil
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

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	forms "mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// The demo's people at doors that need no platform: the chat window, Open311 and the mailbox.

// chatOn writes as a window of the person's device does: the first try is told how long a person takes to type, the
// second is let in.
func chatOn(base string) func(context.Context, ticketing.Incoming) (ticketing.Contact, error) {
	client := &http.Client{Timeout: 20 * time.Second}
	return func(ctx context.Context, in ticketing.Incoming) (ticketing.Contact, error) {
		device, name := make([]byte, 32), make([]byte, 16)
		rand.Read(device)
		rand.Read(name)
		fields := map[string]string{"key": hex.EncodeToString(name), "text": in.Text}
		for range 3 {
			body, kind, err := formParts(fields)
			if err != nil {
				return ticketing.Contact{}, err
			}
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/nhung/chat/send", body)
			if err != nil {
				return ticketing.Contact{}, err
			}
			req.Header.Set("Content-Type", kind)
			req.Header.Set("Origin", base)
			req.Header.Set("X-Chat-Key", base64.RawURLEncoding.EncodeToString(device))
			status, said, err := answered(client, req)
			if err != nil || status == http.StatusOK {
				return ticketing.Contact{}, err
			}
			var told struct {
				Error struct {
					Form string
					Wait int
				}
			}
			if json.Unmarshal(said, &told) != nil || told.Error.Wait == 0 {
				return ticketing.Contact{}, fmt.Errorf("the chat window answers %d: %.200s", status, said)
			}
			if told.Error.Form != "" {
				fields["form"] = told.Error.Form
			}
			select {
			case <-ctx.Done():
				return ticketing.Contact{}, ctx.Err()
			case <-time.After(time.Duration(told.Error.Wait) * time.Second):
			}
		}
		return ticketing.Contact{}, fmt.Errorf("the chat window lets nobody in")
	}
}

// open311On hands a report in as a program of another city's app does.
func open311On(base, key string) func(context.Context, ticketing.Incoming) (ticketing.Contact, error) {
	client := &http.Client{Timeout: 20 * time.Second}
	return func(ctx context.Context, in ticketing.Incoming) (ticketing.Contact, error) {
		fields := url.Values{"api_key": {key}, "service_code": {in.Category}, "description": {in.Text}, "address_string": {in.Address}, "first_name": {in.Name}, "phone": {in.Phone}}
		if p := in.Location; p != nil {
			fields.Set("lat", fmt.Sprint(p.Lat))
			fields.Set("long", fmt.Sprint(p.Lng))
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/open311/v2/requests.json", strings.NewReader(fields.Encode()))
		if err != nil {
			return ticketing.Contact{}, err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Idempotency-Key", in.Key)
		status, body, err := answered(client, req)
		if err == nil && status != http.StatusOK && status != http.StatusCreated {
			err = fmt.Errorf("Open311 answers %d: %.200s", status, body)
		}
		return ticketing.Contact{}, err
	}
}

// newPost starts the demo's mail server and points the settings at it.
func newPost(c *Config, secret string) (*simulator.Email, error) {
	post, err := simulator.NewEmail(simulator.EmailSettings{
		Address: "1022@quangha.example.vn", User: "1022", Password: secret, Anybody: true,
		Mood: simulator.EmailMood{Duplicate: 0.1, AutoReply: 0.05, Bounce: 0.03},
	})
	if err != nil {
		return nil, err
	}
	c.EmailAddress, c.EmailUser, c.EmailPassword, c.EmailIMAP, c.EmailSMTP = "1022@quangha.example.vn", "1022", secret, post.IMAP(), post.SMTP()
	c.EmailName, c.EmailPace = "1022 Quảng Hà", "600"
	return post, nil
}

// mailTo writes to the office's mailbox; a person who has got a letter answers it.
func mailTo(post *simulator.Email) func(context.Context, ticketing.Incoming) (ticketing.Contact, error) {
	var mu sync.Mutex
	addresses := map[string]string{} // a person's own key → her address
	return func(_ context.Context, in ticketing.Incoming) (ticketing.Contact, error) {
		mu.Lock()
		defer mu.Unlock()
		address, known := addresses[in.From.ID]
		if !known {
			names := strings.Fields(text.Fold(in.Name))
			address = post.Citizen(in.Name, fmt.Sprintf("%s%d@example.vn", strings.Join(names[max(0, len(names)-1):], ""), len(addresses)+1))
			addresses[in.From.ID] = address
		}
		said := in.Text
		if in.Address != "" && !known {
			said += "\n\nĐịa chỉ: " + in.Address
		}
		said += "\n\n-- \n" + in.Name + "\n" + in.Phone
		if len(post.Inbox(address)) > 0 {
			post.Reply(address, said)
		} else {
			post.Say(address, in.Subject, said)
		}
		return ticketing.Contact{Channel: ticketing.Email, ID: address}, nil
	}
}

// formParts is a form as windows send it, with its content type.
func formParts(fields map[string]string) (io.Reader, string, error) {
	var b bytes.Buffer
	w := forms.NewWriter(&b)
	for k, v := range fields {
		if err := w.WriteField(k, v); err != nil {
			return nil, "", err
		}
	}
	return &b, w.FormDataContentType(), w.Close()
}

func answered(client *http.Client, req *http.Request) (int, []byte, error) {
	answer, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	return answer.StatusCode, body, err
}

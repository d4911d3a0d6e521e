package simulator

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf16"
)

// The pauses before a batch is sent again, and how long Facebook waits for the 200.
var facebookLadder = []time.Duration{
	time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour,
}

const facebookPatience = 5 * time.Second

// FacebookPushes counts what became of posts.
type FacebookPushes struct {
	Sent         int         // posts, repeats included
	Accepted     int         // posts answered with 200 in time
	Lost         int         // posts given up, or not sent because the page was unsubscribed
	Statuses     map[int]int // 0: no answer in time
	Unsubscribed bool        // after a post's last repeat
}

// facebookItem is one thing that happened: under messaging, standby or changes.
type facebookItem struct {
	list  string
	value any
}

// facebookPost is a body on its way.
type facebookPost struct{ raw string }

// Post sends an item with everything the mood asks for. It returns at once.
func (f *Facebook) Post(list string, value any) {
	f.mu.Lock()
	mood := f.set.Mood
	roll := func(share float64) bool { return share > 0 && f.chance.Float64() < share }
	f.waiting = append(f.waiting, facebookItem{list, value})
	if roll(mood.Batch) {
		f.mu.Unlock()
		return
	}
	unknown, twice, late := roll(mood.Unknown), roll(mood.Duplicate), roll(mood.Late)
	next := []facebookPost{{f.body(f.waiting)}}
	f.waiting = nil
	if twice {
		next = append(next, next[0])
	}
	switch held := f.held; {
	case held != nil: // what was held back comes after what came later
		next, f.held = append(next, *held), nil
	case late:
		next, f.held = next[1:], &next[0]
	}
	if unknown {
		odd := map[string]any{"sender": facebookID("1"), "recipient": facebookID(f.set.PageID), "timestamp": 1, "something_new": map[string]any{"a": []int{1}}}
		next = append([]facebookPost{{f.body([]facebookItem{{"messaging", odd}, {"changes", map[string]any{"field": "new", "value": 7}}})}}, next...)
	}
	f.mu.Unlock()
	for _, p := range next {
		f.PostRaw(p.raw)
	}
}

// Batch sends everything that happens in do in one post.
func (f *Facebook) Batch(do func()) {
	f.mu.Lock()
	mood := f.set.Mood
	f.set.Mood = FacebookMood{Batch: 1}
	f.mu.Unlock()
	do()
	f.mu.Lock()
	f.set.Mood = mood
	f.mu.Unlock()
	f.Flush()
}

// Flush sends what was kept and what was held back.
func (f *Facebook) Flush() {
	f.mu.Lock()
	var next []string
	if len(f.waiting) > 0 {
		next = append(next, f.body(f.waiting))
	}
	if f.held != nil {
		next = append(next, f.held.raw)
	}
	f.waiting, f.held = nil, nil
	f.mu.Unlock()
	for _, raw := range next {
		f.PostRaw(raw)
	}
}

// body puts items into entries: neighbours of one list share one. f.mu is held.
func (f *Facebook) body(items []facebookItem) string {
	var entries []map[string]any
	last := ""
	for _, it := range items {
		if it.list != last {
			entry := map[string]any{"id": f.set.PageID, "time": f.stamp(), it.list: []any{}}
			if it.list == "changes" {
				entry["time"] = f.set.Now().Unix()
			}
			entries, last = append(entries, entry), it.list
		}
		entry := entries[len(entries)-1]
		entry[it.list] = append(entry[it.list].([]any), it.value)
	}
	return FacebookJSON(map[string]any{"object": "page", "entry": entries})
}

// FacebookJSON writes JSON as Facebook does: nothing but ASCII, with \u in lower-case hex, and some signs escaped that
// need not be.
func FacebookJSON(v any) string {
	var plain bytes.Buffer
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // maps of strings and numbers
	}
	var out strings.Builder
	for _, r := range strings.TrimSpace(plain.String()) {
		switch {
		case r == '/':
			out.WriteString(`\/`)
		case r == '<', r == '%', r == '@':
			fmt.Fprintf(&out, `\u%04X`, r)
		case r < 0x80:
			out.WriteRune(r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&out, `\u%04x`, unit)
			}
		}
	}
	return out.String()
}

// FacebookSignature is the value of X-Hub-Signature-256.
func FacebookSignature(raw, secret string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(raw))
	return "sha256=" + hex.EncodeToString(h.Sum(nil))
}

// echo tells of a message the page sent, before the call is answered; then, if the mood says so, of its arrival.
func (f *Facebook) echo(user string, m FacebookMessage, metadata string) {
	f.mu.Lock()
	mood := f.set.Mood
	without := f.chance.Float64() < 0.3
	message := map[string]any{"mid": m.ID, "is_echo": true, "app_id": f.set.AppID, "metadata": metadata}
	if m.Text != "" {
		message["text"] = m.Text
	}
	if m.Kind != "text" {
		message["attachments"] = []any{attachmentOf(m.Kind, map[string]any{"url": f.url + "/media/own/" + m.Kind})}
	}
	item := map[string]any{"sender": facebookID(f.set.PageID), "recipient": facebookID(user), "timestamp": m.At.UnixMilli(), "message": message}
	raw := f.body([]facebookItem{{"messaging", item}})
	subscribed := f.set.Webhook != "" && !f.push.Unsubscribed
	f.mu.Unlock()
	if mood.Echo && subscribed {
		if f.Deliver(raw, FacebookSignature(raw, f.set.AppSecret)) != http.StatusOK {
			f.PostRaw(raw)
		}
	}
	if mood.Receipts {
		delivery := map[string]any{"watermark": m.At.UnixMilli(), "mids": []string{m.ID}}
		if without {
			delete(delivery, "mids")
		}
		f.Post("messaging", map[string]any{"sender": facebookID(user), "recipient": facebookID(f.set.PageID), "delivery": delivery})
	}
}

// PostRaw signs the bytes and sends them as the platform does: until a 200 in time, or the ladder's end.
func (f *Facebook) PostRaw(raw string) {
	f.mu.Lock()
	if f.set.Webhook == "" || f.push.Unsubscribed || f.ctx.Err() != nil {
		f.push.Lost++
		f.mu.Unlock()
		return
	}
	f.posting++
	f.posts.Add(1)
	f.mu.Unlock()
	go func() {
		defer f.posts.Done()
		accepted := f.climb(raw)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.posting--
		if accepted {
			f.push.Accepted++
		} else {
			f.push.Lost++
			f.push.Unsubscribed = f.push.Unsubscribed || f.ctx.Err() == nil
		}
		f.change()
	}()
}

// climb goes up the ladder.
func (f *Facebook) climb(raw string) bool {
	signature := FacebookSignature(raw, f.set.AppSecret)
	for try := 0; ; try++ {
		if f.Deliver(raw, signature) == http.StatusOK {
			return true
		}
		if try == len(facebookLadder) {
			return false
		}
		timer := time.NewTimer(time.Duration(float64(facebookLadder[try]) / f.set.Scale))
		select {
		case <-timer.C:
		case <-f.ctx.Done():
			timer.Stop()
			return false
		}
	}
}

// Deliver posts once and gives the status; 0 if there was none in time. An empty signature leaves the header out.
func (f *Facebook) Deliver(raw, signature string) int {
	ctx, cancel := context.WithTimeout(f.ctx, facebookPatience)
	defer cancel()
	f.mu.Lock()
	hook := f.set.Webhook
	f.mu.Unlock()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook, strings.NewReader(raw))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/json")
	if signature != "" {
		req.Header.Set("X-Hub-Signature-256", signature)
	}
	old := hmac.New(sha1.New, []byte(f.set.AppSecret))
	old.Write([]byte(raw))
	req.Header.Set("X-Hub-Signature", "sha1="+hex.EncodeToString(old.Sum(nil)))
	status := 0
	if resp, err := http.DefaultClient.Do(req); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		status = resp.StatusCode
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.push.Sent++
	if f.push.Statuses == nil {
		f.push.Statuses = map[int]int{}
	}
	f.push.Statuses[status]++
	f.change()
	return status
}

// Handshake asks as the console does when the address is saved; it is nil if the webhook knows the token.
func (f *Facebook) Handshake(ctx context.Context) error {
	challenge := hexID()
	query := url.Values{"hub.mode": {"subscribe"}, "hub.verify_token": {f.set.VerifyToken}, "hub.challenge": {challenge}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.set.Webhook+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(io.LimitReader(resp.Body, 1000))
	if resp.StatusCode != http.StatusOK || string(got) != challenge || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
		return fmt.Errorf("the callback address could not be verified: %s %q", resp.Status, got)
	}
	return err
}

// Settled returns when no post is on its way any more.
func (f *Facebook) Settled(ctx context.Context) (FacebookPushes, error) {
	err := f.await(ctx, func() bool { return f.posting == 0 })
	return f.Pushes(), err
}

// Pushes says what became of posts so far.
func (f *Facebook) Pushes() FacebookPushes {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.push
	p.Statuses = maps.Clone(f.push.Statuses)
	return p
}

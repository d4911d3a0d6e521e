package simulator

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// BridgeSettings is a bridge that pushes an exchange's events in the generic form.
type BridgeSettings struct {
	URL, Secret string
	Now         func() time.Time // nil is the real clock
	Form        bool             // application/x-www-form-urlencoded instead of JSON
	Scale       float64          // the pauses between repeats are so many times shorter; 0 is 1
	Mood        BridgeMood
}

// BridgeMood is what the bridge does now and then, as shares of the events sent.
type BridgeMood struct {
	Duplicate float64 // sent twice, the second time signed anew
	Late      float64 // overtaken by the next event
	Seed      uint64
}

// Bridge sends events and repeats them until they are answered with 200.
type Bridge struct {
	set    BridgeSettings
	mu     sync.Mutex
	chance *mathrand.Rand
	held   map[string]string
	sent   map[int]int
}

// NewBridge makes one.
func NewBridge(set BridgeSettings) *Bridge {
	if set.Now == nil {
		set.Now = time.Now
	}
	if set.Scale == 0 {
		set.Scale = 1
	}
	return &Bridge{set: set, chance: mathrand.New(mathrand.NewPCG(set.Mood.Seed, 1022)), sent: map[int]int{}}
}

// PhoneSignature is what X-Hotline-Signature holds behind "sha256=".
func PhoneSignature(stamp, raw, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "." + raw))
	return hex.EncodeToString(mac.Sum(nil))
}

// Send sends an event with everything the mood asks for. When it returns the event has been taken, or is held back to
// come after the next one (Flush).
func (b *Bridge) Send(ctx context.Context, event map[string]string) error {
	b.mu.Lock()
	roll := func(share float64) bool { return share > 0 && b.chance.Float64() < share }
	twice, late := roll(b.set.Mood.Duplicate), roll(b.set.Mood.Late)
	next := []map[string]string{event}
	if twice {
		next = append(next, event)
	}
	switch {
	case b.held != nil:
		next, b.held = append(next, b.held), nil
	case late:
		next, b.held = next[1:], event
	}
	b.mu.Unlock()
	for _, e := range next {
		if err := b.repeat(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// Flush sends what was held back.
func (b *Bridge) Flush(ctx context.Context) error {
	b.mu.Lock()
	held := b.held
	b.held = nil
	b.mu.Unlock()
	if held == nil {
		return nil
	}
	return b.repeat(ctx, held)
}

// repeat sends until a 200 comes.
func (b *Bridge) repeat(ctx context.Context, event map[string]string) error {
	for {
		raw, kind := b.encode(event)
		stamp := strconv.FormatInt(b.set.Now().Unix(), 10)
		if b.Deliver(ctx, raw, kind, stamp, "sha256="+PhoneSignature(stamp, raw, b.set.Secret)) == http.StatusOK {
			return nil
		}
		timer := time.NewTimer(time.Duration(float64(5*time.Second) / b.set.Scale))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

func (b *Bridge) encode(event map[string]string) (raw, kind string) {
	if b.set.Form {
		values := url.Values{}
		for k, v := range event {
			if k == "user" {
				k = "user[]"
			}
			values.Set(k, v)
		}
		return values.Encode(), "application/x-www-form-urlencoded"
	}
	body, err := json.Marshal(event)
	if err != nil {
		panic(err) // a map of strings
	}
	return string(body), "application/json"
}

// Deliver posts once and gives the status; 0 if there was no answer. An empty signature or stamp leaves its header out.
func (b *Bridge) Deliver(ctx context.Context, raw, kind, stamp, signature string) int {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.set.URL, bytes.NewReader([]byte(raw)))
	if err != nil {
		return 0
	}
	for name, value := range map[string]string{"Content-Type": kind, "X-Hotline-Timestamp": stamp, "X-Hotline-Signature": signature} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	status := 0
	if resp, err := http.DefaultClient.Do(req); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		status = resp.StatusCode
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent[status]++
	return status
}

// Statuses counts what came back; 0 is no answer.
func (b *Bridge) Statuses() map[int]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[int]int{}
	for k, v := range b.sent {
		out[k] = v
	}
	return out
}

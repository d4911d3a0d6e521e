package simulator

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"
)

// The pauses before an event is sent again, and how long Zalo waits for the 200.
var zaloLadder = []time.Duration{30 * time.Second, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}

const zaloPatience = 2 * time.Second

// ZaloPushes counts what became of events.
type ZaloPushes struct {
	Sent         int         // posts, repeats included
	Accepted     int         // events answered with 200 in time
	Lost         int         // events given up, or not sent because the app was unsubscribed
	Statuses     map[int]int // 0: no answer in time
	Unsubscribed bool        // after an event's last repeat
}

// zaloPost is one event on its way.
type zaloPost struct {
	raw, stamp string
}

// Post sends an event with everything the mood asks for. It returns at once.
func (z *Zalo) Post(event map[string]any) {
	stamp, _ := event["timestamp"].(string)
	raw, err := json.Marshal(event)
	if err != nil {
		panic(err) // a map of strings
	}
	z.mu.Lock()
	mood := z.set.Mood
	roll := func(share float64) bool { return share > 0 && z.chance.Float64() < share }
	unknown, twice, late := roll(mood.Unknown), roll(mood.Duplicate), roll(mood.Late)
	next := []zaloPost{{raw: string(raw), stamp: stamp}}
	if twice {
		next = append(next, next[0])
	}
	switch held := z.held; {
	case held != nil: // what was held back comes after what came later
		next, z.held = append(next, *held), nil
	case late:
		next, z.held = next[1:], &next[0]
	}
	z.mu.Unlock()
	if unknown {
		odd := `{"event_name":"user_did_something_new","app_id":"` + z.set.AppID + `","oa_id":"` + z.set.OAID + `","data":[{}],"timestamp":` + stamp + `}`
		z.PostRaw(odd, stamp)
	}
	for _, p := range next {
		z.PostRaw(p.raw, p.stamp)
	}
}

// Flush sends what was held back.
func (z *Zalo) Flush() {
	z.mu.Lock()
	held := z.held
	z.held = nil
	z.mu.Unlock()
	if held != nil {
		z.PostRaw(held.raw, held.stamp)
	}
}

// PostRaw signs the bytes and sends them as the platform does: until a 200 in time, or the ladder's end.
func (z *Zalo) PostRaw(raw, stamp string) {
	z.mu.Lock()
	if z.set.Webhook == "" || z.push.Unsubscribed || z.ctx.Err() != nil {
		z.push.Lost++
		z.mu.Unlock()
		return
	}
	z.posting++
	z.posts.Add(1)
	z.mu.Unlock()
	go func() {
		defer z.posts.Done()
		accepted := z.climb(raw, stamp)
		z.mu.Lock()
		defer z.mu.Unlock()
		z.posting--
		if accepted {
			z.push.Accepted++
		} else {
			z.push.Lost++
			z.push.Unsubscribed = z.push.Unsubscribed || z.ctx.Err() == nil
		}
		z.change()
	}()
}

// climb goes up the ladder.
func (z *Zalo) climb(raw, stamp string) bool {
	mac := ZaloSignature(z.set.AppID, raw, stamp, z.set.OASecretKey)
	for try := 0; ; try++ {
		if z.Deliver(raw, mac, try) == http.StatusOK {
			return true
		}
		if try == len(zaloLadder) {
			return false
		}
		timer := time.NewTimer(time.Duration(float64(zaloLadder[try]) / z.set.Scale))
		select {
		case <-timer.C:
		case <-z.ctx.Done():
			timer.Stop()
			return false
		}
	}
}

// ZaloSignature is the mac of X-ZEvent-Signature.
func ZaloSignature(appID, raw, stamp, secret string) string {
	h := sha256.Sum256([]byte(appID + raw + stamp + secret))
	return hex.EncodeToString(h[:])
}

// Deliver posts once and gives the status; 0 if there was none in time. An empty mac leaves the header out.
func (z *Zalo) Deliver(raw, mac string, try int) int {
	ctx, cancel := context.WithTimeout(z.ctx, zaloPatience)
	defer cancel()
	z.mu.Lock()
	hook := z.set.Webhook
	z.mu.Unlock()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook, bytes.NewReader([]byte(raw)))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/json")
	if mac != "" {
		req.Header.Set("X-ZEvent-Signature", "mac="+mac)
	}
	if try > 0 {
		req.Header.Set("num_retry", strconv.Itoa(try))
	}
	status := 0
	if resp, err := http.DefaultClient.Do(req); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		status = resp.StatusCode
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.push.Sent++
	if z.push.Statuses == nil {
		z.push.Statuses = map[int]int{}
	}
	z.push.Statuses[status]++
	z.change()
	return status
}

// Settled returns when no event is on its way any more.
func (z *Zalo) Settled(ctx context.Context) (ZaloPushes, error) {
	err := z.await(ctx, func() bool { return z.posting == 0 })
	return z.Pushes(), err
}

// AwaitPushes returns when so many posts have ended, repeats included.
func (z *Zalo) AwaitPushes(ctx context.Context, n int) error {
	return z.await(ctx, func() bool { return z.push.Sent >= n })
}

// Pushes says what became of events so far.
func (z *Zalo) Pushes() ZaloPushes {
	z.mu.Lock()
	defer z.mu.Unlock()
	p := z.push
	p.Statuses = map[int]int{}
	for k, v := range z.push.Statuses {
		p.Statuses[k] = v
	}
	return p
}

package simulator

import (
	"cmp"
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// How long an update waits to be fetched, how long Telegram waits for the answer to a post, and the longest pause
// before it posts again.
const (
	telegramKeeps    = 24 * time.Hour
	telegramPatience = 60 * time.Second
	telegramPause    = 64 * time.Second
)

// TelegramPushes counts what became of updates.
type TelegramPushes struct {
	Sent     int         // posts, repeats included
	Accepted int         // updates that were posted and answered with 2xx, or confirmed by a later poll
	Lost     int         // updates nobody took within 24 hours
	Waiting  int         // in the queue now
	Statuses map[int]int // of posts; 0: no answer
}

type telegramUpdate struct {
	id   int64
	raw  string
	at   time.Time
	once bool // a repeat of what was accepted already
}

// Post makes an update, with everything the mood asks for, and returns its id. It goes its own way.
func (g *Telegram) Post(update map[string]any) int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	mood := g.set.Mood
	roll := func(share float64) bool { return share > 0 && g.chance.Float64() < share }
	if len(g.hook.allowed) > 0 {
		for kind := range update {
			if !slices.Contains(g.hook.allowed, kind) {
				return 0
			}
		}
	}
	if roll(mood.Unknown) {
		g.updates++
		g.queue = append(g.queue, telegramUpdate{
			id: g.updates, at: g.set.Now(), raw: g.Body(g.updates, map[string]any{"something_new": map[string]any{"of": []int{1}}}),
		})
	}
	g.updates++
	u := telegramUpdate{id: g.updates, at: g.set.Now(), raw: g.Body(g.updates, update)}
	next := []telegramUpdate{u}
	if roll(mood.Duplicate) {
		again := u
		again.once = true
		next = append(next, again)
	}
	switch {
	case g.held != nil:
		next = append(next, *g.held)
		g.held = nil
	case roll(mood.Late):
		g.held, next = &next[0], next[1:]
	}
	g.queue = append(g.queue, next...)
	g.change()
	return u.id
}

// Flush sends what was held back.
func (g *Telegram) Flush() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held != nil {
		g.queue = append(g.queue, *g.held)
		g.held = nil
	}
	g.change()
}

// deliverQueue posts the queue's head until it is accepted; what is behind waits.
func (g *Telegram) deliverQueue() {
	pause := time.Second
	for g.await(g.ctx, func() bool { return len(g.queue) > 0 && g.hook.url != "" }) == nil && g.ctx.Err() == nil {
		g.mu.Lock()
		if len(g.queue) == 0 || g.hook.url == "" {
			g.mu.Unlock()
			continue
		}
		head, secret := g.queue[0], g.hook.secret
		if g.set.Now().Sub(head.at) > telegramKeeps {
			g.queue = g.queue[1:]
			g.push.Lost++
			g.change()
			g.mu.Unlock()
			continue
		}
		g.posting = true
		g.mu.Unlock()
		status := g.Deliver(head.raw, secret)
		g.mu.Lock()
		g.posting = false
		accepted := status >= 200 && status < 300
		if accepted {
			g.drop(head)
			g.hook.lastError = ""
			if !head.once {
				g.push.Accepted++
			}
		} else {
			g.hook.lastError = "Wrong response from the webhook: " + http.StatusText(status)
		}
		g.change()
		g.mu.Unlock()
		if accepted {
			pause = time.Second
			continue
		}
		timer := time.NewTimer(time.Duration(float64(pause) / g.set.Scale))
		select {
		case <-timer.C:
		case <-g.ctx.Done():
		}
		timer.Stop()
		pause = min(2*pause, telegramPause)
	}
}

// drop takes an update off the queue. g.mu is held.
func (g *Telegram) drop(u telegramUpdate) {
	i := slices.IndexFunc(g.queue, func(x telegramUpdate) bool { return x == u })
	if i >= 0 {
		g.queue = slices.Delete(g.queue, i, i+1)
	}
}

// Deliver posts once and gives the status; 0 if there was none. An empty secret leaves the header out.
func (g *Telegram) Deliver(raw, secret string) int {
	ctx, cancel := context.WithTimeout(g.ctx, telegramPatience)
	defer cancel()
	g.mu.Lock()
	hook := g.hook.url
	g.mu.Unlock()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook, strings.NewReader(raw))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/json")
	if secret != "" {
		req.Header.Set("X-Telegram-Bot-Api-Secret-Token", secret)
	}
	status := 0
	if resp, err := http.DefaultClient.Do(req); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		status = resp.StatusCode
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.push.Sent++
	if g.push.Statuses == nil {
		g.push.Statuses = map[int]int{}
	}
	g.push.Statuses[status]++
	g.change()
	return status
}

// Settled returns when no update waits any more.
func (g *Telegram) Settled(ctx context.Context) (TelegramPushes, error) {
	err := g.await(ctx, func() bool { return len(g.queue) == 0 && !g.posting })
	return g.Pushes(), err
}

// AwaitPushes returns when so many posts have ended, repeats included.
func (g *Telegram) AwaitPushes(ctx context.Context, n int) error {
	return g.await(ctx, func() bool { return g.push.Sent >= n })
}

// Pushes says what became of updates so far.
func (g *Telegram) Pushes() TelegramPushes {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.push
	p.Waiting, p.Statuses = len(g.queue), maps.Clone(g.push.Statuses)
	return p
}

// getUpdates is the long poll (https://core.telegram.org/bots/api#getupdates): an offset confirms everything below it.
func (g *Telegram) getUpdates(in telegramArgs) any {
	g.mu.Lock()
	if g.hook.url != "" {
		g.mu.Unlock()
		return telegramNo(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
	}
	if g.poll != nil {
		close(g.poll) // the newer poll wins
	}
	mine := make(chan struct{})
	g.poll = mine
	g.queue = slices.DeleteFunc(g.queue, func(u telegramUpdate) bool {
		confirmed := u.id < in.int("offset")
		if confirmed && !u.once {
			g.push.Accepted++
		}
		return confirmed
	})
	g.change()
	g.mu.Unlock()
	wait := min(time.Duration(in.int("timeout"))*time.Second, telegramWait)
	ctx, cancel := context.WithTimeout(in.ctx, time.Duration(float64(wait)/g.set.Scale))
	defer cancel()
	taken := false
	_ = g.await(ctx, func() bool {
		select {
		case <-mine:
			taken = true
		default:
		}
		return taken || len(g.queue) > 0 || g.hook.url != ""
	})
	g.mu.Lock()
	defer g.mu.Unlock()
	if taken || g.hook.url != "" {
		return telegramNo(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
	}
	if g.poll == mine {
		g.poll = nil
	}
	waiting := slices.Clone(g.queue)
	slices.SortStableFunc(waiting, func(a, b telegramUpdate) int { return cmp.Compare(a.id, b.id) })
	out := []telegramRaw{}
	for _, u := range waiting {
		if g.set.Now().Sub(u.at) <= telegramKeeps && len(out) < 100 && !u.once {
			out = append(out, telegramRaw(u.raw))
		}
	}
	return out
}

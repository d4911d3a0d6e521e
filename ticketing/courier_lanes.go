package ticketing

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Paced is a Sender whose platform takes only so many messages a second. The courier keeps to it, each process for
// itself: two processes send twice as many, and the platform's "later" is believed besides.
type Paced interface {
	Pace() rate.Limit
}

// lane is one channel's way out.
type lane struct {
	codes chan Code
	pace  *rate.Limiter // nil: as fast as it goes
}

func (l *lane) wait(ctx context.Context) error {
	if l.pace == nil {
		return ctx.Err()
	}
	return l.pace.Wait(ctx)
}

func (l *lane) full() bool { return len(l.codes) == cap(l.codes) }

const (
	laneLength   = 256
	usualWorkers = 4
	mostWorkers  = 64

	outboxPage = laneLength + mostWorkers + 8 // read in a round: what may be in hand, and then some
	betweenAny = 10 * time.Millisecond        // rounds, at least: each delivery rings the bell
)

// lane makes the way out of a sender, with how many workers it wants.
func (c *Courier) lane(s Sender) (l *lane, workers int) {
	l = &lane{codes: make(chan Code, laneLength)}
	workers = usualWorkers
	if p, ok := s.(Paced); ok && p.Pace() > 0 && p.Pace() < rate.Inf {
		// A tenth of a second's worth may go at once; a platform's answer takes about as long.
		l.pace = rate.NewLimiter(p.Pace(), max(1, int(p.Pace()/10)))
		workers = min(max(usualWorkers, int(p.Pace()/20)), mostWorkers)
	}
	if c.Workers > 0 {
		workers = c.Workers
	}
	return l, workers
}

// Run delivers until ctx ends.
func (c *Courier) Run(ctx context.Context) error {
	r := &rounds{Courier: c, lanes: make(map[Channel]*lane, len(c.Senders)), busy: inHand{codes: map[Code]bool{}}}
	var all sync.WaitGroup
	defer all.Wait()
	for ch, s := range c.Senders {
		l, workers := c.lane(s)
		r.lanes[ch] = l
		for range workers {
			all.Go(func() { r.work(ctx, l) })
		}
	}
	for {
		bell := c.Desk.Store.Bell()
		r.handOut(ctx)
		pause := time.NewTimer(betweenAny)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
		timer := time.NewTimer(time.Second)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-bell:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// rounds is a courier at work.
type rounds struct {
	*Courier
	lanes map[Channel]*lane
	busy  inHand
}

func (r *rounds) work(ctx context.Context, l *lane) {
	for {
		select {
		case <-ctx.Done():
			return
		case code := <-l.codes:
			r.deliver(ctx, l, code)
			r.busy.done(code)
		}
	}
}

// handOut puts what is due on each channel into its lane; a full lane waits for the next round. What is for a channel
// nobody sends on stays queued, and stands so in the ledger.
func (r *rounds) handOut(ctx context.Context) {
	for ch, l := range r.lanes {
		if l.full() {
			continue
		}
		codes, err := r.Desk.Store.Outbox(ctx, ch, r.Desk.now(), outboxPage)
		if err != nil {
			if ctx.Err() == nil {
				r.Log.Error("the outbox cannot be read", "channel", ch, "err", err)
			}
			return
		}
		for _, code := range codes {
			if l.full() {
				break
			}
			if r.busy.take(code) {
				l.codes <- code // has room: only this goroutine puts into it
			}
		}
	}
}

// inHand is what this process's workers hold: a courtesy that saves useless attempts, not what keeps them apart.
type inHand struct {
	mu    sync.Mutex
	codes map[Code]bool
}

func (h *inHand) take(c Code) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.codes[c] {
		return false
	}
	h.codes[c] = true
	return true
}

func (h *inHand) done(c Code) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.codes, c)
}

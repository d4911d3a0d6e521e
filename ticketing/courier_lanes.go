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

	outboxPage  = 500                    // read in a round
	outboxDepth = 256_000                // read at most, for what lies behind one channel's backlog
	betweenDeep = 250 * time.Millisecond // such readings, at least; and four times as long as one took
	betweenAny  = 10 * time.Millisecond  // rounds, at least: each delivery rings the bell
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

	channels map[Code]Channel // of tickets with something due, seen in the last deep reading
	deep     time.Time        // when the next may be
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

// handOut puts what is due into its channel's lane; a full lane waits for the next round. The outbox is in the order
// of time over all channels: where its beginning is one channel's backlog, or that of a channel nobody sends on, it is
// read further, so that the others' messages are found behind it.
func (r *rounds) handOut(ctx context.Context) {
	codes, ok := r.due(ctx, outboxPage)
	if !ok {
		return
	}
	if len(codes) < outboxPage {
		r.channels = nil
		r.offer(ctx, codes)
		return
	}
	r.offer(ctx, codes)
	if time.Now().Before(r.deep) || !r.room() {
		return
	}
	began := time.Now()
	for limit := outboxPage * 8; len(codes) >= limit/8 && limit <= outboxDepth && r.room(); limit *= 8 {
		if codes, ok = r.due(ctx, min(limit, outboxDepth)); !ok {
			return
		}
		r.offer(ctx, codes)
	}
	known := make(map[Code]Channel, len(codes)) // only of what is still due: it must not grow
	for _, code := range codes {
		if ch, ok := r.channels[code]; ok {
			known[code] = ch
		}
	}
	r.channels, r.deep = known, time.Now().Add(max(betweenDeep, 4*time.Since(began)))
}

func (r *rounds) due(ctx context.Context, limit int) ([]Code, bool) {
	codes, err := r.Desk.Store.Outbox(ctx, r.Desk.now(), limit)
	if err != nil && ctx.Err() == nil {
		r.Log.Error("the outbox cannot be read", "err", err)
	}
	return codes, err == nil
}

// room says that some channel could take more.
func (r *rounds) room() bool {
	for _, l := range r.lanes {
		if !l.full() {
			return true
		}
	}
	return false
}

func (r *rounds) offer(ctx context.Context, codes []Code) {
	for _, code := range codes {
		if ctx.Err() != nil {
			return
		}
		l := r.lanes[r.channelOf(ctx, code)]
		if l == nil || l.full() || !r.busy.take(code) { // without a sender it waits, and stands in the ledger as queued
			continue
		}
		select {
		case l.codes <- code:
		default:
			r.busy.done(code)
		}
	}
}

// channelOf is the ticket's channel, which never changes; "" if it cannot be read now.
func (r *rounds) channelOf(ctx context.Context, code Code) Channel {
	if ch, ok := r.channels[code]; ok {
		return ch
	}
	t, err := r.Desk.Store.Ticket(ctx, code)
	if err != nil {
		return ""
	}
	if r.channels == nil {
		r.channels = map[Code]Channel{}
	}
	r.channels[code] = t.Channel
	return t.Channel
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

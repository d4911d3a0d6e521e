package ticketing

import (
	"context"
	"sync"
	"time"
)

// Bell wakes everybody who waits on it. It carries no data, so it can neither block the ringer nor lose anything for
// a waiter: who was not listening reads the journal anyway.
type Bell struct {
	mu sync.Mutex
	ch chan struct{}
}

// Wait is closed by the next Ring.
func (b *Bell) Wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

// Ring wakes all who wait.
func (b *Bell) Ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}

// patience is how long a follower trusts the bell; then it looks by itself, for what other processes wrote.
const patience = 200 * time.Millisecond

// Follow calls fn for every event after seq, in order, each at least once, until ctx ends or fn returns an error.
// An error of the journal is not an end: it is tried again, because the store may come back.
func Follow(ctx context.Context, j Journal, seq int64, fn func(context.Context, Event) error) error {
	const atOnce = 256
	for {
		bell := j.Bell() // before reading, so that no ring falls in between
		events, err := j.Since(ctx, seq, atOnce)
		for _, e := range events {
			if err := fn(ctx, e); err != nil {
				return err
			}
			seq = e.Seq
		}
		if err == nil && len(events) > 0 {
			continue
		}
		timer := time.NewTimer(patience)
		select {
		case <-bell:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		timer.Stop()
	}
}

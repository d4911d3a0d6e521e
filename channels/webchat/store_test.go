package webchat

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"hotline1022/ticketing"
)

// brokenStore is a real store that fails to take citizens' messages when told to: before it has written, or after.
type brokenStore struct {
	ticketing.Store
	mu    sync.Mutex
	fail  error
	after bool
}

func (s *brokenStore) set(fail error, after bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail, s.after = fail, after
}

func (s *brokenStore) Append(ctx context.Context, e ticketing.Event, after ticketing.Ticket, with ...ticketing.Record) (ticketing.Event, error) {
	s.mu.Lock()
	fail, late := s.fail, s.after
	s.mu.Unlock()
	if fail == nil || e.Kind != ticketing.Received {
		return s.Store.Append(ctx, e, after, with...)
	}
	if late {
		if _, err := s.Store.Append(ctx, e, after, with...); err != nil {
			return e, err
		}
	}
	return ticketing.Event{}, fail
}

// slowStore is a real store that takes one message after the other, each when it is let.
type slowStore struct {
	ticketing.Store
	let chan struct{} // one for each; closed: all
}

func (s *slowStore) Append(ctx context.Context, e ticketing.Event, after ticketing.Ticket, with ...ticketing.Record) (ticketing.Event, error) {
	if e.By.Role == ticketing.Citizen {
		select {
		case <-s.let:
		case <-ctx.Done():
			return ticketing.Event{}, fmt.Errorf("%w: %w", ticketing.ErrUnknown, ctx.Err())
		}
	}
	return s.Store.Append(ctx, e, after, with...)
}

// lateStore is a real store that takes a message only when nobody waits for it any longer.
type lateStore struct {
	ticketing.Store
	late atomic.Bool
}

func (s *lateStore) Append(ctx context.Context, e ticketing.Event, after ticketing.Ticket, with ...ticketing.Record) (ticketing.Event, error) {
	if s.late.Load() && e.By.Role == ticketing.Citizen {
		<-ctx.Done()
		ctx = context.WithoutCancel(ctx)
	}
	return s.Store.Append(ctx, e, after, with...)
}

// rivalStore is a real store in which another tap of the same citizen is always a little quicker.
type rivalStore struct {
	ticketing.Store
	quicker atomic.Bool
}

func (s *rivalStore) Append(ctx context.Context, e ticketing.Event, after ticketing.Ticket, with ...ticketing.Record) (ticketing.Event, error) {
	stored, err := s.Store.Append(ctx, e, after, with...)
	if err == nil && e.Kind == ticketing.VerdictGiven && s.quicker.CompareAndSwap(true, false) {
		return ticketing.Event{}, ticketing.ErrConflict // what has just been stored was the other one's
	}
	return stored, err
}

// countingFiles counts what is stored.
type countingFiles struct {
	ticketing.Files
	saved int
}

func (f *countingFiles) Save(ctx context.Context, r io.Reader, name string) (ticketing.File, error) {
	f.saved++
	return f.Files.Save(ctx, r, name)
}

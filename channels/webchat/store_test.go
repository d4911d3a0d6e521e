package webchat

import (
	"context"
	"io"

	"hotline1022/ticketing"
)

// brokenStore is a real store that fails when told to: before it has written, or after.
type brokenStore struct {
	ticketing.Store
	fail  error
	after bool
}

func (s *brokenStore) Append(ctx context.Context, e ticketing.Event, after ticketing.Ticket, with ...ticketing.Record) (ticketing.Event, error) {
	if s.fail == nil {
		return s.Store.Append(ctx, e, after, with...)
	}
	if s.after {
		if _, err := s.Store.Append(ctx, e, after, with...); err != nil {
			return e, err
		}
	}
	return ticketing.Event{}, s.fail
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

package realtime_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"hotline1022/ticketing"
)

// store is the part of ticketing.Store that the hub reads and these tests write: any of the stores can stand here.
type store interface {
	ticketing.Journal
	Append(ctx context.Context, e ticketing.Event, after ticketing.Ticket, with ...ticketing.Record) (ticketing.Event, error)
	Ticket(ctx context.Context, code ticketing.Code) (ticketing.Ticket, error)
	Timeline(ctx context.Context, code ticketing.Code, after int) ([]ticketing.Event, error)
}

// paper is a journal on a sheet of paper: enough for a follower, gone when the test ends.
type paper struct {
	mu      sync.Mutex
	events  []ticketing.Event
	lines   map[ticketing.Code][]ticketing.Event
	tickets map[ticketing.Code]ticketing.Ticket
	bell    ticketing.Bell
	epoch   string
}

func newPaper() *paper {
	return &paper{
		lines: make(map[ticketing.Code][]ticketing.Event), tickets: make(map[ticketing.Code]ticketing.Ticket), epoch: "first",
	}
}

func (p *paper) Append(_ context.Context, e ticketing.Event, after ticketing.Ticket, _ ...ticketing.Record) (ticketing.Event, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tickets[e.Ticket].Version != e.N-1 {
		return ticketing.Event{}, ticketing.ErrConflict
	}
	e.Seq = int64(len(p.events)) + 1
	if e.N == 1 {
		after.First = e.Seq
	}
	p.events = append(p.events, e)
	p.lines[e.Ticket] = append(p.lines[e.Ticket], e)
	p.tickets[e.Ticket] = after
	p.bell.Ring()
	return e, nil
}

func (p *paper) Since(_ context.Context, seq int64, limit int) ([]ticketing.Event, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rest := p.events[min(int(seq), len(p.events)):]
	return slices.Clone(rest[:min(limit, len(rest))]), nil
}

func (p *paper) End(context.Context) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int64(len(p.events)), nil
}

func (p *paper) Epoch() string         { return p.epoch }
func (p *paper) Bell() <-chan struct{} { return p.bell.Wait() }

func (p *paper) Ticket(_ context.Context, code ticketing.Code) (ticketing.Ticket, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t, ok := p.tickets[code]
	if !ok {
		return t, ticketing.ErrNotFound
	}
	return t, nil
}

func (p *paper) Timeline(_ context.Context, code ticketing.Code, after int) ([]ticketing.Event, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := p.lines[code]
	return slices.Clone(line[min(after, len(line)):]), nil
}

// do writes one event as the desk would: read, apply, append, and again if somebody was first.
func do(s store, e ticketing.Event) (ticketing.Event, error) {
	ctx := context.Background()
	for {
		t, err := s.Ticket(ctx, e.Ticket)
		if err != nil && e.Kind != ticketing.Received {
			return e, err
		}
		e.N, e.At = t.Version+1, time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
		after, err := t.Apply(e)
		if err != nil {
			return e, err
		}
		done, err := s.Append(ctx, e, after)
		if err != ticketing.ErrConflict {
			return done, err
		}
	}
}

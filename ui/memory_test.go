package ui_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline1022/ticketing"
)

// memory is a store that forgets, as far as pages need one: no search, no tallies, no alarms.
type memory struct {
	mu      sync.Mutex
	events  []ticketing.Event
	tickets map[ticketing.Code]ticketing.Ticket
	records map[[2]string][]ticketing.Record
	revs    map[string]int64
	bell    ticketing.Bell
}

func newMemory() *memory {
	return &memory{tickets: map[ticketing.Code]ticketing.Ticket{}, records: map[[2]string][]ticketing.Record{}, revs: map[string]int64{}}
}

func (m *memory) Append(_ context.Context, e ticketing.Event, after ticketing.Ticket, with ...ticketing.Record) (ticketing.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, old := range m.events {
		if e.Key != "" && old.Key == e.Key {
			return old, ticketing.ErrDuplicate
		}
	}
	for _, old := range m.events {
		if old.Ticket == e.Ticket && old.N == e.N {
			return old, ticketing.ErrConflict
		}
	}
	e.Seq = int64(len(m.events) + 1)
	if e.N == 1 {
		after.First = e.Seq
	}
	for _, r := range with {
		_ = m.put(r) // taken: left out
	}
	m.events = append(m.events, e)
	m.tickets[e.Ticket] = after
	m.bell.Ring()
	return e, nil
}

func (m *memory) Ticket(_ context.Context, code ticketing.Code) (ticketing.Ticket, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tickets[code]
	if !ok {
		return t, ticketing.ErrNotFound
	}
	return t, nil
}

func (m *memory) Numbered(context.Context, int64) (ticketing.Ticket, error) {
	return ticketing.Ticket{}, ticketing.ErrNotFound
}

func (m *memory) Timeline(_ context.Context, code ticketing.Code, after int) (out []ticketing.Event, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.events {
		if e.Ticket == code && e.N > after {
			out = append(out, e)
		}
	}
	return out, nil
}

func (m *memory) ByKey(_ context.Context, key string) (ticketing.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.events {
		if e.Key == key {
			return e, nil
		}
	}
	return ticketing.Event{}, ticketing.ErrNotFound
}

func (m *memory) List(_ context.Context, f ticketing.Filter) (ticketing.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var p ticketing.Page
	for _, t := range m.tickets {
		if f.Scope.Holds(t) && (len(f.Status) == 0 || slices.Contains(f.Status, t.Status)) {
			p.Tickets = append(p.Tickets, t)
		}
	}
	slices.SortFunc(p.Tickets, func(a, b ticketing.Ticket) int { return b.Updated.Compare(a.Updated) })
	return p, nil
}

func (m *memory) Count(ctx context.Context, f ticketing.Filter) (int, error) {
	p, err := m.List(ctx, f)
	return len(p.Tickets), err
}

func (m *memory) Tally(context.Context, ticketing.TallyQuery) ([]ticketing.Cell, error) {
	return nil, nil
}

func (m *memory) Ringing(context.Context, time.Time, int) ([]ticketing.Code, error) { return nil, nil }
func (m *memory) Outbox(context.Context, time.Time, int) ([]ticketing.Code, error)  { return nil, nil }
func (m *memory) Blank(context.Context, ticketing.Code, int) error                  { return errors.ErrUnsupported }
func (m *memory) Verify(context.Context, func(done, total int64)) ([]string, error) { return nil, nil }
func (m *memory) Backup(context.Context, string) error                              { return errors.ErrUnsupported }
func (m *memory) Ill() error                                                        { return nil }
func (m *memory) Close() error                                                      { return nil }
func (m *memory) Epoch() string                                                     { return "memory" }
func (m *memory) Bell() <-chan struct{}                                             { return m.bell.Wait() }

func (m *memory) Replay(context.Context, bool, func(done, total int64)) ([]ticketing.Difference, error) {
	return nil, nil
}

func (m *memory) Since(_ context.Context, seq int64, limit int) ([]ticketing.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.events[min(int(seq), len(m.events)):]
	return slices.Clone(all[:min(limit, len(all))]), nil
}

func (m *memory) End(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int64(len(m.events)), nil
}

func (m *memory) put(r ticketing.Record) error {
	at := [2]string{r.Kind, r.ID}
	have := m.records[at]
	present := 0
	if len(have) > 0 {
		present = have[len(have)-1].Version
	}
	if r.Version != present+1 {
		return ticketing.ErrConflict
	}
	m.records[at] = append(have, r)
	m.revs[r.Kind]++
	return nil
}

func (m *memory) Put(_ context.Context, rs ...ticketing.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range rs {
		if err := m.put(r); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Get(_ context.Context, kind, id string) (ticketing.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	have := m.records[[2]string{kind, id}]
	if len(have) == 0 {
		return ticketing.Record{}, ticketing.ErrNotFound
	}
	return have[len(have)-1], nil
}

func (m *memory) GetAll(ctx context.Context, kind string, ids []string) (map[string]ticketing.Record, error) {
	out := map[string]ticketing.Record{}
	for _, id := range ids {
		if r, err := m.Get(ctx, kind, id); err == nil && !r.Deleted() {
			out[id] = r
		}
	}
	return out, nil
}

func (m *memory) All(_ context.Context, kind, prefix string) (out []ticketing.Record, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for at, have := range m.records {
		if r := have[len(have)-1]; at[0] == kind && strings.HasPrefix(at[1], prefix) && !r.Deleted() {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b ticketing.Record) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

func (m *memory) History(_ context.Context, kind, id string) ([]ticketing.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.records[[2]string{kind, id}]), nil
}

func (m *memory) Erase(_ context.Context, kind, id string, below int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := [2]string{kind, id}
	keep := slices.DeleteFunc(m.records[at], func(r ticketing.Record) bool { return below == 0 || r.Version < below })
	if len(keep) == 0 {
		delete(m.records, at)
	} else {
		m.records[at] = keep
	}
	return nil
}

func (m *memory) Revisions(_ context.Context, kinds ...string) (map[string]int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]int64{}
	for _, k := range kinds {
		out[k] = m.revs[k]
	}
	return out, nil
}

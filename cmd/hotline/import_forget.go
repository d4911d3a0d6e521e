package main

import (
	"context"
	"slices"
	"strings"
	"sync"

	"hotline1022/ticketing"
)

// forgetful is a store that shows what is in the real one and keeps what is written only for itself: a dry run goes
// the whole way through the desk and leaves no trace. Of tickets it keeps what a repeat is known by.
type forgetful struct {
	ticketing.Store

	mu      sync.Mutex
	events  map[string]ticketing.Event             // by key
	records map[string]map[string]ticketing.Record // kind → id → present version
	written map[string]int64
}

func newForgetful(s ticketing.Store) *forgetful {
	return &forgetful{Store: s, events: map[string]ticketing.Event{}, records: map[string]map[string]ticketing.Record{}, written: map[string]int64{}}
}

// Append takes note of the key.
func (f *forgetful) Append(ctx context.Context, e ticketing.Event, _ ticketing.Ticket, with ...ticketing.Record) (ticketing.Event, error) {
	if e.Key != "" {
		if was, err := f.ByKey(ctx, e.Key); err == nil {
			return was, ticketing.ErrDuplicate
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events[e.Key] = ticketing.Event{Key: e.Key, Print: e.Print, Kind: e.Kind}
	return e, nil
}

// ByKey looks at what was only noted too.
func (f *forgetful) ByKey(ctx context.Context, key string) (ticketing.Event, error) {
	f.mu.Lock()
	e, ok := f.events[key]
	f.mu.Unlock()
	if ok {
		return e, nil
	}
	return f.Store.ByKey(ctx, key)
}

// Ticket is only asked for to answer a repeat.
func (f *forgetful) Ticket(ctx context.Context, code ticketing.Code) (ticketing.Ticket, error) {
	if code == "" {
		return ticketing.Ticket{}, nil
	}
	return f.Store.Ticket(ctx, code)
}

// Put keeps the records.
func (f *forgetful) Put(ctx context.Context, records ...ticketing.Record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range records {
		if f.records[r.Kind] == nil {
			f.records[r.Kind] = map[string]ticketing.Record{}
		}
		f.records[r.Kind][r.ID] = r
		f.written[r.Kind]++
	}
	return nil
}

// Get is the kept version, else the real one.
func (f *forgetful) Get(ctx context.Context, kind, id string) (ticketing.Record, error) {
	f.mu.Lock()
	r, ok := f.records[kind][id]
	f.mu.Unlock()
	if ok {
		return r, nil
	}
	return f.Store.Get(ctx, kind, id)
}

// All is the real ones with the kept ones over them.
func (f *forgetful) All(ctx context.Context, kind, prefix string) ([]ticketing.Record, error) {
	real, err := f.Store.All(ctx, kind, prefix)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	all := slices.DeleteFunc(real, func(r ticketing.Record) bool { _, kept := f.records[kind][r.ID]; return kept })
	for id, r := range f.records[kind] {
		if strings.HasPrefix(id, prefix) && !r.Deleted() {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b ticketing.Record) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}

// Revisions rise with what is kept.
func (f *forgetful) Revisions(ctx context.Context, kinds ...string) (map[string]int64, error) {
	revs, err := f.Store.Revisions(ctx, kinds...)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for kind, n := range f.written {
		if _, asked := revs[kind]; asked {
			revs[kind] += n << 32 // no real revision comes to meet it
		}
	}
	return revs, nil
}

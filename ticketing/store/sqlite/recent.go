package sqlite

import (
	"slices"
	"sync"

	"hotline1022/ticketing"
)

// recent is what was committed last, kept in memory: what followers ask for within a millisecond of the commit, the
// tickets they look at then, and the records every request needs (its key or session). One process serves a file, and
// its writer puts in here whatever it commits before anybody is answered, so what is here is never older than the
// file. What is not here is read from the file. A nil recent knows nothing.
type recent struct {
	mu      sync.Mutex
	events  []*recentEvent // a ring by seq, for seqs in (floor, last]
	floor   int64
	last    int64
	tickets halves[ticketing.Code, *shown]
	records halves[recordKey, ticketing.Record]
}

const (
	recentEvents  = 1024
	recentTickets = 1024
	recentRecords = 8192
)

// recentEvent is as it was given to Append, or is decoded by the first who asks, for all.
type recentEvent struct {
	seq     int64
	payload []byte
	known   bool // event is what the payload says
	once    sync.Once
	event   ticketing.Event
	err     error
}

func (e *recentEvent) read() (ticketing.Event, error) {
	e.once.Do(func() {
		if !e.known {
			e.event, e.err = decodeEvent(e.seq, e.payload)
		}
		e.payload = nil
		to := &e.event
		to.Files, to.Alarms = slices.Clip(to.Files), slices.Clip(to.Alarms)
		to.Cooperating, to.Events = slices.Clip(to.Cooperating), slices.Clip(to.Events)
	})
	return e.event, e.err
}

// shown is a ticket as it was given to Append, or its document, decoded by the first who asks, for all. Nobody changes
// what hangs on a ticket (TestAnySequenceReplays), and its slices are cut to length, so that who appends to one makes a
// new one.
type shown struct {
	first  int64
	doc    []byte
	known  bool // ticket is what the document says
	once   sync.Once
	ticket ticketing.Ticket
	err    error
}

func (s *shown) read() (ticketing.Ticket, error) {
	s.once.Do(func() {
		if !s.known {
			s.ticket, s.err = decode(s.first, s.doc)
		}
		s.doc = nil
		t := &s.ticket
		t.Files, t.Alarms, t.Sending = slices.Clip(t.Files), slices.Clip(t.Alarms), slices.Clip(t.Sending)
		t.Cooperating, t.Absorbed = slices.Clip(t.Cooperating), slices.Clip(t.Absorbed)
	})
	return s.ticket, s.err
}

type recordKey struct{ kind, id string }

// news is what a transaction will have changed.
type news struct {
	events  []*recentEvent
	tickets map[ticketing.Code]*shown
	records map[recordKey]ticketing.Record // Version 0: look into the file
	all     bool                           // so much that nothing in memory counts any more
}

func (n *news) clear() {
	n.events, n.all = nil, false
	clear(n.tickets)
	clear(n.records)
}

func newRecent(last int64) *recent {
	return &recent{
		events: make([]*recentEvent, recentEvents), floor: last, last: last,
		tickets: halves[ticketing.Code, *shown]{size: recentTickets}, records: halves[recordKey, ticketing.Record]{size: recentRecords},
	}
}

// publish takes over what was committed.
func (r *recent) publish(n *news, last int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n.all {
		r.floor = last
		clear(r.events)
		r.tickets.clear()
		r.records.clear()
	}
	r.last = last
	for _, e := range n.events {
		r.events[e.seq%recentEvents] = e
	}
	r.floor = max(r.floor, last-recentEvents)
	for code, t := range n.tickets {
		r.tickets.put(code, t)
	}
	for key, record := range n.records {
		r.records.put(key, record)
	}
}

// since is the events after seq, if they are all here.
func (r *recent) since(seq int64, limit int) (events []ticketing.Event, here bool, err error) {
	if r == nil {
		return nil, false, nil
	}
	r.mu.Lock()
	if seq < r.floor {
		r.mu.Unlock()
		return nil, false, nil
	}
	var found []*recentEvent
	for s := seq + 1; s <= r.last && len(found) < limit; s++ {
		found = append(found, r.events[s%recentEvents])
	}
	r.mu.Unlock()
	if len(found) == 0 {
		return nil, true, nil
	}
	events = make([]ticketing.Event, len(found))
	for i, e := range found {
		if events[i], err = e.read(); err != nil {
			return nil, true, err
		}
	}
	return events, true, nil
}

func (r *recent) end() (last int64, known bool) {
	if r == nil {
		return 0, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last, true
}

func (r *recent) ticket(code ticketing.Code) (*shown, bool) {
	if r == nil {
		return nil, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tickets.get(code)
}

// record is the present version, if it is known; age is for learn.
func (r *recent) record(key recordKey) (record ticketing.Record, known bool, age int) {
	if r == nil {
		return ticketing.Record{}, false, 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	record, known = r.records.get(key)
	return record, known && record.Version > 0, r.records.turns
}

// learn keeps what was read from the file, unless something newer may have come and gone since record said age.
func (r *recent) learn(key recordKey, record ticketing.Record, age int) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, there := r.records.get(key); !there && age == r.records.turns {
		r.records.put(key, record)
	}
}

// halves is a map that forgets: what was put or asked for among the last size puts is there, and at most twice as much.
type halves[K comparable, V any] struct {
	young, old map[K]V
	size       int
	turns      int // how often the old half was let go
}

func (h *halves[K, V]) get(k K) (V, bool) {
	v, ok := h.young[k]
	if !ok {
		if v, ok = h.old[k]; ok {
			h.put(k, v)
		}
	}
	return v, ok
}

func (h *halves[K, V]) put(k K, v V) {
	if len(h.young) >= h.size || h.young == nil {
		h.old, h.young = h.young, make(map[K]V)
		h.turns++
	}
	h.young[k] = v
}

func (h *halves[K, V]) clear() {
	h.young, h.old = nil, nil
	h.turns++
}

package realtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"hotline1022/ticketing"
)

// Run follows the feed until ctx ends. Sockets are refused (503) until the recent past has been read back, so that a
// restart costs the store one reading and not one for every screen that comes back.
func (h *Hub) Run(ctx context.Context) error {
	h.init()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return h.follow(ctx) })
	group.Go(func() error { return h.watchSessions(ctx) })
	group.Go(func() error { return h.showEyes(ctx) })
	if h.Pulse != nil {
		group.Go(func() error { return h.beatPulse(ctx) })
	}
	if h.Own != nil {
		group.Go(func() error { return h.showOwn(ctx) })
	}
	return group.Wait()
}

// follow never ends before ctx does: whatever goes wrong is logged and tried again from where it was.
func (h *Hub) follow(ctx context.Context) error {
	defer h.ready.Store(false)
	for {
		err := h.guard("following the feed", func() error {
			if !h.ready.Load() {
				if err := h.recall(ctx); err != nil {
					return fmt.Errorf("reading back the recent past: %w", err)
				}
				h.ready.Store(true)
			}
			return ticketing.Follow(ctx, h.Journal, h.ring.head.Load(), h.tell)
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		h.Log.Error("the feed broke off, going on", "seq", h.ring.head.Load(), "err", err)
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

// recall fills the ring with the last events of the journal.
func (h *Hub) recall(ctx context.Context) error {
	end, err := h.Journal.End(ctx)
	if err != nil {
		return err
	}
	seq := max(0, end-int64(h.Limits.Recall), h.ring.head.Load())
	h.ring.head.Store(seq)
	for seq < end {
		events, err := h.Journal.Since(ctx, seq, 256)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return fmt.Errorf("nothing after %d, though the journal ends at %d", seq, end)
		}
		for _, e := range events {
			if err := h.tell(ctx, e); err != nil {
				return err
			}
			seq = e.Seq
		}
	}
	return nil
}

// tell makes one event an entry and wakes those it is for. It answers an error only when ctx has ended.
func (h *Hub) tell(ctx context.Context, event ticketing.Event) error {
	if event.Seq <= h.ring.head.Load() {
		return nil
	}
	e := &entry{event: event}
	err := h.guard("reading a ticket", func() error { return h.fill(ctx, e) })
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		h.count.lost.Add(1)
		h.Log.Error("an event cannot be told, all screens load again", "seq", event.Seq, "ticket", event.Ticket, "err", err)
		h.known.forget(event.Ticket)
		*e = entry{event: event, lost: true}
	}
	h.ring.put(e)
	h.wake(e)
	return nil
}

// wake costs a question per audience and a nudge per socket that hears; sockets that do not hear sleep on, but for
// once in a quarter of the ring, so that their cursors do not fall off it.
func (h *Hub) wake(e *entry) {
	all := e.lost || e.event.Seq%int64(len(h.ring.slots)/4+1) == 0
	for _, a := range h.book.present() {
		told := e.lost || h.frame(a, e) != nil
		if told {
			a.stirred.Store(true)
		}
		if told || all {
			a.sockets.wake()
		}
	}
	h.book.ring(e.event.Ticket, e.event.N)
}

// fill reads the ticket, and how it stood before.
func (h *Hub) fill(ctx context.Context, e *entry) error {
	t, err := h.read(ctx, e.event)
	if errors.Is(err, ticketing.ErrNotFound) {
		t, err = ticketing.Ticket{Code: e.event.Ticket}, nil // gone: nobody hears of it
	}
	if err != nil {
		return err
	}
	e.ticket = t
	e.matter = h.known.find(t.Code)
	before := e.matter.now.Load()
	if before != nil {
		e.was = append(e.was, before)
	}
	// The hub has not seen the ticket before, or the store shows it further than the event: its own events say how it
	// stood. Whoever could see it at any moment in between may have it on the screen.
	if t.Version > e.event.N || before == nil && 1 < e.event.N && e.event.N <= t.Version {
		if err := h.retrace(ctx, e); err != nil {
			return err
		}
		e.was = append(e.was, e.matter.path...)
	} else {
		e.matter.path = nil
	}
	if before == nil || before.Version <= t.Version || t.Version == 0 {
		e.seen = wordless(t)
		e.matter.now.Store(e.seen)
	}
	return nil
}

// read is the ticket with the event in it.
func (h *Hub) read(ctx context.Context, e ticketing.Event) (t ticketing.Ticket, err error) {
	ctx, cancel := context.WithTimeout(ctx, h.Limits.Patience)
	defer cancel()
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 500*time.Millisecond) {
		t, err = h.Ticket(ctx, e.Ticket)
		switch {
		case err == nil && t.Version >= e.N, errors.Is(err, ticketing.ErrNotFound):
			return t, err
		case err == nil:
			err = fmt.Errorf("the store shows version %d and event %d is written", t.Version, e.N)
		}
		if pause(ctx, wait) != nil {
			return t, err
		}
	}
}

// retrace has the matter's path begin right before the event and reach to the ticket as read.
func (h *Hub) retrace(ctx context.Context, e *entry) error {
	m, from := e.matter, e.event.N-1
	for len(m.path) > 0 && m.path[0].Version < from {
		m.path = m.path[1:]
	}
	if n := len(m.path); n > 0 && m.path[0].Version <= max(from, 1) && m.path[n-1].Version >= e.ticket.Version {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, h.Limits.Patience)
	defer cancel()
	events, err := h.Timeline(ctx, e.event.Ticket, 0)
	if err != nil {
		return fmt.Errorf("timeline of %s: %w", e.event.Ticket, err)
	}
	m.path = nil
	var t ticketing.Ticket
	for _, step := range events {
		if t, err = t.Apply(step); err != nil {
			return fmt.Errorf("timeline of %s: %w", e.event.Ticket, err)
		}
		if t.Version >= from {
			m.path = append(m.path, wordless(t))
		}
	}
	return nil
}

// wordless is the ticket without what weighs: enough to say who may know of it.
func wordless(t ticketing.Ticket) *ticketing.Ticket {
	t.Subject, t.Text, t.Words, t.LastWords, t.Address, t.Answer, t.Reason = "", "", "", "", "", "", ""
	t.Files, t.Alarms, t.Extension, t.Draft, t.Sending = nil, nil, nil, nil, nil
	return &t
}

// memory keeps the matters of the tickets touched last: those of the last size touches at least, twice as many at
// most. It is the follower's alone. What it has forgotten is told by the ticket's timeline.
type memory struct {
	young, old map[ticketing.Code]*matter
	size       int
}

func (m *memory) find(code ticketing.Code) *matter {
	it := m.young[code]
	if it == nil {
		if it = m.old[code]; it == nil {
			it = &matter{}
		}
		if len(m.young) >= m.size || m.young == nil {
			m.old, m.young = m.young, make(map[ticketing.Code]*matter)
		}
		m.young[code] = it
	}
	return it
}

// forget has the ticket's old entries told to nobody, and its next event looked up.
func (m *memory) forget(code ticketing.Code) {
	m.find(code).now.Store(&ticketing.Ticket{})
	delete(m.young, code)
	delete(m.old, code)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

package realtime

import (
	"bytes"
	"encoding/json"
	"sync"
	"sync/atomic"

	"hotline1022/ticketing"
)

// ring holds the last entries of the feed. One goroutine stores, any number read, and no lock is between them: a
// slot is a pointer, and head says how far it is safe to look.
type ring struct {
	slots []atomic.Pointer[entry]
	head  atomic.Int64 // seq of the last entry
}

// at is the entry with that seq; nil if the ring no longer (or never) held it.
func (r *ring) at(seq int64) *entry {
	e := r.slots[seq&int64(len(r.slots)-1)].Load()
	if e == nil || e.event.Seq != seq {
		return nil
	}
	return e
}

func (r *ring) put(e *entry) {
	r.slots[e.event.Seq&int64(len(r.slots)-1)].Store(e)
	r.head.Store(e.event.Seq)
}

// entry is one event with what is needed to tell anybody of it.
type entry struct {
	event  ticketing.Event
	ticket ticketing.Ticket    // as it stood after the event, or later
	was    []*ticketing.Ticket // before and in between; who could see it then and may not now loses the row
	matter *matter             // how it stands by now
	seen   *ticketing.Ticket   // matter.now when the entry was made; nil if that was further already
	lost   bool                // the store would not show the ticket: everybody must load again

	frames atomic.Pointer[frame] // one for each audience that is told, made on demand
}

// matter is how a ticket stands as far as the hub has read, without its words. All entries of one ticket share it, so
// an old entry knows that it has been overtaken.
type matter struct {
	now  atomic.Pointer[ticketing.Ticket]
	path []*ticketing.Ticket // from before the event on, while the store shows it further; the follower's alone
}

// frame is an entry as one audience is told it.
type frame struct {
	audience *audience
	removed  bool
	once     sync.Once
	bytes    []byte
	next     *frame
}

// frame is the audience's frame of the entry; nil if it is not told.
func (h *Hub) frame(a *audience, e *entry) *frame {
	first := e.frames.Load()
	if f := first.of(a); f != nil {
		return f
	}
	told, removed := h.verdict(a, e)
	if !told {
		return nil
	}
	added := &frame{audience: a, removed: removed, next: first}
	for !e.frames.CompareAndSwap(first, added) {
		first = e.frames.Load()
		if f := first.of(a); f != nil {
			return f
		}
		added.next = first
	}
	return added
}

func (f *frame) of(a *audience) *frame {
	for ; f != nil; f = f.next {
		if f.audience == a {
			return f
		}
	}
	return nil
}

// verdict says whether the audience is told of the entry, and whether as a loss.
func (h *Hub) verdict(a *audience, e *entry) (told, removed bool) {
	if h.hears(a, &e.ticket) {
		return true, false
	}
	for _, was := range e.was {
		if h.hears(a, was) {
			return true, true
		}
	}
	return false, false
}

// hears asks Hears, and takes a panic for a no.
func (h *Hub) hears(a *audience, t *ticketing.Ticket) (yes bool) {
	if t.Version == 0 || a.Role == Watcher {
		return false
	}
	_ = h.guard("asking who hears", func() error {
		yes = h.Hears(a.Audience, *t)
		return nil
	})
	return yes
}

// encoded is the entry as the audience is told it; nil if it is not told.
func (h *Hub) encoded(a *audience, e *entry) []byte {
	f := h.frame(a, e)
	if f == nil {
		return nil
	}
	// An entry that has been overtaken may show what the audience may no longer see. The event that overtook it comes
	// later in the ring and takes the row away, so this one is left out.
	if now := e.matter.now.Load(); !f.removed && now != e.seen && !h.hears(a, now) {
		return nil
	}
	f.once.Do(func() { f.bytes = h.render(a, e, f.removed) })
	return f.bytes
}

func (h *Hub) render(a *audience, e *entry, removed bool) []byte {
	change := Change{Removed: removed}
	var text []byte
	err := h.guard("rendering a row", func() (err error) {
		if !removed {
			change = h.Render(a.Audience, e.event, e.ticket)
		}
		change.name(e.event, e.ticket)
		text, err = encode(change)
		return err
	})
	if err != nil {
		h.Log.Error("a row could not be rendered", "seq", e.event.Seq, "ticket", e.event.Ticket, "agency", a.Agency, "err", err)
		change = Change{Stale: true}
		change.name(e.event, e.ticket)
		text, _ = encode(change)
	}
	h.count.rendered.Add(1)
	return text
}

func (c *Change) name(e ticketing.Event, t ticketing.Ticket) {
	c.Seq, c.Ticket, c.Version = e.Seq, e.Ticket, max(e.N, t.Version)
}

// encode is JSON without the escaping of < and >, which would half as much again to every row: it is read by
// JSON.parse out of a text message and never stands in a page.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.Clone(bytes.TrimSpace(b.Bytes())), nil
}

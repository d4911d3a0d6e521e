package realtime

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Own is what one person's screens show of nobody else's: her telephone. It is a state, not a history: only the last
// one is told, and whoever comes back is told it anew. It is made for a person as the server knows her, from nothing
// her screen said.
type Own struct {
	// Bell is closed at the next change of anybody's; see ticketing.Bell.
	Bell func() <-chan struct{}
	// Show begins a round and gives what makes each person's: nil is nothing. The round may keep what all have in
	// common. It is asked at most once in Limits.Own.
	Show func(ctx context.Context) (func(ctx context.Context, v Viewer) (any, error), error)
}

// person is who an own frame is made for.
type person struct {
	User string
	Audience
}

// own is one person's screens.
type own struct {
	viewer  Viewer
	frame   atomic.Pointer[[]byte] // the last one made
	sockets map[*socket]struct{}
}

// owns is everybody with a screen open.
type owns struct {
	mu   sync.Mutex
	all  map[person]*own
	come chan struct{} // somebody came
}

// join gives the person's own; nil for programs, which have no telephone.
func (o *owns) join(s *socket) *own {
	v := s.viewer
	if v == nil || v.Bearer || v.User == "" {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	who := person{v.User, v.Audience}
	it := o.all[who]
	if it == nil {
		if o.all == nil {
			o.all = make(map[person]*own)
		}
		it = &own{viewer: *v, sockets: make(map[*socket]struct{})}
		o.all[who] = it
	}
	it.sockets[s] = struct{}{}
	select {
	case o.come <- struct{}{}:
	default:
	}
	return it
}

func (o *owns) leave(s *socket, it *own) {
	if it == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if delete(it.sockets, s); len(it.sockets) == 0 {
		delete(o.all, person{it.viewer.User, it.viewer.Audience})
	}
}

func (o *owns) list() []*own {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]*own, 0, len(o.all))
	for _, it := range o.all {
		out = append(out, it)
	}
	return out
}

// tell gives the person's screens another state; the same one is not told twice.
func (o *owns) tell(it *own, text []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if old := it.frame.Load(); old != nil && string(*old) == string(text) {
		return false
	}
	it.frame.Store(&text)
	for s := range it.sockets {
		s.nudge()
	}
	return true
}

// showOwn makes everybody's own whenever the bell rings or somebody comes.
func (h *Hub) showOwn(ctx context.Context) error {
	for {
		bell := h.Own.Bell() // before reading, so that no ring falls in between
		err := h.guard("showing everybody's own", func() error { return h.showAll(ctx) })
		if err != nil && ctx.Err() == nil {
			h.Log.Warn("what is people's own could not be shown; it is tried again", "err", err)
		}
		if err := pause(ctx, h.Limits.Own); err != nil { // what rings meanwhile is one round
			return err
		}
		var again <-chan time.Time
		if err != nil {
			again = time.After(time.Second)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-bell:
		case <-h.owns.come:
		case <-again:
		}
	}
}

func (h *Hub) showAll(ctx context.Context) error {
	all := h.owns.list()
	if len(all) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	show, err := h.Own.Show(ctx)
	if err != nil {
		return err
	}
	for _, it := range all {
		mine, err := show(ctx, it.viewer)
		if err != nil {
			return err
		}
		if mine == nil {
			continue
		}
		text, err := encode(struct {
			Own any `json:"own"`
		}{mine})
		if err != nil {
			return err
		}
		if h.owns.tell(it, text) {
			h.count.owned.Add(1)
		}
	}
	return nil
}

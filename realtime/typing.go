package realtime

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hotline1022/ticketing"
)

// Somebody is writing: a citizen in her window and the screens of staff that have her ticket open tell each other so,
// by the sockets they have anyway. It is that and no more: never what is written, never to the citizen who of the
// staff, stored nowhere, and known to this process only. Colleagues who look at the same ticket are told of each other.

const (
	typingEvery = 3 * time.Second // signals of one side that follow closer are one
	typingLasts = 5 * time.Second // what is older is no news; a screen that hears nothing more takes it away then
)

// side of a conversation.
type side int

const (
	citizens side = iota
	staff
)

func (s side) other() side { return 1 - s }

// room is the sockets that look at one ticket. There is one as long as there is a socket.
type room struct {
	code    ticketing.Code
	typed   [2]atomic.Int64 // when each side was last heard writing, in ms since 1970
	sockets map[*socket]side
	looks   atomic.Int64 // counts comings and goings of staff
}

// rooms are all of them. The lock is taken when a ticket is opened or somebody begins to write, never to tell.
type rooms struct {
	mu      sync.Mutex
	all     map[ticketing.Code]*room
	stirred chan struct{} // somebody of staff has opened or left a ticket; see eyes
}

// enter moves the socket to the ticket's room; "" is none.
func (r *rooms) enter(s *socket, code ticketing.Code, as side) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := s.room.Load(); old != nil {
		if delete(old.sockets, s); len(old.sockets) == 0 {
			delete(r.all, old.code)
		}
		if old.code != code {
			r.looked(old, as)
		}
	}
	if code == "" {
		s.room.Store(nil)
		return
	}
	it := r.all[code]
	if it == nil {
		if r.all == nil {
			r.all = make(map[ticketing.Code]*room)
		}
		it = &room{code: code, sockets: make(map[*socket]side)}
		r.all[code] = it
	}
	it.sockets[s] = as
	was := s.room.Swap(it)
	if was != it {
		r.looked(it, as)
	}
}

// looked has the screens of staff in the room told who is there now. The rooms are locked.
func (r *rooms) looked(it *room, as side) {
	if as != staff {
		return
	}
	r.stir()
	it.looks.Add(1)
	for s, is := range it.sockets {
		if is == staff {
			s.nudge()
		}
	}
}

// others are the colleagues who look at the ticket too: of the hotline, or of the same agency. One who has several
// screens is one.
func (r *rooms) others(it *room, me *socket) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := []string{}
	for s := range it.sockets {
		if s.viewer == nil || s.viewer.Bearer || s.viewer.User == me.viewer.User || s.viewer.Audience.Agency != me.viewer.Audience.Agency || slices.Contains(names, s.viewer.Name) {
			continue
		}
		names = append(names, s.viewer.Name)
	}
	slices.Sort(names)
	return names
}

// looking is who else looks at the ticket this screen shows; nil is nothing new.
func (s *socket) looking() []byte {
	it := s.room.Load()
	if it == nil || s.viewer == nil || s.viewer.Bearer {
		return nil
	}
	looks := it.looks.Load()
	if it == s.toldRoom && looks == s.toldLooks {
		return nil
	}
	names := s.hub.rooms.others(it, s)
	same := it == s.toldRoom
	s.toldRoom, s.toldLooks = it, looks
	if !same {
		s.toldNames = ""
	}
	if strings.Join(names, "\n") == s.toldNames || !s.hub.may(s.viewer.Audience, it.code, s.hub.Hears) {
		return nil
	}
	s.toldNames = strings.Join(names, "\n")
	text, err := json.Marshal(map[string]any{"looking": map[string]any{"ticket": it.code, "names": names}})
	if err != nil {
		return nil // they are texts
	}
	return text
}

func (r *rooms) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.all)
}

// wake tells everybody on the other side of the room that there is something.
func (r *rooms) wake(it *room, from side) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s, is := range it.sockets {
		if is != from {
			s.nudge()
		}
	}
}

// side is which one the socket is on.
func (s *socket) side() side {
	if s.viewer == nil {
		return citizens
	}
	return staff
}

// opened: a screen of staff shows this ticket now. Whether it may is asked when there is something to tell.
func (s *socket) opened(raw json.RawMessage) {
	var code ticketing.Code
	if s.viewer != nil && json.Unmarshal(raw, &code) == nil && len(code) <= 64 {
		s.hub.rooms.enter(s, code, staff)
		s.nudge() // the citizen may be writing this moment
	}
}

// types: whoever is at the client is writing. Of staff only those count who may write to the citizen.
func (s *socket) types() {
	it := s.room.Load()
	if it == nil {
		return
	}
	now := s.hub.now()
	last := it.typed[s.side()].Load()
	if now.Sub(time.UnixMilli(last)) < typingEvery {
		return
	}
	if s.viewer != nil && !s.hub.may(s.viewer.Audience, it.code, s.hub.Hears, s.hub.Writes) {
		return
	}
	if it.typed[s.side()].CompareAndSwap(last, now.UnixMilli()) { // else another socket of this side has just said so
		s.hub.rooms.wake(it, s.side())
	}
}

// typing is what to tell of the other side; nil is nothing new.
func (s *socket) typing() []byte {
	it := s.room.Load()
	if it == nil {
		return nil
	}
	at := it.typed[s.side().other()].Load()
	if at == 0 || at == s.toldTyping || s.hub.now().Sub(time.UnixMilli(at)) >= typingLasts {
		return nil
	}
	s.toldTyping = at
	if s.viewer != nil && !s.hub.may(s.viewer.Audience, it.code, s.hub.Hears) {
		return nil
	}
	return []byte(`{"typing":` + quoted(string(it.code)) + `}`)
}

// may asks questions of the ticket as it stands; only yes to all is a yes. On a stack aside, as opening a socket does.
func (h *Hub) may(a Audience, code ticketing.Code, questions ...func(Audience, ticketing.Ticket) bool) (yes bool) {
	_ = h.guard("asking about a ticket", func() error {
		_, err := aside(func() (func(), error) {
			ctx, cancel := context.WithTimeout(context.Background(), h.Limits.Patience)
			defer cancel()
			t, err := h.Ticket(ctx, code)
			yes = err == nil && !slices.ContainsFunc(questions, func(ask func(Audience, ticketing.Ticket) bool) bool {
				return ask == nil || !ask(a, t)
			})
			return nil, nil
		})
		return err
	})
	return yes
}

func (h *Hub) now() time.Time {
	if h.Now != nil {
		return h.Now()
	}
	return time.Now()
}

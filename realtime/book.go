package realtime

import (
	"sync"
	"sync/atomic"

	"hotline1022/ticketing"
)

// book knows which sockets an event concerns: staff by audience, citizens by ticket. Its locks are taken when a
// socket comes or goes and by the follower, never by a socket at work.
type book struct {
	mu        sync.Mutex
	audiences map[Audience]*audience // all that ever were: there are as many as roles × agencies × languages
	topics    map[ticketing.Code]*topic
	here      atomic.Pointer[[]*audience] // those with a socket; replaced, never changed
}

// audience is the sockets that are told the same bytes.
type audience struct {
	Audience
	sockets flock
	pulse   atomic.Pointer[[]byte] // the last one made
	stirred atomic.Bool            // it has heard something since
	eyes    atomic.Pointer[[]byte] // the last picture of who looks at what
}

// topic is the sockets of citizens that follow one ticket.
type topic struct {
	latest  atomic.Int64 // version the hub knows of; 0 until an event comes by
	sockets flock
}

// present is the audiences with a socket.
func (b *book) present() []*audience {
	if here := b.here.Load(); here != nil {
		return *here
	}
	return nil
}

// audience is the one there is for a; the same pointer always.
func (b *book) audience(a Audience) *audience {
	b.mu.Lock()
	defer b.mu.Unlock()
	it := b.audiences[a]
	if it == nil {
		if b.audiences == nil {
			b.audiences = make(map[Audience]*audience)
		}
		it = &audience{Audience: a}
		b.audiences[a] = it
	}
	return it
}

func (b *book) joinAudience(s *socket, a *audience) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a.sockets.join(s) == 1 {
		here := append([]*audience{a}, b.present()...)
		b.here.Store(&here)
	}
	a.stirred.Store(true) // whoever comes wants figures
}

func (b *book) leaveAudience(s *socket, a *audience) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a.sockets.leave(s) > 0 {
		return
	}
	var here []*audience
	for _, other := range b.present() {
		if other != a {
			here = append(here, other)
		}
	}
	b.here.Store(&here)
	a.pulse.Store(nil) // they would be old when somebody comes again
	a.eyes.Store(nil)
}

func (b *book) joinTopic(s *socket, code ticketing.Code) *topic {
	b.mu.Lock()
	defer b.mu.Unlock()
	it := b.topics[code]
	if it == nil {
		if b.topics == nil {
			b.topics = make(map[ticketing.Code]*topic)
		}
		it = &topic{}
		b.topics[code] = it
	}
	it.sockets.join(s)
	return it
}

func (b *book) leaveTopic(s *socket, code ticketing.Code) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if it := b.topics[code]; it != nil && it.sockets.leave(s) == 0 {
		delete(b.topics, code)
	}
}

// ring wakes the citizens who follow the ticket.
func (b *book) ring(code ticketing.Code, version int) {
	b.mu.Lock()
	it := b.topics[code]
	b.mu.Unlock()
	if it == nil {
		return
	}
	it.latest.Store(int64(version))
	it.sockets.wake()
}

// flock is sockets that are woken together. Coming and going cost the same however many there are.
type flock struct {
	mu   sync.Mutex
	list []*socket // each knows its place
}

func (f *flock) join(s *socket) (size int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s.place = len(f.list)
	f.list = append(f.list, s)
	return len(f.list)
}

func (f *flock) leave(s *socket) (size int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := len(f.list) - 1
	f.list[s.place] = f.list[last]
	f.list[s.place].place = s.place
	f.list[last] = nil
	f.list = f.list[:last]
	return last
}

func (f *flock) wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.list {
		s.nudge()
	}
}

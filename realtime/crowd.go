package realtime

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/gofiber/websocket/v2"
)

// crowd is everybody who is here: it counts against the limits and finds the sockets of a session.
type crowd struct {
	mu       sync.Mutex
	shut     bool
	all      map[*socket]struct{}
	sessions map[string]map[*socket]struct{}
	homes    map[string]int // sockets per address
	staff    int
	handlers sync.WaitGroup
}

func (c *crowd) open() {
	c.all = make(map[*socket]struct{})
	c.sessions = make(map[string]map[*socket]struct{})
	c.homes = make(map[string]int)
}

func (c *crowd) size() (staff, citizens int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.staff, len(c.all) - c.staff
}

// room says why there is none; "" if there is.
func (c *crowd) room(s *socket, l *Limits) string {
	home := l.PerIP
	if s.viewer == nil {
		home = l.PerReader
	}
	switch {
	case c.shut:
		return "closing"
	case len(c.all) >= l.Sockets:
		return "full"
	case s.session != "" && len(c.sessions[s.session]) >= l.PerSession:
		return "too many of this session"
	case c.homes[s.home] >= home:
		return "too many from this address"
	}
	return ""
}

// lookIn asks for room without taking it, so that most refusals are a plain 503 before the upgrade. The place is
// taken by enter, in the handler: an upgrade whose client has gone never gets that far and would never give it back.
func (c *crowd) lookIn(s *socket, l *Limits) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.room(s, l)
}

func (c *crowd) enter(s *socket, l *Limits) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if why := c.room(s, l); why != "" {
		return why
	}
	c.handlers.Add(1)
	c.all[s] = struct{}{}
	c.homes[s.home]++
	if s.viewer != nil {
		c.staff++
	}
	if s.session != "" {
		if c.sessions[s.session] == nil {
			c.sessions[s.session] = make(map[*socket]struct{})
		}
		c.sessions[s.session][s] = struct{}{}
	}
	return ""
}

func (c *crowd) exit(s *socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, s)
	if c.homes[s.home]--; c.homes[s.home] == 0 {
		delete(c.homes, s.home)
	}
	if s.viewer != nil {
		c.staff--
	}
	if s.session != "" {
		if delete(c.sessions[s.session], s); len(c.sessions[s.session]) == 0 {
			delete(c.sessions, s.session)
		}
	}
	c.handlers.Done()
}

func (c *crowd) list(shut bool) []*socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shut = c.shut || shut
	list := make([]*socket, 0, len(c.all))
	for s := range c.all {
		list = append(list, s)
	}
	return list
}

// home is what counts as one address: all of an IPv6 customer's /64 is one.
func home(ip string) string {
	if a, err := netip.ParseAddr(ip); err == nil && a.Is6() && !a.Is4In6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip
}

// Close ends the sockets of a session at once: it has logged out, was locked, or changed roles. The code is 1008
// (websocket.ClosePolicyViolation) or SignIn.
func (h *Hub) Close(session string, code int, reason string) {
	h.init()
	h.crowd.mu.Lock()
	var list []*socket
	for s := range h.crowd.sessions[session] {
		list = append(list, s)
	}
	h.crowd.mu.Unlock()
	for _, s := range list {
		s.part(code, reason)
	}
}

// Shutdown refuses new sockets, tells all others that the service restarts (1012) and how long each should wait before
// it comes back, spread so that they do not come all at once, and waits until the last handler has returned. Fiber's
// own Shutdown neither closes websockets nor waits for them: call this first.
func (h *Hub) Shutdown(ctx context.Context) error {
	h.init()
	list := h.crowd.list(true)
	spread := min(time.Second+time.Duration(len(list))*5*time.Millisecond, 10*time.Second)
	for _, s := range list {
		s.part(websocket.CloseServiceRestart, fmt.Sprintf("retry=%d", (200*time.Millisecond+rand.N(spread)).Milliseconds()))
	}
	gone := make(chan struct{})
	go func() {
		h.crowd.handlers.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("sockets still open: %w", ctx.Err())
	}
}

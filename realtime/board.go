package realtime

import (
	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// Watcher is the role of an audience that is told figures and nothing else: a screen on a wall. Hears is not even asked
// for it.
const Watcher ticketing.Role = "watcher"

// Board is the line of wall boards: greeting, heartbeats and the pulse, never a ticket. All who share a language are one
// audience, so that figures are made once for them however many screens hang there. auth says who asks; her role is not
// told any further.
//
// The pulse of watchers is asked for at every beat, not only after an event they heard of: they hear of none, and what a
// board shows changes by the clock too. Pulse keeps what it has counted for as long as that may stand.
func (h *Hub) Board(auth func(*fiber.Ctx) (Viewer, error)) fiber.Handler {
	return h.Staff(func(c *fiber.Ctx) (Viewer, error) {
		v, err := auth(c)
		v.Audience = Audience{Role: Watcher, Lang: v.Audience.Lang}
		return v, err
	})
}

// Present is how many screens each member of staff has open in this process, wall boards and programs left out.
func (h *Hub) Present() map[string]int {
	h.init()
	present := map[string]int{}
	for _, s := range h.crowd.list(false) {
		if s.viewer != nil && !s.viewer.Bearer && s.viewer.Audience.Role != Watcher {
			present[s.viewer.User]++
		}
	}
	return present
}

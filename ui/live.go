package ui

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// Reader is whom a piece of live HTML is made for: everybody of one role, agency and language sees the same.
type Reader struct {
	Role   ticketing.Role
	Agency string
	Lang   string
}

// Lang is the reader's language, for those who answer sockets.
func (s *Server) Lang(c *fiber.Ctx) string {
	v := &visit{Ctx: c}
	s.preferences(v)
	if account, ok := c.Locals(staffLocal{}).(ticketing.Staff); ok && account.Lang != "" {
		return account.Lang
	}
	return v.lang
}

// LiveRow is what an event means on a staff screen: the ticket's row as HTML, a sentence for screen readers, and
// what the page's script needs besides.
func (s *Server) LiveRow(Reader, ticketing.Event, ticketing.Ticket) (row, say string, data any) {
	return "", "", nil // the staff screens fill this in
}

// LiveCounts is what the counters of the staff screens show.
func (s *Server) LiveCounts(context.Context, Reader) any { return nil }

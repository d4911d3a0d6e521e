package ui

import (
	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// What the live channel asks of the pages: it is joined to them by cmd, and neither knows the other.

// Lang is the reader's language. After Actor it is the one kept with the account.
func (s *Server) Lang(c *fiber.Ctx) string {
	v := s.visit(c)
	if staff, ok := c.Locals(staffLocal{}).(ticketing.Staff); ok && staff.Lang != "" {
		return staff.Lang
	}
	return v.lang
}

// Followed is the ticket whose page wants to be told of changes. The code is enough: what is told is only that there
// is something new; the page asks for it with its cookie.
func (s *Server) Followed(c *fiber.Ctx) (ticketing.Ticket, error) {
	code, ok := text.ParseCode(c.Params("code"))
	if !ok {
		return ticketing.Ticket{}, ticketing.ErrNotFound
	}
	return s.Desk.Store.Ticket(c.UserContext(), ticketing.Code(code))
}

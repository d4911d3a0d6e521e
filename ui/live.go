package ui

import (
	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// spot is the place in the journal a page with a live line was made at. Taken before the page is read: what happens
// between the two is then told again, which does no harm.
type spot struct {
	Epoch string // "": the page starts where its line begins
	Head  int64
}

func (s *Server) spot() (at spot) {
	if s.Place != nil {
		at.Epoch, at.Head = s.Place()
	}
	return at
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

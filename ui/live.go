package ui

import (
	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// Lang is the reader's language, for those who answer sockets.
func (s *Server) Lang(c *fiber.Ctx) string {
	v := &visit{Ctx: c}
	s.preferences(v)
	if account, ok := c.Locals(staffLocal{}).(ticketing.Staff); ok && account.Lang != "" {
		return account.Lang
	}
	return v.lang
}

package ui

import "github.com/gofiber/fiber/v2"

type homePage struct {
	Page
}

func (s *Server) home(v *visit) error {
	return s.ok(v, "home", homePage{Page: s.page(v, "")})
}

// healthz says that the process is up and answers; what is ill inside is told by /readyz.
func (s *Server) healthz(v *visit) error {
	v.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	v.Set(fiber.HeaderCacheControl, "no-store")
	return v.SendString("ok\n")
}

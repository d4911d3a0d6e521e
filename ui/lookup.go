package ui

import (
	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

type lookUpPage struct {
	Page
	Code   string
	Errors fieldErrors
}

func (s *Server) lookUpPage(v *visit) error {
	p := lookUpPage{Page: s.page(v, v.t("look_up.title"))}
	p.Here = "/tra-cuu"
	return s.ok(v, "look-up", p)
}

// lookUp reads a code as people copy it. It is a POST so that the code stands in no address but the ticket's own.
func (s *Server) lookUp(v *visit) error {
	typed := v.FormValue("code")
	if code, ok := text.ParseCode(typed); ok {
		return v.seeOther("/t/" + code)
	}
	p := lookUpPage{Page: s.page(v, v.t("look_up.title")), Code: typed, Errors: fieldErrors{"code": v.t("look_up.misread")}}
	p.Here = "/tra-cuu"
	return s.render(v, fiber.StatusUnprocessableEntity, "look-up", p)
}

// followed is the ticket whose code stands in the address, with what happened to it as far as citizens see. A wrong
// code is answered the same whether it is misspelt or nobody's, and is counted; who was here before with the right
// one is not counted at all.
func (s *Server) followed(v *visit) (ticketing.Ticket, []ticketing.Event, error) {
	return s.heldBy(v.Ctx)
}

const noSuchCode = "track.no_such_code"

func (s *Server) heldBy(c *fiber.Ctx) (ticketing.Ticket, []ticketing.Event, error) {
	code, ok := text.ParseCode(c.Params("code"))
	known := ok && s.accessOf(ticketing.Code(code), c.Cookies(s.ticketCookieName())) != noAccess
	from := address(c)
	if !known {
		if !s.limits.wrong.left(s.Now(), from) {
			return ticketing.Ticket{}, nil, tooMany(s.limits.wrong.rate)
		}
		if !s.limits.lookUp.take(s.Now(), from) {
			return ticketing.Ticket{}, nil, tooMany(s.limits.lookUp.rate)
		}
	}
	if ok {
		t, events, err := s.Desk.Held(c.UserContext(), ticketing.Code(code))
		if ticketing.ClassOf(err) != ticketing.NotFound || err == nil {
			return t, events, err
		}
	}
	s.limits.wrong.take(s.Now(), from)
	return ticketing.Ticket{}, nil, &ticketing.Error{Class: ticketing.NotFound, Key: noSuchCode}
}

// Followed is the ticket in the address of a citizen's socket, /t/CODE/live.
func (s *Server) Followed(c *fiber.Ctx) (ticketing.Ticket, error) {
	t, _, err := s.heldBy(c)
	return t, err
}

// grant gives the browser a cookie for this one ticket; it never takes away what an earlier one gave.
func (s *Server) grant(v *visit, code ticketing.Code, a access) {
	v.Cookie(&fiber.Cookie{
		Name: s.ticketCookieName(), Value: s.accessCookie(code, a), Path: "/t/" + string(code),
		MaxAge: int(accessLife.Seconds()), HTTPOnly: true, Secure: s.secure, SameSite: fiber.CookieSameSiteLaxMode,
	})
}

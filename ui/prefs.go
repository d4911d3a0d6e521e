package ui

import (
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing/words"
)

// The cookies. Each is HttpOnly and SameSite=Lax; over https its name begins with __Host-, so that no other host of
// the domain can set it.
const (
	cookieSession = "hotline_session"
	cookieLang    = "hotline_lang"
	cookieTheme   = "hotline_theme"
	cookieTicket  = "hotline_ticket"
	cookieHalf    = "hotline_half"  // a sign-in whose code is missing
	cookieKnown   = "hotline_known" // who has signed in at this browser
	cookieOIDC    = "hotline_oidc"  // a sign-in that is at another service
)

func (s *Server) cookieName(name string) string {
	if s.secure {
		return "__Host-" + name
	}
	return name
}

// ticketCookieName has another prefix: the cookie goes to one ticket's address only, and __Host- forbids a path.
func (s *Server) ticketCookieName() string {
	if s.secure {
		return "__Secure-" + cookieTicket
	}
	return cookieTicket
}

// setCookie keeps a value; a zero life is the browser's session, a negative one removes it.
func (s *Server) setCookie(c *fiber.Ctx, name, value string, life time.Duration) {
	k := &fiber.Cookie{Name: s.cookieName(name), Value: value, Path: "/", HTTPOnly: true, Secure: s.secure, SameSite: fiber.CookieSameSiteLaxMode}
	switch {
	case life > 0:
		k.MaxAge = int(life.Seconds())
	case life < 0:
		k.Expires = time.Unix(1, 0)
	default:
		k.SessionOnly = true
	}
	c.Cookie(k)
}

const year = 365 * 24 * time.Hour

// preferences are the reader's language and colours. ?lang= is a choice that is kept: it is no state of ours.
func (s *Server) preferences(v *visit) {
	v.lang = words.Lang(v.Cookies(s.cookieName(cookieLang)))
	if asked := v.Query("lang"); asked == words.Vietnamese || asked == words.English {
		v.lang = asked
		s.setCookie(v.Ctx, cookieLang, asked, year)
	}
	switch t := v.Cookies(s.cookieName(cookieTheme)); t {
	case "light", "dark":
		v.theme = t
	}
}

// setTheme keeps the choice of colours and goes back to the page.
func (s *Server) setTheme(v *visit) error {
	switch theme := v.FormValue("theme"); theme {
	case "light", "dark":
		s.setCookie(v.Ctx, cookieTheme, theme, year)
	default:
		s.setCookie(v.Ctx, cookieTheme, "", -1)
	}
	return v.seeOther(localPath(v.FormValue("back"), "/"))
}

// localPath is p if it is an address of ours, else otherwise: no form may send a reader to another site.
func localPath(p, otherwise string) string {
	if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "\\\r\n\t") {
		return otherwise
	}
	return p
}

package ui

import (
	"net/netip"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// policy lets a page load its own scripts, styles, fonts and pictures and nothing else; nothing inline, nobody may
// frame it, and forms go nowhere but here.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// withChat lets the page carry the web chat's button, whose window is a frame of our own: where there is a chat, the
// administration has not taken the button off, and the reader is no member of staff.
func (s *Server) withChat(v *visit, r route) error {
	if r.chat && s.ChatScript != "" && v.staff.ID == "" && !s.Desk.Catalog.Current().Chat(ticketing.Chat).NoButton {
		v.chat = true
		v.Set(fiber.HeaderContentSecurityPolicy, policy+"; frame-src 'self'")
	}
	return nil
}

// headers that every page carries.
func (s *Server) headers(v *visit, r route) {
	v.Set(fiber.HeaderContentSecurityPolicy, policy)
	v.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	v.Set("Permissions-Policy", "geolocation=(self), microphone=(), camera=(), payment=(), usb=()")
	v.Set("Cross-Origin-Opener-Policy", "same-origin")
	v.Set(fiber.HeaderReferrerPolicy, "same-origin")
	v.Set(fiber.HeaderCacheControl, "private, no-cache")
	v.Vary(fiber.HeaderCookie)
	if strings.HasPrefix(r.path, "/t/") || strings.HasPrefix(r.path, "/viec/") || strings.HasPrefix(r.path, invitedPath) || strings.HasPrefix(r.path, kioskPath) { // the address is the secret
		v.Set(fiber.HeaderReferrerPolicy, "no-referrer")
		v.Set("X-Robots-Tag", "noindex, nofollow")
		v.Set(fiber.HeaderCacheControl, "no-store")
	}
	if !r.who.open || strings.HasPrefix(r.path, "/dang-nhap") {
		v.Set(fiber.HeaderCacheControl, "no-store")
	}
	if s.secure {
		v.Set(fiber.HeaderStrictTransportSecurity, "max-age=31536000")
	}
}

// sameSite refuses what another site makes a browser send. Browsers say where a request comes from in Origin or
// Sec-Fetch-Site; without either, a request that carries a cookie of ours is refused, because the cookie is what
// another site would abuse. A page under no-referrer posts with "Origin: null"; there the cookie is that of one
// ticket, which SameSite=Lax keeps at home.
func (s *Server) sameSite(v *visit, _ route) error {
	switch v.Method() {
	case fiber.MethodGet, fiber.MethodHead:
		return nil
	}
	origin, site := v.Get(fiber.HeaderOrigin), v.Get("Sec-Fetch-Site")
	switch {
	case origin != "" && origin != "null":
		if origin != s.origin {
			return errForeign(s.BaseURL)
		}
		return nil
	case site != "":
		if site != "same-origin" {
			return errForeign(s.BaseURL)
		}
		return nil
	case v.Cookies(s.cookieName(cookieSession)) != "", origin == "" && v.Cookies(s.ticketCookieName()) != "":
		return errForeign(s.BaseURL)
	}
	return nil
}

// admit finds out who asks, and whether the route is for them.
func (s *Server) admit(v *visit, r route) error {
	if r.who.open && v.Cookies(s.cookieName(cookieSession)) == "" {
		return nil
	}
	account, session, err := s.signedIn(v.Ctx)
	switch {
	case ticketing.ClassOf(err) == ticketing.NotFound && r.who.open:
		return nil
	case ticketing.ClassOf(err) == ticketing.NotFound:
		return s.askSignIn(v)
	case err != nil:
		return err
	}
	v.session = session
	if account.Lang != "" && v.Query("lang") == "" {
		v.lang = account.Lang
	}
	if session.Owes != ticketing.OwesNothing && r.pays != session.Owes {
		if r.who.open { // as a citizen
			return nil
		}
		v.answered = true
		return v.seeOther(owedPath(session.Owes))
	}
	v.staff = account
	if !r.who.open && !r.who.admits(account.Role) {
		return &ticketing.Error{Class: ticketing.Forbidden, Key: "error.page_role"}
	}
	return nil
}

// askSignIn sends a reader to the sign-in page and back; who was sending something is told first, because what was
// sent is not kept.
func (s *Server) askSignIn(v *visit) error {
	if v.Method() == fiber.MethodGet && !v.part() {
		v.answered = true
		return v.Redirect(signInPath(v.OriginalURL()), fiber.StatusSeeOther)
	}
	return errSignedOut
}

// withinSize refuses a body that is too large, also where the app streams bodies and its own limit is off.
func (s *Server) withinSize(v *visit, r route) error {
	most := r.size
	if most == 0 {
		most = smallBody
	}
	length := int64(v.Request().Header.ContentLength())
	if length == -1 { // in chunks, of which nobody knows how many come; no browser sends a form so
		v.Set(fiber.HeaderConnection, "close")
		return errLength
	}
	if length > most {
		v.Set(fiber.HeaderConnection, "close") // the rest is not read
		return errTooLarge(most)
	}
	return nil
}

// address is what a limit counts: an IPv4 address, or the network of an IPv6 one, since a home has 2^64 of those.
func address(c *fiber.Ctx) string {
	a, err := netip.ParseAddr(c.IP())
	if err != nil {
		return c.IP()
	}
	if a = a.Unmap(); a.Is4() {
		return a.String()
	}
	p, _ := a.Prefix(64) // 64 is no more than 128
	return p.String()
}

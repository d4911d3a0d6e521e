// Package ui is the pages: citizens', operators', agencies' and administrators'. HTML is made on the server; every
// citizen's page works without scripts, which only add comfort.
//
// It promises that each address stands in one table with who may use it (routes.go), that a GET changes nothing, that
// a page loads nothing from another machine and runs under a policy without inline script or style, and that a
// failure of any kind becomes a page in the reader's language with a way on (errors.go). Every sentence comes from
// package words.
//
// It does not know the live channel, the channels or any store: it asks the desk. To add a screen, see DESIGN.md.
package ui

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// Server makes the pages. Desk, Accounts and BaseURL are needed, the rest has a useful zero value.
type Server struct {
	Desk     *ticketing.Desk
	Accounts *ticketing.Accounts
	BaseURL  string // what people see, without a slash at the end; cookies, Origin checks and links go by it
	Key      []byte // seals cookies and forms, the same in every process; none: one is drawn at Mount
	Now      func() time.Time
	Log      *slog.Logger
	Version  string
	Phone    string // the number people call; "" is 1022
	Dev      string // folder of this package, to read templates and static files anew for each request; "" for what is built in
	Rates    Rates  // zero fields have defaults
	// ChatScript is the address, on our own origin, of the script that puts the web chat's button on citizens' pages; "":
	// there is no web chat.
	ChatScript string
	// Channels tells how the doors do, for the administration; nil: there are none.
	Channels func() []ChannelHealth
	// OIDC is another service that staff may sign in with; nil: there is none.
	OIDC *OIDC
	// Caller is whose telephone number the call form is filled in with: of a call at the person's own extension, or of
	// somebody in the missed-call book whom she has taken on. Nil: there is no telephone.
	Caller func(ctx context.Context, by ticketing.Actor, call, callback string) (ticketing.CitizenID, bool)
	// Telephone is what else the pages ask of it.
	Telephone PhoneWork
	// Extensions is whose telephone is which (extension → sign-in name), SetExtension changes one.
	Extensions   func(ctx context.Context) (map[string]string, error)
	SetExtension func(ctx context.Context, by ticketing.Actor, staff, extension string) error
	// Seats is what everybody at a telephone is doing, by sign-in name: a state (phone.state.…) and the reason of a break.
	Seats func() map[string]Seat
	// Place is where the feed is, taken before a page with live parts is read; nil: the page starts its own.
	Place func() (epoch string, seq int64)

	// Wall makes the figures of the wall board and of the supervisor's screen; nil: one of the desk is made.
	Wall *ticketing.Wall
	// PhoneBoard is the telephone's part of the wall board; nil, or false: there is no telephone.
	PhoneBoard func(ctx context.Context) (PhoneBoard, bool)
	// Present is how many screens each member of staff has open in this process; nil: nobody knows.
	Present func() map[string]int

	assets  *assets
	screens map[string]*screens // by language
	limits  *limits
	recent  recent
	origin  string
	secure  bool // BaseURL is https
}

// Seat is what somebody at a telephone is doing, since when.
type Seat struct {
	State, Reason string
	Since         time.Time
}

// Mount adds the routes. The app must have been made with fiber.Config.Immutable; its ErrorHandler should be
// s.ErrorHandler, and s.NotFound the last handler of all.
func (s *Server) Mount(app *fiber.App) {
	s.prepare()
	app.Get("/static/:hash/*", s.static)
	app.Get("/favicon.ico", func(c *fiber.Ctx) error { return c.Redirect(s.assets.URL("favicon.svg"), fiber.StatusFound) })
	for _, r := range s.routes() {
		if r.method == fiber.MethodGet {
			app.Get(r.path, s.handle(r)) // HEAD too
		} else {
			app.Add(r.method, r.path, s.handle(r))
		}
	}
}

// prepare fills in what was left empty and reads templates and static files. A mistake in them ends the program at
// its start, not a reader's visit.
func (s *Server) prepare() {
	if s.assets != nil {
		return
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.Phone == "" {
		s.Phone = "1022"
	}
	if len(s.Key) == 0 {
		s.Key = make([]byte, 32)
		rand.Read(s.Key)
	}
	if s.Wall == nil {
		s.Wall = &ticketing.Wall{Desk: s.Desk}
	}
	s.BaseURL = strings.TrimRight(s.BaseURL, "/")
	if u, err := url.Parse(s.BaseURL); err == nil && u.Host != "" {
		s.origin, s.secure = u.Scheme+"://"+u.Host, u.Scheme == "https"
	}
	s.limits = newLimits(s.Rates)
	s.assets = mustAssets(builtIn())
	s.screens = mustScreens(s, builtIn())
}

// handle is the way of every request through its route: headers, limits, who may, the handler, and the page for what
// went wrong.
func (s *Server) handle(r route) fiber.Handler {
	return func(c *fiber.Ctx) (err error) {
		v := s.visit(c)
		defer func() {
			if p := recover(); p != nil {
				s.Log.Error("a page panicked", "route", r.path, "panic", p)
				err = s.fail(v, errPanic)
			}
		}()
		s.headers(v, r)
		for _, check := range []func(*visit, route) error{s.sameSite, s.admit, s.withChat, s.withinRate, s.withinSize} {
			if err := check(v, r); err != nil {
				return s.fail(v, err)
			}
			if v.answered {
				return nil
			}
		}
		if err := r.do(s, v); err != nil {
			return s.fail(v, err)
		}
		return nil
	}
}

// visit is one request: who asks, in which language, and the answer.
type visit struct {
	*fiber.Ctx
	lang, theme string
	path        string // of the page, for the switches in its foot
	session     ticketing.Session
	staff       ticketing.Staff // zero for citizens
	answered    bool            // a check has answered already
	chat        bool            // the page carries the web chat's button
}

// ctx ends with the request's patience.
func (v *visit) ctx() context.Context { return v.UserContext() }

// actor is who acts: a member of staff, or a citizen of whom nothing is known.
func (v *visit) actor() ticketing.Actor {
	if v.staff.ID != "" {
		return v.staff.Actor()
	}
	return ticketing.Actor{Role: ticketing.Citizen}
}

// part says that htmx or a module of ours asks for a piece of the page.
func (v *visit) part() bool { return v.Get("HX-Request") == "true" }

// seeOther sends the browser on after a POST.
func (v *visit) seeOther(path string) error {
	if v.part() {
		v.Set("HX-Redirect", path)
		return v.SendStatus(fiber.StatusNoContent)
	}
	return v.Redirect(path, fiber.StatusSeeOther)
}

func (s *Server) visit(c *fiber.Ctx) *visit {
	v := &visit{Ctx: c, path: c.Path()}
	s.preferences(v)
	return v
}

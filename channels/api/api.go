// Package api is the door for programs: JSON over HTTP under /api/v1, for tokens of other systems and for staff with a
// session cookie.
//
// It promises what openapi.json says and nothing else: a test holds every answer to it. It reads strictly (what it
// does not know it refuses), answers errors as RFC 9457 problem documents in the caller's language, and repeats
// harmlessly under an Idempotency-Key. Rules of the room are not here: the desk decides what may follow, and what a
// caller may know of.
package api

import (
	"context"
	_ "embed"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// base is where the API stands.
const base = "/api/v1"

//go:embed openapi.json
var description []byte

// API serves the desk to programs. Mount it on an app that recovers from panics and bounds bodies, and let the app's
// error handler use Failure for paths under /api/.
type API struct {
	Desk     *ticketing.Desk
	Accounts *ticketing.Accounts
	// Staff is who the session cookie belongs to; any error but a busy store's counts as nobody. Nil: tokens only.
	Staff   func(*fiber.Ctx) (ticketing.Actor, error)
	BaseURL string // what programs see, without a slash at the end; the only Origin that cookies may write from
	Log     *slog.Logger
	Limits  Limits

	once    sync.Once
	limiter limiter
}

// Limits bounds what one caller can ask for. The zero value of each field stands for the number beside it.
type Limits struct {
	PerSecond float64       // 1000 calls a second of one token or account
	Burst     int           // 2000 at once
	Body      int           // 128 KiB
	Patience  time.Duration // 15 s for one call, then the answer is 503
}

func (l Limits) filled() Limits {
	if l.PerSecond <= 0 {
		l.PerSecond = 1000
	}
	if l.Burst <= 0 {
		l.Burst = 2000
	}
	if l.Body <= 0 {
		l.Body = 128 << 10
	}
	if l.Patience <= 0 {
		l.Patience = 15 * time.Second
	}
	return l
}

// route is one line of the table: from it come the router, the access test and the check of openapi.json.
type route struct {
	method string
	path   string           // below base
	scopes []string         // a token needs one of these; none: any token
	roles  []ticketing.Role // staff who may; none: all of them
	open   bool             // for everybody, without a token
	handle func(*call) error
}

// routes is the whole API.
func (a *API) routes() []route {
	const read, write, act = ticketing.ScopeRead, ticketing.ScopeWrite, ticketing.ScopeAct
	get := func(path string, scopes []string, h func(*call) error) route {
		return route{method: fiber.MethodGet, path: path, scopes: scopes, handle: h}
	}
	table := []route{
		{method: fiber.MethodPost, path: "/tickets", scopes: []string{write}, handle: a.receive,
			roles: []ticketing.Role{ticketing.Operator, ticketing.Supervisor}},
		get("/tickets", []string{read}, a.list),
		get("/tickets/count", []string{read}, a.count),
		get("/tickets/:code", []string{read, act}, a.ticket),
		get("/tickets/:code/events", []string{read, act}, a.timeline),
		get("/tickets/:code/files/:file", []string{read, act}, a.file),
		get("/events", []string{ticketing.ScopeEvents}, a.feed),
		get("/report", []string{ticketing.ScopeReport}, a.report),
		get("/agencies", nil, a.agencies),
		get("/categories", nil, a.categories),
		get("/areas", nil, a.areas),
		{method: fiber.MethodGet, path: "/openapi.json", open: true, handle: a.openapi},
	}
	for _, v := range verbs {
		table = append(table, route{
			method: fiber.MethodPost, path: "/tickets/:code/" + string(v.verb), scopes: []string{act},
			handle: func(r *call) error { return a.do(r, v) },
		})
	}
	return table
}

// Mount puts the API on the app. Whatever else lies under /api/v1 answers 404, 405 or, to OPTIONS, what there is.
func (a *API) Mount(app fiber.Router) {
	a.once.Do(func() { a.limiter = newLimiter(a.Limits.filled()) })
	table := a.routes()
	for _, rt := range table {
		handler := func(c *fiber.Ctx) error {
			if err := a.serve(c, rt); err != nil {
				return a.Failure(c, err)
			}
			return nil
		}
		if rt.method == fiber.MethodGet {
			app.Get(base+rt.path, handler) // and HEAD
		} else {
			app.Add(rt.method, base+rt.path, handler)
		}
	}
	app.Use(base, func(c *fiber.Ctx) error {
		allow := allowed(table, c.Path())
		if allow == "" {
			return a.Failure(c, &refusal{status: 404, key: "error.not_found"})
		}
		c.Set(fiber.HeaderAllow, allow)
		if c.Method() == fiber.MethodOptions {
			return c.SendStatus(fiber.StatusNoContent)
		}
		return a.Failure(c, &refusal{status: 405, key: "api.method"})
	})
}

// allowed lists the methods of the routes that fit the path.
func allowed(table []route, path string) string {
	var methods []string
	for _, rt := range table {
		if fiber.RoutePatternMatch(path, base+rt.path) && !slices.Contains(methods, rt.method) {
			methods = append(methods, rt.method)
		}
	}
	if len(methods) == 0 {
		return ""
	}
	if slices.Contains(methods, fiber.MethodGet) {
		methods = append(methods, fiber.MethodHead)
	}
	return strings.Join(append(methods, fiber.MethodOptions), ", ")
}

// call is one request that has been let in.
type call struct {
	*fiber.Ctx
	ctx     context.Context
	by      ticketing.Actor
	lang    string
	limits  Limits
	session bool // by cookie, not by token
}

// serve lets the caller in and hands the call over.
func (a *API) serve(c *fiber.Ctx, rt route) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	r := &call{Ctx: c, lang: language(c.Get(fiber.HeaderAcceptLanguage)), limits: a.Limits.filled()}
	ctx, cancel := context.WithTimeout(c.UserContext(), r.limits.Patience)
	defer cancel()
	r.ctx = ctx
	if !rt.open {
		if err := a.admit(r, rt); err != nil {
			return err
		}
	}
	return rt.handle(r)
}

// openapi is the description of all this.
func (a *API) openapi(r *call) error {
	if err := r.params().none(); err != nil {
		return err
	}
	r.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	r.Set(fiber.HeaderCacheControl, "public, max-age=300")
	return r.Send(description)
}

package open311

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// route is one line of the table. In its path * is a name; all but *'s go by the specification's names.
type route struct {
	method string
	path   string
	scopes []string // what needs a key needs one of these of it; none: for everybody
	handle func(*call) error
}

// routes is the whole endpoint.
func (c *Channel) routes() []route {
	const write, act = ticketing.ScopeWrite, ticketing.ScopeAct
	return []route{
		{fiber.MethodGet, "discovery", nil, c.discovery},
		{fiber.MethodGet, "services", nil, c.services},
		{fiber.MethodGet, "services/*", nil, c.definition},
		{fiber.MethodPost, "requests", []string{write}, c.create},
		{fiber.MethodGet, "requests", nil, c.list},
		{fiber.MethodGet, "requests/*", nil, c.one},
		{fiber.MethodGet, "tokens", nil, c.noToken},
		{fiber.MethodGet, "tokens/*", nil, c.token},
		{fiber.MethodGet, "servicerequestupdates", nil, c.updates},
		{fiber.MethodPost, "servicerequestupdates", []string{write, act}, c.update},
	}
}

// call is one request.
type call struct {
	*fiber.Ctx
	ctx    context.Context
	by     ticketing.Actor // whose key it is
	lang   string
	format string
	name   string // what stands for *
	query  form
	body   form
}

// Mount puts the endpoint on the app. Whatever else lies below is refused in the same envelope.
func (c *Channel) Mount(app fiber.Router) {
	table := c.routes()
	app.Use("/open311", func(f *fiber.Ctx) error {
		if err := c.serve(f, table); err != nil {
			return c.Failure(f, err)
		}
		return nil
	})
}

// serve finds the route, lets the caller in and hands the call over.
func (c *Channel) serve(f *fiber.Ctx, table []route) error {
	path, format := cutFormat(f.Path())
	path, below := strings.CutPrefix(path, base+"/")
	method := f.Method()
	if method != fiber.MethodPost {
		f.Set(fiber.HeaderAccessControlAllowOrigin, "*") // what is read here is public
	}
	if method == fiber.MethodHead {
		method = fiber.MethodGet
	}
	var methods []string
	for _, rt := range table {
		name, ok := fits(rt.path, path)
		if !ok || !below || format == "" {
			continue
		}
		if rt.method != method {
			methods = append(methods, rt.method)
			continue
		}
		r := &call{Ctx: f, format: format, name: name}
		ctx, cancel := context.WithTimeout(f.UserContext(), c.Limits.Patience)
		defer cancel()
		r.ctx = ctx
		if err := c.admit(r, rt); err != nil {
			return err
		}
		return rt.handle(r)
	}
	if len(methods) == 0 {
		return refuse(404, "error.not_found")
	}
	if slices.Contains(methods, fiber.MethodGet) {
		methods = append(methods, fiber.MethodHead)
	}
	f.Set(fiber.HeaderAllow, strings.Join(append(methods, fiber.MethodOptions), ", "))
	if method == fiber.MethodOptions {
		f.Set(fiber.HeaderAccessControlAllowMethods, "GET, HEAD, OPTIONS")
		return f.SendStatus(fiber.StatusNoContent)
	}
	return refuse(405, "open311.method")
}

// cutFormat parts the path from its extension; "" is none we know. The header Accept means nothing here.
func cutFormat(path string) (rest, format string) {
	if i := strings.LastIndexByte(path, '.'); i >= 0 && (path[i+1:] == "xml" || path[i+1:] == "json") {
		return path[:i], path[i+1:]
	}
	return path, ""
}

// formatOf is the format of a failure: the obligatory one where the path names none.
func formatOf(path string) string {
	if _, format := cutFormat(path); format != "" {
		return format
	}
	return "xml"
}

// fits compares a path with a route's and gives what stands for its *.
func fits(pattern, path string) (name string, ok bool) {
	before, star := strings.CutSuffix(pattern, "*")
	if !star {
		return "", pattern == path
	}
	name, ok = strings.CutPrefix(path, before)
	if !ok || name == "" || strings.Contains(name, "/") {
		return "", false
	}
	name, err := url.PathUnescape(name)
	return name, err == nil
}

// admit reads what was sent and says whether the caller may. Keys come first: whoever has none learns nothing else.
func (c *Channel) admit(r *call, rt route) (err error) {
	if rt.method != fiber.MethodPost && !c.reads.allow(network(r.IP()), c.now()) {
		return tooMany()
	}
	if r.query, err = parseForm(string(r.Request().URI().QueryString())); err != nil {
		return err
	}
	r.lang = words.Lang(r.query.one("locale"))
	if rt.method == fiber.MethodPost {
		if err := c.readBody(r); err != nil {
			return err
		}
		if err := c.identify(r, rt.scopes); err != nil {
			return err
		}
	}
	for _, f := range []form{r.query, r.body} {
		if j := f.one("jurisdiction_id"); j != "" && j != c.Jurisdiction {
			return refuse(404, "open311.jurisdiction", j)
		}
	}
	return nil
}

func tooMany() error {
	return &refusal{faults: []fault{{429, "open311.too_many", nil}}, retry: 1}
}

// readBody takes a form and nothing else.
func (c *Channel) readBody(r *call) (err error) {
	kind, _, _ := strings.Cut(r.Get(fiber.HeaderContentType), ";")
	if kind = strings.ToLower(strings.TrimSpace(kind)); kind != "" && kind != fiber.MIMEApplicationForm {
		r.Set(fiber.HeaderConnection, "close") // what is left of the body is not read
		return refuse(400, "open311.form_only")
	}
	raw := bytes.Clone(r.BodyRaw())
	if len(raw) > mostBody {
		return refuse(413, "open311.too_large", mostBody>>10)
	}
	r.body, err = parseForm(string(raw))
	return err
}

// identify says whose key it is. It is never logged.
func (c *Channel) identify(r *call, scopes []string) error {
	key := r.body.one("api_key")
	if key == "" {
		key = r.query.one("api_key")
	}
	if key == "" {
		return refuse(403, "open311.key_missing")
	}
	by, err := c.Accounts.Program(r.ctx, key)
	switch {
	case errors.Is(err, ticketing.ErrNotFound):
		if !c.reads.allow(network(r.IP()), c.now()) { // who tries keys has an address, and no key of its own to be counted by
			return tooMany()
		}
		return refuse(403, "open311.key_bad")
	case err != nil:
		return err
	case !slices.ContainsFunc(scopes, by.Has):
		return refuse(403, "error.scope", strings.Join(scopes, ", "))
	case !c.writes.allow(by.ID, c.now()):
		return tooMany()
	}
	r.by = by
	return nil
}

// send writes a document. The charset is said, as the specification has it, although some validators compare without.
func send(f *fiber.Ctx, format string, d document) error {
	kind := "text/xml; charset=utf-8"
	if format == "json" {
		kind = "application/json; charset=utf-8"
	}
	f.Set(fiber.HeaderContentType, kind)
	f.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	return f.Send(d.encode(format))
}

// answer sends what changes by the minute.
func (r *call) answer(d document) error {
	r.Set(fiber.HeaderCacheControl, "no-store")
	return send(r.Ctx, r.format, d)
}

// lasting sends what changes with the settings only: a reader that has it already is told so.
func (r *call) lasting(d document) error {
	sum := sha256.Sum256(d.encode(r.format))
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	r.Set(fiber.HeaderETag, tag)
	r.Set(fiber.HeaderCacheControl, "public, max-age=60")
	if strings.Contains(r.Get(fiber.HeaderIfNoneMatch), tag) {
		return r.SendStatus(fiber.StatusNotModified)
	}
	return send(r.Ctx, r.format, d)
}

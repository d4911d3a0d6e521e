package api

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// admit says who calls and whether the route is for them.
func (a *API) admit(r *call, rt route) error {
	if err := a.identify(r); err != nil {
		return err
	}
	if r.session && r.Method() != fiber.MethodGet && r.Method() != fiber.MethodHead && !a.ownOrigin(r.Get(fiber.HeaderOrigin)) {
		return &refusal{status: 403, key: "api.origin"}
	}
	if !a.limiter.allow(r.by.ID, a.Desk.Now()) {
		return &refusal{status: 429, key: "api.too_many", retry: 1}
	}
	if r.by.Role == ticketing.Program {
		if len(rt.scopes) > 0 && !slices.ContainsFunc(rt.scopes, r.by.Has) {
			return &refusal{status: 403, key: "error.scope", args: []any{strings.Join(rt.scopes, ", ")}}
		}
	} else if len(rt.roles) > 0 && !slices.Contains(rt.roles, r.by.Role) {
		return &refusal{status: 403, key: "api.role"}
	}
	return nil
}

// identify reads the token or, where none is sent, the session cookie. A bad token is never made good by a cookie.
func (a *API) identify(r *call) error {
	unknown := &refusal{status: 401, key: "api.sign_in"}
	header := r.Get(fiber.HeaderAuthorization)
	if header == "" {
		if a.Staff == nil {
			return unknown
		}
		by, err := a.Staff(r.Ctx)
		if busy(err) {
			return err
		}
		if err != nil || by.ID == "" || !slices.Contains(ticketing.StaffRoles[:], by.Role) {
			return unknown
		}
		r.by, r.session = by, true
		return nil
	}
	scheme, token, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return unknown
	}
	by, err := a.Accounts.Program(r.ctx, strings.TrimSpace(token))
	switch {
	case errors.Is(err, ticketing.ErrNotFound):
		return unknown
	case err != nil:
		return err
	}
	r.by = by
	return nil
}

// busy says that the store could not answer, so that nobody is taken for a stranger.
func busy(err error) bool {
	return ticketing.ClassOf(err) == ticketing.Busy || errors.Is(err, ticketing.ErrBusy) ||
		errors.Is(err, ticketing.ErrUnknown) || errors.Is(err, context.DeadlineExceeded)
}

// ownOrigin says whether the page that sends a cookie along is one of ours: scheme, host and port, exactly.
func (a *API) ownOrigin(origin string) bool {
	u, err := url.Parse(a.BaseURL)
	return err == nil && u.Host != "" && origin == u.Scheme+"://"+u.Host
}

// language is vi or en, whichever the reader prefers; vi where the reader does not say.
func language(accept string) string {
	best, weight := "vi", 0.0
	for part := range strings.SplitSeq(accept, ",") {
		tag, q := strings.TrimSpace(part), 1.0
		if name, params, ok := strings.Cut(tag, ";"); ok {
			tag = strings.TrimSpace(name)
			if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
				q = quality(v)
			}
		}
		if len(tag) < 2 || len(tag) > 2 && tag[2] != '-' {
			continue
		}
		lang := strings.ToLower(tag[:2])
		if (lang == "vi" || lang == "en") && q > weight {
			best, weight = lang, q
		}
	}
	return best
}

// quality reads 0, 1, 0.8 … (RFC 9110, 12.4.2); anything else counts as unwanted.
func quality(s string) float64 {
	if len(s) > 5 || s == "" || s[0] != '0' && s[0] != '1' || len(s) > 1 && s[1] != '.' {
		return 0
	}
	v, unit := float64(s[0]-'0'), 0.1
	for i := 2; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0
		}
		v += float64(s[i]-'0') * unit
		unit /= 10
	}
	return min(v, 1)
}

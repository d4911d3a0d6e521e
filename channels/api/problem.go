package api

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// refusal is an answer that is not what was asked for.
type refusal struct {
	status int
	key    string // the sentence, and its arguments
	args   []any
	faults []fault
	ticket *ticketView // of a conflict: as it stands
	retry  int         // seconds after which another try may help
}

func (e *refusal) Error() string {
	return strconv.Itoa(e.status) + " " + words.T(words.English, e.key, e.args...)
}

// fault is one field that is wrong, and why.
type fault struct {
	field string
	key   string
	args  []any
}

// wrong is a 422 that names what is wrong.
func wrong(faults ...fault) *refusal {
	return &refusal{status: 422, key: "api.invalid", faults: faults}
}

// problem is RFC 9457's document, with what this API adds.
type problem struct {
	Type   string      `json:"type"`
	Title  string      `json:"title"`
	Status int         `json:"status"`
	Detail string      `json:"detail"`
	Errors []fieldNote `json:"errors,omitempty"`
	Ticket *ticketView `json:"ticket,omitempty"`
}

type fieldNote struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

// kinds names the problems for programs: https://www.rfc-editor.org/rfc/rfc9457#section-3.1.1
var kinds = map[int]string{
	400: "malformed", 401: "unauthorized", 403: "forbidden", 404: "not-found", 405: "method", 409: "conflict",
	410: "gone", 413: "too-large", 415: "media-type", 422: "invalid", 429: "too-many", 500: "internal", 503: "busy",
}

// Failure turns any error into a problem document. The app's error handler may use it for what happens before the
// API is reached: a body that is too large, an unknown address. Causes go to the log, never to the caller.
func (a *API) Failure(c *fiber.Ctx, err error) error {
	lang := language(c.Get(fiber.HeaderAcceptLanguage))
	e := refusalOf(err)
	if e.status >= 500 {
		a.log(c, e, err)
	}
	p := problem{
		Type: "urn:hotline1022:problem:" + kinds[e.status], Title: words.T(lang, "api.title."+kinds[e.status]),
		Status: e.status, Detail: words.T(lang, e.key, e.args...), Ticket: e.ticket,
	}
	for _, f := range e.faults {
		p.Errors = append(p.Errors, fieldNote{f.field, words.T(lang, f.key, f.args...)})
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if e.status == 401 {
		c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="hotline"`)
	}
	if e.retry > 0 {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(e.retry))
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderContentLanguage, lang)
	c.Set(fiber.HeaderVary, fiber.HeaderAcceptLanguage)
	c.Set(fiber.HeaderContentType, "application/problem+json")
	return c.Status(e.status).Send(body)
}

func (a *API) log(c *fiber.Ctx, e *refusal, err error) {
	if a.Log == nil {
		return
	}
	level := slog.LevelError
	if e.status == 503 {
		level = slog.LevelWarn
	}
	a.Log.LogAttrs(c.UserContext(), level, "a call to the API failed",
		slog.String("method", c.Method()), slog.String("route", c.Route().Path), slog.Any("err", err))
}

// refusalOf is the answer an error deserves.
func refusalOf(err error) *refusal {
	var e *refusal
	if errors.As(err, &e) {
		return e
	}
	var f *fiber.Error
	if errors.As(err, &f) {
		return ofFiber(f)
	}
	var known *ticketing.Error
	if !errors.As(err, &known) {
		switch {
		case errors.Is(err, ticketing.ErrNotFound):
			return &refusal{status: 404, key: "error.not_found"}
		case errors.Is(err, ticketing.ErrConflict):
			return &refusal{status: 409, key: "error.conflict"}
		case busy(err):
			return &refusal{status: 503, key: "error.busy", retry: 2}
		}
		return &refusal{status: 500, key: "error.internal"}
	}
	e = &refusal{key: known.Key, args: known.Args}
	switch known.Class {
	case ticketing.Invalid:
		e.status = 422
		e.faults = []fault{{fieldOf(known), known.Key, known.Args}}
	case ticketing.NotFound:
		e.status = 404
	case ticketing.Forbidden:
		e.status = 403
	case ticketing.Conflict:
		e.status = 409
	case ticketing.Busy:
		e.status, e.retry = 503, 2
	default:
		e.status = 500
	}
	return e
}

// fieldOf names the field at fault where the desk does not: then it is the matter's state or its kind.
func fieldOf(e *ticketing.Error) string {
	switch {
	case e.Field != "":
		return e.Field
	case strings.HasPrefix(e.Key, "law."):
		return "kind"
	case e.Key == "error.cursor":
		return "cursor"
	}
	return "status"
}

// ofFiber is for what the framework refuses by itself.
func ofFiber(f *fiber.Error) *refusal {
	switch f.Code {
	case http.StatusRequestEntityTooLarge:
		return &refusal{status: 413, key: "api.too_large_any"}
	case http.StatusNotFound:
		return &refusal{status: 404, key: "error.not_found"}
	case http.StatusMethodNotAllowed:
		return &refusal{status: 405, key: "api.method"}
	}
	if f.Code >= 400 && f.Code < 500 {
		return &refusal{status: 400, key: "api.request"}
	}
	return &refusal{status: 500, key: "error.internal"}
}

// rename calls fields what the caller called them.
func rename(err error, names map[string]string) error {
	e := refusalOf(err)
	if e.status != 422 {
		return err
	}
	for i, f := range e.faults {
		if name, ok := names[f.field]; ok {
			e.faults[i].field = name
		}
	}
	return e
}

package open311

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// refusal is an answer that is not what was asked for: one fault, or one for every field that is wrong.
type refusal struct {
	faults []fault
	retry  int // seconds after which another try may help
}

// fault is one thing that is wrong, with the status it would deserve alone.
type fault struct {
	status int
	key    string
	args   []any
}

func (e *refusal) Error() string {
	var parts []string
	for _, f := range e.faults {
		parts = append(parts, strconv.Itoa(f.status)+" "+words.T(words.English, f.key, f.args...))
	}
	return strings.Join(parts, "; ")
}

// refuse is a refusal for one reason.
func refuse(status int, key string, args ...any) *refusal {
	return &refusal{faults: []fault{{status, key, args}}}
}

// status is the answer's: the key goes before what is not there, and that before what is wrong.
func (e *refusal) status() int {
	for _, first := range []int{403, 404} {
		for _, f := range e.faults {
			if f.status == first {
				return first
			}
		}
	}
	return e.faults[0].status
}

// Failure answers any error in the specification's envelope, in the format of the path. The app's error handler should
// use it for paths under /open311/. Causes go to the log, never to the caller.
func (c *Channel) Failure(f *fiber.Ctx, err error) error {
	e := refusalOf(err)
	status := e.status()
	if status >= 500 {
		level := slog.LevelError
		if status == http.StatusServiceUnavailable {
			level = slog.LevelWarn
		}
		c.Log.LogAttrs(f.UserContext(), level, "a call could not be answered", slog.String("method", f.Method()), slog.Any("err", err))
	}
	lang, format := words.Lang(f.Query("locale")), formatOf(f.Path())
	var all []any
	for _, one := range e.faults {
		args := slices.Clone(one.args)
		for i, a := range args {
			if desk, ok := a.(*ticketing.Error); ok {
				args[i] = desk.Text(lang)
			}
		}
		all = append(all, object{{"code", one.status}, {"description", words.T(lang, one.key, args...)}})
	}
	if e.retry > 0 {
		f.Set(fiber.HeaderRetryAfter, strconv.Itoa(e.retry))
	}
	f.Set(fiber.HeaderCacheControl, "no-store")
	f.Status(status)
	return send(f, format, document{"errors", list{"error", all}})
}

// refusalOf is the answer an error deserves.
func refusalOf(err error) *refusal {
	var e *refusal
	var f *fiber.Error
	var known *ticketing.Error
	switch {
	case errors.As(err, &e) && len(e.faults) > 0:
		return e
	case errors.As(err, &f):
		return ofFiber(f)
	case errors.As(err, &known):
		return ofDesk(known)
	case errors.Is(err, ticketing.ErrNotFound):
		return refuse(404, "error.not_found")
	case busy(err):
		return &refusal{faults: []fault{{503, "error.busy", nil}}, retry: 2}
	}
	return refuse(500, "error.internal")
}

// ofDesk: what the desk finds invalid is 400 here, and the field stands before the sentence.
func ofDesk(e *ticketing.Error) *refusal {
	switch e.Class {
	case ticketing.Invalid:
		if name, ok := fieldNames[e.Field]; ok {
			return refuse(400, "open311.field", name, e)
		}
		return refuse(400, e.Key, e.Args...)
	case ticketing.NotFound:
		return refuse(404, e.Key, e.Args...)
	case ticketing.Forbidden:
		return refuse(403, e.Key, e.Args...)
	case ticketing.Conflict, ticketing.Busy:
		return &refusal{faults: []fault{{503, "error.busy", nil}}, retry: 2}
	}
	return refuse(500, "error.internal")
}

// fieldNames is what the wire calls the desk's fields.
var fieldNames = map[string]string{
	"text": "description", "address": "address_string", "name": "first_name, last_name", "phone": "phone", "email": "email",
	"location": "lat, long", "category": "service_code", "idempotency_key": "external_id",
}

func ofFiber(f *fiber.Error) *refusal {
	switch f.Code {
	case http.StatusRequestEntityTooLarge:
		return refuse(413, "open311.too_large", mostBody>>10)
	case http.StatusNotFound:
		return refuse(404, "error.not_found")
	case http.StatusMethodNotAllowed:
		return refuse(405, "open311.method")
	}
	if f.Code >= 400 && f.Code < 500 {
		return refuse(400, "open311.unreadable")
	}
	return refuse(500, "error.internal")
}

// busy says that the store could not answer.
func busy(err error) bool {
	return ticketing.ClassOf(err) == ticketing.Busy || errors.Is(err, ticketing.ErrBusy) ||
		errors.Is(err, ticketing.ErrUnknown) || errors.Is(err, context.DeadlineExceeded)
}

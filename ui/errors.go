package ui

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// statusError is an error of HTTP alone, with the sentence for it.
type statusError struct {
	status int
	cause  *ticketing.Error
}

func (e *statusError) Error() string { return e.cause.Error() }
func (e *statusError) Unwrap() error { return e.cause }

var (
	errLength    = &statusError{fiber.StatusLengthRequired, &ticketing.Error{Class: ticketing.Invalid, Key: "error.form"}}
	errPanic     = errors.New("a page panicked")
	errSignedOut = &statusError{fiber.StatusUnauthorized, &ticketing.Error{Class: ticketing.Forbidden, Key: "error.signed_out"}}
)

func errForeign(base string) error {
	return &ticketing.Error{Class: ticketing.Forbidden, Key: "error.foreign", Args: []any{base}}
}

func errTooLarge(most int64) error {
	return &statusError{fiber.StatusRequestEntityTooLarge, &ticketing.Error{Class: ticketing.Invalid, Key: "error.body_size", Args: []any{most >> 20}}}
}

func notFound() error { return &ticketing.Error{Class: ticketing.NotFound, Key: "error.page_gone"} }

// failure is an error as a reader sees it.
type failure struct {
	Status  int
	Heading string
	Text    string
	Wait    int // seconds, where another try can help
}

// failureOf turns any error into what may be shown.
func failureOf(lang string, err error) failure {
	f := failure{Status: fiber.StatusInternalServerError, Text: words.T(lang, "error.internal")}
	var known *ticketing.Error
	var bare *fiber.Error
	var status *statusError
	switch {
	case errors.As(err, &known):
		f.Text = known.Text(lang)
		switch known.Class {
		case ticketing.Invalid:
			f.Status = fiber.StatusUnprocessableEntity
		case ticketing.NotFound:
			f.Status = fiber.StatusNotFound
		case ticketing.Forbidden:
			f.Status = fiber.StatusForbidden
		case ticketing.Conflict:
			f.Status = fiber.StatusConflict
		case ticketing.Busy:
			f.Status, f.Wait = fiber.StatusServiceUnavailable, 5
			if known.Key == "error.too_many" || known.Key == "error.sign_in_wait" {
				f.Status = fiber.StatusTooManyRequests
				if n, ok := known.Args[0].(int); ok {
					f.Wait = n
				}
			}
		}
		if errors.As(err, &status) {
			f.Status = status.status
		}
	case errors.Is(err, ticketing.ErrNotFound):
		f.Status, f.Text = fiber.StatusNotFound, words.T(lang, "error.page_gone")
	case errors.Is(err, ticketing.ErrBusy), errors.Is(err, ticketing.ErrUnknown), errors.Is(err, context.DeadlineExceeded):
		f.Status, f.Wait, f.Text = fiber.StatusServiceUnavailable, 5, words.T(lang, "error.busy")
	case errors.As(err, &bare):
		f.Status = bare.Code
		key := "error.status." + strconv.Itoa(bare.Code)
		if !words.Has(key) {
			key = "error.internal"
		}
		f.Text = words.T(lang, key)
	}
	key := "error.title." + strconv.Itoa(f.Status)
	if !words.Has(key) {
		key = "error.title.500"
	}
	f.Heading = words.T(lang, key)
	return f
}

// errorPage is a failure as a page.
type errorPage struct {
	Page
	failure
	Back, BackText string // a way on
}

// fail is the one place where an error becomes an answer: a page, or a sentence for the part of a page that asked.
func (s *Server) fail(v *visit, err error) error {
	f := failureOf(v.lang, err)
	if f.Status >= 500 {
		s.Log.Error("a page failed", "method", v.Method(), "route", v.Route().Path, "status", f.Status, "err", err)
	}
	if f.Wait > 0 {
		v.Set(fiber.HeaderRetryAfter, strconv.Itoa(f.Wait))
	}
	v.Set(fiber.HeaderCacheControl, "no-store")
	if v.Request().IsBodyStream() {
		v.Set(fiber.HeaderConnection, "close") // the rest of an upload is not waited for
	}
	p := errorPage{Page: s.page(v, f.Heading), failure: f, Back: "/", BackText: v.t("error.way_on")}
	var e *ticketing.Error
	switch {
	case v.staff.ID != "":
		p.Back, p.BackText = homeOf(v.staff.Role), v.t("error.way_on_staff")
	case errors.As(err, &e) && e.Key == noSuchCode:
		p.Back, p.BackText = "/tra-cuu", v.t("look_up.title")
	}
	if f.Status == fiber.StatusUnauthorized {
		p.Back, p.BackText = signInPath(""), v.t("sign_in.title")
		if v.part() {
			v.Set("HX-Redirect", p.Back)
		}
	}
	name := "error"
	if v.part() {
		name = "error.part"
	}
	if err := s.render(v, f.Status, name, p); err != nil { // the templates themselves are broken
		s.Log.Error("the error page failed", "err", err)
		return v.Status(f.Status).SendString(f.Heading + "\n\n" + f.Text)
	}
	return nil
}

// ErrorHandler is for fiber.Config: whatever no handler of ours has answered.
func (s *Server) ErrorHandler(c *fiber.Ctx, err error) error {
	v := s.visit(c)
	s.headers(v, route{who: anyone})
	return s.fail(v, err)
}

// NotFound is the last handler of the app.
func (s *Server) NotFound(c *fiber.Ctx) error { return s.ErrorHandler(c, notFound()) }

// fieldErrors is what is wrong with a form, by field; a failure without a field stands under "".
type fieldErrors map[string]string

// fieldOrder is the order in which forms ask, and so in which a summary tells.
var fieldOrder = []string{"", "kind", "category", "text", "area", "address", "location", "files", "name", "phone", "consent", "anonymous"}

// fault is one mistake, for the summary above a form.
type fault struct{ Field, Text string }

// InOrder lists the mistakes as the form asks; fields of other forms follow by name.
func (f fieldErrors) InOrder() []fault {
	place := func(field string) int {
		if i := slices.Index(fieldOrder, field); i >= 0 {
			return i
		}
		return len(fieldOrder)
	}
	out := make([]fault, 0, len(f))
	for field, text := range f {
		out = append(out, fault{field, text})
	}
	slices.SortFunc(out, func(a, b fault) int {
		return cmp.Or(cmp.Compare(place(a.Field), place(b.Field)), cmp.Compare(a.Field, b.Field))
	})
	return out
}

// add notes a desk's refusal. An error that is not the sender's to mend is handed back.
func (f *fieldErrors) add(lang string, err error) error {
	if err == nil {
		return nil
	}
	var e *ticketing.Error
	if !errors.As(err, &e) || e.Class != ticketing.Invalid {
		return err
	}
	if *f == nil {
		*f = fieldErrors{}
	}
	(*f)[e.Field] = cmp.Or((*f)[e.Field], e.Text(lang))
	return nil
}

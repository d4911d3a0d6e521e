package webchat

import (
	"context"
	"errors"
	"runtime/debug"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// Headers of the window's own requests. A page of another origin cannot send them without asking first, and nobody
// answers that question.
const (
	keyHeader  = "X-Chat-Key"
	langHeader = "X-Chat-Lang"
)

// trouble is what a window is told of a failure.
type trouble struct {
	Text  string `json:"text"`
	Field string `json:"field,omitempty"`
	Code  string `json:"code,omitempty"` // what the window mends by itself: "soon", "form"
	Wait  int    `json:"wait,omitempty"` // seconds
	Form  string `json:"form,omitempty"` // a new form to try again with
}

// mending is an error the window mends without bothering anybody.
type mending struct {
	code string
	wait int
	form string
}

func (m *mending) Error() string { return "the window is to try again: " + m.code }

// answer turns what a handler returns into JSON with its status, and keeps answers out of every cache.
func (c *Channel) answer(do fiber.Handler) fiber.Handler {
	return func(f *fiber.Ctx) (err error) {
		f.Set(fiber.HeaderCacheControl, "no-store")
		f.Set(fiber.HeaderXContentTypeOptions, "nosniff")
		f.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; sandbox")
		f.Set("Cross-Origin-Resource-Policy", "same-origin")
		defer func() {
			if p := recover(); p != nil {
				c.Log.Error("panic caught", "route", f.Route().Path, "panic", p, "stack", string(debug.Stack()))
				err = c.fail(f, fiber.ErrInternalServerError)
			}
		}()
		if err := do(f); err != nil {
			return c.fail(f, err)
		}
		return nil
	}
}

// own lets in what our own frame sends. Browsers say where a POST comes from, always and truly.
func (c *Channel) own(do fiber.Handler) fiber.Handler {
	return func(f *fiber.Ctx) error {
		if !c.fromHere(f) {
			c.health.count("foreign", c.now())
			return fiber.ErrForbidden
		}
		return do(f)
	}
}

func (c *Channel) fromHere(f *fiber.Ctx) bool {
	origins := f.Request().Header.PeekAll(fiber.HeaderOrigin)
	return len(origins) == 1 && c.origin != "" && string(origins[0]) == c.origin
}

// device is whose window asks. Without a key, or with what is none, nobody's.
func (c *Channel) device(f *fiber.Ctx) (device, error) {
	d, ok := deviceOf(f.Get(keyHeader))
	if !ok {
		return device{}, fiber.ErrUnauthorized
	}
	return d, nil
}

// look counts a request that only reads.
func (c *Channel) look(f *fiber.Ctx, d device) error {
	now := c.now()
	if err := c.limits.looks.take(now, address(f)); err != nil {
		return err
	}
	if d.tag == "" {
		return nil
	}
	return c.limits.look.take(now, d.tag)
}

func lang(f *fiber.Ctx) string { return words.Lang(f.Get(langHeader)) }

// fail is the one place where an error becomes an answer.
func (c *Channel) fail(f *fiber.Ctx, err error) error {
	status, t := c.trouble(lang(f), err)
	if status >= 500 && ticketing.ClassOf(err) != ticketing.Busy {
		c.Log.Error("a window's request failed", "method", f.Method(), "route", f.Route().Path, "status", status, "err", err)
	}
	if t.Wait > 0 {
		f.Set(fiber.HeaderRetryAfter, strconv.Itoa(t.Wait))
	}
	if f.Request().IsBodyStream() {
		f.Set(fiber.HeaderConnection, "close") // the rest of an upload is not waited for
	}
	return f.Status(status).JSON(fiber.Map{"error": t})
}

func (c *Channel) trouble(lang string, err error) (status int, t trouble) {
	var known *ticketing.Error
	var bare *fiber.Error
	var mend *mending
	status, t.Text = fiber.StatusInternalServerError, words.T(lang, "webchat.error.internal")
	switch {
	case errors.As(err, &mend):
		status, t.Text = fiber.StatusConflict, words.T(lang, "webchat.error.again")
		t.Code, t.Wait, t.Form = mend.code, mend.wait, mend.form
	case errors.As(err, &known):
		t.Text, t.Field = known.Text(lang), known.Field
		switch known.Class {
		case ticketing.Invalid:
			status = fiber.StatusUnprocessableEntity
		case ticketing.NotFound:
			status = fiber.StatusNotFound
		case ticketing.Forbidden:
			status = fiber.StatusForbidden
		case ticketing.Conflict:
			status = fiber.StatusConflict
		case ticketing.Busy:
			status, t.Wait = fiber.StatusServiceUnavailable, 5
			if known.Key == tooMany {
				status = fiber.StatusTooManyRequests
				t.Wait, _ = known.Args[0].(int)
			}
		}
	case errors.Is(err, ticketing.ErrNotFound):
		status, t.Text = fiber.StatusNotFound, words.T(lang, "error.not_found")
	case errors.Is(err, ticketing.ErrBusy), errors.Is(err, ticketing.ErrUnknown), errors.Is(err, context.DeadlineExceeded):
		status, t.Wait, t.Text = fiber.StatusServiceUnavailable, 5, words.T(lang, "error.busy")
	case errors.As(err, &bare):
		status = bare.Code
		if bare.Code == fiber.StatusRequestEntityTooLarge {
			t.Text, t.Field = words.T(lang, "error.file_size", mostBody>>20), "files"
		}
	}
	return status, t
}

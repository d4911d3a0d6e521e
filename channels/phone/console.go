package phone

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// mountConsole adds the console's surface, for operators and supervisors.
//
//	GET  /console/calls                          her calls with who calls and what is open of hers, the queues, the book
//	GET  /console/calls/recording?call&ticket    the recording of a call
//	POST /console/calls/ready                    she has finished her work after the call
//	POST /console/calls/state                    {"state":"break","reason":"meal"}: what she says of herself
//	POST /console/calls/wrap                     {"call","outcome","category","note","ticket"}: what became of a call
//	POST /console/calls/missed/CITIZEN/claim     she is going to call
//	POST /console/calls/missed/CITIZEN/release   she is not
//	POST /console/calls/missed/CITIZEN/dismiss   {"reason":"unreachable"}: nobody is going to
func (c *Channel) mountConsole(app fiber.Router) {
	app.Get("/console/calls", c.forStaff(c.showCalls))
	app.Get("/console/calls/recording", c.forAnyStaff(c.serveRecording))
	app.Post("/console/calls/ready", c.forStaff(func(f *fiber.Ctx, who ticketing.Actor) error {
		c.EndAfterCall(f.UserContext(), who)
		return f.SendStatus(fiber.StatusNoContent)
	}))
	app.Post("/console/calls/state", c.forStaff(c.changeState))
	app.Post("/console/calls/wrap", c.forStaff(c.wrapUp))
	app.Post("/console/calls/missed/:citizen/:act", c.forStaff(c.workBook))
}

// forStaff is for those who answer the telephone.
func (c *Channel) forStaff(do func(*fiber.Ctx, ticketing.Actor) error) fiber.Handler {
	return c.forAnyStaff(func(f *fiber.Ctx, who ticketing.Actor) error {
		if err := callsBack(who); err != nil {
			return err
		}
		return do(f, who)
	})
}

// forAnyStaff finds out who asks, and refuses what another site makes her browser send.
func (c *Channel) forAnyStaff(do func(*fiber.Ctx, ticketing.Actor) error) fiber.Handler {
	return func(f *fiber.Ctx) error {
		f.Set(fiber.HeaderCacheControl, "no-store")
		who, err := c.Staff(f)
		switch {
		case err != nil && ticketing.ClassOf(err) == ticketing.NotFound:
			return c.failure(f, fiber.StatusUnauthorized, "phone.error.sign_in")
		case err != nil:
			return c.answer(f, err)
		}
		if f.Method() != fiber.MethodGet && f.Get(fiber.HeaderOrigin) != c.Origin {
			return c.failure(f, fiber.StatusForbidden, "phone.error.origin")
		}
		return c.answer(f, do(f, who))
	}
}

// answer turns an error into a status and a sentence.
func (c *Channel) answer(f *fiber.Ctx, err error) error {
	var e *ticketing.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e) && e.Class != ticketing.Internal:
		status := map[ticketing.Class]int{
			ticketing.Invalid: 422, ticketing.NotFound: 404, ticketing.Forbidden: 403, ticketing.Conflict: 409, ticketing.Busy: 503,
		}[e.Class]
		return c.failure(f, status, e.Key, e.Args...)
	case errors.Is(err, ticketing.ErrBusy), errors.Is(err, ticketing.ErrUnknown):
		return c.failure(f, fiber.StatusServiceUnavailable, "error.busy")
	case errors.Is(err, ticketing.ErrNotFound):
		return c.failure(f, fiber.StatusNotFound, "error.not_found")
	}
	c.Log.Error("the console's calls could not be shown", "err", err)
	return c.failure(f, fiber.StatusInternalServerError, "error.internal")
}

func (c *Channel) failure(f *fiber.Ctx, status int, key string, args ...any) error {
	if status == fiber.StatusServiceUnavailable {
		f.Set(fiber.HeaderRetryAfter, later)
	}
	lang := words.Lang(f.Get(fiber.HeaderAcceptLanguage))
	return f.Status(status).JSON(fiber.Map{"error": words.T(lang, key, args...)})
}

// card is who calls.
type card struct {
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"` // masked
}

// openTicket is a matter of hers that is not ended.
type openTicket struct {
	Code    ticketing.Code   `json:"code"`
	Number  string           `json:"number"`
	Subject string           `json:"subject"`
	Status  ticketing.Status `json:"status"`
	Stands  string           `json:"stands"` // the status in words
	Agency  string           `json:"agency,omitempty"`
	Due     time.Time        `json:"due,omitzero"`
	Updated time.Time        `json:"updated"`
}

type callView struct {
	View
	Card    *card        `json:"card,omitempty"`
	Tickets []openTicket `json:"tickets,omitempty"`
	Missed  int          `json:"missed,omitempty"` // how often she has tried in vain
}

type bookView struct {
	Citizen   ticketing.CitizenID `json:"citizen"`
	Card      card                `json:"card"`
	First     time.Time           `json:"first"`
	Last      time.Time           `json:"last"`
	Times     int                 `json:"times"`
	Why       End                 `json:"why"`
	Said      string              `json:"said"` // why, in words
	Outside   bool                `json:"outside,omitempty"`
	Queue     string              `json:"queue,omitempty"`
	Tries     []time.Time         `json:"tries,omitempty"`
	ClaimedBy string              `json:"claimed_by,omitempty"`
	ClaimedAt time.Time           `json:"claimed_at,omitzero"`
}

// openOf is what is open of hers, as far as the reader may know of it.
func (c *Channel) openOf(ctx context.Context, who ticketing.Actor, citizen ticketing.CitizenID, lang string) ([]openTicket, error) {
	page, err := c.Desk.List(ctx, who, ticketing.Filter{
		Citizen: []ticketing.CitizenID{citizen}, Status: ticketing.OpenStatuses, Sort: ticketing.ByUpdated, Limit: 5,
	})
	if err != nil {
		return nil, err
	}
	var out []openTicket
	for _, t := range page.Tickets {
		out = append(out, c.openTicket(t, lang))
	}
	return out, nil
}

func (c *Channel) bookView(b Callback, p ticketing.Person, lang string) bookView {
	one := bookView{
		Citizen: b.Citizen, Card: cardOf(p), First: b.First, Last: b.Last, Times: b.Times, Why: b.Why,
		Said: words.T(lang, "phone.end."+string(b.Why)), Outside: b.Outside, Queue: b.Queue, Tries: b.Tries,
	}
	if one.ClaimedBy = b.Claimed(c.now()); one.ClaimedBy != "" {
		one.ClaimedAt = b.ClaimedAt
	}
	return one
}

func cardOf(p ticketing.Person) card {
	known := p.Card()
	return card{Name: known.Name, Phone: known.Phone}
}

func (c *Channel) openTicket(t ticketing.Ticket, lang string) openTicket {
	subject := t.Subject
	if subject == "" {
		subject = text.Truncate(t.Text, 80)
	}
	return openTicket{
		Code: t.Code, Number: t.Number(), Subject: subject, Status: t.Status, Stands: words.T(lang, "status."+string(t.Status)),
		Agency: c.Desk.Holder(t, lang), Due: t.Due, Updated: t.Updated,
	}
}

// workBook does what an operator wants done with an item of the missed-call book.
func (c *Channel) workBook(f *fiber.Ctx, who ticketing.Actor) error {
	ctx, citizen := f.UserContext(), ticketing.CitizenID(strings.Clone(f.Params("citizen")))
	var err error
	switch f.Params("act") {
	case "claim":
		err = c.Claim(ctx, who, citizen)
	case "release":
		err = c.Release(ctx, who, citizen)
	case "dismiss":
		var in struct {
			Reason string `json:"reason"`
		}
		if json.Unmarshal(f.Body(), &in) != nil {
			in.Reason = f.FormValue("reason")
		}
		err = c.Dismiss(ctx, who, citizen, in.Reason)
	default:
		err = &ticketing.Error{Class: ticketing.NotFound, Key: "error.not_found"}
	}
	if err != nil {
		return err
	}
	return f.SendStatus(fiber.StatusNoContent)
}

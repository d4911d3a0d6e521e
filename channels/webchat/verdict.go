package webchat

import (
	"encoding/json"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

const mostComment = 2000 // characters, as on the tracking page

// judgeable says whether the citizen may still say of the event, an answer, whether it will do.
func judgeable(t ticketing.Ticket, e ticketing.Event) bool {
	return e.Kind == ticketing.AnsweredBy && e.N == t.AnswerN && slices.Contains(by.Allowed(t), ticketing.GiveVerdict)
}

// judgement is a verdict as a window sends it.
type judgement struct {
	ID      string // the answer's name in the window
	OK      bool
	Comment string
}

func readJudgement(body []byte) (judgement, error) {
	in := struct {
		judgement
		OK *bool // it must be said
	}{}
	if err := json.Unmarshal(body, &in); err != nil || in.OK == nil {
		return judgement{}, badForm(err)
	}
	j := judgement{ID: in.ID, OK: *in.OK, Comment: text.NFC(in.Comment)}
	if utf8.RuneCountInString(j.Comment) > mostComment {
		return judgement{}, invalid("comment", "error.too_long", mostComment)
	}
	return j, nil
}

// verdict takes the citizen's judgement of an answer. The answer is named, so that a tap which comes late is never
// taken for one on another answer; a repeat and a late tap change nothing and are told that they did not.
func (c *Channel) verdict(f *fiber.Ctx) error {
	d, err := c.device(f)
	if err == nil {
		err = c.mayWrite(f, d)
	}
	if err != nil {
		return err
	}
	in, err := readJudgement(f.Body())
	if err != nil {
		return err
	}
	all, err := c.conversation(f.UserContext(), d)
	if err != nil {
		return err
	}
	h, e, ok := answered(all, in.ID)
	if !ok {
		return fiber.ErrNotFound
	}
	done := judgeable(h.Ticket, e)
	if done {
		_, err = c.Desk.Judge(f.UserContext(), h.Code, in.OK, in.Comment)
		if order := (*ticketing.OrderError)(nil); errors.As(err, &order) { // somebody, she herself perhaps, was quicker
			done, err = false, nil
		}
	}
	if err != nil {
		return err
	}
	what := "judged"
	if !done {
		what = "judged too late"
	}
	c.health.count(what, c.now())
	return f.JSON(fiber.Map{"done": done})
}

// answered is the answer that bears the name in the device's conversation.
func answered(all []held, id string) (held, ticketing.Event, bool) {
	for _, h := range all {
		for _, e := range h.events {
			if e.Kind == ticketing.AnsweredBy && receipt(h.Code, e.N) == id {
				return h, e, true
			}
		}
	}
	return held{}, ticketing.Event{}, false
}

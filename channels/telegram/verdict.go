package telegram

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// verdict is what a button of /danhgia sends back. It names the answer it is about: a button left under an older
// answer must not judge a newer one.
type verdict struct {
	good bool
	code ticketing.Code
	n    int // the event the answer stands in
}

var verdictForm = regexp.MustCompile(`^danhgia:([01]):([0-9A-Z]{12}):([1-9][0-9]{0,8})$`)

func (v verdict) data() string {
	good := 0
	if v.good {
		good = 1
	}
	return fmt.Sprintf("danhgia:%d:%s:%d", good, v.code, v.n)
}

func parseVerdict(data string) (verdict, bool) {
	m := verdictForm.FindStringSubmatch(data)
	if m == nil {
		return verdict{}, false
	}
	n, err := strconv.Atoi(m[3])
	return verdict{good: m[1] == "1", code: ticketing.Code(m[2]), n: n}, err == nil
}

// askVerdict offers to rate the last answer the person in the chat has got.
func (c *Channel) askVerdict(ctx context.Context, chat string) (string, []ticketing.Choice, error) {
	id, err := c.Desk.Vault.Identify(ctx, ticketing.Contact{Channel: ticketing.Telegram, ID: chat})
	if err != nil {
		return "", nil, err
	}
	page, err := c.Desk.Store.List(ctx, ticketing.Filter{ // hers, whatever kind they are
		Scope: ticketing.Scope{All: true}, Citizen: []ticketing.CitizenID{id},
		Status: []ticketing.Status{ticketing.Answered, ticketing.Closed}, Sort: ticketing.ByUpdated, Limit: 50,
	})
	if err != nil {
		return "", nil, err
	}
	var last ticketing.Ticket
	for _, t := range page.Tickets {
		if judgeable(t) && t.Ended.After(last.Ended) {
			last = t
		}
	}
	if last.Code == "" {
		return vi("telegram.verdict.none"), nil, nil
	}
	ask := vi("telegram.verdict.ask", text.ShowCode(string(last.Code)), text.Truncate(last.Answer, 600))
	return ask, []ticketing.Choice{
		{Label: vi("track.good"), Data: verdict{true, last.Code, last.AnswerN}.data()},
		{Label: vi("track.bad"), Data: verdict{false, last.Code, last.AnswerN}.data()},
	}, nil
}

// judgeable says that her word on the ticket may follow now.
func judgeable(t ticketing.Ticket) bool {
	return t.AnswerN > 0 && slices.Contains(by.Allowed(t), ticketing.GiveVerdict)
}

// judge takes the verdict, of the ticket's own citizen alone. A repeat finds it there and says the same.
func (c *Channel) judge(ctx context.Context, u update, q callback, v verdict, print string) error {
	user := string(q.From.v.ID)
	answer := reply{Chat: q.From.v.ID.int(), Callback: string(q.ID)}
	id, err := c.Desk.Vault.Identify(ctx, ticketing.Contact{Channel: ticketing.Telegram, ID: user})
	if err != nil {
		return err
	}
	t, _, err := c.Desk.Held(ctx, v.code)
	if err != nil && ticketing.ClassOf(err) != ticketing.NotFound {
		return err
	}
	key := "telegram.verdict.bad"
	if v.good {
		key = "telegram.verdict.good"
	}
	switch {
	case err != nil || t.Citizen != id:
		key = "telegram.verdict.not_yours"
	case t.AnswerN != v.n:
		key = "telegram.verdict.old"
	case t.Verdict != nil && t.Verdict.OK == v.good: // pressed twice, or the update came again
	case !judgeable(t):
		key = "telegram.verdict.late"
	default:
		_, err := c.Desk.Judge(ctx, v.code, v.good, "")
		if ticketing.ClassOf(err) == ticketing.Invalid { // somebody was quicker
			key, err = "telegram.verdict.late", nil
		}
		if err != nil {
			return err
		}
	}
	answer.Text = vi(key, text.ShowCode(string(v.code)))
	return c.promise(ctx, u, print, answer)
}

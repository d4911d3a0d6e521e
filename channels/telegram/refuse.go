package telegram

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/go-telegram/bot"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// refusal is a final no, in words for the operator.
type refusal struct{ said string }

func (e *refusal) Error() string        { return e.said }
func (e *refusal) Is(target error) bool { return target == ticketing.ErrRefused }

// afterTrouble is the pause where somebody must do something first.
const afterTrouble = 15 * time.Minute

// reasons are Telegram's descriptions of a no that concerns the person or the message, with the operator's words.
// Telegram has no codes for them; a description that is not here is refused in general words, never tried again.
var reasons = []struct{ says, key string }{
	{"bot was blocked", "telegram.no.blocked"},
	{"user is deactivated", "telegram.no.deactivated"},
	{"can't initiate conversation", "telegram.no.never_wrote"},
	{"bot was kicked", "telegram.no.blocked"},
	{"chat not found", "telegram.no.unknown_chat"},
	{"peer_id_invalid", "telegram.no.unknown_chat"},
	{"file is too big", "telegram.no.too_big"},
	{"file_id", "telegram.no.no_file"},
	{"query is too old", "telegram.no.too_old"},
}

// sort turns what came of a call into what the courier is to do. Words are for the operator who reads why the citizen
// has no answer; the token is in none of them.
func (c *Channel) sort(chat int64, err error) error {
	var no *refusal
	var unsure *unsureError
	var many *bot.TooManyRequestsError
	var shape *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &no):
		return no
	case errors.As(err, &unsure):
		return unsure
	case errors.As(err, &many):
		after := max(time.Duration(many.RetryAfter)*time.Second, time.Second)
		c.pace.hush(chat, after)
		c.health.tally("too many requests")
		return &ticketing.LaterError{After: after, Err: errors.New(words.T(words.Vietnamese, "telegram.no.rate"))}
	case errors.Is(err, bot.ErrorForbidden), errors.Is(err, bot.ErrorBadRequest):
		return &refusal{c.reason(err)}
	case errors.Is(err, bot.ErrorUnauthorized), errors.Is(err, bot.ErrorNotFound):
		c.alarm("telegram.alarm.token")
		return &ticketing.LaterError{After: afterTrouble, Err: errors.New(words.T(words.Vietnamese, "telegram.alarm.token"))}
	case errors.As(err, &shape): // the wire saw to it that this was a yes
		return errShape
	}
	return errors.New(c.hide(err.Error()))
}

// errShape: Telegram said yes, and its answer cannot be read. What was asked for has happened.
var errShape = errors.New("the answer cannot be read")

// reason is a refusal in the operator's words, with Telegram's own behind them.
func (c *Channel) reason(err error) string {
	says := c.hide(err.Error())
	low := strings.ToLower(says)
	for _, r := range reasons {
		if strings.Contains(low, r.says) {
			return words.T(words.Vietnamese, r.key) + " (" + says + ")"
		}
	}
	return words.T(words.Vietnamese, "telegram.no.other") + " (" + says + ")"
}

package zalo

import (
	"errors"
	"fmt"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// apiError is Zalo's refusal. It comes with HTTP 200.
type apiError struct {
	Code    int
	Message string
}

func (e *apiError) Error() string { return fmt.Sprintf("Zalo %d: %s", e.Code, e.Message) }

// unsureError: the request went out and no answer came back that tells what became of it. Zalo knows no key that
// would make a repeat harmless.
type unsureError struct{ err error }

func (e *unsureError) Error() string {
	return words.T(words.Vietnamese, "zalo.unsure", e.err)
}
func (e *unsureError) Unwrap() error { return e.err }

// refusal is a final no, in words for the operator.
type refusal struct {
	said   string
	code   int  // Zalo's; 0: ours
	closed bool // it is the person who cannot be written to now, not the message that is wrong
}

func (e *refusal) Error() string        { return e.said }
func (e *refusal) Is(target error) bool { return target == ticketing.ErrRefused }

func refuse(key string) error { return &refusal{said: words.T(words.Vietnamese, key)} }

// todo is what follows from a code.
type todo int

const (
	again  todo = iota // the courier's own pauses
	never              // permanent
	renew              // the token: refresh once, try once more
	wait               // after a time
	people             // somebody must do something in Zalo's console; the message waits
)

// rule is what follows from a code.
type rule struct {
	do    todo
	after time.Duration
	key   string // the operator's words
}

// ruleOf finds a code in Zalo's two tables.
func ruleOf(code int) (rule, bool) {
	r, ok := codes[code]
	if !ok {
		r, ok = noticeCodes[code]
	}
	return r, ok
}

// codes is Zalo's table of errors for the OA API, with what follows. Anything else is tried again and in the log.
var codes = map[int]rule{
	-32:  {do: wait, key: "zalo.code.rate"}, // to the next minute
	-100: {do: again, key: "zalo.code.expired"},
	-200: {do: again, key: "zalo.code.failed"},
	-201: {do: never, key: "zalo.code.parameter"},
	-204: {do: people, key: "zalo.code.oa_off"},
	-205: {do: people, key: "zalo.code.oa_off"},
	-209: {do: people, key: "zalo.code.app_off"},
	-210: {do: never, key: "zalo.code.parameter"},
	-211: {do: people, after: time.Hour, key: "zalo.code.quota"},
	-212: {do: people, key: "zalo.code.app_off"},
	-213: {do: never, key: "zalo.code.not_follower"},
	-214: {do: wait, after: 10 * time.Minute, key: "zalo.code.failed"},
	-216: {do: renew, key: "zalo.code.token"},
	-217: {do: never, key: "zalo.code.blocked"},
	-218: {do: wait, after: time.Hour, key: "zalo.code.user_quota"},
	-219: {do: people, key: "zalo.code.app_off"},
	-220: {do: renew, key: "zalo.code.token"},
	-221: {do: people, key: "zalo.code.unverified"},
	-223: {do: people, key: "zalo.code.unauthorised"},
	-224: {do: people, key: "zalo.code.package"},
	-227: {do: never, key: "zalo.code.inactive"},
	-230: {do: never, key: "zalo.code.window"},
	-232: {do: never, key: "zalo.code.window"},
	-233: {do: never, key: "zalo.code.type"},
	-234: {do: wait, key: "zalo.code.night"}, // to 06:00
	-235: {do: never, key: "zalo.code.type"},
	-237: {do: never, key: "zalo.code.blocked"},
	-238: {do: never, key: "zalo.code.parameter"},
	-240: {do: people, key: "zalo.code.old_api"},
	-241: {do: never, key: "zalo.code.parameter"},
	-242: {do: people, key: "zalo.code.proof"},
	-244: {do: never, key: "zalo.code.blocked"},
	-248: {do: never, key: "zalo.code.content"},
	-249: {do: never, key: "zalo.code.type"},
	-320: {do: people, key: "zalo.code.money"},
	-321: {do: people, key: "zalo.code.money"},
	-403: {do: never, key: "zalo.code.blocked"},
}

// verdict turns what came of a call into what the courier is to do, and calls people if calls says so. Words are for the
// operator who reads why the citizen has no answer.
func (c *Channel) verdict(err error, calls bool) error {
	var api *apiError
	if !errors.As(err, &api) {
		return err
	}
	rule, ok := ruleOf(api.Code)
	said := api.Error()
	if ok {
		said = words.T(words.Vietnamese, rule.key) + " (" + said + ")"
	}
	after := rule.after
	switch rule.do {
	case never:
		return &refusal{said: said, code: api.Code, closed: api.Code == -230 || api.Code == -232 || api.Code == -213}
	case wait:
		switch api.Code {
		case -32:
			after = c.untilNextMinute()
		case -234, -133:
			after = untilSix(c.now())
		}
		return &ticketing.LaterError{After: after, Err: errors.New(said)}
	case people:
		if after == 0 {
			after = 15 * time.Minute
		}
		switch {
		case !calls:
		case api.Code == -211:
			c.alarm("zalo.alarm.quota", api.Code, api.Message)
		default:
			c.alarm("zalo.alarm.api", api.Code, api.Message)
		}
		return &ticketing.LaterError{After: after, Err: errors.New(said)}
	case renew: // it was renewed already and did not help
		c.alarm("zalo.alarm.token_bad", api.Code, api.Message)
		return &ticketing.LaterError{After: 5 * time.Minute, Err: errors.New(said)}
	}
	return errors.New(said)
}

// untilNextMinute is how long to keep quiet when a minute's calls are used up; all workers of this process do.
func (c *Channel) untilNextMinute() time.Duration {
	now := c.now()
	next := now.Truncate(time.Minute).Add(time.Minute + time.Second) // a second for clocks that differ
	c.quietMu.Lock()
	defer c.quietMu.Unlock()
	c.quiet = next
	return next.Sub(now)
}

// hush is how long nobody may call; 0 for call.
func (c *Channel) hush() time.Duration {
	c.quietMu.Lock()
	defer c.quietMu.Unlock()
	return max(0, c.quiet.Sub(c.now()))
}

// untilSix is the time to 06:00, when Zalo's night ends.
func untilSix(now time.Time) time.Duration {
	local := now.In(ticketing.Zone)
	six := time.Date(local.Year(), local.Month(), local.Day(), 6, 0, 5, 0, ticketing.Zone)
	if !six.After(local) {
		six = six.AddDate(0, 0, 1)
	}
	return six.Sub(local)
}

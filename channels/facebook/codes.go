package facebook

import (
	"errors"
	"fmt"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// apiError is Facebook's refusal.
type apiError struct {
	Code      int    `json:"code"`
	Sub       int    `json:"error_subcode"`
	Message   string `json:"message"`
	Transient bool   `json:"is_transient"`
}

func (e *apiError) Error() string {
	said := text.Truncate(e.Message, 200)
	if e.Sub != 0 {
		return fmt.Sprintf("Facebook %d/%d: %s", e.Code, e.Sub, said)
	}
	return fmt.Sprintf("Facebook %d: %s", e.Code, said)
}

// vague says that the code tells nothing about whether the call took effect.
func (e *apiError) vague() bool { return e.Code == 0 || e.Code == 1 || e.Code == 2 || e.Code == 1200 }

// unsureError: the request went out and no answer came back that tells what became of it. Facebook knows no key that
// would make a repeat harmless; the echo may tell.
type unsureError struct{ err error }

func (e *unsureError) Error() string {
	return words.T(words.Vietnamese, "facebook.unsure", e.err)
}
func (e *unsureError) Unwrap() error { return e.err }

// refusal is a final no, in words for the operator.
type refusal struct {
	said string
	err  error
}

func (e *refusal) Error() string        { return e.said }
func (e *refusal) Is(target error) bool { return target == ticketing.ErrRefused }
func (e *refusal) Unwrap() error        { return e.err }

func refuse(key string, args ...any) error {
	return &refusal{said: words.T(words.Vietnamese, key, args...)}
}

// todo is what follows from a code.
type todo int

const (
	retry  todo = iota // the courier's own pauses
	never              // permanent
	window             // permanent, unless another tag opens it
	rate               // nobody calls for a while
	slow               // this message waits, others may go
	held               // another app has the conversation
	people             // somebody must do something in Meta's console; the message waits
)

type rule struct {
	do    todo
	after time.Duration
	key   string // the operator's words
}

// codes is what follows from Facebook's errors, by code and subcode; subcode 0 is any other
// (https://developers.facebook.com/docs/messenger-platform/error-codes).
var codes = map[[2]int]rule{
	{1, 0}:    {do: retry, key: "facebook.code.failed"},
	{2, 0}:    {do: retry, key: "facebook.code.failed"},
	{1200, 0}: {do: retry, key: "facebook.code.failed"},

	{10, 2018278}: {do: window, key: "facebook.code.window"},
	{10, 2018065}: {do: window, key: "facebook.code.window"},
	{10, 2018300}: {do: held, after: heldPause, key: "facebook.code.held"},
	{10, 1893063}: {do: people, after: time.Hour, key: "facebook.code.restricted"},
	{10, 0}:       {do: people, key: "facebook.code.permission"},
	{3, 0}:        {do: people, key: "facebook.code.permission"},
	{368, 0}:      {do: people, after: time.Hour, key: "facebook.code.restricted"},

	{200, 1545041}: {do: never, key: "facebook.code.unavailable"},
	{551, 0}:       {do: never, key: "facebook.code.unavailable"},
	{100, 2018001}: {do: never, key: "facebook.code.nobody"},
	{100, 2018047}: {do: retry, key: "facebook.code.upload"},
	{100, 2018007}: {do: retry, key: "facebook.code.upload"},
	{100, 0}:       {do: never, key: "facebook.code.parameter"},

	{102, 0}: {do: people, key: "facebook.code.token"},
	{190, 0}: {do: people, key: "facebook.code.token"},

	{4, 0}:         {do: rate, after: 10 * time.Minute, key: "facebook.code.rate"},
	{17, 0}:        {do: rate, after: 10 * time.Minute, key: "facebook.code.rate"},
	{32, 0}:        {do: rate, after: 10 * time.Minute, key: "facebook.code.rate"},
	{613, 0}:       {do: rate, after: time.Minute, key: "facebook.code.rate"},
	{613, 1893016}: {do: slow, after: time.Hour, key: "facebook.code.thread"},

	{10900, 0}: {do: never, key: "facebook.send.once"},
	{10903, 0}: {do: never, key: "facebook.code.unavailable"},
}

// ruleFor finds what follows; ok is false for a code nobody has told us of, which is tried again.
func ruleFor(e *apiError) (rule, bool) {
	if r, ok := codes[[2]int{e.Code, e.Sub}]; ok {
		return r, true
	}
	if r, ok := codes[[2]int{e.Code, 0}]; ok {
		if r.do == never && e.Transient {
			r.do = retry
		}
		return r, true
	}
	switch {
	case e.Code >= 80000 && e.Code <= 80014: // business use cases; Messenger's is 80006
		return rule{do: rate, after: 10 * time.Minute, key: "facebook.code.rate"}, true
	case e.Code >= 200 && e.Code < 300:
		return rule{do: people, key: "facebook.code.permission"}, true
	}
	return rule{}, false
}

// verdict turns what came of a call into what the courier is to do. Words are for the operator who reads why the
// citizen has no answer.
func (c *Channel) verdict(err error) error {
	var api *apiError
	if errors.As(err, new(*unsureError)) || !errors.As(err, &api) {
		return err
	}
	r, known := ruleFor(api)
	said := api.Error()
	if known {
		said = words.T(words.Vietnamese, r.key) + " (" + said + ")"
	}
	switch r.do {
	case never, window:
		return &refusal{said, api}
	case rate:
		return &ticketing.LaterError{After: c.rest(r.after), Err: &saidError{said, api}}
	case slow, held:
		return &ticketing.LaterError{After: r.after, Err: &saidError{said, api}}
	case people:
		if r.after == 0 {
			r.after = 15 * time.Minute
		}
		c.callPeople(api, r)
		return &ticketing.LaterError{After: r.after, Err: &saidError{said, api}}
	}
	return &saidError{said, api}
}

// saidError is an error in the operator's words.
type saidError struct {
	said string
	err  error
}

func (e *saidError) Error() string { return e.said }
func (e *saidError) Unwrap() error { return e.err }

// callPeople raises the alarm that the code calls for.
func (c *Channel) callPeople(api *apiError, r rule) {
	switch r.key {
	case "facebook.code.token":
		c.alarm("facebook.alarm.token", api.Code, api.Sub)
	case "facebook.code.restricted":
		c.alarm("facebook.alarm.restricted", api.Code, api.Sub)
	default:
		c.alarm("facebook.alarm.permission", api.Code, api.Sub)
	}
}

// soon is a try again after a while.
func soon(after time.Duration, key string) error {
	return &ticketing.LaterError{After: after, Err: errors.New(words.T(words.Vietnamese, key))}
}

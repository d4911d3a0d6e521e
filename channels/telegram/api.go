package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"hotline1022/ticketing/words"
)

const (
	maxAnswer   = 8 << 20          // a hundred updates of the largest kind
	callTimeout = 20 * time.Second // of a call that carries no file
	fileTimeout = 28 * time.Second // within the courier's half minute
)

// wire carries the library's calls. It is where the library is not to be trusted: the token stands in the address of
// every call and the library's errors quote addresses and whole bodies, it reads answers without a limit, and it does
// not say whether a call may have been heard.
type wire struct{ client *http.Client }

// Do makes the call and reads its answer whole. Its errors hold neither address nor body; *unsureError from the moment
// the request may have been read by the other side.
func (w *wire) Do(req *http.Request) (*http.Response, error) {
	var out atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { out.Store(true) }}
	fail := func(err error) error {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		if out.Load() {
			return &unsureError{err}
		}
		return fmt.Errorf("%s: %w", words.T(words.Vietnamese, "telegram.unreachable"), err)
	}
	resp, err := w.client.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil {
		return nil, fail(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	var shape struct {
		OK *bool `json:"ok"`
	}
	switch {
	case err != nil:
		return nil, fail(err)
	case resp.StatusCode == http.StatusRequestEntityTooLarge:
		return nil, &refusal{words.T(words.Vietnamese, "telegram.no.other") + " (HTTP " + resp.Status + ")"}
	case resp.StatusCode >= 500:
		return nil, &unsureError{errors.New("HTTP " + resp.Status)}
	case json.Unmarshal(raw, &shape) != nil || shape.OK == nil:
		if resp.StatusCode != http.StatusOK {
			return nil, errors.New("HTTP " + resp.Status) // refused by something before Telegram
		}
		return nil, &unsureError{errors.New("the answer is not Telegram's")}
	}
	resp.Body = io.NopCloser(bytes.NewReader(raw))
	return resp, nil
}

// unsureError: the request went out and no answer came back that tells what became of it. Telegram knows no key that
// would make a repeat harmless.
type unsureError struct{ err error }

func (e *unsureError) Error() string { return words.T(words.Vietnamese, "telegram.unsure", e.err) }
func (e *unsureError) Unwrap() error { return e.err }

// ask makes a call the library does not offer. Its answer is Telegram's result, or what Telegram says no with.
func (c *Channel) ask(ctx context.Context, method string, args any, result any) error {
	body, err := json.Marshal(args)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.API+"/bot"+c.Token+"/"+method, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address of Telegram cannot be read") // the error would hold the token
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.wire.Do(req)
	if err != nil {
		return err
	}
	var reply struct {
		OK          bool            `json:"ok"`
		Result      json.RawMessage `json:"result"`
		Code        int             `json:"error_code"`
		Description string          `json:"description"`
		Parameters  struct {
			RetryAfter int `json:"retry_after"`
		} `json:"parameters"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		return errors.New("the answer's shape is not Telegram's")
	}
	if !reply.OK {
		return &refusedCall{reply.Code, reply.Description, time.Duration(reply.Parameters.RetryAfter) * time.Second}
	}
	return json.Unmarshal(reply.Result, result)
}

// refusedCall is Telegram's no to ask.
type refusedCall struct {
	code  int
	says  string
	after time.Duration
}

func (e *refusedCall) Error() string { return fmt.Sprintf("Telegram %d: %s", e.code, e.says) }

// patient bounds a call that must not be cut short by a shutdown: half a call is a message nobody knows of.
func patient(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
}

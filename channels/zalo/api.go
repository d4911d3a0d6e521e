package zalo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// The paths; the version is each endpoint's own.
const (
	pathSend        = "/v3.0/oa/message/cs"
	pathUploadImage = "/v2.0/oa/upload/image"
	pathUploadFile  = "/v2.0/oa/upload/file"
	pathUser        = "/v3.0/oa/user/detail"
	// Zalo's documents name the first for people who are not signed in, its Java SDK the one for everybody.
	pathSendAnonymous = "/v2.0/oa/message"

	pathRecent       = "/v2.0/oa/listrecentchat"
	pathConversation = "/v2.0/oa/conversation"
	pathAccount      = "/v2.0/oa/getoa"
	pathToken        = "/v4/oa/access_token"
)

const maxAnswer = 1 << 20

// request is a call that may have to be made twice, with two tokens.
type request struct {
	base         string // "" is the OA API's
	method, path string
	instead      string // the path where that one is shut down; "" has none
	query        url.Values
	gentle       bool   // no message waits for it: a refusal calls nobody
	kind         string // content type
	body         string
}

// call asks Zalo and puts the answer's data into out. A token that Zalo no longer knows is renewed once.
func (c *Channel) call(ctx context.Context, r request, out any) error {
	if wait := c.hush(); wait > 0 {
		return &ticketing.LaterError{After: wait, Err: errors.New(words.T(words.Vietnamese, "zalo.code.rate"))}
	}
	token, err := c.token(ctx)
	if err != nil {
		return err
	}
	err = c.ask(ctx, r, token, out)
	var api *apiError
	if errors.As(err, &api) && isRenew(api.Code) {
		if token, err = c.renew(ctx, token); err != nil {
			return err
		}
		err = c.ask(ctx, r, token, out)
	}
	if errors.As(err, &api) && api.Code == shutDown && r.instead != "" {
		c.oneEndpoint.Store(true)
		r.path = r.instead
		err = c.ask(ctx, r, token, out)
	}
	return c.verdict(err, !r.gentle)
}

// shutDown is the code of an endpoint that Zalo has closed for good.
const shutDown = -240

// ask makes one call.
func (c *Channel) ask(ctx context.Context, r request, token string, out any) error {
	address := strings.TrimRight(cmp.Or(r.base, c.API), "/") + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, strings.NewReader(r.body))
	if err != nil {
		return err
	}
	req.Header.Set("access_token", token) // never Authorization
	if r.kind != "" {
		req.Header.Set("Content-Type", r.kind)
	}
	raw, err := c.exchange(req)
	if err != nil {
		return err
	}
	var reply struct {
		Error   int             `json:"error"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(raw, &reply); err != nil {
		return &unsureError{errors.New("the answer is not JSON")}
	}
	if reply.Error != 0 {
		return &apiError{Code: reply.Error, Message: reply.Message}
	}
	if out != nil {
		if err := json.Unmarshal(reply.Data, out); err != nil {
			return &unsureError{fmt.Errorf("the answer's data cannot be read: %w", err)}
		}
	}
	return nil
}

// exchange sends the request and reads the answer's body. Its error is *unsureError from the moment the request may
// have been read by the other side. It holds no address: there may be an id in it.
func (c *Channel) exchange(req *http.Request) ([]byte, error) {
	var out atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { out.Store(true) }}
	resp, err := c.http.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	fail := func(err error) error {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		if out.Load() {
			return &unsureError{err}
		}
		return fmt.Errorf("%s: %w", words.T(words.Vietnamese, "zalo.unreachable"), err)
	}
	if err != nil {
		return nil, fail(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case err != nil:
		return nil, fail(err)
	case resp.StatusCode >= 500:
		return nil, &unsureError{errors.New("HTTP " + resp.Status)}
	case resp.StatusCode != http.StatusOK:
		return nil, errors.New("HTTP " + resp.Status) // refused before it was looked at
	}
	return raw, nil
}

// callTimeout bounds a call that must not be cut short by a shutdown: half a call is a message nobody knows of.
const callTimeout = 20 * time.Second

func patient(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
}

func isRenew(code int) bool {
	r, ok := ruleOf(code)
	return ok && r.do == renew
}

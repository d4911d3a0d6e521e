package facebook

import (
	"bytes"
	"context"
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

const maxAnswer = 1 << 20

// request is one call.
type request struct {
	method, path string // the path comes after the base address
	query        url.Values
	kind         string // content type
	body         []byte
	patience     time.Duration // 0 is the channel's
}

// call asks Facebook for something a message needs, and puts the answer into out. Its error is what the courier is to
// do.
func (c *Channel) call(ctx context.Context, r request, out any) error {
	if wait := c.hush(); wait > 0 {
		return &ticketing.LaterError{After: wait, Err: errors.New(words.T(words.Vietnamese, "facebook.code.rate"))}
	}
	return c.verdict(c.ask(ctx, r, out))
}

// ask makes one call. A call once begun is not cut short by a shutdown: half a call is a message nobody knows of.
func (c *Channel) ask(ctx context.Context, r request, out any) error {
	patience := r.patience
	if patience == 0 {
		patience = c.patience
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	query := url.Values{}
	for k, v := range r.query {
		query[k] = v
	}
	// https://developers.facebook.com/docs/graph-api/guides/secure-requests
	query.Set("appsecret_proof", signature([]byte(c.PageToken), c.AppSecret))
	address := strings.TrimRight(c.Graph, "/") + r.path + "?" + query.Encode()
	req, err := http.NewRequestWithContext(ctx, r.method, address, bytes.NewReader(r.body))
	if err != nil {
		return errors.New("the base address cannot be used") // the error itself would show the address
	}
	req.Header.Set("Authorization", "Bearer "+c.PageToken) // in the address it would be in logs
	if r.kind != "" {
		req.Header.Set("Content-Type", r.kind)
	}
	status, head, raw, err := c.exchange(req)
	if err != nil {
		return err
	}
	c.slowDown(usage(head))
	return understand(status, raw, out)
}

// understand reads an answer.
func understand(status int, raw []byte, out any) error {
	var reply struct {
		Error *apiError `json:"error"`
	}
	err := lenient(raw, &reply)
	switch {
	case err == nil && reply.Error != nil && status >= 500 && reply.Error.vague():
		return &unsureError{reply.Error}
	case err == nil && reply.Error != nil:
		return reply.Error
	case status >= 500:
		return &unsureError{fmt.Errorf("HTTP %d", status)}
	case status != http.StatusOK:
		return fmt.Errorf("HTTP %d", status) // refused before it was looked at
	case err != nil:
		return &unsureError{errors.New("the answer is not JSON")}
	}
	if out != nil {
		_ = lenient(raw, out) // it was JSON a moment ago
	}
	return nil
}

// exchange sends the request and reads the answer. Its error is *unsureError from the moment the request may have been
// read by the other side. It holds no address: there may be an id in it.
func (c *Channel) exchange(req *http.Request) (status int, head http.Header, body []byte, err error) {
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
		return fmt.Errorf("%s: %w", words.T(words.Vietnamese, "facebook.unreachable"), err)
	}
	if err != nil {
		return 0, nil, nil, fail(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return 0, nil, nil, fail(err)
	}
	return resp.StatusCode, resp.Header, raw, nil
}

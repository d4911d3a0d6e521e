package remote

import (
	"context"
	"net/http"
	"time"
)

// Do sends a request to another system under the same rules as Open: listed hosts, looked-at addresses, bounded time
// and size. It follows no redirect, which would carry a key elsewhere, and gives every answer back, whatever its
// status. The body must be closed.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	if err := c.allowed(req.URL); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(req.Context(), orDefault(c.Timeout, timeout))
	client := &http.Client{
		Transport: &http.Transport{
			Proxy: nil, DialContext: c.dial, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
			TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: 15 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, silent(err)
	}
	resp.Body = &body{ReadCloser: resp.Body, left: orDefault(c.MaxBytes, maxBytes), cancel: cancel}
	return resp, nil
}

package open311

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/remote"
)

// endpoint is an agency's own Open311 server. It speaks XML, the one format every server has.
type endpoint struct {
	agency       ticketing.Agency
	key          string
	jurisdiction string
	client       remote.Client
}

// endpoint of the agency; ok is false where it has none.
func (c *Channel) endpoint(id string) (e endpoint, ok bool, err error) {
	a := c.Desk.Catalog.Current().Agencies[id]
	if a.Open311 == "" || a.Off {
		return endpoint{}, false, nil
	}
	u, err := url.Parse(a.Open311)
	if err != nil {
		return endpoint{}, false, nil
	}
	key, err := c.Desk.Vault.EndpointKey(a)
	return endpoint{
		agency: a, key: key, jurisdiction: a.Open311Jurisdiction,
		client: remote.Client{Hosts: []string{strings.ToLower(u.Hostname())}, Trusted: c.Trusted, MaxBytes: 4 << 20},
	}, true, err
}

// by is who acts when the agency's system has said something: a program with an officer's rights on its tickets.
func (e endpoint) by() ticketing.Actor {
	return ticketing.Actor{
		ID: "open311:" + e.agency.ID, Role: ticketing.Program, Agency: e.agency.ID,
		Scopes: []string{ticketing.ScopeRead, ticketing.ScopeAct},
	}
}

// What the other side answers. Every field may be missing.
type (
	theirRequest struct {
		ID      string `xml:"service_request_id"`
		Token   string `xml:"token"`
		Status  string `xml:"status"`
		Notes   string `xml:"status_notes"`
		Words   string `xml:"description"`
		Updated string `xml:"updated_datetime"`
	}
	theirUpdate struct {
		ID      string `xml:"update_id"`
		Request string `xml:"service_request_id"`
		Status  string `xml:"status"`
		Updated string `xml:"updated_datetime"`
		Words   string `xml:"description"`
	}
)

// noError is an answer that refuses: another try of the same cannot help unless it is later's.
type noError struct {
	Status int
	Words  string
}

func (e *noError) Error() string { return fmt.Sprintf("HTTP %d: %s", e.Status, e.Words) }

// unsureError: the request may have been read, and nobody knows what became of it.
type unsureError struct{ err error }

func (e *unsureError) Error() string { return "no answer: " + e.err.Error() }
func (e *unsureError) Unwrap() error { return e.err }

// post hands a report over. One of id and token comes back.
func (e endpoint) post(ctx context.Context, form url.Values) (id, token string, err error) {
	form.Set("api_key", e.key)
	if e.jurisdiction != "" {
		form.Set("jurisdiction_id", e.jurisdiction)
	}
	var all struct {
		Requests []theirRequest `xml:"request"`
	}
	if err := e.call(ctx, http.MethodPost, "requests.xml", form, &all); err != nil {
		return "", "", err
	}
	if len(all.Requests) == 0 || all.Requests[0].ID == "" && all.Requests[0].Token == "" {
		return "", "", &unsureError{errors.New("the answer names neither id nor token")}
	}
	return clip(all.Requests[0].ID), clip(all.Requests[0].Token), nil
}

// resolve asks for the id of a token; "" is not yet.
func (e endpoint) resolve(ctx context.Context, token string) (id string, err error) {
	var all struct {
		Requests []theirRequest `xml:"request"`
	}
	err = e.call(ctx, http.MethodGet, "tokens/"+url.PathEscape(token)+".xml", e.where(nil), &all)
	if err == nil && len(all.Requests) > 0 {
		id = clip(all.Requests[0].ID)
	}
	return id, err
}

// requests reads records by ids, or by the filters of q.
func (e endpoint) requests(ctx context.Context, q url.Values) ([]theirRequest, error) {
	var all struct {
		Requests []theirRequest `xml:"request"`
	}
	err := e.call(ctx, http.MethodGet, "requests.xml", e.where(q), &all)
	return all.Requests, err
}

// updates reads what was said within the window.
func (e endpoint) updates(ctx context.Context, from, to time.Time) ([]theirUpdate, error) {
	var all struct {
		Updates []theirUpdate `xml:"request_update"`
	}
	q := url.Values{"start_date": {wire(from)}, "end_date": {wire(to)}}
	if e.key != "" {
		q.Set("api_key", e.key)
	}
	err := e.call(ctx, http.MethodGet, "servicerequestupdates.xml", e.where(q), &all)
	return all.Updates, err
}

func wire(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// where adds the jurisdiction, which must not be sent empty.
func (e endpoint) where(q url.Values) url.Values {
	if q == nil {
		q = url.Values{}
	}
	if e.jurisdiction != "" {
		q.Set("jurisdiction_id", e.jurisdiction)
	}
	return q
}

// clip bounds an id of theirs.
func clip(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > mostExternal {
		return ""
	}
	return s
}

var errNotXML = errors.New("the answer is not XML")

// call makes one request. What its error says holds no address and no key.
func (e endpoint) call(ctx context.Context, method, path string, form url.Values, out any) error {
	address, body := e.agency.Open311+"/"+path, ""
	if method == http.MethodPost {
		body = form.Encode()
	} else if len(form) > 0 {
		address += "?" + form.Encode()
	}
	var sent atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), method, address, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("the endpoint's address cannot be read: %w", ticketing.ErrRefused)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	}
	resp, err := e.client.Do(req)
	if err != nil {
		if sent.Load() {
			return &unsureError{err}
		}
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return &unsureError{err}
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated {
		return refusedBy(resp, raw)
	}
	if err := xml.Unmarshal(raw, out); err != nil {
		return &unsureError{errNotXML}
	}
	return nil
}

// refusedBy sorts a bad answer: never again, later, or nobody knows.
func refusedBy(resp *http.Response, raw []byte) error {
	var said struct {
		Errors []struct {
			Words string `xml:"description"`
		} `xml:"error"`
	}
	var parts []string
	if xml.Unmarshal(raw, &said) == nil {
		for _, x := range said.Errors {
			parts = append(parts, strings.TrimSpace(x.Words))
		}
	}
	no := &noError{resp.StatusCode, strings.Join(parts, "; ")}
	after, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	switch {
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode == http.StatusServiceUnavailable && err == nil:
		wait := min(time.Duration(max(after, 30))*time.Second, time.Hour)
		return &ticketing.LaterError{After: wait, Err: no}
	case resp.StatusCode >= 500:
		return &unsureError{no}
	}
	return no
}

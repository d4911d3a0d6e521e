package open311

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline1022/ticketing"
)

const (
	quarter     = 90 * 24 * time.Hour // the longest span a list may have
	mostRecords = 1000
	usualPage   = 50
	mostPage    = 500
	mostIDs     = 500
)

// one answers GET requests/ID.
func (c *Channel) one(r *call) error {
	t, err := c.public(r.ctx, r.name)
	if err != nil {
		return absent(err)
	}
	return c.records(r, []ticketing.Ticket{t})
}

// absent says the same of what is private and of what is not there.
func absent(err error) error {
	if errors.Is(err, ticketing.ErrNotFound) {
		return refuse(404, "open311.no_request")
	}
	return err
}

// token answers GET tokens/TOKEN. Every service here is realtime, so no token is ever handed out; an id is taken for
// its own token, for clients that ask for one after every POST.
func (c *Channel) token(r *call) error {
	t, err := c.public(r.ctx, r.name)
	if errors.Is(err, ticketing.ErrNotFound) {
		return refuse(404, "open311.no_token")
	}
	if err != nil {
		return err
	}
	return r.answer(document{"service_requests", list{"request", []any{
		object{{"service_request_id", t.Number()}, {"token", r.name}},
	}}})
}

func (c *Channel) noToken(*call) error { return refuse(400, "open311.token_missing") }

// records sends tickets.
func (c *Channel) records(r *call, tickets []ticketing.Ticket) error {
	services := c.serviceList()
	all := make([]any, len(tickets))
	for i, t := range tickets {
		o, err := c.record(r.ctx, services, r.lang, t)
		if err != nil {
			return err
		}
		all[i] = o
	}
	return r.answer(document{"service_requests", list{"request", all}})
}

// wanted is what a list shall hold.
type wanted struct {
	from, to     time.Time // requested, both within
	services     []string
	status       []ticketing.Status
	updatedAfter time.Time
	skip, most   int
}

// list answers GET requests.
func (c *Channel) list(r *call) error {
	if ids := r.query.commas("service_request_id"); len(ids) > 0 {
		return c.named(r, ids)
	}
	w, err := c.wanted(r.query)
	if err != nil {
		return err
	}
	tickets, err := c.scan(r.ctx, w)
	if err != nil {
		return err
	}
	return c.records(r, tickets)
}

// named is the list by ids, which override every other filter. What may not be seen is left out.
func (c *Channel) named(r *call, ids []string) error {
	if len(ids) > mostIDs {
		return refuse(400, "open311.too_many_ids", mostIDs)
	}
	var tickets []ticketing.Ticket
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		t, err := c.public(r.ctx, id)
		if errors.Is(err, ticketing.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		tickets = append(tickets, t)
	}
	return c.records(r, tickets)
}

// wanted reads the filters.
func (c *Channel) wanted(q form) (w wanted, err error) {
	var bad []fault
	w.from, w.to, bad = window(q, c.now(), quarter)
	w.services = q.commas("service_code")
	for _, s := range q.commas("status") {
		switch strings.ToLower(s) {
		case "open":
			w.status = append(w.status, slices.DeleteFunc(slices.Clone(ticketing.Statuses[:]), func(s ticketing.Status) bool { return s == ticketing.Closed })...)
		case "closed":
			w.status = append(w.status, ticketing.Closed)
		default:
			bad = append(bad, fault{400, "open311.status", []any{s}})
		}
	}
	if v := q.one("updated_after"); v != "" {
		var ok bool
		if w.updatedAfter, ok = moment(v); !ok {
			bad = append(bad, fault{400, "open311.date", []any{"updated_after"}})
		}
	}
	w.most = mostRecords
	page, size := q.one("page"), q.one("page_size")
	if page != "" || size != "" {
		n, okPage := count(page, 1)
		w.most, _ = count(size, usualPage)
		if _, ok := count(size, usualPage); !ok || !okPage {
			bad = append(bad, fault{400, "open311.page", nil})
		}
		w.most = min(w.most, mostPage)
		w.skip = (n - 1) * w.most
	}
	if len(bad) > 0 {
		return w, &refusal{faults: bad}
	}
	return w, nil
}

// count reads a number from 1 on.
func count(s string, usual int) (int, bool) {
	if s == "" {
		return usual, true
	}
	n, err := strconv.Atoi(s)
	return max(n, 1), err == nil && n >= 1 && n <= 1_000_000
}

// window reads start_date and end_date. One alone reaches as far as a list may, none is the last days of it; both
// bounds are within, and since the wire has whole seconds, so is all of the last second.
func window(q form, now time.Time, longest time.Duration) (from, to time.Time, bad []fault) {
	read := func(name string) (time.Time, bool) {
		v := q.one(name)
		if v == "" {
			return time.Time{}, false
		}
		t, ok := moment(v)
		if !ok {
			bad = append(bad, fault{400, "open311.date", []any{name}})
		}
		return t, ok
	}
	from, hasFrom := read("start_date")
	to, hasTo := read("end_date")
	switch {
	case len(bad) > 0:
		return from, to, bad
	case hasFrom && hasTo:
		if to.Before(from) {
			bad = append(bad, fault{400, "open311.dates", nil})
		}
		if to.Sub(from) > longest {
			bad = append(bad, fault{400, "open311.span", []any{int(longest.Hours() / 24)}})
		}
	case hasFrom:
		if to = from.Add(longest); to.After(now) {
			to = now
		}
	case hasTo:
		from = to.Add(-longest)
	default:
		from, to = now.Add(-longest), now
	}
	return from, to.Truncate(time.Second).Add(time.Second), bad
}

// moment reads W3C's profile of ISO 8601 with a zone (https://www.w3.org/TR/NOTE-datetime). A blank before the offset
// is a plus sign that a query lost.
func moment(s string) (time.Time, bool) {
	if i := len(s) - 6; i > 0 && s[i] == ' ' {
		s = s[:i] + "+" + s[i+1:]
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC(), at.Year() >= 1970 && at.Year() < 9000
		}
	}
	return time.Time{}, false
}

// scan reads public tickets newest first until the list is full. How many it must read depends on what else is asked, so
// only a few scans run at once; who cannot get a place in time is asked to come again.
func (c *Channel) scan(ctx context.Context, w wanted) ([]ticketing.Ticket, error) {
	leave, err := c.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	services := c.serviceList()
	f := ticketing.Filter{Public: true, From: w.from, To: w.to, Status: w.status, Limit: 200}
	if len(w.services) > 0 && !slices.Contains(w.services, elsewhere) {
		f.Category = w.services
	}
	var out []ticketing.Ticket
	for {
		page, err := c.Desk.List(ctx, reader, f)
		if err != nil {
			return nil, err
		}
		for _, t := range page.Tickets {
			switch {
			case len(w.services) > 0 && !slices.Contains(w.services, serving(services, t.Category).code),
				!w.updatedAfter.IsZero() && updated(t).Before(w.updatedAfter):
				continue
			}
			if w.skip > 0 {
				w.skip--
				continue
			}
			if out = append(out, t); len(out) == w.most {
				return out, nil
			}
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			return out, nil
		}
	}
}

// enter waits for a place among those who read long lists.
func (c *Channel) enter(ctx context.Context) (leave func(), err error) {
	select {
	case c.scans <- struct{}{}:
		return func() { <-c.scans }, nil
	case <-ctx.Done():
		return nil, &refusal{faults: []fault{{503, "error.busy", nil}}, retry: 5}
	}
}

package api

import (
	"context"
	"time"

	"hotline1022/ticketing"
)

// page is a piece of a list; Next is "" at the end.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
}

// mostCursor is longer than any cursor a store hands out.
const mostCursor = 500

// filter reads what narrows a list, and the words looked for.
func (p *params) filter(by ticketing.Actor, now time.Time) (f ticketing.Filter, q string) {
	f = ticketing.Filter{
		Status:   each(p, "status", ticketing.Statuses[:]),
		Kind:     each(p, "kind", ticketing.Kinds[:]),
		Channel:  each(p, "channel", ticketing.Channels[:]),
		Outcome:  each(p, "outcome", ticketing.Outcomes[:]),
		Category: p.list("category"),
		Agency:   p.list("agency"),
		Area:     p.list("area"),
		From:     p.moment("from"),
		To:       p.moment("to"),
	}
	switch who := p.one("assignee"); who {
	case "none":
		f.Nobody = true
	case "me":
		f.Assignee = by.ID
	default:
		f.Assignee = who
	}
	if p.flag("overdue") {
		f.DueBy = now
	}
	return f, p.one("q")
}

// sorts are the orders by the names programs use.
var sorts = map[string]ticketing.Sort{
	"": ticketing.ByNewest, "newest": ticketing.ByNewest, "oldest": ticketing.ByOldest, "due": ticketing.ByDue, "updated": ticketing.ByUpdated,
}

// list answers GET /tickets.
func (a *API) list(r *call) error {
	p := r.params()
	f, q := p.filter(r.by, a.Desk.Now())
	order := p.one("sort")
	var ok bool
	if f.Sort, ok = sorts[order]; !ok {
		p.fault("sort", "api.unknown_value", order)
	}
	f.Limit, f.Cursor = p.limit(50), p.one("cursor")
	if len(f.Cursor) > mostCursor {
		p.fault("cursor", "error.cursor")
	}
	if err := p.done(); err != nil {
		return err
	}
	found, err := a.search(r, q, f)
	if err != nil {
		return err
	}
	items, err := a.views(r, found.Tickets...)
	if err != nil {
		return err
	}
	return r.json(200, page[ticketView]{Items: items, Next: found.Next})
}

func (a *API) search(r *call, q string, f ticketing.Filter) (ticketing.Page, error) {
	if q == "" {
		return a.Desk.List(r.ctx, r.by, f)
	}
	return a.Desk.Search(r.ctx, r.by, q, f)
}

// count answers GET /tickets/count.
func (a *API) count(r *call) error {
	p := r.params()
	f, q := p.filter(r.by, a.Desk.Now())
	if err := p.done(); err != nil {
		return err
	}
	count := a.Desk.Count
	if q != "" {
		count = func(ctx context.Context, by ticketing.Actor, f ticketing.Filter) (int, error) {
			return a.Desk.Found(ctx, by, q, f)
		}
	}
	n, err := count(r.ctx, r.by, f)
	if err != nil {
		return err
	}
	return r.json(200, struct {
		Count int `json:"count"`
	}{n})
}

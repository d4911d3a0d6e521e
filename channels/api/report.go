package api

import (
	"hotline1022/ticketing"
	"hotline1022/ticketing/figures"
)

// report answers GET /report. An agency's caller gets its own figures, whatever it asks for.
func (a *API) report(r *call) error {
	p := r.params()
	q := figures.Query{
		From: p.day("from"), To: p.day("to"), By: each(p, "by", ticketing.Dimensions[:]),
		Agency: r.by.Scope().Agency, Now: a.Desk.Now(), Lang: r.lang, Catalog: a.Desk.Catalog.Current(),
	}
	if err := p.done(); err != nil {
		return err
	}
	table, err := figures.Report(r.ctx, a.Desk.Store, q)
	if err != nil {
		return err
	}
	return r.json(200, table)
}

package ui

import (
	"cmp"

	"hotline1022/ticketing"
	"hotline1022/ticketing/routing"
)

// nearRow is a ticket that may be about the same thing.
type nearRow struct {
	rowView
	Metres, Shared int
}

// Reporters is how many have reported it, its own citizen among them.
func (n nearRow) Reporters() int { return 1 + len(n.Absorbed) }

const mostNear = 3

func (s *Server) near(v *visit, t ticketing.Ticket, most int) ([]nearRow, error) {
	found, err := s.Desk.Nearby(v.ctx(), v.actor(), t, most)
	if err != nil {
		return nil, err
	}
	out := make([]nearRow, 0, len(found))
	for _, n := range found {
		rows, err := s.rows(v.ctx(), v.lang, placeOf(v.staff.Role).base, "", n.Ticket)
		if err != nil {
			return nil, err
		}
		out = append(out, nearRow{rows[0], n.Metres, n.Shared})
	}
	return out, nil
}

// nearPage is what helps with what is being written down in a call: what may be about the same thing, and whose it will
// be by the rules.
type nearPage struct {
	Near   []nearRow
	Agency string
	Known  []ticketing.KnownArticle
}

func (s *Server) callNear(v *visit) error {
	words := v.Query("text")
	if len(words) > 4000 {
		words = words[:4000]
	}
	near, err := s.near(v, ticketing.Ticket{Kind: ticketing.Report, Category: v.Query("category"), Area: v.Query("area"), Text: words, Address: v.Query("address"), Received: s.Now()}, mostNear)
	if err != nil {
		return err
	}
	p := nearPage{Near: near}
	for _, m := range s.Desk.Catalog.Current().Router.Suggest(routing.Question{
		Kind: cmp.Or(v.Query("kind"), string(ticketing.Report)), Category: v.Query("category"), Area: v.Query("area"), Text: words, On: s.Now(),
	}) {
		if p.Agency = m.Agency; p.Agency != "" {
			break
		}
	}
	p.Known = s.Desk.Asked(v.actor(), ticketing.KnowledgeQuery{Text: words, Category: v.Query("category"), Unfinished: true, Most: mostNear})
	return s.ok(v, "near", p)
}

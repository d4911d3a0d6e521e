package ui

import "hotline1022/ticketing"

// nearRow is a ticket that may be about the same thing.
type nearRow struct {
	rowView
	Metres, Shared int
}

const mostNear = 3

func (s *Server) near(v *visit, t ticketing.Ticket) ([]nearRow, error) {
	found, err := s.Desk.Nearby(v.ctx(), v.actor(), t, mostNear)
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

// nearPage is what may be about the same thing as what is being written down in a call.
type nearPage struct{ Near []nearRow }

func (s *Server) callNear(v *visit) error {
	words := v.Query("text")
	if len(words) > 4000 {
		words = words[:4000]
	}
	near, err := s.near(v, ticketing.Ticket{Kind: ticketing.Report, Category: v.Query("category"), Area: v.Query("area"), Text: words, Address: v.Query("address"), Received: s.Now()})
	if err != nil {
		return err
	}
	return s.ok(v, "near", nearPage{near})
}

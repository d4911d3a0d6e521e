package ui

import (
	"cmp"
	"net/url"
	"slices"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// moveResult is what came of one ticket.
type moveResult struct {
	Code   ticketing.Code
	Number string
	OK     bool
	Text   string
}

// mostMoved is what two lists of the room show.
const mostMoved = 100

// moveTickets gives the chosen tickets to somebody, takes them over, or lets them go, and takes that back: many acts as
// everywhere, shown in the room.
func (s *Server) moveTickets(v *visit) error {
	sent, err := s.form(v)
	if err != nil {
		return err
	}
	codes := sent.all("codes")
	if one := sent.value("take"); one != "" {
		codes = []string{one}
		sent.Set("do", "claim")
	}
	do, ok := bulkDoOf(sent.value("do"))
	if !ok || do.verb != ticketing.Claim {
		return notFound()
	}
	switch {
	case len(codes) == 0:
		return s.notMoved(v, sent, v.t("supervise.none_chosen"))
	case len(codes) > mostMoved:
		return s.notMoved(v, sent, v.t("supervise.too_many", mostMoved))
	case do.Key == "give" && !s.mayHold(v, sent.value("to")):
		return s.notMoved(v, sent, v.t("supervise.no_target"))
	}
	done, err := s.many(v, do, sent, codes)
	if err != nil {
		return err
	}
	return s.showMoved(v, sent, done)
}

// list is the choice of the list a form was sent from.
func (f form) list() func(string, ...string) string {
	q, err := url.ParseQuery(f.value("q"))
	if err != nil {
		q = url.Values{}
	}
	return func(key string, _ ...string) string { return q.Get(key) }
}

func (s *Server) notMoved(v *visit, sent form, fault string) error {
	p, err := s.superviseNow(v, sent.list())
	if err != nil {
		return err
	}
	p.Fault = fault
	return s.render(v, fiber.StatusUnprocessableEntity, "supervise", p)
}

func (s *Server) showMoved(v *visit, sent form, done manyDone) error {
	p, err := s.superviseNow(v, sent.list())
	if err != nil {
		return err
	}
	known := map[string]ticketing.Staff{}
	moved := 0
	for _, l := range done.lines {
		r := moveResult{Code: l.Code, Number: l.Number(), OK: l.Fault == "", Text: cmp.Or(l.Fault, v.t("supervise.let_go"))}
		switch {
		case !r.OK:
		case l.Same:
			r.Text = v.t("supervise.same_hand")
		case l.Assignee != "":
			holder, err := s.holder(v.ctx(), known, l.Assignee)
			if err != nil {
				return err
			}
			r.Text = v.t("supervise.given", holder.Name)
		}
		moved += bit(r.OK)
		p.Results = append(p.Results, r)
	}
	p.Undos = done.undos
	p.Notice = v.t("supervise.moved", moved, len(done.lines))
	slices.SortStableFunc(p.Results, func(a, b moveResult) int { return bit(a.OK) - bit(b.OK) }) // what failed first
	return s.ok(v, "supervise", p)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

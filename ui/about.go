package ui

import (
	"cmp"
	"slices"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/routing"
)

// aside is tomorrow morning, or before the ticket is owed.
func aside(t ticketing.Ticket, now time.Time) string {
	at := now.In(ticketing.Zone)
	at = time.Date(at.Year(), at.Month(), at.Day()+1, 8, 0, 0, 0, ticketing.Zone)
	if !t.Due.IsZero() && at.After(t.Due) {
		at = now.Add(t.Due.Sub(now) / 2).In(ticketing.Zone)
	}
	return at.Format("2006-01-02T15:04")
}

// mostOthers of the citizen are shown beside a ticket.
const mostOthers = 6

// about fills the right pane: who the citizen is, what else she brought, which agency a rule proposes.
func (s *Server) about(v *visit, w *ticketView) error {
	who, err := s.Desk.Portrait(v.ctx(), v.actor(), w.Ticket, mostOthers)
	if err != nil {
		return err
	}
	w.Card, w.Linked = who.Card, who.Linked
	w.Name = cmp.Or(w.Card.Name, w.Card.Phone, v.t("work.nobody"))
	if w.Others, err = s.rows(v.ctx(), v.lang, w.Base, w.View, who.Others...); err != nil {
		return err
	}
	if w.Alike, err = s.rows(v.ctx(), v.lang, w.Base, w.View, who.Alike...); err != nil {
		return err
	}
	if w.Allowed[ticketing.Merge] {
		if w.Near, err = s.near(v, w.Ticket, mostNear); err != nil {
			return err
		}
	}
	if w.Incident, err = s.ofIncident(v, w.Ticket); err != nil {
		return err
	}
	related, err := s.Desk.RelatedTo(v.ctx(), v.actor(), w.Ticket)
	if err != nil {
		return err
	}
	if w.RelatedRows, err = s.rows(v.ctx(), v.lang, w.Base, w.View, related...); err != nil {
		return err
	}
	w.Known = s.Desk.Known(v.actor(), w.Ticket, ticketing.Person{Name: w.Card.Name})
	if w.Links, err = s.Desk.WorkLinks(v.ctx(), v.actor(), w.Ticket); err != nil {
		return err
	}
	w.MayLink = w.Agency != "" && !w.Kind.OwnLaw() && (v.staff.Role == ticketing.Operator || v.staff.Role == ticketing.Supervisor || v.staff.Role == ticketing.Leader) &&
		slices.Contains([]ticketing.Status{ticketing.Routed, ticketing.Working, ticketing.Waiting, ticketing.Drafted}, w.Status)
	w.MayUnite = w.Citizen != "" && (v.staff.Role == ticketing.Operator || v.staff.Role == ticketing.Supervisor)
	if w.Allowed[ticketing.Route] && w.Agency == "" {
		question := routing.Question{
			Kind: string(w.Kind), Category: w.Category, Area: w.Area, On: w.Received,
			Text: w.Subject + "\n" + w.Text + "\n" + w.Words + "\n" + w.Address,
		}
		for _, m := range s.Desk.Catalog.Current().Router.Suggest(question) {
			if m.Agency == "" || slices.ContainsFunc(w.Suggestions, func(s suggestion) bool { return s.Agency == m.Agency }) {
				continue
			}
			one := suggestion{Match: m}
			for _, b := range m.Because {
				one.Why = append(one.Why, v.t("because."+b.Field, s.because(v.lang, b)))
			}
			w.Suggestions = append(w.Suggestions, one)
			if len(w.Suggestions) == 3 {
				break
			}
		}
	}
	return nil
}

// because names the value a rule went by as people call it.
func (s *Server) because(lang string, b routing.Because) string {
	cat := s.Desk.Catalog.Current()
	switch b.Field {
	case "category":
		return cat.Categories[b.Value].Title(lang)
	case "area":
		if u, ok := cat.Atlas.Unit(b.Value); ok {
			return u.FullName
		}
	}
	return b.Value
}

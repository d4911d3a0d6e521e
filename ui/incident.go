package ui

import (
	"html/template"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// incidentPage is everything reported about one thing: who waits for its answer, by when, and what may belong to it.
type incidentPage struct {
	Page
	Lead      rowView
	Reports   []rowView
	Reporters int // the lead's citizen among them
	Waiting   int
	Late      int
	Near      []nearRow
	View      string
	MayAct    bool
	Spot      spot
}

// mostIncidentNear may be taken in at once from what looks alike.
const mostIncidentNear = 20

func incidentPath(lead ticketing.Code) string { return "/console/t/" + string(lead) + "/su-viec" }

// incident is GET /console/t/CODE/su-viec. A report's address leads to its incident; a ticket nobody has joined yet is
// shown with what may belong to it.
func (s *Server) incident(v *visit) error {
	code, err := codeOf(v)
	if err != nil {
		return err
	}
	at := s.spot()
	in, err := s.Desk.Incident(v.ctx(), v.actor(), code)
	if err != nil {
		return err
	}
	if in.Lead.Code != code {
		return v.seeOther(incidentPath(in.Lead.Code))
	}
	p := incidentPage{Page: s.page(v, v.t("incident.title")+" "+in.Lead.Number()), Reporters: 1 + len(in.Reports), Waiting: in.Waiting, Late: in.Late, View: console.view("").Key}
	p.Here, p.NoIndex, p.Scripts = console.base, true, []string{"incident.js"}
	p.Spot = at
	p.MayAct = v.staff.Role == ticketing.Operator || v.staff.Role == ticketing.Supervisor
	rows, err := s.rows(v.ctx(), v.lang, console.base, "", append([]ticketing.Ticket{in.Lead}, in.Reports...)...)
	if err != nil {
		return err
	}
	p.Lead, p.Reports = rows[0], rows[1:]
	if v.part() { // its live line asks; what may belong to it stays as it was opened
		return s.ok(v, "incident.live", p)
	}
	if p.MayAct && in.Lead.Status != ticketing.Closed {
		if p.Near, err = s.near(v, in.Lead, mostIncidentNear); err != nil {
			return err
		}
	}
	return s.ok(v, "incident", p)
}

// incidentLine is what a ticket's pane says of the incident it leads or belongs to.
type incidentLine struct {
	Path   string
	Number string // the lead's; "" is this one
	Others int
}

// ofIncident is nil for a ticket that is of none its reader may know of.
func (s *Server) ofIncident(v *visit, t ticketing.Ticket) (*incidentLine, error) {
	if t.Into == "" {
		if len(t.Absorbed) == 0 {
			return nil, nil
		}
		return &incidentLine{Path: incidentPath(t.Code), Others: len(t.Absorbed)}, nil
	}
	lead, err := s.Desk.Ticket(v.ctx(), v.actor(), t.Into)
	if err != nil {
		if ticketing.ClassOf(err) == ticketing.NotFound {
			err = nil
		}
		return nil, err
	}
	return &incidentLine{Path: incidentPath(lead.Code), Number: lead.Number(), Others: len(lead.Absorbed)}, nil
}

// backTo is where the page of many tickets leads back to: the incident it was sent from, else the list.
func backTo(f form, list template.URL) template.URL {
	code, ok := text.ParseCode(f.value("incident"))
	if !ok {
		return list
	}
	return template.URL(incidentPath(ticketing.Code(code)))
}

package ui

import (
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/plain"
)

// workLinkPage is one ticket as somebody of an agency sees it who has no account.
type workLinkPage struct {
	Page
	ticketView
	Link   ticketing.WorkLink
	Token  string
	Named  bool // she has said who she is
	Done   bool // something was done just now
	Faults fieldErrors
	Said   map[string]string
	May    []ticketing.Verb
	NameAs string
}

// makeWorkLink is POST …/t/CODE/lien-ket: a new link, shown once, or the end of one.
func (s *Server) makeWorkLink(v *visit) error {
	code, err := codeOf(v)
	if err != nil {
		return err
	}
	sent, err := s.form(v)
	if err != nil {
		return err
	}
	var token string
	if id := sent.value("end"); id != "" {
		err = s.Desk.EndWorkLink(v.ctx(), v.actor(), code, id)
	} else {
		token, err = s.Desk.MakeWorkLink(v.ctx(), v.actor(), code, ticketing.Role(sent.value("role")), sent.value("for"), 0)
	}
	wrong := ticketing.ClassOf(err) == ticketing.Invalid && err != nil
	if err != nil && !wrong {
		return err
	}
	p := placeOf(v.staff.Role)
	t, readErr := s.ticketView(v, p, code)
	if readErr != nil {
		return readErr
	}
	t.View = p.view(sent.value("view")).Key
	status := fiber.StatusOK
	switch {
	case wrong:
		f := failureOf(v.lang, err)
		status, t.LinkFault = f.Status, f.Text
		if !t.MayLink { // there is no form to say it in
			t.Notice = f.Text
		}
	case token != "":
		t.NewLink = s.BaseURL + "/viec/" + token
	}
	return s.showTicket(v, p, t, status)
}

func (s *Server) workLinkPage(v *visit) (workLinkPage, error) {
	token := v.Params("token")
	l, t, err := s.Desk.OpenWorkLink(v.ctx(), token)
	if err != nil {
		return workLinkPage{}, err
	}
	by := l.Actor()
	p := workLinkPage{Page: s.page(v, v.t("link.title", t.Number())), Link: l, Token: token, Named: l.Name != "", Said: map[string]string{}}
	p.NoIndex = true
	events, err := s.Desk.Timeline(v.ctx(), by, t)
	if err != nil {
		return p, err
	}
	p.Base = "/viec/" + token
	p.Ticket, p.Name = t, v.t("role.citizen")
	if p.Entries, err = s.entries(v, p.ticketView, events); err != nil {
		return p, err
	}
	allowed := by.Allowed(t)
	for _, verb := range ticketing.WorkLinkVerbs {
		if slices.Contains(allowed, verb) {
			p.May = append(p.May, verb)
		}
	}
	p.Until = t.Due.AddDate(0, 0, 5).In(ticketing.Zone).Format("2006-01-02T15:04")
	return p, nil
}

// Can is for templates.
func (p workLinkPage) Can(verb string) bool { return slices.Contains(p.May, ticketing.Verb(verb)) }

func (s *Server) workLink(v *visit) error {
	p, err := s.workLinkPage(v)
	if err != nil {
		return err
	}
	p.Done = v.Query("ok") != ""
	return s.ok(v, "worklink", p)
}

// workLinkAct does one thing by the link. Who has not said her name does nothing else first.
func (s *Server) workLinkAct(v *visit) error {
	token := v.Params("token")
	l, t, err := s.Desk.OpenWorkLink(v.ctx(), token)
	if err != nil {
		return err
	}
	sent, refused := s.form(v)
	if sent.Values == nil {
		return refused
	}
	verb := ticketing.Verb(v.Params("verb"))
	var found []plain.Finding
	switch {
	case v.Params("verb") == "ten":
		err = s.Desk.NameWorkLink(v.ctx(), token, sent.value("name"))
	case l.Name == "":
		err = &ticketing.Error{Class: ticketing.Invalid, Field: "name", Key: "link.name"}
	case !slices.Contains(ticketing.WorkLinkVerbs, verb):
		return notFound()
	default:
		var cmd ticketing.Command
		if cmd, err = command(verb, sent); err == nil {
			if err = refused; err == nil {
				cmd.Files = sent.files
				found, err = s.lookedOver(v, l.Actor(), t.Code, cmd)
			}
			switch {
			case err != nil:
			case len(found) > 0 && sent.value("as_is") == "":
				err = errNotPlain
			default:
				if _, err = s.Desk.Do(v.ctx(), l.Actor(), t.Code, cmd); err == nil {
					s.countPlain(v, l.Actor(), cmd, found)
				}
			}
		}
	}
	if err == nil && verb == ticketing.Return { // the link has just died with it
		return s.render(v, fiber.StatusOK, "worklink-given-back", workLinkPage{Page: s.page(v, v.t("link.given_back"))})
	}
	if err == nil {
		return v.seeOther("/viec/" + token + "?ok=1")
	}
	switch ticketing.ClassOf(err) {
	case ticketing.NotFound, ticketing.Internal:
		return err
	}
	p, readErr := s.workLinkPage(v)
	if readErr != nil {
		return readErr
	}
	f := failureOf(v.lang, err)
	p.Faults, p.Said, p.Tried, p.Notice = fieldErrors{}, sent.typed(), verb, f.Text
	_ = p.Faults.add(v.lang, err)
	p.Plain = found
	return s.render(v, f.Status, "worklink", p)
}

func (s *Server) workLinkFile(v *visit) error {
	p, err := s.workLinkPage(v)
	if err != nil {
		return err
	}
	for _, e := range p.Entries {
		for _, f := range e.Files {
			if f.ID == v.Params("id") {
				return s.sendFile(v, f)
			}
		}
	}
	return notFound()
}

// Left is how long the link still holds.
func (p workLinkPage) Left() time.Time { return p.Link.Expires }

// Whole is the ticket for the partials it shares with the desk.
func (p workLinkPage) Whole() ticketView { return p.ticketView }

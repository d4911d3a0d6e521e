package ui

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/plain"
	"hotline1022/ticketing/text"
)

// act is POST …/t/CODE/VERB: one verb on one ticket. Done, the ticket is shown anew; refused, it is shown with what
// was typed still there and the reason beside it.
func (s *Server) act(v *visit) error {
	code, err := codeOf(v)
	if err != nil {
		return err
	}
	verb, ok := ticketing.ParseVerb(v.Params("verb"))
	if !ok {
		return notFound()
	}
	sent, refused := s.form(v)
	if sent.Values == nil {
		return refused
	}
	cmd, err := command(verb, sent)
	cmd.Files, err = sent.files, cmp.Or(err, refused)
	var shown string
	var back *undo
	var found []plain.Finding
	if err == nil {
		found, err = s.lookedOver(v, v.actor(), code, cmd)
	}
	switch {
	case err != nil:
	case verb == ticketing.Reveal:
		if shown, err = s.Desk.Contact(v.ctx(), v.actor(), code, cmd.Field, cmd.Reason); err == nil {
			return s.revealed(v, code, sent, shown)
		}
	case len(found) > 0 && sent.value("as_is") == "":
		err = errNotPlain
	default:
		var before ticketing.Ticket
		if before, err = s.Desk.Ticket(v.ctx(), v.actor(), code); err != nil {
			return err
		}
		if _, err = s.Desk.Do(v.ctx(), v.actor(), code, cmd); err == nil {
			s.countPlain(v, v.actor(), cmd, found)
			if sent.value("undo") == "" { // taking back is not offered to be taken back
				back = undoOf(v, before, cmd)
			}
		}
	}
	return s.afterAct(v, code, sent, err, func(t *ticketView, status int) {
		if err == nil {
			if back != nil && t.Allowed[back.Verb] {
				t.Undo = back
			}
			return
		}
		t.Tried, t.Typed, t.Errors = verb, sent.typed(), fieldErrors{}
		_ = t.Errors.add(v.lang, err)
		if status == fiber.StatusConflict && slices.Contains(ticketing.UnsentVerbs[:], verb) {
			t.News = t.came(cmd.Version)
		}
		if err == errNotPlain {
			t.Plain = found
		}
	})
}

// revealed shows a citizen's number to who has given a reason.
func (s *Server) revealed(v *visit, code ticketing.Code, sent form, shown string) error {
	p := placeOf(v.staff.Role)
	t, err := s.ticketView(v, p, code)
	if err != nil {
		return err
	}
	t.View, t.Notice, t.Tried = p.view(sent.value("view")).Key, shown, ticketing.Reveal
	return s.showTicket(v, p, t, fiber.StatusOK)
}

// command reads the verb's particulars from its form.
func command(verb ticketing.Verb, f form) (ticketing.Command, error) {
	cmd := ticketing.Command{
		Verb: verb, Text: f.value("text"), Reason: f.value("reason"), Agency: f.value("agency"),
		Rule: f.value("rule"), Outcome: ticketing.Outcome(f.value("outcome")), Publish: f.value("publish") != "",
		OK: f.value("ok") == "yes", Into: ticketing.Code(f.value("into")), Field: f.value("field"),
		Cooperating: f.all("cooperating"), Window: cut(f.value("window")),
	}
	var err error
	if cmd.Version, err = strconv.Atoi(cmp.Or(f.value("version"), "0")); err != nil {
		return cmd, &ticketing.Error{Class: ticketing.Invalid, Key: "error.form"}
	}
	if key := f.value("key"); key != "" && len(key) <= 64 {
		cmd.Key = "form:" + key
	}
	switch verb {
	case ticketing.Note:
		cmd.Ref, _ = strconv.Atoi(f.value("ref")) // 0: of no call
	case ticketing.Triage:
		category, area, priority := f.value("category"), f.value("area"), ticketing.Priority(f.value("priority"))
		cmd.Kind, cmd.Category, cmd.Priority = ticketing.Kind(f.value("kind")), &category, &priority
		if f.Has("area") {
			cmd.Area = &area
		}
		cmd.Visibility, cmd.Lang = ticketing.Visibility(f.value("visibility")), f.value("lang")
	case ticketing.Claim:
		if f.value("release") != "" {
			nobody := ""
			cmd.Assignee = &nobody
		} else if f.Has("assignee") {
			who := f.value("assignee")
			cmd.Assignee = &who
		}
	case ticketing.Extend:
		cmd.Until, err = time.ParseInLocation("2006-01-02T15:04", f.value("until"), ticketing.Zone)
		if err != nil {
			return cmd, &ticketing.Error{Class: ticketing.Invalid, Field: "until", Key: "error.date"}
		}
	case ticketing.Snooze:
		if at := f.value("until"); at != "" && f.value("wake") == "" {
			if cmd.Until, err = time.ParseInLocation("2006-01-02T15:04", at, ticketing.Zone); err != nil {
				return cmd, &ticketing.Error{Class: ticketing.Invalid, Field: "until", Key: "error.date"}
			}
		}
	case ticketing.Tag:
		cmd.Untag = f.all("untag")
		for tag := range strings.SplitSeq(f.value("tags"), ",") {
			if strings.TrimSpace(tag) != "" {
				cmd.Tags = append(cmd.Tags, tag)
			}
		}
	case ticketing.Split:
		for _, n := range f.all("events") {
			if k, err := strconv.Atoi(n); err == nil {
				cmd.Events = append(cmd.Events, k)
			}
		}
	}
	return cmd, nil
}

// callPage is the form for a call: what an operator writes down while the citizen speaks.
type callPage struct {
	Page
	Categories []ticketing.Category
	Kinds      []ticketing.Kind
	Typed      map[string]string
	Errors     fieldErrors
	Notice     string
	Key        string
	Call       string               // of the exchange, the form is written during
	Quick      []ticketing.Category // chosen by a figure
}

// mostQuick is as many as there are figures.
const mostQuick = 9

func (s *Server) newCall(v *visit) callPage {
	p := callPage{
		Page: s.page(v, v.t("call.title")), Categories: s.Desk.Catalog.Current().CategoryList(),
		Kinds: ticketing.Kinds[:], Typed: map[string]string{}, Key: newKey(),
	}
	for _, c := range p.Categories {
		if !c.Off && len(p.Quick) < mostQuick {
			p.Quick = append(p.Quick, c)
		}
	}
	p.Here, p.Scripts = "/console", []string{"work.js", "call.js"}
	return p
}

func (s *Server) callPage(v *visit) error {
	p := s.newCall(v)
	if s.Caller != nil {
		if id, ok := s.Caller(v.ctx(), v.actor(), v.Query("call"), v.Query("callback")); ok {
			known, _, err := s.Desk.Vault.Person(v.ctx(), id)
			if err != nil && !errors.Is(err, ticketing.ErrNotFound) {
				return err
			}
			p.Call = v.Query("call")
			p.Typed["phone"], p.Typed["name"] = known.Phone, known.Name
			if ph, err := text.ParsePhone(known.Phone); err == nil && known.Phone != "" {
				p.Typed["phone"] = ph.National()
			}
		}
	}
	return s.ok(v, "call", p)
}

// call takes the form in and opens the ticket.
func (s *Server) call(v *visit) error {
	f, err := s.form(v)
	if err != nil {
		return err
	}
	area, ambiguous := s.areaOf(f.value("area"), f.value("place"))
	in := ticketing.Incoming{
		Channel: ticketing.Phone, Kind: ticketing.Kind(f.value("kind")), Category: f.value("category"),
		Text: f.value("text"), Address: f.value("address"), Area: area, Name: f.value("name"), Phone: f.value("phone"),
		Priority: ticketing.Priority(f.value("priority")), Visibility: ticketing.Visibility(f.value("visibility")), Lang: "vi",
	}
	if key := f.value("key"); key != "" && len(key) <= 64 {
		in.Key = "call:" + v.staff.ID + ":" + key
	}
	if ambiguous != "" {
		in.Address = strings.TrimSpace(in.Address + " " + ambiguous)
	}
	r, err := s.Desk.Receive(v.ctx(), v.actor(), in)
	if ticketing.ClassOf(err) == ticketing.Invalid && err != nil {
		p := s.newCall(v)
		p.Typed, p.Errors, p.Key, p.Call = f.typed(), fieldErrors{}, cmp.Or(f.value("key"), p.Key), f.value("call")
		if err := p.Errors.add(v.lang, err); err != nil {
			return err
		}
		return s.render(v, fiber.StatusUnprocessableEntity, "call", p)
	}
	if err != nil {
		return err
	}
	s.linkCall(v, f.value("call"), r.Ticket.Code)
	if into := f.value("into"); into != "" && r.Ticket.Into == "" {
		// She chose it while she wrote. Whatever came between, her call is a ticket: it is shown, and she can merge it there.
		cmd := ticketing.Command{Verb: ticketing.Merge, Into: ticketing.Code(into)}
		if in.Key != "" {
			cmd.Key = in.Key + ":into"
		}
		if _, err := s.Desk.Do(v.ctx(), v.actor(), r.Ticket.Code, cmd); err != nil {
			s.Log.Warn("a call could not be put into its incident", "ticket", r.Ticket.Code, "err", err)
			return v.seeOther("/console/t/" + string(r.Ticket.Code) + "?gop=khong")
		}
	}
	return v.seeOther("/console/t/" + string(r.Ticket.Code))
}

// areaOf is the unit a form names: by its code, else by its name where only one present unit has it; else the words
// as they were typed, which then belong to the address.
func (s *Server) areaOf(code, name string) (unit, words string) {
	atlas := s.Desk.Catalog.Current().Atlas
	if u, ok := atlas.Unit(code); ok {
		return u.Code, ""
	}
	if name = text.NFC(name); name == "" {
		return "", ""
	}
	if hits := atlas.Find(name, s.Now(), 2); len(hits) == 1 || len(hits) > 1 && text.Key(hits[0].Unit.FullName) == text.Key(name) {
		return hits[0].Unit.Code, ""
	}
	return "", name
}

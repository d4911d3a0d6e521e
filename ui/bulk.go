package ui

import (
	"cmp"
	"context"
	"errors"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// mostBulk tickets are acted on at once: what one list shows.
const mostBulk = 50

// bulkDo is one thing that can be done to many tickets: a verb, and what it needs beyond the form of the one ticket's.
type bulkDo struct {
	Key  string
	verb ticketing.Verb
	with func(s *Server, v *visit, f form) error // checks the form once and fills it in; nil: as it is
}

var bulkDos = []bulkDo{
	{Key: "claim", verb: ticketing.Claim, with: func(_ *Server, v *visit, f form) error {
		if !f.Has("assignee") {
			f.Set("assignee", v.staff.ID)
		}
		return nil
	}},
	{Key: "release", verb: ticketing.Claim, with: func(_ *Server, _ *visit, f form) error {
		f.Set("release", "1")
		return nil
	}},
	{Key: "give", verb: ticketing.Claim, with: func(s *Server, v *visit, f form) error {
		if !s.mayHold(v, f.value("to")) {
			return &ticketing.Error{Class: ticketing.Invalid, Field: "to", Key: "bulk.whom"}
		}
		f.Set("assignee", f.value("to"))
		return nil
	}},
	{Key: "tag", verb: ticketing.Tag, with: func(_ *Server, _ *visit, f form) error {
		if f.value("tags") == "" && len(f.all("untag")) == 0 {
			return &ticketing.Error{Class: ticketing.Invalid, Field: "tags", Key: "bulk.no_tag"}
		}
		return nil
	}},
	{Key: "snooze", verb: ticketing.Snooze, with: func(_ *Server, _ *visit, f form) error {
		if f.value("until") == "" && f.value("wake") == "" {
			return &ticketing.Error{Class: ticketing.Invalid, Field: "until", Key: "error.date"}
		}
		return nil
	}},
	{Key: "route", verb: ticketing.Route},
	{Key: "merge", verb: ticketing.Merge},
	{Key: "unmerge", verb: ticketing.Unmerge},
	{Key: "close", verb: ticketing.Close, with: func(_ *Server, _ *visit, f form) error {
		f.Set("outcome", string(ticketing.InvalidMatter))
		return nil
	}},
	{Key: "reopen", verb: ticketing.Reopen},
}

func bulkDoOf(key string) (bulkDo, bool) {
	i := slices.IndexFunc(bulkDos, func(d bulkDo) bool { return d.Key == key })
	if i < 0 {
		return bulkDo{}, false
	}
	return bulkDos[i], true
}

// bulkPage is what became of each of them.
type bulkPage struct {
	Page
	Do      string
	Lines   []bulkLine
	Done    int
	Failed  int
	Back    template.URL
	View    string
	Undos   []bulkUndo
	Already bool // nothing was chosen

	Incident string // whose page it was sent from
}

type bulkLine struct {
	rowView
	Fault string
	Same  bool // it was so already
}

// bulkUndo is a form that takes back what was done to some of them.
type bulkUndo struct {
	Do     string
	Fields []bulkField
	Count  int
}

type bulkField struct{ Name, Value string }

// bulk is POST /console/bulk: one verb on many tickets, each for itself. What is refused is told for each; what was
// done can be taken back from the page that tells of it.
func (s *Server) bulk(v *visit) error {
	sent, err := s.form(v)
	if err != nil {
		return err
	}
	do, ok := bulkDoOf(sent.value("do"))
	if !ok {
		return notFound()
	}
	place := placeOf(v.staff.Role)
	p := bulkPage{Page: s.page(v, v.t("bulk.title")), Do: do.Key, View: place.view(sent.value("view")).Key}
	p.Here, p.NoIndex = place.base, true
	p.Back = template.URL(place.base + "?view=" + url.QueryEscape(p.View) + string(s.narrowed(func(key string, _ ...string) string { return sent.value("n-" + key) }).Tail()))
	p.Back, p.Incident = backTo(sent, p.Back), sent.value("incident")
	codes, err := s.chosen(v, sent)
	if err != nil {
		return err
	}
	if len(codes) > mostBulk {
		return &ticketing.Error{Class: ticketing.Invalid, Key: "bulk.most", Args: []any{mostBulk}}
	}
	p.Already = len(codes) == 0
	done, err := s.many(v, do, sent, codes)
	if err != nil {
		return err
	}
	p.Lines, p.Undos = done.lines, done.undos
	for _, l := range p.Lines {
		if l.Fault != "" {
			p.Failed++
		} else {
			p.Done++
		}
	}
	status := fiber.StatusOK
	if p.Done == 0 && p.Failed > 0 {
		status = fiber.StatusUnprocessableEntity
	}
	return s.render(v, status, "bulk", p)
}

// manyDone is what became of many tickets.
type manyDone struct {
	lines []bulkLine
	undos []bulkUndo
}

// many does one thing to each ticket, for itself. A code may carry the version its reader has seen (CODE:VERSION):
// whoever acted since is not overrun. What can be taken back is, as far as nothing else has happened to the ticket.
func (s *Server) many(v *visit, do bulkDo, sent form, codes []string) (manyDone, error) {
	var out manyDone
	var refused error
	if do.with != nil && len(codes) > 0 {
		refused = do.with(s, v, sent)
	}
	type one struct {
		before ticketing.Ticket
		seen   int
	}
	all := make([]one, len(codes))
	for i, c := range codes { // one nobody may know of ends the whole before anything is done
		name, seen, versioned := strings.Cut(c, ":")
		version, err := strconv.Atoi(cmp.Or(seen, "0"))
		code, ok := text.ParseCode(name)
		if !ok || err != nil || versioned && version < 1 {
			return out, notFound()
		}
		t, err := s.Desk.Ticket(v.ctx(), v.actor(), ticketing.Code(code))
		if err != nil {
			return out, err
		}
		all[i] = one{t, version}
	}
	undos := map[string]*bulkUndo{}
	var order []string
	for _, x := range all {
		line, undo, err := s.bulkOne(v, do, sent, x.before, x.seen, refused)
		if err != nil {
			return out, err
		}
		out.lines = append(out.lines, line)
		if undo == nil {
			continue
		}
		if undos[undo.key()] == nil {
			undos[undo.key()] = undo
			order = append(order, undo.key())
		}
		u := undos[undo.key()]
		u.Count++
		u.Fields = append(u.Fields, bulkField{"codes", string(line.Code) + ":" + strconv.Itoa(line.Version)})
	}
	for _, key := range order {
		out.undos = append(out.undos, *undos[key])
	}
	return out, nil
}

// chosen are the codes of what was ticked, and of what was named by its number.
func (s *Server) chosen(v *visit, sent form) ([]string, error) {
	codes := sent.all("codes")
	for _, name := range strings.FieldsFunc(sent.value("numbers"), func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) }) {
		if len(codes) > mostBulk {
			break
		}
		t, err := s.Desk.Named(v.ctx(), v.actor(), name)
		if err != nil {
			return nil, err
		}
		codes = append(codes, string(t.Code))
	}
	return codes, nil
}

func (u *bulkUndo) key() string {
	var b strings.Builder
	b.WriteString(u.Do)
	for _, f := range u.Fields {
		if f.Name != "codes" {
			b.WriteString("\x00" + f.Name + "\x00" + f.Value)
		}
	}
	return b.String()
}

// bulkOne does it to one ticket.
func (s *Server) bulkOne(v *visit, do bulkDo, sent form, before ticketing.Ticket, version int, refused error) (bulkLine, *bulkUndo, error) {
	code, after, cmd, err := before.Code, before, ticketing.Command{}, refused
	if err == nil {
		cmd, err = command(do.verb, sent)
	}
	if err == nil && cmd.Assignee != nil {
		if *cmd.Assignee == before.Assignee {
			line, err := s.bulkLine(v, before)
			line.Same = true
			return line, nil, err
		}
		err = s.agencyHolds(v, before)
	}
	if err == nil {
		cmd.Key, cmd.Version = "", version // they are one ticket's, and these are many
		after, err = s.Desk.Do(v.ctx(), v.actor(), code, cmd)
		if errors.Is(err, context.Canceled) {
			return bulkLine{}, nil, err
		}
		if note := sent.value("handover"); err == nil && do.Key == "give" && note != "" {
			after, err = s.Desk.Do(v.ctx(), v.actor(), code, ticketing.Command{Verb: ticketing.Note, Text: v.t("bulk.handover_note", note)})
		}
		if err != nil {
			after = before
		}
	}
	line, readErr := s.bulkLine(v, after)
	if readErr != nil {
		return line, nil, readErr
	}
	if err != nil {
		line.Fault = failureOf(v.lang, err).Text
		return line, nil, nil
	}
	u := undoOf(v, before, cmd)
	if u == nil || sent.value("undo") != "" {
		return line, nil, nil
	}
	return line, &bulkUndo{Do: string(u.Verb), Fields: append(u.Fields, bulkField{"undo", "1"})}, nil
}

func (s *Server) bulkLine(v *visit, t ticketing.Ticket) (bulkLine, error) {
	rows, err := s.rows(v.ctx(), v.lang, placeOf(v.staff.Role).base, "", t)
	if err != nil {
		return bulkLine{}, err
	}
	return bulkLine{rowView: rows[0]}, nil
}

// agencyHolds refuses to take a ticket out of the hand of an agency's own people.
func (s *Server) agencyHolds(v *visit, t ticketing.Ticket) error {
	if t.Assignee == "" {
		return nil
	}
	holder, err := s.Accounts.Staff(v.ctx(), t.Assignee)
	if errors.Is(err, ticketing.ErrNotFound) || err == nil && holder.Agency == "" {
		return nil
	}
	if err != nil {
		return err
	}
	return &ticketing.Error{Class: ticketing.Invalid, Key: "supervise.agency_holds", Args: []any{holder.Name}}
}

// mayHold says whether a ticket may be put into the person's hand.
func (s *Server) mayHold(v *visit, id string) bool {
	staff, err := s.Accounts.Staff(v.ctx(), id)
	if err != nil && !errors.Is(err, ticketing.ErrNotFound) {
		s.Log.Error("an account cannot be read", "err", err)
	}
	return err == nil && staff.InTheRoom()
}

// colleagues are who a ticket may be handed to: the hotline's people who are not switched off, the reader left out.
func (s *Server) colleagues(v *visit) []choice {
	all, err := s.Accounts.AllStaff(v.ctx())
	if err != nil {
		s.Log.Error("the hotline's people cannot be listed", "err", err)
		return nil
	}
	var out []choice
	for _, p := range all {
		if !p.Off && p.ID != v.staff.ID && (p.Role == ticketing.Operator || p.Role == ticketing.Supervisor) {
			out = append(out, choice{p.ID, p.Name})
		}
	}
	return out
}

package ui

import (
	"context"
	"errors"
	"html/template"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// mostBulk tickets are acted on at once: what one list shows.
const mostBulk = 50

// bulkDo is one thing that can be done to many tickets, and how it is taken back.
type bulkDo struct {
	Key  string
	make func(s *Server, v *visit, f form, t ticketing.Ticket) (ticketing.Command, error)
	undo func(before ticketing.Ticket, cmd ticketing.Command) (do string, fields url.Values) // nil: it cannot be
}

var bulkDos = []bulkDo{
	{Key: "claim", make: func(_ *Server, v *visit, f form, _ ticketing.Ticket) (ticketing.Command, error) {
		who := v.staff.ID
		if f.Has("assignee") {
			who = f.value("assignee")
		}
		return ticketing.Command{Verb: ticketing.Claim, Assignee: &who}, nil
	}, undo: func(before ticketing.Ticket, _ ticketing.Command) (string, url.Values) {
		return "claim", url.Values{"assignee": {before.Assignee}}
	}},
	{Key: "release", make: func(*Server, *visit, form, ticketing.Ticket) (ticketing.Command, error) {
		nobody := ""
		return ticketing.Command{Verb: ticketing.Claim, Assignee: &nobody}, nil
	}, undo: func(before ticketing.Ticket, _ ticketing.Command) (string, url.Values) {
		return "claim", url.Values{"assignee": {before.Assignee}}
	}},
	{Key: "give", make: func(s *Server, v *visit, f form, _ ticketing.Ticket) (ticketing.Command, error) {
		who := f.value("to")
		if i := slices.IndexFunc(s.colleagues(v), func(c choice) bool { return c.Value == who }); i < 0 {
			return ticketing.Command{}, &ticketing.Error{Class: ticketing.Invalid, Field: "to", Key: "bulk.whom"}
		}
		return ticketing.Command{Verb: ticketing.Claim, Assignee: &who}, nil
	}, undo: func(before ticketing.Ticket, _ ticketing.Command) (string, url.Values) {
		return "claim", url.Values{"assignee": {before.Assignee}}
	}},
	{Key: "tag", make: func(_ *Server, _ *visit, f form, t ticketing.Ticket) (ticketing.Command, error) {
		cmd := ticketing.Command{Verb: ticketing.Tag, Untag: f.all("untag")}
		for tag := range strings.SplitSeq(f.value("tags"), ",") {
			if tag = ticketing.CleanTag(tag); tag != "" && !slices.Contains(t.Tags, tag) {
				cmd.Tags = append(cmd.Tags, tag)
			}
		}
		if len(cmd.Tags)+len(cmd.Untag) == 0 && f.value("tags") == "" {
			return cmd, &ticketing.Error{Class: ticketing.Invalid, Field: "tags", Key: "bulk.no_tag"}
		}
		return cmd, nil
	}, undo: func(_ ticketing.Ticket, cmd ticketing.Command) (string, url.Values) {
		return "tag", url.Values{"untag": cmd.Tags, "tags": {strings.Join(cmd.Untag, ",")}}
	}},
	{Key: "snooze", make: func(_ *Server, _ *visit, f form, _ ticketing.Ticket) (ticketing.Command, error) {
		cmd := ticketing.Command{Verb: ticketing.Snooze}
		if f.value("wake") != "" {
			return cmd, nil
		}
		var err error
		if cmd.Until, err = time.ParseInLocation("2006-01-02T15:04", f.value("until"), ticketing.Zone); err != nil {
			err = &ticketing.Error{Class: ticketing.Invalid, Field: "until", Key: "error.date"}
		}
		return cmd, err
	}, undo: func(before ticketing.Ticket, _ ticketing.Command) (string, url.Values) {
		if !before.Snoozed.IsZero() {
			return "snooze", url.Values{"until": {before.Snoozed.In(ticketing.Zone).Format("2006-01-02T15:04")}}
		}
		return "snooze", url.Values{"wake": {"1"}}
	}},
	{Key: "route", make: func(_ *Server, _ *visit, f form, _ ticketing.Ticket) (ticketing.Command, error) {
		return ticketing.Command{Verb: ticketing.Route, Agency: f.value("agency"), Reason: f.value("reason")}, nil
	}},
	{Key: "close", make: func(_ *Server, _ *visit, f form, _ ticketing.Ticket) (ticketing.Command, error) {
		return ticketing.Command{Verb: ticketing.Close, Outcome: ticketing.InvalidMatter, Reason: f.value("reason")}, nil
	}, undo: func(ticketing.Ticket, ticketing.Command) (string, url.Values) { return "reopen", url.Values{} }},
	{Key: "reopen", make: func(_ *Server, v *visit, _ form, _ ticketing.Ticket) (ticketing.Command, error) {
		return ticketing.Command{Verb: ticketing.Reopen, Reason: v.t("bulk.undone")}, nil
	}},
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
}

type bulkLine struct {
	rowView
	Fault string
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
	i := slices.IndexFunc(bulkDos, func(d bulkDo) bool { return d.Key == sent.value("do") })
	if i < 0 {
		return notFound()
	}
	do := bulkDos[i]
	place := placeOf(v.staff.Role)
	p := bulkPage{Page: s.page(v, v.t("bulk.title")), Do: do.Key, View: place.view(sent.value("view")).Key}
	p.Here, p.NoIndex = place.base, true
	p.Back = template.URL(place.base + "?view=" + url.QueryEscape(p.View) + string(s.narrowed(func(key string, _ ...string) string { return sent.value("n-" + key) }).Tail()))
	codes := sent.all("codes")
	if len(codes) > mostBulk {
		return &ticketing.Error{Class: ticketing.Invalid, Key: "bulk.most", Args: []any{mostBulk}}
	}
	p.Already = len(codes) == 0
	undos := map[string]*bulkUndo{}
	var order []string
	for _, c := range codes {
		code, ok := text.ParseCode(c)
		if !ok {
			return notFound()
		}
		line, undo, err := s.bulkOne(v, do, sent, ticketing.Code(code))
		if err != nil {
			return err
		}
		p.Lines = append(p.Lines, line)
		if line.Fault != "" {
			p.Failed++
			continue
		}
		p.Done++
		if undo != nil {
			if undos[undo.key()] == nil {
				undos[undo.key()] = undo
				order = append(order, undo.key())
			}
			one := undos[undo.key()]
			one.Count++
			one.Fields = append(one.Fields, bulkField{"codes", code})
		}
	}
	for _, key := range order {
		p.Undos = append(p.Undos, *undos[key])
	}
	status := fiber.StatusOK
	if p.Done == 0 && p.Failed > 0 {
		status = fiber.StatusUnprocessableEntity
	}
	return s.render(v, status, "bulk", p)
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

// bulkOne does it to one ticket. A ticket the reader may not know of ends the whole with "not found".
func (s *Server) bulkOne(v *visit, do bulkDo, sent form, code ticketing.Code) (bulkLine, *bulkUndo, error) {
	before, err := s.Desk.Ticket(v.ctx(), v.actor(), code)
	if err != nil {
		return bulkLine{}, nil, err
	}
	cmd, err := do.make(s, v, sent, before)
	after := before
	if err == nil {
		after, err = s.Desk.Do(v.ctx(), v.actor(), code, cmd)
		if errors.Is(err, context.Canceled) {
			return bulkLine{}, nil, err
		}
		if err != nil {
			after = before
		}
	}
	rows, readErr := s.rows(v.ctx(), v.lang, placeOf(v.staff.Role).base, "", after)
	if readErr != nil {
		return bulkLine{}, nil, readErr
	}
	line := bulkLine{rowView: rows[0]}
	if note := sent.value("handover"); err == nil && do.Key == "give" && note != "" {
		_, err = s.Desk.Do(v.ctx(), v.actor(), code, ticketing.Command{Verb: ticketing.Note, Text: v.t("bulk.handover_note", note)})
	}
	if err != nil {
		line.Fault = failureOf(v.lang, err).Text
		return line, nil, nil
	}
	if do.undo == nil {
		return line, nil, nil
	}
	key, fields := do.undo(before, cmd)
	u := &bulkUndo{Do: key}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		for _, value := range fields[name] {
			u.Fields = append(u.Fields, bulkField{name, value})
		}
	}
	return line, u, nil
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

package ui

import (
	"cmp"
	"context"
	"errors"
	"html/template"
	"io"
	"mime"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/plain"
	"hotline1022/ticketing/routing"
	"hotline1022/ticketing/text"
)

// workPage is a whole workplace.
type workPage struct {
	Page
	Queue  queueView
	Ticket *ticketView // nil: none is open
}

// entry is one thing in a ticket's timeline as its reader sees it.
type entry struct {
	ticketing.Event
	Who      string // name of whoever did it
	Side     string // citizen | ours | note | system
	Body     string
	Delivery *ticketing.Delivery
	Base     string
}

// suggestion is an agency a rule proposes, with the reason.
type suggestion struct {
	routing.Match
	Why []string
}

// ticketView is the middle and the right pane.
type ticketView struct {
	ticketing.Ticket
	Base, View   string
	Card         ticketing.Card
	Name         string
	AssigneeName string
	Entries      []entry
	Allowed      map[ticketing.Verb]bool
	Writing      []ticketing.Verb // what the box at the foot can be sent as
	Suggestions  []suggestion
	Others       []rowView // the citizen's other tickets
	Agencies     []ticketing.Agency
	Categories   []ticketing.Category
	Kinds        []ticketing.Kind
	Law          string // key of the lawful path, if the kind has one
	Until        string // a sensible new date, for the extension form
	Window       *replyWindow
	Me           string
	Calls        []TicketCall         // it came of
	Tasks        []ticketing.Delivery // messages that failed, where the reader is who must see to it

	Tail  template.URL // what the queue beside is narrowed to
	Aside string       // when it is looked at again, if nothing else is said

	Undo *undo     // of what was done just now
	Near []nearRow // what may be about the same thing

	Incident *incidentLine

	RelatedRows []rowView
	Known       []ticketing.KnownArticle // what the hotline knows that may answer it

	Linked   bool      // the citizen is known to have other doors
	Alike    []rowView // of others who left the same number or address
	MayUnite bool

	Links     []ticketing.WorkLink // for people of the agency without an account
	MayLink   bool
	NewLink   string // its address, shown once
	LinkFault string

	SameFault string
	SameTyped string

	// After a refusal: what was typed, and why it was not done.
	Tried  ticketing.Verb
	Typed  map[string]string
	Errors fieldErrors
	Notice string
	News   []entry         // what came in while she wrote
	Plain  []plain.Finding // what the check said

	Unsent          []ticketing.Unsent // what the reader has typed and not sent, the latest first
	Mentioned       bool               // a note calls the reader
	kept            map[ticketing.Verb]keptView
	keptJSON, words string
}

// Has is for templates.
func (t ticketView) Has(v string) bool { return t.Allowed[ticketing.Verb(v)] }

// Any says whether one of them is allowed.
func (t ticketView) Any(verbs ...string) bool { return slices.ContainsFunc(verbs, t.Has) }

// WrittenIn is the language the ticket is said to be in.
func (t ticketView) WrittenIn() string { return cmp.Or(t.Ticket.Lang, text.Vietnamese) }

// Languages are those it may be said to be in.
func (t ticketView) Languages() []string { return text.Languages[:] }

// Was is what was typed into a field before a refusal, if the form was this verb's.
func (t ticketView) Was(verb, field string) string {
	if string(t.Tried) == verb {
		return t.Typed[field]
	}
	return ""
}

// Fault is why the field of the verb's form was refused.
func (t ticketView) Fault(verb, field string) string {
	if string(t.Tried) == verb {
		return t.Errors[field]
	}
	return ""
}

func (s *Server) consolePage(v *visit) error { return s.workplace(v, console, "") }
func (s *Server) deskPage(v *visit) error    { return s.workplace(v, desk, "") }

func (s *Server) consoleTicket(v *visit) error { return s.workTicket(v, console) }
func (s *Server) deskTicket(v *visit) error    { return s.workTicket(v, desk) }

// workScripts are a workplace's modules.
func workScripts(p place) []string {
	if p.base == console.base {
		return []string{"work.js", "spikes.js"}
	}
	return []string{"work.js"}
}

// workplace is the whole screen, with or without a ticket open.
func (s *Server) workplace(v *visit, p place, code ticketing.Code) error {
	title := v.t("nav." + strings.TrimPrefix(p.base, "/"))
	w := workPage{Page: s.page(v, title)}
	w.Here, w.Wide, w.NoIndex, w.Scripts = p.base, true, true, workScripts(p)
	var err error
	if code != "" {
		t, err := s.ticketView(v, p, code)
		if err != nil {
			return err
		}
		w.Ticket = &t
		w.Title = t.Number() + " · " + title
	}
	if w.Queue, err = s.queue(v, p, code); err != nil {
		return err
	}
	return s.ok(v, "work", w)
}

// workTicket is one ticket: the whole screen, or the two panes where a script asks.
func (s *Server) workTicket(v *visit, p place) error {
	code, err := codeOf(v)
	if err != nil {
		return err
	}
	if !v.part() {
		return s.workplace(v, p, code)
	}
	t, err := s.ticketView(v, p, code)
	if err != nil {
		return err
	}
	return s.ok(v, "ticket", t)
}

// workList is more of the queue, or the queue anew.
func (s *Server) workList(v *visit) error {
	q, err := s.queue(v, placeOf(v.staff.Role), "")
	if err != nil {
		return err
	}
	if v.Query("cursor") != "" {
		return s.ok(v, "rows", q)
	}
	return s.ok(v, "queue", q)
}

func codeOf(v *visit) (ticketing.Code, error) {
	code, ok := text.ParseCode(v.Params("code"))
	if !ok {
		return "", &ticketing.Error{Class: ticketing.NotFound, Key: "error.not_found"}
	}
	return ticketing.Code(code), nil
}

// ticketView reads all that the two panes show.
func (s *Server) ticketView(v *visit, p place, code ticketing.Code) (ticketView, error) {
	by := v.actor()
	t, err := s.Desk.Ticket(v.ctx(), by, code)
	if err != nil {
		return ticketView{}, err
	}
	events, err := s.Desk.Timeline(v.ctx(), by, t)
	if err != nil {
		return ticketView{}, err
	}
	cat := s.Desk.Catalog.Current()
	w := ticketView{
		Ticket: t, Base: p.base, View: p.view(v.Query("view")).Key, Me: by.ID, Kinds: ticketing.Kinds[:],
		Agencies: cat.AgencyList(), Categories: cat.CategoryList(), Law: ticketing.LawfulPath(t.Kind),
		Allowed: map[ticketing.Verb]bool{},
	}
	if by.Role == ticketing.Operator || by.Role == ticketing.Supervisor {
		w.Tasks = t.Undelivered()
	}
	for _, verb := range by.Allowed(t) {
		w.Allowed[verb] = true
	}
	if !slices.ContainsFunc(events, func(e ticketing.Event) bool { return e.Kind == ticketing.Said }) {
		delete(w.Allowed, ticketing.Split) // there is nothing to split off
	}
	for _, verb := range ticketing.UnsentVerbs {
		if w.Allowed[verb] {
			w.Writing = append(w.Writing, verb)
		}
	}
	if w.Allowed[ticketing.Extend] {
		due := t.Due
		if due.IsZero() {
			due = s.Now()
		}
		w.Until = cat.Calendar.AddDays("", due, 5).In(ticketing.Zone).Format("2006-01-02T15:04")
	}
	if w.Allowed[ticketing.Snooze] {
		w.Aside = aside(t, s.Now())
	}
	w.Tail = s.narrowed(v.Query).Tail()
	if err := s.about(v, &w); err != nil {
		return w, err
	}
	if t.Assignee != "" {
		if w.AssigneeName, err = s.nameOf(v.ctx(), v.lang, ticketing.Actor{ID: t.Assignee}); err != nil {
			return w, err
		}
	}
	if s.Telephone.CallsOf != nil {
		if w.Calls, err = s.Telephone.CallsOf(v.ctx(), by, code); err != nil {
			return w, err
		}
	}
	if v.Query("gop") == "khong" {
		w.Notice = v.t("call.not_merged")
	}
	w.Window = windowOf(w.Channel, events, s.Now())
	if err := s.dressBox(v, &w, events); err != nil {
		return w, err
	}
	w.Entries, err = s.entries(v, w, events)
	return w, err
}

// entries are the timeline, with names and with what became of each message.
func (s *Server) entries(v *visit, w ticketView, events []ticketing.Event) ([]entry, error) {
	names := map[string]string{}
	out := make([]entry, 0, len(events))
	for _, e := range events {
		switch e.Kind {
		case ticketing.SendAttempted, ticketing.SendDelivered, ticketing.SendFailed, ticketing.SendConfirmed:
			continue // shown on the message itself
		}
		one := entry{Event: e, Side: "system", Body: e.Text, Base: w.Base}
		if w.Base != console.base {
			one.Into = "" // a code opens the page of a citizen who is not the agency's
		}
		switch e.Kind {
		case ticketing.Received, ticketing.Imported, ticketing.Said:
			one.Side, one.Who = "citizen", w.Name
			if e.Subject != "" {
				one.Body = strings.TrimSpace(e.Subject + "\n" + e.Text)
			}
		case ticketing.AnsweredBy, ticketing.Messaged, ticketing.Asked, ticketing.Prompted:
			one.Side = "ours"
		case ticketing.Noted:
			one.Side = "note"
		case ticketing.DraftWritten:
			one.Side = "draft"
		}
		if one.Who == "" {
			if _, ok := names[e.By.ID]; !ok {
				name, err := s.nameOf(v.ctx(), v.lang, e.By)
				if err != nil {
					return nil, err
				}
				names[e.By.ID] = name
			}
			one.Who = names[e.By.ID]
		}
		if i := slices.IndexFunc(w.Sending, func(d ticketing.Delivery) bool { return d.N == e.N }); i >= 0 {
			one.Delivery = &w.Sending[i]
		}
		out = append(out, one)
	}
	return out, nil
}

func (s *Server) nameOf(ctx context.Context, lang string, by ticketing.Actor) (string, error) {
	switch by.Role {
	case ticketing.System, ticketing.Program, ticketing.Citizen:
		return format{lang: lang}.t("role." + string(by.Role)), nil
	}
	if name, ok, err := s.Desk.WorkLinkName(ctx, by.ID); ok {
		return name, err
	}
	staff, err := s.Accounts.Staff(ctx, by.ID)
	if errors.Is(err, ticketing.ErrNotFound) {
		return by.ID, nil
	}
	return staff.Name, err
}

// staffFile serves an attachment of a ticket the reader may know of. Pictures are ours, encoded anew, and may be
// shown; anything else is a download that a browser must not run.
func (s *Server) staffFile(v *visit) error {
	code, err := codeOf(v)
	if err != nil {
		return err
	}
	t, err := s.Desk.Ticket(v.ctx(), v.actor(), code)
	if err != nil {
		return err
	}
	events, err := s.Desk.Timeline(v.ctx(), v.actor(), t) // an agency must not have a file of the hotline's own notes
	if err != nil {
		return err
	}
	for _, e := range events {
		i := slices.IndexFunc(e.Files, func(f ticketing.File) bool { return f.ID == v.Params("id") })
		if i >= 0 {
			return s.sendFile(v, e.Files[i])
		}
	}
	return notFound()
}

// sendFile answers with the bytes of an attachment whose reader has been checked.
func (s *Server) sendFile(v *visit, f ticketing.File) error {
	r, err := s.Desk.Files.Open(v.ctx(), f.ID)
	if err != nil {
		return err
	}
	size, err := r.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = r.Seek(0, io.SeekStart)
	}
	if err != nil {
		return errors.Join(err, r.Close())
	}
	kind := "attachment"
	if f.Picture() {
		kind = "inline"
	}
	v.Set(fiber.HeaderContentType, f.Type)
	v.Set(fiber.HeaderContentDisposition, mime.FormatMediaType(kind, map[string]string{"filename": f.Name}))
	v.Set(fiber.HeaderContentSecurityPolicy, "sandbox; default-src 'none'")
	v.Set(fiber.HeaderCacheControl, "private, max-age=3600")
	return v.SendStream(r, int(size))
}

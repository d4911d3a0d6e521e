package ticketing

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"slices"
	"time"

	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// spoken is the citizen's record where an operator has corrected the language of her words: she is then spoken to in it,
// if it is ours, and in English if it is another.
func (d *Desk) spoken(ctx context.Context, t Ticket, e Event) ([]Record, error) {
	if e.Kind != Triaged || e.Lang == "" || t.Citizen == "" {
		return nil, nil
	}
	lang := words.English
	if e.Lang == text.Vietnamese {
		lang = words.Vietnamese
	}
	r, changed, err := d.Vault.Speak(ctx, t.Citizen, lang, e.By.ID)
	if err != nil || !changed {
		return nil, storeError("reading who the citizen is", err)
	}
	return []Record{r}, nil
}

func (d *Desk) triage(cat *Catalog, t Ticket, cmd Command, e *Event) error {
	e.MatterKind, e.Category, e.Area, e.Place = t.Kind, t.Category, t.Area, t.Place
	e.Priority, e.Visibility = t.Priority, t.Visibility
	if cmd.Kind != "" {
		if !known(Kinds[:], cmd.Kind) {
			return invalid("kind", "error.kind", cmd.Kind)
		}
		e.MatterKind = cmd.Kind
	}
	if cmd.Category != nil {
		if c, ok := cat.Categories[*cmd.Category]; *cmd.Category != "" && (!ok || c.Off) {
			return invalid("category", "error.category", *cmd.Category)
		}
		e.Category = *cmd.Category
	}
	if cmd.Area != nil {
		u, ok := cat.Atlas.Unit(*cmd.Area)
		if *cmd.Area != "" && !ok {
			return invalid("area", "error.area", *cmd.Area)
		}
		e.Area, e.Place = *cmd.Area, u.FullName
	}
	if cmd.Priority != nil {
		if !known(Priorities[:], *cmd.Priority) {
			return invalid("priority", "error.priority", *cmd.Priority)
		}
		e.Priority = *cmd.Priority
	}
	if cmd.Lang != "" {
		if !slices.Contains(text.Languages[:], cmd.Lang) {
			return invalid("lang", "error.lang", cmd.Lang)
		}
		if cmd.Lang != cmp.Or(t.Lang, text.Vietnamese) {
			e.Lang = cmd.Lang
		}
	}
	switch cmd.Visibility {
	case "":
	case Private, Public:
		e.Visibility = cmd.Visibility
	default:
		return invalid("visibility", "error.visibility")
	}
	if e.MatterKind.OwnLaw() {
		e.Visibility = Private
	}
	if t.Status != New && e.MatterKind.OwnLaw() {
		return &Error{Class: Invalid, Field: "kind", Key: "error.take_back_first"} // an agency must not hold one
	}
	if t.Status == Waiting || e.MatterKind == t.Kind && e.Category == t.Category && e.Priority == t.Priority {
		e.Step, e.StepDue = t.Step, t.StepDue // names and places move no date
		return nil
	}
	t.Kind, t.Category, t.Priority = e.MatterKind, e.Category, e.Priority
	due := cat.promise(t, t.Received)
	if t.Extensions > 0 || t.Reopened > 0 || len(t.Absorbed) > 0 && due.After(t.Due) {
		due = t.Due // of an incident: it is owed when the first of its reporters is
	}
	k := clocks{Due: due, Step: t.Step, StepDue: t.StepDue, Alarms: cat.alarms(t, e.At, due, t.StepDue)}
	k.set(e)
	return nil
}

func (d *Desk) route(cat *Catalog, t Ticket, cmd Command, e *Event) error {
	a, ok := cat.Agencies[cmd.Agency]
	if !ok || a.Off {
		return invalid("agency", "error.agency", cmd.Agency)
	}
	for _, id := range cmd.Cooperating {
		if c, ok := cat.Agencies[id]; !ok || c.Off || id == cmd.Agency {
			return invalid("cooperating", "error.agency", id)
		}
	}
	e.Agency, e.Rule = cmd.Agency, cmd.Rule
	e.Cooperating = slices.Compact(slices.Sorted(slices.Values(cmd.Cooperating)))
	t.Agency = cmd.Agency
	cat.clocks(t, Accept, e.At, t.Due).set(e)
	return nil
}

func (d *Desk) giveBack(cat *Catalog, t Ticket, cmd Command, e *Event) error {
	if e.Reason == "" {
		return invalid("reason", "error.reason")
	}
	if cmd.Agency != "" {
		if a, ok := cat.Agencies[cmd.Agency]; !ok || a.Off || cmd.Agency == t.Agency {
			return invalid("suggest", "error.agency", cmd.Agency)
		}
	}
	e.Agency = cmd.Agency
	cat.clocks(t, Classify, e.At, t.Due).set(e)
	return nil
}

// extend: asked before the deadline, with a reason, for a working moment after it, and granted once at most.
func (d *Desk) extend(cat *Catalog, t Ticket, cmd Command, e *Event) error {
	e.Until = cmd.Until.UTC().Truncate(time.Millisecond)
	switch {
	case e.Reason == "":
		return invalid("reason", "error.reason")
	case t.Extensions > 0:
		return invalid("until", "error.extended_already")
	case !t.Due.IsZero() && e.At.After(t.Due):
		return invalid("until", "error.extend_late")
	case !e.Until.After(t.Due) || !e.Until.After(e.At):
		return invalid("until", "error.extend_until")
	case e.Until.After(e.At.AddDate(0, 6, 0)):
		return invalid("until", "error.extend_far")
	case !cat.Calendar.Open("", e.Until) && !cat.Calendar.Open("", e.Until.Add(-time.Minute)):
		return invalid("until", "error.extend_closed")
	}
	return nil
}

// write is the words of a draft or an answer, with an outcome that says how it ended.
func (d *Desk) write(ctx context.Context, t Ticket, cmd Command, e *Event) error {
	e.Outcome = cmd.Outcome
	switch {
	case e.Text == "":
		return invalid("text", "error.text_empty")
	case !known(Outcomes[:], e.Outcome) || e.Outcome == Duplicate:
		return invalid("outcome", "error.outcome", cmd.Outcome)
	case e.Outcome.NeedsReason() && e.Reason == "":
		return invalid("reason", "error.outcome_reason")
	}
	if cmd.Verb == AnswerIt {
		e.OK = cmd.Publish && t.Visibility == Public && !t.Kind.OwnLaw()
		e.Alarms = []Alarm{{At: e.At.Add(autoClose), What: AutoClose}}
		var err error
		if e.Out, err = d.out(ctx, t, AnswerIt, e.Text, e.Files); err != nil {
			return err
		}
		if len(e.Files) == 0 && t.Draft != nil {
			if e.Out != nil {
				e.Out.Files = t.Draft.Files
			}
		}
	}
	return nil
}

// merge: the other ticket, by its code or number, must be one the actor may know of, and alive. One that is of an
// incident itself stands for its lead.
func (d *Desk) merge(ctx context.Context, by Actor, t Ticket, cmd Command, e *Event) error {
	lead, err := d.Named(ctx, by, string(cmd.Into))
	if err == nil && lead.Into != "" {
		lead, err = d.Ticket(ctx, by, lead.Into)
	}
	if c := ClassOf(err); err != nil && c != Invalid && c != NotFound {
		return err
	}
	if err != nil || lead.Code == t.Code || lead.Into != "" || lead.Status == Closed || lead.Kind.OwnLaw() != t.Kind.OwnLaw() || lead.Kind == Lobby {
		return invalid("into", "error.into")
	}
	e.Into, e.OK = lead.Code, true
	return nil
}

func (d *Desk) split(ctx context.Context, t Ticket, cmd Command, e *Event) error {
	events, err := d.Store.Timeline(ctx, t.Code, 0)
	if err != nil {
		return storeError("reading the timeline", err)
	}
	if len(cmd.Events) == 0 {
		return invalid("events", "error.split_none")
	}
	for _, n := range cmd.Events {
		if n < 1 || n > len(events) || events[n-1].Kind != Said && !(n == 1 && len(cmd.Events) == 1) {
			return invalid("events", "error.split_what", n)
		}
	}
	e.Events = slices.Compact(slices.Sorted(slices.Values(cmd.Events)))
	var raw [16]byte
	rand.Read(raw[:])
	code, err := text.NewCode(bytes.NewReader(raw[:]))
	e.Into = Code(code)
	return err
}

func (d *Desk) close(t Ticket, cmd Command, e *Event) error {
	e.Outcome = cmd.Outcome
	if e.Outcome == "" {
		e.Outcome = t.Outcome
	}
	switch {
	case len(t.Absorbed) > 0 && t.Status != Answered:
		return invalid("", "error.close_incident", len(t.Absorbed)) // nobody would tell them anything
	case e.Outcome == "" && t.Kind == Spam:
		e.Outcome = InvalidMatter
		if e.Reason == "" {
			e.Reason = "spam"
		}
	case !known(Outcomes[:], e.Outcome):
		return invalid("outcome", "error.outcome", cmd.Outcome)
	}
	if e.Outcome.NeedsReason() && e.Reason == "" && t.Reason == "" {
		return invalid("reason", "error.outcome_reason")
	}
	if e.Reason == "" {
		e.Reason = t.Reason
	}
	return nil
}

// Contact is the citizen's number or address in full. Asking is an event with a reason; it comes first.
func (d *Desk) Contact(ctx context.Context, by Actor, code Code, field, reason string) (string, error) {
	t, err := d.Do(ctx, by, code, Command{Verb: Reveal, Field: field, Reason: reason})
	if err != nil {
		return "", err
	}
	p, err := d.Vault.Whole(ctx, t.Citizen)
	if err != nil {
		return "", storeError("opening the vault", err)
	}
	if field == "email" {
		return p.Email, nil
	}
	ph, err := text.ParsePhone(p.Phone)
	if err != nil {
		return "", notFound()
	}
	return ph.National(), nil
}

// Cards are what staff see of the tickets' citizens.
func (d *Desk) Cards(ctx context.Context, tickets ...Ticket) (map[CitizenID]Card, error) {
	ids := make([]CitizenID, 0, len(tickets))
	for _, t := range tickets {
		ids = append(ids, t.Citizen)
	}
	people, err := d.Vault.People(ctx, ids)
	if err != nil {
		return nil, storeError("opening the vault", err)
	}
	cards := make(map[CitizenID]Card, len(people))
	for id, p := range people {
		cards[id] = p.Card()
	}
	return cards, nil
}

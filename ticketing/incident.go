package ticketing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// An incident is one thing many have reported: a ticket that leads it (Absorbed names the others) and those merged into
// it (Into names the lead). Each keeps its number, its conversation, its privacy and its promise: the clock of a report
// stops when its own citizen has been answered, never by being merged. One answer goes to all; who is not content with
// it leaves the incident with a ticket of her own.

// joined tells the lead of a report that was merged into it, and gives a report that comes late the answer the others
// have had. Where the lead was closed unanswered in the meantime, the report comes back.
func (d *Desk) joined(ctx context.Context, e Event) error {
	report, err := d.Store.Ticket(ctx, e.Ticket)
	if err != nil {
		return err
	}
	err = d.appendTo(ctx, e.Into, fmt.Sprintf("absorb:%s:%d", e.Ticket, e.N), func(lead Ticket) Event {
		a := d.event(lead, system, Absorbing)
		a.Into, a.OK = e.Ticket, true
		if !report.Due.IsZero() && report.Due.Before(lead.Due) {
			d.owe(lead, report.Due, &a)
		}
		return a
	})
	if err != nil {
		return err
	}
	lead, err := d.Store.Ticket(ctx, e.Into)
	switch {
	case err != nil:
		return err
	case lead.answered():
		return d.answerReporters(ctx, lead, e.Ticket)
	case lead.Status == Closed && lead.Into == "":
		return d.comesBack(ctx, e)
	}
	return nil
}

// answered says that the citizen has an answer that stands.
func (t Ticket) answered() bool {
	return t.Answer != "" && (t.Status == Answered || t.Status == Closed) && !t.Joined()
}

// owe moves the lead's date, where it has not been answered and its clock runs.
func (d *Desk) owe(lead Ticket, due time.Time, e *Event) {
	if !lead.Status.Open() || lead.Status == Waiting || due.IsZero() || due.Equal(lead.Due) {
		return
	}
	k := clocks{Due: due, Step: lead.Step, StepDue: lead.StepDue}
	k.Alarms = d.Catalog.Current().alarms(lead, e.At, due, lead.StepDue)
	k.set(e)
}

// left tells the lead of a report that has gone its own way, and gives the lead back the date it had without it.
func (d *Desk) left(ctx context.Context, e Event) error {
	was, err := d.Store.Ticket(ctx, e.Ticket)
	if err != nil {
		return err
	}
	lead, err := d.Store.Ticket(ctx, e.Into)
	if err != nil {
		return err
	}
	var due time.Time
	if lead.Extensions == 0 && lead.Reopened == 0 && was.Due.Equal(lead.Due) {
		if due, err = d.owed(ctx, lead, e.Ticket); err != nil {
			return err
		}
	}
	return d.appendTo(ctx, e.Into, fmt.Sprintf("absorb:%s:%d", e.Ticket, e.N), func(lead Ticket) Event {
		a := d.event(lead, system, Absorbing)
		a.Into = e.Ticket
		d.owe(lead, due, &a)
		return a
	})
}

// owed is when the incident's answer is owed without one of its reports: by the lead's own limit, or earlier by that of
// another report.
func (d *Desk) owed(ctx context.Context, lead Ticket, without Code) (time.Time, error) {
	due := d.Catalog.Current().promise(lead, lead.Received)
	for _, code := range lead.Absorbed {
		if code == without {
			continue
		}
		report, err := d.Store.Ticket(ctx, code)
		if err != nil {
			return due, err
		}
		if report.Joined() && !report.Due.IsZero() && report.Due.Before(due) {
			due = report.Due
		}
	}
	return due, nil
}

// comesBack undoes a merge into what was closed without an answer.
func (d *Desk) comesBack(ctx context.Context, e Event) error {
	t, err := d.Store.Ticket(ctx, e.Ticket)
	if err != nil || !t.Joined() || t.Into != e.Into {
		return err
	}
	return d.appendTo(ctx, e.Ticket, fmt.Sprintf("back:%s:%d", e.Ticket, e.N), func(t Ticket) Event {
		b := d.event(t, system, Unmerged)
		b.Into = e.Into
		d.separate(t, &b)
		return b
	})
}

// separate sets the clocks of a report that goes on by itself: those it had.
func (d *Desk) separate(t Ticket, e *Event) {
	step := Answer
	switch t.Before {
	case New:
		step = Classify
	case Routed:
		step = Accept
	}
	d.Catalog.Current().clocks(t, step, e.At, t.Due).set(e)
}

// AnswerIncident gives the answer of the ticket to the reports it leads that have not had it.
func (d *Desk) AnswerIncident(ctx context.Context, code Code) error {
	lead, err := d.Store.Ticket(ctx, code)
	if err != nil || !lead.answered() {
		return err
	}
	return d.answerReporters(ctx, lead, lead.Absorbed...)
}

// answerReporters gives reports the answer of the ticket that leads them.
func (d *Desk) answerReporters(ctx context.Context, lead Ticket, reports ...Code) error {
	if len(reports) == 0 {
		return nil
	}
	files, err := d.answerFiles(ctx, lead)
	if err != nil {
		return err
	}
	var errs []error // one that cannot be told must not keep it from the others
	for _, code := range reports {
		errs = append(errs, d.answerReporter(ctx, lead, files, code))
	}
	return errors.Join(errs...)
}

// answerReporter gives one report the incident's answer, as an answer of its own: it ends its clock, and its citizen is
// asked whether it was good. Who has said so of an earlier one is only told.
func (d *Desk) answerReporter(ctx context.Context, lead Ticket, files []File, code Code) error {
	report, err := d.Store.Ticket(ctx, code)
	if err != nil {
		return err
	}
	if report.Into != lead.Code {
		return nil // it has gone its own way
	}
	verb := AnswerIt
	if report.Verdict != nil {
		verb = Message
	}
	out, err := d.out(ctx, report, verb, lead.Answer, files)
	if err != nil {
		return err
	}
	return d.appendTo(ctx, code, fmt.Sprintf("answer:%s:%d:%s", lead.Code, lead.AnswerN, code), func(t Ticket) Event {
		kind := AnsweredBy
		if t.Verdict != nil {
			kind = Messaged
		}
		a := d.event(t, system, kind)
		a.Text, a.Outcome, a.Reason, a.Into, a.Files, a.Out = lead.Answer, lead.Outcome, lead.Reason, lead.Code, files, out
		if kind == AnsweredBy {
			a.Alarms = []Alarm{{At: a.At.Add(autoClose), What: AutoClose}}
		}
		return a
	})
}

// answerFiles are the files that went out with the lead's answer.
func (d *Desk) answerFiles(ctx context.Context, lead Ticket) ([]File, error) {
	events, err := d.Store.Timeline(ctx, lead.Code, 0)
	if err != nil || lead.AnswerN < 1 || lead.AnswerN > len(events) {
		return nil, err
	}
	e := events[lead.AnswerN-1]
	if len(e.Files) > 0 || e.Out == nil {
		return e.Files, nil
	}
	return e.Out.Files, nil
}

// Incident is a ticket that leads one, with the reports that are in it, the first owed first.
type Incident struct {
	Lead    Ticket
	Reports []Ticket
	Waiting int // reports that have had no answer
	Late    int // of those, past their promise
}

// Incident is the one the ticket leads or belongs to. NotFound where it is of none the actor may know of.
func (d *Desk) Incident(ctx context.Context, by Actor, code Code) (Incident, error) {
	t, err := d.Ticket(ctx, by, code)
	if err == nil && t.Into != "" {
		t, err = d.Ticket(ctx, by, t.Into)
	}
	if err != nil {
		return Incident{}, err
	}
	in := Incident{Lead: t}
	for _, code := range t.Absorbed {
		report, err := d.Ticket(ctx, by, code)
		if ClassOf(err) == NotFound && err != nil {
			continue
		}
		if err != nil {
			return in, err
		}
		in.Reports = append(in.Reports, report)
		if report.Joined() {
			in.Waiting++
			if report.LateAt(d.now()) {
				in.Late++
			}
		}
	}
	slices.SortStableFunc(in.Reports, func(a, b Ticket) int { return a.Due.Compare(b.Due) })
	return in, nil
}

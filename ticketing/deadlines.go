package ticketing

import (
	"slices"
	"time"
)

// clocks is what an event carries of dates: they are worked out once, when the event is written, so that replaying
// the journal needs no calendar and gives the same dates although limits and holidays have changed since.
type clocks struct {
	Due     time.Time
	Step    Step
	StepDue time.Time
	Alarms  []Alarm
}

func (c clocks) set(e *Event) {
	e.Due, e.Step, e.StepDue, e.Alarms = c.Due, c.Step, c.StepDue, c.Alarms
}

// promise is when the answer is owed: the limit for the ticket's kind, category and priority from the moment of its
// receipt, in the office's working time.
func (c *Catalog) promise(t Ticket, from time.Time) time.Time {
	return c.limit(Answer, t).From(c.Calendar, "", from).UTC()
}

// clocks for a ticket that at that moment enters the step, with the answer owed by due.
func (c *Catalog) clocks(t Ticket, step Step, at, due time.Time) clocks {
	k := clocks{Due: due, Step: step}
	switch step {
	case Classify:
		k.StepDue = c.limit(Classify, t).From(c.Calendar, "", at).UTC()
	case Accept:
		k.StepDue = c.limit(Accept, t).From(c.Calendar, t.Agency, at).UTC()
	}
	k.Alarms = c.alarms(t, at, due, k.StepDue)
	return k
}

// alarms are the moments the sweep must act at: the step's limit, 70 % of the working time, 24 hours before, the due
// date itself and one working day after it (domain practice: warn at 70 % and 24 h, then agency head, then the
// centre's leaders). Moments already gone are left out, except that a due date gone rings at once.
func (c *Catalog) alarms(t Ticket, at, due, stepDue time.Time) []Alarm {
	alarms := []Alarm{} // not nil: it replaces what was there
	add := func(when time.Time, what AlarmKind) {
		if when.After(at) || what == Late && !when.IsZero() {
			alarms = append(alarms, Alarm{At: when.UTC().Truncate(time.Millisecond), What: what})
		}
	}
	if !stepDue.IsZero() {
		add(stepDue, StepLate)
	}
	if !due.IsZero() {
		whole := c.Calendar.Between("", t.Received, due)
		add(c.Calendar.Add("", t.Received, whole*7/10), Warn70)
		add(due.Add(-24*time.Hour), Warn24)
		add(due, Late)
		add(c.Calendar.AddDays("", due, 1), LateSenior)
	}
	slices.SortStableFunc(alarms, func(a, b Alarm) int { return a.At.Compare(b.At) })
	return alarms
}

// resumed is the due date after the citizen answered a question: moved by the working time the clock stood.
func (c *Catalog) resumed(t Ticket, now time.Time) time.Time {
	if t.Due.IsZero() {
		return t.Due
	}
	stood := c.Calendar.Between("", t.Since, now)
	return c.Calendar.Add("", t.Due, stood).UTC()
}

// autoClose is how long an answered ticket waits for the citizen's verdict.
const autoClose = 7 * 24 * time.Hour

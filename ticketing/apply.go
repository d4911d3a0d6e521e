package ticketing

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"hotline1022/ticketing/text"
)

// Apply is the ticket after the event. It is the only place with rules of order, it depends on nothing but its two
// arguments, and it never changes t: replaying a ticket's events from the zero Ticket gives the ticket again.
//
// It answers *OrderError where the event may not follow. Who may write the event is a question for rights.go, and
// whether its words suffice one for the desk.
func (t Ticket) Apply(e Event) (Ticket, error) {
	rule, known := follows[e.Kind]
	if !known {
		return t, fmt.Errorf("unknown event kind %q", e.Kind)
	}
	if e.N != t.Version+1 {
		return t, fmt.Errorf("event %d cannot follow on version %d: %w", e.N, t.Version, ErrConflict)
	}
	if t.Version > 0 && e.Ticket != t.Code {
		return t, fmt.Errorf("event of ticket %s applied to %s", e.Ticket, t.Code)
	}
	was := t.Status
	bad := &OrderError{Kind: e.Kind, Status: was}
	if !slices.Contains(rule.from, was) || (t.Kind == Lobby) != (e.Kind == Chatted) && was != "" && !e.Kind.sends() {
		return t, bad
	}

	t.Version = e.N
	if !e.Kind.Quiet() {
		t.Loud = e.N
	}
	t.Updated = e.At
	if rule.to != "" {
		t.Status = rule.to
	}
	if e.Out != nil {
		t.Sending = append(settledTail(t.Sending), e.delivery())
	}
	if e.By.Role.Staff() && !e.Kind.Quiet() {
		t.Unread = 0
		t.Sending = seenTo(t.Sending, e)
	}

	switch e.Kind {
	case Received, Imported:
		t = t.begin(e)
	case Chatted:
		t = t.chat(e)
	case Said:
		if was == Closed && e.Rule == "" {
			return Ticket{}, bad // thanks may follow on what has ended
		}
		t.hear(e)
		if was == Waiting && e.Rule == "" {
			t.Status, t.Before = t.Before, ""
			t.clock(e)
		}
	case Claimed:
		t.Assignee = e.Assignee
	case Triaged:
		t.Kind, t.Category, t.Area, t.Place = e.MatterKind, e.Category, e.Area, e.Place
		t.Priority, t.Visibility = e.Priority, e.Visibility
		if e.Lang != "" {
			t.Lang = text.Foreign(e.Lang)
		}
		t.clock(e)
	case RoutedTo:
		if t.Kind.OwnLaw() || t.Kind == Spam {
			return Ticket{}, bad
		}
		t.Agency, t.Cooperating, t.Rule, t.Assignee = e.Agency, e.Cooperating, e.Rule, ""
		t.Draft, t.Extension = nil, undecidedOnly(t.Extension, false)
		t.clock(e)
	case Accepted:
		t.Assignee = e.Assignee
		t.clock(e)
	case Returned:
		t.Agency, t.Cooperating, t.Assignee, t.Rule, t.Draft = "", nil, "", "", nil
		t.Extension = undecidedOnly(t.Extension, false)
		t.Returned++
		t.clock(e)
	case Asked:
		t.Before = was
		t.Messages++
	case ExtensionAsked:
		if t.Extension != nil && !t.Extension.Decided {
			return Ticket{}, bad
		}
		t.Extension = &Extension{Until: e.Until, Reason: e.Reason, By: e.By.ID, At: e.At}
	case ExtensionDecided:
		if t.Extension == nil || t.Extension.Decided {
			return Ticket{}, bad
		}
		x := *t.Extension
		x.Decided, x.OK, x.DecidedBy, x.Answer = true, e.OK, e.By.ID, e.Reason
		t.Extension = &x
		if e.OK {
			t.Extensions++
			t.clock(e)
		}
	case DraftWritten:
		t.Draft = &Draft{N: e.N, Text: e.Text, Outcome: e.Outcome, Reason: e.Reason, Files: e.Files, By: e.By.ID, At: e.At}
		t.addFiles(e.Files)
	case DraftApproved:
		if t.Draft == nil {
			return Ticket{}, bad
		}
		d := *t.Draft
		d.Approved = e.By.ID
		t.Draft = &d
	case DraftRejected:
		t.Extension = undecidedOnly(t.Extension, true)
	case AnsweredBy:
		if e.Into != t.Into || e.Into == "" && !was.Open() {
			return Ticket{}, bad // a ticket of an incident is answered by the incident's answer, others by their own
		}
		t.Answer, t.AnswerN, t.Outcome, t.Reason = e.Text, e.N, e.Outcome, e.Reason
		t.Verdict = nil
		t.Messages++
		t.addFiles(e.Files)
		t.end(e)
	case Messaged:
		if was == Closed && t.Into == "" {
			return Ticket{}, bad // only whose ticket was merged is still told the common answer
		}
		t.Messages++
		t.addFiles(e.Files)
	case Noted, Attached:
		t.addFiles(e.Files)
	case MergedInto:
		if e.Into == "" || e.Into == t.Code || t.Into != "" {
			return Ticket{}, bad
		}
		t.Before = was
		if was == Waiting {
			t.Before = New
		}
		t.Into, t.Outcome, t.Finished = e.Into, Duplicate, e.At
		if e.OK { // its promise runs on until the incident's answer has come
			t.Step, t.StepDue, t.Alarms = "", time.Time{}, nil
			t.Extension = undecidedOnly(t.Extension, false)
		} else {
			t.end(e)
		}
	case Absorbing:
		t.Absorbed = slices.DeleteFunc(slices.Clone(t.Absorbed), func(c Code) bool { return c == e.Into })
		if e.OK {
			t.Absorbed = append(t.Absorbed, e.Into)
		}
		if !e.Due.IsZero() { // an incident is owed when the first of its reporters is
			t.clock(e)
		}
	case Unmerged:
		if !t.Joined() {
			return Ticket{}, bad
		}
		t.Status, t.Before, t.Into, t.Outcome = t.Before, "", "", ""
		t.Ended, t.Finished = time.Time{}, time.Time{}
		t.clock(e)
	case VerdictGiven:
		if t.Outcome == "" || t.Joined() || t.Verdict != nil {
			return Ticket{}, bad
		}
		t.Verdict = &Verdict{OK: e.OK, Comment: e.Text, At: e.At}
		if e.OK {
			t.Status = Closed
			t.end(e)
		} else {
			t.Status, t.Into = New, "" // what did not help her leaves the incident
			t.reopen(e)
			t.Unread++
		}
	case Reopened:
		if t.Joined() {
			return Ticket{}, bad // it lives on in the other one: unmerge first
		}
		t.Into = ""
		t.reopen(e)
	case ClosedBy:
		if e.Outcome != "" {
			t.Outcome, t.Reason = e.Outcome, e.Reason
		}
		if t.Outcome == "" {
			return Ticket{}, bad
		}
		t.end(e)
	case Published:
		if t.Kind.OwnLaw() || t.Visibility != Public || t.Published || t.Answer == "" {
			return Ticket{}, bad
		}
		t.Published = true
	case Unpublished:
		if !t.Published {
			return Ticket{}, bad
		}
		t.Published = false
	case Snoozed:
		if e.Until.IsZero() && t.Snoozed.IsZero() {
			return Ticket{}, bad
		}
		t.Snoozed = e.Until
	case Linked:
		if e.Into == "" || e.Into == t.Code || e.OK == slices.Contains(t.Related, e.Into) {
			return Ticket{}, bad
		}
		t.Related = slices.DeleteFunc(slices.Clone(t.Related), func(c Code) bool { return c == e.Into })
		if e.OK {
			t.Related = append(t.Related, e.Into)
		}
	case Tagged:
		t.Tags = e.Tags
	case AlarmRang:
		if !t.ring(e) {
			return Ticket{}, bad
		}
	case SendAttempted, SendDelivered, SendFailed, SendConfirmed, SendRequeued:
		if !t.deliver(e) {
			return Ticket{}, bad
		}
	}
	if t.Status != was {
		t.Since, t.Snoozed = e.At, time.Time{}
	}
	return t, nil
}

// begin makes the ticket from its first event.
func (t Ticket) begin(e Event) Ticket {
	n := Ticket{
		Code: e.Ticket, First: e.Seq, Version: e.N, Loud: e.N, Status: New,
		Kind: e.MatterKind, Category: e.Category, Area: e.Area, Place: e.Place, Priority: e.Priority,
		Visibility: e.Visibility, Channel: e.Channel, Citizen: e.Citizen, External: e.External,
		Subject: e.Subject, Text: e.Text, Address: e.Address, Location: e.Location,
		Received: e.At, Updated: e.At, Since: e.At, Messages: 1, Unread: 1, Origin: e.Into,
		Agency: e.Agency, Sending: t.Sending, Lang: e.Lang,
	}
	n.LastWords = preview(e.Text)
	n.addFiles(e.Files)
	n.clock(e)
	n.Promised = n.Due
	if e.Kind == Imported {
		n.Unread = 0
		if e.Outcome != "" {
			n.Status, n.Outcome, n.Reason, n.Answer = Closed, e.Outcome, e.Reason, ""
			n.Ended, n.Finished, n.Since = e.Ended, e.Ended, e.Ended
			n.Alarms, n.StepDue, n.Step = nil, time.Time{}, ""
		}
	}
	return n
}

// hear adds the citizen's further words.
func (t *Ticket) hear(e Event) {
	t.Messages++
	if e.Rule == "" {
		t.Unread++
		t.Snoozed = time.Time{}
	}
	t.LastWords = preview(e.Text)
	t.addFiles(e.Files)
	const enough = 4 << 10 // for search; the timeline has all of it
	if len(t.Words)+len(e.Text) < enough {
		t.Words += "\n" + e.Text
	}
	if t.Location == nil {
		t.Location = e.Location
	}
	if t.Area == "" {
		t.Area, t.Place = e.Area, e.Place
	}
}

// clock takes over the dates the desk has worked out. An event that sets none leaves them.
func (t *Ticket) clock(e Event) {
	if !e.Due.IsZero() {
		t.Due = e.Due
	}
	t.Step, t.StepDue = e.Step, e.StepDue
	if e.Alarms != nil {
		t.Alarms = e.Alarms
	}
}

// end stops every clock. The first end stays the one that counts against the promise until the ticket is reopened.
func (t *Ticket) end(e Event) {
	if t.Ended.IsZero() {
		t.Ended = e.At
	}
	if t.Status == Closed {
		t.Finished = e.At
	}
	t.Step, t.StepDue, t.Alarms = "", time.Time{}, e.Alarms
	t.Extension = undecidedOnly(t.Extension, false)
}

func (t *Ticket) reopen(e Event) {
	t.Reopened++
	t.Ended, t.Finished = time.Time{}, time.Time{}
	t.Draft, t.Assignee = nil, ""
	t.Outcome, t.Reason = "", ""
	t.Overdue = 0
	t.clock(e)
}

// ring takes the alarm off the list; false if it is not on it.
func (t *Ticket) ring(e Event) bool {
	if e.Alarm == nil {
		return false
	}
	if e.Alarm.What == WakeUp {
		if t.Snoozed.IsZero() || !t.Snoozed.Equal(e.Alarm.At) {
			return false
		}
		t.Snoozed = time.Time{}
		return true
	}
	i := slices.IndexFunc(t.Alarms, func(a Alarm) bool { return a.What == e.Alarm.What && a.At.Equal(e.Alarm.At) })
	if i < 0 {
		return false
	}
	t.Alarms = slices.Delete(slices.Clone(t.Alarms), i, i+1)
	switch e.Alarm.What {
	case Late:
		t.Overdue = 1
	case LateSenior:
		t.Overdue = 2
	}
	return true
}

func (t *Ticket) addFiles(files []File) {
	fresh := slices.DeleteFunc(slices.Clone(files), func(f File) bool { return t.HasFile(f.ID) })
	t.Files = slices.Concat(t.Files, fresh)
}

// undecidedOnly drops a request nobody has decided: what it asked for has gone.
func undecidedOnly(x *Extension, keep bool) *Extension {
	if x == nil || x.Decided || keep {
		return x
	}
	return nil
}

// preview is the beginning of a message, for lists.
func preview(s string) string {
	const most = 120
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

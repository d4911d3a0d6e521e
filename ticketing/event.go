package ticketing

import (
	"time"
)

// EventKind says what happened.
type EventKind string

// What can happen to a ticket. Beside each: the fields of Event it uses, over Ticket, N, At, By, Kind and Key.
const (
	Received         EventKind = "received"          // all of the matter; Due, StepDue, Alarms; Out: the receipt
	Imported         EventKind = "imported"          // as received, already at its end if Outcome is set; Ended
	Said             EventKind = "said"              // Text, Files: the citizen wrote again; Due, Alarms when it ends waiting; Rule: nobody need read it, why; Field: the button; Out
	Chatted          EventKind = "chatted"           // Text, Rule, Field: said outside any matter, in a lobby; Out: what was answered
	Prompted         EventKind = "prompted"          // Text, Rule: what the guide asked; Out
	Claimed          EventKind = "claimed"           // Assignee ("" lets go)
	Triaged          EventKind = "triaged"           // MatterKind, Category, Area, Place, Priority, Visibility, Lang; Due, StepDue, Alarms
	RoutedTo         EventKind = "routed"            // Agency, Cooperating, Reason, Rule; StepDue, Alarms
	Accepted         EventKind = "accepted"          // Due, Alarms
	Returned         EventKind = "returned"          // Reason, Agency: whose it is instead; StepDue, Alarms
	Asked            EventKind = "asked"             // Text; Out
	ExtensionAsked   EventKind = "extension_asked"   // Until, Reason
	ExtensionDecided EventKind = "extension_decided" // OK, Reason; Due, Alarms
	DraftWritten     EventKind = "drafted"           // Text, Outcome, Reason, Files
	DraftApproved    EventKind = "approved"          //
	DraftRejected    EventKind = "draft_rejected"    // Reason
	AnsweredBy       EventKind = "answered"          // Text, Outcome, Reason, Files, OK: may be published; Alarms; Out; Into: the incident it is the answer of
	Noted            EventKind = "noted"             // Text, Files: internal; Ref: the message she was told by telephone
	Attached         EventKind = "attached"          // Ref: the message; Files: what came with it, fetched later; or Reason: why it could not be
	Messaged         EventKind = "messaged"          // Text, Files: to the citizen; Out
	MergedInto       EventKind = "merged"            // Into: the ticket that leads the incident; OK: its promise runs on (not so in journals before 2026-11-26)
	Absorbing        EventKind = "absorbed"          // Into: the ticket that was merged into this one; OK false: it left again; Due, Step, StepDue, Alarms if the date moves
	Unmerged         EventKind = "unmerged"          // Into: the ticket it was merged into; Due, Alarms
	SplitOff         EventKind = "split"             // Events: which of its messages became a ticket of their own; Into: that ticket
	VerdictGiven     EventKind = "verdict"           // OK, Text; Due, StepDue, Alarms when it reopens
	Reopened         EventKind = "reopened"          // Reason; Due, StepDue, Alarms
	ClosedBy         EventKind = "closed"            // Outcome, Reason; Out
	Published        EventKind = "published"         //
	Unpublished      EventKind = "unpublished"       // Reason
	Snoozed          EventKind = "snoozed"           // Until: out of the queue till then (zero: back at once); Reason
	Tagged           EventKind = "tagged"            // Tags: all it has from now on
	Linked           EventKind = "linked"            // Into: a ticket that has to do with it; OK false: no longer
	Revealed         EventKind = "revealed"          // Field, Reason: who asked to see a contact in full
	AlarmRang        EventKind = "alarm"             // Alarm
	SendAttempted    EventKind = "attempted"         // Ref, Try, Next: when to take it for lost
	SendDelivered    EventKind = "delivered"         // Ref, Try, Receipt
	SendFailed       EventKind = "failed"            // Ref, Try, Reason, Next (zero: for good); Field: it came back after it was delivered
	SendConfirmed    EventKind = "confirmed"         // Ref, Field: the state the platform tells of, arrived or read
	SendRequeued     EventKind = "requeued"          // Ref: a person has one more series of tries made
)

// EventKinds lists them all, in the order of the table in testdata/apply.golden.
var EventKinds = [...]EventKind{
	Received, Imported, Said, Claimed, Triaged, RoutedTo, Accepted, Returned, Asked, ExtensionAsked, ExtensionDecided,
	DraftWritten, DraftApproved, DraftRejected, AnsweredBy, Noted, Attached, Messaged, MergedInto, Absorbing, Unmerged, SplitOff,
	VerdictGiven, Reopened, ClosedBy, Published, Unpublished, Revealed, AlarmRang, SendAttempted, SendDelivered, SendFailed,
	SendConfirmed, SendRequeued, Chatted, Prompted, Snoozed, Tagged, Linked,
}

// Quiet says that a person need not have seen the event to act on the ticket: it is the hotline's own bookkeeping.
func (k EventKind) Quiet() bool {
	switch k {
	case SendAttempted, SendDelivered, SendFailed, SendConfirmed, SendRequeued, Prompted, Revealed, AlarmRang, Absorbing, Attached, Snoozed, Tagged, Linked:
		return true
	}
	return false
}

// sends says that the event is about a message on its way.
func (k EventKind) sends() bool {
	switch k {
	case SendAttempted, SendDelivered, SendFailed, SendConfirmed, SendRequeued:
		return true
	}
	return false
}

// Role is what an actor may be. See rights.go for what each may do.
type Role string

// The roles.
const (
	Citizen       Role = "citizen"
	Operator      Role = "operator"
	Supervisor    Role = "supervisor"
	Officer       Role = "officer"
	Leader        Role = "leader"
	Moderator     Role = "moderator"
	Administrator Role = "administrator"
	Auditor       Role = "auditor"
	Program       Role = "program"
	System        Role = "system"
)

// StaffRoles are those a person with an account can hold.
var StaffRoles = [...]Role{Operator, Supervisor, Officer, Leader, Moderator, Administrator, Auditor}

// Actor is who did it, as written into the journal: an account's id, never a citizen's name or number.
type Actor struct {
	ID     string   `json:"id,omitempty"`
	Role   Role     `json:"role"`
	Agency string   `json:"agency,omitempty"`
	Name   string   `json:"-"` // for display while acting; the journal keeps the id
	Scopes []string `json:"-"` // of a program's token
}

// Outgoing is a message the citizen shall get, on the door she came in by unless Channel says otherwise. The words
// are the event's Text with the phrases around it already set: what is kept is what was sent.
type Outgoing struct {
	Channel Channel  `json:"channel,omitempty"` // "": the ticket's own
	Text    string   `json:"text"`
	Files   []File   `json:"files,omitempty"`
	Choices []Choice `json:"choices,omitempty"`
}

// Choice is a button under a message. Tapping it sends Data back (Incoming.Choice); a door without buttons shows
// numbered lines.
type Choice struct {
	Label string `json:"label"` // at most 20 characters, or Messenger refuses it
	Data  string `json:"data"`  // at most 64 bytes, or Telegram does
}

// Event is one thing that happened to one ticket. It is never changed. (Lawful erasure blanks a payload and leaves
// seq, digest and chain standing: see Store.Blank.)
type Event struct {
	Seq    int64     `json:"seq"`    // place in the journal, dense, from 1; set by the store
	Ticket Code      `json:"ticket"` //
	N      int       `json:"n"`      // place in the ticket, dense, from 1
	At     time.Time `json:"at"`     // UTC, to the millisecond
	By     Actor     `json:"by"`
	Kind   EventKind `json:"kind"`
	Key    string    `json:"key,omitempty"` // makes a repeat harmless; "" has none

	// Print is the fingerprint of the request that wrote it: the same key with another print is a misuse.
	Print string `json:"print,omitempty"`

	MatterKind Kind       `json:"matter_kind,omitempty"`
	Category   string     `json:"category,omitempty"`
	Area       string     `json:"area,omitempty"`
	Place      string     `json:"place,omitempty"`
	Priority   Priority   `json:"priority,omitempty"`
	Visibility Visibility `json:"visibility,omitempty"`
	Channel    Channel    `json:"channel,omitempty"`
	Citizen    CitizenID  `json:"citizen,omitempty"`
	External   string     `json:"external,omitempty"`
	Subject    string     `json:"subject,omitempty"`
	Text       string     `json:"text,omitempty"`
	Original   string     `json:"original,omitempty"` // Text as it came, where normalising changed it
	Lang       string     `json:"lang,omitempty"`     // received: it is written in, "" is Vietnamese; triaged: it is really written in, "" leaves it
	Address    string     `json:"address,omitempty"`
	Location   *Point     `json:"location,omitempty"`
	Consent    string     `json:"consent,omitempty"` // version of the consent text agreed to
	Files      []File     `json:"files,omitempty"`

	Agency      string   `json:"agency,omitempty"`
	Cooperating []string `json:"cooperating,omitempty"`
	Assignee    string   `json:"assignee,omitempty"`
	Rule        string   `json:"rule,omitempty"`
	Reason      string   `json:"reason,omitempty"`
	Outcome     Outcome  `json:"outcome,omitempty"`
	OK          bool     `json:"ok,omitempty"`

	Due     time.Time `json:"due,omitzero"`
	Step    Step      `json:"step,omitempty"`
	StepDue time.Time `json:"step_due,omitzero"`
	Alarms  []Alarm   `json:"alarms,omitzero"` // empty takes all away, nil leaves them
	Alarm   *Alarm    `json:"alarm,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`

	Into   Code     `json:"into,omitempty"`
	Events []int    `json:"events,omitempty"`
	Tags   []string `json:"tags,omitempty"`
	Field  string   `json:"field,omitempty"`

	Out     *Outgoing `json:"out,omitempty"`
	Ref     int       `json:"ref,omitempty"`
	Try     int       `json:"try,omitempty"`
	Next    time.Time `json:"next,omitzero"`
	Receipt string    `json:"receipt,omitempty"`

	Blanked bool `json:"blanked,omitempty"` // its payload was erased by law
}

// Blank is the event with its words, places and files erased and everything that orders, dates or counts the ticket
// left standing, so that a ticket's events can still be applied. Words that were there leave Erased behind.
func (e Event) Blank() Event {
	for _, words := range []*string{&e.Text, &e.Reason} {
		if *words != "" {
			*words = Erased
		}
	}
	if e.Out != nil {
		e.Out = &Outgoing{Text: Erased}
	}
	e.Subject, e.Original, e.Address, e.Place, e.Location, e.Files = "", "", "", "", nil, nil
	e.Blanked = true
	return e
}

// Erased stands where words were erased by law.
const Erased = "[…]"

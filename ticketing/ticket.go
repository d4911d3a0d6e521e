package ticketing

import (
	"fmt"
	"slices"
	"time"
)

// Code is what the citizen holds: 12 characters, unguessable, readable aloud, the last one a check character
// (text.NewCode, text.ParseCode). It names the ticket everywhere.
type Code string

// CitizenID names a person in the vault. It is a keyed hash and says nothing by itself.
type CitizenID string

// Status says who must act next.
type Status string

// The statuses, in the order a report usually takes them.
const (
	New      Status = "new"      // operator
	Routed   Status = "routed"   // agency must accept
	Working  Status = "working"  // agency officer
	Waiting  Status = "waiting"  // citizen must say more; the clock stands
	Drafted  Status = "drafted"  // agency leader must approve
	Review   Status = "review"   // operator must check and send
	Answered Status = "answered" // citizen may give a verdict
	Closed   Status = "closed"   // nobody
)

// Statuses lists them all.
var Statuses = [...]Status{New, Routed, Working, Waiting, Drafted, Review, Answered, Closed}

// OpenStatuses are those in which the citizen is still owed an answer.
var OpenStatuses = []Status{New, Routed, Working, Waiting, Drafted, Review}

// Open says whether the citizen is still owed an answer.
func (s Status) Open() bool { return slices.Contains(OpenStatuses, s) }

// Kind is what sort of contact it is (loại nội dung). Law decides what may be done with each: see rights.go.
type Kind string

// The kinds. Complaint and Denunciation have their own laws (Luật Khiếu nại 2011, Luật Tố cáo 2018) and are never
// handled as reports.
const (
	Report       Kind = "report"       // phản ánh
	Proposal     Kind = "proposal"     // kiến nghị
	Question     Kind = "question"     // hỏi đáp
	Opinion      Kind = "opinion"      // góp ý, khen
	Complaint    Kind = "complaint"    // khiếu nại
	Denunciation Kind = "denunciation" // tố cáo
	Emergency    Kind = "emergency"    // khẩn cấp
	Spam         Kind = "spam"         // rác
	Other        Kind = "other"        // khác
)

// Kinds lists them all.
var Kinds = [...]Kind{Report, Proposal, Question, Opinion, Complaint, Denunciation, Emergency, Spam, Other}

// OwnLaw says whether the kind has a lawful path of its own, outside the hotline.
func (k Kind) OwnLaw() bool { return k == Complaint || k == Denunciation }

// Channel is the door a matter came in by.
type Channel string

// The channels.
const (
	Phone    Channel = "phone"
	Zalo     Channel = "zalo"
	Facebook Channel = "facebook"
	Telegram Channel = "telegram"
	Web      Channel = "web"
	Chat     Channel = "chat"
	Open311  Channel = "open311"
	Email    Channel = "email"
	SMS      Channel = "sms"
	App      Channel = "app"
	Import   Channel = "import"
)

// Channels lists them all.
var Channels = [...]Channel{Phone, Zalo, Facebook, Telegram, Web, Chat, Open311, Email, SMS, App, Import}

// Conversation says whether later messages of the same person by this door belong to her open ticket.
func (c Channel) Conversation() bool {
	return c == Zalo || c == Facebook || c == Telegram || c == Chat || c == SMS
}

// Window is how long after a citizen's last message the platform lets us write: at first for nothing, then at a price or
// by a person only, after that not at all. Zero: it does not close.
//
//	Zalo: 48 h free, 7 days paid (https://developers.zalo.me/docs/official-account/tin-nhan)
//	Messenger: 24 h for anything, 7 days for what a person types (HUMAN_AGENT)
func (c Channel) Window() (easy, last time.Duration) {
	switch c {
	case Zalo:
		return 48 * time.Hour, 7 * 24 * time.Hour
	case Facebook:
		return 24 * time.Hour, 7 * 24 * time.Hour
	}
	return 0, 0
}

// Outcome is how a matter ended. "Forwarded" is not among them: a matter passed on has not ended.
type Outcome string

// The outcomes. Cannot needs a reason and its legal ground, NotOurs says whose it is instead, Duplicate of which,
// Invalid a reason.
const (
	Done          Outcome = "done"
	GaveAnswer    Outcome = "answered"
	Cannot        Outcome = "cannot"
	NotOurs       Outcome = "not_ours"
	Duplicate     Outcome = "duplicate"
	InvalidMatter Outcome = "invalid"
)

// Outcomes lists them all.
var Outcomes = [...]Outcome{Done, GaveAnswer, Cannot, NotOurs, Duplicate, InvalidMatter}

// NeedsReason says whether the outcome must be explained.
func (o Outcome) NeedsReason() bool { return o == Cannot || o == NotOurs || o == InvalidMatter }

// Priority changes the limits. The empty one is normal.
type Priority string

// The priorities.
const (
	Normal  Priority = ""
	Urgent  Priority = "urgent"
	Complex Priority = "complex"
)

// Priorities lists them all.
var Priorities = [...]Priority{Normal, Urgent, Complex}

// Visibility is the sender's choice whether the matter may ever be published. The empty one is private.
type Visibility string

// The visibilities.
const (
	Private Visibility = "private"
	Public  Visibility = "public"
)

// Point is a place on the globe in degrees, WGS 84.
type Point struct {
	Lat float64 `json:"lat"`
	Lng float64 `json:"lng"`
}

// File is an attachment as stored: ID is our own name for it, Name the sender's, kept for display only.
type File struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Type   string `json:"type"` // by content, never by name
	Size   int64  `json:"size"`
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
}

// Picture says whether it may be shown inline: only pictures we encoded ourselves.
func (f File) Picture() bool { return f.Width > 0 }

// Alarm is a moment at which the sweep must act on a ticket.
type Alarm struct {
	At   time.Time `json:"at"`
	What AlarmKind `json:"what"`
}

// AlarmKind says what the sweep does then.
type AlarmKind string

// The alarms.
const (
	StepLate   AlarmKind = "step_late"   // the present step (classify, accept) is past its limit
	Warn70     AlarmKind = "warn_70"     // 70 % of the working time to Due has gone
	Warn24     AlarmKind = "warn_24"     // 24 hours before Due
	Late       AlarmKind = "late"        // Due has passed: the head of the agency is told
	LateSenior AlarmKind = "late_senior" // one working day later: the centre's leaders are told
	AutoClose  AlarmKind = "auto_close"  // answered long ago and no verdict came
	WakeUp     AlarmKind = "wake_up"     // put aside until now
)

// Step is the part of the way the ticket is on; each has its own limit.
type Step string

// The steps.
const (
	Classify Step = "classify"
	Accept   Step = "accept"
	Answer   Step = "answer"
)

// Extension is a request to move Due, and its decision. A pending one moves nothing.
type Extension struct {
	Until     time.Time `json:"until"`
	Reason    string    `json:"reason"`
	By        string    `json:"by"`
	At        time.Time `json:"at"`
	Decided   bool      `json:"decided,omitempty"`
	OK        bool      `json:"ok,omitempty"`
	DecidedBy string    `json:"decided_by,omitempty"`
	Answer    string    `json:"answer,omitempty"`
}

// Draft is an agency's answer before the hotline has sent it.
type Draft struct {
	N        int       `json:"n"` // the event it stands in
	Text     string    `json:"text"`
	Outcome  Outcome   `json:"outcome"`
	Reason   string    `json:"reason,omitempty"`
	Files    []File    `json:"files,omitempty"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Approved string    `json:"approved,omitempty"` // by whom
}

// Verdict is the citizen's own word on the answer.
type Verdict struct {
	OK      bool      `json:"ok"`
	Comment string    `json:"comment,omitempty"`
	At      time.Time `json:"at"`
}

// DeliveryState is how far an outgoing message has come.
type DeliveryState string

// The states of a delivery.
const (
	Queued    DeliveryState = "queued"
	Attempted DeliveryState = "attempted" // claimed by a courier; the answer is not known yet
	Retry     DeliveryState = "retry"     // failed, will be tried again at Next
	Delivered DeliveryState = "delivered" // the platform has it
	Arrived   DeliveryState = "arrived"   // it is on the citizen's device
	Read      DeliveryState = "read"      // she has opened it
	Failed    DeliveryState = "failed"    // for good: a person must reach the citizen
)

// Ticket is one matter a citizen brought up, as it stands after Version events. Only Apply changes one; a store keeps
// it beside the journal and can make it anew from the events at any time.
//
// It holds no name, no number and no channel id of the citizen: those are in the vault under Citizen.
type Ticket struct {
	Code    Code  `json:"code"`
	First   int64 `json:"first"`   // seq of its first event; set by the store
	Version int   `json:"version"` // events applied
	Loud    int   `json:"loud"`    // the last version that a person acting must have seen

	Status     Status     `json:"status"`
	Kind       Kind       `json:"kind"`
	Category   string     `json:"category,omitempty"`
	Area       string     `json:"area,omitempty"` // unit code, package places
	Priority   Priority   `json:"priority,omitempty"`
	Visibility Visibility `json:"visibility,omitempty"`

	Channel   Channel   `json:"channel"`
	Citizen   CitizenID `json:"citizen,omitempty"`
	External  string    `json:"external,omitempty"` // the id in the system it came from
	Subject   string    `json:"subject,omitempty"`
	Text      string    `json:"text"`
	Lang      string    `json:"lang,omitempty"`    // her first words are in (text.Language); "" is Vietnamese
	Address   string    `json:"address,omitempty"` // as the sender wrote it
	Place     string    `json:"place,omitempty"`   // the area's name when it was set
	Location  *Point    `json:"location,omitempty"`
	Words     string    `json:"words,omitempty"` // later words of the citizen, bounded; for search only
	Files     []File    `json:"files,omitempty"`
	Messages  int       `json:"messages,omitempty"` // said by the citizen and told to her
	Unread    int       `json:"unread,omitempty"`   // said by the citizen since staff last acted
	LastWords string    `json:"last_words,omitempty"`

	Agency      string   `json:"agency,omitempty"`
	Cooperating []string `json:"cooperating,omitempty"`
	Assignee    string   `json:"assignee,omitempty"`
	Rule        string   `json:"rule,omitempty"` // the routing rule that proposed the agency

	Received time.Time `json:"received"`
	Updated  time.Time `json:"updated"`
	Since    time.Time `json:"since"`             // of the present status
	Due      time.Time `json:"due,omitzero"`      // the answer is owed by then; an approved extension or waiting moves it
	Promised time.Time `json:"promised,omitzero"` // the first date told; never moves
	Step     Step      `json:"step,omitempty"`
	StepDue  time.Time `json:"step_due,omitzero"`
	Alarms   []Alarm   `json:"alarms,omitempty"` // in order of time
	Overdue  int       `json:"overdue,omitempty"`
	Ended    time.Time `json:"ended,omitzero"` // first answered or closed
	Finished time.Time `json:"closed,omitzero"`

	Before     Status     `json:"before,omitempty"` // what waiting or merging interrupted
	Extension  *Extension `json:"extension,omitempty"`
	Extensions int        `json:"extensions,omitempty"` // granted
	Draft      *Draft     `json:"draft,omitempty"`
	Answer     string     `json:"answer,omitempty"`
	AnswerN    int        `json:"answer_n,omitempty"`
	Outcome    Outcome    `json:"outcome,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	Verdict    *Verdict   `json:"verdict,omitempty"`
	Reopened   int        `json:"reopened,omitempty"`
	Returned   int        `json:"returned,omitempty"`
	Into       Code       `json:"into,omitempty"`     // of an incident: the ticket that leads it; see Joined
	Absorbed   []Code     `json:"absorbed,omitempty"` // leads an incident: the others'
	Origin     Code       `json:"origin,omitempty"`   // split from
	Related    []Code     `json:"related,omitempty"`  // has to do with these; each stays a matter of its own
	Published  bool       `json:"published,omitempty"`
	Tags       []string   `json:"tags,omitempty"`
	Snoozed    time.Time  `json:"snoozed,omitzero"`  // out of the queue until then
	Sending    []Delivery `json:"sending,omitempty"` // unsettled, and the last settled few
}

// Number is what staff say: two digits of the year it was received and the place of its first event in the journal
// (26-011867). It is unique because seq is; it has gaps, because a journal counts events, not tickets.
func (t Ticket) Number() string {
	return fmt.Sprintf("%02d-%06d", t.Received.In(Zone).Year()%100, t.First)
}

// Zone is the time zone of the numbers' year: one zone serves the whole country.
var Zone = time.FixedZone("+07", 7*60*60)

// Concerns says whether the agency handles the ticket or cooperates on it.
func (t Ticket) Concerns(agency string) bool {
	return agency != "" && (t.Agency == agency || slices.Contains(t.Cooperating, agency))
}

// Public says that everybody may see that the ticket is there: the sender wanted it so, and the law lets the kind be
// published.
func (t Ticket) Public() bool {
	return t.Visibility == Public && !t.Kind.OwnLaw() && t.Kind != Spam
}

// NextAlarm is when the sweep must look at the ticket; zero for never.
func (t Ticket) NextAlarm() time.Time {
	a, _ := t.alarm()
	return a.At
}

// alarm is the first to ring; ok is false for none.
func (t Ticket) alarm() (a Alarm, ok bool) {
	if len(t.Alarms) > 0 && t.Status != Waiting {
		a, ok = t.Alarms[0], true
	}
	if !t.Snoozed.IsZero() && (!ok || t.Snoozed.Before(a.At)) {
		a, ok = Alarm{At: t.Snoozed, What: WakeUp}, true
	}
	return a, ok
}

// LateAt says whether, seen at that moment, the first promise was broken.
func (t Ticket) LateAt(now time.Time) bool {
	if t.Promised.IsZero() {
		return false
	}
	if t.Ended.IsZero() {
		return now.After(t.Promised)
	}
	return t.Ended.After(t.Promised)
}

// Joined says that the ticket is one of an incident's and waits for the answer all its reporters get: it is out of the
// queues, and its own promise runs on.
func (t Ticket) Joined() bool { return t.Into != "" && t.Outcome == Duplicate }

// HasFile says whether the file belongs to this ticket.
func (t Ticket) HasFile(id string) bool {
	return slices.ContainsFunc(t.Files, func(f File) bool { return f.ID == id })
}

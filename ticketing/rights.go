package ticketing

import (
	"slices"
	"time"
)

// Verb is what a person or program asks the desk to do with a ticket.
type Verb string

// The verbs.
const (
	Claim           Verb = "claim"
	Triage          Verb = "triage"
	Route           Verb = "route"
	AcceptIt        Verb = "accept"
	Return          Verb = "return"
	Ask             Verb = "ask"
	Extend          Verb = "extend"
	ExtensionDecide Verb = "extension-decide"
	WriteDraft      Verb = "draft"
	Approve         Verb = "approve"
	RejectDraft     Verb = "reject-draft"
	AnswerIt        Verb = "answer"
	Note            Verb = "note"
	Message         Verb = "message"
	Merge           Verb = "merge"
	Unmerge         Verb = "unmerge"
	Split           Verb = "split"
	GiveVerdict     Verb = "verdict"
	Reopen          Verb = "reopen"
	Close           Verb = "close"
	Publish         Verb = "publish"
	Unpublish       Verb = "unpublish"
	Reveal          Verb = "reveal"
	Snooze          Verb = "snooze"
	Tag             Verb = "tag"
	Link            Verb = "link" // to a ticket that has to do with it
	Unlink          Verb = "unlink"
)

// Verbs lists them all, in the order in which a screen offers them.
var Verbs = [...]Verb{
	AnswerIt, Route, AcceptIt, WriteDraft, Approve, RejectDraft, Ask, Message, Triage, Claim, Return, Extend,
	ExtensionDecide, Merge, Unmerge, Split, Link, Unlink, GiveVerdict, Reopen, Close, Publish, Unpublish, Note, Snooze, Tag, Reveal,
}

// Writes is the kind of event the verb writes.
func (v Verb) Writes() EventKind {
	switch v {
	case Claim:
		return Claimed
	case Triage:
		return Triaged
	case Route:
		return RoutedTo
	case AcceptIt:
		return Accepted
	case Return:
		return Returned
	case Ask:
		return Asked
	case Extend:
		return ExtensionAsked
	case ExtensionDecide:
		return ExtensionDecided
	case WriteDraft:
		return DraftWritten
	case Approve:
		return DraftApproved
	case RejectDraft:
		return DraftRejected
	case AnswerIt:
		return AnsweredBy
	case Note:
		return Noted
	case Message:
		return Messaged
	case Merge:
		return MergedInto
	case Unmerge:
		return Unmerged
	case Split:
		return SplitOff
	case GiveVerdict:
		return VerdictGiven
	case Reopen:
		return Reopened
	case Close:
		return ClosedBy
	case Publish:
		return Published
	case Unpublish:
		return Unpublished
	case Reveal:
		return Revealed
	case Snooze:
		return Snoozed
	case Tag:
		return Tagged
	case Link, Unlink:
		return Linked
	}
	return ""
}

// ParseVerb knows the verbs by name.
func ParseVerb(s string) (Verb, bool) {
	v := Verb(s)
	return v, v.Writes() != ""
}

// may is who may use a verb at all. Agency staff only on tickets their agency leads; see May for the rest.
var may = map[Verb][]Role{
	Claim:           {Operator, Supervisor, Officer, Leader},
	Triage:          {Operator, Supervisor},
	Route:           {Operator, Supervisor},
	AcceptIt:        {Officer, Leader},
	Return:          {Officer, Leader},
	Ask:             {Operator, Supervisor, Officer, Leader},
	Extend:          {Officer, Leader},
	ExtensionDecide: {Supervisor},
	WriteDraft:      {Officer, Leader},
	Approve:         {Leader},
	RejectDraft:     {Operator, Supervisor, Leader},
	AnswerIt:        {Operator, Supervisor},
	Note:            {Operator, Supervisor, Officer, Leader, Moderator},
	Message:         {Operator, Supervisor},
	Merge:           {Operator, Supervisor},
	Unmerge:         {Operator, Supervisor},
	Split:           {Operator, Supervisor},
	GiveVerdict:     {Citizen, Operator, Supervisor},
	Reopen:          {Operator, Supervisor},
	Close:           {Operator, Supervisor},
	Publish:         {Moderator},
	Unpublish:       {Moderator, Supervisor},
	Reveal:          {Operator, Supervisor, Officer, Leader},
	Snooze:          {Operator, Supervisor},
	Tag:             {Operator, Supervisor, Moderator},
	Link:            {Operator, Supervisor},
	Unlink:          {Operator, Supervisor},
}

// The scopes a program's token can have.
const (
	ScopeRead   = "tickets:read"
	ScopeWrite  = "tickets:write" // hand in tickets
	ScopeAct    = "tickets:act"   // use verbs, as an operator or, with an agency, as its officer
	ScopeEvents = "events:read"
	ScopeReport = "report:read"
)

// ScopeBoard is the scope of a wall board's link. It is made by NewBoardLink only and goes with no other: what hangs in
// a corridor must open nothing else.
const ScopeBoard = "board:read"

// TokenScopes lists those a program can be given.
var TokenScopes = [...]string{ScopeRead, ScopeWrite, ScopeAct, ScopeEvents, ScopeReport}

// Has says whether a program's token carries the scope; people need none.
func (a Actor) Has(scope string) bool {
	return a.Role != Program || slices.Contains(a.Scopes, scope)
}

// Scope is which tickets the actor may know of.
//
// An agency knows its own and those it cooperates on. A denunciation (Luật Tố cáo 2018, art. 8: the denouncer's
// identity is secret) is for the hotline's own people and the auditor only.
func (a Actor) Scope() Scope {
	switch a.Role {
	case System:
		return Scope{All: true}
	case Operator, Supervisor, Auditor, Administrator:
		return Scope{All: true, Hide: []Kind{Lobby}}
	case Moderator:
		return Scope{All: true, Hide: []Kind{Complaint, Denunciation, Lobby}}
	case Officer, Leader:
		return Scope{Agency: a.Agency, Hide: []Kind{Denunciation}}
	case Program:
		if a.Agency != "" {
			return Scope{Agency: a.Agency, Hide: []Kind{Denunciation}}
		}
		return Scope{All: true, Hide: []Kind{Denunciation, Lobby}}
	}
	return Scope{}
}

// Holds says whether the ticket lies in the scope.
func (s Scope) Holds(t Ticket) bool {
	if slices.Contains(s.Hide, t.Kind) {
		return false
	}
	return s.All || t.Concerns(s.Agency)
}

// Sees says whether the actor may know of the ticket. What one may not see is answered as "not found".
func (a Actor) Sees(t Ticket) bool { return a.Scope().Holds(t) }

// Staff says whether it is a person who works here.
func (r Role) Staff() bool { return r != "" && r != Citizen && r != Program && r != System }

// asPerson is the role whose verbs a program with the right scope may use.
func (a Actor) asPerson() Role {
	if a.Role != Program {
		return a.Role
	}
	switch {
	case !a.Has(ScopeAct):
		return Program
	case a.Agency != "":
		return Officer
	}
	return Operator
}

// Refusal is why the actor may not use the verb on the ticket as it stands, or nil. It asks nothing about the order
// of things: Apply does.
func (a Actor) Refusal(v Verb, t Ticket) error {
	role := a.asPerson()
	if !slices.Contains(may[v], role) {
		return forbidden("error.role", v)
	}
	if role == Officer || role == Leader {
		if t.Agency != a.Agency && v != Note {
			return forbidden("error.lead_only")
		}
	}
	switch v {
	case Approve:
		if t.Draft != nil && t.Draft.By == a.ID {
			return forbidden("error.own_draft")
		}
	case RejectDraft:
		if t.Status == Review && role == Leader {
			return forbidden("error.with_hotline")
		}
		if t.Status == Drafted && role != Leader {
			return forbidden("error.with_agency")
		}
	case ExtensionDecide:
		if t.Extension != nil && t.Extension.By == a.ID {
			return forbidden("error.own_request")
		}
	case Route, Publish:
		if t.Kind.OwnLaw() {
			return &Error{Class: Invalid, Key: LawfulPath(t.Kind)}
		}
		if v == Route && t.Kind == Spam {
			return invalid("kind", "error.spam_route")
		}
	}
	return nil
}

// LawfulPath is the key of the sentence that tells the citizen where a matter with a law of its own must go; "" for
// the others. Complaint: Luật Khiếu nại 2011, art. 8 (a signed petition, or in person). Denunciation: Luật Tố cáo
// 2018, art. 22 (petition or in person; name, address and handwriting are kept secret).
func LawfulPath(k Kind) string {
	switch k {
	case Complaint:
		return "law.complaint"
	case Denunciation:
		return "law.denunciation"
	}
	return ""
}

// Allowed lists the verbs the actor could use on the ticket now, in the order of Verbs: rights and order both asked.
// Screens show their buttons from it.
func (a Actor) Allowed(t Ticket) []Verb {
	var out []Verb
	for _, v := range Verbs {
		if a.Refusal(v, t) == nil && possible(v, t) {
			out = append(out, v)
		}
	}
	return out
}

// possible tries the verb's event on the ticket and drops the result.
func possible(v Verb, t Ticket) bool {
	e := Event{Ticket: t.Code, N: t.Version + 1, Kind: v.Writes(), At: t.Updated, Outcome: t.Outcome, MatterKind: t.Kind}
	switch v {
	case Close:
		e.Outcome = InvalidMatter
	case Merge:
		e.Into = "?"
	case Link:
		e.Into, e.OK = "?", true
	case Unlink:
		if len(t.Related) > 0 {
			e.Into = t.Related[0]
		}
	case Snooze:
		e.Until = t.Updated.Add(time.Hour)
	}
	_, err := t.Apply(e)
	return err == nil
}

package ticketing

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"time"
	"unicode/utf8"

	"hotline1022/ticketing/text"
)

// Files keeps attachments under names of our own. See package attachments.
type Files interface {
	// Save checks, cleans and stores one file; the bytes are durable when it returns. A refusal is an *Error.
	Save(ctx context.Context, r io.Reader, name string) (File, error)
	// Open reads a file back. ErrNotFound.
	Open(ctx context.Context, id string) (io.ReadSeekCloser, error)
}

// Desk is where people and programs act on tickets. Each verb is: may the actor, does it follow (Apply), write it
// (Append), and the store rings the bell.
type Desk struct {
	Store   Store
	Vault   *Vault
	Files   Files
	Catalog *Catalogs
	Now     func() time.Time
	Log     *slog.Logger
	BaseURL string // what citizens see, without a slash at the end

	Carries  func(Channel) bool // says which channels have a way out; nil: none but conversations
	ByNumber Channel            // a channel that reaches whoever has a telephone number, if one does
}

// now is the moment an event is written with.
func (d *Desk) now() time.Time { return d.Now().UTC().Truncate(time.Millisecond) }

// TrackURL is the page where a citizen follows her ticket.
func (d *Desk) TrackURL(code Code) string { return d.BaseURL + "/t/" + string(code) }

// Command is a verb with its particulars. Which fields a verb uses is said beside them.
type Command struct {
	Verb    Verb
	Version int    // what the actor has seen; 0 for a program that does not care
	Key     string // Idempotency-Key, already made the actor's own; "" has none
	Print   string // fingerprint of the request

	Text        string     // ask, draft, answer, note, message, verdict
	Reason      string     // route, return, extend, extension-decide, reject-draft, reopen, close, unpublish, reveal; with an outcome that needs one
	Kind        Kind       // triage; "" keeps
	Category    *string    // triage; nil keeps
	Area        *string    // triage; nil keeps
	Priority    *Priority  // triage; nil keeps
	Visibility  Visibility // triage; "" keeps
	Lang        string     // triage: of text.Languages; "" keeps
	Agency      string     // route; return: whose it is instead
	Cooperating []string   // route
	Rule        string     // route: the rule whose suggestion was taken
	Until       time.Time  // extend; snooze: zero wakes it
	Tags        []string   // tag: to be added
	Untag       []string   // tag: to be taken away
	OK          bool       // extension-decide, verdict
	Outcome     Outcome    // draft, answer, close
	Publish     bool       // answer
	Files       []File     // draft, answer, note, message
	Into        Code       // merge
	Events      []int      // split
	Assignee    *string    // claim: nil is oneself, "" lets go
	Field       string     // reveal: phone or email
	Ref         int        // note: the message she was told by telephone
	Window      string     // of a person: where it was typed, if its words were kept meanwhile (KeepUnsent)
}

// Do carries out a verb. Answers: the ticket after it; *Error with Class NotFound where the actor may not know of
// the ticket, Forbidden where the role may not, Invalid where words are missing or the order forbids it, Conflict
// with the ticket as it stands now where somebody was first.
func (d *Desk) Do(ctx context.Context, by Actor, code Code, cmd Command) (Ticket, error) {
	if cmd.Key != "" {
		if e, err := d.Store.ByKey(ctx, cmd.Key); err == nil {
			return d.done(ctx, by, code, e, cmd)
		} else if !errors.Is(err, ErrNotFound) {
			return Ticket{}, storeError("looking for a repeat", err)
		}
	}
	const tries = 32 // each lost to somebody who wrote in between; where the version counts, a loud event ends it
	for range tries {
		t, err := d.Ticket(ctx, by, code)
		if err != nil {
			return Ticket{}, err
		}
		if cmd.Version != 0 && cmd.Version < t.Loud {
			return t, &Error{Class: Conflict, Key: "error.conflict"}
		}
		e, err := d.command(ctx, by, t, cmd)
		if err != nil {
			return t, err
		}
		after, err := t.Apply(e)
		if err != nil {
			return t, orderError(err)
		}
		with, err := d.mentions(ctx, after, e)
		if err != nil {
			return t, err
		}
		spoken, err := d.spoken(ctx, after, e)
		if err != nil {
			return t, err
		}
		stored, err := d.Store.Append(ctx, e, after, slices.Concat(with, spoken, d.calls(after, e))...)
		switch {
		case errors.Is(err, ErrDuplicate):
			return d.done(ctx, by, code, stored, cmd)
		case errors.Is(err, ErrConflict):
			continue
		case err != nil:
			return t, storeError("storing what was done", err)
		}
		if e.Kind == MergedInto || e.Kind == Unmerged || e.Kind == SplitOff || e.Kind == Linked || e.Into != "" && (e.Kind == VerdictGiven || e.Kind == Reopened) {
			// At once for the screen; the follower does it again after a crash, or if it fails here.
			if err := d.carryOver(ctx, stored); err != nil && ctx.Err() == nil {
				d.notCarried(stored, err)
			}
		}
		d.forgetDone(ctx, t, after)
		d.forgetSent(ctx, by, code, cmd)
		return after, nil
	}
	t, err := d.Ticket(ctx, by, code)
	return t, cmp.Or(err, error(&Error{Class: Conflict, Key: "error.conflict"}))
}

// done answers a repeated command with the ticket as it stands. Who wrote the event under a key of its own gets its
// answer, also where the command took the ticket out of its sight (return).
func (d *Desk) done(ctx context.Context, by Actor, code Code, e Event, cmd Command) (Ticket, error) {
	if e.Ticket != code || e.Kind != cmd.Verb.Writes() || e.By.ID != by.ID || e.Print != cmd.Print {
		return Ticket{}, invalid("idempotency_key", "error.key_reused")
	}
	t, err := d.Store.Ticket(ctx, code)
	return t, storeError("reading the ticket", err)
}

// Ticket is one ticket, if the actor may know of it.
func (d *Desk) Ticket(ctx context.Context, by Actor, code Code) (Ticket, error) {
	t, err := d.Store.Ticket(ctx, code)
	if err != nil {
		return Ticket{}, storeError("reading the ticket", err)
	}
	if !by.Sees(t) || !by.Has(ScopeRead) && !by.Has(ScopeAct) {
		return Ticket{}, notFound()
	}
	return t, nil
}

// Timeline is what happened to the ticket. Agencies do not see the hotline's own notes, and nobody but the auditor
// sees who looked at the citizen's number.
func (d *Desk) Timeline(ctx context.Context, by Actor, t Ticket) ([]Event, error) {
	if !by.Sees(t) {
		return nil, notFound()
	}
	events, err := d.Store.Timeline(ctx, t.Code, 0)
	if err != nil {
		return nil, storeError("reading the timeline", err)
	}
	return slices.DeleteFunc(events, func(e Event) bool { return !by.SeesEvent(t, e) }), nil
}

// SeesEvent says whether the actor may know of the event, given that she may know of the ticket.
func (a Actor) SeesEvent(t Ticket, e Event) bool {
	agency := a.Scope().Agency
	switch {
	case a.Role == Citizen:
		return !e.internal()
	case e.Kind == Revealed:
		return a.Role == Auditor || a.Role == Supervisor || a.Role == Administrator
	case agency == "":
		return true
	case e.Kind == Snoozed, e.Kind == Tagged, e.Kind == Linked: // how the hotline keeps its own lists
		return false
	case e.Kind == Noted: // internal notes are the writer's side's: the hotline's, or one agency's
		return e.By.Agency == agency
	}
	return true
}

// internal says that the event is not for the citizen.
func (e Event) internal() bool {
	switch e.Kind {
	case Noted, Claimed, ExtensionAsked, DraftWritten, DraftApproved, DraftRejected, Revealed, AlarmRang, SendAttempted, SendFailed, SendRequeued, Absorbing, SplitOff, Snoozed, Tagged, Linked:
		return true
	case Attached:
		return len(e.Files) == 0 // why a file could not be fetched is for operators
	}
	return false
}

// List is a page of what the actor may see.
func (d *Desk) List(ctx context.Context, by Actor, f Filter) (Page, error) {
	f.Scope = by.Scope()
	if !by.Has(ScopeRead) {
		return Page{}, forbidden("error.scope", ScopeRead)
	}
	page, err := d.Store.List(ctx, f)
	return page, storeError("listing tickets", err)
}

// Count is how many the actor may see.
func (d *Desk) Count(ctx context.Context, by Actor, f Filter) (int, error) {
	f.Scope = by.Scope()
	if !by.Has(ScopeRead) {
		return 0, forbidden("error.scope", ScopeRead)
	}
	n, err := d.Store.Count(ctx, f)
	return n, storeError("counting tickets", err)
}

// event is the beginning of what happens next to t.
func (d *Desk) event(t Ticket, by Actor, kind EventKind) Event {
	return Event{Ticket: t.Code, N: t.Version + 1, At: d.now(), By: by, Kind: kind}
}

func orderError(err error) error {
	var order *OrderError
	if errors.As(err, &order) {
		return &Error{Class: Invalid, Key: "error.order", Err: err}
	}
	return err
}

// command checks rights and words and makes the verb's event.
func (d *Desk) command(ctx context.Context, by Actor, t Ticket, cmd Command) (Event, error) {
	kind := cmd.Verb.Writes()
	if kind == "" {
		return Event{}, invalid("verb", "error.verb", cmd.Verb)
	}
	if err := by.Refusal(cmd.Verb, t); err != nil {
		return Event{}, err
	}
	e := d.event(t, by, kind)
	e.Key, e.Print = cmd.Key, cmd.Print
	e.Text, e.Reason, e.Files = text.NFC(cmd.Text), text.NFC(cmd.Reason), cmd.Files
	if utf8.RuneCountInString(e.Text) > maxText {
		return e, invalid("text", "error.too_long", maxText)
	}
	if utf8.RuneCountInString(e.Reason) > maxText {
		return e, invalid("reason", "error.too_long", maxText)
	}
	if err := filled(by, cmd.Verb, e.Text); err != nil {
		return e, err
	}
	if _, err := t.Apply(d.trial(e, cmd)); err != nil {
		return e, orderError(err) // before asking for words: what cannot be done needs none
	}
	return e, d.particulars(ctx, by, t, cmd, &e)
}

// trial is the event with the fields that decide whether it may follow.
func (d *Desk) trial(e Event, cmd Command) Event {
	e.MatterKind, e.Into, e.Outcome, e.Until = cmd.Kind, cmd.Into, cmd.Outcome, cmd.Until
	switch {
	case e.Kind == MergedInto:
		e.Into = "?"
	case cmd.Verb == Link:
		e.Into, e.OK = "?", true
	}
	if e.Kind == ClosedBy && e.Outcome == "" {
		e.Outcome = InvalidMatter
	}
	return e
}

// particulars fills in what the verb needs beyond its words.
func (d *Desk) particulars(ctx context.Context, by Actor, t Ticket, cmd Command, e *Event) error {
	cat := d.Catalog.Current()
	switch cmd.Verb {
	case Claim:
		e.Assignee = by.ID
		if cmd.Assignee != nil {
			e.Assignee = *cmd.Assignee
		}
	case Triage:
		return d.triage(cat, t, cmd, e)
	case Route:
		return d.route(cat, t, cmd, e)
	case AcceptIt:
		e.Assignee = by.ID
		cat.clocks(t, Answer, e.At, t.Due).set(e)
	case Return:
		return d.giveBack(cat, t, cmd, e)
	case Ask, Message:
		if e.Text == "" && len(e.Files) == 0 {
			return invalid("text", "error.text_empty")
		}
		var err error
		e.Out, err = d.out(ctx, t, cmd.Verb, e.Text, e.Files)
		return err
	case Note:
		if e.Text == "" && len(e.Files) == 0 {
			return invalid("text", "error.text_empty")
		}
		e.Ref = cmd.Ref
	case Extend:
		return d.extend(cat, t, cmd, e)
	case ExtensionDecide:
		e.OK = cmd.OK
		if !e.OK && e.Reason == "" {
			return invalid("reason", "error.reason")
		}
		if e.OK {
			cat.clocks(t, Answer, e.At, t.Extension.Until).set(e)
		}
	case WriteDraft, AnswerIt:
		return d.write(ctx, t, cmd, e)
	case Merge:
		return d.merge(ctx, by, t, cmd, e)
	case Unmerge:
		e.Into = t.Into
		d.separate(t, e)
	case Split:
		return d.split(ctx, t, cmd, e)
	case GiveVerdict:
		e.OK, e.Into = cmd.OK, t.Into
		if !e.OK {
			cat.clocks(t, Classify, e.At, cat.promise(t, e.At)).set(e)
		}
	case Reopen:
		if e.Reason == "" {
			return invalid("reason", "error.reason")
		}
		e.Into = t.Into
		cat.clocks(t, Classify, e.At, cat.promise(t, e.At)).set(e)
	case Close:
		return d.close(t, cmd, e)
	case Unpublish, RejectDraft:
		if e.Reason == "" {
			return invalid("reason", "error.reason")
		}
	case Snooze:
		return d.snooze(t, cmd, e)
	case Tag:
		return tag(t, cmd, e)
	case Link, Unlink:
		return d.relate(ctx, by, t, cmd, e)
	case Reveal:
		e.Field = cmd.Field
		if e.Field != "phone" && e.Field != "email" {
			return invalid("field", "error.reveal_field")
		}
		if e.Reason == "" {
			return invalid("reason", "error.reason")
		}
	}
	return nil
}

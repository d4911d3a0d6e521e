package ticketing

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hotline1022/ticketing/text"
)

// kindUnsent: id is STAFF/TICKET/VERB of what somebody has typed and not sent. The document is sealed under that id, so
// that it opens for no other person, ticket or verb. One version is kept; sending erases it.
const kindUnsent = "unsent"

const (
	unsentAge  = 30 * 24 * time.Hour // longer nobody remembers what it was about
	mostUnsent = 200                 // tickets in the list of one person
	mostAside  = 3                   // texts of her other windows
)

// UnsentVerbs are the verbs whose words are kept while they are typed, in the order a screen offers them.
var UnsentVerbs = [...]Verb{AnswerIt, WriteDraft, Ask, Message, Note}

// Unsent is what a person has typed for a ticket and not sent yet.
type Unsent struct {
	Ticket  Code      `json:"-"`
	Verb    Verb      `json:"-"`
	At      time.Time `json:"-"`
	Mark    string    `json:"mark"`             // names this saving; new with each
	Window  string    `json:"window,omitempty"` // which of her windows it was typed in
	Text    string    `json:"text,omitempty"`
	Outcome Outcome   `json:"outcome,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Aside   []Aside   `json:"aside,omitempty"` // what her other windows had when this was saved over it, newest first
	Drop    bool      `json:"-"`               // of a save: forget what was put aside
}

// Aside is a text that another window had.
type Aside struct {
	Window string    `json:"window"`
	At     time.Time `json:"at"`
	Text   string    `json:"text"`
}

// Empty says that nothing is typed. An outcome alone is not worth keeping.
func (u Unsent) Empty() bool {
	return strings.TrimSpace(u.Text) == "" && strings.TrimSpace(u.Reason) == ""
}

func unsentID(by Actor, code Code, verb Verb) string {
	return by.ID + "/" + string(code) + "/" + string(verb)
}

// KeepUnsent keeps what the actor has typed; base is the Mark of what her window began from ("" if that was nothing).
//
// Where another of her windows has saved something else meanwhile, the newer text wins, the older one is put aside and
// told stands for it. What is empty is not stored, and takes away what this window had; it never takes another window's.
// What has just been sent does not come back: then the answer is empty. Errors: NotFound, Forbidden, Invalid.
func (d *Desk) KeepUnsent(ctx context.Context, by Actor, u Unsent, base string) (kept Unsent, told bool, err error) {
	t, err := d.Ticket(ctx, by, u.Ticket)
	switch {
	case err != nil:
		return Unsent{}, false, err
	case by.ID == "" || !by.Role.Staff() || !slices.Contains(UnsentVerbs[:], u.Verb) || !slices.Contains(may[u.Verb], by.Role):
		return Unsent{}, false, forbidden("error.role", u.Verb)
	case utf8.RuneCountInString(u.Text) > maxText || utf8.RuneCountInString(u.Reason) > maxText:
		return Unsent{}, false, invalid("text", "error.too_long", maxText)
	}
	for range 8 {
		kept, told, err = d.keepOnce(ctx, by, t, u, base)
		if !errors.Is(err, ErrConflict) {
			return kept, told, storeError("keeping what was typed", err)
		}
	}
	return Unsent{}, false, &Error{Class: Busy, Key: "error.busy", Err: err}
}

func (d *Desk) keepOnce(ctx context.Context, by Actor, t Ticket, u Unsent, base string) (Unsent, bool, error) {
	id := unsentID(by, u.Ticket, u.Verb)
	was, version, err := d.readUnsent(ctx, id)
	if err != nil {
		return Unsent{}, false, err
	}
	if (base == "" || was.Mark != base) && !u.Empty() { // it may have been overtaken by the sending
		events, err := d.Store.Timeline(ctx, t.Code, max(0, t.Version-8))
		if err != nil {
			return Unsent{}, false, err
		}
		u.At = d.now().Add(-time.Minute)
		if u.sent(by, events) {
			return was, false, nil
		}
	}
	foreign := was.Mark != "" && was.Mark != base && was.Window != u.Window && !was.Empty()
	differs := foreign && text.NFC(was.Text) != text.NFC(u.Text)
	if u.Empty() && foreign {
		return was, true, nil
	}
	next := u
	next.Mark, next.At = newMark(), d.now()
	if u.Drop {
		was.Aside = nil
	}
	taken := func(a Aside) bool { return a.Text == u.Text } // it stands in the box again
	next.Aside = aside(u.Aside, slices.DeleteFunc(was.Aside, taken), u.Window)
	if differs {
		next.Aside = aside([]Aside{{was.Window, was.At, was.Text}}, next.Aside, u.Window)
	}
	if next.Empty() && len(next.Aside) == 0 {
		return Unsent{}, false, d.Store.Erase(ctx, kindUnsent, id, 0)
	}
	if err := d.putUnsent(ctx, by, id, version+1, next); err != nil {
		return Unsent{}, false, err
	}
	return next, differs, nil
}

// aside puts fresh texts before those that are there: one for each window but the one that writes.
func aside(fresh, old []Aside, writing string) (out []Aside) {
	for _, a := range slices.Concat(fresh, old) {
		known := slices.ContainsFunc(out, func(o Aside) bool { return o.Window == a.Window || o.Text == a.Text })
		if a.Window != writing && strings.TrimSpace(a.Text) != "" && !known && len(out) < mostAside {
			out = append(out, a)
		}
	}
	return out
}

func newMark() string {
	var raw [6]byte
	rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}

func (d *Desk) putUnsent(ctx context.Context, by Actor, id string, version int, u Unsent) error {
	plain, err := json.Marshal(u)
	if err != nil {
		return err
	}
	doc, err := json.Marshal(d.Vault.Seal(kindUnsent+":"+id, plain))
	if err != nil {
		return err
	}
	if err := d.Store.Put(ctx, Record{Kind: kindUnsent, ID: id, Version: version, At: u.At, By: by.ID, Doc: doc}); err != nil {
		return err
	}
	if version > 1 {
		return d.Store.Erase(ctx, kindUnsent, id, version)
	}
	return nil
}

// readUnsent is the zero Unsent where nothing is kept, or where it is too old.
func (d *Desk) readUnsent(ctx context.Context, id string) (Unsent, int, error) {
	r, err := d.Store.Get(ctx, kindUnsent, id)
	if errors.Is(err, ErrNotFound) {
		return Unsent{}, 0, nil
	}
	if err != nil {
		return Unsent{}, 0, err
	}
	if d.now().Sub(r.At) > unsentAge {
		return Unsent{}, r.Version, nil
	}
	u, err := d.openUnsent(r)
	return u, r.Version, err
}

func (d *Desk) openUnsent(r Record) (Unsent, error) {
	var box []byte
	if err := json.Unmarshal(r.Doc, &box); err != nil {
		return Unsent{}, fmt.Errorf("what was typed, %s: %w", r.ID, err)
	}
	plain, err := d.Vault.Unseal(kindUnsent+":"+r.ID, box)
	if err != nil {
		return Unsent{}, err
	}
	parts := strings.Split(r.ID, "/")
	if len(parts) != 3 {
		return Unsent{}, fmt.Errorf("what was typed has the id %q", r.ID)
	}
	u := Unsent{Ticket: Code(parts[1]), Verb: Verb(parts[2]), At: r.At}
	if err := json.NewDecoder(bytes.NewReader(plain)).Decode(&u); err != nil {
		return Unsent{}, fmt.Errorf("what was typed, %s: %w", r.ID, err)
	}
	return u, nil
}

// sent says that the words went out after they were kept: a crash came before they were erased.
func (u Unsent) sent(by Actor, events []Event) bool {
	return slices.ContainsFunc(events, func(e Event) bool {
		return e.By.ID == by.ID && e.Kind == u.Verb.Writes() && !e.At.Before(u.At) && e.Text == text.NFC(u.Text)
	})
}

// UnsentOf is what the actor has typed for one ticket, the latest first. events are the ticket's: what stands in them
// has been sent.
func (d *Desk) UnsentOf(ctx context.Context, by Actor, t Ticket, events []Event) ([]Unsent, error) {
	if by.ID == "" || !by.Sees(t) {
		return nil, nil
	}
	all, err := d.allUnsent(ctx, by.ID+"/"+string(t.Code)+"/")
	all = slices.DeleteFunc(all, func(u Unsent) bool { return len(u.Aside) == 0 && u.sent(by, events) })
	return all, err
}

func (d *Desk) allUnsent(ctx context.Context, prefix string) ([]Unsent, error) {
	rs, err := d.Store.All(ctx, kindUnsent, prefix)
	if err != nil {
		return nil, storeError("reading what was typed", err)
	}
	var out []Unsent
	for _, r := range rs {
		if d.now().Sub(r.At) > unsentAge {
			continue
		}
		u, err := d.openUnsent(r)
		if err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	slices.SortStableFunc(out, func(a, b Unsent) int { return b.At.Compare(a.At) })
	return out, nil
}

// WithUnsent are the tickets for which the actor has typed something, the latest first. A ticket that is not hers to
// see any more is left out; her words wait until it is, or until they are too old.
func (d *Desk) WithUnsent(ctx context.Context, by Actor) ([]Ticket, error) {
	if by.ID == "" {
		return nil, nil
	}
	all, err := d.allUnsent(ctx, by.ID+"/")
	if err != nil {
		return nil, err
	}
	codes := make([]Code, len(all))
	for i, u := range all {
		codes[i] = u.Ticket
	}
	return d.seen(ctx, by, codes)
}

// seen are the tickets of the codes that the actor may know of, each once, at most mostUnsent.
func (d *Desk) seen(ctx context.Context, by Actor, codes []Code) (out []Ticket, err error) {
	known := map[Code]bool{}
	for _, code := range codes {
		if known[code] || len(out) == mostUnsent {
			continue
		}
		known[code] = true
		t, err := d.Ticket(ctx, by, code)
		if ClassOf(err) == NotFound && err != nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// forgetSent erases what the command has sent. A text that another window put aside stays to be looked at.
func (d *Desk) forgetSent(ctx context.Context, by Actor, code Code, cmd Command) {
	if by.ID == "" || !by.Role.Staff() || !slices.Contains(UnsentVerbs[:], cmd.Verb) {
		return
	}
	id := unsentID(by, code, cmd.Verb)
	was, version, err := d.readUnsent(ctx, id)
	if err == nil && version > 0 {
		left := Unsent{Mark: newMark(), At: d.now(), Aside: slices.DeleteFunc(was.Aside, func(a Aside) bool { return text.NFC(a.Text) == text.NFC(cmd.Text) })}
		if was.Window != cmd.Window && text.NFC(was.Text) != text.NFC(cmd.Text) {
			left.Aside = aside([]Aside{{was.Window, was.At, was.Text}}, left.Aside, "")
		}
		if len(left.Aside) > 0 {
			err = d.putUnsent(ctx, by, id, version+1, left)
		} else {
			err = d.Store.Erase(ctx, kindUnsent, id, 0)
		}
	}
	if err != nil && ctx.Err() == nil {
		d.Log.Warn("what was sent is still kept as unsent", "ticket", code, "err", err) // UnsentOf knows it again
	}
}

// ForgetOld erases what was typed so long ago that nobody will send it.
func (d *Desk) ForgetOld(ctx context.Context) error {
	rs, err := d.Store.All(ctx, kindUnsent, "")
	if err != nil {
		return storeError("listing what was typed", err)
	}
	for _, r := range rs {
		if d.now().Sub(r.At) <= unsentAge {
			continue
		}
		if err := d.Store.Erase(ctx, kindUnsent, r.ID, 0); err != nil {
			return storeError("forgetting what was typed", err)
		}
	}
	return nil
}

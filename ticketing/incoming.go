package ticketing

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"math"
	"net/mail"
	"time"
	"unicode/utf8"

	"hotline1022/ticketing/routing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// Incoming is what a channel hands to the desk: one message or one filled-in form.
type Incoming struct {
	Key   string // makes a repeat harmless: the platform's message id with the channel's name before it; "" has none
	Print string // fingerprint of the request, where a key may be misused (API, import)

	Channel Channel
	From    Contact   // who wrote, on a conversation's channel
	At      time.Time // when it was received, if not now (imports); never in the future

	Kind       Kind // "" is Other on conversations (an operator classifies), else Report
	Subject    string
	Text       string
	Quote      string // what she replies to: it stands before Text for who reads it, and is nothing she said
	Category   string
	Area       string
	Address    string
	Location   *Point
	Choice     string // the Data of the button she tapped, if she tapped one; Text is then its label
	Files      []File
	Fetch      []Fetch // attachments to be fetched by address afterwards; needs Key
	Priority   Priority
	Visibility Visibility
	External   string
	Consent    string

	Name, Phone, Email string
	Lang               string

	written     string // what the words are in (text.Language); "" is Vietnamese, or nobody knows
	Into        Code   // the ticket it answers, as the door has proven: joined if it is the sender's and not closed
	Anonymous   bool   // the sender chose so; the rules decide whether it may be
	Apart       bool   // a ticket of its own, even on a conversation's channel
	Contactable bool   // a door that demands a name and a number unless anonymous (the public form)
	NoReceipt   bool   // the door allows one message and that is the answer, or it is not ours to write on

	// Of a matter that another system already ended (imports).
	Agency  string
	Outcome Outcome
	Reason  string
	Ended   time.Time
}

// shown is what people read.
func (in Incoming) shown() string {
	if in.Quote == "" {
		return in.Text
	}
	return in.Quote + "\n" + in.Text
}

// Receipt is what became of an Incoming.
type Receipt struct {
	Ticket   Ticket
	Event    Event
	Repeated bool // it was there already
	Joined   bool // it joined an open ticket

	// On a conversation's channel Ticket may be of kind Lobby: the message was no matter, and has been answered.
}

// The most a field may hold, in characters.
const (
	maxText    = 10_000
	maxSubject = 200
	maxAddress = 300
	maxName    = 120
	maxFiles   = 10
)

// Receive takes a matter in. It is durable when Receive returns; a repeat (same Key) is answered with what is there.
// On a conversation's channel the message joins the person's open ticket, and what is no matter opens none.
func (d *Desk) Receive(ctx context.Context, by Actor, in Incoming) (Receipt, error) {
	if by.Role == Program && !by.Has(ScopeWrite) {
		return Receipt{}, forbidden("error.scope", ScopeWrite)
	}
	if err := d.clean(&in); err != nil {
		return Receipt{}, err
	}
	contact, person, err := d.sender(in)
	if err != nil {
		return Receipt{}, err
	}
	var citizen CitizenID
	var vault []Record
	if contact != (Contact{}) {
		if citizen, err = d.Vault.Identify(ctx, contact); err != nil {
			return Receipt{}, storeError("looking up the sender", err)
		}
		r, learnt, err := d.Vault.Merge(ctx, citizen, person, by.ID)
		if err != nil {
			return Receipt{}, storeError("reading the vault", err)
		}
		if learnt {
			vault = append(vault, r)
		}
	}
	fetch, err := d.toFetch(in)
	if err != nil {
		return Receipt{}, err
	}
	vault = append(vault, fetch...)
	if in.Into != "" {
		if r, ok, err := d.into(ctx, by, in, citizen, vault); ok || err != nil {
			return r, err
		}
	}
	if in.Channel.Conversation() && citizen != "" && !in.Apart {
		return d.converse(ctx, by, in, citizen, vault)
	}
	var raw [16]byte
	rand.Read(raw[:])
	code, err := text.NewCode(bytes.NewReader(raw[:]))
	if err != nil {
		return Receipt{}, err
	}
	return d.open(ctx, by, in, citizen, Code(code), reply{}, vault)
}

// join adds the message to an open ticket. ErrConflict: read it again.
func (d *Desk) join(ctx context.Context, by Actor, in Incoming, t Ticket, a reply, vault []Record) (Receipt, error) {
	cat := d.Catalog.Current()
	e := d.event(t, by, Said)
	e.Key, e.Print = in.Key, in.Print
	e.Channel, e.Text, e.Files, e.Location, e.Address, e.Consent = in.Channel, in.shown(), in.Files, in.Location, in.Address, in.Consent
	e.Area, e.Rule, e.Field, e.Out = in.Area, a.rule, a.field, a.out
	if u, ok := cat.Atlas.Unit(in.Area); ok {
		e.Place = u.FullName
	}
	if t.Status == Waiting && a.rule == "" {
		due := cat.resumed(t, e.At)
		step := Answer
		if t.Before == New {
			step = Classify
		}
		cat.clocks(t, step, e.At, due).set(&e)
	}
	after, err := t.Apply(e)
	if err != nil {
		return Receipt{}, orderError(err)
	}
	stored, err := d.Store.Append(ctx, e, after, vault...)
	switch {
	case errors.Is(err, ErrDuplicate):
		return d.repeated(ctx, stored, in)
	case errors.Is(err, ErrConflict):
		return Receipt{}, ErrConflict
	case err != nil:
		return Receipt{}, storeError("storing the message", err)
	}
	return Receipt{Ticket: after, Event: stored, Joined: true}, nil
}

// open begins a ticket.
func (d *Desk) open(ctx context.Context, by Actor, in Incoming, citizen CitizenID, code Code, a reply, vault []Record) (Receipt, error) {
	cat := d.Catalog.Current()
	e := Event{
		Ticket: code, N: 1, At: d.now(), By: by, Kind: Received, Key: in.Key, Print: in.Print,
		MatterKind: in.Kind, Category: in.Category, Area: in.Area, Priority: in.Priority, Visibility: in.Visibility,
		Channel: in.Channel, Citizen: citizen, External: in.External, Subject: in.Subject, Text: in.shown(),
		Address: in.Address, Location: in.Location, Files: in.Files, Consent: in.Consent, Field: a.field,
		Agency: in.Agency, Outcome: in.Outcome, Reason: in.Reason, Ended: in.Ended, Lang: in.written,
	}
	if in.Channel == Import {
		e.Kind = Imported
	}
	if !in.At.IsZero() {
		e.At = in.At.UTC().Truncate(time.Millisecond)
	}
	if u, ok := cat.Atlas.Unit(in.Area); ok {
		e.Place = u.FullName
	}
	t := Ticket{Kind: in.Kind, Category: in.Category, Priority: in.Priority, Received: e.At}
	if e.Kind == Imported {
		e.Due = cat.promise(t, e.At)
	} else {
		match, ok := cat.raising.Match(routing.Question{Kind: string(in.Kind), Category: in.Category, Area: in.Area, Text: in.Subject + "\n" + in.Text + "\n" + in.Address, On: e.At})
		if ok && Priority(match.Priority) == Urgent && e.Priority == Normal {
			e.Priority, t.Priority = Urgent, Urgent // a rule may only raise it
		}
		cat.clocks(t, Classify, e.At, cat.promise(t, e.At)).set(&e)
	}
	if d.answers(in.Channel) && citizen != "" && !in.NoReceipt {
		e.Out = &Outgoing{Text: words.T(in.Lang, "receipt.chat", text.ShowCode(string(code)), d.TrackURL(code))}
		if a.out != nil {
			e.Out.Text, e.Out.Choices = a.out.Text+"\n\n"+e.Out.Text, a.out.Choices
		}
	}
	after, err := Ticket{}.Apply(e)
	if err != nil {
		return Receipt{}, orderError(err)
	}
	stored, err := d.Store.Append(ctx, e, after, vault...)
	switch {
	case errors.Is(err, ErrDuplicate):
		return d.repeated(ctx, stored, in)
	case errors.Is(err, ErrConflict):
		return Receipt{}, ErrConflict
	case err != nil:
		return Receipt{}, storeError("storing the ticket", err)
	}
	after.First = stored.Seq
	return Receipt{Ticket: after, Event: stored}, nil
}

// repeated answers a repeat with what is there; the same key with another request is a misuse.
func (d *Desk) repeated(ctx context.Context, e Event, in Incoming) (Receipt, error) {
	if in.Print != "" && e.Print != in.Print {
		return Receipt{}, invalid("idempotency_key", "error.key_reused")
	}
	t, err := d.Store.Ticket(ctx, e.Ticket)
	if err != nil {
		return Receipt{}, storeError("reading the ticket", err)
	}
	return Receipt{Ticket: t, Event: e, Repeated: true, Joined: e.Kind == Said}, nil
}

// clean checks and normalises what came in. Everything wrong is a sentence for the sender.
func (d *Desk) clean(in *Incoming) error {
	cat := d.Catalog.Current()
	in.Subject, in.Text = text.NFC(in.Subject), text.NFC(in.Text)
	in.Address, in.Name = text.NFC(in.Address), text.NFC(in.Name)
	in.External, in.Reason = text.NFC(in.External), text.NFC(in.Reason)
	in.Lang = words.Lang(in.Lang)
	if in.Channel != Import {
		if in.written = text.Foreign(text.Language(in.Subject + "\n" + in.Text)); in.written != "" {
			in.Lang = words.English // the other one we speak
		}
	}
	if in.Kind == "" {
		in.Kind = Report
		if in.Channel.Conversation() {
			in.Kind = Other
		}
	}
	switch {
	case !known(Kinds[:], in.Kind):
		return invalid("kind", "error.kind", in.Kind)
	case !known(Channels[:], in.Channel):
		return invalid("channel", "error.channel", in.Channel)
	case !known(Priorities[:], in.Priority):
		return invalid("priority", "error.priority", in.Priority)
	case in.Visibility != "" && in.Visibility != Private && in.Visibility != Public:
		return invalid("visibility", "error.visibility")
	case in.Text == "" && in.Subject == "" && len(in.Files) == 0 && in.Location == nil:
		return invalid("text", "error.text_empty")
	case utf8.RuneCountInString(in.Text) > maxText:
		return invalid("text", "error.too_long", maxText)
	case utf8.RuneCountInString(in.Subject) > maxSubject:
		return invalid("subject", "error.too_long", maxSubject)
	case utf8.RuneCountInString(in.Address) > maxAddress:
		return invalid("address", "error.too_long", maxAddress)
	case utf8.RuneCountInString(in.Name) > maxName:
		return invalid("name", "error.too_long", maxName)
	case len(in.Files) > maxFiles:
		return invalid("files", "error.too_many_files", maxFiles)
	case in.At.After(d.Now().Add(time.Minute)):
		return invalid("received_at", "error.future")
	case in.Outcome != "" && !known(Outcomes[:], in.Outcome):
		return invalid("outcome", "error.outcome", in.Outcome)
	}
	if in.Visibility == "" || in.Kind.OwnLaw() {
		in.Visibility = Private
	}
	if in.Category != "" {
		if c, ok := cat.Categories[in.Category]; !ok || c.Off {
			return invalid("category", "error.category", in.Category)
		}
	}
	return d.cleanPlace(cat, in)
}

func (d *Desk) cleanPlace(cat *Catalog, in *Incoming) error {
	if p := in.Location; p != nil {
		if math.IsNaN(p.Lat) || math.IsNaN(p.Lng) || math.Abs(p.Lat) > 90 || math.Abs(p.Lng) > 180 {
			return invalid("location", "error.location")
		}
		if in.Area == "" {
			if u, ok := cat.Atlas.Locate(p.Lat, p.Lng); ok {
				in.Area = u.Code
			}
		}
	}
	if in.Area == "" && in.Channel.Conversation() {
		in.Area, _ = cat.placeIn(in.Text, d.now())
	}
	if in.Area != "" {
		if _, ok := cat.Atlas.Unit(in.Area); !ok {
			return invalid("area", "error.area", in.Area)
		}
	}
	return nil
}

// sender is the contact a message is known by, and what it tells of the person.
func (d *Desk) sender(in Incoming) (Contact, Person, error) {
	p := Person{Name: in.Name, Lang: in.Lang}
	contact := in.From
	if contact != (Contact{}) {
		p.At = map[Channel]string{contact.Channel: contact.ID}
	}
	if in.Anonymous {
		if in.Contactable && !d.mayBeAnonymous(in) {
			return Contact{}, Person{}, invalid("anonymous", "error.anonymous")
		}
		return Contact{}, Person{}, nil
	}
	if in.Phone != "" {
		ph, err := text.ParsePhone(in.Phone)
		if err != nil || ph.Short() && in.Contactable {
			return Contact{}, Person{}, invalid("phone", "error.phone")
		}
		p.Phone = ph.E164()
		contact = cmp.Or(contact, PhoneContact(ph))
	}
	if in.Email != "" {
		a, err := mail.ParseAddress(in.Email)
		if err != nil || a.Address != in.Email {
			return Contact{}, Person{}, invalid("email", "error.email")
		}
		p.Email = in.Email
		contact = cmp.Or(contact, Contact{Channel: Email, ID: in.Email})
	}
	if in.Contactable {
		switch {
		case in.Name == "":
			return Contact{}, Person{}, invalid("name", "error.name")
		case in.Phone == "":
			return Contact{}, Person{}, invalid("phone", "error.phone_missing")
		}
	}
	if contact == (Contact{}) && in.Name != "" { // a name alone: a person nobody can find again
		var raw [12]byte
		rand.Read(raw[:])
		contact = Contact{Channel: in.Channel, ID: "once:" + hex.EncodeToString(raw[:])}
	}
	return contact, p, nil
}

// mayBeAnonymous: urgent matters need no name (practice of the 1022 centres); else the category says.
func (d *Desk) mayBeAnonymous(in Incoming) bool {
	return in.Kind == Emergency || in.Kind == Question || d.Catalog.Current().Categories[in.Category].Anonymous
}

func known[T comparable](all []T, v T) bool {
	for _, x := range all {
		if x == v {
			return true
		}
	}
	return false
}

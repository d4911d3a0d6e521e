package ticketing

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hotline1022/ticketing/text"
)

// kindWorkLink: id is LINK, doc a WorkLink. kindLinkOf: id is TICKET/LINK; it is there so that a ticket finds its links.
const (
	kindWorkLink = "work_link"
	kindLinkOf   = "work_link_of"
)

// WorkLink lets somebody of an agency who has no account work on one ticket: an officer to accept, answer, give back;
// a leader to approve. It holds while the ticket lies with the agency as it did when the link was made: passed on,
// given back or reopened, it is dead; it also ends by its date or when taken back. Who first opens it says her name.
type WorkLink struct {
	ID      string    `json:"id"`
	Hash    []byte    `json:"hash"`
	Ticket  Code      `json:"ticket"`
	Agency  string    `json:"agency"`
	Role    Role      `json:"role"`           // Officer or Leader
	Since   int       `json:"since"`          // the ticket's version it was made at
	For     string    `json:"for"`            // whom it was given to, as its maker wrote
	Name    string    `json:"name,omitempty"` // who opened it, in her own words
	By      string    `json:"by"`
	Made    time.Time `json:"made"`
	Expires time.Time `json:"expires"`
	Off     bool      `json:"off,omitempty"`
}

// Actor is who works by the link.
func (l WorkLink) Actor() Actor {
	return Actor{ID: workLinkMark + l.ID, Role: l.Role, Agency: l.Agency, Name: l.Name}
}

// workLinkMark leads the id of an actor who has no account. No account's name has a colon.
const workLinkMark = "link:"

// WorkLinkVerbs are what may be done by a link.
var WorkLinkVerbs = []Verb{AcceptIt, WriteDraft, Return, Ask, Extend, Approve, RejectDraft, Note}

const (
	usualLink   = 7 * 24 * time.Hour
	longestLink = 30 * 24 * time.Hour
)

// MakeWorkLink makes a link for the agency that has the ticket. The token is shown once and kept nowhere. life 0 is a
// week. The hotline's people may, and the agency's leader for her own.
func (d *Desk) MakeWorkLink(ctx context.Context, by Actor, code Code, role Role, whom string, life time.Duration) (token string, err error) {
	t, err := d.Ticket(ctx, by, code)
	if err != nil {
		return "", err
	}
	whom = strings.Join(strings.Fields(text.NFC(whom)), " ")
	hotline := by.Role == Operator || by.Role == Supervisor
	switch {
	case !hotline && (by.Role != Leader || by.Agency != t.Agency):
		return "", forbidden("link.may_not")
	case role != Officer && role != Leader:
		return "", invalid("role", "link.role")
	case t.Agency == "" || t.Status != Routed && t.Status != Working && t.Status != Waiting && t.Status != Drafted || t.Kind.OwnLaw():
		return "", invalid("", "link.not_now")
	case whom == "" || utf8.RuneCountInString(whom) > maxName:
		return "", invalid("for", "link.for")
	case life < 0 || life > longestLink:
		return "", invalid("life", "link.life", int(longestLink.Hours()/24))
	case life == 0:
		life = usualLink
	}
	raw := make([]byte, 30)
	rand.Read(raw)
	id, secret := base64.RawURLEncoding.EncodeToString(raw[:9]), base64.RawURLEncoding.EncodeToString(raw[9:])
	sum := sha256.Sum256([]byte(secret))
	l := WorkLink{ID: id, Hash: sum[:], Ticket: code, Agency: t.Agency, Role: role, Since: t.Version, For: whom, By: by.ID, Made: d.now(), Expires: d.now().Add(life)}
	if err := d.putLink(ctx, by.ID, l, 1); err != nil {
		return "", err
	}
	return id + secret, nil
}

func (d *Desk) putLink(ctx context.Context, by string, l WorkLink, version int) error {
	doc, err := json.Marshal(l)
	if err != nil {
		return err
	}
	records := []Record{{Kind: kindWorkLink, ID: l.ID, Version: version, At: d.now(), By: by, Doc: doc}}
	if version == 1 {
		records = append(records, Record{Kind: kindLinkOf, ID: string(l.Ticket) + "/" + l.ID, Version: 1, At: d.now(), By: by, Doc: []byte("{}")})
	}
	return storeError("keeping the link", d.Store.Put(ctx, records...))
}

func (d *Desk) link(ctx context.Context, id string) (l WorkLink, version int, err error) {
	r, err := d.Store.Get(ctx, kindWorkLink, id)
	if err != nil {
		return l, 0, storeError("reading the link", err)
	}
	if err := json.Unmarshal(r.Doc, &l); err != nil {
		return l, 0, fmt.Errorf("work link %s: %w", id, err)
	}
	return l, r.Version, nil
}

// OpenWorkLink is what the token opens, now. Whatever is wrong with it is answered the same: NotFound.
func (d *Desk) OpenWorkLink(ctx context.Context, token string) (WorkLink, Ticket, error) {
	const idLength = 12
	if len(token) != idLength+28 {
		return WorkLink{}, Ticket{}, notFound()
	}
	l, _, err := d.link(ctx, token[:idLength])
	if err != nil {
		return WorkLink{}, Ticket{}, err
	}
	sum := sha256.Sum256([]byte(token[idLength:]))
	if subtle.ConstantTimeCompare(sum[:], l.Hash) != 1 {
		return WorkLink{}, Ticket{}, notFound()
	}
	t, alive, err := d.alive(ctx, l)
	if err == nil && !alive {
		err = notFound()
	}
	if err != nil {
		return WorkLink{}, Ticket{}, err
	}
	return l, t, nil
}

// alive says whether the link still opens its ticket.
func (d *Desk) alive(ctx context.Context, l WorkLink) (Ticket, bool, error) {
	if l.Off || !d.now().Before(l.Expires) {
		return Ticket{}, false, nil
	}
	t, err := d.Store.Ticket(ctx, l.Ticket)
	if errors.Is(err, ErrNotFound) {
		return Ticket{}, false, nil
	}
	if err != nil {
		return Ticket{}, false, storeError("reading the ticket", err)
	}
	if t.Agency != l.Agency || !l.Actor().Sees(t) {
		return t, false, nil
	}
	events, err := d.Store.Timeline(ctx, l.Ticket, l.Since)
	if err != nil {
		return t, false, storeError("reading the timeline", err)
	}
	gone := slices.ContainsFunc(events, func(e Event) bool {
		return e.Kind == RoutedTo || e.Kind == Returned || e.Kind == Reopened || e.Kind == VerdictGiven && !e.OK || e.Kind == MergedInto
	})
	return t, !gone, nil
}

// NameWorkLink keeps who works by the link: the first to say so. Her acts stand in the journal by the link's id.
func (d *Desk) NameWorkLink(ctx context.Context, token, name string) error {
	l, _, err := d.OpenWorkLink(ctx, token)
	if err != nil {
		return err
	}
	name = strings.Join(strings.Fields(text.NFC(name)), " ")
	if name == "" || utf8.RuneCountInString(name) > maxName {
		return invalid("name", "link.name")
	}
	_, version, err := d.link(ctx, l.ID)
	if err != nil || l.Name != "" {
		return err
	}
	l.Name = name
	if err = d.putLink(ctx, l.Actor().ID, l, version+1); errors.Is(err, ErrConflict) {
		return nil // somebody else was first
	}
	return err
}

// WorkLinks are those made for the ticket that still open it, the latest first.
func (d *Desk) WorkLinks(ctx context.Context, by Actor, t Ticket) ([]WorkLink, error) {
	if !by.Sees(t) || by.Role != Operator && by.Role != Supervisor && (by.Role != Leader || by.Agency != t.Agency) {
		return nil, nil
	}
	rs, err := d.Store.All(ctx, kindLinkOf, string(t.Code)+"/")
	if err != nil {
		return nil, storeError("listing links", err)
	}
	var out []WorkLink
	for _, r := range rs {
		_, id, _ := strings.Cut(r.ID, "/")
		l, _, err := d.link(ctx, id)
		if err != nil {
			return nil, err
		}
		if _, alive, err := d.alive(ctx, l); err != nil {
			return nil, err
		} else if alive {
			l.Hash = nil
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b WorkLink) int { return b.Made.Compare(a.Made) })
	return out, nil
}

// EndWorkLink takes a link back.
func (d *Desk) EndWorkLink(ctx context.Context, by Actor, code Code, id string) error {
	t, err := d.Ticket(ctx, by, code)
	if err != nil {
		return err
	}
	if by.Role != Operator && by.Role != Supervisor && (by.Role != Leader || by.Agency != t.Agency) {
		return forbidden("link.may_not")
	}
	for range 5 {
		l, version, err := d.link(ctx, id)
		if err != nil {
			return err
		}
		if l.Ticket != code {
			return notFound()
		}
		if l.Off {
			return nil
		}
		l.Off = true
		if err = d.putLink(ctx, by.ID, l, version+1); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return &Error{Class: Conflict, Key: "error.conflict"}
}

// WorkLinkName is what stands for an actor who worked by a link: the name she gave, else whom the link was given to.
// ok is false for an actor with an account.
func (d *Desk) WorkLinkName(ctx context.Context, id string) (name string, ok bool, err error) {
	link, ok := strings.CutPrefix(id, workLinkMark)
	if !ok {
		return "", false, nil
	}
	l, _, err := d.link(ctx, link)
	if ClassOf(err) == NotFound && err != nil {
		return id, true, nil
	}
	return cmp.Or(l.Name, l.For), true, err
}

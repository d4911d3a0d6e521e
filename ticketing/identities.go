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
)

// An identity is who somebody is at another sign-in service (OpenID Connect). It is named by issuer and subject and by
// nothing else: an e-mail address may be another's tomorrow, or anybody's who wrote it into his profile.
const (
	kindIdentity   = "identity"   // id: hash of issuer and subject
	kindInvitation = "invitation" // id: the account's

	invitationLife = 72 * time.Hour
)

// Identity is a link from there to an account here.
type Identity struct {
	ID      string    `json:"-"`
	Staff   string    `json:"staff"`
	Issuer  string    `json:"issuer"`
	Subject string    `json:"subject"`
	Since   time.Time `json:"since"`
}

type invitation struct {
	Hash    []byte    `json:"hash"`
	Epoch   int       `json:"epoch,omitempty"` // signing out everywhere ends it too
	Expires time.Time `json:"expires"`
}

var (
	errIdentity   = &Error{Class: Forbidden, Key: "error.identity_unknown"}
	errInvitation = &Error{Class: NotFound, Key: "error.invitation_over"}
)

func identityID(issuer, subject string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s%s", len(issuer), issuer, subject))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// SignInAs goes on for somebody whom another service has vouched for. Unknown there, unlinked here and switched off
// are answered the same: class Forbidden.
func (a *Accounts) SignInAs(ctx context.Context, issuer, subject string, k Knock) (Entry, error) {
	r, err := a.Records.Get(ctx, kindIdentity, identityID(issuer, subject))
	if errors.Is(err, ErrNotFound) || err == nil && r.Deleted() {
		return Entry{}, errIdentity
	} else if err != nil {
		return Entry{}, storeError("reading the identity", err)
	}
	var i Identity
	if err := json.Unmarshal(r.Doc, &i); err != nil {
		return Entry{}, fmt.Errorf("identity %s: %w", r.ID, err)
	}
	s, err := a.Staff(ctx, i.Staff)
	if errors.Is(err, ErrNotFound) || err == nil && s.Off || i.Issuer != issuer || i.Subject != subject {
		return Entry{}, errIdentity
	} else if err != nil {
		return Entry{}, storeError("reading the account", err)
	}
	return a.enter(ctx, s, k)
}

// Link makes the identity the signed-in person's. Class Conflict if it is somebody's already.
func (a *Accounts) Link(ctx context.Context, of Session, issuer, subject string) error {
	s, err := a.Staff(ctx, of.Staff)
	if err != nil {
		return storeError("reading the account", err)
	}
	r, err := a.identity(ctx, s, issuer, subject)
	if err != nil || r.Version == 0 {
		return err
	}
	note, err := a.noteRecord(ctx, s.Actor(), s.ID, "linked")
	if err != nil {
		return err
	}
	return linked(a.Records.Put(ctx, r, note))
}

func linked(err error) error {
	if errors.Is(err, ErrConflict) {
		return &Error{Class: Conflict, Key: "error.identity_taken", Err: err}
	}
	return storeError("linking the identity", err)
}

// identity is the record that links; version 0 where it is linked so already.
func (a *Accounts) identity(ctx context.Context, s Staff, issuer, subject string) (Record, error) {
	id := identityID(issuer, subject)
	now, err := a.Records.Get(ctx, kindIdentity, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return now, storeError("reading the identity", err)
	}
	if err == nil && !now.Deleted() {
		var i Identity
		if err := json.Unmarshal(now.Doc, &i); err != nil || i.Staff != s.ID {
			return now, &Error{Class: Conflict, Key: "error.identity_taken", Err: err}
		}
		return Record{}, nil
	}
	doc, err := json.Marshal(Identity{Staff: s.ID, Issuer: issuer, Subject: subject, Since: a.Now().UTC()})
	return Record{Kind: kindIdentity, ID: id, Version: now.Version + 1, At: a.Now().UTC(), By: s.ID, Doc: doc}, err
}

// Identities lists the person's, the oldest first.
func (a *Accounts) Identities(ctx context.Context, staff string) ([]Identity, error) {
	rs, err := a.Records.All(ctx, kindIdentity, "")
	if err != nil {
		return nil, storeError("listing identities", err)
	}
	var out []Identity
	for _, r := range rs {
		var i Identity
		if json.Unmarshal(r.Doc, &i) == nil && i.Staff == staff {
			i.ID = r.ID
			out = append(out, i)
		}
	}
	slices.SortFunc(out, func(x, y Identity) int { return cmp.Or(x.Since.Compare(y.Since), cmp.Compare(x.ID, y.ID)) })
	return out, nil
}

// Unlink takes a link away. Who has no password keeps the last one: she could not come in any more.
func (a *Accounts) Unlink(ctx context.Context, of Session, id string) error {
	all, err := a.Identities(ctx, of.Staff)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(i Identity) bool { return i.ID == id }) {
		return notFound()
	}
	s, err := a.Staff(ctx, of.Staff)
	if err != nil {
		return storeError("reading the account", err)
	}
	if s.Password == "" && len(all) == 1 {
		return invalid("", "error.identity_last")
	}
	r, err := a.next(ctx, kindIdentity, id, of.Staff, nil)
	if err != nil {
		return err
	}
	note, err := a.noteRecord(ctx, s.Actor(), s.ID, "unlinked")
	if err != nil {
		return err
	}
	return storeError("taking the link away", a.Records.Put(ctx, r, note))
}

// Invite makes a one-time key with which its holder links an identity to the account. The one before is over.
func (a *Accounts) Invite(ctx context.Context, by Actor, id string) (key string, err error) {
	if err := mayChangeSettings(by); err != nil {
		return "", err
	}
	s, err := a.Staff(ctx, id)
	if err != nil {
		return "", storeError("reading the account", err)
	}
	if s.Off {
		return "", invalid("", "error.invitation_off")
	}
	raw := make([]byte, 24)
	rand.Read(raw)
	secret := base64.RawURLEncoding.EncodeToString(raw)
	r, err := a.next(ctx, kindInvitation, id, by.ID, invitation{invitationHash(id, secret), s.Epoch, a.Now().UTC().Add(invitationLife)})
	if err != nil {
		return "", err
	}
	note, err := a.noteRecord(ctx, by, id, "invited")
	if err != nil {
		return "", err
	}
	return id + "." + secret, storeError("inviting", a.Records.Put(ctx, r, note))
}

func invitationHash(staff, secret string) []byte {
	sum := sha256.Sum256([]byte(staff + "\x00" + secret))
	return sum[:]
}

// Invited is whose account the key links. Class NotFound when it is used, replaced, expired or wrong.
func (a *Accounts) Invited(ctx context.Context, key string) (Staff, error) {
	s, _, err := a.invited(ctx, key)
	return s, err
}

func (a *Accounts) invited(ctx context.Context, key string) (Staff, Record, error) {
	dot := strings.LastIndexByte(key, '.')
	if dot < 1 || len(key) > 200 {
		return Staff{}, Record{}, errInvitation
	}
	r, err := a.Records.Get(ctx, kindInvitation, key[:dot])
	if errors.Is(err, ErrNotFound) || err == nil && r.Deleted() {
		return Staff{}, r, errInvitation
	} else if err != nil {
		return Staff{}, r, storeError("reading the invitation", err)
	}
	var i invitation
	if err := json.Unmarshal(r.Doc, &i); err != nil {
		return Staff{}, r, fmt.Errorf("invitation of %q: %w", r.ID, err)
	}
	if subtle.ConstantTimeCompare(i.Hash, invitationHash(key[:dot], key[dot+1:])) != 1 || a.Now().After(i.Expires) {
		return Staff{}, r, errInvitation
	}
	s, err := a.Staff(ctx, key[:dot])
	if errors.Is(err, ErrNotFound) || err == nil && (s.Off || s.Epoch != i.Epoch) {
		return s, r, errInvitation
	}
	return s, r, storeError("reading the account", err)
}

// Accept links the identity by the key, which is used up, and goes on signing in. A first password that nobody but
// its maker has known ends with it: from now on she comes in by the link.
func (a *Accounts) Accept(ctx context.Context, key, issuer, subject string, k Knock) (Entry, error) {
	s, r, err := a.invited(ctx, key)
	if err != nil {
		return Entry{}, err
	}
	link, err := a.identity(ctx, s, issuer, subject)
	if err != nil {
		return Entry{}, err
	}
	note, err := a.noteRecord(ctx, s.Actor(), s.ID, "linked")
	if err != nil {
		return Entry{}, err
	}
	used := Record{Kind: kindInvitation, ID: r.ID, Version: r.Version + 1, At: a.Now().UTC(), By: s.ID, Doc: json.RawMessage("null")}
	batch := []Record{used, note} // the key first: where records go one by one, of two who hold it one goes on
	if link.Version > 0 {
		batch = []Record{used, link, note}
	}
	if err := a.Records.Put(ctx, batch...); errors.Is(err, ErrConflict) {
		return Entry{}, errInvitation
	} else if err != nil {
		return Entry{}, storeError("accepting the invitation", err)
	}
	if s.Change {
		err = a.Change(ctx, s.ID, s.ID, func(s *Staff) error {
			if s.Change {
				s.Password, s.Change = "", false
				s.Epoch++
			}
			return nil
		})
		if err != nil {
			return Entry{}, err
		}
	}
	return a.SignInAs(ctx, issuer, subject, k)
}

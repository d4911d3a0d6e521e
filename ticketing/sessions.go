package ticketing

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Session is one sign-in on one device.
type Session struct {
	ID      string    `json:"-"`
	Staff   string    `json:"staff"`
	Role    Role      `json:"role"`
	Agency  string    `json:"agency,omitempty"`
	Epoch   int       `json:"epoch,omitempty"`
	Began   time.Time `json:"began"`
	Seen    time.Time `json:"seen"`
	IP      string    `json:"ip,omitempty"`
	Browser string    `json:"browser,omitempty"`
	Second  bool      `json:"second,omitempty"` // a code was shown

	Owes Owed `json:"-"` // what its owner must do before it opens anything else
}

// Owed is what a person has to do first.
type Owed string

// What can be owed.
const (
	OwesNothing  Owed = ""
	OwesPassword Owed = "password" // choose a password of her own
	OwesSecond   Owed = "second"   // set up a second factor, which administrators demand of her role
)

const (
	kindSession = "session"

	sessionLife = 12 * time.Hour   // a shift and some
	sessionIdle = 2 * time.Hour    //
	sessionNote = 10 * time.Minute // how exactly Seen is kept: each note is a version
)

// begin makes a session: the one place where a cookie of a session comes from.
func (a *Accounts) begin(ctx context.Context, s Staff, k Knock, second bool) (Entry, error) {
	raw := make([]byte, 32)
	rand.Read(raw)
	secret := base64.RawURLEncoding.EncodeToString(raw)
	now := a.Now().UTC()
	doc, err := json.Marshal(Session{Staff: s.ID, Role: s.Role, Agency: s.Agency, Epoch: s.Epoch, Began: now, Seen: now, IP: k.IP, Browser: cut(k.Browser, 200), Second: second})
	if err != nil {
		return Entry{}, err
	}
	id := sessionID(s.ID, secret)
	if err := a.Records.Put(ctx, Record{Kind: kindSession, ID: id, Version: 1, At: now, By: s.ID, Doc: doc}); err != nil {
		return Entry{}, storeError("beginning the session", err)
	}
	return Entry{Staff: s, Token: s.ID + ":" + secret, Known: a.remember(s.ID, k.Known), Owes: a.owes(s)}, nil
}

// Session is whose the token is, with the account as it stands now. A changed role, agency or password, an account
// switched off, a second factor the session has not shown and an ended session all answer ErrNotFound. Where
// Session.Owes is set, it is good for paying that debt and for nothing else.
func (a *Accounts) Session(ctx context.Context, token string) (Session, Staff, error) {
	name, secret, ok := strings.Cut(token, ":")
	if !ok || len(token) > 300 {
		return Session{}, Staff{}, ErrNotFound
	}
	return a.session(ctx, name, sessionID(name, secret))
}

// StillGood looks again at a session known by its id, for sockets that live long. One whose owner has come to owe
// something is not good any more.
func (a *Accounts) StillGood(ctx context.Context, id string) (Session, Staff, error) {
	name, _, _ := strings.Cut(id, "/")
	s, staff, err := a.session(ctx, name, id)
	if err == nil && s.Owes != OwesNothing {
		err = ErrNotFound
	}
	return s, staff, err
}

func (a *Accounts) session(ctx context.Context, name, id string) (Session, Staff, error) {
	r, err := a.Records.Get(ctx, kindSession, id)
	if err != nil {
		return Session{}, Staff{}, err
	}
	var s Session
	if r.Deleted() {
		return Session{}, Staff{}, ErrNotFound
	}
	if err := json.Unmarshal(r.Doc, &s); err != nil {
		return Session{}, Staff{}, fmt.Errorf("session record: %w", err)
	}
	s.ID = id
	staff, err := a.Staff(ctx, name)
	if err != nil {
		return Session{}, Staff{}, err
	}
	now := a.Now().UTC()
	if !s.good(staff, now) {
		return Session{}, Staff{}, ErrNotFound
	}
	s.Owes = a.owes(staff)
	if now.Sub(s.Seen) > sessionNote {
		s.Seen = now
		if doc, err := json.Marshal(s); err == nil {
			// Lost to another request of the same session: its note is as good.
			if a.Records.Put(ctx, Record{Kind: kindSession, ID: id, Version: r.Version + 1, At: now, By: name, Doc: doc}) == nil {
				_ = a.Records.Erase(ctx, kindSession, id, r.Version+1)
			}
		}
	}
	return s, staff, nil
}

// good says whether the session lives, for the account as it is now.
func (s Session) good(staff Staff, now time.Time) bool {
	old := now.Sub(s.Began) > sessionLife || now.Sub(s.Seen) > sessionIdle || s.Seen.Sub(now) > sessionIdle
	changed := staff.Off || staff.Epoch != s.Epoch || staff.Role != s.Role || staff.Agency != s.Agency
	return !old && !changed && (s.Second || staff.Second.IsZero())
}

func (a *Accounts) owes(s Staff) Owed {
	switch {
	case s.Change:
		return OwesPassword
	case s.Second.IsZero() && a.Demands(s.Role):
		return OwesSecond
	}
	return OwesNothing
}

// Sessions lists the person's living sessions, the latest first. What is dead is erased on the way.
func (a *Accounts) Sessions(ctx context.Context, staff string) ([]Session, error) {
	account, err := a.Staff(ctx, staff)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	rs, err := a.Records.All(ctx, kindSession, staff+"/")
	if err != nil {
		return nil, err
	}
	now := a.Now()
	var out []Session
	for _, r := range rs {
		var s Session
		if json.Unmarshal(r.Doc, &s) != nil {
			continue
		}
		if s.ID = r.ID; !s.good(account, now) {
			_ = a.Records.Erase(ctx, kindSession, r.ID, 0) // another time, then
			continue
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(x, y Session) int { return y.Began.Compare(x.Began) })
	return out, nil
}

// SignOut ends one session.
func (a *Accounts) SignOut(ctx context.Context, id string) error {
	err := a.Records.Erase(ctx, kindSession, id, 0)
	name, _, _ := strings.Cut(id, "/")
	a.tell(name, id)
	return err
}

// SignOutEverywhere ends all of the person's sessions.
func (a *Accounts) SignOutEverywhere(ctx context.Context, staff, by string) error {
	err := a.Change(ctx, staff, by, func(s *Staff) error { s.Epoch++; return nil })
	if err != nil {
		return err
	}
	_, err = a.Sessions(ctx, staff) // none lives: all are erased
	return err
}

// mayEndSessions: an administrator anybody's, a shift leader anybody's but an administrator's, everybody her own.
func mayEndSessions(by Actor, of Staff) error {
	switch {
	case by.ID == of.ID, by.Role == Administrator, by.Role == Supervisor && of.Role != Administrator:
		return nil
	}
	return forbidden("settings.may_write")
}

// EndSession ends one session of the person's, by herself or by who looks after her; the book of changes tells.
func (a *Accounts) EndSession(ctx context.Context, by Actor, staff, session string) error {
	s, err := a.Staff(ctx, staff)
	if err != nil {
		return storeError("reading the account", err)
	}
	if err := mayEndSessions(by, s); err != nil {
		return err
	}
	if !strings.HasPrefix(session, staff+"/") {
		return notFound()
	}
	if _, err := a.Records.Get(ctx, kindSession, session); errors.Is(err, ErrNotFound) {
		return nil // ended already
	}
	if err := a.SignOut(ctx, session); err != nil {
		return storeError("ending the session", err)
	}
	return a.noteNow(ctx, by, staff, "session_ended")
}

// EndSessions signs the person out everywhere, by herself or by who looks after her.
func (a *Accounts) EndSessions(ctx context.Context, by Actor, id string) error {
	s, err := a.Staff(ctx, id)
	if err != nil {
		return storeError("reading the account", err)
	}
	if err := mayEndSessions(by, s); err != nil {
		return err
	}
	if err := a.SignOutEverywhere(ctx, id, by.ID); err != nil {
		return err
	}
	return a.noteNow(ctx, by, id, "signed_out")
}

// SessionsOf lists the living sessions of somebody else, for those who look after accounts.
func (a *Accounts) SessionsOf(ctx context.Context, by Actor, id string) ([]Session, error) {
	if err := maySeeSettings(by); err != nil {
		return nil, err
	}
	all, err := a.Sessions(ctx, id)
	return all, storeError("listing sessions", err)
}

func sessionID(staff, secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return staff + "/" + base64.RawURLEncoding.EncodeToString(sum[:])
}

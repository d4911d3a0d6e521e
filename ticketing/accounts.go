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
	"sync"
	"time"
	"unicode/utf8"
)

// Staff is an account. ID is the sign-in name.
type Staff struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Role     Role   `json:"role"`
	Agency   string `json:"agency,omitempty"`
	Lang     string `json:"lang,omitempty"`
	Password string `json:"password,omitempty"` // argon2id in PHC form
	Change   bool   `json:"change,omitempty"`   // must choose a new password at the next sign-in
	Off      bool   `json:"off,omitempty"`
	Epoch    int    `json:"epoch,omitempty"` // raised to end every session ("sign out everywhere")
}

// Actor is the person acting.
func (s Staff) Actor() Actor { return Actor{ID: s.ID, Role: s.Role, Agency: s.Agency, Name: s.Name} }

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
}

// Token is a program's key. The key itself is shown once; Hash is kept.
type Token struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Hash    []byte    `json:"hash"`
	Scopes  []string  `json:"scopes"`
	Agency  string    `json:"agency,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
	Off     bool      `json:"off,omitempty"`
}

const (
	kindSession = "session"

	sessionLife = 12 * time.Hour   // a shift and some
	sessionIdle = 2 * time.Hour    //
	sessionNote = 10 * time.Minute // how exactly Seen is kept: each note is a version
)

// Accounts is who may sign in, and who has.
type Accounts struct {
	Records Records
	Now     func() time.Time
	// Changed is told when sessions end or roles change, so that open sockets can be closed; session "" means all of
	// the person's.
	Changed func(staff, session string)

	hashing  chan struct{} // bounds the memory that concurrent sign-ins can take
	once     sync.Once
	throttle throttle
}

var errSignIn = &Error{Class: Forbidden, Key: "error.sign_in"}

// SignIn checks the name and password and begins a session. The token is the cookie's value. An unknown name, a
// wrong password and a switched-off account are answered the same, after the same work.
func (a *Accounts) SignIn(ctx context.Context, name, password, ip, browser string) (token string, s Staff, err error) {
	name = strings.ToLower(strings.TrimSpace(name))
	if wait := a.throttle.wait(a.Now(), name, ip); wait > 0 {
		return "", Staff{}, &Error{Class: Busy, Key: "error.sign_in_wait", Args: []any{int(wait.Seconds()) + 1}}
	}
	s, err = a.Staff(ctx, name)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", Staff{}, storeError("reading the account", err)
	}
	hash := s.Password
	if hash == "" {
		hash = nobodysHash()
	}
	ok, err := a.verify(ctx, hash, password)
	if err != nil {
		return "", Staff{}, err
	}
	if !ok || s.ID == "" || s.Off || s.Password == "" {
		a.throttle.failed(a.Now(), name, ip)
		return "", Staff{}, errSignIn
	}
	a.throttle.passed(name, ip)
	raw := make([]byte, 32)
	rand.Read(raw)
	secret := base64.RawURLEncoding.EncodeToString(raw)
	now := a.Now().UTC()
	doc, err := json.Marshal(Session{Staff: s.ID, Role: s.Role, Agency: s.Agency, Epoch: s.Epoch, Began: now, Seen: now, IP: ip, Browser: cut(browser, 200)})
	if err != nil {
		return "", Staff{}, err
	}
	id := sessionID(s.ID, secret)
	if err := a.Records.Put(ctx, Record{Kind: kindSession, ID: id, Version: 1, At: now, By: s.ID, Doc: doc}); err != nil {
		return "", Staff{}, storeError("beginning the session", err)
	}
	return s.ID + ":" + secret, s, nil
}

// Session is whose the token is, with the account as it stands now. A changed role, agency or password, an account
// switched off and an ended session all answer ErrNotFound.
func (a *Accounts) Session(ctx context.Context, token string) (Session, Staff, error) {
	name, secret, ok := strings.Cut(token, ":")
	if !ok || len(token) > 300 {
		return Session{}, Staff{}, ErrNotFound
	}
	return a.session(ctx, name, sessionID(name, secret))
}

// StillGood looks again at a session known by its id, for sockets that live long.
func (a *Accounts) StillGood(ctx context.Context, id string) (Session, Staff, error) {
	name, _, _ := strings.Cut(id, "/")
	return a.session(ctx, name, id)
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
	gone := now.Sub(s.Began) > sessionLife || now.Sub(s.Seen) > sessionIdle || s.Seen.Sub(now) > sessionIdle
	if gone || staff.Off || staff.Epoch != s.Epoch || staff.Role != s.Role || staff.Agency != s.Agency {
		return Session{}, Staff{}, ErrNotFound
	}
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

// Sessions lists the person's sessions, the latest first.
func (a *Accounts) Sessions(ctx context.Context, staff string) ([]Session, error) {
	rs, err := a.Records.All(ctx, kindSession, staff+"/")
	if err != nil {
		return nil, err
	}
	var out []Session
	for _, r := range rs {
		var s Session
		if json.Unmarshal(r.Doc, &s) == nil {
			s.ID = r.ID
			out = append(out, s)
		}
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
	old, err := a.Sessions(ctx, staff)
	for _, s := range old {
		err = errors.Join(err, a.Records.Erase(ctx, kindSession, s.ID, 0))
	}
	return err
}

func (a *Accounts) tell(staff, session string) {
	if a.Changed != nil {
		a.Changed(staff, session)
	}
}

func sessionID(staff, secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return staff + "/" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// Staff is one account. ErrNotFound.
func (a *Accounts) Staff(ctx context.Context, id string) (Staff, error) {
	r, err := a.Records.Get(ctx, KindStaff, id)
	if err != nil {
		return Staff{}, err
	}
	var s Staff
	if r.Deleted() {
		return s, ErrNotFound
	}
	if err := json.Unmarshal(r.Doc, &s); err != nil {
		return s, fmt.Errorf("account %q: %w", id, err)
	}
	return s, nil
}

// AllStaff lists the accounts by id.
func (a *Accounts) AllStaff(ctx context.Context) ([]Staff, error) {
	rs, err := a.Records.All(ctx, KindStaff, "")
	if err != nil {
		return nil, err
	}
	out := make([]Staff, 0, len(rs))
	for _, r := range rs {
		if err := decodeInto(r.Doc, func(s Staff) { out = append(out, s) }); err != nil {
			return nil, fmt.Errorf("account %q: %w", r.ID, err)
		}
	}
	return out, nil
}

// Add makes an account. An empty password makes one that cannot sign in.
func (a *Accounts) Add(ctx context.Context, s Staff, password, by string) error {
	s.ID = strings.ToLower(strings.TrimSpace(s.ID))
	if err := CheckStaff(s); err != nil {
		return err
	}
	if password != "" {
		if err := checkPassword(s, password); err != nil {
			return err
		}
		s.Password = a.hash(password)
	}
	doc, err := json.Marshal(s)
	if err != nil {
		return err
	}
	err = a.Records.Put(ctx, Record{Kind: KindStaff, ID: s.ID, Version: 1, At: a.Now().UTC(), By: by, Doc: doc})
	if errors.Is(err, ErrConflict) {
		return &Error{Class: Conflict, Field: "id", Key: "error.account_taken", Args: []any{s.ID}}
	}
	return storeError("adding the account", err)
}

// Change edits an account: what ends a session (role, agency, password, off) ends it now.
func (a *Accounts) Change(ctx context.Context, id, by string, edit func(*Staff) error) error {
	for range 5 {
		r, err := a.Records.Get(ctx, KindStaff, id)
		if err != nil || r.Deleted() {
			return storeError("reading the account", cmpErr(err, ErrNotFound))
		}
		var s Staff
		if err := json.Unmarshal(r.Doc, &s); err != nil {
			return err
		}
		if err := edit(&s); err != nil {
			return err
		}
		if err := CheckStaff(s); err != nil {
			return err
		}
		doc, err := json.Marshal(s)
		if err != nil {
			return err
		}
		err = a.Records.Put(ctx, Record{Kind: KindStaff, ID: id, Version: r.Version + 1, At: a.Now().UTC(), By: by, Doc: doc})
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err == nil {
			a.tell(id, "")
		}
		return storeError("changing the account", err)
	}
	return &Error{Class: Conflict, Key: "error.conflict"}
}

// SetPassword gives the account a new password and ends its sessions.
func (a *Accounts) SetPassword(ctx context.Context, id, by, password string, mustChange bool) error {
	return a.Change(ctx, id, by, func(s *Staff) error {
		if err := checkPassword(*s, password); err != nil {
			return err
		}
		s.Password, s.Change = a.hash(password), mustChange
		s.Epoch++
		return nil
	})
}

// CheckStaff says what is wrong with an account.
func CheckStaff(s Staff) error {
	for _, c := range s.ID {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_') {
			return invalid("id", "error.account_id")
		}
	}
	switch {
	case len(s.ID) < 2 || len(s.ID) > 40:
		return invalid("id", "error.account_id")
	case strings.TrimSpace(s.Name) == "" || utf8.RuneCountInString(s.Name) > maxName:
		return invalid("name", "error.name")
	case !known(StaffRoles[:], s.Role):
		return invalid("role", "error.staff_role")
	case (s.Role == Officer || s.Role == Leader) == (s.Agency == ""):
		return invalid("agency", "error.staff_agency")
	}
	return nil
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

func cut(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}

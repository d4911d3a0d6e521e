package ticketing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

	Second time.Time `json:"second,omitzero"` // since when signing in asks for a code; zero: it does not
}

// Actor is the person acting.
func (s Staff) Actor() Actor { return Actor{ID: s.ID, Role: s.Role, Agency: s.Agency, Name: s.Name} }

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

// Accounts is who may sign in, and who has. Records and Now are needed.
type Accounts struct {
	Records Records
	Now     func() time.Time
	// Vault seals the secrets of second factors and the cookies of known browsers; nil: there are neither.
	Vault *Vault
	// Catalog holds what administrators demand of whom; nil: nothing.
	Catalog *Catalogs
	// Changed is told when sessions end or roles change, so that open sockets can be closed; session "" means all of
	// the person's, staff "" everybody's.
	Changed func(staff, session string)

	hashing  chan struct{} // bounds the memory that concurrent sign-ins can take
	once     sync.Once
	throttle throttle
}

func (a *Accounts) tell(staff, session string) {
	if a.Changed != nil {
		a.Changed(staff, session)
	}
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

// ChangePassword is the person's own doing: she shows the old one. Every session ends and one begins, which has shown
// a code if the one before had.
func (a *Accounts) ChangePassword(ctx context.Context, of Session, old, chosen string, k Knock) (Entry, error) {
	err := a.Proves(ctx, of.Staff, old, k)
	if ClassOf(err) == Forbidden {
		return Entry{}, invalid("old", "password.wrong")
	} else if err != nil {
		return Entry{}, err
	}
	if old == chosen {
		return Entry{}, invalid("password", "password.same")
	}
	if err := a.SetPassword(ctx, of.Staff, of.Staff, chosen, false); err != nil {
		return Entry{}, err
	}
	s, err := a.Staff(ctx, of.Staff)
	if err != nil {
		return Entry{}, storeError("reading the account", err)
	}
	return a.begin(ctx, s, k, of.Second)
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

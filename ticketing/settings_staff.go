package ticketing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// AddStaff makes an account with a first password, which must be changed at the first sign-in.
func (a *Accounts) AddStaff(ctx context.Context, by Actor, c *Catalog, s Staff, password string) error {
	if err := mayChangeSettings(by); err != nil {
		return err
	}
	if err := staffAgency(c, s); err != nil {
		return err
	}
	s.ID = strings.ToLower(strings.TrimSpace(s.ID))
	s.Change, s.Password, s.Epoch = true, "", 0
	if err := a.Add(ctx, s, password, by.ID); err != nil {
		return err
	}
	return a.note(ctx, by, KindStaff, s.ID, 1, "added", s.Name)
}

// SaveStaff changes name, role, agency and whether the account is on; version is what the administrator has seen
// (Conflict, with the account as it is, if it has changed since). A change of role or agency and switching off end
// the person's sessions for good. The last administrator who can sign in stays one.
func (a *Accounts) SaveStaff(ctx context.Context, by Actor, c *Catalog, version int, s Staff) (Record, error) {
	if err := mayChangeSettings(by); err != nil {
		return Record{}, err
	}
	r, err := a.Records.Get(ctx, KindStaff, s.ID)
	if err != nil || r.Deleted() {
		return r, storeError("reading the account", cmpErr(err, ErrNotFound))
	}
	if r.Version != version {
		return r, &Error{Class: Conflict, Key: "settings.conflict"}
	}
	var now Staff
	if err := json.Unmarshal(r.Doc, &now); err != nil {
		return r, fmt.Errorf("account %q: %w", s.ID, err)
	}
	was := now
	now.Name, now.Role, now.Agency, now.Off = s.Name, s.Role, s.Agency, s.Off
	if now == was {
		return r, nil
	}
	if now.Role != was.Role || now.Agency != was.Agency || now.Off && !was.Off {
		now.Epoch++
	}
	if err := CheckStaff(now); err != nil {
		return r, err
	}
	if err := staffAgency(c, now); err != nil {
		return r, err
	}
	if err := a.keepsAdministrator(ctx, now); err != nil {
		return r, err
	}
	doc, err := json.Marshal(now)
	if err != nil {
		return r, err
	}
	next := Record{Kind: KindStaff, ID: s.ID, Version: version + 1, At: a.Now().UTC(), By: by.ID, Doc: doc}
	err = a.Records.Put(ctx, next, changeRecord(next, "changed", now.Name))
	if errors.Is(err, ErrConflict) {
		present, getErr := a.Records.Get(ctx, KindStaff, s.ID)
		return present, cmpErr(getErr, &Error{Class: Conflict, Key: "settings.conflict", Err: err})
	}
	if err != nil {
		return r, storeError("changing the account", err)
	}
	a.tell(s.ID, "")
	return next, nil
}

// ResetPassword gives a first password again; it ends every session and must be changed at the next sign-in.
func (a *Accounts) ResetPassword(ctx context.Context, by Actor, id, password string) error {
	if err := mayChangeSettings(by); err != nil {
		return err
	}
	if err := a.SetPassword(ctx, id, by.ID, password, true); err != nil {
		return err
	}
	return a.noteNow(ctx, by, id, "password")
}

// AddToken makes a program's key. The key is shown once.
func (a *Accounts) AddToken(ctx context.Context, by Actor, c *Catalog, t Token) (key string, err error) {
	if err := mayChangeSettings(by); err != nil {
		return "", err
	}
	if strings.TrimSpace(t.Name) == "" {
		return "", invalid("name", "settings.name")
	}
	if _, ok := c.Agencies[t.Agency]; t.Agency != "" && !ok {
		return "", invalid("agency", "settings.no_agency", t.Agency)
	}
	if !t.Expires.IsZero() && !t.Expires.After(a.Now()) {
		return "", invalid("expires", "settings.expired")
	}
	key, err = a.NewToken(ctx, t, by.ID)
	if err != nil {
		return "", err
	}
	id := strings.TrimPrefix(key, "h1022_")[:8] // it may hold an underscore
	return key, a.note(ctx, by, KindToken, id, 1, "added", t.Name)
}

// EndToken revokes a program's key.
func (a *Accounts) EndToken(ctx context.Context, by Actor, id string) error {
	if err := mayChangeSettings(by); err != nil {
		return err
	}
	if err := a.RevokeToken(ctx, id, by.ID); err != nil {
		return err
	}
	r, err := a.Records.Get(ctx, KindToken, id)
	if err != nil {
		return storeError("reading the token", err)
	}
	return a.note(ctx, by, KindToken, id, r.Version, "revoked", titleOf(r, r))
}

func staffAgency(c *Catalog, s Staff) error {
	if _, ok := c.Agencies[s.Agency]; s.Agency != "" && !ok {
		return invalid("agency", "settings.no_agency", s.Agency)
	}
	return nil
}

// keepsAdministrator refuses to lock everybody out.
func (a *Accounts) keepsAdministrator(ctx context.Context, s Staff) error {
	if s.Role == Administrator && !s.Off {
		return nil
	}
	all, err := a.AllStaff(ctx)
	if err != nil {
		return storeError("listing accounts", err)
	}
	others := func(o Staff) bool {
		return o.ID != s.ID && o.Role == Administrator && !o.Off && o.Password != ""
	}
	was := func(o Staff) bool { return o.ID == s.ID && o.Role == Administrator && !o.Off }
	if slices.ContainsFunc(all, was) && !slices.ContainsFunc(all, others) {
		return invalid("off", "settings.last_administrator")
	}
	return nil
}

func (a *Accounts) noteNow(ctx context.Context, by Actor, id, did string) error {
	r, err := a.noteRecord(ctx, by, id, did)
	if err != nil {
		return err
	}
	return storeError("noting the change", a.Records.Put(ctx, r))
}

// noteRecord is a line about an account in the book of changes, to be stored with what it tells of.
func (a *Accounts) noteRecord(ctx context.Context, by Actor, id, did string) (Record, error) {
	r, err := a.Records.Get(ctx, KindStaff, id)
	if err != nil {
		return r, storeError("reading the account", err)
	}
	name := titleOf(r, r)
	r.At, r.By = a.Now().UTC(), by.ID
	return changeRecord(r, did, name), nil
}

// note writes into the book of changes.
func (a *Accounts) note(ctx context.Context, by Actor, kind, id string, version int, did, name string) error {
	r := Record{Kind: kind, ID: id, Version: version, At: a.Now().UTC(), By: by.ID}
	return storeError("noting the change", a.Records.Put(ctx, changeRecord(r, did, name)))
}

// withoutSecrets takes hashes out of the records of accounts and keys. Of a password is left how often it has been
// set, so that a history shows its changes.
func withoutSecrets(kind string, rs []Record) error {
	set, last := 0, ""
	for i := range rs {
		if rs[i].Deleted() {
			continue
		}
		var v any
		switch kind {
		case KindStaff:
			var s Staff
			if err := json.Unmarshal(rs[i].Doc, &s); err != nil {
				return fmt.Errorf("account %q: %w", rs[i].ID, err)
			}
			if s.Password != last {
				set, last = set+1, s.Password
			}
			if s.Password != "" {
				s.Password = fmt.Sprint("#", set)
			}
			v = s
		case KindToken:
			var t Token
			if err := json.Unmarshal(rs[i].Doc, &t); err != nil {
				return fmt.Errorf("token %q: %w", rs[i].ID, err)
			}
			t.Hash = nil
			v = t
		default:
			return nil
		}
		doc, err := json.Marshal(v)
		if err != nil {
			return err
		}
		rs[i].Doc = doc
	}
	return nil
}

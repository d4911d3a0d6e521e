package ticketing

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp/hotp"
)

// The second factor is a code of an app (TOTP, RFC 6238: SHA-1, six digits, thirty seconds, as every app speaks it).
// Its secret is sealed by the vault and stands in a record of its own, not in the account, which administrators read.
const (
	kindSecond = "second-factor"      // id: the account's; doc: the sealed secret
	kindStep   = "second-factor-step" // id: the account's; doc: the last step whose code was taken

	codePeriod = 30 // seconds
	codeSkew   = 1  // steps a clock may be wrong by, or a person slow
	setUpLife  = 30 * time.Minute
)

type secondFactor struct {
	Secret []byte `json:"secret"` // sealed
}

type lastStep struct {
	Step int64 `json:"step"`
}

// SetUp is a second factor that does not count yet.
type SetUp struct {
	Secret string // base32, to be typed where no camera is
	Sealed string // to come back with the first code: nothing is stored before
}

type pending struct {
	Session string    `json:"s"`
	Secret  string    `json:"k"`
	At      time.Time `json:"t"`
}

var errSetUp = &Error{Class: Invalid, Key: "error.second_set_up"}

func sealSecond(staff string) string { return "second factor of " + staff }
func sealSetUp(staff string) string  { return "second factor being set up by " + staff }

// NewSecond draws a secret for the owner of the session.
func (a *Accounts) NewSecond(of Session) (SetUp, error) {
	if a.Vault == nil {
		return SetUp{}, errors.New("there is no vault to keep second factors in")
	}
	raw := make([]byte, 20) // RFC 4226, section 4: as long as the hash
	rand.Read(raw)
	p := pending{of.ID, base32.StdEncoding.EncodeToString(raw), a.Now().UTC()}
	doc, err := json.Marshal(p)
	if err != nil {
		return SetUp{}, err
	}
	return SetUp{p.Secret, base64.RawURLEncoding.EncodeToString(a.Vault.Seal(sealSetUp(of.Staff), doc))}, nil
}

// PendingSecond opens what NewSecond sealed, to show it again. Class Invalid when it is another's, or too old.
func (a *Accounts) PendingSecond(of Session, sealed string) (SetUp, error) {
	box, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || a.Vault == nil {
		return SetUp{}, errSetUp
	}
	doc, err := a.Vault.Unseal(sealSetUp(of.Staff), box)
	if err != nil {
		return SetUp{}, errSetUp
	}
	var p pending
	if err := json.Unmarshal(doc, &p); err != nil {
		return SetUp{}, errSetUp
	}
	if age := a.Now().Sub(p.At); p.Session != of.ID || age > setUpLife || age < -setUpLife {
		return SetUp{}, errSetUp
	}
	return SetUp{p.Secret, sealed}, nil
}

// ConfirmSecond makes the second factor count once a code shows that the app has it. Every session ends; the one that
// begins here has shown a code. The recovery codes are shown once.
func (a *Accounts) ConfirmSecond(ctx context.Context, of Session, sealed, code string, k Knock) (Entry, []string, error) {
	p, err := a.PendingSecond(of, sealed)
	if err != nil {
		return Entry{}, nil, err
	}
	step, ok := stepOf(p.Secret, tidyCode(code), a.Now())
	if !ok {
		return Entry{}, nil, &Error{Class: Invalid, Field: "code", Key: "error.code_set_up"}
	}
	codes, recovery := a.newRecovery(of.Staff)
	by := Actor{ID: of.Staff}
	s, err := a.changeWith(ctx, of.Staff, by, "second_on", func(s *Staff) error {
		s.Second = a.Now().UTC()
		s.Epoch++
		return nil
	}, map[string]any{
		kindSecond: secondFactor{a.Vault.Seal(sealSecond(of.Staff), []byte(p.Secret))}, kindStep: lastStep{step}, kindRecovery: recovery,
	})
	if err != nil {
		return Entry{}, nil, err
	}
	a.forgetOld(ctx, of.Staff, kindSecond, kindStep, kindRecovery)
	e, err := a.begin(ctx, s, k, true)
	return e, codes, err
}

// DropSecond is for the person herself: she has shown her password. Every session ends and one begins.
func (a *Accounts) DropSecond(ctx context.Context, of Session, k Knock) (Entry, error) {
	s, err := a.Staff(ctx, of.Staff)
	if err != nil {
		return Entry{}, storeError("reading the account", err)
	}
	if a.Demands(s.Role) {
		return Entry{}, invalid("", "error.second_demanded")
	}
	if s, err = a.dropSecond(ctx, Actor{ID: of.Staff}, of.Staff, "second_off"); err != nil {
		return Entry{}, err
	}
	return a.begin(ctx, s, k, false)
}

// ResetSecond is for an administrator, when a telephone is lost and the recovery codes with it.
func (a *Accounts) ResetSecond(ctx context.Context, by Actor, id string) error {
	if err := mayChangeSettings(by); err != nil {
		return err
	}
	_, err := a.dropSecond(ctx, by, id, "second_reset")
	return err
}

func (a *Accounts) dropSecond(ctx context.Context, by Actor, id, did string) (Staff, error) {
	s, err := a.changeWith(ctx, id, by, did, func(s *Staff) error {
		s.Second = time.Time{}
		s.Epoch++
		return nil
	}, nil)
	if err != nil {
		return s, err
	}
	for _, kind := range []string{kindSecond, kindRecovery} { // the last step stays: a clock that is set back brings no old code
		err = errors.Join(err, a.Records.Erase(ctx, kind, id, 0))
	}
	return s, storeError("forgetting the second factor", err)
}

// changeWith is Change together with records of the account's that must be there before it counts, and a line in the
// book of changes.
func (a *Accounts) changeWith(ctx context.Context, id string, by Actor, did string, edit func(*Staff) error, with map[string]any) (Staff, error) {
	for range 5 {
		r, err := a.Records.Get(ctx, KindStaff, id)
		if err != nil || r.Deleted() {
			return Staff{}, storeError("reading the account", cmpErr(err, ErrNotFound))
		}
		var s Staff
		if err := json.Unmarshal(r.Doc, &s); err != nil {
			return s, fmt.Errorf("account %q: %w", id, err)
		}
		if err := edit(&s); err != nil {
			return s, err
		}
		var batch []Record
		for _, kind := range sortedKeys(with) {
			next, err := a.next(ctx, kind, id, by.ID, with[kind])
			if err != nil {
				return s, err
			}
			batch = append(batch, next)
		}
		account := Record{Kind: KindStaff, ID: id, Version: r.Version + 1, At: a.Now().UTC(), By: by.ID}
		if account.Doc, err = json.Marshal(s); err != nil {
			return s, err
		}
		err = a.Records.Put(ctx, append(batch, account, changeRecord(account, did, s.Name))...)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err == nil {
			a.tell(id, "")
		}
		return s, storeError("changing the account", err)
	}
	return Staff{}, &Error{Class: Conflict, Key: "error.conflict"}
}

// next is the next version of a record, whatever is there.
func (a *Accounts) next(ctx context.Context, kind, id, by string, doc any) (Record, error) {
	r, err := a.Records.Get(ctx, kind, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return r, storeError("reading a record", err)
	}
	raw, err := json.Marshal(doc)
	return Record{Kind: kind, ID: id, Version: r.Version + 1, At: a.Now().UTC(), By: by, Doc: raw}, err
}

// forgetOld erases the versions before the present one: an old secret is of no use to anybody honest.
func (a *Accounts) forgetOld(ctx context.Context, id string, kinds ...string) {
	for _, kind := range kinds {
		if r, err := a.Records.Get(ctx, kind, id); err == nil {
			_ = a.Records.Erase(ctx, kind, id, r.Version) // the next change tries again
		}
	}
}

// takeCode is true once for each right code: of the app, or a recovery code.
func (a *Accounts) takeCode(ctx context.Context, s Staff, code string) (bool, error) {
	if code = tidyCode(code); len(code) != 6 {
		return a.takeRecovery(ctx, s, code)
	}
	r, err := a.Records.Get(ctx, kindSecond, s.ID)
	if err != nil {
		return false, storeError("reading the second factor", err)
	}
	var f secondFactor
	if err := json.Unmarshal(r.Doc, &f); err != nil {
		return false, fmt.Errorf("second factor of %q: %w", s.ID, err)
	}
	secret, err := a.Vault.Unseal(sealSecond(s.ID), f.Secret)
	if err != nil {
		return false, err
	}
	step, ok := stepOf(string(secret), code, a.Now())
	if !ok {
		return false, nil
	}
	return a.takeStep(ctx, s.ID, step)
}

// takeStep uses a step up, for all processes and for ever: the next version of one record can be written once, and a
// step that is not after the last one is refused (RFC 6238, section 5.2).
func (a *Accounts) takeStep(ctx context.Context, staff string, step int64) (bool, error) {
	for range 5 {
		r, err := a.Records.Get(ctx, kindStep, staff)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return false, storeError("reading the last code", err)
		}
		var last lastStep
		if err == nil {
			if err := json.Unmarshal(r.Doc, &last); err != nil {
				return false, fmt.Errorf("last code of %q: %w", staff, err)
			}
		}
		if step <= last.Step {
			return false, nil
		}
		doc, err := json.Marshal(lastStep{step})
		if err != nil {
			return false, err
		}
		err = a.Records.Put(ctx, Record{Kind: kindStep, ID: staff, Version: r.Version + 1, At: a.Now().UTC(), By: staff, Doc: doc})
		if errors.Is(err, ErrConflict) {
			continue // somebody used a code this moment: perhaps this one
		}
		if err == nil {
			_ = a.Records.Erase(ctx, kindStep, staff, r.Version+1)
		}
		return err == nil, storeError("using the code up", err)
	}
	return false, &Error{Class: Busy, Key: "error.busy"}
}

// stepOf is the step whose code it is, of the present one and its neighbours.
func stepOf(secret, code string, at time.Time) (int64, bool) {
	now, found := at.Unix()/codePeriod, int64(0)
	for step := now - codeSkew; step <= now+codeSkew; step++ {
		want, err := hotp.GenerateCode(secret, uint64(step))
		if err != nil {
			return 0, false
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			found = step
		}
	}
	return found, found > 0
}

// tidyCode is a code without what people type between its groups.
func tidyCode(s string) string {
	return strings.NewReplacer(" ", "", "-", "", "\u00a0", "", "\t", "", "–", "").Replace(strings.ToLower(cut(s, 100)))
}

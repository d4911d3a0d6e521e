package ticketing

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Recovery codes stand in for the app when the telephone is lost: ten, each good once. They are 60 random bits and
// kept as a keyed hash, which nobody without the vault's key can try codes against.
const (
	kindRecovery  = "recovery-codes" // id: the account's
	recoveryCodes = 10
	recoveryRunes = 12
)

type recovery struct {
	Hashes [][]byte `json:"hashes"` // of those that are left
}

var errRecovery = &Error{Class: Invalid, Key: "error.second_missing"}

// NewRecovery makes ten new codes for somebody with a second factor; the old ones are worth nothing from then on.
func (a *Accounts) NewRecovery(ctx context.Context, of Session) ([]string, error) {
	codes, doc := a.newRecovery(of.Staff)
	_, err := a.changeWith(ctx, of.Staff, Actor{ID: of.Staff}, "recovery_made", func(s *Staff) error {
		if s.Second.IsZero() {
			return errRecovery
		}
		return nil
	}, map[string]any{kindRecovery: doc})
	if err != nil {
		return nil, err
	}
	a.forgetOld(ctx, of.Staff, kindRecovery)
	return codes, nil
}

// RecoveryLeft is how many codes have not been used.
func (a *Accounts) RecoveryLeft(ctx context.Context, staff string) (int, error) {
	_, left, err := a.recovery(ctx, staff)
	return len(left.Hashes), err
}

func (a *Accounts) newRecovery(staff string) (codes []string, doc recovery) {
	for range recoveryCodes {
		raw := make([]byte, 8)
		rand.Read(raw)
		c := idAlphabet.EncodeToString(raw)[:recoveryRunes]
		codes = append(codes, c[:4]+"-"+c[4:8]+"-"+c[8:])
		doc.Hashes = append(doc.Hashes, a.recoveryHash(staff, c))
	}
	return codes, doc
}

func (a *Accounts) recoveryHash(staff, code string) []byte {
	return a.Vault.mac("recovery", staff, code)
}

func (a *Accounts) recovery(ctx context.Context, staff string) (version int, doc recovery, err error) {
	r, err := a.Records.Get(ctx, kindRecovery, staff)
	if errors.Is(err, ErrNotFound) {
		return 0, doc, nil
	} else if err != nil {
		return 0, doc, storeError("reading the recovery codes", err)
	}
	if err := json.Unmarshal(r.Doc, &doc); err != nil {
		return 0, doc, fmt.Errorf("recovery codes of %q: %w", staff, err)
	}
	return r.Version, doc, nil
}

// takeRecovery uses a code up, for all processes: of two who show it at once one writes the next version.
func (a *Accounts) takeRecovery(ctx context.Context, s Staff, code string) (bool, error) {
	code = strings.NewReplacer("o", "0", "i", "1", "l", "1").Replace(code) // as they are read from paper
	if len(code) != recoveryRunes {
		return false, nil
	}
	want := a.recoveryHash(s.ID, code)
	for range 5 {
		version, doc, err := a.recovery(ctx, s.ID)
		if err != nil {
			return false, err
		}
		i := slices.IndexFunc(doc.Hashes, func(h []byte) bool { return subtle.ConstantTimeCompare(h, want) == 1 })
		if i < 0 {
			return false, nil
		}
		left := recovery{slices.Delete(slices.Clone(doc.Hashes), i, i+1)}
		r := Record{Kind: kindRecovery, ID: s.ID, Version: version + 1, At: a.Now().UTC(), By: s.ID}
		if r.Doc, err = json.Marshal(left); err != nil {
			return false, err
		}
		err = a.Records.Put(ctx, r)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return false, storeError("using the recovery code up", err)
		}
		_ = a.Records.Erase(ctx, kindRecovery, s.ID, version+1)
		return true, a.noteNow(ctx, s.Actor(), s.ID, "recovery_used")
	}
	return false, &Error{Class: Busy, Key: "error.busy"}
}

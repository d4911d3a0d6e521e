package ticketing

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
)

// Knock is what somebody brings to the door besides the proof of who she is.
type Knock struct {
	IP      string
	Browser string // User-Agent
	Known   string // the browser's cookie of known browsers; "" for none
}

// Entry is how far a sign-in has come.
type Entry struct {
	Staff Staff
	Token string // the session's cookie; "" while a code is still to be shown
	Half  string // what must come back with the code; "" where none is asked for
	Known string // for the browser's cookie of known browsers; "": leave it as it is
	Owes  Owed   // of the session that has begun
}

var (
	errSignIn = &Error{Class: Forbidden, Key: "error.sign_in"}
	errHalf   = &Error{Class: Forbidden, Key: "error.half_over"}
	errCode   = &Error{Class: Forbidden, Field: "code", Key: "error.code"}
)

const (
	halfLife  = 5 * time.Minute       // from the password to the code
	knownLife = 180 * 24 * time.Hour  // of a browser that has been signed in at
	mostKnown = 5                     // people who share a browser: a shift's, and the header has its limit
	sealHalf  = "sign-in, first half" // names of what the vault seals for us
	sealKnown = "known browser"
)

// SignIn checks the name and password, and begins a session or asks for a code. An unknown name, a wrong password, a
// switched-off account are answered the same, after the same work.
func (a *Accounts) SignIn(ctx context.Context, name, password string, k Knock) (Entry, error) {
	s, err := a.proven(ctx, name, password, k)
	if err != nil {
		return Entry{}, err
	}
	return a.enter(ctx, s, k)
}

// Proves says whether the password is the person's own, counted like a sign-in: for what a stolen session must not
// be able to do. *Error of class Forbidden, or Busy.
func (a *Accounts) Proves(ctx context.Context, staff, password string, k Knock) error {
	_, err := a.proven(ctx, staff, password, k)
	return err
}

func (a *Accounts) proven(ctx context.Context, name, password string, k Knock) (Staff, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	try, err := a.try(a.guesses(name, k)...)
	if err != nil {
		return Staff{}, err
	}
	s, err := a.Staff(ctx, name)
	if err != nil && !errors.Is(err, ErrNotFound) {
		try.back()
		return Staff{}, storeError("reading the account", err)
	}
	hash := s.Password
	if hash == "" {
		hash = nobodysHash()
	}
	ok, err := a.verify(ctx, hash, password)
	if err != nil {
		try.back()
		return Staff{}, err
	}
	if !ok || s.ID == "" || s.Off || s.Password == "" {
		return Staff{}, errSignIn
	}
	try.right()
	return s, nil
}

// enter goes on from a first proof, whichever it was: nobody comes by a side door past the code.
func (a *Accounts) enter(ctx context.Context, s Staff, k Knock) (Entry, error) {
	if s.Second.IsZero() {
		return a.begin(ctx, s, k, false)
	}
	if a.Vault == nil {
		return Entry{}, errors.New("the account has a second factor, and there is no vault to check it with")
	}
	doc, err := json.Marshal(half{s.ID, s.Epoch, a.Now().UTC()})
	if err != nil {
		return Entry{}, err
	}
	return Entry{Staff: s, Half: base64.RawURLEncoding.EncodeToString(a.Vault.Seal(sealHalf, doc))}, nil
}

// half is a sign-in whose code is missing. It stands in the browser's cookie, sealed; a new password, a sign-out
// everywhere and five minutes make it worthless.
type half struct {
	Staff string    `json:"s"`
	Epoch int       `json:"e,omitempty"`
	At    time.Time `json:"t"`
}

// Halfway is whose the first half is. *Error of class Forbidden when it is over.
func (a *Accounts) Halfway(ctx context.Context, sealed string) (Staff, error) {
	box, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || a.Vault == nil || len(box) == 0 {
		return Staff{}, errHalf
	}
	doc, err := a.Vault.Unseal(sealHalf, box)
	if err != nil {
		return Staff{}, errHalf
	}
	var h half
	if err := json.Unmarshal(doc, &h); err != nil {
		return Staff{}, errHalf
	}
	s, err := a.Staff(ctx, h.Staff)
	if errors.Is(err, ErrNotFound) {
		return Staff{}, errHalf
	} else if err != nil {
		return Staff{}, storeError("reading the account", err)
	}
	age := a.Now().Sub(h.At)
	if age > halfLife || age < -halfLife || s.Off || s.Epoch != h.Epoch || s.Second.IsZero() {
		return Staff{}, errHalf
	}
	return s, nil
}

// SecondFactor takes the code, of the app or one of the recovery codes, and begins the session.
func (a *Accounts) SecondFactor(ctx context.Context, sealed, code string, k Knock) (Entry, error) {
	s, err := a.Halfway(ctx, sealed)
	if err != nil {
		return Entry{}, err
	}
	try, err := a.try(a.codeGuesses(s.ID, k)...)
	if err != nil {
		return Entry{}, err
	}
	ok, err := a.takeCode(ctx, s, code)
	if err != nil {
		try.back()
		return Entry{}, err
	}
	if !ok {
		return Entry{}, errCode
	}
	try.right()
	return a.begin(ctx, s, k, true)
}

// A known browser is one somebody has signed in at: its cookie says for whom, sealed, with a name of its own that
// guesses are counted under. So the owner of an account comes in by her own browser whatever others try at her name
// (OWASP: device cookies). It is no proof: whoever steals one may guess, as slowly as anybody.
type knownBrowser struct{ staff, device string }

func (a *Accounts) knownBy(cookie string) (all []knownBrowser, boxes []string) {
	if a.Vault == nil || cookie == "" {
		return nil, nil
	}
	for i, part := range strings.SplitN(cookie, ".", mostKnown+1) {
		box, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || i == mostKnown {
			continue
		}
		plain, err := a.Vault.Unseal(sealKnown, box)
		if err != nil {
			continue
		}
		fields := strings.Split(string(plain), " ")
		if len(fields) != 3 {
			continue
		}
		since, err := time.Parse(time.DateOnly, fields[2])
		if err != nil || a.Now().Sub(since) > knownLife {
			continue
		}
		all, boxes = append(all, knownBrowser{fields[0], fields[1]}), append(boxes, part)
	}
	return all, boxes
}

// Device is the name of the browser the cookie knows the person by; with staff "" anybody. "" if it does not.
func (a *Accounts) Device(staff, cookie string) string {
	all, _ := a.knownBy(cookie)
	i := slices.IndexFunc(all, func(k knownBrowser) bool { return staff == "" || k.staff == staff })
	if i < 0 {
		return ""
	}
	return all[i].device
}

// remember adds the person to the browser's cookie, in front; the one who was there longest ago goes.
func (a *Accounts) remember(staff, cookie string) string {
	if a.Vault == nil {
		return ""
	}
	all, boxes := a.knownBy(cookie)
	device := make([]byte, 6)
	rand.Read(device)
	name := base64.RawURLEncoding.EncodeToString(device)
	i := slices.IndexFunc(all, func(k knownBrowser) bool { return k.staff == staff })
	if i >= 0 { // the same lane for guesses as before, or signing in would open a new one each time
		name = all[i].device
		boxes = slices.Delete(boxes, i, i+1)
	}
	plain := staff + " " + name + " " + a.Now().UTC().Format(time.DateOnly)
	fresh := base64.RawURLEncoding.EncodeToString(a.Vault.Seal(sealKnown, []byte(plain)))
	return strings.Join(append([]string{fresh}, boxes[:min(len(boxes), mostKnown-1)]...), ".")
}

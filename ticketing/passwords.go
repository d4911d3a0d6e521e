package ticketing

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"hotline1022/ticketing/text"
)

// checkPassword: length is what counts; and not the name itself, nor what everybody tries first. Nothing is asked of
// its composition (NIST SP 800-63B, section 5.1.1.2).
func checkPassword(s Staff, p string) error {
	low := strings.ToLower(p)
	rest := low // beside the name
	if s.ID != "" {
		rest = strings.ReplaceAll(low, s.ID, "")
	}
	switch {
	case utf8.RuneCountInString(p) < 10 || len(p) > 200:
		return invalid("password", "error.password_length", 10)
	case rest != low && (len(rest) < 6 || common(rest)), common(p), bare(p) == bare(s.Name):
		return invalid("password", "error.password_common")
	}
	return nil
}

//go:embed passwords_common.txt
var commonList string

var commonPasswords = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for line := range strings.Lines(commonList) {
		all[bare(strings.TrimSpace(line))] = true
	}
	return all
})

// common says whether a password is one of those that everybody tries, however it is spaced, accented and
// pointed; or letters that repeat or follow each other.
func common(p string) bool {
	if commonPasswords()[bare(p)] {
		return true
	}
	plain := strings.ReplaceAll(strings.ToLower(p), " ", "")
	kinds, runs := map[rune]bool{}, 0
	var last rune
	for _, r := range plain {
		kinds[r] = true
		if d := r - last; d >= -1 && d <= 1 {
			runs++
		}
		last = r
	}
	return len(kinds) < 4 || runs >= utf8.RuneCountInString(plain)-2
}

// bare is a password without accents, capitals, points and spaces.
func bare(p string) string { return strings.ReplaceAll(text.Fold(p), " ", "") }

// argon2id parameters: OWASP's second choice (19 MiB, t=2, p=1); the PHC string carries them, so they can be raised.
const (
	argonMemory = 19 << 10 // KiB
	argonTime   = 2
	argonKey    = 32
)

func (a *Accounts) slot() chan struct{} {
	a.once.Do(func() { a.hashing = make(chan struct{}, max(2, runtime.NumCPU())) })
	return a.hashing
}

func (a *Accounts) hash(password string) string {
	slot := a.slot()
	slot <- struct{}{}
	defer func() { <-slot }()
	salt := make([]byte, 16)
	rand.Read(salt)
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, 1, argonKey)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, argonMemory, argonTime, b64.EncodeToString(salt), b64.EncodeToString(key))
}

func (a *Accounts) verify(ctx context.Context, phc, password string) (bool, error) {
	slot := a.slot()
	select {
	case slot <- struct{}{}:
		defer func() { <-slot }()
	case <-ctx.Done():
		return false, &Error{Class: Busy, Key: "error.busy", Err: ctx.Err()}
	}
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || len(password) > 200 {
		return false, nil
	}
	var memory, passes uint32
	var threads uint8
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &threads); err != nil || memory > 1<<20 || passes > 20 || passes == 0 || threads == 0 {
		return false, nil
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) == 0 {
		return false, nil
	}
	got := argon2.IDKey([]byte(password), salt, passes, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// nobodysHash makes an unknown name cost what a known one costs.
var nobodysHash = sync.OnceValue(func() string {
	var a Accounts
	return a.hash("nobody has this password")
})

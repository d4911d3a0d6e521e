package ticketing_test

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/ticketing"
)

// RFC 6238, appendix B, SHA-1. Its codes have eight digits, of which apps show the last six.
func TestCodesAreThoseOfTheRFC(t *testing.T) {
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	for at, code := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if step, ok := ticketing.StepOf(secret, code, time.Unix(at, 0)); !ok || step != at/30 {
			t.Errorf("at %d: step %d, %v", at, step, ok)
		}
	}
	for shift, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		if _, ok := ticketing.StepOf(secret, "005924", time.Unix(1234567890+30*shift, 0)); ok != want {
			t.Errorf("%d steps later: %v", shift, ok)
		}
	}
	if _, ok := ticketing.StepOf("not base32!", "000000", time.Unix(59, 0)); ok {
		t.Error("a broken secret has codes")
	}
}

func TestASecondFactorCountsOnceACodeHasShownIt(t *testing.T) {
	g := newGate(t)
	elsewhere, _ := g.signIn("hang")
	first, s := g.signIn("hang")
	set, err := g.NewSecond(s)
	g.must(err)
	_, _, err = g.ConfirmSecond(g.ctx, s, set.Sealed, "000000", home)
	g.key("a wrong code", err, "error.code_set_up")
	if e, err := g.SignIn(g.ctx, "hang", phrase, home); err != nil || e.Token == "" {
		t.Fatalf("a factor that was not confirmed counts: %+v, %v", e, err)
	}
	_, other := g.signIn("toan")
	_, _, err = g.ConfirmSecond(g.ctx, other, set.Sealed, g.code(set.Secret, 0), home)
	g.key("somebody else's secret", err, "error.second_set_up")
	other.ID = "hang/other"
	other.Staff = "hang"
	_, _, err = g.ConfirmSecond(g.ctx, other, set.Sealed, g.code(set.Secret, 0), home)
	g.key("another session's secret", err, "error.second_set_up")

	e, codes, err := g.ConfirmSecond(g.ctx, s, set.Sealed, g.code(set.Secret, 0), home)
	g.must(err)
	if len(codes) != 10 {
		t.Errorf("%d recovery codes", len(codes))
	}
	if now, _, err := g.Session(g.ctx, e.Token); err != nil || !now.Second {
		t.Errorf("the session that set it up: %+v, %v", now, err)
	}
	for what, token := range map[string]string{"elsewhere": elsewhere.Token, "before": first.Token} {
		if _, _, err := g.Session(g.ctx, token); !errors.Is(err, ticketing.ErrNotFound) {
			t.Errorf("the session %s is alive: %v", what, err)
		}
	}
	// The code that set it up is used.
	_, err = g.SecondFactor(g.ctx, g.half("hang"), g.code(set.Secret, 0), home)
	g.key("the code of the set-up", err, "error.code")
	g.turn(30 * time.Second)
	half := g.half("hang")
	for what, code := range map[string]string{"nothing": "", "a wrong code": "000000", "letters": "abcdef", "too old": g.code(set.Secret, -2)} {
		_, err := g.SecondFactor(g.ctx, half, code, home)
		g.key(what, err, "error.code")
	}
	g.turn(5 * time.Second) // for four wrong ones in a row
	later, err := g.SecondFactor(g.ctx, half, g.code(set.Secret, 1)[:3]+" "+g.code(set.Secret, 1)[3:], home)
	g.must(err)
	if later.Token == "" || later.Known == "" {
		t.Fatal("the code of a fast clock does not open")
	}
	// What is behind the last code is behind it for ever.
	_, err = g.SecondFactor(g.ctx, half, g.code(set.Secret, 0), home)
	g.key("an earlier step", err, "error.code")
	_, err = g.SecondFactor(g.ctx, half, g.code(set.Secret, 1), home)
	g.key("the same step", err, "error.code")
}

func TestTheFirstHalfIsWorthlessElsewhere(t *testing.T) {
	g := newGate(t)
	secret, _ := g.enrols("hang")
	half := g.half("hang")
	strange, err := ticketing.NewVault(g.store, bytes.Repeat([]byte{8}, 32), g.Now)
	g.must(err)
	try := func(what, half string) {
		t.Helper()
		_, err := g.SecondFactor(g.ctx, half, g.code(secret, 0), home)
		g.key(what, err, "error.half_over")
	}
	try("none", "")
	try("cut", half[:len(half)-4])
	try("changed", "A"+half[1:])
	foreign := &ticketing.Accounts{Records: g.store, Now: g.Now, Vault: strange}
	e, err := foreign.SignIn(g.ctx, "hang", phrase, home)
	g.must(err)
	try("sealed by another key", e.Half)
	if _, _, err := g.Session(g.ctx, "hang:"+half); !errors.Is(err, ticketing.ErrNotFound) {
		t.Errorf("half a sign-in is a session: %v", err)
	}
	g.must(g.SignOutEverywhere(g.ctx, "hang", "test"))
	try("after signing out everywhere", half)
	half = g.half("hang")
	g.turn(5*time.Minute + time.Second)
	try("late", half)
	half = g.half("hang")
	g.must(g.Change(g.ctx, "hang", "test", func(s *ticketing.Staff) error { s.Off = true; return nil }))
	try("switched off", half)
}

// Two processes that are shown one code at the same moment: the store decides, and one of them lets in.
func TestACodeOpensOnceInAllProcesses(t *testing.T) {
	g := newGate(t)
	secret, recovery := g.enrols("hang")
	both := func(round int, code string) {
		t.Helper()
		half := g.half("hang")
		var wait sync.WaitGroup
		var in [4]bool
		for i := range in {
			p := g.process()
			wait.Go(func() {
				e, err := p.SecondFactor(g.ctx, half, code, home)
				in[i] = err == nil && e.Token != ""
			})
		}
		wait.Wait()
		n := 0
		for _, ok := range in {
			if ok {
				n++
			}
		}
		if n != 1 {
			t.Errorf("round %d: one code opened %d times", round, n)
		}
	}
	for round := range 10 {
		both(round, g.code(secret, 0))
		g.turn(30 * time.Second)
	}
	for round, code := range recovery[:5] {
		both(round, code)
	}
	// And another code at the same moment is no reason to refuse a right one.
	half, codes := g.half("hang"), recovery[5:8]
	var wait sync.WaitGroup
	for _, code := range codes {
		p := g.process()
		wait.Go(func() {
			if _, err := p.SecondFactor(g.ctx, half, code, home); err != nil {
				t.Errorf("three codes at once: %v", err)
			}
		})
	}
	wait.Wait()
	if left, err := g.RecoveryLeft(g.ctx, "hang"); err != nil || left != 2 {
		t.Errorf("%d codes left, %v", left, err)
	}
}

func TestRecoveryCodes(t *testing.T) {
	g := newGate(t)
	old, codes := g.enrols("hang")
	in := func(what, code string, opens bool) {
		t.Helper()
		_, err := g.process().SecondFactor(g.ctx, g.half("hang"), code, home)
		if opens && err != nil || !opens && ticketing.ClassOf(err) != ticketing.Forbidden {
			t.Errorf("%s: %v", what, err)
		}
	}
	in("as printed", codes[0], true)
	in("again", codes[0], false)
	in("as people type it", " "+strings.ToUpper(strings.ReplaceAll(codes[1], "-", " ")), true)
	in("with letters for digits", strings.NewReplacer("0", "O", "1", "l").Replace(codes[2]), true)
	in("of nobody", "0000-0000-0000", false)
	_, theirs := g.enrols("toan")
	in("of somebody else", theirs[0], false)

	e, err := g.SecondFactor(g.ctx, g.half("hang"), codes[3], home)
	g.must(err)
	s, _, err := g.Session(g.ctx, e.Token)
	g.must(err)
	fresh, err := g.NewRecovery(g.ctx, s)
	g.must(err)
	if h, err := g.store.History(g.ctx, "recovery-codes", "hang"); err != nil || len(h) != 1 {
		t.Errorf("of the old sheet %d versions are kept, %v", len(h)-1, err)
	}
	in("of the old sheet", codes[4], false)
	in("of the new sheet", fresh[0], true)
	_, plain := g.signIn("admin")
	_, err = g.NewRecovery(g.ctx, plain)
	g.key("without a second factor", err, "error.second_missing")

	// A new telephone: of the old secret and the old sheet nothing stays.
	e, err = g.SecondFactor(g.ctx, g.half("hang"), fresh[1], home)
	g.must(err)
	s, _, err = g.Session(g.ctx, e.Token)
	g.must(err)
	set, err := g.NewSecond(s)
	g.must(err)
	_, fresh, err = g.ConfirmSecond(g.ctx, s, set.Sealed, g.code(set.Secret, 0), home)
	g.must(err)
	in("the new sheet", fresh[0], true)

	// Neither secret nor code stands anywhere as it is.
	for _, kind := range []string{"staff", "session", "second-factor", "second-factor-step", "recovery-codes", "setting-change"} {
		rs, err := g.store.All(g.ctx, kind, "")
		g.must(err)
		for _, r := range rs {
			for _, s := range append([]string{old, set.Secret}, fresh...) {
				for _, form := range []string{s, strings.ReplaceAll(s, "-", ""), base64.StdEncoding.EncodeToString([]byte(s)), base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(s, "-", "")))} {
					if bytes.Contains(r.Doc, []byte(form)) {
						t.Errorf("%s %s holds a secret", kind, r.ID)
					}
				}
			}
		}
	}
	for _, kind := range []string{"second-factor", "second-factor-step", "recovery-codes"} {
		if h, err := g.store.History(g.ctx, kind, "hang"); err != nil || len(h) != 1 {
			t.Errorf("%s: %d versions are kept, %v", kind, len(h), err)
		}
	}
}

// However an account comes to have a second factor, a session that has not shown one is over.
func TestASessionWithoutACodeEndsWithTheSecondFactor(t *testing.T) {
	g := newGate(t)
	e, _ := g.signIn("hang")
	g.must(g.Change(g.ctx, "hang", "test", func(s *ticketing.Staff) error { s.Second = g.Now(); return nil }))
	if _, _, err := g.Session(g.ctx, e.Token); !errors.Is(err, ticketing.ErrNotFound) {
		t.Errorf("it lives: %v", err)
	}
}

func TestTurningTheSecondFactorOff(t *testing.T) {
	g := newGate(t)
	_, codes := g.enrols("hang")
	e, err := g.SecondFactor(g.ctx, g.half("hang"), codes[0], home)
	g.must(err)
	s, _, err := g.Session(g.ctx, e.Token)
	g.must(err)
	again, err := g.DropSecond(g.ctx, s, home)
	g.must(err)
	if _, _, err := g.Session(g.ctx, e.Token); !errors.Is(err, ticketing.ErrNotFound) {
		t.Errorf("the session before: %v", err)
	}
	if now, _, err := g.Session(g.ctx, again.Token); err != nil || now.Second {
		t.Errorf("the session after: %+v, %v", now, err)
	}
	if e, err := g.SignIn(g.ctx, "hang", phrase, home); err != nil || e.Token == "" {
		t.Errorf("a code is still asked for: %v", err)
	}
	g.enrols("hang")
	g.key("an operator resets", g.ResetSecond(g.ctx, ticketing.Actor{ID: "toan", Role: ticketing.Supervisor}, "hang"), "settings.may_write")
	half := g.half("hang")
	g.must(g.ResetSecond(g.ctx, administrator, "hang"))
	_, err = g.SecondFactor(g.ctx, half, codes[1], home)
	g.key("half a sign-in after the reset", err, "error.half_over")
	if e, err := g.SignIn(g.ctx, "hang", phrase, home); err != nil || e.Token == "" {
		t.Errorf("after the reset: %v", err)
	}
}

func TestWhatIsDemandedIsOwedAtOnce(t *testing.T) {
	g := newGate(t)
	desk := &ticketing.Desk{Store: g.store, Catalog: g.Catalog, Now: g.Now}
	demand := func(version int, roles string) {
		t.Helper()
		_, err := desk.SaveSetting(g.ctx, administrator, "sign-in", "staff", version, fmt.Appendf(nil, `{"id":"staff","second":[%s]}`, roles))
		g.must(err)
	}
	e, s := g.signIn("hang")
	if e.Owes != "" || s.Owes != "" {
		t.Fatalf("owed from the start: %+v", s)
	}
	_, err := desk.SaveSetting(g.ctx, administrator, "sign-in", "staff", 0, []byte(`{"id":"staff","second":["boss"]}`))
	g.key("an unknown role", err, "error.staff_role")
	_, err = desk.SaveSetting(g.ctx, administrator, "sign-in", "more", 0, []byte(`{"id":"more"}`))
	g.key("a second set of rules", err, "settings.sign_in_one")
	demand(0, `"operator"`)
	if now, _, err := g.Session(g.ctx, e.Token); err != nil || now.Owes != ticketing.OwesSecond {
		t.Errorf("the open session owes %q, %v", now.Owes, err)
	}
	if _, _, err := g.StillGood(g.ctx, s.ID); !errors.Is(err, ticketing.ErrNotFound) {
		t.Errorf("its sockets stay: %v", err)
	}
	if other, _ := g.signIn("toan"); other.Owes != "" {
		t.Error("it is asked of another role")
	}
	secret, _ := g.enrols("hang")
	in, err := g.SecondFactor(g.ctx, g.half("hang"), g.code(secret, 0), home)
	g.must(err)
	now, _, err := g.Session(g.ctx, in.Token)
	g.must(err)
	if now.Owes != "" {
		t.Errorf("with a second factor it owes %q", now.Owes)
	}
	_, err = g.DropSecond(g.ctx, now, home)
	g.key("turning off what is demanded", err, "error.second_demanded")
	// A reset while it is demanded leads to setting it up anew.
	g.must(g.ResetSecond(g.ctx, administrator, "hang"))
	if e, _ := g.signIn("hang"); e.Owes != ticketing.OwesSecond {
		t.Errorf("after the reset it owes %q", e.Owes)
	}
	demand(1, "")
	if e, _ := g.signIn("hang"); e.Owes != "" {
		t.Errorf("nothing is demanded, and it owes %q", e.Owes)
	}
	// A first password goes before everything.
	g.must(g.SetPassword(g.ctx, "hang", "test", phrase, true))
	if e, s := g.signIn("hang"); e.Owes != ticketing.OwesPassword || s.Owes != ticketing.OwesPassword {
		t.Errorf("a first password owes %q", e.Owes)
	}
}

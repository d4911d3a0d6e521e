package ticketing_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/ticketing"
)

func TestGuessingIsSlowFromEverywhere(t *testing.T) {
	g := newGate(t)
	wrong, waits := 0, 0
	guess := func(name string, k ticketing.Knock) {
		switch _, err := g.SignIn(g.ctx, name, "không phải câu này", k); ticketing.ClassOf(err) {
		case ticketing.Forbidden:
			wrong++
		case ticketing.Busy:
			waits++
		default:
			t.Errorf("a guess is answered %v", err)
		}
	}
	count := func(what string, most int) {
		t.Helper()
		if wrong > most {
			t.Errorf("%s: %d guesses were judged, at most %d should be", what, wrong, most)
		}
		wrong, waits = 0, 0
	}
	for range 100 {
		guess("hang", ticketing.Knock{IP: "198.51.100.1"})
	}
	count("one name from one address", 5)
	for i := range 100 {
		guess(fmt.Sprint("nguoi", i), ticketing.Knock{IP: "198.51.100.2"})
	}
	count("many names from one address", 21)
	for i := range 100 {
		guess("hang", ticketing.Knock{IP: fmt.Sprintf("2001:db8:1:1::%x", i)})
	}
	count("the addresses of one home", 5)
	for i := range 300 {
		guess("hang", ticketing.Knock{IP: fmt.Sprintf("2001:db8:2:%x::1", i)})
	}
	count("the homes of one network", 101)
	if _, err := g.SignIn(g.ctx, "hang", phrase, home); err != nil {
		t.Errorf("the owner, from home: %v", err)
	}
}

// A thousand guesses at once are not judged before the first of them is counted.
func TestGuessesAtOnceAreCountedOneByOne(t *testing.T) {
	g := newGate(t)
	var wait sync.WaitGroup
	var mu sync.Mutex
	judged := 0
	for range 200 {
		wait.Go(func() {
			_, err := g.SignIn(g.ctx, "hang", "không phải câu này", ticketing.Knock{IP: "198.51.100.1"})
			if ticketing.ClassOf(err) == ticketing.Forbidden {
				mu.Lock()
				judged++
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	if judged > 5 {
		t.Errorf("%d guesses were judged", judged)
	}
}

// What is right is taken back: an office behind one address that signs in all morning never waits.
func TestRightPasswordsDoNotAddUp(t *testing.T) {
	g := newGate(t)
	_, err := g.SignIn(g.ctx, "toan", "gõ nhầm một chữ", home)
	g.key("a typing error", err, "error.sign_in")
	for range 60 {
		if _, err := g.SignIn(g.ctx, "hang", phrase, home); err != nil {
			t.Fatal(err)
		}
	}
	_, err = g.SignIn(g.ctx, "toan", "gõ nhầm một chữ", home)
	g.key("another", err, "error.sign_in")
	if _, err := g.SignIn(g.ctx, "hang", phrase, home); err != nil {
		t.Errorf("after one typing error the whole office waits: %v", err)
	}
	// And an attacker with an account of his own cannot clear the wait of his guesses with it.
	for range 30 {
		_, _ = g.SignIn(g.ctx, "admin", "không phải câu này", ticketing.Knock{IP: "198.51.100.1"})
		_, _ = g.SignIn(g.ctx, "hang", phrase, ticketing.Knock{IP: "198.51.100.1"})
	}
	_, err = g.SignIn(g.ctx, "admin", phrase, ticketing.Knock{IP: "198.51.100.1"})
	g.key("guesses between right ones", err, "error.sign_in_wait")
}

func TestAKnownBrowserComesInWhateverOthersTry(t *testing.T) {
	g := newGate(t)
	e, err := g.SignIn(g.ctx, "hang", phrase, home)
	g.must(err)
	known := ticketing.Knock{IP: home.IP, Known: e.Known}
	for range 1000 { // from the owner's own network, which is worse than from elsewhere
		_, _ = g.SignIn(g.ctx, "hang", "không phải câu này", home)
	}
	_, err = g.SignIn(g.ctx, "hang", phrase, home)
	g.key("an unknown browser of that network", err, "error.sign_in_wait")
	_, err = g.SignIn(g.ctx, "hang", phrase, known)
	g.must(err)
	// The cookie opens no free lane: not for guesses with it, not for another's account.
	judged := 0
	for range 50 {
		if _, err := g.SignIn(g.ctx, "hang", "không phải câu này", known); ticketing.ClassOf(err) == ticketing.Forbidden {
			judged++
		}
	}
	if judged > 5 {
		t.Errorf("%d guesses with a stolen cookie were judged", judged)
	}
	judged = 0
	for range 50 {
		if _, err := g.SignIn(g.ctx, "toan", "không phải câu này", ticketing.Knock{IP: "198.51.100.9", Known: e.Known}); ticketing.ClassOf(err) == ticketing.Forbidden {
			judged++
		}
	}
	if judged > 5 {
		t.Errorf("%d guesses at another's account with her cookie were judged", judged)
	}
	// Signing in again keeps the lane; it makes no new one.
	if a, b := g.Device("hang", e.Known), g.Device("hang", g.again(e.Known)); a == "" || a != b {
		t.Errorf("the browser is called %q, then %q", a, b)
	}
	for what, cookie := range map[string]string{"none": "", "rubbish": "abc.def", "changed": "A" + e.Known[1:], "long": strings.Repeat("A.", 5000)} {
		if d := g.Device("", cookie); d != "" {
			t.Errorf("%s: known as %q", what, d)
		}
	}
	g.turn(181 * 24 * time.Hour)
	if d := g.Device("hang", e.Known); d != "" {
		t.Error("it is known for ever")
	}
}

// again signs in once more at the browser, when nothing has to wait any more.
func (g *gate) again(cookie string) string {
	g.Helper()
	g.turn(time.Hour)
	e, err := g.SignIn(g.ctx, "hang", phrase, ticketing.Knock{IP: home.IP, Known: cookie})
	g.must(err)
	return e.Known
}

func TestABrowserIsSharedByAShift(t *testing.T) {
	g := newGate(t)
	cookie, names := "", []string{"hang", "toan", "admin"}
	for i := range 4 {
		id := fmt.Sprint("nguoi", i)
		g.must(g.Add(g.ctx, ticketing.Staff{ID: id, Name: "Người", Role: ticketing.Operator}, phrase, "test"))
		names = append(names, id)
	}
	for _, name := range names {
		e, err := g.SignIn(g.ctx, name, phrase, ticketing.Knock{IP: home.IP, Known: cookie})
		g.must(err)
		cookie = e.Known
	}
	for i, name := range names {
		if got, want := g.Device(name, cookie) != "", i >= 2; got != want {
			t.Errorf("%s is known: %v", name, got)
		}
	}
	if len(cookie) > 600 {
		t.Errorf("the cookie has %d bytes", len(cookie))
	}
}

// Who guesses codes knows the password already; strangers cannot make the owner wait for hers.
func TestGuessingCodesIsSlow(t *testing.T) {
	g := newGate(t)
	secret, _ := g.enrols("hang")
	e, err := g.SecondFactor(g.ctx, g.half("hang"), g.code(secret, 0), home)
	g.must(err)
	half, judged := g.half("hang"), 0
	for i := range 300 {
		k := ticketing.Knock{IP: fmt.Sprintf("198.51.%d.1", i)}
		if _, err := g.SecondFactor(g.ctx, half, "000000", k); ticketing.ClassOf(err) == ticketing.Forbidden {
			judged++
		}
	}
	if judged > 21 {
		t.Errorf("%d guesses at a code from everywhere were judged", judged)
	}
	g.turn(30 * time.Second)
	if _, err := g.SecondFactor(g.ctx, g.half("hang"), g.code(secret, 0), ticketing.Knock{IP: home.IP, Known: e.Known}); err != nil {
		t.Errorf("the owner's browser: %v", err)
	}
}

func TestWhichPasswordsAreTooEasy(t *testing.T) {
	g := newGate(t)
	for _, p := range []string{"password123", "Mật Khẩu 123", "matkhau@123", "P a s s w o r d 1 2 3", "1234567890", "9876543210", "aaaaaaaaaaaa", "abababababab", "Tổng đài 1022", "nguyenthithuhang", "Nguyễn Thị Thu Hằng", "hang123456"} {
		err := g.SetPassword(g.ctx, "hang", "test", p, false)
		g.key(p, err, "error.password_common")
	}
	g.key("short", g.SetPassword(g.ctx, "hang", "test", "ngắn quá", false), "error.password_length")
	for _, p := range []string{"con mèo nhà tôi", "tre-xanh-ben-song", "k7x2-9fmq-zz41-p0aa", "chín con chim sẻ", "!?%&/()=<>", "đường về quê ngoại"} {
		if err := g.SetPassword(g.ctx, "hang", "test", p, false); err != nil {
			t.Errorf("%q is refused: %v", p, err)
		}
	}
}

func TestChangingOnesOwnPassword(t *testing.T) {
	g := newGate(t)
	elsewhere, _ := g.signIn("hang")
	e, s := g.signIn("hang")
	const chosen = "con mèo nhà tôi"
	_, err := g.ChangePassword(g.ctx, s, "không phải", chosen, home)
	g.key("a wrong old one", err, "password.wrong")
	_, err = g.ChangePassword(g.ctx, s, phrase, phrase, home)
	g.key("the same again", err, "password.same")
	_, err = g.ChangePassword(g.ctx, s, phrase, "ngắn", home)
	g.key("too short", err, "error.password_length")
	now, err := g.ChangePassword(g.ctx, s, phrase, chosen, home)
	g.must(err)
	for what, token := range map[string]string{"elsewhere": elsewhere.Token, "before": e.Token} {
		if _, _, err := g.Session(g.ctx, token); !errors.Is(err, ticketing.ErrNotFound) {
			t.Errorf("the session %s lives: %v", what, err)
		}
	}
	if _, _, err := g.Session(g.ctx, now.Token); err != nil {
		t.Errorf("the session that changed it: %v", err)
	}
}

func TestWhoMayEndWhoseSessions(t *testing.T) {
	g := newGate(t)
	var told []string
	g.Changed = func(staff, session string) { told = append(told, staff+" "+session) }
	supervisor := ticketing.Actor{ID: "toan", Role: ticketing.Supervisor}
	e, s := g.signIn("hang")
	_, boss := g.signIn("admin")
	auditor := ticketing.Actor{ID: "yen", Role: ticketing.Auditor}
	g.key("an auditor", g.EndSession(g.ctx, auditor, "hang", s.ID), "settings.may_write")
	g.key("an operator, another's", g.EndSession(g.ctx, ticketing.Actor{ID: "hang", Role: ticketing.Operator}, "toan", "toan/x"), "settings.may_write")
	g.key("a shift leader, an administrator's", g.EndSession(g.ctx, supervisor, "admin", boss.ID), "settings.may_write")
	g.key("a shift leader, an administrator's all", g.EndSessions(g.ctx, supervisor, "admin"), "settings.may_write")
	g.key("one person's under another's name", g.EndSession(g.ctx, supervisor, "hang", boss.ID), "error.not_found")
	if _, _, err := g.Session(g.ctx, e.Token); err != nil {
		t.Fatalf("ended by somebody who may not: %v", err)
	}
	told = nil
	g.must(g.EndSession(g.ctx, supervisor, "hang", s.ID))
	if _, _, err := g.Session(g.ctx, e.Token); !errors.Is(err, ticketing.ErrNotFound) || len(told) != 1 || told[0] != "hang "+s.ID {
		t.Errorf("ended: %v, told %q", err, told)
	}
	g.must(g.EndSession(g.ctx, supervisor, "hang", s.ID)) // once more does no harm
	desk := &ticketing.Desk{Store: g.store, Catalog: g.Catalog, Now: g.Now}
	book, err := desk.SettingChanges(g.ctx, administrator)
	g.must(err)
	n := 0
	for _, c := range book {
		if c.Did == "session_ended" && c.By == "toan" && c.ID == "hang" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the book tells of it %d times", n)
	}
	g.signIn("hang")
	g.turn(3 * time.Hour)
	if all, err := g.Sessions(g.ctx, "hang"); err != nil || len(all) != 0 {
		t.Errorf("sessions that are over are listed: %v, %v", all, err)
	}
}

// What comes back from browsers is foreign: whatever it is, it opens nothing and breaks nothing.
func FuzzWhatBrowsersBringBack(f *testing.F) {
	g := newGate(f)
	for _, seed := range []string{"", ".", "a.b", "hang.x", "hang:x", "AAAA", strings.Repeat(".", 50), "hang/" + strings.Repeat("A", 43)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d := g.Device("", s); d != "" {
			t.Errorf("known as %q", d)
		}
		if _, err := g.Halfway(t.Context(), s); ticketing.ClassOf(err) != ticketing.Forbidden {
			t.Errorf("half a sign-in: %v", err)
		}
		if _, err := g.PendingSecond(ticketing.Session{ID: s, Staff: "hang"}, s); ticketing.ClassOf(err) != ticketing.Invalid {
			t.Errorf("a set-up: %v", err)
		}
		if _, err := g.Invited(t.Context(), s); ticketing.ClassOf(err) != ticketing.NotFound {
			t.Errorf("an invitation: %v", err)
		}
		if _, _, err := g.Session(t.Context(), s); !errors.Is(err, ticketing.ErrNotFound) {
			t.Errorf("a session: %v", err)
		}
	})
}

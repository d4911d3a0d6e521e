package ticketing_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"hotline1022/ticketing"
)

const issuer = "https://idp.example.vn"

func TestAnIdentityIsIssuerAndSubject(t *testing.T) {
	g := newGate(t)
	_, s := g.signIn("hang")
	_, err := g.SignInAs(g.ctx, issuer, "17", home)
	g.key("unlinked", err, "error.identity_unknown")
	g.must(g.Link(g.ctx, s, issuer, "17"))
	g.must(g.Link(g.ctx, s, issuer, "17")) // once more does no harm
	e, err := g.SignInAs(g.ctx, issuer, "17", home)
	g.must(err)
	if e.Staff.ID != "hang" || e.Token == "" {
		t.Errorf("signed in as %+v", e)
	}
	for what, id := range map[string][2]string{"another subject": {issuer, "18"}, "another issuer": {issuer + "/", "17"}, "the parts moved": {issuer + "1", "7"}} {
		_, err := g.SignInAs(g.ctx, id[0], id[1], home)
		g.key(what, err, "error.identity_unknown")
	}
	_, other := g.signIn("toan")
	g.key("somebody else's", g.Link(g.ctx, other, issuer, "17"), "error.identity_taken")
	g.must(g.Link(g.ctx, other, issuer+"1", "7")) // another's, though the parts in a row read the same
	mine, err := g.Identities(g.ctx, "toan")
	g.must(err)
	g.must(g.Unlink(g.ctx, other, mine[0].ID))

	secret, _ := g.enrols("hang")
	e, err = g.SignInAs(g.ctx, issuer, "17", home)
	g.must(err)
	if e.Token != "" || e.Half == "" {
		t.Error("the other service is a way past the second factor")
	}
	in, err := g.SecondFactor(g.ctx, e.Half, g.code(secret, 0), home)
	g.must(err)
	now, _, err := g.Session(g.ctx, in.Token)
	g.must(err)
	all, err := g.Identities(g.ctx, "hang")
	g.must(err)
	if len(all) != 1 {
		t.Fatalf("identities: %+v", all)
	}
	g.key("another's link", g.Unlink(g.ctx, other, all[0].ID), "error.not_found")
	g.must(g.Change(g.ctx, "hang", "test", func(s *ticketing.Staff) error { s.Off = true; return nil }))
	_, err = g.SignInAs(g.ctx, issuer, "17", home)
	g.key("switched off", err, "error.identity_unknown")
	g.must(g.Change(g.ctx, "hang", "test", func(s *ticketing.Staff) error { s.Off = false; return nil }))
	g.must(g.Unlink(g.ctx, now, all[0].ID))
	_, err = g.SignInAs(g.ctx, issuer, "17", home)
	g.key("unlinked again", err, "error.identity_unknown")
	g.must(g.Link(g.ctx, other, issuer, "17")) // it is free now
}

func TestInvitations(t *testing.T) {
	g := newGate(t)
	g.must(g.SetPassword(g.ctx, "hang", "test", "k7x2-9fmq-zz41-p0aa", true)) // a first password, never used
	_, err := g.Invite(g.ctx, ticketing.Actor{ID: "toan", Role: ticketing.Supervisor}, "hang")
	g.key("a shift leader invites", err, "settings.may_write")
	invite := func() string {
		t.Helper()
		key, err := g.Invite(g.ctx, administrator, "hang")
		g.must(err)
		return key
	}
	over := func(what, key string) {
		t.Helper()
		_, err := g.Accept(g.ctx, key, issuer, "17", home)
		g.key(what, err, "error.invitation_over")
	}
	for _, key := range []string{"", ".", "hang.", "hang.x", "nobody.x"} {
		over("the key "+key, key)
	}
	old := invite()
	key := invite()
	over("an earlier one", old)
	g.must(g.SignOutEverywhere(g.ctx, "hang", "test"))
	over("after signing out everywhere", key)
	key = invite()
	g.turn(72*time.Hour + time.Second)
	over("after three days", key)
	_, boss := g.signIn("admin")
	g.must(g.Link(g.ctx, boss, issuer, "1"))
	key = invite()
	_, err = g.Accept(g.ctx, key, issuer, "1", home)
	g.key("somebody else's identity", err, "error.identity_taken")
	if s, err := g.Invited(g.ctx, key); err != nil || s.ID != "hang" {
		t.Errorf("the key is for %q, %v", s.ID, err)
	}

	// Of two who hold the key one is linked.
	var wait sync.WaitGroup
	var in [2]bool
	for i, subject := range []string{"17", "18"} {
		p := g.process()
		wait.Go(func() {
			e, err := p.Accept(g.ctx, key, issuer, subject, home)
			in[i] = err == nil && e.Token != "" && e.Owes == ""
		})
	}
	wait.Wait()
	all, err := g.Identities(g.ctx, "hang")
	g.must(err)
	if in[0] == in[1] || len(all) != 1 {
		t.Fatalf("accepted: %v, linked %+v", in, all)
	}
	over("used", key)
	_, err = g.SignIn(g.ctx, "hang", "k7x2-9fmq-zz41-p0aa", home)
	g.key("the first password", err, "error.sign_in")

	// Where no first password ends with it, the key is still good once.
	theirs, err := g.Invite(g.ctx, administrator, "toan")
	g.must(err)
	_, err = g.Accept(g.ctx, theirs, issuer, "21", home)
	g.must(err)
	_, err = g.Accept(g.ctx, theirs, issuer, "22", home)
	g.key("used by somebody with a password", err, "error.invitation_over")

	key = invite() // once more, for an identity that is linked already
	e, err := g.Accept(g.ctx, key, issuer, all[0].Subject, home)
	g.must(err)
	over("used for nothing new", key)
	s, _, err := g.Session(g.ctx, e.Token)
	g.must(err)
	g.key("the last way in", g.Unlink(g.ctx, s, all[0].ID), "error.identity_last")
	g.must(g.Change(g.ctx, "hang", "test", func(s *ticketing.Staff) error { s.Off = true; return nil }))
	_, err = g.Invite(g.ctx, administrator, "hang")
	g.key("inviting who is switched off", err, "error.invitation_off")
	if _, err := g.Invite(g.ctx, administrator, "nobody"); ticketing.ClassOf(err) != ticketing.NotFound || errors.Is(err, nil) {
		t.Errorf("inviting nobody: %v", err)
	}
}

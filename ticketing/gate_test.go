package ticketing_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/hotp"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/sqlite"
)

// gate is accounts over a real store, with a clock the test turns.
type gate struct {
	testing.TB
	*ticketing.Accounts
	store ticketing.Store
	vault *ticketing.Vault
	ctx   context.Context

	mu  sync.Mutex
	now time.Time
}

const phrase = "một câu dài dễ nhớ"

func newGate(t testing.TB) *gate {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "hotline.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	g := &gate{TB: t, store: store, ctx: t.Context(), now: time.Date(2026, 11, 23, 2, 0, 15, 0, time.UTC)}
	g.vault, err = ticketing.NewVault(store, bytes.Repeat([]byte{7}, 32), g.Now)
	g.must(err)
	g.Accounts = g.process()
	g.must(g.Add(g.ctx, ticketing.Staff{ID: "hang", Name: "Nguyễn Thị Thu Hằng", Role: ticketing.Operator}, phrase, "test"))
	g.must(g.Add(g.ctx, ticketing.Staff{ID: "toan", Name: "Trần Quốc Toản", Role: ticketing.Supervisor}, phrase, "test"))
	g.must(g.Add(g.ctx, ticketing.Staff{ID: "admin", Name: "Quản trị", Role: ticketing.Administrator}, phrase, "test"))
	return g
}

// process is accounts as another process has them: nothing in memory is shared.
func (g *gate) process() *ticketing.Accounts {
	g.Helper()
	catalogs := &ticketing.Catalogs{Records: g.store}
	g.must(catalogs.Refresh(g.ctx))
	return &ticketing.Accounts{Records: g.store, Now: g.Now, Vault: g.vault, Catalog: catalogs}
}

func (g *gate) Now() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now
}

func (g *gate) turn(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now = g.now.Add(d)
}

func (g *gate) must(err error) {
	g.Helper()
	if err != nil {
		g.Fatal(err)
	}
}

// key checks the sentence an error stands for.
func (g *gate) key(what string, err error, key string) {
	g.Helper()
	var e *ticketing.Error
	if !errors.As(err, &e) || e.Key != key {
		g.Errorf("%s: %v, want %s", what, err, key)
	}
}

var home = ticketing.Knock{IP: "203.0.113.7", Browser: "test"}

func (g *gate) signIn(name string) (ticketing.Entry, ticketing.Session) {
	g.Helper()
	e, err := g.SignIn(g.ctx, name, phrase, home)
	g.must(err)
	s, _, err := g.Session(g.ctx, e.Token)
	g.must(err)
	return e, s
}

// code is what an app shows, so many steps from now.
func (g *gate) code(secret string, steps int64) string {
	g.Helper()
	c, err := hotp.GenerateCode(secret, uint64(g.Now().Unix()/30+steps))
	g.must(err)
	return c
}

// enrols gives the person a second factor; the clock is a step later then.
func (g *gate) enrols(name string) (secret string, recovery []string) {
	g.Helper()
	_, s := g.signIn(name)
	set, err := g.NewSecond(s)
	g.must(err)
	_, recovery, err = g.ConfirmSecond(g.ctx, s, set.Sealed, g.code(set.Secret, 0), home)
	g.must(err)
	g.turn(30 * time.Second)
	return set.Secret, recovery
}

// half begins a sign-in as far as the code.
func (g *gate) half(name string) string {
	g.Helper()
	e, err := g.SignIn(g.ctx, name, phrase, home)
	g.must(err)
	if e.Half == "" || e.Token != "" {
		g.Fatalf("the password alone gave %+v", e)
	}
	return e.Half
}

package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/sqlite"
)

func TestSomebodyIsOnDutyWhileAnOperatorIsSignedIn(t *testing.T) {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "hotline.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, ticketing.Zone)
	clock := func() time.Time { return now }
	accounts := &ticketing.Accounts{Records: store, Now: clock}
	const password = "một câu dài dễ nhớ"
	for _, s := range []ticketing.Staff{{ID: "hang", Name: "Hằng", Role: ticketing.Operator}, {ID: "uyen", Name: "Uyên", Role: ticketing.Officer, Agency: "so-xd"}} {
		if err := accounts.Add(t.Context(), s, password, "test"); err != nil {
			t.Fatal(err)
		}
	}
	d := &duty{accounts: accounts, now: clock}
	want := func(when string, there bool) {
		t.Helper()
		now = now.Add(dutyKept)
		if got := d.there(t.Context()); got != there {
			t.Errorf("%s: there %v, want %v", when, got, there)
		}
	}
	want("nobody signed in", false)
	if _, err := accounts.SignIn(t.Context(), "uyen", password, ticketing.Knock{}); err != nil {
		t.Fatal(err)
	}
	want("an agency's officer signed in", false)
	entry, err := accounts.SignIn(t.Context(), "hang", password, ticketing.Knock{})
	if err != nil {
		t.Fatal(err)
	}
	want("an operator signed in", true)
	now = now.Add(dutySeen)
	want("no sign of life", false)
	session, _, err := accounts.Session(t.Context(), entry.Token)
	if err != nil {
		t.Fatal(err)
	}
	want("the operator is back", true)
	if err := accounts.SignOut(t.Context(), session.ID); err != nil {
		t.Fatal(err)
	}
	want("the operator signed out", false)
}

func TestChatSitesAreChecked(t *testing.T) {
	c := Config{Addr: "127.0.0.1:0", Data: "x", Store: "sqlite", Timezone: "Asia/Ho_Chi_Minh", ChatSites: "https://ok.vn,*",
		ZaloAPI: "https://a.vn", ZaloOAuth: "https://a.vn", ZaloBusiness: "https://a.vn",
		FacebookGraph: "https://a.vn", TelegramAPI: "https://a.vn"}
	if err := c.check(); err == nil || !strings.Contains(err.Error(), "HOTLINE_CHAT_SITES") {
		t.Errorf("a wildcard site is answered %v", err)
	}
	c.ChatSites = "https://ok.vn"
	if err := c.check(); err != nil {
		t.Errorf("a good site is answered %v", err)
	}
}

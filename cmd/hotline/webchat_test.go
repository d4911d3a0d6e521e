package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

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

// The hub, the window's line and the console's are joined: each side is told that the other is writing.
func TestTypingGoesFromTheWindowToTheConsoleAndBack(t *testing.T) {
	r := start(t)
	got, err := r.desk.Receive(t.Context(), ticketing.Actor{ID: "chat", Role: ticketing.Citizen}, ticketing.Incoming{
		Key: "chat:test:1", Channel: ticketing.Chat, From: ticketing.Contact{Channel: ticketing.Chat, ID: strings.Repeat("ab", 32)}, Text: "Đèn đường trước nhà tắt.",
	})
	if err != nil {
		t.Fatal(err)
	}
	code := string(got.Ticket.Code)
	if err := r.accounts.Add(t.Context(), ticketing.Staff{ID: "may", Name: "Mây", Role: ticketing.Operator}, "một câu dài dễ nhớ", "test"); err != nil {
		t.Fatal(err)
	}
	entry, err := r.accounts.SignIn(t.Context(), "may", "một câu dài dễ nhớ", ticketing.Knock{IP: "127.0.0.1", Browser: "test"})
	if err != nil {
		t.Fatal(err)
	}
	token := entry.Token
	dial := func(path string, header http.Header, protocols ...string) *websocket.Conn {
		header.Set("Origin", r.url)
		d := websocket.Dialer{HandshakeTimeout: 20 * time.Second, Subprotocols: protocols}
		c, _, err := d.Dial(strings.Replace(r.url, "http", "ws", 1)+path, header)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	hears := func(c *websocket.Conn) {
		t.Helper()
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
		for {
			_, text, err := c.ReadMessage()
			if err != nil {
				t.Fatalf("is not told: %v", err)
			}
			if string(text) == `{"typing":"`+code+`"}` {
				return
			}
		}
	}
	says := func(c *websocket.Conn, text string) {
		t.Helper()
		if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	pass := r.desk.Vault.Seal("webchat line", fmt.Appendf(nil, "%s vi test %d", code, time.Now().Add(time.Minute).UnixMilli()))
	console := dial("/live", http.Header{"Cookie": {"hotline_session=" + token}})
	window := dial("/nhung/chat/live", http.Header{}, "hotline-chat", "pass."+base64.RawURLEncoding.EncodeToString(pass))
	says(console, `{"open":"`+code+`"}`)
	says(window, `{"typing":true}`) // whichever comes first: who opens the ticket is told what is going on
	hears(console)
	says(console, `{"typing":true}`)
	hears(window)
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

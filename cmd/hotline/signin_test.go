package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"hotline1022/cmd/hotline/province"
	"hotline1022/realtime"
	"hotline1022/ticketing"
)

// send posts a form as a page of ours does, and answers with status and where it leads.
func (r *running) send(c *http.Client, path string, pairs ...string) (int, string) {
	r.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, r.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", r.url)
	resp, err := c.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode, resp.Request.URL.Path
}

// listens opens the staff's socket with the client's cookie, and waits until it is greeted.
func (r *running) listens(c *http.Client) *websocket.Conn {
	r.Helper()
	conn := r.knocks(c)
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		r.Fatal(err)
	}
	if _, _, err := conn.ReadMessage(); err != nil {
		r.Fatalf("the socket does not open: %v", err)
	}
	return conn
}

func (r *running) knocks(c *http.Client) *websocket.Conn {
	r.Helper()
	d := websocket.Dialer{Jar: c.Jar, HandshakeTimeout: 10 * time.Second}
	conn, _, err := d.DialContext(r.Context(), strings.Replace(r.url, "http", "ws", 1)+"/live", http.Header{"Origin": {r.url}})
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { conn.Close() })
	return conn
}

// closed reads until the socket is closed, and says by which code; 0 if it is not within the time.
func (r *running) closed(conn *websocket.Conn, within time.Duration) int {
	r.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		r.Fatal(err)
	}
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			if c, ok := err.(*websocket.CloseError); ok {
				return c.Code
			}
			return 0
		}
	}
}

// Whatever ends a sign-in, or asks something first of who has signed in, is felt by a page that is open: its socket
// closes at once, the next one is sent to sign in, and its cookie is nobody's for the API.
func TestWhatEndsASignInIsFeltByOpenPages(t *testing.T) {
	for name, end := range map[string]func(r *running, admin, lead, self *http.Client, session string){
		"a second factor is demanded": func(r *running, admin, _, _ *http.Client, _ string) {
			if status, _ := r.send(admin, "/admin/sign-in/staff", "version", "0", "second", "operator"); status != 200 {
				r.Fatalf("the demand is answered %d", status)
			}
		},
		"the account is switched off": func(r *running, admin, _, _ *http.Client, _ string) {
			h, err := r.store.History(r.Context(), ticketing.KindStaff, "hanh")
			if err != nil || len(h) != 1 {
				r.Fatal(len(h), err)
			}
			r.send(admin, "/admin/staff/hanh", "version", "1", "name", "Hạnh", "role", "operator", "off", "on")
		},
		"the role changes": func(r *running, admin, _, _ *http.Client, _ string) {
			r.send(admin, "/admin/staff/hanh", "version", "1", "name", "Hạnh", "role", "moderator")
		},
		"the password is reset": func(r *running, admin, _, _ *http.Client, _ string) {
			r.send(admin, "/admin/staff/hanh/password")
		},
		"a shift leader ends the session": func(r *running, _, lead, _ *http.Client, session string) {
			r.send(lead, "/admin/staff/hanh/thiet-bi/dang-xuat", "session", session)
		},
		"a shift leader ends all": func(r *running, _, lead, _ *http.Client, _ string) {
			r.send(lead, "/admin/staff/hanh/thiet-bi/dang-xuat-het")
		},
		"she ends it from another device": func(r *running, _, _, self *http.Client, session string) {
			r.send(self, "/tai-khoan/dang-xuat", "session", session)
		},
		"she signs out everywhere": func(r *running, _, _, self *http.Client, _ string) {
			r.send(self, "/tai-khoan/dang-xuat-het")
		},
		"she changes her password elsewhere": func(r *running, _, _, self *http.Client, _ string) {
			r.send(self, "/mat-khau", "old", province.Password, "password", "con mèo nhà tôi", "again", "con mèo nhà tôi")
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t)
			page := r.client("hanh")
			sessions, err := r.accounts.Sessions(t.Context(), "hanh")
			if err != nil || len(sessions) != 1 {
				t.Fatal(sessions, err)
			}
			admin, lead, self := r.client("quantri"), r.client("truongca"), r.client("hanh")
			socket, other := r.listens(page), r.listens(lead)
			if got := r.status(page, "/api/v1/agencies"); got != 200 {
				t.Fatalf("the API answers the cookie %d", got)
			}
			end(r, admin, lead, self, sessions[0].ID)
			if code := r.closed(socket, 5*time.Second); code != websocket.ClosePolicyViolation && code != realtime.SignIn {
				t.Errorf("the open page's socket is closed with %d", code)
			}
			if code := r.closed(r.knocks(page), 5*time.Second); code != realtime.SignIn {
				t.Errorf("the next socket is closed with %d", code)
			}
			if got := r.status(page, "/api/v1/agencies"); got != 401 {
				t.Errorf("the API answers the cookie %d", got)
			}
			if code := r.closed(other, 300*time.Millisecond); code != 0 {
				t.Errorf("another's socket is closed with %d", code)
			}
		})
	}
}

func TestTheSettingsOfASignInServiceAreChecked(t *testing.T) {
	for want, set := range map[string]func(*Config){
		"all of them or none":   func(c *Config) { c.OIDCIssuer = "https://id.example.vn" },
		"all of them":           func(c *Config) { c.OIDCName = "Cổng" },
		"must begin with https": func(c *Config) { c.OIDCIssuer, c.OIDCClientID, c.OIDCClientSecret = "http://id.example.vn", "a", "b" },
		"is not like":           func(c *Config) { c.OIDCIssuer, c.OIDCClientID, c.OIDCClientSecret = "id.example.vn", "a", "b" },
		"": func(c *Config) {
			c.OIDCIssuer, c.OIDCClientID, c.OIDCClientSecret = "https://id.example.vn/realms/tinh", "a", "b"
		},
	} {
		c := Config{Addr: "127.0.0.1:0", Data: "x", Store: "sqlite", Timezone: "Asia/Ho_Chi_Minh", ZaloAPI: "https://a.vn", ZaloOAuth: "https://a.vn",
			ZaloBusiness: "https://a.vn", FacebookGraph: "https://a.vn", TelegramAPI: "https://a.vn"}
		set(&c)
		err := c.check()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

package main_test

import (
	"bytes"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestVersionAndConfig(t *testing.T) {
	p := newPlace(t)
	p.run("version").wants(0, "hotline ", "commit ", "go1.", "sqlite, mongodb")

	const secret = "bi-mat-khong-duoc-in-ra"
	p.set("HOTLINE_ZALO_APP_ID", "42", "HOTLINE_ZALO_OA_ID", "43", "HOTLINE_ZALO_OA_SECRET_KEY", secret, "HOTLINE_VAULT_KEY", vaultOf,
		"HOTLINE_ADMIN_PASSWORD", secret)
	o := p.run("config", "--timezone", "Asia/Bangkok").wants(0, "HOTLINE_DATA="+p.dir, "HOTLINE_ZALO_APP_ID=42", "HOTLINE_ZALO_OA_SECRET_KEY=set",
		"HOTLINE_VAULT_KEY=set", "HOTLINE_ADMIN_PASSWORD=set", "HOTLINE_METRICS_TOKEN=not set", "HOTLINE_TIMEZONE=Asia/Bangkok",
		"(default 127.0.0.1:10220)", "HOTLINE_PUBLIC_URL=not set")
	if strings.Contains(o.out+o.err, secret) || strings.Contains(o.out+o.err, vaultOf) {
		t.Errorf("a secret is shown:\n%s%s", o.out, o.err)
	}
	p.run("config", "--addr", "nowhere").wants(2, "HOTLINE_ADDR=nowhere", `"nowhere" is not HOST:PORT`).oneLine()
	if _, err := os.Stat(p.dir); err == nil {
		t.Error("looking at the settings made a data folder")
	}
}

// signIn is the status and the place a sign-in leads to.
func signIn(t *testing.T, base, name, password string) (int, string) {
	t.Helper()
	resp, err := client().PostForm(base+"/dang-nhap", url.Values{"name": {name}, "password": {password}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode, resp.Header.Get("Location")
}

var told = regexp.MustCompile(`with the password (\S+) `)

func password(o outcome) string {
	m := told.FindStringSubmatch(o.out)
	if m == nil {
		o.Fatalf("no password is told:\n%s", o.out)
	}
	return m[1]
}

func TestAccountsByCommand(t *testing.T) {
	p := newPlace(t)
	s := p.serve() // makes the first administrator
	if status, to := signIn(t, s.url, "admin", p.settings["HOTLINE_ADMIN_PASSWORD"]); status != 303 || to != "/admin" {
		t.Errorf("the first administrator's sign-in: %d to %q", status, to)
	}
	s.stop()
	p.settings["HOTLINE_ADMIN_PASSWORD"] = "mot mat khau khac han" // counts no more

	first := password(p.run("user", "add", "thu.hang", "--name", "Nguyễn Thị Thu Hằng", "--role", "operator").wants(0))
	second := password(p.run("user", "add", "quoc.toan", "--name", "Trần Quốc Toản", "--role", "supervisor").wants(0))
	p.run("user", "add", "thu.hang", "--name", "Khác", "--role", "operator").wants(2).oneLine()
	p.run("user", "add", "x1", "--name", "Khác", "--role", "emperor").wants(2).oneLine()
	p.run("user", "add", "x2", "--name", "Khác", "--role", "officer", "--agency", "khong-co").wants(2, `no agency "khong-co"`).oneLine()
	p.run("user", "add", "x3", "--role", "operator").wants(2, "--name").oneLine()
	o := p.run("user", "list").wants(0, "admin", "thu.hang", "quoc.toan", "Trần Quốc Toản", "supervisor")
	if strings.Contains(o.out, "x1") || strings.Contains(o.out, "x2") {
		t.Errorf("a refused account is there:\n%s", o.out)
	}
	p.run("user", "disable", "quoc.toan").wants(0)
	p.run("user", "list").wants(0, "off")
	anew := password(p.run("user", "reset", "thu.hang").wants(0))
	for _, call := range []string{"disable", "reset"} {
		p.run("user", call, "khong-co").wants(2, `no account "khong-co"`, "hotline user list").oneLine()
	}

	s = p.serve()
	for _, c := range []struct {
		name, password string
		status         int
		to             string
	}{
		{"thu.hang", anew, 303, "/mat-khau"}, // to be changed at once
		{"thu.hang", first, 403, ""},
		{"quoc.toan", second, 403, ""},
		{"admin", "mot mat khau khac han", 403, ""},
	} {
		if status, to := signIn(t, s.url, c.name, c.password); status != c.status || to != c.to {
			t.Errorf("the sign-in of %s: %d to %q, want %d to %q", c.name, status, to, c.status, c.to)
		}
	}
	s.stop()
}

func TestTokensByCommand(t *testing.T) {
	p := newPlace(t)
	reads := strings.TrimSpace(p.run("token", "add", "--name", "bản đồ", "--scopes", "tickets:read").wants(0).out)
	gone := strings.TrimSpace(p.run("token", "add", "--name", "cũ", "--scopes", "tickets:read,events:read", "--days", "0").wants(0).out)
	p.run("token", "add", "--name", "x", "--scopes", "all").wants(2).oneLine()
	p.run("token", "add", "--name", "x").wants(2, "--scopes").oneLine()
	id := strings.Split(gone, "_")[1]
	if len(id) != 8 {
		id = strings.TrimPrefix(gone, "h1022_")[:8]
	}
	p.run("token", "revoke", id).wants(0)
	p.run("token", "revoke", "khongcoo").wants(2, `no token "khongcoo"`, "hotline token list").oneLine()
	o := p.run("token", "list").wants(0, "bản đồ", "tickets:read", id, "revoked", "never")
	for _, key := range []string{reads, gone} {
		if strings.Contains(o.out, key) {
			t.Errorf("the list shows a key:\n%s", o.out)
		}
	}
	s := p.serve()
	for key, want := range map[string]int{reads: 200, gone: 401, "": 401, reads + "x": 401} {
		c := &caller{TB: t, http: client(), token: key}
		if r, err := c.call(http.MethodGet, s.url+"/api/v1/tickets", "", nil); err != nil || r.status != want {
			t.Errorf("with the key %.14s…: %d, %v; want %d", key, r.status, err, want)
		}
	}
	c := &caller{TB: t, http: client(), token: reads}
	if r, err := c.call(http.MethodPost, s.url+"/api/v1/tickets", "k", matter("k", 1)); err != nil || r.status != 403 {
		t.Errorf("a key that may only read writes: %d %s, %v", r.status, r.body, err)
	}
	s.stop()
}

// Whoever has the disk and changes a byte is found out: in the journal by verify, in what is shown by replay --check,
// which also mends it. Both then end with 1, which is for data that is wrong.
func TestDamageIsFoundAndMended(t *testing.T) {
	p := newPlace(t)
	c := p.everything("damage")
	s := p.serve()
	const word = "Xyzzyplugh"
	for _, key := range []string{"one", "two", "three"} {
		m := matter(key, 1)
		if key == "two" {
			m["address"] = word + " 7" // which is in the journal, and shown, and not searched for
		}
		if _, err := c.try(s.url, deed{key: key, body: m}); err != nil {
			t.Fatal(err)
		}
	}
	s.stop()
	p.run("verify").wants(0)
	p.run("replay", "--check").wants(0)

	path := filepath.Join(p.dir, "hotline.db")
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	journal, shown := 0, 0
	for at, from := 0, 0; ; from = at + 1 {
		i := bytes.Index(sound[from:], []byte(word))
		if i < 0 {
			break
		}
		at = from + i
		damaged := bytes.Clone(sound)
		damaged[at] = 'B'
		write(t, path, string(damaged))
		v, r := p.run("verify"), p.run("replay", "--check")
		switch {
		case v.status == 1:
			v.oneLine().wants(1, "the journal is damaged")
			journal++
		case r.status == 1:
			r.oneLine().wants(1, "differ from the journal", "`hotline replay` makes them anew", "should have")
			p.run("replay").wants(0, "made anew")
			p.run("replay", "--check").wants(0)
			shown++
		default:
			t.Errorf("a byte was changed at %d and nobody noticed: verify %d, replay --check %d", at, v.status, r.status)
		}
	}
	if journal == 0 || shown == 0 {
		t.Errorf("%d changes in the journal and %d in what is shown were tried: the test tests little", journal, shown)
	}
	t.Logf("%d changes in the journal, %d in what is shown", journal, shown)
}

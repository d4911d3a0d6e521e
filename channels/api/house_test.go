package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/attachments"
	"hotline1022/ticketing/places"
	"hotline1022/ticketing/routing"
)

// house is a hotline behind a real listener, on a real store, with a clock the test turns.
type house struct {
	testing.TB
	api    *API
	app    *fiber.App
	desk   *ticketing.Desk
	store  ticketing.Store
	base   string
	log    *bytes.Buffer
	spec   spec
	tokens map[string]string // by the names of tokensOf

	mu  sync.Mutex
	now time.Time
}

// monday morning, office hours.
var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, ticketing.Zone)

// tokensOf are the programs of the tests.
var tokensOf = map[string]ticketing.Token{
	"all":      {Scopes: ticketing.TokenScopes[:]},
	"none":     {Scopes: []string{"report:read"}}, // something, but nothing of tickets
	"read":     {Scopes: []string{ticketing.ScopeRead}},
	"write":    {Scopes: []string{ticketing.ScopeWrite}},
	"act":      {Scopes: []string{ticketing.ScopeAct}},
	"events":   {Scopes: []string{ticketing.ScopeEvents}},
	"power":    {Scopes: ticketing.TokenScopes[:], Agency: "dien-luc"},
	"building": {Scopes: ticketing.TokenScopes[:], Agency: "so-xd"},
	"off":      {Scopes: ticketing.TokenScopes[:], Off: true},
	"expired":  {Scopes: ticketing.TokenScopes[:], Expires: monday.Add(-time.Second)},
}

func newHouse(t testing.TB, change ...func(*house)) *house {
	t.Helper()
	ctx := context.Background()
	h := &house{TB: t, now: monday, log: new(bytes.Buffer), tokens: map[string]string{}, spec: readSpec(t)}
	h.store = openStore(t)
	h.records()
	files, err := attachments.Open(t.TempDir())
	h.must(err)
	catalogs := &ticketing.Catalogs{Records: h.store}
	h.must(catalogs.Refresh(ctx))
	vault, err := ticketing.NewVault(h.store, bytes.Repeat([]byte{7}, 32), h.Now)
	h.must(err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	h.must(err)
	h.base = "http://" + l.Addr().String()
	log := slog.New(slog.NewTextHandler(h.log, nil))
	h.desk = &ticketing.Desk{Store: h.store, Vault: vault, Files: files, Catalog: catalogs, Now: h.Now, Log: log, BaseURL: h.base}
	accounts := &ticketing.Accounts{Records: h.store, Now: h.Now}
	h.api = &API{Desk: h.desk, Accounts: accounts, Staff: h.staff, BaseURL: h.base, Log: log}
	for _, f := range change {
		f(h)
	}
	h.app = fiber.New(fiber.Config{Immutable: true, DisableStartupMessage: true, StreamRequestBody: true,
		BodyLimit: 1 << 20, ErrorHandler: h.api.Failure})
	h.api.Mount(h.app)
	go func() { _ = h.app.Listener(l) }()
	t.Cleanup(func() {
		_ = h.app.ShutdownWithTimeout(time.Second)
		if t.Failed() && h.log.Len() > 0 {
			t.Logf("log:\n%s", h.log)
		}
	})
	for name, token := range tokensOf {
		token.Name = name
		h.tokens[name], err = accounts.NewToken(ctx, token, "test")
		h.must(err)
	}
	for _, s := range []ticketing.Staff{
		{ID: "hang", Name: "Nguyễn Thị Thu Hằng", Role: ticketing.Operator},
		{ID: "toan", Name: "Trần Quốc Toản", Role: ticketing.Supervisor},
		{ID: "uyen", Name: "Lê Phương Uyên", Role: ticketing.Officer, Agency: "dien-luc"},
		{ID: "diep", Name: "Phạm Ngọc Diệp", Role: ticketing.Leader, Agency: "dien-luc"},
		{ID: "nghia", Name: "Huỳnh Văn Nghĩa", Role: ticketing.Moderator},
		{ID: "yen", Name: "Võ Hoàng Yến", Role: ticketing.Auditor},
	} {
		h.must(accounts.Add(ctx, s, "", "test"))
	}
	return h
}

// staff takes the cookie for the account's name: signing in is not what is tried here.
func (h *house) staff(c *fiber.Ctx) (ticketing.Actor, error) {
	s, err := h.api.Accounts.Staff(c.UserContext(), c.Cookies("session"))
	return s.Actor(), err
}

// records are the settings of a small province.
func (h *house) records() {
	put := func(kind, id string, doc any) {
		raw, err := json.Marshal(doc)
		h.must(err)
		h.must(h.store.Put(context.Background(), ticketing.Record{Kind: kind, ID: id, Version: 1, At: monday, By: "test", Doc: raw}))
	}
	for _, a := range []ticketing.Agency{{ID: "so-xd", Name: "Sở Xây dựng", NameEN: "Department of Construction"}, {ID: "dien-luc", Name: "Điện lực"}, {ID: "cu", Name: "Sở cũ", Off: true}} {
		put(ticketing.KindAgency, a.ID, a)
	}
	for _, c := range []ticketing.Category{{ID: "dien", Name: "Điện", NameEN: "Electricity", Order: 2, Anonymous: true}, {ID: "duong", Name: "Đường sá", Order: 1}} {
		put(ticketing.KindCategory, c.ID, c)
	}
	for _, u := range []places.Unit{
		{Code: "48", Name: "Đà Nẵng", Type: places.ThanhPho},
		{Code: "20242", Name: "Hải Châu", Type: places.Phuong, Parent: "48"},
		{Code: "20194", Name: "Hải Vân", Type: places.Phuong, Parent: "48"},
	} {
		put(ticketing.KindArea, u.Code, u)
	}
	put(ticketing.KindRule, "dien", routing.Rule{ID: "dien", Name: "Điện", Categories: []string{"dien"}, Agency: "dien-luc"})
	var b places.Boundary
	h.must(json.Unmarshal([]byte(`{"code":"20242","geometry":{"type":"MultiPolygon","coordinates":[[[[108.2,16.0],[108.3,16.0],[108.3,16.1],[108.2,16.1],[108.2,16.0]]]]}}`), &b))
	put(ticketing.KindBoundary, "20242", b)
}

func (h *house) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) turn(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// answer is what came back. The members are those the tests look at.
type answer struct {
	status int
	header http.Header
	body   []byte
	doc    map[string]any
}

// str is a member's text; "" if it is not there.
func (a answer) str(name string) string {
	s, _ := a.doc[name].(string)
	return s
}

func (a answer) num(name string) int {
	n, _ := a.doc[name].(float64)
	return int(n)
}

func (a answer) items() []map[string]any {
	list, _ := a.doc["items"].([]any)
	out := make([]map[string]any, len(list))
	for i, x := range list {
		out[i], _ = x.(map[string]any)
	}
	return out
}

// faults lists the fields that are wrong.
func (a answer) faults() string {
	var names []string
	list, _ := a.doc["errors"].([]any)
	for _, x := range list {
		m, _ := x.(map[string]any)
		names = append(names, m["field"].(string))
	}
	return strings.Join(names, " ")
}

// ask sends a request as the named token ("" for none, "@name" for a person with a cookie and the right Origin) and
// holds the answer to the description. Headers are "Name: value".
func (h *house) ask(who, method, path, body string, headers ...string) answer {
	h.Helper()
	a := h.raw(who, method, path, body, headers...)
	if err := h.spec.check(method, path, a); err != nil {
		h.Errorf("%s %s as %q answers %d, which is not as described: %v\n%s", method, path, who, a.status, err, a.body)
	}
	return a
}

func (h *house) raw(who, method, path, body string, headers ...string) answer {
	h.Helper()
	q, err := http.NewRequestWithContext(context.Background(), method, h.base+path, strings.NewReader(body))
	h.must(err)
	if body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	switch {
	case strings.HasPrefix(who, "@"):
		q.AddCookie(&http.Cookie{Name: "session", Value: who[1:]})
		q.Header.Set("Origin", h.base)
	case who != "":
		q.Header.Set("Authorization", "Bearer "+h.tokens[who])
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		q.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(q)
	h.must(err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	h.must(err)
	a := answer{status: resp.StatusCode, header: resp.Header, body: raw}
	_ = json.Unmarshal(raw, &a.doc) // files and empty bodies have none
	return a
}

// want is ask with the status it must have.
func (h *house) want(status int, who, method, path, body string, headers ...string) answer {
	h.Helper()
	a := h.ask(who, method, path, body, headers...)
	if a.status != status {
		h.Fatalf("%s %s %s as %q: %d, not %d\n%s", method, path, body, who, a.status, status, a.body)
	}
	return a
}

// hand hands a matter in and answers its code.
func (h *house) hand(text, more string) string {
	h.Helper()
	body := `{"kind":"report","channel":"app","text":` + quoted(text) + more + `}`
	return h.want(201, "all", "POST", "/api/v1/tickets", body).str("code")
}

// act uses a verb.
func (h *house) act(who, code, verb, body string) answer {
	h.Helper()
	return h.want(200, who, "POST", "/api/v1/tickets/"+code+"/"+verb, body)
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

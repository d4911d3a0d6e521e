package open311

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
	"hotline1022/ticketing/attachments"
	"hotline1022/ticketing/places"
	"hotline1022/ticketing/store/sqlite"
)

var update = flag.Bool("update", false, "write the golden files anew")

// clock is time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// wednesday morning, office hours.
var wednesday = time.Date(2026, 11, 25, 9, 0, 0, 0, ticketing.Zone)

// house is a hotline with the endpoint behind a real listener, on a real store.
type house struct {
	testing.TB
	clock    *clock
	store    ticketing.Store
	desk     *ticketing.Desk
	accounts *ticketing.Accounts
	ch       *Channel
	conf     Config
	url      string // of the endpoint
	keys     map[string]string
	log      *bytes.Buffer
}

var keysOf = map[string]ticketing.Token{
	"write": {Scopes: []string{ticketing.ScopeWrite}},
	"other": {Scopes: []string{ticketing.ScopeWrite}},
	"read":  {Scopes: []string{ticketing.ScopeRead}},
	"power": {Scopes: []string{ticketing.ScopeAct}, Agency: "dien-luc"},
	"off":   {Scopes: []string{ticketing.ScopeWrite}, Off: true},
}

var (
	admin     = ticketing.Actor{ID: "admin", Role: ticketing.Administrator}
	operator  = ticketing.Actor{ID: "hang", Role: ticketing.Operator}
	officer   = ticketing.Actor{ID: "uyen", Role: ticketing.Officer, Agency: "dien-luc"}
	leader    = ticketing.Actor{ID: "diep", Role: ticketing.Leader, Agency: "dien-luc"}
	moderator = ticketing.Actor{ID: "nghia", Role: ticketing.Moderator}
)

func newHouse(t testing.TB, change ...func(*house)) *house {
	t.Helper()
	h := &house{TB: t, clock: &clock{now: wednesday}, keys: map[string]string{}, log: new(bytes.Buffer)}
	dir := t.TempDir()
	store, err := sqlite.Open(context.Background(), filepath.Join(dir, "hotline.db"), sqlite.Options{})
	h.must(err)
	t.Cleanup(func() { store.Close() })
	h.store = store
	h.records()
	files, err := attachments.Open(filepath.Join(dir, "files"))
	h.must(err)
	vault, err := ticketing.NewVault(store, bytes.Repeat([]byte{7}, 32), h.clock.Now)
	h.must(err)
	catalogs := &ticketing.Catalogs{Records: store}
	h.must(catalogs.Refresh(context.Background()))
	h.desk = &ticketing.Desk{
		Store: store, Vault: vault, Files: files, Catalog: catalogs, Now: h.clock.Now, BaseURL: "https://www.1022.example.vn",
		Log: slog.New(slog.NewTextHandler(&locked{w: h.log}, nil)),
	}
	h.accounts = &ticketing.Accounts{Records: store, Now: h.clock.Now}
	for name, token := range keysOf {
		token.Name = name
		h.keys[name], err = h.accounts.NewToken(context.Background(), token, "test")
		h.must(err)
	}
	for _, f := range change {
		f(h)
	}
	h.ch = h.process()
	h.url = h.listen(h.ch)
	return h
}

// locked lets several write.
type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// process is one more hotline on the store.
func (h *house) process() *Channel { return Open(h.conf, h.desk, h.accounts, h.desk.Log) }

// listen serves the endpoint on a free port.
func (h *house) listen(ch *Channel) string {
	h.Helper()
	app := fiber.New(fiber.Config{DisableStartupMessage: true, Immutable: true, ErrorHandler: ch.Failure})
	ch.Mount(app)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	h.must(err)
	go app.Listener(l)
	h.Cleanup(func() { app.ShutdownWithTimeout(time.Second) })
	return "http://" + l.Addr().String() + base
}

// records are the settings of a small province.
func (h *house) records() {
	for _, a := range []ticketing.Agency{
		{ID: "so-xd", Name: "Sở Xây dựng", NameEN: "Department of Construction"}, {ID: "dien-luc", Name: "Điện lực"},
	} {
		h.put(ticketing.KindAgency, a.ID, a)
	}
	for _, c := range []ticketing.Category{
		{ID: "mat-nuoc", Name: "Mất nước", Group: "Cấp nước", Hint: "Nước yếu, đục hoặc mất hẳn.", Order: 1, Details: []ticketing.Detail{
			{Code: "luu-y", Name: "Hãy xem lịch cắt nước trước khi gửi.", Info: true},
			{Code: "so_ho", Name: "Bao nhiêu hộ bị ảnh hưởng?", Type: "number", Required: true, Hint: "Số"},
			{Code: "dau_hieu", Name: "Dấu hiệu", Type: "multivaluelist", Values: []ticketing.DetailValue{{Key: "yeu", Name: "Nước yếu"}, {Key: "duc", Name: "Nước đục"}}},
			{Code: "tu_luc", Name: "Từ lúc nào?", Type: "datetime"},
		}},
		{ID: "dien", Name: "Điện", NameEN: "Electricity", Order: 2},
		{ID: "noi-bo", Name: "Nội bộ", StaffOnly: true},
		{ID: "co ma: la", Name: "Mã lạ"},
	} {
		h.put(ticketing.KindCategory, c.ID, c)
	}
	for _, u := range []places.Unit{
		{Code: "48", Name: "Đà Nẵng", Type: places.ThanhPho},
		{Code: "20242", Name: "Hải Châu", Type: places.Phuong, Parent: "48"},
	} {
		h.put(ticketing.KindArea, u.Code, u)
	}
	var b places.Boundary
	h.must(json.Unmarshal([]byte(`{"code":"20242","geometry":{"type":"MultiPolygon","coordinates":[[[[108.2,16.0],[108.3,16.0],[108.3,16.1],[108.2,16.1],[108.2,16.0]]]]}}`), &b))
	h.put(ticketing.KindBoundary, "20242", b)
}

func (h *house) put(kind, id string, doc any) {
	h.Helper()
	raw, err := json.Marshal(doc)
	h.must(err)
	h.must(h.store.Put(context.Background(), ticketing.Record{Kind: kind, ID: id, Version: 1, At: wednesday, By: "test", Doc: raw}))
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// reply is an answer read once.
type reply struct {
	status int
	header http.Header
	body   []byte
	h      *house
}

// get asks for a path below the endpoint.
func (h *house) get(path string, headers ...string) reply {
	h.Helper()
	return h.ask(http.MethodGet, path, "", headers...)
}

// post sends a form, written as "a=b&c=d" with the values as people read them.
func (h *house) post(path string, form url.Values, headers ...string) reply {
	h.Helper()
	return h.ask(http.MethodPost, path, form.Encode(), append(headers, "Content-Type: application/x-www-form-urlencoded; charset=utf-8")...)
}

func (h *house) ask(method, path, body string, headers ...string) reply {
	h.Helper()
	req, err := http.NewRequest(method, h.url+"/"+path, strings.NewReader(body))
	h.must(err)
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	h.must(err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	h.must(err)
	return reply{resp.StatusCode, resp.Header, raw, h}
}

// list is the answer's JSON array of objects.
func (r reply) list() (out []map[string]any) {
	r.h.Helper()
	if err := json.Unmarshal(r.body, &out); err != nil {
		r.h.Fatalf("%d: %v: %.300s", r.status, err, r.body)
	}
	return out
}

// object is the answer's JSON object.
func (r reply) object() (out map[string]any) {
	r.h.Helper()
	if err := json.Unmarshal(r.body, &out); err != nil {
		r.h.Fatalf("%d: %v: %.300s", r.status, err, r.body)
	}
	return out
}

// words are the descriptions of the errors.
func (r reply) words() string {
	r.h.Helper()
	var out []string
	for _, e := range r.list() {
		out = append(out, fmt.Sprint(e["code"], " ", e["description"]))
	}
	return strings.Join(out, "\n")
}

// fields makes a form.
func fields(pairs ...string) url.Values {
	f := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	return f
}

// report is a form that is taken, with more or other pairs.
func (h *house) report(more ...string) url.Values {
	f := fields("api_key", h.keys["write"], "service_code", "dien", "lat", "16.0512", "long", "108.2187", "description", "Mất điện từ sáng",
		"attribute[cong_khai]", "co")
	for i := 0; i+1 < len(more); i += 2 {
		f.Del(more[i])
	}
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] != "" {
			f.Add(more[i], more[i+1])
		}
	}
	return f
}

// taken posts a report that must be taken, and gives its ticket.
func (h *house) taken(more ...string) ticketing.Ticket {
	h.Helper()
	r := h.post("requests.json", h.report(more...))
	if r.status != 200 {
		h.Fatalf("%d %s", r.status, r.body)
	}
	return h.ticket(r.list()[0]["service_request_id"].(string))
}

func (h *house) ticket(id string) ticketing.Ticket {
	h.Helper()
	t, err := h.ch.numbered(context.Background(), id)
	h.must(err)
	return t
}

func (h *house) do(by ticketing.Actor, code ticketing.Code, cmd ticketing.Command) ticketing.Ticket {
	h.Helper()
	t, err := h.desk.Do(context.Background(), by, code, cmd)
	h.must(err)
	return t
}

// answered takes a ticket the whole way to an answer that may be published.
func (h *house) answered(t ticketing.Ticket, text string) ticketing.Ticket {
	h.Helper()
	h.do(operator, t.Code, ticketing.Command{Verb: ticketing.Route, Agency: "dien-luc"})
	h.do(officer, t.Code, ticketing.Command{Verb: ticketing.AcceptIt})
	h.do(officer, t.Code, ticketing.Command{Verb: ticketing.WriteDraft, Text: text, Outcome: ticketing.Done})
	h.do(leader, t.Code, ticketing.Command{Verb: ticketing.Approve})
	return h.do(operator, t.Code, ticketing.Command{Verb: ticketing.AnswerIt, Text: text, Outcome: ticketing.Done, Publish: true})
}

func (h *house) events(code ticketing.Code) []ticketing.Event {
	h.Helper()
	events, err := h.store.Timeline(context.Background(), code, 0)
	h.must(err)
	return events
}

// kinds counts the events of a kind.
func (h *house) kinds(code ticketing.Code, kind ticketing.EventKind) (n int) {
	h.Helper()
	for _, e := range h.events(code) {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// agency gives Điện lực an endpoint, typed into the form as an administrator would, with its simulated other side.
func (h *house) agency(set simulator.Open311Settings) *simulator.Open311 {
	h.Helper()
	set.Now, set.Key = h.clock.Now, "khoa-dien-luc"
	if set.Services == nil {
		set.Services = []string{"dien"}
	}
	o, err := simulator.NewOpen311(set)
	h.must(err)
	h.Cleanup(func() { o.Close() })
	h.endpoint(o.URL(), set.Key, set.Jurisdiction)
	h.ch.Trusted = append(h.ch.Trusted, o.Host())
	h.conf.Trusted = h.ch.Trusted
	return o
}

// endpoint saves the agency's form.
func (h *house) endpoint(address, key, jurisdiction string) {
	h.Helper()
	r, err := h.store.Get(context.Background(), ticketing.KindAgency, "dien-luc")
	h.must(err)
	doc, err := json.Marshal(map[string]string{
		"id": "dien-luc", "name": "Điện lực", "open311": address, "open311_key": key, "open311_jurisdiction": jurisdiction,
	})
	h.must(err)
	_, err = h.desk.SaveSetting(context.Background(), admin, ticketing.KindAgency, "dien-luc", r.Version, doc)
	h.must(err)
}

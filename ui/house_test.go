package ui_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"image"
	"image/jpeg"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/attachments"
	"hotline1022/ticketing/places"
	"hotline1022/ticketing/store/sqlite"
	"hotline1022/ticketing/text"
	"hotline1022/ui"
)

// house is a whole hotline behind a real listener, with a clock the test turns.
type house struct {
	*testing.T
	server *ui.Server
	desk   *ticketing.Desk
	store  ticketing.Store
	base   string
	log    *bytes.Buffer

	mu  sync.Mutex
	now time.Time
}

const password = "một câu dài dễ nhớ"

// Monday morning, office hours.
var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, ticketing.Zone)

func newHouse(t *testing.T, change ...func(*ui.Server)) *house {
	t.Helper()
	h := &house{T: t, now: monday, log: new(bytes.Buffer)}
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "hotline.db"), sqlite.Options{})
	h.must(err)
	h.store = store
	files, err := attachments.Open(t.TempDir())
	h.must(err)
	log := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelError}))
	h.records()
	catalogs := &ticketing.Catalogs{Records: h.store}
	h.must(catalogs.Refresh(t.Context()))
	vault, err := ticketing.NewVault(h.store, bytes.Repeat([]byte{7}, 32), h.Now)
	h.must(err)

	l, err := net.Listen("tcp", "127.0.0.1:0")
	h.must(err)
	h.base = "http://" + l.Addr().String()
	h.desk = &ticketing.Desk{Store: h.store, Vault: vault, Files: files, Catalog: catalogs, Now: h.Now, Log: log, BaseURL: h.base}
	h.server = &ui.Server{Desk: h.desk, Accounts: &ticketing.Accounts{Records: h.store, Now: h.Now, Vault: vault, Catalog: catalogs}, BaseURL: h.base, Now: h.Now, Log: log, Version: "test"}
	for _, f := range change {
		f(h.server)
	}
	app := fiber.New(fiber.Config{Immutable: true, DisableStartupMessage: true, ErrorHandler: h.server.ErrorHandler,
		StreamRequestBody: true, DisablePreParseMultipartForm: true, BodyLimit: 1 << 20})
	if h.server.ChatScript != "" {
		h.mountChat(app)
	}
	h.server.Mount(app)
	app.Get(whoAmI, func(c *fiber.Ctx) error { // as the socket and the API ask
		by, _, err := h.server.Actor(c)
		if ticketing.ClassOf(err) == ticketing.NotFound {
			by.ID = "nobody"
		} else if err != nil {
			return err
		}
		return c.SendString(by.ID)
	})
	app.Use(h.server.NotFound)
	go func() { _ = app.Listener(l) }()
	t.Cleanup(func() {
		_ = app.ShutdownWithTimeout(time.Second)
		_ = store.Close()
		if t.Failed() && h.log.Len() > 0 {
			t.Logf("log:\n%s", h.log)
		}
	})
	return h
}

var people = []ticketing.Staff{
	{ID: "hang", Name: "Nguyễn Thị Thu Hằng", Role: ticketing.Operator},
	{ID: "toan", Name: "Trần Quốc Toản", Role: ticketing.Supervisor},
	{ID: "uyen", Name: "Lê Phương Uyên", Role: ticketing.Officer, Agency: "so-xd"},
	{ID: "diep", Name: "Phạm Ngọc Diệp", Role: ticketing.Leader, Agency: "so-xd"},
	{ID: "nghia", Name: "Huỳnh Văn Nghĩa", Role: ticketing.Moderator},
	{ID: "admin", Name: "Quản trị", Role: ticketing.Administrator},
	{ID: "yen", Name: "Võ Hoàng Yến", Role: ticketing.Auditor},
}

// employs gives one of the people an account; hashing passwords takes time, so only those a test needs.
func (h *house) employs(id string) {
	h.Helper()
	if _, err := h.server.Accounts.Staff(h.Context(), id); err == nil {
		return
	}
	for _, p := range people {
		if p.ID == id {
			h.must(h.server.Accounts.Add(h.Context(), p, password, "test"))
		}
	}
}

// records are the settings of a small province.
func (h *house) records() {
	put := func(kind, id string, doc any) {
		raw, err := json.Marshal(doc)
		h.must(err)
		h.must(h.store.Put(context.Background(), ticketing.Record{Kind: kind, ID: id, Version: 1, At: monday, By: "test", Doc: raw}))
	}
	for _, a := range []ticketing.Agency{{ID: "so-xd", Name: "Sở Xây dựng", NameEN: "Department of Construction"}, {ID: "dien-luc", Name: "Công ty Điện lực"}} {
		put(ticketing.KindAgency, a.ID, a)
	}
	for _, c := range []ticketing.Category{
		{ID: "chieu-sang", Name: "Đèn chiếu sáng", NameEN: "Street lights", Group: "Hạ tầng", Anonymous: true, Hint: "Đèn đường hỏng, tắt, sáng ban ngày.", Order: 1},
		{ID: "giao-thong", Name: "Đường sá, giao thông", Group: "Hạ tầng", Order: 2},
		{ID: "moi-truong", Name: "Rác thải, môi trường", Group: "Đời sống", Order: 3},
		{ID: "noi-bo", Name: "Nội bộ", StaffOnly: true, Order: 9},
	} {
		put(ticketing.KindCategory, c.ID, c)
	}
	for _, u := range []places.Unit{
		{Code: "48", Name: "Đà Nẵng", Type: places.ThanhPho},
		{Code: "4801", Name: "Hải Châu", Type: places.Phuong, Parent: "48"},
		{Code: "4802", Name: "Hải Vân", Type: places.Phuong, Parent: "48"},
		{Code: "4803", Name: "Tam Kỳ", Type: places.Phuong, Parent: "48"},
		{Code: "4804", Name: "Thăng Bình", Type: places.Xa, Parent: "48"},
	} {
		put(ticketing.KindArea, u.Code, u)
	}
	var b places.Boundary
	h.must(json.Unmarshal([]byte(`{"code":"4801","geometry":{"type":"MultiPolygon","coordinates":[[[[108.2,16.0],[108.3,16.0],[108.3,16.1],[108.2,16.1],[108.2,16.0]]]]}}`), &b))
	put(ticketing.KindBoundary, "4801", b)
	put(ticketing.KindConsent, "2026-01", ticketing.Consent{ID: "2026-01",
		Text: "Tôi đồng ý để Tổng đài 1022 dùng họ tên và số điện thoại này để xử lý và trả lời phản ánh.",
		EN:   "I agree that Hotline 1022 uses this name and number to handle and answer my report."})
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

// bytesOf are what a file of that name holds.
func bytesOf(name string) []byte {
	var b bytes.Buffer
	switch filepath.Ext(name) {
	case ".jpg":
		_ = jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 80, 60)), nil)
	case ".pdf":
		b.WriteString("%PDF-1.4\n%%EOF\n")
	default:
		b.WriteString("MZ\x90\x00 a program")
	}
	return b.Bytes()
}

// browser keeps cookies and says where its requests come from, as browsers do.
type browser struct {
	h *house
	http.Client
	headers http.Header
}

func (h *house) browser() *browser {
	jar, err := cookiejar.New(nil)
	h.must(err)
	b := &browser{h: h, headers: http.Header{}}
	b.Jar = jar
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return b
}

type answer struct {
	*http.Response
	body string
}

func (b *browser) do(method, path, kind string, body io.Reader) answer {
	b.h.Helper()
	r, err := http.NewRequest(method, b.h.base+path, body)
	b.h.must(err)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if method != http.MethodGet {
		r.Header.Set("Origin", b.h.base)
	}
	for k, v := range b.headers {
		r.Header[k] = v
	}
	resp, err := b.Do(r)
	b.h.must(err)
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	b.h.must(err)
	return answer{resp, string(all)}
}

func (b *browser) get(path string) answer { b.h.Helper(); return b.do("GET", path, "", nil) }

func (b *browser) post(path string, pairs ...string) answer {
	b.h.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do("POST", path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

func (b *browser) signIn(name string) *browser {
	b.h.Helper()
	b.h.employs(name)
	b.post("/dang-nhap", "name", name, "password", password).wants(b.h, 303)
	return b
}

// wants checks the status and that the body holds the sentences.
func (a answer) wants(h *house, status int, sentences ...string) answer {
	h.Helper()
	if a.StatusCode != status {
		h.Fatalf("%s %s: %d, want %d\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, text.Truncate(a.body, 2000))
	}
	for _, s := range sentences {
		if !strings.Contains(a.body, s) {
			h.Errorf("%s %s: %q is not there\n%s", a.Request.Method, a.Request.URL.Path, s, text.Truncate(cmp.Or(a.body, "(empty)"), 6000))
		}
	}
	return a
}

func (a answer) lacks(h *house, sentences ...string) answer {
	h.Helper()
	for _, s := range sentences {
		if strings.Contains(a.body, s) {
			h.Errorf("%s %s: %q is there and should not be", a.Request.Method, a.Request.URL.Path, s)
		}
	}
	return a
}

func (a answer) to(h *house, path string) answer {
	h.Helper()
	if got := a.Header.Get("Location"); got != path {
		h.Errorf("%s %s leads to %q, want %q", a.Request.Method, a.Request.URL.Path, got, path)
	}
	return a
}

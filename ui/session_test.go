package ui_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ui"
)

func TestEveryRouteIsForThoseItSays(t *testing.T) {
	h := newHouse(t)
	visitors := map[ticketing.Role]*browser{
		ticketing.Operator: h.browser().signIn("hang"), ticketing.Supervisor: h.browser().signIn("toan"), ticketing.Officer: h.browser().signIn("uyen"),
		ticketing.Leader: h.browser().signIn("diep"), ticketing.Moderator: h.browser().signIn("nghia"), ticketing.Administrator: h.browser().signIn("admin"), ticketing.Auditor: h.browser().signIn("yen"),
	}
	for _, r := range h.server.Table() {
		if r.Open {
			continue
		}
		if len(r.Roles) == 0 {
			t.Errorf("%s %s is for nobody", r.Method, r.Path)
		}
		path := strings.NewReplacer(":code", "ZZZZZZZZZZZZ", ":id", "1", ":n", "1").Replace(r.Path)
		anonymous := h.browser().do(r.Method, path, "application/x-www-form-urlencoded", nil)
		if r.Method == http.MethodGet {
			anonymous.wants(h, 303)
			if to := anonymous.Header.Get("Location"); !strings.HasPrefix(to, "/dang-nhap") {
				t.Errorf("%s %s sends a stranger to %q", r.Method, r.Path, to)
			}
		} else {
			anonymous.wants(h, 401)
		}
		for role, b := range visitors {
			if !r.Admits(role) {
				b.do(r.Method, path, "application/x-www-form-urlencoded", nil).wants(h, 403)
			}
		}
	}
}

func TestSigningInAndOut(t *testing.T) {
	h := newHouse(t)
	h.employs("hang")
	h.employs("uyen")
	b := h.browser()
	b.get("/dang-nhap").wants(h, 200, "Tên đăng nhập")
	b.post("/dang-nhap", "name", "hang", "password", "sai mất rồi").wants(h, 403, "không đúng", `value="hang"`)
	b.post("/dang-nhap", "name", "hang", "password", password).wants(h, 303).to(h, "/console")
	b.get("/tai-khoan").wants(h, 200, "Nguyễn Thị Thu Hằng", "thiết bị này")
	b.get("/dang-nhap").wants(h, 303).to(h, "/console")

	other := h.browser().signIn("hang")
	other.get("/tai-khoan").wants(h, 200)
	b.post("/tai-khoan/dang-xuat-het").wants(h, 303)
	other.get("/tai-khoan").wants(h, 303).to(h, "/dang-nhap?sau=%2Ftai-khoan")
	other.post("/dang-nhap", "name", "hang", "password", password, "back", "/tai-khoan").wants(h, 303).to(h, "/tai-khoan")
	other.post("/dang-xuat").wants(h, 303)
	other.get("/tai-khoan").wants(h, 303)

	for _, evil := range []string{"//evil.example", "https://evil.example", `/\evil.example`} {
		h.browser().post("/dang-nhap", "name", "uyen", "password", password, "back", evil).wants(h, 303).to(h, "/desk")
	}
}

func TestTheFirstPasswordMustBeChanged(t *testing.T) {
	h := newHouse(t)
	h.employs("admin")
	h.must(h.server.Accounts.SetPassword(t.Context(), "admin", "test", "mật khẩu cấp lần đầu", true))
	b := h.browser()
	b.post("/dang-nhap", "name", "admin", "password", "mật khẩu cấp lần đầu").wants(h, 303).to(h, "/mat-khau")
	b.get("/tai-khoan").wants(h, 303).to(h, "/mat-khau")
	b.post("/mat-khau", "old", "mật khẩu cấp lần đầu", "password", "ngắn", "again", "ngắn").wants(h, 422, "ít nhất 10")
	b.post("/mat-khau", "old", "mật khẩu cấp lần đầu", "password", "một mật khẩu mới", "again", "khác").wants(h, 422, "không giống")
	b.post("/mat-khau", "old", "không phải", "password", "một mật khẩu mới", "again", "một mật khẩu mới").wants(h, 422, "không đúng")
	b.post("/mat-khau", "old", "mật khẩu cấp lần đầu", "password", "một mật khẩu mới", "again", "một mật khẩu mới").wants(h, 303).to(h, "/admin")
	b.get("/tai-khoan").wants(h, 200)
}

func TestOtherSitesCannotActThroughABrowser(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	for name, headers := range map[string]http.Header{
		"another origin":     {"Origin": {"https://evil.example"}},
		"another port":       {"Origin": {h.base + "0"}},
		"a site of the same": {"Origin": nil, "Sec-Fetch-Site": {"same-site"}},
		"no origin at all":   {"Origin": nil},
		"a sandbox":          {"Origin": {"null"}},
	} {
		b.headers = headers
		if a := b.post("/tai-khoan/dang-xuat-het"); a.StatusCode != 403 {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
	}
	b.headers = http.Header{"Origin": {"null"}, "Sec-Fetch-Site": {"same-origin"}}
	b.post("/tai-khoan/dang-xuat-het").wants(h, 303)
}

func TestPagesCarryTheirProtection(t *testing.T) {
	h := newHouse(t, func(s *ui.Server) { s.BaseURL = "https://1022.example.vn" })
	b := h.browser()
	b.headers.Set("Origin", "https://1022.example.vn")
	h.employs("hang")
	a := b.get("/").wants(h, 200)
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Strict-Transport-Security": "max-age",
	} {
		if !strings.Contains(a.Header.Get(name), want) {
			t.Errorf("%s: %q", name, a.Header.Get(name))
		}
	}
	a = b.post("/dang-nhap", "name", "hang", "password", password).wants(h, 303)
	c := a.Header.Get("Set-Cookie")
	for _, want := range []string{"__Host-hotline_session=", "HttpOnly", "secure", "SameSite=Lax", "path=/"} {
		if !strings.Contains(c, want) {
			t.Errorf("the session's cookie lacks %s: %s", want, c)
		}
	}
	if plain := newHouse(t).browser().get("/"); plain.Header.Get("Strict-Transport-Security") != "" {
		t.Error("a page over http speaks of https")
	}
}

func TestStaticFilesAreKeptForEver(t *testing.T) {
	h := newHouse(t)
	page := h.browser().get("/").body
	_, rest, _ := strings.Cut(page, `rel="stylesheet" href="`)
	path, _, _ := strings.Cut(rest, `"`)
	b := h.browser()
	b.headers.Set("Accept-Encoding", "gzip")
	a := b.get(path).wants(h, 200)
	if !strings.Contains(a.Header.Get("Cache-Control"), "immutable") || a.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%s: %v", path, a.Header)
	}
	b.get("/static/0000/app.css").wants(h, 200)
	if c := b.get("/static/0000/app.css").Header.Get("Cache-Control"); c != "no-cache" {
		t.Errorf("a file asked for by another version is kept: %s", c)
	}
	b.get("/static/0000/none.css").wants(h, 404)
	b.get("/static/0000/../templates/layout.html").wants(h, 404)
}

func TestWhoAsksTooOftenWaits(t *testing.T) {
	h := newHouse(t, func(s *ui.Server) { s.Rates.SignIn = ui.Rate{N: 2, Per: time.Minute} })
	b := h.browser()
	for range 2 {
		b.post("/dang-nhap", "name", "ai", "password", "gì").wants(h, 403)
	}
	if a := b.post("/dang-nhap", "name", "ai", "password", "gì").wants(h, 429); a.Header.Get("Retry-After") != "30" {
		t.Errorf("Retry-After %q", a.Header.Get("Retry-After"))
	}
	h.turn(30 * time.Second)
	b.post("/dang-nhap", "name", "ai", "password", "gì").wants(h, 403)
}

func TestLanguageAndColours(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	b.get("/").wants(h, 200, `<html lang="vi">`)
	b.get("/?lang=en").wants(h, 200, `<html lang="en">`)
	b.get("/dang-nhap").wants(h, 200, "Sign in")
	b.post("/giao-dien", "theme", "dark", "back", "/dang-nhap").wants(h, 303).to(h, "/dang-nhap")
	b.get("/").wants(h, 200, `<html lang="en" data-theme="dark">`)
	b.get("/nowhere").wants(h, 404, "Not found", "To the front page")
	s := h.browser().signIn("hang")
	s.post("/tai-khoan/ngon-ngu", "lang", "en", "back", "/tai-khoan").wants(h, 303)
	h.browser().signIn("hang").get("/tai-khoan").wants(h, 200, "Signed in on")
}

package ui_test

import (
	"fmt"
	"html"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/hotp"

	"hotline1022/ticketing"
	"hotline1022/ui"
)

var (
	hiddenSealed = regexp.MustCompile(`name="sealed" value="([^"]+)"`)
	shownSecret  = regexp.MustCompile(`<code class="secret-key"[^>]*>([^<]+)</code>`)
	shownCode    = regexp.MustCompile(`<li><code translate="no">([^<]+)</code>`)
)

// app is an authenticator on a telephone: it reads what the page shows.
type app struct {
	h      *house
	secret string
	sealed string
}

func (h *house) app(page answer) *app {
	h.Helper()
	secret, sealed := shownSecret.FindStringSubmatch(page.body), hiddenSealed.FindStringSubmatch(page.body)
	if secret == nil || sealed == nil {
		h.Fatalf("no secret on the page\n%s", page.body)
	}
	return &app{h, strings.ReplaceAll(secret[1], " ", ""), html.UnescapeString(sealed[1])}
}

func (a *app) code() string {
	a.h.Helper()
	c, err := hotp.GenerateCode(a.secret, uint64(a.h.Now().Unix()/30))
	a.h.must(err)
	return c
}

// enrols sets a second factor up in the browser, and gives the app and the recovery codes.
func (b *browser) enrols() (*app, []string) {
	b.h.Helper()
	a := b.h.app(b.get("/bao-mat/ung-dung").wants(b.h, 200))
	page := b.post("/bao-mat/ung-dung", "sealed", a.sealed, "code", a.code(), "password", password).wants(b.h, 201, "chỉ hiện một lần")
	var codes []string
	for _, m := range shownCode.FindAllStringSubmatch(page.body, -1) {
		codes = append(codes, m[1])
	}
	b.h.turn(30 * time.Second)
	return a, codes
}

// from makes the browser's requests come from another address of this machine.
func (b *browser) from(ip string) *browser {
	b.Transport = &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}).DialContext}
	return b
}

func TestSigningInByTwoSteps(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	other := h.browser().signIn("hang")
	b.get("/tai-khoan").wants(h, 200, `href="/bao-mat"`)
	b.get("/bao-mat").wants(h, 200, "Chưa bật").lacks(h, "Mã khôi phục")
	page := b.get("/bao-mat/ung-dung").wants(h, 200, `<svg class="qr"`, "otpauth://totp/Hotline%201022%20127.0.0.1:hang?")
	if page.Header.Get("Cache-Control") != "no-store" {
		t.Error("the page with the secret may be kept")
	}
	a := h.app(page)
	b.post("/bao-mat/ung-dung", "sealed", a.sealed, "code", a.code(), "password", "không phải").wants(h, 422, "Mật khẩu hiện tại không đúng", a.sealed)
	b.post("/bao-mat/ung-dung", "sealed", a.sealed, "code", "000000", "password", password).wants(h, 422, "Mã không khớp", a.sealed)
	other.post("/bao-mat/ung-dung", "sealed", a.sealed, "code", a.code(), "password", password).wants(h, 422, "quá hạn").lacks(h, a.sealed)
	codes := shownCode.FindAllStringSubmatch(b.post("/bao-mat/ung-dung", "sealed", a.sealed, "code", a.code(), "password", password).wants(h, 201).body, -1)
	if len(codes) != 10 {
		t.Fatalf("%d recovery codes", len(codes))
	}
	b.get("/bao-mat").wants(h, 200, "Đang bật", "Còn 10 mã").lacks(h, codes[0][1])
	b.get("/tai-khoan").wants(h, 200, "hai bước")
	other.get("/tai-khoan").wants(h, 303)
	h.turn(30 * time.Second)

	c := h.browser()
	c.get("/dang-nhap/ma").wants(h, 303).to(h, "/dang-nhap")
	c.post("/dang-nhap", "name", "hang", "password", password, "back", "/tai-khoan").wants(h, 303).to(h, "/dang-nhap/ma?sau=%2Ftai-khoan")
	c.get("/tai-khoan").wants(h, 303).to(h, "/dang-nhap?sau=%2Ftai-khoan")
	c.get("/dang-nhap/ma?sau=%2Ftai-khoan").wants(h, 200, "hang", `autocomplete="one-time-code"`)
	c.post("/dang-nhap/ma", "code", "000000", "back", "/tai-khoan").wants(h, 403, "Mã không đúng", `value="/tai-khoan"`)
	code := a.code()
	c.post("/dang-nhap/ma", "code", code, "back", "//evil.example").wants(h, 303).to(h, "/console")
	c.get("/tai-khoan").wants(h, 200)
	again := h.browser()
	again.post("/dang-nhap", "name", "hang", "password", password).wants(h, 303)
	again.post("/dang-nhap/ma", "code", code).wants(h, 403, "đã dùng rồi")
	again.post("/dang-nhap/ma", "recovery", codes[0][1]).wants(h, 303)
	again.get("/bao-mat").wants(h, 200, "Còn 9 mã")
	later := h.browser()
	later.post("/dang-nhap", "name", "hang", "password", password).wants(h, 303)
	h.turn(6 * time.Minute)
	later.post("/dang-nhap/ma", "code", a.code()).wants(h, 403, "hết hạn", "Tên đăng nhập")

	again.post("/bao-mat/ma-khoi-phuc", "password", "không phải").wants(h, 422)
	fresh := shownCode.FindAllStringSubmatch(again.post("/bao-mat/ma-khoi-phuc", "password", password).wants(h, 201).body, -1)
	if len(fresh) != 10 || fresh[0][1] == codes[0][1] {
		t.Errorf("new codes: %v", fresh)
	}
	again.post("/bao-mat/ung-dung/tat", "password", "không phải").wants(h, 422)
	again.post("/bao-mat/ung-dung/tat", "password", password).wants(h, 303).to(h, "/bao-mat?ok=off")
	again.get("/bao-mat?ok=off").wants(h, 200, "Đã tắt", "Chưa bật")
	c.get("/tai-khoan").wants(h, 303)
	h.browser().post("/dang-nhap", "name", "hang", "password", password).wants(h, 303).to(h, "/console")
}

// The new password keeps the session that has shown a code, and ends the others.
func TestANewPasswordOfWhoHasTwoSteps(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	a, _ := b.enrols()
	other := h.browser()
	other.post("/dang-nhap", "name", "hang", "password", password)
	other.post("/dang-nhap/ma", "code", a.code()).wants(h, 303)
	other.get("/tai-khoan").wants(h, 200)
	b.post("/mat-khau", "old", password, "password", "matkhau@123", "again", "matkhau@123").wants(h, 422, "quá dễ đoán")
	b.post("/mat-khau", "old", password, "password", "con mèo nhà tôi", "again", "con mèo nhà tôi").wants(h, 303).to(h, "/console")
	b.get("/tai-khoan").wants(h, 200, "hai bước")
	other.get("/tai-khoan").wants(h, 303)
}

func TestWhatAnAdministratorDemands(t *testing.T) {
	h := newHouse(t)
	b, admin := h.browser().signIn("hang"), h.browser().signIn("admin")
	var mu sync.Mutex
	rechecks := 0
	h.server.Accounts.Changed = func(staff, session string) {
		mu.Lock()
		defer mu.Unlock()
		if staff == "" && session == "" {
			rechecks++
		}
	}
	h.browser().signIn("toan").post("/admin/sign-in/staff", "version", "0", "second", "operator").wants(h, 403)
	admin.get("/admin/sign-in").wants(h, 200, "Toàn hệ thống").lacks(h, "/admin/sign-in/new")
	admin.post("/admin/sign-in/staff", "version", "0", "second", "operator").wants(h, 303)
	mu.Lock()
	if rechecks != 1 {
		t.Errorf("open sockets were looked at %d times", rechecks)
	}
	mu.Unlock()
	admin.get("/admin").wants(h, 200)
	// Nothing but the set-up opens, to a page open before and to a new one.
	for _, b := range []*browser{b, h.browser().signIn("hang")} {
		for _, path := range []string{"/console", "/tai-khoan", "/bao-mat", "/mat-khau", "/console/list"} {
			b.get(path).wants(h, 303).to(h, "/bao-mat/ung-dung")
		}
		b.post("/bao-mat/ma-khoi-phuc", "password", password).wants(h, 303).to(h, "/bao-mat/ung-dung")
		b.get("/").wants(h, 200).lacks(h, "Thu Hằng")
		b.get("/dang-nhap").wants(h, 303).to(h, "/bao-mat/ung-dung")
		b.get("/bao-mat/ung-dung").wants(h, 200, "Quản trị viên yêu cầu")
	}
	a := h.app(b.get("/bao-mat/ung-dung"))
	h.turn(11 * time.Minute) // long after signing in: the password again
	b.post("/bao-mat/ung-dung", "sealed", a.sealed, "code", a.code()).wants(h, 422, "Mật khẩu hiện tại không đúng")
	b.post("/bao-mat/ung-dung", "sealed", a.sealed, "code", a.code(), "password", password).wants(h, 201, `href="/console"`)
	b.get("/console").wants(h, 200)
	b.get("/bao-mat").wants(h, 200, "Bắt buộc").lacks(h, "/bao-mat/ung-dung/tat")
	b.post("/bao-mat/ung-dung/tat", "password", password).wants(h, 422, "không tắt được")

	// Straight from signing in the code alone is asked for.
	h.must(h.server.Accounts.ResetSecond(t.Context(), ticketing.Actor{ID: "admin", Role: ticketing.Administrator}, "hang"))
	fresh := h.browser()
	fresh.post("/dang-nhap", "name", "hang", "password", password).wants(h, 303).to(h, "/bao-mat/ung-dung")
	a = h.app(fresh.get("/bao-mat/ung-dung").lacks(h, `name="password"`))
	fresh.post("/bao-mat/ung-dung", "sealed", a.sealed, "code", a.code()).wants(h, 201)
	admin.get("/admin/staff/hang").wants(h, 200, "/second-off")
	admin.post("/admin/staff/hang/second-off").wants(h, 303)
	admin.get("/admin/staff/hang").wants(h, 200).lacks(h, "/second-off")
	admin.get("/admin/audit").wants(h, 200, "Bật xác thực hai bước", "Đặt lại xác thực hai bước")
}

// What is owed shuts the door to sockets and to the API as well, which ask by Actor.
func TestWhoOwesSomethingIsNobodyToSocketsAndPrograms(t *testing.T) {
	h := newHouse(t)
	h.employs("hang")
	h.must(h.server.Accounts.SetPassword(t.Context(), "hang", "test", "mật khẩu cấp lần đầu", true))
	b := h.browser()
	b.post("/dang-nhap", "name", "hang", "password", "mật khẩu cấp lần đầu").wants(h, 303).to(h, "/mat-khau")
	if got := b.get(whoAmI).body; got != "nobody" {
		t.Errorf("with a first password she is %q", got)
	}
	b.post("/mat-khau", "old", "mật khẩu cấp lần đầu", "password", password, "again", password).wants(h, 303)
	if got := b.get(whoAmI).body; got != "hang" {
		t.Errorf("afterwards she is %q", got)
	}
	b.enrols()
	half := h.browser()
	half.post("/dang-nhap", "name", "hang", "password", password).wants(h, 303)
	if got := half.get(whoAmI).body; got != "nobody" {
		t.Errorf("with the first half she is %q", got)
	}
}

func TestDevices(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	b.headers.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0) Chrome/120 Safari/537")
	b.signIn("hang")
	other := h.browser().from("127.0.7.9")
	other.headers.Set("User-Agent", "Mozilla/5.0 (Android 14) Firefox/120")
	other.signIn("hang")
	page := b.get("/tai-khoan").wants(h, 200, "Chrome trên Windows", "Firefox trên Android", "127.0.7.x", "127.0.0.x").lacks(h, "127.0.7.9")
	session := html.UnescapeString(regexp.MustCompile(`name="session" value="([^"]+)"`).FindStringSubmatch(page.body)[1])

	h.browser().signIn("nghia").post("/tai-khoan/dang-xuat", "session", session).wants(h, 404)
	var closed []string
	h.server.Accounts.Changed = func(_, session string) { closed = append(closed, session) }
	b.post("/tai-khoan/dang-xuat", "session", session).wants(h, 303)
	if len(closed) != 1 || closed[0] != session {
		t.Errorf("sockets told: %q", closed)
	}
	other.get("/tai-khoan").wants(h, 303)

	h.turn(time.Minute) // the latest session is first in the list
	other.signIn("hang")
	admin, lead, auditor := h.browser().signIn("admin"), h.browser().signIn("toan"), h.browser().signIn("yen")
	find := regexp.MustCompile(`action="([^"]+/thiet-bi/dang-xuat)"><input type="hidden" name="session" value="([^"]+)"`)
	auditor.get("/admin/staff/hang").wants(h, 200, "Firefox trên Android").lacks(h, "thiet-bi")
	lead.get("/admin/staff/admin").wants(h, 200, "Thiết bị đang đăng nhập").lacks(h, "thiet-bi")
	m := find.FindStringSubmatch(lead.get("/admin/staff/hang").wants(h, 200, "thiet-bi/dang-xuat-het").body)
	lead.post("/admin/staff/admin/thiet-bi/dang-xuat", "session", "admin/x").wants(h, 403)
	lead.post("/admin/staff/admin/thiet-bi/dang-xuat-het").wants(h, 403)
	auditor.post(m[1], "session", m[2]).wants(h, 403)
	lead.post(m[1], "session", html.UnescapeString(m[2])).wants(h, 303).to(h, "/admin/staff/hang?ok=device")
	other.get("/tai-khoan").wants(h, 303)
	b.get("/tai-khoan").wants(h, 200)
	lead.post("/admin/staff/hang/thiet-bi/dang-xuat-het").wants(h, 303)
	b.get("/tai-khoan").wants(h, 303)
	admin.get("/admin/audit").wants(h, 200, "Đăng xuất một thiết bị", "Đăng xuất mọi thiết bị", "Trần Quốc Toản")
}

func TestAThousandGuessesDoNotKeepTheOwnerOut(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	b.post("/dang-xuat").wants(h, 303)
	status := map[int]int{}
	guess := func(ip string, n int) {
		t.Helper()
		thief := h.browser().from(ip)
		for i := range n {
			a := thief.post("/dang-nhap", "name", "hang", "password", fmt.Sprint("thử lần thứ ", i))
			if a.StatusCode != 403 && a.StatusCode != 429 {
				t.Fatalf("a guess is answered %d", a.StatusCode)
			}
			status[a.StatusCode]++
		}
	}
	guess("127.0.9.1", 1000)
	if status[403] > 30 {
		t.Errorf("of 1,000 guesses %d were judged", status[403])
	}
	h.browser().post("/dang-nhap", "name", "hang", "password", password).wants(h, 303) // not even an unknown browser waits, elsewhere
	guess("127.0.0.1", 200)                                                            // from the same network
	h.browser().post("/dang-nhap", "name", "hang", "password", password).wants(h, 429)
	b.post("/dang-nhap", "name", "hang", "password", password).wants(h, 303).to(h, "/console")
}

// whoAmI is a stand-in for the socket and the API.
const whoAmI = "/who-am-i"

func TestTheCookiesOfSigningInStayHere(t *testing.T) {
	h := newHouse(t, func(s *ui.Server) { s.BaseURL = "https://1022.example.vn" })
	b := h.browser()
	b.headers.Set("Origin", "https://1022.example.vn")
	h.employs("hang")
	for _, c := range b.post("/dang-nhap", "name", "hang", "password", password).wants(h, 303).Header.Values("Set-Cookie") {
		if !strings.HasPrefix(c, "__Host-") || !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "secure") || !strings.Contains(c, "SameSite=Lax") {
			t.Errorf("a cookie of the sign-in: %s", c)
		}
	}
}

package ui_test

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"hotline1022/ticketing"
)

// links gives somebody a link to the provider's subject, as she does it herself.
func (b *browser) links(p *provider) {
	b.h.Helper()
	page := b.post("/bao-mat/lien-ket", "password", password).wants(b.h, 200, "Tiếp tục sang Cổng cán bộ")
	to := html.UnescapeString(regexp.MustCompile(`href="(` + regexp.QuoteMeta(p.URL) + `[^"]+)"`).FindStringSubmatch(page.body)[1])
	b.get(p.goes(to)).wants(b.h, 303).to(b.h, "/bao-mat?ok=linked")
}

func TestSigningInAtAnotherService(t *testing.T) {
	h, p := withProvider(t)
	b := h.browser().signIn("hang")
	b.get("/bao-mat").wants(h, 200, "Cổng cán bộ", "Chưa liên kết")
	b.post("/bao-mat/lien-ket", "password", "không phải").wants(h, 422, "không đúng")
	b.links(p)
	b.get("/bao-mat?ok=linked").wants(h, 200, "Đã liên kết")

	c := h.browser()
	c.get("/dang-nhap?sau=/tai-khoan").wants(h, 200, "Đăng nhập bằng Cổng cán bộ", `href="/dang-nhap/ngoai?sau=%2Ftai-khoan"`)
	back := c.away(p, "/dang-nhap/ngoai?sau=/tai-khoan")
	c.get(back).wants(h, 303).to(h, "/tai-khoan")
	c.get("/tai-khoan").wants(h, 200, "Nguyễn Thị Thu Hằng")
	c.get(back).wants(h, 403, "bắt đầu lại") // the answer counts once

	// Neither the same e-mail address nor another subject is the account's.
	p.is("18")
	d := h.browser()
	d.get(d.away(p, "/dang-nhap/ngoai")).wants(h, 403, "chưa được liên kết")
	d.get("/tai-khoan").wants(h, 303)
	// Nor can it be linked to a second account.
	p.is("17")
	e := h.browser().signIn("nghia")
	page := e.post("/bao-mat/lien-ket", "password", password).wants(h, 200)
	to := html.UnescapeString(regexp.MustCompile(`href="(` + regexp.QuoteMeta(p.URL) + `[^"]+)"`).FindStringSubmatch(page.body)[1])
	e.get(p.goes(to)).wants(h, 409, "đã liên kết với một người khác")

	// It is the first step only, for who has two.
	a, _ := b.enrols()
	f := h.browser()
	f.get(f.away(p, "/dang-nhap/ngoai?sau=/tai-khoan")).wants(h, 303).to(h, "/dang-nhap/ma?sau=%2Ftai-khoan")
	f.get("/tai-khoan").wants(h, 303)
	f.post("/dang-nhap/ma", "code", a.code(), "back", "/tai-khoan").wants(h, 303).to(h, "/tai-khoan")

	id := html.UnescapeString(regexp.MustCompile(`name="id" value="([^"]+)"`).FindStringSubmatch(b.get("/bao-mat").body)[1])
	b.post("/bao-mat/bo-lien-ket", "id", id, "password", password).wants(h, 303)
	g := h.browser()
	g.get(g.away(p, "/dang-nhap/ngoai")).wants(h, 403, "chưa được liên kết")
}

func TestAnswersThatLieAreRefused(t *testing.T) {
	h, p := withProvider(t)
	h.browser().signIn("hang").links(p)
	set := func(name string, v any) func(header, claims map[string]any) {
		return func(_, claims map[string]any) { claims[name] = v }
	}
	now := h.Now().Unix()
	for what, lie := range map[string]func(header, claims map[string]any){
		"another nonce":                     set("nonce", "another"),
		"no nonce":                          func(_, c map[string]any) { delete(c, "nonce") },
		"another audience":                  set("aud", "another-program"),
		"no audience":                       set("aud", []string{}),
		"two audiences, made out to nobody": set("aud", []string{clientID, "another-program"}),
		"made out to another of two": func(_, c map[string]any) {
			c["aud"] = []string{clientID, "another-program"}
			c["azp"] = "another-program"
		},
		"expired":                            set("exp", now-3600),
		"never issued to expire":             func(_, c map[string]any) { delete(c, "exp") },
		"another issuer":                     set("iss", "https://evil.example"),
		"the same issuer with a slash":       set("iss", p.URL+"/"),
		"no subject":                         func(_, c map[string]any) { delete(c, "sub") },
		"algorithm none, with a signature":   func(h, _ map[string]any) { h["alg"] = "none" },
		"algorithm HS256":                    func(h, _ map[string]any) { h["alg"] = "HS256" },
		"algorithm none and no signature":    func(h, _ map[string]any) { h["alg"] = "none"; p.bare = true },
		"no signature":                       func(_, _ map[string]any) { p.bare = true },
		"signed by somebody else":            func(_, _ map[string]any) { p.forge = forgedKey },
		"signed by somebody else, no key id": func(h, _ map[string]any) { p.forge = forgedKey; delete(h, "kid") },
		"signed by somebody else, own key in": func(h, _ map[string]any) {
			p.forge = forgedKey
			h["jwk"] = map[string]any{"kty": "RSA", "n": raw64(forgedKey.N.Bytes()), "e": "AQAB"}
		},
	} {
		p.lies(lie)
		b := h.browser()
		b.get(b.away(p, "/dang-nhap/ngoai")).wants(h, 403, "không hợp lệ")
		b.get("/tai-khoan").wants(h, 303)
		if t.Failed() {
			t.Fatalf("it was taken: %s", what)
		}
		h.turn(10 * time.Second) // an address starts so many sign-ins a minute
	}
	p.lies(nil)
	b := h.browser()
	b.get(b.away(p, "/dang-nhap/ngoai")).wants(h, 303) // and the truth is taken
}

var forgedKey = newKey()

func TestAnAnswerCountsInTheBrowserThatAsked(t *testing.T) {
	h, p := withProvider(t)
	h.browser().signIn("hang").links(p)
	b, thief := h.browser(), h.browser()
	theirs := thief.away(p, "/dang-nhap/ngoai")
	b.get(theirs).wants(h, 403, "bắt đầu lại") // nobody began here
	mine := b.away(p, "/dang-nhap/ngoai")
	b.get(theirs).wants(h, 403, "bắt đầu lại") // another's answer, another's state
	b.get(mine).wants(h, 403, "bắt đầu lại")   // and what was under way is over

	mine, theirs = b.away(p, "/dang-nhap/ngoai"), thief.away(p, "/dang-nhap/ngoai")
	code := func(path string) string { u, _ := url.Parse(path); return u.Query().Get("code") }
	b.get(strings.Replace(mine, code(mine), code(theirs), 1)).wants(h, 403, "không hợp lệ") // a code put in from elsewhere: PKCE
	mine = b.away(p, "/dang-nhap/ngoai")
	b.get(strings.Replace(mine, url.QueryEscape(p.URL), url.QueryEscape("https://evil.example"), 1)).wants(h, 403, "không hợp lệ")
	mine = b.away(p, "/dang-nhap/ngoai")
	h.turn(11 * time.Minute)
	b.get(mine).wants(h, 403, "bắt đầu lại")
	mine = b.away(p, "/dang-nhap/ngoai")
	state := func(path string) string { u, _ := url.Parse(path); return u.Query().Get("state") }
	b.get("/dang-nhap/ngoai/ve?error=access_denied&state="+state(mine)).wants(h, 403, "không đồng ý")
	mine = b.away(p, "/dang-nhap/ngoai")
	p.mu.Lock()
	p.down = true
	p.mu.Unlock()
	b.get(mine).wants(h, 503, "không liên lạc được")
	p.lies(nil)
	b.get("/tai-khoan").wants(h, 303)

	// A link that another session asked for is not made, though it is the same browser's cookie jar.
	one := h.browser().signIn("nghia")
	page := one.post("/bao-mat/lien-ket", "password", password).wants(h, 200)
	to := html.UnescapeString(regexp.MustCompile(`href="(` + regexp.QuoteMeta(p.URL) + `[^"]+)"`).FindStringSubmatch(page.body)[1])
	p.is("99")
	answer := p.goes(to)
	one.signIn("toan")
	one.get(answer).wants(h, 403, "bắt đầu lại")
	for _, staff := range []string{"nghia", "toan"} {
		if all, err := h.server.Accounts.Identities(t.Context(), staff); err != nil || len(all) > 0 {
			t.Errorf("%s was linked: %v %v", staff, all, err)
		}
	}
}

func TestAnInvitationLinksAnAccount(t *testing.T) {
	h, p := withProvider(t)
	h.employs("hang")
	h.must(h.server.Accounts.SetPassword(t.Context(), "hang", "test", "mật khẩu cấp lần đầu", true))
	admin := h.browser().signIn("admin")
	page := admin.post("/admin/staff/hang/invite").wants(h, 201, "Liên kết mời", "chỉ dùng được một lần")
	link := strings.TrimPrefix(regexp.MustCompile(`<code>([^<]+)</code>`).FindStringSubmatch(page.body)[1], h.base)
	p.is("admin-at-home")
	b := h.browser()
	first := b.get(link).wants(h, 200, "Nguyễn Thị Thu Hằng", "Cổng cán bộ", "sẽ bị hủy")
	if first.Header.Get("Referrer-Policy") != "no-referrer" || first.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the page of an invitation: %v", first.Header)
	}
	b.get(b.away(p, link+"/tiep")).wants(h, 303).to(h, "/console")
	b.get("/bao-mat").wants(h, 200, "không có mật khẩu", "Đã liên kết")
	h.browser().get(link).wants(h, 404, "đã dùng")
	h.browser().get(link+"/tiep").wants(h, 404)
	h.browser().post("/dang-nhap", "name", "hang", "password", "mật khẩu cấp lần đầu").wants(h, 403)

	// Who has no password must have signed in just now to change how she does.
	id := html.UnescapeString(regexp.MustCompile(`name="id" value="([^"]+)"`).FindStringSubmatch(b.get("/bao-mat").body)[1])
	b.post("/bao-mat/bo-lien-ket", "id", id).wants(h, 422, "ít nhất một liên kết")
	h.turn(11 * time.Minute)
	b.post("/bao-mat/lien-ket").wants(h, 422, "đăng nhập lại")

	admin.get("/admin/audit").wants(h, 200, "Mời liên kết đăng nhập ngoài", "Liên kết đăng nhập ngoài")
	h.must(h.server.Accounts.Change(t.Context(), "hang", "test", func(s *ticketing.Staff) error { s.Off = true; return nil }))
	c := h.browser()
	c.get(c.away(p, "/dang-nhap/ngoai")).wants(h, 403, "chưa được liên kết")
}

func TestWithoutAnotherServiceThereIsNoWayThere(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	b.get("/dang-nhap").wants(h, 200).lacks(h, "/dang-nhap/ngoai")
	for _, path := range []string{"/dang-nhap/ngoai", "/dang-nhap/ngoai/ve?code=1&state=2", "/lien-ket/hang.x"} {
		b.get(path).wants(h, 404)
	}
	b.signIn("hang").post("/bao-mat/lien-ket", "password", password).wants(h, 404)
	h.browser().signIn("admin").get("/admin/staff/hang").wants(h, 200).lacks(h, "/invite")
}

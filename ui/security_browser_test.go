package ui_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/hotp"
)

// Setting up two steps, signing in with them, and going to another service and back, as a browser lets it happen
// under the pages' policy.
func TestTwoStepsInABrowser(t *testing.T) {
	h, p := withProvider(t)
	h.employs("hang")
	b := h.tab()
	into := func(field, value string) chromedp.Action[chromedp.Void] {
		return chromedp.SetValue(chromedp.CSS(field), value)
	}
	press := func(button, then string) {
		t.Helper()
		b.do(chromedp.Click(chromedp.CSS(button)), chromedp.WaitVisible(chromedp.CSS(then)))
	}
	signIn := func(then string) {
		t.Helper()
		b.opens("/dang-nhap")
		b.do(into("#f-name", "hang"), into("#f-password", password))
		press("main form .button", then)
	}
	h.browser().signIn("admin").post("/admin/sign-in/staff", "version", "0", "second", "operator", "second", "supervisor").wants(h, 303)
	b.opens("/dang-nhap")
	b.looks("sign-in-elsewhere")
	signIn("svg.qr")
	b.looks("second-set-up")
	if size := eval[float64](b, "document.querySelector('svg.qr').getBoundingClientRect().width"); size < 150 {
		t.Errorf("the QR code is %v px wide", size)
	}
	b.do(into("#f-code", "000000"))
	press("main form .button", ".notice-bad")
	b.shot("second-set-up-wrong", 360, true)
	secret := strings.ReplaceAll(eval[string](b, "document.querySelector('.secret-key').textContent"), " ", "")
	code := func() string {
		c, err := hotp.GenerateCode(secret, uint64(h.Now().Unix()/30))
		h.must(err)
		return c
	}
	b.do(into("#f-code", code()))
	press("main form .button", "ol.recovery")
	b.looks("recovery-codes")
	b.print("recovery-codes")
	press("main .actions a.button", ".bar-me")
	b.opens("/bao-mat")
	b.do(chromedp.Evaluate[chromedp.Void]("document.querySelectorAll('details').forEach(d => d.open = true)"))
	b.looks("security")

	// Away to the other service and back: no form leads there, a link does.
	b.do(into("#f-link-password", password))
	press("form[action='/bao-mat/lien-ket'] .button", "a[href^='"+p.URL+"']")
	b.looks("link")
	press("a[href^='"+p.URL+"']", ".notice-good")
	b.shot("security-linked", 360, false)

	h.turn(30 * time.Second)
	b.opens("/tai-khoan")
	b.looks("account-devices")
	press("form[action='/dang-xuat'] button", "#f-name")
	signIn("#f-code")
	b.looks("code")
	b.do(into("#f-code", "000000"))
	press("main form .button", ".notice-bad")
	b.shot("code-wrong", 360, false)
	b.do(into("#f-code", code()))
	press("main form .button", ".bar-me")
	b.opens("/tai-khoan")
	press("form[action='/dang-xuat'] button", "#f-name")
	press("a[href^='/dang-nhap/ngoai']", "#f-code") // by the other service, to the code

	h.employs("nghia")
	admin := h.browser().signIn("admin")
	page := admin.post("/admin/staff/nghia/invite").wants(h, 201)
	_, rest, _ := strings.Cut(page.body, "<code>"+h.base)
	link, _, _ := strings.Cut(rest, "<")
	b.opens(link)
	b.looks("invited")

	h.browser().signIn("nghia")
	b.opens("/dang-nhap")
	b.do(into("#f-name", "admin"), into("#f-password", password))
	press("main form .button", ".kind-card")
	b.opens("/admin/staff/nghia")
	b.looks("admin-staff")
	b.opens("/admin/sign-in/staff")
	b.looks("admin-sign-in")
	b.wrong = slices.DeleteFunc(b.wrong, func(w string) bool { return strings.Contains(w, "403") }) // the wrong code
}

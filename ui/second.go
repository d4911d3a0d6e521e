package ui

import (
	"fmt"
	"html/template"
	"image/color"
	"net/url"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

type secondPage struct {
	Page
	Owed     bool // an administrator demands it: nothing else can be done before
	Replaces bool
	Password bool // must be shown
	QR       template.HTML
	Link     template.URL // the same for an app on this telephone
	Secret   string       // in groups
	Sealed   string
	Errors   fieldErrors
}

// secondPage shows a secret that nothing is stored of: it counts once a code has come back.
func (s *Server) secondPage(v *visit) error {
	set, err := s.Accounts.NewSecond(v.session)
	if err != nil {
		return err
	}
	p, err := s.secondForm(v, set)
	if err != nil {
		return err
	}
	return s.ok(v, "account-second", p)
}

func (s *Server) secondForm(v *visit, set ticketing.SetUp) (secondPage, error) {
	p := secondPage{Page: s.page(v, v.t("second.title")), Owed: v.session.Owes == ticketing.OwesSecond, Replaces: !v.staff.Second.IsZero(), Sealed: set.Sealed}
	p.Password = s.secondNeedsProof(v) && v.staff.Password != ""
	address := s.otpAddress(v.staff.ID, set.Secret)
	p.Link = template.URL(address) // made here of letters and digits, escaped
	for rest := set.Secret; rest != ""; rest = rest[min(4, len(rest)):] {
		p.Secret += " " + rest[:min(4, len(rest))]
	}
	p.Secret = strings.TrimSpace(p.Secret)
	var err error
	p.QR, err = qrCode(address, v.t("second.qr"))
	return p, err
}

// secondNeedsProof: who is led here straight from signing in, and has no second factor to take away, has shown her
// password a moment ago.
func (s *Server) secondNeedsProof(v *visit) bool {
	return v.session.Owes != ticketing.OwesSecond || s.Now().Sub(v.session.Began) > fresh
}

// confirmSecond takes the first code.
func (s *Server) confirmSecond(v *visit) error {
	refused := func(cause error) error {
		set, err := s.Accounts.PendingSecond(v.session, v.FormValue("sealed"))
		if err != nil { // too old: another one
			if set, err = s.Accounts.NewSecond(v.session); err != nil {
				return err
			}
		}
		p, err := s.secondForm(v, set)
		if err != nil {
			return err
		}
		if other := p.Errors.add(v.lang, cause); other != nil {
			return other
		}
		return s.render(v, fiber.StatusUnprocessableEntity, "account-second", p)
	}
	if s.secondNeedsProof(v) {
		if err := s.proof(v); err != nil {
			return refused(err)
		}
	}
	next := securityPath
	if v.session.Owes == ticketing.OwesSecond {
		next = homeOf(v.staff.Role)
	}
	e, codes, err := s.Accounts.ConfirmSecond(v.ctx(), v.session, v.FormValue("sealed"), v.FormValue("code"), s.knock(v))
	if err != nil {
		return refused(err)
	}
	if err := s.replaceSession(v, e); err != nil {
		return err
	}
	return s.tellRecovery(v, codes, next)
}

// otpAddress is what apps read:
// https://github.com/google/google-authenticator/wiki/Key-Uri-Format
func (s *Server) otpAddress(account, secret string) string {
	issuer := "Hotline " + s.Phone
	if u, err := url.Parse(s.BaseURL); err == nil && u.Hostname() != "" {
		issuer += " " + u.Hostname() // several hotlines in one app are told apart
	}
	q := url.Values{"secret": {secret}, "issuer": {issuer}} // the rest is as apps expect it; a short address is easier to scan
	return "otpauth://totp/" + url.PathEscape(issuer+":"+account) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// qrCode is drawn here, as one path: the secret goes to no other machine. It is dark on light whatever the reader's
// colours are, with the quiet margin that cameras need.
func qrCode(content, label string) (template.HTML, error) {
	code, err := qr.Encode(content, qr.M, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("drawing a QR code: %w", err)
	}
	const margin = 4
	size := code.Bounds().Dx()
	var path strings.Builder
	for y := range size {
		for x := 0; x < size; {
			from := x
			for x < size && dark(code, x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+margin, y+margin, x-from, x-from)
			}
			x = max(x, from+1)
		}
	}
	whole := size + 2*margin
	return template.HTML(fmt.Sprintf(`<svg class="qr" role="img" aria-label="%s" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#000" d="%s"/></svg>`,
		template.HTMLEscapeString(label), whole, whole, whole, whole, path.String())), nil
}

func dark(code barcode.Barcode, x, y int) bool { return code.At(x, y) == color.Black }

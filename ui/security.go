package ui

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// How one signs in: with what besides the password, and how one comes back without a telephone.
const (
	passwordPath = "/mat-khau"
	securityPath = "/bao-mat"
	secondPath   = "/bao-mat/ung-dung"
	codePath     = "/dang-nhap/ma"

	halfLife  = 5 * time.Minute
	knownLife = 180 * 24 * time.Hour

	// fresh is how long a sign-in is proof enough for somebody who has no password to show.
	fresh = 10 * time.Minute
)

type securityPage struct {
	Page
	Notice   string
	Errors   fieldErrors
	Since    time.Time // of the second factor; zero: there is none
	Demanded bool
	Left     int // recovery codes
	Password bool
	Provider string
	Links    []ticketing.Identity
}

func (s *Server) securityForm(v *visit) (securityPage, error) {
	p := securityPage{Page: s.page(v, v.t("security.title")), Since: v.staff.Second, Demanded: s.Accounts.Demands(v.staff.Role), Password: v.staff.Password != ""}
	if key := "security.ok." + v.Query("ok"); words.Has(key) {
		p.Notice = v.t(key)
	}
	var err error
	if p.Left, err = s.Accounts.RecoveryLeft(v.ctx(), v.staff.ID); err != nil {
		return p, err
	}
	if s.OIDC != nil {
		p.Provider = s.provider(v.lang)
		p.Links, err = s.Accounts.Identities(v.ctx(), v.staff.ID)
	}
	return p, err
}

func (s *Server) securityPage(v *visit) error {
	p, err := s.securityForm(v)
	if err != nil {
		return err
	}
	return s.ok(v, "account-security", p)
}

// refusedSecurity shows the page with the reason why nothing was done; field is the form's that was sent.
func (s *Server) refusedSecurity(v *visit, field string, cause error) error {
	p, err := s.securityForm(v)
	if err != nil {
		return err
	}
	var faults fieldErrors
	if other := faults.add(v.lang, cause); other != nil {
		return other
	}
	for _, sentence := range faults {
		p.Errors = fieldErrors{field: sentence}
	}
	return s.render(v, fiber.StatusUnprocessableEntity, "account-security", p)
}

// proof asks for the password, so that a browser left open, or a stolen session, changes nothing of how its owner
// comes in. Who has none must have signed in just now. Class Invalid where it is not given.
func (s *Server) proof(v *visit) error {
	if v.staff.Password == "" {
		if s.Now().Sub(v.session.Began) > fresh {
			return &ticketing.Error{Class: ticketing.Invalid, Key: "error.sign_in_again"}
		}
		return nil
	}
	err := s.Accounts.Proves(v.ctx(), v.staff.ID, v.FormValue("password"), s.knock(v))
	if ticketing.ClassOf(err) == ticketing.Forbidden {
		return &ticketing.Error{Class: ticketing.Invalid, Field: "password", Key: "password.wrong"}
	}
	return err
}

type codePage struct {
	Page
	Name, Back string
	Failure    string
}

// codePage asks for the second factor of a sign-in that has begun.
func (s *Server) codePage(v *visit) error {
	back := localPath(v.Query("sau"), "")
	account, err := s.Accounts.Halfway(v.ctx(), v.Cookies(s.cookieName(cookieHalf)))
	if ticketing.ClassOf(err) == ticketing.Forbidden {
		return v.Redirect(signInPath(back), fiber.StatusSeeOther)
	} else if err != nil {
		return err
	}
	return s.ok(v, "sign-in-code", s.codeForm(v, account, back))
}

func (s *Server) codeForm(v *visit, account ticketing.Staff, back string) codePage {
	return codePage{Page: s.page(v, v.t("sign_in.code_title")), Name: account.ID, Back: back}
}

func (s *Server) giveCode(v *visit) error {
	back, half := localPath(v.FormValue("back"), ""), v.Cookies(s.cookieName(cookieHalf))
	code := v.FormValue("code")
	if code == "" {
		code = v.FormValue("recovery")
	}
	e, err := s.Accounts.SecondFactor(v.ctx(), half, code, s.knock(v))
	if err == nil {
		return s.comeIn(v, e, back)
	}
	if !refusedAtTheDoor(err) {
		return err
	}
	f := failureOf(v.lang, err)
	account, over := s.Accounts.Halfway(v.ctx(), half)
	if over != nil {
		p := s.signInForm(v, back)
		p.Failure = f.Text
		return s.render(v, f.Status, "sign-in", p)
	}
	p := s.codeForm(v, account, back)
	p.Failure = f.Text
	return s.render(v, f.Status, "sign-in-code", p)
}

// dropSecond turns the second factor off.
func (s *Server) dropSecond(v *visit) error {
	const field = "off-password"
	if err := s.proof(v); err != nil {
		return s.refusedSecurity(v, field, err)
	}
	e, err := s.Accounts.DropSecond(v.ctx(), v.session, s.knock(v))
	if err != nil {
		return s.refusedSecurity(v, field, err)
	}
	if err := s.replaceSession(v, e); err != nil {
		return err
	}
	return v.seeOther(securityPath + "?ok=off")
}

type recoveryPage struct {
	Page
	Codes []string
	All   string // to copy
	Next  string
	At    time.Time
}

// tellRecovery answers a POST with a page: the codes are kept as hashes only, so no other page can show them.
func (s *Server) tellRecovery(v *visit, codes []string, next string) error {
	p := recoveryPage{Page: s.page(v, v.t("recovery.title")), Codes: codes, Next: next, At: s.Now()}
	for _, c := range codes {
		p.All += c + "\n"
	}
	return s.render(v, fiber.StatusCreated, "account-recovery", p)
}

func (s *Server) newRecovery(v *visit) error {
	const field = "codes-password"
	if err := s.proof(v); err != nil {
		return s.refusedSecurity(v, field, err)
	}
	codes, err := s.Accounts.NewRecovery(v.ctx(), v.session)
	if err != nil {
		return s.refusedSecurity(v, field, err)
	}
	return s.tellRecovery(v, codes, securityPath)
}

package ui

import (
	"errors"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

type staffLocal struct{}

// Actor is who is signed in, for others who answer requests on the same app (sockets, the JSON API). An *Error of
// class NotFound: nobody.
func (s *Server) Actor(c *fiber.Ctx) (ticketing.Actor, ticketing.Session, error) {
	token := c.Cookies(s.cookieName(cookieSession))
	if token == "" {
		return ticketing.Actor{}, ticketing.Session{}, notFound()
	}
	session, account, err := s.Accounts.Session(c.UserContext(), token)
	if errors.Is(err, ticketing.ErrNotFound) {
		return ticketing.Actor{}, ticketing.Session{}, notFound()
	} else if err != nil {
		return ticketing.Actor{}, ticketing.Session{}, err
	}
	c.Locals(staffLocal{}, account)
	return account.Actor(), session, nil
}

type signInPage struct {
	Page
	Name, Back string
	Failure    string
}

// signInPath is the sign-in page that leads on to back.
func signInPath(back string) string {
	if back == "" || back == "/" {
		return "/dang-nhap"
	}
	return "/dang-nhap?sau=" + url.QueryEscape(back)
}

func (s *Server) signInPage(v *visit) error {
	back := localPath(v.Query("sau"), "")
	if v.staff.ID != "" {
		return v.Redirect(localPath(back, homeOf(v.staff.Role)), fiber.StatusSeeOther)
	}
	return s.ok(v, "sign-in", signInPage{Page: s.page(v, v.t("sign_in.title")), Back: back})
}

func (s *Server) signIn(v *visit) error {
	name, back := v.FormValue("name"), localPath(v.FormValue("back"), "")
	token, account, err := s.Accounts.SignIn(v.ctx(), name, v.FormValue("password"), v.IP(), v.Get(fiber.HeaderUserAgent))
	if c := ticketing.ClassOf(err); err != nil && (c == ticketing.Forbidden || c == ticketing.Busy) {
		f := failureOf(v.lang, err)
		p := signInPage{Page: s.page(v, v.t("sign_in.title")), Name: name, Back: back, Failure: f.Text}
		return s.render(v, f.Status, "sign-in", p)
	} else if err != nil {
		return err
	}
	if v.session.ID != "" { // whoever was signed in here is not any more
		if err := s.Accounts.SignOut(v.ctx(), v.session.ID); err != nil {
			return err
		}
	}
	s.setCookie(v.Ctx, cookieSession, token, 0)
	if account.Change {
		return v.seeOther("/mat-khau")
	}
	return v.seeOther(localPath(back, homeOf(account.Role)))
}

// signOut ends the session; without one it does nothing.
func (s *Server) signOut(v *visit) error {
	if v.session.ID != "" {
		if err := s.Accounts.SignOut(v.ctx(), v.session.ID); err != nil {
			return err
		}
	}
	s.setCookie(v.Ctx, cookieSession, "", -1)
	v.Set("Clear-Site-Data", `"cache", "storage"`)
	return v.seeOther("/dang-nhap")
}

type passwordPage struct {
	Page
	First  bool // the account's first password, or one an administrator set
	Errors fieldErrors
}

func (s *Server) passwordPage(v *visit) error {
	return s.ok(v, "password", passwordPage{Page: s.page(v, v.t("password.title")), First: v.staff.Change})
}

// setPassword changes one's own password. That ends every session, so a new one begins here.
func (s *Server) setPassword(v *visit) error {
	old, chosen := v.FormValue("old"), v.FormValue("password")
	p := passwordPage{Page: s.page(v, v.t("password.title")), First: v.staff.Change}
	if chosen != v.FormValue("again") {
		p.Errors = fieldErrors{"again": v.t("password.differs")}
	} else if old == chosen {
		p.Errors = fieldErrors{"password": v.t("password.same")}
	}
	if p.Errors != nil {
		return s.render(v, fiber.StatusUnprocessableEntity, "password", p)
	}
	token, _, err := s.Accounts.SignIn(v.ctx(), v.staff.ID, old, v.IP(), v.Get(fiber.HeaderUserAgent))
	if ticketing.ClassOf(err) == ticketing.Forbidden {
		p.Errors = fieldErrors{"old": v.t("password.wrong")}
		return s.render(v, fiber.StatusUnprocessableEntity, "password", p)
	} else if err != nil {
		return err
	}
	if err := s.Accounts.SetPassword(v.ctx(), v.staff.ID, v.staff.ID, chosen, false); err != nil {
		if err := p.Errors.add(v.lang, err); err != nil {
			return err
		}
		s.setCookie(v.Ctx, cookieSession, token, 0)
		return s.render(v, fiber.StatusUnprocessableEntity, "password", p)
	}
	token, account, err := s.Accounts.SignIn(v.ctx(), v.staff.ID, chosen, v.IP(), v.Get(fiber.HeaderUserAgent))
	if err != nil {
		return err
	}
	s.setCookie(v.Ctx, cookieSession, token, 0)
	return v.seeOther(homeOf(account.Role))
}

// device is one session as its owner sees it.
type device struct {
	ticketing.Session
	Browser string
	This    bool
}

type accountPage struct {
	Page
	Role    string
	Agency  string
	Devices []device
}

func (s *Server) accountPage(v *visit) error {
	all, err := s.Accounts.Sessions(v.ctx(), v.staff.ID)
	if err != nil {
		return err
	}
	p := accountPage{Page: s.page(v, v.t("account.title")), Role: v.t("role." + string(v.staff.Role)), Agency: s.agencyName(v.lang, v.staff.Agency)}
	for _, one := range all {
		p.Devices = append(p.Devices, device{one, browserName(v.lang, one.Browser), one.ID == v.session.ID})
	}
	return s.ok(v, "account", p)
}

// endSession signs one of the reader's own devices out.
func (s *Server) endSession(v *visit) error {
	id := v.FormValue("session")
	if !strings.HasPrefix(id, v.staff.ID+"/") {
		return notFound()
	}
	if err := s.Accounts.SignOut(v.ctx(), id); err != nil {
		return err
	}
	return v.seeOther("/tai-khoan")
}

func (s *Server) endSessions(v *visit) error {
	if err := s.Accounts.SignOutEverywhere(v.ctx(), v.staff.ID, v.staff.ID); err != nil {
		return err
	}
	s.setCookie(v.Ctx, cookieSession, "", -1)
	v.Set("Clear-Site-Data", `"cache", "storage"`)
	return v.seeOther("/dang-nhap")
}

// setStaffLang keeps the language with the account, so that it follows to other devices.
func (s *Server) setStaffLang(v *visit) error {
	lang := words.Lang(v.FormValue("lang"))
	err := s.Accounts.Change(v.ctx(), v.staff.ID, v.staff.ID, func(a *ticketing.Staff) error { a.Lang = lang; return nil })
	if err != nil {
		return err
	}
	s.setCookie(v.Ctx, cookieLang, lang, year)
	return v.seeOther(localPath(v.FormValue("back"), "/tai-khoan"))
}

// browserName says in short what a User-Agent claims to be.
func browserName(lang, agent string) string {
	first := func(names ...[2]string) string {
		for _, n := range names {
			if strings.Contains(agent, n[0]) {
				return n[1]
			}
		}
		return ""
	}
	name := first([2]string{"coc_coc", "Cốc Cốc"}, [2]string{"Edg", "Edge"}, [2]string{"OPR", "Opera"}, [2]string{"Firefox", "Firefox"}, [2]string{"Chrom", "Chrome"}, [2]string{"Safari", "Safari"})
	system := first([2]string{"Android", "Android"}, [2]string{"iPhone", "iPhone"}, [2]string{"iPad", "iPad"}, [2]string{"Windows", "Windows"}, [2]string{"Mac OS", "macOS"}, [2]string{"Linux", "Linux"})
	switch {
	case name == "":
		return words.T(lang, "account.unknown_browser")
	case system == "":
		return name
	}
	return words.T(lang, "account.browser_on", name, system)
}

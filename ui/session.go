package ui

import (
	"errors"
	"net/url"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

type staffLocal struct{}

// Actor is who is signed in, for others who answer requests on the same app (sockets, the JSON API). An *Error of
// class NotFound: nobody, or somebody who has to do something first that only pages can ask of her.
func (s *Server) Actor(c *fiber.Ctx) (ticketing.Actor, ticketing.Session, error) {
	account, session, err := s.signedIn(c)
	if err == nil && session.Owes != ticketing.OwesNothing {
		err = notFound()
	}
	if err != nil {
		return ticketing.Actor{}, ticketing.Session{}, err
	}
	c.Locals(staffLocal{}, account)
	return account.Actor(), session, nil
}

// signedIn is whose the session's cookie is, whatever she still owes.
func (s *Server) signedIn(c *fiber.Ctx) (ticketing.Staff, ticketing.Session, error) {
	token := c.Cookies(s.cookieName(cookieSession))
	if token == "" {
		return ticketing.Staff{}, ticketing.Session{}, notFound()
	}
	session, account, err := s.Accounts.Session(c.UserContext(), token)
	if errors.Is(err, ticketing.ErrNotFound) {
		err = notFound()
	}
	return account, session, err
}

// knock is what the request brings to the door besides a proof.
func (s *Server) knock(v *visit) ticketing.Knock {
	return ticketing.Knock{IP: v.IP(), Browser: v.Get(fiber.HeaderUserAgent), Known: v.Cookies(s.cookieName(cookieKnown))}
}

type signInPage struct {
	Page
	Name, Back string
	Failure    string
	Provider   string // another service to sign in with; "" for none
	Elsewhere  string // the way there
}

// signInPath is the sign-in page that leads on to back.
func signInPath(back string) string { return withBack("/dang-nhap", back) }

func withBack(path, back string) string {
	if back == "" || back == "/" {
		return path
	}
	return path + "?sau=" + url.QueryEscape(back)
}

func (s *Server) signInPage(v *visit) error {
	back := localPath(v.Query("sau"), "")
	switch {
	case v.staff.ID != "":
		return v.Redirect(localPath(back, homeOf(v.staff.Role)), fiber.StatusSeeOther)
	case v.session.ID != "":
		return v.Redirect(owedPath(v.session.Owes), fiber.StatusSeeOther)
	}
	return s.ok(v, "sign-in", s.signInForm(v, back))
}

func (s *Server) signInForm(v *visit, back string) signInPage {
	p := signInPage{Page: s.page(v, v.t("sign_in.title")), Back: back}
	if s.OIDC != nil {
		p.Provider, p.Elsewhere = s.provider(v.lang), withBack(oidcPath, back)
	}
	return p
}

func (s *Server) signIn(v *visit) error {
	name, back := v.FormValue("name"), localPath(v.FormValue("back"), "")
	e, err := s.Accounts.SignIn(v.ctx(), name, v.FormValue("password"), s.knock(v))
	if refusedAtTheDoor(err) {
		f := failureOf(v.lang, err)
		p := s.signInForm(v, back)
		p.Name, p.Failure = name, f.Text
		return s.render(v, f.Status, "sign-in", p)
	} else if err != nil {
		return err
	}
	return s.comeIn(v, e, back)
}

// refusedAtTheDoor says that the form is to be shown again with the reason.
func refusedAtTheDoor(err error) bool {
	c := ticketing.ClassOf(err)
	return err != nil && (c == ticketing.Forbidden || c == ticketing.Busy)
}

// comeIn goes on with a sign-in, whichever way it came: to the code, to what is owed, or to work.
func (s *Server) comeIn(v *visit, e ticketing.Entry, back string) error {
	if e.Token == "" {
		s.setCookie(v.Ctx, cookieHalf, e.Half, halfLife)
		return v.seeOther(withBack(codePath, back))
	}
	if err := s.replaceSession(v, e); err != nil {
		return err
	}
	if e.Owes != ticketing.OwesNothing {
		return v.seeOther(owedPath(e.Owes))
	}
	return v.seeOther(localPath(back, homeOf(e.Staff.Role)))
}

// replaceSession gives the browser the session that has begun; whoever was signed in here is not any more.
func (s *Server) replaceSession(v *visit, e ticketing.Entry) error {
	if v.session.ID != "" {
		if err := s.Accounts.SignOut(v.ctx(), v.session.ID); err != nil {
			return err
		}
	}
	s.setCookie(v.Ctx, cookieSession, e.Token, 0)
	if e.Known != "" {
		s.setCookie(v.Ctx, cookieKnown, e.Known, knownLife)
	}
	if v.Cookies(s.cookieName(cookieHalf)) != "" {
		s.setCookie(v.Ctx, cookieHalf, "", -1)
	}
	return nil
}

// owedPath is where what is owed can be paid.
func owedPath(o ticketing.Owed) string {
	if o == ticketing.OwesSecond {
		return secondPath
	}
	return passwordPath
}

// signOut ends the session; without one it does nothing. The browser stays known.
func (s *Server) signOut(v *visit) error {
	if v.session.ID != "" {
		if err := s.Accounts.SignOut(v.ctx(), v.session.ID); err != nil {
			return err
		}
	}
	return s.outside(v)
}

// outside is where a browser without a session goes.
func (s *Server) outside(v *visit) error {
	s.setCookie(v.Ctx, cookieSession, "", -1)
	s.setCookie(v.Ctx, cookieHalf, "", -1)
	v.Set("Clear-Site-Data", `"cache", "storage"`)
	return v.seeOther("/dang-nhap")
}

type passwordPage struct {
	Page
	First  bool // the account's first password, or one an administrator set
	Errors fieldErrors
}

func (s *Server) passwordForm(v *visit) passwordPage {
	return passwordPage{Page: s.page(v, v.t("password.title")), First: v.session.Owes == ticketing.OwesPassword}
}

func (s *Server) passwordPage(v *visit) error { return s.ok(v, "password", s.passwordForm(v)) }

// setPassword changes one's own password. That ends every session, so a new one begins here.
func (s *Server) setPassword(v *visit) error {
	p, chosen := s.passwordForm(v), v.FormValue("password")
	if chosen != v.FormValue("again") {
		p.Errors = fieldErrors{"again": v.t("password.differs")}
		return s.render(v, fiber.StatusUnprocessableEntity, "password", p)
	}
	e, err := s.Accounts.ChangePassword(v.ctx(), v.session, v.FormValue("old"), chosen, s.knock(v))
	if err != nil {
		if err := p.Errors.add(v.lang, err); err != nil {
			return err
		}
		return s.render(v, fiber.StatusUnprocessableEntity, "password", p)
	}
	return s.comeIn(v, e, "")
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

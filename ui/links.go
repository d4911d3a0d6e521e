package ui

import (
	"html/template"
	"net/http"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// invitedPath begins the address of an invitation; the rest of it is the key.
const invitedPath = "/lien-ket/"

type linkPage struct {
	Page
	Provider string
	To       template.URL
}

// linkStart is asked for by the signed-in person, with her password. It answers with a page that has the way on, not
// with a redirect: the policy lets no form lead to another site.
func (s *Server) linkStart(v *visit) error {
	if s.OIDC == nil {
		return notFound()
	}
	const field = "link-password"
	if err := s.proof(v); err != nil {
		return s.refusedSecurity(v, field, err)
	}
	to, err := s.sends(v, errand{Link: v.session.ID})
	if err != nil {
		return err
	}
	p := linkPage{Page: s.page(v, v.t("security.link", s.provider(v.lang))), Provider: s.provider(v.lang)}
	p.To = template.URL(to) // the service's own, from its discovery, which the administrator has named
	return s.ok(v, "account-link", p)
}

// linkBack links who has signed in there, if the same session as before still asks.
func (s *Server) linkBack(v *visit, e errand, subject string) error {
	if v.staff.ID == "" || v.session.ID != e.Link {
		return s.refusedOIDC(v, securityPath, errLost)
	}
	err := s.Accounts.Link(v.ctx(), v.session, s.OIDC.Issuer, subject)
	if ticketing.ClassOf(err) == ticketing.Conflict {
		p, formErr := s.securityForm(v)
		if formErr != nil {
			return formErr
		}
		f := failureOf(v.lang, err)
		p.Errors = fieldErrors{"": f.Text}
		return s.render(v, f.Status, "account-security", p)
	} else if err != nil {
		return err
	}
	return v.seeOther(securityPath + "?ok=linked")
}

func (s *Server) unlink(v *visit) error {
	const field = "link-password"
	if err := s.proof(v); err != nil {
		return s.refusedSecurity(v, field, err)
	}
	if err := s.Accounts.Unlink(v.ctx(), v.session, v.FormValue("id")); err != nil {
		return s.refusedSecurity(v, field, err)
	}
	return v.seeOther(securityPath + "?ok=unlinked")
}

type invitedPage struct {
	Page
	Name, Account, Provider string
	First                   bool // there is a first password, which ends
	To                      string
}

// invitedPage tells who was invited to what, before anything happens.
func (s *Server) invitedPage(v *visit) error {
	if s.OIDC == nil {
		return notFound()
	}
	account, err := s.Accounts.Invited(v.ctx(), v.Params("key"))
	if err != nil {
		return err
	}
	p := invitedPage{Page: s.page(v, v.t("invited.title")), Name: account.Name, Account: account.ID, Provider: s.provider(v.lang), First: account.Change}
	p.NoIndex, p.To = true, invitedPath+v.Params("key")+"/tiep"
	return s.ok(v, "sign-in-invited", p)
}

// oidcInvited sends the browser away with the invitation. It changes nothing here: the key is used up when it is back.
func (s *Server) oidcInvited(v *visit) error {
	if _, err := s.Accounts.Invited(v.ctx(), v.Params("key")); err != nil {
		return err
	}
	to, err := s.sends(v, errand{Invited: v.Params("key")})
	if err != nil {
		return s.refusedOIDC(v, "", err)
	}
	return v.Redirect(to, http.StatusSeeOther)
}

// invite makes an invitation for somebody, shown once.
func (s *Server) invite(v *visit, id string) (saved, error) {
	key, err := s.Accounts.Invite(v.ctx(), v.actor(), id)
	return saved{record: ticketing.Record{ID: id}, secret: s.BaseURL + invitedPath + key, what: "invitation"}, err
}

func (s *Server) resetSecond(v *visit, id string) (saved, error) {
	return saved{}, s.Accounts.ResetSecond(v.ctx(), v.actor(), id)
}

// saveSignIn saves what is demanded, and has it count for open sockets at once.
func (s *Server) saveSignIn(v *visit, id string, version int, d doc) (saved, error) {
	done, err := s.saveSetting(v, ticketing.KindSignIn, id, version, d)
	if err == nil {
		s.Accounts.Recheck()
	}
	return done, err
}

// signInKind is the one record that says what signing in asks of whom.
func signInKind() adminKind {
	return adminKind{Kind: ticketing.KindSignIn, Icon: "lock", id: "id", order: byTitle, save: (*Server).saveSignIn, keeps: true, One: true,
		title: func(_ *Server, lang, _ string, _ doc) string { return words.T(lang, "admin.sign_in.all") },
		fields: []adminField{
			{Name: "id", Input: inSelect, Options: (*Server).everybody, Fixed: true},
			{Name: "second", Input: inMulti, Options: (*Server).roleChoices, Column: true},
		}}
}

func (s *Server) everybody(lang string) []choice {
	return []choice{{"staff", words.T(lang, "admin.sign_in.all")}}
}

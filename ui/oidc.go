package ui

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/gofiber/fiber/v2"
	"golang.org/x/oauth2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// OIDC is another service that staff may sign in with (OpenID Connect, code flow with PKCE). An account here is found
// by issuer and subject only; nothing else that the service says about a person is asked for.
type OIDC struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	Name         string // on the button; "" is a common word

	mu       sync.Mutex
	provider *oidc.Provider
}

const (
	oidcPath     = "/dang-nhap/ngoai"
	oidcLife     = 10 * time.Minute
	oidcPatience = 10 * time.Second
	sealOIDC     = "sign-in at another service"
)

// errand is what a browser is away for. It stands in the browser's cookie, sealed, so that the answer counts in the
// browser that asked and nowhere else.
type errand struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"`
	At       time.Time `json:"t"`
	Back     string    `json:"b,omitempty"`
	Link     string    `json:"l,omitempty"` // the session that asks for a link
	Invited  string    `json:"i,omitempty"` // the key of an invitation
}

// provider is what the service is called.
func (s *Server) provider(lang string) string {
	if s.OIDC.Name != "" {
		return s.OIDC.Name
	}
	return words.T(lang, "sign_in.external")
}

// discover asks the service where its doors are, once it can be reached: it need not be there when the hotline starts.
func (o *OIDC) discover() (*oidc.Provider, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.provider != nil {
		return o.provider, nil
	}
	// The provider keeps the context for fetching keys, so it is not the request's; the client has patience of its own.
	p, err := oidc.NewProvider(o.client(context.Background()), o.Issuer)
	o.provider = p
	return p, err
}

func (o *OIDC) client(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, &http.Client{Timeout: oidcPatience})
}

func (s *Server) oauth(p *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{ClientID: s.OIDC.ClientID, ClientSecret: s.OIDC.ClientSecret, Endpoint: p.Endpoint(), RedirectURL: s.BaseURL + oidcPath + "/ve", Scopes: []string{oidc.ScopeOpenID}}
}

var (
	errLost   = &ticketing.Error{Class: ticketing.Forbidden, Key: "oidc.lost"}
	errDenied = &ticketing.Error{Class: ticketing.Forbidden, Key: "oidc.denied"}
)

func errAway(err error) error {
	return &ticketing.Error{Class: ticketing.Busy, Key: "oidc.away", Err: err}
}

func errAnswer(err error) error {
	return &ticketing.Error{Class: ticketing.Forbidden, Key: "oidc.failed", Err: err}
}

// sends is where the browser goes with the errand, which it is given to keep.
func (s *Server) sends(v *visit, e errand) (string, error) {
	if s.OIDC == nil {
		return "", notFound()
	}
	p, err := s.OIDC.discover()
	if err != nil {
		return "", errAway(err)
	}
	e.State, e.Nonce, e.Verifier, e.At = rand.Text(), rand.Text(), oauth2.GenerateVerifier(), s.Now().UTC()
	doc, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	s.setCookie(v.Ctx, cookieOIDC, b64.EncodeToString(s.Desk.Vault.Seal(sealOIDC, doc)), oidcLife)
	return s.oauth(p).AuthCodeURL(e.State, oidc.Nonce(e.Nonce), oauth2.S256ChallengeOption(e.Verifier)), nil
}

// errandOf is what the browser was away for; its cookie is taken from it.
func (s *Server) errandOf(v *visit) (e errand, err error) {
	cookie := v.Cookies(s.cookieName(cookieOIDC))
	s.setCookie(v.Ctx, cookieOIDC, "", -1)
	box, err := b64.DecodeString(cookie)
	if err != nil || len(box) == 0 {
		return e, errLost
	}
	doc, err := s.Desk.Vault.Unseal(sealOIDC, box)
	if err != nil || json.Unmarshal(doc, &e) != nil {
		return e, errLost
	}
	if age := s.Now().Sub(e.At); age > oidcLife || age < -oidcLife {
		return e, errLost
	}
	if subtle.ConstantTimeCompare([]byte(e.State), []byte(v.Query("state"))) != 1 {
		return e, errLost
	}
	return e, nil
}

// subject is who the service says has signed in there, if its answer holds in every point.
func (s *Server) subject(v *visit, e errand) (string, error) {
	if iss := v.Query("iss"); iss != "" && iss != s.OIDC.Issuer { // RFC 9207
		return "", errAnswer(errors.New("the answer is another issuer's"))
	}
	switch {
	case v.Query("error") == "access_denied":
		return "", errDenied
	case v.Query("error") != "", v.Query("code") == "":
		return "", errAnswer(errors.New("the service answered with an error"))
	}
	p, err := s.OIDC.discover()
	if err != nil {
		return "", errAway(err)
	}
	ctx, done := context.WithTimeout(s.OIDC.client(v.ctx()), oidcPatience)
	defer done()
	tokens, err := s.oauth(p).Exchange(ctx, v.Query("code"), oauth2.VerifierOption(e.Verifier))
	if refused := (*oauth2.RetrieveError)(nil); errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode < 500 {
		return "", errAnswer(errors.New("the service took the code for none of its own"))
	} else if err != nil {
		return "", errAway(err)
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return "", errAnswer(errors.New("no id_token"))
	}
	id, err := p.VerifierContext(ctx, &oidc.Config{ClientID: s.OIDC.ClientID, Now: s.Now}).Verify(ctx, raw)
	if err != nil {
		return "", errAnswer(err)
	}
	if err := fits(id, e, s.OIDC.ClientID); err != nil {
		return "", errAnswer(err)
	}
	return id.Subject, nil
}

// fits checks what the library leaves to us (OpenID Connect Core, section 3.1.3.7).
func fits(id *oidc.IDToken, e errand, client string) error {
	var more struct {
		For string `json:"azp"`
	}
	if err := id.Claims(&more); err != nil {
		return err
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(e.Nonce)) != 1:
		return errors.New("the nonce is not the one that was sent")
	case id.Subject == "" || len(id.Subject) > 255:
		return errors.New("there is no subject")
	case more.For != "" && more.For != client, len(id.Audience) > 1 && more.For == "", !slices.Contains(id.Audience, client):
		return errors.New("it is made out to another program")
	}
	return nil
}

// oidcStart sends the browser away to sign in. It changes nothing here.
func (s *Server) oidcStart(v *visit) error {
	to, err := s.sends(v, errand{Back: localPath(v.Query("sau"), "")})
	if err != nil {
		return s.refusedOIDC(v, "", err)
	}
	return v.Redirect(to, fiber.StatusSeeOther)
}

// oidcBack is where the browser comes back to.
func (s *Server) oidcBack(v *visit) error {
	if s.OIDC == nil {
		return notFound()
	}
	e, err := s.errandOf(v)
	if err != nil {
		return s.refusedOIDC(v, "", err)
	}
	subject, err := s.subject(v, e)
	if err != nil {
		return s.refusedOIDC(v, e.Back, err)
	}
	if e.Link != "" {
		return s.linkBack(v, e, subject)
	}
	var in ticketing.Entry
	if e.Invited != "" {
		in, err = s.Accounts.Accept(v.ctx(), e.Invited, s.OIDC.Issuer, subject, s.knock(v))
	} else {
		in, err = s.Accounts.SignInAs(v.ctx(), s.OIDC.Issuer, subject, s.knock(v))
	}
	if err != nil {
		return s.refusedOIDC(v, e.Back, err)
	}
	return s.comeIn(v, in, e.Back)
}

// refusedOIDC shows the sign-in form with the reason; what is nobody's fault becomes the page of failures.
func (s *Server) refusedOIDC(v *visit, back string, err error) error {
	var known *ticketing.Error
	if s.OIDC == nil || !errors.As(err, &known) {
		return err
	}
	if known.Err != nil {
		s.Log.Warn("a sign-in by another service failed", "reason", known.Key, "err", known.Err)
	}
	f := failureOf(v.lang, err)
	p := s.signInForm(v, back)
	p.Failure = f.Text
	return s.render(v, f.Status, "sign-in", p)
}

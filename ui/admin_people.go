package ui

import (
	"cmp"
	"crypto/rand"
	"encoding/base32"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// secretPage shows a first password or a program's key, once.
type secretPage struct {
	adminPage
	Kind         *adminKind
	About        string
	Secret, Path string
	Once         string // word: that it is shown once
}

// tellSecret answers a POST with a page, not with a redirect: the secret is kept nowhere, so no other page can show it.
func (s *Server) tellSecret(v *visit, k *adminKind, done saved, about string) error {
	what := cmp.Or(done.what, k.Kind)
	p := secretPage{adminPage: s.adminPage(v, k.Kind, v.t("admin.secret."+what)), Kind: k, About: about, Secret: done.secret, Path: "/admin/" + k.Kind, Once: "admin.once." + what}
	if done.record.ID != "" {
		p.Path = settingPath(k.Kind, done.record.ID)
	}
	return s.render(v, fiber.StatusCreated, "admin-secret", p)
}

// firstPassword is easy to read out: four groups of four letters and digits, 80 random bits.
func firstPassword() string {
	var raw [10]byte
	rand.Read(raw[:])
	p := strings.ToLower(base32.StdEncoding.EncodeToString(raw[:]))
	return p[:4] + "-" + p[4:8] + "-" + p[8:12] + "-" + p[12:]
}

// saveStaff adds an account with a first password, or changes one.
func (s *Server) saveStaff(v *visit, id string, version int, d doc) (saved, error) {
	a := ticketing.Staff{ID: id, Name: d.text("name"), Role: ticketing.Role(d.text("role")), Agency: d.text("agency"), Off: d.on("off")}
	cat := s.Desk.Catalog.Current()
	if version > 0 {
		r, err := s.Accounts.SaveStaff(v.ctx(), v.actor(), cat, version, a)
		return saved{record: r}, err
	}
	password := firstPassword()
	if err := s.Accounts.AddStaff(v.ctx(), v.actor(), cat, a, password); err != nil {
		return saved{}, err
	}
	return saved{record: ticketing.Record{ID: strings.ToLower(a.ID)}, secret: password}, nil
}

func (s *Server) resetPassword(v *visit, id string) (saved, error) {
	password := firstPassword()
	return saved{record: ticketing.Record{ID: id}, secret: password}, s.Accounts.ResetPassword(v.ctx(), v.actor(), id, password)
}

func (s *Server) signStaffOut(v *visit, id string) (saved, error) {
	return saved{}, s.Accounts.EndSessions(v.ctx(), v.actor(), id)
}

// addToken makes a program's key, good until the end of the day of its expiry.
func (s *Server) addToken(v *visit, _ string, version int, d doc) (saved, error) {
	if version > 0 {
		return saved{}, notFound() // a key is never changed
	}
	scopes, _ := d["scopes"].([]string)
	t := ticketing.Token{Name: d.text("name"), Agency: d.text("agency"), Scopes: scopes}
	if day := d.text("expires"); day != "" {
		end, err := time.ParseInLocation(time.DateOnly, day, ticketing.Zone)
		if err != nil {
			return saved{}, &ticketing.Error{Class: ticketing.Invalid, Field: "expires", Key: "settings.form.date"}
		}
		t.Expires = end.AddDate(0, 0, 1).UTC()
	}
	key, err := s.Accounts.AddToken(v.ctx(), v.actor(), s.Desk.Catalog.Current(), t)
	return saved{secret: key}, err
}

func (s *Server) revokeToken(v *visit, id string) (saved, error) {
	return saved{}, s.Accounts.EndToken(v.ctx(), v.actor(), id)
}

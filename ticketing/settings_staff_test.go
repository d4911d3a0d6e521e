package ticketing_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"hotline1022/ticketing"
)

func TestChangedStaffLoseTheirSessions(t *testing.T) {
	o := newCityHall(t)
	const password = "một câu dài dễ nhớ"
	var told []string
	o.accounts.Changed = func(staff, _ string) { told = append(told, staff) }
	cat := o.Catalog.Current()
	o.must(o.accounts.AddStaff(o.ctx, administrator, cat, ticketing.Staff{ID: "uyen", Name: "Lê Phương Uyên", Role: ticketing.Officer, Agency: "so-xd"}, password))
	version := 1
	change := func(s ticketing.Staff) string {
		t.Helper()
		e, err := o.accounts.SignIn(o.ctx, "uyen", password, ticketing.Knock{})
		o.must(err)
		told = nil
		r, err := o.accounts.SaveStaff(o.ctx, administrator, cat, version, s)
		o.must(err)
		version = r.Version
		return e.Token
	}
	ended := func(what, token string, want bool) {
		t.Helper()
		_, _, err := o.accounts.Session(o.ctx, token)
		if got := errors.Is(err, ticketing.ErrNotFound); got != want {
			t.Errorf("%s: session ended %t, want %t", what, got, want)
		}
		if !slices.Contains(told, "uyen") {
			t.Errorf("%s: sockets were not told", what)
		}
	}
	s := ticketing.Staff{ID: "uyen", Name: "Lê Thị Phương Uyên", Role: ticketing.Officer, Agency: "so-xd"}
	ended("a new name", change(s), false)
	s.Agency = "dien-luc"
	ended("a new agency", change(s), true)
	s.Role = ticketing.Leader
	ended("a new role", change(s), true)
	s.Off = true
	token := change(s)
	ended("switched off", token, true)
	s.Off = false
	if _, err := o.accounts.SaveStaff(o.ctx, administrator, cat, version, s); err != nil {
		t.Fatal(err)
	}
	ended("switched on again", token, true)

	if _, err := o.accounts.SaveStaff(o.ctx, administrator, cat, 1, s); ticketing.ClassOf(err) != ticketing.Conflict {
		t.Errorf("a stale version: %v", err)
	}
	s.Agency = "zz"
	_, err := o.accounts.SaveStaff(o.ctx, administrator, cat, version+1, s)
	o.refuses("an unknown agency", err, ticketing.Invalid, "agency", "settings.no_agency")

	o.must(o.accounts.AddStaff(o.ctx, administrator, cat, ticketing.Staff{ID: "admin", Name: "Quản trị", Role: ticketing.Administrator}, password))
	_, err = o.accounts.SaveStaff(o.ctx, administrator, cat, 1, ticketing.Staff{ID: "admin", Name: "Quản trị", Role: ticketing.Administrator, Off: true})
	o.refuses("the last administrator", err, ticketing.Invalid, "off", "settings.last_administrator")

	o.must(o.accounts.ResetPassword(o.ctx, administrator, "uyen", "một câu khác, cũng dài"))
	history, err := o.SettingHistory(o.ctx, auditor, "staff", "uyen")
	o.must(err)
	var first, last ticketing.Staff
	o.must(json.Unmarshal(history[0].Doc, &first))
	o.must(json.Unmarshal(history[len(history)-1].Doc, &last))
	if first.Password != "#1" || last.Password != "#2" || !last.Change {
		t.Errorf("history of passwords: %q, then %q, to be changed %t", first.Password, last.Password, last.Change)
	}
	key, err := o.accounts.AddToken(o.ctx, administrator, cat, ticketing.Token{Name: "Cổng dịch vụ công", Scopes: []string{ticketing.ScopeRead}})
	o.must(err)
	if by, err := o.accounts.Program(o.ctx, key); err != nil || by.Name != "Cổng dịch vụ công" {
		t.Errorf("the key is %+v, %v", by, err)
	}
	tokens := o.records("token")
	if len(tokens) != 1 || strings.Contains(string(tokens[0].Doc), `"hash":"`) {
		t.Errorf("tokens as shown: %s", tokens[0].Doc)
	}
	o.must(o.accounts.EndToken(o.ctx, administrator, tokens[0].ID))
	if _, err := o.accounts.Program(o.ctx, key); !errors.Is(err, ticketing.ErrNotFound) {
		t.Errorf("a revoked key: %v", err)
	}
}

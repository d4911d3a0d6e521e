package province

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/paulmach/orb/planar"

	"hotline1022/ticketing"
	"hotline1022/ticketing/attachments"
	"hotline1022/ticketing/places"
	"hotline1022/ticketing/routing"
	"hotline1022/ticketing/store/sqlite"
)

var now = time.Date(2026, 8, 5, 9, 0, 0, 0, ticketing.Zone)

// newDesk is a desk on a real store with the province in it.
func newDesk(t testing.TB) (*ticketing.Desk, *ticketing.Accounts) {
	t.Helper()
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "hotline.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	files, err := attachments.Open(filepath.Join(dir, "files"))
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return now }
	vault, err := ticketing.NewVault(store, make([]byte, 32), clock)
	if err != nil {
		t.Fatal(err)
	}
	accounts := &ticketing.Accounts{Records: store, Now: clock}
	if err := Seed(t.Context(), store, accounts, now); err != nil {
		t.Fatal(err)
	}
	catalogs := &ticketing.Catalogs{Records: store}
	if err := catalogs.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &ticketing.Desk{Store: store, Vault: vault, Files: files, Catalog: catalogs, Now: clock, Log: slog.New(slog.DiscardHandler), BaseURL: "http://localhost"}, accounts
}

// The demo's texts are such as an administrator could save.
func TestTheTextsAreValid(t *testing.T) {
	desk, _ := newDesk(t)
	admin := ticketing.Actor{ID: "admin", Role: ticketing.Administrator}
	for _, kind := range []string{ticketing.KindCanned, ticketing.KindMacro, ticketing.KindArticle} {
		all, err := desk.Settings(t.Context(), admin, kind)
		if err != nil || len(all) < 2 {
			t.Fatalf("%s: %d, %v", kind, len(all), err)
		}
		for _, r := range all {
			if _, err := desk.SaveSetting(t.Context(), admin, kind, r.ID, r.Version, r.Doc); err != nil {
				t.Errorf("%s %s: %v", kind, r.ID, err)
			}
		}
	}
}

func TestSeedingAgainChangesNothing(t *testing.T) {
	desk, accounts := newDesk(t)
	before, err := desk.Store.Revisions(t.Context(), "area", "agency", "rule", "staff", "day", "boundary")
	if err != nil {
		t.Fatal(err)
	}
	if err := Seed(t.Context(), desk.Store, accounts, now.AddDate(0, 0, 1)); err != nil {
		t.Fatal(err)
	}
	after, err := desk.Store.Revisions(t.Context(), "area", "agency", "rule", "staff", "day", "boundary")
	if err != nil {
		t.Fatal(err)
	}
	for kind, rev := range before {
		if after[kind] != rev {
			t.Errorf("%s records were written again", kind)
		}
	}
}

func TestEveryRoleCanSignIn(t *testing.T) {
	desk, accounts := newDesk(t)
	cat := desk.Catalog.Current()
	roles := map[ticketing.Role]bool{}
	for _, s := range Staff() {
		if _, ok := cat.Agencies[s.Agency]; !ok && s.Agency != "" {
			t.Errorf("%s is of agency %q, which is not there", s.ID, s.Agency)
		}
		if !roles[s.Role] {
			if _, err := accounts.SignIn(t.Context(), s.ID, Password, ticketing.Knock{}); err != nil {
				t.Errorf("%s cannot sign in: %v", s.ID, err)
			}
		}
		roles[s.Role] = true
	}
	for _, r := range ticketing.StaffRoles {
		if !roles[r] {
			t.Errorf("nobody is %s", r)
		}
	}
}

// Every rule has an example in testdata, written as people write, that leads to it and to no other.
func TestEveryRuleIsReached(t *testing.T) {
	desk, _ := newDesk(t)
	cat := desk.Catalog.Current()
	raw, err := os.ReadFile("testdata/routes.json")
	if err != nil {
		t.Fatal(err)
	}
	var examples []struct{ Rule, Kind, Category, Area, Text string }
	if err := json.Unmarshal(raw, &examples); err != nil {
		t.Fatal(err)
	}
	reached := map[string]bool{}
	for _, x := range examples {
		m, ok := cat.Router.Match(routing.Question{Kind: x.Kind, Category: x.Category, Area: x.Area, Text: x.Text, On: now})
		if !ok || m.Rule.ID != x.Rule {
			t.Errorf("%q (%s) leads to %q, not %q", x.Text, x.Category, m.Rule.ID, x.Rule)
		}
		reached[x.Rule] = true
	}
	for _, r := range cat.Rules {
		if !reached[r.ID] {
			t.Errorf("no example leads to rule %s", r.ID)
		}
		for _, id := range r.Categories {
			if _, ok := cat.Categories[id]; !ok {
				t.Errorf("rule %s: category %q is not there", r.ID, id)
			}
		}
	}
	for id := range cat.Categories {
		if id != "khac" && !slices.ContainsFunc(cat.Rules, func(r routing.Rule) bool { return slices.Contains(r.Categories, id) }) {
			t.Errorf("no rule is for category %s", id)
		}
	}
	for _, l := range cat.Limits {
		if _, ok := cat.Categories[l.Category]; !ok && l.Category != "" {
			t.Errorf("limit %s: category %q is not there", l.ID, l.Category)
		}
	}
}

func TestEveryWardIsFoundFromItsMiddle(t *testing.T) {
	desk, _ := newDesk(t)
	atlas := desk.Catalog.Current().Atlas
	bounded := map[string]bool{}
	rs, err := desk.Store.All(t.Context(), ticketing.KindBoundary, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rs {
		var b places.Boundary
		if err := json.Unmarshal(r.Doc, &b); err != nil {
			t.Fatal(err)
		}
		bounded[b.Code] = true
		middle, _ := planar.CentroidArea(b.Geometry)
		if u, ok := atlas.Locate(middle.Lat(), middle.Lon()); !ok || u.Code != b.Code {
			t.Errorf("the middle of %s is found in %q", b.Code, u.Code)
		}
	}
	wards, former := 0, 0
	for _, u := range atlas.Units(now) {
		if u.Parent == "QH" {
			wards++
			if !bounded[u.Code] {
				t.Errorf("%s has no boundary", u.FullName)
			}
		}
	}
	for _, u := range atlas.Units(now.AddDate(-3, 0, 0)) {
		if u.To != "" {
			former++
			if len(atlas.Present(u.Code, now)) == 0 {
				t.Errorf("nothing is left of %s", u.FullName)
			}
		}
	}
	if wards != 20 || former < 12 {
		t.Errorf("%d wards and %d former units", wards, former)
	}
}

func TestTheOfficeWorksThroughHolidaysAsItShould(t *testing.T) {
	desk, _ := newDesk(t)
	cal := desk.Catalog.Current().Calendar
	for at, open := range map[string]bool{
		"2026-08-05T09:00": true, "2026-08-05T12:00": false, "2026-08-08T09:00": false, "2026-08-22T09:00": true, // made up for
		"2026-08-31T09:00": false, "2024-04-18T09:00": false, "2025-09-01T09:00": false,
	} {
		when, err := time.ParseInLocation("2006-01-02T15:04", at, ticketing.Zone)
		if err != nil {
			t.Fatal(err)
		}
		if cal.Open("", when) != open {
			t.Errorf("%s: open is %v", at, !open)
		}
	}
	if sunday := time.Date(2026, 8, 9, 3, 0, 0, 0, ticketing.Zone); !cal.Open("dien-luc", sunday) {
		t.Error("the power company sleeps")
	}
}

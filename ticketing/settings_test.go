package ticketing_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/sqlite"
)

var (
	administrator = ticketing.Actor{ID: "admin", Role: ticketing.Administrator}
)

// cityHall is a desk over a real store with the settings of a small province, all made through SaveSetting.
type cityHall struct {
	*testing.T
	*ticketing.Desk
	accounts *ticketing.Accounts
	ctx      context.Context
}

func newCityHall(t *testing.T) *cityHall {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "hotline.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	clock := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	now := func() time.Time { // every change has a moment of its own
		mu.Lock()
		defer mu.Unlock()
		clock = clock.Add(time.Second)
		return clock
	}
	catalogs := &ticketing.Catalogs{Records: store}
	o := &cityHall{T: t, ctx: context.Background(), Desk: &ticketing.Desk{Store: store, Catalog: catalogs, Now: now}}
	o.accounts = &ticketing.Accounts{Records: store, Now: now}
	o.must(catalogs.Refresh(o.ctx))
	for _, s := range [][3]string{
		{"agency", "so-xd", `{"id":"so-xd","name":"Sở Xây dựng"}`},
		{"agency", "dien-luc", `{"id":"dien-luc","name":"Điện lực","parent":"so-xd"}`},
		{"category", "chieu-sang", `{"id":"chieu-sang","name":"Chiếu sáng"}`},
		{"area", "48", `{"code":"48","name":"Đà Nẵng","type":"thanh_pho"}`},
		{"area", "4801", `{"code":"4801","name":"Hải Châu","type":"phuong","parent":"48"}`},
		{"rule", "den", `{"id":"den","name":"Đèn đường","categories":["chieu-sang"],"areas":["4801"],"agency":"dien-luc"}`},
		{"consent", "2026-01", `{"id":"2026-01","text":"Tôi đồng ý.","en":"I agree."}`},
	} {
		o.save(s[0], s[1], 0, s[2])
	}
	return o
}

func (o *cityHall) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

func (o *cityHall) save(kind, id string, version int, doc string) ticketing.Record {
	o.Helper()
	r, err := o.SaveSetting(o.ctx, administrator, kind, id, version, []byte(doc))
	o.must(err)
	return r
}

func (o *cityHall) records(kind string) []ticketing.Record {
	o.Helper()
	rs, err := o.Settings(o.ctx, administrator, kind)
	o.must(err)
	return rs
}

// refuses checks the class and the field, and that nothing was stored.
func (o *cityHall) refuses(name string, err error, class ticketing.Class, field, key string) {
	o.Helper()
	var e *ticketing.Error
	if !errors.As(err, &e) || e.Class != class || e.Field != field || e.Key != key {
		o.Errorf("%s: %#v, want class %d, field %q, %s", name, err, class, field, key)
	}
}

func TestASettingThatIsWrongIsRefused(t *testing.T) {
	o := newCityHall(t)
	for _, c := range []struct{ name, kind, id, doc, field, key string }{
		{"unknown field", "agency", "a", `{"id":"a","name":"A","colour":"red"}`, "colour", "settings.refused"},
		{"wrong shape", "agency", "a", `{"id":"a","name":7}`, "name", "settings.refused"},
		{"something follows", "agency", "a", `{"id":"a","name":"A"} {}`, "", "settings.refused"},
		{"no document", "agency", "a", `null`, "id", "settings.id_other"},
		{"an ID with a space", "agency", "a b", `{"id":"a b","name":"A"}`, "id", "settings.id"},
		{"an ID with marks", "agency", "sở", `{"id":"sở","name":"A"}`, "id", "settings.id"},
		{"an ID that is an address", "agency", "new", `{"id":"new","name":"A"}`, "id", "settings.id"},
		{"another ID inside", "agency", "a", `{"id":"b","name":"A"}`, "id", "settings.id_other"},
		{"no name", "agency", "a", `{"id":"a","name":" "}`, "name", "settings.name"},
		{"no such parent", "agency", "a", `{"id":"a","name":"A","parent":"zz"}`, "parent", "settings.no_agency"},
		{"its own parent", "agency", "a", `{"id":"a","name":"A","parent":"a"}`, "parent", "settings.own_parent"},
		{"a date that is none", "agency", "a", `{"id":"a","name":"A","from":"2026-02-30"}`, "from", "settings.form.date"},
		{"ends before it begins", "agency", "a", `{"id":"a","name":"A","from":"2026-02-03","to":"2026-02-03"}`, "to", "settings.dates"},
		{"a category without a name", "category", "a", `{"id":"a"}`, "name", "settings.name"},
		{"a rule naming a missing agency", "rule", "a", `{"id":"a","name":"A","agency":"zz"}`, "agency", "settings.no_agency"},
		{"a rule naming a missing category", "rule", "a", `{"id":"a","name":"A","agency":"so-xd","categories":["zz"]}`, "categories", "error.category"},
		{"a rule naming a missing area", "rule", "a", `{"id":"a","name":"A","agency":"so-xd","areas":["99"]}`, "areas", "error.area"},
		{"a rule with an unknown kind", "rule", "a", `{"id":"a","name":"A","agency":"so-xd","kinds":["zz"]}`, "kinds", "error.kind"},
		{"a rule with a phrase of no words", "rule", "a", `{"id":"a","name":"A","agency":"so-xd","words":["!!"]}`, "words", "settings.word_empty"},
		{"a rule with an unknown priority", "rule", "a", `{"id":"a","name":"A","agency":"so-xd","priority":"zz"}`, "priority", "error.priority"},
		{"a limit that does not parse", "limit", "a", `{"id":"a","step":"answer","limit":"5x"}`, "limit", "settings.form.limit"},
		{"a limit of nothing", "limit", "a", `{"id":"a","step":"answer","limit":"0m"}`, "limit", "settings.form.limit"},
		{"a limit for no step", "limit", "a", `{"id":"a","limit":"5d"}`, "step", "settings.step"},
		{"a limit for a missing category", "limit", "a", `{"id":"a","step":"answer","limit":"5d","category":"zz"}`, "category", "error.category"},
		{"hours that are none", "hours", "a", `{"id":"a","week":[[],["7-11"],[],[],[],[],[]]}`, "week", "settings.form.week"},
		{"hours that overlap", "hours", "a", `{"id":"a","week":[[],["07:00-11:30","11:00-17:00"],[],[],[],[],[]]}`, "week.1", "settings.overlap"},
		{"hours that never open", "hours", "a", `{"id":"a","agency":"so-xd","week":[[],[],[],[],[],[],[]]}`, "week", "settings.never_open"},
		{"hours of a missing agency", "hours", "a", `{"id":"a","agency":"zz","week":[[],["07:00-11:30"],[],[],[],[],[]]}`, "agency", "settings.no_agency"},
		{"a second set of the same hours", "hours", "a", `{"id":"a","week":[[],["07:00-11:30"],[],[],[],[],[]]}`, "", "settings.refused"},
		{"the office closes for good", "hours", "office", `{"id":"office","to":"2027-01-01","week":[[],["07:00-11:30"],[],[],[],[],[]]}`, "", "settings.refused"},
		{"a day without a name", "day", "2027-06-01", `{"date":"2027-06-01","name":""}`, "name", "settings.name"},
		{"a day without a date", "day", "2027-06-01", `{"name":"Nghỉ"}`, "date", "settings.form.date"},
		{"a day on no date", "day", "2027-06-31", `{"date":"2027-06-31","name":"Nghỉ"}`, "date", "settings.form.date"},
		{"a day under another's ID", "day", "2027-06-01", `{"date":"2027-06-02","name":"Nghỉ"}`, "date", "settings.day_moves"},
		{"a day with an unknown status", "day", "2027-06-01", `{"date":"2027-06-01","name":"Nghỉ","status":"maybe"}`, "status", "settings.status"},
		{"a unit with an unknown successor", "area", "4801", `{"code":"4801","name":"Hải Châu","type":"phuong","parent":"48","to":"2026-01-01","successors":["99"]}`, "successors", "error.area"},
		{"a unit with successors but no end", "area", "4801", `{"code":"4801","name":"Hải Châu","type":"phuong","parent":"48","successors":["48"]}`, "to", "settings.successors"},
		{"a unit of an unknown type", "area", "4801", `{"code":"4801","name":"Hải Châu","type":"zz","parent":"48"}`, "", "settings.refused"},
		{"units in a circle", "area", "48", `{"code":"48","name":"Đà Nẵng","type":"thanh_pho","parent":"4801"}`, "", "settings.refused"},
		{"half a consent", "consent", "2026-02", `{"id":"2026-02","text":"Tôi đồng ý.","en":""}`, "en", "error.text_empty"},
		{"a consent that citizens agreed to", "consent", "2026-01", `{"id":"2026-01","text":"Tôi đồng ý hết.","en":"I agree."}`, "text", "settings.consent_fixed"},
	} {
		version := 0
		if h, err := o.SettingHistory(o.ctx, administrator, c.kind, c.id); err == nil {
			version = h[len(h)-1].Version
		}
		_, err := o.SaveSetting(o.ctx, administrator, c.kind, c.id, version, []byte(c.doc))
		o.refuses(c.name, err, ticketing.Invalid, c.field, c.key)
		h, err := o.SettingHistory(o.ctx, administrator, c.kind, c.id)
		if err == nil && h[len(h)-1].Version != version {
			t.Errorf("%s: refused and stored all the same", c.name)
		}
	}
	_, err := o.SaveSetting(o.ctx, administrator, "rule", "x", 0, []byte(`{"id":"x","name":"X","agency":"zz"}`))
	var e *ticketing.Error
	if errors.As(err, &e); !strings.Contains(e.Text("vi"), "Không có đơn vị “zz”") {
		t.Errorf("the reason reads %q", e.Text("vi"))
	}
	_, err = o.SaveSetting(o.ctx, administrator, "area", "48", 1, []byte(`{"code":"48","name":"Đà Nẵng","type":"thanh_pho","parent":"4801"}`))
	if errors.As(err, &e); !strings.HasPrefix(e.Text("vi"), "Không lưu được: ") || !strings.Contains(e.Text("vi"), "ancestor") {
		t.Errorf("a package's reason reads %q", e.Text("vi"))
	}
}

func TestOnlyAdministratorsChangeSettings(t *testing.T) {
	o := newCityHall(t)
	for _, role := range ticketing.StaffRoles {
		by := ticketing.Actor{ID: "x", Role: role, Agency: "so-xd"}
		_, readErr := o.Settings(o.ctx, by, "agency")
		if reads := role == ticketing.Administrator || role == ticketing.Supervisor || role == ticketing.Auditor; reads != (readErr == nil) {
			t.Errorf("%s reads: %v", role, readErr)
		}
		if role == ticketing.Administrator {
			continue
		}
		_, err := o.SaveSetting(o.ctx, by, "agency", "a", 0, []byte(`{"id":"a","name":"A"}`))
		o.refuses(string(role)+" saves", err, ticketing.Forbidden, "", "settings.may_write")
		o.refuses(string(role)+" deletes", o.DeleteSetting(o.ctx, by, "category", "chieu-sang", 1), ticketing.Forbidden, "", "settings.may_write")
		o.refuses(string(role)+" adds staff", o.accounts.AddStaff(o.ctx, by, o.Catalog.Current(), ticketing.Staff{}, ""), ticketing.Forbidden, "", "settings.may_write")
	}
	for _, kind := range []string{"staff", "token", "boundary", "session", "citizen", "zz"} {
		_, err := o.SaveSetting(o.ctx, administrator, kind, "a", 0, []byte(`{}`))
		o.refuses("saving "+kind, err, ticketing.NotFound, "", "error.not_found")
	}
	for _, kind := range []string{"session", "citizen", "zz"} {
		_, err := o.Settings(o.ctx, administrator, kind)
		o.refuses("reading "+kind, err, ticketing.NotFound, "", "error.not_found")
	}
}

func TestASavedSettingCountsAtOnce(t *testing.T) {
	o := newCityHall(t)
	r := o.save("agency", "so-xd", 1, `{"id":"so-xd","name":"Sở Xây dựng và Giao thông"}`)
	if r.Version != 2 || r.By != "admin" {
		t.Errorf("stored as %+v", r)
	}
	if got := o.Catalog.Current().Agencies["so-xd"].Name; got != "Sở Xây dựng và Giao thông" {
		t.Errorf("the catalog says %q", got)
	}
	if again := o.save("agency", "so-xd", 2, `{"name":"Sở Xây dựng và Giao thông","id":"so-xd"}`); again.Version != 2 {
		t.Error("saving what is there made a version")
	}
	history, err := o.SettingHistory(o.ctx, auditor, "agency", "so-xd")
	o.must(err)
	if len(history) != 2 {
		t.Fatalf("history: %d versions", len(history))
	}
	o.save("agency", "so-xd", 2, string(history[0].Doc)) // undo
	if got := o.Catalog.Current().Agencies["so-xd"].Name; got != "Sở Xây dựng" {
		t.Errorf("after restoring the catalog says %q", got)
	}
}

func TestOfTwoAdministratorsOneIsTold(t *testing.T) {
	o := newCityHall(t)
	o.save("category", "chieu-sang", 1, `{"id":"chieu-sang","name":"Đèn"}`)
	present, err := o.SaveSetting(o.ctx, administrator, "category", "chieu-sang", 1, []byte(`{"id":"chieu-sang","name":"Đèn đường"}`))
	o.refuses("the second", err, ticketing.Conflict, "", "settings.conflict")
	if present.Version != 2 || !strings.Contains(string(present.Doc), `"Đèn"`) {
		t.Errorf("she is shown %+v", present)
	}
	_, err = o.SaveSetting(o.ctx, administrator, "category", "chieu-sang", 0, []byte(`{"id":"chieu-sang","name":"Đèn"}`))
	o.refuses("adding what is there", err, ticketing.Conflict, "id", "settings.id_taken")
	o.refuses("deleting what has changed", o.DeleteSetting(o.ctx, administrator, "category", "chieu-sang", 1), ticketing.Conflict, "", "settings.conflict")

	var wins [6]bool
	var wait sync.WaitGroup
	for i := range wins {
		wait.Go(func() {
			_, err := o.SaveSetting(o.ctx, administrator, "category", "chieu-sang", 2, []byte(`{"id":"chieu-sang","name":"`+strings.Repeat("Đ", i+1)+`"}`))
			wins[i] = err == nil
			if err != nil && ticketing.ClassOf(err) != ticketing.Conflict {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if i := slices.Index(wins[:], true); i < 0 || slices.Contains(wins[i+1:], true) {
		t.Errorf("of six at once these won: %v", wins)
	}
}

// Two changes that are each good alone: one deletes an agency, the other adds a rule that names it. Whatever the
// order, the stored settings must fit together, or no process could start with them.
func TestChangesThatMeetNeverBreakTheCatalog(t *testing.T) {
	o := newCityHall(t)
	for i := range 20 {
		id := "gap-" + string(rune('a'+i))
		o.save("agency", id, 0, `{"id":"`+id+`","name":"Gặp"}`)
		var wait sync.WaitGroup
		wait.Go(func() { _ = o.DeleteSetting(o.ctx, administrator, "agency", id, 1) })
		wait.Go(func() {
			_, _ = o.SaveSetting(o.ctx, administrator, "rule", id, 0, []byte(`{"id":"`+id+`","name":"Gặp","agency":"`+id+`"}`))
		})
		wait.Wait()
		if _, err := ticketing.NewCatalog(o.ctx, o.Store); err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
	}
}

func TestWhatIsUsedCannotBeDeleted(t *testing.T) {
	o := newCityHall(t)
	o.refuses("an agency of a rule", o.DeleteSetting(o.ctx, administrator, "agency", "dien-luc", 1), ticketing.Invalid, "", "settings.still_named")
	o.refuses("an agency with agencies below", o.DeleteSetting(o.ctx, administrator, "agency", "so-xd", 1), ticketing.Invalid, "", "settings.still_named")
	o.refuses("a category of a rule", o.DeleteSetting(o.ctx, administrator, "category", "chieu-sang", 1), ticketing.Invalid, "", "settings.still_named")
	o.refuses("a unit of a rule", o.DeleteSetting(o.ctx, administrator, "area", "4801", 1), ticketing.Invalid, "", "settings.still_named")
	o.refuses("a consent", o.DeleteSetting(o.ctx, administrator, "consent", "2026-01", 1), ticketing.Invalid, "", "settings.consent_kept")
	o.refuses("the only hours", o.DeleteSetting(o.ctx, administrator, "hours", "office", 0), ticketing.Invalid, "", "settings.last_one")
	o.refuses("what is not there", o.DeleteSetting(o.ctx, administrator, "agency", "zz", 0), ticketing.NotFound, "", "error.not_found")

	o.must(o.DeleteSetting(o.ctx, administrator, "rule", "den", 1))
	o.save("agency", "dien-luc", 1, `{"id":"dien-luc","name":"Điện lực","parent":"so-xd","off":true}`)
	o.must(o.accounts.AddStaff(o.ctx, administrator, o.Catalog.Current(), ticketing.Staff{ID: "uyen", Name: "Lê Phương Uyên", Role: ticketing.Officer, Agency: "dien-luc"}, "một câu dài dễ nhớ"))
	o.refuses("an agency with staff", o.DeleteSetting(o.ctx, administrator, "agency", "dien-luc", 2), ticketing.Invalid, "", "settings.still_named")
	_, err := o.accounts.SaveStaff(o.ctx, administrator, o.Catalog.Current(), 1, ticketing.Staff{ID: "uyen", Name: "Lê Phương Uyên", Role: ticketing.Operator})
	o.must(err)

	e := ticketing.Event{Ticket: "ZZZZZZZZZZZZ", N: 1, Kind: ticketing.Received, At: time.Now(), Category: "chieu-sang", MatterKind: ticketing.Report, Channel: ticketing.Web, Text: "Đèn hỏng"}
	after, err := ticketing.Ticket{}.Apply(e)
	o.must(err)
	after.Agency = "dien-luc"
	_, err = o.Store.Append(o.ctx, e, after)
	o.must(err)
	if n, err := o.Store.Count(o.ctx, ticketing.Filter{Scope: ticketing.Scope{All: true}, Agency: []string{"dien-luc"}}); err != nil || n != 1 {
		t.Fatalf("the agency has %d tickets, %v", n, err)
	}
	o.refuses("an agency with a ticket", o.DeleteSetting(o.ctx, administrator, "agency", "dien-luc", 2), ticketing.Invalid, "", "settings.has_tickets")
	o.refuses("a category with a ticket", o.DeleteSetting(o.ctx, administrator, "category", "chieu-sang", 1), ticketing.Invalid, "", "settings.has_tickets")

	o.save("agency", "tam", 0, `{"id":"tam","name":"Tạm"}`)
	o.must(o.DeleteSetting(o.ctx, administrator, "agency", "tam", 1))
	if _, ok := o.Catalog.Current().Agencies["tam"]; ok {
		t.Error("a deleted agency is still in the catalog")
	}
	if r := o.save("agency", "tam", 0, `{"id":"tam","name":"Tạm"}`); r.Version != 3 {
		t.Errorf("made again it is version %d", r.Version)
	}
}

func TestTheFirstDayOfOnesOwnKeepsTheShippedOnes(t *testing.T) {
	o := newCityHall(t)
	before := o.records("day")
	if len(before) < 30 || before[0].Version != 0 {
		t.Fatalf("%d days, the first %+v", len(before), before[0])
	}
	o.save("day", "2027-06-01", 0, `{"date":"2027-06-01","name":"Ngày hội"}`)
	if after := o.records("day"); len(after) != len(before)+1 {
		t.Errorf("%d days, before %d", len(after), len(before))
	}
	if _, err := o.SaveSetting(o.ctx, administrator, "day", "2027-06-01", 1, []byte(`{"date":"2027-06-02","name":"Ngày hội"}`)); ticketing.ClassOf(err) != ticketing.Invalid {
		t.Errorf("a day moved: %v", err)
	}
	o.must(o.DeleteSetting(o.ctx, administrator, "day", "2027-06-01", 1))

	o.save("hours", "dien-luc", 0, `{"id":"dien-luc","agency":"dien-luc","week":[["00:00-24:00"],["00:00-24:00"],[],[],[],[],[]]}`)
	if rs := o.records("hours"); len(rs) != 2 || rs[1].Version != 1 {
		t.Errorf("hours: %+v", rs)
	}
	o.save("hours", "office", 1, `{"id":"office","week":[[],["08:00-12:00"],["08:00-12:00"],["08:00-12:00"],["08:00-12:00"],["08:00-12:00"],[]]}`)
}

func TestTheBookTellsWhoDidWhat(t *testing.T) {
	o := newCityHall(t)
	o.must(o.DeleteSetting(o.ctx, administrator, "rule", "den", 1))
	o.must(o.accounts.Add(o.ctx, ticketing.Staff{ID: "toan", Name: "Trần Quốc Toản", Role: ticketing.Supervisor}, "", "hotline user"))
	book, err := o.SettingChanges(o.ctx, auditor)
	o.must(err)
	if c := book[0]; c.Kind != "staff" || c.Did != "imported" || c.By != "hotline user" || c.Name != "Trần Quốc Toản" {
		t.Errorf("what came by the command line: %+v", c)
	}
	if c := book[1]; c.Kind != "rule" || c.Did != "deleted" || c.By != "admin" || c.Name != "Đèn đường" {
		t.Errorf("what was deleted: %+v", c)
	}
	if c := book[len(book)-1]; c.Kind != "agency" || c.Did != "added" || c.ID != "so-xd" {
		t.Errorf("the first: %+v", c)
	}
	if _, err := o.SettingChanges(o.ctx, operator); ticketing.ClassOf(err) != ticketing.Forbidden {
		t.Errorf("an operator reads the book: %v", err)
	}
}

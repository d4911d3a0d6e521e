package ticketing_test

import (
	"slices"
	"testing"

	"hotline1022/ticketing"
)

func (o *office) employs(all ...ticketing.Actor) {
	o.t.Helper()
	for _, a := range all {
		if err := o.accounts.Add(o.t.Context(), ticketing.Staff{ID: a.ID, Name: "Trần Thị " + a.ID, Role: a.Role, Agency: a.Agency}, "", "test"); err != nil {
			o.t.Fatal(err)
		}
	}
}

func TestNamesInANote(t *testing.T) {
	for text, want := range map[string][]string{
		"@hung xem giúp, (@dien.son) nhé @hung": {"hung", "dien.son"},
		"gửi a@hung.vn":                         nil,
		"@HUNG. Cảm ơn":                         {"hung"},
		"nhờ\n@mod, @soat;@lan":                 {"mod", "soat", "lan"},
		"@ @! @x @hưng":                         nil,
	} {
		if got := ticketing.Mentioned(text); !slices.Equal(got, want) {
			t.Errorf("%q names %v, want %v", text, got, want)
		}
	}
}

func TestWhoIsNamedIsCalledUntilSheHasLooked(t *testing.T) {
	o := open(t)
	o.employs(operator, supervisor, officer, leader, stranger, moderator, auditor)
	a := o.receive(ticketing.Incoming{Category: "chieu_sang"})
	a = o.do(operator, a, ticketing.Command{Verb: ticketing.Route, Agency: "dien"})
	in := func(by ticketing.Actor) int {
		t.Helper()
		all, err := o.MentionedIn(t.Context(), by)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	a = o.do(operator, a, ticketing.Command{Verb: ticketing.Note, Text: "@hung @nobody.here @lan xem giúp; a@soat.vn"})
	if in(supervisor) != 1 || in(operator) != 0 || in(auditor) != 0 {
		t.Errorf("called: supervisor %d, the writer %d, an address %d", in(supervisor), in(operator), in(auditor))
	}
	o.do(operator, a, ticketing.Command{Verb: ticketing.Note, Text: "@hung còn việc này"})
	if in(supervisor) != 1 {
		t.Error("one ticket is listed twice")
	}
	// Only who may read the note: an agency does not read the hotline's, nor one agency another's.
	o.refused(operator, a, ticketing.Command{Verb: ticketing.Note, Text: "@dien.tam xem"}, ticketing.Invalid, "mention.may_not")
	o.refused(officer, a, ticketing.Command{Verb: ticketing.Note, Text: "@nuoc.ha xem"}, ticketing.Invalid, "mention.may_not")
	if in(officer)+in(stranger) != 0 {
		t.Error("a refused note calls somebody")
	}
	o.do(officer, a, ticketing.Command{Verb: ticketing.Note, Text: "chị @dien.son duyệt giúp"})
	if in(leader) != 1 {
		t.Error("a leader is not called")
	}
	named, err := o.Nameable(t.Context(), officer, a.Code)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, s := range named {
		ids = append(ids, s.ID)
		if s.Password != "" {
			t.Error("a password leaves the house")
		}
	}
	if want := []string{"dien.son", "hung", "lan", "mod", "soat"}; !slices.Equal(ids, want) {
		t.Errorf("an officer may name %v, want %v", ids, want)
	}
	if _, err := o.Nameable(t.Context(), stranger, a.Code); ticketing.ClassOf(err) != ticketing.NotFound {
		t.Errorf("a stranger asks for names: %v", err)
	}
	if err := o.MentionSeen(t.Context(), supervisor, a.Code); err != nil || in(supervisor) != 0 || in(leader) != 1 {
		t.Errorf("seen: %v; %d and %d are left", err, in(supervisor), in(leader))
	}
	if err := o.accounts.Change(t.Context(), "hung", "test", func(s *ticketing.Staff) error { s.Off = true; return nil }); err != nil {
		t.Fatal(err)
	}
	o.refused(operator, a, ticketing.Command{Verb: ticketing.Note, Text: "@hung ơi"}, ticketing.Invalid, "mention.may_not")
	// Taken back, the ticket is no longer the leader's to know of.
	a = o.do(officer, a, ticketing.Command{Verb: ticketing.Return, Reason: "nhầm"})
	if in(leader) != 0 {
		t.Error("a ticket that is not hers is listed")
	}
}

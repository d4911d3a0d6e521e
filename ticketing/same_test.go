package ticketing_test

import (
	"fmt"
	"sync"
	"testing"

	"hotline1022/ticketing"
)

func TestCitizensOfTwoDoorsAreJoinedAndParted(t *testing.T) {
	o := open(t)
	receive := func(in ticketing.Incoming) ticketing.Ticket {
		t.Helper()
		r, err := o.Desk.Receive(t.Context(), citizen, in)
		if err != nil {
			t.Fatal(err)
		}
		return r.Ticket
	}
	zalo := receive(ticketing.Incoming{Key: "z1", Channel: ticketing.Zalo, From: ticketing.Contact{Channel: ticketing.Zalo, ID: "77"}, Phone: "0905123182", Text: "Đèn đường tắt ở ngõ tôi"})
	called := receive(ticketing.Incoming{Key: "p1", Channel: ticketing.Phone, Phone: "0905 123 182", Name: "Lê Lan", Email: "lan@example.vn", Text: "Đèn đường tắt"})
	other := receive(ticketing.Incoming{Key: "p2", Channel: ticketing.Phone, Phone: "0912000111", Name: "Trần Bình", Text: "Rác"})
	if zalo.Citizen == called.Citizen {
		t.Fatal("one already: nothing to join")
	}
	who, err := o.Desk.Portrait(t.Context(), operator, zalo, 10)
	if err != nil || len(who.Alike) != 1 || who.Alike[0].Code != called.Code || who.Linked {
		t.Fatalf("%+v, %v", who, err)
	}
	if got, err := o.Desk.Portrait(t.Context(), auditor, zalo, 10); err != nil || got.Alike != nil {
		t.Errorf("whoever may not join people is told who may be one: %+v, %v", got, err)
	}
	others := func(of ticketing.Ticket) int {
		t.Helper()
		who, err := o.Desk.Portrait(t.Context(), operator, of, 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(who.Others)
	}
	for _, by := range []ticketing.Actor{officer, auditor, moderator} {
		if err := o.Desk.SamePerson(t.Context(), by, zalo.Code, called.Number(), ""); err == nil {
			t.Errorf("%s joined citizens", by.Role)
		}
	}
	if err := o.Desk.SamePerson(t.Context(), operator, zalo.Code, "26-999999", ""); ticketing.ClassOf(err) != ticketing.Invalid {
		t.Errorf("a ticket that is not there: %v", err)
	}
	for range 2 { // the repeat changes nothing
		if err := o.Desk.SamePerson(t.Context(), operator, zalo.Code, called.Number(), "cùng số"); err != nil {
			t.Fatal(err)
		}
	}
	if n := others(zalo) + 10*others(called) + 100*others(other); n != 11 {
		t.Errorf("others: %03d", n)
	}
	events, err := o.Desk.Timeline(t.Context(), operator, zalo)
	if err != nil || len(events) != 2 || events[1].Kind != ticketing.Noted || events[1].By.ID != operator.ID {
		t.Errorf("the note: %+v, %v", events, err)
	}
	if who, err = o.Desk.Portrait(t.Context(), operator, zalo, 10); err != nil || len(who.Alike) != 0 || !who.Linked {
		t.Errorf("still alike: %+v, %v", who, err)
	}
	p, err := o.Desk.Vault.Whole(t.Context(), zalo.Citizen)
	if err != nil || p.Email != "lan@example.vn" || p.At[ticketing.Zalo] != "77" {
		t.Errorf("the whole person: %+v, %v", p, err)
	}
	// A third door joins both, and one of them leaves again.
	if err := o.Desk.SamePerson(t.Context(), supervisor, other.Code, string(zalo.Code), ""); err != nil {
		t.Fatal(err)
	}
	if n := others(zalo) + 10*others(called) + 100*others(other); n != 222 {
		t.Errorf("three doors: %03d", n)
	}
	if err := o.Desk.SamePerson(t.Context(), supervisor, other.Code, "", "nhầm"); err != nil {
		t.Fatal(err)
	}
	if n := others(zalo) + 10*others(called) + 100*others(other); n != 11 {
		t.Errorf("after parting: %03d", n)
	}
}

// Many join the same people at once: whoever ends last sees them all together.
func TestJoiningAtOnceLosesNobody(t *testing.T) {
	o := open(t)
	for round := range 20 {
		ids := make([]ticketing.CitizenID, 6)
		for i := range ids {
			ids[i] = ticketing.CitizenID(fmt.Sprint(round, "-", i))
		}
		joinAll(t, o.Desk.Vault, ids)
	}
}

func joinAll(t *testing.T, v *ticketing.Vault, ids []ticketing.CitizenID) {
	t.Helper()
	var group sync.WaitGroup
	for i := range ids[1:] {
		group.Go(func() {
			if err := v.Unite(t.Context(), ids[i], ids[i+1], "lan"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, id := range ids {
		if all, err := v.Same(t.Context(), id); err != nil || len(all) != len(ids) {
			t.Errorf("%s is one with %v (%v)", id, all, err)
		}
	}
}

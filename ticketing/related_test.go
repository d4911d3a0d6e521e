package ticketing_test

import (
	"slices"
	"testing"

	"hotline1022/ticketing"
)

func TestTwoTicketsAreLinkedForTheHotlineOnly(t *testing.T) {
	o := open(t)
	one, two := o.receive(ticketing.Incoming{Category: "chieu_sang"}), o.receive(ticketing.Incoming{Text: "Dây điện đứt"})
	o.refused(operator, one, ticketing.Command{Verb: ticketing.Link, Into: one.Code}, ticketing.Invalid, "error.link")
	o.refused(operator, one, ticketing.Command{Verb: ticketing.Link, Into: "26-999999"}, ticketing.Invalid, "error.link")
	one = o.do(operator, one, ticketing.Command{Verb: ticketing.Link, Into: ticketing.Code(two.Number())})
	two = o.stands(two.Code)
	if !slices.Equal(one.Related, []ticketing.Code{two.Code}) || !slices.Equal(two.Related, []ticketing.Code{one.Code}) {
		t.Fatalf("%v and %v", one.Related, two.Related)
	}
	o.refused(operator, two, ticketing.Command{Verb: ticketing.Link, Into: one.Code}, ticketing.Invalid, "error.link")
	o.carry() // the follower says it again, and nothing more happens
	if now := o.stands(two.Code); now.Version != two.Version {
		t.Errorf("told again: %+v", now)
	}
	one = o.do(operator, one, ticketing.Command{Verb: ticketing.Route, Agency: "dien"})
	if got, err := o.RelatedTo(t.Context(), officer, one); err != nil || got != nil {
		t.Errorf("the agency learns of %v, %v", got, err)
	}
	events, err := o.Timeline(t.Context(), officer, one)
	if err != nil || slices.ContainsFunc(events, func(e ticketing.Event) bool { return e.Kind == ticketing.Linked }) {
		t.Errorf("the agency sees the link: %v", err)
	}
	o.refused(officer, one, ticketing.Command{Verb: ticketing.Unlink, Into: two.Code}, ticketing.Forbidden, "error.role")
	two = o.do(operator, two, ticketing.Command{Verb: ticketing.Unlink, Into: one.Code})
	if one = o.stands(one.Code); len(one.Related)+len(two.Related) != 0 {
		t.Errorf("%v and %v", one.Related, two.Related)
	}
}

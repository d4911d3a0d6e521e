package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"hotline1022/ticketing"
)

func (s *suite) record(kind, id string, version int, doc string) ticketing.Record {
	return ticketing.Record{Kind: kind, ID: id, Version: version, By: "lan",
		At: time.Date(2026, 1, 5, 2, 0, version, 0, time.UTC), Doc: json.RawMessage(doc)}
}

func twoEditors(s *suite) {
	s.must(s.store.Put(s.ctx, s.record("agency", "dien-luc", 1, `{"name":"Điện lực"}`)))
	mine, theirs := s.record("agency", "dien-luc", 2, `{"name":"Công ty Điện lực"}`), s.record("agency", "dien-luc", 2, `{"name":"EVN"}`)
	s.must(s.store.Put(s.ctx, mine))
	s.mustBe(s.store.Put(s.ctx, theirs), ticketing.ErrConflict)
	got, err := s.store.Get(s.ctx, "agency", "dien-luc")
	s.must(err)
	s.equal("the record", got, mine)
	s.mustBe(s.store.Put(s.ctx, s.record("agency", "dien-luc", 4, `{}`)), ticketing.ErrConflict)
	s.mustBe(s.store.Put(s.ctx, s.record("agency", "moi", 2, `{}`)), ticketing.ErrConflict)

	s.mustBe(s.store.Put(s.ctx, s.record("agency", "cap-nuoc", 1, `{}`), theirs), ticketing.ErrConflict)
	got, err = s.store.Get(s.ctx, "agency", "dien-luc")
	s.must(err)
	s.equal("the record after several of which one is refused", got, mine)

	wins := make([]bool, 8)
	s.together(len(wins), func(i int, _ *Maker) error {
		wins[i] = s.store.Put(s.ctx, s.record("agency", "dien-luc", 3, fmt.Sprintf(`{"by":%d}`, i))) == nil
		return nil
	})
	winner := slices.Index(wins, true)
	if winner < 0 || slices.Contains(wins[winner+1:], true) {
		s.Fatalf("of eight editors at once these won: %v", wins)
	}
	got, err = s.store.Get(s.ctx, "agency", "dien-luc")
	s.must(err)
	s.equal("the winner's record", got, s.record("agency", "dien-luc", 3, fmt.Sprintf(`{"by":%d}`, winner)))
}

func recordWithEvent(s *suite) {
	person := s.record("person", "c9", 1, `{"name":"Trần Văn Bình","phone":"+84905000001"}`)
	second := s.record("person", "c10", 1, `{"name":"Lê Thị Hoa"}`)
	t := s.append(ticketing.Ticket{}, s.maker.Matter(), person, second)
	for _, want := range []ticketing.Record{person, second} {
		got, err := s.store.Get(s.ctx, "person", want.ID)
		s.must(err)
		s.equal("the record given with the event", got, want)
	}
	late := person // somebody else describes the same person: the event is stored all the same
	late.Doc = json.RawMessage(`{"name":"T. V. Bình"}`)
	t = s.append(t, s.maker.Then(t, ticketing.Said), late)
	got, err := s.store.Get(s.ctx, "person", person.ID)
	s.must(err)
	s.equal("the record whose version was taken", got, person)
	if t.Version != 2 {
		s.Fatalf("the ticket is at version %d", t.Version)
	}
	next := s.record("person", "c9", 2, `{"name":"Trần Văn Bình","phone":"+84905000002"}`)
	s.append(t, s.maker.Then(t, ticketing.Said), next)
	got, err = s.store.Get(s.ctx, "person", person.ID)
	s.must(err)
	s.equal("the next version given with an event", got, next)
	s.whole()
}

func recordHistory(s *suite) {
	versions := []ticketing.Record{
		s.record("category", "chieu-sang", 1, `{"name":"Đèn"}`),
		s.record("category", "chieu-sang", 2, `{"name":"Chiếu sáng","days":3}`),
		s.record("category", "chieu-sang", 3, `null`),
		s.record("category", "chieu-sang", 4, `{"name":"Chiếu sáng công cộng"}`),
	}
	for _, r := range versions {
		s.must(s.store.Put(s.ctx, r))
	}
	history, err := s.store.History(s.ctx, "category", "chieu-sang")
	s.must(err)
	s.equal("the history", history, versions)

	others := []ticketing.Record{
		s.record("category", "chieu", 1, `{}`), s.record("category", "chieu-s", 1, `{}`), s.record("category", "chieu_sang", 1, `{}`),
		s.record("category", "Chieu-sang", 1, `{}`), s.record("category", "chieu-sang/den", 1, `{}`), s.record("category", "chieu%", 1, `{}`),
		s.record("category", "chiếu", 1, `{}`), s.record("route", "chieu-sang", 1, `{}`),
	}
	s.must(s.store.Put(s.ctx, others...))
	gone := s.record("category", "chieu-sang-cu", 1, `{}`)
	s.must(s.store.Put(s.ctx, gone))
	gone = s.record("category", "chieu-sang-cu", 2, `null`)
	s.must(s.store.Put(s.ctx, gone))
	tombstone, err := s.store.Get(s.ctx, "category", gone.ID)
	s.must(err)
	if !tombstone.Deleted() || tombstone.Version != 2 {
		s.Fatalf("Get of a deleted record is %+v", tombstone)
	}

	s.ids("all of the kind", "category", "", "Chieu-sang", "chieu", "chieu%", "chieu-s", "chieu-sang", "chieu-sang/den", "chieu_sang", "chiếu")
	s.ids("by prefix", "category", "chieu-sang", "chieu-sang", "chieu-sang/den")
	s.ids("a prefix with a sign of LIKE", "category", "chieu_", "chieu_sang")
	s.ids("a prefix with a sign of LIKE", "category", "chieu%", "chieu%")
	s.ids("a prefix in Vietnamese", "category", "chiế", "chiếu")
	s.ids("no such prefix", "category", "z")
	some, err := s.store.GetAll(s.ctx, "category", []string{"chieu", "chieu-sang", gone.ID, "nobody"})
	s.must(err)
	s.equal("some of the kind", some, map[string]ticketing.Record{"chieu": others[0], "chieu-sang": versions[3]})
	none, err := s.store.GetAll(s.ctx, "category", nil)
	s.must(err)
	s.equal("none of the kind", none, map[string]ticketing.Record{})

	s.must(s.store.Erase(s.ctx, "category", "chieu-sang", 4))
	history, err = s.store.History(s.ctx, "category", "chieu-sang")
	s.must(err)
	s.equal("the history after erasing below 4", history, versions[3:])
	s.must(s.store.Put(s.ctx, s.record("category", "chieu-sang", 5, `{}`)))
	s.must(s.store.Erase(s.ctx, "category", "chieu-sang", 0))
	_, err = s.store.Get(s.ctx, "category", "chieu-sang")
	s.mustBe(err, ticketing.ErrNotFound)
	s.ids("after erasing one", "category", "chieu-sang", "chieu-sang/den")
	s.must(s.store.Put(s.ctx, versions[0]))
	s.ids("after beginning it anew", "category", "chieu-sang", "chieu-sang", "chieu-sang/den")
}

func (s *suite) ids(what, kind, prefix string, want ...string) {
	s.Helper()
	records, err := s.store.All(s.ctx, kind, prefix)
	s.must(err)
	var got []string
	for _, r := range records {
		got = append(got, r.ID)
	}
	s.equal(what, got, want)
}

func revisions(s *suite) {
	read := func() map[string]int64 {
		s.Helper()
		got, err := s.store.Revisions(s.ctx, "agency", "rule", "person")
		s.must(err)
		for _, kind := range []string{"agency", "rule", "person"} {
			if _, ok := got[kind]; !ok {
				s.Fatalf("no revision of %s: %v", kind, got)
			}
		}
		return got
	}
	changed := func(was, now map[string]int64, kinds ...string) {
		s.Helper()
		for kind := range was {
			if slices.Contains(kinds, kind) == (was[kind] == now[kind]) {
				s.Fatalf("after a put of %v the revision of %s went from %d to %d", kinds, kind, was[kind], now[kind])
			}
		}
	}
	zero := read()
	s.must(s.store.Put(s.ctx, s.record("agency", "a", 1, `{}`)))
	one := read()
	changed(zero, one, "agency")
	s.must(s.store.Put(s.ctx, s.record("agency", "a", 2, `{}`), s.record("rule", "r", 1, `{}`)))
	two := read()
	changed(one, two, "agency", "rule")
	s.append(ticketing.Ticket{}, s.maker.Matter(), s.record("person", "c1", 1, `{}`))
	three := read()
	changed(two, three, "person")
	s.must(s.store.Put(s.ctx, s.record("agency", "a", 3, `null`)))
	changed(three, read(), "agency")
}

package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

func twoWriters(s *suite) {
	t := s.begin()
	one, two := s.maker.Then(t, ticketing.Noted), s.maker.Then(t, ticketing.Said)
	one.Key, two.Key = "", ""
	after := s.append(t, one)
	there, _, err := Append(s.ctx, s.store, t, two)
	s.mustBe(err, ticketing.ErrConflict)
	one.Seq = 2
	s.equal("the event told to the loser", there, one)
	got, err := s.store.Ticket(s.ctx, t.Code)
	s.must(err)
	s.equal("the ticket", got, after)
	s.append(got, s.maker.Then(got, ticketing.Said)) // the loser reads again and goes on

	const writers = 8
	var wins, conflicts int
	var mu sync.Mutex
	t, err = s.store.Ticket(s.ctx, t.Code)
	s.must(err)
	s.together(writers, func(i int, m *Maker) error {
		_, _, err := Append(s.ctx, s.store, t, m.Then(t, ticketing.Noted))
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			wins++
		case errors.Is(err, ticketing.ErrConflict):
			conflicts++
		default:
			return err
		}
		return nil
	})
	if wins != 1 || conflicts != writers-1 {
		s.Fatalf("of %d writers at once %d won and %d met a conflict", writers, wins, conflicts)
	}
	s.whole()
}

// together runs fn in n goroutines, each with a Maker of its own, and fails on the first error.
func (s *suite) together(n int, fn func(i int, m *Maker) error) {
	s.Helper()
	var wg sync.WaitGroup
	errs := make(chan error, n)
	for i := range n {
		wg.Go(func() {
			m := NewMaker(2000 + uint64(i))
			m.Now = s.maker.Now
			errs <- fn(i, m)
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		s.must(err)
	}
	s.maker.seed++ // what follows must not repeat a key
}

func failedAppend(s *suite) {
	t := s.begin()
	t = s.append(t, s.maker.Then(t, ticketing.Noted))
	s.settle()
	before, cells := s.everything(), s.cells(ticketing.TallyQuery{By: []ticketing.Dimension{ticketing.ByKind, ticketing.ByAgency}})

	stale, err := ticketing.Ticket{}.Apply(before[0]) // version 1, where version 2 is there
	s.must(err)
	for _, kind := range []ticketing.EventKind{ticketing.Said, ticketing.Triaged} {
		e := s.maker.Then(stale, kind)
		e.Text, e.Place, e.Area = "quạcquạc", "quạcquạc", "99999"
		_, _, err = Append(s.ctx, s.store, stale, e)
		s.mustBe(err, ticketing.ErrConflict)
	}
	again := s.maker.Matter()
	again.Key, again.Text = before[0].Key, "quạcquạc"
	_, _, err = Append(s.ctx, s.store, ticketing.Ticket{}, again)
	s.mustBe(err, ticketing.ErrDuplicate)
	s.settle()

	s.equal("the feed", s.everything(), before)
	s.equal("the tally", s.cells(ticketing.TallyQuery{By: []ticketing.Dimension{ticketing.ByKind, ticketing.ByAgency}}), cells)
	if found := s.list(ticketing.Filter{Scope: all, Words: text.Words("quạcquạc")}); len(found) != 0 {
		s.Fatalf("words of a refused event are found: %v", found)
	}
	if len(s.whole()) != 1 {
		s.Fatal("a refused first event left a ticket")
	}
	next := s.append(t, s.maker.Then(t, ticketing.Said))
	end, err := s.store.End(s.ctx)
	s.must(err)
	if end != 3 || next.Version != 3 {
		s.Fatalf("after two events and three refusals the third is %d", end)
	}
}

func feedWithoutHoles(s *suite) {
	tickets := s.fill(s.size(20, 8), 6)
	events := s.everything()
	for _, limit := range []int{1, 3, 7} {
		for seq := int64(0); seq < int64(min(len(events), 40)); {
			some, err := s.store.Since(s.ctx, seq, limit)
			s.must(err)
			s.equal(fmt.Sprintf("%d events after %d", limit, seq), some, events[seq:min(int(seq)+limit, len(events))])
			seq += int64(len(some))
		}
	}
	beyond, err := s.store.Since(s.ctx, int64(len(events)), 10)
	s.must(err)
	if len(beyond) != 0 {
		s.Fatalf("after the end come %d events", len(beyond))
	}
	for _, t := range tickets {
		var of []ticketing.Event
		for _, e := range events {
			if e.Ticket == t.Code {
				of = append(of, e)
			}
		}
		for _, after := range []int{0, 1, t.Version} {
			got, err := s.store.Timeline(s.ctx, t.Code, after)
			s.must(err)
			s.equal("the timeline", got, of[after:])
		}
	}
}

func repeatedKey(s *suite) {
	e := s.maker.Matter()
	first, t, err := Append(s.ctx, s.store, ticketing.Ticket{}, e)
	s.must(err)
	if first.Seq != 1 {
		s.Fatalf("the first event has seq %d", first.Seq)
	}
	repeat, _, err := Append(s.ctx, s.store, ticketing.Ticket{}, e)
	s.mustBe(err, ticketing.ErrDuplicate)
	s.equal("the event told on a repeat", repeat, first)

	other := s.maker.Matter() // another ticket, the same key
	other.Key = e.Key
	repeat, _, err = Append(s.ctx, s.store, ticketing.Ticket{}, other)
	s.mustBe(err, ticketing.ErrDuplicate)
	s.equal("the event told to another ticket", repeat, first)

	later := s.maker.Then(t, ticketing.Said)
	later.Key = e.Key
	repeat, _, err = Append(s.ctx, s.store, t, later)
	s.mustBe(err, ticketing.ErrDuplicate)
	s.equal("the event told to a later one", repeat, first)

	byKey, err := s.store.ByKey(s.ctx, e.Key)
	s.must(err)
	s.equal("ByKey", byKey, first)
	s.whole()
}

func oneKeyManyWriters(s *suite) {
	const writers = 12
	var mu sync.Mutex
	var won []ticketing.Event
	var told []ticketing.Event
	s.together(writers, func(_ int, m *Maker) error {
		e := m.Matter()
		e.Key = "phone:call:77"
		there, _, err := Append(s.ctx, s.store, ticketing.Ticket{}, e)
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			won = append(won, there)
			return nil
		}
		if !errors.Is(err, ticketing.ErrDuplicate) {
			return err
		}
		told = append(told, there)
		return nil
	})
	if len(won) != 1 || len(told) != writers-1 {
		s.Fatalf("%d won, %d were told of a duplicate", len(won), len(told))
	}
	for _, e := range told {
		s.equal("the event a loser was told", e, won[0])
	}
	if n := len(s.everything()); n != 1 {
		s.Fatalf("%d events were stored", n)
	}
}

func duplicateBeforeConflict(s *suite) {
	t := s.begin()
	e := s.maker.Then(t, ticketing.Said)
	e.Key = s.maker.Key()
	stored, after, err := Append(s.ctx, s.store, t, e)
	s.must(err)
	s.append(after, s.maker.Then(after, ticketing.Noted))
	there, _, err := Append(s.ctx, s.store, t, e) // both its key and its n are taken
	s.mustBe(err, ticketing.ErrDuplicate)
	if errors.Is(err, ticketing.ErrConflict) {
		s.Fatal("the repeat was told of a conflict too")
	}
	s.equal("the event told", there, stored)

	e.Key = "" // without the key it is a conflict
	there, _, err = Append(s.ctx, s.store, t, e)
	s.mustBe(err, ticketing.ErrConflict)
	s.equal("the event told", there, stored)
}

func readersSeeOrder(s *suite) {
	ctx, stop := context.WithCancel(s.ctx)
	var readers sync.WaitGroup
	errs := make(chan error, 4)
	for range s.size(3, 1) {
		readers.Go(func() { errs <- watchOrder(ctx, s.store) })
	}
	writers, each := s.size(8, 4), s.size(30, 8)
	s.together(writers, func(_ int, m *Maker) error {
		var t ticketing.Ticket
		e := m.Matter()
		for range each {
			var err error
			if _, t, err = Append(s.ctx, s.store, t, e); err != nil {
				return err
			}
			e = m.Next(t)
		}
		return nil
	})
	stop()
	readers.Wait()
	close(errs)
	for err := range errs {
		s.must(err)
	}
	if n := len(s.everything()); n != writers*each {
		s.Fatalf("%d events, want %d", n, writers*each)
	}
}

// watchOrder reads the end and the feed behind it until ctx ends: all up to the end must be there, in order.
func watchOrder(ctx context.Context, j ticketing.Journal) error {
	seq := int64(0)
	for ctx.Err() == nil {
		end, err := j.End(ctx)
		if err != nil {
			break
		}
		if end < seq {
			return fmt.Errorf("the end went back from %d to %d", seq, end)
		}
		events, err := j.Since(ctx, seq, 10_000)
		if err != nil {
			break
		}
		for i, e := range events {
			if e.Seq != seq+int64(i)+1 {
				return fmt.Errorf("a reader saw %d where %d belongs", e.Seq, seq+int64(i)+1)
			}
		}
		seq += int64(len(events))
		if seq < end {
			return fmt.Errorf("the end was %d, but the feed stopped at %d", end, seq)
		}
	}
	if ctx.Err() == nil {
		return errors.New("reading the feed failed while writers wrote")
	}
	return nil
}

func sixteenWriters(s *suite) {
	codes := make([]ticketing.Code, 4)
	for i := range codes {
		codes[i] = s.begin().Code
	}
	const writers = 16
	each := s.size(25, 4)
	acked := make([][]ticketing.Event, writers)
	s.together(writers, func(i int, m *Maker) error {
		for k := range each {
			e, err := s.persist(m, codes[m.Rand.IntN(len(codes))], fmt.Sprintf("w:%d:%d", i, k))
			if err != nil {
				return err
			}
			acked[i] = append(acked[i], e)
		}
		return nil
	})
	events := s.everything()
	if want := len(codes) + writers*each; len(events) != want {
		s.Fatalf("%d events, want %d", len(events), want)
	}
	keys := map[string]bool{}
	for _, e := range events {
		if e.Key != "" && keys[e.Key] {
			s.Fatalf("key %s is there twice", e.Key)
		}
		keys[e.Key] = true
	}
	for i, mine := range acked {
		for k, e := range mine {
			s.equal(fmt.Sprintf("event %d of writer %d", k, i), events[e.Seq-1], e)
			if k > 0 && e.Seq <= mine[k-1].Seq {
				s.Fatalf("writer %d got %d after %d", i, e.Seq, mine[k-1].Seq)
			}
		}
	}
	s.whole()
}

// persist writes some event on the ticket, reading it again as often as somebody else was first.
func (s *suite) persist(m *Maker, code ticketing.Code, key string) (ticketing.Event, error) {
	for {
		t, err := s.store.Ticket(s.ctx, code)
		if err != nil {
			return ticketing.Event{}, err
		}
		e := m.Next(t)
		e.Key = key
		stored, _, err := Append(s.ctx, s.store, t, e)
		if !errors.Is(err, ticketing.ErrConflict) {
			return stored, err
		}
	}
}

func readYourWrites(s *suite) {
	var t ticketing.Ticket
	e := s.maker.Matter()
	var events []ticketing.Event
	for i := range s.size(60, 15) {
		stored, after, err := Append(s.ctx, s.store, t, e)
		s.must(err)
		events = append(events, stored)
		got, err := s.store.Ticket(s.ctx, after.Code)
		s.must(err)
		s.equal(fmt.Sprintf("the ticket after event %d (%s)", i+1, e.Kind), got, after)
		line, err := s.store.Timeline(s.ctx, after.Code, 0)
		s.must(err)
		s.equal("the timeline", line, events)
		t, e = after, s.maker.Next(after)
	}
	numbered, err := s.store.Numbered(s.ctx, t.First)
	s.must(err)
	s.equal("the ticket by number", numbered, t)
}

func notThere(s *suite) {
	s.begin()
	_, err := s.store.Ticket(s.ctx, "NOBODY000000")
	s.mustBe(err, ticketing.ErrNotFound)
	_, err = s.store.Numbered(s.ctx, 99)
	s.mustBe(err, ticketing.ErrNotFound)
	_, err = s.store.ByKey(s.ctx, "no:such:key")
	s.mustBe(err, ticketing.ErrNotFound)
	_, err = s.store.ByKey(s.ctx, "") // events without a key have none
	s.mustBe(err, ticketing.ErrNotFound)
	_, err = s.store.Get(s.ctx, "agency", "nobody")
	s.mustBe(err, ticketing.ErrNotFound)
	s.mustBe(s.store.Blank(s.ctx, "NOBODY000000", 1), ticketing.ErrNotFound)
	line, err := s.store.Timeline(s.ctx, "NOBODY000000", 0)
	s.must(err)
	if len(line) != 0 {
		s.Fatalf("a ticket that is not there has %d events", len(line))
	}
}

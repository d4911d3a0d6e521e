package storetest

import (
	"slices"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

func blanking(s *suite) {
	m := s.maker
	e := s.with(m.Matter(), func(e *ticketing.Event) {
		e.Kind, e.Outcome, e.Subject, e.Text, e.Original = ticketing.Received, "", "Chuyện riêng", "Tên tôi là Võ Thị Sáu, số 0905000001", "ten toi la"
		e.Address, e.Location, e.Files = "12 Hoàng Diệu", &ticketing.Point{Lat: 16.06, Lng: 108.22}, []ticketing.File{m.file()}
		e.MatterKind, e.Visibility = ticketing.Report, ticketing.Public
	})
	t := s.append(ticketing.Ticket{}, e)
	t = s.append(t, s.with(m.Then(t, ticketing.AnsweredBy), func(e *ticketing.Event) { e.Text = "Thưa bà Sáu" }))
	t = s.append(t, m.Then(t, ticketing.Published))
	s.begin()
	was := s.everything()

	s.must(s.store.Blank(s.ctx, t.Code, 1))
	s.must(s.store.Blank(s.ctx, t.Code, 2))
	s.must(s.store.Blank(s.ctx, t.Code, 2)) // again changes nothing
	s.mustBe(s.store.Blank(s.ctx, t.Code, 9), ticketing.ErrNotFound)
	now := s.everything()
	want := slices.Clone(was)
	want[0], want[1] = want[0].Blank(), want[1].Blank()
	s.equal("the feed after blanking", now, want)
	if now[0].Text == was[0].Text || now[0].Subject != "" || now[0].Location != nil || len(now[0].Files) != 0 || !now[0].Blanked {
		s.Fatalf("a blanked event still says %+v", now[0])
	}
	byKey, err := s.store.ByKey(s.ctx, e.Key)
	s.must(err)
	s.equal("the blanked event by its key", byKey, want[0])
	got := s.whole()[t.Code]
	if got.Subject != "" || got.Address != "" || got.Location != nil || len(got.Files) != 0 || got.Version != 3 || !got.Published {
		s.Fatalf("the ticket after blanking is %+v", got)
	}
	for _, q := range []string{"sau", "hoang dieu", "rieng"} {
		for _, found := range s.list(ticketing.Filter{Scope: all, Words: text.Words(q)}) {
			if found.Code == t.Code {
				s.Fatalf("%q is still found", q)
			}
		}
	}
	s.sound()
	t = s.append(got, m.Then(got, ticketing.Noted)) // life goes on
	if t.Version != 4 {
		s.Fatalf("the ticket went on to version %d", t.Version)
	}
	s.sound()
}

// sound checks that verify and replay have nothing to say.
func (s *suite) sound() {
	s.Helper()
	s.settle()
	wrong, err := s.store.Verify(s.ctx, nil)
	s.must(err)
	if len(wrong) > 0 {
		s.Fatalf("verify says %q", wrong)
	}
	differ, err := s.store.Replay(s.ctx, true, nil)
	s.must(err)
	if len(differ) > 0 {
		s.Fatalf("replay with check says %+v", differ)
	}
}

func replay(s *suite) {
	tickets := s.fill(s.size(60, 15), 6)
	s.sound()
	before := s.view()
	if _, err := s.store.Replay(s.ctx, false, nil); err != nil { // nothing to mend: nothing changes
		s.Fatal(err)
	}
	s.settle()
	s.equal("what is shown after a needless replay", s.view(), before)
	if s.opt.Damage == nil {
		s.Skip("the store offers no way to damage it")
	}
	s.must(s.opt.Damage(s.ctx, s.store))
	differ, err := s.store.Replay(s.ctx, true, nil)
	s.must(err)
	if len(differ) == 0 {
		s.Fatal("replay with check does not notice the damage")
	}
	for _, d := range differ {
		if d.What == "" || d.Have == d.Want {
			s.Fatalf("a difference that says nothing: %+v", d)
		}
	}
	var done, total int64
	_, err = s.store.Replay(s.ctx, false, func(d, t int64) {
		if d < done {
			s.Errorf("progress went back from %d to %d", done, d)
		}
		done, total = d, t
	})
	s.must(err)
	if done == 0 || done != total {
		s.Fatalf("progress ended at %d of %d", done, total)
	}
	s.settle()
	s.sound()
	s.equal("what is shown after replay", s.view(), before)
	s.whole()
	s.append(tickets[0], s.maker.Next(tickets[0]))
	s.sound()
}

// view is what a store shows of its tickets, every way one can ask.
func (s *suite) view() map[string]any {
	s.Helper()
	v := map[string]any{
		"newest": s.list(ticketing.Filter{Scope: all, Limit: 200}),
		"due":    s.list(ticketing.Filter{Scope: all, Sort: ticketing.ByDue}),
		"mine":   s.list(ticketing.Filter{Scope: ticketing.Scope{Agency: Agencies[0]}, Sort: ticketing.ByUpdated}),
		"search": s.list(ticketing.Filter{Scope: all, Words: text.Words("đèn đường")}),
		"hidden": s.list(ticketing.Filter{Scope: ticketing.Scope{Agency: Agencies[1]}, Words: text.Words("d")}),
		"feed":   s.everything(),
	}
	q := ticketing.TallyQuery{From: "2025-01-01", To: "2027-01-01", Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, d := range ticketing.Dimensions {
		q.By = []ticketing.Dimension{d}
		v["tally by "+string(d)] = s.cells(q)
	}
	later := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	ringing, err := s.store.Ringing(s.ctx, later, 1000)
	s.must(err)
	outbox, err := s.store.Outbox(s.ctx, "", later, 1000)
	s.must(err)
	slices.Sort(ringing) // two at one moment have no order
	slices.Sort(outbox)
	v["ringing"], v["outbox"] = ringing, outbox
	return v
}

func verify(s *suite) {
	s.fill(s.size(12, 6), 3)
	s.sound()
	if s.opt.Forge == nil {
		s.Skip("the store offers no way to forge an event")
	}
	s.must(s.opt.Forge(s.ctx, s.store, 5))
	wrong, err := s.store.Verify(s.ctx, nil)
	s.must(err)
	if len(wrong) == 0 {
		s.Fatal("verify does not notice a changed payload")
	}
}

func bell(s *suite) {
	const patience = 30 * time.Second
	seen, done := make(chan int64), make(chan struct{})
	defer close(done)
	go func() { // follows by the bell alone: a ring before its commit is a ring lost
		seq := int64(0)
		for {
			bell := s.store.Bell()
			events, err := s.store.Since(s.ctx, seq, 100)
			if err != nil {
				return
			}
			for _, e := range events {
				seq = e.Seq
				select {
				case seen <- seq:
				case <-done:
					return
				}
			}
			if len(events) > 0 {
				continue
			}
			select {
			case <-bell:
			case <-done:
				return
			}
		}
	}()
	for i := range s.size(100, 20) {
		s.begin()
		select {
		case seq := <-seen:
			if seq != int64(i)+1 {
				s.Fatalf("the follower saw %d, want %d", seq, i+1)
			}
		case <-time.After(patience):
			s.Fatalf("event %d was committed and the bell did not ring after it", i+1)
		}
	}
}

func reopening(s *suite) {
	if s.opt.Reopen == nil {
		s.Skip("the store cannot be opened again")
	}
	s.fill(s.size(40, 12), 5)
	s.must(s.store.Put(s.ctx, s.record("agency", "dien-luc", 1, `{"name":"Điện lực"}`)))
	before, epoch := s.view(), s.store.Epoch()
	agency, err := s.store.Get(s.ctx, "agency", "dien-luc")
	s.must(err)
	s.store = s.opt.Reopen(s.T, s.store)
	s.settle()
	s.equal("what is shown after reopening", s.view(), before)
	if s.store.Epoch() != epoch || epoch == "" {
		s.Fatalf("the epoch went from %q to %q", epoch, s.store.Epoch())
	}
	again, err := s.store.Get(s.ctx, "agency", "dien-luc")
	s.must(err)
	s.equal("the record", again, agency)
	s.sound()
	s.begin() // the next seq is the next
	s.whole()
	s.sound()
}

func epochs(s *suite) {
	other := s.open(s.T)
	if s.store.Epoch() == other.Epoch() {
		s.Fatalf("two journals are both named %q", other.Epoch())
	}
}

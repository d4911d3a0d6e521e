package storetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// matches is what a filter means, said once more in plain Go.
func matches(f ticketing.Filter, t ticketing.Ticket) bool {
	return inScope(f.Scope, t) &&
		oneOf(f.Status, t.Status) && oneOf(f.Kind, t.Kind) && oneOf(f.Channel, t.Channel) && oneOf(f.Category, t.Category) &&
		oneOf(f.Agency, t.Agency) && oneOf(f.Area, t.Area) && oneOf(f.Outcome, t.Outcome) && oneOf(f.Citizen, t.Citizen) &&
		(f.Assignee == "" || f.Assignee == t.Assignee) && (!f.Nobody || t.Assignee == "") &&
		(f.From.IsZero() || !t.Received.Before(f.From)) && (f.To.IsZero() || t.Received.Before(f.To)) &&
		(f.DueBy.IsZero() || t.Status.Open() && !t.Due.IsZero() && t.Due.Before(f.DueBy)) &&
		(!f.Urgent || t.Priority == ticketing.Urgent) && (!f.Unread || t.Unread > 0) && (!f.Public || t.Public()) && (!f.Awake || t.Snoozed.IsZero()) && t.Returned >= f.Returned && len(t.Absorbed) >= f.Reports && hasWords(f.Words, t)
}

func oneOf[T comparable](wanted []T, v T) bool { return len(wanted) == 0 || slices.Contains(wanted, v) }

func inScope(s ticketing.Scope, t ticketing.Ticket) bool {
	return (s.All || t.Concerns(s.Agency)) && !slices.Contains(s.Hide, t.Kind)
}

func hasWords(wanted []string, t ticketing.Ticket) bool {
	have := text.Words(t.SearchText())
	for i, w := range wanted {
		begins := func(h string) bool { return h == w || i == len(wanted)-1 && strings.HasPrefix(h, w) }
		if !slices.ContainsFunc(have, begins) {
			return false
		}
	}
	return true
}

// order compares two tickets as a list has them, but for ties.
func order(by ticketing.Sort, a, b ticketing.Ticket) int {
	switch by {
	case ticketing.ByOldest:
		return a.Received.Compare(b.Received)
	case ticketing.ByDue:
		if a.Due.IsZero() != b.Due.IsZero() {
			if a.Due.IsZero() {
				return 1
			}
			return -1
		}
		return a.Due.Compare(b.Due)
	case ticketing.ByUpdated:
		return b.Updated.Compare(a.Updated)
	}
	return b.Received.Compare(a.Received)
}

// check compares a filter's pages and count with what plain Go picks from the tickets.
func (s *suite) check(f ticketing.Filter, tickets []ticketing.Ticket) int {
	s.Helper()
	want := map[ticketing.Code]ticketing.Ticket{}
	for _, t := range tickets {
		if matches(f, t) {
			want[t.Code] = t
		}
		bare := f
		bare.Scope, bare.Words = all, nil // Admits leaves these to others
		if f.Admits(t) != matches(bare, t) {
			s.Fatalf("Admits(%+v) says %v of %+v", f, f.Admits(t), t)
		}
	}
	listed := s.list(f)
	got := map[ticketing.Code]ticketing.Ticket{}
	for _, t := range listed {
		got[t.Code] = t
	}
	s.equal(fmt.Sprintf("the list of %+v", f), got, want)
	for i := 1; i < len(listed); i++ {
		if order(f.Sort, listed[i-1], listed[i]) > 0 {
			s.Fatalf("%+v: ticket %d does not belong after ticket %d", f, i, i-1)
		}
	}
	limit := f.Limit
	f.Limit = 0
	n, err := s.store.Count(s.ctx, f)
	s.must(err)
	if n != len(want) {
		s.Fatalf("the count of %+v is %d, want %d", f, n, len(want))
	}
	if f.Limit = limit; limit > 0 {
		n, err = s.store.Count(s.ctx, f)
		s.must(err)
		if n != min(limit, len(want)) {
			s.Fatalf("the count of %+v up to %d is %d, want %d", f, limit, n, min(limit, len(want)))
		}
	}
	return len(want)
}

func scopes(s *suite) {
	tickets := s.fill(s.size(80, 25), 4)
	var cooperating ticketing.Ticket
	for _, t := range tickets { // one at least that an agency sees only because it cooperates
		if t.Status == ticketing.New && !t.Kind.OwnLaw() && t.Kind != ticketing.Spam {
			e := s.maker.Then(t, ticketing.RoutedTo)
			e.Agency, e.Cooperating = "dien-luc", []string{"giao-thong", "cong-an"}
			cooperating = s.append(t, e)
			tickets[slices.IndexFunc(tickets, func(o ticketing.Ticket) bool { return o.Code == t.Code })] = cooperating
			break
		}
	}
	s.settle()
	if cooperating.Code == "" {
		s.Fatal("no ticket to cooperate on")
	}
	if n := s.check(ticketing.Filter{}, tickets); n != 0 {
		s.Fatalf("the zero scope sees %d tickets", n)
	}
	for _, agency := range append(slices.Clone(Agencies), "nobody") {
		for _, hide := range [][]ticketing.Kind{nil, {ticketing.Denunciation}, {cooperating.Kind, ticketing.Complaint}} {
			scope := ticketing.Scope{Agency: agency, Hide: hide}
			for _, f := range []ticketing.Filter{
				{Scope: scope}, {Scope: scope, Sort: ticketing.ByDue, Limit: 3}, {Scope: scope, Status: ticketing.OpenStatuses, Limit: 4},
				{Scope: scope, Agency: []string{"dien-luc"}}, {Scope: scope, Words: text.Words(cooperating.Subject)}, {Scope: scope, Kind: ticketing.Kinds[:]},
			} {
				s.check(f, tickets)
			}
		}
	}
	s.check(ticketing.Filter{Scope: ticketing.Scope{All: true, Hide: []ticketing.Kind{ticketing.Denunciation, ticketing.Spam}}}, tickets)
	s.check(ticketing.Filter{Scope: ticketing.Scope{All: true, Hide: []ticketing.Kind{ticketing.Denunciation}}, Words: text.Words("den")}, tickets)

	t := cooperating // an agency that left sees it no more, by whichever way it looks
	t = s.append(t, s.maker.Then(t, ticketing.Returned))
	s.settle()
	for _, agency := range []string{"dien-luc", "giao-thong", "cong-an"} {
		for _, f := range []ticketing.Filter{{}, {Words: text.Words(t.Subject)}} {
			f.Scope.Agency = agency
			for _, seen := range s.list(f) {
				if seen.Code == t.Code {
					s.Fatalf("%s still sees a ticket that was returned, by %+v", agency, f)
				}
			}
		}
	}
}

func filters(s *suite) {
	tickets := s.fill(s.size(150, 40), 6)
	asleep := 0
	for i, t := range tickets { // what chance does not write
		e := s.maker.try(t, ticketing.Snoozed)
		if _, err := t.Apply(e); err == nil && i%3 == 0 {
			tickets[i] = s.append(t, e)
			asleep++
		}
	}
	if asleep < 3 {
		s.Fatalf("only %d tickets are put aside", asleep)
	}
	s.settle()
	narrowed := 0
	for i := range s.size(250, 30) {
		f := s.randomFilter(tickets)
		if n := s.check(f, tickets); n > 0 && n < len(tickets) {
			narrowed++
		}
		if i%4 == 0 {
			s.check(ticketing.Filter{Scope: all, Sort: f.Sort, Limit: 1 + s.maker.Rand.IntN(60)}, tickets)
		}
	}
	if narrowed < s.size(60, 5) {
		s.Fatalf("only %d of the random filters picked some tickets and left others: the test tests little", narrowed)
	}
	s.alone(tickets)
	page, err := s.store.List(s.ctx, ticketing.Filter{Scope: all})
	s.must(err)
	if want := min(50, len(tickets)); len(page.Tickets) != want {
		s.Fatalf("a page without a limit has %d tickets, want %d", len(page.Tickets), want)
	}
}

// alone tries every field of a filter by itself with values that are there.
func (s *suite) alone(tickets []ticketing.Ticket) {
	s.Helper()
	for _, t := range tickets[:min(len(tickets), s.size(12, 2))] {
		for _, f := range []ticketing.Filter{
			{Status: []ticketing.Status{t.Status}}, {Kind: []ticketing.Kind{t.Kind}}, {Channel: []ticketing.Channel{t.Channel}},
			{Category: []string{t.Category}}, {Agency: []string{t.Agency}}, {Area: []string{t.Area}}, {Outcome: []ticketing.Outcome{t.Outcome}},
			{Assignee: t.Assignee}, {Nobody: true}, {Citizen: []ticketing.CitizenID{t.Citizen}}, {From: t.Received}, {To: t.Received},
			{DueBy: t.Due}, {DueBy: t.Due.Add(time.Millisecond)}, {Urgent: true}, {Unread: true}, {Public: true}, {Awake: true}, {Returned: 1}, {Returned: 2, Status: ticketing.OpenStatuses}, {Returned: 1, Citizen: []ticketing.CitizenID{t.Citizen}}, {Reports: 1}, {Reports: 1, Citizen: []ticketing.CitizenID{t.Citizen}}, {Reports: 2, Status: ticketing.OpenStatuses, Sort: ticketing.ByDue}, {Public: true, Status: ticketing.OpenStatuses, Sort: ticketing.ByUpdated}, {Words: text.Words(t.Text)},
		} {
			f.Scope = all
			f.Limit = 50
			s.check(f, tickets)
		}
	}
}

// randomFilter is a filter made of some of the tickets' own values.
func (s *suite) randomFilter(tickets []ticketing.Ticket) ticketing.Filter {
	r := s.maker.Rand
	t, o := pick(s.maker, tickets), pick(s.maker, tickets)
	f := ticketing.Filter{Scope: all, Limit: 1 + r.IntN(40), Sort: pick(s.maker, []ticketing.Sort{ticketing.ByNewest, ticketing.ByOldest, ticketing.ByDue, ticketing.ByUpdated})}
	if r.IntN(4) == 0 {
		f.Scope = ticketing.Scope{Agency: pick(s.maker, Agencies), Hide: []ticketing.Kind{pick(s.maker, ticketing.Kinds[:])}}
	}
	for range 1 + r.IntN(3) {
		switch r.IntN(18) {
		case 0:
			f.Status = []ticketing.Status{t.Status, o.Status}
		case 1:
			f.Status = ticketing.OpenStatuses
		case 2:
			f.Kind = []ticketing.Kind{t.Kind, o.Kind}
		case 3:
			f.Channel = []ticketing.Channel{t.Channel, o.Channel}
		case 4:
			f.Category = []string{t.Category}
		case 5:
			f.Agency = []string{t.Agency, o.Agency}
		case 6:
			f.Area = []string{t.Area, o.Area}
		case 7:
			f.Outcome = []ticketing.Outcome{t.Outcome}
		case 8:
			f.Assignee = t.Assignee
		case 9:
			f.Nobody = true
		case 10:
			f.Citizen = []ticketing.CitizenID{t.Citizen, o.Citizen}
		case 11:
			f.From, f.To = t.Received, o.Received
			if f.To.Before(f.From) {
				f.From, f.To = f.To, f.From
			}
		case 12:
			f.DueBy = t.Due
		case 13:
			f.Urgent, f.Unread = r.IntN(2) == 0, true
		case 14:
			f.Public, f.Awake = r.IntN(2) == 0, r.IntN(2) == 0
		case 15:
			f.Words = s.someWords(t)
		case 16:
			f.Returned = 1
		case 17:
			f.Reports = 1
		}
	}
	return f
}

// someWords is a search for the ticket: one to three of its words, the last perhaps unfinished.
func (s *suite) someWords(t ticketing.Ticket) []string {
	have := text.Words(t.SearchText())
	var some []string
	for range 1 + s.maker.Rand.IntN(3) {
		some = append(some, pick(s.maker, have))
	}
	last := []rune(some[len(some)-1])
	some[len(some)-1] = string(last[:1+s.maker.Rand.IntN(len(last))])
	return some
}

func badCursor(s *suite) {
	s.begin()
	for _, cursor := range []string{"x", "👻", "AAAA", "' OR 1=1 --", strings.Repeat("9", 500)} {
		_, err := s.store.List(s.ctx, ticketing.Filter{Scope: all, Cursor: cursor})
		if ticketing.ClassOf(err) != ticketing.Invalid {
			s.Fatalf("the cursor %.20q gives %v", cursor, err)
		}
	}
}

func search(s *suite) {
	t := s.maker.Matter()
	t.Kind, t.Outcome, t.Subject, t.Text = ticketing.Received, "", "Cầu Rồng", "Đường ĐIỆN BIÊN PHỦ bị sụt lún, nước tràn vào nhà bà Nguyễn Thị Thuỷ"
	t.Place, t.Area, t.MatterKind = "Phường Hải Châu", "20194", ticketing.Report
	one := s.append(ticketing.Ticket{}, t)
	other := s.maker.Matter()
	other.Subject, other.Text, other.Address, other.Place, other.Area = "Rác", "Rác chưa thu gom", "", "", ""
	two := s.append(ticketing.Ticket{}, other)
	found := func(query string, want ...ticketing.Ticket) {
		s.Helper()
		s.settle()
		var codes, wanted []string
		for _, t := range s.list(ticketing.Filter{Scope: all, Words: text.Words(query)}) {
			codes = append(codes, string(t.Code))
		}
		for _, t := range want {
			wanted = append(wanted, string(t.Code))
		}
		slices.SortFunc(wanted, cmp.Compare)
		slices.SortFunc(codes, cmp.Compare)
		s.equal("what a search for "+query+" finds", codes, wanted)
	}
	found("điện biên phủ", one)
	found("dien bien phu", one)
	found("DUONG dien", one)
	found("sut lu", one) // the last word unfinished
	found("su lun")      // another word unfinished
	found("thuy nguyen", one)
	found("cau rong duong", one)
	found("cau rong rac")
	found("hai chau", one)
	found("rac", two)
	found("r", one, two)
	found("khongcotunay")
	found(`" OR rac NEAR( * ^ { AND`)
	found(one.Number(), one)
	found(string(two.Code), two)
	found(string(two.Code)[:6], two)

	one = s.append(one, s.with(s.maker.Then(one, ticketing.Said), func(e *ticketing.Event) { e.Text = "Nay thêm hố tử thần" }))
	found("ho tu than", one)
	one = s.append(one, s.with(s.maker.Then(one, ticketing.Triaged), func(e *ticketing.Event) {
		e.MatterKind, e.Area, e.Place = ticketing.Report, "20195", "Phường Thanh Khê"
	}))
	found("hai chau")
	found("thanh khe", one)
	one = s.append(one, s.maker.Then(one, ticketing.RoutedTo))
	one = s.append(one, s.maker.Then(one, ticketing.Accepted))
	one = s.append(one, s.with(s.maker.Then(one, ticketing.DraftWritten), func(e *ticketing.Event) { e.Text = "bản thảo vụng về" }))
	found("vung ve", one)
	one = s.append(one, s.with(s.maker.Then(one, ticketing.DraftWritten), func(e *ticketing.Event) { e.Text = "bản thảo gọn gàng" }))
	found("vung ve")
	found("gon gang", one)
	s.must(s.store.Blank(s.ctx, one.Code, 1))
	found("dien bien phu")
	found("gon gang", one)
	found(one.Number(), one)
}

// with is the event after fn has set its fields.
func (s *suite) with(e ticketing.Event, fn func(*ticketing.Event)) ticketing.Event {
	fn(&e)
	return e
}

func dueLists(s *suite) {
	tickets := s.fill(s.size(120, 80), 4)
	s.duePages("Ringing", s.store.Ringing, ticketing.Ticket.NextAlarm, tickets)
	by := func(door ticketing.Channel) func(context.Context, time.Time, int) ([]ticketing.Code, error) {
		return func(ctx context.Context, before time.Time, limit int) ([]ticketing.Code, error) {
			return s.store.Outbox(ctx, door, before, limit)
		}
	}
	s.duePages("Outbox", by(""), ticketing.Ticket.NextSend, tickets)
	several := 0
	for _, door := range ticketing.Channels {
		its := func(t ticketing.Ticket) time.Time {
			if t.NextDoor() != door {
				return time.Time{}
			}
			return t.NextSend()
		}
		if n := len(slices.DeleteFunc(slices.Clone(tickets), func(t ticketing.Ticket) bool { return its(t).IsZero() })); n >= 3 {
			several++
			s.duePages("Outbox of "+string(door), by(door), its, tickets)
		}
	}
	if several < 2 {
		s.Fatal("too few doors have messages waiting for a test")
	}
	if codes, err := s.store.Outbox(s.ctx, "nowhere", time.Now().AddDate(100, 0, 0), 10); err != nil || len(codes) > 0 {
		s.Fatalf("the outbox of a door that is not there: %v, %v", codes, err)
	}
}

package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing"
)

// duePages checks a list of what is due against plain Go, for moments before, among and after all of them.
func (s *suite) duePages(name string, read func(context.Context, time.Time, int) ([]ticketing.Code, error), next func(ticketing.Ticket) time.Time, tickets []ticketing.Ticket) {
	s.Helper()
	due := map[ticketing.Code]time.Time{}
	var moments []time.Time
	for _, t := range tickets {
		if at := next(t); !at.IsZero() {
			due[t.Code] = at
			moments = append(moments, at)
		}
	}
	if len(moments) < 3 {
		s.Fatalf("%s: too few tickets are due for a test", name)
	}
	slices.SortFunc(moments, time.Time.Compare)
	middle := moments[len(moments)/2]
	for _, before := range []time.Time{moments[0].Add(-time.Millisecond), moments[0], middle.Add(-time.Millisecond), middle, moments[len(moments)-1]} {
		want := 0
		for _, at := range moments {
			if !at.After(before) {
				want++
			}
		}
		for _, limit := range []int{1, 5, len(tickets) + 1} {
			codes, err := read(s.ctx, before, limit)
			s.must(err)
			if len(codes) != min(limit, want) {
				s.Fatalf("%s until %s, at most %d: %d tickets, want %d", name, before, limit, len(codes), min(limit, want))
			}
			for i, code := range codes {
				if !due[code].Equal(moments[i]) { // the oldest, in order
					s.Fatalf("%s until %s: place %d has a ticket due %s, want one due %s", name, before, i, due[code], moments[i])
				}
			}
			slices.Sort(codes)
			if len(slices.Compact(codes)) != min(limit, want) {
				s.Fatalf("%s lists a ticket twice", name)
			}
		}
	}
}

// cells is the store's answer as a map from the cell's values to its counts.
func (s *suite) cells(q ticketing.TallyQuery) map[string]ticketing.Counts {
	s.Helper()
	cells, err := s.store.Tally(s.ctx, q)
	s.must(err)
	got := map[string]ticketing.Counts{}
	for _, c := range cells {
		if len(c.Values) != len(q.By) {
			s.Fatalf("a cell of %v has the values %q", q.By, c.Values)
		}
		key := strings.Join(c.Values, "|")
		if _, twice := got[key]; twice {
			s.Fatalf("the tally by %v has the cell %s twice", q.By, key)
		}
		if c.Counts != (ticketing.Counts{}) {
			got[key] = c.Counts
		}
	}
	return got
}

// counted is the same by counting one ticket after the other.
func counted(q ticketing.TallyQuery, tickets []ticketing.Ticket) map[string]ticketing.Counts {
	cells := map[string]ticketing.Counts{}
	for _, t := range tickets {
		day := t.Value(ticketing.ByDay)
		if q.From != "" && day < q.From || q.To != "" && day >= q.To || q.Agency != "" && t.Agency != q.Agency {
			continue
		}
		var values []string
		for _, d := range q.By {
			values = append(values, t.Value(d))
		}
		c := t.Counts()
		if t.OverdueAt(q.Now) {
			c.Late++
		}
		key := strings.Join(values, "|")
		cells[key] = cells[key].Add(c)
	}
	return cells
}

func tally(s *suite) {
	s.maker.Now = time.Date(2025, 12, 20, 16, 55, 0, 0, time.UTC) // five minutes to midnight in the office
	tickets := make([]ticketing.Ticket, s.size(250, 50))
	for i := range tickets { // over four months, so that periods hold whole ones and parts
		tickets[i] = s.begin()
		s.maker.Now = s.maker.Now.Add(time.Duration(s.maker.Rand.IntN(s.size(24, 120))) * time.Hour)
	}
	for range len(tickets) * 4 {
		i := s.maker.Rand.IntN(len(tickets))
		tickets[i] = s.append(tickets[i], s.maker.Next(tickets[i]))
	}
	s.settle()
	first, last := tickets[0].Received, s.maker.Now
	span := int(last.Sub(first).Hours()/24) + 2
	day := func(n int) string {
		return first.In(ticketing.Zone).AddDate(0, 0, n).Format(time.DateOnly)
	}
	whole := ticketing.TallyQuery{From: day(-1), To: day(span), Now: last}
	late := false
	for _, c := range s.cells(whole) {
		late = c.Late > 0 && c.Open > 0 && c.Rated > 0 && c.OnTime > 0
	}
	if !late {
		s.Fatal("nothing is late, rated or on time: the test tests little")
	}
	ask := func(q ticketing.TallyQuery) {
		s.Helper()
		s.equal(fmt.Sprintf("the tally of %+v", q), s.cells(q), counted(q, tickets))
	}
	ask(whole)
	for i, d := range ticketing.Dimensions {
		q := whole
		q.By = []ticketing.Dimension{d}
		ask(q)
		for _, o := range ticketing.Dimensions[:i] {
			q.By = []ticketing.Dimension{d, o}
			ask(q)
		}
	}
	for range s.size(150, 10) {
		q := ticketing.TallyQuery{Now: first.Add(time.Duration(s.maker.Rand.IntN(span*24)) * time.Hour)}
		from := s.maker.Rand.IntN(span)
		q.From, q.To = day(from), day(from+s.maker.Rand.IntN(span))
		for range s.maker.Rand.IntN(4) {
			if d := pick(s.maker, ticketing.Dimensions[:]); !slices.Contains(q.By, d) {
				q.By = append(q.By, d)
			}
		}
		if s.maker.Rand.IntN(3) == 0 {
			q.Agency = pick(s.maker, Agencies)
		}
		ask(q)
	}
	s.recount(tickets, ask)
}

// recount moves tickets further between the questions: the sums must follow every step.
func (s *suite) recount(tickets []ticketing.Ticket, ask func(ticketing.TallyQuery)) {
	s.Helper()
	for range s.size(60, 6) {
		i := s.maker.Rand.IntN(len(tickets))
		tickets[i] = s.append(tickets[i], s.maker.Next(tickets[i]))
		s.settle()
		ask(ticketing.TallyQuery{From: "2025-01-01", To: "2027-01-01", Now: s.maker.Now, By: []ticketing.Dimension{pick(s.maker, ticketing.Dimensions[:])}})
	}
}

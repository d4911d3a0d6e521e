package calendar

import (
	"slices"
	"sort"
	"time"
)

// timeline is one agency's whole time, cut where anything changes. Both
// running totals (working minutes, working days) only grow, so "how much lies
// before this moment" and "at which moment has so much passed" are searches.
type timeline []stretch

// stretch is a run of days that repeats every seven days from start on. An
// exceptional day is a stretch of one day. The last stretch never ends.
type stretch struct {
	start         int64 // day number
	minutesBefore int64 // working minutes from the beginning of the timeline to start
	openBefore    int64 // working days, likewise
	day           [7][]Span
	minutes       [8]int64 // minutes[i]: working minutes of the first i days; [7] of a whole turn
	open          [8]int64
}

// firstDay is where timelines begin. Nothing was open before.
var firstDay = Date{1, time.January, 1}.number()

// build makes an agency's timeline from hours and days that check has found
// to be sound.
func build(agency string, hours []Hours, days []Day) timeline {
	cuts := []int64{firstDay}
	for _, h := range hours {
		if h.Agency != agency && h.Agency != "" {
			continue
		}
		if !h.From.IsZero() {
			cuts = append(cuts, h.From.number())
		}
		if !h.To.IsZero() {
			cuts = append(cuts, h.To.number()+1)
		}
	}
	exceptions := make(map[int64]Day)
	for _, d := range days {
		n := d.Date.number()
		if d.Agency == agency || (d.Agency == "" && exceptions[n].Agency != agency) {
			exceptions[n] = d
			cuts = append(cuts, n, n+1)
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)

	line := make(timeline, len(cuts))
	for i, cut := range cuts {
		s := &line[i]
		s.start = cut
		week := weekOn(agency, dateOf(cut), hours)
		exception, exceptional := exceptions[cut]
		for k := range s.day {
			s.day[k] = week[weekdayOf(cut+int64(k))]
			if exceptional {
				s.day[k] = exception.spans(week)
			}
		}
		s.sum()
		if i > 0 {
			prev := &line[i-1]
			s.minutesBefore = prev.minutesUntil(cut)
			s.openBefore = prev.openUntil(cut)
		}
	}
	return line
}

// weekOn finds the hours that hold for the agency on a date: its own before
// the office default, the later begun before the earlier.
func weekOn(agency string, d Date, hours []Hours) *[7][]Span {
	var own, office *Hours
	for i := range hours {
		h := &hours[i]
		if !h.covers(d) {
			continue
		}
		if h.Agency == agency && (own == nil || own.From.Before(h.From)) {
			own = h
		}
		if h.Agency == "" && (office == nil || office.From.Before(h.From)) {
			office = h
		}
	}
	switch {
	case own != nil:
		return &own.Week
	case office != nil:
		return &office.Week
	}
	return &[7][]Span{}
}

// spans are the hours of an exceptional day. An agency that never works on the
// weekday to be copied, but does work on this one, keeps its own hours.
func (d Day) spans(week *[7][]Span) []Span {
	if !d.Working {
		return nil
	}
	if spans := week[d.like()]; len(spans) > 0 {
		return spans
	}
	return week[d.Date.Weekday()]
}

func (s *stretch) sum() {
	for k, spans := range s.day {
		s.minutes[k+1], s.open[k+1] = s.minutes[k], s.open[k]
		for _, span := range spans {
			s.minutes[k+1] += int64(span.To - span.From)
		}
		if len(spans) > 0 {
			s.open[k+1]++
		}
	}
}

func (s *stretch) minutesUntil(day int64) int64 {
	n := day - s.start
	return s.minutesBefore + n/7*s.minutes[7] + s.minutes[n%7]
}

func (s *stretch) openUntil(day int64) int64 {
	n := day - s.start
	return s.openBefore + n/7*s.open[7] + s.open[n%7]
}

// on finds the stretch a day belongs to; nil before the first day.
func (l timeline) on(day int64) *stretch {
	after := sort.Search(len(l), func(i int) bool { return l[i].start > day })
	if after == 0 {
		return nil
	}
	return &l[after-1]
}

func (l timeline) spans(day int64) []Span {
	s := l.on(day)
	if s == nil {
		return nil
	}
	return s.day[(day-s.start)%7]
}

// minutesUntil counts the working minutes before a clock time of a day. While
// open it rounds down to the minute.
func (l timeline) minutesUntil(day int64, clock Minute) int64 {
	s := l.on(day)
	if s == nil {
		return 0
	}
	total := s.minutesUntil(day)
	for _, span := range s.day[(day-s.start)%7] {
		total += int64(max(0, min(clock, span.To)-span.From))
	}
	return total
}

// openUntil counts the working days before a day.
func (l timeline) openUntil(day int64) int64 {
	s := l.on(day)
	if s == nil {
		return 0
	}
	return s.openUntil(day)
}

// minute finds working minute n, counted from 0: its day and its beginning.
func (l timeline) minute(n int64) (day int64, clock Minute) {
	// The last stretch that begins with no more than n before it: n lies within.
	after := sort.Search(len(l), func(i int) bool { return l[i].minutesBefore > n })
	s := &l[after-1]
	n -= s.minutesBefore
	day, k := turn(s.start, n, &s.minutes)
	rest := Minute(n%s.minutes[7] - s.minutes[k])
	for _, span := range s.day[k] {
		if length := span.To - span.From; rest >= length {
			rest -= length
			continue
		}
		return day, span.From + rest
	}
	panic("calendar: running totals do not match the hours")
}

// openDay finds working day n, counted from 0.
func (l timeline) openDay(n int64) int64 {
	after := sort.Search(len(l), func(i int) bool { return l[i].openBefore > n })
	s := &l[after-1]
	day, _ := turn(s.start, n-s.openBefore, &s.open)
	return day
}

// turn finds the day in a stretch into which the n-th unit falls, and its
// place k in the seven days.
func turn(start, n int64, totals *[8]int64) (day int64, k int) {
	weeks, rest := n/totals[7], n%totals[7]
	for totals[k+1] <= rest {
		k++
	}
	return start + 7*weeks + int64(k), k
}

func dateOf(day int64) Date { return Of(time.Unix(day*secondsOfDay, 0), time.UTC) }

func weekdayOf(day int64) time.Weekday {
	return time.Unix(day*secondsOfDay, 0).UTC().Weekday()
}

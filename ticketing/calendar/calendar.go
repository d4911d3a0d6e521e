package calendar

import (
	"math"
	"slices"
	"time"
)

// Calendar knows the working time of every agency. Make it with New; its
// fields are for reading, changing them later changes no answer. All methods
// may be called from any goroutine, and all times they return are in Zone.
type Calendar struct {
	Zone  *time.Location
	Hours []Hours
	Days  []Day // as given, expected ones too

	zone     *time.Location
	office   timeline
	agencies map[string]timeline // those that differ from the office
}

// New checks hours and days and makes their calendar. Every mistake is
// reported, joined into one error. Days that are only expected are kept but
// have no effect.
func New(zone *time.Location, hours []Hours, days []Day) (*Calendar, error) {
	hours, days = copied(hours, days)
	if err := check(zone, hours, days); err != nil {
		return nil, err
	}
	c := &Calendar{Zone: zone, Hours: hours, Days: days, zone: zone, agencies: make(map[string]timeline)}
	sure := slices.DeleteFunc(slices.Clone(days), func(d Day) bool { return d.Status == Expected })
	c.office = build("", hours, sure)
	for agency := range agenciesOf(hours, sure) {
		c.agencies[agency] = build(agency, hours, sure)
	}
	return c, nil
}

// copied takes hours and days out of the caller's hands and puts spans in order.
func copied(hours []Hours, days []Day) ([]Hours, []Day) {
	hours, days = slices.Clone(hours), slices.Clone(days)
	for i := range hours {
		for k, spans := range hours[i].Week {
			spans = slices.Clone(spans)
			slices.SortFunc(spans, func(a, b Span) int { return int(a.From - b.From) })
			hours[i].Week[k] = spans
		}
	}
	for i := range days {
		if days[i].Like != nil {
			like := *days[i].Like
			days[i].Like = &like
		}
	}
	return hours, days
}

func agenciesOf(hours []Hours, days []Day) map[string]bool {
	agencies := make(map[string]bool)
	for _, h := range hours {
		agencies[h.Agency] = true
	}
	for _, d := range days {
		agencies[d.Agency] = true
	}
	delete(agencies, "")
	return agencies
}

// Expected lists the days that may become holidays but are not confirmed, for
// a notice to the people who keep the calendar.
func (c *Calendar) Expected() []Day {
	type key struct {
		agency string
		date   Date
	}
	sure := make(map[key]bool)
	for _, d := range c.Days {
		if d.Status != Expected {
			sure[key{d.Agency, d.Date}] = true
		}
	}
	var open []Day
	for _, d := range c.Days {
		if d.Status == Expected && !sure[key{d.Agency, d.Date}] {
			open = append(open, d)
		}
	}
	return open
}

// Open says whether the agency is open at t. At the closing instant it is not.
func (c *Calendar) Open(agency string, t time.Time) bool {
	day, clock, _ := c.wall(t)
	return within(c.line(agency).spans(day), clock)
}

func within(spans []Span, clock Minute) bool {
	for _, s := range spans {
		if s.From <= clock && clock < s.To {
			return true
		}
	}
	return false
}

// NextOpen gives the first moment from t on at which the agency is open: t
// itself when it is open now.
func (c *Calendar) NextOpen(agency string, t time.Time) time.Time {
	line := c.line(agency)
	day, clock, _ := c.wall(t)
	if within(line.spans(day), clock) {
		return t.In(c.zone)
	}
	return c.at(line.minute(line.minutesUntil(day, clock)))
}

// Add gives the moment at which so much working time has passed since t. When
// it falls on a break it is the closing instant before it, never the opening
// after it: four hours from 07:30 with a lunch break from 11:30 is 11:30. No
// or negative working time gives t.
func (c *Calendar) Add(agency string, t time.Time, working time.Duration) time.Time {
	if working <= 0 {
		return t.In(c.zone)
	}
	line := c.line(agency)
	n, rest := c.passed(line, t)
	n += int64(working / time.Minute)
	rest += working % time.Minute
	n += int64(rest / time.Minute)
	rest %= time.Minute
	if rest == 0 { // the end of the minute before, for this one may begin after a break
		day, clock := line.minute(n - 1)
		return c.at(day, clock+1)
	}
	return c.at(line.minute(n)).Add(rest)
}

// manyDays bounds AddDays, some four thousand years away.
const manyDays = 1_000_000

// AddDays counts whole working days. It starts at NextOpen(t) and keeps that
// clock time on the n-th working day after. Where that day has other hours, a
// time before its first opening moves to that opening, and any other time
// outside them back to the closing before it. Less than one day gives
// NextOpen(t).
func (c *Calendar) AddDays(agency string, t time.Time, days int) time.Time {
	start := c.NextOpen(agency, t)
	if days <= 0 {
		return start
	}
	line := c.line(agency)
	day, clock, rest := c.wall(start)
	day = line.openDay(line.openUntil(day) + int64(min(days, manyDays)))
	spans := line.spans(day)
	if within(spans, clock) {
		return c.at(day, clock).Add(rest)
	}
	moved := spans[0].From
	for _, s := range spans {
		if s.To <= clock {
			moved = s.To
		}
	}
	return c.at(day, moved)
}

// Between measures the working time from one moment to another; it is 0 when
// to is not after from, and never more than the longest time.Duration.
func (c *Calendar) Between(agency string, from, to time.Time) time.Duration {
	if !to.After(from) {
		return 0
	}
	line := c.line(agency)
	n, rest := c.passed(line, from)
	m, end := c.passed(line, to)
	if m-n >= int64(math.MaxInt64/time.Minute) {
		return math.MaxInt64
	}
	return max(0, time.Duration(m-n)*time.Minute+end-rest)
}

// WorkingDay says whether the agency opens at all on that date.
func (c *Calendar) WorkingDay(agency string, d Date) bool {
	return len(c.line(agency).spans(d.number())) > 0
}

// Spans are the agency's hours on that date, in order; none on a day off. The
// slice is the caller's own.
func (c *Calendar) Spans(agency string, d Date) []Span {
	return slices.Clone(c.line(agency).spans(d.number()))
}

// passed is the working time before t since the timeline began: whole minutes,
// and the part of the minute that is running.
func (c *Calendar) passed(line timeline, t time.Time) (minutes int64, rest time.Duration) {
	day, clock, rest := c.wall(t)
	if !within(line.spans(day), clock) {
		rest = 0
	}
	return line.minutesUntil(day, clock), rest
}

func (c *Calendar) line(agency string) timeline {
	if c.zone == nil {
		panic("calendar: a Calendar that New has not made")
	}
	if line, ok := c.agencies[agency]; ok {
		return line
	}
	return c.office
}

// wall reads the clock in the calendar's zone: the day's number, the minute,
// and what has passed of it.
func (c *Calendar) wall(t time.Time) (day int64, clock Minute, rest time.Duration) {
	if c.zone == nil {
		panic("calendar: a Calendar that New has not made")
	}
	_, offset := t.In(c.zone).Zone()
	seconds := t.Unix() + int64(offset)
	day = seconds / secondsOfDay
	seconds -= day * secondsOfDay
	if seconds < 0 { // before 1970 division rounds the wrong way
		day--
		seconds += secondsOfDay
	}
	rest = time.Duration(seconds%60)*time.Second + time.Duration(t.Nanosecond())
	return day, Minute(seconds / 60), rest
}

func (c *Calendar) at(day int64, clock Minute) time.Time {
	return time.Date(1970, time.January, 1+int(day), 0, int(clock), 0, 0, c.zone)
}

package calendar

import (
	"errors"
	"fmt"
	"time"
)

// mistakes collects what is wrong, so that all of it is reported together.
type mistakes []error

func (m *mistakes) add(format string, args ...any) { *m = append(*m, fmt.Errorf(format, args...)) }

// check expects the spans of a day in order of their beginning.
func check(zone *time.Location, hours []Hours, days []Day) error {
	var m mistakes
	if zone == nil {
		m.add("no time zone")
	}
	checkHours(&m, hours)
	checkDays(&m, hours, days)
	return errors.Join(m...)
}

func checkHours(m *mistakes, hours []Hours) {
	type key struct {
		agency string
		from   Date
	}
	seen := make(map[key]bool)
	lasting := false // whether the office default goes on for ever
	for _, h := range hours {
		checkPeriod(m, h)
		checkWeek(m, h)
		k := key{h.Agency, h.From}
		if seen[k] {
			m.add("%s: given twice", h.title())
		}
		seen[k] = true
		lasting = lasting || h.Agency == "" && h.To.IsZero()
	}
	if !lasting {
		m.add("no hours for the whole office without a last day: after the last day nothing would ever open")
	}
}

func checkPeriod(m *mistakes, h Hours) {
	for _, d := range [...]Date{h.From, h.To} {
		if !d.IsZero() && !d.real() {
			m.add("%s: %s is not a date", h.title(), d)
		}
	}
	if !h.To.IsZero() && h.To.Before(h.From) {
		m.add("%s: they end on %s, before they begin", h.title(), h.To)
	}
}

func checkWeek(m *mistakes, h Hours) {
	opens := false
	for k, spans := range h.Week {
		weekday := time.Weekday(k)
		for i, s := range spans {
			opens = true
			if s.From < 0 || s.To > endOfDay || s.From >= s.To {
				m.add("%s: %s: %s is not a span within a day", h.title(), weekday, s)
			}
			if i > 0 && s.From < spans[i-1].To {
				m.add("%s: %s: %s and %s overlap", h.title(), weekday, spans[i-1], s)
			}
		}
	}
	if !opens {
		m.add("%s: the week has no opening", h.title())
	}
}

func checkDays(m *mistakes, hours []Hours, days []Day) {
	type key struct {
		agency string
		date   Date
	}
	seen := make(map[key]bool)
	for _, d := range days {
		if d.Date.IsZero() {
			m.add("day without a date")
			continue
		}
		if !d.Date.real() {
			m.add("%s: %s is not a date", d.title(), d.Date)
			continue
		}
		switch d.Status {
		case "", Confirmed:
			k := key{d.Agency, d.Date}
			if seen[k] {
				m.add("%s: given twice", d.title())
			}
			seen[k] = true
		case Expected:
		default:
			m.add("%s: status %q is neither %s nor %s", d.title(), d.Status, Confirmed, Expected)
		}
		if like := d.like(); like < time.Sunday || like > time.Saturday {
			m.add("%s: %d is not a weekday", d.title(), int(like))
		} else if d.Working && len(d.spans(weekOn(d.Agency, d.Date, hours))) == 0 {
			m.add("%s: a working day, but %s has no hours to keep", d.title(), like)
		}
	}
}

func (h Hours) title() string {
	name := "hours of the office"
	if h.Agency != "" {
		name = fmt.Sprintf("hours of %q", h.Agency)
	}
	if !h.From.IsZero() {
		name += " from " + h.From.String()
	}
	return name
}

func (d Day) title() string {
	name := "day " + d.Date.String()
	if d.Agency != "" {
		name += fmt.Sprintf(" of %q", d.Agency)
	}
	return name
}

package ui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/calendar"
	"hotline1022/ticketing/words"
)

// show writes a value for a reader.
func (s *Server) show(lang string, k *adminKind, f adminField, v any) string {
	one := func(v string) string {
		if f.Options == nil {
			return v
		}
		choices := f.Options(s, lang)
		if i := slices.IndexFunc(choices, func(c choice) bool { return c.Value == v }); i >= 0 {
			return choices[i].Label
		}
		return v
	}
	d := doc{f.Name: v}
	switch f.Input {
	case inMulti, inLines, inUnits:
		var out []string
		for _, v := range d.list(f.Name) {
			if f.Input == inUnits {
				v = s.unitName(v)
			}
			out = append(out, one(v))
		}
		return strings.Join(out, ", ")
	case inUnit:
		return s.unitName(d.text(f.Name))
	case inCheck:
		if d.on(f.Name) {
			return words.T(lang, "admin.yes")
		}
		return ""
	case inDate:
		return showDate(d.text(f.Name))
	case inWeek:
		return showWeek(lang, weekOf(v))
	}
	if k.Kind == ticketing.KindLimit && f.Name == "limit" {
		return showLimit(lang, d.text(f.Name))
	}
	return one(d.text(f.Name))
}

func (s *Server) unitName(code string) string {
	if u, ok := s.Desk.Catalog.Current().Atlas.Unit(code); ok {
		return u.FullName
	}
	return code
}

func showDate(s string) string {
	s, _, _ = strings.Cut(s, "T")
	if d, err := calendar.ParseDate(s); err == nil {
		return fmt.Sprintf("%02d/%02d/%d", d.Day, int(d.Month), d.Year)
	}
	return s
}

// showWeek puts days with the same hours together: "T2–T6 07:00-11:30, 13:30-17:00".
func showWeek(lang string, week [7][]string) string {
	short := func(day int) string { return words.T(lang, "admin.weekday."+strconv.Itoa(day)) }
	var out []string
	days := []int{1, 2, 3, 4, 5, 6, 0}
	for i := 0; i < len(days); {
		j := i
		for j+1 < len(days) && slices.Equal(week[days[j+1]], week[days[i]]) {
			j++
		}
		if spans := week[days[i]]; len(spans) > 0 {
			name := short(days[i])
			if j > i {
				name += "–" + short(days[j])
			}
			out = append(out, name+" "+strings.Join(spans, ", "))
		}
		i = j + 1
	}
	return strings.ReplaceAll(strings.Join(out, "; "), "-", "–")
}

// showLimit says 1d4h in words.
func showLimit(lang, s string) string {
	l, err := calendar.ParseLimit(s)
	if err != nil {
		return s
	}
	var parts []string
	for _, p := range []struct {
		n   int
		key string
	}{{l.Days, "admin.days"}, {l.Minutes / 60, "admin.hours"}, {l.Minutes % 60, "admin.minutes"}} {
		if p.n > 0 {
			parts = append(parts, words.T(lang, p.key, p.n))
		}
	}
	return strings.Join(parts, " ")
}

package calendar

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Limit is how long something may take: working days, working minutes, or
// days and then minutes. Its text form, in JSON too, is like 5d, 4h, 30m or
// 1d4h. Eight hours are not a day: a day keeps the clock time, hours run only
// while the office is open.
type Limit struct{ Days, Minutes int }

// The longest limit: ten years of days, or a year of minutes.
const (
	mostDays    = 3650
	mostMinutes = 365 * 24 * 60
)

// ParseLimit reads days, hours and minutes of working time, in that order,
// each at most once, blanks allowed between them.
func ParseLimit(s string) (Limit, error) {
	var l Limit
	units := []struct {
		letter byte
		field  *int
		worth  int
	}{{'d', &l.Days, 1}, {'h', &l.Minutes, 60}, {'m', &l.Minutes, 1}}
	wrong := fmt.Errorf("%.20q is not a limit like 5d, 4h, 30m or 1d4h", s)
	rest, parts := strings.TrimSpace(s), 0
	for _, unit := range units {
		number, after, ok := strings.Cut(rest, string(unit.letter))
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 31)
		if err != nil {
			return Limit{}, wrong
		}
		if n > mostMinutes {
			return Limit{}, fmt.Errorf("%.20q is too long for a limit", s)
		}
		*unit.field += int(n) * unit.worth
		rest, parts = strings.TrimLeft(after, " "), parts+1
	}
	if rest != "" || parts == 0 {
		return Limit{}, wrong
	}
	if l.Days > mostDays || l.Minutes > mostMinutes {
		return Limit{}, fmt.Errorf("%.20q is too long for a limit", s)
	}
	return l, nil
}

// IsZero says whether nothing is allowed for: as a rule, that no limit is set.
func (l Limit) IsZero() bool { return l == Limit{} }

// String reads 1d4h30m; the zero Limit reads 0m.
func (l Limit) String() string {
	var b strings.Builder
	for _, part := range [...]struct {
		n    int
		unit string
	}{{l.Days, "d"}, {l.Minutes / 60, "h"}, {l.Minutes % 60, "m"}} {
		if part.n != 0 {
			b.WriteString(strconv.Itoa(part.n) + part.unit)
		}
	}
	if b.Len() == 0 {
		return "0m"
	}
	return b.String()
}

// MarshalText gives the form of [Limit.String].
func (l Limit) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what [ParseLimit] reads.
func (l *Limit) UnmarshalText(text []byte) error {
	got, err := ParseLimit(string(text))
	if err != nil {
		return err
	}
	*l = got
	return nil
}

// From gives the moment at which the limit is reached when it starts at t. The
// zero Limit gives t.
func (l Limit) From(c *Calendar, agency string, t time.Time) time.Time {
	if l.Days > 0 {
		t = c.AddDays(agency, t, l.Days)
	}
	return c.Add(agency, t, time.Duration(l.Minutes)*time.Minute)
}

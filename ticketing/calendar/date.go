package calendar

import (
	"fmt"
	"time"
)

// Date is a day on the wall calendar, without a time or a zone. The zero Date
// means "no date"; its text form is empty. Others read 2006-01-02, in JSON too.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// Of gives the date on which t falls in loc.
func Of(t time.Time, loc *time.Location) Date {
	y, m, d := t.In(loc).Date()
	return Date{y, m, d}
}

// ParseDate reads 2006-01-02; the day must exist.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1 {
		return Date{}, fmt.Errorf("%.20q is not a date like 2026-04-30", s)
	}
	return Of(t, time.UTC), nil
}

// Weekday of the date.
func (d Date) Weekday() time.Weekday { return d.midnight().Weekday() }

// AddDays counts n calendar days forwards, or backwards when n is negative.
func (d Date) AddDays(n int) Date { return Of(d.midnight().AddDate(0, 0, n), time.UTC) }

// Before says whether d lies before other; the zero Date lies before all others.
func (d Date) Before(other Date) bool {
	if d.Year != other.Year {
		return d.Year < other.Year
	}
	if d.Month != other.Month {
		return d.Month < other.Month
	}
	return d.Day < other.Day
}

// IsZero says whether there is no date.
func (d Date) IsZero() bool { return d == Date{} }

// String reads 2006-01-02, or nothing for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// MarshalText gives the form of [Date.String].
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the form of [Date.String]; empty text is the zero Date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	got, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = got
	return nil
}

func (d Date) midnight() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// real says whether the day exists and has a text form that reads back.
func (d Date) real() bool {
	return d.Year >= 1 && d.Year <= 9999 && Of(d.midnight(), time.UTC) == d
}

// number counts days from 1970-01-01; midnight in UTC divides without rest.
func (d Date) number() int64 { return d.midnight().Unix() / secondsOfDay }

const secondsOfDay = 24 * 60 * 60

package calendar

import (
	"fmt"
	"strings"
	"time"
)

// Minute counts the minutes of a day: 450 is 07:30, 1440 is 24:00.
type Minute int

const endOfDay Minute = 24 * 60

// String reads 07:30.
func (m Minute) String() string { return fmt.Sprintf("%02d:%02d", int(m)/60, int(m)%60) }

// Span is a stretch of opening within one day, From included, To not. Work
// over midnight is two spans: 22:00-24:00 and, on the next day, 00:00-06:00.
// Its text form, in JSON too, is 07:00-11:30.
type Span struct{ From, To Minute }

// ParseSpan reads 07:00-11:30; the end must come after the beginning and may be 24:00.
func ParseSpan(s string) (Span, error) {
	from, to, ok := strings.Cut(s, "-")
	if ok {
		var span Span
		var okFrom, okTo bool
		span.From, okFrom = parseMinute(from)
		span.To, okTo = parseMinute(to)
		if okFrom && okTo && span.From < span.To {
			return span, nil
		}
	}
	return Span{}, fmt.Errorf("%.20q is not a span of hours like 07:00-11:30", s)
}

func parseMinute(s string) (Minute, bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	for _, i := range [...]int{0, 1, 3, 4} {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	hour := int(s[0]-'0')*10 + int(s[1]-'0')
	minute := int(s[3]-'0')*10 + int(s[4]-'0')
	m := Minute(hour*60 + minute)
	return m, minute < 60 && m <= endOfDay
}

// String reads 07:00-11:30.
func (s Span) String() string { return s.From.String() + "-" + s.To.String() }

// MarshalText gives the form of [Span.String].
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [ParseSpan] reads.
func (s *Span) UnmarshalText(text []byte) error {
	got, err := ParseSpan(string(text))
	if err != nil {
		return err
	}
	*s = got
	return nil
}

// Hours are the opening hours of an agency for a while. Agency "" is the
// office default, for every agency without hours of its own on that date. A
// zero From or To leaves that end open. Where two Hours of one agency cover a
// date, the one that began later holds: winter hours lie on top of the usual
// ones, and new hours replace old ones without anybody ending the old.
type Hours struct {
	Agency string    `json:"agency,omitempty"`
	From   Date      `json:"from,omitzero"`
	To     Date      `json:"to,omitzero"` // the last day on which they hold
	Week   [7][]Span `json:"week"`        // by time.Weekday: index 0 is Sunday
}

func (h Hours) covers(d Date) bool {
	return !d.Before(h.From) && (h.To.IsZero() || !h.To.Before(d))
}

// DefaultHours are Monday to Friday 07:00–11:30 and 13:30–17:00, eight hours a
// day: what provincial dossier systems take when nothing else is set.
func DefaultHours() []Hours {
	var h Hours
	for day := time.Monday; day <= time.Friday; day++ {
		h.Week[day] = []Span{{7 * 60, 11*60 + 30}, {13*60 + 30, 17 * 60}}
	}
	return []Hours{h}
}

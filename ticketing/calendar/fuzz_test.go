package calendar

import (
	"testing"
	"time"
)

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2026-04-30", "2026-02-29", "0000-01-01", "2026-4-30", "9999-12-31"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := ParseDate(s); err == nil && (d.String() != s || !d.real()) {
			t.Errorf("%q is read as %s", s, d)
		}
	})
}

func FuzzParseSpan(f *testing.F) {
	for _, s := range []string{"07:00-11:30", "00:00-24:00", "24:00-24:00", "07:60-08:00", "-1:00-02:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if span, err := ParseSpan(s); err == nil && (span.String() != s || span.From >= span.To || span.To > endOfDay) {
			t.Errorf("%q is read as %s", s, span)
		}
	})
}

func FuzzParseLimit(f *testing.F) {
	for _, s := range []string{"5d", "4h", "30m", "1d4h", "1d 4h 5m", "h", "99999999999999999999d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseLimit(s)
		if err != nil {
			return
		}
		if again, err := ParseLimit(l.String()); err != nil || again != l {
			t.Errorf("%q is %s, which is read as %s, %v", s, l, again, err)
		}
	})
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		office(b)
	}
}

func BenchmarkAddOverYears(b *testing.B) {
	c, from := office(b), at(b, "2024-01-02 09:00")
	b.ReportAllocs()
	for b.Loop() {
		c.Add("", from, 5*2000*time.Hour)
	}
}

func BenchmarkAddDays(b *testing.B) {
	c, from := office(b), at(b, "2024-01-02 09:00")
	b.ReportAllocs()
	for b.Loop() {
		c.AddDays("", from, 500)
	}
}

func BenchmarkBetween(b *testing.B) {
	c, from, to := office(b), at(b, "2024-01-02 09:00"), at(b, "2026-12-02 09:00")
	b.ReportAllocs()
	for b.Loop() {
		c.Between("", from, to)
	}
}

package calendar

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawCalendar makes any sound calendar around the year 2026, of two agencies
// and the office.
func drawCalendar(t *rapid.T) *Calendar {
	hours := []Hours{drawHours(t, "", false)}
	for range rapid.IntRange(0, 3).Draw(t, "hours") {
		hours = append(hours, drawHours(t, rapid.SampledFrom(agencies).Draw(t, "agency"), true))
	}
	var days []Day
	for range rapid.IntRange(0, 12).Draw(t, "days") {
		d := Day{
			Date:    drawDate(t),
			Working: rapid.Bool().Draw(t, "working"),
			Status:  rapid.SampledFrom([]string{"", Confirmed, Expected}).Draw(t, "status"),
			Agency:  rapid.SampledFrom(agencies).Draw(t, "agency"),
		}
		if rapid.Bool().Draw(t, "alike") {
			like := time.Weekday(rapid.IntRange(0, 6).Draw(t, "like"))
			d.Like = &like
		}
		days = append(days, d)
	}
	c, err := New(hanoi, hours, days)
	if err != nil {
		t.Skip(err)
	}
	return c
}

var agencies = []string{"", "water", "power"}

func drawHours(t *rapid.T, agency string, dated bool) Hours {
	h := Hours{Agency: agency}
	if dated {
		h.From = drawDate(t)
		if agency != "" || rapid.Bool().Draw(t, "ends") {
			h.To = h.From.AddDays(rapid.IntRange(0, 200).Draw(t, "lasts"))
		}
	}
	h.Week[rapid.IntRange(0, 6).Draw(t, "sure")] = []Span{{540, 600}}
	for k := range h.Week {
		edges := rapid.SliceOfNDistinct(rapid.IntRange(0, 1440), 0, 6, rapid.ID).Draw(t, "edges")
		if len(edges) < 2 {
			continue
		}
		slices.Sort(edges)
		h.Week[k] = nil
		for i := 0; i+1 < len(edges); i += 2 {
			h.Week[k] = append(h.Week[k], Span{Minute(edges[i]), Minute(edges[i+1])})
		}
	}
	return h
}

func drawDate(t *rapid.T) Date {
	return Date{2026, 1, 1}.AddDays(rapid.IntRange(0, 20).Draw(t, "day"))
}

func drawTime(t *rapid.T, name string) time.Time {
	start := time.Date(2025, 12, 20, 0, 0, 0, 0, hanoi)
	step := rapid.SampledFrom([]time.Duration{time.Minute, time.Second, time.Nanosecond}).Draw(t, "grain")
	return start.Add(time.Duration(rapid.Int64Range(0, int64(100*24*time.Hour/step)).Draw(t, name)) * step)
}

func drawWork(t *rapid.T, name string) time.Duration {
	step := rapid.SampledFrom([]time.Duration{30 * time.Minute, time.Minute, time.Nanosecond}).Draw(t, "grain")
	return time.Duration(rapid.Int64Range(0, int64(300*time.Hour/step)).Draw(t, name)) * step
}

func TestAddAndBetweenAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, agency := drawCalendar(t), rapid.SampledFrom(agencies).Draw(t, "who")
		from, a, b := drawTime(t, "from"), drawWork(t, "a"), drawWork(t, "b")
		end := c.Add(agency, from, a)
		if got := c.Between(agency, from, end); got != a {
			t.Fatalf("between %s and %s: %s, not %s", from, end, got, a)
		}
		if got, want := c.Add(agency, end, b), c.Add(agency, from, a+b); !got.Equal(want) {
			t.Fatalf("in two steps %s, in one %s", got, want)
		}
		if a > 0 && c.Between(agency, end.Add(-time.Nanosecond), end) != time.Nanosecond {
			t.Fatalf("%s does not end working time", end)
		}
	})
}

func TestLaterNeverEndsEarlier(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, agency := drawCalendar(t), rapid.SampledFrom(agencies).Draw(t, "who")
		t1, t2 := drawTime(t, "one"), drawTime(t, "two")
		if t2.Before(t1) {
			t1, t2 = t2, t1
		}
		work, days := drawWork(t, "work"), rapid.IntRange(0, 40).Draw(t, "days")
		if c.Add(agency, t2, work).Before(c.Add(agency, t1, work)) {
			t.Fatal("Add runs backwards")
		}
		if c.Add(agency, t1, work+time.Nanosecond).Before(c.Add(agency, t1, work)) {
			t.Fatal("more work ends earlier")
		}
		if c.NextOpen(agency, t2).Before(c.NextOpen(agency, t1)) {
			t.Fatal("NextOpen runs backwards")
		}
		if c.AddDays(agency, t2, days).Before(c.AddDays(agency, t1, days)) {
			t.Fatal("AddDays runs backwards")
		}
		middle := t1.Add(t2.Sub(t1) / 2)
		if c.Between(agency, t1, middle)+c.Between(agency, middle, t2) != c.Between(agency, t1, t2) {
			t.Fatal("the parts are not the whole")
		}
	})
}

// slowSpans reads the rules off the calendar's data, day by day, without any index.
func slowSpans(c *Calendar, agency string, d Date) []Span {
	var week *[7][]Span
	for _, who := range []string{agency, ""} {
		var begun Date
		for i, h := range c.Hours {
			in := (h.From.IsZero() || !d.Before(h.From)) && (h.To.IsZero() || !h.To.Before(d))
			if h.Agency == who && in && (week == nil || begun.Before(h.From)) {
				week, begun = &c.Hours[i].Week, h.From
			}
		}
		if week != nil {
			break
		}
	}
	for _, who := range []string{agency, ""} {
		for _, day := range c.Days {
			if day.Agency != who || day.Date != d || day.Status == Expected {
				continue
			}
			if !day.Working {
				return nil
			}
			like := time.Monday
			if day.Like != nil {
				like = *day.Like
			}
			if len(week[like]) > 0 {
				return week[like]
			}
			return week[d.Weekday()]
		}
	}
	return week[d.Weekday()]
}

func TestTheIndexAgreesWithAWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, agency := drawCalendar(t), rapid.SampledFrom(agencies).Draw(t, "who")
		from, to := drawTime(t, "from"), drawTime(t, "to")
		if to.Before(from) {
			from, to = to, from
		}
		var total time.Duration
		var next time.Time
		for d := Of(from, hanoi); !Of(to, hanoi).Before(d); d = d.AddDays(1) {
			spans := slowSpans(c, agency, d)
			if got := c.Spans(agency, d); fmt.Sprint(got) != fmt.Sprint(spans) {
				t.Fatalf("%s: got %v, want %v", d, got, spans)
			}
			for _, s := range spans {
				opens, closes := moment(d, s.From), moment(d, s.To)
				if opens.Before(from) {
					opens = from
				}
				if next.IsZero() && opens.Before(closes) {
					next = opens
				}
				if closes.After(to) {
					closes = to
				}
				total += max(0, closes.Sub(opens))
			}
		}
		if got := c.Between(agency, from, to); got != total {
			t.Fatalf("between %s and %s: got %s, want %s", from, to, got, total)
		}
		if !next.IsZero() && !c.NextOpen(agency, from).Equal(next) {
			t.Fatalf("after %s: opens %s, not %s", from, c.NextOpen(agency, from), next)
		}
		if open := next.Equal(from); c.Open(agency, from) != open {
			t.Fatalf("%s: open is %t", from, !open)
		}
	})
}

func TestWorkingDaysAgreeWithAWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, agency := drawCalendar(t), rapid.SampledFrom(agencies).Draw(t, "who")
		from, days := drawTime(t, "from"), rapid.IntRange(1, 60).Draw(t, "days")
		start := c.NextOpen(agency, from)
		d := Of(start, hanoi)
		for left := days; left > 0; {
			if d = d.AddDays(1); len(slowSpans(c, agency, d)) > 0 {
				left--
			}
		}
		got := c.AddDays(agency, from, days)
		closing := got.Add(-time.Nanosecond) // 24:00 belongs to the day before
		if Of(got, hanoi) != d && Of(closing, hanoi) != d {
			t.Fatalf("%d days after %s: got %s, want %s", days, start, got, d)
		}
		h1, m1, s1 := start.Clock()
		h2, m2, s2 := got.Clock()
		if kept := h1 == h2 && m1 == m2 && s1 == s2; !kept && within(slowSpans(c, agency, d), Minute(h1*60+m1)) {
			t.Fatalf("the clock time of %s is lost: %s", start, got)
		}
		if !c.Open(agency, got) && !c.Open(agency, closing) {
			t.Fatalf("%s is outside the hours", got)
		}
	})
}

func moment(d Date, m Minute) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, int(m), 0, 0, hanoi)
}

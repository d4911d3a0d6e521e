package calendar

import (
	"encoding/json"
	"math"
	"strings"
	"sync"
	"testing"
	"time"
)

// hanoi needs no time zone data on the machine.
var hanoi = time.FixedZone("+07", 7*60*60)

func office(t testing.TB) *Calendar {
	t.Helper()
	c, err := New(hanoi, DefaultHours(), Holidays())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	got, err := time.ParseInLocation("2006-01-02 15:04:05", (s + ":00")[:19], hanoi)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func same(t *testing.T, what string, got time.Time, want string) {
	t.Helper()
	if !got.Equal(at(t, want)) {
		t.Errorf("%s: got %s, want %s", what, got.Format("Mon 2006-01-02 15:04:05"), want)
	}
}

func TestWorkingDaysKeepTheClockTime(t *testing.T) {
	c := office(t)
	for _, v := range []struct {
		from string
		days int
		want string
	}{
		{"2026-04-24 16:00", 1, "2026-04-28 16:00"}, // Monday off in lieu of a Sunday
		{"2025-04-25 10:00", 1, "2025-04-26 10:00"}, // working Saturday
		{"2026-08-21 15:00", 1, "2026-08-22 15:00"}, // working Saturday
		{"2026-08-21 15:00", 2, "2026-08-24 15:00"},
		{"2024-05-03 09:00", 1, "2024-05-04 09:00"},
		{"2026-01-09 09:00", 1, "2026-01-10 09:00"},
		{"2026-01-16 09:00", 1, "2026-01-19 09:00"}, // an ordinary Saturday is off
		{"2026-04-24 17:00", 1, "2026-04-29 07:00"}, // after closing: counts from the next opening
		{"2026-04-22 12:00", 1, "2026-04-23 13:30"}, // in the lunch gap: counts from the afternoon
		{"2026-04-22 05:00", 1, "2026-04-23 07:00"},
		{"2026-02-13 16:59:59", 1, "2026-02-23 16:59:59"}, // over Tết
		{"2026-04-25 10:00", 0, "2026-04-28 07:00"},
		{"2026-04-24 10:00", 0, "2026-04-24 10:00"},
		{"2026-04-24 10:00", -3, "2026-04-24 10:00"},
	} {
		same(t, v.from, c.AddDays("", at(t, v.from), v.days), v.want)
	}
}

func TestAnHolidayStartsTheClockAtTheNextOpening(t *testing.T) {
	c := office(t)
	for moment := at(t, "2025-04-30 00:00"); moment.Before(at(t, "2025-05-05 07:00")); moment = moment.Add(7 * time.Minute) {
		same(t, moment.String(), c.NextOpen("", moment), "2025-05-05 07:00")
	}
	same(t, "at the opening", c.NextOpen("", at(t, "2025-05-05 07:00")), "2025-05-05 07:00")
	same(t, "while open", c.NextOpen("", at(t, "2025-05-05 07:00:01")), "2025-05-05 07:00:01")
}

func TestHoursRollOverLunchNightsAndDaysOff(t *testing.T) {
	c := office(t)
	for _, v := range []struct {
		from    string
		working time.Duration
		want    string
	}{
		{"2026-04-22 07:30", 4 * time.Hour, "2026-04-22 11:30"}, // the closing, not the opening after it
		{"2026-04-22 07:30", 4*time.Hour + time.Second, "2026-04-22 13:30:01"},
		{"2026-04-22 11:00", time.Hour, "2026-04-22 14:00"},
		{"2026-04-22 16:30", time.Hour, "2026-04-23 07:30"},
		{"2026-04-22 17:00", time.Hour, "2026-04-23 08:00"},
		{"2026-04-22 12:00", 8 * time.Hour, "2026-04-23 11:30"},
		{"2026-04-22 07:00", 8 * time.Hour, "2026-04-22 17:00"},
		{"2026-04-24 16:00", 8 * time.Hour, "2026-04-28 16:00"},
		{"2025-04-25 16:00", 2 * time.Hour, "2025-04-26 08:00"}, // into a working Saturday
		{"2025-05-01 10:00", 30 * time.Minute, "2025-05-05 07:30"},
		{"2026-04-25 10:00", 0, "2026-04-25 10:00"},
		{"2026-04-25 10:00", -time.Hour, "2026-04-25 10:00"},
	} {
		got := c.Add("", at(t, v.from), v.working)
		same(t, v.from, got, v.want)
		if back := c.Between("", at(t, v.from), got); back != max(0, v.working) {
			t.Errorf("between %s and %s: got %s, want %s", v.from, v.want, back, v.working)
		}
	}
}

func TestBetweenNeverRunsBackwardsOrOver(t *testing.T) {
	c := office(t)
	if got := c.Between("", at(t, "2026-04-23 10:00"), at(t, "2026-04-22 10:00")); got != 0 {
		t.Errorf("backwards: %s", got)
	}
	ages := c.Between("", time.Date(-100, 1, 1, 0, 0, 0, 0, hanoi), time.Date(90000, 1, 1, 0, 0, 0, 0, hanoi))
	if ages != math.MaxInt64 {
		t.Errorf("ninety thousand years: %s", ages)
	}
}

func TestFarAwayMomentsHaveAnswers(t *testing.T) {
	c := office(t)
	if got := c.NextOpen("", time.Time{}.AddDate(-50, 0, 0)); got.Year() != 1 {
		t.Errorf("before the first year: %s", got)
	}
	if got := c.Add("", at(t, "2026-04-22 07:00"), math.MaxInt64); got.Year() < 3200 {
		t.Errorf("the longest duration: %s", got)
	}
	if got := c.AddDays("", at(t, "2026-04-22 07:00"), math.MaxInt); got.Year() < 5000 {
		t.Errorf("the most days: %s", got)
	}
	same(t, "before 1970", c.NextOpen("", at(t, "1969-12-31 18:30:30")), "1970-01-01 07:00")
	same(t, "open before 1970", c.NextOpen("", at(t, "1969-12-31 16:30:30")), "1969-12-31 16:30:30")
}

func TestTheZoneOfTheQuestionDoesNotMatter(t *testing.T) {
	zones := []*time.Location{time.UTC, hanoi, time.FixedZone("", -11*60*60)}
	if vn, err := time.LoadLocation("Asia/Ho_Chi_Minh"); err == nil {
		zones = append(zones, vn)
	}
	c := office(t)
	moment := at(t, "2026-04-24 06:30") // still the day before in most of them
	for _, zone := range zones {
		got := c.AddDays("", moment.In(zone), 1)
		same(t, zone.String(), got, "2026-04-28 07:00")
		if got.Location() != hanoi {
			t.Errorf("%s: the answer is in %s", zone, got.Location())
		}
	}
	inUTC, err := New(time.UTC, DefaultHours(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if inUTC.Open("", at(t, "2026-04-22 10:00")) || !inUTC.Open("", at(t, "2026-04-22 15:00")) {
		t.Error("hours are read in the zone of the calendar")
	}
}

func TestAgenciesHaveTheirOwnHoursAndDays(t *testing.T) {
	friday := time.Friday
	var market, winter, short Hours
	market.Agency = "market"
	for day := time.Tuesday; day <= time.Saturday; day++ {
		market.Week[day] = []Span{{8 * 60, 12 * 60}}
	}
	winter = Hours{From: Date{2026, 11, 1}, To: Date{2027, 2, 28}}
	short = Hours{Agency: "desk", From: Date{2026, 6, 1}, To: Date{2026, 6, 30}}
	for day := time.Monday; day <= time.Friday; day++ {
		winter.Week[day] = []Span{{13 * 60, 17 * 60}, {7*60 + 30, 11*60 + 30}} // out of order on purpose
		short.Week[day] = []Span{{9 * 60, 10 * 60}}
	}
	short.Week[time.Friday] = []Span{{9 * 60, 15 * 60}}
	c, err := New(hanoi, append(DefaultHours(), market, winter, short), []Day{
		{Date: Date{2026, 6, 8}, Working: true, Agency: "desk", Name: "but not here"},
		{Date: Date{2026, 6, 8}, Name: "day off for all"}, // in either order
		{Date: Date{2026, 6, 10}, Name: "day off for all"},
		{Date: Date{2026, 6, 10}, Working: true, Agency: "desk", Name: "but not here"},
		{Date: Date{2026, 6, 13}, Working: true, Like: &friday, Name: "like a Friday"},
		{Date: Date{2026, 6, 20}, Working: true, Name: "like a Monday"},
		{Date: Date{2026, 6, 9}, Agency: "power", Name: "own day off, office hours"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		agency, date, want string
	}{
		{"", "2026-06-05", "07:00-11:30 13:30-17:00"},
		{"nobody knows it", "2026-06-05", "07:00-11:30 13:30-17:00"},
		{"market", "2026-06-05", "08:00-12:00"},
		{"market", "2026-06-01", ""},
		{"desk", "2026-06-05", "09:00-15:00"},
		{"desk", "2026-05-29", "07:00-11:30 13:30-17:00"}, // before its own hours begin
		{"desk", "2026-07-01", "07:00-11:30 13:30-17:00"}, // after they end
		{"", "2026-06-08", ""},
		{"desk", "2026-06-08", "09:00-10:00"},
		{"desk", "2026-06-10", "09:00-10:00"},
		{"desk", "2026-06-13", "09:00-15:00"},
		{"desk", "2026-06-20", "09:00-10:00"},
		{"market", "2026-06-20", "08:00-12:00"}, // never works on Mondays: keeps its Saturday
		{"power", "2026-06-09", ""},
		{"power", "2026-06-11", "07:00-11:30 13:30-17:00"},
		{"", "2026-10-30", "07:00-11:30 13:30-17:00"},
		{"", "2026-11-02", "07:30-11:30 13:00-17:00"},
		{"", "2027-02-26", "07:30-11:30 13:00-17:00"},
		{"", "2027-03-01", "07:00-11:30 13:30-17:00"},
	} {
		d, err := ParseDate(v.date)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range c.Spans(v.agency, d) {
			got = append(got, s.String())
		}
		if s := strings.Join(got, " "); s != v.want || c.WorkingDay(v.agency, d) != (v.want != "") {
			t.Errorf("%q on %s: got %q, want %q", v.agency, v.date, s, v.want)
		}
	}
	// A clock time that the target day does not have.
	same(t, "past closing", c.AddDays("desk", at(t, "2026-06-12 14:00"), 2), "2026-06-15 10:00")
	same(t, "in a gap", c.AddDays("", at(t, "2027-02-26 13:10"), 1), "2027-03-01 11:30")
	same(t, "before opening", c.AddDays("", at(t, "2026-10-30 07:10"), 1), "2026-11-02 07:30")
}

func TestExpectedDaysCountOnlyWhenConfirmed(t *testing.T) {
	culture := Date{2026, time.November, 24}
	c := office(t)
	if !c.WorkingDay("", culture) {
		t.Error("an expected day is already off")
	}
	if e := c.Expected(); len(e) != 1 || e[0].Date != culture || e[0].NameEN == "" {
		t.Errorf("expected days: %v", e)
	}
	days, err := Confirm(Holidays(), culture)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = New(hanoi, DefaultHours(), days); err != nil {
		t.Fatal(err)
	}
	if c.WorkingDay("", culture) || len(c.Expected()) != 0 {
		t.Error("a confirmed day is still expected")
	}
	if _, err := Confirm(Holidays(), Date{2026, 11, 25}); err == nil {
		t.Error("a mistyped date is confirmed")
	}
	// An office's own day in place of the expected one.
	if c, err = New(hanoi, DefaultHours(), append(Holidays(), Day{Date: culture})); err != nil {
		t.Fatal(err)
	}
	if c.WorkingDay("", culture) || len(c.Expected()) != 0 {
		t.Error("the office's own day is not preferred")
	}
}

func TestHolidaysAreAsAnnounced(t *testing.T) {
	want := map[int]string{
		2024: "01-01 02-08 02-09 02-12 02-13 02-14 04-18 04-29 04-30 05-01 +05-04=Monday 09-02 09-03",
		2025: "01-01 01-27 01-28 01-29 01-30 01-31 04-07 +04-26=Friday 04-30 05-01 05-02 09-01 09-02",
		2026: "01-01 01-02 +01-10=Friday 02-16 02-17 02-18 02-19 02-20 04-27 04-30 05-01 +08-22=Monday 08-31 09-01 09-02 ?11-24",
	}
	got := map[int]string{}
	for _, d := range Holidays() {
		s := d.Date.String()[5:]
		if d.Working {
			s = "+" + s + "=" + d.Like.String()
		}
		if d.Status == Expected {
			s = "?" + s
		}
		got[d.Date.Year] = strings.TrimSpace(got[d.Date.Year] + " " + s)
		if weekend := d.Date.Weekday()%6 == 0; weekend != d.Working {
			t.Errorf("%s is a %s", d.Date, d.Date.Weekday())
		}
		if d.Name == "" || d.NameEN == "" || d.Status == "" || d.Agency != "" {
			t.Errorf("%s is incomplete", d.Date)
		}
	}
	for year, days := range want {
		if got[year] != days {
			t.Errorf("%d:\n got %s\nwant %s", year, got[year], days)
		}
	}
}

func TestNewReportsEveryMistake(t *testing.T) {
	var bad Hours
	bad.Agency, bad.From, bad.To = "x", Date{2026, 5, 1}, Date{2026, 4, 1}
	bad.Week[1] = []Span{{600, 700}, {690, 800}}
	bad.Week[2] = []Span{{700, 600}}
	bad.Week[3] = []Span{{600, 1500}}
	empty := Hours{Agency: "closed", From: Date{2026, 2, 30}}
	ending := DefaultHours()[0]
	ending.To = Date{2030, 1, 1}
	eight := time.Weekday(8)
	_, err := New(nil, []Hours{bad, empty, ending, ending}, []Day{
		{Date: Date{2026, 2, 29}},
		{Date: Date{2026, 3, 2}},
		{Date: Date{2026, 3, 2}, Status: Confirmed},
		{Date: Date{2026, 3, 2}, Status: Expected},
		{Date: Date{2026, 3, 3}, Status: "perhaps"},
		{Date: Date{2026, 3, 7}, Working: true, Like: &eight},
		{Date: Date{2031, 3, 8}, Working: true},
		{Date: Date{}},
	})
	if err == nil {
		t.Fatal("no mistake found")
	}
	want := []string{
		`no time zone`,
		`hours of "x" from 2026-05-01: they end on 2026-04-01, before they begin`,
		`hours of "x" from 2026-05-01: Monday: 10:00-11:40 and 11:30-13:20 overlap`,
		`hours of "x" from 2026-05-01: Tuesday: 11:40-10:00 is not a span within a day`,
		`hours of "x" from 2026-05-01: Wednesday: 10:00-25:00 is not a span within a day`,
		`hours of "closed" from 2026-02-30: 2026-02-30 is not a date`,
		`hours of "closed" from 2026-02-30: the week has no opening`,
		`hours of the office: given twice`,
		`no hours for the whole office without a last day: after the last day nothing would ever open`,
		`day 2026-02-29: 2026-02-29 is not a date`,
		`day 2026-03-02: given twice`,
		`day 2026-03-03: status "perhaps" is neither confirmed nor expected`,
		`day 2026-03-07: 8 is not a weekday`,
		`day 2031-03-08: a working day, but Monday has no hours to keep`,
		`day without a date`,
	}
	if got := err.Error(); got != strings.Join(want, "\n") {
		t.Errorf("got:\n%s", got)
	}
	if _, err := New(hanoi, nil, nil); err == nil {
		t.Error("a calendar without hours")
	}
}

func TestACalendarBelongsToNobody(t *testing.T) {
	hours, days := DefaultHours(), Holidays()
	c, err := New(hanoi, hours, days)
	if err != nil {
		t.Fatal(err)
	}
	hours[0].Week[1][0] = Span{}
	days[0].Working = true
	c.Spans("", Date{2026, 4, 22})[0] = Span{}
	c.Hours, c.Days, c.Zone = nil, nil, nil
	same(t, "after the change", c.AddDays("", at(t, "2023-12-29 09:00"), 1), "2024-01-02 09:00")
	same(t, "after the change", c.Add("", at(t, "2026-04-20 06:00"), time.Hour), "2026-04-20 08:00")
}

func TestManyAskAtOnce(t *testing.T) {
	c := office(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for d := range 200 {
				c.Add("", at(t, "2026-04-22 07:30"), time.Duration(d)*time.Hour)
			}
		})
	}
	all.Wait()
}

func TestNothingIsAllocated(t *testing.T) {
	c := office(t)
	from := at(t, "2026-04-22 07:30")
	if n := testing.AllocsPerRun(100, func() {
		to := c.Add("desk", from, 10000*time.Hour)
		c.Between("desk", from, c.AddDays("desk", c.NextOpen("desk", to), 7))
		c.Open("desk", to)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestJSONForms(t *testing.T) {
	friday := time.Friday
	in := struct {
		Hours Hours
		Day   Day
		Limit Limit
	}{DefaultHours()[0], Day{Date: Date{2026, 1, 10}, Working: true, Like: &friday, Name: "Làm bù"}, Limit{1, 90}}
	in.Hours.To = Date{2026, 12, 31}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"Hours":{"to":"2026-12-31","week":[null,` +
		`["07:00-11:30","13:30-17:00"],["07:00-11:30","13:30-17:00"],["07:00-11:30","13:30-17:00"],` +
		`["07:00-11:30","13:30-17:00"],["07:00-11:30","13:30-17:00"],null]},` +
		`"Day":{"date":"2026-01-10","working":true,"like":5,"name":"Làm bù"},"Limit":"1d1h30m"}`
	if string(text) != want {
		t.Errorf("got %s", text)
	}
	out := in
	out.Hours.To, out.Day.Date, out.Limit = Date{}, Date{}, Limit{}
	if err := json.Unmarshal(text, &out); err != nil || out.Hours.To != in.Hours.To || out.Day.Date != in.Day.Date || out.Limit != in.Limit {
		t.Errorf("read back %+v, %v", out, err)
	}
	for _, wrong := range []string{`{"Hours":{"to":"31/12/2026"}}`, `{"Hours":{"week":[["7:00-11:30"]]}}`, `{"Limit":"soon"}`} {
		if json.Unmarshal([]byte(wrong), &out) == nil {
			t.Errorf("%s is accepted", wrong)
		}
	}
}

func TestDates(t *testing.T) {
	d := Date{2024, time.February, 28}
	if got := d.AddDays(2); got != (Date{2024, 3, 1}) || !d.Before(got) || got.Before(d) || d.Before(d) {
		t.Errorf("two days on: %s", got)
	}
	if got := d.AddDays(-59); got != (Date{2023, 12, 31}) || !got.Before(d) {
		t.Errorf("back: %s", got)
	}
	if d.Weekday() != time.Wednesday || !(Date{}).IsZero() || (Date{}).String() != "" {
		t.Error("weekday or zero")
	}
	if got := Of(time.Date(2026, 4, 22, 18, 0, 0, 0, time.UTC), hanoi); got != (Date{2026, 4, 23}) {
		t.Errorf("in Hanoi it is already %s", got)
	}
}

func TestLimits(t *testing.T) {
	c := office(t)
	for _, v := range []struct{ text, canonical, want string }{
		{"1d", "1d", "2026-04-28 16:00"},
		{"8h", "8h", "2026-04-28 16:00"},
		{"30m", "30m", "2026-04-24 16:30"},
		{"90m", "1h30m", "2026-04-28 07:30"},
		{"1d 2h", "1d2h", "2026-04-29 08:00"},
		{"0m", "0m", "2026-04-24 16:00"},
		{" 0d0h ", "0m", "2026-04-24 16:00"},
	} {
		l, err := ParseLimit(v.text)
		if err != nil || l.String() != v.canonical || l.IsZero() != (v.canonical == "0m") {
			t.Errorf("%q: %v, %v", v.text, l, err)
		}
		same(t, v.text, l.From(c, "", at(t, "2026-04-24 16:00")), v.want)
	}
	for _, wrong := range []string{"", "5", "d", "-1d", "1h1d", "1d1d", "1.5h", "5 d", "9999999999d", "4000d", "9000h", "1d x", "５d"} {
		if l, err := ParseLimit(wrong); err == nil {
			t.Errorf("%q is read as %s", wrong, l)
		}
	}
}

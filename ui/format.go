package ui

import (
	"fmt"
	"hash/fnv"
	"html/template"
	"strconv"
	"strings"
	"time"
	"unicode"

	"hotline1022/ticketing"
	"hotline1022/ticketing/calendar"
	"hotline1022/ticketing/words"
)

// format writes times and numbers as people of one language do, in the country's time zone.
type format struct {
	lang string
	now  func() time.Time
}

func (f format) t(key string, args ...any) string { return words.T(f.lang, key, args...) }

// clock is 14:05.
func (f format) clock(t time.Time) string { return t.In(ticketing.Zone).Format("15:04") }

// day is 23/11/2026.
func (f format) day(t time.Time) string { return t.In(ticketing.Zone).Format("02/01/2006") }

// moment is "14:05, thứ Hai 23/11/2026".
func (f format) moment(t time.Time) string { return ticketing.Moment(f.lang, t) }

// ago is how people say a time that has passed: "5 phút trước", "hôm qua 14:05", else the date.
func (f format) ago(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	now := f.now()
	passed := now.Sub(t)
	l, n := t.In(ticketing.Zone), now.In(ticketing.Zone)
	switch yesterday := n.AddDate(0, 0, -1); {
	case passed < 0:
		return f.moment(t)
	case passed < time.Minute:
		return f.t("time.just_now")
	case passed < time.Hour:
		return f.t("time.minutes_ago", int(passed.Minutes()))
	case l.Format(time.DateOnly) == n.Format(time.DateOnly):
		return f.t("time.hours_ago", int(passed.Hours()))
	case l.Format(time.DateOnly) == yesterday.Format(time.DateOnly):
		return f.t("time.yesterday", l.Format("15:04"))
	case l.Year() == n.Year():
		return l.Format("15:04 02/01")
	}
	return l.Format("02/01/2006")
}

// when is ago with the exact moment for pointers, screen readers' users and print.
func (f format) when(t time.Time) template.HTML {
	if t.IsZero() {
		return ""
	}
	return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `" title="` +
		template.HTMLEscapeString(f.moment(t)) + `">` + template.HTMLEscapeString(f.ago(t)) + `</time>`)
}

// left is the working time until due: "còn 3 giờ 20 phút làm việc", "còn 4 ngày làm việc", "trễ 1 giờ làm việc".
func (f format) left(c *calendar.Calendar, due time.Time) string {
	if due.IsZero() {
		return ""
	}
	now := f.now()
	if due.After(now) {
		return f.t("time.left", f.span(c, now, due))
	}
	return f.t("time.late", f.span(c, due, now))
}

// span is the working time between two moments in the two largest units that say something.
func (f format) span(c *calendar.Calendar, from, to time.Time) string {
	days := 0
	for days < 400 && !c.AddDays("", from, days+1).After(to) {
		days++
	}
	if days > 0 {
		return f.t("time.days", days)
	}
	left := c.Between("", from, to).Round(time.Minute)
	hours, minutes := int(left.Hours()), int(left.Minutes())%60
	switch {
	case hours > 0 && minutes > 0:
		return f.t("time.hours_minutes", hours, minutes)
	case hours > 0:
		return f.t("time.hours", hours)
	}
	return f.t("time.minutes", minutes)
}

// urge is the class of a deadline: late, soon (less than a working day), or fine.
func (f format) urge(c *calendar.Calendar, due time.Time) string {
	now := f.now()
	switch {
	case due.IsZero():
		return "none"
	case !due.After(now):
		return "late"
	case c.Between("", now, due) < 8*time.Hour:
		return "soon"
	}
	return "fine"
}

// number is 1.234.567, in English 1,234,567.
func (f format) number(n any) string {
	s := fmt.Sprint(n)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "−", s[1:]
	}
	dot := "."
	if f.lang == words.English {
		dot = ","
	}
	var b strings.Builder
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteString(dot)
		}
		b.WriteRune(c)
	}
	return sign + b.String()
}

// size is 340 KB or 2,4 MB.
func (f format) size(n int64) string {
	if n < 1<<20 {
		return strconv.FormatInt((n+1023)>>10, 10) + " KB"
	}
	s := strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64)
	if f.lang != words.English {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s + " MB"
}

// initial is the letter of an avatar: Vietnamese people are called by the last of their names.
func initial(name string) string {
	parts := strings.Fields(name)
	if len(parts) == 0 {
		return "?"
	}
	for _, r := range parts[len(parts)-1] {
		return string(unicode.ToUpper(r))
	}
	return "?"
}

// hue is one of the six colours of avatars, always the same for the same name.
func hue(name string) int {
	h := fnv.New32a()
	h.Write([]byte(name)) // never fails
	return int(h.Sum32() % 6)
}

// lines keeps a writer's line ends; the words themselves are escaped.
func lines(s string) template.HTML {
	return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(strings.TrimSpace(s)), "\n", "<br>"))
}

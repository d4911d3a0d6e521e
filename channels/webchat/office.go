package webchat

import (
	"context"
	"strconv"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/calendar"
	"hotline1022/ticketing/words"
)

// office is whether somebody is there, and if not, when an answer can be expected.
type office struct {
	State string `json:"state"` // open, away (in hours, nobody signed in), closed
	Title string `json:"title"`
	Text  string `json:"text,omitempty"`
}

func (c *Channel) office(ctx context.Context, lang string) office {
	now, hours := c.now(), c.Desk.Catalog.Current().Calendar
	o := office{State: "open"}
	switch {
	case !hours.Open("", now):
		o.State = "closed"
		o.Text = words.T(lang, "webchat.office.closed.text", moment(hours.NextOpen("", now), lang))
	case c.Staffed != nil && !c.Staffed(ctx):
		o.State = "away"
		o.Text = words.T(lang, "webchat.office.away.text", lastHour(hours, now))
	}
	o.Title = words.T(lang, "webchat.office."+o.State)
	return o
}

// lastHour is when the office closes today.
func lastHour(hours *calendar.Calendar, now time.Time) string {
	spans := hours.Spans("", calendar.Of(now, ticketing.Zone))
	if len(spans) == 0 {
		return ""
	}
	return spans[len(spans)-1].To.String()
}

// moment is "07:30, thứ Hai 23/11/2026".
func moment(t time.Time, lang string) string {
	l := t.In(ticketing.Zone)
	return words.T(lang, "time.moment", l.Format("15:04"), words.T(lang, "time.weekday."+strconv.Itoa(int(l.Weekday()))), l.Format("02/01/2006"))
}

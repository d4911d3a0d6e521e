package telegram

import (
	"context"
	"strconv"
	"strings"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// track is what the citizen's page tells who holds the code and nothing else: how far the ticket is, whose turn it is,
// by when, and the answer if it was published. What was written is on the page, behind the last digits of her number.
func (c *Channel) track(ctx context.Context, chat int64, typed string) (string, error) {
	if typed == "" {
		return vi("telegram.track.how"), nil
	}
	if !c.guards.mayGuess(chat, c.now()) {
		return vi("telegram.track.too_many"), nil
	}
	code, ok := text.ParseCode(typed)
	if !ok {
		c.guards.wrong(chat, c.now())
		return vi("track.no_such_code"), nil
	}
	t, _, err := c.Desk.Held(ctx, ticketing.Code(code))
	if ticketing.ClassOf(err) == ticketing.NotFound {
		c.guards.wrong(chat, c.now())
		return vi("track.no_such_code"), nil
	}
	if err != nil {
		return "", err
	}
	lines := []string{vi("telegram.track.title", text.ShowCode(code), vi("status."+string(t.Status)))}
	if t.Joined() {
		lead, _, err := c.Desk.Held(ctx, t.Into)
		if err != nil {
			return "", err
		}
		lines = append(lines, vi("track.merged"), fact("track.merged_status", vi("status."+string(lead.Status))))
		if lead.Status.Open() {
			lines = append(lines, fact("track.holder", c.Desk.Holder(lead, words.Vietnamese)))
		}
		if !t.Promised.IsZero() {
			lines = append(lines, fact("track.promised", moment(t.Promised)))
		}
	} else {
		lines = append(lines, c.state(t)...)
	}
	lines = append(lines, c.particulars(t)...)
	return strings.Join(append(lines, "", vi("telegram.track.more", c.Desk.TrackURL(t.Code))), "\n"), nil
}

// state says how far the ticket is and by when.
func (c *Channel) state(t ticketing.Ticket) []string {
	lines := []string{vi("next." + string(t.Status)), ""}
	if t.Status.Open() {
		holder := c.Desk.Holder(t, words.Vietnamese) + " (" + vi("track.since", moment(t.Since)) + ")"
		lines = append(lines, fact("track.holder", holder))
		if !t.Promised.IsZero() {
			lines = append(lines, fact("track.promised", moment(t.Promised)))
		}
		if !t.Due.IsZero() && !t.Due.Equal(t.Promised) {
			key := "track.due"
			if t.Extensions > 0 {
				key = "track.extended"
			}
			lines = append(lines, fact(key, moment(t.Due)))
		}
		switch {
		case t.Status == ticketing.Waiting:
			lines = append(lines, vi("track.clock_stands"))
		case t.OverdueAt(c.now()):
			lines = append(lines, vi("track.sorry"))
		}
	}
	if t.Outcome != "" {
		lines = append(lines, fact("track.outcome", vi("outcome."+string(t.Outcome))))
	}
	return lines
}

func (c *Channel) particulars(t ticketing.Ticket) []string {
	lines := []string{fact("track.received", moment(t.Received)+" · "+vi("channel."+string(t.Channel)))}
	if cat, ok := c.Desk.Catalog.Current().Categories[t.Category]; ok {
		lines = append(lines, fact("track.category", cat.Title(words.Vietnamese)))
	}
	if t.Place != "" {
		lines = append(lines, fact("track.place", t.Place))
	}
	if t.Published && t.Answer != "" {
		lines = append(lines, "", fact("track.answer", "\n"+t.Answer))
	}
	return lines
}

func vi(key string, args ...any) string { return words.T(words.Vietnamese, key, args...) }

func fact(key, value string) string { return vi("telegram.track.fact", vi(key), value) }

// moment is “14:05, thứ Hai 23/11/2026”.
func moment(t time.Time) string {
	l := t.In(ticketing.Zone)
	return vi("time.moment", l.Format("15:04"), vi("time.weekday."+strconv.Itoa(int(l.Weekday()))), l.Format("02/01/2006"))
}

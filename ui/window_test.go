package ui

import (
	"testing"
	"time"

	"hotline1022/ticketing"
)

func TestHowLongAPlatformLetsUsWrite(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, ticketing.Zone)
	events := []ticketing.Event{
		{Kind: ticketing.Received, At: at.Add(-90 * 24 * time.Hour)},
		{Kind: ticketing.Said, Channel: ticketing.Zalo, At: at},
		{Kind: ticketing.Messaged, At: at.Add(time.Hour)},                                          // ours opens nothing
		{Kind: ticketing.Said, Channel: ticketing.Web, At: at.Add(2 * time.Hour)},                  // nor does what came by another door
		{Kind: ticketing.SendDelivered, Channel: ticketing.Zalo, At: at.Add(100 * 24 * time.Hour)}, // nor a receipt
	}
	for _, c := range []struct {
		ch    ticketing.Channel
		after time.Duration
		state string
		until time.Duration
	}{
		{ticketing.Zalo, 0, "easy", 48 * time.Hour},
		{ticketing.Zalo, 48 * time.Hour, "easy", 48 * time.Hour},
		{ticketing.Zalo, 48*time.Hour + 1, "hard", 7 * 24 * time.Hour},
		{ticketing.Zalo, 7*24*time.Hour + 1, "closed", 7 * 24 * time.Hour},
		{ticketing.Web, 0, "", 0},
	} {
		w := windowOf(c.ch, events, at.Add(c.after))
		switch {
		case w == nil && c.state == "":
		case w == nil || w.State != c.state || !w.At.Equal(at.Add(c.until)):
			t.Errorf("%s %s after: %+v, want %s until %s after", c.ch, c.after, w, c.state, c.until)
		}
	}
}

package ui

import (
	"time"

	"hotline1022/ticketing"
)

// replyWindow is how long the platform still lets us write to the citizen.
type replyWindow struct {
	State string    // easy, hard, closed: see Channel.Window
	At    time.Time // when that ends, or since when it is closed
}

// windowOf is nil where the door never closes.
func windowOf(ch ticketing.Channel, events []ticketing.Event, now time.Time) *replyWindow {
	easy, last := ch.Window()
	if last == 0 {
		return nil
	}
	var heard time.Time
	for _, e := range events {
		if e.Kind == ticketing.Received || e.Kind == ticketing.Said && e.Channel == ch {
			heard = e.At
		}
	}
	switch passed := now.Sub(heard); {
	case passed <= easy:
		return &replyWindow{"easy", heard.Add(easy)}
	case passed <= last:
		return &replyWindow{"hard", heard.Add(last)}
	}
	return &replyWindow{"closed", heard.Add(last)}
}

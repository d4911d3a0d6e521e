package facebook

import (
	"time"

	"hotline1022/ticketing"
)

// Facebook's windows, counted from what the person wrote last
// (https://developers.facebook.com/docs/messenger-platform/policy/policy-overview).
const (
	day  = 24 * time.Hour
	week = 7 * day
)

// permission is on what ground a message goes out.
type permission struct {
	Type string `json:"messaging_type"`
	Tag  string `json:"tag,omitempty"`
}

var (
	response = permission{Type: "RESPONSE"}
	// The tag is for what a person wrote. Under anything else it would cost the page its permission.
	byPerson = permission{Type: "MESSAGE_TAG", Tag: "HUMAN_AGENT"}
)

// afterTrouble is the pause where a person must do something first.
const afterTrouble = 15 * time.Minute

// window says on what ground the message may go now, or why not. Facebook's own clock has the last word: what it
// refuses is refused.
func (c *Channel) window(m ticketing.Outbound) (permission, error) {
	silent := c.now().Sub(m.Heard)
	switch {
	case m.Heard.IsZero(), silent <= day: // unknown: let Facebook say
		return response, nil
	case silent <= week && m.Human:
		return byPerson, nil
	case silent <= week:
		return permission{}, refuse("facebook.send.day")
	}
	return permission{}, refuse("facebook.send.week")
}

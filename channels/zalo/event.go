package zalo

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// event is what Zalo posts, whatever it is about. Everything is optional: which fields an event has is known from
// samples, and a field of an unexpected shape must not cost a citizen's message.
type event struct {
	AppID     loose           `json:"app_id"`
	Name      loose           `json:"event_name"`
	Timestamp loose           `json:"timestamp"` // epoch milliseconds
	OA        loose           `json:"oa_id"`
	User      loose           `json:"user_id"`
	ByApp     loose           `json:"user_id_by_app"`
	Sender    party           `json:"sender"`
	Recipient party           `json:"recipient"`
	Follower  party           `json:"follower"`
	Message   message         `json:"message"`
	Info      json.RawMessage `json:"info"`
}

type message struct {
	ID           loose           `json:"msg_id"`
	Text         loose           `json:"text"`
	Quote        loose           `json:"quote_msg_id"` // the message she replies to
	IDs          json.RawMessage `json:"msg_ids"`      // of messages she has seen
	Conversation loose           `json:"conversation_id"`
	Attachments  json.RawMessage `json:"attachments"`
}

func (m *message) UnmarshalJSON(raw []byte) error {
	type plain message
	if err := json.Unmarshal(raw, (*plain)(m)); err != nil {
		*m = message{}
		return m.Text.UnmarshalJSON(raw)
	}
	return nil
}

type party struct {
	ID loose `json:"id"`
}

func (p *party) UnmarshalJSON(raw []byte) error {
	type plain party
	if json.Unmarshal(raw, (*plain)(p)) != nil {
		*p = party{}
	}
	return nil
}

// loose is a JSON string or number as text: ids and times are documented as strings and now and then sent as numbers
// that no float can hold. Anything else is nothing.
type loose string

func (l *loose) UnmarshalJSON(raw []byte) error {
	switch {
	case len(raw) > 0 && raw[0] == '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		*l = loose(s)
	case len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9'):
		*l = loose(raw)
	default:
		*l = ""
	}
	return nil
}

// milliseconds reads epoch milliseconds; zero where there are none.
func milliseconds(s string) time.Time {
	ms, err := strconv.ParseInt(s, 10, 64)
	if err != nil || ms <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// parse reads an event. An error means that it is no JSON object.
func parse(raw []byte) (event, error) {
	var e event
	err := json.Unmarshal(raw, &e)
	return e, err
}

var stamp = regexp.MustCompile(`"timestamp"\s*:\s*"?(\d{1,20})`)

// timestamp finds the event's time, as the text that was signed, where the rest cannot be read. It cannot be mistaken
// in a citizen's words: there the quotes are escaped.
func timestamp(raw []byte) string {
	if m := stamp.FindSubmatch(raw); m != nil {
		return string(m[1])
	}
	return ""
}

// oa is the Official Account the event is about.
func (e event) oa() string {
	if e.OA != "" {
		return string(e.OA)
	}
	if e.fromOA() {
		return string(e.Sender.ID)
	}
	return string(e.Recipient.ID)
}

// fromOA says that the Official Account is the sender.
func (e event) fromOA() bool {
	return strings.HasPrefix(string(e.Name), "oa_") || e.Name == "user_received_message" || e.Name == "user_seen_message"
}

// user is the person's id towards the Official Account.
func (e event) user() string {
	for _, id := range []loose{e.Follower.ID, e.User, e.Sender.ID} {
		if id != "" && string(id) != e.oa() {
			return string(id)
		}
	}
	return ""
}

// spoken is what kind of message a citizen sent: text, image …; false for any other event.
func (e event) spoken() (kind string, ok bool) {
	kind, ok = strings.CutPrefix(string(e.Name), "user_send_")
	if !ok {
		kind, ok = strings.CutPrefix(string(e.Name), "anonymous_send_")
	}
	if !ok || !slices.Contains(spokenKinds, kind) {
		return "", false
	}
	return kind, true
}

// spokenKinds are the kinds of messages a citizen can send.
var spokenKinds = []string{"text", "image", "gif", "link", "audio", "video", "sticker", "location", "file", "business_card"}

// incoming is a citizen's message for the desk.
func (e event) incoming(key string) ticketing.Incoming {
	kind, _ := e.spoken()
	in := ticketing.Incoming{
		Key: key, Channel: ticketing.Zalo, Lang: words.Vietnamese,
		From: ticketing.Contact{Channel: ticketing.Zalo, ID: e.contact()},
	}
	lines := []string{string(e.Message.Text)}
	for _, a := range e.attachments() {
		lines = append(lines, a.describe(kind, string(e.Message.Text), &in))
	}
	in.Text = joined(lines)
	if in.Text == "" { // never an empty message: somebody wrote something
		in.Text = words.T(words.Vietnamese, "zalo.said."+kind)
	}
	return in
}

// attachment is one thing beside the text.
type attachment struct {
	Type    loose   `json:"type"`
	Payload payload `json:"payload"`
}

type payload struct {
	URL         loose `json:"url"`
	Title       loose `json:"title"`
	Description loose `json:"description"`
	Name        loose `json:"name"`
	Coordinates struct {
		Latitude  loose `json:"latitude"`
		Longitude loose `json:"longitude"`
	} `json:"coordinates"`
}

const maxAttachments = 30

func (e event) attachments() []attachment {
	var raw []json.RawMessage
	if json.Unmarshal(e.Message.Attachments, &raw) != nil && len(e.Message.Attachments) > 0 {
		raw = []json.RawMessage{e.Message.Attachments}
	}
	var out []attachment
	for _, r := range raw[:min(len(raw), maxAttachments)] {
		var a attachment
		if json.Unmarshal(r, &a) == nil {
			out = append(out, a)
		}
	}
	return out
}

// describe says the attachment in words, and puts what can be fetched or shown on a map into the message.
func (a attachment) describe(kind, said string, in *ticketing.Incoming) string {
	p := a.Payload
	label := words.T(words.Vietnamese, "zalo.said."+kind)
	switch kind {
	case "image", "gif", "audio", "video", "file":
		if p.URL != "" {
			in.Fetch = append(in.Fetch, ticketing.Fetch{Address: string(p.URL), Name: string(p.Name)})
		}
		return joined([]string{strings.TrimSpace(label + " " + string(p.Name)), string(p.Description)})
	case "location":
		lat, lng := string(p.Coordinates.Latitude), string(p.Coordinates.Longitude)
		if point, ok := onEarth(lat, lng); ok {
			in.Location = &point
			return label
		}
		return strings.TrimSpace(label + " " + lat + " " + lng)
	case "business_card":
		var card struct {
			Phone loose `json:"phone"`
		}
		_ = json.Unmarshal([]byte(p.Description), &card) // a card that cannot be read is still a card
		return strings.TrimSpace(label + " " + string(card.Phone))
	case "link":
		var lines []string
		for _, s := range []loose{p.Title, p.Description, p.URL} {
			if !strings.Contains(said, string(s)) {
				lines = append(lines, string(s))
			}
		}
		return joined(lines)
	case "text":
		return fmt.Sprintf("[%s]", a.Type)
	}
	return label
}

// onEarth reads coordinates, which come as strings.
func onEarth(lat, lng string) (ticketing.Point, bool) {
	y, err1 := strconv.ParseFloat(lat, 64)
	x, err2 := strconv.ParseFloat(lng, 64)
	ok := err1 == nil && err2 == nil && math.Abs(y) <= 90 && math.Abs(x) <= 180
	return ticketing.Point{Lat: y, Lng: x}, ok
}

func joined(lines []string) string {
	kept := lines[:0:0]
	for _, l := range lines {
		if l = text.NFC(l); l != "" {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\n")
}

package facebook

import (
	"encoding/json"
	"math"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// incoming is a citizen's message, edit or tap for the desk.
func (it item) incoming(key string) ticketing.Incoming {
	in := ticketing.Incoming{
		Key: key, Channel: ticketing.Facebook, Lang: words.Vietnamese, NoReceipt: it.standby,
		From: ticketing.Contact{Channel: ticketing.Facebook, ID: string(it.Sender.ID)},
	}
	switch {
	case it.Message != nil:
		it.Message.describe(&in)
	case it.Edit != nil:
		it.Edit.describe(&in)
		in.Text = words.T(words.Vietnamese, "facebook.said.edited") + "\n" + in.Text
	case it.Postback != nil:
		in.Text, in.Choice = text.NFC(string(it.Postback.Title)), choice(it.Postback.Payload)
		if ref := it.Postback.Referral.Ref; ref != "" { // of the link or poster that led here
			in.Text = joined([]string{in.Text, words.T(words.Vietnamese, "facebook.said.referral", text.Truncate(text.NFC(string(ref)), 100))})
		}
		if in.Text == "" {
			in.Text = words.T(words.Vietnamese, "facebook.said.tap")
		}
	}
	return in
}

// describe puts the message's words and what came with them into in. It is never empty: somebody wrote something.
func (m *message) describe(in *ticketing.Incoming) {
	in.Choice = choice(m.QuickReply.Payload)
	lines := []string{string(m.Text)}
	var stickers []loose
	for _, a := range m.attachments() {
		// While stickers change from pictures to stickers both forms come in one message.
		if id := a.Payload.Sticker; id != "" {
			if slices.Contains(stickers, id) {
				continue
			}
			stickers = append(stickers, id)
		}
		lines = append(lines, a.describe(string(m.Text), in))
	}
	in.Text = joined(lines)
	switch {
	case in.Text != "":
	case m.Unsupported:
		in.Text = words.T(words.Vietnamese, "facebook.said.unsupported")
	default:
		in.Text = words.T(words.Vietnamese, "facebook.said.text")
	}
}

func choice(payload loose) string { return text.Truncate(string(payload), 1000) }

// attachment is one thing beside the text.
type attachment struct {
	Type    loose   `json:"type"`
	Title   loose   `json:"title"` // of a fallback, which may have no payload
	URL     loose   `json:"url"`
	Payload payload `json:"payload"`
}

type payload struct {
	URL         loose `json:"url"`
	Title       loose `json:"title"`
	Sticker     loose `json:"sticker_id"`
	Coordinates struct {
		Lat  loose `json:"lat"`
		Long loose `json:"long"`
	} `json:"coordinates"`
	Elements []struct {
		Title    loose `json:"title"`
		Subtitle loose `json:"subtitle"`
	} `json:"elements"`
	Text loose `json:"text"` // of a button template
}

// UnmarshalJSON never fails: an attachment of another shape is still an attachment.
func (p *payload) UnmarshalJSON(raw []byte) error {
	type plain payload
	return lenient(raw, (*plain)(p))
}

const maxAttachments = 30

func (m *message) attachments() []attachment {
	var raw []json.RawMessage
	if json.Unmarshal(m.Attachments, &raw) != nil && len(m.Attachments) > 0 {
		raw = []json.RawMessage{m.Attachments}
	}
	var out []attachment
	for _, r := range raw[:min(len(raw), maxAttachments)] {
		var a attachment
		if lenient(r, &a) == nil && string(r) != "null" {
			out = append(out, a)
		}
	}
	return out
}

// The thumb that Messenger has a key for comes as a sticker in three sizes. The numbers are known from practice.
var thumbs = []loose{"369239263222822", "369239343222814", "369239383222810"}

// describe says the attachment in words, and puts what can be fetched or shown on a map into the message.
func (a attachment) describe(said string, in *ticketing.Incoming) string {
	p, kind := a.Payload, string(a.Type)
	if p.Sticker != "" {
		kind = "sticker"
	}
	label := words.T(words.Vietnamese, "facebook.said."+kind)
	switch kind {
	case "sticker":
		if slices.Contains(thumbs, p.Sticker) {
			return "👍"
		}
		return label
	case "image", "video", "audio":
		fetch(in, p.URL, "")
		return label
	case "file":
		name := fileName(string(p.URL))
		fetch(in, p.URL, name)
		return strings.TrimSpace(label + " " + name)
	case "location":
		lat, lng := string(p.Coordinates.Lat), string(p.Coordinates.Long)
		if point, ok := onEarth(lat, lng); ok {
			in.Location = &point
			return label
		}
		return strings.TrimSpace(label + " " + lat + " " + lng)
	case "fallback": // a link, most often
		return unsaid(said, a.Title, p.Title, a.URL, p.URL)
	case "template":
		lines := []loose{loose(label), p.Text}
		for _, e := range p.Elements[:min(len(p.Elements), 10)] {
			lines = append(lines, e.Title, e.Subtitle)
		}
		return unsaid(said, lines...)
	case "reel", "ig_reel", "post", "ig_post", "share":
		label = words.T(words.Vietnamese, "facebook.said.post")
		return unsaid(said, loose(label), p.Title, p.URL)
	case "appointment_booking":
		return words.T(words.Vietnamese, "facebook.said.appointment")
	case "":
		return ""
	}
	return "[" + text.Truncate(kind, 60) + "]"
}

func fetch(in *ticketing.Incoming, address loose, name string) {
	if address != "" {
		in.Fetch = append(in.Fetch, ticketing.Fetch{Address: string(address), Name: name})
	}
}

// fileName is the end of the address: Facebook tells the name nowhere else.
func fileName(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	name := path.Base(u.Path)
	if name == "." || name == "/" || !strings.Contains(name, ".") {
		return ""
	}
	return text.Truncate(text.NFC(name), 120)
}

// unsaid are the lines that neither the message nor a line before them says.
func unsaid(said string, lines ...loose) string {
	var out []string
	for _, l := range lines {
		if s := string(l); !strings.Contains(said, s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return joined(out)
}

// onEarth reads coordinates.
func onEarth(lat, lng string) (ticketing.Point, bool) {
	y, err1 := strconv.ParseFloat(lat, 64)
	x, err2 := strconv.ParseFloat(lng, 64)
	ok := err1 == nil && err2 == nil && math.Abs(y) <= 90 && math.Abs(x) <= 180 // NaN is on no earth: it compares false
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

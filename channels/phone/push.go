package phone

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hotline1022/ticketing/text"
)

// The events of the generic form: https://docs.zammad.org/en/latest/api/generic-cti/index.html
const (
	newCall = "newCall"
	answer  = "answer"
	hangup  = "hangup"

	maxCallID = 250 // as the form says
	maxParts  = 64
)

// pushed is one event of the generic form. All of it is optional and foreign.
type pushed struct {
	Event     loose  `json:"event"`
	From      loose  `json:"from"`
	To        loose  `json:"to"`
	Direction loose  `json:"direction"`
	CallID    loose  `json:"callId"`
	Users     people `json:"user"`
	UsersToo  people `json:"user[]"`
	Answering loose  `json:"answeringNumber"`
	Queue     loose  `json:"queue"`
	Cause     loose  `json:"cause"`
	At        loose  `json:"timestamp"` // ours: when it happened, if that is not when it was sent
	Recording loose  `json:"recording"` // ours: where the recording lies
}

// loose is a JSON string or number as text; anything else is nothing.
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

// people is one name or a list of them: the form shows both.
type people []loose

func (p *people) UnmarshalJSON(raw []byte) error {
	var many []loose
	if json.Unmarshal(raw, &many) == nil {
		*p = many
		return nil
	}
	var one loose
	if err := one.UnmarshalJSON(raw); err != nil {
		return err
	}
	*p = people{one}
	return nil
}

// parsePush reads an event in any of the forms bridges send: JSON, a form, a form in parts.
func parsePush(contentType string, raw []byte) (pushed, error) {
	kind, params, _ := mime.ParseMediaType(contentType) // what is no media type is guessed by its first byte
	var e pushed
	switch {
	case kind == "multipart/form-data":
		values, err := parts(raw, params["boundary"])
		if err != nil {
			return pushed{}, err
		}
		return fromForm(values), nil
	case kind == "application/json", bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")):
		err := json.Unmarshal(raw, &e)
		return e, err
	}
	values, err := url.ParseQuery(string(raw))
	if err != nil {
		return pushed{}, errors.New("the form cannot be read") // the cause would quote it
	}
	return fromForm(values), nil
}

func parts(raw []byte, boundary string) (url.Values, error) {
	if boundary == "" {
		return nil, errors.New("a form in parts without a boundary")
	}
	r := multipart.NewReader(bytes.NewReader(raw), boundary)
	values := url.Values{}
	for range maxParts {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return nil, fmt.Errorf("a form in parts: %w", err)
		}
		value, err := io.ReadAll(p)
		if err != nil {
			return nil, fmt.Errorf("a form in parts: %w", err)
		}
		values.Add(p.FormName(), string(value))
	}
	return nil, errors.New("a form in too many parts")
}

func fromForm(v url.Values) pushed {
	get := func(name string) loose { return loose(v.Get(name)) }
	e := pushed{
		Event: get("event"), From: get("from"), To: get("to"), Direction: get("direction"), CallID: get("callId"),
		Answering: get("answeringNumber"), Queue: get("queue"), Cause: get("cause"), At: get("timestamp"), Recording: get("recording"),
	}
	for _, u := range append(slices.Clone(v["user"]), v["user[]"]...) {
		e.Users = append(e.Users, loose(u))
	}
	return e
}

// kind is the event's name if it is one we know.
func (e pushed) kind() string {
	for _, k := range []string{newCall, answer, hangup} {
		if strings.EqualFold(string(e.Event), k) {
			return k
		}
	}
	return ""
}

func (e pushed) direction() Direction {
	if strings.EqualFold(string(e.Direction), "out") {
		return Out
	}
	return In
}

// number is the citizen's: who calls, or who is called by us. The zero Phone where it is withheld or none.
func (e pushed) number() text.Phone {
	s := e.From
	if e.direction() == Out {
		s = e.To
	}
	return citizenNumber(string(s))
}

// citizenNumber reads a number as exchanges write it: 84905… and 0905…, and foreign ones without their +.
func citizenNumber(s string) text.Phone {
	p, err := text.ParsePhone(s)
	if err != nil && len(s) >= 11 && !strings.HasPrefix(s, "0") && !strings.HasPrefix(s, "+") {
		p, err = text.ParsePhone("+" + s)
	}
	if err != nil || p.Short() {
		return text.Phone{}
	}
	return p
}

// call is what the event tells of its call.
func (e pushed) call(id string, sent time.Time, extensions map[string]string) Call {
	at := sent
	if t, ok := epoch(string(e.At)); ok && t.Before(sent.Add(window)) && t.After(sent.Add(-24*time.Hour)) {
		at = t
	}
	c := Call{ID: id, Direction: e.direction(), Began: at}
	leg := Leg{Queue: word(string(e.Queue))}
	who := e.who(extensions)
	switch e.kind() {
	case newCall:
		leg.Entered, c.Offered = at, who
	case answer:
		leg.End, leg.Left = Connected, at
		if len(who) > 0 {
			leg.Agent = who[0]
		}
	case hangup:
		c.Ended = at
		leg.Done, leg.Left = at, at
		leg.End, leg.Why = endOf(string(e.Cause))
	}
	c.Legs = []Leg{leg}
	return c
}

// endOf is how the waiting of a call ended that nobody took; where somebody did, her answer outranks it. A call that
// ended in the usual way and that nobody answered is one whose answer we did not hear.
func endOf(cause string) (End, string) {
	switch strings.ToLower(cause) {
	case "cancel":
		return GaveUp, ""
	case "noanswer":
		return FlowedOut, "no_answer"
	case "forwarded":
		return FlowedOut, "forwarded"
	case "busy":
		return Failed, "busy"
	case "congestion":
		return Failed, "congestion"
	case "notfound":
		return Failed, "not_found"
	}
	return LostSight, "no_answer_heard"
}

// who is whom the event concerns among us, as an extension or a sign-in name where it is one.
func (e pushed) who(extensions map[string]string) []string {
	var out []string
	for _, u := range append(append(people{e.Answering}, e.Users...), e.UsersToo...) {
		name := word(string(u))
		if name == "" || slices.Contains(out, name) || len(out) == maxOffered {
			continue
		}
		if _, ours := extensions[name]; !ours && !citizenNumber(name).IsZero() {
			continue // a number nobody has given to one of ours may be a citizen's
		}
		out = append(out, name)
	}
	return out
}

// word is a foreign name that is kept: short, in one line, in small letters.
func word(s string) string {
	s = strings.ToLower(text.NFC(strings.ToValidUTF8(s, "")))
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > 64 {
		s = text.Truncate(s, 64)
	}
	return s
}

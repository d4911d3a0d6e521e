package facebook

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"
)

// item is one thing that happened, out of a batch: in Messenger or, with Change, under a post. Everything is optional:
// which fields an event has is known from samples.
type item struct {
	many bool // it came with others

	page    string // the entry's page
	standby bool   // another app holds the conversation: to be heard, not to be answered

	Sender    party           `json:"sender"`
	Recipient party           `json:"recipient"`
	Timestamp loose           `json:"timestamp"` // epoch milliseconds
	Message   *message        `json:"message"`
	Edit      *message        `json:"message_edit"`
	Postback  *postback       `json:"postback"`
	Delivery  *receipt        `json:"delivery"`
	Read      *receipt        `json:"read"`
	Reaction  json.RawMessage `json:"reaction"`
	Referral  *referral       `json:"referral"`
	Optin     json.RawMessage `json:"optin"`
	Pass      json.RawMessage `json:"pass_thread_control"`
	Take      json.RawMessage `json:"take_thread_control"`
	Request   json.RawMessage `json:"request_thread_control"`
	Roles     json.RawMessage `json:"app_roles"`

	Field loose   `json:"field"` // of a change; "feed" is ours
	Value comment `json:"value"`
}

type party struct {
	ID loose `json:"id"` // missing where there is a user_ref instead
}

type message struct {
	MID         loose           `json:"mid"`
	Text        loose           `json:"text"`
	Echo        bool            `json:"is_echo"`
	Metadata    loose           `json:"metadata"`
	QuickReply  quickReply      `json:"quick_reply"`
	Attachments json.RawMessage `json:"attachments"`
	Edits       loose           `json:"num_edit"`
	Unsupported bool            `json:"is_unsupported"`
}

type quickReply struct {
	Payload loose `json:"payload"`
}

type postback struct {
	MID      loose    `json:"mid"`
	Title    loose    `json:"title"`
	Payload  loose    `json:"payload"`
	Referral referral `json:"referral"`
}

type referral struct {
	Ref loose `json:"ref"`
}

type receipt struct {
	MIDs      []loose `json:"mids"`
	Watermark loose   `json:"watermark"`
}

// UnmarshalJSON takes a message that is nothing but its words, too.
func (m *message) UnmarshalJSON(raw []byte) error {
	type plain message
	if len(raw) > 0 && raw[0] == '"' {
		return m.Text.UnmarshalJSON(raw)
	}
	return lenient(raw, (*plain)(m))
}

// loose is a JSON string or number as text: ids are documented as strings and now and then sent as numbers that no
// float can hold. Anything else is nothing.
type loose string

// UnmarshalJSON reads either.
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

// time reads epoch milliseconds; zero where there are none.
func (l loose) time() time.Time {
	ms, err := strconv.ParseInt(string(l), 10, 64)
	if err != nil || ms <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// parse takes a batch apart. What cannot be read is left out, a thing of it never the others. An error means that
// there is no batch.
func parse(raw []byte) ([]item, error) {
	var b struct {
		Object loose             `json:"object"`
		Entry  []json.RawMessage `json:"entry"`
	}
	if err := lenient(raw, &b); err != nil {
		return nil, err
	}
	if b.Object == "" && b.Entry == nil {
		return nil, errors.New("neither object nor entry")
	}
	if b.Object != "page" {
		return []item{{page: "object " + string(b.Object)}}, nil
	}
	var items []item
	for _, raw := range b.Entry {
		var e struct {
			ID        loose             `json:"id"`
			Messaging []json.RawMessage `json:"messaging"`
			Standby   []json.RawMessage `json:"standby"`
			Changes   []json.RawMessage `json:"changes"`
		}
		if err := lenient(raw, &e); err != nil {
			return nil, err // cannot be: the whole was JSON
		}
		for _, raw := range slices.Concat(e.Messaging, e.Changes, e.Standby) {
			it := item{}
			if err := lenient(raw, &it); err != nil {
				return nil, err
			}
			it.page = string(e.ID)
			items = append(items, it)
		}
		for i := range e.Standby {
			items[len(items)-1-i].standby = true
		}
	}
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Compare(a.at(), b.at()) })
	return items, nil
}

// at orders a batch: the platform's time, 0 where there is none.
func (it item) at() int64 {
	t := it.Timestamp.time()
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// kind names what happened, for counters and logs.
func (it item) kind() string {
	switch m := it.Message; {
	case it.Field != "" && it.Field != "feed":
		return "other change"
	case it.Field == "feed":
		return it.Value.kind()
	case m != nil && (m.Echo || string(it.Sender.ID) == it.page):
		return "echo"
	case it.standby && m == nil:
		return "standby"
	case m != nil:
		return "message"
	case it.Edit != nil:
		return "edit"
	case it.Postback != nil:
		return "postback"
	case it.Delivery != nil:
		return "delivery"
	case it.Read != nil:
		return "read"
	case it.Reaction != nil:
		return "reaction"
	case it.Referral != nil:
		return "referral"
	case it.Optin != nil:
		return "optin"
	case it.Pass != nil, it.Take != nil, it.Request != nil, it.Roles != nil:
		return "handover"
	}
	return "other"
}

package telegram

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// update is what Telegram hands over, as far as the hotline uses it (https://core.telegram.org/bots/api#update).
//
// It is not the library's models.Update: that refuses the whole update when one part of it is of a kind added after
// the library was written (a new message origin, a new member status), and a citizen's message would be lost with it.
// Here a part of an unexpected shape is not there, and the rest is.
type update struct {
	ID       loose            `json:"update_id"`
	Message  maybe[message]   `json:"message"`
	Edited   maybe[message]   `json:"edited_message"`
	Callback maybe[callback]  `json:"callback_query"`
	Member   maybe[memberNow] `json:"my_chat_member"`

	kind string // the name of the part it brought
}

type message struct {
	ID       loose       `json:"message_id"`
	From     maybe[user] `json:"from"`
	Chat     maybe[chat] `json:"chat"`
	Date     loose       `json:"date"`
	EditDate loose       `json:"edit_date"`
	Text     loose       `json:"text"`
	Caption  loose       `json:"caption"`

	Photo     maybe[[]maybe[file]] `json:"photo"` // one picture in several sizes
	Voice     maybe[file]          `json:"voice"`
	Audio     maybe[file]          `json:"audio"`
	Video     maybe[file]          `json:"video"`
	VideoNote maybe[file]          `json:"video_note"`
	Animation maybe[file]          `json:"animation"`
	Document  maybe[file]          `json:"document"`
	Sticker   maybe[sticker]       `json:"sticker"`
	Location  maybe[location]      `json:"location"`
	Venue     maybe[venue]         `json:"venue"`
	Contact   maybe[contact]       `json:"contact"`

	Forwarded maybe[json.RawMessage] `json:"forward_origin"`
	Markup    maybe[markup]          `json:"reply_markup"`

	parts []string // the names of all it brought
}

type user struct {
	ID    loose `json:"id"`
	Bot   bool  `json:"is_bot"`
	First loose `json:"first_name"`
	Last  loose `json:"last_name"`
}

type chat struct {
	ID   loose `json:"id"`
	Type loose `json:"type"` // private, group, supergroup, channel
}

type file struct {
	ID     loose `json:"file_id"`
	Name   loose `json:"file_name"`
	Size   loose `json:"file_size"`
	Width  loose `json:"width"`
	Height loose `json:"height"`
}

type sticker struct {
	Emoji loose `json:"emoji"`
}

type location struct {
	Lat loose `json:"latitude"`
	Lng loose `json:"longitude"`
}

type venue struct {
	Location maybe[location] `json:"location"`
	Title    loose           `json:"title"`
	Address  loose           `json:"address"`
}

type contact struct {
	Phone loose `json:"phone_number"`
	First loose `json:"first_name"`
	Last  loose `json:"last_name"`
	User  loose `json:"user_id"`
}

type callback struct {
	ID      loose          `json:"id"`
	From    maybe[user]    `json:"from"`
	Message maybe[message] `json:"message"`
	Data    loose          `json:"data"`
}

type markup struct {
	Inline [][]struct {
		Text loose `json:"text"`
		Data loose `json:"callback_data"`
	} `json:"inline_keyboard"`
}

type memberNow struct {
	Chat maybe[chat] `json:"chat"`
	From maybe[user] `json:"from"`
	Date loose       `json:"date"`
	Old  member      `json:"old_chat_member"`
	New  member      `json:"new_chat_member"`
}

type member struct {
	Status loose `json:"status"`
}

// maybe is a part that may be missing, or of a shape nobody has seen yet: then it is missing too.
type maybe[T any] struct {
	is bool
	v  T
}

// UnmarshalJSON never fails.
func (m *maybe[T]) UnmarshalJSON(raw []byte) error {
	var v T
	if string(raw) == "null" || json.Unmarshal(raw, &v) != nil {
		*m = maybe[T]{}
		return nil
	}
	m.v, m.is = v, true
	return nil
}

// loose is a JSON string or number as text: an id may have more digits than a float holds. Anything else is nothing.
type loose string

// UnmarshalJSON never fails.
func (l *loose) UnmarshalJSON(raw []byte) error {
	var s string
	switch {
	case len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9'):
		*l = loose(raw)
	case json.Unmarshal(raw, &s) == nil:
		*l = loose(s)
	default:
		*l = ""
	}
	return nil
}

// int is the number; 0 if it is none.
func (l loose) int() int64 {
	n, _ := strconv.ParseInt(string(l), 10, 64)
	return n
}

// UnmarshalJSON remembers the names of the parts, so that a message of an unknown kind can be told from none.
func (m *message) UnmarshalJSON(raw []byte) error {
	type plain message
	if err := json.Unmarshal(raw, (*plain)(m)); err != nil {
		return err
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil {
		return err
	}
	for name := range parts {
		m.parts = append(m.parts, name)
	}
	return nil
}

var errUnreadable = errors.New("this is no update")

// parse reads an update. An error means that it is no JSON object with an id.
func parse(raw []byte) (update, error) {
	var u update
	if err := json.Unmarshal(raw, &u); err != nil {
		return u, errUnreadable // json's own errors may quote what stands there
	}
	if u.ID.int() <= 0 {
		return u, errUnreadable
	}
	u.kind = kindOf(raw)
	return u, nil
}

// kinds are the updates there are; a name that is not here is counted as "other", so that nobody fills the counters.
var kinds = []string{
	"message", "edited_message", "callback_query", "my_chat_member", "channel_post", "edited_channel_post", "business_connection",
	"business_message", "edited_business_message", "deleted_business_messages", "message_reaction", "message_reaction_count",
	"inline_query", "chosen_inline_result", "shipping_query", "pre_checkout_query", "purchased_paid_media", "poll", "poll_answer",
	"chat_member", "chat_join_request", "chat_boost", "removed_chat_boost",
}

func kindOf(raw []byte) string {
	var parts map[string]json.RawMessage
	_ = json.Unmarshal(raw, &parts) // it was read before
	for _, k := range kinds {
		if _, ok := parts[k]; ok {
			return k
		}
	}
	return "other"
}

// name is the person's as Telegram knows it.
func (u user) name() string {
	return text.Truncate(text.NFC(strings.TrimSpace(string(u.First)+" "+string(u.Last))), 120)
}

// private says that the chat is between one person and the bot.
func (c chat) private() bool { return c.Type == "private" && c.ID.int() > 0 }

func (c chat) group() bool { return c.Type == "group" || c.Type == "supergroup" }

// point reads coordinates; ok says that they are on the globe.
func (l location) point() (ticketing.Point, bool) {
	y, err1 := strconv.ParseFloat(string(l.Lat), 64)
	x, err2 := strconv.ParseFloat(string(l.Lng), 64)
	ok := err1 == nil && err2 == nil && math.Abs(y) <= 90 && math.Abs(x) <= 180
	return ticketing.Point{Lat: y, Lng: x}, ok
}

// said is a label in the ticket for what is not words.
func said(kind string, args ...any) string {
	return words.T(words.Vietnamese, "telegram.said."+kind, args...)
}

package telegram

import (
	"slices"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// maxDown is what Telegram lets a bot download (https://core.telegram.org/bots/api#getfile).
const maxDown = 20 << 20

// kind is what sort of message it is; "" is one in which nobody says anything (a pinned message, a changed timer).
func (m message) kind() string {
	switch {
	case m.Text != "":
		return "text"
	case m.Photo.is:
		return "photo"
	case m.Voice.is:
		return "voice"
	case m.Audio.is:
		return "audio"
	case m.Video.is:
		return "video"
	case m.VideoNote.is:
		return "video_note"
	case m.Animation.is: // comes with document too
		return "animation"
	case m.Document.is:
		return "document"
	case m.Sticker.is:
		return "sticker"
	case m.Venue.is: // comes with location too
		return "venue"
	case m.Location.is:
		return "location"
	case m.Contact.is:
		return "contact"
	}
	for _, part := range m.parts {
		if !slices.Contains(silent, part) {
			return "unknown" // better a placeholder too many than a citizen nobody heard
		}
	}
	return ""
}

// silent are the parts of a message that are about it, or that tell of something done rather than said
// (https://core.telegram.org/bots/api#message).
var silent = strings.Fields(`message_id message_thread_id direct_messages_topic from sender_chat sender_boost_count
	sender_business_bot date edit_date business_connection_id chat forward_origin is_topic_message is_automatic_forward
	reply_to_message external_reply quote reply_to_story reply_to_checklist_task_id via_bot has_protected_content is_from_offline
	is_paid_post media_group_id author_signature paid_star_count entities link_preview_options suggested_post_info effect_id
	caption_entities show_caption_above_media has_media_spoiler reply_markup
	new_chat_members left_chat_member chat_owner_left chat_owner_changed new_chat_title new_chat_photo delete_chat_photo
	group_chat_created supergroup_chat_created channel_chat_created message_auto_delete_timer_changed migrate_to_chat_id
	migrate_from_chat_id pinned_message invoice successful_payment refunded_payment users_shared chat_shared gift unique_gift
	gift_upgrade_sent connected_website write_access_allowed passport_data proximity_alert_triggered boost_added
	chat_background_set checklist_tasks_done checklist_tasks_added direct_message_price_changed forum_topic_created
	forum_topic_edited forum_topic_closed forum_topic_reopened general_forum_topic_hidden general_forum_topic_unhidden
	giveaway_created giveaway giveaway_winners giveaway_completed paid_message_price_changed suggested_post_approved
	suggested_post_approval_failed suggested_post_declined suggested_post_paid suggested_post_refunded video_chat_scheduled
	video_chat_started video_chat_ended video_chat_participants_invited web_app_data text caption photo voice audio video
	video_note animation document sticker venue location contact`)

// incoming is the message for the desk. It is never empty.
func (m message) incoming(key string) ticketing.Incoming {
	in := ticketing.Incoming{
		Key: key, Channel: ticketing.Telegram, Lang: words.Vietnamese,
		From: ticketing.Contact{Channel: ticketing.Telegram, ID: string(m.Chat.v.ID)}, Name: m.From.v.name(),
	}
	lines := []string{string(m.Text), string(m.Caption), m.describe(&in)}
	if m.Forwarded.is {
		lines = append([]string{said("forwarded")}, lines...)
	}
	if in.Text = joined(lines); in.Text == "" {
		in.Text = said("unknown")
	}
	return in
}

// describe says in words what is not text, and puts what can be fetched or shown on a map into the message.
func (m message) describe(in *ticketing.Incoming) string {
	kind := m.kind()
	label := said(kind)
	switch kind {
	case "text", "":
		return ""
	case "photo":
		return m.largest().attach(label, in)
	case "voice":
		return m.Voice.v.attach(label, in)
	case "audio":
		return m.Audio.v.attach(label, in)
	case "video":
		return m.Video.v.attach(label, in)
	case "video_note":
		return m.VideoNote.v.attach(label, in)
	case "animation":
		return m.Animation.v.attach(label, in)
	case "document":
		return m.Document.v.attach(label, in)
	case "sticker":
		return spaced(label, m.Sticker.v.Emoji)
	case "venue":
		v := m.Venue.v
		in.Address = text.Truncate(text.NFC(string(v.Address)), 300)
		return joined([]string{v.Location.v.place(label, in), string(v.Title), string(v.Address)})
	case "location":
		return m.Location.v.place(label, in)
	case "contact":
		return spaced(label, m.Contact.v.First, m.Contact.v.Last, m.Contact.v.Phone)
	}
	return label
}

// largest is the picture in its largest size.
func (m message) largest() (best file) {
	area := func(f file) int64 { return min(f.Width.int(), 1e6) * min(f.Height.int(), 1e6) }
	for _, size := range m.Photo.v {
		if size.is && size.v.ID != "" && (best.ID == "" || area(size.v) >= area(best)) {
			best = size.v
		}
	}
	return best
}

// attach notes the file to be fetched. What is stored is the file's id: the address that comes of it holds the
// bot's token, and lives an hour.
func (f file) attach(label string, in *ticketing.Incoming) string {
	if f.Size.int() > maxDown {
		return spaced(said("too_big", label, (f.Size.int()+1<<20-1)>>20), f.Name)
	}
	if f.ID != "" {
		in.Fetch = append(in.Fetch, ticketing.Fetch{Address: string(f.ID), Name: string(f.Name)})
	}
	return spaced(label, f.Name)
}

// place puts the point on the map, or says what it was.
func (l location) place(label string, in *ticketing.Incoming) string {
	if p, ok := l.point(); ok {
		in.Location = &p
		return label
	}
	return spaced(label, l.Lat, l.Lng)
}

func spaced(label string, more ...loose) string {
	for _, m := range more {
		if m != "" {
			label += " " + string(m)
		}
	}
	return label
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

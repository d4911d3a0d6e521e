package simulator

import (
	"encoding/json"
	"fmt"
	"slices"
)

// What people do in the app; each becomes an update. They return the message's id.

// Say writes a text.
func (g *Telegram) Say(user int64, text string) int64 {
	return g.Send(user, map[string]any{"text": text})
}

// Send sends a message with any content.
func (g *Telegram) Send(user int64, content map[string]any) int64 {
	id, m := g.message(user, user, content)
	g.Post(map[string]any{"message": m})
	return id
}

// message is a message of the user in the chat.
func (g *Telegram) message(user, chat int64, content map[string]any) (int64, map[string]any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	id := g.id()
	m := map[string]any{
		"message_id": id, "from": g.from(user), "chat": g.where(user, chat), "date": g.set.Now().Unix(),
	}
	for k, v := range content {
		m[k] = v
	}
	return id, m
}

// from is the person as updates show her. g.mu is held.
func (g *Telegram) from(user int64) map[string]any {
	u := g.users[user]
	f := map[string]any{"id": user, "is_bot": false, "first_name": u.first, "language_code": "vi"}
	if u.last != "" {
		f["last_name"] = u.last
	}
	return f
}

// where is the chat as updates show it. g.mu is held.
func (g *Telegram) where(user, chat int64) map[string]any {
	if chat != user {
		return map[string]any{"id": chat, "type": "supergroup", "title": g.groups[chat].first}
	}
	w := g.from(user)
	delete(w, "is_bot")
	delete(w, "language_code")
	w["type"] = "private"
	return w
}

// Edit changes a text she sent.
func (g *Telegram) Edit(user, message int64, text string) {
	_, m := g.message(user, user, map[string]any{"text": text, "edit_date": g.set.Now().Unix()})
	m["message_id"] = message
	g.Post(map[string]any{"edited_message": m})
}

// MoveLive is a further place of a live location: it comes as an edit.
func (g *Telegram) MoveLive(user, message int64, lat, lng float64) {
	_, m := g.message(user, user, map[string]any{
		"location": map[string]any{"latitude": lat, "longitude": lng, "live_period": 900}, "edit_date": g.set.Now().Unix(),
	})
	m["message_id"] = message
	g.Post(map[string]any{"edited_message": m})
}

// keep stores what somebody sends and gives its file id. A big one may not be downloaded.
func (g *Telegram) keep(folder, ending string, data []byte, big bool) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.id()
	id := fmt.Sprintf("AgACAgUAAxkBAAIB%d", n)
	g.files[id] = telegramFile{path: fmt.Sprintf("%s/file_%d%s", folder, n, ending), data: data, big: big}
	return id
}

// SendPhoto sends a picture, which Telegram keeps in three sizes.
func (g *Telegram) SendPhoto(user int64, data []byte, caption string) int64 {
	var sizes []any
	for i, side := range []int{90, 320, 1280} {
		kept := data
		if i < 2 {
			kept = []byte("a smaller one")
		}
		id := g.keep("photos", ".jpg", kept, false)
		sizes = append(sizes, map[string]any{"file_id": id, "file_unique_id": "u" + id, "width": side, "height": side, "file_size": len(kept)})
	}
	content := map[string]any{"photo": sizes}
	if caption != "" {
		content["caption"] = caption
	}
	return g.Send(user, content)
}

// SendFile sends a voice, audio, video, video_note, animation or document with words beside it.
func (g *Telegram) SendFile(user int64, kind, name string, data []byte, caption string) int64 {
	return g.sendFile(user, kind, name, data, caption, int64(len(data)))
}

// SendBigFile sends a file of which only the size matters: more than 20 MB cannot be fetched.
func (g *Telegram) SendBigFile(user int64, kind, name string, size int64) int64 {
	return g.sendFile(user, kind, name, nil, "", size)
}

func (g *Telegram) sendFile(user int64, kind, name string, data []byte, caption string, size int64) int64 {
	id := g.keep(kind, "", data, size > telegramDown)
	file := map[string]any{"file_id": id, "file_unique_id": "u" + id, "file_size": size, "duration": 3}
	if name != "" {
		file["file_name"] = name
	}
	content := map[string]any{kind: file}
	if caption != "" {
		content["caption"] = caption
	}
	if kind == "animation" {
		content["document"] = file // so it comes
	}
	return g.Send(user, content)
}

// SendContact sends a card; of is whose it is, 0 for somebody without Telegram.
func (g *Telegram) SendContact(user, of int64, phone, name string) int64 {
	card := map[string]any{"phone_number": phone, "first_name": name}
	if of != 0 {
		card["user_id"] = of
	}
	return g.Send(user, map[string]any{"contact": card})
}

// Tap presses a button under a message the bot sent; it returns the callback's id.
func (g *Telegram) Tap(user, message int64, data string) string {
	g.mu.Lock()
	i := slices.IndexFunc(g.users[user].inbox, func(m TelegramMessage) bool { return m.ID == message })
	below := g.users[user].inbox[i]
	var row []any
	for _, b := range below.Buttons {
		row = append(row, map[string]any{"text": b.Text, "callback_data": b.Data})
	}
	id := fmt.Sprintf("43824%d", g.id())
	query := map[string]any{
		"id": id, "from": g.from(user), "chat_instance": "-3", "data": data,
		"message": map[string]any{
			"message_id": message, "chat": g.where(user, user), "date": below.At.Unix(), "text": below.Text,
			"from":         map[string]any{"id": 1, "is_bot": true, "first_name": "1022"},
			"reply_markup": map[string]any{"inline_keyboard": []any{row}},
		},
	}
	g.mu.Unlock()
	g.Post(map[string]any{"callback_query": query})
	return id
}

// Block makes the bot unable to write to her; Unblock ends it. Both are told of.
func (g *Telegram) Block(user int64) { g.block(user, true) }

// Unblock ends what Block began.
func (g *Telegram) Unblock(user int64) { g.block(user, false) }

func (g *Telegram) block(user int64, blocked bool) {
	g.mu.Lock()
	g.users[user].blocked = blocked
	before, after := "member", "kicked"
	if !blocked {
		before, after = after, before
	}
	m := g.membership(user, user, before, after)
	g.mu.Unlock()
	g.Post(m)
}

// membership is a my_chat_member update. g.mu is held.
func (g *Telegram) membership(user, chat int64, before, after string) map[string]any {
	bot := map[string]any{"id": 1, "is_bot": true, "first_name": "1022", "username": g.set.Username}
	return map[string]any{"my_chat_member": map[string]any{
		"chat": g.where(user, chat), "from": g.from(user), "date": g.set.Now().Unix(),
		"old_chat_member": map[string]any{"user": bot, "status": before}, "new_chat_member": map[string]any{"user": bot, "status": after},
	}}
}

// AddToGroup tells the bot that somebody put it into the group.
func (g *Telegram) AddToGroup(user, group int64) {
	g.mu.Lock()
	m := g.membership(user, group, "left", "member")
	g.mu.Unlock()
	g.Post(m)
}

// SayInGroup writes where others read along.
func (g *Telegram) SayInGroup(user, group int64, text string) {
	_, m := g.message(user, group, map[string]any{"text": text})
	g.Post(map[string]any{"message": m})
}

// PostInChannel is a channel's post.
func (g *Telegram) PostInChannel(text string) {
	g.Post(map[string]any{"channel_post": map[string]any{
		"message_id": 5, "chat": map[string]any{"id": -1009, "type": "channel", "title": "Tin"}, "date": g.set.Now().Unix(), "text": text,
	}})
}

// Body is an update as it is posted.
func (g *Telegram) Body(id int64, update map[string]any) string {
	whole := map[string]any{"update_id": id}
	for k, v := range update {
		whole[k] = v
	}
	raw, err := json.Marshal(whole)
	if err != nil {
		panic(err) // maps of plain values
	}
	return string(raw)
}

package simulator

import (
	"fmt"
	"maps"
	"strconv"
)

// Citizen is a person on Facebook; the id is what Messenger calls her towards this page.
func (f *Facebook) Citizen(last, first string) (id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id = f.id()
	f.users[id] = &facebookUser{id: id, commenter: "55" + id, first: first, last: last}
	return id
}

// Say writes a text; it returns the message's id at once, the event goes its own way.
func (f *Facebook) Say(user, text string) string {
	return f.send(user, map[string]any{"text": text})
}

// SendPicture sends a picture with words beside it (may be empty).
func (f *Facebook) SendPicture(user string, data []byte, caption string) string {
	message := map[string]any{"attachments": []any{attachmentOf("image", map[string]any{"url": f.host("image", "anh.jpg", data)})}}
	if caption != "" {
		message["text"] = caption
	}
	return f.send(user, message)
}

// SendFile sends a document, a video or a voice message: kind is Facebook's word for it.
func (f *Facebook) SendFile(user, kind, name string, data []byte) string {
	return f.send(user, map[string]any{"attachments": []any{attachmentOf(kind, map[string]any{"url": f.host(kind, name, data)})}})
}

// SendLocation sends a place.
func (f *Facebook) SendLocation(user string, lat, lng float64) string {
	at := map[string]any{"lat": lat, "long": lng}
	return f.send(user, map[string]any{"attachments": []any{attachmentOf("location", map[string]any{"coordinates": at})}})
}

// SendSticker sends a sticker in both forms, as during the change-over.
func (f *Facebook) SendSticker(user string, id int64) string {
	link := f.host("sticker", "sticker.png", []byte("sticker"))
	return f.send(user, map[string]any{"attachments": []any{
		attachmentOf("image", map[string]any{"url": link, "sticker_id": id}),
		attachmentOf("sticker", map[string]any{"url": link, "sticker_id": id}),
	}})
}

// Tap taps the n-th button under the last message she got.
func (f *Facebook) Tap(user string, n int) string {
	f.mu.Lock()
	inbox := f.users[user].inbox
	button := inbox[len(inbox)-1].Replies[n]
	f.mu.Unlock()
	return f.send(user, map[string]any{"text": button.Title, "quick_reply": map[string]any{"payload": button.Payload}})
}

// Press presses a button of the menu or a card; ref names the link she came by, if any.
func (f *Facebook) Press(user, title, payload, ref string) string {
	mid := "m_" + hexID()
	press := map[string]any{"mid": mid, "title": title, "payload": payload}
	if ref != "" {
		press["referral"] = map[string]any{"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}
	}
	f.touch(user)
	f.messaging(user, map[string]any{"postback": press})
	return mid
}

// Follow opens the conversation by a link, without words.
func (f *Facebook) Follow(user, ref string) {
	f.messaging(user, map[string]any{"referral": map[string]any{"ref": ref, "source": "SHORTLINK", "type": "OPEN_THREAD"}})
}

// React puts a sign on a message of the page.
func (f *Facebook) React(user, mid string) {
	f.messaging(user, map[string]any{"reaction": map[string]any{"reaction": "love", "emoji": "❤", "action": "react", "mid": mid}})
}

// Edit changes her own message.
func (f *Facebook) Edit(user, mid, text string, times int) {
	f.messaging(user, map[string]any{"message_edit": map[string]any{"mid": mid, "text": text, "num_edit": times}})
}

// Arrive tells that what she got so far is on her device: which messages, or only up to when.
func (f *Facebook) Arrive(user string, withIDs bool) {
	f.mu.Lock()
	u := f.users[user]
	var mids []string
	for _, m := range u.inbox {
		mids = append(mids, m.ID)
	}
	mark := u.inbox[len(u.inbox)-1].At.UnixMilli()
	f.mu.Unlock()
	delivery := map[string]any{"watermark": mark}
	if withIDs {
		delivery["mids"] = mids
	}
	// Such an item has no time of its own.
	f.Post("messaging", map[string]any{"sender": facebookID(user), "recipient": facebookID(f.set.PageID), "delivery": delivery})
}

// Read tells that she has opened what she got so far.
func (f *Facebook) Read(user string) {
	f.mu.Lock()
	u := f.users[user]
	mark := u.inbox[len(u.inbox)-1].At.UnixMilli()
	f.mu.Unlock()
	f.messaging(user, map[string]any{"read": map[string]any{"watermark": mark}})
}

// Colleague writes to the person from the page's own inbox, past the hotline.
func (f *Facebook) Colleague(user, text string) string {
	mid := "m_" + hexID()
	f.mu.Lock()
	u := f.users[user]
	u.inbox = append(u.inbox, FacebookMessage{ID: mid, Text: text, Kind: "text", At: f.set.Now(), Type: "RESPONSE"})
	f.change()
	f.mu.Unlock()
	f.Post("messaging", map[string]any{
		"sender": facebookID(f.set.PageID), "recipient": facebookID(user), "timestamp": f.stamp(),
		"message": map[string]any{"mid": mid, "text": text, "is_echo": true, "app_id": 263902037430900},
	})
	return mid
}

// Comment writes under a post of the page; it gives the comment's id.
func (f *Facebook) Comment(user, post, text string) string {
	f.mu.Lock()
	f.serial++
	id := f.set.PageID + "_" + post + strconv.Itoa(f.serial)
	f.comments[id] = &facebookComment{id: id, post: post, by: user, at: f.set.Now()}
	f.mu.Unlock()
	f.Commented(id, "add", map[string]any{"message": text})
	return id
}

// WritePost writes on the page itself; it gives the post's id. item is Facebook's word for what it is: status, photo …
func (f *Facebook) WritePost(user, item, text string, more map[string]any) string {
	f.mu.Lock()
	f.serial++
	id := f.set.PageID + "_9" + strconv.Itoa(f.serial)
	f.comments[id] = &facebookComment{id: id, post: strconv.Itoa(f.serial), by: user, at: f.set.Now(), own: true}
	f.mu.Unlock()
	value := map[string]any{"item": item, "message": text}
	maps.Copy(value, more)
	f.Commented(id, "add", value)
	return id
}

// Commented tells of something done to a comment or post: add, edited, remove, hide, unhide.
func (f *Facebook) Commented(id, verb string, more map[string]any) {
	f.mu.Lock()
	c := f.comments[id]
	u := f.users[c.by]
	c.removed = c.removed || verb == "remove"
	f.mu.Unlock()
	value := map[string]any{
		"item": "comment", "verb": verb, "comment_id": id, "post_id": f.set.PageID + "_" + c.post, "parent_id": f.set.PageID + "_" + c.post,
		"created_time": f.set.Now().Unix(), "from": map[string]any{"id": u.commenter, "name": u.last + " " + u.first},
		"post": map[string]any{"permalink_url": "https://www.facebook.com/" + f.set.PageID + "/posts/" + c.post},
	}
	if c.own {
		value["item"], value["post_id"] = "status", id
		delete(value, "comment_id")
		delete(value, "parent_id")
	}
	maps.Copy(value, more)
	f.Post("changes", map[string]any{"field": "feed", "value": value})
}

// Block makes Facebook refuse messages to her (551).
func (f *Facebook) Block(user string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.users[user].blocked = true
}

// Hide makes Facebook refuse to tell her name.
func (f *Facebook) Hide(user string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.users[user].hidden = true
}

// touch notes that she wrote: what opens the window for answers.
func (f *Facebook) touch(user string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.users[user].wrote = f.set.Now()
}

func (f *Facebook) send(user string, message map[string]any) string {
	f.touch(user)
	mid := "m_" + hexID()
	message["mid"] = mid
	f.messaging(user, map[string]any{"message": message})
	return mid
}

func (f *Facebook) messaging(user string, more map[string]any) {
	item := map[string]any{"sender": facebookID(user), "recipient": facebookID(f.set.PageID), "timestamp": f.stamp()}
	maps.Copy(item, more)
	f.mu.Lock()
	list := "messaging"
	if f.users[user].owner != "" {
		list = "standby" // another app is to answer it
	}
	f.mu.Unlock()
	f.Post(list, item)
}

func facebookID(id string) map[string]any { return map[string]any{"id": id} }

func (f *Facebook) stamp() int64 { return f.set.Now().UnixMilli() }

// host keeps what a citizen sends and gives its address, which does not live for ever.
func (f *Facebook) host(kind, name string, data []byte) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := hexID()
	now := f.set.Now()
	f.media[id] = facebookFile{kind: kind, name: name, data: data, at: now}
	return fmt.Sprintf("%s/media/%s/%s?oe=%x", f.url, id, name, now.Add(f.set.MediaLife).Unix())
}

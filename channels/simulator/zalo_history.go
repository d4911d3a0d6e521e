package simulator

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// zaloPast is one message of a conversation, as the account's history keeps it.
type zaloPast struct {
	user, id, kind, text string
	ours                 bool
	payload              map[string]any // of what came with it
	at                   time.Time
}

// zaloPastWords are the history's words where they differ from the webhook's.
var zaloPastWords = map[string]string{"image": "photo", "audio": "voice", "link": "links"}

// Miss lets the next n messages of citizens be told to nobody: they stand in the history only.
func (z *Zalo) Miss(n int) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.miss = n
}

// Odd puts a message of a kind the webhook does not know into the history, and tells nobody.
func (z *Zalo) Odd(user, kind, text string) {
	z.touch(user)
	z.mu.Lock()
	defer z.mu.Unlock()
	z.history = append(z.history, zaloPast{user: user, id: hexID(), kind: kind, text: text, at: z.set.Now()})
}

// TellMissed tells them after all, one after the other.
func (z *Zalo) TellMissed(ctx context.Context) {
	z.mu.Lock()
	events := z.missed
	z.missed = nil
	z.mu.Unlock()
	for _, e := range events {
		z.Post(e)
		_, _ = z.Settled(ctx) // who waits too long sees it in what came
	}
}

// Asked is how often the path was called.
func (z *Zalo) Asked(path string) int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.asked[path]
}

// tell keeps a citizen's message and posts its event, unless that is to be missed.
func (z *Zalo) tell(user, kind, id string, message, event map[string]any) {
	text, _ := message["text"].(string)
	past := zaloPast{user: user, id: id, kind: kind, text: text, at: z.set.Now()}
	if all, ok := message["attachments"].([]any); ok && len(all) > 0 {
		past.payload, _ = all[0].(map[string]any)["payload"].(map[string]any)
	}
	z.mu.Lock()
	z.history = append(z.history, past)
	miss := z.miss > 0
	if miss {
		z.miss--
		z.missed = append(z.missed, event)
	}
	z.mu.Unlock()
	if !miss {
		z.Post(event)
	}
}

// recentChats is GET /v2.0/oa/listrecentchat: the last message of each conversation, the newest first.
func (z *Zalo) recentChats(r *http.Request) any {
	return z.page(r, func(string) (out []zaloPast) {
		known := map[string]bool{}
		for i := len(z.history) - 1; i >= 0; i-- {
			if m := z.history[i]; !known[m.user] {
				known[m.user] = true
				out = append(out, m)
			}
		}
		return out
	})
}

// conversation is GET /v2.0/oa/conversation: one conversation, the newest first.
func (z *Zalo) conversation(r *http.Request) any {
	return z.page(r, func(user string) (out []zaloPast) {
		for i := len(z.history) - 1; i >= 0; i-- {
			if z.history[i].user == user {
				out = append(out, z.history[i])
			}
		}
		return out
	})
}

func (z *Zalo) page(r *http.Request, list func(user string) []zaloPast) any {
	var in struct {
		User   string `json:"user_id"`
		Offset int    `json:"offset"`
		Count  int    `json:"count"`
	}
	if json.Unmarshal([]byte(r.URL.Query().Get("data")), &in) != nil || in.Offset < 0 {
		return refuse(-201, "data")
	}
	if in.Count < 1 || in.Count > 10 {
		return refuse(-210, "count")
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	all := list(in.User)
	all = all[min(in.Offset, len(all)):]
	out := []map[string]any{}
	for _, m := range all[:min(in.Count, len(all))] {
		out = append(out, z.pastItem(m))
	}
	return good(out)
}

func (z *Zalo) pastItem(m zaloPast) map[string]any {
	kind := m.kind
	if w := zaloPastWords[kind]; w != "" {
		kind = w
	}
	item := map[string]any{
		"src": 1, "time": m.at.UnixMilli(), "type": kind, "message": m.text, "message_id": m.id,
		"from_id": m.user, "to_id": z.set.OAID, "from_display_name": z.users[m.user].name, "to_display_name": z.set.Name,
	}
	if m.ours {
		item["src"], item["from_id"], item["to_id"] = 0, z.set.OAID, m.user
	}
	if z.otherIDs {
		item["message_id"] = "h" + m.id
	}
	for _, field := range []string{"url", "thumb", "description"} {
		if v, ok := m.payload[field]; ok {
			item[field] = v
		}
	}
	if at, ok := m.payload["coordinates"].(map[string]any); ok {
		raw, _ := json.Marshal(at) // two texts
		item["location"] = string(raw)
	}
	return item
}

// OtherIDs lets the history call messages otherwise than the webhook, or as the webhook does.
func (z *Zalo) OtherIDs(on bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.otherIDs = on
}

// Forget makes the account forget a message, so that it cannot be quoted.
func (z *Zalo) Forget(id string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.history = slices.DeleteFunc(z.history, func(m zaloPast) bool { return m.id == id })
}

// said says that the message stands in the person's conversation. z.mu is held.
func (z *Zalo) said(user, id string) bool {
	return slices.ContainsFunc(z.history, func(m zaloPast) bool { return m.user == user && m.id == id })
}

// counted notes which path was called.
func (z *Zalo) counted(path string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.asked[path[strings.Index(path, "/"):]]++
}

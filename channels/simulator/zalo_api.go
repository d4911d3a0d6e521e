package simulator

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The limits Zalo documents.
const (
	zaloText    = 2000
	zaloImage   = 1 << 20
	zaloFile    = 5 << 20
	zaloFree    = 48 * time.Hour
	zaloWindow  = 7 * 24 * time.Hour
	zaloAssetTo = 7 * 24 * time.Hour
)

func (z *Zalo) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/v4/oa/access_token", z.faulty(z.exchange))
	for path, call := range map[string]func(*http.Request) any{
		"POST /v3.0/oa/message/cs":   z.message,
		"POST /v2.0/oa/message":      z.oldMessage,
		"POST /v2.0/oa/upload/image": z.uploader("image", zaloImage),
		"POST /v2.0/oa/upload/file":  z.uploader("file", zaloFile),
		"GET /v3.0/oa/user/detail":   z.detail,
		"GET /v2.0/oa/getoa":         z.account,
		"POST /message/template":     z.template,

		"POST /v3.0/oa/message/template": z.userTemplate,

		"GET /v2.0/oa/listrecentchat": z.recentChats,
		"GET /v2.0/oa/conversation":   z.conversation,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			z.counted(path)
			code := z.admit(w, r)
			if code != 0 {
				reply(w, refuse(code, "refused"))
				return
			}
			z.faulty(call)(w, r)
		})
	}
	mux.HandleFunc("GET /media/{id}", z.serveMedia)
	return mux
}

func reply(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	_ = json.NewEncoder(w).Encode(answer)
}

func refuse(code int, message string) any { return map[string]any{"error": code, "message": message} }

func good(data any) any { return map[string]any{"error": 0, "message": "Success", "data": data} }

// admit counts the call against the minute and looks at the token.
func (z *Zalo) admit(w http.ResponseWriter, r *http.Request) int {
	z.mu.Lock()
	defer z.mu.Unlock()
	now := z.set.Now()
	if minute := now.Truncate(time.Minute); !minute.Equal(z.minute) {
		z.minute, z.calls = minute, 0
	}
	z.calls++
	w.Header().Set("X-RateLimit-Limit", strconv.Itoa(z.set.PerMinute))
	w.Header().Set("X-RateLimit-Remain", strconv.Itoa(max(0, z.set.PerMinute-z.calls)))
	if z.calls > z.set.PerMinute {
		return -32
	}
	return z.tokens.holds(r, now)
}

// oldMessage is POST /v2.0/oa/message, which is there for people who are not signed in only.
func (z *Zalo) oldMessage(r *http.Request) any {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	z.mu.Lock()
	closed := z.closed
	z.mu.Unlock()
	if err != nil || closed || !bytes.Contains(raw, []byte(`"anonymous_id"`)) {
		return refuse(-240, "MessageV2 API has been shut down")
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	return z.message(r)
}

// zaloOutgoing is a message as an app sends it.
type zaloOutgoing struct {
	Recipient struct {
		User         string `json:"user_id"`
		Anonymous    string `json:"anonymous_id"`
		Conversation string `json:"conversation_id"`
	} `json:"recipient"`
	Message struct {
		Text       string          `json:"text"`
		Quote      string          `json:"quote_message_id"`
		Attachment *zaloAttachment `json:"attachment"`
	} `json:"message"`
}

type zaloAttachment struct {
	Type    string `json:"type"`
	Payload struct {
		Template string `json:"template_type"`
		Token    string `json:"token"`
		Elements []struct {
			Media string `json:"media_type"`
			ID    string `json:"attachment_id"`
			URL   string `json:"url"`
		} `json:"elements"`
	} `json:"payload"`
}

// message is POST /v3.0/oa/message/cs.
func (z *Zalo) message(r *http.Request) any {
	var in zaloOutgoing
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return refuse(-201, "body")
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	now := z.set.Now()
	u := z.users[in.Recipient.User+in.Recipient.Anonymous]
	if no := z.mayWrite(u, in); no != nil {
		return no
	}
	m := ZaloMessage{ID: hexID(), Text: in.Message.Text, Kind: "text", At: now, Quota: "reply", Quote: in.Message.Quote}
	if now.Sub(u.last) > zaloFree {
		m.Quota = "purchase_quota"
	}
	if a := in.Message.Attachment; a != nil {
		if no := z.attach(&m, u, *a); no != nil {
			return no
		}
	} else if m.Text == "" {
		return refuse(-201, "message is empty")
	}
	u.inbox = append(u.inbox, m)
	z.history = append(z.history, zaloPast{user: u.id, id: m.ID, kind: m.Kind, text: m.Text, ours: true, at: now})
	if z.set.Mood.Echo {
		go z.echo(*u, m)
	}
	z.change()
	return good(map[string]any{
		"message_id": m.ID, "user_id": u.id, "sent_time": strconv.FormatInt(now.UnixMilli(), 10),
		"quota": map[string]any{"quota_type": m.Quota},
	})
}

// mayWrite is the refusal of a message to the person; nil for none. z.mu is held.
func (z *Zalo) mayWrite(u *zaloUser, in zaloOutgoing) any {
	switch {
	case u == nil, u.talk != in.Recipient.Conversation, (u.talk != "") != (in.Recipient.Anonymous != ""):
		return refuse(-201, "user_id is invalid")
	case u.left:
		return refuse(-213, "User has not followed OA")
	case u.blocked:
		return refuse(-244, "User has restricted this type of message")
	case u.last.IsZero():
		return refuse(-232, "User has not interacted")
	case z.set.Now().Sub(u.last) > zaloWindow:
		return refuse(-230, "User has not interacted with the OA in the past 7 days")
	case utf8.RuneCountInString(norm.NFC.String(in.Message.Text)) > zaloText:
		return refuse(-210, "message.text is longer than 2000")
	case in.Message.Quote != "" && !z.said(u.id, in.Message.Quote):
		return refuse(-201, "quote_message_id is invalid")
	}
	return nil
}

// attach puts an uploaded asset into the message; its refusal, or nil. z.mu is held.
func (z *Zalo) attach(m *ZaloMessage, u *zaloUser, a zaloAttachment) any {
	key := a.Payload.Token
	m.Kind = "file"
	if a.Type == "template" {
		if a.Payload.Template != "media" || len(a.Payload.Elements) != 1 || a.Payload.Elements[0].URL != "" {
			return refuse(-201, "payload")
		}
		m.Kind, key = a.Payload.Elements[0].Media, a.Payload.Elements[0].ID
	}
	asset, ok := z.assets[key]
	switch {
	case !ok || asset.kind != m.Kind:
		return refuse(-201, "attachment")
	case z.set.Now().Sub(asset.at) > zaloAssetTo:
		return refuse(-100, "attachment_id expired")
	case u.heard[key]:
		return refuse(-238, "asset already used")
	}
	u.heard[key] = true
	m.Data, m.Name = asset.data, asset.name
	return nil
}

// echo tells of a message the account sent; it may arrive before the API's answer.
func (z *Zalo) echo(u zaloUser, m ZaloMessage) {
	sender, recipient := map[string]any{"id": z.set.OAID}, map[string]any{"id": u.id}
	for name, message := range map[string]any{
		"oa_send_" + m.Kind:     map[string]any{"msg_id": m.ID, "text": m.Text},
		"user_received_message": map[string]any{"msg_id": m.ID},
		"user_seen_message":     map[string]any{"msg_ids": []string{m.ID}},
	} {
		z.Post(map[string]any{
			"app_id": z.set.AppID, "event_name": name, "sender": sender, "recipient": recipient, "message": message, "timestamp": z.stamp(),
		})
	}
}

// uploader is POST /v2.0/oa/upload/image and /file.
func (z *Zalo) uploader(kind string, limit int64) func(*http.Request) any {
	return func(r *http.Request) any {
		file, head, err := r.FormFile("file")
		if err != nil {
			return refuse(-201, "file")
		}
		defer file.Close()
		data, err := io.ReadAll(io.LimitReader(file, limit+1))
		name := strings.ToLower(head.Filename)
		switch {
		case err != nil:
			return refuse(-200, "upload")
		case int64(len(data)) > limit:
			return refuse(-210, "file size")
		case kind == "image" && !bytes.HasPrefix(data, []byte("\xff\xd8")) && !bytes.HasPrefix(data, []byte("\x89PNG")),
			kind == "file" && !hasAnySuffix(name, ".pdf", ".doc", ".docx", ".csv"):
			return refuse(-201, "file type")
		}
		z.mu.Lock()
		defer z.mu.Unlock()
		id := hexID()
		z.assets[id] = zaloAsset{kind: kind, name: head.Filename, data: data, at: z.set.Now()}
		if kind == "image" {
			return good(map[string]any{"attachment_id": id})
		}
		return good(map[string]any{"token": id})
	}
}

func hasAnySuffix(s string, suffixes ...string) bool {
	for _, x := range suffixes {
		if strings.HasSuffix(s, x) {
			return true
		}
	}
	return false
}

// detail is GET /v3.0/oa/user/detail?data={"user_id":…}.
func (z *Zalo) detail(r *http.Request) any {
	var in struct {
		User string `json:"user_id"`
	}
	if json.Unmarshal([]byte(r.URL.Query().Get("data")), &in) != nil {
		return refuse(-201, "data")
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	u := z.users[in.User]
	if u == nil {
		return refuse(-201, "user_id")
	}
	return good(map[string]any{
		"user_id": u.id, "user_id_by_app": "7" + u.id, "display_name": u.name, "user_is_follower": u.follows,
		"is_sensitive": false, "user_last_interaction_date": u.last.Format("02/01/2006"), "shared_info": map[string]any{},
	})
}

// account is GET /v2.0/oa/getoa.
func (z *Zalo) account(*http.Request) any {
	z.mu.Lock()
	defer z.mu.Unlock()
	followers := 0
	for _, u := range z.users {
		if u.follows {
			followers++
		}
	}
	return good(map[string]any{"oaid": z.set.OAID, "name": z.set.Name, "oa_type": 4, "num_follower": followers, "is_verified": true})
}

// serveMedia is the host of what people send.
func (z *Zalo) serveMedia(w http.ResponseWriter, r *http.Request) {
	z.mu.Lock()
	asset, ok := z.media[r.PathValue("id")]
	z.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	if f, bad := z.fault(r.URL.Path); bad && f.Status != 0 {
		http.Error(w, "simulated", f.Status)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(asset.data)
}

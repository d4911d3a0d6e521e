package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf16"
)

// The limits Facebook documents.
const (
	facebookText     = 2000
	facebookTitle    = 20
	facebookPayload  = 1000
	facebookReplies  = 13
	facebookUpload   = 25 << 20
	facebookWindow   = 24 * time.Hour
	facebookHuman    = 7 * 24 * time.Hour
	facebookUploadTo = 90 * 24 * time.Hour
)

func (f *Facebook) routes() http.Handler {
	mux := http.NewServeMux()
	for path, call := range map[string]func(*http.Request) facebookAnswer{
		"POST " + facebookVersion + "/{page}/messages":            f.message,
		"POST " + facebookVersion + "/{page}/message_attachments": f.upload,
		"GET " + facebookVersion + "/{id}":                        f.profile,

		"POST " + facebookVersion + "/{page}/take_thread_control": f.takeThread,
		"POST " + facebookVersion + "/{id}/comments":              f.publicReply,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if a := f.admit(w, r); a.code != 0 {
				a.write(w, 0)
				return
			}
			f.faulty(call)(w, r)
		})
	}
	mux.HandleFunc("GET /media/{id}/{name}", f.serveMedia)
	return mux
}

// admit looks at the token and its proof, and counts the call.
func (f *Facebook) admit(w http.ResponseWriter, r *http.Request) facebookAnswer {
	f.mu.Lock()
	defer f.mu.Unlock()
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if token == "" {
		token = r.URL.Query().Get("access_token")
	}
	switch {
	case token != f.set.PageToken:
		return facebookRefusal(190, 0, "Invalid OAuth access token - Cannot parse access token")
	case f.expired:
		return facebookRefusal(190, 463, "Error validating access token: Session has expired")
	case r.URL.Query().Get("appsecret_proof") != facebookProof(token, f.set.AppSecret):
		return facebookRefusal(100, 0, "Invalid appsecret_proof provided in the API argument")
	}
	if f.set.PerMinute == 0 {
		return facebookAnswer{}
	}
	if minute := f.set.Now().Truncate(time.Minute); !minute.Equal(f.minute) {
		f.minute, f.calls = minute, 0
	}
	f.calls++
	usage := map[string]any{"call_count": 100 * (f.calls - 1) / f.set.PerMinute, "total_time": 1, "total_cputime": 1}
	raw, _ := json.Marshal(usage) // a map of numbers
	w.Header().Set("X-App-Usage", string(raw))
	if f.calls > f.set.PerMinute {
		w.Header().Set("X-Business-Use-Case-Usage", `{"`+f.set.PageID+`":[{"type":"messenger","call_count":100,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":1}]}`)
		return facebookRefusal(613, 0, "Calls to this api have exceeded the rate limit.")
	}
	return facebookAnswer{}
}

func facebookProof(token, secret string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(token))
	return hex.EncodeToString(h.Sum(nil))
}

// facebookOutgoing is the Send API's body.
type facebookOutgoing struct {
	Recipient struct {
		ID      string `json:"id"`
		Comment string `json:"comment_id"`
		Post    string `json:"post_id"`
	} `json:"recipient"`
	Type    string `json:"messaging_type"`
	Tag     string `json:"tag"`
	Message struct {
		Text       string `json:"text"`
		Metadata   string `json:"metadata"`
		Attachment *struct {
			Type    string `json:"type"`
			Payload struct {
				ID string `json:"attachment_id"`
			} `json:"payload"`
		} `json:"attachment"`
		Replies []FacebookQuickReply `json:"quick_replies"`
	} `json:"message"`
}

// message is POST /{page-id}/messages.
func (f *Facebook) message(r *http.Request) facebookAnswer {
	var in facebookOutgoing
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return facebookRefusal(100, 0, "body")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	u, refusal := f.addressee(r.PathValue("page"), in)
	if refusal.code != 0 {
		return refusal
	}
	m, refusal := f.content(in)
	if refusal.code != 0 {
		return refusal
	}
	u.inbox = append(u.inbox, m)
	if m.Comment != "" {
		f.comments[m.Comment].replied = true
	}
	f.change()
	return facebookAnswer{
		body:  map[string]any{"recipient_id": u.id, "message_id": m.ID},
		after: func() { f.echo(u.id, m, in.Message.Metadata) },
	}
}

// addressee is who gets the message, if she may get it. f.mu is held.
func (f *Facebook) addressee(page string, in facebookOutgoing) (*facebookUser, facebookAnswer) {
	now := f.set.Now()
	if page != f.set.PageID {
		return nil, facebookRefusal(100, 33, "Unsupported post request. Object does not exist")
	}
	if f.confined {
		return nil, facebookRefusal(10, 1893063, "Page temporarily restricted from sending")
	}
	if about := in.Recipient.Comment + in.Recipient.Post; about != "" {
		c := f.comments[about]
		switch {
		case c == nil || c.removed || c.own != (in.Recipient.Post != ""):
			return nil, facebookRefusal(100, 0, "The comment cannot be found")
		case c.replied:
			return nil, facebookRefusal(10900, 0, "Activity already replied to")
		case now.Sub(c.at) > facebookHuman:
			return nil, facebookRefusal(10, 2018278, "This message is sent outside of allowed window.")
		}
		return f.users[c.by], facebookAnswer{}
	}
	u := f.users[in.Recipient.ID]
	if u == nil {
		return nil, facebookRefusal(100, 2018001, "No matching user found")
	}
	silent := now.Sub(u.wrote)
	human := in.Type == "MESSAGE_TAG" && in.Tag == "HUMAN_AGENT"
	switch {
	case in.Type != "RESPONSE" && in.Type != "UPDATE" && in.Type != "MESSAGE_TAG":
		return nil, facebookRefusal(100, 0, "messaging_type")
	case in.Type == "MESSAGE_TAG" && !human:
		return nil, facebookRefusal(100, 0, "The tag is not supported any more")
	case u.owner != "":
		return nil, facebookRefusal(10, 2018300, "Message failed to send because another app is controlling this thread now.")
	case u.blocked:
		return nil, facebookRefusal(551, 1545041, "This person isn't available right now.")
	case u.wrote.IsZero(), silent > facebookHuman, silent > facebookWindow && !human:
		return nil, facebookRefusal(10, 2018278, "This message is sent outside of allowed window.")
	}
	return u, facebookAnswer{}
}

// content is the message, if it is one. f.mu is held.
func (f *Facebook) content(in facebookOutgoing) (FacebookMessage, facebookAnswer) {
	m := FacebookMessage{
		ID: "m_" + hexID(), Text: in.Message.Text, Kind: "text", At: f.set.Now(), Type: in.Type, Tag: in.Tag,
		Comment: in.Recipient.Comment + in.Recipient.Post, Replies: in.Message.Replies,
	}
	bad := func(what string) (FacebookMessage, facebookAnswer) { return m, facebookRefusal(100, 0, what) }
	switch {
	case len(utf16.Encode([]rune(m.Text))) > facebookText:
		return bad("Length of param message[text] must be less than or equal to 2000")
	case len(in.Message.Metadata) > 1000:
		return bad("metadata")
	case len(m.Replies) > facebookReplies:
		return bad("quick_replies")
	case m.Text == "" && in.Message.Attachment == nil:
		return bad("Message cannot be empty, must provide valid attachment or text")
	case m.Text != "" && in.Message.Attachment != nil:
		return bad("text and attachment")
	}
	for _, q := range m.Replies {
		if q.Type != "text" || q.Title == "" || q.Payload == "" || len([]rune(q.Title)) > facebookTitle || len(q.Payload) > facebookPayload {
			return bad("quick_reply")
		}
	}
	if a := in.Message.Attachment; a != nil {
		file, ok := f.uploads[a.Payload.ID]
		switch {
		case !ok || file.kind != a.Type:
			return bad("attachment_id")
		case f.set.Now().Sub(file.at) > facebookUploadTo:
			return m, facebookRefusal(100, 2018007, "attachment expired")
		}
		m.Kind, m.Name, m.Data = file.kind, file.name, file.data
	}
	return m, facebookAnswer{}
}

// upload is POST /{page-id}/message_attachments.
func (f *Facebook) upload(r *http.Request) facebookAnswer {
	var in facebookOutgoing
	if json.Unmarshal([]byte(r.FormValue("message")), &in.Message) != nil || in.Message.Attachment == nil {
		return facebookRefusal(100, 0, "message")
	}
	file, head, err := r.FormFile("filedata")
	if err != nil {
		return facebookRefusal(100, 0, "filedata")
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, facebookUpload+1))
	kind := in.Message.Attachment.Type
	mime := head.Header.Get("Content-Type")
	switch {
	case err != nil:
		return facebookRefusal(100, 2018047, "Upload attachment failure.")
	case len(data) > facebookUpload:
		return facebookRefusal(100, 0, "file size")
	case kind != "file" && !strings.HasPrefix(mime, kind+"/"):
		return facebookRefusal(100, 0, "file type")
	case mime == "text/plain": // one that is refused, so that there is one
		return facebookRefusal(100, 0, "file type")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	id := f.id()
	f.uploads[id] = facebookFile{kind: kind, name: head.Filename, data: data, at: f.set.Now()}
	return facebookAnswer{body: map[string]any{"attachment_id": id}}
}

// profile is GET /{id}: of the page or of a person.
func (f *Facebook) profile(r *http.Request) facebookAnswer {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := r.PathValue("id")
	if id == f.set.PageID {
		return facebookAnswer{body: map[string]any{"id": id, "name": f.set.Name, "followers_count": f.set.Followers, "fan_count": f.set.Followers / 2}}
	}
	u := f.users[id]
	if u == nil || u.hidden {
		return facebookRefusal(100, 33, "Unsupported get request. Object does not exist or cannot be loaded due to missing permissions")
	}
	return facebookAnswer{body: map[string]any{"id": id, "first_name": u.first, "last_name": u.last}}
}

// serveMedia is the host of what people send; its addresses end.
func (f *Facebook) serveMedia(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	file, ok := f.media[r.PathValue("id")]
	f.mu.Unlock()
	if x, bad := f.fault(r.URL.Path); bad && x.Status != 0 {
		http.Error(w, "simulated", x.Status)
		return
	}
	if !ok || f.set.Now().Sub(file.at) > f.set.MediaLife {
		http.Error(w, "URL signature expired", http.StatusForbidden)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(file.data)
}

package simulator

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// The limits Telegram documents (https://core.telegram.org/bots/api, https://core.telegram.org/bots/faq).
const (
	telegramText    = 4096
	telegramCaption = 1024
	telegramData    = 64
	telegramPhoto   = 10 << 20
	telegramUp      = 50 << 20
	telegramDown    = 20 << 20
)

// telegramRaw is JSON as it is.
type telegramRaw string

// MarshalJSON gives it as it is.
func (r telegramRaw) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// telegramArgs are a call's fields, whatever form they came in.
type telegramArgs struct {
	ctx   context.Context
	field map[string]string
	file  map[string]telegramUpload
}

type telegramUpload struct {
	name string
	data []byte
}

func (a telegramArgs) int(name string) int64 {
	n, _ := strconv.ParseInt(a.field[name], 10, 64)
	return n
}

// telegramRefusal is an answer that says no.
type telegramRefusal struct {
	code, retry int
	says        string
	moved       int64
}

func telegramNo(code int, says string) *telegramRefusal {
	return &telegramRefusal{code: code, says: says}
}

func (g *Telegram) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{bot}/{method}", g.api)
	mux.HandleFunc("GET /file/{bot}/{path...}", g.download)
	return mux
}

func (g *Telegram) api(w http.ResponseWriter, r *http.Request) {
	method := r.PathValue("method")
	g.mu.Lock()
	g.calls[method]++
	g.change()
	g.mu.Unlock()
	switch r.PathValue("bot") {
	case "bot" + g.set.Token:
	default:
		telegramReply(w, telegramNo(401, "Unauthorized"))
		return
	}
	in, err := telegramForm(r)
	if err != nil {
		telegramReply(w, telegramNo(400, "Bad Request: "+err.Error()))
		return
	}
	call := map[string]func(telegramArgs) any{
		"getMe": g.getMe, "getUpdates": g.getUpdates, "setWebhook": g.setWebhook, "deleteWebhook": g.deleteWebhook,
		"getWebhookInfo": g.webhookInfo, "sendMessage": g.sendMessage, "sendPhoto": g.sendFileCall("photo", telegramPhoto),
		"sendDocument": g.sendFileCall("document", telegramUp), "getFile": g.getFile,
		"answerCallbackQuery": g.answerCallback, "setMyCommands": g.setCommands,
	}[method]
	if call == nil {
		telegramReply(w, telegramNo(404, "Not Found: method not found"))
		return
	}
	g.faulty(w, r, method, func() any { return call(in) })
}

// telegramForm reads the fields: a query, a form, JSON or, as Go's library always sends it, multipart/form-data.
func telegramForm(r *http.Request) (telegramArgs, error) {
	in := telegramArgs{ctx: r.Context(), field: map[string]string{}, file: map[string]telegramUpload{}}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "application/json" {
		var fields map[string]json.RawMessage
		if err := json.NewDecoder(r.Body).Decode(&fields); err != nil {
			return in, err
		}
		for k, v := range fields {
			in.field[k] = string(v)
			var s string
			if json.Unmarshal(v, &s) == nil {
				in.field[k] = s
			}
		}
		return in, nil
	}
	if kind == "multipart/form-data" && params["boundary"] != "" {
		reader, err := r.MultipartReader()
		for err == nil {
			part, e := reader.NextPart()
			if e == io.EOF || e != nil && len(in.field)+len(in.file) == 0 {
				return in, nil // a form without a field is no form at all, and the library sends just that
			}
			if e != nil {
				return in, e
			}
			data, e := io.ReadAll(part)
			if e != nil {
				return in, e
			}
			if name := part.FileName(); name != "" {
				in.file[part.FormName()] = telegramUpload{name, data}
			} else {
				in.field[part.FormName()] = string(data)
			}
		}
		return in, err
	}
	err := r.ParseForm()
	for k := range r.Form {
		in.field[k] = r.Form.Get(k)
	}
	return in, err
}

func telegramReply(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/json")
	no, refused := answer.(*telegramRefusal)
	if !refused {
		_ = json.NewEncoder(w).Encode(map[string]any{"ok": true, "result": answer})
		return
	}
	out := map[string]any{"ok": false, "error_code": no.code, "description": no.says}
	switch {
	case no.code == 429:
		out["parameters"] = map[string]any{"retry_after": no.retry}
	case no.moved != 0:
		out["parameters"] = map[string]any{"migrate_to_chat_id": no.moved}
	}
	w.WriteHeader(no.code)
	_ = json.NewEncoder(w).Encode(out)
}

func (g *Telegram) getMe(telegramArgs) any {
	id, _ := strconv.ParseInt(strings.Split(g.set.Token, ":")[0], 10, 64)
	return map[string]any{"id": id, "is_bot": true, "first_name": "Tổng đài 1022", "username": g.set.Username}
}

func (g *Telegram) setWebhook(in telegramArgs) any {
	u, err := url.Parse(in.field["url"])
	secret := in.field["secret_token"]
	switch {
	case err != nil || u.Scheme != "https" && !strings.HasPrefix(u.Host, "127.0.0.1:"):
		return telegramNo(400, "Bad Request: bad webhook: HTTPS url must be provided for webhook")
	case len(secret) > 256 || strings.Trim(secret, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "":
		return telegramNo(400, "Bad Request: secret token contains unallowed characters")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hook = telegramHook{url: in.field["url"], secret: secret}
	_ = json.Unmarshal([]byte(in.field["allowed_updates"]), &g.hook.allowed)
	g.change()
	return true
}

func (g *Telegram) deleteWebhook(telegramArgs) any {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hook = telegramHook{}
	g.change()
	return true
}

func (g *Telegram) webhookInfo(telegramArgs) any {
	g.mu.Lock()
	defer g.mu.Unlock()
	info := map[string]any{"url": g.hook.url, "has_custom_certificate": false, "pending_update_count": len(g.queue)}
	if g.hook.lastError != "" {
		info["last_error_date"], info["last_error_message"] = g.set.Now().Unix(), g.hook.lastError
	}
	return info
}

// admit looks at who is written to and counts against the limits. g.mu is held.
func (g *Telegram) admit(in telegramArgs) (*telegramUser, *telegramRefusal) {
	id := in.int("chat_id")
	u := g.chat(id)
	switch {
	case u == nil:
		return nil, telegramNo(400, "Bad Request: chat not found")
	case u.moved != 0:
		no := telegramNo(400, "Bad Request: group chat was upgraded to a supergroup chat")
		no.moved = u.moved
		return nil, no
	case u.blocked:
		return nil, telegramNo(403, "Forbidden: bot was blocked by the user")
	case !u.started:
		return nil, telegramNo(403, "Forbidden: bot can't initiate conversation with a user")
	case g.set.Unlimited:
		return u, nil
	}
	now := g.set.Pace()
	for chat, most := range map[int64]int{0: g.set.PerSecond, id: 1} {
		g.seconds[chat] = slices.DeleteFunc(g.seconds[chat], func(t time.Time) bool { return now.Sub(t) >= time.Second })
		if len(g.seconds[chat]) >= most {
			no := telegramNo(429, "Too Many Requests: retry after 3")
			no.retry = 3
			return nil, no
		}
	}
	g.seconds[0], g.seconds[id] = append(g.seconds[0], now), append(g.seconds[id], now)
	return u, nil
}

func telegramLength(s string) int { return len(utf16.Encode([]rune(s))) }

func (g *Telegram) sendMessage(in telegramArgs) any {
	m := TelegramMessage{Kind: "text", Text: in.field["text"]}
	switch {
	case strings.TrimSpace(m.Text) == "":
		return telegramNo(400, "Bad Request: message text is empty")
	case telegramLength(m.Text) > telegramText:
		return telegramNo(400, "Bad Request: message is too long")
	}
	var preview struct {
		Off bool `json:"is_disabled"`
	}
	_ = json.Unmarshal([]byte(in.field["link_preview_options"]), &preview)
	m.Preview = !preview.Off
	return g.take(in, m)
}

func (g *Telegram) sendFileCall(kind string, most int) func(telegramArgs) any {
	return func(in telegramArgs) any {
		up, ok := in.file[kind]
		switch {
		case !ok:
			return telegramNo(400, "Bad Request: there is no "+kind+" in the request")
		case len(up.data) > most:
			return telegramNo(413, "Request Entity Too Large")
		case telegramLength(in.field["caption"]) > telegramCaption:
			return telegramNo(400, "Bad Request: message caption is too long")
		case kind == "photo" && !strings.HasPrefix(string(up.data), "\xff\xd8") && !strings.HasPrefix(string(up.data), "\x89PNG"):
			return telegramNo(400, "Bad Request: IMAGE_PROCESS_FAILED")
		}
		return g.take(in, TelegramMessage{Kind: kind, Text: in.field["caption"], Name: up.name, Data: up.data})
	}
}

// take puts a message into the chat's inbox.
func (g *Telegram) take(in telegramArgs, m TelegramMessage) any {
	var markup struct {
		Inline [][]struct {
			Text string `json:"text"`
			Data string `json:"callback_data"`
		} `json:"inline_keyboard"`
		Keyboard [][]struct {
			Contact bool `json:"request_contact"`
		} `json:"keyboard"`
		Remove bool `json:"remove_keyboard"`
	}
	if raw := in.field["reply_markup"]; raw != "" && json.Unmarshal([]byte(raw), &markup) != nil {
		return telegramNo(400, "Bad Request: can't parse reply keyboard markup JSON object")
	}
	for _, row := range markup.Inline {
		for _, b := range row {
			if b.Text == "" || b.Data == "" || len(b.Data) > telegramData {
				return telegramNo(400, "Bad Request: BUTTON_DATA_INVALID")
			}
			m.Buttons = append(m.Buttons, TelegramButton{b.Text, b.Data})
		}
	}
	if markup.Remove {
		m.Asks = "remove"
	}
	for _, row := range markup.Keyboard {
		for _, b := range row {
			if b.Contact {
				m.Asks = "contact"
			}
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	u, no := g.admit(in)
	if no != nil {
		return no
	}
	m.ID, m.At = g.id(), g.set.Now()
	u.inbox = append(u.inbox, m)
	g.change()
	return map[string]any{
		"message_id": m.ID, "date": m.At.Unix(), "text": m.Text,
		"chat": map[string]any{"id": u.id, "type": "private", "first_name": u.first},
		"from": map[string]any{"id": 1, "is_bot": true, "first_name": "1022"},
	}
}

func (g *Telegram) getFile(in telegramArgs) any {
	g.mu.Lock()
	defer g.mu.Unlock()
	f, ok := g.files[in.field["file_id"]]
	switch {
	case !ok:
		return telegramNo(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
	case f.big:
		return telegramNo(400, "Bad Request: file is too big")
	}
	return map[string]any{"file_id": in.field["file_id"], "file_unique_id": "u", "file_size": len(f.data), "file_path": f.path}
}

// download is the host of files; the token stands in the path.
func (g *Telegram) download(w http.ResponseWriter, r *http.Request) {
	path := r.PathValue("path")
	if f, bad := g.fault("file:" + path); bad && f.Status != 0 {
		http.Error(w, "simulated", f.Status)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, f := range g.files {
		if f.path == path && r.PathValue("bot") == "bot"+g.set.Token {
			_, _ = w.Write(f.data)
			return
		}
	}
	http.NotFound(w, r)
}

func (g *Telegram) answerCallback(in telegramArgs) any {
	g.mu.Lock()
	defer g.mu.Unlock()
	id := in.field["callback_query_id"]
	if _, twice := g.answered[id]; twice || id == "" {
		return telegramNo(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
	}
	g.answered[id] = in.field["text"]
	g.change()
	return true
}

func (g *Telegram) setCommands(in telegramArgs) any {
	var list []struct{ Command, Description string }
	if err := json.Unmarshal([]byte(in.field["commands"]), &list); err != nil {
		return telegramNo(400, "Bad Request: can't parse commands")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.commands = map[string]string{}
	for _, c := range list {
		g.commands[c.Command] = c.Description
	}
	return true
}

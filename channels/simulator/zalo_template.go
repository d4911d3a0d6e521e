package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ZaloTemplate is an approved template and the fields it wants, each of at most 30 characters unless it is a link.
type ZaloTemplate struct {
	ID     string
	Fields []string
	Night  bool // may also be sent from 22:00 to 06:00
	ByUser bool // may also go to a Zalo account
}

// ZaloNotice is a template message on a phone.
type ZaloNotice struct {
	ID, Template, Tracking string
	Data                   map[string]string
	At                     time.Time
}

// Approve makes a template usable.
func (z *Zalo) Approve(t ZaloTemplate) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.templates = append(z.templates, t)
}

// Notices is what the phone (84…) or the Zalo account has got.
func (z *Zalo) Notices(to string) []ZaloNotice {
	z.mu.Lock()
	defer z.mu.Unlock()
	return slices.Clone(z.notices[to])
}

// Unwilling makes the phone refuse template messages.
func (z *Zalo) Unwilling(phone string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.unwilling = append(z.unwilling, phone)
}

// template is POST /message/template.
func (z *Zalo) template(r *http.Request) any {
	var in struct {
		Phone    string            `json:"phone"`
		Template string            `json:"template_id"`
		Data     map[string]string `json:"template_data"`
		Tracking string            `json:"tracking_id"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return refuse(-201, "body")
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	now := z.set.Now()
	switch {
	case len(in.Phone) != 11 || !strings.HasPrefix(in.Phone, "84"):
		return refuse(-108, "Phone number is invalid")
	case len(in.Tracking) > 48:
		return refuse(-201, "tracking_id")
	case slices.Contains(z.unwilling, in.Phone):
		return refuse(-119, "Account can not receive")
	}
	if no := z.fits(in.Template, in.Data, false); no != nil {
		return no
	}
	n := ZaloNotice{ID: hexID(), Template: in.Template, Tracking: in.Tracking, Data: in.Data, At: now}
	if z.notices == nil {
		z.notices = map[string][]ZaloNotice{}
	}
	z.notices[in.Phone] = append(z.notices[in.Phone], n)
	z.change()
	z.noticeArrives(in.Phone, n)
	return good(map[string]any{
		"msg_id": n.ID, "sent_time": strconv.FormatInt(now.UnixMilli(), 10), "sending_mode": "1",
		"quota": map[string]any{"dailyQuota": "500", "remainingQuota": "499"},
	})
}

// noticeArrives tells that a template message is on the phone. z.mu is held.
func (z *Zalo) noticeArrives(to string, n ZaloNotice) {
	if !z.set.Mood.Echo {
		return
	}
	at := strconv.FormatInt(n.At.UnixMilli(), 10)
	go z.Post(map[string]any{
		"app_id": z.set.AppID, "event_name": "user_received_message", "sender": map[string]any{"id": z.set.OAID},
		"recipient": map[string]any{"id": to}, "timestamp": at,
		"message": map[string]any{"delivery_time": at, "msg_id": n.ID, "tracking_id": n.Tracking},
	})
}

// fits is the refusal of a template with such data; nil for none. z.mu is held.
func (z *Zalo) fits(id string, data map[string]string, byUser bool) any {
	at := slices.IndexFunc(z.templates, func(t ZaloTemplate) bool { return t.ID == id })
	if at < 0 {
		return refuse(-109, "Template not exist")
	}
	t := z.templates[at]
	if byUser && !t.ByUser {
		return refuse(-249, "Template is not allowed to be sent by UID")
	}
	if h := z.set.Now().In(time.FixedZone("+07", 7*3600)).Hour(); !t.Night && (h >= 22 || h < 6) {
		return refuse(-133, "not at night")
	}
	if len(data) == 0 {
		return refuse(-111, "Template data empty")
	}
	for _, f := range t.Fields {
		switch v := data[f]; {
		case v == "":
			return refuse(-1122, "missing "+f)
		case len([]rune(v)) > 100:
			return refuse(-1121, "too long "+f)
		}
	}
	return nil
}

// userTemplate is POST /v3.0/oa/message/template, which knows no tracking id.
func (z *Zalo) userTemplate(r *http.Request) any {
	var in struct {
		User     string            `json:"user_id"`
		Template string            `json:"template_id"`
		Data     map[string]string `json:"template_data"`
		Tracking string            `json:"tracking_id"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Tracking != "" {
		return refuse(-201, "body")
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	u := z.users[in.User]
	switch {
	case u == nil:
		return refuse(-201, "user_id is invalid")
	case u.left:
		return refuse(-213, "User has not followed OA")
	case u.blocked:
		return refuse(-244, "User has restricted this type of message")
	}
	if no := z.fits(in.Template, in.Data, true); no != nil {
		return no
	}
	n := ZaloNotice{ID: hexID(), Template: in.Template, Data: in.Data, At: z.set.Now()}
	if z.notices == nil {
		z.notices = map[string][]ZaloNotice{}
	}
	z.notices[in.User] = append(z.notices[in.User], n)
	z.change()
	z.noticeArrives(in.User, n)
	return good(map[string]any{"message_id": n.ID, "user_id": in.User, "sent_time": strconv.FormatInt(n.At.UnixMilli(), 10)})
}

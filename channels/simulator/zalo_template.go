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

// Notices is what the phone (84…) has got.
func (z *Zalo) Notices(phone string) []ZaloNotice {
	z.mu.Lock()
	defer z.mu.Unlock()
	return slices.Clone(z.notices[phone])
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
	at := slices.IndexFunc(z.templates, func(t ZaloTemplate) bool { return t.ID == in.Template })
	switch {
	case len(in.Phone) != 11 || !strings.HasPrefix(in.Phone, "84"):
		return refuse(-108, "Phone number is invalid")
	case at < 0:
		return refuse(-109, "Template not exist")
	case len(in.Tracking) > 48:
		return refuse(-201, "tracking_id")
	case slices.Contains(z.unwilling, in.Phone):
		return refuse(-119, "Account can not receive")
	}
	t := z.templates[at]
	if h := now.In(time.FixedZone("+07", 7*3600)).Hour(); !t.Night && (h >= 22 || h < 6) {
		return refuse(-133, "not at night")
	}
	if len(in.Data) == 0 {
		return refuse(-111, "Template data empty")
	}
	for _, f := range t.Fields {
		switch v := in.Data[f]; {
		case v == "":
			return refuse(-1122, "missing "+f)
		case len([]rune(v)) > 100:
			return refuse(-1121, "too long "+f)
		}
	}
	n := ZaloNotice{ID: hexID(), Template: in.Template, Tracking: in.Tracking, Data: in.Data, At: now}
	if z.notices == nil {
		z.notices = map[string][]ZaloNotice{}
	}
	z.notices[in.Phone] = append(z.notices[in.Phone], n)
	z.change()
	if z.set.Mood.Echo {
		go z.Post(map[string]any{
			"app_id": z.set.AppID, "event_name": "user_received_message", "sender": map[string]any{"id": z.set.OAID},
			"recipient": map[string]any{"id": in.Phone}, "timestamp": strconv.FormatInt(now.UnixMilli(), 10),
			"message": map[string]any{"delivery_time": strconv.FormatInt(now.UnixMilli(), 10), "msg_id": n.ID, "tracking_id": n.Tracking},
		})
	}
	return good(map[string]any{
		"msg_id": n.ID, "sent_time": strconv.FormatInt(now.UnixMilli(), 10), "sending_mode": "1",
		"quota": map[string]any{"dailyQuota": "500", "remainingQuota": "499"},
	})
}

package zalo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

const (
	pathTemplate     = "/message/template"
	pathTemplateUser = "/v3.0/oa/message/template"

	notByUser = -249 // the template was not approved for Zalo accounts
)

// notice tells a citizen whom Zalo no longer lets us write to that there is an answer, and where: an approved template
// (ZBS, formerly ZNS; https://developers.zalo.me/docs/zalo-notification-service), to her Zalo account where the template
// may go there, else to her phone number. why is the refusal of the message itself, which stands where no notice can be
// sent.
func (c *Channel) notice(ctx context.Context, m ticketing.Outbound, to recipient, why error) (string, error) {
	if c.Template == "" {
		return "", why
	}
	id, err := c.Desk.Vault.Identify(ctx, ticketing.Contact{Channel: ticketing.Zalo, ID: m.To})
	if err != nil {
		return "", err
	}
	p, _, err := c.Desk.Vault.Person(ctx, id)
	if err != nil && !errors.Is(err, ticketing.ErrNotFound) {
		return "", err
	}
	data, err := c.templateData(m, p)
	if err != nil {
		return "", err
	}
	var no *refusal
	if to.User != "" && !c.phonesOnly.Load() {
		receipt, err := c.noticeByUser(ctx, to.User, data)
		if !errors.As(err, &no) {
			return receipt, err
		}
		if no.code == notByUser {
			c.phonesOnly.Store(true) // until the next start: templates are approved in the console
		} else {
			why = &refusal{said: why.Error() + ". " + words.T(words.Vietnamese, "zalo.notice.refused_user", no.said)}
		}
	}
	phone, err := text.ParsePhone(p.Phone)
	if err != nil || p.Phone == "" {
		return "", &refusal{said: why.Error() + ". " + words.T(words.Vietnamese, "zalo.notice.no_phone")}
	}
	receipt, err := c.noticeByPhone(ctx, m, strings.TrimPrefix(phone.E164(), "+"), data)
	if errors.As(err, &no) {
		return "", &refusal{said: why.Error() + ". " + words.T(words.Vietnamese, "zalo.notice.refused", no.said)}
	}
	return receipt, err
}

// noticeByNumber tells somebody who came by another door that there is an answer: the template is all that may be sent
// to whom only the number is known of (Desk.ByNumber).
func (c *Channel) noticeByNumber(ctx context.Context, m ticketing.Outbound) (string, error) {
	phone, err := text.ParsePhone(m.Phone)
	if err != nil || m.Phone == "" || c.Template == "" {
		return "", refuse("zalo.notice.no_phone")
	}
	data, err := c.templateData(m, ticketing.Person{Name: m.Name})
	if err != nil {
		return "", err
	}
	receipt, err := c.noticeByPhone(ctx, m, strings.TrimPrefix(phone.E164(), "+"), data)
	if no := (*refusal)(nil); errors.As(err, &no) {
		return "", &refusal{said: words.T(words.Vietnamese, "zalo.notice.refused", no.said)}
	}
	return receipt, err
}

// noticeByUser goes to the Zalo account. Its receipt is an id like any message's.
func (c *Channel) noticeByUser(ctx context.Context, user string, data map[string]string) (string, error) {
	var answer struct {
		ID loose `json:"message_id"`
	}
	err := c.postNotice(ctx, "", pathTemplateUser, map[string]any{"user_id": user, "template_id": c.Template, "template_data": data}, &answer)
	return string(answer.ID), err
}

// noticeByPhone goes to whoever has the number on Zalo.
func (c *Channel) noticeByPhone(ctx context.Context, m ticketing.Outbound, phone string, data map[string]string) (string, error) {
	var answer struct {
		ID loose `json:"msg_id"`
	}
	err := c.postNotice(ctx, c.Business, pathTemplate, map[string]any{
		"phone": phone, "template_id": c.Template, "template_data": data,
		"tracking_id": fmt.Sprintf("%s:%d:%d", m.Ticket, m.N, m.Try), "sending_mode": "1",
	}, &answer)
	return noticeReceipt + string(answer.ID), err
}

func (c *Channel) postNotice(ctx context.Context, base, path string, notice map[string]any, answer any) error {
	body, err := json.Marshal(notice)
	if err != nil {
		return err
	}
	ctx, cancel := patient(ctx)
	defer cancel()
	err = c.call(ctx, request{base: base, method: http.MethodPost, path: path, kind: "application/json", body: string(body)}, answer)
	if err == nil {
		c.sent()
	}
	return err
}

// templateData fills the template's fields: names as approved by Zalo, values with {name}, {code} and {link}.
func (c *Channel) templateData(m ticketing.Outbound, p ticketing.Person) (map[string]string, error) {
	var fields map[string]string
	if err := json.Unmarshal([]byte(c.TemplateData), &fields); err != nil {
		return nil, fmt.Errorf("HOTLINE_ZALO_TEMPLATE_DATA: %w", err)
	}
	name := p.Name
	if name == "" {
		name = words.T(words.Vietnamese, "zalo.notice.nobody")
	}
	fill := strings.NewReplacer("{name}", name, "{code}", text.ShowCode(string(m.Ticket)), "{link}", c.Desk.TrackURL(m.Ticket))
	for k, v := range fields {
		fields[k] = text.Truncate(fill.Replace(v), 100)
	}
	return fields, nil
}

// noticeCodes are the template service's own errors; the OA's codes hold there too. Anything else is tried again.
var noticeCodes = map[int]rule{
	-108: {do: never, key: "zalo.notice.phone"},
	-109: {do: people, key: "zalo.notice.template"}, -117: {do: people, key: "zalo.notice.template"}, -131: {do: people, key: "zalo.notice.template"},
	-146: {do: people, key: "zalo.notice.template"}, -127: {do: people, key: "zalo.notice.template"},
	-111: {do: people, key: "zalo.notice.data"}, -112: {do: people, key: "zalo.notice.data"}, -1121: {do: people, key: "zalo.notice.data"},
	-1122: {do: people, key: "zalo.notice.data"}, -1124: {do: people, key: "zalo.notice.data"},
	-114: {do: never, key: "zalo.notice.unwilling"}, -118: {do: never, key: "zalo.notice.unwilling"}, -119: {do: never, key: "zalo.notice.unwilling"},
	-139: {do: never, key: "zalo.notice.unwilling"}, -140: {do: never, key: "zalo.notice.unwilling"}, -141: {do: never, key: "zalo.notice.unwilling"},
	-115: {do: people, key: "zalo.code.money"}, -126: {do: people, key: "zalo.code.money"}, -137: {do: people, key: "zalo.code.money"},
	-124: {do: renew, key: "zalo.code.token"},
	-125: {do: people, key: "zalo.code.oa_off"}, -135: {do: people, key: "zalo.code.unauthorised"}, -1351: {do: people, key: "zalo.code.unauthorised"},
	-136: {do: people, key: "zalo.code.money"}, -1381: {do: people, key: "zalo.code.unauthorised"},
	-133: {do: wait, key: "zalo.code.night"},
	-144: {do: people, key: "zalo.code.quota"}, -1441: {do: people, key: "zalo.code.quota"}, -147: {do: people, key: "zalo.code.quota"},
}

package open311

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline1022/ticketing"
)

// The lines of the checklist that need more than a line.

func conformChangeset(h *house) {
	set := func() string { return h.get("discovery.json").object()["changeset"].(string) }
	first := set()
	h.clock.Advance(time.Hour)
	h.taken()
	h.put(ticketing.KindAgency, "moi", ticketing.Agency{ID: "moi", Name: "Mới"})
	h.must(h.desk.Catalog.Refresh(context.Background()))
	h.equal(set(), first)
	h.put(ticketing.KindCategory, "cay-xanh", ticketing.Category{ID: "cay-xanh", Name: "Cây xanh"})
	h.must(h.desk.Catalog.Refresh(context.Background()))
	second := set()
	h.yes(second > first, "%s then %s", first, second)
	h.clock.Advance(time.Hour)
	h.must(h.desk.DeleteSetting(context.Background(), admin, ticketing.KindCategory, "cay-xanh", 1))
	third := set()
	h.yes(third > second, "%s then %s", second, third)
	h.clock.Advance(time.Hour)
	h.url = h.listen(h.process()) // after a restart, or in another process
	h.equal(set(), third)
}

func conformFormats(h *house) {
	t := h.taken("description", `a < b & "c"`+"\n]]> \u0001 ế")
	h.answered(h.taken(), "Đã sửa <b>xong</b> & đóng")
	for _, path := range []string{
		"discovery.%s", "services.%s", "services/mat-nuoc.%s", "services/khac.%s", "requests.%s", "requests/" + t.Number() + ".%s",
		"tokens/" + t.Number() + ".%s", "servicerequestupdates.%s", "requests.%s?service_request_id=99-999999",
		"requests/99-999999.%s", "nothing.%s", "requests.%s?status=x&start_date=y",
	} {
		x, j := h.get(fmt.Sprintf(path, "xml")), h.get(fmt.Sprintf(path, "json"))
		h.equal(x.status, j.status)
		fromX, err := fromXML(x.body)
		h.must(err)
		d := json.NewDecoder(bytes.NewReader(j.body))
		d.UseNumber()
		var fromJ any
		h.must(d.Decode(&fromJ))
		if diff := cmp.Diff(fromX, plain(fromJ)); diff != "" {
			h.Errorf("%s: XML and JSON differ: %s", path, diff)
		}
	}
}

func conformMarkup(h *house) {
	const nasty = `<script>alert(1)</script> & <b>đậm</b>`
	t := h.taken("description", nasty)
	h.has(t.Text, nasty) // as it was written; whoever shows it escapes it
	h.answered(t, nasty)
	h.do(moderator, t.Code, ticketing.Command{Verb: ticketing.Publish})
	r := h.get("requests/" + t.Number() + ".xml")
	h.yes(!bytes.Contains(r.body, []byte("<script>")), "%s", r.body)
	h.equal(h.get("requests/" + t.Number() + ".json").list()[0]["status_notes"], any(nasty))
}

func conformWindow(h *house) {
	at := func(days int) string {
		r, err := h.desk.Receive(context.Background(), operator, ticketing.Incoming{
			Channel: ticketing.Phone, Kind: ticketing.Report, Text: "x", Visibility: ticketing.Public, At: h.clock.Now().AddDate(0, 0, -days),
		})
		h.must(err)
		return r.Ticket.Number()
	}
	old, edge := at(91), at(90)
	h.ids("requests.json", edge)
	h.ids("requests.json?end_date="+h.clock.Now().AddDate(0, 0, -5).UTC().Format(time.RFC3339), edge, old)
	h.ids("requests.json?start_date="+h.clock.Now().AddDate(0, 0, -91).UTC().Format(time.RFC3339), edge, old)
	for range 1000 {
		at(1)
	}
	h.equal(len(h.get("requests.json").list()), 1000)
	h.equal(len(h.get("requests.json?page=2&page_size=600").list()), 500)
	h.equal(len(h.get("requests.json?page=11&page_size=100").list()), 1)
	h.equal(len(h.get("requests.json?page=2").list()), 50)
	h.refused(400, h.get("requests.json?page=0"), "page")
}

func conformPrivate(h *house) {
	unknown := h.get("requests/26-999999.json")
	h.refused(404, unknown, "")
	t := h.taken()
	h.ids("requests.json", t.Number())
	public := []string{t.Number()}
	for name, hide := range map[string]func(ticketing.Ticket){
		"private":      func(t ticketing.Ticket) { h.triage(t, ticketing.Report, ticketing.Private) },
		"complaint":    func(t ticketing.Ticket) { h.triage(t, ticketing.Complaint, ticketing.Public) },
		"denunciation": func(t ticketing.Ticket) { h.triage(t, ticketing.Denunciation, ticketing.Public) },
		"spam":         func(t ticketing.Ticket) { h.triage(t, ticketing.Spam, ticketing.Public) },
	} {
		t := h.taken()
		hide(t)
		h.ids("requests.json", public...)
		h.ids("requests.json?service_request_id="+t.Number(), []string{}...)
		for path, want := range map[string]reply{"requests/": unknown, "tokens/": h.get("tokens/26-999999.json")} {
			got := h.get(path + t.Number() + ".json")
			h.yes(got.status == want.status && bytes.Equal(got.body, want.body), "%s %s: %d %s", name, path, got.status, got.body)
		}
		h.yes(!bytes.Contains(h.get("servicerequestupdates.json").body, []byte(t.Number())), "%s: in the updates", name)
	}
	h.equal(h.taken("attribute[cong_khai]", "").Visibility, ticketing.Private)
	h.equal(h.taken("attribute[cong_khai]", "khong").Visibility, ticketing.Private)
}

func conformClosed(h *house) {
	const phone, mail, name, words, house12 = "0905123182", "an.nguyen@gmail.com", "Nguyễn Văn An", "cột đèn nghiêng", "12 Lê Lợi"
	t := h.taken("phone", phone, "email", mail, "first_name", "Nguyễn", "last_name", "Văn An", "device_id", "thiet-bi-77",
		"address_string", house12, "description", "Tôi là "+name+", "+phone+": "+words, "attribute[ghi_chu]", "gọi "+phone)
	h.answered(t, "Đã báo cho anh qua số 0905 123 182 và "+mail+". Đã sửa.")
	h.do(moderator, t.Code, ticketing.Command{Verb: ticketing.Publish})
	h.clock.Advance(time.Hour)
	h.do(operator, t.Code, ticketing.Command{Verb: ticketing.Close})
	closing := h.clock.Now()
	h.clock.Advance(time.Hour)
	h.do(operator, t.Code, ticketing.Command{Verb: ticketing.Note, Text: "ghi chú nội bộ"})
	o := h.get("requests/" + t.Number() + ".json").list()[0]
	h.equal(o["status"], any("closed"))
	h.equal(o["updated_datetime"], any(closing.Format(time.RFC3339)))
	h.has(o["status_notes"].(string), "Đã sửa.")
	h.equal(o["description"], nil)
	h.equal(o["lat"], any(16.051))
	for _, path := range []string{"requests.json", "requests.xml", "requests/" + t.Number() + ".xml", "servicerequestupdates.json", "servicerequestupdates.xml"} {
		body := string(h.get(path).body)
		h.has(body, t.Number())
		for _, secret := range []string{phone, phone[1:], "0905 123 182", mail, name, words, house12, "thiet-bi-77", "nội bộ", string(t.Code), string(t.Citizen), "108.2187"} {
			h.yes(!strings.Contains(body, secret), "%s tells %q", path, secret)
		}
	}
	h.yes(!strings.Contains(h.log.String(), phone) && !strings.Contains(h.log.String(), "h1022_"), "the log tells: %s", h.log)
}

func conformRepeatedUpdate(h *house) {
	t := h.taken()
	mine := h.told(t, "write", "c-1", "OPEN", "Vẫn chưa có điện")
	first := h.post("servicerequestupdates.json", mine)
	h.is(200, first)
	h.clock.Advance(time.Minute)
	second := h.post("servicerequestupdates.json", mine)
	h.is(200, second)
	h.equal(string(second.body), string(first.body))
	h.equal(h.kinds(t.Code, ticketing.Said), 1)
	h.refused(400, h.post("servicerequestupdates.json", h.told(t, "write", "c-1", "OPEN", "Khác")), "already exists")
	for name, form := range map[string]url.Values{
		"another's report":  h.told(t, "other", "c-2", "OPEN", "Xin chào"),
		"an agency's not":   h.told(t, "power", "c-2", "OPEN", "Xin chào"),
		"no report at all":  h.told(ticketing.Ticket{First: 999, Received: wednesday}, "write", "c-2", "OPEN", "Xin chào"),
		"no number, a code": fieldsWith(h.told(t, "write", "c-2", "OPEN", "x"), "service_request_id", string(t.Code)),
	} {
		r := h.post("servicerequestupdates.json", form)
		h.refused(400, r, "not found")
		h.yes(h.kinds(t.Code, ticketing.Said) == 1, "%s was written", name)
	}
	for _, name := range []string{"service_request_id", "update_id", "updated_datetime", "status", "description"} {
		h.refused(400, h.post("servicerequestupdates.json", fieldsWith(mine, name, "")), name)
	}
	h.refused(403, h.post("servicerequestupdates.json", fieldsWith(mine, "api_key", "x")), "")
	h.refused(403, h.post("servicerequestupdates.json", fieldsWith(mine, "api_key", h.keys["read"])), "")
}

func conformUpdateWindow(h *house) {
	t := h.taken()
	h.clock.Advance(time.Hour)
	at := h.clock.Now()
	h.do(operator, t.Code, ticketing.Command{Verb: ticketing.Route, Agency: "dien-luc"})
	h.clock.Advance(time.Hour)
	n := func(from, to time.Time) int {
		return len(h.get("servicerequestupdates.json?start_date=" + wire(from) + "&end_date=" + wire(to)).list())
	}
	h.equal(n(at, at.Add(time.Minute)), 1)
	h.equal(n(at.Add(-time.Minute), at), 1)
	h.equal(n(at.Add(time.Second), at.Add(time.Minute)), 0)
	h.equal(n(at.Add(-time.Minute), at.Add(-time.Second)), 0)
	h.refused(400, h.get("servicerequestupdates.json?start_date="+wire(at)), "end_date")
	u := h.get("servicerequestupdates.json").list()[0]
	h.equal(u["update_id"], any(t.Number()+"-2"))
	h.equal(u["status"], any("OPEN"))
	h.has(u["description"].(string), "Điện lực")
}

package open311

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline1022/ticketing"
)

// TestConformance is the reference's checklist of forty, one line each, and what updates promise besides. Each runs in
// a house of its own.
func TestConformance(t *testing.T) {
	for _, c := range []struct {
		name string
		hold func(*house)
	}{
		// Discovery.
		{"01 discovery answers in both formats", func(h *house) { h.is(200, h.get("discovery.xml")); h.is(200, h.get("discovery.json")) }},
		{"02 content types with charset", func(h *house) {
			h.equal(h.get("discovery.xml").header.Get("Content-Type"), "text/xml; charset=utf-8")
			h.equal(h.get("services.json").header.Get("Content-Type"), "application/json; charset=utf-8")
			h.equal(h.get("requests/0.xml").header.Get("Content-Type"), "text/xml; charset=utf-8")
		}},
		{"03 every field of the discovery says something", func(h *house) { h.full(h.get("discovery.json").object()) }},
		{"04 the changeset parses and is not in the future", func(h *house) {
			at, err := time.Parse(time.RFC3339, h.get("discovery.json").object()["changeset"].(string))
			h.must(err)
			h.yes(!at.After(h.clock.Now()), "changeset %s", at)
		}},
		{"05 every endpoint lists text/xml", func(h *house) {
			for _, e := range h.endpoints() {
				h.yes(slices.Contains(e["formats"].([]any), any("text/xml")), "%v", e)
			}
		}},
		{"06 endpoints and formats are arrays in JSON", func(h *house) { h.yes(len(h.endpoints()) == 1, "endpoints") }},
		{"07 a changed service moves the changeset, a deleted one too, nothing else does", conformChangeset},
		// Services.
		{"08 XML and JSON say the same, for every answer there is", conformFormats},
		{"09 codes are unique and fit into a path", func(h *house) {
			seen := map[string]bool{}
			for _, s := range h.get("services.json").list() {
				code := s["service_code"].(string)
				h.yes(pathSafe(code) && !seen[code], "code %q", code)
				seen[code] = true
			}
			h.yes(seen["dien"] && seen["khac"] && !seen["noi-bo"], "%v", seen)
		}},
		{"10 metadata means that the definition has attributes", func(h *house) {
			for _, s := range h.get("services.json").list() {
				d := h.get("services/" + s["service_code"].(string) + ".json").object()
				h.equal(s["metadata"], len(d["attributes"].([]any)) > 0)
			}
		}},
		{"11 one single service is still an array", func(h *house) {
			for _, id := range []string{"dien", "mat-nuoc", "co ma: la", "noi-bo"} {
				h.must(h.desk.DeleteSetting(context.Background(), admin, ticketing.KindCategory, id, 1))
			}
			h.yes(len(h.get("services.json").list()) == 1, "not one")
		}},
		{"12 a foreign jurisdiction is 404 in the envelope, ours and none are taken", func(h *house) {
			for _, path := range []string{"services.json", "requests.json", "services/dien.json"} {
				h.refused(404, h.get(path+"?jurisdiction_id=hue.gov.vn"), "hue.gov.vn")
				h.is(200, h.get(path+"?jurisdiction_id=1022.example.vn"))
			}
			h.refused(404, h.post("requests.json", h.report("jurisdiction_id", "hue.gov.vn")), "hue.gov.vn")
		}},
		{"13 an empty jurisdiction is none", func(h *house) { h.is(200, h.get("services.json?jurisdiction_id=")) }},
		// Definitions.
		{"14 order is unique and begins at 1", func(h *house) {
			for i, a := range h.attributes("mat-nuoc") {
				h.equal(a["order"], float64(i+1))
			}
		}},
		{"15 lists have values, others none", func(h *house) {
			for _, a := range h.attributes("mat-nuoc") {
				_, has := a["values"]
				h.equal(has, strings.HasSuffix(a["datatype"].(string), "valuelist"))
			}
		}},
		{"16 an unknown code is 404", func(h *house) { h.refused(404, h.get("services/khong-co.json"), "khong-co") }},
		{"17 a definition is an object with an array", func(h *house) {
			h.equal(h.get("services/dien.json").object()["service_code"], any("dien"))
			h.yes(len(h.attributes("dien")) > 1, "attributes")
		}},
		{"18 what is only told is never demanded", func(h *house) {
			told := 0
			for _, a := range h.attributes("mat-nuoc") {
				if a["variable"] == false {
					told++
					h.equal(a["required"], any(false))
				}
			}
			h.equal(told, 2)
			h.is(200, h.post("requests.json", h.report("service_code", "mat-nuoc", "attribute[so_ho]", "3")))
		}},
		// POST.
		{"19 no key is 403, before anything else is looked at", func(h *house) {
			h.refused(403, h.post("requests.json", h.report("api_key", "")), "api_key")
			h.refused(403, h.post("requests.xml", fields()), "")
		}},
		{"20 a bad key is 403", func(h *house) {
			for _, key := range []string{"x", "h1022_AAAAAAAA_" + strings.Repeat("a", 35), h.keys["off"], h.keys["read"], h.keys["power"]} {
				h.refused(403, h.post("requests.json", h.report("api_key", key)), "")
			}
		}},
		{"21 no service is 400", func(h *house) { h.refused(400, h.post("requests.json", h.report("service_code", "")), "service_code") }},
		{"22 an unknown service is 404", func(h *house) {
			for _, code := range []string{"khong-co", "noi-bo", "co ma: la"} {
				h.refused(404, h.post("requests.json", h.report("service_code", code)), code)
			}
		}},
		{"23 no place is 400", func(h *house) {
			h.refused(400, h.post("requests.json", h.report("lat", "", "long", "")), "address_string")
		}},
		{"24 lat alone is 400, and so is long", func(h *house) {
			h.refused(400, h.post("requests.json", h.report("long", "")), "long")
			h.refused(400, h.post("requests.json", h.report("lat", "")), "lat")
		}},
		{"25 an address alone is enough, of either sort", func(h *house) {
			h.equal(h.taken("lat", "", "long", "", "address_string", "Chợ Hàn").Address, "Chợ Hàn")
			h.equal(h.taken("lat", "", "long", "", "address_id", "20242").Area, "20242")
			h.is(200, h.post("requests.json", h.report("lat", "", "long", "", "address_id", "#NOTPINPOINTED#")))
		}},
		{"26 a missing attribute is 400 and named", func(h *house) {
			h.refused(400, h.post("requests.json", h.report("service_code", "mat-nuoc")), "attribute[so_ho]")
		}},
		{"27 a value that is not listed is 400", func(h *house) {
			h.refused(400, h.post("requests.json", h.report("attribute[loai]", "denunciation")), "denunciation")
			h.refused(400, h.post("requests.json", h.report("service_code", "mat-nuoc", "attribute[so_ho]", "nhiều")), "attribute[so_ho]")
			h.refused(400, h.post("requests.json", h.report("service_code", "mat-nuoc", "attribute[so_ho]", "2", "attribute[tu_luc]", "hôm qua")), "attribute[tu_luc]")
		}},
		{"28 several values are taken where there may be several", func(h *house) {
			t := h.taken("service_code", "mat-nuoc", "attribute[so_ho]", "12", "attribute[dau_hieu][]", "yeu", "attribute[dau_hieu][]", "duc")
			h.has(t.Text, "Dấu hiệu: Nước yếu, Nước đục")
			h.has(t.Text, "Bao nhiêu hộ bị ảnh hưởng?: 12")
			h.refused(400, h.post("requests.json", h.report("attribute[loai][]", "report", "attribute[loai][]", "opinion")), "attribute[loai]")
		}},
		{"29 an attribute nobody asked for is kept", func(h *house) {
			h.has(h.taken("attribute[mau_son]", "xanh").Text, "mau_son: xanh")
		}},
		{"30 4,000 characters pass, 4,001 do not", func(h *house) {
			h.has(h.taken("description", strings.Repeat("ế", 4000)).Text, strings.Repeat("ế", 4000))
			h.refused(400, h.post("requests.json", h.report("description", strings.Repeat("ế", 4001))), "4001")
		}},
		{"31 markup is text", conformMarkup},
		{"32 an id or a token, never both", func(h *house) {
			o := h.post("requests.json", h.report()).list()[0]
			_, token := o["token"]
			h.yes(o["service_request_id"] != nil && !token, "%v", o)
		}},
		{"33 two faults are two errors", func(h *house) {
			r := h.post("requests.json", h.report("service_code", "", "lat", "", "long", ""))
			h.yes(r.status == 400 && len(r.list()) == 2, "%d %s", r.status, r.body)
			r = h.post("requests.json", h.report("service_code", "khong-co", "lat", "190"))
			h.yes(r.status == 404 && len(r.list()) == 2, "%d %s", r.status, r.body)
		}},
		// Tokens.
		{"34 no service is batched: an id is its own token, an unknown one 404, none 400", func(h *house) {
			id := h.taken().Number()
			h.equal(h.get("tokens/" + id + ".json").list()[0]["service_request_id"], any(id))
			h.refused(404, h.get("tokens/abc.json"), "")
			h.refused(400, h.get("tokens.json"), "token")
		}},
		// Lists.
		{"35 ids override dates and status", func(h *house) {
			a, b := h.taken(), h.taken()
			h.ids("requests.json?status=closed&start_date=2001-01-01T00:00:00Z&end_date=2001-01-02T00:00:00Z&service_request_id="+b.Number()+","+a.Number()+",99-999999,"+a.Number(),
				b.Number(), a.Number())
		}},
		{"36 ninety days are looked back, a thousand are listed", conformWindow},
		{"37 a span of 91 days is 400", func(h *house) {
			h.is(200, h.get("requests.json?start_date=2026-08-01T00:00:00Z&end_date=2026-10-30T00:00:00Z"))
			h.refused(400, h.get("requests.json?start_date=2026-08-01T00:00:00Z&end_date=2026-10-31T00:00:00Z"), "90")
		}},
		{"38 a date without zone is 400", func(h *house) {
			for _, bad := range []string{"2026-11-01T00:00:00", "2026-11-01", "hôm qua", "2026-13-01T00:00:00Z"} {
				h.refused(400, h.get("requests.json?start_date="+url.QueryEscape(bad)), "start_date")
			}
			for _, good := range []string{"2026-11-01T00:00:00%2B07:00", "2026-11-01T00:00:00+07:00", "2026-11-01T00:00Z", "2026-11-01T00:00:00.5Z"} {
				h.is(200, h.get("requests.json?start_date="+good))
			}
		}},
		{"39 private is as if it were not there", conformPrivate},
		{"40 a closed record's last change is its closing, and nobody's data are in any answer", conformClosed},
		// Updates.
		{"41 a repeated update is one comment", conformRepeatedUpdate},
		{"42 both bounds of the window are within", conformUpdateWindow},
		{"43 an unknown status leaves the state", func(h *house) {
			t := h.taken()
			h.do(operator, t.Code, ticketing.Command{Verb: ticketing.Route, Agency: "dien-luc"})
			h.is(200, h.post("servicerequestupdates.json", h.told(t, "power", "u1", "ON_HOLIDAY", "Đang nghỉ")))
			now := h.ticket(t.Number())
			h.equal(now.Status, ticketing.Routed)
			h.equal(h.kinds(t.Code, ticketing.Noted), 1)
		}},
	} {
		t.Run(c.name, func(t *testing.T) { c.hold(newHouse(t)) })
	}
}

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

// What the lines above are written with.

func (h *house) is(status int, r reply) {
	h.Helper()
	if r.status != status {
		h.Fatalf("%d, not %d: %.300s", r.status, status, r.body)
	}
}

// refused holds the envelope: the status, one error at least, and the words.
func (h *house) refused(status int, r reply, words string) {
	h.Helper()
	h.is(status, r)
	if strings.HasPrefix(r.header.Get("Content-Type"), "text/xml") {
		v, err := fromXML(r.body)
		h.must(err)
		h.yes(len(v.([]any)) > 0, "no error in %s", r.body)
		return
	}
	all := r.list()
	h.yes(len(all) > 0 && all[0]["code"] == float64(status), "%s", r.body)
	h.has(r.words(), words)
	h.yes(!strings.Contains(r.words(), "⟦"), "%s", r.body)
}

func (h *house) yes(ok bool, format string, args ...any) {
	h.Helper()
	if !ok {
		h.Fatalf(format, args...)
	}
}

func (h *house) equal(got, want any) {
	h.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		h.Fatalf("not as wanted (-) but (+): %s", diff)
	}
}

func (h *house) has(text, part string) {
	h.Helper()
	h.yes(strings.Contains(text, part), "%q is not in %q", part, text)
}

// full: no field is empty, at any depth.
func (h *house) full(v any) {
	h.Helper()
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			h.yes(x != nil && x != "", "%s is empty", k)
			h.full(x)
		}
	case []any:
		h.yes(len(v) > 0, "an empty list")
		for _, x := range v {
			h.full(x)
		}
	}
}

func (h *house) endpoints() (out []map[string]any) {
	h.Helper()
	for _, e := range h.get("discovery.json").object()["endpoints"].([]any) {
		out = append(out, e.(map[string]any))
	}
	return out
}

func (h *house) attributes(code string) (out []map[string]any) {
	h.Helper()
	for _, a := range h.get("services/" + code + ".json").object()["attributes"].([]any) {
		out = append(out, a.(map[string]any))
	}
	return out
}

// ids holds the ids a list answers with, in order.
func (h *house) ids(path string, want ...string) {
	h.Helper()
	got := []string{}
	for _, o := range h.get(path).list() {
		got = append(got, o["service_request_id"].(string))
	}
	if want == nil {
		want = []string{}
	}
	h.equal(got, want)
}

func (h *house) triage(t ticketing.Ticket, kind ticketing.Kind, v ticketing.Visibility) {
	h.Helper()
	h.do(operator, t.Code, ticketing.Command{Verb: ticketing.Triage, Kind: kind, Visibility: v})
}

// told is an update's form.
func (h *house) told(t ticketing.Ticket, key, id, status, words string) url.Values {
	return fields("api_key", h.keys[key], "service_request_id", t.Number(), "update_id", id, "status", status,
		"updated_datetime", wire(h.clock.Now()), "description", words)
}

func fieldsWith(f url.Values, name, value string) url.Values {
	out := url.Values{}
	for k, v := range f {
		out[k] = v
	}
	out.Del(name)
	if value != "" {
		out.Set(name, value)
	}
	return out
}

package open311

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

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

package api

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"maps"
	"slices"
	"strings"
	"testing"

	"hotline1022/ticketing"
)

// The whole way of a matter by calls alone, every verb and every route answering as described, right and wrong.
func TestEveryRouteAnswersAsDescribed(t *testing.T) {
	h := newHouse(t)
	report := func() string {
		return h.hand("Cột điện nghiêng", `,"category":"dien","visibility":"public","citizen":{"name":"An","phone":"0905123182"}`)
	}
	code := report()
	step := func(who, verb, body, status string) answer {
		t.Helper()
		a := h.act(who, code, verb, body)
		if a.str("status") != status {
			t.Fatalf("%s: %s, not %s", verb, a.str("status"), status)
		}
		return a
	}
	step("@hang", "claim", `{"version":1}`, "new")
	step("@hang", "claim", `{"assignee":"toan"}`, "new")
	step("@hang", "claim", `{"assignee":""}`, "new")
	step("@hang", "triage", `{"priority":"urgent","area":"20242","kind":"proposal","lang":"en"}`, "new")
	a := step("act", "triage", `{"priority":"normal","area":"","kind":"report","visibility":"public"}`, "new")
	if a.str("lang") != "en" {
		t.Errorf("a language that is not named again: %s", a.body)
	}
	step("@hang", "triage", `{"lang":"vi"}`, "new")
	if a.str("priority") != "normal" || a.str("area") != "" || a.str("kind") != "report" || a.str("category") != "dien" {
		t.Errorf("triage: %s", a.body)
	}
	step("@hang", "ask", `{"text":"Ở đâu?"}`, "waiting")
	other := report()
	h.act("@hang", other, "merge", `{"into":"`+code+`"}`)
	if a := h.act("@hang", other, "unmerge", `{}`); a.str("status") != "new" || a.str("into") != "" {
		t.Errorf("unmerge: %s", a.body)
	}
	h.act("@hang", code, "note", `{"text":"đã gọi lại"}`)
	h.act("@hang", other, "message", `{"text":"chúng tôi đã nhận"}`)
	h.act("@hang", other, "split", `{"events":[1]}`)

	code = report()
	step("@hang", "route", `{"agency":"dien-luc","reason":"cột điện","cooperating":["so-xd"]}`, "routed")
	back := h.act("@uyen", code, "return", `{"reason":"của xây dựng","suggest":"so-xd"}`)
	if back.str("status") != "new" || back.str("text") != "" {
		t.Errorf("return: %s", back.body)
	}
	step("@hang", "route", `{"agency":"dien-luc"}`, "routed")
	step("@uyen", "accept", `{}`, "working")
	step("@uyen", "extend", `{"until":"2026-12-04T10:00:00+07:00","reason":"chờ vật tư"}`, "working")
	due := step("@toan", "extension-decide", `{"ok":true}`, "working").str("due")
	if due != "2026-12-04T03:00:00Z" {
		t.Errorf("due %s", due)
	}
	step("@uyen", "draft", `{"text":"Đã sửa.","outcome":"done"}`, "drafted")
	step("@diep", "reject-draft", `{"reason":"ghi ngày sửa"}`, "working")
	step("power", "draft", `{"text":"Đã sửa ngày 23/11.","outcome":"done"}`, "drafted")
	step("@diep", "approve", `{}`, "review")
	step("all", "answer", `{"text":"Điện lực đã sửa ngày 23/11.","outcome":"done","publish":true}`, "answered")
	step("@nghia", "publish", `{}`, "answered")
	step("@nghia", "unpublish", `{"reason":"ảnh có mặt người"}`, "answered")
	a = step("@hang", "verdict", `{"ok":false,"comment":"vẫn nghiêng"}`, "new")
	if v, _ := a.doc["verdict"].(map[string]any); v["comment"] != "vẫn nghiêng" || v["ok"] != false {
		t.Errorf("verdict: %v", a.doc["verdict"])
	}
	step("@hang", "close", `{"outcome":"invalid","reason":"đã kiểm tra"}`, "closed")
	step("@hang", "reopen", `{"reason":"người dân gọi lại"}`, "new")

	for _, path := range []string{
		"/tickets?limit=1", "/tickets/count", "/tickets/" + code, "/tickets/" + code + "/events", "/events?after=3", "/agencies",
		"/categories", "/areas", "/areas?q=hai+ch", "/areas?lat=16.05&lng=108.25", "/report?from=2026-11-01&to=2026-12-01&by=agency,month", "/openapi.json",
	} {
		h.want(200, "all", "GET", base+path, "")
	}
	h.filed(code)
	h.mistakes(code)
	h.covered()
}

// filed puts a file on the ticket by the desk, for there is no door for it here, and fetches it.
func (h *house) filed(code string) {
	h.Helper()
	ctx := context.Background()
	var picture bytes.Buffer
	h.must(png.Encode(&picture, image.NewGray(image.Rect(0, 0, 9, 9))))
	f, err := h.desk.Files.Save(ctx, &picture, "cột \"điện\"\r\n.png")
	h.must(err)
	hang := ticketing.Actor{ID: "hang", Role: ticketing.Operator}
	_, err = h.desk.Do(ctx, hang, ticketing.Code(code), ticketing.Command{Verb: ticketing.Note, Text: "ảnh", Files: []ticketing.File{f}})
	h.must(err)
	path := base + "/tickets/" + code + "/files/" + f.ID
	a := h.want(200, "all", "GET", path, "")
	if d := a.header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment") || strings.ContainsAny(d, "\r\n") || int64(len(a.body)) != f.Size ||
		a.header.Get("X-Content-Type-Options") != "nosniff" {
		h.Errorf("file: %q, %d bytes of %d", d, len(a.body), f.Size)
	}
	h.want(401, "", "GET", path, "")
	h.want(404, "all", "GET", base+"/tickets/"+code+"/files/other", "")
	// of an internal note: the agency may neither see nor fetch nor send it
	h.act("@hang", code, "route", `{"agency":"dien-luc"}`)
	h.want(404, "@uyen", "GET", path, "")
	if files := h.want(200, "@uyen", "GET", base+"/tickets/"+code, "").doc["files"]; files != nil {
		h.Errorf("an agency sees the files of the hotline's notes: %v", files)
	}
	h.act("@uyen", code, "accept", `{}`)
	draft := `{"text":"x","outcome":"done","files":["` + f.ID + `"]}`
	if a := h.want(422, "@uyen", "POST", base+"/tickets/"+code+"/draft", draft); a.faults() != "files" {
		h.Errorf("%s", a.body)
	}
	if n := len(list(h.act("@hang", code, "note", `{"text":"lại","files":["`+f.ID+`"]}`).doc["files"])); n != 1 {
		h.Errorf("%d files", n)
	}
	foreign := h.hand("Khác", "")
	h.want(404, "all", "GET", base+"/tickets/"+foreign+"/files/"+f.ID, "")
}

// mistakes asks every route in a way that must be refused.
func (h *house) mistakes(code string) {
	h.Helper()
	for _, path := range []string{
		"/tickets?colour=red", "/tickets/count?colour=red", "/tickets/" + code + "?x=1", "/tickets/" + code + "/events?x=1",
		"/tickets/" + code + "/files/x?x=1", "/events?after=-1", "/agencies?x=1", "/categories?x=1", "/areas?lat=1", "/areas?lat=NaN&lng=1",
		"/areas?cursor=zzz", "/report?from=2026-11-01", "/report?from=2026-11-01&to=2026-10-01", "/report?from=2026-11-01&to=2026-12-01&by=colour",
		"/report?from=2016-11-01&to=2026-12-01", "/report?from=2026-11-01&to=2026-12-01&by=day,week,month,kind", "/report?from=2026-11-01T08:00:00%2B07:00&to=2026-12-01", "/openapi.json?x=1",
		"/tickets?limit=0", "/tickets?limit=201", "/tickets?limit=many", "/tickets?status=lost", "/tickets?from=today", "/tickets?overdue=perhaps", "/tickets?sort=colour",
		"/tickets?sort=due&sort=oldest", "/tickets?q=%ff", "/tickets?cursor=" + strings.Repeat("x", 600), "/tickets?cursor=nonsense",
	} {
		if a := h.want(422, "all", "GET", base+path, ""); len(list(a.doc["errors"])) == 0 {
			h.Errorf("%s: no errors: %s", path, a.body)
		}
	}
	h.want(422, "all", "POST", base+"/tickets", `{"colour":"red"}`)
	for _, v := range verbs {
		path := base + "/tickets/" + code + "/" + string(v.verb)
		for _, body := range []string{`{"version":1,"colour":"red"}`, `{"version":-1}`, `{"version":"1"}`, `{"Version":1}`} {
			h.want(422, "all", "POST", path, body)
		}
		for _, f := range v.needs {
			if a := h.want(422, "all", "POST", path, `{}`); !strings.Contains(a.faults(), f) {
				h.Errorf("%s without %s: %s", v.verb, f, a.body)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(foreign(v))) { // another verb's members
			if a := h.want(422, "all", "POST", path, `{"`+name+`":null}`); !strings.Contains(a.faults(), name) {
				h.Errorf("%s with %s: %s", v.verb, name, a.body)
			}
		}
	}
}

// foreign are members that other verbs have.
func foreign(v verb) fields {
	out := fields{}
	for _, other := range verbs {
		for name := range other.members() {
			if _, own := v.members()[name]; !own {
				out[name] = false
			}
		}
	}
	return out
}

// covered says which routes were not seen to succeed, or to fail.
func (h *house) covered() {
	h.Helper()
	for path, ops := range h.spec.paths {
		for method := range ops {
			good, bad := false, false
			for seen := range h.spec.seen {
				status, ok := strings.CutPrefix(seen, strings.ToUpper(method)+" "+path+" ")
				good = good || ok && status[0] == '2'
				bad = bad || ok && status[0] == '4'
			}
			if !good || !bad {
				h.Errorf("%s %s: seen to succeed %v, to fail %v", method, path, good, bad)
			}
		}
	}
}

// A stale version is refused with the ticket as it stands; what may not follow, with a sentence.
func TestConflictsAndOrder(t *testing.T) {
	h := newHouse(t)
	code := h.hand("Cột điện nghiêng", `,"category":"dien"`)
	path := base + "/tickets/" + code
	h.act("@hang", code, "note", `{"version":1,"text":"một"}`)
	a := h.want(409, "@toan", "POST", path+"/route", `{"version":1,"agency":"dien-luc"}`)
	now, _ := a.doc["ticket"].(map[string]any)
	if now["code"] != code || now["version"] != 2.0 || len(list(now["allowed"])) == 0 {
		t.Errorf("%s", a.body)
	}
	h.want(200, "@toan", "POST", path+"/route", `{"version":2,"agency":"dien-luc"}`)
	for _, c := range []struct{ who, verb, body, field string }{
		{"@hang", "answer", `{"text":"x","outcome":"done"}`, "status"},
		{"@hang", "unmerge", `{}`, "status"},
		{"@hang", "claim", `{"assignee":"somebody"}`, "assignee"},
		{"@hang", "claim", `{"assignee":"uyen"}`, "assignee"},
		{"@hang", "route", `{"agency":"cu"}`, "agency"},
		{"@hang", "merge", `{"into":"AAAA"}`, "into"},
		{"@hang", "close", `{"outcome":"done"}`, "status"},
		{"@uyen", "return", `{"reason":"x","suggest":"cu"}`, "suggest"},
	} {
		if a := h.want(422, c.who, "POST", path+"/"+c.verb, c.body); a.faults() != c.field {
			t.Errorf("%s: %q, not %q: %s", c.verb, a.faults(), c.field, a.body)
		}
	}
	h.want(403, "@hang", "POST", path+"/accept", `{}`)
	h.want(404, "building", "POST", path+"/accept", `{}`)
	if a := h.want(422, "@uyen", "POST", path+"/extend", `{"until":"soon","reason":"x"}`); a.faults() != "until" {
		t.Errorf("%s", a.body)
	}
	// a complaint has a law of its own
	complaint := h.want(201, "all", "POST", "/api/v1/tickets", `{"kind":"complaint","channel":"app","text":"khiếu nại"}`).str("code")
	if a := h.want(422, "@hang", "POST", base+"/tickets/"+complaint+"/route", `{"agency":"dien-luc"}`); a.faults() != "kind" || !strings.Contains(a.str("detail"), "Luật Khiếu nại") {
		t.Errorf("%s", a.body)
	}
}

// The same key and body gives the same answer also where the first answer took the ticket away from the caller.
func TestARepeatedReturn(t *testing.T) {
	h := newHouse(t)
	code := h.hand("Cột điện nghiêng", `,"category":"dien"`)
	h.act("@hang", code, "route", `{"agency":"dien-luc"}`)
	const body = `{"reason":"không phải của chúng tôi"}`
	for range 2 {
		h.want(200, "power", "POST", base+"/tickets/"+code+"/return", body, "Idempotency-Key: r")
	}
	h.want(404, "power", "GET", base+"/tickets/"+code, "")
	h.want(404, "building", "POST", base+"/tickets/"+code+"/return", body, "Idempotency-Key: r")
}

// The feed gives each caller what it may see, and leads past what it may not.
func TestTheFeed(t *testing.T) {
	h := newHouse(t)
	mine := h.hand("Cột điện nghiêng", `,"category":"dien","citizen":{"name":"Bí Mật","phone":"0905123182"}`)
	theirs := h.hand("Đường hỏng", `,"category":"duong"`)
	h.want(201, "@hang", "POST", base+"/tickets", `{"kind":"denunciation","channel":"phone","text":"tố cáo"}`, "Idempotency-Key: khoa-kin")
	h.act("@hang", mine, "note", `{"text":"ghi chú của tổng đài"}`)
	h.act("@hang", mine, "route", `{"agency":"dien-luc"}`)
	h.act("@hang", theirs, "route", `{"agency":"so-xd"}`)
	h.act("@uyen", mine, "note", `{"text":"ghi chú của điện lực"}`)
	if _, err := h.desk.Contact(t.Context(), ticketing.Actor{ID: "hang", Role: ticketing.Operator}, ticketing.Code(mine), "phone", "gọi lại"); err != nil {
		t.Fatal(err)
	}
	kinds := func(who string) string {
		var all []string
		after := 0
		for range 50 {
			a := h.want(200, who, "GET", fmt.Sprintf("%s/events?after=%d&limit=2", base, after), "")
			for _, e := range a.items() {
				all = append(all, fmt.Sprint(e["event"]))
			}
			for _, secret := range []string{"Bí Mật", "905123182", "citizen\"", "khoa-kin", "print", "original"} {
				if strings.Contains(string(a.body), secret) && !strings.Contains(string(a.body), `"role":"citizen"`) {
					t.Errorf("%s is given %q: %s", who, secret, a.body)
				}
			}
			if len(a.items()) > 2 {
				t.Fatalf("%d items of 2", len(a.items()))
			}
			after = a.num("next")
			if a.doc["more"] == false {
				return strings.Join(all, " ")
			}
		}
		t.Fatal("the feed does not end")
		return ""
	}
	for who, want := range map[string]string{
		"all":    "received received noted routed routed noted",
		"events": "received received noted routed routed noted",
		"@hang":  "received received received noted routed routed noted",
		"@toan":  "received received received noted routed routed noted revealed",
		"power":  "received routed noted",
		"@uyen":  "received routed noted",
		"@nghia": "received received noted routed routed noted",
	} {
		if got := kinds(who); got != want {
			t.Errorf("%s: %s\nnot %s", who, got, want)
		}
	}
	// who the citizen is stays in the vault
	citizen := ticketing.Actor{ID: "someone", Role: ticketing.Citizen}
	_, err := h.desk.Receive(t.Context(), citizen, ticketing.Incoming{Channel: ticketing.Web, Text: "x", Key: "web:1"})
	h.must(err)
	if a := h.want(200, "all", "GET", base+"/events?after=8", ""); len(a.items()) != 1 || strings.Contains(string(a.body), "someone") {
		t.Errorf("%s", a.body)
	}
	a := h.want(200, "building", "GET", base+"/events?after=7", "")
	if len(a.items()) != 0 || a.num("next") != 9 || a.doc["more"] != false {
		t.Errorf("nothing of mine, and yet on: %s", a.body)
	}
	if a := h.want(200, "building", "GET", base+"/events?after=9&epoch="+a.str("epoch"), ""); a.num("next") != 9 {
		t.Errorf("%s", a.body)
	}
	h.want(410, "building", "GET", base+"/events?after=8&epoch=another", "")
	// the timeline of one ticket is cut the same way
	var texts []string
	for _, e := range h.want(200, "power", "GET", base+"/tickets/"+mine+"/events", "").items() {
		texts = append(texts, fmt.Sprint(e["text"]))
	}
	if strings.Contains(strings.Join(texts, " "), "tổng đài") {
		t.Errorf("the agency reads the hotline's notes: %v", texts)
	}
	h.want(404, "building", "GET", base+"/tickets/"+mine+"/events", "")
}

// A ticket that is taken away takes its events along; codes of other tickets are not for agencies.
func TestTheFeedFollowsTheTicketAsItStands(t *testing.T) {
	h := newHouse(t)
	code := h.hand("Cột điện nghiêng", `,"category":"dien"`)
	kept := h.hand("Cột điện nghiêng", `,"category":"dien"`)
	h.act("@hang", code, "route", `{"agency":"dien-luc"}`)
	h.act("@hang", kept, "merge", `{"into":"`+code+`"}`)
	if a := h.want(200, "power", "GET", base+"/events", ""); len(a.items()) == 0 || strings.Contains(string(a.body), kept) {
		t.Errorf("%s", a.body)
	}
	if a := h.want(200, "all", "GET", base+"/tickets/"+kept, ""); a.str("into") != code {
		t.Errorf("%s", a.body)
	}
	h.act("@uyen", code, "return", `{"reason":"nhầm"}`)
	if a := h.want(200, "power", "GET", base+"/events", ""); len(a.items()) != 0 {
		t.Errorf("%s", a.body)
	}
}

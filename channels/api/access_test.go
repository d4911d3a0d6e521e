package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"hotline1022/ticketing"
)

// The table and openapi.json name the same routes with the same scopes.
func TestTheDescriptionHasEveryRouteAndNoOther(t *testing.T) {
	s := readSpec(t)
	left := map[string]bool{}
	for path, ops := range s.paths {
		for method := range ops {
			left[strings.ToUpper(method)+" "+path] = true
		}
	}
	for _, rt := range (&API{}).routes() {
		path := base + rt.path
		for _, name := range []string{"code", "file"} {
			path = strings.Replace(path, ":"+name, "{"+name+"}", 1)
		}
		op, ok := s.paths[path][strings.ToLower(rt.method)].(map[string]any)
		if !ok {
			t.Errorf("%s %s is not described", rt.method, path)
			continue
		}
		delete(left, rt.method+" "+path)
		var scopes []string
		for _, way := range op["security"].([]any) {
			for _, scope := range list(way.(map[string]any)["token"]) {
				scopes = append(scopes, scope.(string))
			}
		}
		if !slices.Equal(scopes, rt.scopes) {
			t.Errorf("%s %s needs %v, described as %v", rt.method, path, rt.scopes, scopes)
		}
		if rt.open != (len(op["security"].([]any)) == 0) {
			t.Errorf("%s %s: open or not?", rt.method, path)
		}
	}
	for name := range left {
		t.Errorf("%s is described and not there", name)
	}
}

func list(v any) []any { l, _ := v.([]any); return l }

// Every verb's body is described with the members the table gives it.
func TestTheDescriptionHasEveryVerbsMembers(t *testing.T) {
	s := readSpec(t)
	for _, v := range verbs {
		op := s.paths[base+"/tickets/{code}/"+string(v.verb)]["post"].(map[string]any)
		content := op["requestBody"].(map[string]any)["content"].(map[string]any)["application/json"].(map[string]any)
		schema := s.resolve(content["schema"].(map[string]any))
		props := schema["properties"].(map[string]any)
		for name := range v.members() {
			if _, ok := props[name]; !ok {
				t.Errorf("%s: %s is not described", v.verb, name)
			}
		}
		if len(props) != len(v.members()) {
			t.Errorf("%s: described with %d members, has %d", v.verb, len(props), len(v.members()))
		}
		var needs []string
		for _, n := range list(schema["required"]) {
			needs = append(needs, n.(string))
		}
		if !slices.Equal(needs, v.needs) {
			t.Errorf("%s: needs %v, described as %v", v.verb, v.needs, needs)
		}
	}
	offered := s.components["schemas"].(map[string]any)["Verb"].(map[string]any)["enum"].([]any)
	if len(offered) != len(verbs) {
		t.Errorf("%d verbs described, %d there", len(offered), len(verbs))
	}
}

// Every kind of event the feed may bring is described, but for what is said outside tickets, which it never brings.
func TestTheDescriptionHasEveryKindOfEvent(t *testing.T) {
	described := map[string]bool{}
	var look func(any)
	look = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if enum := list(v["enum"]); slices.Contains(enum, any("received")) && slices.Contains(enum, any("routed")) {
				for _, k := range enum {
					described[k.(string)] = true
				}
			}
			for _, x := range v {
				look(x)
			}
		case []any:
			for _, x := range v {
				look(x)
			}
		}
	}
	look(readSpec(t).components)
	for _, k := range ticketing.EventKinds {
		if described[string(k)] == (k == ticketing.Chatted) {
			t.Errorf("%s: described %v", k, described[string(k)])
		}
	}
}

// What is written to citizens is looked over for programs too: they are told, not stopped, and it is counted.
func TestAProgramIsToldWhatIsNotPlain(t *testing.T) {
	h := newHouse(t)
	code := h.hand("Cột điện nghiêng", `,"category":"dien"`)
	h.act("@hang", code, "route", `{"agency":"dien-luc"}`)
	h.act("@uyen", code, "accept", `{}`)
	a := h.act("@uyen", code, "draft", `{"text":"Đã tiếp nhận và sẽ xem xét theo quy định.","outcome":"answered"}`)
	if !strings.Contains(string(a.body), `"warnings":[{"key":`) {
		t.Errorf("nothing is said of it: %s", a.body)
	}
	if again := h.ask("@uyen", "GET", "/tickets/"+code, ""); strings.Contains(string(again.body), "warnings") {
		t.Errorf("a ticket carries warnings: %s", again.body)
	}
	counts, err := h.desk.PlainCounts(t.Context(), ticketing.Actor{ID: "x", Role: ticketing.Auditor}, h.Now().AddDate(0, -1, 0))
	if c := counts["dien-luc"]; err != nil || c.Sent != 1 || c.AsIs != 1 {
		t.Errorf("%+v, %v", counts, err)
	}
}

// Who may use what, for every route of the table and every sort of caller. What is expected is worked out from the
// table here in its own words; what lies behind the door (404, 422, 200) is another test's.
func TestWhoMayUseWhat(t *testing.T) {
	h := newHouse(t)
	code := h.hand("Đèn đường hỏng trước nhà số 5", "")
	secret := h.want(201, "all", "POST", "/api/v1/tickets", `{"kind":"denunciation","channel":"app","text":"tố cáo"}`).str("code")
	callers := []string{"", "off", "expired", "unknown", "none", "read", "write", "act", "events", "all", "power", "@hang", "@uyen", "@yen", "@nobody"}
	h.tokens["unknown"] = "h1022_AAAAAAAA_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	for _, rt := range h.api.routes() {
		path := strings.NewReplacer(":code", code, ":file", "x").Replace(base + rt.path)
		body := ""
		if rt.method == "POST" {
			body = `{"nothing":1}` // whoever is let in hears 422, and nothing is changed
		}
		for _, who := range callers {
			got := h.ask(who, rt.method, path, body).status
			switch expected := expect(rt, who); {
			case expected == 401 || expected == 403:
				if got != expected {
					t.Errorf("%s %s as %q: %d, not %d", rt.method, rt.path, who, got, expected)
				}
			case got == 401 || got == 403 || got >= 500:
				t.Errorf("%s %s as %q: %d, but they may", rt.method, rt.path, who, got)
			}
			if foreign := who == "power" || who == "@uyen"; foreign && rt.method == "GET" && strings.Contains(rt.path, ":code") && got != 404 {
				t.Errorf("GET %s of another agency's ticket as %q: %d, not 404", rt.path, who, got)
			}
		}
		if strings.Contains(rt.path, ":code") && rt.method == "GET" {
			hidden := strings.Replace(path, code, secret, 1)
			if got := h.ask("all", rt.method, hidden, "").status; got != 404 {
				t.Errorf("GET %s of a denunciation with a token: %d, not 404", rt.path, got)
			}
		}
	}
	for _, v := range verbs { // and a whole body does not help either
		for _, who := range []string{"power", "@uyen"} {
			body := `{"version":1` + minimal(v) + `}`
			if got := h.ask(who, "POST", "/api/v1/tickets/"+code+"/"+string(v.verb), body).status; got != 404 {
				t.Errorf("%s of another agency's ticket as %q: %d, not 404", v.verb, who, got)
			}
		}
	}
}

// minimal is what a verb's body must have at least, of the right types.
func minimal(v verb) string {
	var b strings.Builder
	for _, name := range v.needs {
		value := map[string]string{"ok": "true", "events": "[1]", "until": `"2026-12-01T09:00:00+07:00"`, "outcome": `"done"`, "agency": `"so-xd"`}[name]
		if value == "" {
			value = `"x"`
		}
		fmt.Fprintf(&b, `,%q:%s`, name, value)
	}
	return b.String()
}

// expect is 401, 403 or 0 for "let in".
func expect(rt route, who string) int {
	if rt.open {
		return 0
	}
	switch who {
	case "", "off", "expired", "unknown", "@nobody":
		return 401
	case "@hang":
		return 0
	case "@uyen", "@yen":
		if len(rt.roles) > 0 {
			return 403
		}
		return 0
	}
	if len(rt.scopes) == 0 || slices.ContainsFunc(rt.scopes, func(s string) bool { return slices.Contains(tokensOf[who].Scopes, s) }) {
		return 0
	}
	return 403
}

func TestNobodyIsLetInByHalf(t *testing.T) {
	h := newHouse(t)
	a := h.want(401, "", "GET", "/api/v1/tickets", "")
	if a.header.Get("WWW-Authenticate") == "" {
		t.Error("401 without WWW-Authenticate")
	}
	// a bad token is not made good by a cookie
	h.want(401, "@hang", "GET", "/api/v1/tickets", "", "Authorization: Bearer h1022_nonsense")
	h.want(401, "", "GET", "/api/v1/tickets", "", "Authorization: Basic aGFuZzpwYXNz")
	h.want(200, "", "GET", "/api/v1/tickets", "", "Authorization: bearer  "+h.tokens["read"])
}

// A write by cookie comes from our own page, exactly.
func TestWritesByCookieNeedTheOrigin(t *testing.T) {
	h := newHouse(t)
	const body = `{"kind":"report","channel":"phone","text":"Mất điện"}`
	h.want(201, "@hang", "POST", "/api/v1/tickets", body)
	for _, origin := range []string{"", "null", "https://evil.example", h.base + ".evil.example", h.base + "/", strings.Replace(h.base, "http:", "https:", 1)} {
		if a := h.ask("@hang", "POST", "/api/v1/tickets", body, "Origin: "+origin); a.status != 403 {
			t.Errorf("Origin %q: %d", origin, a.status)
		}
	}
	h.want(200, "@hang", "GET", "/api/v1/tickets", "", "Origin: https://evil.example") // reading is the browser's to forbid
	h.want(201, "all", "POST", "/api/v1/tickets", body, "Origin: https://evil.example")
	if got := h.want(200, "@hang", "GET", "/api/v1/tickets", "", "Origin: https://evil.example").header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("CORS is off, and yet %q", got)
	}
}

func TestOtherMethodsAndAddresses(t *testing.T) {
	h := newHouse(t)
	code := h.hand("Ngập nước", "")
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"DELETE", "/api/v1/tickets/" + code, 405, "GET, HEAD, OPTIONS"},
		{"PUT", "/api/v1/tickets", 405, "POST, GET, HEAD, OPTIONS"},
		{"GET", "/api/v1/tickets/" + code + "/claim", 405, "POST, OPTIONS"},
		{"OPTIONS", "/api/v1/tickets", 204, "POST, GET, HEAD, OPTIONS"},
		{"OPTIONS", "/api/v1/nothing", 404, ""},
		{"GET", "/api/v1/nothing", 404, ""},
		{"GET", "/api/v1", 404, ""},
		{"POST", "/api/v1/tickets/" + code + "/reveal", 404, ""},
		{"POST", "/api/v1/tickets/" + code + "/destroy", 404, ""},
	} {
		a := h.want(c.status, "all", c.method, c.path, "")
		if got := a.header.Get("Allow"); got != c.allow {
			t.Errorf("%s %s: Allow %q, not %q", c.method, c.path, got, c.allow)
		}
	}
	a := h.want(200, "all", "HEAD", "/api/v1/tickets/"+code, "")
	if len(a.body) != 0 || a.header.Get("Content-Length") == "0" {
		t.Errorf("HEAD: %d bytes, length %s", len(a.body), a.header.Get("Content-Length"))
	}
	h.want(401, "", "HEAD", "/api/v1/tickets/"+code, "")
}

// A program sees a name and a masked number only if it may act; others of the room by their role.
func TestWhoSeesTheCitizen(t *testing.T) {
	h := newHouse(t)
	code := h.hand("Cột điện nghiêng", `,"category":"dien","citizen":{"name":"Nguyễn Văn An","phone":"0905123182"}`)
	h.act("@hang", code, "route", `{"version":1,"agency":"dien-luc"}`)
	for who, sees := range map[string]bool{"all": true, "act": true, "read": false, "@hang": true, "@uyen": true, "@yen": false, "@nghia": false, "power": true} {
		a := h.want(200, who, "GET", "/api/v1/tickets/"+code, "")
		c, _ := a.doc["citizen"].(map[string]any)
		if (c != nil) != sees {
			t.Errorf("%s: citizen %v", who, c)
		}
		if strings.Contains(string(a.body), "0905123182") || strings.Contains(string(a.body), "905123182") {
			t.Errorf("%s sees the number in full", who)
		}
		if sees && c["name"] != "Nguyễn Văn An" {
			t.Errorf("%s: name %v", who, c["name"])
		}
	}
	// nor may who cannot know a number look for it
	if n := h.want(200, "act", "GET", "/api/v1/tickets/"+code+"/events", "").items(); strings.Contains(fmt.Sprint(n), "An") {
		t.Error("the timeline names the citizen")
	}
	if n := len(h.want(200, "read", "GET", "/api/v1/tickets?q=0905123182", "").items()); n != 0 {
		t.Errorf("a token that only reads found %d by the number", n)
	}
	if n := len(h.want(200, "all", "GET", "/api/v1/tickets?q=0905123182", "").items()); n != 1 {
		t.Errorf("a token that acts found %d by the number", n)
	}
}

func TestARunawayProgramSlowsOnlyItself(t *testing.T) {
	h := newHouse(t, func(h *house) { h.api.Limits = Limits{PerSecond: 1, Burst: 3} })
	for range 3 {
		h.want(200, "read", "GET", "/api/v1/agencies", "")
	}
	if a := h.want(429, "read", "GET", "/api/v1/agencies", ""); a.header.Get("Retry-After") == "" {
		t.Error("429 without Retry-After")
	}
	h.want(200, "all", "GET", "/api/v1/agencies", "")
	h.turn(1e9)
	h.want(200, "read", "GET", "/api/v1/agencies", "")
	h.want(429, "read", "GET", "/api/v1/agencies", "")
}

func TestTheLimiterForgets(t *testing.T) {
	l := newLimiter(Limits{PerSecond: 1, Burst: 2})
	for i := range 3 * mostKeys {
		l.allow(fmt.Sprint(i), monday)
	}
	if len(l.buckets) > mostKeys {
		t.Errorf("%d buckets", len(l.buckets))
	}
}

package main_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A citizen's name and number go in by every door, rightly and wrongly, and are looked for by those who may; what the
// program writes down of it names nobody. (Every other test here is held to the same when its processes end.)
func TestLogsKnowNobody(t *testing.T) {
	t.Parallel() // partly waiting for the form
	for _, form := range []string{"text", "json"} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, "HOTLINE_LOG", form)
			c := p.everything("logs")
			s := p.serve()
			journey(t, p, c, s)
			s.stop()
			p.run("verify").wants(0)
			p.run("replay", "--check").wants(0)
			discreet(t, "serve", s.out.String()+s.err.String())
		})
	}
}

func journey(t *testing.T, p *place, c *caller, s *process) {
	t.Helper()
	const number = numberStart + "23456"
	citizen := map[string]any{"name": citizenName, "phone": number, "email": "thu.nghiem@example.vn"}
	matter := map[string]any{"kind": "report", "channel": "phone", "text": "Gọi tôi theo số " + number + ", " + citizenName, "citizen": citizen}
	post := func(want int, path, key string, body any) reply {
		t.Helper()
		r, err := c.call(http.MethodPost, s.url+path, key, body)
		if err != nil || r.status != want {
			t.Errorf("POST %s: %d %s, %v; want %d", path, r.status, r.body, err, want)
		}
		return r
	}
	with := func(name string, value any) map[string]any {
		m := map[string]any{}
		for k, v := range matter {
			m[k] = v
		}
		m[name] = value
		return m
	}
	d, err := c.try(s.url, deed{key: "goi-" + number, body: matter})
	if err != nil {
		t.Fatal(err)
	}
	post(422, "/api/v1/tickets", "goi-"+number, with("text", "khác")) // the key of another
	post(422, "/api/v1/tickets", "", with("citizen", map[string]any{"name": citizenName, "phone": number + "99999"}))
	post(422, "/api/v1/tickets", "", with("kind", citizenName+" "+number))
	post(422, "/api/v1/tickets", "", with("area", number))
	post(405, "/api/v1/tickets/"+number, "", nil)
	post(404, "/api/v1/tickets/"+number+"/claim", "", map[string]any{"version": 0})
	post(200, "/api/v1/tickets/"+d.code+"/message", "", map[string]any{"version": 0, "text": "Chào " + citizenName + ", " + number})
	post(409, "/api/v1/tickets/"+d.code+"/claim", "", map[string]any{"version": 1})
	req, err := http.NewRequest(http.MethodPost, s.url+"/api/v1/tickets", bytes.NewReader([]byte(`{"citizen":{"name":"`+citizenName+`","phone":"`+number)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	if resp, err := c.http.Do(req); err != nil || resp.StatusCode != 400 {
		t.Errorf("half a body: %v, %v", resp, err)
	}
	for path, want := range map[string]int{
		"/api/v1/tickets?q=" + url.QueryEscape(citizenName): 200, "/api/v1/tickets?q=" + number: 200, "/api/v1/tickets?status=" + number: 422,
		"/api/v1/" + number: 404, "/api/v1/tickets/" + d.code: 200, "/t/" + number: 404, "/" + url.PathEscape(citizenName) + "/" + number: 404,
		"/console?q=" + number: 303, "/live?since=" + number: 0,
	} {
		r, err := c.call(http.MethodGet, s.url+path, "", nil)
		if err != nil || want != 0 && r.status != want {
			t.Errorf("GET %s: %d, %v; want %d", path, r.status, err, want)
		}
	}

	f := openForm(t, s.url)
	for _, wrong := range [][]string{{"phone", number + "99999"}, {"website", number}, {"kind", "denunciation"}, {"text", ""}} {
		if status, _, _ := f.send(citizenName, number, wrong...); status != 422 {
			t.Errorf("the form with %q: %d", wrong, status)
		}
	}
	status, header, body := f.send(citizenName, number)
	if status != 303 {
		t.Fatalf("the form: %d\n%s", status, body)
	}
	code := f.code(header)
	for _, digits := range []string{"0000", number, number[6:]} {
		resp, err := client().PostForm(s.url+"/t/"+code+"/so-dien-thoai", url.Values{"digits": {digits}})
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if status, _ := signIn(t, s.url, number, citizenName); status != 403 {
		t.Errorf("a citizen signs in: %d", status)
	}
	if status, to := signIn(t, s.url, "admin", p.settings["HOTLINE_ADMIN_PASSWORD"]); status != 303 || !strings.HasPrefix(to, "/") {
		t.Errorf("the administrator signs in: %d to %q", status, to)
	}
}

// The check itself: it finds a number however it is written, and takes no time or code for one.
func TestFullNumbersAreFound(t *testing.T) {
	for said, want := range map[string]bool{
		"phone=0905123456": true, `"+84905123456"`: true, "0905 123 456": true, "0905.123.456": true, "tel:84905123456": true,
		"090•••456": false, "time=2026-11-23T16:33:20.447Z": false, "seq=905": false, "listening on http://127.0.0.1:34581": false,
	} {
		if got := fullNumber.MatchString(said); got != want {
			t.Errorf("%q: %v", said, got)
		}
	}
}

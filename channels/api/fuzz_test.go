package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// fuzzHouse is one house for all tries of a fuzz target in this process.
type fuzzHouse struct {
	*house
	code    string
	handler fasthttp.RequestHandler
}

// try sends a request past the network: whatever it is, nothing may be our fault.
func (f *fuzzHouse) try(t *testing.T, method, path, query string, body []byte) {
	t.Helper()
	var c fasthttp.RequestCtx
	c.Request.Header.SetMethod(method)
	c.Request.URI().SetPath(path)
	c.Request.URI().SetQueryString(query)
	c.Request.Header.Set("Authorization", "Bearer "+f.tokens["all"])
	if method == "POST" {
		c.Request.Header.SetContentType("application/json")
		c.Request.SetBody(body)
	}
	f.handler(&c)
	a := answer{status: c.Response.StatusCode(), body: c.Response.Body(), header: map[string][]string{"Content-Type": {string(c.Response.Header.ContentType())}}}
	if a.status >= 500 {
		t.Fatalf("%s %s?%s %q: %d %s\n%s", method, path, query, body, a.status, a.body, f.log)
	}
	if err := f.spec.check(method, path, a); err != nil {
		t.Fatalf("%s %s?%s %q: %d is not as described: %v\n%s", method, path, query, body, a.status, err, a.body)
	}
	if a.status < 300 && method == "POST" && !json.Valid(body) {
		t.Fatalf("%q is not JSON and was taken", body)
	}
}

func newFuzzHouse(f *testing.F) *fuzzHouse {
	h := &fuzzHouse{house: newHouse(f, func(h *house) { h.api.Limits = Limits{PerSecond: 1e9, Burst: 1e9} })}
	h.code = h.hand("Cột điện nghiêng", "")
	h.handler = h.app.Handler()
	return h
}

func FuzzTicketBody(f *testing.F) {
	h := newFuzzHouse(f)
	for _, s := range []string{
		`{"kind":"report","channel":"app","text":"x"}`, `{"kind":"report","channel":"sms","text":"x","citizen":{"name":"An","phone":"0905123182"}}`,
		`{"kind":"question","channel":"web","text":"\u0000\ud800","location":{"lat":16.05,"lng":108.25},"received_at":"2026-11-01T00:00:00+07:00"}`,
		`{"a":{"b":[{"c":"}"}]},"\u0061":1}`, `{"text":"` + "\xff" + `"}`, `{`, `{}`, `[]`, `{"citizen":null,"location":null,"text":null}`, `{"":{"":{}}}`,
		`{"kind":"report","channel":"import","text":"x","external_id":"1","visibility":"public","subject":"s","address":"a","area":"20242","category":"dien"}`,
		`{"kind":"report","channel":"app","text":"x","location":{"lat":1e400,"lng":-0}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) { h.try(t, "POST", base+"/tickets", "", body) })
}

func FuzzVerbBody(f *testing.F) {
	h := newFuzzHouse(f)
	for i, v := range verbs {
		f.Add(uint8(i), []byte(`{"version":1`+minimal(v)+`}`))
	}
	f.Add(uint8(0), []byte(`{"assignee":"\u0000/../"}`))
	f.Add(uint8(6), []byte(`{"until":"9999-12-31T23:59:59-23:59","reason":"x","version":9223372036854775807}`))
	f.Add(uint8(16), []byte(`{"events":[-1,0,99999999999]}`))
	f.Fuzz(func(t *testing.T, n uint8, body []byte) {
		h.try(t, "POST", base+"/tickets/"+h.code+"/"+string(verbs[int(n)%len(verbs)].verb), "", body)
	})
}

func FuzzQuery(f *testing.F) {
	h := newFuzzHouse(f)
	paths := []string{"/tickets", "/tickets/count", "/events", "/report", "/areas"}
	for _, s := range []string{
		"status=new,closed&q=cot+dien&sort=due&limit=3", "from=2026-01-01&to=2026-02-01T00:00:00+07:00&by=day,agency", "cursor=AAAA", "after=18446744073709551616",
		"lat=16&lng=1e308", "q=%00%ff", "q=\"*", "q=26-000001", "q=0905123182", "assignee=none&overdue=1", "from=0001-01-01&to=9999-12-31", "area=,,,", "q=" + strings.Repeat("a ", 300),
		"from=2026-01-01&to=2030-01-01&by=week,month,outcome", "from=-2026-01-01", "epoch=x", "cursor=YXQ5OTk5OTk5",
	} {
		for i := range paths {
			f.Add(uint8(i), s)
		}
	}
	f.Fuzz(func(t *testing.T, n uint8, query string) { h.try(t, "GET", base+paths[int(n)%len(paths)], query, nil) })
}

// The walker goes over whatever encoding/json takes for an object without falling off its end, and finds a member
// unknown exactly if it is.
func FuzzWalker(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1}`, `{"a":{"b":2},"c":[1,"]",{}]}`, "{\n\"a\" : true ,\t\"a\\u0062\":null}", `{"a":"\\\""}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		body = bytes.TrimLeft(body, " \t\r\n")
		var m map[string]json.RawMessage
		if len(body) == 0 || body[0] != '{' || json.Unmarshal(body, &m) != nil {
			return
		}
		known := fields{}
		for name := range m {
			known[name] = true
		}
		w := walker{b: body, known: known}
		w.object(nil)
		for _, x := range w.faults {
			if x.key == "api.unknown_field" && known[x.field] {
				t.Errorf("%q: %q is known", body, x.field)
			}
		}
		empty := walker{b: body, known: fields{}}
		empty.object(nil)
		if len(empty.faults) == 0 && len(m) > 0 {
			t.Errorf("%q: nothing is known and nothing was found: %v", body, fmt.Sprint(m))
		}
	})
}

package open311

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"hotline1022/ticketing"
)

// Whatever a form holds, it is read or refused, never both, and what is handed to the desk is within its limits.
func FuzzForm(f *testing.F) {
	names, _ := filepath.Glob("testdata/forms/*.form")
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(raw))
	}
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, raw string) {
		body, err := parseForm(raw)
		if err != nil {
			if s := refusalOf(err).status(); s != 400 {
				t.Fatalf("%d", s)
			}
			return
		}
		for _, p := range body.pairs {
			if p.value == "" || !utf8.ValidString(p.value) || strings.ContainsRune(p.value, 0) {
				t.Fatalf("%q", p)
			}
		}
		for _, a := range body.attributes() {
			if a.code == "" || len(a.values) == 0 || strings.ContainsAny(a.code, "[]\r\n") {
				t.Fatalf("%q", a)
			}
		}
		p := &report{in: ticketing.Incoming{Kind: ticketing.Report, Visibility: ticketing.Private}}
		p.attributes(h.ch.questions(serving(h.ch.serviceList(), "mat-nuoc"), "vi"), "vi", body)
		p.place(h.ch, body)
		p.pictures(h.ch, body)
		p.words(body)
		if len(p.bad) > 0 {
			return
		}
		if n := utf8.RuneCountInString(p.in.Text); n == 0 || n > 10_000 {
			t.Fatalf("a text of %d", n)
		}
		if p.in.Kind.OwnLaw() || p.in.Kind == ticketing.Spam || len(p.in.Fetch) > mostPictures {
			t.Fatalf("%+v", p.in)
		}
		if l := p.in.Location; l != nil && !(l.Lat >= vietnam[0] && l.Lat <= vietnam[2] && l.Lng >= vietnam[1] && l.Lng <= vietnam[3]) {
			t.Fatalf("%+v", l)
		}
	})
}

// Whatever an agency's server answers is read or is an error, and ids stay short.
func FuzzAnswer(f *testing.F) {
	for _, name := range []string{"requests", "updates", "created", "token", "refused"} {
		raw, err := os.ReadFile("testdata/answers/" + name + ".xml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(200, string(raw))
		f.Add(400, string(raw))
	}
	f.Add(503, "<html>")
	f.Fuzz(func(t *testing.T, status int, raw string) {
		var all struct {
			Requests []theirRequest `xml:"request"`
			Updates  []theirUpdate  `xml:"request_update"`
		}
		if xml.Unmarshal([]byte(raw), &all) == nil {
			for _, r := range all.Requests {
				if len(clip(r.ID)) > mostExternal {
					t.Fatal("a long id")
				}
				meaningOf(r.Status)
			}
		}
		resp := &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {raw[:min(len(raw), 9)]}}, Body: io.NopCloser(strings.NewReader(raw))}
		if refusedBy(resp, []byte(raw)) == nil {
			t.Fatal("a refusal that is none")
		}
	})
}

// Whatever stands in an answer, both formats can be read back, and say it.
func FuzzEncode(f *testing.F) {
	f.Add("ế & <b>\"x\"</b> ]]> \x00\u2028")
	f.Fuzz(func(t *testing.T, s string) {
		d := document{"errors", list{"error", []any{object{{"code", 400}, {"description", s}}}}}
		var x struct {
			Errors []struct {
				Words string `xml:"description"`
			} `xml:"error"`
		}
		if err := xml.Unmarshal(d.encode("xml"), &x); err != nil || len(x.Errors) != 1 {
			t.Fatalf("%v: %s", err, d.encode("xml"))
		}
		var j []struct{ Description string }
		if err := json.Unmarshal(d.encode("json"), &j); err != nil || len(j) != 1 || j[0].Description != strings.ToValidUTF8(s, "\ufffd") && utf8.ValidString(s) {
			t.Fatalf("%v: %s", err, d.encode("json"))
		}
	})
}

// A date is read to the moment or not at all.
func FuzzMoment(f *testing.F) {
	for _, s := range []string{"2026-11-25T08:00:00+07:00", "2026-11-25T08:00:00 07:00", "2026-11-25T08:00Z", "2026-11-25"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, ok := moment(s)
		if !ok {
			return
		}
		again, ok := moment(zoned(at).(string))
		if !ok || again.Sub(at).Abs() >= 1e9 {
			t.Fatalf("%q is %v, then %v", s, at, again)
		}
	})
}

package facebook

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// told is what a golden file shows of an item.
type told struct {
	Kind     string             `json:"kind"`
	Page     string             `json:"page,omitempty"`
	From     *ticketing.Contact `json:"from,omitempty"`
	Name     string             `json:"name,omitempty"`
	External string             `json:"external,omitempty"`
	Subject  string             `json:"subject,omitempty"`
	Text     string             `json:"text,omitempty"`
	Choice   string             `json:"choice,omitempty"`
	Location *ticketing.Point   `json:"location,omitempty"`
	Fetch    []ticketing.Fetch  `json:"fetch,omitempty"`
	Receipt  *receipt           `json:"receipt,omitempty"`
	Flags    map[string]bool    `json:"flags,omitempty"`
}

func tell(it item) told {
	out := told{Kind: it.kind()}
	if it.page != pageID {
		out.Page = it.page
		return out
	}
	var in ticketing.Incoming
	switch out.Kind {
	case "message", "edit", "postback":
		in = it.incoming("KEY")
	case "comment", "comment edited", "post", "post edited":
		in = it.Value.incoming("KEY")
	case "echo":
		it.Message.describe(&in)
	case "delivery":
		out.Receipt = it.Delivery
	case "read":
		out.Receipt = it.Read
	}
	if in.From.ID != "" {
		out.From = &in.From
	}
	out.Name, out.External, out.Subject, out.Text, out.Choice = in.Name, in.External, in.Subject, in.Text, in.Choice
	out.Location, out.Fetch = in.Location, in.Fetch
	for name, on := range map[string]bool{
		"apart": in.Apart, "no_receipt": in.NoReceipt,
		"pass": it.Pass != nil, "take": it.Take != nil, "request": it.Request != nil, "roles": it.Roles != nil,
	} {
		if on {
			if out.Flags == nil {
				out.Flags = map[string]bool{}
			}
			out.Flags[name] = true
		}
	}
	return out
}

// Each testdata/NAME.json is a body as Facebook posts it; NAME.golden is what it holds and what the desk gets.
func TestBodiesAsTheyCome(t *testing.T) {
	names, err := filepath.Glob("testdata/*.json")
	must(t, err)
	if len(names) < 40 {
		t.Fatalf("only %d bodies", len(names))
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		must(t, err)
		items, err := parse(raw)
		must(t, err)
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", " ")
		for _, it := range items {
			must(t, enc.Encode(tell(it)))
		}
		golden := strings.TrimSuffix(name, ".json") + ".golden"
		if *update {
			must(t, os.WriteFile(golden, b.Bytes(), 0o644))
		}
		want, err := os.ReadFile(golden)
		must(t, err)
		if d := cmp.Diff(string(want), b.String()); d != "" {
			t.Errorf("%s (go test -update writes it anew):\n%s", name, d)
		}
	}
}

// Whatever is posted, reading it does not panic, and a citizen's message is never empty.
func FuzzEvent(f *testing.F) {
	names, _ := filepath.Glob("testdata/*.json")
	for _, name := range names {
		raw, err := os.ReadFile(name)
		must(f, err)
		f.Add(raw)
	}
	f.Add([]byte(`{"object":"page","entry":[{"id":1,"messaging":[{"sender":[],"message":{"attachments":[[],{"payload":"x"},null,{"type":"template","payload":{"elements":7}}]},"delivery":{"mids":7}}]}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		items, err := parse(raw)
		if err != nil {
			return
		}
		for i, it := range items {
			if i > 0 && it.at() < items[i-1].at() {
				t.Errorf("out of order in %q", raw)
			}
			var in ticketing.Incoming
			switch it.kind() {
			case "message", "edit", "postback":
				in = it.incoming("KEY")
			case "comment", "comment edited", "post", "post edited":
				in = it.Value.incoming("KEY")
			case "echo":
				if it.Message != nil {
					it.Message.describe(&in)
				}
				continue
			default:
				continue
			}
			if text.NFC(in.Text) == "" {
				t.Errorf("an empty message from %q", raw)
			}
			if len(in.Fetch) > maxAttachments {
				t.Errorf("%d attachments", len(in.Fetch))
			}
			if utf8.RuneCountInString(in.Choice) > 1000 {
				t.Errorf("a choice of %d", len(in.Choice))
			}
		}
	})
}

// Whatever the headers say, nobody is silent for more than an hour, and not backwards.
func FuzzUsage(f *testing.F) {
	f.Add(`{"call_count":28,"total_time":25,"total_cputime":101.5}`, `{"682498302938465":[{"type":"messenger","call_count":100,"estimated_time_to_regain_access":7}]}`)
	f.Add(`{"call_count":"x","total_time":-1e300}`, `{"1":[{"estimated_time_to_regain_access":1e300}],"2":7,"3":[7,null]}`)
	f.Add(`[`, `{}`)
	f.Fuzz(func(t *testing.T, app, business string) {
		l := usage(http.Header{"X-App-Usage": {app}, "X-Business-Use-Case-Usage": {business}})
		if l.regain < 0 || l.regain > 24*time.Hour || l.percent < 0 {
			t.Errorf("%+v of %q %q", l, app, business)
		}
	})
}

// Whatever an API answers is one of: done, refused, unsure, to be tried again.
func FuzzAnswer(f *testing.F) {
	f.Add(200, []byte(`{"recipient_id":"1","message_id":"m_1"}`))
	f.Add(400, []byte(`{"error":{"message":"x","code":10,"error_subcode":2018278}}`))
	f.Add(500, []byte(`{"error":{"code":"2","is_transient":1}}`))
	f.Add(200, []byte(`{"error":"x"}`))
	f.Add(502, []byte(`<html>`))
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, status int, raw []byte) {
		var a answer
		err := understand(status, raw, &a)
		if err == nil && (status != 200 || !json.Valid(raw)) {
			t.Errorf("%d %q is taken for an answer", status, raw)
		}
		if said := h.ch.verdict(err); (said == nil) != (err == nil) || said != nil && (said.Error() == "" || strings.Contains(said.Error(), "⟦")) {
			t.Errorf("%d %q: %v", status, raw, said)
		}
	})
}

func TestUsageHeadersAreRead(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        load
	}{
		{"X-App-Usage", `{"call_count":28,"total_time":25,"total_cputime":25}`, load{percent: 28}},
		{"X-Page-Usage", `{"call_count":1,"total_time":2,"total_cputime":100}`, load{percent: 100}},
		{"X-Business-Use-Case-Usage", `{"1":[{"type":"pages","call_count":1},{"type":"messenger","call_count":90,"estimated_time_to_regain_access":19}]}`, load{90, 19 * time.Minute}},
		{"X-Business-Use-Case-Usage", `no JSON`, load{}},
		{"X-Other", `{"call_count":99}`, load{}},
	} {
		h := http.Header{}
		h.Set(c.name, c.value)
		if got := usage(h); got != c.want {
			t.Errorf("%s: %s: %+v", c.name, c.value, got)
		}
	}
}

func TestALongTextIsCutWhereAReaderPauses(t *testing.T) {
	sentence := "Đèn đường trước nhà số 5 hỏng đã ba ngày. "
	long := strings.Repeat(strings.Repeat(sentence, 8)+"\n\n", 12)
	parts := text.Split(text.NFC(long), maxText)
	for i, p := range parts {
		if i < len(parts)-1 && !strings.HasSuffix(p, ".") {
			t.Errorf("part %d ends with %q", i, p[len(p)-20:])
		}
	}
	if got := text.Split(strings.Repeat("a", 4500), maxText); len(got) != 3 || len(got[0]) != 2000 {
		t.Errorf("%d parts of a word without an end", len(got))
	}
	rapid.Check(t, func(r *rapid.T) {
		s := text.NFC(rapid.StringOfN(rapid.SampledFrom([]rune("aắ .\n…😀\u0301\u200dĐ-")), 0, 400, -1).Draw(r, "text"))
		most := rapid.IntRange(8, 60).Draw(r, "most")
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		all := ""
		for _, p := range text.Split(s, most) {
			if text.Units(p) > most || p == "" || !utf8.ValidString(p) {
				r.Fatalf("part %q has %d", p, text.Units(p))
			}
			all += p
		}
		if squeeze(all) != squeeze(s) {
			r.Fatalf("%q became %q", s, all)
		}
	})
}

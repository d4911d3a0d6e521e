package zalo

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hotline1022/ticketing/text"
)

// Each testdata/NAME.json is a body as Zalo posts it; NAME.golden is what the desk gets.
func TestBodiesAsTheyCome(t *testing.T) {
	names, err := filepath.Glob("testdata/*.json")
	must(t, err)
	if len(names) < 15 {
		t.Fatalf("only %d bodies", len(names))
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		must(t, err)
		e, err := parse(raw)
		must(t, err)
		if got, cut := string(e.Timestamp), timestamp(raw); got != "1795422001000" || cut != got {
			t.Errorf("%s: time %q, and %q where it cannot be parsed", name, got, cut)
		}
		if e.oa() != oaID || string(e.AppID) != appID || e.user() == "" {
			t.Errorf("%s: account %q, app %q, user %q", name, e.oa(), e.AppID, e.user())
		}
		in := e.incoming("KEY")
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", " ")
		must(t, enc.Encode(map[string]any{"from": in.From, "text": in.Text, "location": in.Location, "fetch": in.Fetch}))
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
	f.Add([]byte(`{"timestamp":{"a":1},"sender":[],"message":{"attachments":[[],{"payload":"x"},null]},"info":7,"event_name":"user_send_file"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		timestamp(raw)
		e, err := parse(raw)
		if err != nil {
			return
		}
		e.info()
		if _, ok := e.spoken(); ok {
			in := e.incoming("KEY")
			if text.NFC(in.Text) == "" {
				t.Errorf("an empty message from %q", raw)
			}
			if len(in.Fetch) > maxAttachments {
				t.Errorf("%d attachments", len(in.Fetch))
			}
		}
	})
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
	family := "👩‍👩‍👧"
	for most := 16; most < 32; most++ {
		for _, p := range text.Split(strings.Repeat(family, 60), most) {
			if strings.ReplaceAll(p, family, "") != "" {
				t.Errorf("a family was parted at %d: %q", most, p)
			}
		}
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

package telegram

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

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// forTheDesk is what the desk would get of the update; false: nothing.
func forTheDesk(u update) (ticketing.Incoming, bool) {
	switch {
	case u.Message.is && u.Message.v.kind() != "":
		return u.Message.v.incoming(u.key()), true
	case u.Edited.is:
		return u.Edited.v.correction(u.key()), true
	case u.Callback.is:
		return u.Callback.v.incoming(u.key()), true
	}
	return ticketing.Incoming{}, false
}

// Each testdata/NAME.json is a body as Telegram posts it; NAME.golden is what the desk gets.
func TestBodiesAsTheyCome(t *testing.T) {
	names, err := filepath.Glob("testdata/*.json")
	must(t, err)
	if len(names) < 30 {
		t.Fatalf("only %d bodies", len(names))
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		must(t, err)
		u, err := parse(raw)
		must(t, err)
		in, ok := forTheDesk(u)
		if silent := strings.Contains(name, "silent"); ok == silent {
			t.Errorf("%s: heard %v", name, ok)
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", " ")
		must(t, enc.Encode(map[string]any{
			"key": in.Key, "from": in.From, "name": in.Name, "text": in.Text, "choice": in.Choice, "location": in.Location,
			"address": in.Address, "fetch": in.Fetch, "phone": in.Phone,
		}))
		golden := strings.TrimSuffix(name, ".json") + ".golden"
		if *rewrite {
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
func FuzzUpdate(f *testing.F) {
	names, _ := filepath.Glob("testdata/*.json")
	for _, name := range names {
		raw, err := os.ReadFile(name)
		must(f, err)
		f.Add(raw)
	}
	f.Add([]byte(`{"update_id":1,"message":{"photo":[[],{"file_id":{}},null],"chat":[],"from":7,"text":"\u0000"}}`))
	f.Add([]byte(`{"update_id":1,"my_chat_member":{"chat":{"type":"private","id":5},"new_chat_member":{"status":"kicked"}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		u, err := parse(raw)
		if err != nil {
			return
		}
		if u.ID.int() <= 0 {
			t.Errorf("an update without a number from %q", raw)
		}
		in, ok := forTheDesk(u)
		if !ok {
			return
		}
		if text.NFC(in.Text) == "" {
			t.Errorf("an empty message from %q", raw)
		}
		if len(in.Fetch) > 1 {
			t.Errorf("%d attachments", len(in.Fetch))
		}
		for _, part := range text.Split(text.NFC(in.Text), 9000) {
			if utf8.RuneCountInString(part) > 10_000 {
				t.Errorf("a part of %d characters", utf8.RuneCountInString(part))
			}
		}
		if utf8.RuneCountInString(in.Name) > 120 || utf8.RuneCountInString(in.Address) > 300 {
			t.Errorf("name or address too long from %q", raw)
		}
	})
}

func TestCommandsAreTold(t *testing.T) {
	for s, want := range map[string]command{
		"/start":                               {name: "start"},
		"/start ABCD":                          {name: "start", rest: "ABCD"},
		"/TraCuu@TongDai1022_bot  AB CD ":      {name: "tracuu", to: "TongDai1022_bot", rest: "AB CD"},
		"/tracuu\nABCD-EFGH":                   {name: "tracuu", rest: "ABCD-EFGH"},
		"/a_b9":                                {name: "a_b9"},
		"/12 Lê Lợi":                           {},
		"/ start":                              {},
		"start":                                {},
		"/start@":                              {},
		"/đèn hỏng":                            {},
		"/startđi":                             {},
		"/" + strings.Repeat("a", 33) + " mất": {},
	} {
		got, ok := parseCommand(s)
		if got != want || ok != (want.name != "") {
			t.Errorf("%q: %+v %v", s, got, ok)
		}
	}
}

// A command is read without panic, its name is a word, and nothing of what was typed gets lost.
func FuzzCommand(f *testing.F) {
	for _, s := range []string{"/start", "/tracuu@x ABCD", "/12 Lê Lợi", "/a\x00", "/a@b\u2003c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		cmd, ok := parseCommand(s)
		if !ok {
			if cmd != (command{}) {
				t.Errorf("%q is none and has parts", s)
			}
			return
		}
		if cmd.name == "" || cmd.name != strings.ToLower(cmd.name) {
			t.Errorf("name %q", cmd.name)
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), "") }
		all := "/" + cmd.name
		if cmd.to != "" {
			all += "@" + cmd.to
		}
		if squeeze(all+cmd.rest) != squeeze(s) {
			t.Errorf("%q became %+v", s, cmd)
		}
	})
}

func TestAVerdictsButtonFitsAndIsReadBack(t *testing.T) {
	v := verdict{true, "ABCDEFGH1234", 999_999_999}
	if got, ok := parseVerdict(v.data()); !ok || got != v || len(v.data()) > 64 {
		t.Errorf("%+v %v from %q", got, ok, v.data())
	}
	for _, s := range []string{"", "danhgia:2:ABCDEFGH1234:1", "danhgia:1:ABC:1", "danhgia:1:ABCDEFGH1234:0", "danhgia:1:ABCDEFGH1234:1\n", "area:1"} {
		if got, ok := parseVerdict(s); ok {
			t.Errorf("%q is %+v", s, got)
		}
	}
}

// A button's data come from the citizen's app: whatever they are, a verdict read from them writes the same data.
func FuzzVerdict(f *testing.F) {
	f.Add("danhgia:1:ABCDEFGH1234:12")
	f.Add("danhgia:0:ABCDEFGH1234:999999999")
	f.Fuzz(func(t *testing.T, s string) {
		if v, ok := parseVerdict(s); ok && v.data() != s {
			t.Errorf("%q became %q", s, v.data())
		}
	})
}

func TestALongTextIsCutByUTF16(t *testing.T) {
	for most, want := range map[int]int{4096: 1, 4095: 2} {
		if got := text.Split(strings.Repeat("😀", 2048), most); len(got) != want {
			t.Errorf("2,048 emoji are %d parts at %d", len(got), most)
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

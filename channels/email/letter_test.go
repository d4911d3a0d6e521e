package email

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"hotline1022/ticketing/text"
)

// Each testdata/NAME.eml is a letter as it lies in a mailbox; NAME.golden is what the desk gets and what is known of it.
func TestLettersAsTheyCome(t *testing.T) {
	names, err := filepath.Glob("testdata/*.eml")
	must(t, err)
	if len(names) < 40 {
		t.Fatalf("only %d letters", len(names))
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		must(t, err)
		golden := strings.TrimSuffix(name, ".eml") + ".golden"
		got := shown(read(raw, office, "mx.example.vn"))
		if *update {
			must(t, os.WriteFile(golden, got, 0o644))
		}
		want, err := os.ReadFile(golden)
		must(t, err)
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%s (go test -update writes it anew):\n%s", name, d)
		}
	}
}

func shown(l letter) []byte {
	in := l.incoming()
	type file struct {
		Name   string
		Inline bool `json:",omitempty"`
		Size   int
	}
	var files []file
	for _, p := range l.Parts {
		files = append(files, file{p.Name, p.Inline, len(p.Data)})
	}
	out := map[string]any{
		"key": in.Key, "from": in.From.ID, "email": in.Email, "name": in.Name, "subject": in.Subject, "text": in.Text, "id": l.ID,
		"refs": l.Refs, "files": files, "lost": l.Lost, "machine": l.Machine, "reply": l.Reply, "unsure": l.Unsure,
	}
	if r := bounced(l); r != nil {
		out["report"] = []any{r.kind, r.action, r.status, r.ids}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(out); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// Whatever lies in the mailbox, reading it does not panic, keeps to the limits and leaves something to say.
func FuzzLetter(f *testing.F) {
	names, _ := filepath.Glob("testdata/*.eml")
	for _, name := range names {
		raw, err := os.ReadFile(name)
		must(f, err)
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		l := read(raw, office, "mx.example.vn")
		in := l.incoming()
		switch {
		case text.NFC(in.Text) == "":
			t.Errorf("an empty message")
		case !utf8.ValidString(in.Text) || !utf8.ValidString(in.Subject) || !utf8.ValidString(in.Name):
			t.Errorf("not UTF-8: %q", in.Text)
		case strings.ContainsAny(in.Subject+in.Name+in.From.ID+l.ID, "\r\n"):
			t.Errorf("a line end in %q %q %q %q", in.Subject, in.Name, in.From.ID, l.ID)
		case len(l.Parts) > maxLeaves+1:
			t.Errorf("%d parts", len(l.Parts))
		case utf8.RuneCountInString(in.Subject) > 200 || utf8.RuneCountInString(in.Name) > 120:
			t.Errorf("too long")
		case len(l.Key) != len("email:")+40:
			t.Errorf("key %q", l.Key)
		}
		if read(raw, office, "").Key != l.Key {
			t.Errorf("two keys for one letter")
		}
		bounced(l)
	})
}

func FuzzHTML(f *testing.F) {
	f.Add(`<p>Đèn <b>hỏng</b><br>xem <a href="https://a.vn/x">ảnh</a><blockquote>cũ<blockquote>cũ hơn</blockquote></blockquote><script>x</script>`)
	f.Add(`<div style="display:none">ẩn<div>x</div></div><pre>a
b</pre></blockquote></a><a href="http://x"><a>`)
	f.Fuzz(func(t *testing.T, page string) {
		out := htmlText(page)
		if strings.Contains(strings.ToLower(page), "<plaintext") || strings.Contains(page, "&") {
			return // tags may be words there
		}
		if n := utf8.RuneCountInString(out); n > 4*utf8.RuneCountInString(page)+100 {
			t.Errorf("%d runes of %d", n, utf8.RuneCountInString(page))
		}
	})
}

func FuzzQuote(f *testing.F) {
	f.Add("a\n> b\nVào hôm nay lúc 9 giờ A đã viết:\n\nc\n-- \nd")
	f.Add("Từ: a\nGửi: b\nChủ đề: c")
	f.Fuzz(func(t *testing.T, all string) {
		got := own(all)
		if strings.TrimSpace(all) != "" && strings.TrimSpace(got) == "" {
			t.Errorf("nothing is left of %q", all)
		}
		if len(got) > len(all) {
			t.Errorf("%q grew to %q", all, got)
		}
	})
}

// Letters made to cost time. Each is read in milliseconds; what took the square of its length would take a minute.
func TestHostileLettersAreReadInTime(t *testing.T) {
	deep := "From: a@b.vn\r\n"
	for i := range 3000 {
		deep += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	const head = "From: a@b.vn\r\n"
	for name, s := range map[string]string{
		"address": "From: " + strings.Repeat("a@a.", 50000) + "\r\n\r\nx", "brackets": "From: " + strings.Repeat("<(", 50000) + "\r\n\r\nx",
		"words": "Subject: " + strings.Repeat("=?utf-8?q?a?= ", 20000) + "\r\n\r\nx", "re": "Subject: " + strings.Repeat("Re: ", 50000) + "\r\n\r\nx",
		"subject": "Subject: " + strings.Repeat("x", 100_000) + "\r\n\r\nx",
		"fields":  strings.Repeat("A: b\r\n", 40000) + "\r\n\r\nx", "ids": "References: " + strings.Repeat("<a@b>", 50000) + "\r\n\r\nx",
		"said by": head + "\r\n" + strings.Repeat("On a\r\n", 150000), "wrote": head + "\r\n" + strings.Repeat("On Mon bla bla wrote:\r\n\r\n", 40000) + "x",
		"from block": head + "\r\n" + strings.Repeat("Từ: a\r\n", 100000), "page": head + "Content-Type: text/html\r\n\r\n" + strings.Repeat("<div><blockquote><a href=http://x>", 20000),
		"deep": deep, "enclosed": head + strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 20000),
		"parts":    head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", 50000),
		"boundary": head + "Content-Type: multipart/mixed; boundary=" + strings.Repeat("x", 60000) + "\r\n\r\nx",
		"verdicts": strings.Repeat("Authentication-Results: mx.example.vn; x\r\n", 5000) + "\r\nx",
	} {
		began := time.Now()
		l := read([]byte(s), office, "mx.example.vn")
		l.incoming()
		bounced(l)
		if len(l.Subject) > maxSubject {
			t.Errorf("%s: a subject of %d bytes", name, len(l.Subject))
		}
		if d := time.Since(began); d > 20*time.Second { // much more than it takes on a busy machine, much less than a square
			t.Errorf("%s took %s", name, d)
		}
	}
}

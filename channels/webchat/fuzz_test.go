package webchat

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"hotline1022/ticketing"
)

func FuzzNote(f *testing.F) {
	kind, body := multi([]string{"key", "k", "text", "Ổ gà", "website", ""}, upload{"a.jpg", []byte("x")}, upload{"b.pdf", []byte("y")})
	_, boundary, _ := strings.Cut(kind, "boundary=")
	f.Add(boundary, body.Bytes())
	f.Add("x", []byte("--x\r\nContent-Disposition: form-data; name=text\r\n\r\nchữ\r\n--x--"))
	f.Add("x", []byte("--x\r\nContent-Disposition: form-data; name=text; filename=\"\"\r\n\r\n\r\n--x"))
	f.Fuzz(func(t *testing.T, boundary string, body []byte) {
		if boundary == "" {
			return
		}
		n, part, err := readNote(multipart.NewReader(bytes.NewReader(body), boundary))
		if err != nil {
			if ticketing.ClassOf(err) != ticketing.Invalid {
				t.Errorf("not the sender's fault? %v", err)
			}
			return
		}
		if l := len(n.Text) + len(n.Name) + len(n.Website); l > mostWords {
			t.Errorf("%d bytes of words", l)
		}
		if part != nil && part.FileName() == "" {
			t.Error("a part without a file's name is taken for a file")
		}
		if part != nil {
			if _, err := io.Copy(io.Discard, part); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Skip()
			}
		}
	})
}

func FuzzDevice(f *testing.F) {
	f.Add(strings.Repeat("A", 43))
	f.Add(strings.Repeat("A", 42) + "B")
	f.Add("-_" + strings.Repeat("9", 41))
	f.Fuzz(func(t *testing.T, key string) {
		d, ok := deviceOf(key)
		if !ok {
			if d != (device{}) {
				t.Errorf("no device, and yet %+v", d)
			}
			return
		}
		raw, err := b64.DecodeString(key)
		if err != nil || b64.EncodeToString(raw) != key {
			t.Errorf("%q is one of several ways to write a key", key)
		}
		if !contactID(d.contact.ID) || len(d.tag) != 24 || strings.HasPrefix(d.contact.ID, d.tag) {
			t.Errorf("%+v", d)
		}
	})
}

func FuzzReceipt(f *testing.F) {
	f.Add("AAAABBBBCCCC-7")
	f.Add("-1")
	f.Add("A-07")
	f.Add("A-+7")
	f.Fuzz(func(t *testing.T, s string) {
		if code, n, ok := ofReceipt(s); ok && receipt(code, n) != s {
			t.Errorf("%q is read as %s, %d", s, code, n)
		}
	})
}

func FuzzJudgement(f *testing.F) {
	f.Add([]byte(`{"id":"AAAABBBBCCCC-7","ok":false,"comment":"chưa"}`))
	f.Add([]byte(`{"id":1}`))
	f.Add([]byte(`{"ok":true,"OK":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		j, err := readJudgement(body)
		if err != nil {
			if ticketing.ClassOf(err) != ticketing.Invalid || j != (judgement{}) {
				t.Errorf("refused as %v with %+v", err, j)
			}
			return
		}
		if n := utf8.RuneCountInString(j.Comment); n > mostComment || strings.TrimSpace(j.Comment) != j.Comment {
			t.Errorf("a comment of %d characters: %q", n, j.Comment)
		}
	})
}

func FuzzSites(f *testing.F) {
	f.Add("https://a.vn, https://b.vn:8443")
	f.Add("https://a.vn;x")
	f.Add("http://[::1]:80")
	f.Fuzz(func(t *testing.T, setting string) {
		sites, err := ParseSites(setting)
		if err != nil {
			return
		}
		for _, s := range sites {
			u, err := url.Parse(s)
			if err != nil || u.Host == "" || u.Path != "" || strings.ContainsAny(s, " ;,'\"*\r\n\t") {
				t.Errorf("%q would stand in the policy as %q", setting, s)
			}
		}
	})
}

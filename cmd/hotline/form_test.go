package main_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// form is the public form as a browser has it open.
type form struct {
	testing.TB
	http   *http.Client
	base   string
	token  string
	opened time.Time
	photo  []byte // nil: none
}

var formToken = regexp.MustCompile(`name="token" value="([^"]+)"`)

func openForm(t testing.TB, base string) *form {
	t.Helper()
	f := &form{TB: t, http: client(), base: base}
	resp, err := f.http.Get(base + "/gui")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	m := formToken.FindSubmatch(page)
	if err != nil || m == nil {
		t.Fatalf("the form: %d, %v\n%s", resp.StatusCode, err, page)
	}
	f.token, f.opened = string(m[1]), time.Now()
	return f
}

// send sends it, once it has been open for as long as a person needs: what comes sooner is refused.
func (f *form) send(name, phone string, pairs ...string) (status int, header http.Header, body string) {
	f.Helper()
	within(f, "a person to fill in the form", func() bool { return time.Since(f.opened) > 4500*time.Millisecond })
	fields := map[string]string{
		"token": f.token, "website": "", "kind": "report", "text": "Ổ gà trước cổng trường", "address": "12 Trần Phú",
		"name": name, "phone": phone, "visibility": "private",
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		fields[pairs[i]] = pairs[i+1]
	}
	var in bytes.Buffer
	w := multipart.NewWriter(&in)
	for k, v := range fields {
		if err := w.WriteField(k, v); err != nil {
			f.Fatal(err)
		}
	}
	if f.photo != nil {
		part, err := w.CreateFormFile("photos", "o-ga.png")
		if err == nil {
			_, err = part.Write(f.photo)
		}
		if err != nil {
			f.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	resp, err := f.http.Post(f.base+"/gui", w.FormDataContentType(), &in)
	if err != nil {
		f.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		f.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(raw)
}

// code is the ticket that the form became.
func (f *form) code(header http.Header) string {
	code, ok := strings.CutSuffix(strings.TrimPrefix(header.Get("Location"), "/t/"), "/da-gui")
	if !ok {
		f.Errorf("the form leads to %q", header.Get("Location"))
	}
	return code
}

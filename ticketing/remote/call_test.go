package remote

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"hotline1022/ticketing"
)

func TestDoGivesEveryAnswerAndFollowsNone(t *testing.T) {
	elsewhere := 0
	base, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		case "/other":
			elsewhere++
		case "/large":
			_, _ = w.Write(make([]byte, 2000))
		default:
			body, _ := io.ReadAll(r.Body)
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write(append([]byte(r.Method+" "), body...))
		}
	})
	c.MaxBytes = 1000
	do := func(address string) (*http.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), "POST", address, strings.NewReader("key=k"))
		if err != nil {
			t.Fatal(err)
		}
		return c.Do(req)
	}
	resp, err := do(base + "/")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != 403 || string(body) != "POST key=k" {
		t.Errorf("%d %q %v", resp.StatusCode, body, err)
	}
	if resp, err = do(base + "/moved"); err != nil || resp.StatusCode != 307 || elsewhere != 0 {
		t.Errorf("%v %v, followed %d times", resp, err, elsewhere)
	}
	resp.Body.Close()
	if resp, err = do(base + "/large"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(resp.Body); !errors.Is(err, ticketing.ErrRefused) {
		t.Errorf("a large answer: %v", err)
	}
	resp.Body.Close()
	for _, bad := range []string{"http://127.0.0.1:1/?key=k", "https://evil.example/?key=k", "http://169.254.169.254/"} {
		if _, err := do(bad); !errors.Is(err, ticketing.ErrRefused) || strings.Contains(err.Error(), "key=k") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"hotline1022/cmd/hotline/province"
	"hotline1022/ticketing"
)

// client is a member of staff without a browser.
func (r *running) client(id string) *http.Client {
	r.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.Fatal(err)
	}
	c := &http.Client{Jar: jar, Timeout: 20 * time.Second}
	form := url.Values{"name": {id}, "password": {province.Password}}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, r.url+"/dang-nhap", strings.NewReader(form.Encode()))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", r.url)
	resp, err := c.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Request.URL.Path == "/dang-nhap" {
		r.Fatalf("%s could not sign in: %s", id, resp.Status)
	}
	return c
}

func (r *running) status(c *http.Client, path string) int {
	r.Helper()
	resp, err := c.Get(r.url + path)
	if err != nil {
		r.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// A file of the hotline's own notes is not the agency's to read, although the ticket is, and nobody else's ticket is.
func TestAFileIsReadByWhomeverMaySeeItsEvent(t *testing.T) {
	r := start(t)
	citizen := ticketing.Actor{Role: ticketing.Citizen}
	operator := ticketing.Actor{ID: "hanh", Role: ticketing.Operator}
	save := func(name string) ticketing.File {
		f, err := r.desk.Files.Save(t.Context(), bytes.NewReader([]byte("%PDF-1.7 "+name)), name)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	hers, ours := save("don.pdf"), save("noi-bo.pdf")
	made, err := r.desk.Receive(t.Context(), citizen, ticketing.Incoming{Channel: ticketing.Web, Text: "Rác chưa thu", Files: []ticketing.File{hers}})
	if err != nil {
		t.Fatal(err)
	}
	code := made.Ticket.Code
	for _, cmd := range []ticketing.Command{
		{Verb: ticketing.Note, Text: "nội bộ", Files: []ticketing.File{ours}},
		{Verb: ticketing.Route, Agency: "cong-ich"},
	} {
		if _, err := r.desk.Do(t.Context(), operator, code, cmd); err != nil {
			t.Fatal(err)
		}
	}
	at := func(base string, f ticketing.File) string { return base + "/t/" + string(code) + "/files/" + f.ID }
	mine, other, hotline := r.client("cong-ich.cb"), r.client("dien-luc.cb"), r.client("hanh")
	for _, c := range []struct {
		who    string
		client *http.Client
		path   string
		want   int
	}{
		{"the agency, her file", mine, at("/desk", hers), 200},
		{"the agency, our note's file", mine, at("/desk", ours), 404},
		{"another agency, her file", other, at("/desk", hers), 404},
		{"the hotline, our note's file", hotline, at("/console", ours), 200},
		{"another agency, the ticket", other, "/desk/t/" + string(code), 404},
		{"an agency at the console", mine, "/console/t/" + string(code), 403},
	} {
		if got := r.status(c.client, c.path); got != c.want {
			t.Errorf("%s: %d, want %d", c.who, got, c.want)
		}
	}
}

// A program's socket tells that something happened, and no name.
func TestAProgramsSocketHoldsNoName(t *testing.T) {
	r := start(t)
	key, err := r.accounts.NewToken(t.Context(), ticketing.Token{Name: "wall", Scopes: []string{ticketing.ScopeEvents}}, "test")
	if err != nil {
		t.Fatal(err)
	}
	conn, _, err := websocket.DefaultDialer.DialContext(t.Context(), strings.Replace(r.url, "http", "ws", 1)+"/live", http.Header{"Authorization": {"Bearer " + key}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	made, err := r.desk.Receive(t.Context(), ticketing.Actor{Role: ticketing.Citizen}, ticketing.Incoming{Channel: ticketing.Web, Text: "Đèn hỏng", Name: "Lê Thị Mận", Phone: "0905123182"})
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for {
		_, raw, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, []byte("Mận")) || bytes.Contains(raw, []byte("182")) {
			t.Fatalf("a frame says %s", raw)
		}
		var changes []struct{ Ticket ticketing.Code }
		if json.Unmarshal(raw, &changes) == nil && len(changes) > 0 && changes[0].Ticket == made.Ticket.Code {
			return
		}
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"hotline1022/ticketing"
)

// boardNumbers are the numbers of a board's part.
func boardNumbers(body string) map[string]int {
	out := map[string]int{}
	for _, m := range regexp.MustCompile(`(?s)data-tile="([a-z_]+)".*?aria-hidden="true">([0-9.]+)<`).FindAllStringSubmatch(body, -1) {
		n, err := strconv.Atoi(strings.ReplaceAll(m[2], ".", ""))
		if err == nil {
			out[m[1]] = n
		}
	}
	return out
}

func (r *running) body(c *http.Client, path string) string {
	r.Helper()
	resp, err := c.Get(r.url + path)
	if err != nil {
		r.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		r.Fatalf("%s: %s %v", path, resp.Status, err)
	}
	return string(raw)
}

// What hangs on the wall is what the API's lists and the report say.
func TestTheBoardSaysWhatListsAndReportsSay(t *testing.T) {
	r := start(t)
	operator := ticketing.Actor{ID: "hanh", Role: ticketing.Operator}
	for i := range 30 {
		made, err := r.desk.Receive(t.Context(), operator, ticketing.Incoming{Channel: ticketing.Phone, Text: fmt.Sprint("Việc ", i)})
		if err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 {
			if _, err := r.desk.Do(t.Context(), operator, made.Ticket.Code, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Đã xong", Outcome: ticketing.Done}); err != nil {
				t.Fatal(err)
			}
		}
	}
	c := r.client("hanh")
	board := boardNumbers(r.body(c, "/board/so-lieu"))
	count := func(q string) int {
		var n struct{ Count int }
		if err := json.Unmarshal([]byte(r.body(c, "/api/v1/tickets/count?"+q)), &n); err != nil {
			t.Fatal(err)
		}
		return n.Count
	}
	today := time.Now().In(ticketing.Zone)
	report := func(from, to time.Time) ticketing.Counts {
		var got struct{ Total ticketing.Counts }
		q := url.Values{"from": {from.Format(time.DateOnly)}, "to": {to.Format(time.DateOnly)}}
		if err := json.Unmarshal([]byte(r.body(c, "/api/v1/report?"+q.Encode())), &got); err != nil {
			t.Fatal(err)
		}
		return got.Total
	}
	ever := report(today.AddDate(-9, 0, 0), today.AddDate(0, 0, 1))
	now := report(today, today.AddDate(0, 0, 1))
	for name, c := range map[string][2]int{
		"open, by the list":      {board["open"], count("status=new,routed,working,waiting,drafted,review")},
		"open, by the report":    {board["open"], int(ever.Open)},
		"waiting":                {board["waiting"], count("status=new,review")},
		"overdue":                {board["overdue"], count("overdue=true")},
		"received today":         {board["received"], int(now.Received)},
		"on time, none was late": {board["on_time"], 0}, // a percentage is no plain number
	} {
		if c[0] != c[1] {
			t.Errorf("%s: the board says %d, others %d", name, c[0], c[1])
		}
	}
	if board["open"] < 20 || board["received"] < 30 {
		t.Errorf("the board counts nothing: %v", board)
	}
	// Everything of today's report was ended today, as nothing else was.
	if text := r.body(c, "/board/so-lieu"); now.Received == ever.Received && !strings.Contains(text, fmt.Sprintf("%d trên %d việc", now.OnTime, now.Answered)) {
		t.Errorf("on time: the report says %d of %d", now.OnTime, now.Answered)
	}
}

// A screen with a link is told figures as they change, and no code, name or row; revoked, it is closed at once.
func TestAScreenOnTheWall(t *testing.T) {
	r := start(t)
	key, err := r.accounts.NewBoardLink(t.Context(), "Sảnh", time.Time{}, "test")
	if err != nil {
		t.Fatal(err)
	}
	dial := func(path string) (*websocket.Conn, error) {
		conn, _, err := websocket.DefaultDialer.DialContext(t.Context(), strings.Replace(r.url, "http", "ws", 1)+path, http.Header{"Origin": {r.url}})
		if err == nil {
			t.Cleanup(func() { conn.Close() })
			err = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		}
		return conn, err
	}
	conn, err := dial("/board/k/" + key + "/live")
	if err != nil {
		t.Fatal(err)
	}
	made, err := r.desk.Receive(t.Context(), ticketing.Actor{Role: ticketing.Citizen}, ticketing.Incoming{Channel: ticketing.Web, Text: "Đèn hỏng", Name: "Lê Thị Mận", Phone: "0905123182"})
	if err != nil {
		t.Fatal(err)
	}
	for seen := false; !seen; {
		_, text, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{string(made.Ticket.Code), "Mận", "0905", "Đèn hỏng", `"ticket"`} {
			if strings.Contains(string(text), secret) {
				t.Errorf("the wall is told %q in %s", secret, text)
			}
		}
		var told struct{ Pulse struct{ Board string } }
		if err := json.Unmarshal(text, &told); err != nil {
			t.Fatal(err)
		}
		seen = boardNumbers(told.Pulse.Board)["received"] == 1
	}
	links, err := r.accounts.BoardLinks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.accounts.RevokeToken(t.Context(), links[0].ID, "test"); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, _, err = conn.ReadMessage()
	}
	if !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
		t.Errorf("closed with %v", err)
	}
	for _, path := range []string{"/board/k/" + key + "/live", "/board/live", "/board/k/x/live"} {
		conn, err := dial(path)
		if err != nil {
			continue
		}
		if _, text, err := conn.ReadMessage(); !websocket.IsCloseError(err, 4401) {
			t.Errorf("%s: a stranger is told %s, %v", path, text, err)
		}
	}
	if got := r.status(http.DefaultClient, "/board/k/"+key+"/live"); got != http.StatusNotFound {
		t.Errorf("asked without a socket: %d", got)
	}
	if got := r.status(r.client("cong-ich.cb"), "/board/live"); got != http.StatusForbidden {
		t.Errorf("an agency: %d", got)
	}
	if got := r.status(r.client("hanh"), "/board/live"); got != http.StatusOK {
		t.Errorf("an operator: %d", got)
	}
}

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"hotline1022/channels/phone"
	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

func TestPhoneHours(t *testing.T) {
	open, err := phoneHours("07:30-11:30, 13:00-17:30")
	if err != nil {
		t.Fatal(err)
	}
	for clock, want := range map[string]bool{
		"07:29": false, "07:30": true, "11:29": true, "11:30": false, "13:00": true, "17:29": true, "17:30": false, "00:00": false,
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", "2026-11-25 "+clock, ticketing.Zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := open(at.UTC()); got != want {
			t.Errorf("%s: %v", clock, got)
		}
	}
	if always, err := phoneHours(""); always != nil || err != nil {
		t.Error("no hours are hours")
	}
	for _, bad := range []string{"7", "07:30-", "17:30-07:30", "07:30-11:30,"} {
		if _, err := phoneHours(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// exchange starts the program with an exchange that pushes to it.
func exchange(t *testing.T) (*running, *simulator.Bridge) {
	t.Helper()
	r := startWith(t, func(c *Config) { c.PhoneSecret = "push-key" })
	return r, simulator.NewBridge(simulator.BridgeSettings{URL: r.url + "/webhooks/phone", Secret: "push-key"})
}

// The whole way through the program: a pushed call rings on the operator's console.
func TestTheTelephoneIsWired(t *testing.T) {
	r, bridge := exchange(t)
	if err := bridge.Send(t.Context(), map[string]string{"event": "newCall", "from": "0905123182", "to": "1022", "direction": "in", "callId": "1", "user": "hanh"}); err != nil {
		t.Fatal(err)
	}
	if got := r.status(&http.Client{}, "/console/calls"); got != http.StatusUnauthorized {
		t.Errorf("without a sign-in: %d", got)
	}
	resp, err := r.client("hanh").Get(r.url + "/console/calls")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), `"phone":"090•••182"`) {
		t.Errorf("%s %s %v", resp.Status, body, err)
	}
	// The number is filled in for her at whose telephone it rings, and for nobody else.
	for who, want := range map[string]bool{"hanh": true, "quang": false} {
		var calls struct{ Calls []struct{ ID string } }
		if err := json.Unmarshal(body, &calls); err != nil || len(calls.Calls) != 1 {
			t.Fatalf("%v %s", err, body)
		}
		resp, err := r.client(who).Get(r.url + "/console/new?call=" + url.QueryEscape(calls.Calls[0].ID))
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || strings.Contains(string(page), "0905123182") != want {
			t.Errorf("%s: the number is shown: %v", who, !want)
		}
	}
}

// A call pops up where it rings; the form has the number and waits for words; one that nobody took is called back.
func TestACallPopsUpWhereItRings(t *testing.T) {
	r, bridge := exchange(t)
	event := func(pairs ...string) {
		t.Helper()
		e := map[string]string{"from": "0905123182", "to": "1022", "direction": "in"}
		for i := 0; i < len(pairs); i += 2 {
			e[pairs[i]] = pairs[i+1]
		}
		if err := bridge.Send(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	w := r.window("operator").signIn("hanh")
	w.opens("/console")
	event("event", "newCall", "callId", "1", "user", "hanh")
	w.sees("Đang gọi tới")
	w.sees("090•••182")
	w.looks("call-ringing")
	event("event", "answer", "callId", "1", "user", "hanh", "answeringNumber", "hanh")
	w.sees("Đang nghe máy")
	w.key("c", 67, "c")
	w.until("the call form", `location.pathname === "/console/new"`)
	w.until("the number filled in", `document.querySelector("#f-phone").value === "0905123182"`)
	w.until("the words next", `document.activeElement.id === "f-text"`)
	w.fills("#f-text", "Đèn đường trước nhà tắt ba hôm nay")
	w.clicks(".call button.button")
	w.until("the ticket", `location.pathname.startsWith("/console/t/")`)
	event("event", "hangup", "callId", "1", "cause", "normalClearing")

	event("event", "newCall", "callId", "2", "from", "0914555666", "user", "quang")
	event("event", "hangup", "callId", "2", "from", "0914555666", "cause", "cancel")
	w.sees("Gọi nhỡ (1)")
	w.clicks(".call-book summary")
	w.looks("call-missed")
	w.clicks(".call-book button")
	w.until("the call form", `location.pathname === "/console/new"`)
	w.until("her number filled in", `document.querySelector("#f-phone").value === "0914555666"`)
}

// ownLine is the live line of a member of staff.
func (r *running) ownLine(who string) *websocket.Conn {
	r.Helper()
	at, err := url.Parse(r.url)
	if err != nil {
		r.Fatal(err)
	}
	var cookies []string
	for _, c := range r.client(who).Jar.Cookies(at) {
		cookies = append(cookies, c.String())
	}
	conn, _, err := websocket.DefaultDialer.Dial(strings.Replace(r.url, "http", "ws", 1)+"/live", http.Header{
		"Cookie": {strings.Join(cookies, "; ")}, "Origin": {r.url},
	})
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { conn.Close() })
	return conn
}

// told reads on until the line says what is so of the person's own.
func told(t *testing.T, conn *websocket.Conn, so func(phone.Screen) bool) (all []phone.Screen) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		_, text, err := conn.ReadMessage()
		if err != nil {
			t.Fatalf("after %d states: %v", len(all), err)
		}
		var frame struct{ Own *struct{ Calls phone.Screen } }
		if text[0] != '{' || json.Unmarshal(text, &frame) != nil || frame.Own == nil {
			continue
		}
		if strings.Contains(string(text), "0905123182") {
			t.Errorf("the whole number is told: %s", text)
		}
		all = append(all, frame.Own.Calls)
		if so(frame.Own.Calls) {
			return all
		}
	}
}

// The live line tells of a call at whose telephone it rings, and nobody else, whatever a screen may ask for.
func TestACallIsToldToItsOperatorOnly(t *testing.T) {
	r, bridge := exchange(t)
	hers, his, office := r.ownLine("hanh"), r.ownLine("quang"), r.ownLine("truongca")
	if err := his.WriteMessage(websocket.TextMessage, []byte(`{"watch":null,"own":"hanh","user":"hanh","extension":"hanh"}`)); err != nil {
		t.Fatal(err)
	}
	send := func(id, user string) {
		if err := bridge.Send(t.Context(), map[string]string{"event": "newCall", "from": "0905123182", "to": "1022", "direction": "in", "callId": id, "user": user}); err != nil {
			t.Fatal(err)
		}
	}
	rings := func(n int) func(phone.Screen) bool { return func(s phone.Screen) bool { return len(s.Calls) == n } }
	send("1", "hanh")
	if got := told(t, hers, rings(1)); got[len(got)-1].Calls[0].Card.Phone != "090•••182" {
		t.Errorf("%+v", got)
	}
	send("2", "quang")
	for _, s := range told(t, his, rings(1)) { // had he been told of hers, he would have had two by now
		for _, c := range s.Calls {
			if len(s.Calls) != 1 || c.State != phone.Ringing {
				t.Errorf("%+v", s)
			}
		}
	}
	told(t, hers, rings(1))
	for _, s := range told(t, office, func(s phone.Screen) bool { return len(s.People) == 0 && len(s.Queues) > 0 && s.Queues[0].Waiting == 2 }) {
		if len(s.Calls) != 0 {
			t.Errorf("a supervisor is told of calls that are not hers: %+v", s)
		}
	}
}

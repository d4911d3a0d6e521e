package simulator

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// manager is the other end of a manager session, as little of it as these tests need.
type manager struct {
	*testing.T
	net.Conn
	in *bufio.Reader
}

func dial(t *testing.T, p *Phone) *manager {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	m := &manager{t, conn, bufio.NewReader(conn)}
	if line, err := m.in.ReadString('\n'); err != nil || line != "Asterisk Call Manager/11.0.0\r\n" {
		t.Fatalf("%q %v", line, err)
	}
	return m
}

func (m *manager) ask(lines ...string) {
	m.Helper()
	if _, err := fmt.Fprint(m, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		m.Fatal(err)
	}
}

// block is the next one, one line after the other.
func (m *manager) block() string {
	m.Helper()
	var b strings.Builder
	for {
		line, err := m.in.ReadString('\n')
		if err != nil {
			return b.String() + "[" + err.Error() + "]"
		}
		if line == "\r\n" {
			return b.String()
		}
		b.WriteString(strings.TrimRight(line, "\r\n") + "|")
	}
}

func (m *manager) wants(parts ...string) {
	m.Helper()
	got := m.block()
	for _, p := range parts {
		if !strings.Contains(got, p+"|") {
			m.Errorf("no %q in %s", p, got)
		}
	}
}

func TestTheExchangeSpeaksTheManagersProtocol(t *testing.T) {
	at := time.Unix(1795572000, 500e6)
	p, err := NewPhone(PhoneSettings{User: "u", Secret: "s", Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	stranger := dial(t, p)
	stranger.ask("Action: QueueStatus", "ActionID: 1")
	stranger.wants("Response: Error", "ActionID: 1")
	stranger.ask("Action: Login", "ActionID: 2", "Username: u", "Secret: wrong")
	stranger.wants("Response: Error", "Message: Authentication failed")
	if got := stranger.block(); !strings.HasPrefix(got, "[") {
		t.Errorf("the session goes on: %s", got)
	}
	m := dial(t, p)
	m.ask("action: login", "ActionID: 3", "Username: u", "Secret: s", "Events: call,agent")
	m.wants("Response: Success", "ActionID: 3")
	p.Member("q", "101", "Lan", 5*time.Second)
	m.wants("Event: QueueMemberAdded", "Interface: PJSIP/101", "Wrapuptime: 5", "Timestamp: 1795572000.500000")
	call := p.Call("0905123182")
	m.wants("Event: Newchannel")
	call.Enter("q")
	m.wants("Event: QueueCallerJoin", "Linkedid: "+call.ID(), "CallerIDNum: 0905123182", "Queue: q")
	m.ask("Action: QueueStatus", "ActionID: 4")
	m.wants("Response: Success", "EventList: start")
	m.wants("Event: QueueParams", "Calls: 1")
	m.wants("Event: QueueMember", "Location: PJSIP/101", "Status: 1", "ActionID: 4")
	m.wants("Event: QueueEntry", "Uniqueid: "+call.ID())
	m.wants("Event: QueueStatusComplete", "ListItems: 3")
	p.Mute(true)
	call.Ring("101")
	p.Mute(false)
	call.HangUp()
	for _, want := range []string{"HangupRequest", "QueueCallerAbandon", "QueueCallerLeave"} {
		m.wants("Event: " + want)
	}
	p.Tear()
	for {
		if got := m.block(); strings.HasPrefix(got, "Event: QueueCallerJoin|") && strings.HasSuffix(got, "]") {
			break // the torn event
		} else if strings.HasSuffix(got, "]") {
			t.Fatalf("it ended with %s", got)
		}
	}
}

func TestABridgeRepeatsUntilItIsHeard(t *testing.T) {
	var mu sync.Mutex
	var bodies []string
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw := new(strings.Builder)
		_, _ = bufio.NewReader(r.Body).WriteTo(raw)
		mu.Lock()
		defer mu.Unlock()
		if r.Header.Get("X-Hotline-Signature") != "sha256="+PhoneSignature(r.Header.Get("X-Hotline-Timestamp"), raw.String(), "k") {
			t.Error("wrongly signed")
		}
		bodies = append(bodies, raw.String())
		if len(bodies) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(hook.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	b := NewBridge(BridgeSettings{URL: hook.URL, Secret: "k", Scale: 1e5})
	if err := b.Send(ctx, map[string]string{"event": "newCall"}); err != nil {
		t.Fatal(err)
	}
	if s := b.Statuses(); s[503] != 2 || s[200] != 1 {
		t.Errorf("%v", s)
	}
	late := NewBridge(BridgeSettings{URL: hook.URL, Secret: "k", Mood: BridgeMood{Late: 1, Duplicate: 1}})
	for _, e := range []string{"1", "2"} {
		if err := late.Send(ctx, map[string]string{"event": e}); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(bodies[3:], " "); got != `{"event":"1"} {"event":"2"} {"event":"2"} {"event":"1"}` {
		t.Error(got)
	}
}

package realtime_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/fasthttp/websocket"

	"hotline1022/realtime"
	"hotline1022/ticketing"
)

func TestDoorLooksAtTheOrigin(t *testing.T) {
	h := build(t, newPaper())
	for name, c := range map[string]struct {
		path   string
		header http.Header
		status int
	}{
		"a foreign origin":                {"/live?role=operator", http.Header{"Origin": {"https://evil.example"}}, 403},
		"our origin as a prefix":          {"/live?role=operator", http.Header{"Origin": {origin + ".evil.example"}}, 403},
		"our origin by http":              {"/live?role=operator", http.Header{"Origin": {"http://1022.test"}}, 403},
		"two origins":                     {"/live?role=operator", http.Header{"Origin": {origin, "https://evil.example"}}, 403},
		"no origin and a cookie":          {"/live?role=operator", nil, 403},
		"a foreign origin with a token":   {"/live?role=operator", http.Header{"Origin": {"https://evil.example"}, "Authorization": {"Bearer x"}}, 403},
		"a token needs no origin":         {"/live?role=operator", http.Header{"Authorization": {"Bearer x"}}, 101},
		"our own pages":                   {"/live?role=operator", http.Header{"Origin": {origin}}, 101},
		"nobody, from a program":          {"/live", nil, 401},
		"nobody, from a foreign page":     {"/live", http.Header{"Origin": {"https://evil.example"}}, 403},
		"the store is away":               {"/live?role=busy", http.Header{"Origin": {origin}}, 503},
		"a citizen from a foreign origin": {"/t/A/live?since=0", http.Header{"Origin": {"https://evil.example"}}, 403},
		"a citizen without an origin":     {"/t/A/live?since=0", nil, 403},
	} {
		t.Run(name, func(t *testing.T) {
			conn, resp, err := h.dial(c.path, c.header)
			if conn != nil {
				defer conn.Close()
			}
			if resp == nil {
				t.Fatal(err)
			}
			if resp.StatusCode != c.status {
				t.Errorf("status %d, want %d", resp.StatusCode, c.status)
			}
		})
	}
}

func TestWhoMustSignInIsToldByACloseCode(t *testing.T) {
	h := build(t, newPaper())
	conn, _, err := h.dial("/live", http.Header{"Origin": {origin}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, text, err := conn.ReadMessage()
	if !websocket.IsCloseError(err, realtime.SignIn) {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestNoCompressionAndNoSubprotocol(t *testing.T) {
	h := build(t, newPaper())
	d := websocket.Dialer{EnableCompression: true, Subprotocols: []string{"chat"}}
	conn, resp, err := d.Dial("ws://"+h.addr+"/live?role=operator", http.Header{"Origin": {origin}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if resp.Header.Get("Sec-WebSocket-Extensions") != "" || resp.Header.Get("Sec-WebSocket-Protocol") != "" {
		t.Errorf("agreed to %v", resp.Header)
	}
}

func TestHelloSaysWhereAndWhich(t *testing.T) {
	h := build(t, newPaper())
	h.do("A", ticketing.Received)
	resp, err := http.Get("http://" + h.addr + "/live?role=operator")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	plain, _ := io.ReadAll(resp.Body)
	const want = `{"hello":{"epoch":"first","seq":1,"version":"1.2.3"}}`
	if string(plain) != want || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("without an upgrade: %s, %v", plain, resp.Header)
	}
	conn, _, err := h.dial("/live?role=operator", http.Header{"Origin": {origin}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, text, err := conn.ReadMessage(); string(text) != want {
		t.Errorf("first message %s, %v", text, err)
	}
	resp, err = http.Get("http://" + h.addr + "/live")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 400 {
		t.Errorf("a stranger is told the place: %d", resp.StatusCode)
	}
}

func TestTooManySockets(t *testing.T) {
	few := func(hub *realtime.Hub) {
		hub.Limits = realtime.Limits{PerIP: 3, PerReader: 2, PerSession: 2, Sockets: 8}
	}
	h := build(t, newPaper(), few)
	h.do("A", ticketing.Received)
	refused := func(path string) {
		t.Helper()
		conn, resp, err := h.dial(path, http.Header{"Origin": {origin}})
		if conn != nil {
			conn.Close()
		}
		if err == nil || resp == nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
			t.Errorf("%s: not refused with 503: %v %v", path, resp, err)
		}
	}
	h.open("role=operator&ip=192.0.2.1&session=a")
	h.open("role=operator&ip=192.0.2.1&session=a")
	refused("/live?role=operator&ip=192.0.2.2&session=a")
	third := h.open("role=operator&ip=192.0.2.1&session=b")
	refused("/live?role=operator&ip=192.0.2.1&session=c")
	third.kill()
	h.wait("the place is free", func() bool { return h.hub.Stats().Staff == 2 })
	h.open("role=operator&ip=192.0.2.1&session=c")

	h.openAt("/t/A/live?since=0&ip=2001:db8:1:1::1")
	h.openAt("/t/A/live?since=0&ip=2001:db8:1:1::2")
	refused("/t/A/live?since=0&ip=2001:db8:1:1:ffff::3") // one customer has all of a /64
	h.openAt("/t/A/live?since=0&ip=2001:db8:1:2::1")
	h.open("role=operator&ip=192.0.2.4")
	h.open("role=operator&ip=192.0.2.5")
	refused("/live?role=operator&ip=192.0.2.6") // full
	if got := h.hub.Stats().Refused; got != 4 {
		t.Errorf("%d refusals counted", got)
	}
}

func TestDoorIsShutBeforeAndAfterRun(t *testing.T) {
	p := newPaper()
	h := build(t, p)
	s := h.open("role=operator")
	h.stop()
	if c := s.closed(); c.Code != websocket.CloseServiceRestart {
		t.Errorf("closed with %v", c)
	}
	if err := h.hub.Run(canceled()); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("run after the end: %v", err)
	}
}

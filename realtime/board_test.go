package realtime_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"hotline1022/realtime"
	"hotline1022/ticketing"
)

// wall opens a board's line and reads until it has heard n pulses; everything it was told is answered.
func (h *house) wall(query string) *websocket.Conn {
	h.Helper()
	conn, _, err := h.dial("/board?role=operator&"+query, http.Header{"Origin": {origin}})
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { conn.Close() })
	return conn
}

func (h *house) reads(conn *websocket.Conn) string {
	h.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(patient))
	_, text, err := conn.ReadMessage()
	if err != nil {
		h.Fatal(err)
	}
	return string(text)
}

func TestABoardIsToldFiguresOnly(t *testing.T) {
	var asked atomic.Int64
	h := build(t, newPaper(), func(hub *realtime.Hub) {
		hub.Limits.Pulse = 5 * time.Millisecond
		hub.Pulse = func(_ context.Context, a realtime.Audience) any {
			if a.Role != realtime.Watcher {
				return nil
			}
			return fmt.Sprint(a.Lang, asked.Add(1))
		}
	})
	walls := []*websocket.Conn{h.wall("session=a"), h.wall("session=b"), h.wall("session=c"), h.wall("session=d&lang=en")}
	for _, w := range walls {
		if hello := h.reads(w); !strings.HasPrefix(hello, `{"hello":`) {
			t.Errorf("greeted with %s", hello)
		}
		if err := w.WriteMessage(websocket.TextMessage, []byte(`{"watch":null}`)); err != nil { // it cannot widen
			t.Fatal(err)
		}
	}
	h.do("A", ticketing.Received)
	h.do("A", ticketing.Noted)
	for i, w := range walls {
		want := `{"pulse":"vi`
		if i == 3 {
			want = `{"pulse":"en`
		}
		for range 20 { // without an event, too
			if got := h.reads(w); !strings.HasPrefix(got, want) {
				t.Errorf("a board is told %s", got)
			}
		}
	}
	if n := h.hub.Stats().Audiences; n != 2 {
		t.Errorf("four boards in two languages are %d audiences", n)
	}
	if h.hub.Stats().Rendered != 0 {
		t.Error("a row was made for a board")
	}
}

func TestABoardWhoseLinkIsRevokedIsClosedAtOnce(t *testing.T) {
	l := &ledger{bad: make(map[string]error)}
	h := build(t, newPaper(), func(hub *realtime.Hub) { hub.Check = l.check })
	one, two := h.wall("session=corridor"), h.wall("session=hall")
	h.reads(one)
	h.reads(two)
	l.set("corridor", errors.New("revoked"))
	h.hub.Recheck()
	_ = one.SetReadDeadline(time.Now().Add(patient))
	if _, _, err := one.ReadMessage(); !websocket.IsCloseError(err, 1008) {
		t.Errorf("closed with %v", err)
	}
	h.wait("one is left", func() bool { return h.hub.Stats().Staff == 1 })
	if resp, err := http.Get("http://" + h.addr + "/board"); err != nil || resp.StatusCode == http.StatusOK {
		t.Errorf("a stranger is greeted: %v %v", resp, err)
	}
}

func TestWhoIsPresent(t *testing.T) {
	h := build(t, newPaper())
	h.open("role=operator&session=1&user=anna")
	h.open("role=operator&session=2&user=anna")
	h.open("role=officer&agency=water&session=3&user=binh")
	h.reads(h.wall("session=4&user=wall"))
	h.wait("four are there", func() bool { return h.hub.Stats().Staff == 4 })
	if got := fmt.Sprint(h.hub.Present()); got != "map[anna:2 binh:1]" {
		t.Errorf("present: %s", got)
	}
	h.hub.Close("1", 1008, "")
	h.wait("one has gone", func() bool { return h.hub.Present()["anna"] == 1 })
}

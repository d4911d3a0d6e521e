package webchat

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"hotline1022/ticketing"
)

// dial opens the live line with a pass, from the page at origin.
func (h *house) dial(p *pass, origin string) (*websocket.Conn, *http.Response, error) {
	d := websocket.Dialer{HandshakeTimeout: patient, Subprotocols: []string{protocol, p.Pass}}
	return d.Dial("ws"+strings.TrimPrefix(h.base, "http")+"/nhung/chat/live?epoch="+p.Epoch+"&since="+strconv.Itoa(p.Since), http.Header{"Origin": {origin}})
}

// hear reads until the line says something that is no greeting.
func (h *house) hear(c *websocket.Conn) string {
	h.Helper()
	h.must(c.SetReadDeadline(time.Now().Add(patient)))
	for {
		_, text, err := c.ReadMessage()
		h.must(err)
		if !strings.HasPrefix(string(text), `{"hello"`) && !strings.HasPrefix(string(text), `{"hb"`) {
			return string(text)
		}
	}
}

func TestTheLineTellsThatThereIsAnAnswer(t *testing.T) {
	h := newHouse(t)
	w := h.window()
	v := w.says("Đèn đường trước nhà tắt.")
	c, resp, err := h.dial(v.Live, h.base)
	h.must(err)
	defer c.Close()
	if got := resp.Header.Get("Sec-Websocket-Protocol"); got != protocol {
		t.Errorf("the line agrees on %q: a browser would hang up", got)
	}
	code := h.only().Code
	h.do(code, operator, ticketing.Command{Verb: ticketing.Note, Text: secret})
	h.do(code, operator, ticketing.Command{Verb: ticketing.Message, Text: "Chào bạn, bạn cần gì?"})
	told := h.hear(c)
	if strings.Contains(told, "Chào") || strings.Contains(told, secret) || strings.Contains(told, "noted") {
		t.Errorf("the line says more than that there is something: %s", told)
	}
	if last := w.thread().Messages; last[len(last)-1].Text != "Chào bạn, bạn cần gì?" {
		t.Errorf("%+v", last)
	}
}

func TestALineThatBrokeGoesOnWhereTheWindowIs(t *testing.T) {
	h := newHouse(t)
	w := h.window()
	v := w.says("Đèn đường trước nhà tắt.")
	code := h.only().Code
	c, _, err := h.dial(v.Live, h.base)
	h.must(err)
	c.Close()
	tk := h.do(code, operator, ticketing.Command{Verb: ticketing.Message, Text: "Trong lúc mất mạng."})
	c, _, err = h.dial(v.Live, h.base) // at the version the window has
	h.must(err)
	defer c.Close()
	var changes []struct{ Seq int }
	h.must(json.Unmarshal([]byte(h.hear(c)), &changes))
	if len(changes) == 0 || changes[len(changes)-1].Seq != tk.Version {
		t.Errorf("told %+v, want up to %d", changes, tk.Version)
	}
}

func TestALineNeedsAPassAndOurOwnPage(t *testing.T) {
	h := newHouse(t)
	w := h.window()
	v := w.says("Đèn đường trước nhà tắt.")
	for _, origin := range []string{"https://evil.example", "null", ""} {
		if _, resp, err := h.dial(v.Live, origin); err == nil || resp.StatusCode != 403 {
			t.Errorf("from %q: %v", origin, resp)
		}
	}
	refused := func(what string, p pass) {
		t.Helper()
		c, _, err := h.dial(&p, h.base)
		h.must(err) // a script never learns why an upgrade failed, so it is let in just to be told
		defer c.Close()
		_ = c.SetReadDeadline(time.Now().Add(patient))
		if _, _, err = c.ReadMessage(); !websocket.IsCloseError(err, 4401) {
			t.Errorf("%s: %v", what, err)
		}
	}
	bad := *v.Live
	bad.Pass = passStart + "AAAA"
	refused("no pass", bad)
	bad.Pass = passStart + b64.EncodeToString(h.desk.Vault.Seal(formSeal, []byte("x vi y 99999999999999")))
	refused("a seal of another kind", bad)
	box, _ := b64.DecodeString(strings.TrimPrefix(v.Live.Pass, passStart))
	box[len(box)-1] ^= 1
	bad.Pass = passStart + b64.EncodeToString(box)
	refused("a changed pass", bad)
	h.clock.Advance(passLife + time.Second)
	refused("an old pass", *v.Live)
	if c, _, err := h.dial(w.thread().Live, h.base); err != nil {
		t.Errorf("a new pass: %v", err)
	} else {
		c.Close()
	}
	w.key = ""
	w.get("/nhung/chat/live").wants(t, 403) // without an upgrade and an Origin it is nothing
}

// Asking is a way of its own, not a lesser one: whatever the line would tell, asking finds, and no line is offered
// where there is none.
func TestAskingFindsEverything(t *testing.T) {
	h := newHouse(t, func(h *house) { h.ch.Live = nil })
	w := h.window()
	v := w.says("Đèn đường trước nhà tắt.")
	if v.Live != nil {
		t.Fatal("a line is offered that is not there")
	}
	w.get("/nhung/chat/live").wants(t, 404)
	code := h.only().Code
	for i := range 3 {
		h.do(code, operator, ticketing.Command{Verb: ticketing.Message, Text: "Tin " + strconv.Itoa(i)})
		v = w.get("/nhung/chat/thread?have="+v.Version).wants(t, 200).view(t)
		if last := v.Messages[len(v.Messages)-1]; last.Text != "Tin "+strconv.Itoa(i) {
			t.Errorf("asked after message %d, found %+v", i, last)
		}
	}
}

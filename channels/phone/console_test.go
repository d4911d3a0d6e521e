package phone

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

// ask calls the console's surface as a browser on our pages does.
func (h *house) ask(method, url, body, origin string) (int, string) {
	h.Helper()
	req, err := http.NewRequestWithContext(h.soon(), method, url, bytes.NewReader([]byte(body)))
	must(h.T, err)
	req.Header.Set("Content-Type", "application/json")
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	resp, err := http.DefaultClient.Do(req)
	must(h.T, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	must(h.T, err)
	return resp.StatusCode, string(raw)
}

func TestTheConsoleSeesWhoCalls(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	h.connect()
	url := h.listen(h.ch)
	for _, text := range []string{"Đèn đường hỏng", "Mất nước"} {
		_, err := h.desk.Receive(t.Context(), operator, ticketing.Incoming{Channel: ticketing.Phone, Kind: ticketing.Report, Text: text, Name: "Trần Thị Bình", Phone: binh})
		must(t, err)
	}
	h.clock.Advance(time.Minute)
	missed := h.sim.Call(binh).Enter(queue)
	h.clock.Advance(40 * time.Second)
	missed.HangUp()
	bell := h.ch.Bell()
	h.sim.Call(binh).Enter(queue).Ring("101")
	h.sim.Call(chi).Enter(queue)
	select {
	case <-bell:
	case <-h.soon().Done():
		t.Fatal("no bell")
	}
	h.heard()
	status, raw := h.ask("GET", url+"/console/calls", "", "")
	if status != 200 || strings.Contains(raw, binh[1:]) || strings.Contains(raw, "Mất nước") == false {
		t.Fatalf("%d %s", status, raw)
	}
	var got Screen
	must(t, json.Unmarshal([]byte(raw), &got))
	if got.Extension != "101" || got.State != OnRing || !got.Hearing || len(got.Calls) != 1 || len(got.Missed) != 1 {
		t.Fatalf("%s", raw)
	}
	c := got.Calls[0]
	if c.State != Ringing || c.Card.Name != "Trần Thị Bình" || c.Card.Phone != "090•••182" || len(c.Tickets) != 2 || c.Missed != 1 || c.Queue != queue {
		t.Errorf("%s", raw)
	}
	if c.Tickets[0].Stands != "Mới tiếp nhận" || c.Tickets[0].Number == "" || c.Tickets[0].Agency == "" {
		t.Errorf("%+v", c.Tickets[0])
	}
	if got.Queues[0].Waiting != 2 {
		t.Errorf("%+v", got.Queues)
	}
	if m := got.Missed[0]; m.Said != "Người gọi gác máy khi đang chờ" || m.Card.Phone != "090•••182" || m.Times != 1 {
		t.Errorf("%+v", m)
	}
	h.staff = other // it does not ring at hers
	if _, raw = h.ask("GET", url+"/console/calls", "", ""); strings.Contains(raw, "Mất nước") || !strings.Contains(raw, `"extension":"102"`) {
		t.Errorf("%s", raw)
	}
}

func TestWhoMayUseTheConsolesSurface(t *testing.T) {
	h := newHouse(t)
	h.conf.AMIAddr = ""
	var refuse error
	h.ch = h.process(h.store)
	ours := h.conf.Origin
	h.conf = h.ch.Config
	h.ch.Staff = func(f *fiber.Ctx) (ticketing.Actor, error) { return h.staff, refuse }
	url := h.listen(h.ch)
	b := h.bridge(url, simulator.BridgeMood{})
	lose(h, b, "first")
	item := url + "/console/calls/missed/" + string(h.citizen(binh))
	for _, c := range []struct {
		name, method, path, body, origin string
		who                              ticketing.Actor
		refuse                           error
		want                             int
	}{
		{"nobody", "GET", url + "/console/calls", "", "", operator, &ticketing.Error{Class: ticketing.NotFound, Key: "error.not_found"}, 401},
		{"an ill store", "GET", url + "/console/calls", "", "", operator, ticketing.ErrBusy, 503},
		{"an officer", "GET", url + "/console/calls", "", "", ticketing.Actor{ID: "o", Role: ticketing.Officer, Agency: "a"}, nil, 403},
		{"a moderator", "GET", url + "/console/calls", "", "", ticketing.Actor{ID: "o", Role: ticketing.Moderator}, nil, 403},
		{"an operator", "GET", url + "/console/calls", "", "", operator, nil, 200},
		{"from another site", "POST", item + "/claim", "", "https://evil.example", operator, nil, 403},
		{"from nowhere", "POST", item + "/claim", "", "", operator, nil, 403},
		{"she claims", "POST", item + "/claim", "", ours, operator, nil, 204},
		{"another claims", "POST", item + "/claim", "", ours, other, nil, 409},
		{"another lets go of it", "POST", item + "/release", "", ours, other, nil, 409},
		{"she lets go", "POST", item + "/release", "", ours, operator, nil, 204},
		{"something else", "POST", item + "/eat", "", ours, operator, nil, 404},
		{"no reason", "POST", item + "/dismiss", "{}", ours, operator, nil, 422},
		{"a reason", "POST", item + "/dismiss", `{"reason":"nuisance"}`, ours, operator, nil, 204},
		{"it is gone", "POST", item + "/claim", "", ours, operator, nil, 404},
		{"ready", "POST", url + "/console/calls/ready", "", ours, operator, nil, 204},
	} {
		h.staff, refuse = c.who, c.refuse
		if got, raw := h.ask(c.method, c.path, c.body, c.origin); got != c.want {
			t.Errorf("%s: %d, want %d: %s", c.name, got, c.want, raw)
		}
	}
}

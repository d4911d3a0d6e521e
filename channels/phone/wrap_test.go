package phone

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

// talked is a call that 101 took and that is over.
func (h *house) talked(number string) Call {
	h.Helper()
	before := h.stored()
	c := h.sim.Call(number).Enter(queue).Ring("101").Take("101")
	h.clock.Advance(time.Minute)
	h.heard()
	c.HangUp()
	h.heard()
	for id, call := range h.stored() {
		if _, old := before[id]; !old {
			return call
		}
	}
	h.Fatal("no call")
	return Call{}
}

func TestAQuestionAnsweredAtOnceIsATicketWithItsAnswer(t *testing.T) {
	h := newHouse(t)
	h.ch.After = time.Minute
	h.seats(0)
	h.connect()
	call := h.talked(binh)
	if v := h.ch.Calls(lan); len(v) != 1 || v[0].State != Ended || v[0].Until.IsZero() {
		t.Fatalf("%+v", v)
	}
	h.clock.Advance(5 * time.Second)
	w := Wrap{Call: call.ID, Outcome: AnsweredAtOnce, Note: "Hồ sơ nộp tại bộ phận một cửa."}
	code, err := h.ch.WrapUp(t.Context(), operator, w, "vi")
	must(t, err)
	got, err := h.desk.Ticket(t.Context(), operator, code)
	must(t, err)
	if got.Kind != ticketing.Question || got.Status != ticketing.Closed || got.Outcome != ticketing.GaveAnswer || got.Answer != w.Note ||
		got.Channel != ticketing.Phone || got.Citizen != h.citizen(binh) {
		t.Errorf("%+v", got)
	}
	version := got.Version
	again, err := h.ch.WrapUp(t.Context(), operator, w, "vi")
	must(t, err)
	got, err = h.desk.Ticket(t.Context(), operator, again)
	must(t, err)
	if again != code || got.Version != version {
		t.Errorf("a repeat made %s (version %d) of %s (%d)", again, got.Version, code, version)
	}
	if c := h.only(); c.Legs[0].Outcome != AnsweredAtOnce || c.Legs[0].After() != 5*time.Second || len(c.Tickets) != 1 {
		t.Errorf("%+v", c)
	}
	if v := h.ch.Calls(lan); len(v) != 0 {
		t.Errorf("it still stands on her screen: %+v", v)
	}
	if s, _ := h.state("101"); s != Ready {
		t.Errorf("her work after it is not over: %s", s)
	}
	if _, err := h.ch.WrapUp(t.Context(), operator, Wrap{Call: call.ID, Outcome: "silent"}, "vi"); ticketing.ClassOf(err) != ticketing.Conflict {
		t.Errorf("another outcome: %v", err)
	}
	if tickets, err := h.store.List(t.Context(), ticketing.Filter{Scope: ticketing.Scope{All: true}, Limit: 9}); err != nil || len(tickets.Tickets) != 1 {
		t.Errorf("%d tickets, %v", len(tickets.Tickets), err)
	}
}

func TestWhatCameOfACallIsLinkedToItsTicket(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	h.connect()
	call := h.talked(binh)
	if _, err := h.ch.WrapUp(t.Context(), operator, Wrap{Call: call.ID, Outcome: TicketOpened}, "vi"); ticketing.ClassOf(err) != ticketing.Invalid {
		t.Errorf("a ticket that is none: %v", err)
	}
	r, err := h.desk.Receive(t.Context(), operator, ticketing.Incoming{Channel: ticketing.Phone, Kind: ticketing.Report, Text: "Mất nước", Phone: binh})
	must(t, err)
	must(t, h.ch.Link(t.Context(), operator, call.ID, r.Ticket.Code))
	must(t, h.ch.Link(t.Context(), operator, call.ID, r.Ticket.Code)) // a repeat
	code, err := h.ch.WrapUp(t.Context(), operator, Wrap{Call: call.ID, Outcome: TicketOpened, Note: "Gọi lại sau 17 giờ."}, "vi")
	must(t, err)
	events, err := h.store.Timeline(t.Context(), code, 0)
	must(t, err)
	if code != r.Ticket.Code || events[len(events)-1].Kind != ticketing.Noted || events[len(events)-1].Text != "Gọi lại sau 17 giờ." {
		t.Errorf("%s: %+v", code, events)
	}
	lines, err := h.store.All(t.Context(), kindOfTicket, string(code)+"/")
	must(t, err)
	if len(lines) != 1 || h.only().Tickets[0] != code {
		t.Errorf("%+v %+v", lines, h.only())
	}
}

func TestACallIsWrappedUpByWhoTookIt(t *testing.T) {
	h := newHouse(t)
	h.seats(0)
	h.connect()
	url := h.listen(h.ch)
	call := h.talked(binh)
	post := func(who ticketing.Actor, body map[string]any) (int, string) {
		h.staff = who
		raw, err := json.Marshal(body)
		must(t, err)
		return h.ask(http.MethodPost, url+"/console/calls/wrap", string(raw), h.conf.Origin)
	}
	for _, c := range []struct {
		name string
		who  ticketing.Actor
		body map[string]any
		want int
	}{
		{"another", other, map[string]any{"call": call.ID, "outcome": "silent"}, 404},
		{"another, of a question", other, map[string]any{"call": call.ID, "outcome": "answered"}, 404},
		{"no call", operator, map[string]any{"outcome": "silent"}, 404},
		{"a call that is none", operator, map[string]any{"call": "push:x", "outcome": "silent"}, 404},
		{"no outcome", operator, map[string]any{"call": call.ID}, 422},
		{"a made-up outcome", operator, map[string]any{"call": call.ID, "outcome": "great"}, 422},
		{"a made-up category", operator, map[string]any{"call": call.ID, "outcome": "silent", "category": "x"}, 422},
		{"a book for a note", operator, map[string]any{"call": call.ID, "outcome": "silent", "note": strings.Repeat("a", maxNote+1)}, 422},
		{"her own", operator, map[string]any{"call": call.ID, "outcome": "silent"}, 200},
	} {
		if got, raw := post(c.who, c.body); got != c.want {
			t.Errorf("%s: %d, want %d: %s", c.name, got, c.want, raw)
		}
	}
	if got, _ := h.ask(http.MethodPost, url+"/console/calls/state", `{"state":"break","reason":"rest"}`, h.conf.Origin); got != 204 {
		t.Errorf("a break: %d", got)
	}
	if got, _ := h.ask(http.MethodPost, url+"/console/calls/state", `{"state":"gone"}`, h.conf.Origin); got != 422 {
		t.Errorf("a state that is none: %d", got)
	}
	if c := h.only(); c.Legs[0].Outcome != "silent" || len(c.Tickets) != 0 {
		t.Errorf("%+v", c)
	}
	if page, err := h.store.List(t.Context(), ticketing.Filter{Scope: ticketing.Scope{All: true}, Limit: 9}); err != nil || len(page.Tickets) != 0 {
		t.Errorf("who did not take the call has made %d tickets of it, %v", len(page.Tickets), err)
	}
}

// What a person says of a call is kept whatever comes of it afterwards, and whoever hears of it.
func TestAnOutcomeOutlivesLateEvents(t *testing.T) {
	h := newHouse(t)
	must(t, h.ch.SetExtension(t.Context(), supervisor, lan, "101"))
	b := h.bridge(h.listen(h.ch), simulator.BridgeMood{})
	for _, e := range []map[string]string{event(newCall, "c", "user", "101"), event(answer, "c", "answeringNumber", "101"), event(hangup, "c")} {
		must(t, b.Send(h.soon(), e))
	}
	_, err := h.ch.WrapUp(t.Context(), operator, Wrap{Call: h.only().ID, Outcome: "dropped"}, "vi")
	must(t, err)
	second := h.process(h.store)
	must(t, h.bridge(h.listen(second), simulator.BridgeMood{}).Send(h.soon(), event(answer, "c", "answeringNumber", "101")))
	c := h.only()
	if c.Legs[0].Outcome != "dropped" {
		t.Errorf("%+v", c)
	}
	bare := c
	bare.Legs = []Leg{{End: Connected, Left: c.Legs[0].Left, Agent: "101"}}
	for _, both := range []Call{join(c, bare), join(bare, c)} {
		if both.Legs[0].Outcome != "dropped" {
			t.Errorf("%+v", both)
		}
	}
}

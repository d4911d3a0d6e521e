package phone

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

func TestWhereRecordingsLie(t *testing.T) {
	began := time.Date(2026, 11, 24, 18, 0, 0, 0, time.UTC) // the 25th in Vietnam
	for _, c := range []struct{ pattern, named, linked, want string }{
		{"https://pbx.vn/rec/", "/var/spool/asterisk/monitor/a b.wav", "", "https://pbx.vn/rec/a%20b.wav"},
		{"https://pbx.vn/rec/{file}", "a.wav", "", "https://pbx.vn/rec/a.wav"},
		{"https://pbx.vn/rec/{year}/{month}/{day}/{file}", "x/a.wav", "", "https://pbx.vn/rec/2026/11/25/a.wav"},
		{"https://pbx.vn/rec/{path}", "../../etc/../x/a.wav", "", "https://pbx.vn/rec/x/a.wav"},
		{"https://pbx.vn/rec/{path}", `..\..\x\a.wav`, "", "https://pbx.vn/rec/x/a.wav"},
		{"https://pbx.vn/rec/{file}", "a?b#c%2f.wav", "", "https://pbx.vn/rec/a%3Fb%23c%252f.wav"},
		{"https://pbx.vn/get?id={call}", "", "1732.5", "https://pbx.vn/get?id=1732.5"},
		{"https://pbx.vn/get?id={call}", "a.wav", "", ""},
		{"https://pbx.vn/rec/", "", "1732.5", ""},
		{"https://pbx.vn/rec/", "https://pbx.vn/rec/a.wav", "", "https://pbx.vn/rec/a.wav"},
		{"https://pbx.vn/rec/", "https://pbx.vn/other/a.wav", "", ""},
		{"https://pbx.vn/rec/", "https://pbx.vn/rec/../other/a.wav", "", ""},
		{"https://pbx.vn/rec/", "https://pbx.vn/rec/%2e%2e/other/a.wav", "", ""},
		{"https://pbx.vn/rec/", "http://pbx.vn/rec/a.wav", "", ""},
		{"https://pbx.vn/rec/", "https://pbx.vn.evil.example/rec/a.wav", "", ""},
		{"https://pbx.vn/rec/", "https://u:p@pbx.vn/rec/a.wav", "", ""},
		{"https://pbx.vn/rec/", "file:///etc/passwd", "", ""},
	} {
		r, err := parseRecordings(c.pattern)
		must(t, err)
		got, ok := r.address(c.named, c.linked, began)
		if ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s, named %q: %q %v, want %q", c.pattern, c.named, got, ok, c.want)
		}
	}
	for _, bad := range []string{"pbx.vn/rec/", "https://pbx.vn", "https://{file}/", "https://pbx.vn/rec", "ftp://pbx.vn/rec/", "https://u:p@pbx.vn/rec/", "https://pbx.vn/{what}/", "https://pbx.vn/{file"} {
		if CheckRecordings(bad) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// recorder is a server of recordings, and a hotline that knows it; lan has had one recorded call that became a ticket.
func recorder(t *testing.T) (h *house, page string, call Call, code ticketing.Code, fetched *int) {
	fetched = new(int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*fetched++
		if !strings.HasPrefix(r.URL.Path, "/rec/") {
			t.Errorf("%s is fetched", r.URL.Path)
		}
		if strings.HasSuffix(r.URL.Path, ".html") {
			w.Header().Set("Content-Type", "text/html")
		}
		http.ServeContent(w, r, r.URL.Path, time.Time{}, strings.NewReader("RIFF a voice"))
	}))
	t.Cleanup(server.Close)
	h = newHouse(t)
	h.conf.Recordings = server.URL + "/rec/"
	h.ch = h.process(h.store)
	must(t, h.ch.SetExtension(t.Context(), supervisor, lan, "101"))
	url := h.listen(h.ch)
	b := h.bridge(url, simulator.BridgeMood{})
	for _, e := range []map[string]string{event(newCall, "c", "user", "101"), event(answer, "c", "answeringNumber", "101"),
		event(hangup, "c", "cause", "normalClearing", "recording", "/monitor/in-"+binh+".wav")} {
		must(t, b.Send(h.soon(), e))
	}
	call = h.only()
	r, err := h.desk.Receive(t.Context(), operator, ticketing.Incoming{Channel: ticketing.Phone, Kind: ticketing.Report, Text: "Mất nước", Phone: binh})
	must(t, err)
	must(t, h.ch.Link(t.Context(), operator, call.ID, r.Ticket.Code))
	return h, url + "/console/calls/recording", call, r.Ticket.Code, fetched
}

func TestWhoMayListen(t *testing.T) {
	h, page, call, code, fetched := recorder(t)
	hers := "?call=" + url.QueryEscape(call.ID)
	with := hers + "&ticket=" + string(code)
	secret, err := h.desk.Receive(t.Context(), operator, ticketing.Incoming{Channel: ticketing.Phone, Kind: ticketing.Denunciation, Text: "x", Phone: chi})
	must(t, err)
	auditor := ticketing.Actor{ID: "yen", Role: ticketing.Auditor}
	moderator := ticketing.Actor{ID: "m", Role: ticketing.Moderator}
	officer := ticketing.Actor{ID: "o", Role: ticketing.Officer, Agency: "so-xd"}
	for _, c := range []struct {
		name, query string
		who         ticketing.Actor
		want        int
	}{
		{"who took it", hers, operator, 200},
		{"another operator, without a ticket", hers, other, 404},
		{"another operator, by the ticket she may see", with, other, 200},
		{"a supervisor", hers, supervisor, 200},
		{"an auditor", with, auditor, 200},
		{"a moderator", with, moderator, 403},
		{"an officer", with, officer, 403},
		{"by a ticket it is not of", hers + "&ticket=" + string(secret.Ticket.Code), supervisor, 404},
		{"by no ticket", hers + "&ticket=ABC", supervisor, 404},
		{"a call that is none", "?call=push:x", supervisor, 404},
		{"nothing", "", supervisor, 404},
	} {
		h.staff = c.who
		before := *fetched
		got, raw := h.ask(http.MethodGet, page+c.query, "", "")
		if got != c.want || (got == 200) != (raw == "RIFF a voice") {
			t.Errorf("%s: %d %q, want %d", c.name, got, raw, c.want)
		}
		if (*fetched > before) != (c.want == 200) {
			t.Errorf("%s: fetched: %v", c.name, *fetched > before)
		}
	}
	history, err := h.store.History(t.Context(), kindHeard, call.ID)
	must(t, err)
	var who []string
	for _, r := range history {
		who = append(who, r.By)
	}
	if got := strings.Join(who, " "); got != "lan nam mai yen" {
		t.Errorf("who has listened: %s", got)
	}
	if holdsNumber(h.log.String()) || holdsNumber(h.calls()) {
		t.Error("the number is in the log or in the record")
	}
}

// A player fetches a recording in parts; that is one listening. What is no sound is not shown as a page of ours.
func TestARecordingIsHandedThrough(t *testing.T) {
	h, page, call, code, _ := recorder(t)
	h.staff = operator
	for _, part := range []string{"bytes=0-", "bytes=5-"} {
		req, err := http.NewRequestWithContext(h.soon(), http.MethodGet, page+"?call="+url.QueryEscape(call.ID), nil)
		must(t, err)
		req.Header.Set("Range", part)
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusPartialContent || resp.Header.Get("Content-Range") == "" || resp.Header.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.HasPrefix(resp.Header.Get("Content-Type"), "audio/") || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %v", resp.Status, resp.Header)
		}
	}
	if history, err := h.store.History(t.Context(), kindHeard, call.ID); err != nil || len(history) != 1 {
		t.Errorf("%d listenings, %v", len(history), err)
	}
	lines, err := h.ch.CallsOf(t.Context(), other, code)
	must(t, err)
	if len(lines) != 1 || !lines[0].Recorded || lines[0].By != lan || lines[0].ID != call.ID {
		t.Errorf("%+v", lines)
	}
	lines, err = h.ch.CallsOf(t.Context(), ticketing.Actor{ID: "o", Role: ticketing.Moderator}, code)
	must(t, err)
	if len(lines) != 1 || lines[0].Recorded {
		t.Errorf("%+v", lines)
	}
	if _, err := h.ch.CallsOf(t.Context(), ticketing.Actor{ID: "o", Role: ticketing.Officer, Agency: "a"}, code); ticketing.ClassOf(err) != ticketing.NotFound {
		t.Errorf("who may not see the ticket: %v", err)
	}
	events, err := h.store.Since(t.Context(), 0, 100)
	must(t, err)
	for _, e := range events {
		if strings.Contains(e.Text+e.Reason+e.External, "monitor") {
			t.Errorf("the recording stands in the journal: %+v", e)
		}
	}
	other, err := h.ch.recordings.client.Do(func() *http.Request {
		req, _ := http.NewRequest(http.MethodGet, "http://127.0.0.1:1/rec/a.wav", nil)
		return req
	}())
	if err == nil {
		other.Body.Close()
		t.Error("another host is asked")
	}
}

// Where the recording lies may stand in the free field of a billing record; anything else there is none.
func TestABillingRecordNamesTheRecording(t *testing.T) {
	h := newHouse(t)
	h.conf.Recordings = "https://pbx.example.vn/rec/"
	h.ch = h.process(h.store)
	h.seats(0)
	h.connect()
	call := h.sim.Call(binh).Enter(queue).Ring("101").Take("101")
	for _, field := range []string{"VIP", "in-" + binh + ".wav", "other.wav"} {
		h.sim.Raw("Event: Cdr\r\nUniqueID: " + call.ID() + "\r\nUserField: " + field + "\r\nTimestamp: " + stamp(h.clock.Now()) + "\r\n\r\n")
	}
	call.HangUp()
	h.heard()
	got, err := h.ch.Recording(t.Context(), supervisor, h.only().ID, "")
	must(t, err)
	if got != "https://pbx.example.vn/rec/in-"+binh+".wav" {
		t.Errorf("%q", got)
	}
	look, err := h.ch.Look(t.Context())
	must(t, err)
	screen, err := look.Screen(t.Context(), operator, "vi")
	must(t, err)
	raw, err := json.Marshal(screen)
	must(t, err)
	if strings.Contains(string(raw), ".wav") || strings.Contains(string(raw), "pbx.example") || !strings.Contains(string(raw), `"recorded":true`) {
		t.Errorf("%s", raw)
	}
}

func stamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

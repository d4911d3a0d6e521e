package facebook

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

func TestALongMessageGoesInPartsAndNoneTwice(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	var want []string
	for i := range 3 {
		want = append(want, fmt.Sprintf("Đoạn %d: ", i)+strings.TrimSpace(strings.Repeat("đường ", 300))+".")
	}
	m := h.outbound(user, strings.Join(want, "\n\n"))
	h.sim.Fail(simulator.FacebookFault{Path: "/messages"}, simulator.FacebookFault{Path: "/messages", Code: 2})
	if _, err := h.ch.Send(t.Context(), m); err == nil || !strings.Contains(err.Error(), "1/3") {
		t.Fatalf("%v", err)
	}
	if got := h.texts(user); !slices.Equal(got, want[:1]) {
		t.Fatalf("%d parts", len(got))
	}
	h.ch = h.process(h.store) // another process tries again
	m.Try = 2
	receipt, err := h.ch.Send(t.Context(), m)
	must(t, err)
	if got := h.texts(user); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	ids := strings.Split(receipt, ",")
	for i, in := range h.sim.Inbox(user) {
		if ids[i] != in.ID {
			t.Errorf("receipt %d is %s, want %s", i, ids[i], in.ID)
		}
	}
	other := m
	other.N, other.Try = 11, 1 // whose parts begin with the same digit
	if _, err := h.ch.Send(t.Context(), other); err != nil || len(h.texts(user)) != 6 {
		t.Errorf("%v, %d messages", err, len(h.texts(user)))
	}
}

func TestButtonsStandUnderTheLastPart(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	m := h.outbound(user, strings.Repeat("Anh chị thấy câu trả lời thế nào? ", 70))
	m.Choices = []ticketing.Choice{{Label: "Hài lòng", Data: "verdict:yes"}, {Label: "Chưa hài lòng, vì còn vướng mắc", Data: "verdict:no"}}
	for i := range 20 {
		m.Choices = append(m.Choices, ticketing.Choice{Label: fmt.Sprint("Số ", i), Data: fmt.Sprint("n:", i)})
	}
	_, err := h.ch.Send(t.Context(), m)
	must(t, err)
	got := h.sim.Inbox(user)
	last := got[len(got)-1]
	if len(got) != 2 || len(got[0].Replies) != 0 || len(last.Replies) != 13 {
		t.Fatalf("%d messages, %d buttons", len(got), len(last.Replies))
	}
	if last.Replies[1].Title == m.Choices[1].Label || last.Replies[1].Payload != "verdict:no" {
		t.Errorf("%+v", last.Replies[1])
	}
	h.sim.Tap(user, 0)
	h.settled()
	if e := h.last(h.only().Code); e.Text != "Hài lòng" {
		t.Errorf("%q", e.Text)
	}
}

func TestFilesGoAsWhatTheyAre(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	var files []ticketing.File
	for _, f := range []struct {
		name string
		data []byte
	}{{"hiện trường.jpg", noise(64)}, {"Công văn \"số 5\".PDF", []byte("%PDF-1.7 x")}, {"ghi chú.txt", []byte("chữ thường")}, {"ghi âm.mp3", []byte("ID3\x03\x00\x00\x00\x00\x00\x00")}} {
		file, err := h.files.Save(t.Context(), bytes.NewReader(f.data), f.name)
		must(t, err)
		files = append(files, file)
	}
	files = append(files, ticketing.File{ID: strings.Repeat("0", 32), Name: "mất.pdf", Type: "application/pdf", Size: 3},
		ticketing.File{ID: strings.Repeat("1", 32), Name: "to.pdf", Type: "application/pdf", Size: maxUpload + 1})
	if _, err := h.ch.Send(t.Context(), h.outbound(user, "Xem ảnh", files...)); err != nil {
		t.Fatal(err)
	}
	got := h.sim.Inbox(user)
	if len(got) != 7 {
		t.Fatalf("%d messages", len(got))
	}
	for i, want := range []struct{ kind, text, name string }{
		{"text", "Xem ảnh", ""}, {"image", "", "hiện trường.jpg"}, {"file", "", files[1].Name},
		{"text", "Tệp “ghi chú.txt” xem tại https://1022.example.vn/t/AAAABBBBCCCC", ""}, {"audio", "", "ghi âm.mp3"},
		{"text", "Tệp “mất.pdf” xem tại https://1022.example.vn/t/AAAABBBBCCCC", ""},
		{"text", "Tệp “to.pdf” xem tại https://1022.example.vn/t/AAAABBBBCCCC", ""},
	} {
		if got[i].Kind != want.kind || got[i].Text != want.text || got[i].Name != want.name {
			t.Errorf("%d: %s %q %q", i, got[i].Kind, got[i].Text, got[i].Name)
		}
	}
	if string(got[2].Data) != "%PDF-1.7 x" {
		t.Errorf("%q", got[2].Data)
	}
}

func TestTheWindowsForAnswers(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	heard := h.clock.Now()
	send := func(human bool) (string, error) {
		m := h.outbound(user, "Trả lời")
		m.Human, m.Heard = human, heard
		had := len(h.sim.Inbox(user))
		_, err := h.ch.Send(t.Context(), m)
		got := h.sim.Inbox(user)[had:]
		if len(got) == 0 {
			return "", err
		}
		return got[0].Type + got[0].Tag, err
	}
	for _, c := range []struct {
		after time.Duration
		human bool
		want  string
		said  string
	}{
		{23 * time.Hour, false, "RESPONSE", ""},
		{24 * time.Hour, true, "RESPONSE", ""},
		{24*time.Hour + time.Minute, false, "", "24 giờ"},
		{24*time.Hour + time.Minute, true, "MESSAGE_TAGHUMAN_AGENT", ""},
		{7 * 24 * time.Hour, true, "MESSAGE_TAGHUMAN_AGENT", ""},
		{7*24*time.Hour + time.Minute, true, "", "7 ngày"},
		{7*24*time.Hour + time.Minute, false, "", "7 ngày"},
	} {
		h.clock.Advance(heard.Add(c.after).Sub(h.clock.Now()))
		got, err := send(c.human)
		if got != c.want || (err != nil) != (c.said != "") || err != nil && (!errors.Is(err, ticketing.ErrRefused) || !strings.Contains(err.Error(), c.said)) {
			t.Errorf("after %s, by a person %v: %q %v", c.after, c.human, got, err)
		}
	}
}

// What we take for open Facebook may hold closed: then a person's words go under the tag, and nothing else does.
func TestFacebooksClockHasTheLastWord(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	h.clock.Advance(25 * time.Hour)
	m := h.outbound(user, "Trả lời") // heard just now, we believe
	if _, err := h.ch.Send(t.Context(), m); err != nil {
		t.Error(err)
	}
	m.Human = false
	if _, err := h.ch.Send(t.Context(), m); !errors.Is(err, ticketing.ErrRefused) || !strings.Contains(err.Error(), "2018278") {
		t.Errorf("a program's words: %v", err)
	}
	m.Human, m.Heard = true, time.Time{} // unknown
	if _, err := h.ch.Send(t.Context(), m); err != nil {
		t.Error(err)
	}
	got := h.sim.Inbox(user)
	if len(got) != 2 || got[0].Tag != "HUMAN_AGENT" || got[1].Tag != "HUMAN_AGENT" {
		t.Errorf("%+v", got)
	}
}

func TestWhatFollowsFromEachCode(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	send := func(code, sub int) error {
		h.clock.Advance(2 * time.Hour) // out of the quiet that limits leave
		h.sim.Fail(simulator.FacebookFault{Path: "/messages", Code: code, Subcode: sub})
		m := h.outbound(user, "Trả lời")
		m.Human = false
		_, err := h.ch.Send(t.Context(), m)
		return err
	}
	all := map[[2]int]rule{{80006, 0}: {do: rate}, {299, 0}: {do: people}, {190, 463}: {do: people}, {613, 7}: {do: rate}, {100, 5}: {do: never}}
	for code, rule := range codes {
		all[code] = rule
	}
	for code, rule := range all {
		err := send(code[0], code[1])
		var later *ticketing.LaterError
		refused := errors.Is(err, ticketing.ErrRefused)
		isLater := errors.As(err, &later)
		switch rule.do {
		case never, window:
			if !refused || isLater {
				t.Errorf("%v: %v", code, err)
			}
		case retry:
			if refused || isLater || err == nil || isUnsure(err) {
				t.Errorf("%v: %v", code, err)
			}
		default:
			if refused || !isLater || later.After < time.Minute {
				t.Errorf("%v: %v", code, err)
			}
		}
		if err != nil && (!strings.Contains(err.Error(), fmt.Sprint(code[0])) || strings.Contains(err.Error(), "⟦")) {
			t.Errorf("%v is told as %q", code, err)
		}
		if alarmed := len(h.problems()) > 0; alarmed != (rule.do == people) {
			t.Errorf("%v: alarm %v", code, alarmed)
		}
		if quiet := h.ch.hush() > 0; quiet != (rule.do == rate) {
			t.Errorf("%v: quiet %v", code, quiet)
		}
		h.ch.allClear(h.problems()...)
	}
	if err := send(4711, 0); err == nil || errors.Is(err, ticketing.ErrRefused) || isLater(err) {
		t.Errorf("an unknown code: %v", err)
	}
	if n := len(h.sim.Inbox(user)); n != 0 {
		t.Errorf("%d messages arrived", n)
	}
}

func TestThePlatformsOwnRefusals(t *testing.T) {
	h := newHouse(t)
	user, blocked := h.citizen(), h.sim.Citizen("Lê", "An")
	h.sim.Say(blocked, "x")
	h.settled()
	h.sim.Block(blocked)
	for to, code := range map[string]string{blocked: "551/1545041", "999": "100/2018001", h.sim.Citizen("Võ", "Cúc"): "10/2018278"} {
		if _, err := h.ch.Send(t.Context(), h.outbound(to, "x")); !errors.Is(err, ticketing.ErrRefused) || !strings.Contains(err.Error(), code) {
			t.Errorf("%s: %v", code, err)
		}
	}
	if _, err := h.ch.Send(t.Context(), h.outbound(user, " ")); !errors.Is(err, ticketing.ErrRefused) {
		t.Errorf("an empty message: %v", err)
	}
	h.sim.Restrict(true)
	if _, err := h.ch.Send(t.Context(), h.outbound(user, "x")); !isLater(err) || !slices.Contains(h.problems(), "facebook.alarm.restricted") {
		t.Errorf("restricted: %v", err)
	}
	h.sim.Restrict(false)
	h.sim.ExpireToken()
	if _, err := h.ch.Send(t.Context(), h.outbound(user, "x")); !isLater(err) || !slices.Contains(h.problems(), "facebook.alarm.token") {
		t.Errorf("the token has expired: %v", err)
	}
	h.sim.SetToken("another")
	if _, err := h.ch.Send(t.Context(), h.outbound(user, "x")); !isLater(err) {
		t.Errorf("another token: %v", err)
	}
	h.sim.SetToken(token)
	if _, err := h.ch.Send(t.Context(), h.outbound(user, "x")); err != nil || len(h.problems()) != 0 {
		t.Errorf("all is well again: %v, %v", err, h.problems())
	}
	h.conf.AppSecret = "another"
	if _, err := h.process(h.store).Send(t.Context(), h.outbound(user, "x")); err == nil || !strings.Contains(err.Error(), "appsecret_proof") {
		t.Errorf("another secret: %v", err)
	}
	h.conf.PageToken = ""
	silent := h.process(h.store)
	if _, err := silent.Send(t.Context(), h.outbound(user, "x")); !isLater(err) || len(silent.Health().Problems) != 1 || silent.Health().Speaks {
		t.Errorf("no token: %v", err)
	}
}

func TestLimitsKeepEverybodyQuiet(t *testing.T) {
	h := newHouse(t, func(s *simulator.FacebookSettings) { s.PerMinute = 5 })
	user := h.citizen()
	sent := 0
	var later *ticketing.LaterError
	for range 20 {
		_, err := h.ch.Send(t.Context(), h.outbound(user, "x"))
		switch {
		case err == nil:
			sent++
		case !errors.As(err, &later) || later.After <= 0 || later.After > 2*time.Minute:
			t.Error(err)
		}
	}
	if sent != 5 {
		t.Errorf("%d went within the minute", sent)
	}
	h.sim.Fail(simulator.FacebookFault{Path: "/messages", Code: 1})
	if _, err := h.ch.Send(t.Context(), h.outbound(user, "x")); !isLater(err) || h.sim.Faults() != 1 {
		t.Errorf("it called although it is to be quiet: %v", err)
	}
	h.clock.Advance(2 * time.Minute)
	h.sim.Fail(simulator.FacebookFault{Path: "/messages", Code: 1})
	_, _ = h.ch.Send(t.Context(), h.outbound(user, "x"))
	if _, err := h.ch.Send(t.Context(), h.outbound(user, "x")); err == nil || isLater(err) {
		t.Errorf("%v", err)
	}
	if _, err := h.ch.Send(t.Context(), h.outbound(user, "x")); err != nil {
		t.Error(err)
	}
}

func TestTheHeadersOfAGoodAnswerAreHeeded(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	for _, c := range []struct {
		name, value string
		want        time.Duration
	}{
		{"X-App-Usage", `{"call_count":99}`, 0},
		{"X-App-Usage", `{"call_count":100}`, time.Minute},
		{"X-Business-Use-Case-Usage", `{"1":[{"type":"messenger","call_count":100,"estimated_time_to_regain_access":7}]}`, 7 * time.Minute},
		{"X-Business-Use-Case-Usage", `{"1":[{"estimated_time_to_regain_access":600}]}`, time.Hour},
	} {
		h.clock.Advance(2 * time.Hour)
		h.sim.Fail(simulator.FacebookFault{Path: "/messages", Header: map[string]string{c.name: c.value}})
		m := h.outbound(user, "x")
		m.Human = true
		m.Heard = time.Time{}
		if _, err := h.ch.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if got := h.ch.hush(); got != c.want {
			t.Errorf("%s: quiet for %s, want %s", c.value, got, c.want)
		}
	}
}

func TestAnAnswerThatIsLostIsSaidToBeUnsure(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	h.ch.patience = 300 * time.Millisecond
	faults := []simulator.FacebookFault{
		{Drop: true, Done: true}, {Status: 500, Done: true}, {Slow: 5 * time.Second, Done: true}, {Drop: true}, {Status: 500, Code: 2},
	}
	for _, f := range faults {
		f.Path = "/messages"
		h.sim.Fail(f)
		_, err := h.ch.Send(t.Context(), h.outbound(user, "x"))
		if !isUnsure(err) || !strings.Contains(err.Error(), "hai lần") || strings.Contains(err.Error(), h.sim.Graph()) || strings.Contains(err.Error(), token) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	if n := len(h.sim.Inbox(user)); n != 3 {
		t.Errorf("%d arrived", n)
	}
	h.sim.Fail(simulator.FacebookFault{Path: "/messages", Status: 404})
	if _, err := h.ch.Send(t.Context(), h.outbound(user, "x")); err == nil || isUnsure(err) || errors.Is(err, ticketing.ErrRefused) {
		t.Errorf("404 without a word: %v", err)
	}
	file, err := h.files.Save(t.Context(), bytes.NewReader(noise(16)), "a.jpg")
	must(t, err)
	h.ch.uploadPatience = 300 * time.Millisecond
	h.sim.Fail(simulator.FacebookFault{Path: "/message_attachments", Slow: 5 * time.Second})
	if _, err := h.ch.Send(t.Context(), h.outbound(user, "", file)); err == nil || isUnsure(err) || errors.Is(err, ticketing.ErrRefused) {
		t.Errorf("an upload hurts nobody: %v", err)
	}
	must(t, h.sim.Close())
	if _, err := h.ch.Send(t.Context(), h.outbound(user, "x")); err == nil || isUnsure(err) || strings.Contains(err.Error(), h.sim.Graph()) {
		t.Errorf("nobody listens, so nothing was sent: %v", err)
	}
}

func TestTheTokenIsNotCarriedElsewhere(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	var asked atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(elsewhere.Close)
	h.sim.Fail(simulator.FacebookFault{Path: "/messages", Status: http.StatusTemporaryRedirect, Header: map[string]string{"Location": elsewhere.URL}})
	if _, err := h.ch.Send(t.Context(), h.outbound(user, "x")); err == nil || errors.Is(err, ticketing.ErrRefused) || asked.Load() != 0 {
		t.Errorf("%v, asked %d times", err, asked.Load())
	}
}

// The echo tells what the lost answer would have told: the next try, of whichever process, sends nothing.
func TestTheEchoAnswersWhetherItWasSent(t *testing.T) {
	h := newHouse(t, func(s *simulator.FacebookSettings) { s.Mood.Echo = true })
	user := h.citizen()
	tk := h.only()
	h.ch.patience = 300 * time.Millisecond
	m := h.outbound(user, "x")
	m.Ticket = tk.Code
	for _, f := range []simulator.FacebookFault{{Drop: true, Done: true}, {Status: 502, Done: true}, {Slow: 5 * time.Second, Done: true}} {
		had := len(h.texts(user))
		f.Path = "/messages"
		h.sim.Fail(f)
		m.N, m.Try = m.N+1, 1
		if _, err := h.ch.Send(t.Context(), m); !isUnsure(err) {
			t.Fatalf("%v", err)
		}
		m.Try = 2
		receipt, err := h.process(h.store).Send(t.Context(), m)
		must(t, err)
		inbox := h.sim.Inbox(user)
		if len(inbox) != had+1 || receipt != inbox[had].ID {
			t.Errorf("%+v: %d messages, receipt %q", f, len(inbox)-had, receipt)
		}
	}
	long := m // of three parts, the second of which is lost
	long.N, long.Try, long.Text = 90, 1, strings.Repeat("Một câu dài. ", 400)
	had := len(h.texts(user))
	h.sim.Fail(simulator.FacebookFault{Path: "/messages"}, simulator.FacebookFault{Path: "/messages", Drop: true, Done: true})
	if _, err := h.ch.Send(t.Context(), long); !isUnsure(err) {
		t.Fatalf("%v", err)
	}
	long.Try = 2
	receipt, err := h.process(h.store).Send(t.Context(), long)
	must(t, err)
	var ids []string
	for _, in := range h.sim.Inbox(user)[had:] {
		ids = append(ids, in.ID)
	}
	if len(ids) != 3 || receipt != strings.Join(ids, ",") {
		t.Errorf("%d parts, receipt %q", len(ids), receipt)
	}
	h.sim.Fail(simulator.FacebookFault{Path: "/messages", Drop: true, Done: true, Mute: true}) // no echo: it comes twice
	m.N, m.Try = m.N+1, 1
	if _, err := h.ch.Send(t.Context(), m); !isUnsure(err) {
		t.Fatalf("%v", err)
	}
	had = len(h.texts(user))
	m.Try = 2
	if _, err := h.ch.Send(t.Context(), m); err != nil || len(h.texts(user)) != had+1 {
		t.Errorf("%v, %d more", err, len(h.texts(user))-had)
	}
	if n := h.count(tk.Code, ticketing.Noted); n != 0 {
		t.Errorf("%d of our own messages are taken for a colleague's", n)
	}
}

func TestTheAnswerReachesTheCitizen(t *testing.T) {
	h := newHouse(t, func(s *simulator.FacebookSettings) { s.Mood.Echo = true })
	h.work(h.courier().Run)
	h.work(h.ch.Run)
	user := h.citizen()
	if _, err := h.sim.Await(h.soon(), user, 1); err != nil {
		t.Fatal(err)
	}
	tk := h.only()
	h.do(tk.Code, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Đã thay bóng đèn.", Outcome: ticketing.Done})
	got, err := h.sim.Await(h.soon(), user, 2)
	must(t, err)
	if !strings.Contains(got[1].Text, "Đã thay bóng đèn.") {
		t.Errorf("%q", got[1].Text)
	}
	done := h.until(tk.Code, func(t ticketing.Ticket) bool { return t.NextSend().IsZero() })
	for i, d := range done.Sending {
		if d.State != ticketing.Delivered || d.Receipt != got[i].ID {
			t.Errorf("%+v, receipt %s", d, got[i].ID)
		}
	}
}

// Everything that can go wrong, with two couriers on one store: nothing is lost, the order holds, and only what
// nobody could know comes twice.
func TestCouriersInAStorm(t *testing.T) {
	h := newHouse(t, func(s *simulator.FacebookSettings) { s.Mood.Echo = true })
	other := h.process(h.store)
	h.ch.patience, other.patience = 500*time.Millisecond, 500*time.Millisecond
	second := &ticketing.Courier{Desk: other.Desk, Senders: map[ticketing.Channel]ticketing.Sender{ticketing.Facebook: other}, Log: other.Log}
	user := h.citizen()
	tk := h.only()
	var want []string
	for i := range 6 {
		want = append(want, fmt.Sprintf("Tin %d", i))
		tk = h.do(tk.Code, ticketing.Command{Verb: ticketing.Message, Text: want[i]})
	}
	unsure := 0
	for _, f := range []simulator.FacebookFault{
		{Code: 613}, {Code: 2}, {Status: 503}, {}, {Drop: true}, {Code: 613, Subcode: 1893016}, {Code: 190, Subcode: 463},
		{Drop: true, Done: true}, {Code: 4}, {Status: 500, Done: true, Mute: true}, {Code: 10, Subcode: 1893063},
		{Slow: 3 * time.Second, Done: true, Mute: true}, {Code: 777},
	} {
		if f.Mute { // with the echo it is known to have gone
			unsure++
		}
		f.Path = "/messages"
		h.sim.Fail(f)
	}
	stop1, stop2 := h.work(h.courier().Run), h.work(second.Run)
	h.until(tk.Code, func(t ticketing.Ticket) bool {
		if next := t.NextSend(); !next.IsZero() && next.After(h.clock.Now()) && waits(t) {
			h.clock.Advance(next.Sub(h.clock.Now()))
			_, err := h.desk.Receive(h.Context(), operator, ticketing.Incoming{Channel: ticketing.Web, Text: "x"})
			must(h.TB, err) // any other matter wakes the couriers
		}
		return t.NextSend().IsZero()
	})
	stop1()
	stop2()
	if n := h.sim.Faults(); n != 0 {
		t.Errorf("%d faults never happened", n)
	}
	got := h.texts(user)
	once := slices.Compact(slices.Clone(got))
	if !slices.Equal(once[1:], want) {
		t.Errorf("in order and each at least once: %q", got)
	}
	if len(got)-len(once) != unsure {
		t.Errorf("%d came twice, %d were unsure", len(got)-len(once), unsure)
	}
	if failures := h.count(tk.Code, ticketing.SendFailed); failures < 10 {
		t.Errorf("only %d failures", failures)
	}
}

// waits says that the next message is in a pause, not under way.
func waits(t ticketing.Ticket) bool {
	for _, d := range t.Sending {
		if !d.Settled() {
			return d.State == ticketing.Retry
		}
	}
	return false
}

package zalo

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

// reader is a person who may be written to.
func (h *house) reader() string {
	h.Helper()
	user := h.sim.Citizen("Trần Thị Bình")
	h.sim.Follow(user)
	h.settled()
	return user
}

func (h *house) texts(user string) (all []string) {
	for _, m := range h.sim.Inbox(user) {
		all = append(all, m.Text)
	}
	return all
}

func TestALongMessageGoesInPartsAndNoneTwice(t *testing.T) {
	h := newHouse(t)
	user := h.reader()
	var want []string
	for i := range 3 {
		want = append(want, fmt.Sprintf("Đoạn %d: ", i)+strings.TrimSpace(strings.Repeat("đường ", 300))+".")
	}
	m := outbound(user, strings.Join(want, "\n\n"))
	h.sim.Fail(simulator.ZaloFault{Path: "/cs"}, simulator.ZaloFault{Path: "/cs", Code: -200})
	if _, err := h.ch.Send(t.Context(), m); err == nil || !strings.Contains(err.Error(), "1/3") {
		t.Fatalf("%v", err)
	}
	if got := h.texts(user); !slices.Equal(got, want[:1]) {
		t.Fatalf("%d parts", len(got))
	}
	h.ch = h.process(h.store) // another process tries again
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
	if left, err := h.store.History(t.Context(), kindSent, progressID(m)); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}

func TestLengthIsCountedAfterComposing(t *testing.T) {
	h := newHouse(t)
	user := h.reader()
	decomposed := strings.Repeat("e\u0302\u0301 ", 1000) // ế in three runes: 4,000 of them, composed 2,000
	if _, err := h.ch.Send(t.Context(), outbound(user, decomposed)); err != nil {
		t.Fatal(err)
	}
	if got := h.texts(user); len(got) != 1 || len([]rune(got[0])) != 1999 {
		t.Errorf("%d parts", len(got))
	}
}

func TestFilesGoInTheFormZaloTakes(t *testing.T) {
	h := newHouse(t)
	user := h.reader()
	big := noise(1150)
	if len(big) <= maxPicture {
		t.Fatalf("the picture has only %d bytes", len(big))
	}
	var files []ticketing.File
	for _, f := range []struct {
		name string
		data []byte
	}{{"hiện trường.jpg", noise(64)}, {"lớn.jpg", big}, {"Công văn.PDF", []byte("%PDF-1.7 x")}, {"ghi chú.txt", []byte("chữ thường")}} {
		file, err := h.files.Save(t.Context(), bytes.NewReader(f.data), f.name)
		must(t, err)
		files = append(files, file)
	}
	files = append(files, ticketing.File{ID: strings.Repeat("0", 32), Name: "mất.pdf", Type: "application/pdf", Size: 3})
	if _, err := h.ch.Send(t.Context(), outbound(user, "Xem ảnh", files...)); err != nil {
		t.Fatal(err)
	}
	got := h.sim.Inbox(user)
	if len(got) != 6 {
		t.Fatalf("%d messages", len(got))
	}
	for i, want := range []struct{ kind, text string }{
		{"text", "Xem ảnh"}, {"image", "Ảnh 1/5"}, {"image", "Ảnh 2/5"}, {"file", ""},
		{"text", "Tệp “ghi chú.txt” xem tại https://1022.example.vn/t/AAAABBBBCCCC"},
		{"text", "Tệp “mất.pdf” xem tại https://1022.example.vn/t/AAAABBBBCCCC"},
	} {
		if got[i].Kind != want.kind || got[i].Text != want.text {
			t.Errorf("%d: %s %q", i, got[i].Kind, got[i].Text)
		}
	}
	if got[3].Name != "Công văn.pdf" || len(got[2].Data) > maxPicture {
		t.Errorf("%q, %d bytes", got[3].Name, len(got[2].Data))
	}
}

func TestWhatFollowsFromEachCode(t *testing.T) {
	h := newHouse(t)
	h.ch.Template = ""
	user := h.reader()
	night := time.Date(2026, 11, 23, 23, 30, 0, 0, ticketing.Zone)
	h.clock.Advance(night.Sub(h.clock.Now()) + 20*time.Second)
	send := func(code int) error {
		h.clock.Advance(2 * time.Minute) // out of the quiet that -32 leaves
		h.sim.Fail(simulator.ZaloFault{Path: "/cs", Code: code})
		_, err := h.ch.Send(t.Context(), outbound(user, "Trả lời"))
		return err
	}
	for code, rule := range codes {
		if rule.do == renew {
			continue // has a test of its own
		}
		err := send(code)
		var later *ticketing.LaterError
		var said string
		switch isWait := errors.As(err, &later); {
		case rule.do == never && !errors.Is(err, ticketing.ErrRefused),
			rule.do == again && (isWait || errors.Is(err, ticketing.ErrRefused)),
			(rule.do == wait || rule.do == people) && (!isWait || later.After <= 0):
			t.Errorf("%d: %v", code, err)
		default:
			said = err.Error()
		}
		if !strings.Contains(said, fmt.Sprint(code)) || strings.Contains(said, "⟦") {
			t.Errorf("%d is told as %q", code, said)
		}
		if alarmed := len(h.problems()) > 0; alarmed != (rule.do == people) {
			t.Errorf("%d: alarm %v", code, alarmed)
		}
		h.ch.allClear(h.problems()...)
	}
	if err := send(-9999); err == nil || errors.Is(err, ticketing.ErrRefused) || isLater(err) {
		t.Errorf("an unknown code: %v", err)
	}
	var later *ticketing.LaterError
	if err := send(-234); !errors.As(err, &later) || h.clock.Now().Add(later.After).In(ticketing.Zone).Format("15:04") != "06:00" {
		t.Errorf("at night: %v", err)
	}
	if err := send(-32); !errors.As(err, &later) || later.After > 61*time.Second {
		t.Errorf("over the rate: %v", err)
	}
	h.sim.Fail(simulator.ZaloFault{Path: "/cs", Code: -201})
	if _, err := h.ch.Send(t.Context(), outbound(user, "x")); !isLater(err) || h.sim.Faults() != 1 {
		t.Errorf("it called although the minute is used up: %v", err)
	}
	if n := len(h.sim.Inbox(user)); n != 0 {
		t.Errorf("%d messages arrived", n)
	}
}

func TestThePlatformsOwnRefusals(t *testing.T) {
	h := newHouse(t, func(s *simulator.ZaloSettings) { s.PerMinute = 6 })
	h.ch.Template = ""
	gone, silent, blocked := h.reader(), h.reader(), h.reader()
	h.sim.Unfollow(gone)
	h.sim.Block(blocked)
	h.settled()
	h.clock.Advance(49 * time.Hour)
	if _, err := h.ch.Send(t.Context(), outbound(silent, "còn trong 7 ngày")); err != nil {
		t.Fatal(err)
	}
	if got := h.sim.Inbox(silent)[0].Quota; got != "purchase_quota" {
		t.Error(got)
	}
	h.clock.Advance(6 * 24 * time.Hour)
	for user, code := range map[string]string{gone: "-213", silent: "-230", blocked: "-244", "999": "-201", anonymous + "1": "ẩn danh"} {
		if _, err := h.ch.Send(t.Context(), outbound(user, "x")); !errors.Is(err, ticketing.ErrRefused) || !strings.Contains(err.Error(), code) {
			t.Errorf("%s: %v", code, err)
		}
	}
	h.sim.Follow(silent)
	h.settled()
	sent := 0
	for range 20 {
		if _, err := h.ch.Send(t.Context(), outbound(silent, "x")); err == nil {
			sent++
		} else if !isLater(err) {
			t.Error(err)
		}
	}
	if sent != 2 {
		t.Errorf("%d went within the minute", sent)
	}
	h.clock.Advance(time.Minute + time.Second)
	if _, err := h.ch.Send(t.Context(), outbound(silent, "x")); err != nil {
		t.Error(err)
	}
}

func TestAnAnswerThatIsLostIsSaidToBeUnsure(t *testing.T) {
	h := newHouse(t)
	user := h.reader()
	h.ch.http.Timeout = 300 * time.Millisecond
	for _, f := range []simulator.ZaloFault{
		{Drop: true, Done: true}, {Status: 500, Done: true}, {Slow: 5 * time.Second, Done: true}, {Drop: true},
	} {
		f.Path = "/cs"
		h.sim.Fail(f)
		_, err := h.ch.Send(t.Context(), outbound(user, "x"))
		var unsure *unsureError
		if !errors.As(err, &unsure) || !strings.Contains(err.Error(), "hai lần") || strings.Contains(err.Error(), h.sim.URL()) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	if n := len(h.sim.Inbox(user)); n != 3 {
		t.Errorf("%d arrived", n)
	}
	must(t, h.sim.Close())
	var unsure *unsureError
	if _, err := h.ch.Send(t.Context(), outbound(user, "x")); err == nil || errors.As(err, &unsure) {
		t.Errorf("nobody listens, so nothing was sent: %v", err)
	}
}

func TestTheAnswerReachesTheCitizen(t *testing.T) {
	h := newHouse(t)
	h.work(h.courier().Run)
	h.work(h.ch.Run)
	user := h.sim.Citizen("Trần Thị Bình")
	h.sim.Say(user, "Đèn đường hỏng")
	if _, err := h.sim.Await(h.soon(), user, 1); err != nil {
		t.Fatal(err)
	}
	tk := h.only()
	operator := ticketing.Actor{ID: "lan", Role: ticketing.Operator}
	tk, err := h.desk.Do(t.Context(), operator, tk.Code, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Đã thay bóng đèn.", Outcome: ticketing.Done})
	must(t, err)
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
	h := newHouse(t)
	other := h.process(h.store)
	h.ch.http.Timeout, other.http.Timeout = 500*time.Millisecond, 500*time.Millisecond
	second := &ticketing.Courier{Desk: other.Desk, Senders: map[ticketing.Channel]ticketing.Sender{ticketing.Zalo: other}, Log: other.Log}
	user := h.sim.Citizen("Bình")
	h.sim.Say(user, "Đèn đường hỏng")
	h.settled()
	tk := h.only()
	operator := ticketing.Actor{ID: "lan", Role: ticketing.Operator}
	var want []string
	for i := range 6 {
		want = append(want, fmt.Sprintf("Tin %d", i))
		var err error
		tk, err = h.desk.Do(t.Context(), operator, tk.Code, ticketing.Command{Verb: ticketing.Message, Text: want[i]})
		must(t, err)
	}
	unsure := 0
	for _, f := range []simulator.ZaloFault{
		{Code: -32}, {Code: -200}, {Status: 503}, {}, {Drop: true}, {Code: -218}, {Code: -204}, {Drop: true, Done: true},
		{Code: -216}, {Status: 500, Done: true}, {Code: -234}, {Slow: 3 * time.Second, Done: true}, {Code: -777},
	} {
		if f.Done {
			unsure++
		}
		f.Path = "/cs"
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
	failures := h.count(tk.Code, ticketing.SendFailed)
	if failures < 10 {
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

func TestChoicesAreNumberedLines(t *testing.T) {
	h := newHouse(t)
	user := h.reader()
	m := outbound(user, "Anh/chị cần gì ạ?")
	m.Choices = []ticketing.Choice{{Label: "Gửi phản ánh", Data: "menu:report"}, {Label: "Gặp tổng đài viên", Data: "menu:person"}}
	if _, err := h.ch.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := h.texts(user); len(got) != 1 || got[0] != "Anh/chị cần gì ạ?\n\n1. Gửi phản ánh\n2. Gặp tổng đài viên" {
		t.Errorf("%q", got)
	}
}

package telegram

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

func (h *house) texts(chat int64) (all []string) {
	for _, m := range h.sim.Inbox(chat) {
		all = append(all, m.Text)
	}
	return all
}

func isLater(err error) bool {
	var later *ticketing.LaterError
	return errors.As(err, &later)
}

func isUnsure(err error) bool {
	var unsure *unsureError
	return errors.As(err, &unsure)
}

func TestALongMessageGoesInPartsAndNoneTwice(t *testing.T) {
	h := newHouse(t)
	an := h.sim.Citizen("An", "")
	var want []string
	for i := range 3 {
		want = append(want, fmt.Sprintf("Đoạn %d: ", i)+strings.TrimSpace(strings.Repeat("đường ", 600))+" 😀.")
	}
	m := outbound(an, strings.Join(want, "\n\n"))
	m.Choices = []ticketing.Choice{{Label: "Đã rõ", Data: "ok"}}
	h.sim.Fail(simulator.TelegramFault{Method: "sendMessage"}, simulator.TelegramFault{Method: "sendMessage", Code: 400, Says: "Bad Request: x"})
	if _, err := h.ch.Send(t.Context(), m); !errors.Is(err, ticketing.ErrRefused) || !strings.Contains(err.Error(), "1/3") {
		t.Fatalf("%v", err)
	}
	if got := h.texts(an); !slices.Equal(got, want[:1]) {
		t.Fatalf("%d parts", len(got))
	}
	h.ch = h.process(h.store) // another process tries again
	receipt, err := h.ch.Send(t.Context(), m)
	must(t, err)
	if got := h.texts(an); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	ids := strings.Split(receipt, ",")
	for i, in := range h.sim.Inbox(an) {
		if ids[i] != fmt.Sprint(in.ID) {
			t.Errorf("receipt %d is %s, want %d", i, ids[i], in.ID)
		}
		if last := i == 2; (len(in.Buttons) == 1) != last {
			t.Errorf("part %d has %d buttons", i, len(in.Buttons))
		}
		if in.Preview {
			t.Error("Telegram may look at the citizen's page")
		}
	}
	if left, err := h.store.History(t.Context(), kindSent, progressID(m)); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}

func TestFilesGoInTheFormTelegramTakes(t *testing.T) {
	h := newHouse(t)
	an := h.sim.Citizen("An", "")
	var files []ticketing.File
	for _, f := range []struct {
		name string
		data []byte
	}{{"hiện trường.jpg", noise(64, 48)}, {"dải.jpg", noise(900, 20)}, {"Công văn.PDF", []byte("%PDF-1.7 x")}, {"ghi chú.txt", []byte("chữ thường")}} {
		file, err := h.files.Save(t.Context(), bytes.NewReader(f.data), f.name)
		must(t, err)
		files = append(files, file)
	}
	files = append(files, ticketing.File{ID: strings.Repeat("0", 32), Name: "mất.pdf", Type: "application/pdf", Size: 3})
	m := outbound(an, "Xem ảnh", files...)
	m.Choices = []ticketing.Choice{{Label: "Đã rõ", Data: "ok"}}
	if _, err := h.ch.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := h.sim.Inbox(an)
	if len(got) != 6 {
		t.Fatalf("%d messages", len(got))
	}
	for i, want := range []struct{ kind, text, name string }{
		{"text", "Xem ảnh", ""}, {"photo", "", "hiện trường.jpg"}, {"document", "", "dải.jpg"}, {"document", "", "Công văn.PDF"},
		{"document", "", "ghi chú.txt"}, {"text", "Tệp “mất.pdf” xem tại https://1022.example.vn/t/AAAABBBBCCCC", ""},
	} {
		if got[i].Kind != want.kind || got[i].Text != want.text || got[i].Name != want.name || (len(got[i].Buttons) == 1) != (i == 5) {
			t.Errorf("%d: %s %q %q, %d buttons", i, got[i].Kind, got[i].Text, got[i].Name, len(got[i].Buttons))
		}
	}
	if string(got[3].Data) != "%PDF-1.7 x" {
		t.Errorf("%q", got[3].Data)
	}
	h.sim.Fail(simulator.TelegramFault{Method: "sendPhoto", Code: 400, Says: "Bad Request: PHOTO_INVALID_DIMENSIONS"})
	if _, err := h.ch.Send(t.Context(), outbound(an, "", files[0])); err != nil {
		t.Fatal(err)
	}
	if got := h.sim.Inbox(an); got[6].Kind != "document" {
		t.Errorf("a picture Telegram cannot read went as %s", got[6].Kind)
	}
}

const never, postponed, again, unsure = "never", "later", "again", "unsure"

// follows is what the courier will do.
func follows(err error) string {
	switch {
	case errors.Is(err, ticketing.ErrRefused):
		return never
	case isLater(err):
		return postponed
	case isUnsure(err):
		return unsure
	}
	return again
}

func TestWhatFollowsFromEachRefusal(t *testing.T) {
	h := newHouse(t)
	an := h.sim.Citizen("An", "")
	for _, c := range []struct {
		fault simulator.TelegramFault
		want  string
		words string
	}{
		{simulator.TelegramFault{Code: 403, Says: "Forbidden: bot was blocked by the user"}, never, "đã chặn"},
		{simulator.TelegramFault{Code: 403, Says: "Forbidden: user is deactivated"}, never, "không còn"},
		{simulator.TelegramFault{Code: 403, Says: "Forbidden: bot can't initiate conversation with a user"}, never, "chưa từng nhắn"},
		{simulator.TelegramFault{Code: 403, Says: "Forbidden: something of 2027"}, never, "something of 2027"},
		{simulator.TelegramFault{Code: 400, Says: "Bad Request: chat not found"}, never, "không tìm thấy"},
		{simulator.TelegramFault{Code: 400, Says: "Bad Request: message is too long"}, never, "không chấp nhận"},
		{simulator.TelegramFault{Code: 401, Says: "Unauthorized"}, postponed, "mã của bot"},
		{simulator.TelegramFault{Code: 404, Says: "Not Found"}, postponed, "mã của bot"},
		{simulator.TelegramFault{Code: 429, Says: "Too Many Requests: retry after 17", RetryAfter: 17}, postponed, "giới hạn"},
		{simulator.TelegramFault{Code: 409, Says: "Conflict: x"}, again, ""},
		{simulator.TelegramFault{Code: 413, Says: "Request Entity Too Large"}, never, "413"},
		{simulator.TelegramFault{Code: 500, Says: "Internal Server Error"}, unsure, "hai lần"},
		{simulator.TelegramFault{Status: 502}, unsure, "hai lần"},
		{simulator.TelegramFault{Status: 403}, again, "403"},
		{simulator.TelegramFault{Status: 302}, again, "302"},
		{simulator.TelegramFault{Drop: true}, unsure, "hai lần"},
		{simulator.TelegramFault{Body: "<html>"}, unsure, "hai lần"},
		{simulator.TelegramFault{Body: `{"description":"no ok"}`}, unsure, "hai lần"},
	} {
		h.pace.Advance(2 * time.Minute) // out of the quiet that 429 leaves
		c.fault.Method = "sendMessage"
		h.sim.Fail(c.fault)
		_, err := h.ch.Send(t.Context(), outbound(an, "Trả lời"))
		if err == nil {
			t.Errorf("%+v: nothing", c.fault)
			continue
		}
		got := follows(err)
		if got != c.want || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), "⟦") || strings.Contains(err.Error(), "AAHdq") ||
			strings.Contains(err.Error(), "<html>") || strings.Contains(err.Error(), h.sim.URL()) {
			t.Errorf("%+v: %s, %v", c.fault, got, err)
		}
	}
	if n := h.sim.Faults(); n != 0 {
		t.Errorf("%d never happened", n)
	}
	if n := len(h.sim.Inbox(an)); n != 0 {
		t.Errorf("%d messages arrived", n)
	}
	if p := h.ch.Health().Problems; len(p) != 1 || p[0].Key != "telegram.alarm.token" || p[0].Times != 2 {
		t.Errorf("%+v", p)
	}
	h.pace.Advance(2 * time.Minute)
	if _, err := h.ch.Send(t.Context(), outbound(an, "Trả lời")); err != nil || len(h.ch.Health().Problems) != 0 {
		t.Errorf("%v, %+v", err, h.ch.Health().Problems)
	}
}

func TestAYesThatCannotBeReadIsAYes(t *testing.T) {
	h := newHouse(t)
	an := h.sim.Citizen("An", "")
	h.sim.Fail(simulator.TelegramFault{Method: "sendMessage", Body: `{"ok":true,"result":{"message_id":"many"}}`})
	if receipt, err := h.ch.Send(t.Context(), outbound(an, "x")); err != nil || receipt != "" {
		t.Errorf("%q %v: it would be sent again and again", receipt, err)
	}
}

func TestThePlatformsOwnRefusals(t *testing.T) {
	h := newHouse(t)
	an, stranger, group := h.sim.Citizen("An", ""), h.sim.Stranger(), h.sim.Group()
	blocked := h.sim.Citizen("B", "")
	h.sim.Block(blocked)
	h.sim.Move(group, an)
	for chat, words := range map[int64]string{stranger: "chưa từng nhắn", blocked: "đã chặn", 999: "không tìm thấy"} {
		if _, err := h.ch.Send(t.Context(), outbound(chat, "x")); !errors.Is(err, ticketing.ErrRefused) || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", words, err)
		}
	}
	if _, err := h.ch.Send(t.Context(), outbound(group, "đi theo")); err != nil || len(h.texts(an)) != 1 {
		t.Errorf("a chat that moved: %v", err)
	}
	m := outbound(an, "x")
	for _, to := range []string{"", "bình", "1e9"} {
		m.To = to
		if _, err := h.ch.Send(t.Context(), m); !errors.Is(err, ticketing.ErrRefused) {
			t.Errorf("to %q: %v", to, err)
		}
	}
	if _, err := h.ch.Send(t.Context(), outbound(an, " \n")); !errors.Is(err, ticketing.ErrRefused) {
		t.Errorf("nothing to say: %v", err)
	}
	h.conf = Config{}
	if _, err := h.process(h.store).Send(t.Context(), outbound(an, "x")); !isLater(err) {
		t.Errorf("while it is off: %v", err)
	}
}

func TestAnAnswerThatIsLostIsSaidToBeUnsure(t *testing.T) {
	h := newHouse(t)
	an := h.sim.Citizen("An", "")
	h.ch.wire.client.Timeout = 300 * time.Millisecond
	for _, f := range []simulator.TelegramFault{
		{Drop: true, Done: true}, {Status: 500, Done: true}, {Slow: 5 * time.Second, Done: true}, {Drop: true},
	} {
		f.Method = "sendMessage"
		h.sim.Fail(f)
		if _, err := h.ch.Send(t.Context(), outbound(an, "x")); !isUnsure(err) || strings.Contains(err.Error(), token) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	if n := len(h.sim.Inbox(an)); n != 3 {
		t.Errorf("%d arrived", n)
	}
	must(t, h.sim.Close())
	if _, err := h.ch.Send(t.Context(), outbound(an, "x")); err == nil || isUnsure(err) || strings.Contains(err.Error(), token) {
		t.Errorf("nobody listens, so nothing was sent: %v", err)
	}
}

func TestTheLimitsAreKeptBeforeTelegramSaysSo(t *testing.T) {
	h := newHouse(t) // the simulator allows what Telegram allows, by the same clock
	var chats []int64
	for i := range 40 {
		chats = append(chats, h.sim.Citizen(fmt.Sprint(i), ""))
	}
	began := h.pace.Now()
	for range 3 {
		for _, chat := range chats {
			if _, err := h.ch.Send(t.Context(), outbound(chat, "x")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if took := h.pace.Now().Sub(began); took < 3*time.Second || took > 6*time.Second {
		t.Errorf("120 messages took %v", took)
	}
	began = h.pace.Now()
	for range 3 {
		if _, err := h.ch.Send(t.Context(), outbound(chats[0], "x")); err != nil {
			t.Fatal(err)
		}
	}
	if took := h.pace.Now().Sub(began); took < 2*time.Second || took > 4*time.Second {
		t.Errorf("three messages to one chat took %v", took)
	}
	if n := h.ch.Health().Counts["too many requests"]; n != 0 {
		t.Errorf("Telegram had to say so %d times", n)
	}
}

func TestARetryAfterIsObeyed(t *testing.T) {
	h := newHouse(t)
	an, binh := h.sim.Citizen("An", ""), h.sim.Citizen("Bình", "")
	h.sim.Fail(simulator.TelegramFault{Method: "sendMessage", Code: 429, Says: "Too Many Requests: retry after 300", RetryAfter: 300})
	var later *ticketing.LaterError
	if _, err := h.ch.Send(t.Context(), outbound(an, "x")); !errors.As(err, &later) || later.After != 300*time.Second {
		t.Fatalf("%v", err)
	}
	calls := h.sim.Calls("sendMessage")
	if _, err := h.ch.Send(t.Context(), outbound(an, "x")); !errors.As(err, &later) || later.After < 299*time.Second {
		t.Errorf("the same chat: %v", err)
	}
	if _, err := h.ch.Send(t.Context(), outbound(binh, "x")); !errors.As(err, &later) || later.After < 59*time.Second || later.After > time.Minute {
		t.Errorf("another chat: %v", err)
	}
	if h.sim.Calls("sendMessage") != calls {
		t.Error("it called although it was told not to")
	}
	h.pace.Advance(61 * time.Second)
	if _, err := h.ch.Send(t.Context(), outbound(binh, "x")); err != nil {
		t.Errorf("another chat after a minute: %v", err)
	}
	if _, err := h.ch.Send(t.Context(), outbound(an, "x")); !isLater(err) {
		t.Errorf("the same chat after a minute: %v", err)
	}
	h.pace.Advance(5 * time.Minute)
	if _, err := h.ch.Send(t.Context(), outbound(an, "x")); err != nil {
		t.Error(err)
	}
}

func TestTheAnswerReachesTheCitizen(t *testing.T) {
	h := newHouse(t)
	h.work(h.courier().Run)
	an := h.sim.Citizen("An", "Lê")
	h.sim.Say(an, "Đèn đường hỏng")
	if _, err := h.sim.Await(h.soon(), an, 1); err != nil {
		t.Fatal(err)
	}
	tk := h.only()
	h.answer(tk.Code, "Đã thay bóng đèn.")
	got, err := h.sim.Await(h.soon(), an, 2)
	must(t, err)
	if !strings.Contains(got[0].Text, "Mã theo dõi") || !strings.Contains(got[1].Text, "Đã thay bóng đèn.") {
		t.Errorf("%q", h.texts(an))
	}
	done := h.until(tk.Code, func(t ticketing.Ticket) bool { return t.NextSend().IsZero() })
	for i, d := range done.Sending {
		if d.State != ticketing.Delivered || d.Receipt != fmt.Sprint(got[i].ID) {
			t.Errorf("%+v, receipt %d", d, got[i].ID)
		}
	}
	if p := h.person(an); p.Name != "An Lê" {
		t.Errorf("known as %q", p.Name)
	}
}

// Everything that can go wrong, with two couriers on one store: nothing is lost, the order holds, and only what
// nobody could know comes twice.
func TestCouriersInAStorm(t *testing.T) {
	h := newHouse(t)
	other := h.process(h.store)
	h.ch.wire.client.Timeout, other.wire.client.Timeout = 500*time.Millisecond, 500*time.Millisecond
	second := &ticketing.Courier{Desk: other.Desk, Senders: map[ticketing.Channel]ticketing.Sender{ticketing.Telegram: other}, Log: other.Log}
	an := h.sim.Citizen("An", "")
	h.sim.Say(an, "Đèn đường hỏng")
	h.settled()
	tk := h.only()
	var want []string
	for i := range 6 {
		want = append(want, fmt.Sprintf("Tin %d", i))
		tk = h.do(tk.Code, ticketing.Command{Verb: ticketing.Message, Text: want[i]})
	}
	unsure := 0
	for _, f := range []simulator.TelegramFault{
		{Code: 429, RetryAfter: 2}, {Code: 500}, {Status: 503}, {}, {Drop: true}, {Code: 401}, {Drop: true, Done: true}, {Code: 409},
		{Status: 500, Done: true}, {Code: 429, RetryAfter: 40}, {Slow: 3 * time.Second, Done: true}, {Body: "<html>"},
	} {
		if f.Done {
			unsure++
		}
		f.Method = "sendMessage"
		h.sim.Fail(f)
	}
	stop1, stop2 := h.work(h.courier().Run), h.work(second.Run)
	h.until(tk.Code, func(t ticketing.Ticket) bool {
		if next := t.NextSend(); !next.IsZero() && next.After(h.clock.Now()) && waits(t) {
			h.pace.Advance(next.Sub(h.clock.Now()))
			h.clock.Advance(next.Sub(h.clock.Now()))
			_, err := h.desk.Receive(h.Context(), operator, ticketing.Incoming{Channel: ticketing.Web, Text: "x"})
			must(h.T, err) // any other matter wakes the couriers
		}
		return t.NextSend().IsZero()
	})
	stop1()
	stop2()
	if n := h.sim.Faults(); n != 0 {
		t.Errorf("%d faults never happened", n)
	}
	got := h.texts(an)
	once := slices.Compact(slices.Clone(got))
	if !slices.Equal(once[1:], want) {
		t.Errorf("in order and each at least once: %q", got)
	}
	if len(got)-len(once) != unsure {
		t.Errorf("%d came twice, %d were unsure", len(got)-len(once), unsure)
	}
	if failures := h.count(tk.Code, ticketing.SendFailed); failures < 9 {
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

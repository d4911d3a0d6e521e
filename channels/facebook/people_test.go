package facebook

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

func TestAConversationIsOneTicket(t *testing.T) {
	h := newHouse(t)
	user := h.sim.Citizen("Trần Thị", "Bình")
	mid := h.sim.Say(user, "Đèn đường hỏng")
	h.settled()
	h.sim.Edit(user, mid, "Đèn số 6", 1)
	h.sim.Edit(user, mid, "Đèn số 7", 2)
	h.sim.SendSticker(user, 144885145685752)
	h.sim.SendSticker(user, 369239263222822)
	h.sim.React(user, mid)
	h.sim.Follow(user, "bang-tin")
	h.sim.SendLocation(user, 16.0544, 108.2022)
	h.settled()
	h.sim.Press(user, "Gửi phản ánh", "menu:report", "cho-han")
	h.settled()
	tk := h.only()
	got := map[string]bool{}
	for _, e := range h.events(tk.Code) {
		got[e.Text] = true
		if strings.Contains(e.Key, user) {
			t.Errorf("the person's id is in the journal: %s", e.Key)
		}
	}
	for _, want := range []string{
		"Đèn đường hỏng", "[Đã sửa tin nhắn]\nĐèn số 6", "[Đã sửa tin nhắn]\nĐèn số 7", "[Nhãn dán]", "👍", "[Vị trí]",
		"Gửi phản ánh\n[Mở từ liên kết “cho-han”]",
	} {
		if !got[want] {
			t.Errorf("%q is missing in %v", want, got)
		}
	}
	if tk.Messages != 7 || tk.Location == nil || tk.Channel != ticketing.Facebook {
		t.Errorf("%d messages, %v, %s", tk.Messages, tk.Location, tk.Channel)
	}
	raw := strings.Replace(say("không mã", "m_9"), `"mid":"m_9",`, "", 1)
	for range 2 {
		if got := h.sim.Deliver(raw, sign(raw)); got != 200 {
			t.Error(got)
		}
	}
	all := h.tickets()
	if len(all) != 2 || all[1].Messages != 1 {
		t.Fatalf("a message without an id: %d tickets", len(all))
	}
	if key := h.events(all[1].Code)[0].Key; strings.Contains(key, "5820112233445566") {
		t.Errorf("the person's id is in the journal: %s", key)
	}
}

func TestAVeryLongMessageLosesNoWord(t *testing.T) {
	h := newHouse(t)
	user := h.sim.Citizen("Lê", "An")
	long := strings.TrimSpace(strings.Repeat("nước ngập. ", 1800)) // 19,799 characters
	h.sim.Say(user, long)
	h.settled()
	h.sim.Comment(user, "111", long)
	h.settled()
	for _, tk := range h.tickets() {
		var all []string
		for _, e := range h.events(tk.Code) {
			all = append(all, e.Text)
		}
		said := strings.Join(all, " ")
		if strings.Count(said, "nước ngập.") != 1800 || len(all) < 3 {
			t.Errorf("%d parts, %d sentences", len(all), strings.Count(said, "nước ngập."))
		}
	}
}

func TestNamesAreLookedUpAfterwards(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	select {
	case got := <-h.ch.names:
		must(t, h.ch.lookUp(t.Context(), got))
	default:
		t.Fatal("nobody was noted")
	}
	if got := h.person(user).Name; got != "Trần Thị Bình" {
		t.Errorf("known as %q", got)
	}
	h.sim.Fail(simulator.FacebookFault{Path: user, Code: 1})
	must(t, h.ch.lookUp(t.Context(), user))
	if h.sim.Faults() != 1 {
		t.Error("a known name was asked for again")
	}
	shy := h.sim.Citizen("Lê", "An")
	h.sim.Hide(shy)
	must(t, h.ch.lookUp(t.Context(), shy))
	if h.person(shy).Name != "" || h.ch.Health().Counts["nameless"] != 1 || len(h.problems()) != 0 {
		t.Errorf("%q %v %v", h.person(shy).Name, h.ch.Health().Counts, h.problems())
	}
	other := h.sim.Citizen("Võ", "Cúc")
	h.sim.Fail(simulator.FacebookFault{Path: other, Code: 4})
	if err := h.ch.lookUp(t.Context(), other); err == nil || h.ch.hush() == 0 {
		t.Errorf("over the limit: %v, quiet for %s", err, h.ch.hush())
	}
}

func TestTheNamesLoopAsksOnceAndStaysBehindMessages(t *testing.T) {
	h := newHouse(t)
	shy := h.sim.Citizen("Lê", "An")
	h.sim.Hide(shy)
	asked := make(chan string, 10)
	for _, id := range []string{shy, shy, shy} {
		h.ch.names <- id
	}
	h.sim.Fail(simulator.FacebookFault{Path: shy, Code: 100, Subcode: 33, Then: func() { asked <- "shy" }},
		simulator.FacebookFault{Path: shy, Code: 100, Subcode: 33, Then: func() { asked <- "shy again" }})
	known := h.sim.Citizen("Võ", "Cúc")
	h.ch.names <- known
	h.sim.Fail(simulator.FacebookFault{Path: known, Then: func() { asked <- "known" }})
	h.work(h.ch.lookUpNames)
	for _, want := range []string{"shy", "known"} {
		select {
		case got := <-asked:
			if got != want {
				t.Errorf("asked for %s, want %s", got, want)
			}
		case <-h.soon().Done():
			t.Fatalf("never asked for %s", want)
		}
	}
	h.ch.rest(time.Minute)
	late := h.sim.Citizen("A", "B")
	h.sim.Fail(simulator.FacebookFault{Path: late})
	h.ch.names <- late
	h.ch.names <- "" // taken when the one before is done with
	look, ctx := time.NewTicker(time.Millisecond), h.soon()
	defer look.Stop()
	for len(h.ch.names) > 0 {
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatal("the names are not taken")
		}
	}
	if h.sim.Faults() != 2 {
		t.Errorf("%d faults left: asked twice, or while everybody is to be quiet", h.sim.Faults())
	}
}

func TestFollowersAreCounted(t *testing.T) {
	h := newHouse(t)
	must(t, h.ch.countFollowers(t.Context()))
	if got := h.ch.Health(); got.Followers != 5400 || !got.Counted.Equal(h.clock.Now()) {
		t.Errorf("%d at %s", got.Followers, got.Counted)
	}
	h.sim.ExpireToken()
	if err := h.ch.countFollowers(t.Context()); err == nil || len(h.problems()) != 1 || h.problems()[0] != "facebook.alarm.token" {
		t.Errorf("a dead token is not noticed: %v %v", err, h.problems())
	}
	if got := h.ch.Health().Followers; got != 5400 {
		t.Errorf("forgot the last count: %d", got)
	}
}

func TestAPictureComesToTheTicketAfterTheMessage(t *testing.T) {
	h := newHouse(t)
	user := h.sim.Citizen("Trần", "Bình")
	h.sim.SendPicture(user, noise(64), "Ổ gà")
	h.sim.SendFile(user, "file", "đơn thư.pdf", []byte("%PDF-1.7 x"))
	h.settled()
	tk := h.only()
	if len(tk.Files) != 0 {
		t.Fatalf("%v", tk.Files)
	}
	for _, e := range h.events(tk.Code) {
		if strings.Contains(e.Text+e.Original, "/media/") {
			t.Error("the picture's address is in the journal")
		}
	}
	must(t, h.store.Close()) // the process dies here; another one finds what is to be done
	h.openStore()
	h.ch = h.process(h.store)
	h.desk = h.ch.Desk
	must(t, h.collector().Round(t.Context()))
	tk = h.only()
	names := ""
	for _, f := range tk.Files {
		names += f.Name + " " + f.Type + ";"
	}
	if len(tk.Files) != 2 || !strings.Contains(names, "đơn thư.pdf application/pdf") || !strings.Contains(names, "image/jpeg") {
		t.Errorf("%s", names)
	}
}

func TestAnAddressThatHasExpiredIsSaid(t *testing.T) {
	h := newHouse(t)
	user := h.sim.Citizen("Trần", "Bình")
	h.sim.SendPicture(user, noise(64), "")
	h.settled()
	h.clock.Advance(2 * time.Hour)
	must(t, h.collector().Round(t.Context()))
	if e := h.last(h.only().Code); e.Kind != ticketing.Attached || len(e.Files) != 0 || !strings.HasPrefix(e.Reason, "Không tải được") {
		t.Errorf("%+v", e)
	}
	raw := strings.Replace(say("kìa", "m_1"), `"mid"`, `"attachments":[{"type":"image","payload":{"url":"http://169.254.169.254/latest"}}],"mid"`, 1)
	if got := h.sim.Deliver(raw, sign(raw)); got != 200 {
		t.Fatal(got)
	}
	must(t, h.collector().Round(t.Context()))
	if e := h.last(h.tickets()[1].Code); e.Kind != ticketing.Attached || len(e.Files) != 0 || strings.Contains(e.Reason, "169.254") {
		t.Errorf("%+v", e)
	}
}

func TestReceiptsAreWrittenDown(t *testing.T) {
	h := newHouse(t)
	h.work(h.courier().Run)
	user := h.citizen()
	tk := h.only()
	sent := func(n int) {
		h.until(tk.Code, func(t ticketing.Ticket) bool { return t.NextSend().IsZero() && len(t.Sending) == n })
	}
	states := func() (all []ticketing.DeliveryState) {
		for _, d := range h.only().Sending {
			all = append(all, d.State)
		}
		return all
	}
	sent(1)
	h.sim.Arrive(user, true)
	h.settled()
	if got := states(); got[0] != ticketing.Arrived {
		t.Errorf("after the delivery: %v", got)
	}
	h.sim.Read(user)
	h.settled()
	if got := states(); got[0] != ticketing.Read {
		t.Errorf("after the reading: %v", got)
	}
	h.clock.Advance(time.Minute)
	h.do(tk.Code, ticketing.Command{Verb: ticketing.Message, Text: "hai"})
	sent(2)
	h.sim.Arrive(user, false) // up to a watermark
	h.settled()
	if got := states(); got[0] != ticketing.Read || got[1] != ticketing.Arrived {
		t.Errorf("after the watermark: %v", got)
	}
	h.clock.Advance(time.Minute)
	h.do(tk.Code, ticketing.Command{Verb: ticketing.Message, Text: "ba"})
	sent(3)
	old := simulator.FacebookJSON(map[string]any{"object": "page", "entry": []any{map[string]any{"id": pageID, "messaging": []any{map[string]any{
		"sender": map[string]any{"id": user}, "timestamp": h.clock.Now().Add(-30 * time.Second).UnixMilli(),
		"read": map[string]any{"watermark": h.clock.Now().Add(-time.Minute).UnixMilli()},
	}}}}})
	if got := h.sim.Deliver(old, sign(old)); got != 200 {
		t.Fatal(got)
	}
	if got := states(); got[1] != ticketing.Read || got[2] != ticketing.Delivered {
		t.Errorf("what came after the reading is taken for read: %v", got)
	}
}

// Facebook's time of a message is a little before ours: it had it first.
func TestWhatWasReadAsItArrivedIsRead(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	tk := h.only()
	h.sim.Fail(simulator.FacebookFault{Path: "/messages", Then: func() { h.clock.Advance(1500 * time.Millisecond) }})
	h.work(h.courier().Run)
	h.until(tk.Code, func(t ticketing.Ticket) bool { return t.NextSend().IsZero() })
	at := h.sim.Inbox(user)[0].At.UnixMilli()
	raw := simulator.FacebookJSON(map[string]any{"object": "page", "entry": []any{map[string]any{"id": pageID, "messaging": []any{map[string]any{
		"sender": map[string]any{"id": user}, "timestamp": at, "read": map[string]any{"watermark": at},
	}}}}})
	if got := h.sim.Deliver(raw, sign(raw)); got != 200 {
		t.Fatal(got)
	}
	if d := h.only().Sending[0]; d.State != ticketing.Read {
		t.Errorf("%+v", d)
	}
}

// A delivery that comes before our own note of the sending is not lost.
func TestAReceiptThatComesTooEarlyIsTriedAgain(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	tk := h.only()
	raw := ""
	h.sim.Fail(simulator.FacebookFault{Path: "/messages", Then: func() { // Facebook has it, and has not answered yet
		mid := h.sim.Inbox(user)[0].ID
		raw = simulator.FacebookJSON(map[string]any{"object": "page", "entry": []any{map[string]any{"id": pageID, "messaging": []any{map[string]any{
			"sender": map[string]any{"id": user}, "delivery": map[string]any{"mids": []string{mid}, "watermark": 1},
		}}}}})
		if got := h.sim.Deliver(raw, sign(raw)); got != 200 {
			t.Errorf("%d", got)
		}
	}})
	h.work(h.courier().Run)
	h.until(tk.Code, func(t ticketing.Ticket) bool { return t.NextSend().IsZero() })
	if h.only().Sending[0].State != ticketing.Delivered {
		t.Fatalf("%+v", h.only().Sending)
	}
	h.work(func(ctx context.Context) error { return h.ch.settleEarly(ctx, time.Millisecond) })
	h.until(tk.Code, func(t ticketing.Ticket) bool { return t.Sending[0].State == ticketing.Arrived })
}

func TestWhatIsTooEarlyIsNotTriedForEver(t *testing.T) {
	tries := 0
	waiting := []early{{left: 3, try: func(context.Context) bool { tries++; return false }}, {left: 9, try: func(context.Context) bool { return true }}}
	for range 10 {
		waiting = again(t.Context(), waiting)
	}
	if tries != 3 || len(waiting) != 0 {
		t.Errorf("%d tries, %d still waiting", tries, len(waiting))
	}
}

func TestWhatTheInboxSentIsNotedForStaff(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	tk := h.only()
	h.sim.Colleague(user, "Anh chị chờ chút ạ")
	h.settled()
	e := h.last(tk.Code)
	if e.Kind != ticketing.Noted || !strings.Contains(e.Text, "Anh chị chờ chút ạ") || e.By.Role.Staff() {
		t.Errorf("%+v", e)
	}
	if now := h.only(); now.Unread != 1 || now.Messages != 1 {
		t.Errorf("unread %d, messages %d", now.Unread, now.Messages)
	}
	h.sim.Colleague(h.sim.Citizen("Lê", "An"), "Chào chị") // who never wrote
	h.settled()
	if n := len(h.tickets()); n != 1 {
		t.Errorf("%d tickets", n)
	}
	// A denunciation is not for programs: nothing is written, and nothing is repeated for ever.
	h.do(tk.Code, ticketing.Command{Verb: ticketing.Triage, Kind: ticketing.Denunciation})
	h.sim.Colleague(user, "nữa")
	if p := h.settled(); p.Lost != 0 || p.Statuses[503] != 0 {
		t.Errorf("%+v", p)
	}
}

func TestAnotherAppsConversationsAreHeardAndNotAnswered(t *testing.T) {
	h := newHouse(t)
	raw := strings.Replace(say("Nước ngập", "m_1"), `"messaging"`, `"standby"`, 1)
	if got := h.sim.Deliver(raw, sign(raw)); got != 200 {
		t.Fatal(got)
	}
	if tk := h.only(); len(tk.Sending) != 0 || tk.Text != "Nước ngập" {
		t.Errorf("%q, %v", tk.Text, tk.Sending)
	}
	if p := h.problems(); len(p) != 1 || p[0] != "facebook.alarm.standby" {
		t.Errorf("%v", p)
	}
}

func TestRecordsOfNoMoreUseAreForgotten(t *testing.T) {
	h := newHouse(t)
	must(t, h.ch.gone(t.Context(), "AAAABBBBCCCC/1/0", "m_1"))
	h.ch.useUp(t.Context(), h.outbound("x", "y"), "111_1", "5")
	has := func(kind, id string) bool {
		_, err := h.store.Get(t.Context(), kind, id)
		return !errors.Is(err, ticketing.ErrNotFound)
	}
	must(t, h.ch.forget(t.Context()))
	if !has(kindSent, "AAAABBBBCCCC/1/0") || !has(kindReplied, "111_1") {
		t.Error("forgotten at once")
	}
	h.clock.Advance(4 * day)
	must(t, h.ch.forget(t.Context()))
	if has(kindSent, "AAAABBBBCCCC/1/0") || !has(kindReplied, "111_1") {
		t.Error("after four days")
	}
	h.clock.Advance(30 * day)
	must(t, h.ch.forget(t.Context()))
	if has(kindReplied, "111_1") {
		t.Error("after a month")
	}
}

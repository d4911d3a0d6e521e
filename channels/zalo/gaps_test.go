package zalo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// comparing is a house that has made its first look, so that what is said from now on is its own, and knows that the
// history's ids are the webhook's.
func comparing(t *testing.T) (*house, map[string]string) {
	t.Helper()
	h := newHouse(t)
	h.ch.gapPace = 0
	done := map[string]string{}
	must(t, h.ch.fillGap(t.Context(), done))
	must(t, h.ch.compared(t.Context(), gap{From: h.clock.Now(), Until: h.clock.Now(), Proven: true}, 2))
	h.clock.Advance(time.Minute)
	return h, done
}

// journal is how often each text was taken in.
func (h *house) journal() map[string]int {
	h.Helper()
	got := map[string]int{}
	for _, tk := range h.tickets() {
		for _, e := range h.events(tk.Code) {
			if e.Kind == ticketing.Received || e.Kind == ticketing.Said {
				got[e.Text]++
			}
		}
	}
	return got
}

// Of eight people's messages every third is told to nobody; what the history has and the journal has not comes, once.
func TestMissedMessagesAreFilledInAndNoneTwice(t *testing.T) {
	h, done := comparing(t)
	r := rand.New(rand.NewPCG(4, 2))
	var people []string
	for i := range 8 {
		people = append(people, h.sim.Citizen(fmt.Sprint("Người ", i)))
	}
	want, missed := map[string]int{}, 0
	for i := range 120 {
		said := fmt.Sprintf("Việc số %d cần xem", i)
		want[said] = 1
		if r.IntN(3) == 0 {
			h.sim.Miss(1)
			missed++
		}
		h.sim.Say(people[r.IntN(len(people))], said)
		h.clock.Advance(5 * time.Second)
		if i%4 == 3 {
			h.settled() // a burst would be put off
		}
	}
	before := h.journal()
	if len(before) != 120-missed || missed < 20 {
		t.Fatalf("%d of 120 came, %d were missed", len(before), missed)
	}
	h.clock.Advance(2 * time.Minute)
	must(t, h.ch.fillGap(t.Context(), done))
	same := func(when string) {
		t.Helper()
		got := h.journal()
		for said := range want {
			if got[said] != 1 {
				t.Errorf("%s: %q came %d times", when, said, got[said])
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d messages", when, len(got))
		}
	}
	same("after the round")
	if n := h.ch.Health().Counts["gap filled"]; n != int64(missed) {
		t.Errorf("%d filled, %d were missed", n, missed)
	}
	asked := h.sim.Asked("/v2.0/oa/conversation")
	must(t, h.ch.fillGap(t.Context(), done))
	same("after a second round")
	if n := h.sim.Asked("/v2.0/oa/conversation"); n != asked {
		t.Errorf("a round in which nobody wrote read %d conversations", n-asked)
	}
	h.sim.TellMissed(h.soon()) // the webhook brings them after all
	same("after the webhook")
	other := h.process(h.store) // another process, which has compared nothing
	other.gapPace = 0
	must(t, other.fillGap(t.Context(), map[string]string{}))
	same("after another process's round")
}

func TestWhatWasSaidWhileWeWereAwayComesInOrder(t *testing.T) {
	h, _ := comparing(t)
	user := h.sim.Citizen("Bình")
	h.sim.Say(user, "Trước khi tắt máy")
	h.settled()
	h.sim.Miss(25)
	var want []string
	for i := range 25 { // three pages
		want = append(want, fmt.Sprintf("Lúc vắng %02d", i))
		h.sim.Say(user, want[i])
		h.clock.Advance(3 * time.Minute)
	}
	must(t, h.store.Close())
	h.openStore()
	h.ch = h.process(h.store)
	h.desk, h.ch.gapPace = h.ch.Desk, 0
	must(t, h.ch.fillGap(t.Context(), map[string]string{}))
	var got []string
	for _, e := range h.events(h.only().Code) {
		got = append(got, e.Text)
	}
	if !slices.Equal(got[1:], want) {
		t.Errorf("%q", got)
	}
}

func TestWhatWasSaidBeforeOurTimeIsLeftAlone(t *testing.T) {
	h := newHouse(t)
	h.ch.gapPace = 0
	user := h.sim.Citizen("Bình")
	h.sim.Miss(1)
	h.sim.Say(user, "Từ thời phần mềm cũ")
	h.clock.Advance(10 * time.Minute)
	done := map[string]string{}
	for range 3 {
		must(t, h.ch.fillGap(t.Context(), done))
		h.clock.Advance(10 * time.Minute)
	}
	if n := len(h.tickets()); n != 0 {
		t.Errorf("%d tickets", n)
	}
	must(t, h.ch.compared(t.Context(), gap{From: h.clock.Now(), Until: h.clock.Now(), Proven: true}, 4))
	h.sim.Miss(1)
	h.sim.Say(user, "Từ thời phần mềm này")
	h.clock.Advance(2 * time.Minute)
	must(t, h.ch.fillGap(t.Context(), done))
	if tk := h.only(); tk.Text != "Từ thời phần mềm này" || tk.Messages != 1 {
		t.Errorf("%q, %d messages", tk.Text, tk.Messages)
	}
}

// A message that is a minute old may still be on its way by the webhook.
func TestAFreshMessageIsLeftToTheWebhook(t *testing.T) {
	h, done := comparing(t)
	user := h.sim.Citizen("Bình")
	h.sim.Miss(1)
	h.sim.Say(user, "Vừa nói")
	h.clock.Advance(settled - time.Second)
	must(t, h.ch.fillGap(t.Context(), done))
	if n := len(h.tickets()); n != 0 {
		t.Fatalf("%d tickets", n)
	}
	h.clock.Advance(gapEvery)
	must(t, h.ch.fillGap(t.Context(), done))
	if h.only().Text != "Vừa nói" {
		t.Error(h.only().Text)
	}
}

// What the hotline said itself stands in the conversation too.
func TestWhatWeSaidIsNotTakenForHers(t *testing.T) {
	h, done := comparing(t)
	h.work(h.courier().Run)
	user := h.sim.Citizen("Bình")
	h.sim.Say(user, "Đèn hỏng")
	if _, err := h.sim.Await(h.soon(), user, 1); err != nil { // the receipt
		t.Fatal(err)
	}
	h.settled()
	h.sim.Miss(1)
	h.sim.Say(user, "Bị sót")
	h.clock.Advance(2 * time.Minute)
	must(t, h.ch.fillGap(t.Context(), done))
	c := h.ch.Health().Counts
	if got := h.journal(); len(got) != 2 || got["Bị sót"] != 1 || c["gap filled"] != 1 || c["unreadable"] != 0 {
		t.Errorf("%v, %v", got, c)
	}
}

// What cannot be read or stored this time is looked for again, from the same place.
func TestARoundThatFailsIsMadeAgain(t *testing.T) {
	h, done := comparing(t)
	user := h.sim.Citizen("Bình")
	h.sim.Miss(1)
	h.sim.Say(user, "Bị sót")
	h.clock.Advance(5 * time.Minute)
	for _, f := range []simulator.ZaloFault{
		{Path: "listrecentchat", Status: 502}, {Path: "conversation", Code: -200}, {Path: "conversation", Code: -201},
	} {
		h.sim.Fail(f)
		if err := h.ch.fillGap(t.Context(), done); err == nil {
			t.Errorf("%+v was not noticed", f)
		}
	}
	ill := h.process(&gated{Store: h.store, shut: func(context.Context) error { return ticketing.ErrBusy }})
	ill.gapPace = 0
	if err := ill.fillGap(t.Context(), map[string]string{}); ticketing.ClassOf(err) != ticketing.Busy {
		t.Errorf("a store that is away: %v", err)
	}
	h.clock.Advance(26 * time.Hour) // longer than a round looks back by itself
	must(t, h.ch.fillGap(t.Context(), done))
	if h.only().Text != "Bị sót" {
		t.Error(h.only().Text)
	}
}

// Pictures and places come as they would have by the webhook; a kind nobody has told us of only once the webhook can
// no longer bring it.
func TestWhatIsMissedNeedNotBeWords(t *testing.T) {
	h, done := comparing(t)
	user := h.sim.Citizen("Bình")
	h.sim.Miss(4)
	h.sim.SendPicture(user, noise(32), "Ổ gà")
	h.sim.SendLocation(user, 16.06, 108.22)
	h.sim.SendSticker(user)
	h.sim.Odd(user, "nosupport", "lạ")
	h.clock.Advance(2 * time.Minute)
	must(t, h.ch.fillGap(t.Context(), done))
	tk := h.only()
	if tk.Messages != 3 || tk.Location == nil {
		t.Fatalf("%d messages, at %v", tk.Messages, tk.Location)
	}
	must(t, h.collector().Round(t.Context()))
	if tk = h.only(); len(tk.Files) != 1 || !tk.Files[0].Picture() {
		t.Errorf("%+v", tk.Files)
	}
	h.sim.TellMissed(h.soon())
	if n := h.only().Messages; n != 3 {
		t.Errorf("%d messages after the webhook", n)
	}
	h.clock.Advance(ladder)
	must(t, h.ch.fillGap(t.Context(), done))
	if n := h.journal()["lạ"]; n != 1 {
		t.Errorf("the odd one came %d times", n)
	}
}

// Nothing is taken in before a message has proven that the history calls it as the webhook does.
func TestIdsAreProvenBeforeAnythingIsFilledIn(t *testing.T) {
	h := newHouse(t)
	h.ch.gapPace = 0
	done := map[string]string{}
	must(t, h.ch.fillGap(t.Context(), done))
	user, other := h.sim.Citizen("Bình"), h.sim.Citizen("An")
	h.clock.Advance(time.Minute)
	h.sim.Miss(1)
	h.sim.Say(user, "Bị sót")
	h.clock.Advance(3 * time.Hour) // longer than a round looks back by itself
	must(t, h.ch.fillGap(t.Context(), done))
	if n := len(h.tickets()); n != 0 {
		t.Fatalf("%d tickets", n)
	}
	h.sim.OtherIDs(true)
	h.sim.Say(other, "Tới nơi")
	h.settled()
	h.clock.Advance(2 * time.Minute)
	must(t, h.ch.fillGap(t.Context(), done))
	if got := h.journal(); len(got) != 1 {
		t.Fatalf("%v", got)
	}
	h.sim.OtherIDs(false)
	must(t, h.ch.fillGap(t.Context(), done))
	if got := h.journal(); len(got) != 2 || got["Bị sót"] != 1 || got["Tới nơi"] != 1 {
		t.Errorf("%v", got)
	}
	h.clock.Advance(24 * time.Hour)
	must(t, h.ch.fillGap(t.Context(), done))
	h.sim.Miss(1) // once proven it stays so, also where nothing that is known is in sight
	h.sim.Say(user, "Sót nữa")
	h.clock.Advance(2 * time.Minute)
	next := h.process(h.store)
	next.gapPace = 0
	must(t, next.fillGap(t.Context(), map[string]string{}))
	if got := h.journal(); got["Sót nữa"] != 1 {
		t.Errorf("%v", got)
	}
}

func TestIdsThatAreOthersCallPeople(t *testing.T) {
	h := newHouse(t)
	h.ch.gapPace = 0
	done := map[string]string{}
	must(t, h.ch.fillGap(t.Context(), done))
	h.clock.Advance(time.Minute)
	h.sim.OtherIDs(true)
	user := h.sim.Citizen("Bình")
	for i := range unproven {
		if slices.Contains(h.problems(), "zalo.alarm.gap_ids") {
			t.Fatalf("after %d messages", i)
		}
		h.sim.Say(user, fmt.Sprintf("Tin %02d", i))
		h.settled()
		h.clock.Advance(2 * time.Minute)
		must(t, h.ch.fillGap(t.Context(), done))
	}
	if !slices.Contains(h.problems(), "zalo.alarm.gap_ids") || len(h.journal()) != unproven {
		t.Errorf("%v, %d messages", h.problems(), len(h.journal()))
	}
}

func TestPeopleAreCalledOnceTheConversationsCannotBeRead(t *testing.T) {
	h, done := comparing(t)
	for round := range 4 {
		h.sim.Fail(simulator.ZaloFault{Path: "listrecentchat", Code: -212})
		err := h.ch.fillGap(t.Context(), done)
		if err == nil || h.sim.Faults() != 0 {
			t.Fatal("it was read")
		}
		pause := h.ch.gapFailed(round+1, err)
		if called := slices.Contains(h.problems(), "zalo.alarm.gaps"); called != (round >= 2) || called != (pause == gapEvery) {
			t.Errorf("round %d: %v, again in %s", round, h.problems(), pause)
		}
		if slices.Contains(h.problems(), "zalo.alarm.api") { // no message waits for it
			t.Errorf("round %d: %v", round, h.problems())
		}
	}
	h.ch.gapPace = 0
	h.work(h.ch.Run)
	ctx := h.soon()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for len(h.problems()) > 0 {
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("%v", h.problems())
		}
	}
}

func TestSomebodysSilenceEndsTheLook(t *testing.T) {
	h, _ := comparing(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.ch.gapPace = time.Hour
	h.clock.Advance(time.Hour)
	if err := h.ch.fillGap(ctx, map[string]string{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// Whatever the history holds, a message of it is never empty, and reading it does not panic.
func FuzzHistory(f *testing.F) {
	f.Add([]byte(`[{"src":1,"time":1795422001000,"type":"text","message":"Đèn hỏng","message_id":"m1","from_id":"1","to_id":"2"}]`))
	f.Add([]byte(`[{"src":"1","time":"x","type":"photo","url":"https://a.zdn.vn/1","thumb":"","description":7,"message_id":8,"from_id":9}]`))
	f.Add([]byte(`[{"src":1,"type":"location","location":"{\"latitude\":\"16\",\"longitude\":108}","message_id":"a","from_id":"b"},[],null,7]`))
	f.Add([]byte(`[{"src":1,"type":"links","links":[{"title":"a","url":"b"},{}],"message_id":"a","from_id":"b"}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var all []past
		if json.Unmarshal(raw, &all) != nil {
			return
		}
		for _, m := range all {
			m.at()
			if !m.spoken() {
				continue
			}
			kind, _ := m.kind()
			e := m.event(appID, oaID, kind)
			if got, ok := e.spoken(); !ok || got != kind {
				t.Errorf("%q is told as %q", kind, e.Name)
			}
			if in := e.incoming("KEY"); text.NFC(in.Text) == "" || len(in.Fetch) > maxAttachments {
				t.Errorf("%q, %d files from %q", in.Text, len(in.Fetch), raw)
			}
		}
	})
}

package facebook

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

const inbox = "263902037430900" // the app of the page's own inbox

func (h *house) sends(user, text string, person bool) error {
	m := h.outbound(user, text)
	m.Human = person
	_, err := h.ch.Send(h.Context(), m)
	return err
}

// While another app talks with her the program keeps quiet; once we have the conversation again it speaks.
func TestTheProgramDoesNotTalkIntoAnotherAppsConversation(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	h.sim.Away(user, inbox)
	h.settled()
	for range 2 {
		var later *ticketing.LaterError
		if err := h.sends(user, "tự động", false); !errors.As(err, &later) || later.After != heldPause || !strings.Contains(err.Error(), "ứng dụng khác") {
			t.Errorf("%v", err)
		}
	}
	h.sim.Fail(simulator.FacebookFault{Path: "/messages", Code: 1})
	_ = h.sends(user, "tự động", false)
	if h.sim.Faults() != 1 {
		t.Error("Facebook was asked")
	}
	_ = h.sends(user, "người viết", true) // uses the fault up
	h.sim.Back(user)
	h.settled()
	if err := h.sends(user, "tự động", false); err != nil {
		t.Error(err)
	}
	if got := h.texts(user); !slices.Equal(got, []string{"tự động"}) {
		t.Errorf("%q", got)
	}
	c := h.ch.Health().Counts
	if c["thread with another app"] != 1 || c["thread passed to us"] != 1 {
		t.Errorf("%v", c)
	}
}

// What she writes meanwhile is heard, and gets no receipt; what she writes once it is ours again says that it is.
func TestWhoWritesTellsWhoHasTheConversation(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	h.sim.AwayInSilence(user, inbox)
	h.sim.Say(user, "tới ứng dụng kia")
	h.settled()
	if h.only().Messages != 2 || !slices.Contains(h.problems(), "facebook.alarm.standby") {
		t.Errorf("%d messages, %v", h.only().Messages, h.problems())
	}
	h.sim.Fail(simulator.FacebookFault{Path: "/messages", Code: 100})
	if err := h.sends(user, "tự động", false); !isLater(err) || h.sim.Faults() != 1 {
		t.Errorf("Facebook was asked: %v", err)
	}
	h.sim.AwayInSilence(user, "") // ours again, and nobody says so
	h.clock.Advance(time.Minute)
	h.sim.Say(user, "tới mình")
	h.settled()
	if err := h.sends(user, "tự động", false); !errors.Is(err, ticketing.ErrRefused) || h.sim.Faults() != 0 { // by the fault
		t.Errorf("%v", err)
	}
	if err := h.sends(user, "tự động", false); err != nil || len(h.problems()) != 0 {
		t.Errorf("%v, %v", err, h.problems())
	}
}

// An operator's answer takes the conversation back, once, and goes.
func TestAPersonsAnswerTakesTheConversationBack(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	h.sim.AwayInSilence(user, inbox)
	if err := h.sends(user, "người viết", true); err != nil {
		t.Fatal(err)
	}
	if got := h.texts(user); !slices.Equal(got, []string{"người viết"}) || h.ch.Health().Counts["thread taken back"] != 1 {
		t.Errorf("%q, %v", got, h.ch.Health().Counts)
	}
	h.sim.Away(user, inbox)
	h.settled()
	if err := h.sends(user, "lần nữa", true); err != nil {
		t.Error(err)
	}
	if err := h.sends(user, "tự động", false); err != nil { // it is ours now
		t.Error(err)
	}
	// Facebook goes on refusing although it gave us the conversation: no loop.
	h.sim.Fail(simulator.FacebookFault{Path: "/messages", Code: 10, Subcode: 2018300}, simulator.FacebookFault{Path: "/messages", Code: 10, Subcode: 2018300})
	if err := h.sends(user, "x", true); !errors.Is(err, ticketing.ErrRefused) || !strings.Contains(err.Error(), "không lấy lại được") || h.sim.Faults() != 0 {
		t.Errorf("%v, %d faults left", err, h.sim.Faults())
	}
}

func TestWhenTheConversationCannotBeTakenBack(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	h.sim.AwayInSilence(user, inbox)
	h.sim.Secondary(true)
	if err := h.sends(user, "x", true); !errors.Is(err, ticketing.ErrRefused) || !strings.Contains(err.Error(), "không lấy lại được") {
		t.Errorf("another app is the primary one: %v", err)
	}
	h.sim.Secondary(false)
	h.sim.Fail(simulator.FacebookFault{Path: "/take_thread", Code: 2})
	if err := h.sends(user, "x", true); err == nil || errors.Is(err, ticketing.ErrRefused) || isLater(err) {
		t.Errorf("a passing fault: %v", err)
	}
	h.sim.Fail(simulator.FacebookFault{Path: "/take_thread", Drop: true})
	if err := h.sends(user, "x", true); err == nil || isUnsure(err) || errors.Is(err, ticketing.ErrRefused) {
		t.Errorf("a broken connection: %v", err)
	}
	h.sim.Fail(simulator.FacebookFault{Path: "/take_thread", Code: 190})
	if err := h.sends(user, "x", true); !isLater(err) || !slices.Contains(h.problems(), "facebook.alarm.token") {
		t.Errorf("no token: %v", err)
	}
	h.sim.Fail(simulator.FacebookFault{Path: "/take_thread", Code: 613})
	if err := h.sends(user, "x", true); !isLater(err) || h.ch.hush() == 0 {
		t.Errorf("a limit: %v", err)
	}
	if got := h.texts(user); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// With several apps on the page it matters whose id is named; and what is told late does not undo what came after it.
func TestWhoIsNamedHasTheConversation(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	tell := func(what, owner string, at time.Time) bool {
		t.Helper()
		raw := simulator.FacebookJSON(map[string]any{"object": "page", "entry": []any{map[string]any{"id": pageID, "time": 1, "messaging": []any{map[string]any{
			"sender": map[string]any{"id": user}, "recipient": map[string]any{"id": pageID}, "timestamp": at.UnixMilli(), what: map[string]any{"new_owner_app_id": owner},
		}}}}})
		if got := h.sim.Deliver(raw, sign(raw)); got != 200 {
			t.Fatal(got)
		}
		return isLater(h.sends(user, "tự động", false))
	}
	h.ch.AppID = "77"
	now := h.clock.Now()
	for i, c := range []struct {
		what, owner string
		at          time.Duration
		away        bool
	}{
		{"pass_thread_control", "88", 0, true},
		{"pass_thread_control", "77", time.Minute, false},
		{"take_thread_control", "88", 30 * time.Second, false}, // late
		{"take_thread_control", "88", 2 * time.Minute, true},
		{"take_thread_control", "77", 3 * time.Minute, false}, // by ourselves
		{"request_thread_control", "88", 4 * time.Minute, false},
	} {
		if got := tell(c.what, c.owner, now.Add(c.at)); got != c.away {
			t.Errorf("%d: %s to %s: kept quiet %v", i, c.what, c.owner, got)
		}
	}
}

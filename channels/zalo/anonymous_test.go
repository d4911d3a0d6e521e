package zalo

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline1022/ticketing"
)

func TestWhoIsNotSignedInIsAnsweredInHerConversation(t *testing.T) {
	for _, closed := range []bool{false, true} {
		h := newHouse(t)
		if closed {
			h.sim.CloseAnonymous()
		}
		_, err := h.ch.token(t.Context()) // before two messages want it at once
		must(t, err)
		h.work(h.courier().Run)
		one, other := h.sim.Stranger(), h.sim.Stranger()
		first := h.sim.Say(one, "Nước ngập")
		h.sim.Say(other, "Mất điện")
		h.settled()
		var code ticketing.Code
		for _, tk := range h.tickets() {
			if tk.Text == "Nước ngập" {
				code = tk.Code
			}
			for _, e := range h.events(tk.Code) {
				if strings.Contains(e.Key, one) || strings.Contains(e.Key, other) {
					t.Errorf("the person's id is in the journal: %s", e.Key)
				}
			}
		}
		h.says(code, "Ở đâu ạ?")
		h.sim.Return(one) // another day, another conversation
		h.sim.Reply(one, first, "Hẻm 3")
		h.settled()
		h.says(code, "Đã cử người.")
		got := h.texts(one)
		if len(got) != 3 || !strings.Contains(got[1], "Ở đâu ạ?") || !strings.Contains(got[2], "Đã cử người.") {
			t.Errorf("endpoint closed %v: %q", closed, got)
		}
		if got := h.texts(other); len(got) != 1 {
			t.Errorf("the other got %q", got)
		}
		if n := h.journal()["[Trả lời tin “Nước ngập”]\nHẻm 3"]; n != 1 {
			t.Errorf("%v", h.journal())
		}
		old, everybody := h.sim.Asked("/v2.0/oa/message"), h.sim.Asked("/v3.0/oa/message/cs")
		if !closed && (old != 4 || everybody != 0) || closed && (everybody != 4 || old > 3) { // several are under way at once
			t.Errorf("endpoint closed %v: asked %d and %d times", closed, old, everybody)
		}
		if p := h.ch.Health().Problems; len(p) != 0 {
			t.Errorf("%+v", p)
		}
	}
}

func TestAnAnonymousConversationIsSealedAndForgotten(t *testing.T) {
	h := newHouse(t)
	one := h.sim.Stranger()
	h.sim.Say(one, "Nước ngập")
	h.sim.Say(one, "rất sâu")
	h.settled()
	all, err := h.store.All(t.Context(), kindAnonymous, "")
	must(t, err)
	if len(all) != 1 || all[0].Version != 1 || bytes.Contains(all[0].Doc, []byte("845883529197922")) || strings.Contains(all[0].ID, one) {
		t.Fatalf("%+v", all)
	}
	h.clock.Advance(30 * time.Hour)
	h.sim.Say(one, "vẫn ngập") // the same conversation: its day is moved on
	h.settled()
	if all, err = h.store.All(t.Context(), kindAnonymous, ""); err != nil || all[0].Version != 2 {
		t.Errorf("%+v %v", all, err)
	}
	must(t, h.ch.forgetConversations(t.Context()))
	if old, err := h.store.History(t.Context(), kindAnonymous, all[0].ID); err != nil || len(old) != 1 {
		t.Errorf("%d versions, %v", len(old), err)
	}
	h.clock.Advance(keepAnonymous + time.Hour)
	must(t, h.ch.forgetConversations(t.Context()))
	if left, err := h.store.All(t.Context(), kindAnonymous, ""); err != nil || len(left) != 0 {
		t.Errorf("%+v %v", left, err)
	}
	_, err = h.ch.Send(t.Context(), outbound(anonymous+one, "x"))
	if !errors.Is(err, ticketing.ErrRefused) || !strings.Contains(err.Error(), "ẩn danh") {
		t.Errorf("%v", err)
	}
}

// A person of her own who happens to bear the same id is somebody else.
func TestAnonymousIdsAreOfAnotherKind(t *testing.T) {
	h := newHouse(t)
	user := h.reader()
	_, err := h.ch.Send(t.Context(), outbound(anonymous+user, "x"))
	if !errors.Is(err, ticketing.ErrRefused) || len(h.texts(user)) != 0 || slices.Contains(h.problems(), "zalo.alarm.api") {
		t.Errorf("%v", err)
	}
}

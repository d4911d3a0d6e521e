package facebook

import (
	"strings"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

// answered is a comment, or a post, that has its answer in private, with words in public switched on or off.
func answered(t *testing.T, on, post bool) (h *house, under string, code ticketing.Code) {
	t.Helper()
	h = newHouse(t, func(s *simulator.FacebookSettings) { s.Mood.Echo = true })
	h.ch.PublicReply = on
	h.work(h.courier().Run)
	user := h.sim.Citizen("Lê Văn", "Cường")
	if post {
		under = h.sim.WritePost(user, "status", "Cầu hỏng", nil)
	} else {
		under = h.sim.Comment(user, "111", "Cầu hỏng")
	}
	h.settled()
	code = h.only().Code
	h.do(code, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Anh Cường, 0905123182: sửa rồi.", Outcome: ticketing.Done})
	if d := h.sentOut(code, 1); d.State != ticketing.Delivered {
		t.Fatalf("%+v", d)
	}
	h.settled()
	return h, under, code
}

func (h *house) notes(code ticketing.Code) (all []string) {
	for _, e := range h.events(code) {
		if e.Kind == ticketing.Noted {
			all = append(all, e.Text)
		}
	}
	return all
}

func TestAWordInPublicSaysThatTheAnswerWentInPrivate(t *testing.T) {
	for _, post := range []bool{false, true} {
		h, under, code := answered(t, true, post)
		other := h.process(h.store)
		for range 3 { // who comes first, comes once
			must(t, h.ch.publicRound(t.Context()))
			must(t, other.publicRound(t.Context()))
		}
		h.settled()
		got := h.sim.Public(under)
		if len(got) != 1 || !strings.HasPrefix(got[0], "Trung tâm 1022 đã trả lời riêng cho ông/bà qua tin nhắn") {
			t.Fatalf("%q", got)
		}
		for _, secret := range []string{"Cường", "0905", "sửa", string(code), "/t/"} {
			if strings.Contains(got[0], secret) {
				t.Errorf("%q is public", secret)
			}
		}
		if notes := h.notes(code); len(notes) != 1 || !strings.Contains(notes[0], got[0]) {
			t.Errorf("%q", notes)
		}
		if n := len(h.tickets()); n != 1 { // our own word comes back as a comment
			t.Errorf("%d tickets", n)
		}
		// The citizen is not content, and it is answered again: the word stands there already.
		h.do(code, ticketing.Command{Verb: ticketing.Reopen, Reason: "chưa xong"})
		h.do(code, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Nay xong.", Outcome: ticketing.Done})
		h.sentOut(code, 2)
		must(t, h.ch.publicRound(t.Context()))
		if n := len(h.sim.Public(under)); n != 1 {
			t.Errorf("%d words in public", n)
		}
	}
}

func TestNothingIsWrittenInPublicUnlessItIsSwitchedOn(t *testing.T) {
	h, under, code := answered(t, false, false)
	must(t, h.ch.publicRound(t.Context()))
	if got := h.sim.Public(under); len(got) != 0 || len(h.notes(code)) != 0 {
		t.Errorf("%q, %q", got, h.notes(code))
	}
}

// A question on the way to the answer is no answer; and what did not go in private was not answered there.
func TestOnlyAnAnswerThatWentCallsForAWordInPublic(t *testing.T) {
	h := newHouse(t)
	h.ch.PublicReply = true
	h.work(h.courier().Run)
	_, asked, tk := h.commented()
	h.do(tk.Code, ticketing.Command{Verb: ticketing.Message, Text: "Ở đâu ạ?"})
	h.sentOut(tk.Code, 1)
	h.do(tk.Code, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Xong.", Outcome: ticketing.Done}) // she has not written back
	if d := h.sentOut(tk.Code, 2); d.State != ticketing.Failed {
		t.Fatalf("%+v", d)
	}
	must(t, h.ch.publicRound(t.Context()))
	if got := h.sim.Public(asked); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

func TestWhatBecomesOfAWordInPublic(t *testing.T) {
	for name, c := range map[string]struct {
		faults []simulator.FacebookFault
		rounds int
		stands int
		note   string
	}{
		"put off":       {[]simulator.FacebookFault{{Path: "/comments", Code: 2}, {Path: "/comments", Code: 4}}, 4, 1, "Đã viết công khai"},
		"no permission": {[]simulator.FacebookFault{{Path: "/comments", Code: 200}}, 3, 1, "Đã viết công khai"},
		"refused":       {[]simulator.FacebookFault{{Path: "/comments", Code: 100}}, 3, 0, "Không viết công khai"},
		"nobody knows":  {[]simulator.FacebookFault{{Path: "/comments", Drop: true, Done: true}}, 3, 1, "Không rõ"},
		"broken":        {[]simulator.FacebookFault{{Path: "/comments", Status: 502}}, 3, 0, "Không rõ"},
		"again and again": {[]simulator.FacebookFault{
			{Path: "/comments", Code: 1}, {Path: "/comments", Code: 1}, {Path: "/comments", Code: 1},
			{Path: "/comments", Code: 1}, {Path: "/comments", Code: 1}, {Path: "/comments", Code: 1},
		}, 9, 0, "Không viết công khai"},
	} {
		t.Run(name, func(t *testing.T) {
			h, under, code := answered(t, true, false)
			h.sim.Fail(c.faults...)
			for range c.rounds {
				must(t, h.ch.publicRound(t.Context()))
				h.clock.Advance(2 * time.Hour)
			}
			h.settled()
			if n := len(h.sim.Public(under)); n != c.stands {
				t.Errorf("%d words in public", n)
			}
			if notes := h.notes(code); len(notes) != 1 || !strings.Contains(notes[0], c.note) {
				t.Errorf("%q", notes)
			}
			if n := h.sim.Faults(); n != 0 {
				t.Errorf("%d faults did not happen", n)
			}
		})
	}
}

// A process that dies between its claim and its answer may have written: nobody writes it again.
func TestAWordThatMayStandThereIsNotWrittenAgain(t *testing.T) {
	h, under, code := answered(t, true, false)
	must(t, h.ch.putPublic(t.Context(), under, 2, public{Ticket: code, State: publicTrying, Since: h.clock.Now(), Next: h.clock.Now().Add(publicLost), Try: 1}))
	must(t, h.ch.publicRound(t.Context()))
	if len(h.notes(code)) != 0 {
		t.Error("it was given up while it may be under way")
	}
	h.clock.Advance(publicLost + time.Second)
	must(t, h.ch.publicRound(t.Context()))
	must(t, h.ch.publicRound(t.Context()))
	if notes := h.notes(code); len(notes) != 1 || !strings.Contains(notes[0], "Không rõ") || len(h.sim.Public(under)) != 0 {
		t.Errorf("%q, %q", notes, h.sim.Public(under))
	}
}

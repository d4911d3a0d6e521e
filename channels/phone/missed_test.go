package phone

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

// missed is a push-only hotline with one item in the book, and what may come after it.
func missed(t *testing.T) (*house, *simulator.Bridge) {
	h := newHouse(t)
	h.ch.AMIAddr = ""
	must(t, h.ch.SetExtension(t.Context(), supervisor, lan, "101"))
	h.work(h.ch.Run)
	// The journal is followed from where it ends when the channel first runs.
	h.until(func() bool {
		_, err := h.store.Get(t.Context(), kindCursor, h.store.Epoch())
		return err == nil
	})
	b := h.bridge(h.listen(h.ch), simulator.BridgeMood{})
	lose(h, b, "first")
	return h, b
}

// lose is a call of hers nobody takes.
func lose(h *house, b *simulator.Bridge, id string) {
	h.Helper()
	must(h.T, b.Send(h.soon(), event(newCall, id, "queue", "q")))
	h.clock.Advance(10 * time.Second)
	must(h.T, b.Send(h.soon(), event(hangup, id, "cause", "cancel")))
	h.clock.Advance(10 * time.Second)
}

func TestOneItemPerPersonUntilSheIsServed(t *testing.T) {
	h, b := missed(t)
	lose(h, b, "second")
	if book := h.book(); len(book) != 1 || book[0].Times != 2 || !book[0].First.Equal(h.at(10)) || !book[0].Last.Equal(h.at(30)) || book[0].Why != GaveUp {
		t.Fatalf("%+v", book)
	}
	must(t, b.Send(h.soon(), event(newCall, "third")))
	if len(h.book()) != 1 {
		t.Error("a call that only rings serves nobody")
	}
	h.clock.Advance(5 * time.Second)
	must(t, b.Send(h.soon(), event(answer, "third", "answeringNumber", "101")))
	if book := h.book(); len(book) != 0 {
		t.Errorf("%+v", book)
	}
	must(t, b.Send(h.soon(), event(hangup, "third")))
	for _, id := range []string{"first", "second"} { // old events once more
		must(t, b.Send(h.soon(), event(hangup, id, "cause", "cancel")))
	}
	if book := h.book(); len(book) != 0 {
		t.Errorf("after repeats: %+v", book)
	}
	lose(h, b, "fourth")
	if book := h.book(); len(book) != 1 || book[0].Times != 1 {
		t.Errorf("a new loss: %+v", book)
	}
}

func TestACallOfOursServesHer(t *testing.T) {
	h, b := missed(t)
	out := func(kind, id string, more ...string) {
		t.Helper()
		e := event(kind, id, more...)
		e["from"], e["to"], e["direction"] = "101", binh, "out"
		must(t, b.Send(h.soon(), e))
	}
	for i := range 2 {
		id := fmt.Sprint("try", i)
		out(newCall, id, "user", "101")
		h.clock.Advance(30 * time.Second)
		for range 2 {
			out(hangup, id, "cause", "noAnswer")
		}
		h.clock.Advance(time.Hour)
	}
	if book := h.book(); len(book) != 1 || len(book[0].Tries) != 2 || book[0].Times != 1 {
		t.Fatalf("after two tries: %+v", book)
	}
	out(newCall, "reached", "user", "101")
	h.clock.Advance(5 * time.Second)
	out(answer, "reached", "user", "101")
	if len(h.book()) != 0 {
		t.Errorf("%+v", h.book())
	}
}

func TestATicketServesHer(t *testing.T) {
	h, _ := missed(t)
	receive := func(at time.Time, phone string) ticketing.Ticket {
		t.Helper()
		r, err := h.desk.Receive(t.Context(), operator, ticketing.Incoming{
			Channel: ticketing.Phone, Kind: ticketing.Question, Text: "Mất nước", Name: "Bình", Phone: phone, At: at,
		})
		must(t, err)
		return r.Ticket
	}
	receive(time.Time{}, chi)    // somebody else's
	receive(h.at(5), binh)       // hers, of before
	tk := receive(h.at(1), binh) // and one that is answered later
	settle := func() {           // the follower has been there
		t.Helper()
		lost := h.citizen("0908888999")
		must(t, h.ch.changeCallback(t.Context(), by, lost, func(b *Callback, _ bool) error {
			*b = Callback{Citizen: lost, First: h.at(1), Last: h.at(1)}
			return nil
		}))
		receive(time.Time{}, "0908888999")
		h.until(func() bool {
			for _, b := range h.book() {
				if b.Citizen == lost {
					return false
				}
			}
			return true
		})
	}
	settle()
	if len(h.book()) != 1 {
		t.Fatalf("what was before the loss serves nobody: %+v", h.book())
	}
	h.clock.Advance(time.Minute)
	_, err := h.desk.Do(t.Context(), operator, tk.Code, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Đã có nước lại", Outcome: ticketing.GaveAnswer})
	must(t, err)
	h.until(func() bool { return len(h.book()) == 0 })
}

// Events may be late: whoever has been served by the time her loss is told is not put into the book.
func TestALossToldLate(t *testing.T) {
	h, b := missed(t)
	must(t, b.Send(h.soon(), event(newCall, "taken")))
	must(t, b.Send(h.soon(), event(answer, "taken", "user", "101")))
	must(t, b.Send(h.soon(), event(hangup, "taken")))
	before := fmt.Sprint(h.at(15).UnixMilli())
	must(t, b.Send(h.soon(), event(newCall, "earlier", "timestamp", before)))
	must(t, b.Send(h.soon(), event(hangup, "earlier", "cause", "cancel", "timestamp", before)))
	h.until(func() bool { return len(h.book()) == 0 }) // that she has been served may be known a moment later
	_, err := h.desk.Receive(t.Context(), operator, ticketing.Incoming{Channel: ticketing.Web, Kind: ticketing.Question, Text: "x", Name: "Chi", Phone: chi})
	must(t, err)
	e := event(newCall, "hers", "timestamp", before)
	e["from"] = chi
	must(t, b.Send(h.soon(), e))
	e = event(hangup, "hers", "cause", "cancel", "timestamp", before)
	e["from"] = chi
	must(t, b.Send(h.soon(), e))
	h.until(func() bool { return len(h.book()) == 0 }) // that she has been served may be known a moment later
}

func TestOneOperatorGetsTheItem(t *testing.T) {
	h, b := missed(t)
	her := h.citizen(binh)
	second := h.process(h.store)
	for range 20 {
		var wins sync.Map
		var all sync.WaitGroup
		for i, ch := range []*Channel{h.ch, second, h.ch, second} {
			all.Go(func() {
				who := ticketing.Actor{ID: fmt.Sprint("op", i), Role: ticketing.Operator}
				switch err := ch.Claim(t.Context(), who, her); {
				case err == nil:
					wins.Store(i, who)
				case ticketing.ClassOf(err) != ticketing.Conflict:
					t.Error(err)
				}
			})
		}
		all.Wait()
		n := 0
		var winner ticketing.Actor
		wins.Range(func(_, v any) bool { n++; winner = v.(ticketing.Actor); return true })
		if n != 1 || h.book()[0].ClaimedBy != winner.ID {
			t.Fatalf("%d got it, the book says %s", n, h.book()[0].ClaimedBy)
		}
		must(t, h.ch.Claim(t.Context(), winner, her)) // again is no mistake
		if err := h.ch.Release(t.Context(), other, her); ticketing.ClassOf(err) != ticketing.Conflict {
			t.Errorf("another lets go of it: %v", err)
		}
		must(t, h.ch.Release(t.Context(), winner, her))
	}
	must(t, h.ch.Claim(t.Context(), operator, her))
	lose(h, b, "again") // she tries once more: the claim stands
	if got := h.book()[0]; got.ClaimedBy != lan || got.Times != 2 {
		t.Errorf("%+v", got)
	}
	h.clock.Advance(claimLife)
	must(t, h.ch.Claim(t.Context(), other, her))
	must(t, h.ch.Release(t.Context(), supervisor, her))
	if err := h.ch.Claim(t.Context(), ticketing.Actor{ID: "x", Role: ticketing.Officer}, her); ticketing.ClassOf(err) != ticketing.Forbidden {
		t.Errorf("an officer: %v", err)
	}
	if err := h.ch.Claim(t.Context(), operator, "nobody"); ticketing.ClassOf(err) != ticketing.NotFound {
		t.Errorf("nobody's: %v", err)
	}
}

func TestAnItemIsClosedByHand(t *testing.T) {
	h, b := missed(t)
	her := h.citizen(binh)
	if err := h.ch.Dismiss(t.Context(), operator, her, "tired"); ticketing.ClassOf(err) != ticketing.Invalid {
		t.Errorf("without a reason: %v", err)
	}
	must(t, h.ch.Dismiss(t.Context(), operator, her, "wrong_number"))
	if len(h.book()) != 0 {
		t.Error("it is still there")
	}
	must(t, b.Send(h.soon(), event(hangup, "first", "cause", "cancel")))
	must(t, b.Send(h.soon(), event(hangup, "first", "cause", "cancel", "recording", "https://pbx/x.wav"))) // news of the old call
	if len(h.book()) != 0 {
		t.Errorf("it came back: %+v", h.book())
	}
	if err := h.ch.Dismiss(t.Context(), operator, her, "wrong_number"); ticketing.ClassOf(err) != ticketing.NotFound {
		t.Errorf("twice: %v", err)
	}
}

// An item may be cleared in one process while another writes the next loss into it: the loss must stay.
func TestALossIsNotClearedAwayWithAnOlderOne(t *testing.T) {
	h, _ := missed(t)
	her := h.citizen(binh)
	second := h.process(h.store)
	for i := range 30 {
		var both sync.WaitGroup
		at := h.clock.Now()
		both.Go(func() { must(t, h.ch.clear(t.Context(), her, at.Add(-time.Second), "")) })
		both.Go(func() {
			must(t, second.tellBook(t.Context(), Call{
				ID: fmt.Sprint("push:", i), Direction: In, Citizen: her, Began: at, Ended: at,
				Legs: []Leg{{Entered: at, End: GaveUp, Left: at}},
			}))
		})
		both.Wait()
		if book := h.book(); len(book) != 1 || !book[0].Last.Equal(at) {
			t.Fatalf("round %d: %+v", i, book)
		}
		h.clock.Advance(time.Minute)
	}
}

func TestOutOfHours(t *testing.T) {
	h := newHouse(t)
	h.conf.Open = func(at time.Time) bool { return at.In(ticketing.Zone).Hour() < 17 }
	h.ch = h.process(h.store)
	b := h.bridge(h.listen(h.ch), simulator.BridgeMood{})
	lose(h, b, "day")
	h.clock.Advance(9 * time.Hour)
	lose(h, b, "night")
	if book := h.book(); len(book) != 1 || !book[0].Outside || book[0].Times != 2 {
		t.Errorf("%+v", book)
	}
	f, err := h.ch.Figures(t.Context(), h.at(-3600), h.at(86400), ByDay, "")
	must(t, err)
	if len(f) != 1 || f[0].Offered != 1 || f[0].Outside != 1 || f[0].Calls != 2 || f[0].Abandoned != 1 {
		t.Errorf("%+v", f)
	}
}

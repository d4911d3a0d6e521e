package ticketing_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/ticketing"
)

// typing is one window of a person.
type typing struct {
	*office
	by     ticketing.Actor
	window string
	mark   string
}

func (w *typing) types(t ticketing.Ticket, verb ticketing.Verb, text string) (kept ticketing.Unsent, told bool) {
	w.t.Helper()
	kept, told, err := w.KeepUnsent(w.t.Context(), w.by, ticketing.Unsent{Ticket: t.Code, Verb: verb, Window: w.window, Text: text}, w.mark)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mark = kept.Mark
	return kept, told
}

// unsent is what the person would find in the ticket's box.
func (o *office) unsent(by ticketing.Actor, t ticketing.Ticket) []ticketing.Unsent {
	o.t.Helper()
	events, err := o.Store.Timeline(o.t.Context(), t.Code, 0)
	if err != nil {
		o.t.Fatal(err)
	}
	all, err := o.UnsentOf(o.t.Context(), by, t, events)
	if err != nil {
		o.t.Fatal(err)
	}
	return all
}

func (o *office) drafts(by ticketing.Actor) int {
	o.t.Helper()
	all, err := o.WithUnsent(o.t.Context(), by)
	if err != nil {
		o.t.Fatal(err)
	}
	return len(all)
}

func (o *office) versions(kind string) (n int) {
	o.t.Helper()
	rs, err := o.Store.All(o.t.Context(), kind, "")
	if err != nil {
		o.t.Fatal(err)
	}
	for _, r := range rs {
		history, err := o.Store.History(o.t.Context(), kind, r.ID)
		if err != nil {
			o.t.Fatal(err)
		}
		n += len(history)
	}
	return n
}

func TestWhatIsTypedIsKeptUntilItIsSent(t *testing.T) {
	o := open(t)
	a, b := o.receive(ticketing.Incoming{}), o.receive(ticketing.Incoming{})
	w := &typing{office: o, by: operator, window: "1"}
	for _, text := range []string{"Dạ", "Dạ, số máy 0905123182", "Dạ, số máy 0905123182 của chị"} {
		w.types(a, ticketing.AnswerIt, text)
	}
	note := &typing{office: o, by: operator, window: "1"}
	note.types(a, ticketing.Note, "gọi lại chiều nay")
	if n := o.versions("unsent"); n != 2 {
		t.Errorf("%d versions are kept of two texts", n)
	}
	rs, err := o.Store.All(t.Context(), "unsent", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rs {
		if bytes.Contains(r.Doc, []byte("0905")) || bytes.Contains(r.Doc, []byte("chị")) {
			t.Errorf("stored in the clear: %s", r.Doc)
		}
	}
	// Nobody else's, and no other ticket's.
	if n := len(o.unsent(supervisor, a)) + len(o.unsent(operator, b)) + o.drafts(supervisor); n != 0 {
		t.Errorf("%d texts have moved", n)
	}
	if all := o.unsent(operator, a); len(all) != 2 || all[0].Verb != ticketing.AnswerIt && all[0].Verb != ticketing.Note || o.drafts(operator) != 1 {
		t.Errorf("kept: %+v", all)
	}
	// Sending one leaves the other; a save that comes too late brings nothing back.
	o.do(operator, a, ticketing.Command{Verb: ticketing.Note, Text: "gọi lại chiều nay", Window: "1"})
	if all := o.unsent(operator, a); len(all) != 1 || all[0].Verb != ticketing.AnswerIt {
		t.Errorf("after sending the note: %+v", all)
	}
	if kept, _ := note.types(a, ticketing.Note, "gọi lại chiều nay"); kept.Mark != "" || len(o.unsent(operator, a)) != 1 {
		t.Errorf("a late save kept %+v", kept)
	}
	first := &typing{office: o, by: operator, window: "1"} // its first save was still under way when it sent
	if kept, _ := first.types(a, ticketing.Note, "gọi lại chiều nay"); kept.Mark != "" || len(o.unsent(operator, a)) != 1 {
		t.Errorf("a late first save kept %+v", kept)
	}
	// Emptying takes it away.
	w.types(a, ticketing.AnswerIt, " \n")
	if len(o.unsent(operator, a)) != 0 || o.drafts(operator) != 0 || o.versions("unsent") != 0 {
		t.Error("an empty box is kept")
	}
}

// The same box in two windows: the newer text wins, the other is told, both are there.
func TestTwoWindowsOfOnePerson(t *testing.T) {
	o := open(t)
	a := o.receive(ticketing.Incoming{})
	one, two := &typing{office: o, by: operator, window: "1"}, &typing{office: o, by: operator, window: "2"}
	one.types(a, ticketing.AnswerIt, "bản một")
	kept, told := two.types(a, ticketing.AnswerIt, "bản hai")
	if !told || kept.Text != "bản hai" || len(kept.Aside) != 1 || kept.Aside[0].Text != "bản một" {
		t.Fatalf("the second window: told %v, %+v", told, kept)
	}
	if _, told := two.types(a, ticketing.AnswerIt, "bản hai, tiếp"); told {
		t.Error("it is told again although nothing new happened")
	}
	kept, told = one.types(a, ticketing.AnswerIt, "bản một, tiếp")
	if !told || kept.Text != "bản một, tiếp" || len(kept.Aside) != 1 || kept.Aside[0].Text != "bản hai, tiếp" {
		t.Fatalf("the first window again: told %v, %+v", told, kept)
	}
	// A window that has read the other's text goes on from it: no conflict.
	three := &typing{office: o, by: operator, window: "3", mark: kept.Mark}
	if _, told := three.types(a, ticketing.AnswerIt, "bản một, tiếp nữa"); told {
		t.Error("going on from what was read is taken for a conflict")
	}
	// A window that is emptied takes nobody else's words away.
	if kept, told := two.types(a, ticketing.AnswerIt, ""); !told || kept.Text != "bản một, tiếp nữa" {
		t.Errorf("emptying: told %v, %+v", told, kept)
	}
	// What is put aside outlives the sending of the other.
	o.do(operator, a, ticketing.Command{Verb: ticketing.AnswerIt, Text: "bản một, tiếp nữa", Outcome: ticketing.GaveAnswer, Window: "3"})
	all := o.unsent(operator, a)
	if len(all) != 1 || all[0].Text != "" || len(all[0].Aside) == 0 || all[0].Aside[0].Text != "bản hai, tiếp" {
		t.Errorf("after sending: %+v", all)
	}
}

// Two windows that save at the same moment, many times over: whatever was last in each can be had.
func TestWindowsThatRace(t *testing.T) {
	o := open(t)
	a := o.receive(ticketing.Incoming{})
	var wg sync.WaitGroup
	last := map[string]string{"1": "một 19", "2": "hai 19"}
	for window, name := range map[string]string{"1": "một", "2": "hai"} {
		wg.Go(func() {
			mark := ""
			for i := range 20 {
				text := name + " " + string(rune('0'+i/10)) + string(rune('0'+i%10))
				if i == 19 {
					text = name + " 19"
				}
				kept, _, err := o.KeepUnsent(context.Background(), operator, ticketing.Unsent{Ticket: a.Code, Verb: ticketing.Note, Window: window, Text: text}, mark)
				if err != nil {
					t.Error(err)
					return
				}
				mark = kept.Mark
			}
		})
	}
	wg.Wait()
	all := o.unsent(operator, a)
	if len(all) != 1 || len(all[0].Aside) != 1 {
		t.Fatalf("kept: %+v", all)
	}
	have := map[string]string{all[0].Window: all[0].Text, all[0].Aside[0].Window: all[0].Aside[0].Text}
	for window, text := range last {
		if have[window] != text {
			t.Errorf("window %s had %q, kept is %q", window, text, have[window])
		}
	}
}

// A crash between the sending and the erasing: what has been sent is not offered again.
func TestWhatWasSentIsNotOfferedAgain(t *testing.T) {
	o := open(t)
	a := o.receive(ticketing.Incoming{})
	w := &typing{office: o, by: operator, window: "1"}
	w.types(a, ticketing.Note, "đã gọi chị Hoa")
	before, err := o.Store.Get(t.Context(), "unsent", "lan/"+string(a.Code)+"/note")
	if err != nil {
		t.Fatal(err)
	}
	o.do(operator, a, ticketing.Command{Verb: ticketing.Note, Text: "đã gọi chị Hoa", Window: "1"})
	before.Version = 1
	if err := o.Store.Put(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	if all := o.unsent(operator, a); len(all) != 0 {
		t.Errorf("offered again: %+v", all)
	}
}

func TestAgeRightsAndOtherKeysOfUnsentWords(t *testing.T) {
	o := open(t)
	a := o.receive(ticketing.Incoming{Category: "chieu_sang"})
	a = o.do(operator, a, ticketing.Command{Verb: ticketing.Route, Agency: "dien"})
	w := &typing{office: o, by: officer, window: "1"}
	w.types(a, ticketing.WriteDraft, "Đã thay bóng")
	for who, by := range map[string]ticketing.Actor{"another agency": stranger, "a citizen": citizen, "an operator's draft": operator, "an auditor": auditor} {
		if _, _, err := o.KeepUnsent(t.Context(), by, ticketing.Unsent{Ticket: a.Code, Verb: ticketing.WriteDraft, Text: "x"}, ""); err == nil {
			t.Errorf("%s may keep words", who)
		}
	}
	if _, _, err := o.KeepUnsent(t.Context(), operator, ticketing.Unsent{Ticket: a.Code, Verb: ticketing.Close, Text: "x"}, ""); ticketing.ClassOf(err) != ticketing.Forbidden {
		t.Errorf("words of a verb without a box: %v", err)
	}
	if _, _, err := o.KeepUnsent(t.Context(), operator, ticketing.Unsent{Ticket: a.Code, Verb: ticketing.Note, Text: strings.Repeat("a", 20_001)}, ""); ticketing.ClassOf(err) != ticketing.Invalid {
		t.Errorf("words without end: %v", err)
	}
	// The agency loses the ticket: its words are not shown and not lost.
	a = o.do(officer, a, ticketing.Command{Verb: ticketing.Return, Reason: "của bên nước"})
	if o.drafts(officer) != 0 || len(o.unsent(officer, a)) != 0 {
		t.Error("words of a ticket that is not hers are shown")
	}
	a = o.do(operator, a, ticketing.Command{Verb: ticketing.Route, Agency: "dien"})
	if o.drafts(officer) != 1 {
		t.Error("the words are lost")
	}
	// One person's box put under another's name does not open.
	rs, err := o.Store.All(t.Context(), "unsent", "")
	if err != nil || len(rs) != 1 {
		t.Fatal(err, rs)
	}
	moved := rs[0]
	moved.ID, moved.Version = leader.ID+"/"+string(a.Code)+"/draft", 1
	if err := o.Store.Put(t.Context(), moved); err != nil {
		t.Fatal(err)
	}
	if all, err := o.UnsentOf(t.Context(), leader, a, nil); err == nil {
		t.Errorf("another's words open: %+v", all)
	}
	if err := o.Store.Erase(t.Context(), "unsent", moved.ID, 0); err != nil {
		t.Fatal(err)
	}
	o.at = o.at.Add(30*24*time.Hour + time.Minute)
	if o.drafts(officer) != 0 {
		t.Error("words of a month ago are shown")
	}
	if err := o.ForgetOld(t.Context()); err != nil {
		t.Fatal(err)
	}
	if o.versions("unsent") != 0 {
		t.Error("words of a month ago are kept")
	}
}

// One save of some lines, as one pause in typing makes it.
func BenchmarkKeepUnsent(b *testing.B) {
	o := open(b)
	a := o.receive(ticketing.Incoming{})
	mark := ""
	for i := range b.N {
		kept, _, err := o.KeepUnsent(b.Context(), operator, ticketing.Unsent{Ticket: a.Code, Verb: ticketing.AnswerIt, Window: "1", Text: strings.Repeat("Dạ, em đã báo đội trực. ", 20+i%5)}, mark)
		if err != nil {
			b.Fatal(err)
		}
		mark = kept.Mark
	}
}

package sqlite

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/storetest"
)

// What is answered from memory is what the file says, also where memory ends.
func TestTheFeedFromMemoryIsTheFeedFromTheFile(t *testing.T) {
	s := fresh(t).(*Store)
	m := storetest.NewMaker(3)
	var tk ticketing.Ticket
	for i := range recentEvents + 50 {
		var err error
		e := m.Matter()
		if i%3 > 0 {
			e = m.Then(tk, ticketing.Noted)
		}
		if _, tk, err = storetest.Append(t.Context(), s, tk0(i, tk), e); err != nil {
			t.Fatal(err)
		}
	}
	end, _ := s.End(t.Context())
	for _, seq := range []int64{0, 49, 50, 51, 700, end - 1, end, end + 5} {
		got, err := s.Since(t.Context(), seq, 2000)
		if err != nil {
			t.Fatal(err)
		}
		want, err := queryAll(t.Context(), s, eventRow, "SELECT seq, payload FROM journal WHERE seq > ? ORDER BY seq LIMIT 2000", seq)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("after %d:\n%s", seq, d)
		}
	}
	if _, here, _ := s.recent.since(49, 1); here {
		t.Error("memory says it has what it has let go")
	}
	if _, here, _ := s.recent.since(50, 1); !here {
		t.Error("memory does not have what it should: this test tests nothing")
	}
}

func tk0(i int, t ticketing.Ticket) ticketing.Ticket {
	if i%3 == 0 {
		return ticketing.Ticket{}
	}
	return t
}

func TestErasedWordsDoNotLiveOnInMemory(t *testing.T) {
	s := fresh(t).(*Store)
	_, tk, err := storetest.Append(t.Context(), s, ticketing.Ticket{}, storetest.NewMaker(4).Matter())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Blank(t.Context(), tk.Code, 1); err != nil {
		t.Fatal(err)
	}
	events, err := s.Since(t.Context(), 0, 10)
	if err != nil || len(events) != 1 || events[0].Text != ticketing.Erased {
		t.Errorf("the feed still says %q (%v)", events[0].Text, err)
	}
	if got, err := s.Ticket(t.Context(), tk.Code); err != nil || got.Text != ticketing.Erased {
		t.Errorf("the ticket still says %q (%v)", got.Text, err)
	}
}

func TestARecordReadBeforeItChangedIsNotKept(t *testing.T) {
	s := fresh(t).(*Store)
	put := func(id string, version int) {
		t.Helper()
		if err := s.Put(t.Context(), ticketing.Record{Kind: "k", ID: id, Version: version, Doc: fmt.Appendf(nil, "%d", version)}); err != nil {
			t.Fatal(err)
		}
	}
	get := func() string {
		t.Helper()
		r, err := s.Get(t.Context(), "k", "x")
		if err != nil {
			return err.Error()
		}
		return string(r.Doc)
	}
	put("x", 1)
	old, known, age := s.recent.record(recordKey{"k", "x"})
	if !known {
		t.Fatal("what was just written is not known")
	}
	put("x", 2)
	s.recent.learn(recordKey{"k", "x"}, old, age) // the reader was slow
	if got := get(); got != "2" {
		t.Errorf("a slow reader set it back to %s", got)
	}
	if err := s.Erase(t.Context(), "k", "x", 0); err != nil {
		t.Fatal(err)
	}
	s.recent.learn(recordKey{"k", "x"}, old, age)
	if got := get(); got != ticketing.ErrNotFound.Error() {
		t.Errorf("after it was erased it is %s", got)
	}
	// So slow that the change has come and been forgotten meanwhile.
	_, _, age = s.recent.record(recordKey{"k", "x"})
	put("x", 1)
	put("x", 2)
	for i := range 2*recentRecords + 2 {
		s.recent.learn(recordKey{"other", fmt.Sprint(i)}, ticketing.Record{Version: 1}, s.recent.records.turns)
	}
	if _, known, _ := s.recent.record(recordKey{"k", "x"}); known {
		t.Fatal("it was not forgotten: this tests nothing")
	}
	s.recent.learn(recordKey{"k", "x"}, old, age)
	if got := get(); got != "2" {
		t.Errorf("the slowest reader set it back to %s", got)
	}
}

func TestACommitNobodyKnewOfIsInTheFeed(t *testing.T) {
	s := fresh(t).(*Store)
	m := storetest.NewMaker(5)
	for range 3 {
		if _, _, err := storetest.Append(t.Context(), s, ticketing.Ticket{}, m.Matter()); err != nil {
			t.Fatal(err)
		}
	}
	// As after a COMMIT that failed and yet was kept: the file is ahead of what the writer has told.
	s.recent.mu.Lock()
	s.recent.last, s.recent.events[3] = 2, nil
	s.recent.mu.Unlock()
	if err := s.write.submit(t.Context(), func(w *writer) error { return w.rewind() }); err != nil {
		t.Fatal(err)
	}
	if _, _, err := storetest.Append(t.Context(), s, ticketing.Ticket{}, m.Matter()); err != nil {
		t.Fatal(err)
	}
	events, err := s.Since(t.Context(), 1, 10)
	if err != nil || len(events) != 3 || events[1].Seq != 3 {
		t.Errorf("%d events after the first (%v)", len(events), err)
	}
}

package sqlite

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/storetest"
)

// A reader beside the writer sees each commit at once and cannot change a thing.
func TestAReaderBesideTheWriter(t *testing.T) {
	s := fresh(t).(*Store)
	populate(t, s, 3)
	r, err := Open(t.Context(), s.path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	m := storetest.NewMaker(99)
	_, tk, err := storetest.Append(t.Context(), s, ticketing.Ticket{}, m.Matter())
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Ticket(t.Context(), tk.Code)
	want, _ := s.Ticket(t.Context(), tk.Code)
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("the ticket: %v\n%s", err, d)
	}
	end, err := r.End(t.Context())
	events, _ := r.Since(t.Context(), end-1, 10)
	if err != nil || len(events) != 1 || events[0].Ticket != tk.Code {
		t.Errorf("the feed ends at %d with %+v (%v)", end, events, err)
	}
	if _, _, err := storetest.Append(t.Context(), r, ticketing.Ticket{}, m.Matter()); !errors.Is(err, ticketing.ErrBusy) {
		t.Errorf("a reader wrote: %v", err)
	}
	if err := r.Put(t.Context(), ticketing.Record{Kind: "k", ID: "x", Version: 1}); !errors.Is(err, ticketing.ErrBusy) {
		t.Errorf("a reader put: %v", err)
	}
	if wrong, err := r.Verify(t.Context(), nil); err != nil || len(wrong) > 0 {
		t.Errorf("verify: %v %v", wrong, err)
	}
	if differ, err := r.Replay(t.Context(), true, nil); err != nil || len(differ) > 0 {
		t.Errorf("check: %v %v", differ, err)
	}
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "none.db"), Options{ReadOnly: true}); err == nil {
		t.Error("a file that is not there was opened for reading")
	}
}

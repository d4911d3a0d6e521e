package mongo

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.mongodb.org/mongo-driver/v2/bson"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/storetest"
)

// A copy made while others write is whole up to where the journal ended, and restores to the same under a new name.
func TestACopyRestores(t *testing.T) {
	s := open(t, database(t), Options{})
	m := storetest.NewMaker(1)
	codes := begin(t, s, m, 5)
	stamp := m.Now.Add(123456789) // finer than a BSON date
	if err := s.Put(t.Context(), ticketing.Record{Kind: "agency", ID: "a", Version: 1, At: stamp, Doc: []byte(`{"name":"Điện lực"}`)},
		ticketing.Record{Kind: "agency", ID: "a", Version: 2, At: m.Now}); err != nil {
		t.Fatal(err)
	}
	if err := s.Blank(t.Context(), codes[0], 1); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	writing.Go(func() {
		w := storetest.NewMaker(2)
		for i := 0; ctx.Err() == nil && i < 300; i++ {
			_, _ = persist(ctx, s, w, codes[w.Rand.IntN(len(codes))], w.Key())
		}
	})
	before, err := s.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "copy")
	if err := s.Backup(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	stop()
	writing.Wait()
	if err := s.Backup(t.Context(), dir); err == nil {
		t.Error("a copy was written over a copy")
	}

	uri := database(t)
	if err := Restore(t.Context(), dir, uri); err != nil {
		t.Fatal(err)
	}
	if err := Restore(t.Context(), dir, uri); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("restoring twice answers %v", err)
	}
	back := open(t, uri, Options{})
	if back.Epoch() == s.Epoch() {
		t.Error("the restored journal goes by the old one's name")
	}
	feed := journalIs(t, back, nil)
	was, err := s.Since(t.Context(), 0, len(feed))
	if diff := cmp.Diff(was, feed, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("the restored journal differs: %v\n%s", err, diff)
	}
	if int64(len(feed)) < before {
		t.Errorf("the copy ends at %d, and the journal ended at %d when it began", len(feed), before)
	}
	for _, from := range []*Store{s, back} {
		history, err := from.History(t.Context(), "agency", "a")
		if err != nil || len(history) != 2 || !history[1].Deleted() || string(history[0].Doc) != `{"name":"Điện lực"}` || !history[0].At.Equal(stamp) {
			t.Errorf("the records are %+v, %v", history, err)
		}
	}
	begin(t, back, storetest.NewMaker(9), 1) // life goes on
	sound(t, back)
}

func TestABrokenCopyIsRefused(t *testing.T) {
	s := open(t, database(t), Options{})
	begin(t, s, storetest.NewMaker(1), 4)
	dir := filepath.Join(t.TempDir(), "copy")
	if err := s.Backup(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func() error{
		"cut off": func() error {
			text, err := os.ReadFile(filepath.Join(dir, journalFile))
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, journalFile), text[:len(text)/2], 0o600)
			}
			return err
		},
		"another's events": func() error {
			return writeOver(filepath.Join(dir, journalFile), func(write func(any) error) error {
				made, err := newEntry(storetest.NewMaker(3).Matter())
				if err != nil {
					return err
				}
				return write(eventLine{Seq: 1, Payload: string(made.Payload), Digest: strings.Repeat("00", 32)})
			})
		},
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		uri := database(t)
		if err := Restore(t.Context(), dir, uri); err == nil {
			t.Errorf("%s: restored all the same", name)
		}
		if half, err := Open(t.Context(), uri, Options{}); err == nil {
			half.Close()
			t.Errorf("%s: a restore that broke off is taken for a store", name)
		}
	}
	if err := os.Remove(filepath.Join(dir, manifestFile)); err != nil {
		t.Fatal(err)
	}
	if err := Restore(t.Context(), dir, database(t)); err == nil {
		t.Error("a copy without its manifest was restored")
	}
}

func writeOver(path string, fill func(write func(any) error) error) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return writeLines(path, fill)
}

// What verify must notice, each done behind the store's back.
func TestVerifyNoticesTampering(t *testing.T) {
	for name, tamper := range map[string]func(s *Store) error{
		"an event removed":      func(s *Store) error { _, err := s.journal.DeleteOne(t.Context(), eq("_id", 3)); return err },
		"the last event cut":    func(s *Store) error { _, err := s.journal.DeleteOne(t.Context(), eq("_id", 6)); return err },
		"a payload changed":     func(s *Store) error { return forge(t.Context(), s, 2) },
		"a digest fitted to it": func(s *Store) error { return forgeWithDigest(t.Context(), s, 2) },
		"a key changed": func(s *Store) error {
			_, err := s.journal.UpdateOne(t.Context(), eq("_id", 2), eq("$set", eq("key", "other")))
			return err
		},
		"a link changed": func(s *Store) error {
			_, err := s.chain.UpdateOne(t.Context(), eq("_id", 2), eq("$set", eq("sum", []byte("x"))))
			return err
		},
		"a link removed": func(s *Store) error { _, err := s.chain.DeleteOne(t.Context(), eq("_id", 2)); return err },
		"words under a blank": func(s *Store) error {
			_, err := s.journal.UpdateOne(t.Context(), eq("_id", 2), eq("$set", eq("blanked", true)))
			return err
		},
	} {
		s := open(t, database(t), Options{})
		begin(t, s, storetest.NewMaker(1), 6)
		settle(t, s)
		for s.chained(t) < 6 {
			pause(t.Context(), time.Millisecond)
		}
		sound(t, s)
		if err := tamper(s); err != nil {
			t.Fatal(err)
		}
		if wrong, err := s.Verify(t.Context(), nil); err != nil || len(wrong) == 0 {
			t.Errorf("%s: verify says %q, %v", name, wrong, err)
		}
		_ = s.Close()
	}
}

func (s *Store) chained(t *testing.T) int64 {
	t.Helper()
	n, err := s.chain.CountDocuments(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func forgeWithDigest(ctx context.Context, s *Store, seq int64) error {
	if err := forge(ctx, s, seq); err != nil {
		return err
	}
	found, err := s.between(ctx, seq-1, seq)
	if err != nil {
		return err
	}
	event, err := found[0].event()
	if err != nil {
		return err
	}
	made, err := newEntry(event)
	if err == nil {
		_, err = s.journal.UpdateOne(ctx, eq("_id", seq), eq("$set", eq("digest", made.Digest)))
	}
	return err
}

// A key that looks like the next event of another ticket takes nothing from that ticket.
func TestAKeyCannotStandInForAnEvent(t *testing.T) {
	s := open(t, database(t), Options{})
	m := storetest.NewMaker(1)
	_, ticket, err := storetest.Append(t.Context(), s, ticketing.Ticket{}, m.Matter())
	if err != nil {
		t.Fatal(err)
	}
	thief := m.Matter()
	thief.Key = tn(ticket.Code, 2)
	if _, _, err := storetest.Append(t.Context(), s, ticketing.Ticket{}, thief); err != nil {
		t.Fatal(err)
	}
	e := m.Then(ticket, ticketing.Noted)
	e.Key = ""
	if stored, _, err := storetest.Append(t.Context(), s, ticket, e); err != nil || stored.Seq != 3 {
		t.Errorf("the ticket's own event is stored as %d, %v", stored.Seq, err)
	}
	for name, spoil := range map[string]func(e *ticketing.Event){
		"a key with our own mark": func(e *ticketing.Event) { e.Key = noKey + "x" },
		"a key that is no text":   func(e *ticketing.Event) { e.Key = "\xff" },
		"more than fits":          func(e *ticketing.Event) { e.Text = strings.Repeat("x", mostBatchSize) },
		"no ticket":               func(e *ticketing.Event) { e.Ticket = "" },
	} {
		e = m.Matter()
		spoil(&e)
		if _, err := s.Append(t.Context(), e, ticketing.Ticket{}); err == nil {
			t.Errorf("%s was stored", name)
		}
	}
	begin(t, s, m, 1) // and the writer goes on
}

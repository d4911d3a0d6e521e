package sqlite

import (
	"context"
	"path/filepath"
	"testing"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/storetest"
)

// fresh is an empty store. It takes forty tickets for many, so that the contract's few try every plan of a list.
func fresh(t *testing.T) ticketing.Store {
	s := openAt(t, filepath.Join(t.TempDir(), "hotline.db"))
	s.few = 40
	return s
}

func openAt(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestContract(t *testing.T) {
	storetest.Run(t, fresh, storetest.Options{
		Reopen: func(t *testing.T, s ticketing.Store) ticketing.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return openAt(t, s.(*Store).path)
		},
		Damage: func(ctx context.Context, s ticketing.Store) error {
			return tamper(ctx, s, "UPDATE tickets SET status = 'waiting', send = 5 WHERE id = (SELECT max(id) FROM tickets)",
				"DELETE FROM search WHERE rowid = (SELECT min(id) FROM tickets)", "UPDATE tally SET received = received + 1 WHERE dim = 'kind'",
				"UPDATE docs SET doc = replace(doc, 'n', 'm') WHERE id = (SELECT min(id) FROM tickets)")
		},
		Forge: func(ctx context.Context, s ticketing.Store, seq int64) error {
			return tamper(ctx, s, "UPDATE journal SET payload = replace(payload, 'a', 'b') WHERE seq = "+string(rune('0'+seq)))
		},
	})
}

// tamper changes the file as somebody would who has the disk.
func tamper(ctx context.Context, s ticketing.Store, statements ...string) error {
	db, err := connect(s.(*Store).path, "rw", "busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer db.Close()
	for _, q := range statements {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

package api

import (
	"context"
	"path/filepath"
	"testing"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/sqlite"
)

func openStore(t testing.TB) ticketing.Store {
	s, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "hotline.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

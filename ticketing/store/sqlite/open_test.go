package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/storetest"
)

// refused opens what must not open and looks for a sentence of one line.
func refused(t *testing.T, path, want string) {
	t.Helper()
	s, err := Open(t.Context(), path, Options{})
	if err == nil {
		s.Close()
		t.Fatalf("%s was opened", path)
	}
	if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Fatalf("the refusal is %q, want one line with %q", err, want)
	}
}

func TestASecondOneIsRefusedAndTheFirstGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hotline.db")
	s := openAt(t, path)
	refused(t, path, "in use")
	m := storetest.NewMaker(1)
	if _, _, err := storetest.Append(t.Context(), s, ticketing.Ticket{}, m.Matter()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	openAt(t, path) // once it is closed the next may come
}

func TestWhatIsNotOursIsRefused(t *testing.T) {
	dir := t.TempDir()
	refused(t, filepath.Join(dir, "no", "such", "folder", "hotline.db"), "not a folder")

	text := filepath.Join(dir, "text.db")
	write(t, text, strings.Repeat("phản ánh ", 500))
	refused(t, text, "not a database")

	folder := filepath.Join(dir, "folder.db")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	refused(t, folder, "cannot be opened")

	foreign := filepath.Join(dir, "foreign.db")
	run(t, foreign, "CREATE TABLE songs (title TEXT)")
	refused(t, foreign, "not the hotline's")
	for _, row := range query(t, foreign, "SELECT name FROM sqlite_schema") {
		if row != "songs" {
			t.Fatalf("a foreign database got a table %s", row)
		}
	}

	newer := filepath.Join(dir, "newer.db")
	openAt(t, newer).Close()
	run(t, newer, "PRAGMA user_version = 99")
	refused(t, newer, "newer hotline")
}

func TestAFolderThatCannotBeWritten(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	refused(t, filepath.Join(dir, "hotline.db"), "may this user write")
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run changes a file that no store has open, or one that has: as somebody would who has the disk.
func run(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := connect(path, "rwc", "busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range statements {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(q, err)
		}
	}
}

func query(t *testing.T, path, q string) []string {
	t.Helper()
	db, err := connect(path, "rw")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(q)
	if err != nil {
		t.Fatal(err)
	}
	all, err := collect(rows, scanInto[string])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A disk that is full: writes are refused, nothing is half there, reading goes on, and when there is space again
// writing goes on without a restart.
func TestAFullDisk(t *testing.T) {
	s := fresh(t).(*Store)
	m := storetest.NewMaker(1)
	add := func() error {
		_, _, err := storetest.Append(t.Context(), s, ticketing.Ticket{}, m.Matter())
		return err
	}
	for range 20 {
		if err := add(); err != nil {
			t.Fatal(err)
		}
	}
	pages := func(n int) { // the writer's own limit on the file
		t.Helper()
		if err := s.write.submit(t.Context(), func(w *writer) error {
			var now int
			return w.row(fmt.Sprintf("PRAGMA max_page_count = %d", n)).Scan(&now)
		}); err != nil {
			t.Fatal(err)
		}
	}
	pages(1)
	var stored int
	var err error
	for stored = 20; err == nil; stored++ {
		if stored > 2000 {
			t.Fatal("the disk never filled")
		}
		err = add()
	}
	stored--
	if !errors.Is(err, ticketing.ErrBusy) || s.Ill() == nil {
		t.Fatalf("on a full disk the writer is told %v, and Ill is %v", err, s.Ill())
	}
	if end, err := s.End(t.Context()); err != nil || end != int64(stored) {
		t.Fatalf("after %d events the end is %d (%v)", stored, end, err)
	}
	// touch finds by itself that there is space again
	s.write.queue <- &job{ctx: context.Background(), answer: make(chan error, 1), do: func(w *writer) error {
		var now int
		return w.row("PRAGMA max_page_count = 1000000").Scan(&now)
	}}
	if err := add(); err != nil {
		t.Fatalf("with space again: %v", err)
	}
	if err := s.Ill(); err != nil {
		t.Fatalf("with space again it is still ill: %v", err)
	}
	sound(t, s)
}

// sound checks the whole file.
func sound(t *testing.T, s *Store) {
	t.Helper()
	if wrong, err := s.Verify(t.Context(), nil); err != nil || len(wrong) > 0 {
		t.Fatalf("verify: %v %q", err, wrong)
	}
	if differ, err := s.Replay(t.Context(), true, nil); err != nil || len(differ) > 0 {
		t.Fatalf("replay with check: %v %+v", err, differ)
	}
}

func TestAFullQueueIsBusyAndAnEndedContextLeavesIt(t *testing.T) {
	s := fresh(t).(*Store)
	hold, held := make(chan struct{}), make(chan struct{})
	go s.write.submit(context.Background(), func(*writer) error { close(held); <-hold; return nil })
	<-held // the writer is at it: what comes now waits
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan struct{}, queueLength)
	answers := make(chan error, queueLength)
	for range queueLength {
		go func() { answers <- s.write.submit(ctx, func(*writer) error { ran <- struct{}{}; return nil }) }()
	}
	for len(s.write.queue) < queueLength {
		time.Sleep(time.Millisecond) // nothing tells when the others have queued
	}
	m := storetest.NewMaker(1)
	if _, _, err := storetest.Append(t.Context(), s, ticketing.Ticket{}, m.Matter()); !errors.Is(err, ticketing.ErrBusy) {
		t.Fatalf("with a full queue a writer is told %v", err)
	}
	cancel()
	for range queueLength {
		if err := <-answers; !errors.Is(err, context.Canceled) || errors.Is(err, ticketing.ErrUnknown) {
			t.Fatalf("who left the queue is told %v", err)
		}
	}
	close(hold)
	err := ticketing.ErrBusy
	for errors.Is(err, ticketing.ErrBusy) { // until the writer has passed over those who left
		_, _, err = storetest.Append(t.Context(), s, ticketing.Ticket{}, m.Matter())
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(ran) > 0 {
		t.Fatalf("%d jobs were run whose owners had left", len(ran))
	}
}

// A job that fails in a way that undoes the transaction fails alone.
func TestOneBadJobDoesNotHarmItsNeighbours(t *testing.T) {
	s := fresh(t).(*Store)
	hold, held := make(chan struct{}), make(chan struct{})
	go s.write.submit(context.Background(), func(*writer) error { close(held); <-hold; return nil })
	<-held
	bad := make(chan error, 1)
	good := make(chan error, 10)
	for i := range 10 {
		m := storetest.NewMaker(uint64(i))
		go func() {
			_, _, err := storetest.Append(t.Context(), s, ticketing.Ticket{}, m.Matter())
			good <- err
		}()
	}
	go func() {
		bad <- s.write.submit(t.Context(), func(w *writer) error {
			if err := w.exec("INSERT INTO meta VALUES ('left', 'behind')"); err != nil {
				return err
			}
			return w.exec("INSERT INTO meta VALUES ('left', 'twice')")
		})
	}()
	for len(s.write.queue) < 11 {
		time.Sleep(time.Millisecond)
	}
	close(hold)
	for range 10 {
		if err := <-good; err != nil {
			t.Fatalf("a neighbour was told %v", err)
		}
	}
	if err := <-bad; err == nil || errors.Is(err, ticketing.ErrBusy) {
		t.Fatalf("the bad job was told %v", err)
	}
	if left := query(t, s.path, "SELECT name FROM meta WHERE name = 'left'"); len(left) > 0 {
		t.Fatal("the bad job left something behind")
	}
	sound(t, s)
}

func TestAClosedStoreRefuses(t *testing.T) {
	s := fresh(t).(*Store)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	m := storetest.NewMaker(1)
	if _, _, err := storetest.Append(t.Context(), s, ticketing.Ticket{}, m.Matter()); !errors.Is(err, ticketing.ErrBusy) {
		t.Fatalf("a closed store says %v", err)
	}
	if _, err := s.Ticket(t.Context(), "X"); err == nil || errors.Is(err, sql.ErrNoRows) {
		t.Fatalf("a closed store reads: %v", err)
	}
	if err := s.Close(); err != nil { // again is harmless
		t.Fatal(err)
	}
}

// A file of the first schema is brought forward: every projection says what a replay would, as if it had been written
// with the second.
func TestAnOlderFileIsBroughtForward(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hotline.db")
	s := openAt(t, path)
	tickets := populate(t, s, 60)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	run(t, path, "DROP INDEX tickets_door", "DROP INDEX tickets_public",
		"DROP INDEX tickets_returned", "DROP INDEX tickets_heard", "ALTER TABLE tickets DROP COLUMN door", "ALTER TABLE tickets DROP COLUMN public", "ALTER TABLE tickets DROP COLUMN asleep", "ALTER TABLE tickets DROP COLUMN returned", "DROP INDEX tickets_reports", "ALTER TABLE tickets DROP COLUMN reports", "PRAGMA user_version = 1")
	s = openAt(t, path)
	public, leading, newer := 0, 0, map[string]bool{}
	for _, one := range tickets {
		newer[string(one.Code)] = one.NextDoor() != "" && one.NextDoor() != one.Channel // no older program wrote such

		if one.Public() {
			public++
		}
		if len(one.Absorbed) > 0 {
			leading++
		}
	}
	if n, err := s.Count(t.Context(), ticketing.Filter{Scope: ticketing.Scope{All: true}, Public: true}); err != nil || n != public || public == 0 {
		t.Errorf("%d are public, want %d (%v)", n, public, err)
	}
	if n, err := s.Count(t.Context(), ticketing.Filter{Scope: ticketing.Scope{All: true}, Reports: 1}); err != nil || n != leading || leading == 0 {
		t.Errorf("%d lead an incident, want %d (%v)", n, leading, err)
	}
	wrong, err := s.Replay(t.Context(), true, nil)
	wrong = slices.DeleteFunc(wrong, func(d ticketing.Difference) bool { return d.What == "outbox" && newer[d.ID] })
	if err != nil || len(wrong) > 0 {
		t.Errorf("the projections differ from the journal: %v, %v", wrong, err)
	}
}

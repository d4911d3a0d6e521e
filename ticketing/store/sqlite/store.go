// Package sqlite keeps the hotline's journal, records and projections in one file.
//
// An event, the ticket after it and everything shown of it are committed together, so a list never trails the
// journal. One goroutine writes; it commits whatever waits in one transaction with one sync of the disk. Readers have
// connections of their own and are never in its way. One process at a time may serve a file.
//
// The package does not know who may see what, nor what an event means: it applies none but for replay and erasure.
// See DESIGN.md.
package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"hotline1022/ticketing"
)

// Options are what may be chosen. The zero value is right for a province.
type Options struct {
	// Readers is how many queries may run at once; 0 is twice the processors, between 4 and 16.
	Readers int
	// ReadOnly opens a file that another process may be serving. Every write is refused, and the bell never rings.
	ReadOnly bool
	// WriterCache is how many megabytes of pages the writer keeps; 0 is 16. An import touches all of every index.
	WriterCache int
}

// Store is a ticketing.Store in one SQLite file.
type Store struct {
	path    string
	epoch   string
	read    *sql.DB
	write   *writer
	recent  *recent // nil: opened for reading only
	bell    ticketing.Bell
	stmts   sync.Map // query → *sql.Stmt, for reads asked over and over
	release func() error
	few     int // see the constant

	unfinished atomic.Bool // a replay was begun and has not ended
}

var _ ticketing.Store = (*Store)(nil)

// Open opens the file, or makes it. Its folder must be there. A file another process has open is refused, as is one
// that is not ours or of a newer schema. Nothing is read but a few rows, however large the file.
func Open(ctx context.Context, path string, opt Options) (_ *Store, err error) {
	if dir, err := os.Stat(filepath.Dir(path)); err != nil || !dir.IsDir() {
		return nil, fmt.Errorf("%s is not a folder: make it first", filepath.Dir(path))
	}
	if opt.ReadOnly {
		return openReadOnly(ctx, path, opt)
	}
	release, err := lock(ctx, path)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, release: release, few: few}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.write, err = newWriter(ctx, path, &s.bell, cmp.Or(opt.WriterCache, 16)); err != nil {
		return nil, err
	}
	s.recent = newRecent(s.write.seq)
	s.write.recent = s.recent
	if err := s.readMeta(ctx, s.write.conn); err != nil {
		return nil, err
	}
	if s.read, err = readers(path, opt.Readers); err != nil {
		return nil, err
	}
	go s.write.run()
	return s, nil
}

// openReadOnly needs no lock: the engine gives each query a moment's truth, whoever writes meanwhile.
func openReadOnly(ctx context.Context, path string, opt Options) (_ *Store, err error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("there is no data yet: %w", err)
	}
	s := &Store{path: path, release: func() error { return nil }, few: few}
	if s.read, err = readers(path, opt.Readers); err != nil {
		return nil, err
	}
	var version, app int
	err = errors.Join(s.read.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version), s.read.QueryRowContext(ctx, "PRAGMA application_id").Scan(&app))
	switch {
	case err != nil:
		err = explain(path, err)
	case app != appID:
		err = fmt.Errorf("%s is a database, but not the hotline's: name another file", path)
	case version != len(migrations):
		err = fmt.Errorf("%s has schema %d and this hotline knows %d: start the hotline that serves it once", path, version, len(migrations))
	default:
		err = s.readMeta(ctx, s.read)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *Store) readMeta(ctx context.Context, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}) error {
	var replaying bool
	err := db.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'epoch'").Scan(&s.epoch)
	if err == nil {
		err = db.QueryRowContext(ctx, "SELECT count(*) FROM meta WHERE name = 'replaying'").Scan(&replaying)
	}
	if err != nil {
		return explain(s.path, err)
	}
	s.unfinished.Store(replaying)
	return nil
}

// submit gives the writer a job and waits for its answer.
func (s *Store) submit(ctx context.Context, do func(*writer) error) error {
	if s.write == nil {
		return fmt.Errorf("%w: it was opened for reading only", ticketing.ErrBusy)
	}
	return s.write.submit(ctx, do)
}

// readers is a pool of connections that cannot write. Idle ones are kept few: each holds a cache.
func readers(path string, n int) (*sql.DB, error) {
	if n == 0 {
		n = min(max(4, 2*runtime.GOMAXPROCS(0)), 16)
	}
	db, err := connect(path, "rw", "busy_timeout(10000)", "query_only(1)", "cache_size(-8000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(min(n, 4))
	return db, nil
}

// Close ends the writer after what it has taken, then lets go of the file.
func (s *Store) Close() error {
	if s.write != nil && !s.write.stop() {
		return nil
	}
	return s.close()
}

func (s *Store) close() error {
	var errs []error
	if s.read != nil {
		s.stmts.Range(func(_, stmt any) bool {
			errs = append(errs, stmt.(*sql.Stmt).Close())
			return true
		})
		errs = append(errs, s.read.Close())
	}
	if s.write != nil {
		errs = append(errs, s.write.close())
	}
	return errors.Join(append(errs, s.release())...)
}

// Epoch names this journal; only Restore gives a file another.
func (s *Store) Epoch() string { return s.epoch }

// Bell is closed after the next commit.
func (s *Store) Bell() <-chan struct{} { return s.bell.Wait() }

// Ill is what keeps the writer from writing, and nil once it writes again (it tries by itself every second), or that
// a replay must be done again.
func (s *Store) Ill() error {
	if s.write != nil {
		if err := s.write.illness(); err != nil {
			return err
		}
	}
	if s.unfinished.Load() {
		return errors.New("a replay has not ended, lists and searches may lack tickets: run `hotline replay`")
	}
	return nil
}

// prepared is a query's statement on the readers, made once. Only for queries whose text is a constant.
func (s *Store) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, ok := s.stmts.Load(query); ok {
		return stmt.(*sql.Stmt), nil
	}
	stmt, err := s.read.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if first, loaded := s.stmts.LoadOrStore(query, stmt); loaded {
		stmt.Close()
		return first.(*sql.Stmt), nil
	}
	return stmt, nil
}

// queryAll runs a constant query and collects its rows.
func queryAll[T any](ctx context.Context, s *Store, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	stmt, err := s.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, scan)
}

func collect[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error)) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// queryOne is the only row of a constant query, or ErrNotFound.
func queryOne[T any](ctx context.Context, s *Store, scan func(*sql.Rows) (T, error), query string, args ...any) (T, error) {
	all, err := queryAll(ctx, s, scan, query, args...)
	if err == nil && len(all) == 0 {
		err = ticketing.ErrNotFound
	}
	if err != nil {
		var none T
		return none, err
	}
	return all[0], nil
}

func scanInto[T any](rows *sql.Rows) (v T, err error) {
	err = rows.Scan(&v)
	return v, err
}

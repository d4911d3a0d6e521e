package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	engine "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// All that knows the driver stands in this file: how a connection is opened and what its error codes mean.

// connect opens a pool whose connections all have the given pragmas. Nothing is touched before the first use.
func connect(path, mode string, pragmas ...string) (*sql.DB, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	q := url.Values{"mode": {mode}, "_pragma": pragmas}
	address := url.URL{Scheme: "file", Path: filepath.ToSlash(full), RawQuery: q.Encode()}
	return sql.Open("sqlite", address.String())
}

// code is the engine's extended result code; 0 for other errors.
func code(err error) int {
	var e *engine.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// taken says that a unique index refused the row. The statement left no trace; its transaction may go on.
func taken(err error) bool {
	c := code(err)
	return c == lib.SQLITE_CONSTRAINT_UNIQUE || c == lib.SQLITE_CONSTRAINT_PRIMARYKEY || c == lib.SQLITE_CONSTRAINT_ROWID
}

// ill says that the disk or the file is at fault, not the statement: later the same may succeed.
func ill(err error) bool {
	switch code(err) & 0xff {
	case lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_READONLY, lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_CANTOPEN,
		lib.SQLITE_NOMEM, lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB, lib.SQLITE_PROTOCOL, lib.SQLITE_PERM:
		return true
	}
	return errors.Is(err, sql.ErrConnDone)
}

// full says that nothing of the transaction reached the file.
func full(err error) bool { return code(err)&0xff == lib.SQLITE_FULL }

// inUse says that somebody else holds the lock.
func inUse(err error) bool {
	c := code(err) & 0xff
	return c == lib.SQLITE_BUSY || c == lib.SQLITE_LOCKED
}

// explain is an error of opening in one line that says what to do.
func explain(path string, err error) error {
	switch code(err) & 0xff {
	case lib.SQLITE_NOTADB:
		return fmt.Errorf("%s is not a database: move it away, or restore a backup", path)
	case lib.SQLITE_CORRUPT:
		return fmt.Errorf("%s is damaged (%w): restore a backup", path, err)
	case lib.SQLITE_CANTOPEN, lib.SQLITE_PERM:
		return fmt.Errorf("%s cannot be opened: is its folder there, and may this user write in it?", path)
	case lib.SQLITE_READONLY:
		return fmt.Errorf("%s cannot be written: may this user write to it and to its folder?", path)
	case lib.SQLITE_FULL:
		return fmt.Errorf("%s cannot be written: the disk is full", path)
	}
	return fmt.Errorf("opening %s: %w", path, err)
}

// lock holds the file for one process: a transaction on an empty file beside it that never ends. The system lets go
// of it when the process ends, however it ends.
func lock(ctx context.Context, path string) (release func() error, err error) {
	db, err := connect(path+".lock", "rwc", "busy_timeout(0)")
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err == nil {
		_, err = conn.ExecContext(ctx, "BEGIN EXCLUSIVE")
	}
	if err != nil {
		db.Close()
		if inUse(err) {
			return nil, fmt.Errorf("%s is in use by another hotline process: stop that one first", path)
		}
		return nil, explain(path+".lock", err)
	}
	return func() error { return errors.Join(conn.Close(), db.Close()) }, nil
}

// marks is n places for arguments: "?,?,?".
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

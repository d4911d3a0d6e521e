package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// backupName is the file a backup folder holds.
const backupName = "hotline.db"

// Backup writes a consistent copy as of one moment to dir/hotline.db while the store goes on serving.
func (s *Store) Backup(ctx context.Context, dir string) error { return Backup(ctx, s.path, dir) }

// Backup does the same from a process of its own, beside the one that serves the file or without one.
func Backup(ctx context.Context, path, dir string) (err error) {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if there, err := os.ReadDir(dir); err != nil || len(there) > 0 {
		return fmt.Errorf("backup: %s is not an empty folder", dir)
	}
	db, err := connect(path, "rw", "busy_timeout(10000)")
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer db.Close()
	to := filepath.Join(dir, backupName)
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		os.Remove(to) // half a copy must not look like a whole one
		return fmt.Errorf("backup: %w", explain(path, err))
	}
	return settle(to)
}

// settle makes a file that was written by somebody else, and its name, durable.
func settle(path string) error {
	for _, name := range []string{path, filepath.Dir(path)} {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return fmt.Errorf("syncing %s: %w", name, err)
		}
	}
	return nil
}

// Restore makes the file path from a backup. It refuses a path where something is. The copy is a journal of its own
// and has a new epoch, so that nobody goes on reading it where he stopped in the other one.
func Restore(ctx context.Context, fromDir, path string) error {
	from := filepath.Join(fromDir, backupName)
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("restore: there is no %s in %s", backupName, fromDir)
	}
	for _, tail := range []string{"", "-wal", "-shm"} {
		if _, err := os.Stat(path + tail); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("restore: %s is there already: restore into an empty data folder", path+tail)
		}
	}
	half := path + ".restoring"
	defer func() {
		for _, tail := range []string{"", "-wal", "-shm"} {
			os.Remove(half + tail)
		}
	}()
	if err := copyFile(from, half); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := renew(ctx, half); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := settle(half); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := os.Rename(half, path); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return settle(path)
}

// renew checks that the file is ours, brings it to the present schema and gives it another epoch.
func renew(ctx context.Context, path string) error {
	db, err := connect(path, "rw", "journal_mode(DELETE)")
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return explain(path, err)
	}
	defer conn.Close()
	if err := migrate(ctx, path, conn); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "UPDATE meta SET value = ? WHERE name = 'epoch'", newEpoch()); err != nil {
		return explain(path, err)
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"hotline1022/ticketing/store/mongo"
	"hotline1022/ticketing/store/sqlite"
)

// ReplayCmd makes projections anew.
type ReplayCmd struct {
	Check bool `help:"only compare; exit status 1 if something differs"`
}

// Run replays, or compares and lists what differs.
func (r ReplayCmd) Run(ctx context.Context, c *Config) error {
	run := withParts
	if r.Check {
		run = reading
	}
	return run(ctx, c, func(p *parts) error {
		diffs, err := p.store.Replay(ctx, r.Check, progress("replay"))
		if err != nil {
			return err
		}
		for _, d := range diffs {
			fmt.Printf("%s %s: has %s, should have %s\n", d.What, d.ID, d.Have, d.Want)
		}
		if r.Check && len(diffs) > 0 {
			return errData{fmt.Errorf("%d projections differ from the journal; `hotline replay` makes them anew", len(diffs))}
		}
		end, err := p.store.End(ctx)
		fmt.Printf("replay: %d events, %s\n", end, map[bool]string{true: "nothing differs", false: "projections made anew"}[r.Check])
		return err
	})
}

// VerifyCmd checks the journal.
type VerifyCmd struct{}

// Run lists what is wrong.
func (VerifyCmd) Run(ctx context.Context, c *Config) error {
	return reading(ctx, c, func(p *parts) error {
		wrong, err := p.store.Verify(ctx, progress("verify"))
		if err != nil {
			return err
		}
		for _, w := range wrong {
			fmt.Println(w)
		}
		if len(wrong) > 0 {
			return errData{fmt.Errorf("the journal is damaged in %d places", len(wrong))}
		}
		end, err := p.store.End(ctx)
		fmt.Printf("verify: %d events, no hole, hash chain unbroken\n", end)
		return err
	})
}

// BackupCmd copies.
type BackupCmd struct {
	Dir string `arg:"" help:"a new or empty folder"`
}

// Run writes a consistent copy of the store, the attachments and the key. It may run beside a serving process: see
// the stores' Backup.
func (b BackupCmd) Run(ctx context.Context, c *Config) error {
	if left, err := filepath.Glob(filepath.Join(b.Dir, "*")); err != nil || len(left) > 0 {
		return fmt.Errorf("%s is not empty", b.Dir)
	}
	if err := os.MkdirAll(b.Dir, 0o750); err != nil {
		return err
	}
	var err error
	if c.Store == "sqlite" {
		err = sqlite.Backup(ctx, sqliteFile(c), b.Dir)
	} else {
		err = withParts(ctx, c, func(p *parts) error { return p.store.Backup(ctx, b.Dir) })
	}
	if err != nil {
		return err
	}
	// After the store: what an event names was stored before the event.
	for _, sub := range []string{"files", "keys"} {
		if _, err := os.Stat(filepath.Join(c.Data, sub)); err != nil {
			continue
		}
		if err := copyFolder(filepath.Join(c.Data, sub), filepath.Join(b.Dir, sub)); err != nil {
			return fmt.Errorf("copying %s: %w", sub, err)
		}
	}
	about := "It holds the key of the citizens' names: keep it as safe as the data"
	if c.VaultKey != "" {
		about = "The key of the citizens' names (HOTLINE_VAULT_KEY) is not in it, and no name can be read without: keep both"
	}
	fmt.Printf("backup: written to %s. %s.\n", b.Dir, about)
	return nil
}

// copyFolder copies what is finished, for nobody else to read, and durably. The folder may be in use: files half
// written have names with a dot before them, and one that was erased meanwhile is not missed.
func copyFolder(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		rest, _ := filepath.Rel(from, path) // path lies in from
		target := filepath.Join(to, rest)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case entry.IsDir():
			return os.MkdirAll(target, 0o700)
		case strings.HasPrefix(entry.Name(), "."), !entry.Type().IsRegular():
			return nil
		}
		if err := copyFile(path, target); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close(), syncDir(filepath.Dir(to)))
}

// RestoreCmd loads a backup.
type RestoreCmd struct {
	Dir string `arg:"" help:"the folder a backup was written to" type:"existingdir"`
}

// Run refuses a target that is not empty.
func (r RestoreCmd) Run(ctx context.Context, c *Config) error {
	if err := os.MkdirAll(c.Data, 0o750); err != nil {
		return err
	}
	for _, sub := range []string{"files", "keys", "hotline.db"} {
		if _, err := os.Stat(filepath.Join(c.Data, sub)); err == nil {
			return fmt.Errorf("%s is not empty: restore into an empty data folder", c.Data)
		}
	}
	var err error
	if c.Store == "sqlite" {
		err = sqlite.Restore(ctx, r.Dir, sqliteFile(c))
	} else {
		err = mongo.Restore(ctx, r.Dir, c.Store)
	}
	if err != nil {
		return err
	}
	// After the store, which refuses what is no backup: a refusal leaves the folder as empty as it was.
	for _, sub := range []string{"files", "keys"} {
		if _, err := os.Stat(filepath.Join(r.Dir, sub)); err != nil {
			continue
		}
		if err := copyFolder(filepath.Join(r.Dir, sub), filepath.Join(c.Data, sub)); err != nil {
			return fmt.Errorf("copying %s: %w", sub, err)
		}
	}
	fmt.Println("restore: done. `hotline verify` and `hotline replay --check` say whether all is well.")
	return nil
}

// progress draws a line on a terminal and is silent elsewhere.
func progress(what string) func(done, total int64) {
	if !isatty.IsTerminal(os.Stderr.Fd()) {
		return nil
	}
	var last time.Time
	return func(done, total int64) {
		if time.Since(last) < 200*time.Millisecond && done != total {
			return
		}
		last = time.Now()
		percent := int64(100)
		if total > 0 {
			percent = done * 100 / total
		}
		fmt.Fprintf(os.Stderr, "\r%s: %d of %d (%d%%) ", what, done, total, percent)
		if done == total {
			fmt.Fprintln(os.Stderr)
		}
	}
}

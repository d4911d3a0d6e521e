package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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
	return withParts(ctx, c, func(p *parts) error {
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
	return withParts(ctx, c, func(p *parts) error {
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
		err = sqlite.Backup(ctx, filepath.Join(c.Data, "hotline.db"), b.Dir)
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
		if err := os.CopyFS(filepath.Join(b.Dir, sub), os.DirFS(filepath.Join(c.Data, sub))); err != nil {
			return fmt.Errorf("copying %s: %w", sub, err)
		}
	}
	fmt.Printf("backup: written to %s. It holds the key of the citizens' names: keep it as safe as the data.\n", b.Dir)
	return nil
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
	for _, sub := range []string{"files", "keys"} {
		if _, err := os.Stat(filepath.Join(r.Dir, sub)); err != nil {
			continue
		}
		if err := os.CopyFS(filepath.Join(c.Data, sub), os.DirFS(filepath.Join(r.Dir, sub))); err != nil {
			return fmt.Errorf("copying %s: %w", sub, err)
		}
	}
	var err error
	if c.Store == "sqlite" {
		err = sqlite.Restore(ctx, r.Dir, filepath.Join(c.Data, "hotline.db"))
	} else {
		err = mongo.Restore(ctx, r.Dir, c.Store)
	}
	if err != nil {
		return err
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

package email

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// readFolder takes letters in from a maildir: what lies in new/ is read, stored, and moved to cur/ with the mark that
// it was seen (https://cr.yp.to/proto/maildir.html). Processes that share a folder may read the same letter; it is
// stored once.
func (c *Channel) readFolder(ctx context.Context) error {
	pause := time.Duration(0)
	for ctx.Err() == nil {
		more, err := c.folderRound(ctx)
		c.hears.Store(err == nil)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			pause = min(max(2*pause, c.firstPause), c.lastPause)
			c.Log.Warn("letters in the folder could not be taken in", "err", err)
			rest(ctx, pause)
		case !more:
			pause = 0
			rest(ctx, c.look)
		}
	}
	return ctx.Err()
}

// folderRound takes in one batch, the oldest names first; more says that others lie there.
func (c *Channel) folderRound(ctx context.Context) (more bool, err error) {
	entries, err := os.ReadDir(filepath.Join(c.Maildir, "new"))
	if err == nil {
		_, err = os.Stat(filepath.Join(c.Maildir, "cur"))
	}
	if err != nil {
		c.alarm("email.alarm.folder")
		return false, fmt.Errorf("reading the folder: %w", err)
	}
	c.allClear("email.alarm.folder")
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !e.Type().IsRegular() || e.Name()[0] == '.' })
	var names []string
	var raws [][]byte
	var trouble error
	total := 0
	for _, e := range entries {
		if len(raws) == batchLetters || total > batchBytes {
			break
		}
		raw, err := readLetter(filepath.Join(c.Maildir, "new", e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // another process was quicker
		}
		if err != nil {
			trouble = errors.Join(trouble, err) // the others must not wait for it
			continue
		}
		names, raws, total = append(names, e.Name()), append(raws, raw), total+len(raw)
	}
	done := 0
	for i, err := range c.takeAll(ctx, raws) {
		if err == nil {
			err = os.Rename(filepath.Join(c.Maildir, "new", names[i]), filepath.Join(c.Maildir, "cur", names[i]+":2,S"))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			trouble = errors.Join(trouble, err)
			continue
		}
		done++
	}
	return done > 0 && len(entries) > done, trouble
}

func readLetter(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxLetter))
	return raw, errors.Join(err, f.Close())
}

package mongo

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// A copy is three files: the journal and the records as gzipped lines of JSON, and what they must amount to. The last
// is written when the others are safe, so that a copy that broke off is not taken for one.
const (
	journalFile  = "journal.jsonl.gz"
	recordsFile  = "records.jsonl.gz"
	manifestFile = "backup.json"
	copyFormat   = "hotline-mongo-1"
)

type manifest struct {
	Format  string    `json:"format"`
	Epoch   string    `json:"epoch"` // of the journal it is a copy of
	Made    time.Time `json:"made"`
	End     int64     `json:"end"`
	Sum     string    `json:"sum"` // the hash chain at End
	Records int64     `json:"records"`
}

// eventLine is an entry of the journal; what is not here follows from the payload.
type eventLine struct {
	Seq     int64  `json:"seq"`
	Payload string `json:"payload"` // the very bytes, for the digest's sake
	Digest  string `json:"digest"`
	Stored  int64  `json:"stored"` // milliseconds
	Blanked bool   `json:"blanked,omitempty"`
}

// recordLine is one version of a record.
type recordLine struct {
	Kind    string    `json:"kind"`
	ID      string    `json:"id"`
	Version int64     `json:"version"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Doc     string    `json:"doc"`
}

// Backup writes a consistent copy into an empty or new folder while the store goes on: the journal up to its end when
// the call began, and then the records, so that every record an event of the copy relies on is there.
func (s *Store) Backup(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	if there, err := os.ReadDir(dir); err != nil || len(there) > 0 {
		return errors.Join(fmt.Errorf("back up: the folder %s must be empty", dir), err)
	}
	end, err := s.End(ctx)
	if err != nil {
		return err
	}
	is := manifest{Format: copyFormat, Epoch: s.epoch, Made: s.opt.Now().UTC(), End: end}
	if err := writeLines(filepath.Join(dir, journalFile), func(write func(any) error) error {
		is.Sum, err = s.copyJournal(ctx, end, write)
		return err
	}); err != nil {
		return fmt.Errorf("back up the journal: %w", err)
	}
	if err := writeLines(filepath.Join(dir, recordsFile), func(write func(any) error) error {
		is.Records, err = s.copyRecords(ctx, write)
		return err
	}); err != nil {
		return fmt.Errorf("back up the records: %w", err)
	}
	text, err := json.MarshalIndent(is, "", "  ")
	if err == nil {
		err = writeSafely(filepath.Join(dir, manifestFile), func(f *os.File) error { _, err := f.Write(append(text, '\n')); return err })
	}
	return err
}

func (s *Store) copyJournal(ctx context.Context, end int64, write func(any) error) (sum string, err error) {
	var last link
	for at := int64(0); at < end; {
		entries, err := s.between(ctx, at, min(at+atOnce, end))
		if err != nil {
			return "", err
		}
		if len(entries) == 0 {
			return "", fmt.Errorf("the journal ends at %d, and its end was %d", at, end)
		}
		for _, e := range entries {
			line := eventLine{e.Seq, string(e.Payload), hex.EncodeToString(e.Digest), e.Stored.UnixMilli(), e.Blanked}
			if err := write(line); err != nil {
				return "", err
			}
			last = last.next(e)
		}
		at = last.Seq
	}
	return hex.EncodeToString(last.Sum), nil
}

// copyRecords goes by _id, so that what is put meanwhile neither doubles nor hides anything.
func (s *Store) copyRecords(ctx context.Context, write func(any) error) (n int64, err error) {
	for last := ""; ; {
		some, err := s.versions(ctx, eq("_id", bson.D{{Key: "$gt", Value: last}}), options.Find().SetSort(eq("_id", 1)).SetLimit(1000))
		if err != nil || len(some) == 0 {
			return n, err
		}
		for _, v := range some {
			r := v.record()
			if err := write(recordLine{v.Kind, v.ID, v.Version, r.At, v.By, string(v.Doc)}); err != nil {
				return n, err
			}
			n++
		}
		last = some[len(some)-1].Key
	}
}

func writeLines(path string, fill func(write func(any) error) error) error {
	return writeSafely(path, func(f *os.File) error {
		buffer := bufio.NewWriterSize(f, 1<<16)
		packed := gzip.NewWriter(buffer)
		lines := json.NewEncoder(packed)
		return errors.Join(fill(lines.Encode), packed.Close(), buffer.Flush())
	})
}

// writeSafely returns when the file is on the disk.
func writeSafely(path string, fill func(*os.File) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

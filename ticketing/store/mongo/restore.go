package mongo

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"hotline1022/ticketing"
)

// Restore brings a copy that Backup made into the empty database of uri, under a new epoch, and makes its projections.
// Every event is checked against its digest and all of them against the chain's sum. A restore that breaks off leaves
// a mark by which Open refuses the database.
func Restore(ctx context.Context, dir, uri string) error {
	text, err := os.ReadFile(filepath.Join(dir, manifestFile))
	var is manifest
	if err == nil {
		err = json.Unmarshal(text, &is)
	}
	if err != nil || is.Format != copyFormat {
		return fmt.Errorf("%s holds no whole copy of a MongoDB store: %w", dir, errors.Join(err, fmt.Errorf("format %q", is.Format)))
	}
	s, err := connect(ctx, uri, Options{})
	if err != nil {
		return err
	}
	err = s.restore(ctx, dir, is)
	_ = s.client.Disconnect(context.WithoutCancel(ctx))
	if err != nil {
		return fmt.Errorf("restore %s: %w", dir, away(err))
	}
	return projectAll(ctx, uri, is.End)
}

func (s *Store) restore(ctx context.Context, dir string, is manifest) error {
	for _, c := range []*driver.Collection{s.journal, s.records, s.chain, s.tickets, s.meta} {
		if err := c.FindOne(ctx, bson.D{}).Err(); err == nil {
			return fmt.Errorf("the database %q is not empty", c.Database().Name())
		} else if !errors.Is(err, driver.ErrNoDocuments) {
			return err
		}
	}
	if _, err := s.meta.InsertOne(ctx, eq("_id", restoringID)); err != nil {
		return err
	}
	if err := s.ensureIndexes(ctx); err != nil {
		return err
	}
	if err := s.restoreJournal(ctx, filepath.Join(dir, journalFile), is); err != nil {
		return err
	}
	n := int64(0)
	into := batches{ctx: ctx, s: s, in: s.records}
	err := readLines(filepath.Join(dir, recordsFile), func(line recordLine) error {
		made, err := s.newVersion(ticketing.Record{Kind: line.Kind, ID: line.ID, Version: int(line.Version), At: line.At, By: line.By, Doc: []byte(line.Doc)})
		if err != nil {
			return err
		}
		n++
		return into.add(made)
	})
	if err = errors.Join(err, into.flush()); err != nil {
		return err
	}
	if n != is.Records {
		return fmt.Errorf("the copy has %d records and should have %d", n, is.Records)
	}
	_, err = s.meta.DeleteOne(ctx, eq("_id", restoringID))
	return err
}

func (s *Store) restoreJournal(ctx context.Context, path string, is manifest) error {
	var last link
	into := batches{ctx: ctx, s: s, in: s.journal}
	err := readLines(path, func(line eventLine) error {
		event := ticketing.Event{}
		if err := json.Unmarshal([]byte(line.Payload), &event); err != nil {
			return fmt.Errorf("event %d: %w", line.Seq, err)
		}
		made, err := newEntry(event)
		if err != nil {
			return err
		}
		made.Seq, made.W, made.Blanked = line.Seq, rand.Int64(), line.Blanked
		made.Payload, made.Stored = []byte(line.Payload), time.UnixMilli(line.Stored).UTC()
		if made.Digest, err = hex.DecodeString(line.Digest); err != nil {
			return fmt.Errorf("event %d: %w", line.Seq, err)
		}
		if wrong := made.check(); wrong != "" || line.Seq != last.Seq+1 {
			return fmt.Errorf("event %d after %d: %s", line.Seq, last.Seq, wrong)
		}
		last = last.next(made)
		return into.add(made)
	})
	if err = errors.Join(err, into.flush()); err != nil {
		return err
	}
	if last.Seq != is.End || hex.EncodeToString(last.Sum) != is.Sum {
		return fmt.Errorf("the copy's journal ends at %d with another sum than its manifest says for %d", last.Seq, is.End)
	}
	return nil
}

// batches inserts documents some at a time.
type batches struct {
	ctx     context.Context
	s       *Store
	in      *driver.Collection
	waiting []any
}

func (b *batches) add(document any) error {
	b.waiting = append(b.waiting, document)
	if len(b.waiting) < atOnce {
		return nil
	}
	return b.flush()
}

func (b *batches) flush() error {
	if len(b.waiting) == 0 {
		return nil
	}
	ctx, done := b.s.exchange(b.ctx)
	defer done()
	_, err := b.in.InsertMany(ctx, b.waiting)
	b.waiting = nil
	return err
}

func readLines[T any](path string, each func(T) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	packed, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	lines := json.NewDecoder(packed)
	for {
		var line T
		if err := lines.Decode(&line); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		if err := each(line); err != nil {
			return err
		}
	}
}

// projectAll opens the restored database, which names it anew, and waits until its lists are whole.
func projectAll(ctx context.Context, uri string, end int64) error {
	s, err := Open(ctx, uri, Options{})
	if err != nil {
		return err
	}
	for s.trail.projected.Load() < end && ctx.Err() == nil {
		pause(ctx, 20*time.Millisecond)
	}
	return errors.Join(ctx.Err(), s.Close())
}

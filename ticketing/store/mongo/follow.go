package mongo

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	patience  = 200 * time.Millisecond // looking, where no bell rings: what other processes wrote
	atOnce    = 256
	cursorID  = "projected"
	saveEvery = 2 * time.Second
	aDay      = 24 * time.Hour
)

// follower is the one goroutine of the process that makes what can be made again: projections and hash chain, in the
// order of the journal.
type follower struct {
	projected atomic.Int64 // every event up to here is in the projections
	saved     int64
	savedAt   time.Time
	link      link // the last of the chain
}

// follow runs until ctx ends. An error is not an end: the server may come back.
func (s *Store) follow(ctx context.Context) {
	defer s.saveCursor()
	sweep := time.NewTimer(s.opt.Sweep)
	defer sweep.Stop()
	begun := false
	for wait := patience; ctx.Err() == nil; {
		bell := s.Bell() // before reading, so that no ring falls in between
		busy, err := s.step(ctx, &begun)
		if ctx.Err() != nil {
			return
		}
		s.feels("follower", err)
		if busy && err == nil {
			continue
		}
		if wait = patience; err != nil {
			wait = time.Second
			bell = nil // an event that came in does not mend what is wrong
		}
		timer := time.NewTimer(wait)
		select {
		case <-bell:
		case <-timer.C:
		case <-sweep.C:
			if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
				s.opt.Log.Warn("the sweep broke off; the next one goes over the same", "err", err)
			}
			sweep.Reset(s.opt.Sweep)
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// step takes some events further; busy says that there may be more.
func (s *Store) step(ctx context.Context, begun *bool) (busy bool, err error) {
	f := &s.trail
	if !*begun {
		if err := s.beginFollowing(ctx); err != nil {
			return false, err
		}
		*begun = true
	}
	at := f.projected.Load()
	entries, err := s.between(ctx, at, at+atOnce)
	if err != nil {
		return false, err
	}
	if len(entries) > 0 {
		if err := s.project(ctx, entries); err != nil {
			return false, err
		}
		f.projected.Store(entries[len(entries)-1].Seq)
	}
	s.saveCursorSometimes(ctx)
	return len(entries) > 0, s.extendChain(ctx, f.projected.Load(), entries)
}

// beginFollowing finds where the last process left off, and sweeps.
func (s *Store) beginFollowing(ctx context.Context) error {
	short, done := s.exchange(ctx)
	defer done()
	var cursor struct {
		Seq int64 `bson:"seq"`
	}
	err := s.meta.FindOne(short, bson.D{{Key: "_id", Value: cursorID}}).Decode(&cursor)
	if err != nil && err != driver.ErrNoDocuments {
		return away(err)
	}
	if s.trail.link, err = s.lastLink(ctx); err != nil {
		return err
	}
	s.trail.projected.Store(cursor.Seq)
	s.trail.saved = cursor.Seq
	return s.sweep(ctx)
}

// saveCursor tells the next process where to begin. It is written with the same guard as a projection and need not be
// right to the last event: a cursor too low costs a little work, and none is ever too high, because a process moves
// its own only over events it has seen in the projections.
func (s *Store) saveCursor() {
	f := &s.trail
	at := f.projected.Load()
	if at <= f.saved {
		return
	}
	ctx, done := s.exchange(context.Background())
	defer done()
	guard := bson.D{{Key: "_id", Value: cursorID}, {Key: "seq", Value: bson.D{{Key: "$lt", Value: at}}}}
	row := bson.D{{Key: "_id", Value: cursorID}, {Key: "seq", Value: at}}
	result, err := s.meta.ReplaceOne(ctx, guard, row)
	if err == nil && result.MatchedCount == 0 {
		_, err = s.meta.InsertOne(ctx, row)
	}
	f.savedAt = time.Now()
	if err == nil || driver.IsDuplicateKeyError(err) {
		f.saved = at
	}
}

func (s *Store) saveCursorSometimes(ctx context.Context) {
	if ctx.Err() == nil && time.Since(s.trail.savedAt) >= saveEvery {
		s.saveCursor()
	}
}

// sweep looks over the tickets of the last day for a projection that was set back behind the guard, which servers
// whose updates are not atomic do, and projects those again. It runs in the projecting goroutine.
func (s *Store) sweep(ctx context.Context) error {
	upto := s.trail.projected.Load()
	from, err := s.firstStored(ctx, upto, s.opt.Now().Add(-aDay))
	if err != nil {
		return err
	}
	for ; from <= upto; from += atOnce {
		entries, err := s.between(ctx, from-1, min(from-1+atOnce, upto))
		if err != nil {
			return err
		}
		if err := s.project(ctx, entries); err != nil {
			return err
		}
	}
	return nil
}

// firstStored is the seq, at most upto+1, from which on entries were stored since then. Seq rises with the time of
// storing but for the few seconds by which clocks differ.
func (s *Store) firstStored(ctx context.Context, upto int64, since time.Time) (int64, error) {
	from := int64(1)
	for beyond := upto + 1; from < beyond; {
		middle := from + (beyond-from)/2
		found, err := s.find(ctx, bson.D{{Key: "_id", Value: middle}}, options.Find().SetProjection(bson.D{{Key: "stored", Value: 1}}))
		if err != nil {
			return 0, away(err)
		}
		if len(found) > 0 && found[0].Stored.Before(since) {
			from = middle + 1
		} else {
			beyond = middle
		}
	}
	return from, nil
}

// watch wakes the bell sooner where the server tells of changes by itself. Nothing depends on it: looking does the
// same up to 200 ms later, so an error is met with silence, and a server without change streams is asked once.
func (s *Store) watch(ctx context.Context) {
	inserts := driver.Pipeline{
		{{Key: "$match", Value: bson.D{{Key: "operationType", Value: "insert"}}}},
		{{Key: "$project", Value: bson.D{{Key: "documentKey", Value: 1}}}},
	}
	for ctx.Err() == nil {
		stream, err := s.journal.Watch(ctx, inserts)
		if err == nil {
			for stream.Next(ctx) {
				var change struct {
					Key struct {
						Seq int64 `bson:"_id"`
					} `bson:"documentKey"`
				}
				if stream.Decode(&change) == nil {
					s.learn(change.Key.Seq)
				}
			}
			_ = stream.Close(context.WithoutCancel(ctx))
		} else if errors.As(err, new(driver.CommandError)) && !driver.IsNetworkError(err) {
			return
		}
		pause(ctx, time.Minute)
	}
}

package mongo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// index is one that must be there. The unique ones carry the journal's promises, the others only speed.
type index struct {
	in     *driver.Collection
	keys   string // "status received-": fields in order, "-" for descending
	unique bool
}

func (s *Store) indexes() []index {
	return []index{
		{s.journal, "tn", true},
		{s.journal, "key", true},
		{s.records, "kind id version-", false},
		{s.records, "kind stamp-", false},
		{s.tickets, "first", false},
		{s.tickets, "received- first-", false},
		{s.tickets, "status received- first-", false},
		{s.tickets, "agency status received- first-", false},
		{s.tickets, "concerns received- first-", false},
		{s.tickets, "citizen received-", false},
		{s.tickets, "words received- first-", false},
		{s.tickets, "due first", false},
		{s.tickets, "updated- first-", false},
		{s.tickets, "alarm first", false},
		{s.tickets, "send first", false},
		{s.tickets, "door send first", false},
		{s.tickets, "public received- first-", false},
		{s.tickets, "ended promised", false},
		{s.tickets, "day week month channel kind category agency area status outcome tally", false}, // covers Tally
	}
}

func (i index) model() driver.IndexModel {
	var keys bson.D
	for field := range strings.FieldsSeq(i.keys) {
		if name, descending := strings.CutSuffix(field, "-"); descending {
			keys = append(keys, bson.E{Key: name, Value: int32(-1)})
		} else {
			keys = append(keys, bson.E{Key: name, Value: int32(1)})
		}
	}
	opt := options.Index().SetName(i.name())
	if i.unique {
		opt.SetUnique(true)
	}
	return driver.IndexModel{Keys: keys, Options: opt}
}

func (i index) name() string { return strings.ReplaceAll(i.keys, " ", "_") + "_" }

// keysText is an index's keys as a server lists them, in our notation.
func keysText(keys bson.D) string {
	parts := make([]string, len(keys))
	for n, key := range keys {
		parts[n] = key.Key
		switch v := key.Value.(type) {
		case int32:
			if v < 0 {
				parts[n] += "-"
			}
		case int64:
			if v < 0 {
				parts[n] += "-"
			}
		case float64:
			if v < 0 {
				parts[n] += "-"
			}
		}
	}
	return strings.Join(parts, " ")
}

// ensureIndexes lists, creates what is missing one by one, and lists again (journal.md, point 8): some servers break
// the connection when an index is created that is there, and some take one that is not unique for one that is. An
// error of creating says nothing, as another process may have been first; the list decides.
func (s *Store) ensureIndexes(ctx context.Context) error {
	var trouble error
	for range 20 {
		missing, err := s.missingIndexes(ctx)
		if err != nil {
			return err
		}
		if len(missing) == 0 {
			return nil
		}
		for _, i := range missing {
			short, done := context.WithTimeout(ctx, 10*time.Minute) // over a grown collection it takes its time
			_, err := i.in.Indexes().CreateOne(short, i.model())
			done()
			if err != nil {
				trouble = fmt.Errorf("create index %q of %s: %w", i.keys, i.in.Name(), err)
				break // look again before the next one
			}
		}
		if err := ctx.Err(); err != nil {
			return errors.Join(trouble, err)
		}
		if trouble != nil {
			pause(ctx, 50*time.Millisecond)
		}
	}
	return trouble
}

// missingIndexes answers an error when one is there that is not what its place needs.
func (s *Store) missingIndexes(ctx context.Context) ([]index, error) {
	type listed struct {
		Name   string `bson:"name"`
		Key    bson.D `bson:"key"`
		Unique bool   `bson:"unique"`
	}
	var missing []index
	there := map[string][]listed{}
	for _, i := range s.indexes() {
		all, seen := there[i.in.Name()]
		if !seen {
			cursor, err := i.in.Indexes().List(ctx)
			if err == nil {
				err = cursor.All(ctx, &all)
			}
			if err != nil {
				return nil, fmt.Errorf("list the indexes of %s: %w", i.in.Name(), err)
			}
			there[i.in.Name()] = all
		}
		found := false
		for _, have := range all {
			if have.Name != i.name() && keysText(have.Key) != i.keys {
				continue
			}
			found = true
			if keysText(have.Key) != i.keys || i.unique && !have.Unique {
				return nil, fmt.Errorf("index %q of collection %s is on %q, unique: %v; the store needs %q, unique: %v. "+
					"Nothing was changed: drop that index, make sure that no value is there twice, and start again",
					have.Name, i.in.Name(), keysText(have.Key), have.Unique, i.keys, i.unique)
			}
		}
		if !found {
			missing = append(missing, i)
		}
	}
	return missing, nil
}

const (
	epochID     = "epoch"
	restoringID = "restoring"
)

// findEpoch is the journal's name: the first process to open the database gives it, by an insert.
func (s *Store) findEpoch(ctx context.Context) (string, error) {
	var have struct {
		Epoch string `bson:"epoch"`
	}
	for {
		err := s.meta.FindOne(ctx, bson.D{{Key: "_id", Value: epochID}}).Decode(&have)
		if err == nil {
			return have.Epoch, nil
		}
		if !errors.Is(err, driver.ErrNoDocuments) {
			return "", fmt.Errorf("read the journal's epoch: %w", err)
		}
		mine := bson.D{{Key: "_id", Value: epochID}, {Key: "epoch", Value: rand.Text()}, {Key: "since", Value: s.opt.Now()}}
		if _, err := s.meta.InsertOne(ctx, mine); err != nil && !driver.IsDuplicateKeyError(err) {
			return "", fmt.Errorf("write the journal's epoch: %w", err)
		}
	}
}

// refuseHalfRestored keeps a store whose restore broke off from being taken for whole.
func (s *Store) refuseHalfRestored(ctx context.Context) error {
	err := s.meta.FindOne(ctx, bson.D{{Key: "_id", Value: restoringID}}).Err()
	switch {
	case err == nil:
		return errors.New("a restore into this database has not ended: drop the database and restore again")
	case errors.Is(err, driver.ErrNoDocuments):
		return nil
	}
	return fmt.Errorf("look for a broken restore: %w", err)
}

// pause waits, or less if the context ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

package mongo

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"hotline1022/ticketing"
)

// version is a record as stored. Its _id lets one in for each version; the fields beside it are for queries.
type version struct {
	Key     string    `bson:"_id"` // kind, id and version, with a zero byte between
	Kind    string    `bson:"kind"`
	ID      string    `bson:"id"`
	Version int64     `bson:"version"`
	At      time.Time `bson:"at"`
	Nanos   int64     `bson:"nanos"` // what a BSON date cannot hold of At
	By      string    `bson:"by"`
	Doc     []byte    `bson:"doc"`
	Stamp   int64     `bson:"stamp"` // when it was put, by that process's clock, in nanoseconds: see Revisions
	W       int64     `bson:"w"`     // tells our own from another's after a lost reply
}

func recordKey(kind, id string, number int64) string {
	return kind + "\x00" + id + "\x00" + strconv.FormatInt(number, 10)
}

func (s *Store) newVersion(r ticketing.Record) (version, error) {
	if r.Kind == "" || r.ID == "" || r.Version < 1 || strings.Contains(r.Kind+r.ID, "\x00") {
		return version{}, fmt.Errorf("record %q %q version %d cannot be stored", r.Kind, r.ID, r.Version)
	}
	at := r.At.UTC()
	return version{
		Key: recordKey(r.Kind, r.ID, int64(r.Version)), Kind: r.Kind, ID: r.ID, Version: int64(r.Version),
		At: at, Nanos: int64(at.Nanosecond() % int(time.Millisecond)), By: r.By, Doc: r.Doc,
		Stamp: s.opt.Now().UnixNano(), W: rand.Int64(),
	}, nil
}

func (v version) record() ticketing.Record {
	return ticketing.Record{Kind: v.Kind, ID: v.ID, Version: int(v.Version),
		At: v.At.UTC().Add(time.Duration(v.Nanos)), By: v.By, Doc: json.RawMessage(v.Doc)}
}

func (s *Store) versions(ctx context.Context, filter bson.D, opt ...options.Lister[options.FindOptions]) ([]version, error) {
	ctx, done := s.exchange(ctx)
	defer done()
	var found []version
	cursor, err := s.records.Find(ctx, filter, opt...)
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return nil, fmt.Errorf("read records: %w", away(err))
	}
	return found, nil
}

func sameRecord(kind, id string) bson.D {
	return bson.D{{Key: "kind", Value: kind}, {Key: "id", Value: id}}
}

var newestFirst = bson.D{{Key: "version", Value: -1}}

// Put inserts versions in order and stops at the first refused.
func (s *Store) Put(ctx context.Context, records ...ticketing.Record) error {
	for _, r := range records {
		made, err := s.newVersion(r)
		if err != nil {
			return err
		}
		present, err := s.versions(ctx, sameRecord(r.Kind, r.ID), options.Find().SetSort(newestFirst).SetLimit(1).
			SetProjection(bson.D{{Key: "version", Value: 1}}))
		if err != nil {
			return err
		}
		if len(present) == 0 && r.Version != 1 || len(present) > 0 && made.Version != present[0].Version+1 {
			return fmt.Errorf("record %s %s version %d: %w", r.Kind, r.ID, r.Version, ticketing.ErrConflict)
		}
		if err := s.putOne(ctx, made); err != nil {
			return fmt.Errorf("record %s %s version %d: %w", r.Kind, r.ID, r.Version, err)
		}
	}
	return nil
}

// putOne inserts one version. A lost reply is looked up, as an event's is.
func (s *Store) putOne(ctx context.Context, made version) error {
	short, done := s.exchange(ctx)
	defer done()
	_, err := s.records.InsertOne(short, made)
	if err == nil {
		return nil
	}
	there, lookErr := s.versions(context.WithoutCancel(ctx), eq("_id", made.Key), options.Find().SetProjection(bson.D{{Key: "w", Value: 1}}))
	switch {
	case lookErr == nil && len(there) > 0 && there[0].W == made.W:
		return nil
	case lookErr == nil && len(there) > 0, driver.IsDuplicateKeyError(err):
		return ticketing.ErrConflict
	}
	return fmt.Errorf("%w: %w", ticketing.ErrUnknown, err)
}

// putBeside writes what must not be stored later than an event. A version that is taken is left out silently.
func (s *Store) putBeside(ctx context.Context, records []ticketing.Record) error {
	if len(records) == 0 {
		return nil
	}
	documents := make([]any, len(records))
	for i, r := range records {
		made, err := s.newVersion(r)
		if err != nil {
			return err
		}
		documents[i] = made
	}
	ctx, done := s.exchange(ctx)
	defer done()
	_, err := s.records.InsertMany(ctx, documents, options.InsertMany().SetOrdered(false))
	if err == nil || onlyDuplicates(err) {
		return nil
	}
	// Nothing of the event is written yet, and what is written of the records is theirs on the repeat.
	return fmt.Errorf("%w: write records beside an event: %w", ticketing.ErrBusy, err)
}

// Get is the present version.
func (s *Store) Get(ctx context.Context, kind, id string) (ticketing.Record, error) {
	found, err := s.versions(ctx, sameRecord(kind, id), options.Find().SetSort(newestFirst).SetLimit(1))
	if err != nil {
		return ticketing.Record{}, err
	}
	if len(found) == 0 {
		return ticketing.Record{}, ticketing.ErrNotFound
	}
	return found[0].record(), nil
}

// GetAll is the present versions of those that are there and not deleted.
func (s *Store) GetAll(ctx context.Context, kind string, ids []string) (map[string]ticketing.Record, error) {
	all := map[string]ticketing.Record{}
	if len(ids) == 0 {
		return all, nil
	}
	found, err := s.present(ctx, bson.D{{Key: "kind", Value: kind}, {Key: "id", Value: eq("$in", ids)}})
	for _, r := range found {
		all[r.ID] = r
	}
	return all, err
}

// All is the present version of every record of the kind whose id begins with prefix.
func (s *Store) All(ctx context.Context, kind, prefix string) ([]ticketing.Record, error) {
	filter := eq("kind", kind)
	if prefix != "" {
		filter = append(filter, bson.E{Key: "id", Value: bson.D{{Key: "$gte", Value: prefix}, {Key: "$lt", Value: prefix + "\U0010FFFF"}}})
	}
	return s.present(ctx, filter)
}

// present reads first which versions there are, from the index alone, and then the highest of each, so that a long
// history costs little. Where one of those was erased in between, it looks again.
func (s *Store) present(ctx context.Context, filter bson.D) ([]ticketing.Record, error) {
	for {
		all, whole, err := s.tryPresent(ctx, filter)
		if whole || err != nil {
			return all, err
		}
	}
}

func (s *Store) tryPresent(ctx context.Context, filter bson.D) (all []ticketing.Record, whole bool, err error) {
	names, err := s.versions(ctx, filter, options.Find().SetProjection(
		bson.D{{Key: "_id", Value: 0}, {Key: "kind", Value: 1}, {Key: "id", Value: 1}, {Key: "version", Value: 1}}))
	if err != nil {
		return nil, false, err
	}
	highest := map[string]version{}
	for _, v := range names {
		if v.Version > highest[v.ID].Version {
			highest[v.ID] = v
		}
	}
	keys := make([]string, 0, len(highest))
	for _, v := range highest {
		keys = append(keys, recordKey(v.Kind, v.ID, v.Version))
	}
	for some := range slices.Chunk(keys, 1000) {
		found, err := s.versions(ctx, is("_id", "$in", some))
		if err != nil || len(found) < len(some) {
			return nil, false, err
		}
		for _, v := range found {
			if r := v.record(); !r.Deleted() {
				all = append(all, r)
			}
		}
	}
	slices.SortFunc(all, func(a, b ticketing.Record) int { return strings.Compare(a.ID, b.ID) })
	return all, true, nil
}

// History is all versions, oldest first.
func (s *Store) History(ctx context.Context, kind, id string) ([]ticketing.Record, error) {
	found, err := s.versions(ctx, sameRecord(kind, id))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b version) int { return int(a.Version - b.Version) })
	all := make([]ticketing.Record, len(found))
	for i, v := range found {
		all[i] = v.record()
	}
	return all, nil
}

// Erase removes the versions below the given one for good; 0 removes them all.
func (s *Store) Erase(ctx context.Context, kind, id string, below int) error {
	filter := sameRecord(kind, id)
	if below > 0 {
		filter = append(filter, bson.E{Key: "version", Value: eq("$lt", int64(below))})
	}
	ctx, done := s.exchange(ctx)
	defer done()
	if _, err := s.records.DeleteMany(ctx, filter); err != nil {
		return fmt.Errorf("erase record %s %s: %w", kind, id, away(err))
	}
	return nil
}

// Revisions adds the latest stamp of the kind to how many versions there are: the stamp alone would miss a put by a
// process whose clock is behind, and the count alone a put after an erasure.
func (s *Store) Revisions(ctx context.Context, kinds ...string) (map[string]int64, error) {
	all := make(map[string]int64, len(kinds))
	for _, kind := range kinds {
		last, err := s.versions(ctx, eq("kind", kind), options.Find().SetSort(bson.D{{Key: "stamp", Value: -1}}).SetLimit(1).
			SetProjection(bson.D{{Key: "_id", Value: 0}, {Key: "stamp", Value: 1}}))
		if err != nil {
			return nil, err
		}
		short, done := s.exchange(ctx)
		n, err := s.records.CountDocuments(short, eq("kind", kind))
		done()
		if err != nil {
			return nil, fmt.Errorf("count records: %w", away(err))
		}
		all[kind] = n
		if len(last) > 0 {
			all[kind] += last[0].Stamp
		}
	}
	return all, nil
}

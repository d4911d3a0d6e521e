package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hotline1022/ticketing"
)

// Put inserts all of the versions or none.
func (s *Store) Put(ctx context.Context, records ...ticketing.Record) error {
	return s.submit(ctx, func(w *writer) error {
		next := map[[2]string]int{}
		for _, r := range records { // all are looked at before any is written: a refusal must leave no trace
			id := [2]string{r.Kind, r.ID}
			if _, known := next[id]; !known {
				version, err := w.version(r)
				if err != nil {
					return err
				}
				next[id] = version + 1
			}
			if r.Version != next[id] {
				return refusal{fmt.Errorf("%s %s is at version %d: %w", r.Kind, r.ID, next[id]-1, ticketing.ErrConflict)}
			}
			next[id]++
		}
		for _, r := range records {
			if err := w.put(r); err != nil {
				return err
			}
		}
		return nil
	})
}

// putNew inserts those whose version is the next, and leaves out the others: somebody was first.
func (w *writer) putNew(records []ticketing.Record) error {
	for _, r := range records {
		version, err := w.version(r)
		if err != nil {
			return err
		}
		if r.Version != version+1 {
			continue
		}
		if err := w.put(r); err != nil {
			return err
		}
	}
	return nil
}

// version is the present version of the record; 0 for none.
func (w *writer) version(r ticketing.Record) (v int, err error) {
	err = w.row("SELECT version FROM present WHERE kind = ? AND id = ?", r.Kind, r.ID).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return v, err
}

func (w *writer) put(r ticketing.Record) error {
	w.dirty = true
	err := w.exec("INSERT INTO records VALUES (?,?,?,?,?,?)", r.Kind, r.ID, r.Version, r.At.UTC().Format(time.RFC3339Nano), r.By, []byte(r.Doc))
	if err == nil {
		err = w.exec("INSERT OR REPLACE INTO present VALUES (?,?,?)", r.Kind, r.ID, r.Version)
	}
	w.revised[r.Kind] = true
	r.At = r.At.UTC().Round(0)
	w.news.records[recordKey{r.Kind, r.ID}] = r
	if err != nil {
		return fmt.Errorf("putting %s %s version %d: %w", r.Kind, r.ID, r.Version, err)
	}
	return nil
}

// Erase removes versions below the given one, 0 all. The kind's revision changes, so that nobody keeps what went.
func (s *Store) Erase(ctx context.Context, kind, id string, below int) error {
	return s.submit(ctx, func(w *writer) error {
		w.dirty = true
		err := w.exec("DELETE FROM records WHERE kind = ? AND id = ? AND (? = 0 OR version < ?)", kind, id, below, below)
		if err == nil {
			err = w.exec("DELETE FROM present WHERE kind = ? AND id = ? AND (? = 0 OR version < ?)", kind, id, below, below)
		}
		w.revised[kind] = true
		w.news.records[recordKey{kind, id}] = ticketing.Record{}
		if err != nil {
			return fmt.Errorf("erasing %s %s: %w", kind, id, err)
		}
		return nil
	})
}

const recordColumns = "r.kind, r.id, r.version, r.at, r.author, r.doc"

const presentRecords = "SELECT " + recordColumns + " FROM present p CROSS JOIN records r ON r.kind = p.kind AND r.id = p.id AND r.version = p.version WHERE "

func recordRow(rows *sql.Rows) (r ticketing.Record, err error) {
	var at string
	var doc []byte
	if err := rows.Scan(&r.Kind, &r.ID, &r.Version, &at, &r.By, &doc); err != nil {
		return r, err
	}
	r.Doc = json.RawMessage(doc)
	if r.At, err = time.Parse(time.RFC3339Nano, at); err != nil {
		return r, fmt.Errorf("reading %s %s: %w", r.Kind, r.ID, err)
	}
	return r, nil
}

// Get is the present version.
func (s *Store) Get(ctx context.Context, kind, id string) (ticketing.Record, error) {
	key := recordKey{kind, id}
	r, known, age := s.recent.record(key)
	if known {
		return r, nil
	}
	r, err := queryOne(ctx, s, recordRow, presentRecords+"p.kind = ? AND p.id = ?", kind, id)
	if err == nil {
		s.recent.learn(key, r, age)
	}
	return r, err
}

// GetAll is the present versions of some.
func (s *Store) GetAll(ctx context.Context, kind string, ids []string) (map[string]ticketing.Record, error) {
	found := make(map[string]ticketing.Record, len(ids))
	var unknown []string
	for _, id := range ids {
		r, known, _ := s.recent.record(recordKey{kind, id})
		switch {
		case !known:
			unknown = append(unknown, id)
		case !r.Deleted():
			found[id] = r
		}
	}
	if len(unknown) == 0 {
		return found, nil
	}
	list, err := json.Marshal(unknown)
	if err != nil {
		return nil, err
	}
	records, err := queryAll(ctx, s, recordRow, presentRecords+"p.kind = ? AND p.id IN (SELECT value FROM json_each(?))", kind, string(list))
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		if !r.Deleted() {
			found[r.ID] = r
		}
	}
	return found, nil
}

// All is the present versions whose id begins with prefix.
func (s *Store) All(ctx context.Context, kind, prefix string) ([]ticketing.Record, error) {
	records, err := queryAll(ctx, s, recordRow, presentRecords+"p.kind = ? AND p.id >= ? AND p.id < ? ORDER BY p.id", kind, prefix, prefix+"\U0010FFFF")
	if err != nil {
		return nil, err
	}
	var present []ticketing.Record
	for _, r := range records {
		if !r.Deleted() {
			present = append(present, r)
		}
	}
	return present, nil
}

// History is all versions.
func (s *Store) History(ctx context.Context, kind, id string) ([]ticketing.Record, error) {
	return queryAll(ctx, s, recordRow, "SELECT "+recordColumns+" FROM records r WHERE kind = ? AND id = ? ORDER BY version", kind, id)
}

// Revisions counts the puts and erasures of each kind.
func (s *Store) Revisions(ctx context.Context, kinds ...string) (map[string]int64, error) {
	list, err := json.Marshal(kinds)
	if err != nil {
		return nil, err
	}
	all := make(map[string]int64, len(kinds))
	for _, kind := range kinds {
		all[kind] = 0
	}
	_, err = queryAll(ctx, s, func(rows *sql.Rows) (struct{}, error) {
		var kind string
		var n int64
		err := rows.Scan(&kind, &n)
		all[kind] = n
		return struct{}{}, err
	}, "SELECT kind, n FROM revisions WHERE kind IN (SELECT value FROM json_each(?))", string(list))
	return all, err
}

// Package bare measures what the disk and the engine give at best: the same bytes inserted into one table of one
// column, committed in groups, durable, and nothing else. The store's own rate is told as a share of it.
package bare

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the store's driver
)

// Result is one measurement.
type Result struct {
	Rows    int
	Seconds float64
	P50     time.Duration
	P99     time.Duration
	Groups  int
}

// Rate is rows per second.
func (r Result) Rate() float64 { return float64(r.Rows) / r.Seconds }

type row struct {
	payload []byte
	done    chan error
}

// Table is the one table.
type Table struct {
	db     *sql.DB
	queue  chan row
	groups chan int
}

// Open makes the table in a new file in dir.
func Open(ctx context.Context, dir string) (*Table, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "bare.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "CREATE TABLE bare (id INTEGER PRIMARY KEY, payload BLOB)"); err != nil {
		return nil, fmt.Errorf("making the bare table: %w", err)
	}
	t := &Table{db: db, queue: make(chan row, 1024), groups: make(chan int, 1)}
	go func() { t.groups <- commit(db, t.queue) }()
	return t, nil
}

// Put returns when the payload is durable.
func (t *Table) Put(payload []byte) error {
	r := row{payload, make(chan error, 1)}
	t.queue <- r
	return <-r.done
}

// Close ends after what was put; it says how many groups were committed.
func (t *Table) Close() (groups int, err error) {
	close(t.queue)
	return <-t.groups, t.db.Close()
}

// Insert lets so many writers insert the payload for so long into a new file in dir. Each writer waits for its row to
// be durable before it writes the next, as an HTTP request does.
func Insert(ctx context.Context, dir string, writers int, payload []byte, length time.Duration) (Result, error) {
	t, err := Open(ctx, dir)
	if err != nil {
		return Result{}, err
	}
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	begin := time.Now()
	for range writers {
		wg.Go(func() {
			var mine []time.Duration
			for time.Since(begin) < length && ctx.Err() == nil {
				at := time.Now()
				if t.Put(payload) != nil {
					return
				}
				mine = append(mine, time.Since(at))
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	wg.Wait()
	r := Result{Rows: len(took), Seconds: time.Since(begin).Seconds()}
	if r.Groups, err = t.Close(); err != nil {
		return r, err
	}
	if r.Rows == 0 {
		return r, fmt.Errorf("no row was inserted")
	}
	slices.Sort(took)
	r.P50, r.P99 = took[r.Rows/2], took[r.Rows*99/100]
	return r, nil
}

// commit inserts what waits, at most 256 rows, in one transaction, and answers them.
func commit(db *sql.DB, queue <-chan row) (groups int) {
	for first := range queue {
		batch := []row{first}
	more:
		for len(batch) < 256 {
			select {
			case r, ok := <-queue:
				if !ok {
					break more
				}
				batch = append(batch, r)
			default:
				break more
			}
		}
		err := insert(db, batch)
		groups++
		for _, r := range batch {
			r.done <- err
		}
	}
	return groups
}

func insert(db *sql.DB, batch []row) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	stmt, err := tx.Prepare("INSERT INTO bare (payload) VALUES (?)")
	if err != nil {
		return err
	}
	for _, r := range batch {
		if _, err := stmt.Exec(r.payload); err != nil {
			return err
		}
	}
	return tx.Commit()
}

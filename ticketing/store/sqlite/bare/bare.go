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

// Insert lets so many writers insert the payload for so long into a new file in dir. Each writer waits for its row to
// be durable before it writes the next, as an HTTP request does.
func Insert(ctx context.Context, dir string, writers int, payload []byte, length time.Duration) (Result, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "bare.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return Result{}, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "CREATE TABLE bare (id INTEGER PRIMARY KEY, payload BLOB)"); err != nil {
		return Result{}, fmt.Errorf("making the bare table: %w", err)
	}
	queue := make(chan row, 1024)
	groups := make(chan int, 1)
	go func() { groups <- commit(db, queue) }()
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	begin := time.Now()
	for range writers {
		wg.Go(func() {
			var mine []time.Duration
			for time.Since(begin) < length && ctx.Err() == nil {
				at := time.Now()
				r := row{payload, make(chan error, 1)}
				queue <- r
				if <-r.done != nil {
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
	seconds := time.Since(begin).Seconds()
	close(queue)
	r := Result{Rows: len(took), Seconds: seconds, Groups: <-groups}
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

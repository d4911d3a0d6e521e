package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"hotline1022/ticketing"
)

const (
	queueLength = 1024 // jobs that may wait; one more is refused with ErrBusy
	batchLength = 256  // jobs committed together at most
)

// job is something to write. It is run inside a transaction it shares with others, so it either returns a refusal
// before it has changed anything, or changes everything it wants to; any other error undoes the whole transaction.
type job struct {
	ctx    context.Context
	do     func(*writer) error
	state  atomic.Int32 // waiting → begun by the writer, or waiting → withdrawn by its owner
	answer chan error
}

const (
	waiting int32 = iota
	begun
	withdrawn
)

// refusal is a job's answer that leaves its neighbours unharmed: the job has written nothing.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// writer owns the one connection that writes. Its fields but for queue, mu and sick belong to its goroutine.
type writer struct {
	db    *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	bell  *ticketing.Bell

	recent *recent
	news   news // for recent, once this transaction is committed

	seq   int64  // of the last event in this transaction
	chain []byte // its chain
	dirty bool   // this transaction has changed something
	stale bool   // seq and chain must be read again before anything is written

	// What a transaction writes once at its end, whatever number of jobs it holds.
	sums    map[cell]ticketing.Counts
	entries map[int64]entry // of the search index
	revised map[string]bool // kinds of records that changed

	learned map[string]bool // words the vocabulary is known to hold

	queue  chan *job
	done   chan struct{}
	mu     sync.RWMutex // guards closed against a send on a closed queue
	closed bool
	sick   atomic.Pointer[error]
}

func newWriter(ctx context.Context, path string, bell *ticketing.Bell, cacheMB int) (*writer, error) {
	db, err := connect(path, "rwc", "busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", fmt.Sprintf("cache_size(-%d)", cacheMB*1000),
		"secure_delete(1)", "wal_autocheckpoint(10000)", "journal_size_limit(67108864)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	w := &writer{db: db, bell: bell, stmts: map[string]*sql.Stmt{}, sums: map[cell]ticketing.Counts{}, entries: map[int64]entry{}, revised: map[string]bool{}, news: news{tickets: map[ticketing.Code]*shown{}, records: map[recordKey]ticketing.Record{}}, learned: map[string]bool{},
		queue: make(chan *job, queueLength), done: make(chan struct{})}
	if w.conn, err = db.Conn(ctx); err == nil {
		err = migrate(ctx, path, w.conn)
	} else {
		err = explain(path, err)
	}
	if err == nil {
		if err = w.rewind(); err != nil {
			err = explain(path, err)
		}
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// rewind sets the writer back to what is committed.
func (w *writer) rewind() error {
	w.seq, w.chain, w.dirty, w.stale = 0, nil, false, true
	clear(w.sums)
	clear(w.entries)
	clear(w.revised)
	clear(w.learned)
	w.news.clear()
	err := w.row("SELECT seq, chain FROM journal ORDER BY seq DESC LIMIT 1").Scan(&w.seq, &w.chain)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	w.stale = false
	if w.recent != nil { // a commit of which nobody knew may be in the file
		w.recent.publish(&news{all: true}, w.seq)
	}
	return nil
}

// exec and row run a constant statement, prepared once. They take no context: a commit shared by many is not one
// caller's to interrupt.
func (w *writer) exec(query string, args ...any) error {
	stmt, err := w.stmt(query)
	if err != nil {
		return err
	}
	_, err = stmt.Exec(args...)
	return err
}

func (w *writer) row(query string, args ...any) interface{ Scan(...any) error } {
	stmt, err := w.stmt(query)
	if err != nil {
		return failed{err}
	}
	return stmt.QueryRow(args...)
}

type failed struct{ err error }

func (f failed) Scan(...any) error { return f.err }

func (w *writer) stmt(query string) (*sql.Stmt, error) {
	if stmt := w.stmts[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := w.conn.PrepareContext(context.Background(), query)
	if err == nil {
		w.stmts[query] = stmt
	}
	return stmt, err
}

// submit queues the job and waits for its answer, at most until ctx ends.
func (w *writer) submit(ctx context.Context, do func(*writer) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{ctx: ctx, do: do, answer: make(chan error, 1)}
	if err := w.enqueue(j); err != nil {
		return err
	}
	select {
	case err := <-j.answer:
		return err
	case <-ctx.Done():
	}
	if j.state.CompareAndSwap(waiting, withdrawn) {
		return ctx.Err() // not taken yet: it will not be written
	}
	select {
	case err := <-j.answer: // it was just done
		return err
	default:
		return fmt.Errorf("%w: %w", ticketing.ErrUnknown, ctx.Err())
	}
}

func (w *writer) enqueue(j *job) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return fmt.Errorf("%w: it is closed", ticketing.ErrBusy)
	}
	select {
	case w.queue <- j:
		return nil
	default:
		return fmt.Errorf("%w: %d writes are waiting", ticketing.ErrBusy, queueLength)
	}
}

// run commits what waits until the queue is closed and empty.
func (w *writer) run() {
	defer close(w.done)
	for {
		var look <-chan time.Time
		if w.illness() != nil {
			look = time.After(time.Second)
		}
		select {
		case j, ok := <-w.queue:
			if !ok {
				return
			}
			w.serve(w.batch(j))
		case <-look:
			w.serve(w.batch(&job{ctx: context.Background(), answer: make(chan error, 1), do: (*writer).touch}))
		}
	}
}

// touch writes something that matters to nobody, to see whether writing works again.
func (w *writer) touch() error {
	w.dirty = true
	return w.exec("INSERT OR REPLACE INTO meta VALUES ('touched', ?)", time.Now().UTC().Format(time.RFC3339))
}

// batch is the job and what waits behind it, without those whose owners have left.
func (w *writer) batch(j *job) []*job {
	batch := make([]*job, 0, batchLength)
	for {
		if err := j.ctx.Err(); err != nil {
			if j.state.CompareAndSwap(waiting, withdrawn) {
				j.answer <- err
			}
		} else if j.state.CompareAndSwap(waiting, begun) {
			batch = append(batch, j)
		}
		if len(batch) == batchLength {
			return batch
		}
		select {
		case next, ok := <-w.queue:
			if !ok {
				return batch
			}
			j = next
		default:
			return batch
		}
	}
}

// serve writes the jobs together and answers each. If one of them fails in a way that undoes the others too, each is
// tried alone, so that it fails alone.
func (w *writer) serve(batch []*job) {
	if len(batch) == 0 {
		return
	}
	refused, err := w.together(batch)
	switch {
	case err == nil:
		for i, j := range batch {
			j.answer <- refused[i]
		}
	case errors.Is(err, ticketing.ErrBusy) || errors.Is(err, ticketing.ErrUnknown) || len(batch) == 1:
		for _, j := range batch {
			j.answer <- err
		}
	default:
		for _, j := range batch {
			w.serve([]*job{j})
		}
	}
}

// together runs the jobs in one transaction. The bell rings after the commit and nowhere else.
func (w *writer) together(batch []*job) (refused []error, err error) {
	if w.stale {
		if err := w.rewind(); err != nil {
			return nil, w.trouble(err)
		}
	}
	if err := w.exec("BEGIN IMMEDIATE"); err != nil {
		return nil, w.trouble(err)
	}
	refused = make([]error, len(batch))
	for i, j := range batch {
		err := j.do(w)
		var r refusal
		switch {
		case errors.As(err, &r):
			refused[i] = r.error
		case err != nil:
			return nil, w.undo(err)
		}
	}
	if err := w.flush(); err != nil {
		return nil, w.undo(err)
	}
	if err := w.exec("COMMIT"); err != nil {
		told := w.undo(err)
		if ill(err) && !full(err) { // a disk that fails to sync may have kept it all the same
			told = fmt.Errorf("%w: %v", ticketing.ErrUnknown, err)
		}
		return nil, told
	}
	if w.dirty {
		w.sick.Store(nil)
		w.dirty = false
		w.recent.publish(&w.news, w.seq)
		w.news.clear()
		w.bell.Ring()
	}
	return refused, nil
}

// flush writes what the jobs have noted.
func (w *writer) flush() error {
	if err := w.addSums(); err != nil {
		return err
	}
	if err := w.addEntries(); err != nil {
		return err
	}
	for kind := range w.revised {
		if err := w.exec("INSERT INTO revisions VALUES (?, 1) ON CONFLICT DO UPDATE SET n = n + 1", kind); err != nil {
			return fmt.Errorf("noting that records of kind %s changed: %w", kind, err)
		}
	}
	clear(w.revised)
	return nil
}

// undo rolls back and says what err means.
func (w *writer) undo(err error) error {
	_ = w.exec("ROLLBACK") // the engine may have rolled back by itself
	if again := w.rewind(); again != nil {
		return w.trouble(again)
	}
	return w.trouble(err)
}

// trouble remembers a failure of disk or file and makes it ErrBusy; other errors stay what they are.
func (w *writer) trouble(err error) error {
	if !ill(err) {
		return err
	}
	cause := fmt.Errorf("the database cannot be written: %w", err)
	w.sick.Store(&cause)
	return fmt.Errorf("%w: %w", ticketing.ErrBusy, err)
}

func (w *writer) illness() error {
	if err := w.sick.Load(); err != nil {
		return *err
	}
	return nil
}

// stop takes no more jobs and returns when those that wait are answered; false if somebody else has stopped it.
func (w *writer) stop() bool {
	w.mu.Lock()
	first := !w.closed
	if first {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.done
	return first
}

func (w *writer) close() error {
	var errs []error
	for _, stmt := range w.stmts {
		errs = append(errs, stmt.Close())
	}
	if w.conn != nil {
		errs = append(errs, w.conn.Close())
	}
	return errors.Join(append(errs, w.db.Close())...)
}

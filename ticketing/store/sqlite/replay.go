package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"hotline1022/ticketing"
)

// replayChunk is how many events are looked at in one transaction: writers wait no longer than for that.
const replayChunk = 500

// Replay with check compares everything shown with the journal, as of one moment; see check.
//
// Without check it makes everything anew, in chunks, and the store goes on serving: a ticket is right at every moment
// if it was right before, a search finds only what has been indexed again so far, and at the end writers wait while the
// tally is added up (about five seconds for a million tickets). If it is broken off, Ill says so until one has ended.
// It returns the tickets whose events do not follow on each other: those are left as they are.
func (s *Store) Replay(ctx context.Context, check bool, progress func(done, total int64)) ([]ticketing.Difference, error) {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	if check {
		return s.check(ctx, progress)
	}
	if err := s.submit(ctx, (*writer).beginReplay); err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	s.unfinished.Store(true)
	total, err := s.End(ctx)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	var broken []ticketing.Difference
	for seq := int64(0); seq < total; {
		codes, last, err := s.begun(ctx, seq)
		if err != nil {
			return nil, fmt.Errorf("replay: %w", err)
		}
		if err := s.submit(ctx, func(w *writer) error {
			some, err := w.mend(codes)
			broken = append(broken, some...)
			return err
		}); err != nil {
			return nil, fmt.Errorf("replay after event %d: %w", seq, err)
		}
		seq = last
		progress(min(seq, total), total)
	}
	if err := s.submit(ctx, (*writer).endReplay); err != nil {
		return nil, fmt.Errorf("replay: adding up the tally: %w", err)
	}
	s.unfinished.Store(false)
	return broken, nil
}

// begun are the tickets that began in the next events, and the last of those.
func (s *Store) begun(ctx context.Context, seq int64) (codes []ticketing.Code, last int64, err error) {
	last = seq
	_, err = queryAll(ctx, s, func(rows *sql.Rows) (struct{}, error) {
		var code ticketing.Code
		var n int
		err := rows.Scan(&last, &code, &n)
		if n == 1 {
			codes = append(codes, code)
		}
		return struct{}{}, err
	}, "SELECT seq, ticket, n FROM journal WHERE seq > ? ORDER BY seq LIMIT ?", seq, replayChunk)
	return codes, last, err
}

// beginReplay empties what cannot be mended row by row.
func (w *writer) beginReplay() error {
	w.dirty, w.news.all = true, true
	if err := w.flush(); err != nil { // what others in this transaction have noted is in the index that is emptied
		return err
	}
	clear(w.learned)
	for _, q := range []string{
		"INSERT OR REPLACE INTO meta VALUES ('replaying', '1')",
		"INSERT INTO search (search) VALUES ('delete-all')",
		"DELETE FROM vocabulary",
		"DELETE FROM cooperating",
		"DELETE FROM tickets WHERE NOT EXISTS (SELECT 1 FROM journal WHERE ticket = code AND n = 1 AND seq = first)",
	} {
		if err := w.exec(q); err != nil {
			return err
		}
	}
	return nil
}

// mend makes anew what is shown of the tickets.
func (w *writer) mend(codes []ticketing.Code) (broken []ticketing.Difference, err error) {
	for _, code := range codes {
		events, err := w.timeline(code)
		if err != nil {
			return nil, err
		}
		t, err := history(events)
		if err != nil {
			broken = append(broken, doesNotFollow(code, err))
			continue
		}
		if err := w.prepareMending(t); err != nil {
			return nil, err
		}
		if err := w.reproject(t); err != nil {
			return nil, err
		}
	}
	return broken, nil
}

func doesNotFollow(code ticketing.Code, err error) ticketing.Difference {
	return ticketing.Difference{What: "journal", ID: string(code), Have: err.Error(), Want: "events that follow on each other"}
}

// prepareMending makes the ticket's row forget what it says of the side tables that were emptied, so that they are
// written again, and takes away a row that stands in the wrong place.
func (w *writer) prepareMending(t ticketing.Ticket) error {
	if err := w.exec("DELETE FROM tickets WHERE code = ? AND id NOT BETWEEN ? AND ?", string(t.Code),
		place(t.Received.UnixMilli()), place(t.Received.UnixMilli())|placeBits); err != nil {
		return err
	}
	return w.exec("UPDATE tickets SET helpers = '', terms = ? WHERE code = ?", ^sum(withNumber(terms(t), t)), string(t.Code))
}

// endReplay adds up the tally from the rows, which are right now.
func (w *writer) endReplay() error {
	w.dirty, w.news.all = true, true
	clear(w.sums) // the rows have what was noted in this transaction already
	if err := w.exec("DELETE FROM tally"); err != nil {
		return err
	}
	for _, k := range kept {
		value := string(k.dim)
		if value == "" {
			value = "''"
		}
		if err := w.exec("INSERT INTO tally SELECT ?, day, "+value+", date(day, 'weekday 0', '-6 days'), substr(day, 1, 7), "+counted+
			" FROM tickets GROUP BY day, "+value, string(k.dim)); err != nil {
			return err
		}
		if err := w.exec("INSERT INTO tally SELECT ?, month, value, '', month, "+summed+" FROM tally WHERE dim = ? GROUP BY month, value",
			monthly+string(k.dim), string(k.dim)); err != nil {
			return err
		}
	}
	if err := w.exec("DELETE FROM docs WHERE id NOT IN (SELECT id FROM tickets)"); err != nil {
		return err
	}
	return w.exec("DELETE FROM meta WHERE name = 'replaying'")
}

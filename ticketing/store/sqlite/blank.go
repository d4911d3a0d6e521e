package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"hotline1022/ticketing"
)

// Blank erases the words of one event and makes everything shown of its ticket anew, in one commit. The overwritten
// pages leave the file with the next checkpoint (secure_delete is on for the writer).
func (s *Store) Blank(ctx context.Context, code ticketing.Code, n int) error {
	return s.submit(ctx, func(w *writer) error {
		events, err := w.timeline(code)
		if err != nil {
			return err
		}
		at := n - 1
		if at < 0 || at >= len(events) {
			return refusal{ticketing.ErrNotFound}
		}
		if events[at].Blanked {
			return nil
		}
		events[at] = events[at].Blank()
		t, err := history(events)
		if err != nil { // the words would be gone and the ticket unreadable
			return refusal{fmt.Errorf("blanking event %d of ticket %s: %w", n, code, err)}
		}
		payload, _, err := encode(events[at])
		if err != nil {
			return refusal{err}
		}
		if err := w.exec("UPDATE journal SET payload = ? WHERE seq = ?", payload, events[at].Seq); err != nil {
			return err
		}
		w.news.all = true // the words must not live on in memory
		return w.reproject(t)
	})
}

// timeline is the ticket's events as this transaction sees them.
func (w *writer) timeline(code ticketing.Code) ([]ticketing.Event, error) {
	stmt, err := w.stmt("SELECT seq, payload FROM journal WHERE ticket = ? ORDER BY n")
	if err != nil {
		return nil, err
	}
	rows, err := stmt.Query(string(code))
	if err != nil {
		return nil, err
	}
	return collect(rows, eventRow)
}

// history is the ticket the events make.
func history(events []ticketing.Event) (t ticketing.Ticket, err error) {
	for _, e := range events {
		if t, err = t.Apply(e); err != nil {
			return t, fmt.Errorf("event %d: %w", e.Seq, err)
		}
	}
	return t, nil
}

// reproject shows t, whatever was shown before.
func (w *writer) reproject(t ticketing.Ticket) error {
	doc, err := json.Marshal(t)
	if err != nil {
		return refusal{err}
	}
	old, err := w.current(t.Code)
	if err != nil {
		return err
	}
	return w.project(t, doc, terms(t), old)
}

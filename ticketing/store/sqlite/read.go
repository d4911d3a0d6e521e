package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"hotline1022/ticketing"
)

func eventRow(rows *sql.Rows) (ticketing.Event, error) { return scanEvent(rows) }

// ticketRow reads first, doc: the document of a ticket's first version was made before its place was known.
func ticketRow(rows *sql.Rows) (t ticketing.Ticket, err error) {
	var first int64
	var doc []byte
	if err := rows.Scan(&first, &doc); err != nil {
		return t, err
	}
	return decode(first, doc)
}

func decode(first int64, doc []byte) (t ticketing.Ticket, err error) {
	if err := json.Unmarshal(doc, &t); err != nil {
		return t, fmt.Errorf("reading ticket %d: %w", first, err)
	}
	t.First = first
	return t, nil
}

// Ticket is the ticket as of the last commit.
func (s *Store) Ticket(ctx context.Context, code ticketing.Code) (ticketing.Ticket, error) {
	if t, ok := s.recent.ticket(code); ok {
		return t.read()
	}
	return queryOne(ctx, s, ticketRow, "SELECT d.first, d.doc FROM tickets t JOIN docs d ON d.id = t.id WHERE t.code = ?", string(code))
}

// Numbered is the ticket that began with that event.
func (s *Store) Numbered(ctx context.Context, first int64) (ticketing.Ticket, error) {
	return queryOne(ctx, s, ticketRow, "SELECT d.first, d.doc FROM tickets t JOIN docs d ON d.id = t.id WHERE t.first = ?", first)
}

// Timeline is the ticket's events after the given one.
func (s *Store) Timeline(ctx context.Context, code ticketing.Code, after int) ([]ticketing.Event, error) {
	return queryAll(ctx, s, eventRow, "SELECT seq, payload FROM journal WHERE ticket = ? AND n > ? ORDER BY n", string(code), after)
}

// ByKey is the event with the key.
func (s *Store) ByKey(ctx context.Context, key string) (ticketing.Event, error) {
	return queryOne(ctx, s, eventRow, "SELECT seq, payload FROM journal WHERE key = ?", null(key))
}

// Since is the feed after seq.
func (s *Store) Since(ctx context.Context, seq int64, limit int) ([]ticketing.Event, error) {
	if events, here, err := s.recent.since(seq, limit); here {
		return events, err
	}
	return queryAll(ctx, s, eventRow, "SELECT seq, payload FROM journal WHERE seq > ? ORDER BY seq LIMIT ?", seq, max(limit, 0))
}

// End is the last seq.
func (s *Store) End(ctx context.Context) (int64, error) {
	if last, known := s.recent.end(); known {
		return last, nil
	}
	return queryOne(ctx, s, scanInto[int64], "SELECT ifnull(max(seq), 0) FROM journal")
}

// Ringing lists the tickets whose alarm is due.
func (s *Store) Ringing(ctx context.Context, before time.Time, limit int) ([]ticketing.Code, error) {
	return queryAll(ctx, s, scanInto[ticketing.Code],
		"SELECT code FROM tickets INDEXED BY tickets_alarm WHERE alarm <= ? ORDER BY alarm, id LIMIT ?", before.UnixMilli(), max(limit, 0))
}

// Outbox lists the tickets with a message to send by that door, or by any.
func (s *Store) Outbox(ctx context.Context, door ticketing.Channel, before time.Time, limit int) ([]ticketing.Code, error) {
	if door != "" {
		return queryAll(ctx, s, scanInto[ticketing.Code],
			"SELECT code FROM tickets INDEXED BY tickets_door WHERE door = ? AND send <= ? ORDER BY send, id LIMIT ?", string(door), before.UnixMilli(), max(limit, 0))
	}
	return queryAll(ctx, s, scanInto[ticketing.Code],
		"SELECT code FROM tickets INDEXED BY tickets_send WHERE send <= ? ORDER BY send, id LIMIT ?", before.UnixMilli(), max(limit, 0))
}

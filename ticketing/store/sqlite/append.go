package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"hotline1022/ticketing"
)

// appending is an event on its way into the journal. What can be made before its seq is known is made by the caller's
// goroutine, so that the writer only writes.
type appending struct {
	event   ticketing.Event
	after   ticketing.Ticket
	with    []ticketing.Record
	payload []byte
	digest  [32]byte
	bare    [32]byte
	doc     []byte
	terms   []string
	broken  bool // its words held bytes that are no UTF-8: what is stored is not what was given
}

// Append writes the event, the ticket and the records in one commit.
func (s *Store) Append(ctx context.Context, e ticketing.Event, after ticketing.Ticket, with ...ticketing.Record) (ticketing.Event, error) {
	a, err := prepare(e, after, with)
	if err != nil {
		return e, err
	}
	// a has to itself until the answer: after ErrUnknown the writer may still be at it
	if err := s.submit(ctx, a.write); err != nil {
		if errors.Is(err, ticketing.ErrConflict) || errors.Is(err, ticketing.ErrDuplicate) {
			return a.event, err
		}
		return e, err
	}
	return a.event, nil
}

func prepare(e ticketing.Event, after ticketing.Ticket, with []ticketing.Record) (*appending, error) {
	if after.Code != e.Ticket || after.Version != e.N || e.N < 1 || e.Ticket == "" {
		return nil, fmt.Errorf("event %d of ticket %q given with version %d of ticket %q", e.N, e.Ticket, after.Version, after.Code)
	}
	e.Seq = 0
	a := &appending{event: e, after: after, with: with}
	var err error
	if a.payload, a.digest, err = encode(e); err != nil {
		return nil, err
	}
	a.broken = bytes.Contains(a.payload, []byte("\ufffd"))
	if _, a.bare, err = encode(e.Blank()); err != nil {
		return nil, err
	}
	if a.doc, err = json.Marshal(after); err != nil {
		return nil, fmt.Errorf("encoding ticket %s: %w", after.Code, err)
	}
	a.terms = terms(after)
	return a, nil
}

// encode is the event as the journal keeps it. Its seq is the row's. Reading it and encoding it again gives the same
// bytes, or an erased event could not be told from a forged one: bytes that are no UTF-8 become U+FFFD at once.
func encode(e ticketing.Event) ([]byte, [32]byte, error) {
	e.Seq = 0
	payload, err := json.Marshal(e)
	if err == nil && bytes.Contains(payload, []byte(`\ufffd`)) {
		var read ticketing.Event
		if err = json.Unmarshal(payload, &read); err == nil {
			payload, err = json.Marshal(read)
		}
	}
	if err != nil {
		return nil, [32]byte{}, fmt.Errorf("encoding event %d of ticket %s: %w", e.N, e.Ticket, err)
	}
	return payload, sha256.Sum256(payload), nil
}

// link is the hash chain's next value.
func link(before []byte, seq int64, e ticketing.Event, digest, bare []byte) []byte {
	h := sha256.New()
	h.Write(before)
	var b []byte
	for _, n := range []int64{seq, int64(e.N), e.At.UnixMilli()} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	for _, s := range []string{string(e.Ticket), string(e.Kind), e.Key} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	h.Write(b)
	h.Write(digest)
	h.Write(bare)
	return h.Sum(nil)
}

// write is the job. The journal's unique indexes decide whether the event is let in: a refused insert leaves no trace.
func (a *appending) write(w *writer) error {
	var old *row
	var err error
	version, e, seq := 0, a.event, w.seq+1
	if e.N > 1 { // of a first event the journal's index knows better than any row whether it is one
		if old, err = w.current(e.Ticket); err != nil {
			return err
		}
	}
	if old != nil {
		version = old.version
	}
	if e.N <= version+1 {
		chain := link(w.chain, seq, e, a.digest[:], a.bare[:])
		err = w.exec("INSERT INTO journal VALUES (?,?,?,?,?,?,?,?,?,?)", seq, string(e.Ticket), e.N, null(e.Key), e.At.UnixMilli(),
			string(e.Kind), a.payload, a.digest[:], a.bare[:], chain)
		if err == nil {
			w.seq, w.chain, w.dirty = seq, chain, true
			e.Seq = seq
			w.news.events = append(w.news.events, &recentEvent{seq: seq, payload: a.payload, known: !a.broken, event: e})
		}
	}
	switch {
	case e.N > version+1, err != nil && taken(err):
		return a.refuse(w, version)
	case err != nil:
		return err
	case e.N != version+1:
		return fmt.Errorf("ticket %s is shown at version %d, which is not in the journal: run `hotline replay`", e.Ticket, version)
	}
	a.event.Seq = seq
	if old != nil {
		a.after.First = old.first
	} else {
		a.after.First = seq
	}
	if err := w.putNew(a.with); err != nil {
		return err
	}
	if err := w.project(a.after, a.doc, a.terms, old); err != nil || a.broken {
		return err
	}
	shown := w.news.tickets[a.after.Code]
	shown.known, shown.ticket = true, a.after
	return nil
}

// refuse says why the event was not let in: the key goes before the version.
func (a *appending) refuse(w *writer, version int) error {
	if a.event.Key != "" {
		there, err := scanEvent(w.row("SELECT seq, payload FROM journal WHERE key = ?", a.event.Key))
		if err == nil {
			a.event = there
			return refusal{ticketing.ErrDuplicate}
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	there, err := scanEvent(w.row("SELECT seq, payload FROM journal WHERE ticket = ? AND n = ?", string(a.event.Ticket), a.event.N))
	switch {
	case err == nil:
		a.event = there
		return refusal{ticketing.ErrConflict}
	case errors.Is(err, sql.ErrNoRows):
		return refusal{fmt.Errorf("event %d of ticket %s cannot follow on version %d", a.event.N, a.event.Ticket, version)}
	}
	return err
}

func scanEvent(row interface{ Scan(...any) error }) (e ticketing.Event, err error) {
	var seq int64
	var payload []byte
	if err := row.Scan(&seq, &payload); err != nil {
		return e, err
	}
	return decodeEvent(seq, payload)
}

func decodeEvent(seq int64, payload []byte) (e ticketing.Event, err error) {
	if err := json.Unmarshal(payload, &e); err != nil {
		return e, fmt.Errorf("reading event %d: %w", seq, err)
	}
	e.Seq = seq
	return e, nil
}

// null is s, or NULL for the empty string.
func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

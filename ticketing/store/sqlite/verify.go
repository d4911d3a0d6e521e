package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"

	"hotline1022/ticketing"
)

// Verify walks the journal from its first event. It lists at most a thousand faults: behind one forged link every
// later one is checked against what is stored, so each fault is listed once.
//
// A journal whose last events were cut off is shorter but sound: only a backup or a follower's seq tells.
func (s *Store) Verify(ctx context.Context, progress func(done, total int64)) ([]string, error) {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	v := verifying{}
	total, err := s.End(ctx)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	for v.seq < total && len(v.wrong) < 1000 {
		was := v.seq
		if _, err := queryAll(ctx, s, func(rows *sql.Rows) (struct{}, error) { return struct{}{}, v.event(rows) },
			"SELECT seq, ticket, n, ifnull(key, ''), at, kind, payload, digest, bare, chain FROM journal WHERE seq > ? ORDER BY seq LIMIT 500", v.seq); err != nil {
			return nil, fmt.Errorf("verify: %w", err)
		}
		if v.seq == was {
			break
		}
		progress(min(v.seq, total), total)
	}
	for _, q := range []string{
		"SELECT 'ticket ' || ticket || ' has ' || count(*) || ' events, the last is number ' || max(n) FROM journal GROUP BY ticket HAVING count(*) <> max(n) OR min(n) <> 1 LIMIT 100",
		"SELECT 'key ' || key || ' is there ' || count(*) || ' times' FROM journal WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1 LIMIT 100",
		"SELECT 'the file: ' || integrity_check FROM pragma_integrity_check('journal') WHERE integrity_check <> 'ok' LIMIT 100",
	} {
		some, err := queryAll(ctx, s, scanInto[string], q)
		if err != nil {
			return nil, fmt.Errorf("verify: %w", err)
		}
		v.wrong = append(v.wrong, some...)
	}
	return v.wrong, nil
}

type verifying struct {
	seq   int64
	chain []byte
	wrong []string
}

func (v *verifying) say(format string, args ...any) {
	v.wrong = append(v.wrong, fmt.Sprintf(format, args...))
}

// event checks one row against the one before it.
func (v *verifying) event(rows *sql.Rows) error {
	var head ticketing.Event
	var at int64
	var payload, digest, bare, chain []byte
	if err := rows.Scan(&head.Seq, &head.Ticket, &head.N, &head.Key, &at, &head.Kind, &payload, &digest, &bare, &chain); err != nil {
		return err
	}
	if head.Seq != v.seq+1 {
		v.say("events %d to %d are missing", v.seq+1, head.Seq-1)
	}
	v.seq = head.Seq

	var e ticketing.Event
	if err := json.Unmarshal(payload, &e); err != nil {
		v.say("event %d cannot be read: %v", head.Seq, err)
	}
	switch is := sha256.Sum256(payload); {
	case e.Blanked && !bytes.Equal(is[:], bare):
		v.say("event %d is marked as erased, but was changed otherwise", head.Seq)
	case !e.Blanked && !bytes.Equal(is[:], digest):
		v.say("event %d was changed: its digest does not fit", head.Seq)
	case e.Ticket != head.Ticket || e.N != head.N || e.Key != head.Key || e.Kind != head.Kind || e.At.UnixMilli() != at:
		v.say("event %d says something else than its header", head.Seq)
	}
	head.At = e.At
	if !bytes.Equal(link(v.chain, head.Seq, head, digest, bare), chain) {
		v.say("the hash chain is broken at event %d", head.Seq)
	}
	v.chain = chain
	return nil
}

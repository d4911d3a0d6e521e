package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hotline1022/ticketing"
)

// checking is one comparison of everything shown with the journal, inside one read transaction.
type checking struct {
	ctx     context.Context
	s       *Store
	tx      *sql.Tx
	indexed map[int64]uint64 // row → sum of the terms the search index has for it
	sums    map[cell]ticketing.Counts
	helping map[string]bool // "agency id" in table cooperating
	known   map[string]bool // the vocabulary
	seen    int64
	differ  []ticketing.Difference
}

// check lists what is shown and not so by the journal. It holds about 150 bytes for each ticket in memory.
func (s *Store) check(ctx context.Context, progress func(done, total int64)) ([]ticketing.Difference, error) {
	tx, err := s.read.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	defer tx.Rollback()
	c := &checking{ctx: ctx, s: s, tx: tx, indexed: map[int64]uint64{}, sums: map[cell]ticketing.Counts{}, helping: map[string]bool{}, known: map[string]bool{}}
	for _, part := range []func() error{c.readIndex, c.readVocabulary, c.readHelping, func() error { return c.tickets(progress) }, c.leftovers, c.tally} {
		if err := part(); err != nil {
			return nil, fmt.Errorf("check: %w", err)
		}
	}
	return c.differ, nil
}

func (c *checking) add(what, id string, have, want any) {
	c.differ = append(c.differ, ticketing.Difference{What: what, ID: id, Have: fmt.Sprint(have), Want: fmt.Sprint(want)})
}

func (c *checking) each(query string, scan func(*sql.Rows) error, args ...any) error {
	stmt, err := c.s.prepared(c.ctx, query)
	if err != nil {
		return err
	}
	rows, err := c.tx.StmtContext(c.ctx, stmt).QueryContext(c.ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// readIndex adds up what the search index holds, term by term as it is stored.
func (c *checking) readIndex() error {
	term, hashed := "", uint64(0)
	return c.each("SELECT doc, term FROM search_terms", func(rows *sql.Rows) error {
		var id int64
		var t sql.RawBytes
		if err := rows.Scan(&id, &t); err != nil {
			return err
		}
		if string(t) != term { // the same term comes many times in a row
			term = string(t)
			hashed = hash(term)
		}
		c.indexed[id] += hashed
		return nil
	})
}

func (c *checking) readVocabulary() error {
	return c.each("SELECT word FROM vocabulary", func(rows *sql.Rows) error {
		var word string
		err := rows.Scan(&word)
		c.known[word] = true
		return err
	})
}

func (c *checking) readHelping() error {
	return c.each("SELECT agency, id FROM cooperating", func(rows *sql.Rows) error {
		var agency string
		var id int64
		err := rows.Scan(&agency, &id)
		c.helping[fmt.Sprint(agency, " ", id)] = true
		return err
	})
}

// tickets walks the journal and compares each ticket that begins.
func (c *checking) tickets(progress func(done, total int64)) error {
	var total int64
	if err := c.each("SELECT ifnull(max(seq), 0) FROM journal", func(rows *sql.Rows) error { return rows.Scan(&total) }); err != nil {
		return err
	}
	for seq := int64(0); seq < total; {
		var codes []ticketing.Code
		was := seq
		if err := c.each("SELECT seq, ticket, n FROM journal WHERE seq > ? ORDER BY seq LIMIT ?", func(rows *sql.Rows) error {
			var code ticketing.Code
			var n int
			err := rows.Scan(&seq, &code, &n)
			if n == 1 {
				codes = append(codes, code)
			}
			return err
		}, seq, replayChunk); err != nil {
			return err
		}
		if seq == was {
			break
		}
		for _, code := range codes {
			if err := c.ticket(code); err != nil {
				return err
			}
		}
		progress(seq, total)
	}
	return nil
}

// ticket compares one ticket's row, document and entries with its events.
func (c *checking) ticket(code ticketing.Code) error {
	var events []ticketing.Event
	if err := c.each("SELECT seq, payload FROM journal WHERE ticket = ? ORDER BY n", func(rows *sql.Rows) error {
		e, err := scanEvent(rows)
		events = append(events, e)
		return err
	}, string(code)); err != nil {
		return err
	}
	t, err := history(events)
	if err != nil {
		c.differ = append(c.differ, doesNotFollow(code, err))
		return nil
	}
	words := withNumber(terms(t), t)
	want := rowOf(t, words)
	for _, at := range want.cells() {
		c.sums[at] = c.sums[at].Add(want.counts())
	}
	var have *row
	if err := c.each("SELECT "+columns+" FROM tickets WHERE code = ?", func(rows *sql.Rows) error {
		have = &row{}
		return rows.Scan(have.fields()...)
	}, string(code)); err != nil {
		return err
	}
	if have == nil {
		c.add("ticket", string(code), "no row", fmt.Sprintf("version %d", want.version))
		return nil
	}
	c.seen++
	if want.id = have.id; have.id&^placeBits != place(t.Received.UnixMilli()) {
		want.id = place(t.Received.UnixMilli())
	}
	for _, word := range words {
		if !c.known[word] && plain(word) && !strings.Contains(word, "§") {
			c.add("search", string(code), "no such word in the vocabulary", word)
		}
	}
	c.compare(have, &want)
	return c.document(have, t)
}

// compare looks at each column, at the search index and at the side table.
func (c *checking) compare(have, want *row) {
	what := map[string]string{"alarm": "ringing", "send": "outbox", "door": "outbox", "terms": "search"}
	names, a, b := strings.Split(columns, ","), have.values(), want.values()
	for i, name := range names {
		if name = strings.TrimSpace(name); a[i] != b[i] {
			w := "ticket"
			if what[name] != "" {
				w = what[name]
			}
			c.add(w, want.code, fmt.Sprintf("%s %v", name, a[i]), fmt.Sprintf("%s %v", name, b[i]))
		}
	}
	if got := int64(c.indexed[have.id]); got != want.terms {
		c.add("search", want.code, fmt.Sprintf("words with the sum %x", uint64(got)), fmt.Sprintf("words with the sum %x", uint64(want.terms)))
	}
	delete(c.indexed, have.id)
	for _, agency := range distinct(lines(want.helpers)) {
		key := fmt.Sprint(agency, " ", have.id)
		if !c.helping[key] {
			c.add("cooperating", want.code, "nothing", agency)
		}
		delete(c.helping, key)
	}
}

func (c *checking) document(have *row, t ticketing.Ticket) error {
	var got ticketing.Ticket
	err := ticketing.ErrNotFound
	if err := c.each("SELECT first, doc FROM docs WHERE id = ?", func(rows *sql.Rows) error {
		got, err = ticketRow(rows)
		return nil
	}, have.id); err != nil {
		return err
	}
	if err != nil {
		c.add("document", have.code, err, "a document")
		return nil
	}
	a, errA := json.Marshal(got)
	b, errB := json.Marshal(t)
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	if bytes.Equal(a, b) {
		return nil
	}
	var has, wants map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(a, &has), json.Unmarshal(b, &wants)); err != nil {
		return err
	}
	c.add("document", have.code, digests(has, wants), digests(wants, has))
	return nil
}

// digests names the fields of a document that are not those of the other, each with a digest of what it holds: a
// citizen's words do not belong into a report about a disk.
func digests(doc, other map[string]json.RawMessage) string {
	var all []string
	for name, value := range doc {
		if !bytes.Equal(value, other[name]) {
			all = append(all, fmt.Sprintf("%s %.4x", name, sha256.Sum256(value)))
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// leftovers are entries of tickets the journal does not have.
func (c *checking) leftovers() error {
	var rows int64
	if err := c.each("SELECT count(*) FROM tickets", func(r *sql.Rows) error { return r.Scan(&rows) }); err != nil {
		return err
	}
	if rows != c.seen {
		c.add("ticket", "rows", rows, c.seen)
	}
	for id := range c.indexed {
		c.add("search", fmt.Sprintf("row %d", id), "words", "nothing")
	}
	for key := range c.helping {
		c.add("cooperating", key, "there", "nothing")
	}
	return nil
}

// tally compares the sums.
func (c *checking) tally() error {
	err := c.each("SELECT dim, day, value, received, answered, on_time, late, open, rated, pleased FROM tally", func(rows *sql.Rows) error {
		var at cell
		var n ticketing.Counts
		if err := rows.Scan(&at.dim, &at.day, &at.value, &n.Received, &n.Answered, &n.OnTime, &n.Late, &n.Open, &n.Rated, &n.Satisfied); err != nil {
			return err
		}
		if want := c.sums[at]; n != want {
			c.add("tally", at.dim+" "+at.value+" "+at.day, n, want)
		}
		delete(c.sums, at)
		return nil
	})
	for at, want := range c.sums {
		c.add("tally", at.dim+" "+at.value+" "+at.day, "nothing", want)
	}
	slices.SortFunc(c.differ, func(a, b ticketing.Difference) int {
		return strings.Compare(a.What+" "+a.ID, b.What+" "+b.ID)
	})
	return err
}

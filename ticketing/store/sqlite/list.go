package sqlite

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"hotline1022/ticketing"
)

// few is so many rows that reading and sorting them all costs less than a page may take. What yields more is walked
// in the order of the list instead, until the page is full.
const few = 4000

// order is how a list is sorted: by a column, then by id.
type order struct {
	key  string
	down bool
}

func orderOf(s ticketing.Sort) order {
	switch s {
	case ticketing.ByOldest:
		return order{"t.id", false}
	case ticketing.ByDue:
		return order{"t.due", false}
	case ticketing.ByUpdated:
		return order{"t.updated", true}
	}
	return order{"t.id", true}
}

// by is the ORDER BY over a key and an id.
func (o order) by(key, id string) string {
	way := ""
	if o.down {
		way = " DESC"
	}
	if o.key == "t.id" {
		return " ORDER BY " + id + way
	}
	return " ORDER BY " + key + way + ", " + id + way
}

// cursor is the last ticket of a page.
type cursor struct{ key, id int64 }

func (c cursor) text(s ticketing.Sort) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s %d %d", s, c.key, c.id))
}

func parseCursor(text string, s ticketing.Sort) (c cursor, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	parts := strings.Split(string(raw), " ")
	if err == nil && len(parts) == 3 && parts[0] == string(s) {
		var bad error
		c.key, err = strconv.ParseInt(parts[1], 10, 64)
		c.id, bad = strconv.ParseInt(parts[2], 10, 64)
		if err == nil && bad == nil {
			return c, nil
		}
	}
	return c, &ticketing.Error{Class: ticketing.Invalid, Key: "error.cursor", Field: "cursor", Err: fmt.Errorf("cursor %.40q", text)}
}

// after narrows to what comes behind the cursor.
func (o order) after(c cursor) clause {
	beyond, orOn := ">", ">="
	if o.down {
		beyond, orOn = "<", "<="
	}
	if o.key == "t.id" {
		return clause{"t.id " + beyond + " ?", []any{c.id}}
	}
	return clause{o.key + " " + orOn + " ? AND (" + o.key + " " + beyond + " ? OR t.id " + beyond + " ?)", []any{c.key, c.key, c.id}}
}

// List is one page.
func (s *Store) List(ctx context.Context, f ticketing.Filter) (page ticketing.Page, err error) {
	if f.Limit <= 0 {
		f.Limit = 50
	}
	f.Limit = min(f.Limit, 200)
	o := orderOf(f.Sort)
	var from clause
	if f.Cursor != "" {
		c, err := parseCursor(f.Cursor, f.Sort)
		if err != nil {
			return page, err
		}
		from = o.after(c)
	}
	if unseen(f) {
		return page, nil
	}
	ins, err := s.plan(ctx, f)
	if err != nil {
		return page, fmt.Errorf("list: %w", err)
	}
	limit := f.Limit + 1
	if len(f.Words) > 0 && !ins[0].words {
		limit = -1 // who knows how many must be read for so many with the words
	}
	var arms []clause
	for _, in := range ins {
		arms = append(arms, arm(f, in, o.key, from))
	}
	u := union(arms)
	// A limit in the subquery, if only -1, keeps the engine from dropping its order.
	q := fmt.Sprintf("SELECT p.id, p.k, d.first, d.doc FROM (%s%s LIMIT %d) p CROSS JOIN docs d ON d.id = p.id", u.sql, o.by("k", "id"), limit)
	if ins[0].words {
		f.Words = nil
	}
	page, err = s.page(ctx, f, q, u.args)
	if err != nil {
		return page, fmt.Errorf("list: %w", err)
	}
	return page, nil
}

// page reads tickets until the page is full and one more is there: it says that there is another page.
func (s *Store) page(ctx context.Context, f ticketing.Filter, query string, args []any) (page ticketing.Page, err error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return page, err
	}
	defer rows.Close()
	var last cursor
	for rows.Next() {
		var at cursor
		var first int64
		var doc []byte
		if err := rows.Scan(&at.id, &at.key, &first, &doc); err != nil {
			return page, err
		}
		t, err := decode(first, doc)
		if err != nil {
			return page, err
		}
		if !says(f.Words, t) {
			continue
		}
		if len(page.Tickets) == f.Limit {
			page.Next = last.text(f.Sort)
			break
		}
		page.Tickets = append(page.Tickets, t)
		last = at
	}
	return page, rows.Err()
}

// plan chooses the ways in. The engine has no statistics and could not know that one agency has ten tickets and
// another a hundred thousand; looking at the first few thousand entries of each index tells, and costs a millisecond.
func (s *Store) plan(ctx context.Context, f ticketing.Filter) ([]source, error) {
	best, size, all, err := s.smallest(ctx, f)
	if err != nil {
		return nil, err
	}
	if size <= s.few {
		return best, nil
	}
	switch {
	case f.Sort == ticketing.ByDue:
		return byDue(f), nil
	case f.Sort == ticketing.ByUpdated:
		return []source{{from: "tickets t INDEXED BY tickets_updated"}}, nil
	case len(f.Words) > 0:
		return all[:1], nil
	}
	return []source{{from: "tickets t NOT INDEXED"}}, nil
}

// smallest is the way in that yields the fewest, and how many (at most s.few+1); and all that are open, words first.
func (s *Store) smallest(ctx context.Context, f ticketing.Filter) (best []source, size int, all []source, err error) {
	match, err := s.match(ctx, f)
	if err != nil {
		return nil, 0, nil, err
	}
	all = sources(f, match)
	ways := [][]source{}
	for _, in := range all {
		ways = append(ways, []source{in})
	}
	if !f.Scope.All {
		ways = append(ways, []source{own(f), helped(f)})
	}
	size = s.few + 1
	for _, way := range ways {
		n := 0
		for _, in := range way {
			var some int
			if in.words { // the index alone knows
				in.from = "search"
			}
			q := fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM %s WHERE %s LIMIT %d)", in.from, in.sql, size)
			if err := s.read.QueryRowContext(ctx, q, in.args...).Scan(&some); err != nil {
				return nil, 0, nil, err
			}
			n += some
		}
		if n < size {
			best, size = way, n
		}
		if size <= s.few/40 { // looking further costs more than it saves
			break
		}
	}
	return best, size, all, nil
}

// byDue is one way in for each status (and agency), because within each the index has the order of the list.
func byDue(f ticketing.Filter) []source {
	statuses := openOf(f)
	if len(statuses) == 0 {
		statuses = ticketing.Statuses[:]
	}
	agencies, index := f.Agency, "tickets_agency"
	switch {
	case len(agencies) == 0 && !f.Scope.All:
		agencies = []string{f.Scope.Agency}
	case len(agencies) == 0 || len(agencies) > 4:
		agencies, index = []string{""}, "tickets_status"
	}
	var ins []source
	for _, agency := range distinct(agencies) {
		for _, status := range distinct(statuses) {
			c := clause{"t.status = ?", []any{string(status)}}
			if index == "tickets_agency" {
				c.and("t.agency = ?", agency)
			}
			ins = append(ins, source{from: "tickets t INDEXED BY " + index, clause: c})
		}
	}
	if len(f.Agency) == 0 && !f.Scope.All {
		ins = append(ins, helped(f))
	}
	return ins
}

func distinct[T comparable](values []T) []T {
	seen := map[T]bool{}
	var out []T
	for _, v := range values {
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

// Count is how many match. With a limit it stops there.
func (s *Store) Count(ctx context.Context, f ticketing.Filter) (int, error) {
	if unseen(f) {
		return 0, nil
	}
	best, size, all, err := s.smallest(ctx, f)
	if err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	switch {
	case size <= s.few:
	case len(all) > 0:
		best = all[:1]
	case !f.Scope.All:
		best = []source{own(f), helped(f)}
	default:
		best = []source{{from: "tickets t NOT INDEXED"}}
	}
	var arms []clause
	for _, in := range best {
		arms = append(arms, arm(f, in, "0", clause{}))
	}
	u := union(arms)
	if len(f.Words) > 0 && !best[0].words {
		return s.countSaying(ctx, f, u)
	}
	limit := -1
	if f.Limit > 0 {
		limit = f.Limit
	}
	var n int
	if err := s.read.QueryRowContext(ctx, fmt.Sprintf("SELECT count(*) FROM (%s LIMIT %d)", u.sql, limit), u.args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	return n, nil
}

// countSaying reads the few tickets there are for the words.
func (s *Store) countSaying(ctx context.Context, f ticketing.Filter, u clause) (n int, err error) {
	rows, err := s.read.QueryContext(ctx, "SELECT d.first, d.doc FROM ("+u.sql+") p CROSS JOIN docs d ON d.id = p.id", u.args...)
	if err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	defer rows.Close()
	for rows.Next() && (f.Limit <= 0 || n < f.Limit) {
		t, err := ticketRow(rows)
		if err != nil {
			return 0, fmt.Errorf("count: %w", err)
		}
		if says(f.Words, t) {
			n++
		}
	}
	return n, rows.Err()
}

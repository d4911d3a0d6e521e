package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing"
)

// cell is one sum kept in table tally: the tickets received on a day that have a value along a dimension. The
// dimension "" has the one value "" and holds the day's total.
type cell struct{ dim, day, value string }

// kept are the dimensions with sums. Weeks and months are made of their days.
var kept = []struct {
	dim   ticketing.Dimension
	value func(*row) string
}{
	{"", func(*row) string { return "" }},
	{ticketing.ByChannel, func(r *row) string { return r.channel }},
	{ticketing.ByKind, func(r *row) string { return r.kind }},
	{ticketing.ByCategory, func(r *row) string { return r.category }},
	{ticketing.ByAgency, func(r *row) string { return r.agency }},
	{ticketing.ByArea, func(r *row) string { return r.area }},
	{ticketing.ByStatus, func(r *row) string { return r.status }},
	{ticketing.ByOutcome, func(r *row) string { return r.outcome }},
}

func (r *row) counts() ticketing.Counts {
	c := ticketing.Counts{Received: 1, Answered: one(r.answered), Late: one(r.late), Open: one(!r.answered), Rated: one(r.rated), Satisfied: one(r.happy)}
	c.OnTime = c.Answered - c.Late
	return c
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// count notes what the change of a ticket adds to each sum. The sums are written once per transaction.
func (w *writer) count(old, now *row) {
	for _, k := range kept {
		dim := string(k.dim)
		to := cell{dim, now.day, k.value(now)}
		if old == nil {
			w.sums[to] = w.sums[to].Add(now.counts())
			continue
		}
		from := cell{dim, old.day, k.value(old)}
		if from == to && old.counts() == now.counts() {
			continue
		}
		w.sums[from] = w.sums[from].Minus(old.counts())
		w.sums[to] = w.sums[to].Add(now.counts())
	}
}

// addSums writes what count noted.
func (w *writer) addSums() error {
	for c, n := range w.sums {
		if n == (ticketing.Counts{}) {
			continue
		}
		week, month := weekAndMonth(c.day)
		if err := w.exec(`INSERT INTO tally VALUES (?,?,?,?,?,?,?,?,?,?,?,?)
			ON CONFLICT DO UPDATE SET received = received + excluded.received, answered = answered + excluded.answered,
			on_time = on_time + excluded.on_time, late = late + excluded.late, open = open + excluded.open,
			rated = rated + excluded.rated, pleased = pleased + excluded.pleased`,
			c.dim, c.day, c.value, week, month, n.Received, n.Answered, n.OnTime, n.Late, n.Open, n.Rated, n.Satisfied); err != nil {
			return fmt.Errorf("adding to the tally: %w", err)
		}
	}
	clear(w.sums)
	return nil
}

// weekAndMonth names them as Ticket.Value does.
func weekAndMonth(day string) (week, month string) {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return "", ""
	}
	noon := ticketing.Ticket{Received: time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, ticketing.Zone)}
	return noon.Value(ticketing.ByWeek), noon.Value(ticketing.ByMonth)
}

// Tally adds up kept sums where at most one dimension besides time is asked for; other combinations are counted over
// the narrow rows of the period. What is late because it is open and past its promise at q.Now comes from the index
// of open promises. All of it is one moment's truth.
func (s *Store) Tally(ctx context.Context, q ticketing.TallyQuery) ([]ticketing.Cell, error) {
	for _, d := range q.By { // they become names of columns
		if !slices.Contains(ticketing.Dimensions[:], d) {
			return nil, fmt.Errorf("tally: there is no dimension %q", d)
		}
	}
	tx, err := s.read.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("tally: %w", err)
	}
	defer tx.Rollback()
	sums, args := sumsQuery(q)
	cells := map[string]*ticketing.Cell{}
	if err := addCells(ctx, tx, cells, len(q.By), sums, args); err != nil {
		return nil, fmt.Errorf("tally: %w", err)
	}
	if !q.Now.IsZero() {
		late, args := lateQuery(q)
		if err := addCells(ctx, tx, cells, len(q.By), late, args); err != nil {
			return nil, fmt.Errorf("tally: %w", err)
		}
	}
	list := make([]ticketing.Cell, 0, len(cells))
	for _, c := range cells {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b ticketing.Cell) int { return slices.Compare(a.Values, b.Values) })
	return list, nil
}

// The counts over rows of tally, and over rows of tickets.
const (
	summed  = "sum(received), sum(answered), sum(on_time), sum(late), sum(open), sum(rated), sum(pleased)"
	counted = "count(*), sum(answered), sum(answered AND NOT late), sum(late), sum(NOT answered), sum(rated), sum(pleased)"
)

// sumsQuery asks for all counts but the late open ones.
func sumsQuery(q ticketing.TallyQuery) (string, []any) {
	dim, value, ok := "", "", true
	if q.Agency != "" {
		dim = string(ticketing.ByAgency)
	}
	for _, d := range q.By {
		if inTime(d) || dim == string(d) {
			continue
		}
		ok = ok && dim == ""
		dim = string(d)
	}
	if !ok {
		return countQuery(q)
	}
	var names []string
	for _, d := range q.By {
		value = "value"
		if inTime(d) {
			value = string(d)
		}
		names = append(names, value)
	}
	where, args := []string{"dim = ?", "received > 0"}, []any{dim}
	where, args = inPeriod(q, where, args)
	if q.Agency != "" {
		where, args = append(where, "value = ?"), append(args, q.Agency)
	}
	return grouped(names, summed, "tally", where), args
}

// countQuery counts rows one by one.
func countQuery(q ticketing.TallyQuery) (string, []any) {
	where, args := inPeriod(q, nil, nil)
	if from, err := time.ParseInLocation(time.DateOnly, q.From, ticketing.Zone); err == nil {
		where, args = append(where, "id >= ?"), append(args, place(from.UnixMilli()))
	}
	if to, err := time.ParseInLocation(time.DateOnly, q.To, ticketing.Zone); err == nil {
		where, args = append(where, "id < ?"), append(args, place(to.UnixMilli()))
	}
	if q.Agency != "" {
		where, args = append(where, "+agency = ?"), append(args, q.Agency)
	}
	return grouped(ofTicket(q.By), counted, "tickets NOT INDEXED", where), args
}

// lateQuery counts the open tickets past their promise.
func lateQuery(q ticketing.TallyQuery) (string, []any) {
	where, args := inPeriod(q, []string{"promised < ?"}, []any{until(q.Now)})
	if q.Agency != "" {
		where, args = append(where, "agency = ?"), append(args, q.Agency)
	}
	return grouped(ofTicket(q.By), "0, 0, 0, count(*), 0, 0, 0", "tickets INDEXED BY tickets_promised", where), args
}

func grouped(names []string, counts, from string, where []string) string {
	q := "SELECT " + strings.Join(append(slices.Clone(names), counts), ", ") + " FROM " + from
	if len(where) > 0 {
		q += " WHERE " + strings.Join(where, " AND ")
	}
	if len(names) > 0 {
		q += " GROUP BY " + strings.Join(names, ", ")
	}
	return q
}

func inPeriod(q ticketing.TallyQuery, where []string, args []any) ([]string, []any) {
	if q.From != "" {
		where, args = append(where, "day >= ?"), append(args, q.From)
	}
	if q.To != "" {
		where, args = append(where, "day < ?"), append(args, q.To)
	}
	return where, args
}

func inTime(d ticketing.Dimension) bool {
	return d == ticketing.ByDay || d == ticketing.ByWeek || d == ticketing.ByMonth
}

// ofTicket are the dimensions as expressions over table tickets.
func ofTicket(by []ticketing.Dimension) []string {
	var names []string
	for _, d := range by {
		switch d {
		case ticketing.ByWeek: // back from the next Sunday to its Monday
			names = append(names, "date(day, 'weekday 0', '-6 days')")
		case ticketing.ByMonth:
			names = append(names, "substr(day, 1, 7)")
		default:
			names = append(names, string(d))
		}
	}
	return names
}

// addCells adds a query's rows into cells.
func addCells(ctx context.Context, tx *sql.Tx, cells map[string]*ticketing.Cell, values int, query string, args []any) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		c := ticketing.Cell{Values: make([]string, values)}
		var n [7]sql.NullInt64 // NULL where nothing was summed
		var to []any
		for i := range c.Values {
			to = append(to, &c.Values[i])
		}
		for i := range n {
			to = append(to, &n[i])
		}
		if err := rows.Scan(to...); err != nil {
			return err
		}
		c.Counts = ticketing.Counts{Received: n[0].Int64, Answered: n[1].Int64, OnTime: n[2].Int64, Late: n[3].Int64,
			Open: n[4].Int64, Rated: n[5].Int64, Satisfied: n[6].Int64}
		if c.Counts == (ticketing.Counts{}) {
			continue
		}
		key := strings.Join(c.Values, "\x00")
		if there := cells[key]; there != nil {
			there.Counts = there.Counts.Add(c.Counts)
		} else {
			cells[key] = &c
		}
	}
	return rows.Err()
}

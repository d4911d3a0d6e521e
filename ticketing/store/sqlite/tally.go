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

// cell is one sum kept in table tally: the tickets received on a day, or in a month, that have a value along a
// dimension. The dimension "" has the one value "" and holds the total.
type cell struct{ dim, day, value string }

// monthly is what a dimension is called in the cells of whole months; their "day" is the month. A year by ward is then
// a thousand cells instead of thirty thousand.
const monthly = "monthly "

// kept are the dimensions with sums. Weeks are made of their days.
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

// cells are the sums the ticket is part of.
func (r *row) cells() []cell {
	all := make([]cell, 0, 2*len(kept))
	for _, k := range kept {
		value := k.value(r)
		all = append(all, cell{string(k.dim), r.day, value}, cell{monthly + string(k.dim), r.day[:min(7, len(r.day))], value})
	}
	return all
}

// count notes what the change of a ticket adds to each sum. The sums are written once per transaction.
func (w *writer) count(old, now *row) {
	if old == nil {
		for _, c := range now.cells() {
			w.sums[c] = w.sums[c].Add(now.counts())
		}
		return
	}
	to, same := now.cells(), old.counts() == now.counts()
	for i, from := range old.cells() {
		if from == to[i] && same {
			continue
		}
		w.sums[from] = w.sums[from].Minus(old.counts())
		w.sums[to[i]] = w.sums[to[i]].Add(now.counts())
	}
}

// addSums writes what count noted.
func (w *writer) addSums() error {
	for c, n := range w.sums {
		if n == (ticketing.Counts{}) {
			continue
		}
		week, month := "", c.day
		if !strings.HasPrefix(c.dim, monthly) {
			week, month = weekAndMonth(c.day)
		}
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
	cells := map[string]*ticketing.Cell{}
	for _, part := range sumsQueries(q) {
		if err := addCells(ctx, tx, cells, len(q.By), part.sql, part.args); err != nil {
			return nil, fmt.Errorf("tally: %w", err)
		}
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

// sumsQueries ask for all counts but the late open ones. Their cells are to be added up.
func sumsQueries(q ticketing.TallyQuery) []clause {
	dim, ok := "", true
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
		return []clause{countQuery(q)}
	}
	from, first, last, to := months(q)
	if slices.Contains(q.By, ticketing.ByDay) || slices.Contains(q.By, ticketing.ByWeek) || first >= last {
		return []clause{sumQuery(q, dim, q.From, q.To)}
	}
	parts := []clause{sumQuery(q, monthly+dim, first[:7], last[:7])}
	if from < first {
		parts = append(parts, sumQuery(q, dim, from, first))
	}
	if last < to {
		parts = append(parts, sumQuery(q, dim, last, to))
	}
	return parts
}

// months splits the period into days, whole months from first to before last, and days. Where the bounds are no dates
// there are no whole months.
func months(q ticketing.TallyQuery) (from, first, last, to string) {
	a, errA := time.Parse(time.DateOnly, q.From)
	b, errB := time.Parse(time.DateOnly, q.To)
	if errA != nil || errB != nil {
		return q.From, "", "", q.To
	}
	if a.Day() > 1 {
		a = a.AddDate(0, 1, 1-a.Day())
	}
	return q.From, a.Format(time.DateOnly), b.AddDate(0, 0, 1-b.Day()).Format(time.DateOnly), q.To
}

// sumQuery adds up the cells from one day (or month) to before another.
func sumQuery(q ticketing.TallyQuery, dim, from, to string) clause {
	var names []string
	for _, d := range q.By {
		if inTime(d) {
			names = append(names, string(d))
		} else {
			names = append(names, "value")
		}
	}
	q.From, q.To = from, to
	where, args := inPeriod(q, []string{"dim = ?", "received > 0"}, []any{dim})
	if q.Agency != "" {
		where, args = append(where, "value = ?"), append(args, q.Agency)
	}
	return clause{grouped(names, summed, "tally", where), args}
}

// countQuery counts rows one by one.
func countQuery(q ticketing.TallyQuery) clause {
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
	return clause{grouped(ofTicket(q.By), counted, "tickets NOT INDEXED", where), args}
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

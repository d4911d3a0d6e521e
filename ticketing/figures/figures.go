// Package figures makes the report: how many matters came in during a period, cut along up to three dimensions, what
// became of them, in words a reader of numbers can check.
//
// It promises that the total is the sum of the rows, that rows come in an order people expect (dates ascending, lists
// in the order the office keeps them, "none" last), and that every table carries the definition of its numbers. It
// does not count: Store.Tally does. It does not know who may see what: the caller narrows Query.Agency.
package figures

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// MostYears bounds a report's period.
const MostYears = 10

// MostRows bounds a report's size; a finer one must be cut into shorter periods.
const MostRows = 100_000

// MostDimensions is along how many dimensions a report may be cut.
const MostDimensions = 3

// Tallier is the part of a store that counts.
type Tallier interface {
	Tally(ctx context.Context, q ticketing.TallyQuery) ([]ticketing.Cell, error)
}

// Query asks for a report.
type Query struct {
	From, To string // days 2006-01-02 of the office's time zone, half open
	By       []ticketing.Dimension
	Agency   string    // only this agency's matters; "" for all
	Now      time.Time // decides which open matters are late
	Lang     string
	Catalog  *ticketing.Catalog // names of agencies, categories and areas; nil shows their ids
}

// Table is a report.
type Table struct {
	From, To   string
	By         []ticketing.Dimension
	Rows       []Row
	Total      ticketing.Counts
	Lang       string
	Definition string // what each number counts, for the reader
}

// Row is the counts for one combination of values, in the order of Table.By.
type Row struct {
	Values []string // as stored; "" is none
	Names  []string // for the reader
	Counts ticketing.Counts
}

// Report makes the table. *ticketing.Error of class Invalid with the field (from, to, by) for a query that cannot be
// answered.
func Report(ctx context.Context, store Tallier, q Query) (Table, error) {
	if err := q.check(); err != nil {
		return Table{}, err
	}
	cells, err := store.Tally(ctx, ticketing.TallyQuery{From: q.From, To: q.To, By: q.By, Agency: q.Agency, Now: q.Now})
	if err != nil {
		return Table{}, fmt.Errorf("counting for the report: %w", err)
	}
	if len(cells) > MostRows {
		return Table{}, invalid("by", "figures.too_many_rows", MostRows)
	}
	t := Table{From: q.From, To: q.To, By: q.By, Lang: words.Lang(q.Lang), Rows: make([]Row, 0, len(cells))}
	t.Definition = words.T(t.Lang, "figures.definition", q.From, q.To)
	for _, c := range cells {
		t.Total = t.Total.Add(c.Counts)
		t.Rows = append(t.Rows, Row{Values: c.Values, Names: q.names(c.Values), Counts: c.Counts})
	}
	q.sort(t.Rows)
	return t, nil
}

func invalid(field, key string, args ...any) error {
	return &ticketing.Error{Class: ticketing.Invalid, Field: field, Key: key, Args: args}
}

// check says what is wrong with the question.
func (q Query) check() error {
	from, err := time.Parse(time.DateOnly, q.From)
	if err != nil {
		return invalid("from", "figures.bad_day")
	}
	to, err := time.Parse(time.DateOnly, q.To)
	switch {
	case err != nil:
		return invalid("to", "figures.bad_day")
	case !from.Before(to):
		return invalid("to", "figures.period_empty")
	case to.After(from.AddDate(MostYears, 0, 0)):
		return invalid("to", "figures.period_long", MostYears)
	case len(q.By) > MostDimensions:
		return invalid("by", "figures.by_many", MostDimensions)
	}
	for i, d := range q.By {
		if !slices.Contains(ticketing.Dimensions[:], d) {
			return invalid("by", "figures.by", d)
		}
		if slices.Contains(q.By[:i], d) {
			return invalid("by", "figures.by_twice", d)
		}
	}
	return nil
}

// Heading is what a column is called.
func Heading(lang, column string) string { return words.T(lang, "figures."+column) }

// Columns are the names of the numbers, in the order of Numbers.
var Columns = [...]string{"received", "answered", "on_time", "late", "open", "rated", "satisfied"}

// Numbers are the counts in the order of Columns.
func Numbers(c ticketing.Counts) [len(Columns)]int64 {
	return [...]int64{c.Received, c.Answered, c.OnTime, c.Late, c.Open, c.Rated, c.Satisfied}
}

// headings are those of all columns, dimensions first.
func (t Table) headings() []string {
	out := make([]string, 0, len(t.By)+len(Columns))
	for _, d := range t.By {
		out = append(out, Heading(t.Lang, string(d)))
	}
	for _, c := range Columns {
		out = append(out, Heading(t.Lang, c))
	}
	return out
}

// title is the table's name for a reader.
func (t Table) title() string { return words.T(t.Lang, "figures.title", t.From, t.To) }

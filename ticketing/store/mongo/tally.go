package mongo

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"hotline1022/ticketing"
)

// What a ticket counts as, in one number, so that one group with one sum answers a whole tally: a server that can sum
// only one thing at a time (FerretDB 1 answers 0 for the second) is as good as any.
const (
	counted   int64 = 1 << iota // answered
	late                        // after its promise
	rated                       //
	satisfied                   //
)

func tallyOf(c ticketing.Counts) (bits int64) {
	for _, b := range []struct {
		bit int64
		n   int64
	}{{counted, c.Answered}, {late, c.Late}, {rated, c.Rated}, {satisfied, c.Satisfied}} {
		if b.n > 0 {
			bits |= b.bit
		}
	}
	return bits
}

// times is what n tickets of that kind add.
func times(bits, n int64) ticketing.Counts {
	c := ticketing.Counts{Received: n}
	switch {
	case bits&counted == 0:
		c.Open = n
	case bits&late != 0:
		c.Answered, c.Late = n, n
	default:
		c.Answered, c.OnTime = n, n
	}
	if bits&rated != 0 {
		c.Rated = n
	}
	if bits&satisfied != 0 {
		c.Satisfied = n
	}
	return c
}

// Tally counts tickets into cells. What needs a clock, open tickets past their promise, is a second count.
func (s *Store) Tally(ctx context.Context, q ticketing.TallyQuery) ([]ticketing.Cell, error) {
	for _, d := range q.By {
		if !slices.Contains(ticketing.Dimensions[:], d) {
			return nil, &ticketing.Error{Class: ticketing.Invalid, Key: "error.not_found", Field: "by", Err: fmt.Errorf("no dimension %q", d)}
		}
	}
	if len(q.By) > 3 {
		return nil, &ticketing.Error{Class: ticketing.Invalid, Key: "error.not_found", Field: "by", Err: fmt.Errorf("%d dimensions", len(q.By))}
	}
	var c conditions
	if q.From != "" {
		c.add(is("day", "$gte", q.From))
	}
	if q.To != "" {
		c.add(is("day", "$lt", q.To))
	}
	if q.Agency != "" {
		c.add(eq("agency", q.Agency))
	}
	cells := map[[3]string]ticketing.Counts{}
	err := s.group(ctx, c, q.By, func(values [3]string, bits, n int64) {
		cells[values] = cells[values].Add(times(bits, n))
	})
	if err == nil && !q.Now.IsZero() {
		c.add(eq("ended", false))
		c.add(is("promised", "$lt", ceiling(q.Now)))
		err = s.group(ctx, c, q.By, func(values [3]string, _, n int64) {
			cells[values] = cells[values].Add(ticketing.Counts{Late: n})
		})
	}
	if err != nil {
		return nil, fmt.Errorf("tally tickets: %w", err)
	}
	all := make([]ticketing.Cell, 0, len(cells))
	for values, counts := range cells {
		all = append(all, ticketing.Cell{Values: slices.Clone(values[:len(q.By)]), Counts: counts})
	}
	slices.SortFunc(all, func(a, b ticketing.Cell) int { return slices.Compare(a.Values, b.Values) })
	return all, nil
}

// group counts the tickets that match by their values along the dimensions and by what they count as.
func (s *Store) group(ctx context.Context, c conditions, by []ticketing.Dimension, add func(values [3]string, bits, n int64)) error {
	id := bson.D{{Key: "tally", Value: "$tally"}}
	for i, d := range by {
		id = append(id, bson.E{Key: fmt.Sprint("v", i), Value: "$" + string(d)})
	}
	ctx, done := s.exchange(ctx)
	defer done()
	cursor, err := s.tickets.Aggregate(ctx, bson.A{
		eq("$match", c.filter()),
		eq("$group", bson.D{{Key: "_id", Value: id}, {Key: "n", Value: eq("$sum", 1)}}),
	})
	if err != nil {
		return away(err)
	}
	var groups []struct {
		ID struct {
			Tally int64  `bson:"tally"`
			V0    string `bson:"v0"`
			V1    string `bson:"v1"`
			V2    string `bson:"v2"`
		} `bson:"_id"`
		N int64 `bson:"n"`
	}
	if err := cursor.All(ctx, &groups); err != nil {
		return away(err)
	}
	for _, g := range groups {
		add([3]string{g.ID.V0, g.ID.V1, g.ID.V2}, g.ID.Tally, g.N)
	}
	return nil
}

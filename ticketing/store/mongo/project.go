package mongo

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"hotline1022/ticketing"
)

// head is what projecting needs of a projection.
var head = bson.D{{Key: "version", Value: 1}, {Key: "blanks", Value: 1}, {Key: "doc", Value: 1}}

func (s *Store) heads(ctx context.Context, codes []string, fields bson.D) (map[string]projection, error) {
	ctx, done := s.exchange(ctx)
	defer done()
	filter := is("_id", "$in", codes)
	if len(codes) == 1 {
		filter = eq("_id", codes[0]) // a server that scans for everything else finds one by its _id
	}
	var found []projection
	cursor, err := s.tickets.Find(ctx, filter, options.Find().SetProjection(fields))
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return nil, fmt.Errorf("read projections: %w", away(err))
	}
	by := make(map[string]projection, len(found))
	for _, p := range found {
		by[p.Code] = p
	}
	return by, nil
}

// now is the ticket with every event of the journal: its projection and what came after, or, if the projection cannot
// be read or anew asks for it, all of its events.
func (s *Store) now(ctx context.Context, code ticketing.Code, anew bool) (standing, error) {
	var have standing
	if !anew {
		heads, err := s.heads(ctx, []string{string(code)}, head)
		if err != nil {
			return have, err
		}
		if have, err = heads[string(code)].standing(); err != nil {
			s.opt.Log.Error("a projection cannot be read; taking the journal", "ticket", code, "err", err)
			have = standing{}
		}
	}
	read := s.tail
	if have.ticket.Version == 0 {
		read = s.timeline
	}
	tail, err := read(ctx, code, have.ticket.Version)
	if err != nil {
		return have, err
	}
	have, wrong := have.after(tail)
	if wrong != nil {
		s.opt.Log.Error("the journal holds an event that cannot be", "ticket", code, "err", wrong)
	}
	return have, nil
}

// Ticket is the ticket with every event acknowledged before the call, however old its projection is.
func (s *Store) Ticket(ctx context.Context, code ticketing.Code) (ticketing.Ticket, error) {
	have, err := s.now(ctx, code, false)
	if err == nil && have.ticket.Version == 0 {
		err = ticketing.ErrNotFound
	}
	return have.ticket, err
}

// Numbered is the ticket whose first event has that seq: the journal knows, no projection is asked.
func (s *Store) Numbered(ctx context.Context, first int64) (ticketing.Ticket, error) {
	found, err := s.find(ctx, bson.D{{Key: "_id", Value: first}})
	if err != nil {
		return ticketing.Ticket{}, fmt.Errorf("look for event %d: %w", first, away(err))
	}
	if len(found) == 0 || found[0].N != 1 {
		return ticketing.Ticket{}, ticketing.ErrNotFound
	}
	return s.Ticket(ctx, ticketing.Code(found[0].Ticket))
}

// put writes the projection unless one as new is there (journal.md: guarded replace, else insert, else look again; no
// upsert, which went backwards on a server). Newer means more events, or as many with more of them blanked: a row made
// before words were erased must not replace one made after. Where neither is newer the row is made anew. Of a ticket
// just seen to have no row (fresh) the insert is tried first.
func (s *Store) put(ctx context.Context, n standing, fresh bool) error {
	for {
		row, err := n.projection()
		if err != nil {
			return err
		}
		done := false
		if !fresh {
			if done, err = s.replaceOlder(ctx, row); done && !s.readBack || err != nil {
				return err // a server that loses updates is asked what it has
			}
		}
		if !done {
			if done, err = s.insertRow(ctx, row); done || err != nil {
				return err
			}
		}
		fresh = false
		have, err := s.heads(ctx, []string{row.Code}, bson.D{{Key: "version", Value: 1}, {Key: "blanks", Value: 1}})
		if err != nil {
			return err
		}
		there := have[row.Code]
		if there.Version >= row.Version && there.Blanks >= row.Blanks {
			return nil
		}
		if there.Version > row.Version || there.Blanks > row.Blanks {
			if n, err = s.now(ctx, n.ticket.Code, true); err != nil {
				return err
			}
			if int64(n.ticket.Version) < there.Version || n.blanks < there.Blanks {
				s.opt.Log.Error("a projection is ahead of the journal; only replay can mend it", "ticket", row.Code)
				return nil
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// replaceOlder replaces the row if it is older; matched is false if it is not, or not there.
func (s *Store) replaceOlder(ctx context.Context, row projection) (matched bool, err error) {
	ctx, done := s.exchange(ctx)
	defer done()
	older := func(version, blanks string) bson.D {
		return bson.D{{Key: "version", Value: eq(version, row.Version)}, {Key: "blanks", Value: eq(blanks, row.Blanks)}}
	}
	guard := bson.D{{Key: "_id", Value: row.Code}, {Key: "$or", Value: bson.A{older("$lt", "$lte"), older("$lte", "$lt")}}}
	result, err := s.tickets.ReplaceOne(ctx, guard, row)
	if err != nil {
		return false, fmt.Errorf("project ticket %s: %w", row.Code, away(err))
	}
	return result.MatchedCount > 0, nil
}

func (s *Store) insertRow(ctx context.Context, row projection) (done bool, err error) {
	ctx, stop := s.exchange(ctx)
	defer stop()
	_, err = s.tickets.InsertOne(ctx, row)
	switch {
	case err == nil:
		return true, nil
	case driver.IsDuplicateKeyError(err):
		return false, nil
	}
	return false, fmt.Errorf("project ticket %s: %w", row.Code, away(err))
}

// project brings the tickets of some entries, which follow one another in the journal, to at least where the entries
// have them. Most are there already when another process was faster.
func (s *Store) project(ctx context.Context, entries []entry) error {
	var codes []string
	of := map[string][]entry{}
	for _, e := range entries {
		if of[e.Ticket] == nil {
			codes = append(codes, e.Ticket)
		}
		of[e.Ticket] = append(of[e.Ticket], e)
	}
	heads, err := s.heads(ctx, codes, head)
	if err != nil {
		return err
	}
	for _, code := range codes {
		news := of[code]
		if heads[code].Version >= news[len(news)-1].N {
			continue
		}
		if err := s.advance(ctx, heads[code], news); err != nil {
			return err
		}
	}
	return nil
}

// advance applies news to one projection; what it lacks before them it reads.
func (s *Store) advance(ctx context.Context, from projection, news []entry) error {
	code := ticketing.Code(news[0].Ticket)
	have, err := from.standing()
	news = inOrder(news, int(from.Version))
	if err != nil || len(news) == 0 {
		if have, err = s.now(ctx, code, err != nil); err != nil {
			return err
		}
	} else {
		var wrong error
		if have, wrong = have.after(news); wrong != nil {
			s.opt.Log.Error("the journal holds an event that cannot be", "ticket", code, "err", wrong)
		}
	}
	if have.ticket.Version == 0 {
		return errors.New("the journal lost ticket " + string(code))
	}
	return s.put(ctx, have, from.Version == 0)
}

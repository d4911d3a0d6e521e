package mongo

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"hotline1022/ticketing"
)

// Replay makes every projection anew that is not what the journal says, or with check lists them and what differs.
func (s *Store) Replay(ctx context.Context, check bool, progress func(done, total int64)) ([]ticketing.Difference, error) {
	end, err := s.End(ctx)
	if err != nil {
		return nil, err
	}
	if check {
		s.awaitProjected(ctx, end) // what only trails does not differ
	}
	var differ []ticketing.Difference
	for at := int64(0); at < end; {
		entries, err := s.between(ctx, at, min(at+atOnce, end))
		if err != nil {
			return nil, err
		}
		var codes []string
		for _, e := range entries {
			if e.N == 1 {
				codes = append(codes, e.Ticket)
			}
		}
		for some := range slices.Chunk(codes, 50) {
			found, err := s.compare(ctx, some, end, check)
			if err != nil {
				return nil, err
			}
			differ = append(differ, found...)
		}
		if len(entries) == 0 {
			return nil, fmt.Errorf("the journal ends at %d, and its end was %d", at, end)
		}
		at = entries[len(entries)-1].Seq
		if progress != nil && at < end {
			progress(at, end)
		}
	}
	strays, err := s.strays(ctx, check)
	if err == nil && progress != nil {
		progress(end, end)
	}
	if !check {
		return nil, err
	}
	return append(differ, strays...), err
}

func (s *Store) awaitProjected(ctx context.Context, seq int64) {
	for began := time.Now(); s.trail.projected.Load() < seq && time.Since(began) < s.opt.Timeout && ctx.Err() == nil; {
		pause(ctx, 10*time.Millisecond)
	}
}

// compare holds the projections of some tickets against their events, and mends them unless it only checks.
func (s *Store) compare(ctx context.Context, codes []string, end int64, check bool) ([]ticketing.Difference, error) {
	rows, err := s.heads(ctx, codes, bson.D{})
	if err != nil {
		return nil, err
	}
	ranges := make(bson.A, len(codes))
	for i, code := range codes {
		ranges[i] = namesOf(ticketing.Code(code))
	}
	entries, err := s.find(ctx, eq("$or", ranges))
	if err != nil {
		return nil, fmt.Errorf("read the events of some tickets: %w", away(err))
	}
	of := map[string][]entry{}
	for _, e := range entries {
		of[e.Ticket] = append(of[e.Ticket], e)
	}
	var differ []ticketing.Difference
	for _, code := range codes {
		have, there := rows[code]
		events := inOrder(of[code], 0)
		for len(events) > 0 && events[len(events)-1].Seq > end && events[len(events)-1].N > have.Version {
			events = events[:len(events)-1] // written since; the row need not have it yet
		}
		want, wrong := standing{}.after(events)
		if wrong != nil {
			differ = append(differ, ticketing.Difference{What: "event", ID: code, Have: wrong.Error(), Want: "one that can be applied"})
		}
		row, err := want.projection()
		if err != nil {
			return nil, err
		}
		found := differences(have, there, row)
		differ = append(differ, found...)
		if len(found) > 0 && !check {
			if err := s.remake(ctx, ticketing.Code(code)); err != nil {
				return nil, err
			}
		}
	}
	return differ, nil
}

// differences names what is not as it should be. A citizen's words are told apart by their digests, not shown.
func differences(have projection, there bool, want projection) (all []ticketing.Difference) {
	if !there {
		return []ticketing.Difference{{What: "ticket", ID: want.Code, Have: "none", Want: fmt.Sprint("version ", want.Version)}}
	}
	type part struct {
		what string
		says func(p projection) string
	}
	for _, part := range []part{
		{"ticket", func(p projection) string {
			return fmt.Sprintf("version %d, first %d, %d blanked, %.8x", p.Version, p.First, p.Blanks, sha256.Sum256(p.Doc))
		}},
		{"search", func(p projection) string {
			return fmt.Sprintf("%d words, %.8x", len(p.Words), sha256.Sum256([]byte(strings.Join(p.Words, " "))))
		}},
		{"tally", func(p projection) string {
			return fmt.Sprint(p.Day, p.Week, p.Month, " counts as ", p.Tally, " promised ", p.Promised, " ended ", p.Ended)
		}},
		{"outbox", func(p projection) string { return fmt.Sprint(p.Send, " by ", p.Door) }},
		{"ringing", func(p projection) string { return fmt.Sprint(p.Alarm) }},
		{"list", func(p projection) string {
			return fmt.Sprintf("%q %q %q %q %q %q %q %q %q %q open %v urgent %v unread %v public %v asleep %v returned %d reports %d received %d updated %d due %d", p.Status, p.Kind, p.Channel,
				p.Category, p.Area, p.Agency, p.Concerns, p.Outcome, p.Assignee, p.Citizen, p.Open, p.Urgent, p.Unread, p.Public, p.Asleep, p.Returned, p.Reports, p.Received, p.Updated, p.Due)
		}},
	} {
		if h, w := part.says(have), part.says(want); h != w {
			all = append(all, ticketing.Difference{What: part.what, ID: want.Code, Have: h, Want: w})
		}
	}
	return all
}

// remake writes the row of a ticket from its events alone, over a row of the same version too. A row that says more
// than the journal is removed first.
func (s *Store) remake(ctx context.Context, code ticketing.Code) error {
	for {
		want, err := s.now(ctx, code, true)
		if err != nil {
			return err
		}
		row, err := want.projection()
		if err != nil {
			return err
		}
		done, err := s.tryRemake(ctx, row)
		if done || err != nil {
			return err
		}
	}
}

func (s *Store) tryRemake(ctx context.Context, row projection) (done bool, err error) {
	ctx, stop := s.exchange(ctx)
	defer stop()
	notNewer := bson.D{{Key: "_id", Value: row.Code}, {Key: "version", Value: eq("$lte", row.Version)}, {Key: "blanks", Value: eq("$lte", row.Blanks)}}
	result, err := s.tickets.ReplaceOne(ctx, notNewer, row)
	if err == nil && result.MatchedCount == 0 {
		_, err = s.tickets.InsertOne(ctx, row)
	}
	if err != nil && !driver.IsDuplicateKeyError(err) {
		return false, fmt.Errorf("make ticket %s anew: %w", row.Code, away(err))
	}
	have, err := s.heads(ctx, []string{row.Code}, bson.D{})
	if err != nil {
		return false, err
	}
	there, ok := have[row.Code]
	if !ok {
		return false, nil
	}
	if len(differences(there, true, row)) == 0 {
		return true, nil
	}
	newest, err := s.now(ctx, ticketing.Code(row.Code), true)
	if err != nil {
		return false, err
	}
	if there.Version > int64(newest.ticket.Version) || there.Blanks > newest.blanks {
		_, err = s.tickets.DeleteOne(ctx, bson.D{{Key: "_id", Value: row.Code}, {Key: "version", Value: there.Version}, {Key: "blanks", Value: there.Blanks}})
	}
	return false, away(err)
}

// strays are rows of tickets that the journal does not know; they are removed unless it only checks.
func (s *Store) strays(ctx context.Context, check bool) (differ []ticketing.Difference, err error) {
	last := ""
	for {
		rows, err := s.rows(ctx, is("_id", "$gt", last), options.Find().SetSort(eq("_id", 1)).SetLimit(500).SetProjection(eq("version", 1)))
		if err != nil || len(rows) == 0 {
			return differ, err
		}
		names := make(bson.A, len(rows))
		for i, row := range rows {
			names[i] = tn(ticketing.Code(row.Code), 1)
		}
		entries, err := s.find(ctx, is("tn", "$in", names), options.Find().SetProjection(eq("t", 1)))
		if err != nil {
			return differ, away(err)
		}
		known := map[string]bool{}
		for _, e := range entries {
			known[e.Ticket] = true
		}
		for _, row := range rows {
			if known[row.Code] {
				continue
			}
			differ = append(differ, ticketing.Difference{What: "ticket", ID: row.Code, Have: fmt.Sprint("version ", row.Version), Want: "none"})
			if !check {
				if _, err := s.tickets.DeleteOne(ctx, eq("_id", row.Code)); err != nil {
					return differ, away(err)
				}
			}
		}
		last = rows[len(rows)-1].Code
	}
}

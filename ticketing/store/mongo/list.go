package mongo

import (
	"context"
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"hotline1022/ticketing"
)

func eq(field string, value any) bson.D { return bson.D{{Key: field, Value: value}} }

func is(field, operator string, value any) bson.D { return eq(field, eq(operator, value)) }

// conditions joins by AND what it is given, leaving out what does not narrow.
type conditions bson.A

func (c *conditions) add(d bson.D) { *c = append(*c, d) }

func oneOf[T ~string](c *conditions, field string, values []T) {
	if len(values) == 0 {
		return
	}
	in := make(bson.A, len(values))
	for i, v := range values {
		in[i] = string(v)
	}
	c.add(is(field, "$in", in))
}

func (c conditions) filter() bson.D {
	if len(c) == 0 {
		return bson.D{}
	}
	return eq("$and", bson.A(c))
}

// narrow is the query a filter asks for, made of equality, $in and ranges only; sees is false for the zero scope,
// which sees nothing.
func narrow(f ticketing.Filter) (c conditions, sees bool) {
	switch {
	case f.Scope.All:
	case f.Scope.Agency == "":
		return nil, false
	case len(f.Words) > 0:
		c.add(eq("words", scopeMark+f.Scope.Agency))
	default:
		c.add(eq("concerns", f.Scope.Agency))
	}
	if len(f.Scope.Hide) > 0 {
		hide := make(bson.A, len(f.Scope.Hide))
		for i, kind := range f.Scope.Hide {
			hide[i] = string(kind)
		}
		c.add(is("kind", "$nin", hide))
	}
	oneOf(&c, "status", f.Status)
	oneOf(&c, "kind", f.Kind)
	oneOf(&c, "channel", f.Channel)
	oneOf(&c, "category", f.Category)
	oneOf(&c, "agency", f.Agency)
	oneOf(&c, "area", f.Area)
	oneOf(&c, "outcome", f.Outcome)
	oneOf(&c, "citizen", f.Citizen)
	if f.Assignee != "" {
		c.add(eq("assignee", f.Assignee))
	}
	if f.Nobody {
		c.add(eq("assignee", ""))
	}
	if !f.From.IsZero() {
		c.add(is("received", "$gte", ceiling(f.From)))
	}
	if !f.To.IsZero() {
		c.add(is("received", "$lt", ceiling(f.To)))
	}
	if !f.DueBy.IsZero() {
		c.add(eq("open", true))
		c.add(is("due", "$lt", ceiling(f.DueBy)))
	}
	if f.Urgent {
		c.add(eq("urgent", true))
	}
	if f.Unread {
		c.add(eq("unread", true))
	}
	if f.Public {
		c.add(eq("public", true))
	}
	if f.Awake {
		c.add(eq("asleep", false))
	}
	if f.Returned > 0 {
		c.add(is("returned", "$gte", int32(f.Returned)))
	}
	if f.Reports > 0 {
		c.add(is("reports", "$gte", int32(f.Reports)))
	}
	for i, word := range f.Words {
		if i < len(f.Words)-1 {
			c.add(eq("words", word))
		} else { // perhaps unfinished
			c.add(eq("words", bson.Regex{Pattern: "^" + regexp.QuoteMeta(word)}))
		}
	}
	return c, true
}

// order is a list's field and direction. Ties go by first in the same direction, so that pages never overlap.
func order(by ticketing.Sort) (field string, direction int32) {
	switch by {
	case ticketing.ByOldest:
		return "received", 1
	case ticketing.ByDue:
		return "due", 1 // never sorts last
	case ticketing.ByUpdated:
		return "updated", -1
	}
	return "received", -1
}

// List is one page of the tickets that match, from projections.
func (s *Store) List(ctx context.Context, f ticketing.Filter) (ticketing.Page, error) {
	field, direction := order(f.Sort)
	beyond := map[int32]string{1: "$gt", -1: "$lt"}[direction]
	c, sees := narrow(f)
	if f.Cursor != "" {
		value, first, err := readCursor(f.Cursor, f.Sort)
		if err != nil {
			return ticketing.Page{}, &ticketing.Error{Class: ticketing.Invalid, Key: "error.cursor", Field: "cursor", Err: err}
		}
		c.add(eq("$or", bson.A{
			is(field, beyond, value),
			bson.D{{Key: field, Value: value}, {Key: "first", Value: eq(beyond, first)}},
		}))
	}
	if !sees {
		return ticketing.Page{}, nil
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 50
	}
	limit = min(limit, 200)
	found, err := s.rows(ctx, c.filter(), options.Find().SetLimit(int64(limit)+1).
		SetSort(bson.D{{Key: field, Value: direction}, {Key: "first", Value: direction}}).
		SetProjection(bson.D{{Key: "version", Value: 1}, {Key: "doc", Value: 1}, {Key: "first", Value: 1}, {Key: field, Value: 1}}))
	if err != nil {
		return ticketing.Page{}, fmt.Errorf("list tickets: %w", err)
	}
	var page ticketing.Page
	if len(found) > limit {
		found = found[:limit]
		last := found[limit-1]
		page.Next = writeCursor(f.Sort, map[string]int64{"received": last.Received, "due": last.Due, "updated": last.Updated}[field], last.First)
	}
	for _, p := range found {
		have, err := p.standing()
		if err != nil {
			return ticketing.Page{}, err
		}
		page.Tickets = append(page.Tickets, have.ticket)
	}
	return page, nil
}

func (s *Store) rows(ctx context.Context, filter bson.D, opt options.Lister[options.FindOptions]) ([]projection, error) {
	ctx, done := s.exchange(ctx)
	defer done()
	var found []projection
	cursor, err := s.tickets.Find(ctx, filter, opt)
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	return found, away(err)
}

func writeCursor(by ticketing.Sort, value, first int64) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s %d %d", by, value, first))
}

func readCursor(cursor string, by ticketing.Sort) (value, first int64, err error) {
	plain, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return 0, 0, err
	}
	parts := strings.Split(string(plain), " ")
	if len(parts) != 3 || parts[0] != string(by) {
		return 0, 0, fmt.Errorf("cursor %.40q is not of this list", plain)
	}
	if value, err = strconv.ParseInt(parts[1], 10, 64); err == nil {
		first, err = strconv.ParseInt(parts[2], 10, 64)
	}
	return value, first, err
}

// Count is how many tickets match.
func (s *Store) Count(ctx context.Context, f ticketing.Filter) (int, error) {
	c, sees := narrow(f)
	if !sees {
		return 0, nil
	}
	opt := options.Count()
	if f.Limit > 0 {
		opt.SetLimit(int64(f.Limit))
	}
	ctx, done := s.exchange(ctx)
	defer done()
	n, err := s.tickets.CountDocuments(ctx, c.filter(), opt)
	if err != nil {
		return 0, fmt.Errorf("count tickets: %w", away(err))
	}
	return int(n), nil
}

// Ringing lists tickets whose NextAlarm is not after before, oldest first.
func (s *Store) Ringing(ctx context.Context, before time.Time, limit int) ([]ticketing.Code, error) {
	return s.dueBy(ctx, nil, "alarm", before, limit)
}

// Outbox lists tickets whose NextSend is not after before, oldest first.
func (s *Store) Outbox(ctx context.Context, door ticketing.Channel, before time.Time, limit int) ([]ticketing.Code, error) {
	if door == "" {
		return s.dueBy(ctx, nil, "send", before, limit)
	}
	return s.dueBy(ctx, eq("door", string(door)), "send", before, limit)
}

func (s *Store) dueBy(ctx context.Context, among bson.D, field string, before time.Time, limit int) ([]ticketing.Code, error) {
	if limit <= 0 {
		return nil, nil
	}
	found, err := s.rows(ctx, append(among, is(field, "$lte", min(before.UnixMilli(), never-1))...), options.Find().SetLimit(int64(limit)).
		SetSort(bson.D{{Key: field, Value: 1}, {Key: "first", Value: 1}}).SetProjection(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		return nil, fmt.Errorf("list tickets by %s: %w", field, err)
	}
	codes := make([]ticketing.Code, len(found))
	for i, p := range found {
		codes[i] = ticketing.Code(p.Code)
	}
	return codes, nil
}

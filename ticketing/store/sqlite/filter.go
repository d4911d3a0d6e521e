package sqlite

import (
	"slices"
	"strings"

	"hotline1022/ticketing"
)

// clause is a piece of SQL with its arguments.
type clause struct {
	sql  string
	args []any
}

func (c *clause) and(sql string, args ...any) {
	if c.sql != "" {
		c.sql += " AND "
	}
	c.sql += sql
	c.args = append(c.args, args...)
}

// among adds "column is one of the values"; no values do not narrow.
func among[T ~string](c *clause, column string, values []T) {
	if len(values) == 0 {
		return
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = string(v)
	}
	c.and(column+" IN ("+marks(len(args))+")", args...)
}

// unseen says that nothing can match, so nothing need be asked.
func unseen(f ticketing.Filter) bool {
	return !f.Scope.All && f.Scope.Agency == "" || !f.DueBy.IsZero() && len(openOf(f)) == 0
}

// openOf are the statuses the filter asks for: "still owed" is a question about statuses too.
func openOf(f ticketing.Filter) []ticketing.Status {
	if f.DueBy.IsZero() {
		return f.Status
	}
	if len(f.Status) == 0 {
		return ticketing.OpenStatuses
	}
	return slices.DeleteFunc(slices.Clone(f.Status), func(s ticketing.Status) bool { return !s.Open() })
}

// conditions are all a filter asks of a row t of tickets, but for its words and its page.
func conditions(f ticketing.Filter) clause {
	var c clause
	if !f.Scope.All {
		c.and("(t.agency = ? OR EXISTS (SELECT 1 FROM cooperating WHERE agency = ? AND id = t.id))", f.Scope.Agency, f.Scope.Agency)
	}
	if len(f.Scope.Hide) > 0 {
		var hidden clause
		among(&hidden, "t.kind", f.Scope.Hide)
		c.and("NOT "+hidden.sql, hidden.args...)
	}
	among(&c, "t.status", openOf(f))
	among(&c, "t.kind", f.Kind)
	among(&c, "t.channel", f.Channel)
	among(&c, "t.category", f.Category)
	among(&c, "t.agency", f.Agency)
	among(&c, "t.area", f.Area)
	among(&c, "t.outcome", f.Outcome)
	among(&c, "t.citizen", f.Citizen)
	if f.Assignee != "" {
		c.and("t.assignee = ?", f.Assignee)
	}
	if f.Nobody {
		c.and("t.assignee = ''")
	}
	if !f.From.IsZero() {
		c.and("t.id >= ?", place(until(f.From)))
	}
	if !f.To.IsZero() {
		c.and("t.id < ?", place(until(f.To)))
	}
	if !f.DueBy.IsZero() {
		c.and("t.due < ?", min(until(f.DueBy), never))
	}
	if f.Urgent {
		c.and("t.urgent")
	}
	if f.Unread {
		c.and("t.unread")
	}
	if f.Public {
		c.and("t.public")
	}
	if f.Awake {
		c.and("NOT t.asleep")
	}
	if f.Returned > 0 {
		c.and("t.returned >= ?", f.Returned)
	}
	if f.Reports > 0 {
		c.and("t.reports >= ?", f.Reports)
	}
	return c
}

// source is a way into the tickets that yields only some of them: by an index, or by the words.
type source struct {
	from string // what stands behind FROM; t is the row of tickets
	clause
	words bool // the words are looked after; else each ticket must be read for them
}

// sources are the ways in that the filter opens. Each yields all that match, and then some.
func sources(f ticketing.Filter, match string) []source {
	var all []source
	index := func(name string, c clause) {
		all = append(all, source{from: "tickets t INDEXED BY " + name, clause: c})
	}
	if match != "" {
		all = append(all, source{from: "search CROSS JOIN tickets t ON t.id = search.rowid", clause: clause{"search MATCH ?", []any{match}}, words: true})
	}
	if len(f.Citizen) > 0 && !slices.Contains(f.Citizen, "") {
		var c clause
		among(&c, "t.citizen", f.Citizen)
		c.and("t.citizen <> ''")
		index("tickets_citizen", c)
	}
	if f.Assignee != "" {
		index("tickets_assignee", clause{"t.assignee = ? AND t.assignee <> ''", []any{f.Assignee}})
	}
	if f.Returned > 0 {
		index("tickets_returned", clause{"t.returned >= ? AND t.returned > 0", []any{f.Returned}})
	}
	if f.Reports > 0 {
		index("tickets_reports", clause{"t.reports >= ? AND t.reports > 0", []any{f.Reports}})
	}
	if f.Unread && len(f.Status) == 1 && f.Status[0] == ticketing.Answered {
		index("tickets_heard", clause{sql: "t.unread AND t.status = 'answered'"})
	}
	if f.Public {
		c := clause{sql: "t.public"}
		among(&c, "t.status", openOf(f))
		index("tickets_public", c)
	}
	if len(f.Agency) > 0 {
		var c clause
		among(&c, "t.agency", f.Agency)
		among(&c, "t.status", openOf(f))
		index("tickets_agency", c)
	}
	if status := openOf(f); len(status) > 0 && len(status) < len(ticketing.Statuses) {
		var c clause
		among(&c, "t.status", status)
		if !f.DueBy.IsZero() {
			c.and("t.due < ?", min(until(f.DueBy), never))
		}
		index("tickets_status", c)
	}
	return all
}

// own is the way in by which an agency reaches what it handles, helped what it cooperates on besides.
func own(f ticketing.Filter) source {
	c := clause{"t.agency = ?", []any{f.Scope.Agency}}
	among(&c, "t.status", openOf(f))
	return source{from: "tickets t INDEXED BY tickets_agency", clause: c}
}

func helped(f ticketing.Filter) source {
	return source{from: "cooperating c CROSS JOIN tickets t ON t.id = c.id",
		clause: clause{"c.agency = ? AND t.agency <> ?", []any{f.Scope.Agency, f.Scope.Agency}}}
}

// arm is a query for the ids and keys of the tickets a source yields and the filter lets through.
func arm(f ticketing.Filter, in source, key string, more clause) clause {
	where := clause{in.sql, slices.Clone(in.args)}
	for _, c := range []clause{conditions(f), more} {
		if c.sql != "" {
			where.and(c.sql, c.args...)
		}
	}
	id := "t.id"
	if in.words { // the index yields them in the order of its own rowid
		id = "search.rowid"
		if key == "t.id" {
			key = id
		}
	}
	q := "SELECT " + id + " AS id, " + key + " AS k FROM " + in.from
	if where.sql != "" {
		q += " WHERE " + where.sql
	}
	return clause{q, where.args}
}

// union joins arms that have no ticket in common. Under an ORDER BY the engine merges them without sorting if each
// comes in that order from its index.
func union(arms []clause) clause {
	var c clause
	parts := make([]string, len(arms))
	for i, a := range arms {
		parts[i] = a.sql
		c.args = append(c.args, a.args...)
	}
	c.sql = strings.Join(parts, " UNION ALL ")
	return c
}

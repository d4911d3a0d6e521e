package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"hotline1022/ticketing"
)

// row is a ticket as lists, counts and figures know it: table tickets.
type row struct {
	id, first                                    int64
	code                                         string
	version                                      int
	status, kind, channel, category              string
	agency, area, outcome, assignee, citizen     string
	helpers, day, door                           string
	updated, due                                 int64
	promised, alarm, send                        sql.NullInt64
	urgent, unread, answered, late, rated, happy bool
	public, asleep                               bool
	returned, reports                            int
	terms                                        int64
}

const columns = `id, first, code, version, status, kind, channel, category, agency, area, outcome, assignee, citizen,
	helpers, day, updated, due, promised, alarm, send, urgent, unread, answered, late, rated, pleased, terms, door, public, asleep, returned, reports`

func (r *row) fields() []any {
	return []any{&r.id, &r.first, &r.code, &r.version, &r.status, &r.kind, &r.channel, &r.category, &r.agency, &r.area, &r.outcome,
		&r.assignee, &r.citizen, &r.helpers, &r.day, &r.updated, &r.due, &r.promised, &r.alarm, &r.send, &r.urgent, &r.unread,
		&r.answered, &r.late, &r.rated, &r.happy, &r.terms, &r.door, &r.public, &r.asleep, &r.returned, &r.reports}
}

func (r *row) values() []any {
	return []any{r.id, r.first, r.code, r.version, r.status, r.kind, r.channel, r.category, r.agency, r.area, r.outcome,
		r.assignee, r.citizen, r.helpers, r.day, r.updated, r.due, r.promised, r.alarm, r.send, r.urgent, r.unread,
		r.answered, r.late, r.rated, r.happy, r.terms, r.door, r.public, r.asleep, r.returned, r.reports}
}

// never stands for "no due date" and sorts after every date.
const never = int64(1) << 62

// rowOf is what tickets holds of t, but for its id.
func rowOf(t ticketing.Ticket, terms []string) row {
	c := t.Counts()
	r := row{first: t.First, code: string(t.Code), version: t.Version, status: string(t.Status), kind: string(t.Kind),
		channel: string(t.Channel), category: t.Category, agency: t.Agency, area: t.Area, outcome: string(t.Outcome),
		assignee: t.Assignee, citizen: string(t.Citizen), helpers: strings.Join(t.Cooperating, "\n"), day: t.Value(ticketing.ByDay),
		updated: t.Updated.UnixMilli(), due: never, alarm: milli(t.NextAlarm()), send: milli(t.NextSend()),
		urgent: t.Priority == ticketing.Urgent, unread: t.Unread > 0,
		answered: c.Answered > 0, late: c.Late > 0, rated: c.Rated > 0, happy: c.Satisfied > 0, terms: sum(terms),
		door: string(t.NextDoor()), public: t.Public(), asleep: !t.Snoozed.IsZero(), returned: t.Returned, reports: len(t.Absorbed)}
	if !t.Due.IsZero() {
		r.due = t.Due.UnixMilli()
	}
	if c.Open > 0 {
		r.promised = milli(t.Promised)
	}
	return r
}

func milli(t time.Time) sql.NullInt64 {
	if t.IsZero() {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: true}
}

// until is a moment as the end of a half-open range of milliseconds: x is before t exactly if x < until(t).
func until(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return ms
}

// place is where a ticket's id begins that was received at a moment: milliseconds, then 21 bits to tell tickets of one
// millisecond apart. Dates out of any calendar's reach are drawn in.
func place(ms int64) int64 {
	const furthest = 1<<42 - 1 // the year 2109
	return min(max(ms, -furthest), furthest) << 21
}

const placeBits = 1<<21 - 1

// current is the ticket's row as this transaction sees it; nil for none.
func (w *writer) current(code ticketing.Code) (*row, error) {
	r := &row{}
	err := w.row("SELECT "+columns+" FROM tickets WHERE code = ?", string(code)).Scan(r.fields()...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading ticket %s: %w", code, err)
	}
	return r, nil
}

// place inserts the row under an id for a ticket received then. Nearly always the first one tried is free.
func (w *writer) place(r *row, received time.Time) error {
	base := place(received.UnixMilli())
	for low := r.first & placeBits; ; low = (low + 1) & placeBits {
		r.id = base | low
		err := w.exec("INSERT INTO tickets ("+columns+") VALUES ("+marks(len(r.fields()))+")", r.values()...)
		if err == nil || !taken(err) {
			return err
		}
		var there string
		if gone := w.row("SELECT code FROM tickets WHERE id = ?", r.id).Scan(&there); gone != nil || there == r.code {
			return fmt.Errorf("ticket %s is shown already, though it begins only now: run `hotline replay` (%w)", r.code, err)
		}
	}
}

// project makes everything shown of the ticket what t says. old is its row, nil for a new one.
func (w *writer) project(t ticketing.Ticket, doc []byte, terms []string, old *row) (err error) {
	terms = withNumber(terms, t)
	r := rowOf(t, terms)
	w.dirty = true
	if old == nil {
		err = w.place(&r, t.Received)
	} else {
		r.id = old.id
		err = w.update(old, &r)
	}
	if err != nil {
		return err
	}
	if err := w.exec("INSERT OR REPLACE INTO docs VALUES (?,?,?)", r.id, r.first, doc); err != nil {
		return err
	}
	if err := w.helpers(old, &r); err != nil {
		return err
	}
	w.news.tickets[t.Code] = &shown{first: r.first, doc: doc}
	w.count(old, &r)
	w.index(old, &r, terms)
	return nil
}

// update writes only the columns that changed in groups, because every index on a column that is set is written.
func (w *writer) update(old, r *row) error {
	if err := w.exec("UPDATE tickets SET version=?, updated=?, urgent=?, unread=?, answered=?, late=?, rated=?, pleased=?, terms=?, helpers=?, first=? WHERE id=?",
		r.version, r.updated, r.urgent, r.unread, r.answered, r.late, r.rated, r.happy, r.terms, r.helpers, r.first, r.id); err != nil {
		return err
	}
	if old.kind != r.kind || old.channel != r.channel || old.category != r.category || old.area != r.area || old.outcome != r.outcome || old.day != r.day {
		if err := w.exec("UPDATE tickets SET kind=?, channel=?, category=?, area=?, outcome=?, day=? WHERE id=?",
			r.kind, r.channel, r.category, r.area, r.outcome, r.day, r.id); err != nil {
			return err
		}
	}
	if old.status != r.status || old.agency != r.agency || old.due != r.due {
		if err := w.exec("UPDATE tickets SET status=?, agency=?, due=? WHERE id=?", r.status, r.agency, r.due, r.id); err != nil {
			return err
		}
	}
	if old.promised != r.promised || old.alarm != r.alarm || old.send != r.send || old.door != r.door {
		if err := w.exec("UPDATE tickets SET promised=?, alarm=?, send=?, door=? WHERE id=?", r.promised, r.alarm, r.send, r.door, r.id); err != nil {
			return err
		}
	}
	if old.public != r.public || old.asleep != r.asleep || old.returned != r.returned || old.reports != r.reports {
		if err := w.exec("UPDATE tickets SET public=?, asleep=?, returned=?, reports=? WHERE id=?", r.public, r.asleep, r.returned, r.reports, r.id); err != nil {
			return err
		}
	}
	if old.assignee != r.assignee || old.citizen != r.citizen {
		return w.exec("UPDATE tickets SET assignee=?, citizen=? WHERE id=?", r.assignee, r.citizen, r.id)
	}
	return nil
}

// helpers keeps the side table by which an agency finds what it cooperates on.
func (w *writer) helpers(old, r *row) error {
	had := ""
	if old != nil {
		had = old.helpers
	}
	if had == r.helpers {
		return nil
	}
	for _, agency := range lines(had) {
		if err := w.exec("DELETE FROM cooperating WHERE agency = ? AND id = ?", agency, r.id); err != nil {
			return err
		}
	}
	for _, agency := range lines(r.helpers) {
		if err := w.exec("INSERT OR IGNORE INTO cooperating VALUES (?,?)", agency, r.id); err != nil {
			return err
		}
	}
	return nil
}

func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

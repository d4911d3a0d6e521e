package open311

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// Service request updates: https://github.com/mysociety/fixmystreet/wiki/Open311-FMS---Proposed-differences-to-Open311

const (
	usualUpdates = 24 * time.Hour
	mostUpdates  = 1000
	mostMoved    = 5000 // tickets whose timelines one call reads
)

// change is one update as everybody may see it.
type change struct {
	id     string
	ticket string
	status string
	at     time.Time
	text   string
}

// updates answers GET servicerequestupdates: what happened to public tickets within the window, oldest first. Where
// there is more than an answer holds, the reader goes on from the last one it got.
func (c *Channel) updates(r *call) error {
	longest := quarter
	start, end := r.query.one("start_date"), r.query.one("end_date")
	if (start == "") != (end == "") {
		return refuse(400, "open311.both_dates")
	}
	if start == "" {
		longest = usualUpdates
	}
	from, to, bad := window(r.query, c.now(), longest)
	if len(bad) > 0 {
		return &refusal{faults: bad}
	}
	found, err := c.changes(r.ctx, r.lang, from.Truncate(time.Second), to)
	if err != nil {
		return err
	}
	all := make([]any, len(found))
	for i, u := range found {
		all[i] = object{
			{"update_id", u.id}, {"service_request_id", u.ticket}, {"status", u.status},
			{"updated_datetime", zoned(u.at)}, {"description", u.text}, {"media_url", nil},
		}
	}
	return r.answer(document{"service_request_updates", list{"request_update", all}})
}

// changes reads the timelines of the tickets that changed since from.
func (c *Channel) changes(ctx context.Context, lang string, from, to time.Time) ([]change, error) {
	leave, err := c.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var out []change
	f := ticketing.Filter{Public: true, Sort: ticketing.ByUpdated, Limit: 200}
	for moved := 0; ; {
		page, err := c.Desk.List(ctx, reader, f)
		if err != nil {
			return nil, err
		}
		for _, t := range page.Tickets {
			if t.Updated.Before(from) {
				page.Next = ""
				break
			}
			if !t.Received.Before(to) {
				continue
			}
			if moved++; moved > mostMoved {
				return nil, refuse(400, "open311.too_many_updates")
			}
			events, err := c.Desk.Timeline(ctx, reader, t)
			if err != nil {
				return nil, err
			}
			for _, u := range c.story(lang, t, events) {
				if !u.at.Before(from) && u.at.Before(to) {
					out = append(out, u)
				}
			}
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
	}
	slices.SortStableFunc(out, func(a, b change) int { // a ticket's own stay in order
		return cmp.Or(a.at.Compare(b.at), strings.Compare(a.ticket, b.ticket))
	})
	return out[:min(len(out), mostUpdates)], nil
}

// story is what of a ticket's timeline is public: who has it, how far it is, how it ended. Words are in it only where a
// moderator has published them.
func (c *Channel) story(lang string, t ticketing.Ticket, events []ticketing.Event) []change {
	var out []change
	status := "OPEN"
	for _, e := range events {
		say := words.T(lang, "open311.update."+string(e.Kind))
		switch e.Kind {
		case ticketing.RoutedTo:
			status = "OPEN"
			say = words.T(lang, "open311.note.routed", c.agencyTitle(e.Agency, lang))
		case ticketing.Accepted:
			status = "INVESTIGATING"
		case ticketing.ExtensionDecided:
			if !e.OK {
				continue
			}
			status = "ACTION_SCHEDULED"
			say = words.T(lang, "open311.update.extension_decided", e.Due.In(ticketing.Zone).Format("02/01/2006"))
		case ticketing.Returned:
			status = "FOR_TRIAGE"
		case ticketing.MergedInto:
			status = "DUPLICATE"
		case ticketing.Unmerged, ticketing.Reopened:
			status = "REOPEN"
		case ticketing.AnsweredBy: // no equal: the status stays
		case ticketing.VerdictGiven:
			status = "REOPEN"
			if e.OK {
				status = ended(t.Outcome)
			}
			say = words.T(lang, "open311.update.verdict."+fmt.Sprint(e.OK))
		case ticketing.ClosedBy:
			status = ended(e.Outcome)
			say = words.T(lang, "open311.ended."+string(e.Outcome))
		case ticketing.Published:
			say = ""
			if t.Published {
				say = published(t.Answer)
			}
		default:
			continue
		}
		out = append(out, change{id: fmt.Sprintf("%s-%d", t.Number(), e.N), ticket: t.Number(), status: status, at: e.At, text: say})
	}
	return out
}

func (c *Channel) agencyTitle(agency, lang string) string {
	if a, ok := c.Desk.Catalog.Current().Agencies[agency]; ok {
		return a.Title(lang)
	}
	return words.T(lang, "hotline.name")
}

// ended is the extension's word for an outcome.
func ended(o ticketing.Outcome) string {
	switch o {
	case ticketing.Done:
		return "FIXED"
	case ticketing.Cannot, ticketing.InvalidMatter:
		return "NO_FURTHER_ACTION"
	case ticketing.NotOurs:
		return "NOT_COUNCILS_RESPONSIBILITY"
	case ticketing.Duplicate:
		return "DUPLICATE"
	}
	return "CLOSED"
}

// update answers POST servicerequestupdates. What it does depends on whose key it is: an agency's program tells how its
// work goes (see apply); a program that only hands reports in passes on what the sender of one of its own says.
func (c *Channel) update(r *call) error {
	u, t, err := c.updateOf(r)
	if err != nil {
		return err
	}
	if r.by.Has(ticketing.ScopeAct) && r.by.Sees(t) {
		n, err := apply(r.ctx, c.Desk, r.by, t.Code, u)
		if err != nil {
			return err
		}
		return c.updated(r, t, n)
	}
	events, err := c.Desk.Store.Timeline(r.ctx, t.Code, 0)
	if err != nil {
		return err
	}
	if len(events) == 0 || events[0].By.ID != r.by.ID {
		return refuse(400, "open311.update_no_request")
	}
	if e, err := c.Desk.Store.ByKey(r.ctx, u.key); err == nil {
		if e.Ticket != t.Code || e.Text != text.NFC(u.text) {
			return refuse(400, "open311.update_taken")
		}
		return c.updated(r, t, e.N)
	} else if !errors.Is(err, ticketing.ErrNotFound) {
		return err
	}
	if _, err := c.Desk.Say(r.ctx, t.Code, u.key, u.text, nil); err != nil {
		return err
	}
	e, err := c.Desk.Store.ByKey(r.ctx, u.key)
	if err != nil {
		return err
	}
	return c.updated(r, t, e.N)
}

// updated tells the id the update has here.
func (c *Channel) updated(r *call, t ticketing.Ticket, n int) error {
	c.health.count("updates taken", c.now())
	return r.answer(document{"service_request_updates", list{"request_update", []any{
		object{{"update_id", fmt.Sprintf("%s-%d", t.Number(), n)}},
	}}})
}

// updateOf reads the form, and finds the ticket.
func (c *Channel) updateOf(r *call) (told, ticketing.Ticket, error) {
	f, bad := r.body, []fault(nil)
	for _, name := range []string{"service_request_id", "update_id", "updated_datetime", "status", "description"} {
		if f.one(name) == "" {
			bad = append(bad, fault{400, "open311.missing", []any{name}})
		}
	}
	u := told{key: "open311:" + r.by.ID + ":u:" + f.one("update_id"), status: f.one("status"), text: f.one("description"), print: printOf("POST servicerequestupdates", f)}
	if len(f.one("update_id")) > mostExternal {
		bad = append(bad, fault{400, "open311.external", []any{mostExternal}})
	}
	if v := f.one("updated_datetime"); v != "" {
		if _, ok := moment(v); !ok {
			bad = append(bad, fault{400, "open311.date", []any{"updated_datetime"}})
		}
	}
	if len([]rune(u.text)) > mostDescription {
		bad = append(bad, fault{400, "open311.too_long", []any{"description", mostDescription, len([]rune(u.text))}})
	}
	if len(bad) > 0 {
		return u, ticketing.Ticket{}, &refusal{faults: bad}
	}
	t, err := c.numbered(r.ctx, f.one("service_request_id"))
	if errors.Is(err, ticketing.ErrNotFound) {
		err = refuse(400, "open311.update_no_request")
	}
	return u, t, err
}

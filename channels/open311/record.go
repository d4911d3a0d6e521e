package open311

import (
	"context"
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// reader is who looks: nobody in particular, with no more than a moderator's sight. What is not Public is answered
// like what was never there.
var reader = ticketing.Actor{ID: "open311", Role: ticketing.Moderator}

// parseID reads a service_request_id: the ticket's number (26-011867), never its code, which would open the citizen's
// page.
func parseID(id string) (first int64, ok bool) {
	year, rest, ok := strings.Cut(id, "-")
	if !ok || len(year) != 2 || len(rest) < 6 || len(rest) > 15 || strings.Trim(year+rest, "0123456789") != "" {
		return 0, false
	}
	first, err := strconv.ParseInt(rest, 10, 64)
	return first, err == nil && first > 0
}

// public is the ticket with that id if it may be seen. ticketing.ErrNotFound.
func (c *Channel) public(ctx context.Context, id string) (ticketing.Ticket, error) {
	t, err := c.numbered(ctx, id)
	if err == nil && (!t.Public() || !reader.Sees(t)) {
		err = ticketing.ErrNotFound
	}
	return t, err
}

// numbered is the ticket with that id, whoever may see it.
func (c *Channel) numbered(ctx context.Context, id string) (ticketing.Ticket, error) {
	first, ok := parseID(id)
	if !ok {
		return ticketing.Ticket{}, ticketing.ErrNotFound
	}
	t, err := c.Desk.Store.Numbered(ctx, first)
	if err == nil && t.Number() != id { // another year before the same number
		err = ticketing.ErrNotFound
	}
	return t, err
}

// record is a ticket as everybody may see it. Of what the citizen wrote nothing is in it: neither words nor address,
// and the place only to within a hundred metres. What the hotline wrote is there once a moderator has published it.
func (c *Channel) record(ctx context.Context, all []service, lang string, t ticketing.Ticket) (object, error) {
	s := serving(all, t.Category)
	note, err := c.note(ctx, lang, t)
	if err != nil {
		return nil, err
	}
	var lat, long any
	if p := t.Location; p != nil {
		lat, long = about(p.Lat), about(p.Lng)
	}
	return object{
		{"service_request_id", t.Number()}, {"status", status(t)}, {"status_notes", note},
		{"service_name", s.Title(lang)}, {"service_code", s.code}, {"description", nil},
		{"agency_responsible", c.responsible(t, lang)}, {"service_notice", nil},
		{"requested_datetime", zoned(t.Received)}, {"updated_datetime", zoned(updated(t))}, {"expected_datetime", zoned(t.Due)},
		{"address", t.Place}, {"address_id", t.Area}, {"zipcode", nil}, {"lat", lat}, {"long", long}, {"media_url", nil},
	}, nil
}

// about rounds to three places: some hundred metres, a stretch of street and not a house.
func about(degrees float64) float64 { return math.Round(degrees*1000) / 1000 }

// status is one of the two there are.
func status(t ticketing.Ticket) string {
	if t.Status == ticketing.Closed {
		return "closed"
	}
	return "open"
}

// updated is when the record last changed; of a closed one, when it was closed.
func updated(t ticketing.Ticket) time.Time {
	if t.Status == ticketing.Closed && !t.Finished.IsZero() {
		return t.Finished
	}
	return t.Updated
}

func (c *Channel) responsible(t ticketing.Ticket, lang string) string {
	if a, ok := c.Desk.Catalog.Current().Agencies[t.Agency]; ok {
		return a.Title(lang)
	}
	return words.T(lang, "hotline.name")
}

// note is how the matter stands, in a sentence of ours, or the answer if it is published.
func (c *Channel) note(ctx context.Context, lang string, t ticketing.Ticket) (string, error) {
	if t.Published && t.Answer != "" && (t.Status == ticketing.Answered || t.Status == ticketing.Closed) {
		return published(t.Answer), nil
	}
	switch t.Status {
	case ticketing.Routed:
		return words.T(lang, "open311.note.routed", c.responsible(t, lang)), nil
	case ticketing.Closed:
		return c.ending(ctx, lang, t)
	}
	return words.T(lang, "open311.note."+string(t.Status)), nil
}

// ending says how the matter was closed. The leading report of a duplicate is named if it may be seen itself.
func (c *Channel) ending(ctx context.Context, lang string, t ticketing.Ticket) (string, error) {
	if t.Joined() {
		lead, err := c.Desk.Store.Ticket(ctx, t.Into)
		switch {
		case errors.Is(err, ticketing.ErrNotFound):
		case err != nil:
			return "", err
		case lead.Public() && reader.Sees(lead):
			return words.T(lang, "open311.ended.duplicate_of", lead.Number()), nil
		}
	}
	return words.T(lang, "open311.ended."+string(t.Outcome)), nil
}

var mailAddress = regexp.MustCompile(`[\p{L}\p{N}._%+-]+@([\p{L}\p{N}-]+\.[\p{L}\p{N}.-]+)`)

// published is an answer as the public pages show it: numbers masked, and addresses of electronic post too.
func published(answer string) string {
	const most = 4000
	return mailAddress.ReplaceAllString(text.MaskPhones(text.Truncate(answer, most)), "•••@$1")
}

package mongo

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// projection is a ticket as lists find it. Doc is the ticket itself; every other field is there to be asked for.
// Times are milliseconds, never for a date that is not set.
type projection struct {
	Code    string `bson:"_id"`
	Version int64  `bson:"version"`
	Blanks  int64  `bson:"blanks"` // how many of the events it was made from were blanked then
	First   int64  `bson:"first"`
	Doc     []byte `bson:"doc"`

	Status   string   `bson:"status"`
	Kind     string   `bson:"kind"`
	Channel  string   `bson:"channel"`
	Category string   `bson:"category"`
	Area     string   `bson:"area"`
	Agency   string   `bson:"agency"`
	Concerns []string `bson:"concerns"` // the agency and those that cooperate
	Outcome  string   `bson:"outcome"`
	Assignee string   `bson:"assignee"`
	Citizen  string   `bson:"citizen"`
	Open     bool     `bson:"open"`
	Ended    bool     `bson:"ended"`
	Urgent   bool     `bson:"urgent"`
	Unread   bool     `bson:"unread"`
	Public   bool     `bson:"public"`
	Asleep   bool     `bson:"asleep"`
	Returned int32    `bson:"returned"`
	Reports  int32    `bson:"reports"`

	Received int64 `bson:"received"`
	Updated  int64 `bson:"updated"`
	Due      int64 `bson:"due"`
	Promised int64 `bson:"promised"`
	Alarm    int64 `bson:"alarm"`
	Send     int64 `bson:"send"`

	Door string `bson:"door"` // the next message goes out by

	Day   string `bson:"day"`
	Week  string `bson:"week"`
	Month string `bson:"month"`
	Tally int64  `bson:"tally"` // what it counts as: see tallyOf

	// Words are the search text's, folded, and with a scope mark before each concerned agency, so that one index
	// serves a search within an agency.
	Words []string `bson:"words"`
}

// never stands for a date that is not set: after every date, and exact in a double.
const never = 1<<53 - 1

// scopeMark leads an agency among the words; no folded word begins with it.
const scopeMark = "@"

func millis(t time.Time) int64 {
	if t.IsZero() {
		return never
	}
	return t.UnixMilli()
}

// ceiling is the first whole millisecond not before t: a time of whole milliseconds lies before t if it lies before it.
func ceiling(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return ms
}

// standing is a ticket with how much of its journal went into it.
type standing struct {
	ticket ticketing.Ticket
	blanks int64
}

func (n standing) projection() (projection, error) {
	t := n.ticket
	doc, err := json.Marshal(t)
	if err != nil {
		return projection{}, fmt.Errorf("encode ticket %s: %w", t.Code, err)
	}
	p := projection{
		Code: string(t.Code), Version: int64(t.Version), Blanks: n.blanks, First: t.First, Doc: doc,
		Status: string(t.Status), Kind: string(t.Kind), Channel: string(t.Channel), Category: t.Category, Area: t.Area,
		Agency: t.Agency, Outcome: string(t.Outcome), Assignee: t.Assignee, Citizen: string(t.Citizen),
		Open: t.Status.Open(), Ended: !t.Ended.IsZero(), Urgent: t.Priority == ticketing.Urgent, Unread: t.Unread > 0, Public: t.Public(), Asleep: !t.Snoozed.IsZero(), Returned: int32(t.Returned), Reports: int32(len(t.Absorbed)),
		Received: millis(t.Received), Updated: millis(t.Updated), Due: millis(t.Due), Promised: millis(t.Promised),
		Alarm: millis(t.NextAlarm()), Send: millis(t.NextSend()), Door: string(t.NextDoor()),
		Day: t.Value(ticketing.ByDay), Week: t.Value(ticketing.ByWeek), Month: t.Value(ticketing.ByMonth),
		Tally: tallyOf(t.Counts()), Words: text.Words(t.SearchText()), Concerns: []string{},
	}
	for _, agency := range append([]string{t.Agency}, t.Cooperating...) {
		if agency != "" {
			p.Concerns = append(p.Concerns, agency)
			p.Words = append(p.Words, scopeMark+agency)
		}
	}
	return p, nil
}

// standing reads the ticket back out of its projection.
func (p projection) standing() (standing, error) {
	var t ticketing.Ticket
	if len(p.Doc) > 0 {
		if err := json.Unmarshal(p.Doc, &t); err != nil {
			return standing{}, fmt.Errorf("read the projection of ticket %s: %w", p.Code, err)
		}
	}
	if t.Version != int(p.Version) {
		return standing{}, fmt.Errorf("the projection of ticket %s is of version %d and says %d", p.Code, t.Version, p.Version)
	}
	return standing{t, p.Blanks}, nil
}

// after applies what the journal has next. An event that cannot be applied, which no desk writes, counts as one that
// changed nothing: it must not stand in the way of those behind it. It is in the error.
func (n standing) after(tail []entry) (standing, error) {
	var wrong error
	for _, e := range tail {
		event, err := e.event()
		var next ticketing.Ticket
		if err == nil {
			next, err = n.ticket.Apply(event)
		}
		if err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("event %d (%s) cannot be applied: %w", e.Seq, e.TN, err))
			next = n.ticket
			next.Code, next.Version = ticketing.Code(e.Ticket), int(e.N)
		}
		n.ticket = next
		if e.Blanked {
			n.blanks++
		}
	}
	return n, wrong
}

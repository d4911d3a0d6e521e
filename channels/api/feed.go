package api

import (
	"context"
	"errors"
	"time"

	"hotline1022/ticketing"
)

// eventView is an event as a program needs it. Left out: keys and fingerprints of requests, who the citizen is, the
// words as they came before normalising, what was put around an outgoing message, and the platform's receipt.
type eventView struct {
	Seq    int64               `json:"seq"`
	Ticket ticketing.Code      `json:"ticket"`
	N      int                 `json:"n"`
	At     time.Time           `json:"at"`
	By     actorView           `json:"by"`
	Event  ticketing.EventKind `json:"event"`

	Kind       ticketing.Kind       `json:"kind,omitempty"`
	Category   string               `json:"category,omitempty"`
	Area       string               `json:"area,omitempty"`
	Place      string               `json:"place,omitempty"`
	Priority   ticketing.Priority   `json:"priority,omitempty"`
	Visibility ticketing.Visibility `json:"visibility,omitempty"`
	Channel    ticketing.Channel    `json:"channel,omitempty"`
	External   string               `json:"external_id,omitempty"`
	Subject    string               `json:"subject,omitempty"`
	Text       string               `json:"text,omitempty"`
	Address    string               `json:"address,omitempty"`
	Location   *ticketing.Point     `json:"location,omitempty"`
	Files      []fileView           `json:"files,omitempty"`

	Agency      string            `json:"agency,omitempty"`
	Cooperating []string          `json:"cooperating,omitempty"`
	Assignee    string            `json:"assignee,omitempty"`
	Reason      string            `json:"reason,omitempty"`
	Outcome     ticketing.Outcome `json:"outcome,omitempty"`
	OK          bool              `json:"ok,omitempty"`

	Due     time.Time           `json:"due,omitzero"`
	StepDue time.Time           `json:"step_due,omitzero"`
	Until   time.Time           `json:"until,omitzero"`
	Ended   time.Time           `json:"ended,omitzero"`
	Alarm   ticketing.AlarmKind `json:"alarm,omitempty"`
	Into    ticketing.Code      `json:"into,omitempty"`
	Events  []int               `json:"events,omitempty"`
	Field   string              `json:"field,omitempty"`

	Message int       `json:"message,omitempty"` // of a delivery: the n of the event that is being sent
	Try     int       `json:"try,omitempty"`
	Next    time.Time `json:"next,omitzero"`
	Erased  bool      `json:"erased,omitempty"`
}

type actorView struct {
	Role   ticketing.Role `json:"role"`
	ID     string         `json:"id,omitempty"`
	Agency string         `json:"agency,omitempty"`
}

func (a *API) event(e ticketing.Event, everywhere bool) eventView {
	v := eventView{
		Seq: e.Seq, Ticket: e.Ticket, N: e.N, At: e.At.UTC(), Event: e.Kind, By: actorView{e.By.Role, e.By.ID, e.By.Agency},
		Kind: e.MatterKind, Category: e.Category, Area: e.Area, Place: e.Place, Priority: e.Priority,
		Visibility: e.Visibility, Channel: e.Channel, External: e.External, Subject: e.Subject, Text: e.Text,
		Address: e.Address, Location: e.Location, Files: a.fileViews(e.Ticket, e.Files), Agency: e.Agency,
		Cooperating: e.Cooperating, Assignee: e.Assignee, Reason: e.Reason, Outcome: e.Outcome, OK: e.OK,
		Due: e.Due.UTC(), StepDue: e.StepDue.UTC(), Until: e.Until.UTC(), Ended: e.Ended.UTC(), Events: e.Events,
		Field: e.Field, Message: e.Ref, Try: e.Try, Next: e.Next.UTC(), Erased: e.Blanked,
	}
	if e.By.Role == ticketing.Citizen {
		v.By.ID = "" // it names a person in the vault, if anybody
	}
	if e.Alarm != nil {
		v.Alarm = e.Alarm.What
	}
	if everywhere {
		v.Into = e.Into
	}
	return v
}

// timeline answers GET /tickets/CODE/events.
func (a *API) timeline(r *call) error {
	if err := r.params().none(); err != nil {
		return err
	}
	t, err := a.here(r)
	if err != nil {
		return err
	}
	events, err := a.Desk.Timeline(r.ctx, r.by, t)
	if err != nil {
		return err
	}
	items := make([]eventView, len(events))
	for i, e := range events {
		items[i] = a.event(e, r.by.Scope().All)
	}
	return r.json(200, page[eventView]{Items: items})
}

// feedPage is a piece of the journal. Next is where to go on from, also when nothing of what was read was the
// caller's; More says that there is more already. Epoch changes when the journal was restored from a copy: a reader
// that sees another must begin anew.
type feedPage struct {
	Items []eventView `json:"items"`
	Next  int64       `json:"next"`
	More  bool        `json:"more"`
	Epoch string      `json:"epoch"`
}

// mostScanned bounds how far one call looks for events that are the caller's.
const mostScanned = 2000

// feed answers GET /events.
func (a *API) feed(r *call) error {
	p := r.params()
	after, limit, epoch := p.number("after"), p.limit(100), p.one("epoch")
	if err := p.done(); err != nil {
		return err
	}
	now := a.Desk.Store.Epoch()
	if epoch != "" && epoch != now {
		return &refusal{status: 410, key: "api.epoch"}
	}
	out := feedPage{Items: []eventView{}, Next: after, More: true, Epoch: now}
	known := tickets{read: a.Desk.Store.Ticket}
	everywhere := r.by.Scope().All
	for scanned := 0; scanned < mostScanned && len(out.Items) < limit; {
		events, err := a.Desk.Store.Since(r.ctx, out.Next, min(256, mostScanned-scanned))
		if err != nil {
			return err
		}
		if len(events) == 0 {
			out.More = false
			break
		}
		for _, e := range events {
			if len(out.Items) == limit {
				break
			}
			t, err := known.get(r.ctx, e.Ticket)
			if err != nil {
				return err
			}
			if r.by.Sees(t) && r.by.SeesEvent(t, e) {
				out.Items = append(out.Items, a.event(e, everywhere))
			}
			out.Next = e.Seq
			scanned++
		}
	}
	return r.json(200, out)
}

// tickets reads each ticket once: who may know of an event is decided by the ticket as it stands now.
type tickets struct {
	read func(context.Context, ticketing.Code) (ticketing.Ticket, error)
	seen map[ticketing.Code]ticketing.Ticket
}

func (m *tickets) get(ctx context.Context, code ticketing.Code) (ticketing.Ticket, error) {
	if t, ok := m.seen[code]; ok {
		return t, nil
	}
	t, err := m.read(ctx, code)
	if err != nil && !errors.Is(err, ticketing.ErrNotFound) {
		return t, err
	}
	if m.seen == nil {
		m.seen = map[ticketing.Code]ticketing.Ticket{}
	}
	m.seen[code] = t // one that is not there is nobody's: the zero ticket lies in no agency's scope
	return t, nil
}

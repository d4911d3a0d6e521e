package ticketing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing/text"
)

// KindDuty is the setting that says who is given which tickets. The record "all" holds the way it is done and what
// holds for whoever has no record of her own; a record under a sign-in name is that person's.
const KindDuty = "duty"

// Duty is its document.
type Duty struct {
	ID         string    `json:"id"`
	Mode       DutyMode  `json:"mode,omitempty"`  // of "all" alone
	Alert      DutyAlert `json:"alert,omitempty"` // of "all" alone
	Channels   []Channel `json:"channels,omitempty"`
	Categories []string  `json:"categories,omitempty"`
	Languages  []string  `json:"languages,omitempty"` // of text.Languages
	Most       int       `json:"most,omitempty"`      // open tickets in her hand, beyond which she is given none; 0: as many as come
}

// DutyMode is how new tickets come to people.
type DutyMode string

// The modes. Asking for the next one works in all of them.
const (
	DutyNone DutyMode = ""     // each takes what she wants
	DutyTurn DutyMode = "turn" // by turns
	DutyLoad DutyMode = "load" // to whoever has the fewest in hand
)

// DutyAlert is how a screen nobody looks at tells of something new, unless its person has chosen otherwise.
type DutyAlert string

// The alerts.
const (
	AlertNone  DutyAlert = ""
	AlertSound DutyAlert = "sound"
	AlertBoth  DutyAlert = "both" // a sound and a notice of the system
)

const (
	dutyAll  = "all"
	mostDuty = 500
)

type dutySetting struct{ Duty }

func (s dutySetting) check(id string, _ setting, w world) error {
	if s.ID != id {
		return invalid("id", "settings.id")
	}
	switch {
	case !known([]DutyMode{DutyNone, DutyTurn, DutyLoad}, s.Mode), s.Mode != DutyNone && id != dutyAll:
		return invalid("mode", "settings.duty_mode")
	case !known([]DutyAlert{AlertNone, AlertSound, AlertBoth}, s.Alert), s.Alert != AlertNone && id != dutyAll:
		return invalid("alert", "settings.duty_mode")
	case s.Most < 0 || s.Most > mostDuty:
		return invalid("most", "settings.duty_most", mostDuty)
	}
	for _, ch := range s.Channels {
		if !known(Channels[:], ch) {
			return invalid("channels", "error.channel", ch)
		}
	}
	for _, l := range s.Languages {
		if !slices.Contains(text.Languages[:], l) {
			return invalid("languages", "canned.lang")
		}
	}
	for _, c := range s.Categories {
		if _, ok := w.categories[c]; !ok {
			return invalid("categories", "error.category", c)
		}
	}
	return nil
}

func shippedDuty() Duty { return Duty{ID: dutyAll} }

// Duty is the person's, else what holds for all.
func (c *Catalog) Duty(staff string) Duty {
	if d, ok := c.duties[staff]; ok {
		return d
	}
	return c.duties[dutyAll]
}

// DutyMode is how new tickets come to people.
func (c *Catalog) DutyMode() DutyMode { return c.duties[dutyAll].Mode }

// DutyAlert is the shift's default.
func (c *Catalog) DutyAlert() DutyAlert { return c.duties[dutyAll].Alert }

// Fits says whether the ticket is for whoever has the duty. What has no category yet is for all of its channel.
func (s Duty) Fits(t Ticket) bool {
	return (len(s.Channels) == 0 || slices.Contains(s.Channels, t.Channel)) &&
		(len(s.Languages) == 0 || slices.Contains(s.Languages, cmp.Or(t.Lang, text.Vietnamese))) &&
		(len(s.Categories) == 0 || t.Category == "" || slices.Contains(s.Categories, t.Category))
}

// waits is what waits for somebody of the hotline and is in nobody's hand, the most urgent first.
var waits = Filter{Status: []Status{New, Review}, Nobody: true, Awake: true, Sort: ByDue, Limit: 100}

// Next claims the most urgent ticket that waits and fits the operator. NotFound: there is none; Invalid: she has as
// many as she may.
func (d *Desk) Next(ctx context.Context, by Actor) (Ticket, error) {
	if by.Role != Operator && by.Role != Supervisor {
		return Ticket{}, forbidden("duty.may_not")
	}
	duty := d.Catalog.Current().Duty(by.ID)
	if duty.Most > 0 {
		n, err := d.inHand(ctx, by.ID)
		if err != nil {
			return Ticket{}, err
		}
		if n >= duty.Most {
			return Ticket{}, invalid("", "duty.full", duty.Most)
		}
	}
	page, err := d.List(ctx, by, waits)
	if err != nil {
		return Ticket{}, err
	}
	for _, t := range page.Tickets {
		if !duty.Fits(t) {
			continue
		}
		got, err := d.Do(ctx, by, t.Code, Command{Verb: Claim, Version: t.Version})
		if ClassOf(err) == Conflict && err != nil || err == nil && got.Assignee != by.ID {
			continue // somebody was first
		}
		return got, err
	}
	return Ticket{}, &Error{Class: NotFound, Key: "duty.none"}
}

func (d *Desk) inHand(ctx context.Context, staff string) (int, error) {
	n, err := d.Store.Count(ctx, Filter{Scope: Scope{All: true, Hide: []Kind{Lobby}}, Assignee: staff, Status: []Status{New, Review, Waiting}})
	return n, storeError("counting what is in hand", err)
}

// Spreader gives new tickets to operators who are there. Several processes may run one each, for the people whose
// screens they hold: the ticket's version decides who gives it.
type Spreader struct {
	Desk     *Desk
	Accounts *Accounts
	Present  func() map[string]int   // who has a screen open
	Resting  func(staff string) bool // on a break; nil: nobody is
	Log      *slog.Logger

	last map[string]time.Time // when somebody was given one, for turns
}

const betweenSpreads = time.Second

// Run spreads until ctx ends.
func (s *Spreader) Run(ctx context.Context) error {
	for {
		bell := s.Desk.Store.Bell()
		if s.Desk.Catalog.Current().DutyMode() != DutyNone {
			if _, err := s.Spread(ctx); err != nil && ctx.Err() == nil {
				s.Log.Error("new tickets could not be given to people", "err", err)
			}
		}
		pause := time.NewTimer(betweenSpreads)
		select {
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		case <-pause.C:
		}
		timer := time.NewTimer(10 * time.Second) // people come and go without a bell
		select {
		case <-ctx.Done():
		case <-bell:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Spread gives what waits to who is there, once, and says how many it gave.
func (s *Spreader) Spread(ctx context.Context) (given int, err error) {
	hands, err := s.hands(ctx)
	if err != nil || len(hands) == 0 {
		return 0, err
	}
	f := waits
	f.Scope = Scope{All: true, Hide: []Kind{Lobby}}
	page, err := s.Desk.Store.List(ctx, f)
	if err != nil {
		return 0, storeError("looking for what waits", err)
	}
	mode := s.Desk.Catalog.Current().DutyMode()
	for _, t := range page.Tickets {
		h := s.choose(mode, hands, t)
		if h == nil {
			continue
		}
		e := s.Desk.event(t, system, Claimed)
		e.Assignee, e.Rule = h.id, string(mode)
		e.Key = fmt.Sprintf("duty:%s:%d", t.Code, t.Version)
		after, err := t.Apply(e)
		if err != nil {
			continue
		}
		switch _, err := s.Desk.Store.Append(ctx, e, after); {
		case errors.Is(err, ErrConflict), errors.Is(err, ErrDuplicate):
		case err != nil:
			return given, storeError("giving a ticket", err)
		default:
			given++
			h.has++
			s.last[h.id] = s.Desk.now()
		}
	}
	return given, nil
}

// hand is somebody who may be given tickets.
type hand struct {
	id   string
	duty Duty
	has  int
}

func (s *Spreader) hands(ctx context.Context) ([]*hand, error) {
	if s.last == nil {
		s.last = map[string]time.Time{}
	}
	var out []*hand
	for id := range s.Present() {
		if s.Resting != nil && s.Resting(id) {
			continue
		}
		staff, err := s.Accounts.Staff(ctx, id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, storeError("reading the account", err)
		}
		if staff.Off || staff.Role != Operator {
			continue
		}
		n, err := s.Desk.inHand(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, &hand{id, s.Desk.Catalog.Current().Duty(id), n})
	}
	slices.SortFunc(out, func(a, b *hand) int { return strings.Compare(a.id, b.id) })
	return out, nil
}

// choose is who gets the ticket: of those it fits and who have room, who has waited longest for one or has the fewest.
func (s *Spreader) choose(mode DutyMode, hands []*hand, t Ticket) *hand {
	var best *hand
	for _, h := range hands {
		if !h.duty.Fits(t) || h.duty.Most > 0 && h.has >= h.duty.Most {
			continue
		}
		if best == nil || s.before(mode, h, best) {
			best = h
		}
	}
	return best
}

func (s *Spreader) before(mode DutyMode, a, b *hand) bool {
	turn := s.last[a.id].Compare(s.last[b.id])
	if mode == DutyLoad {
		return cmp.Or(cmp.Compare(a.has, b.has), turn) < 0
	}
	return turn < 0
}

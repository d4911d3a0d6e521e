package phone

import (
	"context"
	"slices"
	"sync"
	"time"

	"hotline1022/ticketing"
)

// Board is what hangs on the wall of the room. All of it is by our own definitions (figures.go); the level's formula
// has a number, which belongs beside it wherever it is shown.
type Board struct {
	At      time.Time // as of
	Hearing bool      // false: the exchange cannot be heard, what is shown may be old

	Waiting int           // now, in all queues
	Longest time.Duration // how long the one who waits longest has waited; 0 where nobody does
	Queues  []Queue
	People  map[AgentState]int // at the telephones; those off duty included

	Today   Figures       // offered, answered, abandoned … since midnight
	Level   Share         // the service level; without a whole a dash, never 0 % or 100 %
	Formula int           // of the level, 1–5: see Figures.ServiceLevel
	Target  time.Duration // T of the formula
}

// board keeps the day's figures between two questions.
type board struct {
	mu    sync.Mutex
	day   string
	seen  int64 // revision of the calls they were counted at
	today Figures
}

// Board is the room as it stands. It may be asked every second by many: the day is counted anew only when a call has
// been stored since.
func (c *Channel) Board(ctx context.Context) (Board, error) {
	now := c.now()
	today, err := c.today(ctx, now)
	if err != nil {
		return Board{}, err
	}
	out := Board{
		At: now, Queues: c.Queues(), People: map[AgentState]int{}, Today: today, Formula: c.Terms.Formula, Target: c.Terms.Target,
		Level: today.ServiceLevel(c.Terms.Formula),
	}
	for _, q := range out.Queues {
		out.Waiting += q.Waiting
		out.Longest = max(out.Longest, now.Sub(q.Longest))
	}
	for _, a := range c.Agents() {
		out.People[a.State]++
	}
	c.mu.Lock()
	out.Hearing = !c.Dials() || c.conn != nil
	c.mu.Unlock()
	return out, nil
}

func (c *Channel) today(ctx context.Context, now time.Time) (Figures, error) {
	c.board.mu.Lock()
	defer c.board.mu.Unlock()
	revisions, err := c.Desk.Store.Revisions(ctx, kindCall) // before reading: what is stored meanwhile is read again
	if err != nil {
		return Figures{}, err
	}
	from := ByDay.begin(now)
	if day := dayOf(now); day == c.board.day && revisions[kindCall] == c.board.seen {
		return c.board.today, nil
	}
	all, err := c.Figures(ctx, from, from.AddDate(0, 0, 1), ByDay, "")
	if err != nil {
		return Figures{}, err
	}
	f := Figures{From: from}
	if len(all) > 0 {
		f = all[0]
	}
	c.board.day, c.board.seen, c.board.today = dayOf(now), revisions[kindCall], f
	return f, nil
}

// PersonTime is how a person's time at the telephone went. What she said of herself makes Ready, Break and Off; her
// calls make the rest, which lies within it.
type PersonTime struct {
	Staff     string
	Ready     time.Duration            // she took calls, those included that she had
	Break     time.Duration            // Σ of Breaks
	Breaks    map[string]time.Duration // by reason
	Answered  int
	Talked    time.Duration // holding included
	AfterCall time.Duration
}

// Occupancy is (talk + work after) ÷ (talk + work after + available), in seconds. Breaks are in neither.
func (p PersonTime) Occupancy() Share {
	busy := p.Talked + p.AfterCall
	return Share{int(busy.Seconds()), int(max(busy, p.Ready).Seconds())}
}

// maxSpell caps a state that somebody forgot to end: nobody sits at a telephone longer.
const maxSpell = 12 * time.Hour

// PeopleTime is everybody's time in [from, to), by sign-in name.
func (c *Channel) PeopleTime(ctx context.Context, from, to time.Time) ([]PersonTime, error) {
	if !from.Before(to) || to.Sub(from) > maxSpan {
		return nil, &ticketing.Error{Class: ticketing.Invalid, Field: "to", Key: "phone.error.span"}
	}
	seats, err := c.readSeats(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]*PersonTime{}
	person := func(staff string) *PersonTime {
		if all[staff] == nil {
			all[staff] = &PersonTime{Staff: staff, Breaks: map[string]time.Duration{}}
		}
		return all[staff]
	}
	for staff := range seats {
		if err := c.spells(ctx, person(staff), from, to); err != nil {
			return nil, err
		}
	}
	calls, err := c.listed(ctx, from, to, "")
	if err != nil {
		return nil, err
	}
	owners, err := c.Extensions(ctx)
	if err != nil {
		return nil, err
	}
	for _, call := range calls {
		for _, l := range call.Legs {
			at := earliest(l.Entered, l.Left)
			if l.End != Connected || l.Agent == "" || at.Before(from) || !at.Before(to) {
				continue
			}
			staff := owners[l.Agent]
			if staff == "" {
				staff = l.Agent
			}
			p := person(staff)
			talk, _ := l.Talk()
			p.Talked, p.AfterCall = p.Talked+talk, p.AfterCall+l.After()
			if call.Direction == In {
				p.Answered++
			}
		}
	}
	out := make([]PersonTime, 0, len(all))
	for _, p := range all {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b PersonTime) int {
		if a.Staff < b.Staff {
			return -1
		}
		return 1
	})
	return out, nil
}

// spells sums what the person said of herself within [from, to).
func (c *Channel) spells(ctx context.Context, p *PersonTime, from, to time.Time) error {
	said, err := c.said(ctx, p.Staff)
	if err != nil {
		return err
	}
	for i, s := range said {
		end := earliest(to, c.now())
		if i+1 < len(said) {
			end = earliest(end, said[i+1].Since)
		}
		end = earliest(end, s.Since.Add(maxSpell))
		d := end.Sub(latest(s.Since, from))
		switch {
		case d <= 0:
		case s.State == Ready:
			p.Ready += d
		case s.State == Break:
			p.Break += d
			p.Breaks[s.Reason] += d
		}
	}
	return nil
}

package ticketing

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Wall makes the figures of the wall board and of the supervisor's screen: once per process, however many watch. See
// DESIGN-wall.md for what each number counts.
//
// It keeps a line in memory of each open ticket and of each that ended today, and brings them up to date by reading the
// journal on from where it was read last: an event costs one reading of its ticket, a question one pass over the lines.
// So all numbers are of one moment, and they equal what lists and the report say, which a test holds them to.
type Wall struct {
	Desk *Desk
	// Age is how old figures may be before they are counted anew; 0 is usualAge, below it they always are.
	Age time.Duration

	mu      sync.Mutex
	figures WallFigures
	room    WallRoom

	epoch string // of the journal that seq is a place in
	seq   int64
	begun time.Time
	open  map[Code]wallTicket
	ended map[Code]wallEnd // since midnight

	spikesMu sync.Mutex // its own: the console asks for no more than these
	spikes   []Spike
	spikesAt time.Time
}

// wallTicket is what is counted of an open ticket.
type wallTicket struct {
	status               Status
	channel              Channel
	assignee             string
	received, since, due time.Time
}

func (t wallTicket) waits() bool { return slices.Contains(HotlineStatuses, t.status) }

func (t wallTicket) overdue(now time.Time) bool { return !t.due.IsZero() && t.due.Before(now) }

const usualAge = 3 * time.Second

// wallEnd is how a ticket ended.
type wallEnd struct {
	at     time.Time
	onTime bool
}

// WallFigures is what the board shows, as of At. Nothing in it is about a person.
type WallFigures struct {
	At       time.Time
	Open     int       // the citizen is owed an answer
	Waiting  int       // of those, for the hotline: new, or to be checked and sent
	DueToday int       // of Open, due later today
	Overdue  int       // of Open, due before At
	Received int       // today
	Answered int       // today, whenever received: ended and not reopened
	OnTime   int       // of Answered, by the first promise
	Longest  time.Time // since when the one waits that has waited longest for the hotline; zero: none waits
	Spikes   []Spike
}

// WaitingLongest is how long the one has waited that has waited longest.
func (f WallFigures) WaitingLongest() time.Duration {
	if f.Longest.IsZero() {
		return 0
	}
	return max(0, f.At.Sub(f.Longest))
}

// hotline sees what the board counts: everything but what is no matter.
var hotline = Actor{Role: Supervisor}.Scope()

// patience with the store: the count goes on although the screen that asked first has gone.
const wallPatience = 20 * time.Second

// Figures are at most Age old. While one counts, the others wait for what it finds.
func (w *Wall) Figures(ctx context.Context) (WallFigures, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := w.Desk.now(); w.fresh(w.figures.At, now) {
		return w.figures, nil
	}
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), wallPatience)
	defer done()
	f, err := w.count(ctx)
	if err != nil {
		return WallFigures{}, storeError("counting for the wall board", err)
	}
	w.figures = f
	return f, nil
}

// Alarms are the spikes going on, at most Age old.
func (w *Wall) Alarms(ctx context.Context) ([]Spike, error) {
	w.spikesMu.Lock()
	defer w.spikesMu.Unlock()
	now := w.Desk.now()
	if w.fresh(w.spikesAt, now) {
		return w.spikes, nil
	}
	all, err := w.Desk.Spikes(ctx)
	if err == nil {
		w.spikes, w.spikesAt = all, now
	}
	return all, err
}

// fresh: a clock that was set back makes nothing fresh for hours.
func (w *Wall) fresh(at, now time.Time) bool {
	age := w.Age
	if age == 0 {
		age = usualAge
	}
	passed := now.Sub(at)
	return !at.IsZero() && passed >= 0 && passed < age
}

// midnight is the beginning of the office's day.
func midnight(at time.Time) time.Time {
	y, m, d := at.In(Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, Zone)
}

func (w *Wall) count(ctx context.Context) (WallFigures, error) {
	f := WallFigures{At: w.Desk.now()}
	today := midnight(f.At)
	tomorrow := today.AddDate(0, 0, 1)
	if err := w.follow(ctx, f.At); err != nil {
		return f, err
	}
	f.Open = len(w.open)
	for _, t := range w.open {
		switch {
		case t.due.IsZero():
		case t.overdue(f.At):
			f.Overdue++
		case t.due.Before(tomorrow):
			f.DueToday++
		}
		if t.waits() {
			f.Waiting++
			if f.Longest.IsZero() || t.since.Before(f.Longest) {
				f.Longest = t.since
			}
		}
	}
	cells, err := w.Desk.Store.Tally(ctx, TallyQuery{From: today.Format(time.DateOnly), To: tomorrow.Format(time.DateOnly)})
	if err != nil {
		return f, err
	}
	for _, c := range cells {
		f.Received += int(c.Counts.Received)
	}
	for _, e := range w.ended {
		if e.at.Before(tomorrow) {
			f.Answered++
			if e.onTime {
				f.OnTime++
			}
		}
	}
	f.Spikes, err = w.Alarms(ctx)
	return f, err
}

// HotlineStatuses are those in which the hotline must act.
var HotlineStatuses = []Status{New, Review}

// mostBehind is how many events are read on; who is further behind reads the lists anew.
const mostBehind = 5000

// recallWall: lists may trail the journal by moments, so the events before the place are looked at again.
const recallWall = 500

// wallLife is how long what is in memory is read on before it is read anew: a mistake in it does not last.
const wallLife = time.Hour

// follow brings open and ended up to date.
func (w *Wall) follow(ctx context.Context, now time.Time) error {
	end, err := w.Desk.Store.End(ctx)
	if err != nil {
		return err
	}
	today := midnight(now)
	for code, e := range w.ended {
		if e.at.Before(today) {
			delete(w.ended, code)
		}
	}
	if old := now.Sub(w.begun); w.epoch != w.Desk.Store.Epoch() || end-w.seq > mostBehind || end < w.seq || old < 0 || old > wallLife {
		if err := w.begin(ctx, end, today); err != nil {
			return err
		}
		w.begun = now
	}
	for w.seq < end {
		events, err := w.Desk.Store.Since(ctx, w.seq, 256)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return fmt.Errorf("nothing after %d, though the journal ends at %d", w.seq, end)
		}
		touched := map[Code]bool{}
		for _, e := range events {
			if !e.Kind.Quiet() {
				touched[e.Ticket] = true
			}
		}
		for code := range touched {
			t, err := w.Desk.Store.Ticket(ctx, code)
			if err != nil {
				return err
			}
			w.note(t, today)
		}
		w.seq = events[len(events)-1].Seq
	}
	return nil
}

// begin reads the lists: at the first question, and whenever too much has happened since the last.
func (w *Wall) begin(ctx context.Context, end int64, today time.Time) error {
	w.epoch = "" // until all is read
	w.open, w.ended = map[Code]wallTicket{}, map[Code]wallEnd{}
	err := w.walk(ctx, Filter{Status: OpenStatuses, Sort: ByOldest}, func(t Ticket) bool { w.note(t, today); return true })
	if err != nil {
		return err
	}
	// A ticket that ended today was changed today.
	err = w.walk(ctx, Filter{Status: []Status{Answered, Closed}, Sort: ByUpdated}, func(t Ticket) bool {
		w.note(t, today)
		return !t.Updated.Before(today)
	})
	w.epoch, w.seq = w.Desk.Store.Epoch(), max(0, end-recallWall)
	return err
}

func (w *Wall) walk(ctx context.Context, f Filter, each func(Ticket) bool) error {
	for f.Scope, f.Limit = hotline, 200; ; {
		page, err := w.Desk.Store.List(ctx, f)
		if err != nil {
			return err
		}
		for _, t := range page.Tickets {
			if !each(t) {
				return nil
			}
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			return nil
		}
	}
}

// note takes over how the ticket stands.
func (w *Wall) note(t Ticket, today time.Time) {
	delete(w.open, t.Code)
	delete(w.ended, t.Code)
	switch {
	case !hotline.Holds(t):
	case t.Status.Open():
		w.open[t.Code] = wallTicket{t.Status, t.Channel, t.Assignee, t.Received, t.Since, t.Due}
	case !t.Ended.IsZero() && !t.Ended.Before(today):
		w.ended[t.Code] = wallEnd{t.Ended, !t.LateAt(t.Ended)}
	}
}

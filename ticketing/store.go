package ticketing

import (
	"context"
	"encoding/json"
	"strings"
	"time"
)

// Store keeps two shapes, both insert-only: the events of tickets (the journal) and versioned records (everything
// else). What it shows of tickets (Ticket, List, Count, Search words, Tally, Ringing, Outbox) are projections of the
// journal: each knows the version it holds, each can be thrown away and made again by Replay.
//
// Every question of concurrency is answered by a unique index on an insert and by nothing else: see DESIGN.md.
// Both stores are held to this contract by the program in store/storetest. All methods are safe for concurrent use;
// a context that ends while a write is under way makes the write's outcome unknown (ErrUnknown), never half done.
type Store interface {
	Journal
	Records

	// Append writes one event, with the ticket as it stands after it and records that must not be stored later than
	// the event (the sender's vault entry). When it returns without an error all of it is durable.
	//
	// It sets e.Seq (last+1, without holes, in the order of commits), after.First where e.N is 1, and returns the
	// event as stored. It refuses
	//   - with ErrDuplicate and the event that is there, if an event with e.Key (not empty) is there, whatever its
	//     ticket: the repeat of something done. This goes before
	//   - ErrConflict and the event that is there, if the ticket has an event e.N already;
	//   - ErrBusy if the queue is full or the store is away: nothing was written;
	//   - ErrUnknown if nobody knows: repeat with the same key.
	// A record in `with` whose version is taken is left out silently: whoever wrote it was first, and the same person
	// is described by it. When the event is refused the records may or may not have been stored.
	Append(ctx context.Context, e Event, after Ticket, with ...Record) (Event, error)

	// Ticket is the ticket with every event that was acknowledged before the call. ErrNotFound.
	Ticket(ctx context.Context, code Code) (Ticket, error)
	// Numbered is the ticket whose first event has that seq. ErrNotFound.
	Numbered(ctx context.Context, first int64) (Ticket, error)
	// Timeline is the ticket's events with n > after, in order; empty for a code that is not there.
	Timeline(ctx context.Context, code Code, after int) ([]Event, error)
	// ByKey is the event with that key. ErrNotFound.
	ByKey(ctx context.Context, key string) (Event, error)

	// List is one page of the tickets that match, from projections: it may trail the journal by moments.
	List(ctx context.Context, f Filter) (Page, error)
	// Count is how many tickets match; exact up to f.Limit if that is set (then Limit means "at least so many").
	Count(ctx context.Context, f Filter) (int, error)
	// Tally counts tickets into cells: see TallyQuery.
	Tally(ctx context.Context, q TallyQuery) ([]Cell, error)
	// Ringing lists tickets whose NextAlarm is not after before, oldest first.
	Ringing(ctx context.Context, before time.Time, limit int) ([]Code, error)
	// Outbox lists tickets whose NextSend is not after before, oldest first: those whose NextDoor it is, or all ("").
	Outbox(ctx context.Context, door Channel, before time.Time, limit int) ([]Code, error)

	// Blank erases the words, places and files of one event (Event.Blank) as the law on personal data demands. Seq, n,
	// times, digest and hash chain stay; Verify knows a blanked event from a forged one. The ticket is projected
	// again. ErrNotFound; blanking again changes nothing.
	Blank(ctx context.Context, code Code, n int) error

	// Replay makes every projection anew from the journal, or with check only compares and lists what differs.
	Replay(ctx context.Context, check bool, progress func(done, total int64)) ([]Difference, error)
	// Verify reads the whole journal: no hole in seq, none in any ticket's n, no key twice, digests and hash chain
	// unbroken. It lists what is wrong.
	Verify(ctx context.Context, progress func(done, total int64)) ([]string, error)

	// Backup writes a consistent copy into an empty or new folder while the store goes on serving.
	Backup(ctx context.Context, dir string) error

	// Ill is nil while the store works, else what is wrong in one line (for /readyz).
	Ill() error
	Close() error
}

// Journal is what followers of the feed need.
type Journal interface {
	// Since is what came after seq, in order and without holes, at most limit events.
	Since(ctx context.Context, seq int64, limit int) ([]Event, error)
	// End is the seq of the last event; 0 for none.
	End(ctx context.Context) (int64, error)
	// Epoch names this journal. A restored copy has another, so that cursors of the old one are not taken for its own.
	Epoch() string
	// Bell is closed after the next commit of this process, or when the store learns of another's. It carries no
	// data; get it before reading, so that no ring falls in between.
	Bell() <-chan struct{}
}

// Record is one version of a piece of data that is not a ticket: an agency, an account, a rule, a person in the
// vault. The highest version is the present one, the rest is the history that administrators see and undo from.
type Record struct {
	Kind    string          `json:"kind"`
	ID      string          `json:"id"`
	Version int             `json:"version"` // 1, 2, 3 …
	At      time.Time       `json:"at"`
	By      string          `json:"by"`
	Doc     json.RawMessage `json:"doc"` // null: deleted in this version
}

// Deleted says that the version is a tombstone.
func (r Record) Deleted() bool { return len(r.Doc) == 0 || string(r.Doc) == "null" }

// Records is the second shape.
type Records interface {
	// Put inserts versions, each the present one plus 1 (ErrConflict otherwise: read again and decide again). On
	// SQLite several are all or nothing; on MongoDB they are written in order and stop at the first refused.
	Put(ctx context.Context, records ...Record) error
	// Get is the present version, tombstones included. ErrNotFound.
	Get(ctx context.Context, kind, id string) (Record, error)
	// GetAll is the present versions of those that are there and not deleted, by id.
	GetAll(ctx context.Context, kind string, ids []string) (map[string]Record, error)
	// All is the present version of every record of the kind whose id begins with prefix, deleted ones left out,
	// in the order of ids.
	All(ctx context.Context, kind, prefix string) ([]Record, error)
	// History is all versions, oldest first.
	History(ctx context.Context, kind, id string) ([]Record, error)
	// Erase removes the versions below the given one for good; 0 removes them all.
	Erase(ctx context.Context, kind, id string, below int) error
	// Revisions is for each of the kinds a number that changes whenever a record of that kind is put.
	Revisions(ctx context.Context, kinds ...string) (map[string]int64, error)
}

// Scope is which tickets an actor may know of. The zero Scope is none. Every list and count carries one, so that an
// unscoped query cannot be written by accident.
type Scope struct {
	All    bool
	Agency string // only what this agency handles or cooperates on
	Hide   []Kind // never these, whatever else holds
}

// Sort is the order of a list.
type Sort string

// The orders. Each ends with the ticket's First, so that pages never overlap.
const (
	ByNewest  Sort = ""        // received, newest first
	ByOldest  Sort = "oldest"  // received, oldest first
	ByDue     Sort = "due"     // due soonest first, those without a date last
	ByUpdated Sort = "updated" // latest change first
)

// Filter narrows a list. Empty fields do not narrow; fields are joined by AND, the values of one field by OR.
type Filter struct {
	Scope Scope

	Status   []Status
	Kind     []Kind
	Channel  []Channel
	Category []string
	Agency   []string
	Area     []string
	Outcome  []Outcome
	Assignee string
	Nobody   bool // only those without an assignee
	Citizen  []CitizenID
	From, To time.Time // received, half open
	DueBy    time.Time // still open and due before
	Words    []string  // folded (text.Words): all must be words of the ticket; the last may be unfinished
	Urgent   bool
	Unread   bool
	Public   bool // only what everybody may see (Ticket.Public)
	Awake    bool // only what is not put aside (Ticket.Snoozed)
	Returned int  // only what agencies have given back at least so often
	Reports  int  // only what leads an incident with at least so many other reports

	Sort   Sort
	Limit  int    // 1–200; 0 is 50
	Cursor string // Page.Next of the page before; ErrNotFound's Invalid cousin if it cannot be read
}

// Page is a piece of a list.
type Page struct {
	Tickets []Ticket
	Next    string // "" at the end
}

// Difference is a projection that is not what the journal says.
type Difference struct {
	What string // "ticket", "search", "tally", "outbox", …
	ID   string
	Have string
	Want string
}

// Dimension is one way to cut a tally.
type Dimension string

// The dimensions of the report.
const (
	ByDay      Dimension = "day"
	ByWeek     Dimension = "week"
	ByMonth    Dimension = "month"
	ByChannel  Dimension = "channel"
	ByKind     Dimension = "kind"
	ByCategory Dimension = "category"
	ByAgency   Dimension = "agency"
	ByArea     Dimension = "area"
	ByStatus   Dimension = "status"
	ByOutcome  Dimension = "outcome"
)

// Dimensions lists them all.
var Dimensions = [...]Dimension{ByDay, ByWeek, ByMonth, ByChannel, ByKind, ByCategory, ByAgency, ByArea, ByStatus, ByOutcome}

// TallyQuery asks for counts of tickets received in [From, To), days of the office's time zone, cut by up to three
// dimensions. Days are "2006-01-02", weeks are named by their Monday, months are "2006-01".
type TallyQuery struct {
	From, To string // days, half open
	By       []Dimension
	Agency   string    // only this agency's
	Now      time.Time // decides which open tickets are late
}

// Cell is the counts for one combination of values (in the order of TallyQuery.By; "" is "none").
type Cell struct {
	Values []string
	Counts Counts
}

// Counts is what is counted of tickets. Every number is of tickets received in the period.
type Counts struct {
	Received  int64 `json:"received"`
	Answered  int64 `json:"answered"`  // ended: answered or closed
	OnTime    int64 `json:"on_time"`   // ended by the first promise
	Late      int64 `json:"late"`      // ended after the first promise, or open and past it
	Open      int64 `json:"open"`      // not ended
	Rated     int64 `json:"rated"`     // with the citizen's verdict
	Satisfied int64 `json:"satisfied"` // with a good one
}

// Add sums two counts.
func (c Counts) Add(o Counts) Counts {
	return Counts{
		Received: c.Received + o.Received, Answered: c.Answered + o.Answered, OnTime: c.OnTime + o.OnTime,
		Late: c.Late + o.Late, Open: c.Open + o.Open, Rated: c.Rated + o.Rated, Satisfied: c.Satisfied + o.Satisfied,
	}
}

// Minus is what o added.
func (c Counts) Minus(o Counts) Counts {
	return Counts{
		Received: c.Received - o.Received, Answered: c.Answered - o.Answered, OnTime: c.OnTime - o.OnTime,
		Late: c.Late - o.Late, Open: c.Open - o.Open, Rated: c.Rated - o.Rated, Satisfied: c.Satisfied - o.Satisfied,
	}
}

// Counts is what one ticket adds, but for the one fact that needs a clock: an open ticket past its promise. A store
// that keeps sums adds those from the tickets that are open; OverdueAt says which.
func (t Ticket) Counts() Counts {
	c := Counts{Received: 1}
	if t.Ended.IsZero() {
		c.Open = 1
	} else {
		c.Answered = 1
		if t.LateAt(t.Ended) {
			c.Late = 1
		} else {
			c.OnTime = 1
		}
	}
	if t.Verdict != nil {
		c.Rated = 1
		if t.Verdict.OK {
			c.Satisfied = 1
		}
	}
	return c
}

// OverdueAt says whether the ticket is open and past its first promise: it adds one to Late.
func (t Ticket) OverdueAt(now time.Time) bool { return t.Ended.IsZero() && t.LateAt(now) }

// Value is the ticket's place along a dimension.
func (t Ticket) Value(d Dimension) string {
	day := t.Received.In(Zone)
	switch d {
	case ByDay:
		return day.Format(time.DateOnly)
	case ByWeek:
		return day.AddDate(0, 0, -int(day.Weekday()+6)%7).Format(time.DateOnly)
	case ByMonth:
		return day.Format("2006-01")
	case ByChannel:
		return string(t.Channel)
	case ByKind:
		return string(t.Kind)
	case ByCategory:
		return t.Category
	case ByAgency:
		return t.Agency
	case ByArea:
		return t.Area
	case ByStatus:
		return string(t.Status)
	case ByOutcome:
		return string(t.Outcome)
	}
	return ""
}

// SearchText is what the full-text index holds of the ticket: every word a person may remember of it. Words are
// folded by the store's index through text.Words.
func (t Ticket) SearchText() string {
	draft := ""
	if t.Draft != nil {
		draft = t.Draft.Text
	}
	return joinLines(t.Subject, t.Text, t.Words, t.Address, t.Place, t.Answer, draft, strings.Join(t.Tags, "\n"), t.tagWords(), t.External, t.Number(), string(t.Code))
}

func joinLines(parts ...string) string {
	n := 0
	for _, p := range parts {
		n += len(p) + 1
	}
	b := make([]byte, 0, n)
	for _, p := range parts {
		if p != "" {
			b = append(append(b, p...), '\n')
		}
	}
	return string(b)
}

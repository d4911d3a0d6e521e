// Package realtime tells every open screen what happens, as it happens.
//
// One follower reads the journal's feed into a ring of entries. Each screen is one websocket with a cursor into the
// ring; what an entry looks like to an audience (role, agency, language) is rendered once, by the first socket that
// needs it, and the same bytes go to all of that audience. A screen that comes back goes on where it was; one that
// fell behind is told so ("reset") and loads its page again: nobody misses anything without knowing.
//
// The package promises that no row leaves for an audience that may not know of the ticket as the hub last saw it,
// that an audience which loses a ticket is told to take it away, and that a slow or dead reader delays nobody. It
// does not know who may see what, nor what a row looks like: Hears and Render are handed in. See DESIGN.md.
package realtime

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"hotline1022/ticketing"
)

// Audience is all that decides what a member of staff may hear and how it looks to her. A row is rendered once for
// each, so it must not name a person. Lang is one of words.Languages, never a header as it came.
type Audience struct {
	Role   ticketing.Role
	Agency string
	Lang   string
}

// Viewer is the person or program behind a staff socket.
type Viewer struct {
	Audience Audience
	Session  string // the key that Close takes: of the session or the token
	User     string // account id
	Name     string // how colleagues know her; told to those who look at the same ticket
	IP       string // the caller's address, proxies already seen through
	Bearer   bool   // came with a token in a header, not with a cookie: may come without an Origin
}

// Reader is the citizen behind a socket that follows one ticket.
type Reader struct {
	Ticket  ticketing.Code
	Lang    string
	Session string // the key that Close takes; may be empty
	IP      string
	Chats   bool // she has a window to write in: she is told that somebody is writing to her, and may tell it
}

// Change is what a screen is told of one event.
type Change struct {
	Seq     int64          `json:"seq"`               // place in the feed; to a citizen the ticket's version
	Ticket  ticketing.Code `json:"ticket"`            //
	Version int            `json:"version"`           // of the ticket as shown; a screen that shows a higher one ignores this
	Row     string         `json:"row,omitempty"`     // HTML of the ticket's row, made by html/template
	Removed bool           `json:"removed,omitempty"` // the ticket is no longer this screen's to show
	Stale   bool           `json:"stale,omitempty"`   // the row could not be made: ask for it over HTTP
	Say     string         `json:"say,omitempty"`     // one sentence for the screen reader
	Data    any            `json:"data,omitempty"`    // what the page's script needs besides
}

// Hub follows the feed and holds the sockets. Fill the exported fields, start Run, mount Staff and Citizen.
type Hub struct {
	Journal ticketing.Journal
	// Ticket and Timeline are the store's methods of those names.
	Ticket   func(ctx context.Context, code ticketing.Code) (ticketing.Ticket, error)
	Timeline func(ctx context.Context, code ticketing.Code, after int) ([]ticketing.Event, error)

	// Hears says whether the audience may know of the ticket as it stands. It is called often and from many
	// goroutines, also with a ticket whose words are left out: it must be quick, pure, and look at no text.
	Hears func(a Audience, t ticketing.Ticket) bool
	// Render makes the change an audience is told; Seq, Ticket and Version are filled in. It is called at most once
	// per audience and event, and must not change what it is given. The ticket may be newer than the event.
	Render func(a Audience, e ticketing.Event, t ticketing.Ticket) Change
	// RenderCitizen makes the change the ticket's own citizen is told, or says that it is not for her.
	RenderCitizen func(lang string, e ticketing.Event, t ticketing.Ticket) (Change, bool)
	// Check says whether the viewer is still who she was when her socket opened: session good, same role and agency.
	// It is asked when a socket opens, every minute, and on Recheck. Any error closes the socket, unless it says
	// that nobody knows at the moment (ticketing.Busy, a deadline). Nil trusts everybody for ever.
	Check func(ctx context.Context, v Viewer) error
	// Pulse, if set, makes the figures an audience's screens show beside the list (queue counts). It is called at
	// most once a second per connected audience, and only after an event that audience heard of.
	Pulse func(ctx context.Context, a Audience) any
	// Own, if set, is what each person's screens show of her own. Set it before Run.
	Own *Own

	// Writes says whether the audience may write to the ticket's citizen as it stands: only then is she told that
	// somebody is writing. It is like Hears; nil: nobody is told.
	Writes func(a Audience, t ticketing.Ticket) bool

	Origin string // of our own pages, exactly: "https://1022.example.vn"
	Build  string // version of the program; a screen that sees another one may offer to reload
	Log    *slog.Logger
	Limits Limits
	Now    func() time.Time // of typing alone, for tests; nil is time.Now

	once    sync.Once
	ring    ring
	book    book
	rooms   rooms
	known   memory // of the follower alone
	crowd   crowd
	owns    owns
	recheck chan struct{}
	buffers sync.Pool // write buffers, shared by sockets while they write
	refusal chan struct{}
	ready   atomic.Bool // the ring holds the recent past: sockets may come
	count   counters
}

// Limits bound what the hub spends. A zero field takes the default named beside it.
type Limits struct {
	Ring    int // entries kept, rounded up to a power of two; 1024
	Recall  int // entries read back from the journal at start; 500, at most Ring
	Citizen int // events a citizen's socket catches up with before it is told to reload; 50

	Sockets    int           // in all; 80 % of the descriptors the process may open
	PerSession int           // 16
	PerIP      int           // 300 for staff, whose office may share one address
	PerReader  int           // 60 for citizens, whose carrier may share one address
	Message    int64         // bytes of one message from a client; 4096
	Messages   int           // messages and pings from one client in ten seconds; 30
	Batch      int           // bytes joined into one message; 16 KB
	Write      time.Duration // for one write; 10 s
	Read       time.Duration // silence before a client is taken for dead; 75 s
	Beat       time.Duration // between heartbeats; 25 s
	Check      time.Duration // between checks of a session; 1 min
	Pulse      time.Duration // between pulses; 1 s
	Own        time.Duration // between rounds of everybody's own; 100 ms
	Eyes       time.Duration // between pictures of who looks at what; 1 s
	Parting    time.Duration // for the client's answer to a close; 1 s
	Patience   time.Duration // for the store to show a ticket before all are told to reload; 5 s
}

func (l Limits) filled() Limits {
	set(&l.Ring, 1024)
	set(&l.Recall, 500)
	set(&l.Citizen, 50)
	set(&l.Sockets, descriptors()*8/10)
	set(&l.PerSession, 16)
	set(&l.PerIP, 300)
	set(&l.PerReader, 60)
	set(&l.Message, 4096)
	set(&l.Messages, 30)
	set(&l.Batch, 16<<10)
	set(&l.Write, 10*time.Second)
	set(&l.Read, 75*time.Second)
	set(&l.Beat, 25*time.Second)
	set(&l.Check, time.Minute)
	set(&l.Pulse, time.Second)
	set(&l.Own, 100*time.Millisecond)
	set(&l.Eyes, time.Second)
	set(&l.Parting, time.Second)
	set(&l.Patience, 5*time.Second)
	for n := 1; ; n *= 2 {
		if n >= l.Ring {
			l.Ring = n
			break
		}
	}
	l.Recall = min(l.Recall, l.Ring)
	return l
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (h *Hub) init() {
	h.once.Do(func() {
		h.Limits = h.Limits.filled()
		if h.Log == nil {
			h.Log = slog.Default()
		}
		h.ring.slots = make([]atomic.Pointer[entry], h.Limits.Ring)
		h.known.size = max(h.Limits.Ring, 4096)
		h.crowd.open()
		h.owns.come = make(chan struct{}, 1)
		h.rooms.stirred = make(chan struct{}, 1)
		h.recheck = make(chan struct{}, 1)
		h.refusal = make(chan struct{}, 64)
	})
}

// Place is where the hub's followers are: a page takes it *before* it reads what it shows and opens its socket with
// it, so that nothing falls in between. What it hears twice carries the same version.
func (h *Hub) Place() (epoch string, seq int64) {
	h.init()
	return h.Journal.Epoch(), h.ring.head.Load()
}

// Ready says that the ring holds the recent past: sockets may come. Before that they are told to try again.
func (h *Hub) Ready() bool { return h.ready.Load() }

// Stats is what the hub holds and has done since it started.
type Stats struct {
	Staff, Citizens, Audiences int   // now
	Rooms                      int   // tickets that a window or a screen of staff has open
	Head                       int64 // last event told
	Rendered                   int64 // frames made
	Sent                       int64 // frames handed to sockets
	Owned                      int64 // states made that are one person's own
	Writes                     int64 // messages that carried them
	Resets                     int64 // screens told to load again: fell off the ring, or came with a place of another journal
	Cut                        int64 // sockets ended because a write failed or took too long
	Refused                    int64 // upgrades refused
	Lost                       int64 // events the store would not show: everybody was told to load again
	Panics                     int64 // caught
}

type counters struct {
	rendered, sent, owned, writes, resets, cut, refused, lost, panics atomic.Int64
}

// Stats reads the counters.
func (h *Hub) Stats() Stats {
	h.init()
	staff, citizens := h.crowd.size()
	return Stats{
		Staff: staff, Citizens: citizens, Audiences: len(h.book.present()), Rooms: h.rooms.size(), Head: h.ring.head.Load(),
		Rendered: h.count.rendered.Load(), Sent: h.count.sent.Load(), Owned: h.count.owned.Load(), Writes: h.count.writes.Load(),
		Resets: h.count.resets.Load(), Cut: h.count.cut.Load(), Refused: h.count.refused.Load(),
		Lost: h.count.lost.Load(), Panics: h.count.panics.Load(),
	}
}

// guard runs fn and turns a panic into a logged error: websocket goroutines lie outside every recover middleware, and
// one broken row must not take the hotline down.
func (h *Hub) guard(doing string, fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			h.count.panics.Add(1)
			h.Log.Error("panic caught", "doing", doing, "err", p, "stack", string(debug.Stack()))
			err = errPanic
		}
	}()
	return fn()
}

var errPanic = errors.New("panic")

// unsure says that the error is no answer: nobody knows at the moment.
func unsure(err error) bool {
	return ticketing.ClassOf(err) == ticketing.Busy || errors.Is(err, ticketing.ErrBusy) ||
		errors.Is(err, ticketing.ErrUnknown) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

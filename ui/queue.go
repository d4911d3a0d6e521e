package ui

import (
	"cmp"
	"context"
	"errors"
	"html/template"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// The operators' console and the agencies' desk are one workplace: a queue on the left, one ticket in the middle,
// what is known around it on the right. They differ by the views of the queue and by what the desk lets each role do.

// view is one way to look at the queue.
type view struct {
	Key    string
	filter func(by ticketing.Actor, now time.Time) ticketing.Filter
	own    bool // differs from person to person: not counted for a whole audience

	// Where it is not a filter: its tickets, and how many there are.
	list  func(ctx context.Context, s *Server, by ticketing.Actor) ([]ticketing.Ticket, error)
	tally func(ctx context.Context, s *Server, by ticketing.Actor) (int, error) // nil: as many as list says

	seldom bool // its tab is shown only while something is in it
}

// count is how many are in the view, up to one more than is shown.
func (w view) count(ctx context.Context, s *Server, by ticketing.Actor) (int, error) {
	switch {
	case w.tally != nil:
		return w.tally(ctx, s, by)
	case w.list != nil:
		all, err := w.list(ctx, s, by)
		return len(all), err
	}
	f := w.filter(by, s.Now())
	f.Limit = countMost + 1
	return s.Desk.Count(ctx, by, f)
}

// page is the beginning of the view, or more of it.
func (w view) page(ctx context.Context, s *Server, by ticketing.Actor, n narrowing, cursor string) (ticketing.Page, error) {
	if w.list != nil {
		all, err := w.list(ctx, s, by)
		all = slices.DeleteFunc(all, func(t ticketing.Ticket) bool { return !n.narrow(ticketing.Filter{}).Admits(t) })
		return ticketing.Page{Tickets: all}, err
	}
	f := n.narrow(w.filter(by, s.Now()))
	f.Limit, f.Cursor = 50, cursor
	return s.Desk.List(ctx, by, f)
}

// mostTasks are shown beside each other; the ledger has them all.
const mostTasks = 200

var openNow = ticketing.OpenStatuses

// What is a person's own, wherever she works: tickets whose notes name her, and those she has begun to write for.
var (
	mentionedView = view{Key: "mentioned", own: true, seldom: true, list: func(ctx context.Context, s *Server, by ticketing.Actor) ([]ticketing.Ticket, error) {
		return s.Desk.MentionedIn(ctx, by)
	}}
	unsentView = view{Key: "unsent", own: true, seldom: true, list: func(ctx context.Context, s *Server, by ticketing.Actor) ([]ticketing.Ticket, error) {
		return s.Desk.WithUnsent(ctx, by)
	}}
)

// consoleViews are the operators': what waits for the hotline, what did not reach a citizen, what she wrote after her
// answer, what many have reported, mine, what is nearly late, everything.
var consoleViews = []view{
	{Key: "todo", filter: func(ticketing.Actor, time.Time) ticketing.Filter {
		return ticketing.Filter{Status: []ticketing.Status{ticketing.New, ticketing.Review}, Awake: true, Sort: ticketing.ByDue}
	}},
	{Key: "undelivered", seldom: true, list: func(ctx context.Context, s *Server, by ticketing.Actor) ([]ticketing.Ticket, error) {
		return s.Desk.Undelivered(ctx, by, mostTasks)
	}, tally: func(ctx context.Context, s *Server, _ ticketing.Actor) (int, error) {
		return s.Desk.UndeliveredCount(ctx)
	}},
	mentionedView, unsentView,
	{Key: "heard", seldom: true, filter: func(ticketing.Actor, time.Time) ticketing.Filter {
		return ticketing.Filter{Status: []ticketing.Status{ticketing.Answered}, Unread: true, Sort: ticketing.ByUpdated}
	}},
	{Key: "disputed", seldom: true, filter: func(ticketing.Actor, time.Time) ticketing.Filter {
		return ticketing.Filter{Status: openNow, Returned: disputedAt, Sort: ticketing.ByDue}
	}},
	{Key: "incidents", seldom: true, filter: func(ticketing.Actor, time.Time) ticketing.Filter {
		return ticketing.Filter{Status: openNow, Reports: 1, Sort: ticketing.ByDue}
	}},
	{Key: "mine", own: true, filter: func(by ticketing.Actor, _ time.Time) ticketing.Filter {
		return ticketing.Filter{Status: openNow, Assignee: by.ID, Sort: ticketing.ByDue}
	}},
	{Key: "late", filter: func(_ ticketing.Actor, now time.Time) ticketing.Filter {
		return ticketing.Filter{Status: openNow, DueBy: now.Add(24 * time.Hour), Sort: ticketing.ByDue}
	}},
	{Key: "open", filter: func(ticketing.Actor, time.Time) ticketing.Filter {
		return ticketing.Filter{Status: openNow, Sort: ticketing.ByUpdated}
	}},
	{Key: "done", filter: func(ticketing.Actor, time.Time) ticketing.Filter {
		return ticketing.Filter{Status: []ticketing.Status{ticketing.Answered, ticketing.Closed}, Sort: ticketing.ByUpdated}
	}},
}

// deskViews are an agency's: to accept, in work, to approve, nearly late, done.
var deskViews = []view{
	{Key: "inbox", filter: func(ticketing.Actor, time.Time) ticketing.Filter {
		return ticketing.Filter{Status: []ticketing.Status{ticketing.Routed}, Sort: ticketing.ByDue}
	}},
	{Key: "working", filter: func(ticketing.Actor, time.Time) ticketing.Filter {
		return ticketing.Filter{Status: []ticketing.Status{ticketing.Working, ticketing.Waiting}, Sort: ticketing.ByDue}
	}},
	{Key: "drafted", filter: func(ticketing.Actor, time.Time) ticketing.Filter {
		return ticketing.Filter{Status: []ticketing.Status{ticketing.Drafted}, Sort: ticketing.ByDue}
	}},
	mentionedView, unsentView,
	{Key: "late", filter: func(_ ticketing.Actor, now time.Time) ticketing.Filter {
		return ticketing.Filter{Status: openNow, DueBy: now.Add(24 * time.Hour), Sort: ticketing.ByDue}
	}},
	{Key: "all", filter: func(ticketing.Actor, time.Time) ticketing.Filter {
		return ticketing.Filter{Sort: ticketing.ByUpdated}
	}},
}

// place is one of the two workplaces.
type place struct {
	base  string
	views []view
}

var (
	console = place{"/console", consoleViews}
	desk    = place{"/desk", deskViews}
)

func placeOf(r ticketing.Role) place {
	if r == ticketing.Officer || r == ticketing.Leader {
		return desk
	}
	return console
}

// view is the one asked for, else the first.
func (p place) view(key string) view {
	i := max(0, slices.IndexFunc(p.views, func(v view) bool { return v.Key == key }))
	return p.views[i]
}

// rowView is a ticket in the queue.
type rowView struct {
	ticketing.Ticket
	Base, View string
	Tail       template.URL // what the list is narrowed to
	Name       string       // of the citizen, or the words for nobody
	Here       bool         // it is the one open in the middle
}

// tab is a view in the bar above the queue.
type tab struct {
	Key   string
	Here  bool
	Count int // -1: not counted
	Many  bool

	Seldom bool
}

// queueView is the left pane.
type queueView struct {
	Base, View, Query string
	Narrow            narrowing
	AreaName          string
	Pieces            []narrowPiece // what it is narrowed to, in words
	Categories        []ticketing.Category
	Agencies          []ticketing.Agency // none on an agency's desk: it has its own
	Saved             []savedLink
	SaveFault         string
	NextFault         string
	Alert             ticketing.DutyAlert // the shift's default
	Colleagues        []choice            // whom what is mine may be handed to, while several are being chosen
	MayPick, Picking  bool                // several tickets may be chosen, and are being chosen
	Tabs              []tab
	Rows              []rowView
	Next              string
	Spot              spot
	Spikes            []spikeView // of the console
}

// countMost: a queue longer than this is shown as "999+"; nobody works by the exact number.
const countMost = 999

// queue reads the left pane. The place in the feed is taken first, so that nothing falls between page and socket.
func (s *Server) queue(v *visit, p place, code ticketing.Code) (queueView, error) {
	q := queueView{Base: p.base, View: p.view(v.Query("view")).Key, Query: strings.TrimSpace(v.Query("q")), Spot: s.spot()}
	if err := s.dressQueue(v, p, &q); err != nil {
		return q, err
	}
	var page ticketing.Page
	var err error
	if q.Query != "" {
		page, err = s.Desk.Search(v.ctx(), v.actor(), q.Query, q.Narrow.narrow(ticketing.Filter{Limit: 50, Cursor: v.Query("cursor")}))
	} else {
		page, err = p.view(q.View).page(v.ctx(), s, v.actor(), q.Narrow, v.Query("cursor"))
	}
	if err != nil {
		return q, err
	}
	q.Next = page.Next
	if q.Rows, err = s.rows(v.ctx(), v.lang, p.base, q.View, page.Tickets...); err != nil {
		return q, err
	}
	for i := range q.Rows {
		q.Rows[i].Here = q.Rows[i].Code == code
		q.Rows[i].Tail = q.Narrow.Tail()
	}
	if p.base == console.base {
		q.Spikes = s.spikesFor(v.ctx(), v.lang)
	}
	q.Tabs, err = s.tabs(v.ctx(), v.actor(), p, q.View)
	return q, err
}

func (s *Server) tabs(ctx context.Context, by ticketing.Actor, p place, here string) ([]tab, error) {
	var tabs []tab
	for _, w := range p.views {
		t := tab{Key: w.Key, Here: w.Key == here, Count: -1, Seldom: w.seldom}
		if w.Key != "done" && w.Key != "all" {
			n, err := w.count(ctx, s, by)
			if err != nil {
				return nil, err
			}
			t.Count, t.Many = min(n, countMost), n > countMost
		}
		tabs = append(tabs, t)
	}
	return tabs, nil
}

// rows adds the names the vault knows.
func (s *Server) rows(ctx context.Context, lang, base, view string, tickets ...ticketing.Ticket) ([]rowView, error) {
	cards, err := s.Desk.Cards(ctx, tickets...)
	if err != nil {
		return nil, err
	}
	rows := make([]rowView, len(tickets))
	for i, t := range tickets {
		rows[i] = rowView{Ticket: t, Base: base, View: view, Name: cmp.Or(cards[t.Citizen].Name, cards[t.Citizen].Phone, words.T(lang, "work.nobody"))}
	}
	return rows, nil
}

// Audience is for whom a live row is made: all who share it see the same.
type Audience struct {
	Role   ticketing.Role
	Agency string
	Lang   string
}

func (a Audience) actor() ticketing.Actor { return ticketing.Actor{Role: a.Role, Agency: a.Agency} }

// LiveRow is a ticket's row for the live channel, a sentence for screen readers where the event is worth one, and
// what the page's script goes by.
func (s *Server) LiveRow(a Audience, e ticketing.Event, t ticketing.Ticket) (row, say string, data any) {
	known := map[string]any{"kind": e.Kind, "status": t.Status, "quiet": e.Kind.Quiet(), "new": e.N == 1}
	if a.Role == ticketing.Program {
		return "", "", known // a program asks the API, which knows what its token may see; names are not in it
	}
	s.belongs(a, t, known)
	data = known
	ctx, done := context.WithTimeout(context.Background(), 2*time.Second)
	defer done()
	rows, err := s.rows(ctx, a.Lang, placeOf(a.Role).base, "", t)
	if err != nil {
		s.Log.Error("a live row lacks its name", "ticket", t.Code, "err", err)
		rows = []rowView{{Ticket: t, Base: placeOf(a.Role).base, Name: words.T(a.Lang, "work.nobody")}}
	}
	text, err := s.text(a.Lang, "row", rows[0])
	if err != nil {
		s.Log.Error("a live row could not be made", "ticket", t.Code, "err", err)
	}
	if e.Kind == ticketing.Received || e.Kind == ticketing.RoutedTo && a.Agency != "" {
		say = words.T(a.Lang, "work.say_new", t.Number())
	}
	if a.Role == ticketing.Supervisor && e.Kind == ticketing.Returned && t.Returned >= disputedAt {
		say = words.T(a.Lang, "work.say_disputed", t.Number(), t.Returned)
		known["wakes"] = console.base + "/t/" + string(t.Code)
	}
	return text, say, data
}

// LiveCounts are the numbers on the tabs that are the same for a whole audience.
func (s *Server) LiveCounts(ctx context.Context, a Audience) any {
	if a.Role == ticketing.Program {
		return nil // it has no tabs, and what it may count depends on its token
	}
	counts := map[string]int{}
	for _, w := range placeOf(a.Role).views {
		if w.own || w.Key == "done" || w.Key == "all" {
			continue
		}
		n, err := w.count(ctx, s, a.actor())
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				s.Log.Error("the queue could not be counted", "err", err)
			}
			continue
		}
		counts[w.Key] = n
	}
	if placeOf(a.Role).base == console.base {
		return map[string]any{"counts": counts, "spikes": s.liveSpikes(ctx, a.Lang)}
	}
	return map[string]any{"counts": counts}
}

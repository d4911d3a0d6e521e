// Package storetest is the contract of ticketing.Store as a program: every store runs it and must pass.
//
// It builds events only by applying them to tickets, and it knows nothing of how a store keeps them. Its Maker also
// fills benchmarks with tickets that look like a province's.
package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hotline1022/ticketing"
)

// Options is what the contract cannot know about a store.
type Options struct {
	// Reopen closes the store and opens the same data again. It must see to closing the new one.
	Reopen func(t *testing.T, s ticketing.Store) ticketing.Store
	// Settle returns when lists, searches and tallies show every event acknowledged so far. Nil: they never trail.
	Settle func(t *testing.T, s ticketing.Store)
	// Damage changes projections behind the store's back: the row of some ticket, what it is found by, what it counts
	// as. Nil leaves the test out.
	Damage func(ctx context.Context, s ticketing.Store) error
	// Forge changes words in the stored payload of event seq behind the store's back. Nil leaves the test out.
	Forge func(ctx context.Context, s ticketing.Store, seq int64) error
	// Slow says that the server reads slowly: no test stores more than 500 events.
	Slow bool
}

// Run holds a store to the contract. open returns a fresh, empty one and sees to closing it.
func Run(t *testing.T, open func(t *testing.T) ticketing.Store, opt Options) {
	for _, test := range []struct {
		name string
		run  func(*suite)
	}{
		{"two writers from one version: one loses", twoWriters},
		{"a failed append leaves no trace", failedAppend},
		{"the feed has no holes", feedWithoutHoles},
		{"a repeated key is told the event that is there", repeatedKey},
		{"one key from many writers at once: one wins", oneKeyManyWriters},
		{"duplicate goes before conflict", duplicateBeforeConflict},
		{"a reader never sees 12 before 11", readersSeeOrder},
		{"16 writers on 4 tickets lose nothing, double nothing, reorder nothing", sixteenWriters},
		{"a ticket is read with every acknowledged event", readYourWrites},
		{"what is not there is not found", notThere},
		{"records: the second of two editors is refused", twoEditors},
		{"a record given with an event is there when the event is", recordWithEvent},
		{"history, tombstones, prefix order, erase below", recordHistory},
		{"revisions change with every put", revisions},
		{"lists: scope hides what is not yours", scopes},
		{"every filter narrows and every order pages without overlap or gap", filters},
		{"a cursor that cannot be read is the asker's mistake", badCursor},
		{"search finds folded words, prefixes of the last word, numbers and codes, and forgets words that went", search},
		{"the tally equals counting one by one", tally},
		{"ringing and outbox list what is due", dueLists},
		{"blanking an event erases its words and leaves the chain whole", blanking},
		{"replay with check is clean; after damage it says what differs and replay mends it", replay},
		{"verify notices a changed payload", verify},
		{"the bell rings after a commit", bell},
		{"a cancelled context never half writes", cancelled},
		{"reopening shows the same", reopening},
		{"two journals have two epochs", epochs},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			test.run(&suite{T: t, ctx: ctx, opt: opt, open: open, store: open(t), maker: NewMaker(1022)})
		})
	}
}

// suite is one test's store, tickets and patience.
type suite struct {
	*testing.T
	ctx   context.Context
	opt   Options
	open  func(*testing.T) ticketing.Store
	store ticketing.Store
	maker *Maker
}

// size is how much to store: all of it, or little on a slow server.
func (s *suite) size(fast, slow int) int {
	if s.opt.Slow {
		return slow
	}
	return fast
}

func (s *suite) settle() {
	s.Helper()
	if s.opt.Settle != nil {
		s.opt.Settle(s.T, s.store)
	}
}

func (s *suite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) mustBe(err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("error is %v, want %v", err, want)
	}
}

// append applies e to t and stores it.
func (s *suite) append(t ticketing.Ticket, e ticketing.Event, with ...ticketing.Record) ticketing.Ticket {
	s.Helper()
	_, after, err := Append(s.ctx, s.store, t, e, with...)
	s.must(err)
	return after
}

// begin stores a fresh ticket of one event.
func (s *suite) begin() ticketing.Ticket {
	s.Helper()
	return s.append(ticketing.Ticket{}, s.maker.Matter())
}

// fill stores n tickets that have walked up to steps events further, interleaved.
func (s *suite) fill(n, steps int) []ticketing.Ticket {
	s.Helper()
	tickets := make([]ticketing.Ticket, n)
	for i := range tickets {
		tickets[i] = s.begin()
	}
	for range n * steps / 2 {
		i := s.maker.Rand.IntN(n)
		tickets[i] = s.append(tickets[i], s.maker.Next(tickets[i]))
	}
	s.settle()
	return tickets
}

// Append applies e to t and stores it: the event and the ticket as they then stand.
func Append(ctx context.Context, store ticketing.Store, t ticketing.Ticket, e ticketing.Event, with ...ticketing.Record) (ticketing.Event, ticketing.Ticket, error) {
	after, err := t.Apply(e)
	if err != nil {
		return e, t, err
	}
	stored, err := store.Append(ctx, e, after, with...)
	if err != nil {
		return stored, t, err
	}
	if stored.N == 1 {
		after.First = stored.Seq
	}
	return stored, after, nil
}

// equal compares what two ways of reading gave; empty and nil lists are one.
func (s *suite) equal(what string, got, want any) {
	s.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		s.Fatalf("%s differs (-want +got):\n%s", what, diff)
	}
}

// everything is the whole journal, checked to be dense and in order.
func (s *suite) everything() []ticketing.Event {
	s.Helper()
	var all []ticketing.Event
	for {
		some, err := s.store.Since(s.ctx, int64(len(all)), 200)
		s.must(err)
		if len(some) == 0 {
			break
		}
		for _, e := range some {
			if e.Seq != int64(len(all))+1 {
				s.Fatalf("the feed has %d after %d", e.Seq, len(all))
			}
			all = append(all, e)
		}
	}
	end, err := s.store.End(s.ctx)
	s.must(err)
	if end != int64(len(all)) {
		s.Fatalf("End is %d, the feed has %d events", end, len(all))
	}
	return all
}

// whole checks every ticket against its events: the timeline replayed is the ticket, and is its row in the list.
func (s *suite) whole() map[ticketing.Code]ticketing.Ticket {
	s.Helper()
	s.settle()
	want := map[ticketing.Code]ticketing.Ticket{}
	for _, e := range s.everything() {
		after, err := want[e.Ticket].Apply(e)
		if err != nil {
			s.Fatalf("event %d of the feed does not follow on its ticket: %v", e.Seq, err)
		}
		want[e.Ticket] = after
	}
	rows := map[ticketing.Code]ticketing.Ticket{}
	for _, t := range s.list(ticketing.Filter{Scope: all, Limit: 200}) {
		rows[t.Code] = t
	}
	s.equal("the list", rows, want)
	for code, t := range want {
		got, err := s.store.Ticket(s.ctx, code)
		s.must(err)
		s.equal("ticket "+string(code), got, t)
	}
	return want
}

var all = ticketing.Scope{All: true}

// list reads all pages of a filter and checks that they neither overlap nor end early.
func (s *suite) list(f ticketing.Filter) []ticketing.Ticket {
	s.Helper()
	var tickets []ticketing.Ticket
	seen := map[ticketing.Code]bool{}
	for {
		page, err := s.store.List(s.ctx, f)
		s.must(err)
		for _, t := range page.Tickets {
			if seen[t.Code] {
				s.Fatalf("two pages of %+v have ticket %s", f, t.Code)
			}
			seen[t.Code] = true
			tickets = append(tickets, t)
		}
		limit := f.Limit
		if limit == 0 {
			limit = 50
		}
		if len(page.Tickets) > limit {
			s.Fatalf("a page of %d has %d tickets", limit, len(page.Tickets))
		}
		if page.Next == "" {
			return tickets
		}
		if len(page.Tickets) == 0 {
			s.Fatalf("an empty page of %+v says there is more", f)
		}
		f.Cursor = page.Next
	}
}

func seeded(n uint64) *rand.Rand { return rand.New(rand.NewPCG(n, n)) }

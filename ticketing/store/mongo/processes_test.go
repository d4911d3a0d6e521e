package mongo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/storetest"
)

// wrote is an event with the store that acknowledged it, as one writer of a run remembers it.
type wrote struct {
	by    int
	event ticketing.Event
}

// persist writes an event on the ticket as often as it takes: conflicts are read again, and what nobody knows is
// repeated with its key. It answers the event that is there under the key.
func persist(ctx context.Context, s *Store, m *storetest.Maker, code ticketing.Code, key string) (ticketing.Event, error) {
	for {
		t, err := s.Ticket(ctx, code)
		if err == nil {
			e := m.Next(t)
			e.Key = key
			var stored ticketing.Event
			once, done := context.WithTimeout(ctx, 5*time.Second)
			stored, _, err = storetest.Append(once, s, t, e)
			done()
			if err == nil || errors.Is(err, ticketing.ErrDuplicate) {
				return stored, nil
			}
		}
		switch {
		case errors.Is(err, ticketing.ErrConflict):
		case errors.Is(err, ticketing.ErrBusy), errors.Is(err, ticketing.ErrUnknown):
			pause(ctx, 20*time.Millisecond)
		default:
			return ticketing.Event{}, err
		}
		if ctx.Err() != nil {
			return ticketing.Event{}, ctx.Err()
		}
	}
}

// begin stores n tickets.
func begin(t *testing.T, s *Store, m *storetest.Maker, n int) []ticketing.Code {
	t.Helper()
	codes := make([]ticketing.Code, n)
	for i := range codes {
		stored, _, err := storetest.Append(t.Context(), s, ticketing.Ticket{}, m.Matter())
		if err != nil {
			t.Fatal(err)
		}
		codes[i] = stored.Ticket
	}
	return codes
}

// followed collects what a follower of s is shown until stop, which waits for the journal's last event.
func followed(t *testing.T, s *Store) (stop func(last int64) []ticketing.Event) {
	ctx, cancel := context.WithCancel(t.Context())
	var seen []ticketing.Event
	var mu sync.Mutex
	var running sync.WaitGroup
	running.Go(func() {
		_ = ticketing.Follow(ctx, s, 0, func(_ context.Context, e ticketing.Event) error {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, e)
			return nil
		})
	})
	return func(last int64) []ticketing.Event {
		for began := time.Now(); time.Since(began) < 20*time.Second; pause(ctx, 10*time.Millisecond) {
			mu.Lock()
			n := len(seen)
			mu.Unlock()
			if int64(n) >= last {
				break
			}
		}
		cancel()
		running.Wait()
		return seen
	}
}

// journalIs checks that the feed holds what was acknowledged, each once, dense, in order and applicable, and that the
// lists agree with it. It answers the feed.
func journalIs(t *testing.T, s *Store, acknowledged []wrote) []ticketing.Event {
	t.Helper()
	feed, err := s.Since(t.Context(), 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	want, keys := map[ticketing.Code]ticketing.Ticket{}, map[string]bool{}
	for i, e := range feed {
		if e.Seq != int64(i)+1 {
			t.Fatalf("the feed has %d at place %d", e.Seq, i+1)
		}
		if e.Key != "" && keys[e.Key] {
			t.Errorf("key %s is there twice", e.Key)
		}
		keys[e.Key] = true
		after, err := want[e.Ticket].Apply(e)
		if err != nil {
			t.Fatalf("event %d cannot follow: %v", e.Seq, err)
		}
		want[e.Ticket] = after
	}
	for _, w := range acknowledged {
		if w.event.Seq < 1 || int(w.event.Seq) > len(feed) {
			t.Errorf("process %d was told of event %d, and the journal ends at %d", w.by, w.event.Seq, len(feed))
		} else if diff := cmp.Diff(feed[w.event.Seq-1], w.event, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("process %d was told something else of event %d than the journal says:\n%s", w.by, w.event.Seq, diff)
		}
	}
	settle(t, s)
	page, err := s.List(t.Context(), ticketing.Filter{Scope: ticketing.Scope{All: true}, Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	got := map[ticketing.Code]ticketing.Ticket{}
	for _, ticket := range page.Tickets {
		got[ticket.Code] = ticket
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the lists are not what the journal says:\n%s", diff)
	}
	sound(t, s)
	return feed
}

func sound(t *testing.T, s *Store) {
	t.Helper()
	wrong, err := s.Verify(t.Context(), nil)
	if err != nil || len(wrong) > 0 {
		t.Errorf("verify says %q, %v", wrong, err)
	}
	differ, err := s.Replay(t.Context(), true, nil)
	if err != nil || len(differ) > 0 {
		t.Errorf("replay says %+v, %v", differ, err)
	}
}

func TestTwoProcessesWriteOneJournal(t *testing.T) {
	uri := database(t)
	processes := []*Store{open(t, uri, Options{}), open(t, uri, Options{})}
	if processes[0].Epoch() != processes[1].Epoch() {
		t.Fatal("two processes name one journal differently")
	}
	codes := begin(t, processes[0], storetest.NewMaker(1), 24)
	stops := []func(int64) []ticketing.Event{followed(t, processes[0]), followed(t, processes[1])}

	const writers, each = 16, 4
	var acknowledged []wrote
	var mu sync.Mutex
	var running sync.WaitGroup
	for p, s := range processes {
		for w := range writers {
			running.Go(func() {
				m := storetest.NewMaker(uint64(100 + p*writers + w))
				for i := range each {
					code := codes[m.Rand.IntN(len(codes))]
					e, err := persist(t.Context(), s, m, code, fmt.Sprintf("p%d:w%d:%d", p, w, i))
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					acknowledged = append(acknowledged, wrote{p, e})
					mu.Unlock()
				}
			})
		}
	}
	running.Wait()
	if n := len(acknowledged); n != 2*writers*each {
		t.Fatalf("%d events were acknowledged, want %d", n, 2*writers*each)
	}
	feed := journalIs(t, processes[1], acknowledged)
	if len(feed) != len(codes)+2*writers*each {
		t.Errorf("the journal has %d events, want %d", len(feed), len(codes)+2*writers*each)
	}
	for p, stop := range stops {
		if diff := cmp.Diff(feed, stop(int64(len(feed))), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("the follower of process %d saw something else:\n%s", p, diff)
		}
	}
	// What one process writes is there for the other at once, whatever its lists say.
	ticket, err := processes[0].Ticket(t.Context(), codes[0])
	if err != nil {
		t.Fatal(err)
	}
	stored, after, err := storetest.Append(t.Context(), processes[0], ticket, storetest.NewMaker(7).Next(ticket))
	if err != nil {
		t.Fatal(err)
	}
	got, err := processes[1].Ticket(t.Context(), stored.Ticket)
	if diff := cmp.Diff(after, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("the other process reads %v\n%s", err, diff)
	}
}

// One key from both processes at once: one event, and everybody is told of it.
func TestOneKeyFromTwoProcesses(t *testing.T) {
	uri := database(t)
	processes := []*Store{open(t, uri, Options{}), open(t, uri, Options{})}
	for round := range 10 {
		var won, told []ticketing.Event
		var mu sync.Mutex
		var running sync.WaitGroup
		for p, s := range processes {
			for w := range 3 {
				running.Go(func() {
					e := storetest.NewMaker(uint64(1000 + round*10 + p*3 + w)).Matter()
					e.Key = fmt.Sprint("call:", round)
					there, _, err := storetest.Append(t.Context(), s, ticketing.Ticket{}, e)
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err == nil:
						won = append(won, there)
					case errors.Is(err, ticketing.ErrDuplicate):
						told = append(told, there)
					default:
						t.Error(err)
					}
				})
			}
		}
		running.Wait()
		if len(won) != 1 || len(told) != 5 {
			t.Fatalf("round %d: %d won, %d were told of a duplicate", round, len(won), len(told))
		}
		for _, e := range told {
			if e.Seq != won[0].Seq || e.Ticket != won[0].Ticket {
				t.Errorf("round %d: told of event %d, the winner's is %d", round, e.Seq, won[0].Seq)
			}
		}
	}
}

// More events wait than go into one insert, and some of them are refused: those behind are stored all the same, and
// where the refused ones stood there is no hole.
func TestABurstWithConflictsLeavesNoHole(t *testing.T) {
	s := open(t, database(t), Options{})
	codes := begin(t, s, storetest.NewMaker(1), 10)
	var stored, conflicts atomic.Int64
	var running sync.WaitGroup
	for w := range 300 {
		running.Go(func() {
			e := storetest.NewMaker(uint64(100 + w)).Matter()
			if w%6 == 0 {
				e.Ticket, e.Key = codes[w%len(codes)], "" // which has a first event
			}
			switch _, err := s.Append(t.Context(), e, ticketing.Ticket{}); {
			case err == nil:
				stored.Add(1)
			case errors.Is(err, ticketing.ErrConflict):
				conflicts.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	running.Wait()
	if stored.Load() != 250 || conflicts.Load() != 50 {
		t.Errorf("%d events were stored and %d refused, want 250 and 50", stored.Load(), conflicts.Load())
	}
	if feed, err := s.Since(t.Context(), 0, 1000); len(feed) != 260 || err != nil {
		t.Errorf("the feed has %d events, want 260: %v", len(feed), err)
	}
}

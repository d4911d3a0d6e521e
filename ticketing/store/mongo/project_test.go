package mongo

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.mongodb.org/mongo-driver/v2/bson"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/storetest"
)

// walk stores a ticket of n events and answers how it stood after each.
func walk(t *testing.T, s *Store, m *storetest.Maker, n int) []standing {
	t.Helper()
	var ticket ticketing.Ticket
	e := m.Matter()
	var stood []standing
	for range n {
		var err error
		if _, ticket, err = storetest.Append(t.Context(), s, ticket, e); err != nil {
			t.Fatal(err)
		}
		stood = append(stood, standing{ticket: ticket})
		e = m.Next(ticket)
	}
	settle(t, s)
	return stood
}

func row(t *testing.T, s *Store, code ticketing.Code) projection {
	t.Helper()
	rows, err := s.heads(t.Context(), []string{string(code)}, bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	return rows[string(code)]
}

func TestAProjectionNeverGoesBack(t *testing.T) {
	s := open(t, database(t), Options{})
	stood := walk(t, s, storetest.NewMaker(1), 6)
	code := stood[0].ticket.Code
	for _, old := range stood {
		if err := s.put(t.Context(), old, false); err != nil {
			t.Fatal(err)
		}
		if got := row(t, s, code); got.Version != 6 {
			t.Fatalf("putting version %d left version %d", old.ticket.Version, got.Version)
		}
	}
}

// Many put versions of fresh tickets at once, as processes do that project the same journal. Afterwards each row is
// the newest, or the sweep makes it so on a server that lost an update behind the guard.
func TestManyProjectOneTicket(t *testing.T) {
	uri := database(t)
	s, other := open(t, uri, Options{}), open(t, uri, Options{})
	back := 0
	for round := range 8 {
		stood := walk(t, s, storetest.NewMaker(uint64(round+1)), 5)
		code := stood[0].ticket.Code
		if _, err := s.tickets.DeleteOne(t.Context(), eq("_id", code)); err != nil {
			t.Fatal(err)
		}
		var putting sync.WaitGroup
		for i, from := range []*Store{s, other, s, other} {
			putting.Go(func() {
				for k := range stood {
					if err := from.put(t.Context(), stood[(k*3+i)%len(stood)], i > 1); err != nil {
						t.Error(err)
					}
				}
			})
		}
		putting.Wait()
		if row(t, s, code).Version != 5 {
			back++
		}
	}
	t.Logf("%d of 8 rows were set back behind the guard", back)
	if !s.readBack && back > 0 {
		t.Error("this server's updates are atomic, and rows went back")
	}
	if err := other.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	sound(t, s)
}

// A row that was lost or set back is made again by the next sweep of a process that runs, and of one that starts.
func TestTheSweepMendsWhatWasSetBack(t *testing.T) {
	uri := database(t)
	s := open(t, uri, Options{Sweep: 100 * time.Millisecond})
	stood := walk(t, s, storetest.NewMaker(1), 5)
	spoil := func(lost bool) {
		t.Helper()
		var err error
		old, _ := stood[1].projection()
		if lost {
			_, err = s.tickets.DeleteOne(t.Context(), eq("_id", old.Code))
		} else {
			_, err = s.tickets.ReplaceOne(t.Context(), eq("_id", old.Code), old)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	mended := func(what string) {
		t.Helper()
		for began := time.Now(); row(t, s, stood[0].ticket.Code).Version != 5; pause(t.Context(), 10*time.Millisecond) {
			if time.Since(began) > 10*time.Second {
				t.Fatalf("%s was not mended", what)
			}
		}
	}
	spoil(false)
	mended("a row set back")
	spoil(true)
	mended("a row lost")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, uri, Options{})
	settle(t, s)
	_ = s.Close() // its cursor stands at the end now
	s, _ = connect(t.Context(), uri, Options{})
	spoil(false)
	_ = s.client.Disconnect(t.Context())
	s = open(t, uri, Options{})
	mended("a row set back while nobody ran")
	sound(t, s)
}

// A ticket is read whole although its projection is old, or gone, or cannot be read.
func TestATicketIsReadWholeFromAnOldProjection(t *testing.T) {
	s := open(t, database(t), Options{})
	stood := walk(t, s, storetest.NewMaker(3), 21)
	want := stood[20].ticket
	for name, spoil := range map[string]func() error{
		"old": func() error {
			p, _ := stood[2].projection()
			_, err := s.tickets.ReplaceOne(t.Context(), eq("_id", want.Code), p)
			return err
		},
		"gone": func() error { return nil },
		"garbled": func() error {
			p, _ := stood[20].projection()
			p.Doc = []byte("{")
			_, err := s.tickets.InsertOne(t.Context(), p)
			return err
		},
	} {
		if _, err := s.tickets.DeleteOne(t.Context(), eq("_id", want.Code)); err != nil {
			t.Fatal(err)
		}
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		got, err := s.Ticket(t.Context(), want.Code)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

// A process that projected an event before its words were erased must not bring them back afterwards.
func TestErasedWordsDoNotComeBack(t *testing.T) {
	s := open(t, database(t), Options{})
	m := storetest.NewMaker(5)
	e := m.Matter()
	e.Kind, e.Outcome, e.Text = ticketing.Received, "", "quạcquạc"
	_, ticket, err := storetest.Append(t.Context(), s, ticketing.Ticket{}, e)
	if err != nil {
		t.Fatal(err)
	}
	settle(t, s)
	_, ticket, err = storetest.Append(t.Context(), s, ticket, m.Then(ticket, ticketing.Noted))
	if err != nil {
		t.Fatal(err)
	}
	settle(t, s)
	if err := s.Blank(t.Context(), ticket.Code, 1); err != nil {
		t.Fatal(err)
	}
	// Made before the erasing: the present version, and one more event on top of it, once as the row is written and
	// once when it is there.
	back := func(stale ticketing.Ticket) {
		t.Helper()
		if err := s.put(t.Context(), standing{ticket: stale}, false); err != nil {
			t.Fatal(err)
		}
	}
	back(ticket)
	if n, err := row(t, s, ticket.Code).standing(); err != nil || n.ticket.Text == "quạcquạc" {
		t.Errorf("an older row of the same version brought the words back, %v", err)
	}
	_, later, err := storetest.Append(t.Context(), s, ticket, m.Then(ticket, ticketing.Noted))
	if err != nil {
		t.Fatal(err)
	}
	back(later)
	settle(t, s)
	back(later)
	for name, read := range map[string]func() (ticketing.Ticket, error){
		"Ticket": func() (ticketing.Ticket, error) { return s.Ticket(t.Context(), ticket.Code) },
		"row":    func() (ticketing.Ticket, error) { n, err := row(t, s, ticket.Code).standing(); return n.ticket, err },
	} {
		got, err := read()
		if err != nil || got.Text == "quạcquạc" || got.Version != 3 {
			t.Errorf("%s has version %d with the text %q, %v", name, got.Version, got.Text, err)
		}
	}
	n, err := s.Count(t.Context(), ticketing.Filter{Scope: ticketing.Scope{All: true}, Words: []string{"quacquac"}})
	if n != 0 || err != nil {
		t.Errorf("erased words are found %d times, %v", n, err)
	}
	sound(t, s)
}

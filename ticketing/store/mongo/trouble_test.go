package mongo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/store/storetest"
)

// The server is killed and comes back on the same data, several times, while writers write. Whatever was acknowledged
// is there, nothing is there twice, and the store recovers by itself.
func TestAServerThatIsKilledLosesNothing(t *testing.T) {
	t.Parallel() // mostly waiting
	dir := t.TempDir()
	address, kill := ownServer(t, dir)
	p := newProxy(t, address)
	s := open(t, p.uri("killed"), Options{Timeout: 2 * time.Second})
	codes := begin(t, s, storetest.NewMaker(1), 4)

	const writers, each = 8, 20
	var acknowledged []wrote
	var mu sync.Mutex
	count := func() int { mu.Lock(); defer mu.Unlock(); return len(acknowledged) }
	var running sync.WaitGroup
	for w := range writers {
		running.Go(func() {
			m := storetest.NewMaker(uint64(100 + w))
			for i := range each {
				e, err := persist(t.Context(), s, m, codes[m.Rand.IntN(len(codes))], fmt.Sprintf("w%d:%d", w, i))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				acknowledged = append(acknowledged, wrote{0, e})
				mu.Unlock()
			}
		})
	}
	for round := 1; round <= 3; round++ {
		for count() < round*writers*each/4 && !t.Failed() {
			pause(t.Context(), time.Millisecond)
		}
		kill()
		ctx, done := context.WithTimeout(t.Context(), 300*time.Millisecond)
		_, _, err := storetest.Append(ctx, s, ticketing.Ticket{}, storetest.NewMaker(uint64(900+round)).Matter())
		done()
		if !errors.Is(err, ticketing.ErrBusy) && !errors.Is(err, ticketing.ErrUnknown) {
			t.Errorf("an append while the server is away answers %v", err)
		}
		pause(t.Context(), []time.Duration{0, 100, 500, 2500}[round]*time.Millisecond)
		if round == 3 && s.Ill() == nil {
			t.Error("the server has been away for seconds and the store feels well")
		}
		address, kill = ownServer(t, dir)
		p.target.Store(address)
	}
	running.Wait()
	if n := count(); n != writers*each {
		t.Fatalf("%d events were acknowledged, want %d", n, writers*each)
	}
	journalIs(t, s, acknowledged)
	for began := time.Now(); s.Ill() != nil; pause(t.Context(), 20*time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("the server is back, and the store is still ill: %v", s.Ill())
		}
	}
}

// Answers get lost on the wire while a writer writes: the event is stored and its writer hears nothing. He must not be
// told that somebody else was first, which he would believe, and it must not be stored again.
func TestALostReplyIsNotTakenForAnothersEvent(t *testing.T) {
	t.Parallel() // mostly waiting
	uri := database(t)
	p := newProxy(t, hostOf(uri))
	name, err := databaseName(uri)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, p.uri(name), Options{Timeout: 300 * time.Millisecond})
	const writers, losses = 4, 8
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var acknowledged []wrote
	var mu sync.Mutex
	count := func() int { mu.Lock(); defer mu.Unlock(); return len(acknowledged) }
	var running sync.WaitGroup
	for w := range writers {
		running.Go(func() {
			m := storetest.NewMaker(uint64(100 + w))
			for i := 0; ctx.Err() == nil && !t.Failed(); i++ {
				e := m.Matter()
				if i%2 == 0 {
					e.Key = "" // then the ticket's n alone tells
				}
				stored, err := s.Append(t.Context(), e, ticketing.Ticket{})
				for errors.Is(err, ticketing.ErrBusy) { // refused before it was written
					pause(t.Context(), 5*time.Millisecond)
					stored, err = s.Append(t.Context(), e, ticketing.Ticket{})
				}
				if err != nil {
					t.Errorf("writer %d was told of its own first event: %v", w, err)
					return
				}
				mu.Lock()
				acknowledged = append(acknowledged, wrote{w, stored})
				mu.Unlock()
				pause(ctx, 10*time.Millisecond)
			}
		})
	}
	for range losses {
		for had := count(); count() < had+6 && !t.Failed(); {
			pause(ctx, time.Millisecond)
		}
		lost := p.swallowed.Load()
		p.swallow.Store(true)
		for p.swallowed.Load() == lost && !t.Failed() {
			pause(ctx, time.Millisecond)
		}
		pause(ctx, 20*time.Millisecond)
		p.cut() // what was swallowed never comes
		p.swallow.Store(false)
	}
	stop()
	running.Wait()
	feed := journalIs(t, open(t, uri, Options{}), acknowledged)
	if len(feed) != len(acknowledged) {
		t.Errorf("the journal has %d events, %d were acknowledged", len(feed), len(acknowledged))
	}
	t.Logf("%d bytes of answers were lost", p.swallowed.Load())
}

// A store that nobody can reach refuses quickly, once it knows, and says that it is ill.
func TestAStoreWithoutItsServerRefusesAndRecovers(t *testing.T) {
	t.Parallel() // mostly waiting
	uri := database(t)
	p := newProxy(t, hostOf(uri))
	name, _ := databaseName(uri)
	s := open(t, p.uri(name), Options{Timeout: 300 * time.Millisecond})
	m := storetest.NewMaker(1)
	begin(t, s, m, 1)

	p.target.Store("127.0.0.1:1")
	p.cut()
	lost := m.Matter()
	ctx, done := context.WithTimeout(t.Context(), time.Second)
	_, err := s.Append(ctx, lost, ticketing.Ticket{})
	done()
	if !errors.Is(err, ticketing.ErrUnknown) && !errors.Is(err, ticketing.ErrBusy) {
		t.Errorf("the first append without a server answers %v", err)
	}
	began := time.Now()
	for !s.writer.away.Load() && time.Since(began) < 10*time.Second {
		pause(t.Context(), 10*time.Millisecond)
	}
	began = time.Now()
	_, err = s.Append(t.Context(), m.Matter(), ticketing.Ticket{}, ticketing.Record{Kind: "person", ID: "c", Version: 1})
	if !errors.Is(err, ticketing.ErrBusy) || time.Since(began) > 100*time.Millisecond {
		t.Errorf("an append without a server answers %v after %s", err, time.Since(began))
	}
	if s.Ill() == nil {
		t.Error("the store feels well without a server")
	}
	for what, read := range map[string]func() error{
		"Ticket": func() error { _, err := s.Ticket(t.Context(), lost.Ticket); return err },
		"List": func() error {
			_, err := s.List(t.Context(), ticketing.Filter{Scope: ticketing.Scope{All: true}})
			return err
		},
		"Get":   func() error { _, err := s.Get(t.Context(), "person", "c"); return err },
		"Since": func() error { _, err := s.Since(t.Context(), 0, 1); return err },
		"Put":   func() error { return s.Put(t.Context(), ticketing.Record{Kind: "person", ID: "c", Version: 1}) },
	} {
		if err := read(); !errors.Is(err, ticketing.ErrBusy) {
			t.Errorf("%s without a server answers %v", what, err)
		}
	}

	p.target.Store(hostOf(uri))
	for began = time.Now(); ; pause(t.Context(), 20*time.Millisecond) {
		_, err = s.Append(t.Context(), lost, ticketing.Ticket{})
		if err == nil || errors.Is(err, ticketing.ErrDuplicate) {
			break
		}
		if time.Since(began) > 15*time.Second {
			t.Fatalf("the server is back, and an append answers %v", err)
		}
	}
	for began = time.Now(); s.Ill() != nil && time.Since(began) < 10*time.Second; {
		pause(t.Context(), 20*time.Millisecond)
	}
	if err := s.Ill(); err != nil {
		t.Errorf("the server is back, and the store is still ill: %v", err)
	}
	sound(t, s)
}

package storetest

import (
	"context"
	"errors"
	"time"

	"hotline1022/ticketing"
)

func cancelled(s *suite) {
	gone, cancel := context.WithCancel(s.ctx)
	cancel()
	if _, _, err := Append(gone, s.store, ticketing.Ticket{}, s.maker.Matter()); err == nil {
		s.Fatal("a context that had ended was written with")
	}
	if n := len(s.everything()); n != 0 {
		s.Fatalf("a context that had ended left %d events", n)
	}

	type try struct {
		e   ticketing.Event
		err error
	}
	tries := make([][]try, 8)
	s.together(len(tries), func(i int, m *Maker) error {
		for range s.size(40, 6) {
			e := m.Matter()
			ctx, cancel := context.WithTimeout(s.ctx, time.Duration(m.Rand.IntN(3000))*time.Microsecond)
			_, _, err := Append(ctx, s.store, ticketing.Ticket{}, e, ticketing.Record{
				Kind: "person", ID: string(e.Ticket), Version: 1, At: e.At, Doc: []byte(`{"name":"Lê Thị Hoa"}`)})
			cancel()
			tries[i] = append(tries[i], try{e, err})
		}
		return nil
	})
	for _, some := range tries {
		for _, try := range some {
			s.checkTry(try.e, try.err)
		}
	}
	s.whole()
}

// checkTry says what the outcome told to a writer whose context may have ended allows, then repeats the write.
func (s *suite) checkTry(e ticketing.Event, told error) {
	s.Helper()
	_, err := s.store.Ticket(s.ctx, e.Ticket)
	there := err == nil
	line, err := s.store.Timeline(s.ctx, e.Ticket, 0)
	s.must(err)
	if there != (len(line) == 1) {
		s.Fatalf("ticket there: %v, events: %d", there, len(line))
	}
	switch {
	case told == nil && !there:
		s.Fatal("an acknowledged event is not there")
	case told != nil && there && !errors.Is(told, ticketing.ErrUnknown):
		s.Fatalf("an event is there whose writer was told %v", told)
	}
	if there {
		_, err = s.store.Get(s.ctx, "person", string(e.Ticket))
		s.must(err)
	}
	_, _, err = Append(s.ctx, s.store, ticketing.Ticket{}, e)
	if there {
		s.mustBe(err, ticketing.ErrDuplicate)
	} else {
		s.must(err)
	}
}

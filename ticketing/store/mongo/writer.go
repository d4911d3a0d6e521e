package mongo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"hotline1022/ticketing"
)

const mostBatchSize = 8 << 20 // bytes of payload: one insert stays one message

// What has become of an event that waits: its caller and the writer race for it.
const (
	waiting int32 = iota
	taken         // the writer has it; from now on its outcome may be unknown
	left          // the caller's context is over
)

type pending struct {
	entry
	ownKey bool
	state  atomic.Int32
	done   chan answer // one, never blocks
}

type answer struct {
	event ticketing.Event
	err   error
}

func (p *pending) tell(event ticketing.Event, err error) { p.done <- answer{event, err} }

// writer numbers events and inserts them; only its own goroutine touches the fields below queue and away.
type writer struct {
	queue chan *pending
	away  atomic.Bool // the server does not answer: Append refuses at once

	last     int64 // the highest seq known to be stored
	wins     int
	took     time.Duration // of an insert, smoothed
	met      time.Time     // when another process's events were last met
	restedAt time.Time
}

// Append writes one event; see ticketing.Store.
func (s *Store) Append(ctx context.Context, e ticketing.Event, _ ticketing.Ticket, with ...ticketing.Record) (ticketing.Event, error) {
	made, err := newEntry(e)
	if err != nil {
		return ticketing.Event{}, err
	}
	if err := ctx.Err(); err != nil {
		return ticketing.Event{}, fmt.Errorf("%w: %w", ticketing.ErrBusy, err)
	}
	if s.writer.away.Load() {
		return ticketing.Event{}, fmt.Errorf("%w: MongoDB does not answer", ticketing.ErrBusy)
	}
	if err := s.putBeside(ctx, with); err != nil {
		return ticketing.Event{}, err
	}
	made.W = rand.Int64()
	p := &pending{entry: made, ownKey: e.Key != "", done: make(chan answer, 1)}
	select {
	case s.writer.queue <- p:
	default:
		return ticketing.Event{}, fmt.Errorf("%w: %d events wait to be written", ticketing.ErrBusy, cap(s.writer.queue))
	}
	return s.await(ctx, p)
}

// grace is how long the answer to an event that is being written is still waited for when its caller's context ends:
// most are known within it, and "unknown" costs a caller more than a moment.
const grace = 250 * time.Millisecond

// await tells the three outcomes apart (journal.md, point 5): stored, refused, and unknown if the caller goes while
// the writer has the event. When the store closes, the writer ends what it has begun.
func (s *Store) await(ctx context.Context, p *pending) (ticketing.Event, error) {
	var why error
	var late <-chan time.Time
	select {
	case a := <-p.done:
		return a.event, a.err
	case <-ctx.Done():
		why = ctx.Err()
		late = time.After(grace)
	case <-s.closing:
		why = errors.New("the store closes")
	}
	if p.state.CompareAndSwap(waiting, left) {
		return ticketing.Event{}, fmt.Errorf("%w: %w", ticketing.ErrBusy, why)
	}
	select {
	case a := <-p.done:
		return a.event, a.err
	case <-late:
		p.state.Store(left)
		return ticketing.Event{}, fmt.Errorf("%w: %w", ticketing.ErrUnknown, why)
	}
}

// write is the writer: one goroutine per process, the algorithm of journal.md.
func (s *Store) write(ctx context.Context) {
	w := &s.writer
	w.last = s.known.Load()
	var batch []*pending
	defer func() {
		for _, p := range batch {
			p.tell(ticketing.Event{}, fmt.Errorf("%w: the store closes", ticketing.ErrUnknown))
		}
	}()
	failures := 0
	for ctx.Err() == nil {
		if len(batch) == 0 {
			if batch = s.first(ctx); len(batch) == 0 {
				return
			}
		}
		batch = s.topUp(batch)
		began := time.Now()
		err := s.insert(batch)
		if err == nil {
			s.stored(batch)
			w.wins++
			w.took += (time.Since(began) - w.took) / 8
			w.restedAt = time.Now().Add(w.rest())
			batch, failures = nil, 0
			s.feels("writer", nil)
			continue
		}
		at, code, clean := refusedAt(err)
		if clean && at < len(batch) {
			failures = 0
			s.stored(batch[:at])
			batch = batch[at:]
			if code != duplicateKey {
				batch[0].tell(ticketing.Event{}, fmt.Errorf("write event %s: %w", batch[0].TN, err))
				batch = batch[1:]
				continue
			}
		} else {
			failures++
		}
		batch = s.settle(ctx, batch)
		if failures > 1 && len(batch) > 0 { // it answers reads and takes no writes: full, or not ours to write
			s.feels("writer", fmt.Errorf("write events: %w", away(err)))
			pause(ctx, min(time.Millisecond<<min(failures, 9), 500*time.Millisecond))
		} else {
			s.feels("writer", nil)
		}
	}
}

// first waits for an event and then until the writer has rested; events that come meanwhile join the batch.
func (s *Store) first(ctx context.Context) []*pending {
	for {
		select {
		case p := <-s.writer.queue:
			if !p.state.CompareAndSwap(waiting, taken) {
				continue
			}
			pause(ctx, time.Until(s.writer.restedAt))
			return []*pending{p}
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *Store) topUp(batch []*pending) []*pending {
	size := 0
	for _, p := range batch {
		size += len(p.Payload)
	}
	for len(batch) < s.batch && size < mostBatchSize {
		select {
		case p := <-s.writer.queue:
			if p.state.CompareAndSwap(waiting, taken) {
				batch = append(batch, p)
				size += len(p.Payload)
			}
		default:
			return batch
		}
	}
	return batch
}

// insert numbers the batch and sends it as one ordered insert. It has a context of its own: a caller who goes away
// must not take the others' answer along, and Close lets it end.
func (s *Store) insert(batch []*pending) error {
	ctx, done := s.exchange(context.Background())
	defer done()
	documents := make([]any, len(batch))
	for i, p := range batch {
		p.Seq, p.Stored = s.writer.last+1+int64(i), s.opt.Now().UTC()
		documents[i] = p.entry
	}
	_, err := s.journal.InsertMany(ctx, documents)
	return err
}

// stored answers events that went in under the numbers they have.
func (s *Store) stored(batch []*pending) {
	if len(batch) == 0 {
		return
	}
	for _, p := range batch {
		p.tell(p.event())
	}
	s.writer.last += int64(len(batch))
	s.learn(s.writer.last)
}

// rest is what a winner leaves to other processes: without it a loser, always one step late, starves (point 4).
func (w *writer) rest() time.Duration {
	if time.Since(w.met) < time.Second || w.wins%8 == 0 {
		return time.Duration(3 * (0.5 + rand.Float64()) * float64(w.took))
	}
	return 0
}

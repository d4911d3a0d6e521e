package mongo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/sync/errgroup"

	"hotline1022/ticketing"
)

// settle finds out what has become of a batch whose insert was refused or got no answer. It looks the events up
// instead of reading the error's text, and "found nothing" means "try again", never a verdict (journal.md, point 9).
// What is left is to be sent again at the new end.
func (s *Store) settle(ctx context.Context, batch []*pending) []*pending {
	if len(batch) == 0 {
		return batch
	}
	found, last, ok := s.lookUp(ctx, batch)
	if !ok {
		return batch // the store closes
	}
	byTN, byKey := map[string]entry{}, map[string]entry{}
	for _, e := range found {
		byTN[e.TN], byKey[e.Key] = e, e
	}
	ours := int64(0)
	var rest []*pending
	for _, p := range batch {
		same, named := byTN[p.TN]
		keyed, repeated := byKey[p.Key]
		switch {
		case named && same.W == p.W: // it was stored, only the answer was lost
			if same.Seq > s.writer.last {
				ours++
			}
			p.tell(same.event())
		case p.ownKey && repeated: // before the conflict: the repeat of something done is harmless (point 6)
			p.refuse(keyed, ticketing.ErrDuplicate)
		case named:
			p.refuse(same, ticketing.ErrConflict)
		case p.state.Load() == left:
			// Not there, and nobody waits for it. Its caller was told "unknown", and unknown it stays.
		default:
			rest = append(rest, p)
		}
	}
	w := &s.writer
	if last == w.last && len(rest) > 0 && rest[0] == batch[0] {
		// The place was refused, yet nothing is seen there: it is taken, but not yet by a majority.
		pause(ctx, time.Millisecond+rand.N(2*time.Millisecond))
	}
	if last-w.last > ours {
		w.met = time.Now()
	}
	w.last = max(w.last, last)
	s.learn(w.last)
	return rest
}

func (p *pending) refuse(there entry, why error) {
	event, err := there.event()
	if err == nil {
		err = fmt.Errorf("event %s: %w", p.TN, why)
	}
	p.tell(event, err)
}

// lookUp reads which of the batch's names and keys are there, and the journal's end, side by side, until both reads
// succeed. Meanwhile Append refuses, and what waits is refused too: none of it was written.
func (s *Store) lookUp(ctx context.Context, batch []*pending) (found []entry, last int64, ok bool) {
	names, keys := make(bson.A, len(batch)), make(bson.A, len(batch))
	for i, p := range batch {
		names[i], keys[i] = p.TN, p.Key
	}
	filter := bson.D{{Key: "$or", Value: bson.A{
		bson.D{{Key: "tn", Value: bson.D{{Key: "$in", Value: names}}}},
		bson.D{{Key: "key", Value: bson.D{{Key: "$in", Value: keys}}}},
	}}}
	for wait := 5 * time.Millisecond; ctx.Err() == nil; wait = min(2*wait, 500*time.Millisecond) {
		reads, both := errgroup.WithContext(ctx)
		reads.Go(func() (err error) { found, err = s.find(both, filter); return err })
		reads.Go(func() (err error) { last, err = highest(both, s, s.journal, s.writer.last); return err })
		err := reads.Wait()
		if err == nil {
			s.writer.away.Store(false)
			return found, last, true
		}
		if ctx.Err() != nil {
			break
		}
		s.writer.away.Store(true)
		s.feels("writer", fmt.Errorf("look events up: %w", away(err)))
		s.refuseWaiting()
		pause(ctx, wait)
	}
	return nil, 0, false
}

func (s *Store) refuseWaiting() {
	for {
		select {
		case p := <-s.writer.queue:
			if p.state.CompareAndSwap(waiting, taken) {
				p.tell(ticketing.Event{}, fmt.Errorf("%w: MongoDB does not answer", ticketing.ErrBusy))
			}
		default:
			return
		}
	}
}

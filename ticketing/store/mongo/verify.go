package mongo

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Verify reads the whole journal and its hash chain, as far as the chain goes, and lists what is wrong.
func (s *Store) Verify(ctx context.Context, progress func(done, total int64)) ([]string, error) {
	v := verifier{of: map[string]int64{}, keys: map[uint64]bool{}, seed: maphash.MakeSeed()}
	chained, err := highest(ctx, s, s.chain, 0)
	if err != nil {
		return nil, fmt.Errorf("find the end of the hash chain: %w", away(err))
	}
	end, err := highest(ctx, s, s.journal, 0) // after the chain's, which is never ahead
	if err != nil {
		return nil, fmt.Errorf("find the journal's end: %w", away(err))
	}
	if chained > end {
		v.say("the hash chain goes on to event %d, but the journal ends at %d: its end was cut off", chained, end)
	}
	missing, err := s.missingIndexes(ctx)
	if err != nil {
		v.say("%v", err)
	}
	for _, i := range missing {
		v.say("index %q of %s is not there", i.keys, i.in.Name())
	}
	for at := int64(0); at < end; at += atOnce {
		upto := min(at+atOnce, end)
		entries, err := s.find(ctx, above("_id", at, upto), options.Find().SetSort(eq("_id", 1)))
		if err != nil {
			return v.wrong, fmt.Errorf("read the journal after %d: %w", at, away(err))
		}
		links, err := s.links(ctx, at, upto)
		if err != nil {
			return v.wrong, err
		}
		v.check(entries, links, min(upto, chained))
		if progress != nil {
			progress(upto, end)
		}
	}
	return v.wrong, nil
}

func above(field string, after, upto int64) bson.D {
	return eq(field, bson.D{{Key: "$gt", Value: after}, {Key: "$lte", Value: upto}})
}

func (s *Store) links(ctx context.Context, after, upto int64) (map[int64][]byte, error) {
	ctx, done := s.exchange(ctx)
	defer done()
	var found []link
	cursor, err := s.chain.Find(ctx, above("_id", after, upto))
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	if err != nil {
		return nil, fmt.Errorf("read the hash chain after %d: %w", after, away(err))
	}
	by := make(map[int64][]byte, len(found))
	for _, l := range found {
		by[l.Seq] = l.Sum
	}
	return by, nil
}

// verifier remembers what it has seen of the journal. Keys are remembered by a hash of 64 bits, so that a journal of
// millions fits; that two keys share one by chance is less likely than that the disk errs.
type verifier struct {
	seq    int64
	last   link
	broken bool
	of     map[string]int64
	keys   map[uint64]bool
	seed   maphash.Seed
	wrong  []string
}

func (v *verifier) say(format string, args ...any) {
	const enough = 1000
	if len(v.wrong) < enough {
		v.wrong = append(v.wrong, fmt.Sprintf(format, args...))
	}
}

func (v *verifier) check(entries []entry, links map[int64][]byte, chained int64) {
	for _, e := range entries {
		if e.Seq != v.seq+1 {
			v.say("the journal has a hole: after event %d comes %d", v.seq, e.Seq)
		}
		v.seq = e.Seq
		if e.N != v.of[e.Ticket]+1 {
			v.say("event %d is number %d of ticket %s, after number %d", e.Seq, e.N, e.Ticket, v.of[e.Ticket])
		}
		v.of[e.Ticket] = e.N
		hash := maphash.String(v.seed, e.Key)
		if v.keys[hash] {
			v.say("event %d has a key that is there already", e.Seq)
		}
		v.keys[hash] = true
		if wrong := e.check(); wrong != "" {
			v.say("%s", wrong)
		}
		v.last = v.last.next(e)
		if v.broken || e.Seq > chained {
			continue
		}
		if sum, there := links[e.Seq]; !there {
			v.say("the hash chain has no link for event %d", e.Seq)
		} else if !bytes.Equal(sum, v.last.Sum) {
			v.say("the hash chain breaks at event %d: it, or one before it, is not what was written", e.Seq)
			v.broken = true // every later link differs too
		}
	}
}

package mongo

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"hotline1022/ticketing"
)

// entry is one event as the journal holds it. The event itself is Payload, without its seq, which is known only when
// the insert has succeeded; the fields beside it are for the indexes, the hash chain and people who look.
type entry struct {
	Seq     int64     `bson:"_id"` // last+1, dense
	TN      string    `bson:"tn"`  // "TICKET:N", unique
	Key     string    `bson:"key"` // the event's own, else made from tn; unique
	W       int64     `bson:"w"`   // tells our own event from another's after a lost reply (journal.md, point 2)
	Ticket  string    `bson:"t"`
	N       int64     `bson:"n"`
	Kind    string    `bson:"kind"`
	At      time.Time `bson:"at"`
	Stored  time.Time `bson:"stored"` // by the writer's clock; where the sweep begins
	Payload []byte    `bson:"payload"`
	Digest  []byte    `bson:"digest"` // SHA-256 of the payload as first written
	Blanked bool      `bson:"blanked,omitempty"`
}

// noKey leads the key of an event that has none of its own. No caller's key may begin with it, so that nobody can
// take the place of another ticket's next event by asking for a key that looks like it.
const noKey = "\x00"

func tn(ticket ticketing.Code, n int) string { return string(ticket) + ":" + strconv.Itoa(n) }

func newEntry(e ticketing.Event) (entry, error) {
	name := string(e.Ticket)
	if name == "" || e.N < 1 || strings.Contains(name, ":") || strings.HasPrefix(e.Key, noKey) || !utf8.ValidString(name+e.Key) {
		return entry{}, fmt.Errorf("event %q %d with key %q cannot be stored", e.Ticket, e.N, e.Key)
	}
	e.Seq = 0
	payload, err := json.Marshal(e)
	if err != nil {
		return entry{}, fmt.Errorf("encode event %d of %s: %w", e.N, e.Ticket, err)
	}
	if len(payload) > mostBatchSize { // what the server can never take must not reach the writer, who would try for ever
		return entry{}, fmt.Errorf("event %d of %s is too large: %d bytes", e.N, e.Ticket, len(payload))
	}
	digest := sha256.Sum256(payload)
	made := entry{
		TN: tn(e.Ticket, e.N), Key: e.Key, Ticket: string(e.Ticket), N: int64(e.N), Kind: string(e.Kind),
		At: e.At.UTC(), Payload: payload, Digest: digest[:],
	}
	if e.Key == "" {
		made.Key = noKey + made.TN
	}
	return made, nil
}

func (e entry) event() (ticketing.Event, error) {
	var event ticketing.Event
	if err := json.Unmarshal(e.Payload, &event); err != nil {
		return event, fmt.Errorf("read event %d of the journal: %w", e.Seq, err)
	}
	event.Seq, event.Blanked = e.Seq, e.Blanked
	return event, nil
}

func events(entries []entry) ([]ticketing.Event, error) {
	out := make([]ticketing.Event, len(entries))
	for i, e := range entries {
		var err error
		if out[i], err = e.event(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// find reads a whole answer of the journal, in one bounded exchange.
func (s *Store) find(ctx context.Context, filter bson.D, opt ...options.Lister[options.FindOptions]) ([]entry, error) {
	ctx, done := s.exchange(ctx)
	defer done()
	var found []entry
	cursor, err := s.journal.Find(ctx, filter, opt...)
	if err == nil {
		err = cursor.All(ctx, &found)
	}
	return found, err
}

// end is the seq of the last event, looked for only above what is known (journal.md, point 7).
func (s *Store) end(ctx context.Context) (int64, error) {
	return highest(ctx, s, s.journal, s.known.Load())
}

// highest is the greatest _id of a collection numbered from 1, or known if there is none above.
func highest(ctx context.Context, s *Store, in *driver.Collection, known int64) (int64, error) {
	ctx, done := s.exchange(ctx)
	defer done()
	var last struct {
		Seq int64 `bson:"_id"`
	}
	err := in.FindOne(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: known}}}},
		options.FindOne().SetSort(bson.D{{Key: "_id", Value: -1}}).SetProjection(bson.D{{Key: "_id", Value: 1}})).Decode(&last)
	if err == driver.ErrNoDocuments {
		return known, nil
	}
	return last.Seq, err
}

// End is the seq of the last event.
func (s *Store) End(ctx context.Context) (int64, error) {
	end, err := s.end(ctx)
	if err != nil {
		return 0, fmt.Errorf("find the journal's end: %w", away(err))
	}
	s.learn(end)
	return end, nil
}

// between reads the entries of (after, upto], a range so that no server sorts the journal (journal.md, point 7). A
// hole cannot be: numbers are given without one and majority reads see no later insert without the earlier. Should
// one be there all the same, nothing after it is handed out.
func (s *Store) between(ctx context.Context, after, upto int64) ([]entry, error) {
	found, err := s.find(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: after}, {Key: "$lte", Value: upto}}}},
		options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		return nil, fmt.Errorf("read the journal after %d: %w", after, away(err))
	}
	for i, e := range found {
		if e.Seq == after+1+int64(i) {
			continue
		}
		s.opt.Log.Error("the journal has a hole", "seq", after+1+int64(i), "next", e.Seq)
		if i == 0 {
			return nil, fmt.Errorf("the journal has a hole: after event %d comes %d", after, e.Seq)
		}
		found = found[:i]
		break
	}
	if len(found) > 0 {
		s.learn(found[len(found)-1].Seq)
	}
	return found, nil
}

// Since is what came after seq.
func (s *Store) Since(ctx context.Context, seq int64, limit int) ([]ticketing.Event, error) {
	if limit <= 0 {
		return nil, nil
	}
	found, err := s.between(ctx, max(seq, 0), max(seq, 0)+int64(limit))
	if err != nil {
		return nil, err
	}
	return events(found)
}

// tail is the ticket's entries with n > after, found by the names of the next few: no server sorts for it.
func (s *Store) tail(ctx context.Context, code ticketing.Code, after int) ([]entry, error) {
	const few = 8
	var all []entry
	for {
		names := make(bson.A, few)
		for i := range names {
			names[i] = tn(code, after+1+i)
		}
		found, err := s.find(ctx, bson.D{{Key: "tn", Value: bson.D{{Key: "$in", Value: names}}}})
		if err != nil {
			return nil, fmt.Errorf("read ticket %s after %d: %w", code, after, away(err))
		}
		found = inOrder(found, after)
		all = append(all, found...)
		if len(found) < few {
			return all, nil
		}
		after += few
	}
}

// Timeline is the ticket's events with n > after.
func (s *Store) Timeline(ctx context.Context, code ticketing.Code, after int) ([]ticketing.Event, error) {
	found, err := s.timeline(ctx, code, after)
	if err != nil {
		return nil, err
	}
	return events(found)
}

// timeline reads all of the ticket by a range of names, sorted by us.
func (s *Store) timeline(ctx context.Context, code ticketing.Code, after int) ([]entry, error) {
	found, err := s.find(ctx, namesOf(code))
	if err != nil {
		return nil, fmt.Errorf("read ticket %s: %w", code, away(err))
	}
	return inOrder(found, max(after, 0)), nil
}

// namesOf narrows to the names "CODE:…"; ';' follows ':'.
func namesOf(code ticketing.Code) bson.D {
	return bson.D{{Key: "tn", Value: bson.D{{Key: "$gte", Value: string(code) + ":"}, {Key: "$lt", Value: string(code) + ";"}}}}
}

// inOrder sorts by n and keeps what follows on after without a gap. A gap is an event written while the server was
// reading, whose neighbour below it was read before it was there: it belongs to the next look.
func inOrder(found []entry, after int) []entry {
	slices.SortFunc(found, func(a, b entry) int { return int(a.N - b.N) })
	first, _ := slices.BinarySearchFunc(found, int64(after)+1, func(e entry, n int64) int { return int(e.N - n) })
	found = found[first:]
	for i, e := range found {
		if e.N != int64(after+1+i) {
			return found[:i]
		}
	}
	return found
}

// ByKey is the event with that key.
func (s *Store) ByKey(ctx context.Context, key string) (ticketing.Event, error) {
	if key == "" || strings.HasPrefix(key, noKey) {
		return ticketing.Event{}, ticketing.ErrNotFound
	}
	found, err := s.find(ctx, bson.D{{Key: "key", Value: key}})
	if err != nil {
		return ticketing.Event{}, fmt.Errorf("look for a key: %w", away(err))
	}
	if len(found) == 0 {
		return ticketing.Event{}, ticketing.ErrNotFound
	}
	return found[0].event()
}

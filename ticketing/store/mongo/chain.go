package mongo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"hotline1022/ticketing"
)

// link is one place of the hash chain: Sum vouches for the entry of the same seq and for all before it. It is made
// from the journal alone, so that two processes that write the same link write the same bytes.
type link struct {
	Seq int64  `bson:"_id"`
	Sum []byte `bson:"sum"`
}

// next is SHA-256 over the sum before, the entry's header and the digest of its payload. Lawful erasure changes
// neither header nor digest.
func (l link) next(e entry) link {
	header, _ := json.Marshal([]any{e.Seq, e.Ticket, e.N, e.Kind, e.At.UnixMilli(), e.Key}) // strings and numbers: cannot fail
	h := sha256.New()
	h.Write(l.Sum)
	h.Write(header)
	h.Write(e.Digest)
	return link{e.Seq, h.Sum(nil)}
}

// lastLink is the end of the chain as stored; the zero link before the first.
func (s *Store) lastLink(ctx context.Context) (link, error) {
	ctx, done := s.exchange(ctx)
	defer done()
	var last link
	err := s.chain.FindOne(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: s.trail.link.Seq}}}},
		options.FindOne().SetSort(bson.D{{Key: "_id", Value: -1}})).Decode(&last)
	if err == driver.ErrNoDocuments {
		return s.trail.link, nil
	}
	if err != nil {
		return link{}, fmt.Errorf("read the end of the hash chain: %w", away(err))
	}
	return last, nil
}

// extendChain writes the links up to upto; near are entries in hand, so that they need not be read again. Inserts are
// ordered, so the stored chain has no hole; where another process was first, its end is taken over.
func (s *Store) extendChain(ctx context.Context, upto int64, near []entry) error {
	for s.trail.link.Seq < upto {
		at := s.trail.link.Seq
		next := near
		if len(near) > 0 && at+1 >= near[0].Seq {
			next = near[at+1-near[0].Seq:]
		} else {
			var err error
			if next, err = s.between(ctx, at, min(at+atOnce, upto)); err != nil {
				return err
			}
		}
		if err := s.addLinks(ctx, next[:min(len(next), s.batch)]); err != nil {
			return err
		}
		if s.trail.link.Seq == at {
			pause(ctx, time.Millisecond) // taken, not yet by a majority
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) addLinks(ctx context.Context, entries []entry) error {
	if len(entries) == 0 {
		return fmt.Errorf("the journal ends before event %d of the hash chain", s.trail.link.Seq+1)
	}
	last := s.trail.link
	links := make([]any, len(entries))
	for i, e := range entries {
		last = last.next(e)
		links[i] = last
	}
	short, done := s.exchange(ctx)
	defer done()
	_, err := s.chain.InsertMany(short, links)
	if err == nil {
		s.trail.link = last
		return nil
	}
	if _, code, clean := refusedAt(err); !clean || code != duplicateKey {
		return fmt.Errorf("extend the hash chain: %w", away(err))
	}
	if last, err = s.lastLink(ctx); err == nil {
		s.trail.link = last
	}
	return err
}

// check says what is wrong with an entry by itself: its digest, and that the fields beside the payload are the
// payload's own. Of a blanked one the payload is no longer what was digested; it must then hold no words.
func (e entry) check() string {
	event, err := e.event()
	if err != nil {
		return err.Error()
	}
	made, err := newEntry(event)
	if err != nil {
		return err.Error()
	}
	if made.TN != e.TN || made.Key != e.Key || made.Ticket != e.Ticket || made.N != e.N || made.Kind != e.Kind || !made.At.Equal(e.At) {
		return fmt.Sprintf("event %d: what the journal says beside the payload is not what the payload says", e.Seq)
	}
	if e.Blanked {
		if blank, err := blankPayload(event); err != nil || !bytes.Equal(blank, e.Payload) {
			return fmt.Sprintf("event %d is said to be blanked and holds words", e.Seq)
		}
		return ""
	}
	if digest := sha256.Sum256(e.Payload); !bytes.Equal(digest[:], e.Digest) {
		return fmt.Sprintf("event %d: its payload is not what was written", e.Seq)
	}
	return ""
}

func blankPayload(e ticketing.Event) ([]byte, error) {
	e = e.Blank()
	e.Seq = 0
	return json.Marshal(e)
}

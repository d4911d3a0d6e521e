package mongo

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"hotline1022/ticketing"
)

// Blank is the one change the journal knows: it sets an event's payload to the same event without its words. It is the
// same change whoever makes it and however often, so it needs no guard. Then the ticket is made again from all of its
// events, and its count of blanked ones keeps an older row from coming back (put).
func (s *Store) Blank(ctx context.Context, code ticketing.Code, n int) error {
	name := eq("tn", tn(code, n))
	for {
		found, err := s.find(ctx, name)
		if err != nil {
			return fmt.Errorf("look for event %d of %s: %w", n, code, away(err))
		}
		if len(found) == 0 {
			return ticketing.ErrNotFound
		}
		if found[0].Blanked {
			break // read back, too: a server may lose an update
		}
		event, err := found[0].event()
		if err != nil {
			return err
		}
		payload, err := blankPayload(event)
		if err != nil {
			return err
		}
		if err := s.setBlank(ctx, name, payload); err != nil {
			return fmt.Errorf("blank event %d of %s: %w", n, code, away(err))
		}
	}
	anew, err := s.now(ctx, code, true)
	if err != nil {
		return err
	}
	return s.put(ctx, anew, false)
}

func (s *Store) setBlank(ctx context.Context, name bson.D, payload []byte) error {
	ctx, done := s.exchange(ctx)
	defer done()
	_, err := s.journal.UpdateOne(ctx, name, eq("$set", bson.D{{Key: "payload", Value: payload}, {Key: "blanked", Value: true}}))
	return err
}

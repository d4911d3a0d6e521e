package zalo

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"hotline1022/ticketing"
)

// markPatience is how long a mark waits for the receipt of a message that is just being sent. Zalo's two seconds bound it.
const markPatience = time.Second

// noticeReceipt marks the receipts of template messages: their ids are of another kind.
const noticeReceipt = "zns:"

// marks takes what Zalo tells of a message: it is on the phone (user_received_message), she has opened it
// (user_seen_message). Of a template message the recipient is a phone number, and only the first is told.
func (c *Channel) marks(ctx context.Context, e event, s ticketing.DeliveryState) error {
	ids := []loose{e.Message.ID}
	var more []loose
	if json.Unmarshal(e.Message.IDs, &more) == nil {
		ids = append(ids, more[:min(len(more), 50)]...)
	}
	for _, id := range ids {
		if id == "" {
			continue
		}
		err := c.mark(ctx, string(id), s)
		if errors.Is(err, ticketing.ErrNotFound) {
			c.health.count("mark of a message not ours", c.now())
			continue
		}
		if err != nil {
			return err
		}
	}
	return c.done(e, nil)
}

// mark notes the state. Zalo may tell it before it has answered the call that sent the message, so while one of ours
// is under way a receipt nobody knows is waited for, for a moment.
func (c *Channel) mark(ctx context.Context, id string, s ticketing.DeliveryState) error {
	enough := time.NewTimer(markPatience)
	defer enough.Stop()
	for {
		bell := c.Desk.Store.Bell()
		err := c.Desk.Confirm(ctx, ticketing.Zalo, id, s)
		if errors.Is(err, ticketing.ErrNotFound) {
			err = c.Desk.Confirm(ctx, ticketing.Zalo, noticeReceipt+id, s)
		}
		if !errors.Is(err, ticketing.ErrNotFound) || c.sending.Load() == 0 {
			return err
		}
		select {
		case <-bell:
		case <-enough.C:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

package ticketing

import "context"

// CarryOnce does what CarryOver does, for all events of the journal, and ends.
func (d *Desk) CarryOnce(ctx context.Context) error {
	seq := int64(0)
	for {
		events, err := d.Store.Since(ctx, seq, 256)
		if err != nil || len(events) == 0 {
			return err
		}
		for _, e := range events {
			if err := d.carryOn(ctx, e); err != nil {
				return err
			}
			seq = e.Seq
		}
	}
}

// StepOf is which step a code of an authenticator app belongs to.
var StepOf = stepOf

package ticketing

import (
	"slices"
	"time"
)

// delivery is the beginning of the event's message on its way. What must be told by telephone no program can send: it is
// a person's task from the start.
func (e Event) delivery() Delivery {
	if e.Out.Channel == Phone {
		return Delivery{N: e.N, Channel: Phone, State: Failed}
	}
	return Delivery{N: e.N, Channel: e.Out.Channel, State: Queued, Next: e.At}
}

// deliver follows one message on its way; false if it makes no sense.
func (t *Ticket) deliver(e Event) bool {
	i := slices.IndexFunc(t.Sending, func(d Delivery) bool { return d.N == e.Ref })
	if i < 0 {
		return false
	}
	d := t.Sending[i]
	switch {
	case e.Kind == SendConfirmed:
		if to := DeliveryState(e.Field); d.State.rank() == 0 || to.rank() <= d.State.rank() {
			return false
		}
		d.State = DeliveryState(e.Field)
	case e.Kind == SendRequeued:
		if d.State != Failed || d.Call() {
			return false
		}
		d.State, d.Again, d.Next, d.Reason, d.Seen = Queued, d.Try, e.At, "", false
	case e.Kind == SendAttempted:
		if d.Settled() || e.Try != d.Try+1 {
			return false
		}
		d.Try, d.State, d.Next = e.Try, Attempted, e.Next
	case e.Try != d.Try || d.Settled() && (e.Field != byPost || d.State == Failed):
		return false
	case e.Kind == SendDelivered:
		d.State, d.At, d.Receipt, d.Next, d.Reason = Delivered, e.At, e.Receipt, time.Time{}, ""
	case e.Next.IsZero():
		d.State, d.Reason, d.Next = Failed, e.Reason, time.Time{}
	default:
		d.State, d.Reason, d.Next = Retry, e.Reason, e.Next
	}
	t.Sending = slices.Clone(t.Sending)
	t.Sending[i] = d
	return true
}

// seenTo notes that the hotline has seen to what failed: it wrote to the citizen, or down how else she was reached. That
// she has been called takes a note that says which call it was; else a later answer makes it needless.
func seenTo(all []Delivery, e Event) []Delivery {
	switch {
	case e.By.Role != Operator && e.By.Role != Supervisor:
		return all
	case e.Kind != Noted && e.Kind != Messaged && e.Kind != Asked && e.Kind != AnsweredBy && e.Kind != ClosedBy:
		return all
	case !slices.ContainsFunc(all, Delivery.Task):
		return all
	}
	all = slices.Clone(all)
	for i, d := range all {
		switch {
		case !d.Task() || d.N == e.N:
		case !d.Call(), e.Ref == d.N, e.Kind == AnsweredBy, e.Kind == ClosedBy:
			all[i].Seen = true
		}
	}
	return all
}

// settledTail keeps what is still on its way or a task, and the last few that arrived or failed.
func settledTail(all []Delivery) []Delivery {
	const keep = 8
	kept := make([]Delivery, 0, len(all)+1)
	settled := 0
	for _, d := range slices.Backward(all) {
		if d.Settled() && !d.Task() {
			if settled++; settled > keep {
				continue
			}
		}
		kept = append(kept, d)
	}
	slices.Reverse(kept)
	return kept
}

// addFiles takes over the files that are not the ticket's yet: an answer may send along what came in.

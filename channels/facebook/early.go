package facebook

import (
	"context"
	"time"
)

// early is word of a message that came before the message's sending was written down: Facebook's events and its
// answers go different ways. It is tried again now and then, which is a courtesy: what is lost at a restart is a tick
// beside a message, never the message.
type early struct {
	left int                        // tries
	try  func(context.Context) bool // true: done
}

const maxEarly = 1000

// tooEarly keeps it for another try.
func (c *Channel) tooEarly(tries int, try func(context.Context) bool) {
	select {
	case c.early <- early{left: tries, try: try}:
	default:
	}
}

// settleEarly tries what is waiting at every look, until ctx ends.
func (c *Channel) settleEarly(ctx context.Context, every time.Duration) error {
	look := time.NewTicker(every)
	defer look.Stop()
	var waiting []early
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e := <-c.early:
			if len(waiting) < maxEarly {
				waiting = append(waiting, e)
			}
		case <-look.C:
			waiting = again(ctx, waiting)
		}
	}
}

// again tries each once and gives those that are to be tried on.
func again(ctx context.Context, waiting []early) []early {
	kept := waiting[:0]
	for _, e := range waiting {
		if e.left--; !e.try(ctx) && e.left > 0 {
			kept = append(kept, e)
		}
	}
	return kept
}

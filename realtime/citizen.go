package realtime

import (
	"context"
	"fmt"
	"time"

	"hotline1022/ticketing"
)

// citizenFeed reads one ticket's own events from the store when the hub says there are some. It has no ring: one
// citizen follows one ticket, and the ticket's timeline is her journal. Its place is the ticket's version, so the
// feed's numbers, and with them how much goes on in the province, stay unseen.
type citizenFeed struct {
	hub     *Hub
	code    ticketing.Code
	lang    string
	version int
	topic   *topic
	begun   bool
	lost    bool
}

func (f *citizenFeed) at() int64 { return int64(f.version) }

func (f *citizenFeed) next(ctx context.Context) (frames [][]byte, reset bool, err error) {
	if f.begun && int64(f.version) >= f.topic.latest.Load() {
		return nil, false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err = f.hub.guard("telling a citizen", func() error {
		frames, reset, err = f.read(ctx)
		return err
	})
	if err != nil && ctx.Err() == nil {
		f.hub.Log.Error("a citizen's screen cannot be told", "ticket", f.code, "err", err)
	}
	f.begun = true
	return frames, reset, err
}

func (f *citizenFeed) read(ctx context.Context) (frames [][]byte, reset bool, err error) {
	events, err := f.hub.Timeline(ctx, f.code, f.version)
	if err != nil {
		return nil, false, fmt.Errorf("timeline: %w", err)
	}
	if len(events) == 0 && !f.lost && f.begun {
		return nil, false, nil
	}
	t, err := f.hub.Ticket(ctx, f.code)
	if err != nil {
		return nil, false, fmt.Errorf("ticket: %w", err)
	}
	if f.lost || f.version > t.Version || len(events) > f.hub.Limits.Citizen {
		f.lost, f.version = false, t.Version
		return nil, true, nil
	}
	for _, e := range events {
		f.version = e.N
		change, ok := f.hub.RenderCitizen(f.lang, e, t)
		if !ok {
			continue
		}
		change.name(e, t)
		change.Seq = int64(e.N)
		text, err := encode(change)
		if err != nil {
			return nil, false, err
		}
		frames = append(frames, text)
	}
	f.hub.count.rendered.Add(int64(len(frames)))
	return frames, false, nil
}

func (f *citizenFeed) pulse() []byte { return nil }

func (f *citizenFeed) watch([]ticketing.Code, bool) {}

package realtime

import (
	"context"
	"sync/atomic"

	"hotline1022/ticketing"
)

// staffFeed walks the ring for one audience.
type staffFeed struct {
	hub      *Hub
	audience *audience
	seq      int64 // cursor
	lost     bool  // it came with a place that is not of this journal
	pulsed   *[]byte
	eyed     *[]byte
	own      *own                                    // nil: of a program, which has nothing of its own
	owned    *[]byte                                 // what was handed out of it
	watched  atomic.Pointer[map[ticketing.Code]bool] // nil is all
}

func (f *staffFeed) at() int64 { return f.seq }

func (f *staffFeed) next(context.Context) (frames [][]byte, reset bool, err error) {
	head := f.hub.ring.head.Load()
	if f.lost {
		f.lost = false
		f.seq = head
		return nil, true, nil
	}
	watched := f.watched.Load()
	size := 0
	for seq := f.seq + 1; seq <= head; seq++ {
		e := f.hub.ring.at(seq)
		if e == nil || e.lost {
			f.seq = head
			return nil, true, nil
		}
		var text []byte
		if watched == nil || (*watched)[e.event.Ticket] {
			text = f.hub.encoded(f.audience, e)
		}
		if text != nil {
			if size += len(text) + 1; size > f.hub.Limits.Batch && frames != nil {
				break
			}
			frames = append(frames, text)
		}
		f.seq = seq
	}
	return frames, false, nil
}

func (f *staffFeed) pulse() []byte {
	if f.own != nil {
		if o := f.own.frame.Load(); o != nil && o != f.owned { // it rings: before any figures
			f.owned = o
			return *o
		}
	}
	if p := f.audience.pulse.Load(); p != nil && p != f.pulsed {
		f.pulsed = p
		return *p
	}
	if e := f.audience.eyes.Load(); e != nil && e != f.eyed && f.own != nil {
		f.eyed = e
		return *e
	}
	return nil
}

func (f *staffFeed) watch(codes []ticketing.Code, all bool) {
	if all {
		f.watched.Store(nil)
		return
	}
	set := make(map[ticketing.Code]bool, len(codes))
	for _, code := range codes {
		set[code] = true
	}
	f.watched.Store(&set)
}

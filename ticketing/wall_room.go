package ticketing

import (
	"context"
	"slices"
	"time"
)

// WallRoom is what a supervisor asks of the room: who holds how much, where it stands, how old it is.
type WallRoom struct {
	At      time.Time
	People  []WallHand // operators and supervisors who may sign in, by id
	Nobody  int        // waiting for the hotline, and in nobody's hand
	Doors   []WallDoor // those with something open
	Ages    []WallAge  // the open statuses in order
	Waiting int
}

// WallHand is what one person of the hotline holds.
type WallHand struct {
	Staff         Staff
	Open, Overdue int
	Waiting       int // of Open, for the hotline: hers to do now

	Doors []WallDoor // those she is given tickets of, and those she holds something of
	All   bool       // she is given tickets of every door
}

// WallDoor is what is open of one channel.
type WallDoor struct {
	Channel       Channel
	Open, Waiting int
}

// WallAge is how old what stands in one status is, by the bands of AgeBands.
type WallAge struct {
	Status Status
	Total  int
	Bands  [len(AgeBands) + 1]int
}

// AgeBands part the ages, counted from reception by the clock: 0–1 h, 1–4 h, 4–24 h, 1–3 days, more.
var AgeBands = [...]time.Duration{time.Hour, 4 * time.Hour, 24 * time.Hour, 72 * time.Hour}

// AgeBand is when what is in the i-th band now was received: [from, to), a zero time has no bound.
func AgeBand(now time.Time, i int) (from, to time.Time) {
	if i < len(AgeBands) {
		from = now.Add(-AgeBands[i])
	}
	if i > 0 {
		to = now.Add(-AgeBands[i-1])
	}
	return from, to
}

// Room is at most Age old, and shared by all who ask.
func (w *Wall) Room(ctx context.Context, accounts *Accounts) (WallRoom, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fresh(w.room.At, w.Desk.now()) {
		return w.room, nil
	}
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), wallPatience)
	defer done()
	r, err := w.countRoom(ctx, accounts)
	if err != nil {
		return WallRoom{}, storeError("counting for the supervisor", err)
	}
	w.room = r
	return r, nil
}

func (w *Wall) countRoom(ctx context.Context, accounts *Accounts) (WallRoom, error) {
	r := WallRoom{At: w.Desk.now()}
	if err := w.follow(ctx, r.At); err != nil {
		return r, err
	}
	all, err := accounts.AllStaff(ctx)
	if err != nil {
		return r, err
	}
	hands, doors, ages := map[string]*WallHand{}, map[Channel]*WallDoor{}, map[Status]*WallAge{}
	held := map[string]map[Channel]*WallDoor{} // by person
	for _, ch := range Channels {
		doors[ch] = &WallDoor{Channel: ch}
	}
	for _, status := range OpenStatuses {
		ages[status] = &WallAge{Status: status}
	}
	for _, s := range all {
		s.Password = "" // not for a screen's memory
		hands[s.ID] = &WallHand{Staff: s}
	}
	for _, t := range w.open {
		door, hand, age := doors[t.channel], hands[t.assignee], ages[t.status]
		if hand == nil {
			hand = &WallHand{} // nobody's, or of somebody who is gone
		}
		if door == nil {
			door = &WallDoor{}
		}
		door.Open++
		hand.Open++
		mine := held[t.assignee]
		if mine == nil {
			mine = map[Channel]*WallDoor{}
			held[t.assignee] = mine
		}
		if mine[t.channel] == nil {
			mine[t.channel] = &WallDoor{}
		}
		mine[t.channel].Open++
		age.Total++
		age.Bands[bandOf(r.At, t.received)]++
		if t.overdue(r.At) {
			hand.Overdue++
		}
		if t.waits() {
			door.Waiting++
			mine[t.channel].Waiting++
			hand.Waiting++
			r.Waiting++
			if t.assignee == "" {
				r.Nobody++
			}
		}
	}
	cat := w.Desk.Catalog.Current()
	for _, s := range all {
		if !s.InTheRoom() {
			continue
		}
		hand, duty := hands[s.ID], cat.Duty(s.ID)
		hand.All = len(duty.Channels) == 0
		for _, ch := range Channels {
			door := WallDoor{Channel: ch}
			if held := held[s.ID][ch]; held != nil {
				door.Open, door.Waiting = held.Open, held.Waiting
			}
			if door.Open > 0 || slices.Contains(duty.Channels, ch) {
				hand.Doors = append(hand.Doors, door)
			}
		}
		r.People = append(r.People, *hand)
	}
	for _, ch := range Channels {
		if doors[ch].Open > 0 {
			r.Doors = append(r.Doors, *doors[ch])
		}
	}
	for _, status := range OpenStatuses {
		r.Ages = append(r.Ages, *ages[status])
	}
	return r, nil
}

// bandOf is the band in which what was received then is now.
func bandOf(now, received time.Time) int {
	for i := range AgeBands {
		if from, _ := AgeBand(now, i); !received.Before(from) {
			return i
		}
	}
	return len(AgeBands)
}

// InTheRoom says that the person answers citizens for the hotline, and may hold tickets as its own.
func (s Staff) InTheRoom() bool { return !s.Off && (s.Role == Operator || s.Role == Supervisor) }

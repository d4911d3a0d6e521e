package ticketing

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// kindSpikeAlarm records are the alarms: one per category and area, its versions are its beginnings and ends.
const kindSpikeAlarm = "spike-alarm"

// Spike is an alarm: unusually many matters of a category from an area within an hour.
type Spike struct {
	Category string    `json:"category"`
	Area     string    `json:"area"`
	Began    time.Time `json:"began"`
	Ended    time.Time `json:"ended,omitzero"`
	First    int       `json:"first"` // in the hour before it began
	Usual    float64   `json:"usual"` // in that hour of that weekday
	Weeks    int       `json:"weeks"` // that Usual is the mean of

	Count int `json:"-"` // in the last hour
}

// Key names the alarm: there is one per category and area.
func (s Spike) Key() string { return s.Category + "/" + s.Area }

const (
	spikeWindow = time.Hour
	spikeWeeks  = 8
	week        = 7 * 24 * time.Hour

	// mostInWindow: beyond so many matters in an hour only the latest are looked at. A spike is among them.
	mostInWindow = 3000
)

// spikeKinds are what is counted: no rubbish, and nothing of which not even the number may be shown on a wall.
var spikeKinds = slices.DeleteFunc(slices.Clone(Kinds[:]), func(k Kind) bool { return k.OwnLaw() || k == Spam })

// LookForSpikes begins and ends alarms: see SpikeRule.Unusual for when. It may run on many machines at once and twice:
// one of them gets to write the record. What has no category or no area yet is not counted: all that is new has none.
func (d *Desk) LookForSpikes(ctx context.Context) error {
	now, cat := d.now(), d.Catalog.Current()
	going, err := d.alarms(ctx)
	if err != nil {
		return err
	}
	counts := map[Spike]int{}
	if least := cat.leastOfAll(); least > 0 {
		if counts, err = d.inWindow(ctx, now); err != nil {
			return err
		}
		for key, n := range counts {
			if n < least {
				delete(counts, key)
			}
		}
	}
	for _, a := range going {
		if a.Ended.IsZero() { // to be looked at even if there is nothing more
			key := Spike{Category: a.Category, Area: a.Area}
			counts[key] += 0
		}
	}
	var errs []error
	for key, n := range counts {
		errs = append(errs, d.judge(ctx, now, going[key.Key()], key, n, cat.Spike(key.Category)))
	}
	return errors.Join(errs...)
}

// judge begins or ends the alarm of one category and area.
func (d *Desk) judge(ctx context.Context, now time.Time, was spikeRecord, key Spike, n int, rule SpikeRule) error {
	before, err := d.sameHours(ctx, now, key)
	if err != nil {
		return err
	}
	on := was.version > 0 && was.Ended.IsZero()
	if on && n == 0 || on && n < rule.Least { // LookForSpikes may have left out what is few
		if n, err = d.spikeCount(ctx, key, now); err != nil {
			return err
		}
	}
	switch {
	case !on && rule.Unusual(n, before):
		key.Began, key.First, key.Weeks = now, n, len(before)
		for _, b := range before {
			key.Usual += float64(b) / float64(len(before))
		}
	case on && rule.Over(n, before):
		key = was.Spike
		key.Ended = now
	default:
		return nil
	}
	doc, err := json.Marshal(key)
	if err != nil {
		return err
	}
	err = d.Store.Put(ctx, Record{Kind: kindSpikeAlarm, ID: key.Key(), Version: was.version + 1, At: now, By: system.ID, Doc: doc})
	if errors.Is(err, ErrConflict) {
		return nil // another process was first, with the same to say
	}
	return storeError("noting a spike", err)
}

type spikeRecord struct {
	Spike
	version int
}

// alarms are the present versions of all there ever were, by key.
func (d *Desk) alarms(ctx context.Context) (map[string]spikeRecord, error) {
	rs, err := d.Store.All(ctx, kindSpikeAlarm, "")
	if err != nil {
		return nil, storeError("reading the spikes", err)
	}
	all := make(map[string]spikeRecord, len(rs))
	for _, r := range rs {
		one := spikeRecord{version: r.Version}
		if err := json.Unmarshal(r.Doc, &one.Spike); err != nil {
			return nil, fmt.Errorf("spike %q: %w", r.ID, err)
		}
		all[r.ID] = one
	}
	return all, nil
}

// Spikes are the alarms going on, the largest first.
func (d *Desk) Spikes(ctx context.Context) ([]Spike, error) {
	all, err := d.alarms(ctx)
	if err != nil {
		return nil, err
	}
	var out []Spike
	for _, a := range all {
		if !a.Ended.IsZero() {
			continue
		}
		if a.Count, err = d.spikeCount(ctx, a.Spike, d.now()); err != nil {
			return nil, err
		}
		out = append(out, a.Spike)
	}
	slices.SortFunc(out, func(a, b Spike) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Key(), b.Key())) })
	return out, nil
}

// inWindow counts the last hour by category and area.
func (d *Desk) inWindow(ctx context.Context, now time.Time) (map[Spike]int, error) {
	counts, read := map[Spike]int{}, 0
	f := spikeFilter(Spike{}, now)
	for f.Limit = 200; read < mostInWindow; {
		page, err := d.Store.List(ctx, f)
		if err != nil {
			return nil, storeError("reading the last hour", err)
		}
		for _, t := range page.Tickets {
			if t.Category != "" && t.Area != "" {
				counts[Spike{Category: t.Category, Area: t.Area}]++
			}
		}
		read += len(page.Tickets)
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
	}
	return counts, nil
}

// sameHours counts the same hour of the same weekday in the weeks before, as far as there are whole weeks.
func (d *Desk) sameHours(ctx context.Context, now time.Time, key Spike) ([]int, error) {
	first, err := d.Store.List(ctx, Filter{Scope: hotline, Sort: ByOldest, Limit: 1})
	if err != nil {
		return nil, storeError("reading the first matter", err)
	}
	var out []int
	for at := now.Add(-week); len(out) < spikeWeeks && len(first.Tickets) > 0 && !at.Add(-spikeWindow).Before(first.Tickets[0].Received); at = at.Add(-week) {
		n, err := d.spikeCount(ctx, key, at)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

func (d *Desk) spikeCount(ctx context.Context, key Spike, until time.Time) (int, error) {
	n, err := d.Store.Count(ctx, spikeFilter(key, until))
	return n, storeError("counting an hour", err)
}

// spikeFilter is the hour before a moment, of the key's category and area if it has them.
func spikeFilter(key Spike, until time.Time) Filter {
	f := Filter{Scope: hotline, Kind: spikeKinds, From: until.Add(-spikeWindow), To: until}
	if key.Category != "" {
		f.Category, f.Area = []string{key.Category}, []string{key.Area}
	}
	return f
}

// WatchForSpikes looks as long as ctx goes on: soon after something was written, and once a minute for those that end.
func (d *Desk) WatchForSpikes(ctx context.Context) error {
	const pause, idle = 10 * time.Second, time.Minute
	for {
		bell := d.Store.Bell()
		if err := d.LookForSpikes(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error("spikes cannot be looked for", "err", err)
		}
		rest := time.NewTimer(pause)
		select {
		case <-rest.C:
		case <-ctx.Done():
			rest.Stop()
			return ctx.Err()
		}
		rest.Reset(idle - pause)
		select {
		case <-bell:
		case <-rest.C:
		case <-ctx.Done():
		}
		rest.Stop()
	}
}

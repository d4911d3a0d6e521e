package ticketing

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"hotline1022/ticketing/text"
)

// Near is a ticket that may be about the same thing as another.
type Near struct {
	Ticket
	Metres int // between the two places; -1 where one has none
	Shared int // of the words of the shorter one, how many of a hundred the other has too
}

const (
	nearFor      = 30 * 24 * time.Hour
	nearLooked   = 100 // the latest of the same category and area
	nearMetres   = 150
	nearShared   = 45
	nearVeryLike = 70
)

// Nearby is what may be about the same thing as t: of the same category in the same area within 30 days, close by or in
// much the same words, the likeliest first. Nothing without a category and an area: then all is like all.
func (d *Desk) Nearby(ctx context.Context, by Actor, t Ticket, limit int) ([]Near, error) {
	if t.Category == "" || t.Area == "" || t.Kind.OwnLaw() || t.Kind == Spam || t.Kind == Lobby {
		return nil, nil
	}
	open := append(slices.Clone(OpenStatuses), Answered)
	page, err := d.List(ctx, by, Filter{Category: []string{t.Category}, Area: []string{t.Area}, Status: open, From: t.Received.Add(-nearFor), To: t.Received.Add(nearFor), Limit: nearLooked})
	if err != nil {
		return nil, err
	}
	mine := wordSet(t)
	var out []Near
	for _, o := range page.Tickets {
		if o.Code == t.Code || o.Into != "" || o.Kind.OwnLaw() || slices.Contains(t.Absorbed, o.Code) {
			continue
		}
		n := Near{Ticket: o, Metres: metres(t.Location, o.Location), Shared: shared(mine, wordSet(o))}
		close := n.Metres >= 0 && n.Metres <= nearMetres
		if close || n.Shared >= nearVeryLike || n.Metres < 0 && n.Shared >= nearShared {
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(a, b Near) int {
		return cmp.Or(cmp.Compare(b.likeness(), a.likeness()), cmp.Compare(b.First, a.First))
	})
	return out[:min(limit, len(out))], nil
}

// likeness puts the same words at the same corner first.
func (n Near) likeness() int {
	if n.Metres < 0 {
		return n.Shared
	}
	return n.Shared + max(0, 100-100*n.Metres/nearMetres)
}

func wordSet(t Ticket) map[string]bool {
	set := map[string]bool{}
	for _, w := range text.Words(t.Subject + " " + t.Text + " " + t.Address) {
		set[w] = true
	}
	return set
}

func shared(a, b map[string]bool) int {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) == 0 {
		return 0
	}
	n := 0
	for w := range a {
		if b[w] {
			n++
		}
	}
	return 100 * n / len(a)
}

// metres between two places near each other: on a plane, which is right to a few in a thousand over a province.
func metres(a, b *Point) int {
	if a == nil || b == nil {
		return -1
	}
	const degree = 111_320
	x := (a.Lng - b.Lng) * degree * math.Cos((a.Lat+b.Lat)/2*math.Pi/180)
	y := (a.Lat - b.Lat) * degree
	return int(math.Hypot(x, y) + 0.5)
}

package ui

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// ChannelHealth is how one door does, as it tells itself.
type ChannelHealth struct {
	Channel       ticketing.Channel
	On            bool // its settings are given
	Hears, Speaks bool
	LastEvent     time.Time
	LastSent      time.Time
	TokenAge      time.Duration    // of an access token; 0: it has none
	Followers     int64            // 0: not known
	Counts        map[string]int64 // what came, by the channel's own names, since the start of this process
	Problems      []ChannelProblem
}

// ChannelProblem is something a person should mend. It goes by itself once the same thing works again.
type ChannelProblem struct {
	Key   string // of the sentence in package words
	Args  []any
	At    time.Time // when it was seen last
	Times int
}

// channelsPage shows every door: what is wrong first.
type channelsPage struct {
	adminPage
	Doors []doorView
}

type doorView struct {
	ChannelHealth
	Icon   string
	State  string // bad, deaf (or dumb), good, off
	Said   []problemView
	Counts []countView
}

type problemView struct {
	Text  string
	At    time.Time
	Times int
}

type countView struct {
	Name string
	N    int64
}

func (s *Server) adminChannels(v *visit) error {
	p := channelsPage{adminPage: s.adminPage(v, "channels", v.t("admin.channels"))}
	if s.Channels != nil {
		for _, h := range s.Channels() {
			p.Doors = append(p.Doors, viewDoor(v.lang, h))
		}
	}
	order := map[string]int{"bad": 0, "deaf": 1, "good": 2, "off": 3}
	slices.SortStableFunc(p.Doors, func(a, b doorView) int { return cmp.Compare(order[a.State], order[b.State]) })
	return s.ok(v, "admin-channels", p)
}

func viewDoor(lang string, h ChannelHealth) doorView {
	d := doorView{ChannelHealth: h}
	for _, p := range h.Problems {
		d.Said = append(d.Said, problemView{words.T(lang, p.Key, p.Args...), p.At, p.Times})
	}
	for _, name := range slices.Sorted(maps.Keys(h.Counts)) {
		d.Counts = append(d.Counts, countView{name, h.Counts[name]})
	}
	switch {
	case !h.On:
		d.State, d.Icon = "off", "x"
	case len(h.Problems) > 0:
		d.State, d.Icon = "bad", "triangle-alert"
	case !h.Hears || !h.Speaks:
		d.State, d.Icon = "deaf", "triangle-alert"
	default:
		d.State, d.Icon = "good", "circle-check"
	}
	return d
}

package ui

import (
	"cmp"
	"errors"
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
	Doors      []doorView
	Telephones []telephoneView // of those who answer; none without a telephone channel
	Errors     fieldErrors
}

type telephoneView struct{ Staff, Name, Extension string }

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
	p, err := s.channelsPage(v)
	if err != nil {
		return err
	}
	return s.ok(v, "admin-channels", p)
}

// setExtension gives a person a telephone; an empty one takes it away.
func (s *Server) setExtension(v *visit) error {
	f, err := s.form(v)
	if err != nil {
		return err
	}
	if s.SetExtension == nil {
		return ticketing.ErrNotFound
	}
	err = s.SetExtension(v.ctx(), v.actor(), f.value("staff"), f.value("extension"))
	if c := ticketing.ClassOf(err); err != nil && (c == ticketing.Invalid || c == ticketing.Conflict) {
		p, failed := s.channelsPage(v)
		if failed != nil {
			return failed
		}
		var e *ticketing.Error
		if errors.As(err, &e) {
			p.Errors = fieldErrors{"extension": e.Text(v.lang)}
		}
		return s.render(v, 422, "admin-channels", p)
	}
	if err != nil {
		return err
	}
	return v.seeOther("/admin/channels?ok=saved")
}

func (s *Server) channelsPage(v *visit) (channelsPage, error) {
	p := channelsPage{adminPage: s.adminPage(v, "channels", v.t("admin.channels"))}
	if s.Channels != nil {
		for _, h := range s.Channels() {
			p.Doors = append(p.Doors, viewDoor(v.lang, h))
		}
	}
	order := map[string]int{"bad": 0, "deaf": 1, "good": 2, "off": 3}
	slices.SortStableFunc(p.Doors, func(a, b doorView) int { return cmp.Compare(order[a.State], order[b.State]) })
	if s.Extensions == nil {
		return p, nil
	}
	owners, err := s.Extensions(v.ctx())
	if err != nil {
		return p, err
	}
	of := map[string]string{}
	for extension, staff := range owners {
		of[staff] = extension
	}
	all, err := s.Accounts.AllStaff(v.ctx())
	if err != nil {
		return p, err
	}
	for _, a := range all {
		if !a.Off && (a.Role == ticketing.Operator || a.Role == ticketing.Supervisor) {
			p.Telephones = append(p.Telephones, telephoneView{a.ID, a.Name, of[a.ID]})
		}
	}
	return p, nil
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

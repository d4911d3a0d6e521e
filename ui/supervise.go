package ui

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// supervisePath is the screen of who leads the shift (trưởng ca).
const supervisePath = "/console/truong-ca"

// supervisePage is the whole screen: the room, and a list of tickets to be moved.
type supervisePage struct {
	Page
	Room superviseView
	List superviseList

	Targets []ticketing.Staff // to whom tickets can be given
	Results []moveResult
	Undos   []bulkUndo
	Alert   ticketing.DutyAlert // the shift's default
	Notice  string
	Fault   string

	Spot spot
}

// superviseView is what changes by itself.
type superviseView struct {
	At          time.Time
	Figures     ticketing.WallFigures
	Longest     string
	LongestTone string
	Room        ticketing.WallRoom
	People      []personView
	Presence    bool // it is known who is there
	Views       []tab
	Spikes      []spikeView
	Disputed    []rowView // given back twice, and nobody has taken them up
}

// disputedAt returns a coordinator must decide whose a ticket is (Hotline rule: the second refusal wakes one).
const (
	disputedAt   = 2
	mostDisputed = 10
)

// personView is one of the room.
type personView struct {
	ticketing.WallHand
	Screens   int
	Extension string
	Here      bool // hers is the list shown
	Seat      Seat // at the telephone; zero: at none
}

// superviseList is some tickets.
type superviseList struct {
	Title string
	Query string // of its address
	Rows  []superviseRow
	Next  string // address of the page behind
}

type superviseRow struct {
	rowView
	Holder string // name; "" is nobody
	Seen   string // code and version, as the form sends them
	Agency bool   // an agency's officer holds it: not to be moved from here
}

func (s *Server) supervise(v *visit) error {
	p, err := s.superviseNow(v, v.Query)
	if err != nil {
		return err
	}
	if v.Query("ok") == "nhac" {
		p.Notice = v.t("supervise.whispered")
	}
	return s.ok(v, "supervise", p)
}

func (s *Server) supervisePart(v *visit) error {
	room, err := s.roomNow(v, v.Query("nguoi"))
	if err != nil {
		return err
	}
	return s.ok(v, "supervise.live", room)
}

// superviseNow reads the screen; ask is the choice of the list.
func (s *Server) superviseNow(v *visit, ask func(string, ...string) string) (supervisePage, error) {
	p := supervisePage{Page: s.page(v, v.t("nav.supervise")), Spot: s.spot()}
	p.Here, p.NoIndex, p.Scripts = supervisePath, true, []string{"supervise.js"}
	p.Alert = s.Desk.Catalog.Current().DutyAlert()
	var err error
	if p.Room, err = s.roomNow(v, ask("nguoi")); err != nil {
		return p, err
	}
	for _, one := range p.Room.People {
		p.Targets = append(p.Targets, one.Staff)
	}
	p.List, err = s.superviseList(v, ask)
	return p, err
}

// roomNow is the figures, shared with the wall board and among supervisors.
func (s *Server) roomNow(v *visit, here string) (superviseView, error) {
	var w superviseView
	var err error
	if w.Figures, err = s.Wall.Figures(v.ctx()); err != nil {
		return w, err
	}
	if w.Room, err = s.Wall.Room(v.ctx(), s.Accounts); err != nil {
		return w, err
	}
	w.At, w.Longest = w.Figures.At, v.t("board.none")
	if !w.Figures.Longest.IsZero() {
		passed := w.Figures.WaitingLongest()
		w.Longest, w.LongestTone = format{v.lang, s.Now}.elapsed(passed), tone(passed, patientFor)
	}
	w.Spikes = s.spikeViews(v.lang, w.Figures.Spikes)
	var present map[string]int
	if s.Present != nil {
		present, w.Presence = s.Present(), true
	}
	extensions := map[string]string{} // staff → extension
	if s.Extensions != nil {
		all, err := s.Extensions(v.ctx())
		if err != nil {
			return w, err
		}
		for extension, staff := range all {
			extensions[staff] = extension
		}
	}
	var seats map[string]Seat
	if s.Seats != nil {
		seats = s.Seats()
	}
	disputed, err := s.Desk.List(v.ctx(), v.actor(), ticketing.Filter{Status: openNow, Returned: disputedAt, Nobody: true, Sort: ticketing.ByDue, Limit: mostDisputed})
	if err != nil {
		return w, err
	}
	if w.Disputed, err = s.rows(v.ctx(), v.lang, console.base, "disputed", disputed.Tickets...); err != nil {
		return w, err
	}
	for _, hand := range w.Room.People {
		w.People = append(w.People, personView{hand, present[hand.Staff.ID], extensions[hand.Staff.ID], hand.Staff.ID == here, seats[hand.Staff.ID]})
	}
	byName := vietnamese()
	slices.SortStableFunc(w.People, func(a, b personView) int { // who is there first, who holds most of those
		return cmp.Or(cmp.Compare(min(b.Screens, 1), min(a.Screens, 1)), cmp.Compare(b.Open, a.Open), byName.CompareString(a.Staff.Name, b.Staff.Name))
	})
	for _, view := range consoleViews {
		if view.own || view.Key == "done" {
			continue
		}
		n, err := view.count(v.ctx(), s, v.actor())
		if err != nil {
			return w, err
		}
		w.Views = append(w.Views, tab{Key: view.Key, Count: min(n, countMost), Many: n > countMost})
	}
	return w, nil
}

// superviseList is the tickets behind the number that was opened; without a choice, those that wait in nobody's hand.
func (s *Server) superviseList(v *visit, ask func(string, ...string) string) (superviseList, error) {
	cat := s.Desk.Catalog.Current()
	l, q := superviseList{}, url.Values{}
	f := ticketing.Filter{Limit: 50, Sort: ticketing.ByOldest, Cursor: ask("cursor")}
	band, bandErr := strconv.Atoi(ask("tuoi"))
	switch {
	case ask("nguoi") != "":
		name, err := s.nameOf(v.ctx(), v.lang, ticketing.Actor{ID: ask("nguoi"), Role: ticketing.Operator})
		if err != nil {
			return l, err
		}
		l.Title = v.t("supervise.list.person", name)
		f.Status, f.Assignee, f.Sort = openNow, ask("nguoi"), ticketing.ByDue
		q.Set("nguoi", f.Assignee)
	case slices.Contains(openNow, ticketing.Status(ask("trang-thai"))) && bandErr == nil && band >= 0 && band <= len(ticketing.AgeBands):
		f.Status = []ticketing.Status{ticketing.Status(ask("trang-thai"))}
		f.From, f.To = ticketing.AgeBand(s.Now(), band)
		l.Title = v.t("supervise.list.age", v.t("status."+ask("trang-thai")), v.t("supervise.age."+strconv.Itoa(band)))
		q.Set("trang-thai", ask("trang-thai"))
		q.Set("tuoi", strconv.Itoa(band))
	case slices.Contains(ticketing.Channels[:], ticketing.Channel(ask("kenh"))):
		f.Status, f.Channel = openNow, []ticketing.Channel{ticketing.Channel(ask("kenh"))}
		l.Title = v.t("supervise.list.door", v.t("channel."+ask("kenh")))
		q.Set("kenh", ask("kenh"))
	case ask("linh-vuc") != "":
		f.Category, f.Area = []string{ask("linh-vuc")}, []string{ask("noi")}
		f.From = s.Now().Add(-time.Hour)
		unit, _ := cat.Atlas.Unit(ask("noi"))
		l.Title = v.t("supervise.list.spike", cmp.Or(cat.Categories[ask("linh-vuc")].Title(v.lang), ask("linh-vuc")), cmp.Or(unit.FullName, ask("noi")))
		q.Set("linh-vuc", ask("linh-vuc"))
		q.Set("noi", ask("noi"))
	case ask("cho") != "":
		f.Status, l.Title = ticketing.HotlineStatuses, v.t("supervise.list.waiting")
		q.Set("cho", "1")
	default:
		f.Status, f.Nobody, l.Title = ticketing.HotlineStatuses, true, v.t("supervise.list.nobody")
	}
	l.Query = q.Encode()
	page, err := s.Desk.List(v.ctx(), v.actor(), f)
	if err != nil {
		return l, err
	}
	if page.Next != "" {
		q.Set("cursor", page.Next)
		l.Next = supervisePath + "?" + q.Encode() + "#list"
	}
	l.Rows, err = s.superviseRows(v, page.Tickets)
	return l, err
}

func (s *Server) superviseRows(v *visit, tickets []ticketing.Ticket) ([]superviseRow, error) {
	rows, err := s.rows(v.ctx(), v.lang, console.base, "", tickets...)
	if err != nil {
		return nil, err
	}
	out := make([]superviseRow, len(rows))
	holders := map[string]ticketing.Staff{}
	for i, r := range rows {
		out[i] = superviseRow{rowView: r, Seen: string(r.Code) + ":" + strconv.Itoa(r.Version)}
		if r.Assignee == "" {
			continue
		}
		holder, err := s.holder(v.ctx(), holders, r.Assignee)
		if err != nil {
			return nil, err
		}
		out[i].Holder, out[i].Agency = holder.Name, holder.Agency != ""
	}
	return out, nil
}

// holder is who holds a ticket. An account that is gone is named by its id.
func (s *Server) holder(ctx context.Context, known map[string]ticketing.Staff, id string) (ticketing.Staff, error) {
	if one, ok := known[id]; ok {
		return one, nil
	}
	one, err := s.Accounts.Staff(ctx, id)
	if errors.Is(err, ticketing.ErrNotFound) {
		one, err = ticketing.Staff{ID: id, Name: id}, nil
	}
	known[id] = one
	return one, err
}

// whisper writes a note to who holds the ticket: the hotline sees it, the citizen and the agencies do not.
func (s *Server) whisper(v *visit) error {
	code, err := codeOf(v)
	if err != nil {
		return err
	}
	t, err := s.Desk.Ticket(v.ctx(), v.actor(), code)
	if err != nil {
		return err
	}
	said := strings.TrimSpace(v.FormValue("text"))
	if said != "" && t.Assignee != "" {
		holder, err := s.holder(v.ctx(), map[string]ticketing.Staff{}, t.Assignee)
		if err != nil {
			return err
		}
		said = words.T(words.Vietnamese, "supervise.whisper_to", holder.Name, said) // the journal is one language's
	}
	if _, err := s.Desk.Do(v.ctx(), v.actor(), code, ticketing.Command{Verb: ticketing.Note, Text: said}); err != nil {
		return err
	}
	back, err := url.ParseQuery(v.FormValue("q"))
	if err != nil {
		back = url.Values{}
	}
	back.Set("ok", "nhac")
	return v.seeOther(supervisePath + "?" + back.Encode())
}

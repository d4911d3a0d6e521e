package ui

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"hotline1022/ticketing"
)

// spikeView is an alarm for a reader.
type spikeView struct {
	Key             string
	Category, Place string
	Count           int
	Usual           string
	Since           time.Time
	Words           string // what operators may say, in the citizens' language
	Query           string // of the supervisor's list
}

// spikeViews are the alarms with names. The ready words are Vietnamese whoever reads them: they are for citizens.
func (s *Server) spikeViews(lang string, all []ticketing.Spike) []spikeView {
	cat := s.Desk.Catalog.Current()
	out := make([]spikeView, len(all))
	for i, a := range all {
		place := a.Area
		if u, ok := cat.Atlas.Unit(a.Area); ok {
			place = u.FullName
		}
		out[i] = spikeView{
			Key: a.Key(), Category: cmp.Or(cat.Categories[a.Category].Title(lang), a.Category), Place: place, Count: a.Count,
			Usual: usual(lang, a.Usual), Since: a.Began,
			Words: cat.Spike(a.Category).Says("vi", cmp.Or(cat.Categories[a.Category].Title("vi"), a.Category), place, a.Count),
			Query: "linh-vuc=" + a.Category + "&noi=" + a.Area,
		}
	}
	return out
}

// usual is a mean with one decimal, where there is one.
func usual(lang string, mean float64) string {
	s := strings.TrimSuffix(strconv.FormatFloat(mean, 'f', 1, 64), ".0")
	if lang != "en" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

// spikesFor is the banner above the operators' queue. That it cannot be made must not keep anybody from her work.
func (s *Server) spikesFor(ctx context.Context, lang string) []spikeView {
	all, err := s.Wall.Alarms(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.Log.Error("the spikes could not be read", "err", err)
		}
		return nil
	}
	return s.spikeViews(lang, all)
}

// liveSpikes is the banner for the line of a console.
func (s *Server) liveSpikes(ctx context.Context, lang string) string {
	text, err := s.text(lang, "spikes", s.spikesFor(ctx, lang))
	if err != nil {
		s.Log.Error("the banner of spikes could not be made", "err", err)
	}
	return text
}

// spikeKind is the setting: when many are too many, and what may be said about it.
func spikeKind() adminKind {
	return adminKind{Kind: ticketing.KindSpike, Icon: "triangle-alert", id: "id", newID: slugOfName, title: nameTitle, order: byTitle, fields: []adminField{
		{Name: "name", Input: inText, Required: true},
		{Name: "id", Input: inText, Fixed: true},
		{Name: "category", Input: inSelect, Options: (*Server).categoryChoices, Column: true},
		{Name: "least", Input: inNumber, Required: true, Column: true},
		{Name: "times", Input: inNumber, Required: true, Column: true},
		{Name: "text", Input: inLong}, {Name: "text_en", Input: inLong},
		{Name: "off", Input: inCheck, Column: true},
	}}
}

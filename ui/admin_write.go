package ui

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/plain"
	"hotline1022/ticketing/words"
)

// Canned texts and macros as settings, and the figures of what is written.

// cannedFields are those that texts and macros share; does are what a macro has besides.
func cannedFields(text bool, does ...adminField) []adminField {
	fields := []adminField{
		{Name: "name", Input: inText, Required: true},
		{Name: "id", Input: inText, Fixed: true},
		{Name: "word", Input: inText, Column: true},
		{Name: "text", Input: inLong, Required: text, Column: true},
	}
	return append(append(fields, does...),
		adminField{Name: "lang", Input: inSelect, Options: (*Server).langChoices},
		adminField{Name: "channels", Input: inMulti, Options: (*Server).channelChoices},
		adminField{Name: "kinds", Input: inMulti, Options: (*Server).kindChoices},
		adminField{Name: "categories", Input: inMulti, Options: (*Server).categoryChoices, Column: true},
		adminField{Name: "agency", Input: inSelect, Options: (*Server).agencyChoices, Column: true},
		adminField{Name: "off", Input: inCheck})
}

func cannedKind() adminKind {
	return adminKind{Kind: ticketing.KindCanned, Icon: "sticky-note", id: "id", newID: slugOfName, title: nameTitle, order: byTitle, fields: cannedFields(true)}
}

func macroKind() adminKind {
	return adminKind{Kind: ticketing.KindMacro, Icon: "play", id: "id", newID: slugOfName, title: nameTitle, order: byTitle, fields: cannedFields(false,
		adminField{Name: "set_kind", Input: inSelect, Options: (*Server).kindChoices, Column: true},
		adminField{Name: "set_category", Input: inSelect, Options: (*Server).categoryChoices, Column: true},
		adminField{Name: "set_priority", Input: inSelect, Options: (*Server).priorityChoices},
		adminField{Name: "route", Input: inSelect, Options: (*Server).agencyChoices, Column: true},
		adminField{Name: "outcome", Input: inSelect, Options: (*Server).outcomeChoices})}
}

func articleKind() adminKind {
	return adminKind{Kind: ticketing.KindArticle, Icon: "book-open", id: "id", newID: slugOfName, title: nameTitle, order: byTitle, fields: []adminField{
		{Name: "name", Input: inText, Required: true},
		{Name: "id", Input: inText, Fixed: true},
		{Name: "text", Input: inLong, Required: true, Column: true},
		{Name: "asked", Input: inLines},
		{Name: "more", Input: inLong},
		{Name: "word", Input: inText},
		{Name: "source", Input: inText},
		{Name: "lang", Input: inSelect, Options: (*Server).langChoices},
		{Name: "categories", Input: inMulti, Options: (*Server).categoryChoices, Column: true},
		{Name: "agency", Input: inSelect, Options: (*Server).agencyChoices, Column: true},
		{Name: "from", Input: inDate}, {Name: "to", Input: inDate},
		{Name: "review", Input: inDate, Column: true},
		{Name: "off", Input: inCheck},
	}}
}

func (s *Server) langChoices(lang string) []choice {
	return named(lang, "lang.", words.Languages[:]...)
}

func (s *Server) channelChoices(lang string) []choice {
	return named(lang, "channel.", ticketing.Channels[:]...)
}

func (s *Server) outcomeChoices(lang string) []choice {
	return named(lang, "outcome.", slices.DeleteFunc(slices.Clone(ticketing.Outcomes[:]), func(o ticketing.Outcome) bool { return o == ticketing.Duplicate })...)
}

// answersPage is how plainly each agency answers, and which texts are used.
type answersPage struct {
	adminPage
	Findings []string
	Lines    []answersLine
	Uses     []useLine
}

type answersLine struct {
	Who                 string
	Sent, AsIs, Percent int
	Of                  []int // by Findings
}

type useLine struct {
	Name, Kind, Path string
	ticketing.TextUse
}

func (s *Server) adminAnswers(v *visit) error {
	p := answersPage{adminPage: s.adminPage(v, "answers", v.t("admin.answers"))}
	p.Findings = slices.DeleteFunc(slices.Clone(plain.Keys[:]), func(k string) bool { return k == plain.Outcome }) // without one nothing is sent
	first := s.Now().In(ticketing.Zone)
	first = time.Date(first.Year(), first.Month()-11, 1, 0, 0, 0, 0, ticketing.Zone)
	counts, err := s.Desk.PlainCounts(v.ctx(), v.actor(), first)
	if err != nil {
		return err
	}
	for agency, c := range counts {
		l := answersLine{Who: v.t("hotline.name"), Sent: c.Sent, AsIs: c.AsIs, Percent: (100*c.AsIs + c.Sent/2) / max(c.Sent, 1)}
		if agency != "" {
			l.Who = s.agencyName(v.lang, agency)
		}
		for _, key := range p.Findings {
			l.Of = append(l.Of, c.Of[key])
		}
		p.Lines = append(p.Lines, l)
	}
	slices.SortFunc(p.Lines, func(a, b answersLine) int { return cmp.Or(b.AsIs-a.AsIs, b.Sent-a.Sent, cmp.Compare(a.Who, b.Who)) })
	uses, err := s.Desk.TextUses(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	for id, u := range uses {
		kind, id, _ := strings.Cut(id, "/")
		history, err := s.Desk.SettingHistory(v.ctx(), v.actor(), kind, id)
		if err != nil {
			return err
		}
		d := doc{}
		for _, r := range history {
			if !r.Deleted() {
				if d, err = readDoc(r.Doc); err != nil {
					return err
				}
			}
		}
		p.Uses = append(p.Uses, useLine{cmp.Or(d.text("name"), id), kind, settingPath(kind, id), u})
	}
	slices.SortFunc(p.Uses, func(a, b useLine) int { return cmp.Or(b.N-a.N, cmp.Compare(a.Path, b.Path)) })
	return s.ok(v, "admin-answers", p)
}

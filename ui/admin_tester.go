package ui

import (
	"strings"

	"hotline1022/ticketing/routing"
	"hotline1022/ticketing/text"
)

// testerPage answers which rule takes a matter, and why the others do not.
type testerPage struct {
	adminPage
	Text, Area           string
	Kinds, Categories    []option
	Errors               fieldErrors
	Asked                bool
	Taken                *triedView // the rule that takes it
	Others               []triedView
	Matching, NotMatched int
}

type triedView struct {
	Name, Path, Agency, Priority string
	Matched, Unused              bool // Unused: matches, but another comes first
	Because, Missed              []string
}

func (s *Server) testerPage(v *visit, f form) testerPage {
	p := testerPage{adminPage: s.adminPage(v, "tester", v.t("admin.tester")), Text: f.value("text"), Area: f.value("area"), Errors: fieldErrors{}}
	for _, c := range s.kindChoices(v.lang) {
		p.Kinds = append(p.Kinds, option{c, c.Value == f.value("kind")})
	}
	for _, c := range s.categoryChoices(v.lang) {
		p.Categories = append(p.Categories, option{c, c.Value == f.value("category")})
	}
	return p
}

func (s *Server) adminTester(v *visit) error {
	return s.ok(v, "admin-tester", s.testerPage(v, form{}))
}

// adminTest is a POST although it changes nothing: what is tried may be a citizen's words, which belong into no
// address.
func (s *Server) adminTest(v *visit) error {
	sent, err := s.form(v)
	if err != nil {
		return err
	}
	p := s.testerPage(v, sent)
	q := routing.Question{Kind: sent.value("kind"), Category: sent.value("category"), Text: text.NFC(p.Text), On: s.Now()}
	if area := strings.TrimSpace(p.Area); area != "" {
		code, why := s.findUnit(v.lang, area)
		if why != "" {
			p.Errors["area"] = why
			return s.render(v, 422, "admin-tester", p)
		}
		q.Area, p.Area = code, s.unitLine(code)
	}
	p.Asked = true
	for _, t := range s.Desk.Catalog.Current().Router.Explain(q) {
		one := triedView{Name: t.Rule.Name, Path: settingPath("rule", t.Rule.ID), Agency: s.agencyName(v.lang, t.Rule.Agency), Matched: t.Matched}
		if t.Rule.Priority != "" {
			one.Priority = v.t("priority." + t.Rule.Priority)
		}
		for _, b := range t.Because {
			one.Because = append(one.Because, v.t("because."+b.Field, s.tried(v, b)))
		}
		for _, b := range t.Missed {
			key := "admin.missed." + b.Field
			if b.Value == "" {
				key += ".none"
			}
			one.Missed = append(one.Missed, v.t(key, s.tried(v, b)))
		}
		switch {
		case t.Matched && p.Taken == nil:
			p.Taken = &one
			continue
		case t.Matched:
			one.Unused = true
			p.Matching++
		default:
			p.NotMatched++
		}
		p.Others = append(p.Others, one)
	}
	return s.ok(v, "admin-tester", p)
}

// tried names what a rule went by, or had instead, as people call it.
func (s *Server) tried(v *visit, b routing.Because) string {
	switch b.Field {
	case routing.Kind:
		if b.Value != "" {
			return v.t("kind." + b.Value)
		}
	case routing.Area:
		var names []string
		for _, code := range strings.Fields(b.Value) {
			names = append(names, s.unitName(code))
		}
		return strings.Join(names, ", ")
	case routing.Date:
		return showDate(b.Value)
	}
	return s.because(v.lang, b)
}

package ui

import (
	"cmp"
	"slices"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/calendar"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// Administration: an overview, and for each kind of setting a list and one page to look at it and change it. What
// differs from kind to kind stands in one table, admin_kinds.go; what is allowed and what fits together is judged by
// the desk (Desk.SaveSetting), so a screen cannot save what a server could not start with. A shift leader and the
// auditor see the same pages without forms.

// adminPage is the frame of every page of the administration.
type adminPage struct {
	Page
	Menu    []menuItem
	Section string // the entry of the menu that is this page's
	Notice  string // what has just been done
	Write   bool   // the reader may change things
}

type menuItem struct {
	Path, Section, Label, Icon string
}

func (s *Server) adminPage(v *visit, section, title string) adminPage {
	p := adminPage{Page: s.page(v, title), Section: section, Write: v.staff.Role == ticketing.Administrator}
	p.Here, p.NoIndex = "/admin", true
	if key := "admin.ok." + v.Query("ok"); words.Has(key) {
		p.Notice = v.t(key)
	}
	p.Menu = append(p.Menu, menuItem{"/admin", "", v.t("admin.overview"), "layout-dashboard"})
	for _, k := range adminKinds() {
		p.Menu = append(p.Menu, menuItem{"/admin/" + k.Kind, k.Kind, v.t("admin.k." + k.Kind), k.Icon})
	}
	p.Menu = append(p.Menu, menuItem{"/admin/channels", "channels", v.t("admin.channels"), "message-circle"}, menuItem{"/admin/answers", "answers", v.t("admin.answers"), "chart-column"}, menuItem{"/admin/tester", "tester", v.t("admin.tester"), "list-checks"}, menuItem{"/admin/audit", "audit", v.t("admin.audit"), "history"})
	return p
}

// overviewPage is what there is, and what is missing.
type overviewPage struct {
	adminPage
	Cards []overviewCard
	Gaps  []gap
}

type overviewCard struct {
	menuItem
	Count  int
	Detail string
}

// gap is something an administrator should look at: a sentence, and the things it is about.
type gap struct {
	Text  string
	Items []gapItem
	More  int
}

type gapItem struct{ Name, Path string }

func (s *Server) adminOverview(v *visit) error {
	p := overviewPage{adminPage: s.adminPage(v, "", v.t("nav.admin"))}
	off := func(d doc) bool { return d.on("off") }
	for _, k := range adminKinds() {
		rs, err := s.Desk.Settings(v.ctx(), v.actor(), k.Kind)
		if err != nil {
			return err
		}
		c := overviewCard{menuItem: menuItem{"/admin/" + k.Kind, k.Kind, v.t("admin.k." + k.Kind), k.Icon}, Count: len(rs)}
		quiet := 0
		if k.Kind != ticketing.KindArea { // thousands, and none can be off
			for _, r := range rs {
				d, err := readDoc(r.Doc)
				if err != nil {
					return err
				}
				if off(d) {
					quiet++
				}
			}
		}
		switch {
		case quiet > 0:
			c.Detail = v.t("admin.count_off", quiet)
		case len(rs) > 0 && rs[0].Version == 0:
			c.Detail = v.t("admin.shipped")
		}
		p.Cards = append(p.Cards, c)
	}
	gaps, err := s.gaps(v)
	if err != nil {
		return err
	}
	p.Gaps = gaps
	return s.ok(v, "admin", p)
}

// gaps is what is missing.
func (s *Server) gaps(v *visit) ([]gap, error) {
	cat := s.Desk.Catalog.Current()
	staff, err := s.Accounts.AllStaff(v.ctx())
	if err != nil {
		return nil, err
	}
	today := s.Now().In(ticketing.Zone).Format("2006-01-02")
	var out []gap
	add := func(key string, items []gapItem) {
		const most = 6
		if len(items) == 0 {
			return
		}
		g := gap{Text: v.t(key, len(items)), Items: items}
		if len(items) > most {
			g.Items, g.More = items[:most], len(items)-most
		}
		out = append(out, g)
	}

	led := map[string]bool{}
	var toChange []gapItem
	for _, a := range staff {
		if a.Role == ticketing.Leader && !a.Off && a.Password != "" {
			led[a.Agency] = true
		}
		if a.Change && !a.Off {
			toChange = append(toChange, gapItem{a.Name, settingPath(ticketing.KindStaff, a.ID)})
		}
	}
	var leaderless, ended []gapItem
	answering := map[string]bool{} // agencies that rules send to
	served := map[string]bool{}    // categories that rules send on
	for _, r := range cat.Rules {
		if r.Off || r.To != "" && r.To <= today {
			continue
		}
		answering[r.Agency] = true
		for _, c := range r.Categories {
			served[c] = true
		}
		if a := cat.Agencies[r.Agency]; a.Off || a.To != "" && a.To <= today {
			ended = append(ended, gapItem{r.Name, settingPath(ticketing.KindRule, r.ID)})
		}
	}
	for _, a := range cat.AgencyList() {
		if !a.Off && (a.To == "" || a.To > today) && !led[a.ID] {
			leaderless = append(leaderless, gapItem{a.Title(v.lang), settingPath(ticketing.KindAgency, a.ID)})
		}
	}
	slices.SortStableFunc(leaderless, func(x, y gapItem) int { // those that get tickets first
		first := func(i gapItem) int {
			if answering[strings.TrimPrefix(i.Path, settingPath(ticketing.KindAgency, ""))] {
				return 0
			}
			return 1
		}
		return cmp.Compare(first(x), first(y))
	})
	var ruleless, expected []gapItem
	for _, c := range cat.CategoryList() {
		if !c.Off && !served[c.ID] {
			ruleless = append(ruleless, gapItem{c.Title(v.lang), settingPath(ticketing.KindCategory, c.ID)})
		}
	}
	for _, x := range cat.Calendar.Expected() {
		if x.Date.String() >= today {
			expected = append(expected, gapItem{showDate(x.Date.String()) + " " + dayName(v.lang, x), "/admin/" + ticketing.KindDay + "?q=" + x.Date.String()})
		}
	}
	add("admin.gap.leader", leaderless)
	add("admin.gap.rule", ruleless)
	add("admin.gap.ended", ended)
	add("admin.gap.expected", expected)
	add("admin.gap.password", toChange)
	if cat.Consent.ID == "" {
		add("admin.gap.consent", []gapItem{{v.t("admin.k.consent"), "/admin/" + ticketing.KindConsent}})
	}
	return out, nil
}

func dayName(lang string, d calendar.Day) string {
	if lang == words.English && d.NameEN != "" {
		return d.NameEN
	}
	return d.Name
}

// auditPage is the book of what was changed.
type auditPage struct {
	adminPage
	listing
	Lines []auditLine
}

type auditLine struct {
	ticketing.SettingChange
	Who, What, Of, Path, Title string
}

func (s *Server) adminAudit(v *visit) error {
	all, err := s.Desk.SettingChanges(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	p := auditPage{adminPage: s.adminPage(v, "audit", v.t("admin.audit"))}
	name := s.names(v)
	var lines []auditLine
	want := text.Words(v.Query("q"))
	for _, c := range all {
		who, err := name(c.By)
		if err != nil {
			return err
		}
		l := auditLine{SettingChange: c, Who: who, What: v.t("admin.did." + c.Did), Of: v.t("admin.one." + c.Kind), Title: cmp.Or(c.Name, c.ID)}
		if _, err := adminKindOf(c.Kind); err == nil {
			l.Path = settingPath(c.Kind, c.ID)
		}
		if holds(want, l.Who, l.What, l.Of, l.Title, c.ID) {
			lines = append(lines, l)
		}
	}
	p.listing = listingOf(v, "/admin/audit", len(lines))
	p.Lines = lines[p.from:p.to]
	return s.ok(v, "admin-audit", p)
}

// names says who somebody is, asking once for each.
func (s *Server) names(v *visit) func(id string) (string, error) {
	known := map[string]string{}
	return func(id string) (string, error) {
		if name, ok := known[id]; ok {
			return name, nil
		}
		name, err := s.nameOf(v.ctx(), v.lang, ticketing.Actor{ID: id})
		known[id] = name
		return name, err
	}
}

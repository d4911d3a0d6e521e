package ui

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/routing"
	"hotline1022/ticketing/text"
)

// listing is a filter box and pages: all on the server, so that it works without scripts.
type listing struct {
	Base     string // address of the list
	Query    string
	Total    int
	From, To int // shown, counted from 1
	Earlier  string
	Later    string
	from, to int
}

const perPage = 50

func listingOf(v *visit, base string, total int) listing {
	l := listing{Base: base, Query: v.Query("q"), Total: total}
	page, err := strconv.Atoi(v.Query("page"))
	if err != nil || page < 1 || (page-1)*perPage >= max(total, 1) {
		page = 1
	}
	l.from, l.to = (page-1)*perPage, min(page*perPage, total)
	l.From, l.To = min(l.from+1, total), l.to
	at := func(n int) string {
		q := url.Values{"page": {strconv.Itoa(n)}}
		if l.Query != "" {
			q.Set("q", l.Query)
		}
		return base + "?" + q.Encode()
	}
	if page > 1 {
		l.Earlier = at(page - 1)
	}
	if l.to < total {
		l.Later = at(page + 1)
	}
	return l
}

// holds says whether all the words are found, folded, in the texts; each may be unfinished.
func holds(want []string, texts ...string) bool {
	if len(want) == 0 {
		return true
	}
	have := text.Words(strings.Join(texts, "\n"))
	return !slices.ContainsFunc(want, func(w string) bool {
		return !slices.ContainsFunc(have, func(h string) bool { return strings.HasPrefix(h, w) })
	})
}

// adminRow is one line of a list.
type adminRow struct {
	ID, Path, Title string
	Cells           []adminCell
	Depth           int // below another
	Off             bool
	Badges          []string
	doc             doc
}

type adminCell struct{ Label, Value string }

type adminListPage struct {
	adminPage
	listing
	Kind     *adminKind
	About    string
	Columns  []string
	Rows     []adminRow
	Shipped  bool // nothing is stored: what is shown comes with the product
	Filtered bool
}

func (s *Server) adminList(v *visit) error {
	k, err := adminKindOf(v.Params("kind"))
	if err != nil {
		return err
	}
	rs, err := s.Desk.Settings(v.ctx(), v.actor(), k.Kind)
	if err != nil {
		return err
	}
	p := adminListPage{adminPage: s.adminPage(v, k.Kind, v.t("admin.k."+k.Kind)), Kind: k, About: v.t("admin.about." + k.Kind)}
	p.Shipped = len(rs) > 0 && rs[0].Version == 0
	want := text.Words(v.Query("q"))
	p.Filtered = len(want) > 0
	rows := make([]adminRow, 0, len(rs))
	for _, r := range rs {
		d, err := readDoc(r.Doc)
		if err != nil {
			return err
		}
		row := adminRow{ID: r.ID, Path: settingPath(k.Kind, r.ID), Title: k.title(s, v.lang, r.ID, d), Off: d.on("off"), doc: d}
		if s.rowHolds(v.lang, k, row, want) {
			rows = append(rows, row)
		}
	}
	k.order(s, rows)
	if p.Filtered {
		for i := range rows {
			rows[i].Depth = 0
		}
	}
	p.listing = listingOf(v, "/admin/"+k.Kind, len(rows))
	p.Rows = rows[p.from:p.to]
	for _, f := range k.fields {
		if f.Column {
			p.Columns = append(p.Columns, k.label(v.lang, f.Name))
		}
	}
	for i := range p.Rows { // only those that are seen: there may be thousands
		s.fillRow(v, k, &p.Rows[i])
	}
	return s.ok(v, "admin-list", p)
}

// rowHolds looks for the words in what a row shows and in what people may remember of it.
func (s *Server) rowHolds(lang string, k *adminKind, row adminRow, want []string) bool {
	if len(want) == 0 {
		return true
	}
	texts := []string{row.ID, row.Title}
	for _, f := range k.fields {
		switch f.Input {
		case inText, inLong, inDate:
			texts = append(texts, row.doc.text(f.Name))
		case inCheck, inNumber, inUnits:
		default:
			texts = append(texts, s.show(lang, k, f, row.doc[f.Name]))
		}
	}
	return holds(want, texts...)
}

func (s *Server) fillRow(v *visit, k *adminKind, row *adminRow) {
	for _, f := range k.fields {
		if f.Column {
			value := s.show(v.lang, k, f, row.doc[f.Name])
			row.Cells = append(row.Cells, adminCell{k.label(v.lang, f.Name), text.Truncate(value, 120)})
		}
	}
	today := s.Now().In(ticketing.Zone).Format("2006-01-02")
	switch to := row.doc.text("to"); {
	case row.Off && k.Kind == ticketing.KindToken:
		row.Badges = append(row.Badges, v.t("admin.revoked"))
	case row.Off:
		row.Badges = append(row.Badges, v.t("admin.off"))
	case to != "" && (to < today || to == today && k.Kind != ticketing.KindHours):
		row.Badges = append(row.Badges, v.t("admin.ended"))
		row.Off = true
	case row.doc.text("from") > today:
		row.Badges = append(row.Badges, v.t("admin.later"))
	}
	if row.doc.text("second") != "" && k.Kind == ticketing.KindStaff {
		row.Badges = append(row.Badges, v.t("account.second"))
	}
	if row.doc.on("change") && !row.Off {
		row.Badges = append(row.Badges, v.t("admin.must_change"))
	}
}

func settingPath(kind, id string) string { return "/admin/" + kind + "/" + url.PathEscape(id) }

// agencyTree puts agencies below those they belong to, each level in Vietnamese order.
func (s *Server) agencyTree(rows []adminRow) {
	byTitle(s, rows)
	at := map[string]bool{}
	for _, r := range rows {
		at[r.ID] = true
	}
	below := map[string][]adminRow{}
	for _, r := range rows {
		parent := r.doc.text("parent")
		if !at[parent] || parent == r.ID {
			parent = ""
		}
		below[parent] = append(below[parent], r)
	}
	sorted := make([]adminRow, 0, len(rows))
	var put func(parent string, depth int)
	put = func(parent string, depth int) {
		for _, r := range below[parent] {
			r.Depth = depth
			sorted = append(sorted, r)
			put(r.ID, depth+1)
		}
		delete(below, parent)
	}
	put("", 0)
	for _, rest := range below { // in a circle, which only data of an older version can be
		sorted = append(sorted, rest...)
	}
	copy(rows, sorted)
}

// asTried is the order in which the router tries rules.
func (s *Server) asTried(rows []adminRow) {
	place := map[string]int{}
	for i, t := range s.Desk.Catalog.Current().Router.Explain(routing.Question{On: s.Now()}) {
		place[t.Rule.ID] = i
	}
	slices.SortStableFunc(rows, func(a, b adminRow) int { return place[a.ID] - place[b.ID] })
}

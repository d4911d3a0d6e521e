package figures_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/figures"
	"hotline1022/ticketing/places"
	"hotline1022/ticketing/store/sqlite"
)

var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, ticketing.Zone)

// office is a real store with a few matters in it: two of each kind and agency, a month apart.
func office(t *testing.T) (ticketing.Store, *ticketing.Catalog) {
	t.Helper()
	ctx := t.Context()
	s, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "hotline.db"), sqlite.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	put := func(kind, id string, doc any) {
		raw, err := json.Marshal(doc)
		must(t, err)
		must(t, s.Put(ctx, ticketing.Record{Kind: kind, ID: id, Version: 1, At: monday, By: "test", Doc: raw}))
	}
	put(ticketing.KindAgency, "z", ticketing.Agency{ID: "z", Name: "Ban Quản lý", NameEN: "Board"})
	put(ticketing.KindAgency, "a", ticketing.Agency{ID: "a", Name: "Đội cứu hộ"})
	put(ticketing.KindAgency, "evil", ticketing.Agency{ID: "evil", Name: "=cmd|' /C calc'!A0"})
	put(ticketing.KindCategory, "x", ticketing.Category{ID: "x", Name: "Điện", Order: 2})
	put(ticketing.KindCategory, "y", ticketing.Category{ID: "y", Name: "Đường", Order: 1})
	put(ticketing.KindArea, "48", places.Unit{Code: "48", Name: "Đà Nẵng", Type: places.ThanhPho})
	for i, agency := range []string{"z", "a", "", "gone", "evil"} {
		for j, kind := range []ticketing.Kind{ticketing.Question, ticketing.Report} {
			code := ticketing.Code(fmt.Sprintf("T%d%d", i, j))
			e := ticketing.Event{Ticket: code, N: 1, At: monday.AddDate(0, -j, 0).UTC(), Kind: ticketing.Received, MatterKind: kind,
				Channel: ticketing.Phone, Text: "x", Agency: agency, Category: []string{"x", "y"}[j], Area: "48", Due: monday.AddDate(0, -j, 5).UTC()}
			after, err := ticketing.Ticket{}.Apply(e)
			must(t, err)
			_, err = s.Append(ctx, e, after)
			must(t, err)
		}
	}
	catalog, err := ticketing.NewCatalog(ctx, s)
	must(t, err)
	return s, catalog
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func report(t *testing.T, s ticketing.Store, c *ticketing.Catalog, by ...ticketing.Dimension) figures.Table {
	t.Helper()
	table, err := figures.Report(t.Context(), s, figures.Query{From: "2026-01-01", To: "2027-01-01", By: by, Now: monday, Catalog: c})
	must(t, err)
	return table
}

func TestRowsStandInTheOrderPeopleExpect(t *testing.T) {
	s, c := office(t)
	for by, want := range map[ticketing.Dimension]string{
		ticketing.ByAgency:   "=cmd|' /C calc'!A0, Ban Quản lý, Đội cứu hộ, gone, (chưa có)",
		ticketing.ByKind:     "Phản ánh, Hỏi đáp",
		ticketing.ByCategory: "Đường, Điện",
		ticketing.ByMonth:    "2026-10, 2026-11",
		ticketing.ByWeek:     "2026-10-19, 2026-11-23",
		ticketing.ByDay:      "2026-10-23, 2026-11-23",
		ticketing.ByArea:     "Thành phố Đà Nẵng",
		ticketing.ByChannel:  "Điện thoại",
		ticketing.ByStatus:   "Mới tiếp nhận",
		ticketing.ByOutcome:  "(chưa có)",
	} {
		var names []string
		for _, r := range report(t, s, c, by).Rows {
			names = append(names, r.Names[0])
		}
		if got := strings.Join(names, ", "); got != want {
			t.Errorf("%s: %s, not %s", by, got, want)
		}
	}
}

func TestTheTotalIsTheSumOfTheRows(t *testing.T) {
	s, c := office(t)
	table := report(t, s, c, ticketing.ByMonth, ticketing.ByAgency, ticketing.ByKind)
	var sum ticketing.Counts
	for _, r := range table.Rows {
		sum = sum.Add(r.Counts)
	}
	if sum != table.Total || sum.Received != 10 || sum.Late != 5 || sum.Open != 10 {
		t.Errorf("%+v, %+v", sum, table.Total)
	}
	one, err := figures.Report(t.Context(), s, figures.Query{From: "2026-11-23", To: "2026-11-24", Agency: "z", Now: monday})
	must(t, err)
	if one.Total.Received != 1 {
		t.Errorf("one agency, one day: %+v", one.Total)
	}
}

func TestWhatCannotBeAsked(t *testing.T) {
	s, _ := office(t)
	for _, c := range []struct {
		q     figures.Query
		field string
	}{
		{figures.Query{From: "x", To: "2026-01-02"}, "from"},
		{figures.Query{From: "2026-01-01", To: "2026-02-30"}, "to"},
		{figures.Query{From: "2026-01-01", To: "2026-01-01"}, "to"},
		{figures.Query{From: "2016-01-01", To: "2026-01-02"}, "to"},
		{figures.Query{From: "2026-01-01", To: "2026-01-02", By: []ticketing.Dimension{"colour"}}, "by"},
		{figures.Query{From: "2026-01-01", To: "2026-01-02", By: []ticketing.Dimension{"day", "day"}}, "by"},
		{figures.Query{From: "2026-01-01", To: "2026-01-02", By: ticketing.Dimensions[:4]}, "by"},
	} {
		_, err := figures.Report(context.Background(), s, c.q)
		e, ok := err.(*ticketing.Error)
		if !ok || e.Class != ticketing.Invalid || e.Field != c.field {
			t.Errorf("%+v: %v", c.q, err)
		}
	}
	if _, err := figures.Report(t.Context(), s, figures.Query{From: "2016-01-01", To: "2026-01-01", Now: monday}); err != nil {
		t.Errorf("ten years: %v", err)
	}
}

func TestWrittenTables(t *testing.T) {
	s, c := office(t)
	table := report(t, s, c, ticketing.ByAgency, ticketing.ByMonth)

	var b bytes.Buffer
	must(t, table.CSV(&b))
	raw, marked := strings.CutPrefix(b.String(), "\uFEFF")
	if !marked {
		t.Error("Excel takes CSV without the mark for another character set")
	}
	lines, err := csv.NewReader(strings.NewReader(raw)).ReadAll()
	must(t, err)
	if len(lines) != 12 || lines[0][0] != "Đơn vị" || lines[1][0] != "'=cmd|' /C calc'!A0" || lines[11][0] != "Tổng" || lines[11][2] != "10" {
		t.Errorf("%v", lines)
	}

	b.Reset()
	must(t, table.Text(&b))
	if !strings.Contains(b.String(), "Ban Quản lý") || !strings.Contains(b.String(), table.Definition) {
		t.Errorf("%s", b.String())
	}
	wide := ""
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, "2026-1") && !strings.Contains(line, "Số liệu") {
			if n := fmt.Sprint(len([]rune(line))); wide != "" && wide != n {
				t.Errorf("columns do not stand under one another: %q", line)
			} else {
				wide = n
			}
		}
	}

	b.Reset()
	must(t, table.XLSX(&b))
	book, err := excelize.OpenReader(&b)
	must(t, err)
	rows, err := book.GetRows("Sheet1")
	must(t, err)
	if rows[1][0] != "Đơn vị" || rows[2][0] != "=cmd|' /C calc'!A0" || rows[12][2] != "10" {
		t.Errorf("%v", rows)
	}
	if f, err := book.GetCellFormula("Sheet1", "A3"); err != nil || f != "" {
		t.Errorf("a name became a formula: %q %v", f, err)
	}
	if k, err := book.GetCellType("Sheet1", "C3"); err != nil || k != excelize.CellTypeUnset && k != excelize.CellTypeNumber {
		t.Errorf("a count is no number: %v %v", k, err)
	}

	doc, err := json.Marshal(table)
	must(t, err)
	var back struct {
		Rows  []map[string]any
		Total ticketing.Counts
	}
	must(t, json.Unmarshal(doc, &back))
	if back.Total != table.Total || back.Rows[2]["agency_name"] != "Ban Quản lý" || back.Rows[2]["month"] != "2026-10" {
		t.Errorf("%s", doc)
	}
}

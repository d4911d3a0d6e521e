package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

func TestTheReportInEveryForm(t *testing.T) {
	p := newParts(t, t.TempDir())
	file := put(t, "old.csv", "so,ngay,xong,noi_dung,linh_vuc,dt,ten\n1,2025-03-01,2025-03-02,a,Chiếu sáng,,\n2,2025-03-31,,b,Cấp nước,,\n3,2025-04-01,,c,Cấp nước,,\n4,2025-03-05,,d,,,\n")
	want(t, p, ImportCmd{What: "tickets", File: file, Map: put(t, "m.yaml", people)}, "4 new")
	print := func(r ReportCmd) string {
		t.Helper()
		var b bytes.Buffer
		if r.From == "" {
			r.From, r.To = "2025-03-01", "2025-04-01"
		}
		if err := r.print(t.Context(), p, &b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	text := print(ReportCmd{By: []string{"category"}, Format: "text", Lang: "vi"})
	width := 0
	for _, line := range strings.Split(text, "\n") {
		if strings.Contains(line, "Chiếu sáng") || strings.Contains(line, "Cấp nước") || strings.HasPrefix(line, "Tổng") {
			n := utf8.RuneCountInString(strings.TrimRight(line, " "))
			if width != 0 && n != width {
				t.Errorf("not aligned:\n%s", text)
			}
			width = n
		}
	}
	if width == 0 || !strings.Contains(text, "Mọi con số tính trên") || !strings.Contains(text, "(chưa có)") {
		t.Error(text)
	}
	if en := print(ReportCmd{By: []string{"category"}, Format: "text", Lang: "en"}); !strings.Contains(en, "Total") || strings.Contains(en, "⟦") {
		t.Error(en)
	}
	var table struct {
		Rows  []map[string]any
		Total struct{ Received, Open int }
	}
	if err := json.Unmarshal([]byte(print(ReportCmd{By: []string{"month", "category"}, Format: "json", Lang: "vi"})), &table); err != nil || table.Total.Received != 3 || table.Total.Open != 2 || len(table.Rows) != 3 {
		t.Errorf("%v %+v", err, table)
	}
	if s := print(ReportCmd{Format: "csv", Lang: "vi"}); !strings.HasPrefix(s, "\ufeff") {
		t.Errorf("%q", s)
	}
	book, err := excelize.OpenReader(strings.NewReader(print(ReportCmd{By: []string{"category"}, Format: "xlsx", Lang: "vi"})))
	if err != nil {
		t.Fatal(err)
	}
	book.Close()
	for _, r := range []ReportCmd{{From: "2025-13-01", To: "2026-01-01"}, {From: "2025-01-02", To: "2025-01-01"}, {From: "2025-01-01", To: "2025-02-01", By: []string{"colour"}}, {From: "2025-01-01", To: "2025-02-01", Agency: "nix"}} {
		if err := r.print(t.Context(), p, &bytes.Buffer{}); err == nil {
			t.Errorf("%+v is answered", r)
		}
	}
}

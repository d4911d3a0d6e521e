package main

import (
	"strings"
	"testing"
	"time"

	"hotline1022/ticketing"
)

const goodMapping = `
source: cu
id: so
fields: {received_at: ngay, text: [noi_dung, tieu_de], kind: loai, ended_at: xong, lat: lat, lng: lng}
values: {kind: {"phản ánh": report, "hỏi": question}}
constants: {text: (không ghi), outcome: answered}
dates: [DD/MM/YYYY HH:mm, DD/MM/YYYY]
`

func mapRow(cells ...string) row {
	return row{line: 2, header: []string{"so", "ngay", "noi_dung", "tieu_de", "loai", "xong", "lat", "lng"}, cells: append(cells, make([]string, 8-len(cells))...)}
}

func TestEveryMistakeOfAMappingIsToldAtOnce(t *testing.T) {
	_, err := parseMapping([]byte(`
sauce: x
source: "a:b"
fields: {txt: a, received_at: [], kind: k, text: b}
constants: {kind: phản ánh, outcome: forwarded}
values: {priority: {cao: high}}
dates: [DD/MM]
create: [area]
`))
	if err == nil {
		t.Fatal("no mistake was found")
	}
	for _, want := range []string{
		"unknown key sauce", "source:", "id:", `"txt" is not a field`, "received_at", `kind cannot be "phản ánh"`,
		`outcome cannot be "forwarded"`, `priority cannot be "high"`, `"DD/MM" is not like`, `"area" cannot be made`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing is said of %s in:\n%v", want, err)
		}
	}
}

func TestMappingsThatAreNoMappings(t *testing.T) {
	for _, s := range []string{"", "- a\n- b\n", "source: [a", goodMapping + "---\nsource: b\n", "source: a\nsource: b\n"} {
		if _, err := parseMapping([]byte(s)); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
}

func TestColumnsThatAreNotThere(t *testing.T) {
	m, err := parseMapping([]byte(goodMapping))
	if err != nil {
		t.Fatal(err)
	}
	err = m.misses([]string{"so", "ngay", "noi_dung"})
	for _, want := range []string{`"tieu_de"`, `"loai"`, `"xong"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestARowIsMapped(t *testing.T) {
	m, err := parseMapping([]byte(goodMapping))
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.read(mapRow("7", "31/12/2024", "", " Đèn hỏng ", "hỏi", "02/01/2025 16:30", "15.5", "108.2"))
	if err != nil {
		t.Fatal(err)
	}
	if got.id != "7" || got.field["text"] != "Đèn hỏng" || got.field["kind"] != "question" || got.place == nil || got.place.Lng != 108.2 {
		t.Errorf("%+v", got)
	}
	if want := time.Date(2024, 12, 31, 0, 0, 0, 0, ticketing.Zone); !got.received.Equal(want) {
		t.Errorf("received %s, not at midnight in Vietnam", got.received)
	}
	if want := time.Date(2025, 1, 2, 16, 30, 0, 0, ticketing.Zone); !got.ended.Equal(want) {
		t.Errorf("ended %s", got.ended)
	}
	if got, err := m.read(mapRow("8", "31/12/2024")); err != nil || got.field["text"] != "(không ghi)" || !got.ended.IsZero() {
		t.Errorf("an empty text has no fallback: %+v, %v", got, err)
	}
	for reason, cells := range map[string][]string{
		"no id":                 {"", "31/12/2024"},
		"received_at: no date":  {"1", ""},
		"not a date":            {"1", "2024-12-31"},
		"kind cannot be":        {"1", "31/12/2024", "a", "", "rác"},
		"before it was":         {"1", "31/12/2024", "a", "", "", "30/12/2024"},
		"ended_at":              {"1", "31/12/2024", "a", "", "", "mai"},
		"not a place":           {"1", "31/12/2024", "a", "", "", "", "15", ""},
		`"91", "1" is not a pl`: {"1", "31/12/2024", "a", "", "", "", "91", "1"},
	} {
		if _, err := m.read(mapRow(cells...)); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%v: %v, not %q", cells, err, reason)
		}
	}
}

func TestThePrintTellsRowsApart(t *testing.T) {
	m, err := parseMapping([]byte(goodMapping + "compare: [lat]\n"))
	if err != nil {
		t.Fatal(err)
	}
	print := func(cells ...string) string {
		got, err := m.read(mapRow(cells...))
		if err != nil {
			t.Fatal(err)
		}
		return fingerprint(got)
	}
	one := print("7", "31/12/2024", "a")
	if one != print("7", "31/12/2024", " a ", "another title") {
		t.Error("a column that is not used changes the print")
	}
	if one == print("7", "31/12/2024", "b") || one == print("8", "31/12/2024", "a") || one == print("7", "31/12/2024", "a", "", "", "31/12/2024") {
		t.Error("other content has the same print")
	}
}

func TestTheShippedMappingIsRight(t *testing.T) {
	if _, err := readMapping("testdata/nyc-council.yaml"); err != nil {
		t.Error(err)
	}
}

func FuzzMapping(f *testing.F) {
	f.Add([]byte(goodMapping), "7", "31/12/2024", "a")
	f.Add([]byte("fields: {text: *a}"), "", "", "")
	f.Fuzz(func(t *testing.T, raw []byte, a, b, c string) {
		m, err := parseMapping(raw)
		if err != nil {
			return
		}
		if got, err := m.read(mapRow(a, b, c)); err == nil && (got.id == "" || got.received.IsZero() || fingerprint(got) == "") {
			t.Errorf("taken without an id or a date: %+v", got)
		}
	})
}

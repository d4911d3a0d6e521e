package places

import (
	"os"
	"strings"
	"testing"
	"time"
)

// A small province: present wards and communes of Đà Nẵng, and the units that ended
// on 1 July 2025. Successors are the real ones as far as their units are here; the
// commune of 1983 is invented, to have a chain of two steps.
const province = "testdata/province.json"

var (
	now    = time.Date(2026, 8, 4, 9, 0, 0, 0, time.UTC)
	before = time.Date(2024, 12, 23, 9, 0, 0, 0, time.UTC)
)

func smallProvince(t testing.TB) *Atlas {
	t.Helper()
	f, err := os.Open(province)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	units, err := ReadUnits(f)
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(units, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// names joins full names, so that a table can be read aloud.
func names(units []Unit) string {
	list := make([]string, len(units))
	for i, u := range units {
		list[i] = u.FullName
	}
	return strings.Join(list, ", ")
}

func TestPresentFollowsSuccessors(t *testing.T) {
	a := smallProvince(t)
	for _, c := range []struct {
		what, code string
		on         time.Time
		want       string
	}{
		{"a present ward stands for itself", "20341", now, "Phường Tam Kỳ"},
		{"a former city gives its wards, in Vietnamese order", "502", now, "Phường Bàn Thạch, Phường Hương Trà, Phường Quảng Phú, Phường Tam Kỳ"},
		{"a former city stood for itself in 2024", "502", before, "Thành phố Tam Kỳ"},
		{"two steps lead to one commune, told once", "tam-xuan-1983", now, "Xã Tam Xuân"},
		{"the middle of the chain held in 2024", "tam-xuan-1983", before, "Xã Tam Xuân 1, Xã Tam Xuân 2"},
		{"a ward that had not begun stands for nothing", "20341", before, ""},
		{"an unknown code stands for nothing", "nope", now, ""},
	} {
		if got := names(a.Present(c.code, c.on)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

func TestTheDayOfChangeIsVietnamese(t *testing.T) {
	a := smallProvince(t)
	eve := time.Date(2025, 6, 30, 16, 59, 59, 0, time.UTC) // 23:59:59 in Đà Nẵng
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{eve, "Thành phố Tam Kỳ"},
		{eve.Add(time.Second), "Phường Bàn Thạch, Phường Hương Trà, Phường Quảng Phú, Phường Tam Kỳ"},
	} {
		if got := names(a.Present("502", c.at)); got != c.want {
			t.Errorf("at %s: got %q, want %q", c.at, got, c.want)
		}
	}
}

func TestWithinAndLineage(t *testing.T) {
	a := smallProvince(t)
	for _, c := range []struct {
		code, ancestor string
		want           bool
	}{
		{"thon-1", "48", true}, {"thon-1", "20971", true}, {"48", "48", true},
		{"20971-2024", "49", true}, {"48", "20341", false}, {"20341", "502", false},
		{"nope", "48", false}, {"48", "nope", false}, {"", "", false}, {"nope", "nope", false},
	} {
		if got := a.Within(c.code, c.ancestor); got != c.want {
			t.Errorf("%q within %q: got %v", c.code, c.ancestor, got)
		}
	}
	for _, c := range []struct {
		what, code string
		on         time.Time
		want       string
	}{
		{"a hamlet, its commune with all it once was, its city with all it took over", "thon-1", now,
			"thon-1 20971 517 20971-2024 20974-2024 tam-xuan-1983 48 49"},
		{"a former commune in its own time", "20971-2024", before, "20971-2024 tam-xuan-1983 517 49"},
		{"before the merger a city took over nothing", "48", before, "48"},
		{"unknown", "nope", now, ""},
	} {
		if got := strings.Join(a.Lineage(c.code, c.on), " "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

func TestUnitsInVietnameseOrder(t *testing.T) {
	a, err := New([]Unit{
		{Code: "1", Name: "Đông Giang", Type: Xa}, {Code: "2", Name: "Duy Xuyên", Type: Xa}, {Code: "3", Name: "Ân Thi", Type: Xa},
		{Code: "4", Name: "An Thắng", Type: Xa}, {Code: "5", Name: "Sơn Kim 10", Type: Xa}, {Code: "6", Name: "Sơn Kim 2", Type: Xa},
		{Code: "7", Name: "Zuôih", Type: Xa}, {Code: "8", Name: "Dã Tràng", Type: Xa, To: "2025-07-01"}, {Code: "9", Name: "Ơ Đu", Type: Xa}, {Code: "A", Name: "Ông Đình", Type: Xa},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "Xã An Thắng, Xã Ân Thi, Xã Duy Xuyên, Xã Đông Giang, Xã Ông Đình, Xã Ơ Đu, Xã Sơn Kim 2, Xã Sơn Kim 10, Xã Zuôih"
	if got := names(a.Units(now)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestNewReportsAllMistakesTogether(t *testing.T) {
	square := Boundary{Code: "ghost", Geometry: squareAt(0, 0, 1)}
	_, err := New([]Unit{
		{Code: "1", Name: "A B", Type: "village", Parent: "9"},
		{Code: "1", Name: "C D", Type: Xa},
		{Code: "2", Name: "…", Type: Xa, From: "1/7/2025"},
		{Code: "3", Name: "E F", Type: Xa, From: "2025-07-01", To: "2025-07-01"},
		{Code: "4", Name: "G H", Type: Xa, Successors: []string{"8"}},
		{Code: "5", Name: "I K", Type: Xa, To: "2025-07-01", Successors: []string{"6"}},
		{Code: "6", Name: "L M", Type: Xa, To: "2024-07-01"},
		{Code: " ", Name: "N O", Type: Xa},
	}, []Boundary{square})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`"1": code used twice`, `unknown type "village"`, `unknown parent "9"`, `"2": no name`, `"1/7/2025" is not a date`,
		"not after it begins", "successors but no end", `unknown successor "8"`, `successor "6" had ended by 2024-07-01`, "no code", `boundary "ghost": unknown unit`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told in:\n%v", want, err)
		}
	}
}

func TestNewRefusesCycles(t *testing.T) {
	for what, units := range map[string][]Unit{
		"is its own ancestor":     {{Code: "1", Name: "A", Type: Xa, Parent: "2"}, {Code: "2", Name: "B", Type: Xa, Parent: "3"}, {Code: "3", Name: "C", Type: Xa, Parent: "2"}},
		"had ended by 2025-01-01": {{Code: "1", Name: "A", Type: Xa, To: "2025-01-01", Successors: []string{"2"}}, {Code: "2", Name: "B", Type: Xa, To: "2025-01-01", Successors: []string{"1"}}},
	} {
		if _, err := New(units, nil); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

func TestAnAtlasCannotBeChangedThroughItsAnswers(t *testing.T) {
	a := smallProvince(t)
	u, _ := a.Unit("502")
	u.Successors[0] = "changed"
	for _, h := range a.Find("da nang", now, 1) {
		h.Unit.Aliases[0] = "changed"
	}
	if u, _ := a.Unit("502"); u.Successors[0] != "20335" {
		t.Error("the successors of the atlas changed")
	}
	if u, _ := a.Unit("48"); u.Aliases[0] != "ĐN" {
		t.Error("the aliases of the atlas changed")
	}
}

package plain_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"hotline1022/ticketing/plain"
)

// Each answer of the table gets exactly the findings that stand beside it.
func TestAnswersGoodAndBad(t *testing.T) {
	good, bad := 0, 0
	for n, line := range table(t) {
		a := plain.Answer{Outcome: line.outcome, Text: line.text}
		var got []string
		for _, f := range plain.Check(a) {
			got = append(got, f.Key)
		}
		if len(line.want) == 0 {
			good++
		} else {
			bad++
		}
		slices.Sort(got)
		if !slices.Equal(slices.Compact(got), line.want) {
			t.Errorf("answer %d: found %v, want %v\n%s", n+1, plain.Check(a), line.want, line.text)
		}
	}
	if good < 20 || bad < 20 {
		t.Errorf("the table has %d good and %d bad answers", good, bad)
	}
}

type line struct {
	outcome, text string
	want          []string // sorted, each once
}

func table(t *testing.T) (out []line) {
	t.Helper()
	raw, err := os.ReadFile("testdata/answers.txt")
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(raw)) {
		l = strings.TrimRight(l, "\n")
		if l == "" || strings.HasPrefix(l, "#") {
			continue
		}
		parts := strings.SplitN(l, "|", 3)
		if len(parts) != 3 {
			t.Fatalf("%q has no three parts", l)
		}
		want := slices.DeleteFunc(strings.Fields(parts[1]), func(k string) bool { return k == "-" })
		for _, k := range want {
			if !slices.Contains(plain.Keys[:], k) {
				t.Fatalf("%q is no finding", k)
			}
		}
		slices.Sort(want)
		out = append(out, line{strings.TrimSpace(parts[0]), strings.ReplaceAll(strings.TrimSpace(parts[2]), `\n`, "\n"), slices.Compact(want)})
	}
	return out
}

// An agency is known by its name in the catalogue too, however it is typed, but not by a part of another word.
func TestUnitsByName(t *testing.T) {
	for text, want := range map[string]bool{
		"dawaco da noi ong":        true,
		"Nước sạch ĐÀ NẴNG đã nối": true,
		"adawaco da noi":           false,
		"dawacos":                  false,
		"đã nối ống nước":          false,
	} {
		found := plain.Check(plain.Answer{Text: text + " hôm nay, nếu còn yếu xin gọi 1022", Outcome: "done", Units: []string{"DAWACO", "Nước sạch Đà Nẵng", ""}})
		if got := len(found) == 0; got != want {
			t.Errorf("%q: %v", text, found)
		}
	}
}

// What says nothing is told even where all else is there; a promise with a date is no formula.
func TestFormulas(t *testing.T) {
	for text, want := range map[string]string{
		"Sở Xây dựng sẽ tăng cường kiểm tra.":                              "tăng cường( công tác)? (kiểm tra|tuyên truyền|quản lý|giám sát|tuần tra)",
		"Sở Xây dựng sẽ tăng cường kiểm tra từ ngày 25/11.":                "",
		"SỞ XÂY DỰNG XIN TIẾP THU":                                         "(xin|sẽ|nghiêm túc|chân thành) tiếp thu",
		"Đã tiếp nhận và chuyển Điện lực. Ngày 25/11 họ đã xem xét xong.":  "",
		"Đã tiếp nhận\nvà  chuyển, Điện lực Hải Châu để họ xem xét":        "",
		"Đã tiếp nhận và  chuyển, Điện lực Hải Châu để họ xem xét":         "đã tiếp nhận và chuyển … (xem xét|giải quyết|xử lý|nghiên cứu|trả lời)",
		"Sẽ sửa theo văn bản 25.11.2026 của Sở, trong thời gian tới xong.": "",
	} {
		got := ""
		for _, f := range plain.Check(plain.Answer{Text: text, Outcome: "answered"}) {
			if f.Key == plain.Formula {
				got = f.At
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestTheRulesCanBeServed(t *testing.T) {
	raw, err := json.Marshal(plain.Rules([]string{"Sở Xây dựng", "sở xây dựng", ""}))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"units":["so xay dung"]`, `"longest":50`, `"date":"(?:`, `"pattern":"\\b`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("%s is not in %s", want, raw)
		}
	}
	if got := plain.Bare("Sở Xây dựng, 25/11 Đường"); got != "so xay dung, 25/11 duong" {
		t.Errorf("bare %q", got)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("Đã tiếp nhận và chuyển…", "done", "Sở")
	f.Add("\xff.\n?", "", "\xff")
	f.Fuzz(func(t *testing.T, text, outcome, unit string) {
		first := plain.Check(plain.Answer{Text: text, Outcome: outcome, Units: []string{unit}})
		if again := plain.Check(plain.Answer{Text: text, Outcome: outcome, Units: []string{unit}}); len(first) != len(again) {
			t.Errorf("%v, then %v", first, again)
		}
	})
}

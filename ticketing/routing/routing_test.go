package routing

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/ticketing/places"
)

var (
	now    = time.Date(2026, 8, 4, 9, 0, 0, 0, time.UTC)
	before = time.Date(2024, 12, 23, 9, 0, 0, 0, time.UTC)

	vietnam = time.FixedZone("+07", 7*60*60)
)

// smallProvince is the one the places package is tested with.
func smallProvince(t testing.TB) *places.Atlas {
	return atlasOf(t, "../places/testdata/province.json")
}

func atlasOf(t testing.TB, file string) *places.Atlas {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	units, err := places.ReadUnits(f)
	if err != nil {
		t.Fatal(err)
	}
	a, err := places.New(units, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// annex is a small routing annex. 502 is the former city of Tam Kỳ, 513 the former
// district of Thăng Bình, 517 of Núi Thành.
func annex() []Rule {
	return []Rule{
		{ID: "khan", Words: []string{"đuối nước", "cháy nhà", "sạt lở"}, Agency: "pccc", Priority: "urgent", Order: -10, Reason: "nguy hiểm tính mạng"},
		{ID: "den", Categories: []string{"chieu_sang"}, Agency: "cong-ich"},
		{ID: "den-chu", Words: []string{"đèn đường", "den chieu sang"}, Agency: "cong-ich", Order: 5},
		{ID: "dien", Categories: []string{"dien"}, Agency: "dien-luc"},
		{ID: "dien-tk", Categories: []string{"dien"}, Areas: []string{"502"}, Agency: "dien-luc-tam-ky"},
		{ID: "dien-tb", Categories: []string{"dien"}, Areas: []string{"513"}, Agency: "dien-luc-thang-binh"},
		{ID: "dien-dn", Categories: []string{"dien"}, Areas: []string{"48"}, Agency: "dien-luc-da-nang"},
		{ID: "nuoc", Categories: []string{"nuoc"}, Areas: []string{"20971", "20965", "20984"}, Agency: "nuoc-nui-thanh"},
		{ID: "so-cu", Categories: []string{"giao_thong"}, Agency: "so-gtvt", To: "2025-03-01"},
		{ID: "so-moi", Categories: []string{"giao_thong"}, Agency: "so-xay-dung", From: "2025-03-01"},
		{ID: "tat", Categories: []string{"giao_thong"}, Agency: "nobody", Off: true, Order: -1},
		{ID: "to-cao", Kinds: []string{"to_cao", "khieu_nai"}, Agency: "tiep-dan"},
	}
}

func router(t testing.TB, rules []Rule) *Router {
	t.Helper()
	r, err := New(rules, smallProvince(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// because writes reasons as "field value; …".
func because(list []Because) string {
	var s []string
	for _, b := range list {
		s = append(s, strings.TrimSpace(b.Field+" "+b.Value))
	}
	return strings.Join(s, "; ")
}

func TestMatch(t *testing.T) {
	r := router(t, annex())
	for _, c := range []struct {
		what string
		q    Question
		rule string // empty: a person sorts it
		why  string
		area string
	}{
		{"by category", Question{Category: "chieu_sang"}, "den", "category chieu_sang", ""},
		{"by kind", Question{Kind: "to_cao", Category: "khong_biet"}, "to-cao", "kind to_cao", ""},
		{"nothing fits", Question{Category: "khong_biet"}, "", "", ""},
		{"nothing known", Question{}, "", "", ""},

		{"by its words", Question{Text: "Cái đèn đường trước nhà tắt"}, "den-chu", "words đèn đường", ""},
		{"by its words without accents", Question{Text: "den duong tat"}, "den-chu", "words đèn đường", ""},
		{"the first phrase of the list is told, wherever it stands", Question{Text: "sạt lở, có người đuối nước"}, "khan", "words đuối nước", ""},
		{"also where it stands first", Question{Text: "có người đuối nước vì sạt lở"}, "khan", "words đuối nước", ""},
		{"by words in capitals", Question{Text: "ĐÈN ĐƯỜNG TẮT"}, "den-chu", "words đèn đường", ""},
		{"a phrase without accents meets any", Question{Text: "đèn chiếu sáng hư"}, "den-chu", "words den chieu sang", ""},
		{"other accents are other words", Question{Text: "đi đến đường Trần Phú"}, "", "", ""},
		{"half a word is no word", Question{Text: "đèn đườngs"}, "", "", ""},
		{"two sentences are no phrase", Question{Text: "hư đèn. đường thì xấu"}, "", "", ""},
		{"an emergency before all others", Question{Category: "chieu_sang", Text: "có người đuối nước"}, "khan", "words đuối nước", ""},

		{"the narrower rule first", Question{Category: "dien", Area: "20794"}, "dien-tb", "category dien; area 513", ""},
		{"a hamlet lies in its city", Question{Category: "dien", Area: "thon-1"}, "dien-dn", "category dien; area 48", ""},
		{"outside every area", Question{Category: "dien", Area: "00199"}, "dien", "category dien", ""},
		{"no such area", Question{Category: "dien", Area: "nope"}, "dien", "category dien", ""},
		{"a former town by its successor", Question{Category: "dien", Area: "20791-2024"}, "dien-tb", "category dien; area 513; old_name Thị trấn Hà Lam", ""},
		{"a former city, whichever ward it was", Question{Category: "dien", Area: "502"}, "dien-tk", "category dien; area 502; old_name Thành phố Tam Kỳ", ""},
		{"a former district whose communes are listed one by one", Question{Category: "nuoc", Area: "517"}, "nuoc", "category nuoc; area 20971 20965 20984; old_name Huyện Núi Thành", ""},
		{"in its own time a former unit is itself", Question{Category: "dien", Area: "20791-2024", On: before}, "dien-tb", "category dien; area 513", ""},

		{"a place in the text", Question{Category: "dien", Text: "mất điện ở xã Đồng Dương"}, "dien-tb", "category dien; area 513", "20818"},
		{"a former place in the text", Question{Category: "dien", Text: "mất điện ở thị trấn Hà Lam"}, "dien-tb", "category dien; area 513; old_name Thị trấn Hà Lam", "20791"},
		{"a name of several wards is not guessed, but all lie in the area", Question{Category: "dien", Text: "mất điện ở Tam Kỳ"}, "dien-tk", "category dien; area 502; old_name Thành phố Tam Kỳ", ""},
		{"two places are not guessed", Question{Category: "dien", Text: "mất điện từ Đồng Dương đến Hương Trà"}, "dien-dn", "category dien; area 48", ""},
		{"a homonym is not guessed", Question{Category: "dien", Text: "mất điện ở Tây Hồ"}, "dien", "category dien", ""},
		{"a homonym with its city", Question{Category: "dien", Text: "mất điện ở Tây Hồ, Đà Nẵng"}, "dien-dn", "category dien; area 48", "20380"},
		{"the given area, not the one in the text", Question{Category: "dien", Area: "20242", Text: "mất điện ở Đồng Dương"}, "dien-dn", "category dien; area 48", ""},
		{"a place is told though the rule does not ask", Question{Category: "chieu_sang", Text: "ở Hải Vân"}, "den", "category chieu_sang", "20194"},

		{"the rule of the day", Question{Category: "giao_thong"}, "so-moi", "category giao_thong", ""},
		{"on the day of change the new rule", Question{Category: "giao_thong", On: time.Date(2025, 3, 1, 0, 0, 0, 0, vietnam)}, "so-moi", "category giao_thong", ""},
		{"on the eve the old rule", Question{Category: "giao_thong", On: time.Date(2025, 2, 28, 23, 59, 59, 0, vietnam)}, "so-cu", "category giao_thong", ""},
		{"the rule of that day", Question{Category: "giao_thong", On: before}, "so-cu", "category giao_thong", ""},
	} {
		if c.q.On.IsZero() {
			c.q.On = now
		}
		m, ok := r.Match(c.q)
		if got := because(m.Because); ok != (c.rule != "") || m.Rule.ID != c.rule || got != c.why || strings.Join(m.Areas, " ") != c.area {
			t.Errorf("%s:\n got %q because %q, areas %v\nwant %q because %q, area %q", c.what, m.Rule.ID, got, m.Areas, c.rule, c.why, c.area)
		}
		if m.Agency != m.Rule.Agency || m.Priority != m.Rule.Priority {
			t.Errorf("%s: agency %q, priority %q", c.what, m.Agency, m.Priority)
		}
	}
}

// A commune of the district D went to S, which lies outside what D became.
func TestAFormerUnitLayInItsOwnDistrict(t *testing.T) {
	const end = "2025-07-01"
	atlas, err := places.New([]places.Unit{
		{Code: "D", Name: "Đông Sơn", Type: places.Huyen, To: end, Successors: []string{"T"}},
		{Code: "O", Name: "Ô Lâu", Type: places.Xa, Parent: "D", To: end, Successors: []string{"S"}},
		{Code: "S", Name: "Sơn Trà", Type: places.Xa}, {Code: "T", Name: "Tiên Sa", Type: places.Xa},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := New([]Rule{{ID: "1", Areas: []string{"D"}, Agency: "x"}}, atlas)
	if err != nil {
		t.Fatal(err)
	}
	for area, want := range map[string]bool{"O": true, "D": true, "T": true, "S": false} {
		if _, ok := r.Match(Question{Area: area, On: now}); ok != want {
			t.Errorf("area %s: matched %v", area, ok)
		}
	}
}

func TestADefaultSaysSo(t *testing.T) {
	r := router(t, []Rule{{ID: "a", Agency: "tong-dai"}, {ID: "z", Categories: []string{"dien"}, Agency: "dien-luc"}})
	if m, _ := r.Match(Question{On: now}); m.Agency != "tong-dai" || because(m.Because) != "default" {
		t.Errorf("got %+v", m)
	}
	if m, _ := r.Match(Question{Category: "dien", On: now}); m.Agency != "dien-luc" {
		t.Errorf("the default came before a rule that asks more: %+v", m)
	}
}

func TestRulesOfEqualRankGoByID(t *testing.T) {
	rules := []Rule{{ID: "c", Agency: "x"}, {ID: "a", Agency: "x"}, {ID: "b", Agency: "x"}, {ID: "d", Agency: "x", Order: -1}}
	for range 4 {
		rules = append(rules[1:], rules[0]) // in whatever order they come
		var got []string
		for _, m := range router(t, rules).Suggest(Question{On: now}) {
			got = append(got, m.Rule.ID)
		}
		if strings.Join(got, "") != "dabc" {
			t.Errorf("got %v", got)
		}
	}
}

func TestSuggestGivesAtMostFiveAndBeginsWithTheMatch(t *testing.T) {
	var rules []Rule
	for i := range 9 {
		rules = append(rules, Rule{ID: fmt.Sprint("r", 9-i), Agency: "x"})
	}
	r := router(t, rules)
	got := r.Suggest(Question{On: now})
	m, _ := r.Match(Question{On: now})
	if len(got) != 5 || !reflect.DeepEqual(got[0], m) || got[4].Rule.ID != "r5" {
		t.Errorf("got %v", got)
	}
	if got := router(t, nil).Suggest(Question{On: now}); len(got) != 0 {
		t.Errorf("no rules gave %v", got)
	}
}

func TestExplainTellsOfEveryRule(t *testing.T) {
	r := router(t, annex())
	q := Question{Kind: "phan_anh", Category: "dien", Text: "mất điện ở Tây Hồ", On: now}
	want := map[string]string{
		"khan":    "missed: words",
		"den":     "missed: category dien",
		"dien":    "met: category dien",
		"dien-tk": "met: category dien missed: area 00103 20380",
		"dien-dn": "met: category dien missed: area 00103 20380",
		"so-cu":   "missed: date 2026-08-04; category dien",
		"tat":     "missed: off; category dien",
		"to-cao":  "missed: kind phan_anh",
	}
	tried := r.Explain(q)
	if len(tried) != len(annex()) {
		t.Fatalf("%d of %d rules", len(tried), len(annex()))
	}
	for _, tr := range tried {
		var got []string
		if len(tr.Because) > 0 {
			got = append(got, "met: "+because(tr.Because))
		}
		if len(tr.Missed) > 0 {
			got = append(got, "missed: "+because(tr.Missed))
		}
		if w, ok := want[tr.Rule.ID]; ok && strings.Join(got, " ") != w {
			t.Errorf("%s: got %q, want %q", tr.Rule.ID, strings.Join(got, " "), w)
		}
		if tr.Matched != (tr.Rule.ID == "dien") {
			t.Errorf("%s: matched %v", tr.Rule.ID, tr.Matched)
		}
	}
}

func TestNewReportsAllMistakesTogether(t *testing.T) {
	_, err := New([]Rule{
		{ID: "1", Agency: "x"}, {ID: "1", Agency: "x"}, {Agency: "x", Name: "unnamed"}, {ID: "2"},
		{ID: "3", Agency: "x", From: "2025-13-01"}, {ID: "4", Agency: "x", From: "2025-07-01", To: "2025-07-01"},
		{ID: "5", Agency: "x", Areas: []string{"nope"}}, {ID: "6", Agency: "x", Words: []string{"…"}}, {ID: "7", Agency: "x", Kinds: []string{""}},
	}, smallProvince(t))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`"1": ID used twice`, "no ID", `"2": no agency`, "2025-13-01", "not after it begins", `unknown area "nope"`, `"…" has no word`, "empty kind"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told in:\n%v", want, err)
		}
	}
	if _, err := New([]Rule{{ID: "1", Agency: "x", Areas: []string{"48"}}}, nil); err == nil {
		t.Error("an area was taken without an atlas")
	}
	if r, err := New([]Rule{{ID: "1", Agency: "x"}}, nil); err != nil {
		t.Error(err)
	} else if _, ok := r.Match(Question{Text: "ở Tam Kỳ", On: now}); !ok {
		t.Error("without an atlas nothing matched")
	}
}

func TestARouterCannotBeChangedThroughItsAnswersAndServesMany(t *testing.T) {
	r := router(t, annex())
	q := Question{Category: "dien", Text: "mất điện ở Tam Kỳ", On: now}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				m, _ := r.Match(q)
				if m.Rule.ID != "dien-tk" {
					t.Errorf("got %q", m.Rule.ID)
					return
				}
				m.Rule.Areas[0], m.Rule.Categories[0] = "changed", "changed"
			}
		})
	}
	wg.Wait()
}

// FuzzMatch holds Match, Suggest and Explain against each other: they must agree.
func FuzzMatch(f *testing.F) {
	r := router(f, append(annex(), Rule{ID: "x", Words: []string{"cháy"}, Areas: []string{"48", "01"}, Agency: "y", Order: -20}))
	f.Add("phan_anh", "dien", "", "mất điện ở TP. Tam Kỳ, đèn đường tắt, cháy nhà", int64(1785800000))
	f.Add("", "nuoc", "517", "\xff", int64(0))
	f.Fuzz(func(t *testing.T, kind, category, area, text string, unix int64) {
		q := Question{kind, category, area, text, time.Unix(unix%(1<<36), 0)}
		m, ok := r.Match(q)
		suggested := r.Suggest(q)
		if ok != (len(suggested) > 0) || ok && !reflect.DeepEqual(m, suggested[0]) {
			t.Errorf("%+v: matched %+v, suggested %+v", q, m, suggested)
		}
		for _, tr := range r.Explain(q) {
			if tr.Matched {
				if tr.Rule.ID != m.Rule.ID || !reflect.DeepEqual(tr.Because, m.Because) {
					t.Errorf("%+v: matched %+v, explained %+v", q, m, tr)
				}
				return
			}
		}
		if ok {
			t.Errorf("%+v: matched %+v, explained by no rule", q, m)
		}
	})
}

// BenchmarkMatch tries 500 rules, none of which matches but the last.
func BenchmarkMatch(b *testing.B) {
	bench := func(b *testing.B, atlas *places.Atlas) {
		units := atlas.Units(now)
		var rules []Rule
		for i := range 499 {
			rule := Rule{ID: fmt.Sprint(i), Categories: []string{"dien"}, Agency: "x", Words: []string{"đứt cáp", "den duong", fmt.Sprintf("nước số %d", i), "nước sạch"}}
			for j := range 5 {
				rule.Areas = append(rule.Areas, units[(i*5+j)%len(units)].Code)
			}
			if i%2 == 0 {
				rule.Words = nil
			}
			rule.Areas = append(rule.Areas, "01")
			rules = append(rules, rule)
		}
		rules = append(rules, Rule{ID: "last", Agency: "y", Order: 1})
		r, err := New(rules, atlas)
		if err != nil {
			b.Fatal(err)
		}
		text := "Kính gửi tổng đài, nước máy trước UBND xã Tam Xuân, thành phố Đà Nẵng đã mất ba ngày nay, bà con đi lại lấy nước rất khó khăn, đề nghị xử lý sớm."
		for what, q := range map[string]Question{
			"place in the text": {Category: "dien", Text: text, On: now},
			"place given":       {Category: "dien", Text: text, Area: units[3].Code, On: now},
			"no category":       {Text: text, On: now},
		} {
			b.Run(what, func(b *testing.B) {
				for b.Loop() {
					r.Match(q)
				}
			})
		}
	}
	b.Run("province", func(b *testing.B) { bench(b, smallProvince(b)) })
	b.Run("country", func(b *testing.B) {
		const file = "../../../shared/data/vn-units-2026.json"
		if _, err := os.Stat(file); err != nil {
			b.Skipf("SKIPPED, not measured with the whole country: %v", err)
		}
		bench(b, atlasOf(b, file))
	})
}

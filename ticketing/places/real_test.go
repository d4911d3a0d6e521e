package places

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// The whole country and the real boundaries live beside the project, not in it.
const shared = "../../../shared/data/"

func open(t testing.TB, name string) *os.File {
	t.Helper()
	f, err := os.Open(shared + name)
	if err != nil {
		t.Skipf("SKIPPED, nothing was checked against real data: %v", err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func wholeCountry(t testing.TB) *Atlas {
	t.Helper()
	units, err := ReadUnits(open(t, "vn-units-2026.json"))
	if err != nil {
		t.Fatal(err)
	}
	boundaries, err := ReadBoundaries(open(t, "danang-wards-2026.geojson"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(units, boundaries)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestTheWholeCountry(t *testing.T) {
	a := wholeCountry(t)
	count := map[string]int{}
	for _, u := range a.Units(now) {
		count["all"]++
		if a.Within(u.Code, "48") {
			count["Đà Nẵng "+u.Type]++
		}
	}
	for what, want := range map[string]int{"all": 34 + 3321, "Đà Nẵng " + Phuong: 23, "Đà Nẵng " + Xa: 70, "Đà Nẵng " + DacKhu: 1} {
		if count[what] != want {
			t.Errorf("%s: %d, want %d", what, count[what], want)
		}
	}
	for _, c := range []struct {
		what     string
		lat, lng float64
		want     string
	}{
		{"the Dragon Bridge's west end", 16.0609, 108.2220, "Phường Hải Châu"},
		{"the old town of Hội An", 15.8773, 108.3280, "Phường Hội An"},
		{"the square of Tam Kỳ", 15.5660, 108.4820, "Phường Tam Kỳ"},
		{"Huế is not in the file", 16.4637, 107.5909, ""},
	} {
		if u, _ := a.Locate(c.lat, c.lng); u.FullName != c.want {
			t.Errorf("%s: %s, want %s", c.what, u.FullName, c.want)
		}
	}
	if h := a.Find("phường hai ch", now, 1); len(h) != 1 || h[0].Unit.FullName != "Phường Hải Châu" {
		t.Errorf("phường hai ch gave %v", h)
	}
	for text, want := range map[string]string{
		"em ở xã La Êê":                  "xã La Êê → Xã La Êê",
		"xã Ea H’Leo mất điện":           "xã Ea H’Leo → Xã Ea H'Leo",
		"phường Văn Miếu – Quốc Tử Giám": "phường Văn Miếu – Quốc Tử Giám → Phường Văn Miếu - Quốc Tử Giám",
		"phường 2 Bảo Lộc":               "phường 2 Bảo Lộc → Phường 2 Bảo Lộc",
		"pleiku mưa":                     "",
	} {
		if got := told(a.Mentioned(text, now)); got != want {
			t.Errorf("%q gave %q, want %q", text, got, want)
		}
	}
}

func TestEveryUnitIsFoundByItsOwnName(t *testing.T) {
	a := wholeCountry(t)
	for _, u := range a.Units(now) {
		if h := a.Find(strings.ToUpper(u.FullName), now, 50); !slices.ContainsFunc(h, isHit(u.Code)) {
			t.Errorf("%s is not found", u.FullName)
		}
		if h := a.Find(key(u.Name), now, 50); !slices.ContainsFunc(h, isHit(u.Code)) {
			t.Errorf("%s is not found without accents", u.FullName)
		}
		if got := a.Mentioned("Nước bẩn tại "+u.FullName+" ba ngày nay.", now); len(got) == 0 || !slices.ContainsFunc(got[0].Units, isUnit(u.Code)) {
			t.Errorf("%s is not recognised: %s", u.FullName, told(got))
		}
	}
}

func isUnit(code string) func(Unit) bool { return func(u Unit) bool { return u.Code == code } }

func isHit(code string) func(Hit) bool { return func(h Hit) bool { return h.Unit.Code == code } }

func BenchmarkNew(b *testing.B) {
	units := wholeCountry(b).Units(now)
	for b.Loop() {
		if _, err := New(units, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	a := wholeCountry(b)
	for _, q := range []string{"t", "hai ch", "hc", "xã tân", "Phường Hải Châu"} {
		b.Run(q, func(b *testing.B) {
			for b.Loop() {
				a.Find(q, now, 10)
			}
		})
	}
}

func BenchmarkLocate(b *testing.B) {
	a := wholeCountry(b)
	for what, p := range map[string][2]float64{"ward": {16.0609, 108.2220}, "sea": {15.9, 108.6}, "mountain": {15.05, 108.05}} {
		b.Run(what, func(b *testing.B) {
			for b.Loop() {
				a.Locate(p[0], p[1])
			}
		})
	}
}

func BenchmarkMentioned(b *testing.B) {
	a := wholeCountry(b)
	text := strings.Repeat("Kính gửi tổng đài, đèn đường trước UBND xã Tam Xuân, thành phố Đà Nẵng đã tắt ba đêm nay, bà con đi lại rất khó khăn. ", 10)
	text = string([]rune(text)[:500])
	b.ResetTimer()
	for b.Loop() {
		a.Mentioned(text, time.Date(2026, 8, 4, 0, 0, 0, 0, time.UTC))
	}
}

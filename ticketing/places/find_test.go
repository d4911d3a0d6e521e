package places

import (
	"strings"
	"testing"
	"time"
)

func TestFind(t *testing.T) {
	a := smallProvince(t)
	for _, c := range []struct {
		what, q string
		on      time.Time
		want    string // the beginning of the list
	}{
		{"half a name without accents", "hai ch", now, "Phường Hải Châu"},
		{"with accents", "Hải Ch", now, "Phường Hải Châu"},
		{"initials", "hc", now, "Phường Hải Châu"},
		{"letters of each word", "t k", now, "Phường Tam Kỳ"},
		{"without the blank", "tamky", now, "Phường Tam Kỳ"},
		{"i for y", "tam kì", now, "Phường Tam Kỳ"},
		{"the tone on the other letter", "hòa kh", now, "Phường Hoà Khánh"},
		{"a type before it", "p. tam k", now, "Phường Tam Kỳ"},
		{"a former city by its type", "tp tam ky", now, "Phường Bàn Thạch ← Thành phố Tam Kỳ"},
		{"the present ward before what the city became", "tam ky", now, "Phường Tam Kỳ, Phường Bàn Thạch ← Thành phố Tam Kỳ, Phường Hương Trà ← Thành phố Tam Kỳ, Phường Quảng Phú ← Thành phố Tam Kỳ"},
		{"a former district", "huyện thăng bình", now, "Xã Đồng Dương ← Huyện Thăng Bình, Xã Thăng An ← Huyện Thăng Bình, Xã Thăng Bình ← Huyện Thăng Bình"},
		{"a former town whose name is gone", "ha lam", now, "Xã Thăng Bình ← Thị trấn Hà Lam"},
		{"in 2024 the former unit itself", "tam ky", before, "Thành phố Tam Kỳ"},
		{"an alias says so", "đn", now, "Thành phố Đà Nẵng ← ĐN"},
		{"exact before prefix", "tam xuan", now, "Xã Tam Xuân"},
		{"a wrong type still helps", "xã tam kỳ", now, "Phường Tam Kỳ"},
		{"a name that begins like a type", "ban thach", now, "Phường Bàn Thạch"},
		{"the middle of a name", "khanh", now, "Phường Hoà Khánh"},
		{"words in another order do not answer", "chau hai", now, ""},
		{"nothing typed", "  .", now, ""},
		{"no such place", "xyz", now, ""},
	} {
		var list []string
		for _, h := range a.Find(c.q, c.on, 5) {
			s := h.Unit.FullName
			if h.Via != "" {
				s += " ← " + h.Via
			}
			list = append(list, s)
		}
		got := strings.Join(list, ", ")
		if c.want == "" && got != "" || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q gave\n %s\nwant\n %s", c.what, c.q, got, c.want)
		}
	}
	if got := a.Find("t", now, 3); len(got) != 3 {
		t.Errorf("a limit of 3 gave %d", len(got))
	}
	if got := a.Find("t", now, 0); got != nil {
		t.Errorf("a limit of 0 gave %v", got)
	}
}

func TestFindPrefersTheAccentsThatWereTyped(t *testing.T) {
	a, err := New([]Unit{{Code: "1", Name: "Tân An", Type: Xa}, {Code: "2", Name: "Tấn An", Type: Xa}, {Code: "3", Name: "Quỳnh Lưu", Type: Xa}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string]string{"tấn an": "Xã Tấn An", "tân an": "Xã Tân An", "tan an": "Xã Tân An", "quy": "Xã Quỳnh Lưu"} {
		if got := a.Find(q, now, 1); len(got) != 1 || got[0].Unit.FullName != want {
			t.Errorf("%q gave %v, want %s", q, got, want)
		}
	}
}

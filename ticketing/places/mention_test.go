package places

import (
	"strings"
	"testing"
	"time"
)

// told writes mentions as "text → units [old]; …".
func told(ms []Mention) string {
	var list []string
	for _, m := range ms {
		s := m.Text + " → " + names(m.Units)
		if m.Old != nil {
			s += " [" + m.Old.FullName + "]"
		}
		list = append(list, s)
	}
	return strings.Join(list, "; ")
}

const cityWards = "Phường Bàn Thạch, Phường Hương Trà, Phường Quảng Phú"

func TestMentioned(t *testing.T) {
	a := smallProvince(t)
	for _, c := range []struct{ what, text, want string }{
		{"two places, one a ward and a former city at once", "đường hư ở Tam Kỳ, gần UBND xã Tam Xuân",
			"Tam Kỳ → Phường Tam Kỳ, " + cityWards + " [Thành phố Tam Kỳ]; xã Tam Xuân → Xã Tam Xuân"},
		{"the type decides for the ward", "Phường Tam Kỳ mất nước", "Phường Tam Kỳ → Phường Tam Kỳ"},
		{"the type decides for the former city", "ở TP. Tam Kỳ", "TP. Tam Kỳ → " + cityWards + ", Phường Tam Kỳ [Thành phố Tam Kỳ]"},
		{"a former district", "nhà em huyện Thăng Bình",
			"huyện Thăng Bình → Xã Đồng Dương, Xã Thăng An, Xã Thăng Bình, Xã Thăng Điền, Xã Thăng Phú, Xã Thăng Trường [Huyện Thăng Bình]"},
		{"an hour is not a district", "lúc 7 h Thăng Bình mất điện", "Thăng Bình → Xã Thăng Bình, Xã Đồng Dương, Xã Thăng An, Xã Thăng Điền, Xã Thăng Phú, Xã Thăng Trường [Huyện Thăng Bình]"},
		{"a former town", "chợ thị trấn Hà Lam ngập", "thị trấn Hà Lam → Xã Thăng Bình [Thị trấn Hà Lam]"},
		{"the longest name wins", "Tam Xuân 1 mất điện", "Tam Xuân 1 → Xã Tam Xuân [Xã Tam Xuân 1]"},
		{"no accents at all", "den duong o hai chau khong sang", "hai chau → Phường Hải Châu, Phường Hoà Cường [Quận Hải Châu]"},
		{"capitals only", "Ở ĐÂY HẢI VÂN CÓ NGẬP", "HẢI VÂN → Phường Hải Vân"},
		{"the tone on the other letter", "Hòa Khánh kẹt xe", "Hòa Khánh → Phường Hoà Khánh"},
		{"hỏi and ngã confused, in capitals", "Tỉnh Quãng Nam", "Tỉnh Quãng Nam → Thành phố Đà Nẵng [Tỉnh Quảng Nam]"},
		{"decomposed letters", "Ho\u0300a Kha\u0301nh ngập nước", "Ho\u0300a Kha\u0301nh → Phường Hoà Khánh"},
		{"capitals without accents in an accented text", "đường bị hỏng nặng ở Hoa Khanh", "Hoa Khanh → Phường Hoà Khánh"},
		{"a homonym keeps both", "ở Tây Hồ", "Tây Hồ → Phường Tây Hồ, Xã Tây Hồ"},
		{"a homonym by its type", "xã Tây Hồ", "xã Tây Hồ → Xã Tây Hồ"},
		{"the same place is told once", "Hải Vân, phường Hải Vân", "Hải Vân → Phường Hải Vân"},
		{"a single syllable after its type", "phường Láng ngập", "phường Láng → Phường Láng"},
		{"a neighbourhood", "thôn Khương Đại mất nước", "thôn Khương Đại → Thôn Khương Đại"},
		{"an alias of one syllable after its type", "TP ĐN", "TP ĐN → Thành phố Đà Nẵng"},
		{"a hyphen inside", "Tam-Anh", "Tam-Anh → Xã Tam Anh"},

		{"a single syllable alone", "đi lòng vòng Láng", ""},
		{"a single syllable after another type", "xã Láng", ""},
		{"half a name", "hòa nhau cả làng, Hòa ơi", ""},
		{"a word of a sentence", "nhà tôi rất an toàn, bình an", ""},
		{"a photograph is not Tam Anh", "em gửi tấm ảnh", ""},
		{"eating for two is not An Hải", "bán đồ ăn hai ngày ôi thiu", ""},
		{"two valves are not Hải Vân in an accented text", "có hai van nước bị hỏng", ""},
		{"two sentences are not one name", "Chỗ ở Tam. Kỳ cục lắm, tam, kỳ", ""},
		{"part of a longer word", "Tam Kỳs và xTam Kỳ", ""},
		{"a person", "Tôi tên Nguyễn Thị Hải Vân, gặp bà Hải Vân", ""},
		{"far is not a commune", "nhà xa láng giềng", ""},
		{"nothing", "", ""},
	} {
		if got := told(a.Mentioned(c.text, now)); got != c.want {
			t.Errorf("%s: %q gave\n %s\nwant\n %s", c.what, c.text, got, c.want)
		}
	}
}

func TestMentionedInItsTime(t *testing.T) {
	a := smallProvince(t)
	for _, c := range []struct {
		on         time.Time
		text, want string
	}{
		{before, "ở Tam Kỳ", "Tam Kỳ → Thành phố Tam Kỳ"},
		{before, "ở Hải Vân", ""}, // had not begun
		{before, "Quảng Nam", "Quảng Nam → Tỉnh Quảng Nam"},
	} {
		if got := told(a.Mentioned(c.text, c.on)); got != c.want {
			t.Errorf("%q gave %q, want %q", c.text, got, c.want)
		}
	}
}

func TestAWriterWhoUsesCapitalsUsesThemForEveryPlace(t *testing.T) {
	a, err := New([]Unit{{Code: "1", Name: "An Ninh", Type: Xa}, {Code: "2", Name: "Hải Châu", Type: Phuong}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"tình hình an ninh ở phường Hải Châu kém": "phường Hải Châu → Phường Hải Châu",
		"tôi ở an ninh": "an ninh → Xã An Ninh",
		"ở hải châu, đúng là phường Hải Châu ở đó":  "phường Hải Châu → Phường Hải Châu",
		"xã an ninh, không phải Hải Châu hay ở đâu": "xã an ninh → Xã An Ninh; Hải Châu → Phường Hải Châu",
	} {
		if got := told(a.Mentioned(text, now)); got != want {
			t.Errorf("%q gave %q, want %q", text, got, want)
		}
	}
}

func TestMentionsExplainEachOther(t *testing.T) {
	a := smallProvince(t)
	for _, c := range []struct{ what, text, want string }{
		{"a ward in its city", "phường Hoà Khánh, Đà Nẵng", "phường Hoà Khánh → Phường Hoà Khánh"},
		{"a homonym by its city", "Tây Hồ, Hà Nội", "Tây Hồ → Phường Tây Hồ"},
		{"a homonym by a former district", "Tây Hồ, huyện Phú Ninh", "Tây Hồ → Xã Tây Hồ"},
		{"former commune, district and province", "xã Tam Xuân 1, huyện Núi Thành, Quảng Nam", "xã Tam Xuân 1 → Xã Tam Xuân [Xã Tam Xuân 1]"},
		{"two places stay two", "từ Hoà Khánh đến Thăng An", "Hoà Khánh → Phường Hoà Khánh; Thăng An → Xã Thăng An"},
		{"the narrower is the one told", "TP Tam Kỳ, phường Hương Trà", "phường Hương Trà → Phường Hương Trà"},
	} {
		if got := told(a.Narrow(a.Mentioned(c.text, now))); got != c.want {
			t.Errorf("%s: %q gave\n %s\nwant\n %s", c.what, c.text, got, c.want)
		}
	}
}

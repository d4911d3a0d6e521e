package text

import (
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// letters are the vowels of Vietnamese with their five tones, and đ.
var letters = map[string]string{
	"a": "aàảãáạ" + "ăằẳẵắặ" + "âầẩẫấậ",
	"e": "eèẻẽéẹ" + "êềểễếệ",
	"i": "iìỉĩíị",
	"o": "oòỏõóọ" + "ôồổỗốộ" + "ơờởỡớợ",
	"u": "uùủũúụ" + "ưừửữứự",
	"y": "yỳỷỹýỵ",
	"d": "đ",
}

func TestEveryVietnameseLetterFolds(t *testing.T) {
	n := 0
	for base, all := range letters {
		for _, r := range norm.NFC.String(all) {
			n++
			lower, upper := string(r), string(unicode.ToUpper(r))
			for _, s := range []string{lower, upper, norm.NFD.String(lower), norm.NFD.String(upper)} {
				if got := Fold(s); got != base {
					t.Errorf("%q (%+q) folds to %q, want %q", s, s, got, base)
				}
			}
			if got := NFC(norm.NFD.String(upper)); got != upper || utf8.RuneCountInString(got) != 1 {
				t.Errorf("%+q is stored as %+q", upper, got)
			}
		}
	}
	if n != 73 {
		t.Errorf("%d letters, want 73", n)
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"":                                 "",
		"  Đường  Hoà-Bình!\n(Tam Kỳ) ":    "duong hoa binh tam ky",
		"Ðà Nẵng":                          "da nang", // eth for Đ
		"hòa hoà thuý thúy uỷ ủy":          "hoa hoa thuy thuy uy uy",
		"a\u200bb\u00adc":                  "abc", // invisible
		"x\xffy":                           "x y",
		"…“Xin chào”…":                     "xin chao",
		"tốt 👍🏽 lắm":                       "tot 👍🏽 lam",
		"nước\u00a0sạch\r\n10.000 ₫/m³":    "nuoc sach 10 000 ₫ m³",
		"ISTANBUL İ":                       "istanbul i",
		strings.Repeat("o\u0302", 3):       "ooo",
		"e" + strings.Repeat("\u0301", 99): "e",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFoldingARuneTwiceIsFoldingItOnce(t *testing.T) {
	for r := rune(0); r <= 0x1ffff; r++ { // beyond are only ideographs and private use
		if once := Fold(string(r)); Fold(once) != once {
			t.Errorf("%U folds to %+q, then to %+q", r, once, Fold(once))
		}
	}
}

func TestNFC(t *testing.T) {
	for in, want := range map[string]string{
		" \t Ho\u0300a \r\nBi\u0300nh\r\x00x\x1b[0m\ty\n": "Hòa \nBình\nx[0m\ty",
		"a\xff\xfeb":       "a\uFFFDb",
		"page\ftwo\vthree": "page\ntwo\nthree",
		"hoà":              "hoà", // the tone stays where it was put
		"👩‍👧":              "👩‍👧",
	} {
		if got := NFC(in); got != want {
			t.Errorf("NFC(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestKeyJoinsOnlySpellingsOfOneWord(t *testing.T) {
	for _, one := range [][2]string{
		{"Mỹ Sơn", "Mĩ Sơn"}, {"Tam Kỳ", "Tam Kì"}, {"lý do", "lí do"}, {"quý vị", "quí vị"}, {"Quy Nhơn", "Qui Nhơn"},
		{"công ty", "công ti"}, {"y tế", "i tế"}, {"bác sỹ", "bác sĩ"}, {"hy vọng", "hi vọng"}, {"Tường Vy", "Tường Vi"},
		{"quýt", "quít"}, {"Quỳnh", "Quình"}, {"hoà", "hòa"}, {"THUÝ", "thúy"}, {"kỹ-thuật", "kĩ thuật"}, {"tỷ👍", "tỉ👍"},
	} {
		if Key(one[0]) != Key(one[1]) {
			t.Errorf("%q and %q are one word, but their keys are %q and %q", one[0], one[1], Key(one[0]), Key(one[1]))
		}
	}
	for _, two := range [][2]string{
		{"tay", "tai"}, {"thúy", "thúi"}, {"máy", "mái"}, {"ngày", "ngài"}, {"cây", "cai"}, {"huy", "hui"}, {"tuy", "tui"},
		{"ny", "ni"}, {"Thy", "thi"}, {"quay", "quai"}, {"khuỷu", "khuỉu"}, {"quyên", "quiên"}, {"mýa", "mía"}, {"nhy", "nhi"},
	} {
		if Key(two[0]) == Key(two[1]) {
			t.Errorf("%q and %q are two words, but share the key %q", two[0], two[1], Key(two[0]))
		}
	}
	if got := Key("Mỹ, lý & kỳ yên"); got != "mi li ki yen" {
		t.Errorf("got %q", got)
	}
}

func TestWords(t *testing.T) {
	for in, want := range map[string][]string{
		"":  nil,
		"!": nil,
		"Đèn đường, đường Lý-Thường Kiệt 12/3 đèn 👍tắt":         {"den", "duong", "li", "thuong", "kiet", "12", "3", "tat"},
		strings.Repeat("a", 70) + " " + strings.Repeat("a", 90): {strings.Repeat("a", 64)},
		strings.Repeat("路", 40):                                 {strings.Repeat("路", 21)},
	} {
		if got := Words(in); !reflect.DeepEqual(got, want) {
			t.Errorf("Words(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestTruncate(t *testing.T) {
	for _, v := range []struct {
		in    string
		runes int
		want  string
	}{
		{"Đường sáng", 10, "Đường sáng"},
		{"Đường sáng rồi", 13, "Đường sáng…"},
		{"Đường sáng rồi", 11, "Đường sáng…"},
		{"Đường sáng rồi", 10, "Đường…"},
		{"Đường, sáng", 8, "Đường…"},
		{"Đường", 3, "Đư…"},
		{"Đường", 1, "…"},
		{"Đường", 0, ""},
		{"", 5, ""},
		{"te\u0302\u0301t", 4, "t…"}, // not between a letter and its marks
		{"👩‍👧‍👦👩", 5, "…"},
	} {
		if got := Truncate(v.in, v.runes); got != v.want {
			t.Errorf("Truncate(%q, %d) = %q, want %q", v.in, v.runes, got, v.want)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"Đường Mỹ", "a\xffb", "\r\n\x00", "e\u0301\u0323", "각", "\u1100\u0301\u1161", "👍🏽"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		folded, key, stored := Fold(s), Key(s), NFC(s)
		if want := slowly(s); folded != want {
			t.Errorf("Fold(%+q) = %+q, decomposed as a whole it is %+q", s, folded, want)
		}
		if Fold(folded) != folded {
			t.Errorf("Fold(%+q) = %+q, then %+q", s, folded, Fold(folded))
		}
		if Key(key) != key {
			t.Errorf("Key(%+q) = %+q, then %+q", s, key, Key(key))
		}
		if NFC(stored) != stored || !utf8.ValidString(stored) {
			t.Errorf("NFC(%+q) = %+q, then %+q", s, stored, NFC(stored))
		}
		if Fold(stored) != folded || Key(stored) != key {
			t.Errorf("%+q folds to %+q, as stored to %+q", s, folded, Fold(stored))
		}
		for _, word := range Words(s) {
			if word == "" || len(word) > longestWord || !utf8.ValidString(word) || !strings.Contains(key, word) {
				t.Errorf("Words(%+q) has %+q", s, word)
			}
		}
		if got := Truncate(s, 7); utf8.RuneCountInString(got) > 7 {
			t.Errorf("Truncate(%+q, 7) = %+q", s, got)
		}
		if NewSaying([]string{s}, nil).Is(s) != (len(tokens(s)) > 0) {
			t.Errorf("%q is not what it says", s)
		}
	})
}

// slowly is Fold by decomposing all of s first.
func slowly(s string) string {
	words := strings.FieldsFunc(strings.Map(foldRune, norm.NFD.String(strings.ToValidUTF8(s, " "))), func(r rune) bool { return r == ' ' })
	return strings.Join(words, " ")
}

// Every rune, alone and with marks before and after it.
func TestFoldingRuneByRuneIsFoldingTheWhole(t *testing.T) {
	for r := range rune(unicode.MaxRune + 1) {
		if s := string(r); Fold(s) != slowly(s) || r < 0x3000 && Fold("a\u0301"+s+"\u0323\u0301b") != slowly("a\u0301"+s+"\u0323\u0301b") {
			t.Errorf("%U: %+q, want %+q", r, Fold(s), slowly(s))
		}
	}
}

const complaint = "Kính gửi tổng đài 1022, đường Lý Thường Kiệt đoạn trước số nhà 12 bị hư hỏng nặng, " +
	"đèn đường không sáng đã ba tuần nay, đề nghị quý cơ quan kiểm tra và xử lý. Xin cảm ơn! "

func BenchmarkKey(b *testing.B) {
	b.SetBytes(int64(len(complaint)))
	b.ReportAllocs()
	for b.Loop() {
		Key(complaint)
	}
}

func BenchmarkWords(b *testing.B) {
	b.SetBytes(int64(len(complaint)))
	b.ReportAllocs()
	for b.Loop() {
		Words(complaint)
	}
}

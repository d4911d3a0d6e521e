package text

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParsePhone(t *testing.T) {
	for in, want := range map[string]string{
		"0905123182":               "+84905123182",
		"+84 905 123 182":          "+84905123182",
		"84905123182":              "+84905123182",
		"0084.905.123.182":         "+84905123182",
		"(+84) 0905-123-182":       "+84905123182",
		"+84 (0)905 123 182":       "+84905123182",
		"o9O5 123 182":             "+84905123182",
		"\u202a0905 123 182\u202c": "+84905123182",
		"090–512–3182":             "+84905123182",
		"0841234567":               "+84841234567", // 084 is a mobile prefix too
		"84841234567":              "+84841234567",
		"0122 123 4567":            "+84771234567",
		"+841681234567":            "+84381234567",
		"01991234567":              "+84591234567",
		"0510 3851 022":            "+842353851022",
		"05113851022":              "+842363851022",
		"(0235) 3.851.022":         "+842353851022",
		"02438512345":              "+842438512345",
		"+842838512345":            "+842838512345",
		"1022":                     "1022",
		"113":                      "113",
		"1900 1022":                "19001022",
		"1800.10.22.10":            "1800102210",
		"0235.1022":                "02351022",
		"0511 1022":                "02361022",
		"+84 235 1022":             "02351022",
		"+1 (650) 555-1234":        "+16505551234",
		"+856 20 1234567":          "+856201234567",
	} {
		p, err := ParsePhone(in)
		if err != nil || p.E164() != want || p.IsZero() || p.Short() != (want[0] != '+') {
			t.Errorf("ParsePhone(%q) = %q, %v; want %q", in, p.E164(), err, want)
		}
	}
	for _, in := range []string{
		"", " ", "+", "o", "abc", "0905 123 18", "0905 123 1822", "905123182", "0951234567", "1023", "110", "+8490512318",
		"+841022", "0022 33 44 55", "0241022345", "02351234", "0905123182 x5", "++84905123182", "84+905123182", "+123456",
		"+1234567890123456", "+0905123182", "0171 234 5678", "09/05/123182", strings.Repeat("0", 99), "0٩05123182",
	} {
		if p, err := ParsePhone(in); err == nil || !p.IsZero() {
			t.Errorf("ParsePhone(%q) = %q", in, p.E164())
		} else if in != "" && len(in) > 3 && strings.Contains(err.Error(), in) {
			t.Errorf("the error repeats the number: %v", err)
		}
	}
}

func TestPhoneForms(t *testing.T) {
	for _, v := range []struct {
		in, national, last4, shown string
		mobile                     bool
	}{
		{"+84905123182", "0905123182", "3182", "090•••182", true},
		{"02353851022", "02353851022", "1022", "023•••022", false},
		{"1022", "1022", "1022", "1022", false},
		{"113", "113", "113", "113", false},
		{"1900102233", "1900102233", "2233", "1900102233", false},
		{"+1234567", "+1234567", "4567", "+•••567", false},
	} {
		p, err := ParsePhone(v.in)
		if err != nil {
			t.Fatal(err)
		}
		if p.National() != v.national || p.Last4() != v.last4 || p.String() != v.shown || p.Mobile() != v.mobile {
			t.Errorf("%s: %s %s %s %t", v.in, p.National(), p.Last4(), p, p.Mobile())
		}
	}
	var none Phone
	if s := none.E164() + none.National() + none.Last4() + none.String(); s != "" || !none.IsZero() || none.Short() || none.Mobile() {
		t.Errorf("the zero Phone is %q", s)
	}
	a, _ := ParsePhone("0905 123 182")
	if b, _ := ParsePhone("+84905123182"); a != b {
		t.Error("two spellings of one number differ")
	}
}

func TestAPhoneIsNeverPrintedInFull(t *testing.T) {
	p, err := ParsePhone("0905123182")
	if err != nil {
		t.Fatal(err)
	}
	type inner struct{ phone Phone }
	type outer struct {
		Phone  Phone
		hidden inner
		list   []Phone
		ref    *Phone
	}
	var out bytes.Buffer
	for _, v := range []any{p, &p, inner{p}, &inner{p}, outer{p, inner{p}, []Phone{p}, &p}, []Phone{p}, map[Phone]bool{p: true}, []any{p}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%20s", "%-20v", "%U", "%w"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		if text, err := json.Marshal(v); err == nil {
			out.Write(text)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "phone", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "phone", v)
	}
	digits := regexp.MustCompile(`(?i)90512318|3930353132`).FindString(out.String()) // as text or in hexadecimal
	if digits != "" || !strings.Contains(out.String(), "090•••182") {
		t.Errorf("the number is printed:\n%s", out.String())
	}
	if text, _ := json.Marshal(p); string(text) != `"090•••182"` {
		t.Errorf("in JSON: %s", text)
	}
	if got := fmt.Sprintf("%#v|%q|%12s|%d", p, p, p, p); got != `text.Phone(090•••182)|"090•••182"|   090•••182|090•••182` {
		t.Errorf("got %s", got)
	}
}

func TestMaskPhones(t *testing.T) {
	for in, want := range map[string]string{
		"":                                     "",
		"gọi 0905123182 nhé":                   "gọi 090•••182 nhé",
		"gọi 0905.123.182.":                    "gọi 090•••182.",
		"ĐT:+84 905 123 182, 09O5123182":       "ĐT:090•••182, 090•••182",
		"số0905123182":                         "số090•••182",
		"so o905 123 182 ok":                   "so 090•••182 ok",
		"0905123182 0914123456":                "090•••182 091•••456",
		"0905 123 182 - 0914 123 456":          "090•••182 - 091•••456",
		"(0235) 3851022 hoặc (02353851022)":    "023•••022 hoặc (023•••022)",
		"0122 123 4567":                        "077•••567",
		"905 123 182 hay 905123182":            "090•••182 hay •••182",
		"000000000 oooooooooo":                 "•••000 oooooooooo",
		"CCCD 001099012345":                    "CCCD •••345",
		"gọi +1 650 555 1234 xem":              "gọi +•••234 xem",
		"10 0905 123 182 10":                   "10 090•••182 10",
		"0235 0905 123 182":                    "•••182",
		"90 0905 123 182":                      "•••182",
		"dòng 1\n0905123182\n2":                "dòng 1\n090•••182\n2",
		"gọi 1022, 113, 1900 1022, 1900102233": "gọi 1022, 113, 1900 1022, 1900102233",
		"0235.1022":                            "0235.1022",
		"ngày 26/4/2026 lúc 16:00":             "ngày 26/4/2026 lúc 16:00",
		"09.09.2026 10:30":                     "09.09.2026 10:30",
		"từ 01.01.2026 - 31.12.2026":           "từ 01.01.2026 - 31.12.2026",
		"09.09.2026.10":                        "090•••610",
		"1.500.000 đồng":                       "1.500.000 đồng",
		"905.123.182 đồng":                     "905.123.182 đồng",
		"150000000đ":                           "150000000đ",
		"84905123182 đồng":                     "090•••182 đồng",
		"H57.332-260804-0583":                  "H57.332-260804-0583",
		"000.00.19.H47-260105-0001 0905123182": "000.00.19.H47-260105-0001 090•••182",
		"nhà số 12/3 tổ 5, 4.500 m2":           "nhà số 12/3 tổ 5, 4.500 m2",
	} {
		if got := MaskPhones(in); got != want {
			t.Errorf("MaskPhones(%q) = %q, want %q", in, got, want)
		}
	}
}

// drawPhone writes a number in one of the ways that people do.
func drawPhone(t *rapid.T) (written string, digits string) {
	prefix := rapid.SampledFrom([]string{"0905", "0389", "0771", "0235", "0251"}).Draw(t, "prefix")
	digits = prefix[1:] + rapid.StringMatching(`[0-9]{6}`).Draw(t, "number")
	if prefix[:2] == "02" {
		digits += "7"
	}
	written = rapid.SampledFrom([]string{"0", "+84", "+84 ", "84", "0084", "(+84)", "o"}).Draw(t, "start")
	sep := rapid.SampledFrom([]string{"", " ", ".", "-", " - ", "\u00a0", "–"}).Draw(t, "separator")
	for i, d := range digits {
		if i > 0 && rapid.Bool().Draw(t, "separate") {
			written += sep
		}
		if d == '0' && rapid.Bool().Draw(t, "letter") {
			d = 'o'
		}
		written += string(d)
	}
	return written, digits
}

var notDigits = regexp.MustCompile(`[^0-9]`)

func TestNoFullNumberRemains(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		written, digits := drawPhone(t)
		if p, err := ParsePhone(written); err != nil || p.National() != "0"+digits {
			t.Fatalf("ParsePhone(%q): %v", written, err)
		}
		around := rapid.StringMatching(`([a-zđ,:/!?\n] ?|[0-9]{1,3}[ /:,]|[-.] ?){0,8}`)
		before, after := around.Draw(t, "before"), around.Draw(t, "after")
		got := MaskPhones(before + " " + written + " " + after)
		if strings.Contains(notDigits.ReplaceAllString(strings.ReplaceAll(got, "o", "0"), ""), digits) {
			t.Fatalf("%q is masked as %q", before+" "+written+" "+after, got)
		}
	})
}

func FuzzParsePhone(f *testing.F) {
	for _, s := range []string{"0905123182", "+84 (0)905.123.182", "0122 123 4567", "1022", "0511 1022", "+1 650 555 1234", "oo84905123182"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePhone(s)
		if err != nil {
			if !p.IsZero() {
				t.Errorf("%q: an error and a number", s)
			}
			return
		}
		for _, form := range []string{p.E164(), p.National()} {
			if again, err := ParsePhone(form); err != nil || again != p {
				t.Errorf("%q is %q, which is %q, %v", s, form, again.E164(), err)
			}
		}
		if !p.Short() && strings.Contains(fmt.Sprint(p), p.E164()[4:]) {
			t.Errorf("%q is printed as %v", s, p)
		}
	})
}

func FuzzMaskPhones(f *testing.F) {
	for _, s := range []string{"gọi 0905123182", "o9o5 123 182", "+84 905", "H57.332-260804-0583", "1.500.000 đồng", "09.09.2026 10", "\xff0905123182\xff", "(0)(9)"} {
		f.Add(s, "0905.123.182")
	}
	long := regexp.MustCompile(`[0-9]{9,}`)
	f.Fuzz(func(t *testing.T, s, phone string) {
		got := MaskPhones(s)
		for _, at := range long.FindAllStringIndex(got, -1) {
			if isShort(got[at[0]:at[1]]) || currency.MatchString(got[at[1]:]) {
				continue
			}
			t.Errorf("%q is masked as %q", s, got)
		}
		// Alone in the text, whatever ParsePhone reads is masked.
		if p, err := ParsePhone(phone); err == nil && !p.Short() && isGapwise(phone) {
			if got := MaskPhones(phone); strings.Contains(notDigits.ReplaceAllString(got, ""), p.E164()[4:]) {
				t.Errorf("%q is masked as %q", phone, got)
			}
		}
	})
}

// isGapwise holds for numbers whose separators are as people write them: few
// together, and on one line.
func isGapwise(s string) bool {
	n := 0
	for _, r := range s {
		if n++; !isSeparator(r) && r != '+' {
			n = 0
		}
		if n > widestGap || r == '\n' {
			return false
		}
	}
	return true
}

func BenchmarkMaskPhones(b *testing.B) {
	s := complaint + "Số của tôi là 0905 123 182."
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		MaskPhones(s)
	}
}

package text

import (
	"bytes"
	"crypto/rand"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"
)

func drawCode(t *rapid.T) string {
	code, err := NewCode(bytes.NewReader(rapid.SliceOfN(rapid.Byte(), 11, 11).Draw(t, "random")))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestEverySingleErrorInACodeIsNoticed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := drawCode(t)
		if got, ok := ParseCode(code); !ok || got != code {
			t.Fatalf("%s is read as %q", code, got)
		}
		for i := range code {
			for _, other := range crockford {
				wrong := code[:i] + string(other) + code[i+1:]
				if _, ok := ParseCode(wrong); ok && wrong != code {
					t.Fatalf("%s passes for %s", wrong, code)
				}
			}
			for k := range i {
				swapped := []byte(code)
				swapped[i], swapped[k] = swapped[k], swapped[i]
				if _, ok := ParseCode(string(swapped)); ok && string(swapped) != code {
					t.Fatalf("%s passes for %s", swapped, code)
				}
			}
		}
	})
}

func TestWeightsArePowersOfTheGenerator(t *testing.T) {
	power := byte(1)
	for i, w := range weights {
		if power = product(power, 2); w != power {
			t.Errorf("weight %d is %d, want %d", i, w, power)
		}
	}
}

func TestParseCodeIsTolerant(t *testing.T) {
	code, err := NewCode(bytes.NewReader([]byte{0, 1, 32, 255, 10, 20, 21, 22, 23, 24, 25}))
	if err != nil || code[:4] != "010Z" {
		t.Fatalf("%q, %v", code, err)
	}
	for _, s := range []string{
		ShowCode(code), strings.ToLower(code), " " + code[:6] + "\u00a0–\n" + code[6:] + " ",
		"OI" + "o" + code[3:], "oL" + "O" + code[3:], "0l" + "0" + code[3:], "0i" + "0" + code[3:],
	} {
		if got, ok := ParseCode(s); !ok || got != code {
			t.Errorf("%q is read as %q", s, got)
		}
	}
	for _, s := range []string{"", "-", code[:11], code + "0", "U" + code[1:], code[:11] + "é", strings.Repeat(" ", 60) + code, "0①" + code[2:]} {
		if got, ok := ParseCode(s); ok || got != "" {
			t.Errorf("%q is read as %q", s, got)
		}
	}
	if got := ShowCode("0102"); got != "0102" {
		t.Errorf("what is no code is shown as %q", got)
	}
}

func TestNewCode(t *testing.T) {
	seen := make(map[string]bool)
	for range 1000 {
		code, err := NewCode(rand.Reader)
		if err != nil || len(code) != 12 || seen[code] {
			t.Fatalf("%q, %v", code, err)
		}
		seen[code] = true
	}
	broken := errors.New("no entropy")
	if code, err := NewCode(iotest.ErrReader(broken)); code != "" || !errors.Is(err, broken) {
		t.Errorf("%q, %v", code, err)
	}
}

func TestSpellCode(t *testing.T) {
	for _, v := range []struct{ code, lang, want string }{
		{"7K3M-9TXQ-2AHV", "vi", "bảy ca ba em-mờ, chín tê ích-xì quy, hai a hát vê"},
		{"7K3M9TXQ2AHV", "en", "seven Kilo three Mike, nine Tango X-ray Quebec, two Alfa Hotel Victor"},
		{"7k3m", "fr", "bảy ca ba em-mờ"},
		{"", "vi", ""},
	} {
		if got := SpellCode(v.code, v.lang); got != v.want {
			t.Errorf("%s in %s: %q", v.code, v.lang, got)
		}
	}
	for lang, names := range spoken {
		once := make(map[string]bool)
		for _, name := range names {
			once[name] = true
		}
		if len(names) != len(crockford) || len(once) != len(crockford) {
			t.Errorf("%s has %d names, %d of them different", lang, len(names), len(once))
		}
	}
}

func FuzzParseCode(f *testing.F) {
	for _, s := range []string{"000000000000", "7K3M-9TXQ-2AHV", "oil", "\u2013"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		code, ok := ParseCode(s)
		if !ok {
			if code != "" {
				t.Errorf("%q: no code, but %q", s, code)
			}
			return
		}
		if again, ok := ParseCode(ShowCode(code)); !ok || again != code || len(code) != 12 {
			t.Errorf("%q is %q, which is %q", s, code, again)
		}
	})
}

func TestDossierCodes(t *testing.T) {
	for in, want := range map[string][]string{
		"":                                          nil,
		"mã 000.00.19.H47-260105-0001 ạ":            {"000.00.19.H47-260105-0001"},
		"H57.132-260804-0583":                       {"H57.132-260804-0583"},
		"h57.132 – 260804 – 0583.":                  {"H57.132-260804-0583"},
		"h57132-260804-0583":                        {"H57.132-260804-0583"},
		"H57 132 260804 0583":                       {"H57.132-260804-0583"},
		"0000019h47-260105-00012":                   {"000.00.19.H47-260105-00012"},
		"000. 00. 19. H47 -260105- 0001":            {"000.00.19.H47-260105-0001"},
		"G12-260105-0001, K02.1.22.333-240229-0001": {"G12-260105-0001", "K02.1.22.333-240229-0001"},
		"H47-260105-0001 và h47–260105–0001":        {"H47-260105-0001"},
		"H47-260231-0001":                           nil, // 31 February
		"H47-250229-0001":                           nil, // no leap year
		"H47-261305-0001":                           nil,
		"H47-260105-001":                            nil,
		"H47-260105-000111":                         nil,
		"A47-260105-0001":                           nil,
		"TH47-260105-0001":                          nil,
		"0905123182 ngày 260105":                    nil,
	} {
		if got := DossierCodes(in); !reflect.DeepEqual(got, want) {
			t.Errorf("DossierCodes(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzDossierCodes(f *testing.F) {
	for _, s := range []string{"000.00.19.H47-260105-0001", "h57 132 260804 0583", "H57132–260804–0583 K01-240229-00001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, code := range DossierCodes(s) {
			if again := DossierCodes(" " + strings.ToLower(code) + " "); len(again) != 1 || again[0] != code {
				t.Errorf("%q has %q, which has %q", s, code, again)
			}
			date := strings.Split(code, "-")[1]
			if _, err := time.Parse("20060102", "20"+date); err != nil {
				t.Errorf("%q has %q: %v", s, code, err)
			}
			if MaskPhones(code) != code {
				t.Errorf("%q is masked", code)
			}
		}
	})
}

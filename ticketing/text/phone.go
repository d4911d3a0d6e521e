package text

import (
	"errors"
	"strings"
	"unicode"
	"unique"
)

// Phone is a telephone number that can be called: Vietnamese, foreign, or a
// short code such as 1022. Phones are comparable; two spellings of one number
// are equal. The zero Phone is no number.
//
// It prints masked, whichever way it is printed; see [Phone.String]. Only
// E164, National and Last4 give digits away.
type Phone struct {
	// A handle, since fmt does not ask the methods of unexported fields: a
	// struct that holds a Phone would otherwise print the number. A handle
	// prints as an address.
	number unique.Handle[string] // E164, or the short code
}

var (
	errNoPhone   = errors.New("no telephone number was given")
	errNotDigits = errors.New("a telephone number has only digits, blanks, dots, dashes and brackets")
	errNoSuch    = errors.New("this is not a Vietnamese telephone number; write a foreign one with + and the country code")
	errNotLength = errors.New("a foreign telephone number has + and 7 to 15 digits")
)

// longestPhone bounds the input in bytes, separators included.
const longestPhone = 64

// ParsePhone reads a telephone number as people write it: with +84, 84, 0084
// or 0 in front, with dots, blanks, dashes and brackets, with the letter o for
// 0. Mobile prefixes of before 2018 and area codes of before 2017 become those
// of today. Foreign numbers need their +. The error is a sentence that can be
// shown and never repeats the input.
func ParsePhone(s string) (Phone, error) {
	if len(s) > longestPhone {
		return Phone{}, errNoSuch
	}
	digits, plus, err := dialled(s)
	if err != nil {
		return Phone{}, err
	}
	switch {
	case plus && strings.HasPrefix(digits, "84"):
		return vietnamese(trunk(digits[2:]))
	case plus:
		if len(digits) < 7 || len(digits) > 15 || digits[0] == '0' {
			return Phone{}, errNotLength
		}
		return Phone{unique.Make("+" + digits)}, nil
	case isShort(digits):
		return Phone{unique.Make(digits)}, nil
	case strings.HasPrefix(digits, "0084"):
		return vietnamese(trunk(digits[4:]))
	case strings.HasPrefix(digits, "84"):
		return vietnamese(trunk(digits[2:]))
	case strings.HasPrefix(digits, "0"):
		return vietnamese(digits)
	}
	return Phone{}, errNoSuch
}

// dialled takes the separators out.
func dialled(s string) (digits string, plus bool, err error) {
	var b strings.Builder
	for _, r := range s {
		switch {
		case '0' <= r && r <= '9':
			b.WriteRune(r)
		case r == 'o' || r == 'O':
			b.WriteByte('0')
		case r == '+' && !plus && b.Len() == 0:
			plus = true
		case isSeparator(r):
		default:
			return "", false, errNotDigits
		}
	}
	if b.Len() == 0 {
		return "", false, errNoPhone
	}
	return b.String(), plus, nil
}

// isSeparator holds for what stands between the digits of one number,
// invisible direction marks that address books copy along included.
func isSeparator(r rune) bool {
	switch r {
	case '.', '(', ')', '·', '−':
		return true
	}
	return unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || unicode.Is(unicode.Cf, r)
}

// trunk puts the 0 before a number that stood behind the country code, where
// some write it all the same: +84 (0)905.
func trunk(d string) string { return "0" + strings.TrimPrefix(d, "0") }

func vietnamese(d string) (Phone, error) {
	d, ok := national(d)
	if !ok {
		return Phone{}, errNoSuch
	}
	if len(d) < 10 {
		return Phone{unique.Make(d)}, nil // a short code behind an area code
	}
	return Phone{unique.Make("+84" + d[1:])}, nil
}

// E164 gives the number in full: +84905123182; a short code as it is dialled.
func (p Phone) E164() string {
	if p.IsZero() {
		return ""
	}
	return p.number.Value()
}

// National gives the number in full as it is dialled in Vietnam: 0905123182;
// foreign numbers and short codes as E164 does.
func (p Phone) National() string {
	if rest, ok := strings.CutPrefix(p.E164(), "+84"); ok {
		return "0" + rest
	}
	return p.E164()
}

// Last4 gives the last four digits, by which people prove that a ticket is
// theirs; of a shorter code all there are.
func (p Phone) Last4() string {
	d := p.E164()
	return d[max(0, len(d)-4):]
}

// Short says whether it is a code that many share: 1022, 113, 1900xxxx, 0235 1022.
func (p Phone) Short() bool { return !p.IsZero() && p.E164()[0] != '+' }

// Mobile says whether it is a Vietnamese mobile number, to which a text
// message can go. Of foreign numbers nobody knows.
func (p Phone) Mobile() bool {
	d := p.National()
	return len(d) == 10 && mobilePrefixes[d[:3]]
}

// IsZero says whether there is no number.
func (p Phone) IsZero() bool { return p == Phone{} }

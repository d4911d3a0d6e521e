package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold makes a search key that forgets case, marks, punctuation and spacing:
// "Đường  Hoà-Bình!" and "duong hoa binh" both fold to "duong hoa binh". The
// tone's place (hoà, hòa) is forgotten with the tone. Symbols such as emoji
// stay. Folding twice is folding once.
func Fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	blank := false // owed before the next rune that stays
	// What stands behind a broken byte would not be decomposed.
	for _, r := range norm.NFD.String(strings.ToValidUTF8(s, " ")) {
		r = foldRune(r)
		switch r {
		case dropped:
			continue
		case ' ':
			blank = true
			continue
		}
		if blank && b.Len() > 0 {
			b.WriteByte(' ')
		}
		blank = false
		b.WriteRune(r)
	}
	return b.String()
}

const dropped rune = -1

// foldRune folds one rune of decomposed text.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		return foldASCII(r)
	}
	if 0x300 <= r && r <= 0x36f { // all Vietnamese marks; the tables below are slower
		return dropped
	}
	switch r {
	case 'đ', 'Đ', // has no decomposition: the bar is not a mark
		'Ð', 'ð', // eth, and
		'Ɖ', 'ɖ': // African d: typed by mistake for Đ, which looks the same
		return 'd'
	case utf8.RuneError:
		return ' '
	}
	switch {
	case unicode.IsSpace(r), unicode.IsPunct(r):
		return ' '
	case unicode.IsMark(r), unicode.IsControl(r), unicode.Is(unicode.Cf, r):
		return dropped
	}
	return unicode.ToLower(r)
}

func foldASCII(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		return r
	case 'A' <= r && r <= 'Z':
		return r + 'a' - 'A'
	case r < ' ' && !unicode.IsSpace(r), r == 0x7f:
		return dropped // as NFC drops them
	}
	return ' '
}

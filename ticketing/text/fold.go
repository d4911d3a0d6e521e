package text

import (
	"strings"
	"sync"
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
	write := func(r rune) {
		switch {
		case r == dropped:
			return
		case r == ' ':
			blank = true
			return
		case blank && b.Len() > 0:
			b.WriteByte(' ')
		}
		blank = false
		b.WriteRune(r)
	}
	letters := latin()
	for i, r := range s {
		if r < utf8.RuneSelf {
			write(foldASCII(r))
			continue
		}
		if int(r) < len(letters) && letters[r] != manifold {
			write(letters[r])
			continue
		}
		if r == utf8.RuneError {
			write(' ')
			continue
		}
		// Decomposing rune by rune is decomposing the whole: all that the whole would put in another order is dropped.
		for _, r := range norm.NFD.String(s[i : i+utf8.RuneLen(r)]) {
			write(foldRune(r))
		}
	}
	return b.String()
}

const (
	dropped  rune = -1
	manifold rune = -2 // becomes more than one rune
)

// latin is what the runes up to the end of Vietnamese's block (U+1EFF) fold to, so that a citizen's text is folded
// without decomposing it.
var latin = sync.OnceValue(func() []rune {
	letters := make([]rune, 0x1f00)
	for r := range letters {
		letters[r] = dropped
		for _, d := range norm.NFD.String(string(rune(r))) {
			switch d = foldRune(d); {
			case d == dropped:
			case letters[r] == dropped:
				letters[r] = d
			default:
				letters[r] = manifold
			}
		}
	}
	return letters
})

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

package places

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// key stands in for text.Key until that package is there; then its body is
// `return text.Key(s)`. Folded: lower case, no marks, đ as d, punctuation as blank,
// and y as i where Vietnamese spells the same sound both ways (kỳ/kì, Mỹ/Mĩ, quý/quí).
func key(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	var room [48]byte
	for _, r := range string(norm.NFD.AppendString(room[:0], strings.ToLower(s))) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'đ':
			b.WriteByte('d')
		case unicode.IsLetter(r), unicode.IsNumber(r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	words := strings.Fields(b.String())
	for i, w := range words {
		words[i] = iForY(w)
	}
	return strings.Join(words, " ")
}

package mongo

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// words gives the distinct folded words of s, in their order.
func words(s string) []string {
	s = strings.ReplaceAll(strings.ToLower(norm.NFC.String(s)), "đ", "d")
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
	distinct := []string{}
	seen := map[string]bool{}
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if !seen[word] {
			seen[word] = true
			distinct = append(distinct, word)
		}
	}
	return distinct
}

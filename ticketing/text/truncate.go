package text

import (
	"strings"
	"unicode"
)

const (
	ellipsis = "…"
	joiner   = '\u200d' // holds one emoji together out of several
)

// Truncate shortens s to at most so many runes, the … at its end counted. It
// cuts between words; inside one only when there is no border before, and
// then not between a letter and its marks.
func Truncate(s string, runes int) string {
	if runes <= 0 {
		return ""
	}
	all := []rune(s)
	if len(all) <= runes {
		return s
	}
	cut := runes - 1 // all[:cut] and the ellipsis
	border := cut
	for border > 0 && !unicode.IsSpace(all[border]) {
		border--
	}
	if border > 0 {
		cut = border
	} else {
		for cut > 0 && (clings(all[cut]) || all[cut-1] == joiner) {
			cut--
		}
	}
	kept := strings.TrimRightFunc(string(all[:cut]), func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(",;:–-", r)
	})
	return kept + ellipsis
}

// clings holds for runes that change the one before them.
func clings(r rune) bool {
	return unicode.IsMark(r) || unicode.Is(unicode.Cf, r) || 0x1F3FB <= r && r <= 0x1F3FF
}

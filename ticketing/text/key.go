package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// iForY are the folded syllables whose vowel people write y or i with one
// meaning: mỹ/mĩ, kỳ/kì, công ty/ti, quý/quí, y/ì tế. That is so for the lone
// final vowel after these onsets only. After a vowel the letters differ in
// sound (tay/tai, thuy/thui), and after other onsets they make other words or
// names (ny/ni, thy/thi).
var iForY = map[string]string{
	"y": "i", "by": "bi", "hy": "hi", "ky": "ki", "ly": "li", "my": "mi",
	"sy": "si", "ty": "ti", "vy": "vi",
	"quy": "qui", "quych": "quich", "quyt": "quit", "quynh": "quinh", // here u belongs to the onset
}

// Key is Fold with y and i made one where spelling varies. It is for finding
// and comparing, never for showing: proper names keep their spelling.
func Key(s string) string {
	s = Fold(s)
	if !strings.Contains(s, "y") {
		return s
	}
	var b strings.Builder
	kept := 0 // s[:kept] has been written
	eachToken(s, func(from, to int) {
		if i, ok := iForY[s[from:to]]; ok {
			b.WriteString(s[kept:from])
			b.WriteString(i)
			kept = to
		}
	})
	if kept == 0 {
		return s
	}
	b.WriteString(s[kept:])
	return b.String()
}

// longestWord bounds a token, in bytes, so that a pasted blob cannot swell an index.
const longestWord = 64

// Words gives the distinct words of Key(s) in their order, runs of letters and
// digits, for an index and for the questions put to it. A word beyond 64 bytes
// is cut there.
func Words(s string) []string {
	s = Key(s)
	var words []string
	seen := make(map[string]bool, 64)
	eachToken(s, func(from, to int) {
		word := s[from:to]
		if len(word) > longestWord {
			cut := longestWord
			for !utf8.RuneStart(word[cut]) {
				cut--
			}
			word = word[:cut]
		}
		if !seen[word] {
			seen[word] = true
			words = append(words, word)
		}
	})
	return words
}

// eachToken reports where the runs of letters and digits lie.
func eachToken(s string, found func(from, to int)) {
	from := -1
	for i, r := range s {
		switch in := unicode.IsLetter(r) || unicode.IsDigit(r); {
		case in && from < 0:
			from = i
		case !in && from >= 0:
			found(from, i)
			from = -1
		}
	}
	if from >= 0 {
		found(from, len(s))
	}
}

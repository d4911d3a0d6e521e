package text

import (
	"strings"
	"unicode"
	"unicode/utf16"
)

// Split cuts a text into parts of at most so many characters, where a reader would pause: between paragraphs, else
// lines, else sentences, else words, and inside a word only where there is nothing else. Characters are counted as
// UTF-16 counts them: Telegram says so, and where a platform does not say, it is never fewer than any other count.
func Split(s string, most int) []string {
	var parts []string
	for s = strings.TrimSpace(s); Units(s) > most; {
		at := cutAt(s, most)
		parts = append(parts, strings.TrimSpace(s[:at]))
		s = strings.TrimSpace(s[at:])
	}
	if s != "" {
		parts = append(parts, s)
	}
	return parts
}

// Units is the length in UTF-16 code units: an emoji is two.
func Units(s string) int {
	n := 0
	for _, r := range s {
		n += width(r)
	}
	return n
}

func width(r rune) int { return max(1, utf16.RuneLen(r)) }

// cutAt is the byte at which the first part ends.
func cutAt(s string, most int) int {
	end, n := 0, 0 // s[:end] fits
	for i, r := range s {
		if n += width(r); n > most {
			end = i
			break
		}
	}
	fits := s[:end]
	for _, border := range []string{"\n\n", "\n"} {
		if i := strings.LastIndex(fits, border); i > end/3 { // a part much too short helps nobody
			return i
		}
	}
	sentence, word := -1, -1
	var before rune
	for i, r := range fits {
		if unicode.IsSpace(r) {
			word = i
			if strings.ContainsRune(".!?…;:", before) {
				sentence = i
			}
		}
		before = r
	}
	switch {
	case sentence > end/3:
		return sentence
	case word > 0:
		return word
	}
	return whole(s, end)
}

// whole moves a cut inside a word so that no mark is parted from its letter and no emoji from its other half.
func whole(s string, end int) int {
	runes, at := []rune(s[:end]), end
	next := []rune(s[end:])
	for i := len(runes) - 1; i > 0; i-- {
		after := next[0]
		if !unicode.IsMark(after) && after != '\u200d' && runes[i] != '\u200d' && (after < 0x1F3FB || after > 0x1F3FF) {
			return at
		}
		at -= len(string(runes[i]))
		next = runes[i:]
	}
	return end // one endless cluster: nobody can read it anyway
}

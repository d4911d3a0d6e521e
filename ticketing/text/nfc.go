package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// lineEnds makes one kind of line end of all. The vertical tab and the form
// feed come from word processors, where they end lines and pages.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n", "\u0085", "\n")

// NFC gives the form in which text is stored: composed letters, valid UTF-8
// (wrong bytes become U+FFFD), \n as the only line end, no control characters
// but \n and \t, no blanks around it.
func NFC(s string) string {
	s = lineEnds.Replace(strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(norm.NFC.String(s))
}

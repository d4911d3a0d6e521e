package email

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
)

// decode makes UTF-8 of text in the charset that the letter names. Names that are wrong are common: bytes that are
// good UTF-8 with letters beyond ASCII are that, whatever is said, and what is said to be UTF-8 and is not was written
// by an old Vietnamese Windows. Decomposed letters (windows-1258 has no others) are composed by text.NFC afterwards.
func decode(charset string, raw []byte) string {
	name := strings.ToLower(strings.Trim(charset, ` "'`))
	enc, err := htmlindex.Get(name) // the names a browser knows; iso-8859-1 is windows-1252 there, as in life
	wide := strings.HasPrefix(name, "utf-16") || strings.HasPrefix(name, "iso-2022")
	if !wide && utf8.Valid(raw) {
		return string(raw)
	}
	if err != nil || name == "utf-8" || name == "us-ascii" || name == "ascii" {
		enc = charmap.Windows1258
	}
	out, err := enc.NewDecoder().Bytes(raw)
	if err != nil {
		return strings.ToValidUTF8(string(raw), "\uFFFD")
	}
	return string(out)
}

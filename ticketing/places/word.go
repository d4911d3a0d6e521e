package places

import (
	"hotline1022/ticketing/text"

	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Word is one word of a text as it was written: what it folds to, and which accents
// it carries. Folding alone is not enough to recognise Vietnamese: "tấm ảnh" (a
// photograph) folds to the commune Tam Anh, "đến đường" to "đèn đường". So a word
// typed with accents is compared with them, and only a word typed without is free.
type Word struct {
	Key        string // folded; never empty, never with a blank
	Start, End int    // bytes in the text

	spelt string // lower case, tone mark moved to the end: hoà = hòa
	bare  bool   // carries no accents and no đ
	upper bool   // begins with a capital
	gap   gap    // what stands between it and the word before
}

// gap says how closely a word follows the one before it.
type gap uint8

const (
	joined gap = iota // blanks, a hyphen or an apostrophe: may be one name
	dotted            // a full stop too: "TP. Tam Kỳ", or the end of a sentence
	broken            // a comma, a new line, a bracket: never one name
)

// Words splits a text into its words.
func Words(s string) []Word {
	words := make([]Word, 0, len(s)/5+1)
	between := broken
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !inWord(r) {
			between = max(between, gapOf(r))
			i += n
			continue
		}
		end := i + n
		for end < len(s) {
			r, n := utf8.DecodeRuneInString(s[end:])
			if !inWord(r) {
				break
			}
			end += n
		}
		if w, ok := wordOf(s[i:end]); ok {
			w.Start, w.End, w.upper, w.gap = i, end, unicode.IsUpper(r), between
			words = append(words, w)
			between = joined
		}
		i = end
	}
	return words
}

// Like reports whether a typed word may be the word that was meant: same key and,
// if it was typed with accents, the same accents. Where the tone mark stands (hoà,
// hòa), i or y, and hỏi for ngã make no difference: the last is the commonest
// misspelling of the region ("Quãng Nam").
func (typed Word) Like(meant Word) bool {
	if typed.Key != meant.Key {
		return false
	}
	return typed.bare || typed.spelt == meant.spelt || hook(typed.spelt) == hook(meant.spelt)
}

// Bare reports whether the word carries no accents.
func (w Word) Bare() bool { return w.bare }

// Joined reports whether only blanks, a hyphen or an apostrophe stand between the word
// and the one before, so that the two may belong to one expression.
func (w Word) Joined() bool { return w.gap == joined }

func wordOf(s string) (Word, bool) {
	k := strings.ReplaceAll(key(s), " ", "")
	if k == "" {
		return Word{}, false
	}
	spelt, bare := spell(s)
	return Word{Key: k, spelt: spelt, bare: bare}, true
}

func inWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r))
}

func gapOf(r rune) gap {
	switch r {
	case ' ', '\t', '\u00a0', '-', '–', '\'', '’', '\u200b', '\ufeff', '_':
		return joined
	case '.':
		return dotted
	}
	return broken
}

// The five tone marks, apart from the marks that make another vowel (â, ơ, ă).
const grave, acute, tilde, hookAbove, dotBelow = '\u0300', '\u0301', '\u0303', '\u0309', '\u0323'

// spell gives the word in lower case with its tone mark at the end, and whether it has no accents at all.
func spell(s string) (spelt string, bare bool) {
	if !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return iForY(strings.ToLower(s)), true
	}
	var room, kept [48]byte // longer words than Vietnamese has are put elsewhere
	b := kept[:0]
	var tone rune
	bare = true
	for _, r := range string(norm.NFD.AppendString(room[:0], strings.ToLower(s))) {
		switch r {
		case grave, acute, tilde, hookAbove, dotBelow:
			tone, bare = r, false
			continue
		case 'đ':
			bare = false
		default:
			bare = bare && !unicode.Is(unicode.Mn, r)
		}
		b = utf8.AppendRune(b, r)
	}
	spelt = iForY(string(b))
	if tone != 0 {
		spelt += string(tone)
	}
	return spelt, bare
}

func hook(spelt string) string {
	return strings.Replace(spelt, string(tilde), string(hookAbove), 1)
}

// key is text.Key, with a last y as i in every word: a name typed without its blanks ("tamky") must meet the name.
func key(s string) string {
	words := strings.Fields(text.Key(s))
	for i, w := range words {
		words[i] = iForY(w)
	}
	return strings.Join(words, " ")
}

// iForY writes a last y as i where both are in use: after a consonant (mỹ, lý, kỳ),
// after qu (quý), and alone (ý). Not in tây or thuý, which would become other words.
func iForY(w string) string {
	head, ok := strings.CutSuffix(w, "y")
	if !ok {
		return w
	}
	last, _ := utf8.DecodeLastRuneInString(head)
	if head == "" || head == "qu" || unicode.IsLetter(last) && !strings.ContainsRune("aeiou", last) {
		return head + "i"
	}
	return w
}

package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Saying recognises messages that consist of known phrases and of nothing else:
// thanks, greetings, the wish for a menu. One unknown word, number or sign, a
// question mark too, is doubt enough, and then it is none.
//
// Marks are compared as they were typed, for "cấm ồn" must not be "cảm ơn":
//   - a word typed with marks must have the phrase's, wherever they stand in it;
//   - a word typed without is free inside a phrase of several words;
//   - a phrase of one word that has marks needs them typed, because one bare
//     syllable means too many things ("toi" is tôi, tối and tỏi). Where it means
//     only one, it is listed bare as well.
type Saying struct {
	phrases map[string][]phrase // by the folded words, a blank between
	longest int                 // words of the longest
}

type phrase struct {
	words []token
	says  bool
}

// token is one word or one sign.
type token struct {
	key   string // folded
	spelt string // lower case, tone mark at the end; key again where there are no marks
}

func (t token) bare() bool { return t.key == t.spelt }

// NewSaying takes the phrases that say it, and those that may stand around them
// without adding anything. Phrases without a word or sign are left out.
func NewSaying(says, with []string) Saying {
	s := Saying{phrases: map[string][]phrase{}}
	for i, list := range [][]string{says, with} {
		for _, p := range list {
			words := tokens(p)
			if len(words) == 0 {
				continue
			}
			s.longest = max(s.longest, len(words))
			key := joined(words)
			s.phrases[key] = append(s.phrases[key], phrase{words, i == 0})
		}
	}
	return s
}

// Is says whether the message says it and nothing besides.
func (s Saying) Is(message string) bool { return s.In(Hear(message)) }

// Heard is a message taken apart, for asking several sayings about it.
type Heard []token

// Hear takes a message apart.
func Hear(message string) Heard { return tokens(message) }

// In is Is for a message that has been taken apart.
func (s Saying) In(words Heard) bool {
	// How the words may be parted into phrases is not known beforehand: at[i] says
	// whether the first i words can be, without saying it and saying it.
	type reached struct{ silent, said bool }
	at := make([]reached, len(words)+1)
	at[0].silent = true
	for i := range words {
		if !at[i].silent && !at[i].said {
			continue
		}
		for n := 1; n <= s.longest && i+n <= len(words); n++ {
			if says, ok := s.find(words[i : i+n]); ok {
				to := &at[i+n]
				to.said = to.said || at[i].said || says
				to.silent = to.silent || at[i].silent && !says
			}
		}
	}
	return at[len(words)].said
}

func (s Saying) find(typed []token) (says, ok bool) {
	for _, p := range s.phrases[joined(typed)] {
		if !p.like(typed) {
			continue
		}
		ok = true
		says = says || p.says
	}
	return says, ok
}

func (p phrase) like(typed []token) bool {
	for i, w := range typed {
		if w.spelt != p.words[i].spelt && (!w.bare() || len(p.words) == 1) {
			return false
		}
	}
	return true
}

func joined(words []token) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.key)
	}
	return b.String()
}

// faces are the signs people type with letters.
var faces = strings.NewReplacer("<3", " ❤ ", ":)", " 🙂 ", ":-)", " 🙂 ", "=)", " 🙂 ", ":D", " 🙂 ", "=D", " 🙂 ", "^^", " ", "^_^", " ", ":(", " ☹ ", ":-(", " ☹ ", "=(", " ☹ ", "？", "?")

// tokens splits a message into its words and signs. Punctuation is dropped but
// for the question mark, and so are the colours of skins.
func tokens(s string) []token {
	var out []token
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			w := norm.NFC.String(shortened(word.String()))
			if key := strings.ReplaceAll(Fold(w), " ", ""); key != "" {
				out = append(out, token{key, spell(w)})
			}
			word.Reset()
		}
	}
	for _, r := range faces.Replace(strings.ToValidUTF8(s, " ")) {
		switch {
		case 0x1F3FB <= r && r <= 0x1F3FF, unicode.Is(unicode.Cf, r), 0xFE00 <= r && r <= 0xFE0F:
		case unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r):
			word.WriteRune(r)
		case r == '?' || r >= 0x2190: // arrows, signs and emoji; letters of our languages lie below
			end()
			if r == '?' || !unicode.IsSpace(r) && !unicode.IsPunct(r) {
				out = append(out, token{string(r), string(r)})
			}
		default:
			end()
		}
	}
	end()
	return out
}

// shortened draws "okkkk" and "ơnnn" together: a letter thrice or more is one.
func shortened(s string) string {
	rs := []rune(strings.ToLower(s))
	out := rs[:0:0]
	for i := 0; i < len(rs); {
		n := i
		for n < len(rs) && rs[n] == rs[i] {
			n++
		}
		run := rs[i:n]
		if len(run) > 2 && unicode.IsLetter(rs[i]) {
			run = run[:1]
		}
		out = append(out, run...)
		i = n
	}
	return string(out)
}

// spell is the word in lower case with its tone mark at the end, so that hoà is hòa.
func spell(w string) string {
	var b strings.Builder
	tone := ""
	for _, r := range norm.NFD.String(w) {
		switch r {
		case '\u0300', '\u0301', '\u0303', '\u0309', '\u0323':
			tone = string(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + tone
}

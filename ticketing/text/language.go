package text

import (
	"regexp"
	"strings"
	"unicode"
)

// The languages Language tells apart, by their BCP 47 tags.
const (
	Vietnamese = "vi"
	English    = "en"
	Chinese    = "zh"
	Japanese   = "ja"
	Korean     = "ko"
	Russian    = "ru"
)

// Languages are those Language tells apart, Vietnamese first.
var Languages = [...]string{Vietnamese, English, Chinese, Japanese, Korean, Russian}

// Foreign is the language, or "" for Vietnamese, which needs no mark.
func Foreign(lang string) string {
	if lang == Vietnamese {
		return ""
	}
	return lang
}

// syllable is what a Vietnamese word can be, marks forgotten.
var syllable = regexp.MustCompile(`^(?:b|ch?|d|gh?|gi|h|kh?|l|m|n|ngh?|nh|ph?|qu|r|s|th?|tr|v|x)?` +
	`(?:a|ai|ao|au|ai|ay|e|eo|eu|i|ia|ie|ieu|iu|o|oa|oai|oay|oe|oeo|oi|oo|u|ua|uay|ue|ui|uo|uoi|uou|uu|uy|uya|uye|uyu|y|ye|yeu)(?:ch?|m|ng?|nh|p|t)?$`)

// english are words of any English message; those that are Vietnamese syllables too are not among them.
var english = func() map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields("the is are was were of and my our your we you this that there here have has had been for from with not please help hello near street road water light house days day week when what where how why because since it its they he she will would could should do does did on at") {
		set[w] = true
	}
	return set
}()

// leastWords is how many must be there to say that Latin letters are not Vietnamese.
const leastWords = 4

// Language is what a message is written in, as far as its letters tell; "" where they do not: few words, a name, a
// number. Latin letters that are not Vietnamese are taken for English. Vietnamese without marks, with the shortenings
// of chats, is Vietnamese.
func Language(s string) string {
	var han, kana, hangul, cyrillic, latin, marked int
	for _, r := range NFC(s) {
		switch {
		case unicode.Is(unicode.Hiragana, r), unicode.Is(unicode.Katakana, r):
			kana++
		case unicode.Is(unicode.Han, r):
			han++
		case unicode.Is(unicode.Hangul, r):
			hangul++
		case unicode.Is(unicode.Cyrillic, r):
			cyrillic++
		case unicode.Is(unicode.Latin, r):
			latin++
			if r > unicode.MaxASCII {
				marked++
			}
		}
	}
	switch most := max(han+kana, hangul, cyrillic, latin/4); { // a name in Latin letters does not outweigh a sentence
	case most == 0:
		return ""
	case most == han+kana && kana > 0:
		return Japanese
	case most == han+kana:
		return Chinese
	case most == hangul:
		return Korean
	case most == cyrillic:
		return Russian
	}
	words, fit, known := 0, 0, 0
	for _, w := range strings.Fields(Fold(s)) {
		if strings.IndexFunc(w, unicode.IsLetter) < 0 {
			continue
		}
		words++
		if syllable.MatchString(w) {
			fit++
		}
		if english[w] {
			known++
		}
	}
	switch {
	case 10*marked >= latin: // about every fourth letter of a marked text has one
		return Vietnamese
	case words < leastWords:
		return ""
	case 10*fit < 4*words && known > 0, 10*fit < 7*words && known >= 2 && 6*known >= words:
		return English
	}
	return Vietnamese
}

package text

import "strings"

// spoken are the names of the characters of a code, in the order of crockford,
// by language. Each is one word, so that groups can be heard. English uses
// the radio alphabet; in Vietnamese people know the names of the letters.
var spoken = map[string][]string{
	"vi": strings.Fields(`không một hai ba bốn năm sáu bảy tám chín
		a bê xê dê e ép-phờ giê hát gi ca em-mờ en-nờ pê quy e-rờ ét-sì tê vê vê-kép ích-xì i-dài dét`),
	"en": strings.Fields(`zero one two three four five six seven eight nine
		Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel Juliett Kilo Mike November Papa Quebec
		Romeo Sierra Tango Victor Whiskey X-ray Yankee Zulu`),
}

// SpellCode gives a code as words to read aloud, in groups of four with a
// comma between them. lang is vi or en; any other is vi. What does not belong
// to a code is passed over.
func SpellCode(code, lang string) string {
	names, ok := spoken[lang]
	if !ok {
		names = spoken["vi"]
	}
	var b strings.Builder
	said := 0
	for _, r := range code {
		v := codeValue(r)
		if v < 0 {
			continue
		}
		switch {
		case said == 0:
		case said%4 == 0:
			b.WriteString(", ")
		default:
			b.WriteByte(' ')
		}
		b.WriteString(names[v])
		said++
	}
	return b.String()
}

package text

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaskPhones masks everything in free text that looks like a telephone number,
// for logs and public pages. It would rather mask too much: any nine digits on
// end are masked, such as identity cards. Short codes, dates, dossier codes and
// amounts of money stay.
func MaskPhones(s string) string {
	groups := digitGroups(s)
	if len(groups) == 0 {
		return s
	}
	var b strings.Builder
	kept := 0 // s[:kept] has been written
	for i := 0; i < len(groups); {
		n, masked := maskAt(s, groups[i:])
		if masked == "" {
			i += n
			continue
		}
		from, to := groups[i].from, groups[i+n-1].to
		if from > kept && s[from-1] == '(' && strings.Contains(s[from:to], ")") {
			from-- // the bracket around an area code
		}
		b.WriteString(s[kept:from])
		b.WriteString(masked)
		kept = to
		i += n
	}
	b.WriteString(s[kept:])
	return b.String()
}

// group is a run of digits in a text, the letter o counted where it stands for
// 0. A plus before it belongs to it.
type group struct {
	from, to int
	digits   string
	plus     bool
	joined   bool // only separators between this group and the one before
}

// widestGap is the number of separators that may stand within a number.
const widestGap = 4

var digitRun = regexp.MustCompile(`[0-9oO]+`)

// digitGroups finds the groups of a text, without those of dossier codes.
func digitGroups(s string) []group {
	codes := dossiersIn(s)
	var groups []group
	for _, at := range digitRun.FindAllStringIndex(s, -1) {
		g := group{from: at[0], to: at[1]}
		g.trimWords(s)
		if g.from == g.to {
			continue
		}
		for len(codes) > 0 && codes[0][1] <= g.from {
			codes = codes[1:]
		}
		if len(codes) > 0 && codes[0][0] < g.to {
			continue
		}
		g.digits = strings.Map(zeroForO, s[g.from:g.to])
		g.takePlus(s)
		if n := len(groups); n > 0 && !g.plus {
			g.joined = isGap(s[groups[n-1].to:g.from])
		}
		groups = append(groups, g)
	}
	return groups
}

func zeroForO(r rune) rune {
	if r == 'o' || r == 'O' {
		return '0'
	}
	return r
}

// trimWords leaves out letters o that end a word before the digits or begin
// one behind them: in "so0905" the group begins at the 0.
func (g *group) trimWords(s string) {
	if before, _ := utf8.DecodeLastRuneInString(s[:g.from]); unicode.IsLetter(before) {
		g.from += len(s[g.from:g.to]) - len(strings.TrimLeft(s[g.from:g.to], "oO"))
	}
	if after, _ := utf8.DecodeRuneInString(s[g.to:]); unicode.IsLetter(after) {
		g.to = g.from + len(strings.TrimRight(s[g.from:g.to], "oO"))
	}
}

func (g *group) takePlus(s string) {
	at := g.from
	for range widestGap {
		r, size := utf8.DecodeLastRuneInString(s[:at])
		at -= size
		switch {
		case r == '+':
			g.from, g.plus = at, true
			return
		case !isSeparator(r):
			return
		}
	}
}

func isGap(s string) bool {
	n := 0
	for _, r := range s {
		if n++; n > widestGap || !isSeparator(r) || r == '\n' {
			return false
		}
	}
	return true
}

// maskAt looks at the beginning of groups: how many of them to take, and what
// to put in their place, "" to leave them. Where a number that begins within
// the first goes on behind it, nobody can tell which was meant: "0235 0905 123
// 182" could begin with either. Then both are taken, and no start is shown.
func maskAt(s string, groups []group) (n int, masked string) {
	if isDate(s, groups) {
		return 3, ""
	}
	n, masked = numberAt(s, groups)
	for within := 1; within < n; within++ {
		more, also := numberAt(s, groups[within:])
		if also != "" && masked == "" {
			return within, "" // what looked like a short code runs into a number
		}
		if also != "" && within+more > n {
			n, masked = within+more, hidden+also[len(also)-3:]
		}
	}
	return n, masked
}

// numberAt finds the longest number with which groups begin.
func numberAt(s string, groups []group) (n int, masked string) {
	reach, total := 0, 0 // how many groups could make one number
	for reach < len(groups) && (reach == 0 || groups[reach].joined) && total+len(groups[reach].digits) <= 17 {
		total += len(groups[reach].digits)
		reach++
	}
	for n := reach; n > 0; n-- {
		if p, err := ParsePhone(s[groups[0].from:groups[n-1].to]); err == nil {
			if p.Short() {
				return n, ""
			}
			return n, p.String()
		}
	}
	first := groups[0]
	if len(first.digits) >= 9 && strings.ContainsAny(s[first.from:first.to], "0123456789") && !isMoney(s, first) {
		return 1, hidden + first.digits[len(first.digits)-3:]
	}
	return maskWithoutZero(s, groups[:reach])
}

// maskWithoutZero finds mobile numbers whose 0 a spreadsheet has eaten, in
// groups: 905 123 182.
func maskWithoutZero(s string, groups []group) (n int, masked string) {
	digits, gap := "0", ""
	for i, g := range groups {
		if i > 0 {
			this := s[groups[i-1].to:g.from]
			if i > 1 && this != gap {
				break
			}
			gap = this
		}
		if len(g.digits) < 2 {
			break
		}
		digits += g.digits
		if len(digits) < 10 {
			continue
		}
		if p, err := ParsePhone(digits); err == nil && p.Mobile() && !isMoney(s, g) {
			return i + 1, p.String()
		}
		break
	}
	return 1, ""
}

var datePattern = regexp.MustCompile(`^(?:0?[1-9]|[12][0-9]|3[01])(?:\.(?:0?[1-9]|1[0-2])\.|-(?:0?[1-9]|1[0-2])-)(?:19|20)[0-9]{2}$`)

// isDate holds for three groups like 09.09.2026, which with an hour behind
// them would have the digits of a mobile number.
func isDate(s string, groups []group) bool {
	if len(groups) < 3 || groups[0].plus || !datePattern.MatchString(s[groups[0].from:groups[2].to]) {
		return false
	}
	if len(groups) == 3 || !groups[3].joined {
		return true
	}
	next, _ := utf8.DecodeRuneInString(s[groups[2].to:])
	return unicode.IsSpace(next) // 09.09.2026.10 is a number after all
}

var currency = regexp.MustCompile(`^[ \x{00a0}]?(?i:đồng|đ|vnđ|vnd|₫|d|dong)(?:[^\pL\d]|$)`)

// isMoney holds for digits with a currency behind them. A number that could be
// called does not get this far.
func isMoney(s string, last group) bool { return currency.MatchString(s[last.to:]) }

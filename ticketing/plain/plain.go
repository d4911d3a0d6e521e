// Package plain says whether an answer to a citizen is a plain one: how the matter ended, when, by whom, and what she
// can do if she does not agree, without the formulas that say nothing.
//
// It is pure: values in, findings out. What it looks for is data (rules.json), and Served is the same data for a browser,
// which checks while somebody types; both fold and search alike, held together by the table in testdata/answers.txt.
// It judges form, not truth: whoever writes may send an answer as it is.
package plain

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The findings, in the order they are shown.
const (
	Outcome   = "outcome"   // none is chosen
	Date      = "date"      // no day and no deadline, where something was done or cannot be
	Unit      = "unit"      // nobody is named who did it or answers for it
	Objection = "objection" // not said what to do if it is wrong
	Formula   = "formula"   // words that say nothing; At holds them
	Long      = "long"      // a sentence too long to follow; At holds its beginning
)

// Keys lists them.
var Keys = [...]string{Outcome, Date, Unit, Objection, Formula, Long}

// Answer is what is to be sent.
type Answer struct {
	Text    string
	Outcome string   // of ticketing.Outcomes; "" is none chosen
	Units   []string // names of agencies by which one is known to be named, besides the usual forms
}

// Finding is something that is missing or should go.
type Finding struct {
	Key string `json:"key"`
	At  string `json:"at,omitempty"`
}

//go:embed rules.json
var source []byte

// rules is rules.json. Patterns of Date, Objection and UnitBare are searched in the text without marks and in small
// letters, those of Unit in the text as it is written.
type rules struct {
	Dated     []string `json:"dated"`   // outcomes that need a date
	Exempt    []string `json:"exempt"`  // outcomes of which only the formulas are looked at
	Longest   int      `json:"longest"` // words of a sentence
	Date      []string `json:"date"`
	Unit      []string `json:"unit"`
	UnitBare  []string `json:"unit_bare"`
	Objection []string `json:"objection"`
	Formulas  []phrase `json:"formulas"`
}

// phrase is words as people write them, with "…" for a few others, (a|b) for either and ( a)? for what may be missing.
type phrase struct {
	Says    string `json:"says"`
	Undated bool   `json:"undated,omitempty"` // only where its sentence holds no date
}

// Compiled is a formula ready to be searched.
type Compiled struct {
	Says    string `json:"says"`
	Pattern string `json:"pattern"`
	Undated bool   `json:"undated,omitempty"`
	find    *regexp.Regexp
}

// Served is the rules as a browser gets them: every pattern is one that both kinds of regular expression know.
type Served struct {
	Dated     []string   `json:"dated"`
	Exempt    []string   `json:"exempt"`
	Longest   int        `json:"longest"`
	Date      string     `json:"date"`
	Unit      string     `json:"unit"`
	UnitBare  string     `json:"unit_bare"`
	Objection string     `json:"objection"`
	Formulas  []Compiled `json:"formulas"`
	Units     []string   `json:"units"` // bare names, filled in by who serves them

	date, unit, unitBare, objection *regexp.Regexp
}

var compiled = sync.OnceValue(func() Served {
	var r rules
	if err := json.Unmarshal(source, &r); err != nil {
		panic(fmt.Sprintf("plain: rules.json: %v", err)) // embedded; the package's test reads it first
	}
	either := func(all []string) string { return "(?:" + strings.Join(all, "|") + ")" }
	s := Served{Dated: r.Dated, Exempt: r.Exempt, Longest: r.Longest, Date: either(r.Date), Unit: either(r.Unit), UnitBare: either(r.UnitBare), Objection: either(r.Objection)}
	s.date, s.unit = regexp.MustCompile(s.Date), regexp.MustCompile(s.Unit)
	s.unitBare, s.objection = regexp.MustCompile(s.UnitBare), regexp.MustCompile(s.Objection)
	for _, p := range r.Formulas {
		at := `\b` + strings.NewReplacer("…", `[^.!?\n]{0,100}?\b`, " ", `[\s,;]+`).Replace(strings.ReplaceAll(Bare(p.Says), " … ", " …")) + `\b`
		s.Formulas = append(s.Formulas, Compiled{p.Says, at, p.Undated, regexp.MustCompile(at)})
	}
	return s
})

// Rules is what a browser needs; units are the names an answer may name somebody by.
func Rules(units []string) Served {
	s := compiled()
	s.Units = []string{}
	for _, u := range units {
		if u = Bare(u); u != "" && !slices.Contains(s.Units, u) {
			s.Units = append(s.Units, u)
		}
	}
	return s
}

// Bare is the text in small letters and without marks, everything else as it stands: "Sở Xây dựng, 25/11" is
// "so xay dung, 25/11".
func Bare(s string) string {
	s = strings.ToLower(norm.NFD.String(s))
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.M, r):
			return -1
		case r == 'đ':
			return 'd'
		}
		return r
	}, s)
}

// Check is what is to be said about the answer; nil is well.
func Check(a Answer) (found []Finding) {
	s := compiled()
	text := norm.NFC.String(a.Text)
	bare := Bare(text)
	if a.Outcome == "" {
		found = append(found, Finding{Key: Outcome})
	}
	if !slices.Contains(s.Exempt, a.Outcome) {
		if slices.Contains(s.Dated, a.Outcome) && !s.date.MatchString(bare) {
			found = append(found, Finding{Key: Date})
		}
		if !s.unit.MatchString(text) && !s.unitBare.MatchString(bare) && !names(bare, a.Units) {
			found = append(found, Finding{Key: Unit})
		}
		if !s.objection.MatchString(bare) {
			found = append(found, Finding{Key: Objection})
		}
	}
	parts := sentences(bare)
	told := map[[2]int]bool{} // sentence and place: words that belong to a formula told already are not told again
	for _, f := range s.Formulas {
		for n, part := range parts {
			at := f.find.FindStringIndex(part)
			if at == nil || f.Undated && s.date.MatchString(part) {
				continue
			}
			fresh := true
			for i := at[0]; i < at[1]; i++ {
				fresh = fresh && !told[[2]int{n, i}]
				told[[2]int{n, i}] = true
			}
			if fresh {
				found = append(found, Finding{Formula, f.Says})
			}
			break
		}
	}
	for _, part := range sentences(text) {
		if words := strings.Fields(part); len(words) > s.Longest {
			found = append(found, Finding{Long, strings.Join(words[:6], " ") + " …"})
			break
		}
	}
	return found
}

// names says whether one of the names stands in the text, with no letter beside it.
func names(bare string, units []string) bool {
	letter := func(b byte) bool { return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' }
	for _, u := range units {
		u = Bare(u)
		for from := 0; u != ""; {
			i := strings.Index(bare[from:], u)
			if i < 0 {
				break
			}
			i += from
			end := i + len(u)
			if (i == 0 || !letter(bare[i-1])) && (end == len(bare) || !letter(bare[end])) {
				return true
			}
			from = i + 1
		}
	}
	return false
}

// sentences ends one at a line's end and at . ! ? before a space: 25.11 is no end.
func sentences(s string) (out []string) {
	from := 0
	for i := 0; i < len(s); i++ {
		stop := s[i] == '.' || s[i] == '!' || s[i] == '?'
		if s[i] == '\n' || stop && (i+1 == len(s) || s[i+1] == ' ' || s[i+1] == '\n' || s[i+1] == '\t' || s[i+1] == '\r') {
			out = append(out, s[from:i+1])
			from = i + 1
		}
	}
	return append(out, s[from:])
}

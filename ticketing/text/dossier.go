package text

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// dossierPattern follows circular 01/2018/TT-VPCP, article 19: the code of the
// unit, the date received, the number of the day. Both forms in use are read,
// 000.00.19.H47-260105-0001 and H57.132-260804-0583, with blanks for dots or
// dashes, dots left out, and long dashes.
var dossierPattern = regexp.MustCompile(strings.NewReplacer(
	"_", `[. \t\x{00a0}]`, "~", `(?:[ \t\x{00a0}]*[-‐‑‒–—−][ \t\x{00a0}]*|[ \t\x{00a0}]+)`,
).Replace(`\b(?:(\d{3})_*(\d{2})_*(\d{2})_*)?([HGKhgk])_*(\d{2})((?:_+\d{1,3}){0,3}|\d{1,3})~(\d{6})~(\d{4,5})\b`))

var digitsOnly = regexp.MustCompile(`\d+`)

// DossierCodes finds the codes of administrative dossiers in free text, each
// once, in the form with capitals, dots and dashes. Only those with a real
// date count. A dot left out between two parts of a sub-unit cannot be known.
func DossierCodes(s string) []string {
	var codes []string
	for _, at := range dossiersIn(s) {
		code := dossierCode(s, at)
		if !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

// The groups of dossierPattern.
const (
	nation = iota + 1 // with the two after it: 000, 00, 19
	_
	_
	letter
	unit
	subunits
	received
	number
)

// dossiersIn gives the matches in s that have a real date, as indexes.
func dossiersIn(s string) [][]int {
	return slices.DeleteFunc(dossierPattern.FindAllStringSubmatchIndex(s, -1), func(at []int) bool {
		_, err := time.Parse("20060102", "20"+matched(s, at, received))
		return err != nil
	})
}

// dossierCode writes a match of dossierPattern in one form.
func dossierCode(s string, at []int) string {
	var parts []string
	if matched(s, at, nation) != "" {
		parts = append(parts, matched(s, at, nation), matched(s, at, nation+1), matched(s, at, nation+2))
	}
	parts = append(parts, strings.ToUpper(matched(s, at, letter))+matched(s, at, unit))
	parts = append(parts, digitsOnly.FindAllString(matched(s, at, subunits), -1)...)
	return strings.Join(parts, ".") + "-" + matched(s, at, received) + "-" + matched(s, at, number)
}

func matched(s string, at []int, group int) string {
	if at[2*group] < 0 {
		return ""
	}
	return s[at[2*group]:at[2*group+1]]
}

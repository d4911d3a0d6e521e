package open311

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// The most a form or a query may hold.
const (
	mostBody   = 64 << 10
	mostPairs  = 300
	mostName   = 200
	mostValue  = 24 << 10 // bytes; 4,000 characters of Vietnamese need 12,000
	mostAnswer = 1000     // characters of one attribute
)

// form is the pairs of a body or a query, in order, without those that were sent empty: the specification has them
// mean the same as none.
type form struct{ pairs []pair }

type pair struct{ name, value string }

// parseForm reads application/x-www-form-urlencoded. It refuses what is not UTF-8, because nobody could read it later.
func parseForm(raw string) (form, error) {
	var f form
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return form{}, refuse(400, "open311.unreadable")
		}
		if value, err = url.QueryUnescape(value); err != nil || !utf8.ValidString(name) || !utf8.ValidString(value) {
			return form{}, refuse(400, "open311.utf8")
		}
		value = strings.TrimSpace(strings.Map(readable, value))
		if value == "" {
			continue
		}
		if len(f.pairs) == mostPairs || len(name) > mostName || len(value) > mostValue {
			return form{}, refuse(400, "open311.too_much")
		}
		f.pairs = append(f.pairs, pair{name, value})
	}
	return f, nil
}

// readable drops control characters but ends of lines and tabs; of a browser's CR LF the line feed stays.
func readable(r rune) rune {
	if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
		return -1
	}
	return r
}

// one is the first value of the name.
func (f form) one(name string) string {
	for _, p := range f.pairs {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// all is every value of the name.
func (f form) all(name string) []string {
	var out []string
	for _, p := range f.pairs {
		if p.name == name {
			out = append(out, p.value)
		}
	}
	return out
}

// commas is the name's values parted by commas.
func (f form) commas(name string) []string {
	var out []string
	for part := range strings.SplitSeq(strings.Join(f.all(name), ","), ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// attribute is one code with its answers.
type attribute struct {
	code   string
	values []string
}

// attributes are attribute[CODE]=a and attribute[CODE][]=a, joined by code, in the order in which codes come first.
func (f form) attributes() []attribute {
	var out []attribute
	for _, p := range f.pairs {
		code, ok := strings.CutPrefix(p.name, "attribute[")
		if !ok {
			continue
		}
		code = strings.TrimSuffix(code, "[]")
		if code, ok = strings.CutSuffix(code, "]"); !ok || code == "" || strings.ContainsAny(code, "[]\r\n") {
			continue
		}
		i := slices.IndexFunc(out, func(a attribute) bool { return a.code == code })
		if i < 0 {
			i = len(out)
			out = append(out, attribute{code: code})
		}
		out[i].values = append(out[i].values, p.value)
	}
	return out
}

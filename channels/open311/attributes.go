package open311

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// attributes holds what was sent against what is asked. What nobody asked for is kept all the same, as a line.
func (p *report) attributes(asked []ticketing.Detail, lang string, f form) {
	sent := f.attributes()
	for _, x := range asked {
		i := slices.IndexFunc(sent, func(a attribute) bool { return a.code == x.Code })
		switch {
		case x.Info:
		case i < 0 && x.Required:
			p.fault(400, "open311.required", x.Code, x.Title(lang))
		case i >= 0:
			p.answered(x, sent[i].values)
		}
	}
	for _, a := range sent {
		switch i := slices.IndexFunc(asked, func(x ticketing.Detail) bool { return x.Code == a.code }); {
		case i >= 0:
		case a.code == "fixmystreet_id":
			p.in.External = cmp.Or(p.in.External, a.values[0])
			fallthrough
		default:
			p.extra(a)
		}
	}
}

// extra keeps an attribute that nobody asked for.
func (p *report) extra(a attribute) {
	value := strings.Join(a.values, ", ")
	if utf8.RuneCountInString(value) > mostAnswer {
		p.fault(400, "open311.too_long", "attribute["+a.code+"]", mostAnswer, utf8.RuneCountInString(value))
		return
	}
	p.lines = append(p.lines, a.code+": "+value)
}

// answered takes one answer over: ours into the report, the category's as a line for people.
func (p *report) answered(x ticketing.Detail, values []string) {
	if why := unfit(x, values); why != "" {
		p.fault(400, why, x.Code, strings.Join(values, ", "))
		return
	}
	switch x.Code {
	case attrKind:
		p.in.Kind = ticketing.Kind(values[0])
	case attrPublic:
		p.in.Visibility = ticketing.Private
		if values[0] == "co" {
			p.in.Visibility = ticketing.Public
		}
	case attrExternal:
		p.in.External = values[0]
	default:
		said := slices.Clone(values)
		for i, v := range said {
			for _, choice := range x.Values {
				if choice.Key == v {
					said[i] = choice.Title(words.Vietnamese)
				}
			}
		}
		p.lines = append(p.lines, x.Name+": "+strings.Join(said, ", "))
	}
}

// unfit is the key of what is wrong with an answer; "" is nothing.
func unfit(x ticketing.Detail, values []string) string {
	if len(values) > 1 && x.Type != "multivaluelist" {
		return "open311.single"
	}
	for _, v := range values {
		if utf8.RuneCountInString(v) > mostAnswer {
			return "open311.answer_long"
		}
		switch x.Type {
		case "number":
			if n, err := strconv.ParseFloat(v, 64); err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
				return "open311.number"
			}
		case "datetime":
			if _, ok := moment(v); !ok {
				return "open311.datetime"
			}
		case "singlevaluelist", "multivaluelist":
			if !slices.ContainsFunc(x.Values, func(c ticketing.DetailValue) bool { return c.Key == v }) {
				return "open311.not_listed"
			}
		}
	}
	return ""
}

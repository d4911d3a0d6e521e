package api

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"hotline1022/ticketing"
)

// The most a query may hold.
const (
	mostParams = 200
	mostValue  = 2000 // bytes of one value
	mostLimit  = 200
)

// params are a query's, read once; each reader takes what it knows and done refuses the rest.
type params struct {
	values map[string][]string
	faults []fault
}

// params copies the query out of the request.
func (r *call) params() *params {
	p := &params{values: map[string][]string{}}
	n := 0
	for k, v := range r.Request().URI().QueryArgs().All() {
		if n++; n > mostParams || len(v) > mostValue || len(k) > 100 || !utf8.Valid(k) || !utf8.Valid(v) {
			p.fault("query", "api.query")
			break
		}
		name := string(k)
		p.values[name] = append(p.values[name], string(v))
	}
	return p
}

func (p *params) fault(field, key string, args ...any) {
	if len(p.faults) < mostFaults {
		p.faults = append(p.faults, fault{field, key, args})
	}
}

// done refuses what nobody took: a filter that is misspelt must not widen the answer in silence.
func (p *params) done() error {
	for name := range p.values {
		p.fault(name, "api.unknown_param")
	}
	if len(p.faults) > 0 {
		return wrong(p.faults...)
	}
	return nil
}

func (p *params) none() error { return p.done() }

// one takes a value that may stand once.
func (p *params) one(name string) string {
	all := p.values[name]
	delete(p.values, name)
	if len(all) > 1 {
		p.fault(name, "api.twice")
	}
	if len(all) == 0 {
		return ""
	}
	return strings.TrimSpace(all[0])
}

// list takes values parted by commas, repeated, or both.
func (p *params) list(name string) []string {
	var out []string
	for _, v := range p.values[name] {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	delete(p.values, name)
	if len(out) > mostLimit {
		p.fault(name, "api.too_many_values", mostLimit)
	}
	return out
}

// each takes a list of words of a closed set.
func each[T ~string](p *params, name string, all []T) []T {
	var out []T
next:
	for _, v := range p.list(name) {
		for _, known := range all {
			if v == string(known) {
				out = append(out, known)
				continue next
			}
		}
		p.fault(name, "api.unknown_value", v)
	}
	return out
}

// flag takes true or false.
func (p *params) flag(name string) bool {
	switch v := p.one(name); v {
	case "true", "1":
		return true
	case "", "false", "0":
	default:
		p.fault(name, "api.type.bool")
	}
	return false
}

// limit takes how many items a page shall have.
func (p *params) limit(usual int) int {
	v := p.one("limit")
	if v == "" {
		return usual
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > mostLimit {
		p.fault("limit", "api.limit", mostLimit)
		return usual
	}
	return n
}

// number takes a whole number that is not negative.
func (p *params) number(name string) int64 {
	v := p.one(name)
	if v == "" {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		p.fault(name, "api.type.integer")
		return 0
	}
	return n
}

// degrees takes a coordinate.
func (p *params) degrees(name string, most float64) (v float64, given bool) {
	s := p.one(name)
	if s == "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.Abs(v) > most {
		p.fault(name, "error.location")
		return 0, false
	}
	return v, true
}

// moment takes a time: RFC 3339, or a day, which begins at midnight of the office's zone.
func (p *params) moment(name string) time.Time {
	v := p.one(name)
	if v == "" {
		return time.Time{}
	}
	if day, err := time.ParseInLocation(time.DateOnly, v, ticketing.Zone); err == nil {
		return day.UTC()
	}
	at, ok := instant(v)
	if !ok {
		p.fault(name, "api.time")
	}
	return at
}

// day takes a day of the office's zone, or the very moment at which one begins there.
func (p *params) day(name string) string {
	v := p.one(name)
	if v == "" {
		p.fault(name, "api.required")
		return ""
	}
	if _, err := time.Parse(time.DateOnly, v); err == nil {
		return v
	}
	at, ok := instant(v)
	at = at.In(ticketing.Zone)
	if !ok || at.Hour()+at.Minute()+at.Second()+at.Nanosecond() != 0 {
		p.fault(name, "figures.bad_day")
		return ""
	}
	return at.Format(time.DateOnly)
}

// instant reads RFC 3339 within the years that a store can hold. A blank before the offset is a plus sign that a
// query lost.
func instant(s string) (time.Time, bool) {
	if i := len(s) - 6; i > 0 && s[i] == ' ' {
		s = s[:i] + "+" + s[i+1:]
	}
	at, err := time.Parse(time.RFC3339, s)
	return at.UTC(), err == nil && at.Year() >= 1 && at.Year() < 9999
}

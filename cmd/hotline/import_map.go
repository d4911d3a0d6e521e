package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"hotline1022/ticketing"
)

// mapping says which column of a foreign file is what of a ticket. It is a YAML file; testdata/nyc-council.yaml is an
// example with every part explained.
type mapping struct {
	Source    string                       `yaml:"source"`    // names the system the rows come from
	ID        string                       `yaml:"id"`        // the column with the row's id there
	Fields    map[string]columns           `yaml:"fields"`    // field → column, or several: the first that is not empty
	Constants map[string]string            `yaml:"constants"` // field → value where its columns are empty
	Values    map[string]map[string]string `yaml:"values"`    // field → their word → ours
	Compare   []string                     `yaml:"compare"`   // columns no field takes that yet tell two rows of one id apart
	Dates     []string                     `yaml:"dates"`     // like DD/MM/YYYY HH:mm
	Create    []string                     `yaml:"create"`    // category, agency: make those that are not there

	layouts []string
}

// columns is one name or a list of them.
type columns []string

// UnmarshalYAML takes both forms.
func (c *columns) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*c = columns{n.Value}
		return nil
	}
	return n.Decode((*[]string)(c))
}

// ticketFields are those a mapping may fill.
var ticketFields = []string{
	"kind", "subject", "text", "category", "area", "address", "lat", "lng", "agency", "priority", "visibility",
	"name", "phone", "email", "received_at", "ended_at", "outcome", "reason",
}

// readMapping reads a mapping and reports all its mistakes together.
func readMapping(path string) (*mapping, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the mapping cannot be read: %w", err)
	}
	m, err := parseMapping(raw)
	if err != nil {
		return nil, fmt.Errorf("%s:\n%w", path, err)
	}
	return m, nil
}

func parseMapping(raw []byte) (*mapping, error) {
	var m mapping
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	var errs []error
	var types *yaml.TypeError
	switch err := dec.Decode(&m); {
	case errors.As(err, &types): // the rest was read all the same
		for _, e := range types.Errors {
			errs = append(errs, errors.New(strings.ReplaceAll(strings.ReplaceAll(e, " in type main.mapping", ""), "field ", "unknown key ")))
		}
	case errors.Is(err, io.EOF):
		return nil, errors.New("the mapping is empty")
	case err != nil:
		return nil, err
	}
	if dec.Decode(new(yaml.Node)) == nil {
		errs = append(errs, errors.New("a second document follows"))
	}
	errs = append(errs, m.check()...)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return &m, nil
}

func (m *mapping) check() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if strings.TrimSpace(m.Source) == "" || strings.Contains(m.Source, ":") || len(m.Source) > 40 {
		bad("source: a short name for the system the rows come from, without a colon")
	}
	if m.ID == "" {
		bad("id: the column with the row's own id; without it a second run could not know what is there")
	}
	for _, need := range []string{"received_at", "text"} {
		if len(m.Fields[need]) == 0 && m.Constants[need] == "" {
			bad("fields: %s needs a column", need)
		}
	}
	for part, fields := range map[string][]string{"fields": keys(m.Fields), "constants": keys(m.Constants), "values": keys(m.Values)} {
		for _, f := range fields {
			if !slices.Contains(ticketFields, f) {
				bad("%s: %q is not a field of a ticket; there are %s", part, f, strings.Join(ticketFields, ", "))
			}
		}
	}
	for f, cols := range m.Fields {
		if len(cols) == 0 || slices.Contains(cols, "") {
			bad("fields: %s names no column", f)
		}
	}
	for f, v := range m.Constants {
		if err := checkWord(f, v); err != nil {
			bad("constants: %w", err)
		}
	}
	for f, vs := range m.Values {
		for theirs, v := range vs {
			if err := checkWord(f, v); err != nil {
				bad("values: %s, %q: %w", f, theirs, err)
			}
		}
	}
	for _, d := range m.Dates {
		if layout, err := dateLayout(d); err != nil {
			bad("dates: %w", err)
		} else {
			m.layouts = append(m.layouts, layout)
		}
	}
	if len(m.Dates) == 0 {
		m.layouts = []string{time.RFC3339, time.DateOnly, time.DateTime}
	}
	for _, c := range m.Create {
		if c != "category" && c != "agency" {
			bad("create: %q cannot be made from a file of tickets; only category and agency", c)
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}

// checkWord says whether a field that takes only certain words may hold v.
func checkWord(field, v string) error {
	ok := true
	switch field {
	case "kind":
		ok = slices.Contains(ticketing.Kinds[:], ticketing.Kind(v))
	case "outcome":
		ok = slices.Contains(ticketing.Outcomes[:], ticketing.Outcome(v))
	case "priority":
		ok = slices.Contains(ticketing.Priorities[:], ticketing.Priority(v))
	case "visibility":
		ok = v == "" || v == string(ticketing.Private) || v == string(ticketing.Public)
	}
	if !ok {
		return fmt.Errorf("%s cannot be %q", field, v)
	}
	return nil
}

// dateLayout makes Go's layout of DD/MM/YYYY HH:mm:ss; "rfc3339" is that.
func dateLayout(s string) (string, error) {
	if strings.EqualFold(s, "rfc3339") {
		return time.RFC3339, nil
	}
	layout := strings.NewReplacer("YYYY", "2006", "MM", "01", "DD", "02", "HH", "15", "mm", "04", "ss", "05").Replace(s)
	if strings.Contains(s, "YYYY") && strings.Contains(s, "MM") && strings.Contains(s, "DD") && strings.Trim(layout, "0123456789-/.: T,") == "" {
		return layout, nil
	}
	return "", fmt.Errorf("%q is not like DD/MM/YYYY HH:mm:ss", s)
}

// misses are the columns the mapping names and the header lacks.
func (m *mapping) misses(header []string) error {
	var errs []error
	seen := map[string]bool{}
	need := func(col string) {
		if !slices.Contains(header, col) && !seen[col] {
			seen[col] = true
			errs = append(errs, fmt.Errorf("the file has no column %q; it has %s", col, strings.Join(header, ", ")))
		}
	}
	need(m.ID)
	for _, f := range ticketFields {
		for _, col := range m.Fields[f] {
			need(col)
		}
	}
	for _, col := range m.Compare {
		need(col)
	}
	return errors.Join(errs...)
}

// mapped is what a row says, in our terms and before anything of ours was looked up.
type mapped struct {
	id              string
	field           map[string]string
	more            []string // cells of the compared columns
	received, ended time.Time
	place           *ticketing.Point
}

// read maps a row; an error is a sentence for whoever mends the row.
func (m *mapping) read(r row) (mapped, error) {
	out := mapped{id: strings.TrimSpace(r.get(m.ID)), field: make(map[string]string, len(m.Fields))}
	if out.id == "" {
		return out, fmt.Errorf("no id (column %s is empty)", m.ID)
	}
	if len(out.id) > 200 {
		return out, fmt.Errorf("the id is %d bytes long", len(out.id))
	}
	for _, f := range ticketFields {
		v := m.value(f, r)
		if v == "" {
			continue
		}
		if err := checkWord(f, v); err != nil {
			return out, err
		}
		out.field[f] = v
	}
	for _, col := range m.Compare {
		out.more = append(out.more, r.get(col))
	}
	var err error
	if out.received, err = m.date(out.field["received_at"]); err != nil {
		return out, fmt.Errorf("received_at: %w", err)
	}
	if v := out.field["ended_at"]; v != "" {
		if out.ended, err = m.date(v); err != nil {
			return out, fmt.Errorf("ended_at: %w", err)
		}
		if out.ended.Before(out.received) {
			return out, errors.New("it ended before it was received")
		}
	}
	out.place, err = point(out.field["lat"], out.field["lng"])
	return out, err
}

func (m *mapping) value(field string, r row) string {
	for _, col := range m.Fields[field] {
		if v := strings.TrimSpace(r.get(col)); v != "" {
			if ours, ok := m.Values[field][v]; ok {
				return ours
			}
			return v
		}
	}
	return m.Constants[field]
}

// date reads a moment; without an hour it is midnight where the office is.
func (m *mapping) date(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, errors.New("no date")
	}
	for _, layout := range m.layouts {
		if t, err := time.ParseInLocation(layout, s, ticketing.Zone); err == nil {
			if t.Year() < 1900 || t.Year() > 9999 {
				return t, fmt.Errorf("the year of %q", s)
			}
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%.40q is not a date the mapping knows", s)
}

func point(lat, lng string) (*ticketing.Point, error) {
	if lat == "" && lng == "" {
		return nil, nil
	}
	y, err1 := strconv.ParseFloat(lat, 64)
	x, err2 := strconv.ParseFloat(lng, 64)
	if err1 != nil || err2 != nil || !(math.Abs(y) <= 90) || !(math.Abs(x) <= 180) {
		return nil, fmt.Errorf("%.20q, %.20q is not a place on the globe", lat, lng)
	}
	return &ticketing.Point{Lat: y, Lng: x}, nil
}

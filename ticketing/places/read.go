package places

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// What a file may weigh. All of Vietnam is 0.3 MB of units; the boundaries of one
// province, drawn for a screen, are 0.5 MB.
const (
	maxUnits      = 16 << 20
	maxBoundaries = 64 << 20
	maxMistakes   = 50 // of one file; the rest is counted
)

// unitJSON is a unit in either form: flat, or with the units it contains.
type unitJSON struct {
	Unit
	Wards []unitJSON `json:"wards"`
}

// ReadUnits reads a JSON array of units. Two forms, which may be mixed: our own flat
// one, and the national data set's, where a province holds its "wards" and types are
// printed words ("Thành phố trực thuộc trung ương", "Đặc khu tại hải đảo"). A field it
// does not know is a mistake: a misspelt "successors" would lose land silently.
// Names come out in NFC. What the units say of each other is checked by New.
func ReadUnits(r io.Reader) ([]Unit, error) {
	data, err := readAll(r, maxUnits)
	if err != nil {
		return nil, fmt.Errorf("read units: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var in []unitJSON
	if err := dec.Decode(&in); err != nil {
		return nil, fmt.Errorf("read units: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("read units: something follows the list")
	}
	var m mistakes
	out := flatten(nil, in, "", &m)
	if err := m.err("read units"); err != nil {
		return nil, err
	}
	return out, nil
}

func flatten(out []Unit, in []unitJSON, parent string, m *mistakes) []Unit {
	for _, j := range in {
		u := j.Unit
		if u.Parent == "" {
			u.Parent = parent
		}
		for _, s := range []*string{&u.Code, &u.Name, &u.FullName} {
			*s = norm.NFC.String(strings.TrimSpace(*s))
		}
		for i, s := range u.Aliases {
			u.Aliases[i] = norm.NFC.String(strings.TrimSpace(s))
		}
		typ, ok := typeOf(u.Type)
		if !ok {
			m.add(fmt.Errorf("unit %q (%s): unknown type %q", u.Code, u.Name, u.Type))
		}
		u.Type = typ
		out = flatten(append(out, u), j.Wards, u.Code, m)
	}
	return out
}

// typeOf maps a type as stored or as printed. The national data set adds the level
// after the word ("… trực thuộc trung ương", "… tại hải đảo"); the level is the
// parent's business here.
func typeOf(s string) (string, bool) {
	if _, ok := labelOf(s); ok {
		return s, true
	}
	printed := key(s)
	for _, k := range kinds() {
		if label := key(k.label); printed == label || strings.HasPrefix(printed, label+" ") {
			return k.typ, true
		}
	}
	return s, false
}

type feature struct {
	ID         json.RawMessage `json:"id"`
	Properties struct {
		Code json.RawMessage `json:"code"`
	} `json:"properties"`
	Geometry geometry `json:"geometry"`
}

// ReadBoundaries reads a GeoJSON FeatureCollection (RFC 7946) of polygons. The code is
// properties.code, else the feature's id. All mistakes are reported together.
func ReadBoundaries(r io.Reader) ([]Boundary, error) {
	data, err := readAll(r, maxBoundaries)
	if err != nil {
		return nil, fmt.Errorf("read boundaries: %w", err)
	}
	var in struct {
		Type     string    `json:"type"`
		Features []feature `json:"features"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("read boundaries: %w", err)
	}
	if in.Type != "FeatureCollection" {
		return nil, fmt.Errorf("read boundaries: type %q is not FeatureCollection", in.Type)
	}
	var m mistakes
	out := make([]Boundary, 0, len(in.Features))
	for i, f := range in.Features {
		code := f.code()
		shape, err := f.Geometry.multiPolygon()
		switch {
		case code == "":
			m.add(fmt.Errorf("feature %d: neither properties.code nor id", i))
		case err != nil:
			m.add(fmt.Errorf("feature %d, %q: %w", i, code, err))
		default:
			out = append(out, Boundary{code, shape})
		}
	}
	if err := m.err("read boundaries"); err != nil {
		return nil, err
	}
	return out, nil
}

// code takes text as it is and a number as it was written.
func (f feature) code() string {
	for _, raw := range []json.RawMessage{f.Properties.Code, f.ID} {
		var s string
		if json.Unmarshal(raw, &s) == nil && strings.TrimSpace(s) != "" {
			return strings.TrimSpace(s)
		}
		var n json.Number
		if json.Unmarshal(raw, &n) == nil && n != "" {
			return n.String()
		}
	}
	return ""
}

func readAll(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("more than %d MB", limit>>20)
	}
	return bytes.TrimPrefix(data, []byte("\ufeff")), nil
}

// mistakes collects what is wrong with a file without letting a bad file fill the log.
type mistakes struct {
	errs []error
	more int
}

func (m *mistakes) add(err error) {
	if len(m.errs) == maxMistakes {
		m.more++
		return
	}
	m.errs = append(m.errs, err)
}

func (m *mistakes) err(doing string) error {
	if len(m.errs) == 0 {
		return nil
	}
	errs := m.errs
	if m.more > 0 {
		errs = append(errs, fmt.Errorf("and %d more", m.more))
	}
	return fmt.Errorf("%s: %w", doing, errors.Join(errs...))
}

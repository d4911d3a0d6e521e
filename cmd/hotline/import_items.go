package main

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/calendar"
	"hotline1022/ticketing/places"
	"hotline1022/ticketing/routing"
)

// itemOf reads a row as a T: an object strictly, cells by the names of T's fields.
func itemOf[T any](r row, kind string, id func(T) string) (item, error) {
	var v T
	raw := []byte(r.raw)
	if r.raw == "" {
		var err error
		if raw, err = cellsJSON(r, reflect.TypeFor[T]()); err != nil {
			return item{}, err
		}
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		return item{}, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return item{}, errors.New("something follows the object")
	}
	if strings.TrimSpace(id(v)) == "" {
		return item{}, errors.New("no id")
	}
	return item{kind, id(v), v}, nil
}

// cellsJSON makes an object of cells: lists are parted by ; or |, yes is 1, true, yes, x or có. Empty cells are left out.
func cellsJSON(r row, t reflect.Type) ([]byte, error) {
	fields := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			fields[name] = f.Type
		}
	}
	out := map[string]any{}
	var errs []error
	for i, name := range r.header {
		cell := strings.TrimSpace(r.cells[i])
		typ, ok := fields[name]
		switch {
		case !ok && name != "":
			errs = append(errs, fmt.Errorf("there is no field %q", name))
		case ok && cell != "":
			v, err := cellValue(cell, typ)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
			out[name] = v
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return json.Marshal(out)
}

func cellValue(cell string, t reflect.Type) (any, error) {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return cell, nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return cellValue(cell, t.Elem())
	case reflect.Bool:
		switch strings.ToLower(cell) {
		case "1", "true", "yes", "x", "có":
			return true, nil
		case "0", "false", "no", "không":
			return false, nil
		}
		return nil, fmt.Errorf("%q is neither yes nor no", cell)
	case reflect.Int, reflect.Int64:
		if i := slices.Index(weekdays, cell); i >= 0 {
			return i, nil
		}
		return strconv.Atoi(cell)
	case reflect.Slice:
		var list []string
		for part := range strings.FieldsFuncSeq(cell, func(r rune) bool { return r == ';' || r == '|' }) {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
		return list, nil
	}
	return cell, nil
}

// weekdays name the columns of a week's hours, by time.Weekday.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// weekJSON makes Hours of cells: mon … sun hold spans like 07:00-11:30 13:30-17:00.
func weekJSON(r row) (string, error) {
	var week [7][]calendar.Span
	out := map[string]any{"week": &week}
	for i, name := range r.header {
		cell := strings.TrimSpace(r.cells[i])
		day := slices.Index(weekdays, name)
		if day < 0 {
			if cell != "" {
				out[name] = cell
			}
			continue
		}
		for text := range strings.FieldsFuncSeq(cell, func(r rune) bool { return r == ' ' || r == ';' || r == ',' }) {
			span, err := calendar.ParseSpan(text)
			if err != nil {
				return "", fmt.Errorf("%s: %w", name, err)
			}
			week[day] = append(week[day], span)
		}
	}
	raw, err := json.Marshal(out)
	return string(raw), err
}

// checkItems says what the records name that is not there. A Catalog checks what it could not work without; here a
// file is held to more, so that a mistyped name is found today and not when the first ticket needs it.
func checkItems(c *ticketing.Catalog, items []item) error {
	var errs []error
	for _, it := range items {
		bad := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("%s %q: "+format, append([]any{it.kind, it.id}, args...)...))
		}
		agency := func(id string) {
			if _, ok := c.Agencies[id]; !ok && id != "" {
				bad("agency %q is not there", id)
			}
		}
		category := func(id string) {
			if _, ok := c.Categories[id]; !ok && id != "" {
				bad("category %q is not there", id)
			}
		}
		switch v := it.doc.(type) {
		case ticketing.Agency:
			agency(v.Parent)
			if v.Name == "" {
				bad("no name")
			}
		case ticketing.Category:
			if v.Name == "" {
				bad("no name")
			}
			if err := ticketing.CheckDetails(v.Details); err != nil {
				bad("%v", err)
			}
		case routing.Rule:
			for _, id := range v.Categories {
				category(id)
			}
			for _, k := range v.Kinds {
				if !slices.Contains(ticketing.Kinds[:], ticketing.Kind(k)) {
					bad("%q is not a kind of matter", k)
				}
			}
			if !slices.Contains(ticketing.Priorities[:], ticketing.Priority(v.Priority)) {
				bad("%q is not a priority", v.Priority)
			}
		case ticketing.Limit:
			category(v.Category)
			if !slices.Contains([]ticketing.Step{ticketing.Classify, ticketing.Accept, ticketing.Answer}, v.Step) {
				bad("step %q is none of classify, accept, answer", v.Step)
			}
			if v.Kind != "" && !slices.Contains(ticketing.Kinds[:], v.Kind) {
				bad("%q is not a kind of matter", v.Kind)
			}
			if !slices.Contains(ticketing.Priorities[:], v.Priority) {
				bad("%q is not a priority", v.Priority)
			}
			if v.Limit.IsZero() {
				bad("no limit")
			}
		case ticketing.Hours:
			agency(v.Agency)
		case calendar.Day:
			agency(v.Agency)
		case places.Unit, places.Boundary: // the atlas checks all of it
		}
	}
	return errors.Join(errs...)
}

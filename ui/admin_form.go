package ui

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"hotline1022/ticketing/calendar"
	"hotline1022/ticketing/places"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// fieldView is a field in a form, or as it is read.
type fieldView struct {
	adminField
	Label, Help string
	Value       string   // as typed
	Shown       string   // as read
	Theirs      string   // what somebody else has saved in the meantime
	Choices     []option // of a select or of boxes
	Days        []dayView
	Fault       string
	Locked      bool
}

type option struct {
	choice
	Chosen bool
}

// dayView is one weekday of a week of hours.
type dayView struct {
	Field, Label, Value, Fault string
}

func readDoc(raw json.RawMessage) (doc, error) {
	d := doc{}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("a setting's document: %w", err)
	}
	if d == nil {
		d = doc{}
	}
	return d, nil
}

// typed is what a form holds for each field, kept as it was typed.
type typed struct {
	values map[string]string
	lists  map[string][]string
}

// typedOf writes a document as somebody would type it.
func (s *Server) typedOf(k *adminKind, d doc) typed {
	t := typed{map[string]string{}, map[string][]string{}}
	for _, f := range k.fields {
		switch f.Input {
		case inMulti:
			t.lists[f.Name] = d.list(f.Name)
		case inLines:
			t.values[f.Name] = strings.Join(d.list(f.Name), "\n")
		case inUnits:
			var lines []string
			for _, code := range d.list(f.Name) {
				lines = append(lines, s.unitLine(code))
			}
			t.values[f.Name] = strings.Join(lines, "\n")
		case inUnit:
			if code := d.text(f.Name); code != "" {
				t.values[f.Name] = s.unitLine(code)
			}
		case inCheck:
			if d.on(f.Name) {
				t.values[f.Name] = "on"
			}
		case inWeek:
			for day, spans := range weekOf(d[f.Name]) {
				t.values[f.Name+"."+strconv.Itoa(day)] = strings.Join(spans, ", ")
			}
		case inDate:
			t.values[f.Name], _, _ = strings.Cut(d.text(f.Name), "T")
		default:
			t.values[f.Name] = d.text(f.Name)
		}
	}
	return t
}

// docOf reads what was typed. What cannot be read is a fault of its field; all else the desk judges.
func (s *Server) docOf(k *adminKind, t typed, before doc, fresh bool, lang string) (doc, fieldErrors) {
	d, faults := doc{}, fieldErrors{}
	for _, f := range k.fields {
		if f.Fixed && !fresh {
			if v, ok := before[f.Name]; ok {
				d[f.Name] = v
			}
			continue
		}
		v, empty := s.valueOf(f, t, faults, lang)
		if !empty {
			d[f.Name] = v
		}
	}
	return d, faults
}

func (s *Server) valueOf(f adminField, t typed, faults fieldErrors, lang string) (v any, empty bool) {
	typed := text.NFC(t.values[f.Name])
	switch f.Input {
	case inMulti:
		return t.lists[f.Name], len(t.lists[f.Name]) == 0
	case inCheck:
		return true, typed == ""
	case inLines:
		lines := splitLines(typed)
		return lines, len(lines) == 0
	case inUnits:
		var codes []string
		for _, line := range splitLines(typed) {
			code, why := s.findUnit(lang, line)
			if why != "" {
				faults[f.Name] = cmp.Or(faults[f.Name], why)
			} else if !slices.Contains(codes, code) {
				codes = append(codes, code)
			}
		}
		return codes, len(codes) == 0
	case inUnit:
		if typed == "" {
			return nil, true
		}
		code, why := s.findUnit(lang, typed)
		if why != "" {
			faults[f.Name] = why
		}
		return code, code == ""
	case inWeek:
		var week [7][]string
		for day := range week {
			field := f.Name + "." + strconv.Itoa(day)
			spans, ok := readSpans(t.values[field])
			if !ok {
				faults[field] = words.T(lang, "settings.form.week")
			}
			week[day] = spans
		}
		return week, false
	case inDate:
		return isoDate(typed), typed == ""
	case inNumber:
		n, err := strconv.Atoi(cmp.Or(typed, "0"))
		if err != nil {
			faults[f.Name] = words.T(lang, "settings.form.order")
		}
		return n, n == 0
	}
	if f.Number {
		n, err := strconv.Atoi(typed)
		return n, err != nil
	}
	return typed, typed == ""
}

func splitLines(s string) []string {
	var out []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return out
}

var vietnameseDate = regexp.MustCompile(`^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$`)

// isoDate understands 30/4/2026 too; whether it is a date the desk says.
func isoDate(s string) string {
	if m := vietnameseDate.FindStringSubmatch(s); m != nil {
		return fmt.Sprintf("%s-%02s-%02s", m[3], m[2], m[1])
	}
	return s
}

var (
	spanParts = regexp.MustCompile(`^(\d{1,2})(?:[:hg.](\d{2})?)?-(\d{1,2})(?:[:hg.](\d{2})?)?$`)
	spanSigns = strings.NewReplacer("–", "-", "—", "-", " ", "", "đến", "-", "H", "h")
)

// readSpans reads "07:00-11:30, 13:30-17:00" and how people write it: 7h-11h30; 13h30–17h.
func readSpans(s string) (spans []string, ok bool) {
	spans = []string{}
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == ';' || r == '\n' }) {
		part = spanSigns.Replace(part)
		if part == "" {
			continue
		}
		m := spanParts.FindStringSubmatch(part)
		if m == nil {
			return nil, false
		}
		span, err := calendar.ParseSpan(fmt.Sprintf("%02s:%02s-%02s:%02s", m[1], cmp.Or(m[2], "00"), m[3], cmp.Or(m[4], "00")))
		if err != nil {
			return nil, false
		}
		spans = append(spans, span.String())
	}
	return spans, true
}

// weekOf is the week of a document, by weekday from Sunday.
func weekOf(v any) (week [7][]string) {
	days, _ := v.([]any)
	for i, day := range days {
		if i == len(week) {
			break
		}
		spans, _ := day.([]any)
		for _, span := range spans {
			week[i] = append(week[i], fmt.Sprint(span))
		}
	}
	return week
}

// unitLine is a unit as it stands in a form: its name with its code, by which it is known again.
func (s *Server) unitLine(code string) string {
	atlas := s.Desk.Catalog.Current().Atlas
	u, ok := atlas.Unit(code)
	if !ok {
		return code
	}
	name := u.FullName
	if p, ok := atlas.Unit(u.Parent); ok {
		name += ", " + p.FullName
	}
	return name + " (" + code + ")"
}

var codeAtEnd = regexp.MustCompile(`\(([^()]+)\)$`)

// findUnit understands a code, a line of unitLine and a name that leaves no doubt; else why says what may be meant.
func (s *Server) findUnit(lang, line string) (code, why string) {
	atlas := s.Desk.Catalog.Current().Atlas
	if m := codeAtEnd.FindStringSubmatch(line); m != nil {
		if _, ok := atlas.Unit(m[1]); ok {
			return m[1], ""
		}
	}
	if _, ok := atlas.Unit(line); ok {
		return line, ""
	}
	hits := atlas.Find(line, s.Now(), 8)
	exact := slices.DeleteFunc(slices.Clone(hits), func(h places.Hit) bool {
		return h.Via != "" || text.Key(h.Unit.Name) != text.Key(line) && text.Key(h.Unit.FullName) != text.Key(line)
	})
	if len(exact) == 1 {
		return exact[0].Unit.Code, ""
	}
	if len(hits) == 0 {
		return "", words.T(lang, "error.area", line)
	}
	if len(hits) == 1 && len(exact) == 0 {
		return hits[0].Unit.Code, ""
	}
	var names []string
	for _, h := range hits {
		names = append(names, s.unitLine(h.Unit.Code))
	}
	return "", words.T(lang, "admin.which_unit", line, strings.Join(names, "; "))
}

// fieldViews makes the form's fields of what was typed.
func (s *Server) fieldViews(v *visit, k *adminKind, d doc, t typed, faults fieldErrors, fresh bool) []fieldView {
	out := make([]fieldView, 0, len(k.fields))
	for _, f := range k.fields {
		w := fieldView{adminField: f, Label: k.label(v.lang, f.Name), Help: k.word(v.lang, "h", f.Name), Value: t.values[f.Name],
			Fault: faults[f.Name], Locked: f.Fixed && !fresh, Shown: s.show(v.lang, k, f, d[f.Name])}
		if f.Options != nil {
			chosen := t.lists[f.Name]
			if f.Input == inSelect && w.Value != "" {
				chosen = []string{w.Value}
			}
			for _, c := range f.Options(s, v.lang) {
				w.Choices = append(w.Choices, option{c, slices.Contains(chosen, c.Value)})
			}
			for _, c := range chosen { // what is no longer offered must not get lost by saving
				if f.Input != inText && !slices.ContainsFunc(w.Choices, func(o option) bool { return o.Value == c }) {
					w.Choices = append(w.Choices, option{choice{c, c}, true})
				}
			}
		}
		if f.Input == inWeek {
			for _, day := range []int{1, 2, 3, 4, 5, 6, 0} {
				field := f.Name + "." + strconv.Itoa(day)
				w.Days = append(w.Days, dayView{field, v.t("time.weekday." + strconv.Itoa(day)), t.values[field], faults[field]})
			}
		}
		out = append(out, w)
	}
	return out
}

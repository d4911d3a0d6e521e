package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
)

// fields are the members an object may have, by path ("citizen.phone"); true for those that are objects themselves.
type fields map[string]bool

// mostFaults bounds how many mistakes one answer lists.
const mostFaults = 20

// decode reads the request's one JSON object into v. The bytes belong to the server and are not kept: encoding/json
// copies the strings it hands out.
//
// Strict: application/json, UTF-8, not compressed, one value, every member known, in the very spelling, and once.
func (r *call) decode(v any, known fields) error {
	if len(r.Request().Header.Peek(fiber.HeaderContentEncoding)) > 0 || !jsonType(r.Request().Header.ContentType()) {
		return &refusal{status: 415, key: "api.media_type"}
	}
	body, err := r.bounded()
	if err != nil {
		return err
	}
	return strictly(body, v, known)
}

// bounded is the body up to the limit. Where the server streams bodies it has not bounded them.
func (r *call) bounded() ([]byte, error) {
	most := r.limits.Body
	tooLarge := func() ([]byte, error) {
		r.Context().SetConnectionClose() // what is left unread must not be taken for another request
		return nil, &refusal{status: 413, key: "api.too_large", args: []any{most >> 10}}
	}
	if r.Request().Header.ContentLength() > most {
		return tooLarge()
	}
	if !r.Request().IsBodyStream() {
		body := r.Request().Body()
		if len(body) > most {
			return tooLarge()
		}
		return body, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Request().BodyStream(), int64(most)+1))
	if err != nil {
		return nil, &refusal{status: 400, key: "api.request"}
	}
	if len(body) > most {
		return tooLarge()
	}
	return body, nil
}

func jsonType(t []byte) bool {
	name, params, _ := bytes.Cut(t, []byte{';'})
	if !bytes.EqualFold(bytes.TrimSpace(name), []byte("application/json")) {
		return false
	}
	params = bytes.ToLower(bytes.TrimSpace(params))
	return len(params) == 0 || bytes.Equal(params, []byte("charset=utf-8")) || bytes.Equal(params, []byte(`charset="utf-8"`))
}

// strictly is decode without the request.
func strictly(body []byte, v any, known fields) error {
	if !utf8.Valid(body) {
		return &refusal{status: 400, key: "api.utf8"}
	}
	body = bytes.TrimLeft(body, " \t\r\n")
	if len(body) == 0 || body[0] != '{' {
		return &refusal{status: 400, key: "api.not_object"}
	}
	var faults []fault
	err := json.Unmarshal(body, v)
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind):
		faults = append(faults, fault{kind.Field, "api.type." + typeName(kind.Type), nil})
	case err != nil:
		return &refusal{status: 400, key: "api.not_json"}
	}
	w := walker{b: body, known: known}
	w.object(nil)
	// A type that does not fit may belong to a member that is unknown by its spelling: then that says enough.
	if faults = append(w.faults, faults...); len(faults) > 0 {
		return wrong(faults[:min(len(faults), mostFaults)]...)
	}
	return nil
}

// typeName is what a reader calls the type that was expected.
func typeName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Int64:
		return "integer"
	case reflect.Float64:
		return "number"
	case reflect.Slice:
		return "list"
	}
	return "object"
}

// walker goes over a JSON object known to be well formed and finds the members that encoding/json lets pass: unknown
// ones, those spelt otherwise, and those that stand twice.
type walker struct {
	b      []byte
	i      int
	known  fields
	seen   []string
	faults []fault
}

// object reads from { to }. path is where it stands, with a dot at the end.
func (w *walker) object(path []byte) {
	w.i++
	for {
		w.blanks()
		switch w.b[w.i] {
		case '}':
			w.i++
			return
		case ',':
			w.i++
			w.blanks()
		}
		name := append(path[:len(path):len(path)], w.key()...)
		w.blanks()
		w.i++ // the colon
		w.blanks()
		nested := w.member(name)
		if nested && w.b[w.i] == '{' {
			w.object(append(name, '.'))
		} else {
			w.skip()
		}
	}
}

// member notes one and says whether it is an object whose members are known.
func (w *walker) member(name []byte) (nested bool) {
	nested, ok := w.known[string(name)]
	if !ok {
		w.fault(name, "api.unknown_field")
		return false
	}
	for _, s := range w.seen {
		if s == string(name) {
			w.fault(name, "api.twice")
			return nested
		}
	}
	w.seen = append(w.seen, string(name))
	return nested
}

func (w *walker) fault(name []byte, key string) {
	if len(w.faults) < mostFaults {
		w.faults = append(w.faults, fault{field: strings.Clone(string(name[:min(len(name), 100)])), key: key})
	}
}

func (w *walker) blanks() {
	for w.b[w.i] == ' ' || w.b[w.i] == '\n' || w.b[w.i] == '\t' || w.b[w.i] == '\r' {
		w.i++
	}
}

// key reads a member's name without its quotes.
func (w *walker) key() []byte {
	from := w.i
	w.text()
	raw := w.b[from:w.i]
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return raw
	}
	return []byte(s)
}

// text goes past a string.
func (w *walker) text() {
	for w.i++; w.b[w.i] != '"'; w.i++ {
		if w.b[w.i] == '\\' {
			w.i++
		}
	}
	w.i++
}

// skip goes past a value of any kind.
func (w *walker) skip() {
	depth := 0
	for {
		switch w.b[w.i] {
		case '"':
			w.text()
		case '{', '[':
			depth++
			w.i++
		case '}', ']':
			if depth == 0 {
				return // the end of what holds a number
			}
			depth--
			w.i++
		case ',':
			if depth == 0 {
				return
			}
			w.i++
		default:
			w.i++
			continue // within a number, true, false, null, or between
		}
		if depth == 0 {
			return
		}
	}
}

package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// spec is openapi.json, with what was seen of it.
type spec struct {
	paths      map[string]map[string]any
	components map[string]any
	mu         *sync.Mutex
	seen       map[string]bool // "GET /api/v1/tickets 200"
}

func readSpec(t testing.TB) spec {
	t.Helper()
	var doc struct {
		Paths      map[string]map[string]any
		Components map[string]any
	}
	if err := json.Unmarshal(description, &doc); err != nil {
		t.Fatalf("openapi.json: %v", err)
	}
	return spec{paths: doc.Paths, components: doc.Components, mu: new(sync.Mutex), seen: map[string]bool{}}
}

// find is the path as described; fixed segments go before {places}.
func (s spec) find(path string) string {
	path, _, _ = strings.Cut(path, "?")
	if _, ok := s.paths[path]; ok {
		return path
	}
	got := strings.Split(path, "/")
next:
	for _, p := range slices.Sorted(maps.Keys(s.paths)) {
		want := strings.Split(p, "/")
		if len(want) != len(got) {
			continue
		}
		for i := range want {
			if want[i] != got[i] && !strings.HasPrefix(want[i], "{") {
				continue next
			}
		}
		return p
	}
	return ""
}

// check holds an answer to the description. Addresses that are not described must answer with a problem.
func (s spec) check(method, path string, a answer) error {
	p := s.find(path)
	op, known := s.paths[p][strings.ToLower(method)].(map[string]any)
	if !known {
		if method == "HEAD" || method == "OPTIONS" {
			return nil
		}
		return s.valid(a, map[string]any{"$ref": "#/components/schemas/Problem"}, "application/problem+json")
	}
	responses := op["responses"].(map[string]any)
	r, ok := responses[strconv.Itoa(a.status)].(map[string]any)
	if !ok {
		return fmt.Errorf("status %d is not described", a.status)
	}
	s.mu.Lock()
	s.seen[method+" "+p+" "+strconv.Itoa(a.status)] = true
	s.mu.Unlock()
	for kind, media := range s.resolve(r)["content"].(map[string]any) {
		schema, ok := media.(map[string]any)["schema"].(map[string]any)
		if !ok {
			return nil // a file
		}
		return s.valid(a, schema, kind)
	}
	return nil
}

func (s spec) valid(a answer, schema map[string]any, kind string) error {
	if got := a.header.Get("Content-Type"); got != kind {
		return fmt.Errorf("content type %q, not %q", got, kind)
	}
	var doc any
	if err := json.Unmarshal(a.body, &doc); err != nil {
		return err
	}
	return s.holds(doc, schema, "$")
}

func (s spec) resolve(schema map[string]any) map[string]any {
	ref, ok := schema["$ref"].(string)
	if !ok {
		return schema
	}
	parts := strings.Split(strings.TrimPrefix(ref, "#/components/"), "/")
	found, ok := s.components[parts[0]].(map[string]any)[parts[1]].(map[string]any)
	if !ok {
		panic("openapi.json: no " + ref)
	}
	return found
}

// keywords are those of JSON Schema that holds understands; another one in a schema is an error, so that none is
// believed to be checked and is not.
var keywords = []string{"$ref", "type", "enum", "properties", "required", "additionalProperties", "items", "format",
	"oneOf", "minimum", "maximum", "maxLength", "description", "default"}

// holds says where the value is not as the schema says.
func (s spec) holds(v any, schema map[string]any, at string) error {
	for k := range schema {
		if !slices.Contains(keywords, k) {
			return fmt.Errorf("%s: keyword %q is not understood", at, k)
		}
	}
	if _, ok := schema["$ref"]; ok {
		return s.holds(v, s.resolve(schema), at)
	}
	if all, ok := schema["oneOf"].([]any); ok {
		n := 0
		for _, one := range all {
			if s.holds(v, one.(map[string]any), at) == nil {
				n++
			}
		}
		if n != 1 {
			return fmt.Errorf("%s: fits %d of oneOf", at, n)
		}
	}
	if all, ok := schema["enum"].([]any); ok && !slices.Contains(all, v) {
		return fmt.Errorf("%s: %v is not among %v", at, v, all)
	}
	switch schema["type"] {
	case "object":
		return s.object(v, schema, at)
	case "array":
		list, ok := v.([]any)
		if !ok {
			return fmt.Errorf("%s: not a list", at)
		}
		for i, x := range list {
			if err := s.holds(x, schema["items"].(map[string]any), at+"["+strconv.Itoa(i)+"]"); err != nil {
				return err
			}
		}
	case "string":
		text, ok := v.(string)
		if !ok {
			return fmt.Errorf("%s: not text", at)
		}
		if schema["format"] == "date-time" {
			if _, err := time.Parse(time.RFC3339, text); err != nil || !strings.HasSuffix(text, "Z") {
				return fmt.Errorf("%s: %q is no time in UTC", at, text)
			}
		}
		if most, ok := schema["maxLength"].(float64); ok && len([]rune(text)) > int(most) {
			return fmt.Errorf("%s: longer than %v", at, most)
		}
	case "integer", "number":
		n, ok := v.(float64)
		if !ok || schema["type"] == "integer" && n != float64(int64(n)) {
			return fmt.Errorf("%s: not a number of that type", at)
		}
		if least, ok := schema["minimum"].(float64); ok && n < least {
			return fmt.Errorf("%s: below %v", at, least)
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			return fmt.Errorf("%s: not true or false", at)
		}
	case nil:
	default:
		return fmt.Errorf("%s: type %v is not understood", at, schema["type"])
	}
	return nil
}

func (s spec) object(v any, schema map[string]any, at string) error {
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: not an object", at)
	}
	props, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := m[name.(string)]; !ok {
			return fmt.Errorf("%s: %s is missing", at, name)
		}
	}
	for name, x := range m {
		p, ok := props[name].(map[string]any)
		switch {
		case ok:
			if err := s.holds(x, p, at+"."+name); err != nil {
				return err
			}
		case schema["additionalProperties"] == false:
			return fmt.Errorf("%s: %s is not described", at, name)
		}
	}
	return nil
}

// The checker itself: it must be able to fail.
func TestTheCheckerSeesWhatIsNotDescribed(t *testing.T) {
	s := readSpec(t)
	count := map[string]any{"$ref": "#/components/schemas/Count"}
	point := map[string]any{"$ref": "#/components/schemas/Point"}
	kind := map[string]any{"oneOf": []any{map[string]any{"$ref": "#/components/schemas/Kind"}, map[string]any{"type": "integer"}}}
	for _, c := range []struct {
		doc    string
		schema map[string]any
		ok     bool
	}{
		{`{"count":3}`, count, true},
		{`{"count":3,"more":1}`, count, false},
		{`{"count":"3"}`, count, false},
		{`{"count":3.5}`, count, false},
		{`{}`, count, false},
		{`[]`, count, false},
		{`{"lat":1,"lng":2.5}`, point, true},
		{`"report"`, kind, true},
		{`"forwarded"`, kind, false},
		{`7`, kind, true},
		{`"2026-01-01T00:00:00Z"`, map[string]any{"type": "string", "format": "date-time"}, true},
		{`"2026-01-01T07:00:00+07:00"`, map[string]any{"type": "string", "format": "date-time"}, false},
		{`"x"`, map[string]any{"type": "string", "pattern": "y"}, false},
	} {
		var v any
		if err := json.Unmarshal([]byte(c.doc), &v); err != nil {
			t.Fatal(err)
		}
		if err := s.holds(v, c.schema, "$"); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.doc, err)
		}
	}
}

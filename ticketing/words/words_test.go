package words

import (
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

var place = regexp.MustCompile(`\{\d\}`)

func TestBothLanguagesSayTheSame(t *testing.T) {
	for _, name := range fileNames(t, Vietnamese) {
		vi, en := read(t, Vietnamese, name), read(t, English, name)
		for key, text := range vi {
			other, ok := en[key]
			if !ok {
				t.Errorf("en/%s lacks %q", name, key)
				continue
			}
			one, _, _ := strings.Cut(other, "|")
			if got, want := places(one), places(text); !slices.Equal(got, want) {
				t.Errorf("%s %q: places %v in English, %v in Vietnamese", name, key, got, want)
			}
			if strings.TrimSpace(text) == "" || strings.TrimSpace(other) == "" {
				t.Errorf("%s %q is empty", name, key)
			}
			if norm.NFC.String(text) != text {
				t.Errorf("%s %q is not NFC", name, key)
			}
		}
		for key := range en {
			if _, ok := vi[key]; !ok {
				t.Errorf("vi/%s lacks %q", name, key)
			}
		}
	}
	if a, b := fileNames(t, Vietnamese), fileNames(t, English); !slices.Equal(a, b) {
		t.Errorf("files differ: %v and %v", a, b)
	}
}

// A key that stands twice, in two files or in one, is a sentence nobody sees.
func TestNoKeyStandsTwice(t *testing.T) {
	key := regexp.MustCompile(`(?m)^\s*"((?:[^"\\]|\\.)*)":`)
	for _, lang := range Languages {
		seen := map[string]string{}
		for _, name := range fileNames(t, lang) {
			raw, err := files.ReadFile(path.Join(lang, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range key.FindAllStringSubmatch(string(raw), -1) {
				if first, twice := seen[found[1]]; twice {
					t.Errorf("%q stands in %s and in %s", found[1], first, name)
				}
				seen[found[1]] = name
			}
		}
		if len(seen) != len(catalogues()[lang]) {
			t.Errorf("%s: looked at %d keys of %d", lang, len(seen), len(catalogues()[lang]))
		}
	}
}

func TestSentences(t *testing.T) {
	if got := T("vi", "status.new"); got != "Mới tiếp nhận" {
		t.Errorf("T(vi, status.new) = %q", got)
	}
	if got := T("en", "no.such.key"); got != "⟦no.such.key⟧" {
		t.Errorf("an unknown key reads %q", got)
	}
	if got, want := T("en", "count.tickets", 1), "1 ticket"; got != want {
		t.Errorf("one: %q, want %q", got, want)
	}
	if got, want := T("en", "count.tickets", 3), "3 tickets"; got != want {
		t.Errorf("three: %q, want %q", got, want)
	}
	if got, want := T("vi", "count.tickets", 3), "3 phiếu"; got != want {
		t.Errorf("three: %q, want %q", got, want)
	}
}

func places(s string) []string {
	p := place.FindAllString(s, -1)
	slices.Sort(p)
	return slices.Compact(p)
}

func fileNames(t *testing.T, lang string) []string {
	names, err := fs.Glob(files, lang+"/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for i := range names {
		names[i] = path.Base(names[i])
	}
	return names
}

func read(t *testing.T, lang, name string) map[string]string {
	raw, err := files.ReadFile(lang + "/" + name)
	if err != nil {
		t.Errorf("%s: %v", lang, err)
		return nil
	}
	var m map[string]string
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatalf("%s/%s: %v", lang, name, err)
	}
	return m
}

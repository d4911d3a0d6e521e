// Package words holds every sentence a person may read, in Vietnamese and English.
//
// A sentence is named by a key ("status.new") and may hold places {0}, {1} … for its arguments. The catalogues are the
// files vi/*.json and en/*.json; a test holds both languages to the same keys and the same places. An English
// sentence may have two forms parted by "|" ("{0} ticket|{0} tickets"): the first is used when argument 0 is 1.
// Vietnamese has no plural forms.
//
// The package does not know who reads: the language is an argument.
package words

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"sync"
)

// The languages the hotline speaks. Vietnamese is the first everywhere.
const (
	Vietnamese = "vi"
	English    = "en"
)

// Languages in the order they are offered.
var Languages = [...]string{Vietnamese, English}

//go:embed vi/*.json en/*.json
var files embed.FS

var catalogues = sync.OnceValue(func() map[string]map[string]string {
	all := make(map[string]map[string]string, len(Languages))
	for _, lang := range Languages {
		all[lang] = make(map[string]string, 1024)
		names, err := fs.Glob(files, path.Join(lang, "*.json"))
		if err != nil {
			panic(err) // the pattern is a constant
		}
		for _, name := range names {
			raw, err := files.ReadFile(name)
			if err != nil {
				panic(err) // embedded, so it is there
			}
			var part map[string]string
			if err := json.Unmarshal(raw, &part); err != nil {
				panic(fmt.Sprintf("words: %s: %v", name, err)) // the package's own test reads every file first
			}
			for key, text := range part {
				all[lang][key] = text
			}
		}
	}
	return all
})

// Lang is the language asked for if the hotline speaks it, else Vietnamese.
func Lang(asked string) string {
	if strings.HasPrefix(strings.ToLower(asked), English) {
		return English
	}
	return Vietnamese
}

// Has says whether the catalogue holds the key.
func Has(key string) bool {
	_, ok := catalogues()[Vietnamese][key]
	return ok
}

// T is the sentence named key in lang, with its places filled. An unknown key is shown as ⟦key⟧, so that it is seen
// and can be reported, and never stops a page.
func T(lang, key string, args ...any) string {
	text, ok := catalogues()[Lang(lang)][key]
	if !ok {
		return "⟦" + key + "⟧"
	}
	if lang == English && strings.Contains(text, "|") {
		one, other, _ := strings.Cut(text, "|")
		text = other
		if len(args) > 0 && fmt.Sprint(args[0]) == "1" {
			text = one
		}
	}
	if len(args) == 0 {
		return text
	}
	pairs := make([]string, 0, 2*len(args))
	for i, arg := range args {
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", fmt.Sprint(arg))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// Keys lists the catalogue's keys that begin with prefix; the order is not defined.
func Keys(prefix string) []string {
	var keys []string
	for key := range catalogues()[Vietnamese] {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	return keys
}

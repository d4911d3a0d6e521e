package ui_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// Files by others are what static/vendor.json says they are, all of them and no more. See ui/vendorfiles.
func TestVendoredFilesAreWhatTheListSays(t *testing.T) {
	for _, fault := range vendorFaults(os.DirFS(".")) {
		t.Error(fault)
	}
}

func vendorFaults(ui fs.FS) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }

	var packages []struct {
		Name, Version, Licence, Package, Integrity string
		Files                                      []struct{ To, SHA256 string }
	}
	list, err := fs.ReadFile(ui, "static/vendor.json")
	if err == nil {
		err = json.Unmarshal(list, &packages)
	}
	if err != nil {
		return []string{err.Error()}
	}

	listed := map[string]bool{}
	for _, p := range packages {
		if p.Name == "" || p.Version == "" || p.Licence == "" || p.Package == "" || !strings.HasPrefix(p.Integrity, "sha512-") {
			fault("%s: name, version, licence, package or integrity is not said", p.Name)
		}
		licence := false
		for _, f := range p.Files {
			listed[f.To] = true
			licence = licence || path.Base(f.To) == "LICENSE"
			content, err := fs.ReadFile(ui, f.To)
			if err != nil {
				fault("%v: go run ./ui/vendorfiles -update %s@%s", err, p.Name, p.Version)
				continue
			}
			if got := fmt.Sprintf("%x", sha256.Sum256(content)); got != f.SHA256 {
				fault("%s was changed; vendored files are not edited", f.To)
			}
			if bytes.Contains(content, []byte("sourceMappingURL=")) {
				fault("%s has a sourceMappingURL: browsers would ask for a file that we do not ship", f.To)
			}
		}
		if !licence {
			fault("%s: no LICENSE beside its files", p.Name)
		}
	}
	for _, folder := range []string{"static/vendor", "testdata/vendor"} {
		err := fs.WalkDir(ui, folder, func(at string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() && !listed[at] {
				fault("%s is not in static/vendor.json", at)
			}
			return err
		})
		if err != nil {
			fault("%v", err)
		}
	}
	return faults
}

func TestTheVendorCheckNoticesWhatIsWrong(t *testing.T) {
	entry := func(to, content string) string {
		return fmt.Sprintf(`{"to":%q,"sha256":"%x"}`, to, sha256.Sum256([]byte(content)))
	}
	file := func(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content)} }
	tree := func() fstest.MapFS {
		return fstest.MapFS{
			"static/vendor.json": file(`[{"name":"a","version":"1","licence":"0BSD","package":"a","integrity":"sha512-x","files":[` +
				entry("static/vendor/a/a.js", "1") + "," + entry("static/vendor/a/LICENSE", "2") + `]}]`),
			"static/vendor/a/a.js":    file("1"),
			"static/vendor/a/LICENSE": file("2"),
			"testdata/vendor/.keep":   &fstest.MapFile{Mode: fs.ModeDir},
		}
	}
	if faults := vendorFaults(tree()); len(faults) != 0 {
		t.Errorf("a tree without a fault: %v", faults)
	}
	replace := func(old, new string) func(fstest.MapFS) {
		return func(m fstest.MapFS) {
			list := m["static/vendor.json"]
			list.Data = bytes.ReplaceAll(list.Data, []byte(old), []byte(new))
		}
	}
	const mapped = "1\n//# sourceMappingURL=a.js.map"
	for want, spoil := range map[string]func(fstest.MapFS){
		"was changed":            func(m fstest.MapFS) { m["static/vendor/a/a.js"] = file("1 ") },
		"does not exist":         func(m fstest.MapFS) { delete(m, "static/vendor/a/a.js") },
		"is not in static":       func(m fstest.MapFS) { m["testdata/vendor/b.js"] = file("") },
		"integrity is not said":  replace("sha512-x", ""),
		"no LICENSE":             replace("a/LICENSE", "a/NOTICE"),
		"has a sourceMappingURL": func(m fstest.MapFS) { m["static/vendor/a/a.js"] = file(mapped) },
	} {
		m := tree()
		spoil(m)
		if faults := vendorFaults(m); !slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, want) }) {
			t.Errorf("%q was not noticed: %v", want, faults)
		}
	}
}

// foreign is what makes a page load something from another machine. A link to follow is no load.
var foreign = regexp.MustCompile(`(?i)` +
	`(?:src|srcset|poster)\s*=\s*["']?\s*(?:https?:)?//` +
	`|<link\b[^>]*\bhref\s*=\s*["']?\s*(?:https?:)?//` +
	`|url\(\s*["']?(?:https?:)?//` +
	`|@import\s+["'](?:https?:)?//` +
	`|\b(?:fetch|import|importScripts|WebSocket|EventSource|Worker|sendBeacon)\s*\(\s*["'` + "`" + `](?:https?|wss?)?:?//` +
	`|\bfrom\s+["'](?:https?:)?//`)

func TestPagesLoadNothingFromElsewhere(t *testing.T) {
	for content, want := range map[string]bool{
		`<script src="https://cdn.example/x.js">`:                    true,
		`<img alt="" src='//cdn.example/x.png'>`:                     true,
		`<link rel="stylesheet" href="https://fonts.example/a.css">`: true,
		`a { background: url(https://example.org/a.png) }`:           true,
		`@import "https://example.org/a.css";`:                       true,
		`fetch("https://example.org/a")`:                             true,
		`import x from "https://example.org/a.js"`:                   true,
		`new WebSocket("wss://example.org/")`:                        true,
		`<a href="https://vbpl.vn/">`:                                false,
		`<svg xmlns="http://www.w3.org/2000/svg">`:                   false,
		`<script src="/static/htmx.min.js">`:                         false,
		`fetch("/api/x")`:                                            false,
	} {
		if foreign.MatchString(content) != want {
			t.Errorf("the check itself: %s: %v", content, !want)
		}
	}
	err := fs.WalkDir(os.DirFS("."), ".", func(at string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if e.Name() == "vendor" || e.Name() == "testdata" {
				return fs.SkipDir
			}
			return nil
		}
		if !slices.Contains([]string{".html", ".css", ".js", ".svg"}, path.Ext(at)) {
			return nil
		}
		content, err := os.ReadFile(at)
		for _, load := range foreign.FindAll(content, -1) {
			t.Errorf("%s loads from another machine: %s", at, load)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Command vendorfiles brings the front-end files of others into the repository, as static/vendor.json lists them.
//
//	go run ./ui/vendorfiles -update NAME@VERSION
//
// It gets the package with the npm client, compares it with the registry's integrity value, copies the listed files,
// makes the icon sprite and the font faces from theirs, and writes versions, hashes and THIRD_PARTY.md anew. To take one
// more file or icon, add it to vendor.json and update to the version that is there. Vendored files are never edited;
// only a trailing sourceMappingURL is cut off, because it makes browsers ask for a file that we do not ship.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Package is one package we took files from.
type Package struct {
	Name      string `json:"name"`    // what we call it: the name of its folder
	Package   string `json:"package"` // what npm calls it
	Version   string `json:"version"`
	Licence   string `json:"licence"`   // SPDX identifier, as read from its LICENSE
	Use       string `json:"use"`       // what it is for, in a few words
	Integrity string `json:"integrity"` // of the whole package, as npm gives it
	Files     []File `json:"files"`
}

// File is one file of ours that comes from a package. Exactly one of From, Sprite and Faces says how.
type File struct {
	To     string   `json:"to"`               // path below ui
	From   string   `json:"from,omitempty"`   // copied from this path in the package
	Sprite []string `json:"sprite,omitempty"` // made of these icons: symbols with the id "i-NAME"
	Faces  []string `json:"faces,omitempty"`  // made of the @font-face rules in these style sheets, for the fonts listed
	Cut    string   `json:"cut,omitempty"`    // the line that was cut off its end
	SHA256 string   `json:"sha256"`
}

const (
	manifest = "static/vendor.json"
	credits  = "static/THIRD_PARTY.md"
)

func main() {
	update := flag.String("update", "", "`NAME@VERSION` to bring in")
	ui := flag.String("ui", "ui", "folder of the package ui")
	flag.Parse()
	name, version, ok := strings.Cut(*update, "@")
	if !ok || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*ui, name, version); err != nil {
		fmt.Fprintln(os.Stderr, "vendorfiles:", err)
		os.Exit(1)
	}
}

func run(ui, name, version string) error {
	packages, err := read(ui)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(packages, func(p Package) bool { return p.Name == name })
	if i < 0 {
		return fmt.Errorf("%s does not list %s: add it there first", manifest, name)
	}
	p := &packages[i]
	archive, integrity, err := fetch(p.Package + "@" + version)
	if err != nil {
		return err
	}
	if version == p.Version && p.Integrity != "" && p.Integrity != integrity {
		return fmt.Errorf("%s %s is another package than the one taken before: %s, was %s", name, version, integrity, p.Integrity)
	}
	content, err := unpack(archive)
	if err != nil {
		return err
	}
	made := map[string][]byte{} // all made before the first is written
	for i := range p.Files {
		f := &p.Files[i]
		b, err := f.make(*p, content)
		if err != nil {
			return fmt.Errorf("%s: %w", f.To, err)
		}
		made[f.To] = b
	}
	p.Version, p.Integrity = version, integrity
	for to, b := range made {
		if err := write(ui, to, b); err != nil {
			return err
		}
	}
	list := new(bytes.Buffer)
	encoder := json.NewEncoder(list)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "\t")
	if err := encoder.Encode(packages); err != nil {
		return err
	}
	return errors.Join(write(ui, manifest, list.Bytes()), write(ui, credits, thirdParty(packages)))
}

func read(ui string) (packages []Package, err error) {
	b, err := os.ReadFile(filepath.Join(ui, manifest))
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&packages); err != nil {
		return nil, fmt.Errorf("%s: %w", manifest, err)
	}
	return packages, nil
}

func write(ui, to string, content []byte) error {
	to = filepath.Join(ui, to)
	return errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, content, 0o644))
}

// fetch gets a package as npm packs it and compares it with the integrity value that the registry names.
func fetch(spec string) (archive []byte, integrity string, err error) {
	temp, err := os.MkdirTemp("", "vendorfiles-")
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(temp)
	npm := func(args ...string) (string, error) {
		cmd := exec.Command("npm", append(args, "--silent", "--ignore-scripts")...)
		cmd.Dir, cmd.Stderr = temp, os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return "", fmt.Errorf("npm %s: %w", strings.Join(args, " "), err)
		}
		return strings.TrimSpace(string(out)), nil
	}
	integrity, err = npm("view", spec, "dist.integrity")
	if err != nil {
		return nil, "", err
	}
	file, err := npm("pack", spec)
	if err != nil {
		return nil, "", err
	}
	archive, err = os.ReadFile(filepath.Join(temp, filepath.Base(file)))
	if err != nil {
		return nil, "", err
	}
	sum := sha512.Sum512(archive)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != integrity {
		return nil, "", fmt.Errorf("%s: got %s, the registry says %q", spec, got, integrity)
	}
	return archive, integrity, nil
}

// unpack returns the files of an npm package by their path in it.
func unpack(archive []byte) (map[string][]byte, error) {
	packed, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	content := map[string][]byte{}
	for entries := tar.NewReader(packed); ; {
		e, err := entries.Next()
		if err == io.EOF {
			return content, nil
		} else if err != nil {
			return nil, err
		}
		if _, name, ok := strings.Cut(e.Name, "/"); ok && e.Typeflag == tar.TypeReg {
			if content[name], err = io.ReadAll(entries); err != nil {
				return nil, err
			}
		}
	}
}

// make returns the content of a file of ours and notes its hash.
func (f *File) make(p Package, content map[string][]byte) (made []byte, err error) {
	switch {
	case f.Sprite != nil:
		made, err = sprite(f.Sprite, content)
	case f.Faces != nil:
		made, err = faces(f, p, content)
	default:
		made, f.Cut, err = plain(f.From, content)
	}
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(made)
	f.SHA256 = hex.EncodeToString(sum[:])
	return made, nil
}

var sourceMap = regexp.MustCompile(`\n?(//[#@] sourceMappingURL=\S+)\s*$`)

func plain(from string, content map[string][]byte) (made []byte, cut string, err error) {
	made, ok := content[from]
	if !ok {
		return nil, "", fmt.Errorf("%q is not in the package: %w", from, fs.ErrNotExist)
	}
	if m := sourceMap.FindSubmatchIndex(made); m != nil {
		made, cut = made[:m[0]], string(made[m[2]:m[3]])
	}
	return made, cut, nil
}

var (
	comment = regexp.MustCompile(`(?s)<!--.*?-->`)
	drawing = regexp.MustCompile(`(?s)^\s*<svg\b([^>]*)>(.*)</svg>\s*$`)
	// A symbol is drawn in the colour of the text around it, whatever size it is used at.
	kept   = regexp.MustCompile(`\b(viewBox|fill|stroke|stroke-width|stroke-linecap|stroke-linejoin)="[^"]*"`)
	spaces = regexp.MustCompile(`\s+`)
)

func sprite(icons []string, content map[string][]byte) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("<svg xmlns=\"http://www.w3.org/2000/svg\">\n")
	for _, icon := range icons {
		svg, ok := content["icons/"+icon+".svg"]
		if !ok {
			return nil, fmt.Errorf("no icon %q: %w", icon, fs.ErrNotExist)
		}
		m := drawing.FindSubmatch(comment.ReplaceAll(svg, nil))
		if m == nil {
			return nil, fmt.Errorf("icon %q is no simple drawing", icon)
		}
		shapes := strings.TrimSpace(spaces.ReplaceAllString(string(m[2]), " "))
		fmt.Fprintf(&b, "<symbol id=\"i-%s\" %s>%s</symbol>\n", icon,
			bytes.Join(kept.FindAll(m[1], -1), []byte(" ")), strings.ReplaceAll(strings.ReplaceAll(shapes, "> <", "><"), " />", "/>"))
	}
	b.WriteString("</svg>\n")
	return b.Bytes(), nil
}

var (
	face   = regexp.MustCompile(`(?s)@font-face\s*\{.*?\}`)
	source = regexp.MustCompile(`(?s)src:.*?;`)
	woff2  = regexp.MustCompile(`url\(\./(files/[^)]+\.woff2)\)`)
)

// faces takes over the package's own @font-face rules, with their unicode-range, for the fonts that we list.
func faces(f *File, p Package, content map[string][]byte) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "/* Made by ui/vendorfiles from %s; do not edit. A browser loads a file only when the page has characters of its range. */\n", p.Package)
	used := 0
	for _, sheet := range f.Faces {
		css, ok := content[sheet]
		if !ok {
			return nil, fmt.Errorf("no style sheet %q: %w", sheet, fs.ErrNotExist)
		}
		for _, rule := range face.FindAll(css, -1) {
			m := woff2.FindSubmatch(rule)
			if m == nil {
				continue
			}
			i := slices.IndexFunc(p.Files, func(f File) bool { return f.From == string(m[1]) })
			if i < 0 {
				continue
			}
			used++
			at, err := filepath.Rel(path.Dir(f.To), p.Files[i].To)
			if err != nil {
				return nil, err
			}
			b.WriteByte('\n')
			b.Write(source.ReplaceAllLiteral(rule, fmt.Appendf(nil, "src: url(%s) format('woff2');", filepath.ToSlash(at))))
			b.WriteByte('\n')
		}
	}
	if used == 0 {
		return nil, errors.New("no rule is for a font that is listed")
	}
	return b.Bytes(), nil
}

// thirdParty is what the licences ask for, as a page.
func thirdParty(packages []Package) []byte {
	var b bytes.Buffer
	b.WriteString("# Front-end files by others\n\nWritten by `go run ./ui/vendorfiles`; the list itself is vendor.json. Each licence lies in full beside its files.\n\n" +
		"| what | version | licence | for | npm package |\n|---|---|---|---|---|\n")
	for _, p := range packages {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", p.Name, p.Version, p.Licence, p.Use, p.Package)
	}
	return b.Bytes()
}

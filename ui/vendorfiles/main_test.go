package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestThirdPartyPageIsTheListAsAPage(t *testing.T) {
	packages, err := read("..")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join("..", credits))
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != string(thirdParty(packages)) {
		t.Errorf("%s does not say what %s says: update any package to the version that is there", credits, manifest)
	}
}

func TestOnlyATrailingSourceMapIsCutOff(t *testing.T) {
	for in, want := range map[string][2]string{
		"a()\n//# sourceMappingURL=a.js.map\n": {"a()", "//# sourceMappingURL=a.js.map"},
		"a()\n//# sourceMappingURL=a.js.map":   {"a()", "//# sourceMappingURL=a.js.map"},
		"a()\n":                                {"a()\n", ""},
		"//# sourceMappingURL=x\na()\n":        {"//# sourceMappingURL=x\na()\n", ""},
	} {
		made, cut, err := plain("a.js", map[string][]byte{"a.js": []byte(in)})
		if err != nil || string(made) != want[0] || cut != want[1] {
			t.Errorf("%q: %q, %q, %v", in, made, cut, err)
		}
	}
}

func TestASpriteHoldsTheIconsAskedFor(t *testing.T) {
	content := map[string][]byte{"icons/x.svg": []byte(
		"<!-- @license -->\n<svg\n  class=\"lucide\"\n  width=\"24\"\n  viewBox=\"0 0 24 24\"\n  stroke=\"currentColor\"\n>\n  <path d=\"M1 1\" />\n  <path d=\"M2 2\" />\n</svg>\n")}
	got, err := sprite([]string{"x"}, content)
	want := `<symbol id="i-x" viewBox="0 0 24 24" stroke="currentColor"><path d="M1 1"/><path d="M2 2"/></symbol>`
	if err != nil || !strings.Contains(string(got), want) {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := sprite([]string{"y"}, content); err == nil {
		t.Error("an icon that is not there was made")
	}
}

func TestFacesKeepTheirRangeAndNameOnlyOurFiles(t *testing.T) {
	p := Package{Package: "font", Files: []File{{To: "static/vendor/f/a.woff2", From: "files/a.woff2"}, {To: "static/fonts.css", Faces: []string{"400.css"}}}}
	content := map[string][]byte{"400.css": []byte(`
@font-face { font-family: 'F'; src: url(./files/a.woff2) format('woff2'), url(./files/a.woff) format('woff'); unicode-range: U+0-FF; }
@font-face { font-family: 'F'; src: url(./files/b.woff2) format('woff2'); unicode-range: U+100-1FF; }`)}
	got, err := faces(&p.Files[1], p, content)
	if err != nil {
		t.Fatal(err)
	}
	want := `@font-face { font-family: 'F'; src: url(vendor/f/a.woff2) format('woff2'); unicode-range: U+0-FF; }`
	if css := string(got); !strings.Contains(css, want) || strings.Contains(css, "b.woff2") || strings.Contains(css, "U+100") {
		t.Errorf("%s", css)
	}
}

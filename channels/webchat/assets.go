package webchat

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"io/fs"
	"path"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing/words"
)

//go:embed static templates
var embedded embed.FS

// assets are the window's files, read once. Their address holds one hash over all of them, so browsers may keep them
// for ever and they may name each other by relative addresses.
type assets struct {
	hash   string
	files  map[string]asset
	loader asset
	pages  map[string]*template.Template // by language
}

type asset struct {
	kind       string
	body, gzip []byte
	tag        string
}

var kinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}

// mustAssets panics over what is built in: a mistake there ends the program at its start, and every test.
func mustAssets(c *Channel) *assets {
	a := &assets{files: map[string]asset{}, pages: map[string]*template.Template{}}
	sum := sha256.New()
	names, err := fs.Glob(embedded, "static/*")
	must(err)
	for _, name := range names {
		body, err := embedded.ReadFile(name)
		must(err)
		sum.Write(body)
		if base := path.Base(name); base == "loader.js" {
			a.loader = newAsset(base, spoken(body))
		} else {
			a.files[base] = newAsset(base, body)
		}
	}
	a.hash = hex.EncodeToString(sum.Sum(nil)[:8])
	for _, lang := range words.Languages {
		a.pages[lang] = template.Must(template.New("page.html").Option("missingkey=error").Funcs(c.functions(lang)).ParseFS(embedded, "templates/*.html"))
	}
	return a
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func newAsset(name string, body []byte) asset {
	sum := sha256.Sum256(body)
	a := asset{kind: kinds[path.Ext(name)], body: body, tag: `"` + hex.EncodeToString(sum[:8]) + `"`}
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level exists
	w.Write(body)                                         // into memory: cannot fail
	w.Close()
	a.gzip = b.Bytes()
	return a
}

// spoken puts the loader's few sentences into it, in every language, as it is one file for all pages, and leaves out
// what only its readers need: comments and indentation.
func spoken(script []byte) []byte {
	var short []byte
	for line := range bytes.Lines(script) {
		if line = bytes.TrimLeft(line, " "); !bytes.HasPrefix(line, []byte("//")) {
			short = append(short, line...)
		}
	}
	said := map[string]map[string]string{}
	for _, lang := range words.Languages {
		said[lang] = scriptWords("webchat.loader.", lang)
	}
	raw, err := json.Marshal(said)
	must(err)
	return bytes.Replace(short, []byte("'WORDS'"), raw, 1)
}

// scriptWords are the sentences a script says, by the ends of their keys.
func scriptWords(prefix, lang string) map[string]string {
	out := map[string]string{}
	for _, key := range words.Keys(prefix) {
		out[strings.TrimPrefix(key, prefix)] = words.T(lang, key)
	}
	return out
}

// loader is the script that other pages load.
func (c *Channel) loader(f *fiber.Ctx) error {
	f.Set(fiber.HeaderCacheControl, "public, max-age=3600")
	f.Set("Cross-Origin-Resource-Policy", "cross-origin") // it is made for other pages
	return c.assets.loader.send(f)
}

// static answers one of the window's own files.
func (c *Channel) static(f *fiber.Ctx) error {
	a, ok := c.assets.files[f.Params("name")]
	if !ok {
		return fiber.ErrNotFound
	}
	f.Set(fiber.HeaderCacheControl, "no-cache") // a page of another version asks
	if f.Params("hash") == c.assets.hash {
		f.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	}
	f.Set("Cross-Origin-Resource-Policy", "same-origin")
	return a.send(f)
}

func (a asset) send(f *fiber.Ctx) error {
	f.Set(fiber.HeaderContentType, a.kind)
	f.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	f.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; sandbox")
	f.Set(fiber.HeaderETag, a.tag)
	f.Vary(fiber.HeaderAcceptEncoding)
	if f.Get(fiber.HeaderIfNoneMatch) == a.tag {
		return f.SendStatus(fiber.StatusNotModified)
	}
	if strings.Contains(f.Get(fiber.HeaderAcceptEncoding), "gzip") {
		f.Set(fiber.HeaderContentEncoding, "gzip")
		return f.Send(a.gzip)
	}
	return f.Send(a.body)
}

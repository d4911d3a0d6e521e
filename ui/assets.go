package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"os"
	"path"
	"strings"

	"github.com/gofiber/fiber/v2"
)

//go:embed static templates
var embedded embed.FS

func builtIn() fs.FS { return embedded }

// assets are the static files, read and compressed once. Their address holds one hash over all of them: it changes
// whenever any of them does, so browsers may keep them for ever, and files may name each other by relative addresses.
type assets struct {
	hash  string
	files map[string]asset
}

type asset struct {
	kind       string
	body, gzip []byte // gzip is nil where it would save nothing
}

var kinds = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2",
}

func readAssets(from fs.FS) (*assets, error) {
	a := &assets{files: map[string]asset{}}
	sum := sha256.New()
	err := fs.WalkDir(from, "static", func(at string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		body, err := fs.ReadFile(from, at)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s %d\n", at, len(body))
		sum.Write(body)
		kind := kinds[path.Ext(at)]
		if kind == "" {
			kind = mime.TypeByExtension(path.Ext(at))
		}
		if kind == "" {
			kind = "text/plain; charset=utf-8"
		}
		a.files[strings.TrimPrefix(at, "static/")] = asset{kind: kind, body: body, gzip: squeeze(kind, body)}
		return nil
	})
	a.hash = hex.EncodeToString(sum.Sum(nil)[:8])
	return a, err
}

func squeeze(kind string, body []byte) []byte {
	if !strings.HasPrefix(kind, "text/") && kind != "image/svg+xml" {
		return nil
	}
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level exists
	w.Write(body)                                         // into memory: cannot fail
	w.Close()
	if b.Len() >= len(body) {
		return nil
	}
	return b.Bytes()
}

func mustAssets(from fs.FS) *assets {
	a, err := readAssets(from)
	if err != nil {
		panic(err)
	}
	return a
}

// URL is the address of a static file. A name that is not there is a programmer's mistake, found by the tests.
func (a *assets) URL(name string) string {
	if _, ok := a.files[name]; !ok {
		panic("no static file " + name)
	}
	return "/static/" + a.hash + "/" + name
}

// StaticURL is the address of a static file of the pages, for surfaces elsewhere that share their letters and icons.
func (s *Server) StaticURL(name string) string {
	s.prepare()
	return s.assets.URL(name)
}

// static answers a static file. With Dev set it reads the folder anew, and nothing is kept by the browser.
func (s *Server) static(c *fiber.Ctx) error {
	a, keep := s.assets, "public, max-age=31536000, immutable"
	if s.Dev != "" {
		fresh, err := readAssets(os.DirFS(s.Dev))
		if err != nil {
			return err
		}
		a, keep = fresh, "no-cache"
	}
	f, ok := a.files[c.Params("*")]
	if !ok {
		return s.NotFound(c)
	}
	if c.Params("hash") != a.hash {
		keep = "no-cache" // a page of another version asks
	}
	c.Set(fiber.HeaderContentType, f.kind)
	c.Set(fiber.HeaderCacheControl, keep)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; sandbox")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
	c.Vary(fiber.HeaderAcceptEncoding)
	c.Set(fiber.HeaderETag, `"`+a.hash+`"`)
	if c.Get(fiber.HeaderIfNoneMatch) == `"`+a.hash+`"` {
		return c.SendStatus(fiber.StatusNotModified)
	}
	if f.gzip != nil && strings.Contains(c.Get(fiber.HeaderAcceptEncoding), "gzip") {
		c.Set(fiber.HeaderContentEncoding, "gzip")
		return c.Send(f.gzip)
	}
	return c.Send(f.body)
}

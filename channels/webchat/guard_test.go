package webchat

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing/words"
)

// The table of who may use what. A route that is added and not named here fails the test.
func TestWhoMayUseWhat(t *testing.T) {
	h := newHouse(t)
	app := fiber.New()
	h.ch.Mount(app)
	want := []string{"GET /nhung/chat", "GET /nhung/chat.js", "GET /nhung/chat/file/:id", "GET /nhung/chat/live",
		"GET /nhung/chat/static/:hash/:name", "GET /nhung/chat/thread", "POST /nhung/chat/seen", "POST /nhung/chat/send", "POST /nhung/chat/verdict"}
	var got []string
	for _, r := range app.GetRoutes() {
		if r.Method != http.MethodHead && !slices.Contains(got, r.Method+" "+r.Path) {
			got = append(got, r.Method+" "+r.Path)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("routes %v, want %v", got, want)
	}
	w := h.window()
	w.say("Đèn đường trước nhà tắt.").wants(t, 200)
	for _, origin := range []string{"", "null", "https://evil.example", h.base + ".evil.example", h.base + "/", strings.ToUpper(h.base), "https://" + strings.TrimPrefix(h.base, "http://")} {
		w.headers.Set("Origin", origin)
		w.say("Từ trang khác.").wants(t, 403)
		w.seen("read", "x-1").wants(t, 403)
	}
	w.headers["Origin"] = []string{h.base, "https://evil.example"}
	w.say("Hai nguồn.").wants(t, 403)
	delete(w.headers, "Origin")
	key := w.key
	for _, bad := range []string{"", "x", key[:42], key + "A", strings.Repeat("!", 43), strings.Repeat("A", 42) + "B"} {
		w.key = bad
		w.say("Không khóa.").wants(t, 401)
		w.seen("read", "x-1").wants(t, 401)
		w.get("/nhung/chat/file/x").wants(t, 401)
		if bad != "" {
			w.get("/nhung/chat/thread").wants(t, 401)
		}
	}
	w.key = key
	if tk := h.only(); tk.Messages != 1 {
		t.Errorf("%d messages", tk.Messages)
	}
}

func TestTheLoaderIsSmallAndSpeaksBothLanguages(t *testing.T) {
	h := newHouse(t)
	w := h.window()
	a := w.get("/nhung/chat.js").wants(t, 200, words.T("vi", "webchat.loader.open"), words.T("en", "webchat.loader.open")).lacks(t, "WORDS", "\n  ")
	if len(a.body) >= 5<<10 {
		t.Errorf("the loader has %d bytes, want under 5 KB", len(a.body))
	}
	t.Logf("the loader has %d bytes, %d packed", len(a.body), len(h.ch.assets.loader.gzip))
	if a.Header.Get("Cross-Origin-Resource-Policy") != "cross-origin" || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/javascript") {
		t.Errorf("headers: %v", a.Header)
	}
	w.headers.Set("If-None-Match", a.Header.Get("ETag"))
	w.get("/nhung/chat.js").wants(t, 304)
}

func TestThePageLetsInOnlyItsOwn(t *testing.T) {
	h := newHouse(t, func(h *house) { h.ch.Sites = []string{"https://danang.gov.vn", "https://haichau.danang.gov.vn"} })
	w := h.window()
	a := w.get("/nhung/chat?site=https://danang.gov.vn&lang=en").wants(t, 200, `lang="en"`, `parent&#34;:&#34;https://danang.gov.vn&#34;`).
		lacks(t, "<style", " style=", " onclick", " onload", "javascript:")
	csp := a.Header.Get("Content-Security-Policy")
	if !strings.HasSuffix(csp, "frame-ancestors 'self' https://danang.gov.vn https://haichau.danang.gov.vn") || strings.Contains(csp, "unsafe") || a.Header.Get("X-Frame-Options") != "" {
		t.Errorf("policy: %s", csp)
	}
	if strings.Count(string(a.body), "<script") != 1 || !strings.Contains(string(a.body), `<script type="module" src="/nhung/chat/static/`) {
		t.Error("there is another script than the one file")
	}
	if n := len(h.ch.Health().Problems); n != 0 {
		t.Errorf("%d problems", n)
	}
	w.get("/nhung/chat?site=https://evil.example").wants(t, 200, `parent&#34;:&#34;&#34;`).lacks(t, "evil")
	w.get(`/nhung/chat?site="><script>&theme="><script>&lang="><script>`).wants(t, 200).lacks(t, `"><script>`)
	p := h.ch.Health().Problems
	if len(p) != 1 || p[0].Times != 2 || strings.Contains(p[0].Text("vi"), "⟦") || strings.Contains(p[0].Text("vi"), "evil") {
		t.Errorf("problems: %+v", p)
	}
}

func TestStaticFiles(t *testing.T) {
	h := newHouse(t)
	w := h.window()
	base := "/nhung/chat/static/" + h.ch.assets.hash + "/"
	if a := w.get(base+"window.js").wants(t, 200); !strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%v", a.Header)
	}
	if a := w.get("/nhung/chat/static/old/window.js").wants(t, 200); strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%v", a.Header)
	}
	for _, name := range []string{"loader.js", "..%2fchat.go", "x.js"} {
		w.get(base+name).wants(t, 404)
	}
	// Everything a script or the page names is there, and nothing comes from elsewhere.
	for name, a := range h.ch.assets.files {
		for _, line := range strings.Split(string(a.body), "\n") {
			if _, after, ok := strings.Cut(line, " from './"); ok {
				if _, ok := h.ch.assets.files[strings.TrimSuffix(after, "';")]; !ok {
					t.Errorf("%s names %s", name, after)
				}
			}
		}
		if strings.Contains(string(a.body), "innerHTML") || strings.Contains(strings.ReplaceAll(string(a.body), "http://www.w3.org/", ""), "http://") || strings.Contains(string(a.body), "https://") {
			t.Errorf("%s makes markup of text, or names another address", name)
		}
	}
}

// Every sentence a script says is in the words files, and none stands there for nothing.
func TestScriptsSayOnlyWhatThereIs(t *testing.T) {
	h := newHouse(t)
	var code strings.Builder
	for name, a := range h.ch.assets.files {
		if strings.HasSuffix(name, ".js") {
			code.Write(a.body)
		}
	}
	for key := range scriptWords("webchat.js.", "vi") {
		if !strings.Contains(code.String(), "words."+key) && !strings.Contains(code.String(), "say('"+key+"'") && !slices.Contains([]string{"sending", "failed", "refused"}, key) {
			t.Errorf("webchat.js.%s is said by nobody", key)
		}
	}
	all := scriptWords("webchat.js.", "vi")
	for _, part := range strings.Split(code.String(), "words.")[1:] {
		key := part[:strings.IndexFunc(part, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') })]
		if _, ok := all[key]; !ok {
			t.Errorf("a script says words.%s", key)
		}
	}
}

func TestSites(t *testing.T) {
	got, err := ParseSites(" https://danang.gov.vn, HTTPS://Www.Danang.gov.vn:443/ ,http://127.0.0.1:8080,https://danang.gov.vn")
	if want := []string{"https://danang.gov.vn", "https://www.danang.gov.vn", "http://127.0.0.1:8080"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if got, err := ParseSites(""); err != nil || got != nil {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"danang.gov.vn", "*", "https://*.gov.vn", "https://a.vn/b", "https://a.vn;script-src", "ftp://a.vn", "https://a.vn?x", "https://u@a.vn", "'self'", "https://a.vn 'unsafe-inline'"} {
		if got, err := ParseSites("https://ok.vn," + bad); err == nil || strings.Contains(err.Error(), "ok.vn") {
			t.Errorf("%q becomes %v, %v", bad, got, err)
		}
	}
}

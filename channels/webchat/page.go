package webchat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// policy is the frame's: its own scripts, styles, fonts and pictures, its own address to talk to, nothing inline and
// nothing made of text. Who may frame it is added.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; connect-src 'self'; " +
	"form-action 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors 'self'"

// windowPage is the frame's page. What is said in the conversation comes afterwards, by the script.
type windowPage struct {
	Lang, Theme string
	Office      office
	Consent     ticketing.Consent
	ConsentText string
	Setup       string // JSON for the script
}

// setup is what the script starts with.
type setup struct {
	Lang   string            `json:"lang"`
	Parent string            `json:"parent"` // origin of the page around the frame; "" is none
	Form   string            `json:"form"`
	Poll   int64             `json:"poll"` // ms
	Icons  string            `json:"icons"`
	Files  int               `json:"files"`
	Bytes  int               `json:"bytes"`
	Words  map[string]string `json:"words"`
}

// page answers the window itself, alone or in a frame.
func (c *Channel) page(f *fiber.Ctx) error {
	lang := words.Lang(f.Query("lang"))
	site := f.Query("site")
	if site != "" && site != c.origin && !slices.Contains(c.Sites, site) {
		c.health.stranger(c.now())
		site = "" // the browser will not show the frame there; whoever looks at it alone still may write
	}
	s, err := json.Marshal(setup{
		Lang: lang, Parent: site, Form: c.newForm(), Poll: c.Poll.Milliseconds(), Icons: c.Asset("icons.svg"),
		Files: mostFiles, Bytes: mostBody - mostWords, Words: scriptWords("webchat.js.", lang),
	})
	if err != nil {
		return err
	}
	p := windowPage{Lang: lang, Office: c.office(f.UserContext(), lang), Consent: c.Desk.Catalog.Current().Consent, Setup: string(s)}
	if p.ConsentText = p.Consent.Text; lang == words.English && p.Consent.EN != "" {
		p.ConsentText = p.Consent.EN
	}
	if theme := f.Query("theme"); theme == "light" || theme == "dark" {
		p.Theme = theme
	}
	var b bytes.Buffer
	if err := c.assets.pages[lang].ExecuteTemplate(&b, "page.html", p); err != nil {
		return fmt.Errorf("the chat window: %w", err)
	}
	c.pageHeaders(f, lang)
	return f.Send(b.Bytes())
}

func (c *Channel) pageHeaders(f *fiber.Ctx, lang string) {
	f.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	f.Set(fiber.HeaderContentLanguage, lang)
	f.Set(fiber.HeaderContentSecurityPolicy, strings.Join(append([]string{policy}, c.Sites...), " "))
	f.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	f.Set(fiber.HeaderReferrerPolicy, "same-origin")
	f.Set(fiber.HeaderCacheControl, "no-store") // it holds a form that ages
	f.Set("X-Robots-Tag", "noindex")
	f.Set("Permissions-Policy", "geolocation=(), microphone=(), camera=(), payment=(), usb=()")
	// A page that isolates itself (COEP) may frame only what says these two.
	f.Set("Cross-Origin-Embedder-Policy", "require-corp")
	f.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if c.secure {
		f.Set(fiber.HeaderStrictTransportSecurity, "max-age=31536000")
	}
}

// functions are what the template may call, bound to one language.
func (c *Channel) functions(lang string) template.FuncMap {
	return template.FuncMap{
		"t":     func(key string, args ...any) string { return words.T(lang, key, args...) },
		"house": c.Asset,
		"file": func(name string) (string, error) {
			if _, ok := c.assets.files[name]; !ok {
				return "", fmt.Errorf("no file %s", name)
			}
			return "/nhung/chat/static/" + c.assets.hash + "/" + name, nil
		},
		"icon": func(name string) template.HTML {
			sprite := c.Asset("icons.svg")
			if sprite == "" {
				return ""
			}
			return template.HTML(`<svg class="icon" aria-hidden="true" focusable="false"><use href="` +
				template.HTMLEscapeString(sprite+"#i-"+name) + `"></use></svg>`)
		},
	}
}

package ui

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// Page is what every page's struct embeds: the frame around it.
type Page struct {
	Lang    string
	Theme   string // "light", "dark" or "" for the reader's system
	Title   string
	Path    string           // of this page, for the switches and the way back
	Here    string           // the entry of the top bar that is this page's
	Staff   *ticketing.Staff // who is signed in
	Seat    *seatView        // her telephone, if she answers one
	Nav     []navItem
	Phone   string
	Version string
	Scripts []string // modules of this page, by file name
	Wide    bool     // the screen fills the window, as the console does
	NoIndex bool
	Chat    string // address of the script that puts the web chat's button here
}

// page begins a page's struct.
func (s *Server) page(v *visit, title string) Page {
	p := Page{Lang: v.lang, Theme: v.theme, Title: title, Path: v.path, Phone: s.Phone, Version: s.Version}
	if v.chat {
		p.Chat = s.ChatScript
	}
	if v.staff.ID != "" {
		p.Staff, p.Seat = &v.staff, s.seatOf(v)
		for _, item := range nav {
			for _, r := range item.roles {
				if r == v.staff.Role {
					p.Nav = append(p.Nav, item)
				}
			}
		}
	}
	return p
}

// t is a sentence in the visitor's language.
func (v *visit) t(key string, args ...any) string { return words.T(v.lang, key, args...) }

// Other is the language to switch to.
func (p Page) Other() string {
	if p.Lang == words.Vietnamese {
		return words.English
	}
	return words.Vietnamese
}

// screens are the templates with the functions of one language.
type screens struct{ *template.Template }

// render executes the template into memory and sends it: a page is sent whole or not at all. Page and part of a page
// are templates of the same set, so a part is {{template}}d into its page and rendered alone by its own name.
func (s *Server) render(v *visit, status int, name string, data any) error {
	set := s.screens[v.lang]
	if s.Dev != "" {
		fresh, err := readScreens(s, os.DirFS(s.Dev))
		if err != nil {
			return err
		}
		set = fresh[v.lang]
	}
	var b bytes.Buffer
	if err := set.ExecuteTemplate(&b, name, data); err != nil {
		return fmt.Errorf("template %s: %w", name, err)
	}
	v.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	v.Set(fiber.HeaderContentLanguage, v.lang)
	return v.Status(status).Send(b.Bytes())
}

// text renders into a string, for what is not sent as an answer.
func (s *Server) text(lang, name string, data any) (string, error) {
	var b strings.Builder
	err := s.screens[lang].ExecuteTemplate(&b, name, data)
	return b.String(), err
}

// ok renders with status 200.
func (s *Server) ok(v *visit, name string, data any) error {
	return s.render(v, fiber.StatusOK, name, data)
}

func readScreens(s *Server, from fs.FS) (map[string]*screens, error) {
	all := map[string]*screens{}
	for _, lang := range words.Languages {
		set, err := template.New("").Option("missingkey=error").Funcs(s.functions(lang)).ParseFS(from, "templates/*.html")
		if err != nil {
			return nil, err
		}
		all[lang] = &screens{set}
	}
	return all, nil
}

func mustScreens(s *Server, from fs.FS) map[string]*screens {
	all, err := readScreens(s, from)
	if err != nil {
		panic(err)
	}
	return all
}

// functions are what templates may call, bound to one language.
func (s *Server) functions(lang string) template.FuncMap {
	f := format{lang: lang, now: s.Now}
	return template.FuncMap{
		"t":       func(key string, args ...any) string { return words.T(lang, key, args...) },
		"has":     words.Has,
		"asset":   func(name string) string { return s.assets.URL(name) },
		"icon":    s.icon,
		"number":  f.number,
		"size":    f.size,
		"clock":   f.clock,
		"exactly": func(t time.Time) string { return t.In(ticketing.Zone).Format("15:04:05") },
		"day":     f.day,
		"moment":  f.moment,
		"ago":     f.ago,
		"when":    f.when,
		"left":    func(due time.Time) string { return f.left(s.Desk.Catalog.Current().Calendar, due) },
		"urge":    func(due time.Time) string { return f.urge(s.Desk.Catalog.Current().Calendar, due) },
		"code":    func(c ticketing.Code) string { return text.ShowCode(string(c)) },
		"agency":  func(id string) string { return s.agencyName(lang, id) },
		"category": func(id string) string {
			if c, ok := s.Desk.Catalog.Current().Categories[id]; ok {
				return c.Title(lang)
			}
			return id
		},
		"rule": func(id string) string { // of a saying, or what the hotline knows by itself
			if words.Has("rule." + id) {
				return words.T(lang, "rule."+id)
			}
			return id
		},
		"moved":   func(t ticketing.Ticket) bool { return !t.Due.IsZero() && !t.Due.Equal(t.Promised) },
		"overdue": func(t ticketing.Ticket) bool { return t.OverdueAt(s.Now()) },
		"initial": initial,
		"hue":     hue,
		"lines":   lines,
		"next":    func(i int) int { return i + 1 },
		"list":    func(v ...string) []string { return v },
		"dict":    dict,
	}
}

func (s *Server) agencyName(lang, id string) string {
	if a, ok := s.Desk.Catalog.Current().Agencies[id]; ok {
		return a.Title(lang)
	}
	return id
}

// icon is a picture of the sprite, for the eye only: words stand beside it, or a label on the button.
func (s *Server) icon(name string) template.HTML {
	return template.HTML(`<svg class="icon" aria-hidden="true" focusable="false"><use href="` +
		s.assets.URL("icons.svg") + "#i-" + template.HTMLEscapeString(name) + `"></use></svg>`)
}

// dict hands several values to a partial template, which sees them by name.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict: %d values are no pairs", len(pairs))
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no name", pairs[i])
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}

package email

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlText is the words of a page. It reads one token after the other and builds no tree, so no nesting can hurt it;
// nothing of the page but words and the addresses of links comes out.
func htmlText(page string) string {
	w := htmlWords{z: html.NewTokenizer(strings.NewReader(page))}
	for {
		switch w.z.Next() {
		case html.ErrorToken:
			return tidy(w.out.String())
		case html.TextToken:
			w.words(string(w.z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			w.open(w.z.Token())
		case html.EndTagToken:
			w.close(w.z.Token())
		}
	}
}

type htmlWords struct {
	z      *html.Tokenizer
	out    strings.Builder
	quoted int // blockquotes around
	pre    int
	skip   atom.Atom // inside what nobody sees, up to its end
	depth  int       // of the same tag within it
	link   string
	begun  int // where the link's words begin
	fresh  bool
}

func (w *htmlWords) words(s string) {
	if w.skip != 0 || s == "" {
		return
	}
	s = html.UnescapeString(s)
	if w.pre == 0 {
		joined := strings.Join(strings.Fields(s), " ")
		if joined == "" {
			w.space()
			return
		}
		if strings.TrimLeft(s, " \t\r\n\u00a0") != s {
			w.space()
		}
		w.put(joined)
		if strings.TrimRight(s, " \t\r\n\u00a0") != s {
			w.space()
		}
		return
	}
	for i, line := range strings.Split(s, "\n") {
		if i > 0 {
			w.line()
		}
		w.put(line)
	}
}

func (w *htmlWords) put(s string) {
	if s == "" {
		return
	}
	if w.quoted > 0 && (w.out.Len() == 0 || strings.HasSuffix(w.out.String(), "\n")) {
		w.out.WriteString("> ")
	}
	w.out.WriteString(s)
	w.fresh = false
}

func (w *htmlWords) space() {
	if !w.fresh && w.out.Len() > 0 {
		w.out.WriteByte(' ')
		w.fresh = true
	}
}

func (w *htmlWords) line() {
	w.out.WriteByte('\n')
	w.fresh = true
}

func (w *htmlWords) open(t html.Token) {
	if w.skip != 0 {
		if t.DataAtom == w.skip && t.Type == html.StartTagToken {
			w.depth++
		}
		return
	}
	switch t.DataAtom {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template, atom.Noscript, atom.Iframe, atom.Object, atom.Svg, atom.Select, atom.Textarea:
		w.hide(t)
		return
	case atom.Br:
		w.line()
	case atom.Hr:
		w.line()
	case atom.Blockquote:
		w.quoted++
		w.line()
	case atom.Pre:
		w.pre++
		w.line()
	case atom.Li:
		w.line()
		w.put("- ")
		w.fresh = true
	case atom.Td, atom.Th:
		w.space()
	case atom.A:
		w.link, w.begun = attribute(t, "href"), w.out.Len()
	default:
		if block(t.DataAtom) {
			w.line()
		}
	}
	if hidden(attribute(t, "style")) {
		w.hide(t)
	}
}

// hide passes over everything to the tag's end; tags that have no end hide nothing.
func (w *htmlWords) hide(t html.Token) {
	switch t.DataAtom {
	case 0, atom.Br, atom.Hr, atom.Img, atom.Input, atom.Link, atom.Meta, atom.Col, atom.Area, atom.Base:
		return
	}
	if t.Type == html.StartTagToken {
		w.skip, w.depth = t.DataAtom, 1
	}
}

func (w *htmlWords) close(t html.Token) {
	if w.skip != 0 {
		if t.DataAtom == w.skip {
			if w.depth--; w.depth == 0 {
				w.skip = 0
			}
		}
		return
	}
	switch t.DataAtom {
	case atom.Blockquote:
		w.line()
		w.quoted = max(0, w.quoted-1)
	case atom.Pre:
		w.pre = max(0, w.pre-1)
		w.line()
	case atom.A:
		w.linked()
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.Table, atom.Ul, atom.Ol:
		w.line()
		w.line()
	default:
		if block(t.DataAtom) {
			w.line()
		}
	}
}

// linked writes a link's address behind its words, where it says more than they do.
func (w *htmlWords) linked() {
	href := w.link
	w.link = ""
	if !strings.HasPrefix(href, "https://") && !strings.HasPrefix(href, "http://") || len(href) > 500 {
		return
	}
	said := strings.TrimSpace(w.out.String()[min(w.begun, w.out.Len()):])
	bare := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(href, "https://"), "http://"), "/")
	if said == "" || strings.Contains(said, bare) {
		return
	}
	w.put(" (" + href + ")")
}

func block(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Div, atom.Tr, atom.Table, atom.Ul, atom.Ol, atom.Dl, atom.Dt, atom.Dd, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5,
		atom.H6, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Center, atom.Address, atom.Form, atom.Fieldset, atom.Body:
		return true
	}
	return false
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func hidden(style string) bool {
	style = strings.ToLower(strings.ReplaceAll(style, " ", ""))
	return strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden")
}

// tidy takes away blanks at the ends of lines and more than one empty line.
func tidy(s string) string {
	var out []string
	for line := range strings.SplitSeq(strings.ReplaceAll(s, "\u00a0", " "), "\n") {
		line = strings.TrimRight(line, " \t")
		if line == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, line)
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}

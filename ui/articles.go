package ui

import (
	"cmp"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

const (
	articlesPath = "/bai-viet"
	mostArticles = 100 // on the page
)

// articlesPage is what the hotline knows, all of it or what answers a question.
type articlesPage struct {
	Page
	Query    string
	Articles []articleRow
	More     int // not shown
	Edits    bool
}

type articleRow struct {
	ticketing.Article
	Stale bool
}

// articles is GET /bai-viet: the articles that hold, or those that answer q. Administrators edit them in
// /admin/article.
func (s *Server) articles(v *visit) error {
	p := articlesPage{Page: s.page(v, v.t("article.title")), Query: cut(v.Query("q")), Edits: v.staff.Role == ticketing.Administrator}
	p.Here, p.NoIndex = articlesPath, true
	known := s.Desk.Catalog.Current().Knowledge
	all := known.All()
	if p.Query != "" {
		all = known.Find(ticketing.KnowledgeQuery{Text: p.Query, At: s.Now(), Unfinished: true, Most: mostArticles})
	}
	for _, a := range all {
		switch {
		case !a.Holds(s.Now()):
		case len(p.Articles) == mostArticles:
			p.More++
		default:
			p.Articles = append(p.Articles, articleRow{a, a.Stale(s.Now())})
		}
	}
	return s.ok(v, "articles", p)
}

// articlePage is one article.
type articlePage struct {
	Page
	ticketing.Article
	Stale bool
	Edits bool
}

// article is GET /bai-viet/ID.
func (s *Server) article(v *visit) error {
	a, ok := s.Desk.Catalog.Current().Knowledge.Article(v.Params("id"))
	if !ok || !a.Holds(s.Now()) && v.staff.Role != ticketing.Administrator {
		return notFound()
	}
	p := articlePage{Page: s.page(v, a.Name), Article: a, Stale: a.Stale(s.Now()), Edits: v.staff.Role == ticketing.Administrator}
	p.Here, p.NoIndex = articlesPath, true
	return s.ok(v, "article", p)
}

// ReviewBy is the day it must be looked over by, as people write it.
func (a articlePage) ReviewBy() string {
	t, err := time.Parse(time.DateOnly, a.Review)
	if err != nil {
		return a.Review
	}
	return t.Format("02/01/2006")
}

// Language is what the article is written in.
func (a articlePage) Language() string { return cmp.Or(a.Article.Lang, words.Vietnamese) }

package ticketing

import (
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// KindArticle records are what the hotline knows: a question citizens ask, and the answer they are given.
const KindArticle = "article"

// Article is a canned text that is found by what the citizen says, with what staff should know besides. Name is the
// question, Text what the citizen is told.
type Article struct {
	Canned
	Asked  []string `json:"asked,omitempty"`  // the question in other words
	More   string   `json:"more,omitempty"`   // for staff: papers, steps, exceptions
	Source string   `json:"source,omitempty"` // the instrument or page it rests on
	From   string   `json:"from,omitempty"`   // dates it holds, half open
	To     string   `json:"to,omitempty"`
	Review string   `json:"review,omitempty"` // date it must be looked over by
}

// Holds says whether the article may be told on that day.
func (a Article) Holds(at time.Time) bool {
	day := at.In(Zone).Format(time.DateOnly)
	return !a.Off && (a.From == "" || day >= a.From) && (a.To == "" || day < a.To)
}

// Stale says that it should have been looked over by then.
func (a Article) Stale(at time.Time) bool {
	return a.Review != "" && at.In(Zone).Format(time.DateOnly) >= a.Review
}

type articleSetting struct{ Article }

const (
	mostAsked    = 50
	longestAsked = 200
)

func (s articleSetting) check(id string, _ setting, w world) error {
	if err := (cannedSetting{s.Canned}).check(id, nil, w); err != nil {
		return err
	}
	switch {
	case len(s.Channels)+len(s.Kinds) > 0:
		return invalid("", "article.everywhere") // a question is the same by every door
	case utf8.RuneCountInString(s.More) > maxText:
		return invalid("more", "error.too_long", maxText)
	case len(s.Asked) > mostAsked:
		return invalid("asked", "article.asked", mostAsked)
	}
	for _, q := range s.Asked {
		if utf8.RuneCountInString(q) > longestAsked || len(text.Words(q)) == 0 {
			return invalid("asked", "article.asked_one", longestAsked)
		}
	}
	for _, d := range []struct{ field, day string }{{"from", s.From}, {"to", s.To}, {"review", s.Review}} {
		if _, err := time.Parse(time.DateOnly, d.day); d.day != "" && err != nil {
			return invalid(d.field, "error.date")
		}
	}
	if s.From != "" && s.To != "" && s.From >= s.To {
		return invalid("to", "settings.dates")
	}
	return nil
}

// Knowledge is the articles and an index of their words. It is read-only.
type Knowledge struct {
	articles []Article
	holds    map[string][]holding // by term
	terms    []string             // sorted, for unfinished words
}

// holding says how much a term means for an article.
type holding struct {
	article int
	weight  float64
}

// What a term weighs by where it stands. Vietnamese writes a word as one to three syllables, so two that follow each
// other say far more than either alone.
const (
	inName, inText = 3.0, 1.0
	pair           = 4.0

	oneWord       = 2   // syllables; so short a question need have no pair
	shortQuestion = 6   // syllables that tell something; in longer ones people tell a story around their question
	enough        = 0.2 // of a short question, its rare words counting more, must be in the article
)

// small are syllables, folded, that tell nothing of what a question is about, in questions as in articles.
var small = func() map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields("a ah ai anh bao bi bo cac cach cai cam can chi cho chu chua co con cu cua da dau day de di duoc em gi gio ha hai hoac hoi khi khong la lai lam lau len ma minh mot muon nao nay neu ngay nhe nhieu nhu nhung nua o oi on ong ra rang rat roi sao se tai the thi toi trong tu tui va van vao ve vi voi vui xin") {
		set[w] = true
	}
	return set
}()

// errands are pairs that stand in the question of any errand.
var errands = map[string]bool{"dang ki": true, "thu tuc": true, "giay to": true, "cap lai": true, "xin cap": true, "lam the": true, "tong dai": true, "can bo": true, "nguoi dan": true} // as text.Key writes them

// telling says that a term is about something: no pair with a syllable that tells nothing, and none of an errand.
func telling(term string) bool {
	before, after, isPair := strings.Cut(term, " ")
	return !isPair || !small[before] && !small[after] && !errands[term]
}

// terms are the syllables of a text and its pairs, without what tells nothing.
func terms(s string) []string {
	var out []string
	before := ""
	for _, w := range strings.Fields(text.Key(s)) {
		if !small[w] {
			out = append(out, w)
		}
		if before != "" && !(small[w] && small[before]) {
			out = append(out, before+" "+w)
		}
		before = w
	}
	return out
}

// NewKnowledge indexes the articles, which are not copied.
func NewKnowledge(articles []Article) *Knowledge {
	k := &Knowledge{articles: articles, holds: map[string][]holding{}}
	for i, a := range articles {
		weights := map[string]float64{}
		put := func(s string, weight float64) {
			for _, t := range terms(s) {
				w := weight
				if strings.Contains(t, " ") {
					w *= pair
				}
				weights[t] = max(weights[t], w)
			}
		}
		put(a.Text, inText)
		put(a.More, inText)
		for _, q := range append([]string{a.Name, a.Word}, a.Asked...) {
			put(q, inName)
		}
		for t, w := range weights {
			k.holds[t] = append(k.holds[t], holding{i, w})
		}
	}
	k.terms = slices.Sorted(maps.Keys(k.holds))
	return k
}

// All is the articles, in Vietnamese order of their questions.
func (k *Knowledge) All() []Article { return k.articles }

// Article is one, by its id.
func (k *Knowledge) Article(id string) (Article, bool) {
	i := slices.IndexFunc(k.articles, func(a Article) bool { return a.ID == id })
	if i < 0 {
		return Article{}, false
	}
	return k.articles[i], true
}

// KnowledgeQuery is what is known of a question.
type KnowledgeQuery struct {
	Text       string
	Category   string // speaks for its articles, excludes none
	At         time.Time
	Unfinished bool // the last word is still being typed
	Most       int
}

// Find is the articles that hold and answer the question, the likeliest first. None is better than a wrong one: two
// syllables in a row must be in the article's question, unless no more than two were asked for, and nearly half of a
// short question.
func (k *Knowledge) Find(q KnowledgeQuery) []Article {
	words := strings.Fields(text.Key(q.Text))
	found, told, said := k.look(q, words)
	need := 0.0
	if said <= shortQuestion {
		need = enough * told
	}
	score, hits := map[int]float64{}, []int{}
	for i, f := range found {
		if !f.asked || f.told < need || !k.articles[i].Holds(q.At) {
			continue
		}
		score[i] = f.score
		if q.Category != "" && slices.Contains(k.articles[i].Categories, q.Category) {
			score[i] *= 1.5
		}
		hits = append(hits, i)
	}
	slices.SortFunc(hits, func(a, b int) int { return cmp.Or(cmp.Compare(score[b], score[a]), cmp.Compare(a, b)) })
	var out []Article
	for _, i := range hits {
		if len(out) == q.Most || score[i] < score[hits[0]]/3 {
			break
		}
		out = append(out, k.articles[i])
	}
	return out
}

// found is what an article has of a question.
type found struct {
	score float64
	told  float64 // of what the question tells
	asked bool    // it is what the article answers, not only something it mentions
}

// rare is how much a term tells that so many articles have.
func (k *Knowledge) rare(having int) float64 {
	return math.Log1p(float64(len(k.articles)) / float64(max(having, 1)))
}

// look is what each article has of the question, all that the question tells, and in how many syllables.
func (k *Knowledge) look(q KnowledgeQuery, words []string) (of map[int]found, told float64, said int) {
	of = map[int]found{}
	begun := map[string]bool{}
	if q.Unfinished && len(words) > 0 {
		begun[words[len(words)-1]], begun[strings.Join(words[max(0, len(words)-2):], " ")] = true, true
	}
	seen := map[string]bool{}
	for _, term := range terms(q.Text) {
		if seen[term] {
			continue
		}
		seen[term] = true
		holds := k.holds[term]
		if len(holds) == 0 && begun[term] {
			holds = k.begin(term)
		}
		rare, weight := k.rare(len(holds)), inName
		tells := telling(term)
		if strings.Contains(term, " ") {
			weight *= pair
		} else {
			said++
		}
		if tells {
			told += rare * weight
		}
		for _, h := range holds {
			f := of[h.article]
			f.score += rare * h.weight
			if tells {
				f.told += rare * h.weight
			}
			f.asked = f.asked || tells && h.weight >= inName*pair || len(words) <= oneWord && h.weight >= inName
			of[h.article] = f
		}
	}
	return of, told, said
}

// begin is what holds a term that begins so.
func (k *Knowledge) begin(with string) []holding {
	best := map[int]float64{}
	i, _ := slices.BinarySearch(k.terms, with)
	for ; i < len(k.terms) && strings.HasPrefix(k.terms[i], with); i++ {
		if strings.Count(k.terms[i], " ") != strings.Count(with, " ") {
			continue
		}
		for _, h := range k.holds[k.terms[i]] {
			best[h.article] = max(best[h.article], h.weight)
		}
	}
	out := make([]holding, 0, len(best))
	for article, weight := range best {
		out = append(out, holding{article, weight})
	}
	return out
}

// loadArticles reads the catalog's knowledge.
func (c *Catalog) loadArticles(load func(string, func(json.RawMessage) error)) {
	var all []Article
	load(KindArticle, func(d json.RawMessage) error { return decodeInto(d, func(a Article) { all = append(all, a) }) })
	vietnamese := collate.New(language.Vietnamese)
	slices.SortFunc(all, func(a, b Article) int {
		return cmp.Or(vietnamese.CompareString(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	c.Knowledge = NewKnowledge(all)
}

const mostOffered = 3 // beside a ticket

// Known are the articles that may answer the ticket, as its writer would send them.
func (d *Desk) Known(by Actor, t Ticket, p Person) []KnownArticle {
	if !by.Role.Staff() || t.Kind.OwnLaw() || t.Kind == Spam {
		return nil
	}
	return d.told(KnowledgeQuery{Text: t.Subject + "\n" + t.Text + "\n" + t.Words, Category: t.Category, Most: mostOffered}, t, p)
}

func (d *Desk) told(q KnowledgeQuery, t Ticket, p Person) []KnownArticle {
	var out []KnownArticle
	q.At = d.now()
	for _, a := range d.Catalog.Current().Knowledge.Find(q) {
		out = append(out, KnownArticle{Article: a, Told: d.fill(a.Text, cmp.Or(a.Lang, words.Vietnamese), t, p), Stale: a.Stale(q.At)})
	}
	return out
}

// Asked are the articles that may answer a question nobody has made a ticket of yet.
func (d *Desk) Asked(by Actor, q KnowledgeQuery) []KnownArticle {
	if !by.Role.Staff() {
		return nil
	}
	return d.told(q, Ticket{}, Person{})
}

// KnownArticle is an article for one ticket.
type KnownArticle struct {
	Article
	Told  string // Text with its variables filled
	Stale bool
}

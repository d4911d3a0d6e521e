// Package routing says which agency a matter belongs to, and why.
//
// What it is for. Which agency holds a field, and where, is written in the annex of a
// regulation and changes with every reorganisation; so rules are dated data that an
// administrator edits, and no rule stands in code. That holds for emergencies too:
// "cháy", "đuối nước" are the words of a rule whose priority is urgent.
//
// What it promises. The same question always gets the same answer, from the first rule
// by order, then by how much it asks, then by ID. Every answer says what led to it, and
// Explain says of every rule why it did not match. A place that may be several is not
// guessed: a rule for areas matches only if all of them lie in these. No rule: no
// answer, and a person sorts the matter.
//
// What it does not know. Which kinds, categories, priorities and agencies exist; what a
// text means beyond the words a rule names ("không cháy" has the word "cháy"); what was
// decided for like matters before.
package routing

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing/places"
)

// Rule sends matters to an agency. Each list that is not empty is a condition, met by
// any one of its entries; all conditions must be met. A rule without any is a default.
type Rule struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Kinds      []string `json:"kinds,omitempty"`
	Categories []string `json:"categories,omitempty"`

	// Areas are codes of units, of today or former. What lies in one is meant too,
	// and what succeeded it.
	Areas []string `json:"areas,omitempty"`

	// Words are phrases, one of which must stand in the text as whole words. A phrase
	// with accents ("đèn đường") is not met by other accents ("đến đường"), but by the
	// same words typed without; a phrase without accents is met by any.
	Words []string `json:"words,omitempty"`

	Agency   string `json:"agency"`
	Priority string `json:"priority,omitempty"`
	Reason   string `json:"reason,omitempty"` // the annex, the decision: shown to staff

	From  string `json:"from,omitempty"` // first day, YYYY-MM-DD, in Vietnam; empty = always
	To    string `json:"to,omitempty"`   // first day no longer
	Order int    `json:"order,omitempty"`
	Off   bool   `json:"off,omitempty"`
}

// Question is what is known of a matter. Area may be a former unit; if it is empty the
// router reads the text for names. On is the date whose rules and units hold.
type Question struct {
	Kind     string    `json:"kind"`
	Category string    `json:"category"`
	Area     string    `json:"area"`
	Text     string    `json:"text"`
	On       time.Time `json:"on"`
}

// The fields a Because or a Tried speaks of.
const (
	Kind     = "kind"
	Category = "category"
	Area     = "area"     // the rule's area that holds the place; several, blank between, if it may be several
	Words    = "words"    // the rule's phrase that was found
	OldName  = "old_name" // the former unit by which the place was known
	Default  = "default"  // the rule asks nothing
	Off      = "off"      // only in Tried.Missed
	Date     = "date"     // only in Tried.Missed
)

// Because is one thing that led to a match, or, in Tried.Missed, kept a rule from matching.
type Because struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// Match is an answer with its reasons.
type Match struct {
	Rule     Rule      `json:"rule"`
	Agency   string    `json:"agency"`
	Priority string    `json:"priority"`
	Because  []Because `json:"because"`
	// Areas has the code of the one present unit the text names, if no area was
	// given and the name leaves no doubt; else it is empty.
	Areas []string `json:"areas,omitempty"`
}

// Tried is one rule held against a question.
type Tried struct {
	Rule    Rule      `json:"rule"`
	Matched bool      `json:"matched"`
	Because []Because `json:"because"` // the conditions that were met
	// Missed are the conditions that were not, with what the question had instead:
	// nothing, one value, or the codes of the places that may be meant.
	Missed []Because `json:"missed"`
}

// maxSuggestions is what an operator can take in at a glance.
const maxSuggestions = 5

// Router holds rules in the order they are tried. It never changes after New and may be
// used by any number of goroutines.
type Router struct {
	rules   []Rule
	atlas   *places.Atlas
	phrases phrases
}

// New makes a router, or reports all mistakes in the rules together. Without an atlas
// (nil) no place is known, so that a rule with areas is a mistake.
func New(rules []Rule, atlas *places.Atlas) (*Router, error) {
	if atlas == nil {
		var err error
		if atlas, err = places.New(nil, nil); err != nil {
			return nil, err
		}
	}
	r := &Router{atlas: atlas}
	var errs []error
	seen := map[string]bool{}
	for _, rule := range rules {
		if seen[rule.ID] {
			errs = append(errs, fmt.Errorf("rule %q: ID used twice", rule.ID))
		}
		seen[rule.ID] = true
		errs = append(errs, r.check(rule)...)
		r.rules = append(r.rules, rule.clone())
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	slices.SortFunc(r.rules, r.compare)
	r.phrases = indexPhrases(r.rules)
	return r, nil
}

func (r *Router) check(rule Rule) (errs []error) {
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("rule %q: "+format, append([]any{rule.ID}, args...)...))
	}
	if strings.TrimSpace(rule.ID) == "" {
		bad("no ID (name %q)", rule.Name)
	}
	if strings.TrimSpace(rule.Agency) == "" {
		bad("no agency")
	}
	for _, d := range []string{rule.From, rule.To} {
		if _, err := time.Parse(time.DateOnly, d); d != "" && err != nil {
			bad("%q is not a date like 2025-07-01", d)
		}
	}
	if rule.From != "" && rule.To != "" && rule.To <= rule.From {
		bad("ends on %s, not after it begins on %s", rule.To, rule.From)
	}
	for _, code := range rule.Areas {
		if _, ok := r.atlas.Unit(code); !ok {
			bad("unknown area %q", code)
		}
	}
	for _, phrase := range rule.Words {
		if len(places.Words(phrase)) == 0 {
			bad("%q has no word", phrase)
		}
	}
	// An empty entry would look like a condition and never be met, or always.
	if slices.Contains(rule.Kinds, "") || slices.Contains(rule.Categories, "") {
		bad("an empty kind or category")
	}
	return errs
}

// compare puts rules in the order they are tried: Order; then the more conditions the
// sooner; then a smaller area before a larger; then ID.
func (r *Router) compare(x, y Rule) int {
	return cmp.Or(
		cmp.Compare(x.Order, y.Order),
		-cmp.Compare(x.conditions(), y.conditions()),
		-cmp.Compare(r.depth(x), r.depth(y)),
		cmp.Compare(x.ID, y.ID))
}

func (rule Rule) conditions() (n int) {
	for _, list := range [][]string{rule.Kinds, rule.Categories, rule.Areas, rule.Words} {
		if len(list) > 0 {
			n++
		}
	}
	return n
}

// depth is how far below the province the rule's largest area lies.
func (r *Router) depth(rule Rule) int {
	least := -1
	for _, code := range rule.Areas {
		n := 0
		for u, ok := r.atlas.Unit(code); ok && u.Parent != ""; u, ok = r.atlas.Unit(u.Parent) {
			n++
		}
		if least < 0 || n < least {
			least = n
		}
	}
	return least
}

func (rule Rule) clone() Rule {
	for _, list := range []*[]string{&rule.Kinds, &rule.Categories, &rule.Areas, &rule.Words} {
		*list = slices.Clone(*list)
	}
	return rule
}

// Match gives the first rule that matches. Without one the matter waits for a person.
func (r *Router) Match(q Question) (Match, bool) {
	if found := r.first(q, 1); len(found) > 0 {
		return found[0], true
	}
	return Match{}, false
}

// Suggest gives the rules that match, best first, at most five.
func (r *Router) Suggest(q Question) []Match { return r.first(q, maxSuggestions) }

func (r *Router) first(q Question, limit int) []Match {
	if len(r.rules) == 0 {
		return nil // before the text is read
	}
	a := r.ask(q)
	var found []Match
	for i := range r.rules {
		if len(found) == limit {
			break
		}
		if !a.matches(i) {
			continue
		}
		rule := r.rules[i].clone()
		because, _ := a.weigh(i)
		found = append(found, Match{
			Rule: rule, Agency: rule.Agency, Priority: rule.Priority,
			Because: because, Areas: slices.Clone(a.place.named),
		})
	}
	return found
}

// Explain gives every rule in the order they are tried, with what was met and what was
// not: for whoever writes rules and wonders.
func (r *Router) Explain(q Question) []Tried {
	a := r.ask(q)
	tried := make([]Tried, len(r.rules))
	for i := range r.rules {
		because, missed := a.weigh(i)
		tried[i] = Tried{r.rules[i].clone(), len(missed) == 0, because, missed}
	}
	return tried
}

package routing

import (
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing/places"
)

// asked is a question made ready to be held against many rules.
type asked struct {
	*Router
	q     Question
	day   string
	words map[int]string // rule → its phrase that stands in the text
	place place
}

func (r *Router) ask(q Question) *asked {
	words := places.Words(q.Text)
	a := &asked{Router: r, q: q, words: r.phrases.in(words)}
	a.day = q.On.In(time.FixedZone("+07", 7*60*60)).Format(time.DateOnly)
	if q.Area != "" {
		a.place = r.given(q)
	} else {
		a.place = r.read(q, words)
	}
	return a
}

// matches says what weigh says with less work: most rules fail at the first condition.
func (a *asked) matches(i int) bool {
	rule := &a.rules[i]
	if rule.Off || !a.inForce(rule) ||
		len(rule.Kinds) > 0 && !slices.Contains(rule.Kinds, a.q.Kind) ||
		len(rule.Categories) > 0 && !slices.Contains(rule.Categories, a.q.Category) {
		return false
	}
	if _, ok := a.words[i]; len(rule.Words) > 0 && !ok {
		return false
	}
	_, ok := a.place.in(rule.Areas)
	return ok || len(rule.Areas) == 0
}

// weigh gives the conditions of rule i that are met and those that are not.
func (a *asked) weigh(i int) (because, missed []Because) {
	rule := &a.rules[i]
	note := func(met bool, field, value, had string) {
		if met {
			because = append(because, Because{field, value})
		} else {
			missed = append(missed, Because{field, had})
		}
	}
	if rule.Off {
		note(false, Off, "", "")
	}
	if !a.inForce(rule) {
		note(false, Date, "", a.day)
	}
	if len(rule.Kinds) > 0 {
		note(slices.Contains(rule.Kinds, a.q.Kind), Kind, a.q.Kind, a.q.Kind)
	}
	if len(rule.Categories) > 0 {
		note(slices.Contains(rule.Categories, a.q.Category), Category, a.q.Category, a.q.Category)
	}
	if len(rule.Areas) > 0 {
		area, ok := a.place.in(rule.Areas)
		note(ok, Area, area, strings.Join(a.place.codes, " "))
		if ok && a.place.old != "" {
			note(true, OldName, a.place.old, "")
		}
	}
	if len(rule.Words) > 0 {
		phrase, ok := a.words[i]
		note(ok, Words, phrase, "")
	}
	if rule.conditions() == 0 {
		note(true, Default, "", "")
	}
	return because, missed
}

func (a *asked) inForce(rule *Rule) bool {
	return (rule.From == "" || rule.From <= a.day) && (rule.To == "" || a.day < rule.To)
}

// maxCandidates is how many units may be meant before a place says nothing; one bit each.
const maxCandidates = 64

// place is where the matter lies: one present unit, or all that may be meant.
type place struct {
	codes []string          // the candidates
	holds map[string]uint64 // area → the candidates that lie in it, a bit each
	old   string            // the former unit by whose name they were reached
	named []string          // the one present unit the text names
}

// in reports whether the place lies in the areas whichever candidate is meant, and
// which areas say so.
func (p *place) in(areas []string) (string, bool) {
	all := uint64(1)<<len(p.codes) - 1
	var held uint64
	var by []string
	for _, area := range areas {
		switch mask := p.holds[area]; {
		case mask == 0:
		case mask == all:
			return area, true
		case held|mask != held:
			held |= mask
			by = append(by, area)
		}
	}
	return strings.Join(by, " "), held != 0 && held == all
}

// given takes the area of the question, a former one by its successors.
func (r *Router) given(q Question) place {
	p := r.among(r.atlas.Present(q.Area, q.On), q.On)
	u, ok := r.atlas.Unit(q.Area)
	if !ok || u.On(q.On) || len(p.codes) == 0 {
		return p
	}
	// A former unit lay in its own ancestors, whatever became of its land.
	p.old = u.FullName
	for ; ok; u, ok = r.atlas.Unit(u.Parent) {
		p.holds[u.Code] = uint64(1)<<len(p.codes) - 1
	}
	return p
}

// read takes the places the text names. Several places, or a name that means several
// units, are all kept; only what holds for each of them matches.
func (r *Router) read(q Question, words []places.Word) place {
	mentions := r.atlas.Narrow(r.atlas.MentionedIn(q.Text, words, q.On))
	var units []places.Unit
	for _, m := range mentions {
		units = append(units, m.Units...)
	}
	p := r.among(units, q.On)
	if len(p.codes) == 1 {
		p.named = p.codes
	}
	if len(mentions) == 1 && mentions[0].Old != nil {
		p.old = mentions[0].Old.FullName
	}
	return p
}

// among makes a place of the units that may be meant.
func (r *Router) among(units []places.Unit, on time.Time) place {
	p := place{holds: map[string]uint64{}}
	for _, u := range units {
		if slices.Contains(p.codes, u.Code) {
			continue
		}
		if len(p.codes) == maxCandidates {
			return place{}
		}
		for _, code := range r.atlas.Lineage(u.Code, on) {
			p.holds[code] |= 1 << len(p.codes)
		}
		p.codes = append(p.codes, u.Code)
	}
	return p
}

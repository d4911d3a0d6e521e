package places

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Hit is a unit that answers a search.
type Hit struct {
	Unit Unit `json:"unit"`
	// Via is the former unit's full name or the alias that matched; empty when
	// the unit's own name did.
	Via string `json:"via,omitempty"`
}

// How well a name answers, best first.
const (
	exact int = iota
	prefix
	wordPrefix
	initials
	noMatch
)

// Longer than any name; what is typed beyond it cannot match.
const maxQuery = 12

// searchIndex finds the names that may answer by the first letters of any of their
// words, so that a keystroke does not look at all of Vietnam.
type searchIndex struct {
	names []searchName
	by    map[string][]int
}

type searchName struct {
	unit     int
	words    []Word
	initials string
	run      string // the words without blanks: "danang"
	alias    string
}

func indexNames(units []Unit) searchIndex {
	x := searchIndex{by: map[string][]int{}}
	for i, u := range units {
		for n, name := range append([]string{u.Name}, u.Aliases...) {
			s := searchName{unit: i, words: Words(name)}
			if n > 0 {
				s.alias = name
			}
			starts := map[string]bool{}
			for _, w := range s.words {
				s.initials += w.Key[:1]
				s.run += w.Key
				starts[w.Key[:1]] = true
				starts[start(w.Key)] = true
			}
			if len(s.words) == 0 {
				continue
			}
			starts[start(s.run)] = true
			starts[start(s.initials)] = true
			for st := range starts {
				x.by[st] = append(x.by[st], len(x.names))
			}
			x.names = append(x.names, s)
		}
	}
	return x
}

// start gives the first two bytes: keys are compared as bytes, so a cut rune does no harm.
func start(s string) string { return s[:min(2, len(s))] }

// Find answers a half-typed name, with or without accents, with the units of that date,
// best first: the whole name, its beginning, the beginnings of its words in order
// ("hai ch"), its initials ("hc"). A type may stand before ("p. hải", "huyện thăng").
// A former name answers with its successors, after the units that bear the name now.
func (a *Atlas) Find(q string, on time.Time, limit int) []Hit {
	words := Words(q[:min(len(q), 64*maxQuery)])
	if len(words) == 0 || len(words) > maxQuery || limit <= 0 {
		return nil
	}
	s := search{atlas: a, day: dayOf(on)}
	s.run(words, nil)
	if types, n := a.types.leading(words); n > 0 && n < len(words) {
		s.run(words[n:], types)
		if len(s.found) == 0 { // people say xã of what is a phường
			s.run(words[n:], nil)
		}
	}
	return s.first(limit)
}

// found is a unit and one reason for it.
type found struct {
	rank uint64 // less is better; ends in the unit's place in Vietnamese order
	unit int
	name int // in the index
}

// search gathers the reasons; a unit may have several.
type search struct {
	atlas *Atlas
	day   string
	found []found
}

func (s *search) run(q []Word, types []string) {
	x := &s.atlas.search
	for _, n := range x.by[start(q[0].Key)] {
		name := &x.names[n]
		u := &s.atlas.units[name.unit]
		if types != nil && !slices.Contains(types, u.Type) {
			continue
		}
		grade := name.answers(q)
		if grade == noMatch {
			continue
		}
		if u.on(s.day) {
			s.found = append(s.found, found{rank(grade, name.disagrees(q, grade), false, len(name.run), name.unit), name.unit, n})
			continue
		}
		for _, i := range s.atlas.present(name.unit, s.day) {
			s.found = append(s.found, found{rank(grade, name.disagrees(q, grade), true, len(name.run), i), i, n})
		}
	}
}

// rank orders answers: by how well the name matches, then whether the typed accents
// agree with it, present names before former ones, short before long, then by alphabet.
func rank(grade int, disagrees, former bool, length, unit int) uint64 {
	r := uint64(grade) << 1
	if disagrees {
		r |= 1
	}
	r <<= 1
	if former {
		r |= 1
	}
	return r<<40 | uint64(min(length, 255))<<32 | uint64(unit)
}

// first gives the best reason of each of the best units.
func (s *search) first(limit int) []Hit {
	slices.SortFunc(s.found, func(x, y found) int { return cmp.Compare(x.rank, y.rank) })
	var hits []Hit
	seen := map[int]bool{}
	for _, f := range s.found {
		if len(hits) == limit {
			break
		}
		if seen[f.unit] {
			continue
		}
		seen[f.unit] = true
		name := s.atlas.search.names[f.name]
		via := name.alias
		if name.unit != f.unit {
			via = s.atlas.units[name.unit].FullName
		}
		hits = append(hits, Hit{s.atlas.units[f.unit].clone(), via})
	}
	return hits
}

func (name *searchName) answers(q []Word) int {
	if len(q) <= len(name.words) && begins(name.words[:len(q)], q) {
		if len(q) == len(name.words) && name.words[len(q)-1].Key == q[len(q)-1].Key {
			return exact
		}
		return prefix
	}
	if len(q) == 1 && len(q[0].Key) >= 4 && strings.HasPrefix(name.run, q[0].Key) {
		return prefix // typed without blanks
	}
	n := 0
	for _, w := range name.words {
		if n < len(q) && startsWith(w, q[n]) {
			n++
		}
	}
	switch {
	case n == len(q):
		return wordPrefix
	case len(q) == 1 && len(q[0].Key) >= 2 && strings.HasPrefix(name.initials, q[0].Key):
		return initials
	}
	return noMatch
}

// begins reports whether the words are the query's, the last perhaps unfinished.
func begins(words, q []Word) bool {
	last := len(q) - 1
	for i := range last {
		if words[i].Key != q[i].Key {
			return false
		}
	}
	return startsWith(words[last], q[last])
}

func startsWith(w, typed Word) bool {
	if strings.HasPrefix(w.Key, typed.Key) {
		return true
	}
	// "quy" alone folds to "qui", but on the way to "Quỳnh" it is still "quy".
	head, y := strings.CutSuffix(typed.Key, "i")
	return y && len(w.Key) > len(typed.Key) && strings.HasPrefix(w.Key, head+"y")
}

// disagrees reports whether a finished word was typed with other accents than the name has.
func (name *searchName) disagrees(q []Word, grade int) bool {
	if grade > prefix || len(q) > len(name.words) {
		return false
	}
	for i, w := range q {
		if w.Key == name.words[i].Key && !w.Like(name.words[i]) {
			return true
		}
	}
	return false
}

package places

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// Mention is one place named in a text.
type Mention struct {
	Text       string `json:"text"` // as it was written, with the type before it: "xã Tam Xuân"
	Start, End int    `json:"-"`    // bytes in the text
	// Old is the former unit by whose name some of Units were reached, the first if
	// several; nil if the units that bear the name now are all.
	Old *Unit `json:"old,omitempty"`
	// Units are all present units that may be meant, those that bear the name now
	// first. More than one: ask.
	Units []Unit `json:"units"`
}

// Mentioned gives the places named in a text, in order, each name once. The longest
// name wins, and a former name gives its successors. Since folded syllables mean many
// things, a name counts only
//   - spelt with its accents (hoà or hòa), in capitals or not;
//   - or without accents in a text that has none;
//   - or without accents or with hỏi for ngã, if each word has a capital or a type
//     stands before it ("xã tam xuan");
//   - of a single syllable only directly after its own type ("phường Láng").
//
// It does not count after "ông", "bà", "Thị" and the like, and not in small letters
// if the same writer gave another place capitals ("an ninh ở phường Hải Châu").
func (a *Atlas) Mentioned(text string, on time.Time) []Mention {
	return a.MentionedIn(text, Words(text), on)
}

// MentionedIn is Mentioned for who has the text's words already.
func (a *Atlas) MentionedIn(text string, words []Word, on time.Time) []Mention {
	m := reading{atlas: a, text: text, words: words, day: dayOf(on)}
	m.look()
	var out []Mention
	for i := 0; i < len(m.words); {
		got, n := m.at(i)
		if n > 0 {
			out = append(out, got)
		}
		i += max(n, 1)
	}
	if m.capitals {
		out = slices.DeleteFunc(out, func(got Mention) bool { return m.small[got.Start] })
	}
	return once(out)
}

// once keeps the first mention of each set of units.
func once(mentions []Mention) []Mention {
	seen := map[string]bool{}
	return slices.DeleteFunc(mentions, func(m Mention) bool {
		var key strings.Builder
		for _, u := range m.Units {
			key.WriteString(u.Code + " ")
		}
		had := seen[key.String()]
		seen[key.String()] = true
		return had
	})
}

// nameNode is a tree of names, one word a step.
type nameNode struct {
	next  map[string]*nameNode
	names []nameEnd
}

type nameEnd struct {
	unit  int
	words []Word
}

func growNames(units []Unit) *nameNode {
	root := &nameNode{}
	for i, u := range units {
		for _, name := range append([]string{u.Name}, u.Aliases...) {
			words := Words(name)
			if len(words) == 0 {
				continue
			}
			at := root
			for _, w := range words {
				next := at.next[w.Key]
				if next == nil {
					next = &nameNode{}
					if at.next == nil {
						at.next = map[string]*nameNode{}
					}
					at.next[w.Key] = next
				}
				at = next
			}
			at.names = append(at.names, nameEnd{i, words})
		}
	}
	return root
}

// reading is one text being read.
type reading struct {
	atlas *Atlas
	text  string
	words []Word
	day   string

	bare     bool // typed without accents
	shouting bool // no small letter at all: capitals say nothing
	capitals bool // a place stood in capitals inside a sentence
	small    map[int]bool
}

func (m *reading) look() {
	marked := 0
	for _, w := range m.words {
		if !w.bare {
			marked++
		}
	}
	// Accented Vietnamese marks four words in five. One in five leaves room for
	// a name a phone corrected by itself.
	m.bare = marked*5 < len(m.words)
	m.shouting = !strings.ContainsFunc(m.text, unicode.IsLower)
	m.small = map[int]bool{}
}

// at reads the longest name that begins at word i: what it means and how many words it has.
func (m *reading) at(i int) (Mention, int) {
	var ends []*nameNode
	node := m.atlas.names
	for j := i; j < len(m.words) && (j == i || m.words[j].gap == joined); j++ {
		if node = node.next[m.words[j].Key]; node == nil {
			break
		}
		ends = append(ends, node)
	}
	if len(ends) == 0 {
		return Mention{}, 0
	}
	types, before := m.typeBefore(i)
	for n := len(ends); n > 0; n-- {
		units := m.accepted(ends[n-1].names, m.words[i:i+n], types)
		if len(units) == 0 {
			continue
		}
		if before == 0 && m.person(i) {
			return Mention{}, 0
		}
		got, ok := m.mention(units, m.words[i-before].Start, m.words[i+n-1].End)
		if !ok {
			continue
		}
		m.noteCapitals(i, before, got.Start)
		return got, n
	}
	return Mention{}, 0
}

// accepted gives the units whose name these words may be; of the type that stands
// before, if any unit of that name has it.
func (m *reading) accepted(names []nameEnd, typed []Word, types []string) []int {
	var ofType, others []int
	for _, name := range names {
		if !m.spelt(typed, name.words, len(types) > 0) {
			continue
		}
		// "Tỉnh Gia Lai" is a province before it is Tĩnh Gia with a wrong tone.
		if len(types) == 0 && typed[0].spelt != name.words[0].spelt && m.isType(typed[0]) {
			continue
		}
		if slices.Contains(types, m.atlas.units[name.unit].Type) {
			ofType = append(ofType, name.unit)
		} else if len(name.words) > 1 {
			others = append(others, name.unit)
		}
	}
	if len(ofType) > 0 {
		return ofType
	}
	return others
}

func (m *reading) isType(w Word) bool {
	_, ok := m.atlas.types.named([]Word{w}, m.bare)
	return ok
}

func (m *reading) spelt(typed, name []Word, typeBefore bool) bool {
	precise, near, title := true, true, !m.shouting
	for i, w := range typed {
		precise = precise && w.spelt == name[i].spelt
		near = near && w.Like(name[i])
		title = title && (w.upper || w.Key[0] <= '9')
	}
	return precise || near && (m.bare || typeBefore || title)
}

// mention resolves the units a name stands for to units of the day.
func (m *reading) mention(units []int, start, end int) (Mention, bool) {
	got := Mention{Text: m.text[start:end], Start: start, End: end}
	var now, later []int
	for _, i := range units {
		u := m.atlas.units[i]
		if u.on(m.day) {
			now = append(now, i)
			continue
		}
		for _, p := range m.atlas.present(i, m.day) {
			if slices.Contains(units, p) {
				continue // it kept the name
			}
			if got.Old == nil {
				old := u.clone()
				got.Old = &old
			}
			later = append(later, p)
		}
	}
	slices.Sort(later)
	for _, i := range append(now, later...) {
		if !slices.ContainsFunc(got.Units, func(u Unit) bool { return u.Code == m.atlas.units[i].Code }) {
			got.Units = append(got.Units, m.atlas.units[i].clone())
		}
	}
	return got, len(got.Units) > 0
}

// typeBefore gives the types the words before word i name, and how many words those are.
func (m *reading) typeBefore(i int) (types []string, n int) {
	if m.words[i].gap == broken {
		return nil, 0
	}
	for n := min(i, longestType); n > 0; n-- {
		words := m.words[i-n : i]
		types, ok := m.atlas.types.named(words, m.bare)
		if !ok || slices.ContainsFunc(words[1:], func(w Word) bool { return w.gap == broken }) {
			continue
		}
		// "7 h Thăng Bình mưa" is an hour, not a district.
		if n == 1 && len(words[0].Key) == 1 && i > 1 && unicode.IsNumber(rune(m.words[i-2].Key[0])) {
			continue
		}
		return types, n
	}
	return nil, 0
}

// person reports whether word i begins what is said of a person.
func (m *reading) person(i int) bool {
	if i == 0 || m.words[i].gap != joined || m.bare {
		return false
	}
	switch w := m.words[i-1]; m.text[w.Start:w.End] {
	case "ông", "Ông", "bà", "Bà", "anh", "Anh", "chị", "Chị", "cô", "Cô", "chú", "Chú", "tên":
		return m.words[i].upper
	case "Thị":
		return i < 2 || m.words[i-2].Key != "do" // "Khu Đô Thị …"
	}
	return false
}

func (m *reading) noteCapitals(i, before, start int) {
	switch {
	case m.shouting || before > 0 && !m.words[i].upper:
	case m.words[i].upper:
		m.capitals = m.capitals || m.words[i].gap == joined
	default:
		m.small[start] = true
	}
}

// longestType is the number of words in "tổ dân phố".
const longestType = 3

// typeWords knows the words that name a type, by their keys.
type typeWords map[string][]typeName

type typeName struct {
	typ   string
	words []Word
}

func knowTypes() typeWords {
	t := typeWords{}
	for _, k := range kinds() {
		for _, s := range append([]string{k.label}, k.spoken...) {
			words := Words(s)
			joined := joinKeys(words)
			t[joined] = append(t[joined], typeName{k.typ, words})
		}
	}
	return t
}

// named gives the types these words name. In a text with accents "xa" means far, not xã.
func (t typeWords) named(words []Word, bare bool) (types []string, ok bool) {
	for _, name := range t[joinKeys(words)] {
		agrees := true
		for i, w := range words {
			agrees = agrees && (w.spelt == name.words[i].spelt || bare && w.bare)
		}
		if agrees {
			types = append(types, name.typ)
		}
	}
	return types, len(types) > 0
}

// leading gives the types the first words name, and how many words those are.
func (t typeWords) leading(words []Word) (types []string, n int) {
	for n := min(longestType, len(words)); n > 0; n-- {
		if types, ok := t.named(words[:n], true); ok {
			return types, n
		}
	}
	return nil, 0
}

func joinKeys(words []Word) string {
	switch len(words) {
	case 1:
		return words[0].Key
	case 2:
		return words[0].Key + " " + words[1].Key
	}
	keys := make([]string, len(words))
	for i, w := range words {
		keys[i] = w.Key
	}
	return strings.Join(keys, " ")
}

// More names than one message about one matter has; beyond it nothing is narrowed.
const maxNarrow = 20

// Narrow lets the mentions of one text explain each other: of homonyms those remain
// that lie in a larger place also named ("xã Tân Hiệp, Đà Nẵng"), and the larger place
// is dropped. What remains are separate places.
func (a *Atlas) Narrow(mentions []Mention) []Mention {
	if len(mentions) > maxNarrow {
		return mentions
	}
	out := slices.Clone(mentions)
	for again := true; again; {
		again = false
		for i := range out {
			if j, inside := a.around(out, i); j >= 0 {
				out[i].Units = inside
				out, again = slices.Delete(out, j, j+1), true // what is narrower now may narrow another
				break
			}
		}
	}
	return out
}

// around finds a mention j that is no narrower than i and holds units of i: which.
func (a *Atlas) around(ms []Mention, i int) (j int, inside []Unit) {
	for j := range ms {
		if j == i {
			continue
		}
		inside := a.inside(ms[i].Units, ms[j].Units)
		if len(inside) == 0 {
			continue
		}
		if len(ms[j].Units) >= len(ms[i].Units) || len(a.inside(ms[j].Units, ms[i].Units)) == 0 {
			return j, inside
		}
	}
	return -1, nil
}

// inside gives the units that lie in one of the others.
func (a *Atlas) inside(units, others []Unit) []Unit {
	var in []Unit
	for _, u := range units {
		if slices.ContainsFunc(others, func(o Unit) bool { return a.Within(u.Code, o.Code) }) {
			in = append(in, u)
		}
	}
	return in
}

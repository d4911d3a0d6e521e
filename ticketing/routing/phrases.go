package routing

import "hotline1022/ticketing/places"

// phrases finds which rules' words stand in a text by going through the text once,
// however many rules there are.
type phrases map[string][]phrase // by the key of the first word

type phrase struct {
	rule  int
	place int // in the rule's list: the first of the list is told
	text  string
	words []places.Word
	bare  bool // written without accents: any accents will do
}

func indexPhrases(rules []Rule) phrases {
	x := phrases{}
	for i, rule := range rules {
		for n, text := range rule.Words {
			p := phrase{rule: i, place: n, text: text, words: places.Words(text), bare: true}
			for _, w := range p.words {
				p.bare = p.bare && w.Bare()
			}
			first := p.words[0].Key
			x[first] = append(x[first], p)
		}
	}
	return x
}

// in gives for each rule the first of its phrases that stands in the text.
func (x phrases) in(words []places.Word) map[int]string {
	found := map[int]string{}
	at := map[int]int{}
	for i, w := range words {
		for _, p := range x[w.Key] {
			if n, had := at[p.rule]; (!had || p.place < n) && p.begins(words[i:]) {
				found[p.rule], at[p.rule] = p.text, p.place
			}
		}
	}
	return found
}

func (p phrase) begins(words []places.Word) bool {
	if len(p.words) > len(words) {
		return false
	}
	for i, meant := range p.words {
		typed := words[i]
		if i > 0 && !typed.Joined() {
			return false
		}
		if p.bare && typed.Key != meant.Key || !p.bare && !typed.Like(meant) {
			return false
		}
	}
	return true
}

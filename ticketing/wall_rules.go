package ticketing

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"hotline1022/ticketing/words"
)

// KindSpike records say when many matters of one sort from one place are too many at once, and what operators may say
// about it.
const KindSpike = "spike"

// SpikeRule is when the alarm is raised for a category: see Unusual.
type SpikeRule struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Category string `json:"category,omitempty"` // "" is every category without a rule of its own
	Least    int    `json:"least"`              // so many within the hour, whatever is usual
	Times    int    `json:"times"`              // so many times what is usual
	Text     string `json:"text,omitempty"`     // for operators; {0} category, {1} place, {2} how many
	TextEN   string `json:"text_en,omitempty"`
	Off      bool   `json:"off,omitempty"`
}

// shippedSpike is what counts where an installation has no rules. The numbers are measured: see DESIGN-wall.md.
func shippedSpike() SpikeRule {
	return SpikeRule{ID: "chung", Name: "Mọi lĩnh vực", Least: 8, Times: 4,
		Text:   words.T(words.Vietnamese, "board.spike_words"),
		TextEN: words.T(words.English, "board.spike_words")}
}

// Says is the rule's words for operators, filled in.
func (r SpikeRule) Says(lang, category, place string, count int) string {
	s := r.Text
	if lang == words.English && r.TextEN != "" {
		s = r.TextEN
	}
	return strings.NewReplacer("{0}", category, "{1}", place, "{2}", strconv.Itoa(count)).Replace(s)
}

// Unusual says whether x matters within the hour are a spike, seen beside the same hour of the same weekday in the weeks
// before: at least Least, at least Times their mean, and more than in any of them. With less than two weeks to look back
// on nothing is known to be usual, and it takes twice Least.
func (r SpikeRule) Unusual(x int, before []int) bool { return !r.Off && x >= r.threshold(before) }

// Over says that a spike has ended: fewer than half of what would raise the alarm now.
func (r SpikeRule) Over(x int, before []int) bool { return r.Off || 2*x < r.threshold(before) }

func (r SpikeRule) threshold(before []int) int {
	if len(before) < 2 {
		return 2 * r.Least
	}
	sum := 0
	for _, n := range before {
		sum += n
	}
	mean := (r.Times*sum + len(before) - 1) / len(before) // rounded up
	return max(r.Least, mean, slices.Max(before)+1)
}

// Spike is the rule for a category.
func (c *Catalog) Spike(category string) SpikeRule {
	var general SpikeRule
	for _, r := range c.spikes {
		switch r.Category {
		case category:
			return r
		case "":
			general = r
		}
	}
	if general.ID == "" {
		general.Off = true // the office has rules, and none for this
	}
	return general
}

// leastOfAll is the smallest number that can raise any alarm: what has fewer need not be looked at.
func (c *Catalog) leastOfAll() int {
	least := 0
	for _, r := range c.spikes {
		if !r.Off && (least == 0 || r.Least < least) {
			least = r.Least
		}
	}
	return least
}

// watchFor takes over the rules for spikes; what is shipped counts where nothing is stored.
func (c *Catalog) watchFor() (errs []error) {
	if len(c.spikes) == 0 {
		c.spikes = []SpikeRule{shippedSpike()}
	}
	slices.SortFunc(c.spikes, func(a, b SpikeRule) int { return cmp.Compare(a.ID, b.ID) })
	seen := map[string]string{}
	for _, r := range c.spikes {
		if other, ok := seen[r.Category]; ok {
			errs = append(errs, fmt.Errorf("the rules %q and %q are of the same category", other, r.ID))
		}
		seen[r.Category] = r.ID
	}
	return errs
}

type spikeSetting struct{ SpikeRule }

// The bounds keep a typing mistake from raising an alarm at every second call, or never.
const (
	leastSpike, mostSpike = 3, 1000
	mostTimes             = 100
	longestSpikeText      = 1000
)

func (r spikeSetting) check(id string, _ setting, w world) error {
	if err := named(id, r.ID, r.Name); err != nil {
		return err
	}
	if _, ok := w.categories[r.Category]; r.Category != "" && !ok {
		return invalid("category", "error.category", r.Category)
	}
	switch {
	case r.Least < leastSpike || r.Least > mostSpike:
		return invalid("least", "board.error.least", leastSpike, mostSpike)
	case r.Times < 1 || r.Times > mostTimes:
		return invalid("times", "board.error.times", mostTimes)
	case utf8.RuneCountInString(r.Text) > longestSpikeText:
		return invalid("text", "error.too_long", longestSpikeText)
	case utf8.RuneCountInString(r.TextEN) > longestSpikeText:
		return invalid("text_en", "error.too_long", longestSpikeText)
	}
	return nil
}

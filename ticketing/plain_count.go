package ticketing

import (
	"context"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing/plain"
)

// kindPlain: id is AGENCY/YYYY-MM ("-" is the hotline); doc what the plain-answer check found in what was sent.
const kindPlain = "plain-count"

// PlainCount is how answers and drafts stood when they were sent.
type PlainCount struct {
	Sent int            `json:"sent"`
	AsIs int            `json:"as_is"` // sent although something was found
	Of   map[string]int `json:"of,omitempty"`
}

// UnitNames are the names an agency may be named by in an answer. A short one without marks is a word: "CAT" is "cắt".
func (c *Catalog) UnitNames() (out []string) {
	for _, a := range c.AgencyList() {
		out = append(out, a.Name, a.NameEN)
		if len(a.Short) >= 5 {
			out = append(out, a.Short)
		}
	}
	return out
}

// LookOver is what the plain-answer check says about an answer or a draft that would be taken otherwise: whatever else is
// wrong with it Do says first.
func (d *Desk) LookOver(by Actor, t Ticket, cmd Command) []plain.Finding {
	switch {
	case cmd.Verb != AnswerIt && cmd.Verb != WriteDraft, cmd.Text == "", cmd.Outcome == "", len(Unfilled(cmd.Text)) > 0,
		cmd.Version != 0 && cmd.Version < t.Loud, !slices.Contains(by.Allowed(t), cmd.Verb), cmd.Outcome.NeedsReason() && cmd.Reason == "":
		return nil
	}
	return plain.Check(plain.Answer{Text: cmd.Text + "\n" + cmd.Reason, Outcome: string(cmd.Outcome), Units: d.Catalog.Current().UnitNames()})
}

// CountPlain counts an answer or a draft that the actor has sent, with what was found in it.
func (d *Desk) CountPlain(ctx context.Context, by Actor, found []plain.Finding) error {
	agency := by.Agency
	if agency == "" {
		agency = "-"
	}
	return recount(ctx, d, kindPlain, agency+"/"+d.now().In(Zone).Format("2006-01"), func(c *PlainCount) {
		c.Sent++
		if len(found) == 0 {
			return
		}
		c.AsIs++
		if c.Of == nil {
			c.Of = map[string]int{}
		}
		seen := map[string]bool{}
		for _, f := range found { // twice in one answer is one answer
			if !seen[f.Key] {
				c.Of[f.Key]++
			}
			seen[f.Key] = true
		}
	})
}

// PlainCounts is what was counted of each agency ("" is the hotline) in the months from the given one on.
func (d *Desk) PlainCounts(ctx context.Context, by Actor, from time.Time) (map[string]PlainCount, error) {
	if err := maySeeSettings(by); err != nil {
		return nil, err
	}
	all, err := counted[PlainCount](ctx, d, kindPlain)
	if err != nil {
		return nil, err
	}
	out := map[string]PlainCount{}
	for id, c := range all {
		agency, month, _ := strings.Cut(id, "/")
		if month < from.In(Zone).Format("2006-01") {
			continue
		}
		if agency == "-" {
			agency = ""
		}
		sum := out[agency]
		sum.Sent += c.Sent
		sum.AsIs += c.AsIs
		if sum.Of == nil {
			sum.Of = map[string]int{}
		}
		for key, n := range c.Of {
			sum.Of[key] += n
		}
		out[agency] = sum
	}
	return out, nil
}

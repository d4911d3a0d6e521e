package ticketing

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing/places"
	"hotline1022/ticketing/words"
)

// The guide asks who brings a report on a chat door once for the place and once for a photograph. It only asks: her
// words are in the ticket before it begins, and where it is follows from the ticket's events alone. Any word of staff
// ends it, and so does she by asking for a person; whatever else she writes, it goes on to the next question.

const (
	stepPlace = "guide:place"
	stepPhoto = "guide:photo"

	guideFresh = 15 * time.Minute // older messages are not answered by a machine any more
)

// guide asks the next question after a message of hers. It is written under a key made of ticket and question.
func (d *Desk) guide(ctx context.Context, e Event) error {
	if e.By.Role != Citizen || !e.Channel.Conversation() || d.now().Sub(e.At) > guideFresh || e.Rule != "" {
		return nil
	}
	cat := d.Catalog.Current()
	rules := cat.Chat(e.Channel)
	if !rules.Guide {
		return nil
	}
	for range 100 {
		t, err := d.Store.Ticket(ctx, e.Ticket)
		if err != nil {
			return err
		}
		events, err := d.Store.Timeline(ctx, e.Ticket, 0)
		if err != nil {
			return err
		}
		step, err := d.nextStep(ctx, cat, rules, t, events)
		if err != nil || step == "" {
			return err
		}
		lang, err := d.langOf(ctx, t.Citizen)
		if err != nil {
			return err
		}
		p := d.event(t, system, Prompted)
		p.Key, p.Rule, p.Out = fmt.Sprintf("%s:%s", step, t.Code), step, question(lang, step)
		p.Text = p.Out.Text
		after, err := t.Apply(p)
		if err != nil {
			return err
		}
		_, err = d.Store.Append(ctx, p, after)
		if errors.Is(err, ErrConflict) {
			continue // something happened meanwhile: perhaps there is nothing to ask any more
		}
		if errors.Is(err, ErrDuplicate) {
			return nil
		}
		return err
	}
	return fmt.Errorf("ticket %s is written to without a pause: %w", e.Ticket, ErrBusy)
}

func question(lang, step string) *Outgoing {
	if step == stepPlace {
		out := say(lang, "guide.place")
		out.Choices = []Choice{button(lang, skipsStep), button(lang, leavesGuide)}
		return out
	}
	out := say(lang, "guide.photo")
	out.Choices = []Choice{button(lang, noPhoto), button(lang, leavesGuide)}
	return out
}

// nextStep is what to ask now, from what happened so far; "" for nothing.
func (d *Desk) nextStep(ctx context.Context, cat *Catalog, rules ChatRules, t Ticket, events []Event) (string, error) {
	if t.Status != New || t.Reopened > 0 || t.Returned > 0 || t.Kind != Report && t.Kind != Other {
		return "", nil
	}
	var said []string
	asked := map[string]bool{}
	waits := false // for an answer to what was asked last
	photo := len(t.Files) > 0
	for _, e := range events {
		switch {
		case e.By.Role != Citizen && e.By.Role != System, e.Field == string(leavesGuide):
			return "", nil // a person has it, or she asked for one
		case e.Kind == Prompted:
			asked[e.Rule], waits = true, true
		case (e.Kind == Received || e.Kind == Said) && e.Rule == "":
			waits = false
			said = append(said, e.Text)
			pending, err := d.Pending(ctx, e)
			if err != nil {
				return "", err
			}
			photo = photo || pending
		}
	}
	if waits || len(said) == 0 || t.Kind == Other && rules.skips(said[0]) {
		return "", nil
	}
	words := strings.Join(said, "\n")
	_, told := cat.placeIn(words, t.Received)
	if !told && t.Area == "" && t.Address == "" && t.Location == nil && !asked[stepPlace] && !asked[stepPhoto] {
		return stepPlace, nil
	}
	if !photo && !asked[stepPhoto] && !rules.NoPhotos && t.Channel != SMS && t.Priority != Urgent {
		return stepPhoto, nil
	}
	return "", nil
}

// skips says that a matter is not asked where: it is a question, or speaks of what has no place.
func (r ChatRules) skips(said string) bool {
	if strings.Contains(said, "?") {
		return true
	}
	typed := places.Words(said)
	return slices.ContainsFunc(r.Skip, func(p string) bool {
		meant := places.Words(p)
		for i := range typed {
			if begins(typed[i:], meant) {
				return true
			}
		}
		return false
	})
}

func begins(typed, meant []places.Word) bool {
	if len(meant) == 0 || len(meant) > len(typed) {
		return false
	}
	for i, w := range meant {
		if !typed[i].Like(w) || i > 0 && !typed[i].Joined() {
			return false
		}
	}
	return true
}

// street is a place below the smallest unit, by its number or its name: "kiệt 42", "đường Lê Lợi".
var street = regexp.MustCompile(`(?:^|[\s,.;(])(?i:đường|phố|kiệt|hẻm|ngõ|ngách|thôn|ấp|tổ|khối|khu|chợ|cầu|trường|quốc lộ|tỉnh lộ|ql|đt|số nhà|nhà số|ngã tư|ngã ba|duong|kiet|hem|ngo|thon|so nha|nha so|nga tu)\s*[\p{Lu}0-9]|(?:^|\s)(?i:số)\s*[0-9]{1,4}(?:[^0-9]|$)`)

// placeIn is the unit a text names, if it names one and only one, and whether it names any place at all. A province
// alone is no place to look for a lamp.
func (c *Catalog) placeIn(said string, on time.Time) (unit string, told bool) {
	mentions := slices.DeleteFunc(c.Atlas.Narrow(c.Atlas.Mentioned(said, on)), func(m places.Mention) bool {
		return !slices.ContainsFunc(m.Units, func(u places.Unit) bool { return u.Parent != "" })
	})
	if len(mentions) == 1 && len(mentions[0].Units) == 1 {
		unit = mentions[0].Units[0].Code
	}
	return unit, len(mentions) > 0 || street.MatchString(said)
}

// langOf is the language the citizen is spoken to in.
func (d *Desk) langOf(ctx context.Context, id CitizenID) (string, error) {
	p, _, err := d.Vault.Person(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", err
	}
	return words.Lang(p.Lang), nil
}

package ticketing

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// The kinds of record for words that are written often.
const (
	KindCanned = "canned"
	KindMacro  = "macro"
)

// Canned is a text that staff put into the reply box, with variables that are filled from the ticket and the vault.
// Empty lists fit everything.
type Canned struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Text       string    `json:"text"`
	Word       string    `json:"word,omitempty"`     // found by it first, whatever its marks
	Lang       string    `json:"lang,omitempty"`     // of the text
	Channels   []Channel `json:"channels,omitempty"` // doors the ticket came in by
	Kinds      []Kind    `json:"kinds,omitempty"`
	Categories []string  `json:"categories,omitempty"`
	Agency     string    `json:"agency,omitempty"` // its people, and tickets it holds; "" is everybody
	Off        bool      `json:"off,omitempty"`
}

// Macro is a text with things done to the ticket when the writer agrees to them.
type Macro struct {
	Canned
	SetKind     Kind     `json:"set_kind,omitempty"`
	SetCategory string   `json:"set_category,omitempty"`
	SetPriority Priority `json:"set_priority,omitempty"` // "" leaves it
	Route       string   `json:"route,omitempty"`        // agency
	Outcome     Outcome  `json:"outcome,omitempty"`      // chosen beside the text, if it is sent as an answer

	kind string
}

// The variables of a text: ten is the citizen's name, ma the code she follows the ticket by, don_vi the agency that
// holds it, han the day the answer is due, link the page she follows it on.
var variables = [...]string{"ten", "ma", "don_vi", "han", "link"}

var (
	variable = regexp.MustCompile(`\{\s*([\p{L}_]{2,24})\s*\}`)
	gap      = regexp.MustCompile(`\[(?:điền|fill in): [^\]\n]{1,60}\]`)
)

// Unfilled are the variables and gaps that still stand in a text.
func Unfilled(s string) (out []string) {
	s = text.NFC(s)
	for _, found := range append(variable.FindAllString(s, -1), gap.FindAllString(s, -1)...) {
		if !slices.Contains(out, found) {
			out = append(out, found)
		}
	}
	return out
}

// filled refuses what a person would send to a citizen with a variable or a gap in it. Programs know what they write.
func filled(by Actor, v Verb, s string) error {
	switch v {
	case AnswerIt, WriteDraft, Ask, Message:
		if left := Unfilled(s); len(left) > 0 && by.Role.Staff() {
			return invalid("text", "canned.unfilled", strings.Join(left, ", "))
		}
	}
	return nil
}

// fits says whether the text is offered on the ticket to the actor.
func (c Canned) fits(by Actor, t Ticket) bool {
	in := func(ok bool, empty bool) bool { return ok || empty }
	return !c.Off && in(slices.Contains(c.Channels, t.Channel), len(c.Channels) == 0) && in(slices.Contains(c.Kinds, t.Kind), len(c.Kinds) == 0) &&
		in(slices.Contains(c.Categories, t.Category), len(c.Categories) == 0) && in(c.Agency == t.Agency || c.Agency == by.Agency, c.Agency == "")
}

// triages says that it would change how the ticket is sorted.
func (m Macro) triages(t Ticket) bool {
	return m.SetKind != "" && m.SetKind != t.Kind || m.SetCategory != "" && m.SetCategory != t.Category || m.SetPriority != "" && m.SetPriority != t.Priority
}

func (m Macro) routes(t Ticket) bool { return m.Route != "" && m.Route != t.Agency }

// Prepared is a text as one ticket's writer gets it.
type Prepared struct {
	Kind    string   `json:"kind"`
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Word    string   `json:"word,omitempty"`
	Text    string   `json:"text"`
	Lang    string   `json:"lang,omitempty"`
	Outcome Outcome  `json:"outcome,omitempty"`
	Does    []string `json:"does,omitempty"` // what a macro would do, in words
}

// Prepared are the texts that fit the ticket, filled: first those in the citizen's language. A macro whose doings are
// not the actor's to do, or do not follow now, is left out.
func (d *Desk) Prepared(ctx context.Context, by Actor, code Code, lang string) ([]Prepared, error) {
	t, err := d.Ticket(ctx, by, code)
	if err != nil {
		return nil, err
	}
	p, err := d.Vault.Whole(ctx, t.Citizen)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, storeError("opening the vault", err)
	}
	allowed := by.Allowed(t)
	out := []Prepared{}
	for _, m := range d.Catalog.Current().texts {
		if !m.fits(by, t) || m.triages(t) && !slices.Contains(allowed, Triage) || m.routes(t) && !slices.Contains(allowed, Route) {
			continue
		}
		one := Prepared{Kind: m.kind, ID: m.ID, Name: m.Name, Word: text.Fold(m.Word), Lang: m.Lang, Outcome: m.Outcome, Does: d.does(m, t, lang)}
		one.Text = d.fill(m.Text, cmp.Or(m.Lang, words.Vietnamese), t, p)
		out = append(out, one)
	}
	for _, a := range d.Known(by, t, p) {
		out = append(out, Prepared{Kind: KindArticle, ID: a.ID, Name: a.Name, Word: text.Fold(a.Word), Lang: a.Lang, Text: a.Told})
	}
	slices.SortStableFunc(out, func(a, b Prepared) int { return other(a.Lang, p.Lang) - other(b.Lang, p.Lang) })
	return out, nil
}

// other is 1 for a text in another language than the citizen's.
func other(lang, hers string) int {
	if lang != "" && lang != words.Lang(hers) {
		return 1
	}
	return 0
}

// does tells in words what the macro would do to the ticket as it stands.
func (d *Desk) does(m Macro, t Ticket, lang string) (out []string) {
	cat := d.Catalog.Current()
	if m.SetKind != "" && m.SetKind != t.Kind {
		out = append(out, words.T(lang, "canned.does.kind", words.T(lang, "kind."+string(m.SetKind))))
	}
	if m.SetCategory != "" && m.SetCategory != t.Category {
		out = append(out, words.T(lang, "canned.does.category", cat.Categories[m.SetCategory].Title(lang)))
	}
	if m.SetPriority != "" && m.SetPriority != t.Priority {
		out = append(out, words.T(lang, "canned.does.priority", words.T(lang, "priority."+string(m.SetPriority))))
	}
	if m.routes(t) {
		out = append(out, words.T(lang, "canned.does.route", cat.Agencies[m.Route].Title(lang)))
	}
	return out
}

// fill puts what is known in the place of variables, and a visible gap where it is not.
func (d *Desk) fill(s, lang string, t Ticket, p Person) string {
	known := map[string]string{"ten": p.Name, "ma": text.ShowCode(string(t.Code)), "link": d.TrackURL(t.Code)}
	if a, ok := d.Catalog.Current().Agencies[t.Agency]; ok {
		known["don_vi"] = a.Title(lang)
	}
	if !t.Due.IsZero() {
		known["han"] = Moment(lang, t.Due)
	}
	return variable.ReplaceAllStringFunc(text.NFC(s), func(found string) string {
		name := variable.FindStringSubmatch(found)[1]
		if value := known[name]; value != "" {
			return value
		}
		key := "canned.var." + name
		if !words.Has(key) {
			return found // blocked at sending
		}
		return words.T(lang, "canned.gap", words.T(lang, key))
	})
}

// RunMacro does to the ticket what the macro says, each thing as the verb it is. What is so already is left alone.
// Where a later thing is refused the ticket is as the earlier ones left it, and the error says why.
func (d *Desk) RunMacro(ctx context.Context, by Actor, code Code, id string, version int) (Ticket, error) {
	t, err := d.Ticket(ctx, by, code)
	if err != nil {
		return t, err
	}
	all := d.Catalog.Current().texts
	i := slices.IndexFunc(all, func(m Macro) bool { return m.kind == KindMacro && m.ID == id && m.fits(by, t) })
	if i < 0 {
		return t, notFound()
	}
	m := all[i]
	if m.triages(t) {
		cmd := Command{Verb: Triage, Version: version, Kind: m.SetKind}
		if m.SetCategory != "" {
			cmd.Category = &m.SetCategory
		}
		if m.SetPriority != "" {
			cmd.Priority = &m.SetPriority
		}
		if t, err = d.Do(ctx, by, code, cmd); err != nil {
			return t, err
		}
		version = t.Version
	}
	if m.routes(t) {
		return d.Do(ctx, by, code, Command{Verb: Route, Version: version, Agency: m.Route, Reason: m.Name})
	}
	return t, nil
}

// kindUse: id is KIND/ID of a canned text; doc how often it was put into a reply.
const kindUse = "text-use"

// TextUse is how often a text was used, and when last.
type TextUse struct {
	N    int       `json:"n"`
	Last time.Time `json:"last"`
}

// CountUse counts that the text was put into a reply to the ticket.
func (d *Desk) CountUse(ctx context.Context, by Actor, code Code, kind, id string) error {
	t, err := d.Ticket(ctx, by, code)
	if err != nil {
		return err
	}
	_, known := d.Catalog.Current().Knowledge.Article(id)
	if !(kind == KindArticle && known) && !slices.ContainsFunc(d.Catalog.Current().texts, func(m Macro) bool { return m.kind == kind && m.ID == id && m.fits(by, t) }) {
		return notFound()
	}
	return recount(ctx, d, kindUse, kind+"/"+id, func(u *TextUse) { u.N++; u.Last = d.now() })
}

// TextUses is every text's use, by KIND/ID.
func (d *Desk) TextUses(ctx context.Context, by Actor) (map[string]TextUse, error) {
	if err := maySeeSettings(by); err != nil {
		return nil, err
	}
	return counted[TextUse](ctx, d, kindUse)
}

// recount changes a figure that is kept as one record with one version.
func recount[T any](ctx context.Context, d *Desk, kind, id string, change func(*T)) error {
	for range 20 {
		var v T
		r, err := d.Store.Get(ctx, kind, id)
		if err == nil && !r.Deleted() {
			err = json.Unmarshal(r.Doc, &v)
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return storeError("reading a figure", err)
		}
		change(&v)
		doc, err := json.Marshal(v)
		if err != nil {
			return err
		}
		err = d.Store.Put(ctx, Record{Kind: kind, ID: id, Version: r.Version + 1, At: d.now(), By: system.ID, Doc: doc})
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err == nil && r.Version > 0 {
			err = d.Store.Erase(ctx, kind, id, r.Version+1)
		}
		return storeError("storing a figure", err)
	}
	return &Error{Class: Busy, Key: "error.busy"}
}

func counted[T any](ctx context.Context, d *Desk, kind string) (map[string]T, error) {
	rs, err := d.Store.All(ctx, kind, "")
	if err != nil {
		return nil, storeError("reading figures", err)
	}
	out := make(map[string]T, len(rs))
	for _, r := range rs {
		if err := decodeInto(r.Doc, func(v T) { out[r.ID] = v }); err != nil {
			return nil, fmt.Errorf("figure %s %s: %w", kind, r.ID, err)
		}
	}
	return out, nil
}

type (
	cannedSetting struct{ Canned }
	macroSetting  struct{ Macro }
)

func (c cannedSetting) check(id string, _ setting, w world) error {
	if err := c.Canned.check(id, w); err != nil {
		return err
	}
	if strings.TrimSpace(c.Text) == "" {
		return invalid("text", "error.text_empty")
	}
	return nil
}

func (c Canned) check(id string, w world) error {
	if err := named(id, c.ID, c.Name); err != nil {
		return err
	}
	if utf8.RuneCountInString(c.Text) > maxText {
		return invalid("text", "error.too_long", maxText)
	}
	for _, m := range variable.FindAllStringSubmatch(text.NFC(c.Text), -1) {
		if !slices.Contains(variables[:], m[1]) || m[0] != "{"+m[1]+"}" {
			return invalid("text", "canned.no_variable", m[0])
		}
	}
	if word := text.Fold(c.Word); c.Word != "" && (word == "" || strings.Contains(word, " ")) {
		return invalid("word", "canned.word")
	}
	if c.Lang != "" && !slices.Contains(words.Languages[:], c.Lang) {
		return invalid("lang", "canned.lang")
	}
	for _, ch := range c.Channels {
		if !known(Channels[:], ch) {
			return invalid("channels", "error.channel", ch)
		}
	}
	for _, k := range c.Kinds {
		if !known(Kinds[:], k) {
			return invalid("kinds", "error.kind", k)
		}
	}
	for _, x := range c.Categories {
		if _, ok := w.categories[x]; !ok {
			return invalid("categories", "error.category", x)
		}
	}
	if _, ok := w.agencies[c.Agency]; !ok && c.Agency != "" {
		return invalid("agency", "settings.no_agency", c.Agency)
	}
	return nil
}

func (m macroSetting) check(id string, _ setting, w world) error {
	if err := m.Canned.check(id, w); err != nil {
		return err
	}
	_, isCategory := w.categories[m.SetCategory]
	_, isAgency := w.agencies[m.Route]
	switch {
	case m.SetKind != "" && !known(Kinds[:], m.SetKind):
		return invalid("set_kind", "error.kind", m.SetKind)
	case m.SetCategory != "" && !isCategory:
		return invalid("set_category", "error.category", m.SetCategory)
	case !known(Priorities[:], m.SetPriority):
		return invalid("set_priority", "error.priority", m.SetPriority)
	case m.Route != "" && !isAgency:
		return invalid("route", "settings.no_agency", m.Route)
	case m.Route != "" && (m.SetKind.OwnLaw() || m.SetKind == Spam):
		return invalid("route", "canned.own_law")
	case m.Outcome != "" && (!known(Outcomes[:], m.Outcome) || m.Outcome == Duplicate):
		return invalid("outcome", "error.outcome", m.Outcome)
	case m.SetKind == "" && m.SetCategory == "" && m.SetPriority == "" && m.Route == "":
		return invalid("", "canned.does_nothing")
	}
	return nil
}

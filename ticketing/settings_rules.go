package ticketing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline1022/ticketing/calendar"
	"hotline1022/ticketing/places"
	"hotline1022/ticketing/routing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// setting is the document of one kind. check says what is wrong with it on its own and with what it names, with the
// field at fault; was is the version before, nil for a new one.
type setting interface {
	check(id string, was setting, w world) error
}

// world is what a setting may name.
type world struct {
	agencies   map[string]Agency
	categories map[string]Category
	areas      map[string]places.Unit
}

func (d *Desk) world(ctx context.Context) (world, error) {
	w := world{map[string]Agency{}, map[string]Category{}, map[string]places.Unit{}}
	for kind, take := range map[string]func(json.RawMessage) error{
		KindAgency:   func(doc json.RawMessage) error { return decodeInto(doc, func(a Agency) { w.agencies[a.ID] = a }) },
		KindCategory: func(doc json.RawMessage) error { return decodeInto(doc, func(c Category) { w.categories[c.ID] = c }) },
		KindArea:     func(doc json.RawMessage) error { return decodeInto(doc, func(u places.Unit) { w.areas[u.Code] = u }) },
	} {
		rs, err := d.Store.All(ctx, kind, "")
		if err != nil {
			return w, storeError("reading settings", err)
		}
		for _, r := range rs {
			if err := take(r.Doc); err != nil {
				return w, refused(err)
			}
		}
	}
	return w, nil
}

// The documents with their rules.
type (
	agencySetting   struct{ agencyForm }
	categorySetting struct{ Category }
	ruleSetting     struct{ routing.Rule }
	limitSetting    struct{ Limit }
	hoursSetting    struct{ Hours }
	daySetting      struct{ calendar.Day }
	areaSetting     struct{ places.Unit }
	consentSetting  struct{ Consent }
)

// decodeSetting reads a document strictly.
func decodeSetting(kind string, doc []byte) (setting, error) {
	switch kind {
	case KindAgency:
		return strictly(doc, func(v agencyForm) setting { return agencySetting{v} })
	case KindCategory:
		return strictly(doc, func(v Category) setting { return categorySetting{v} })
	case KindRule:
		return strictly(doc, func(v routing.Rule) setting { return ruleSetting{v} })
	case KindLimit:
		return strictly(doc, func(v Limit) setting { return limitSetting{v} })
	case KindHours:
		return strictly(doc, func(v Hours) setting { return hoursSetting{v} })
	case KindDay:
		return strictly(doc, func(v calendar.Day) setting { return daySetting{v} })
	case KindArea:
		return strictly(doc, func(v places.Unit) setting { return areaSetting{v} })
	case KindConsent:
		return strictly(doc, func(v Consent) setting { return consentSetting{v} })
	case KindSaying:
		return strictly(doc, func(v Saying) setting { return sayingSetting{v} })
	case KindChat:
		return strictly(doc, func(v ChatRules) setting { return chatSetting{v} })
	case KindSignIn:
		return strictly(doc, func(v SignInRules) setting { return signInSetting{v} })
	case KindCanned:
		return strictly(doc, func(v Canned) setting { return cannedSetting{v} })
	case KindMacro:
		return strictly(doc, func(v Macro) setting { return macroSetting{v} })
	case KindArticle:
		return strictly(doc, func(v Article) setting { return articleSetting{v} })
	case KindDuty:
		return strictly(doc, func(v Duty) setting { return dutySetting{v} })
	case KindSpike:
		return strictly(doc, func(v SpikeRule) setting { return spikeSetting{v} })
	}
	return nil, notFound()
}

// strictly refuses unknown fields, wrong shapes and anything after the document, and names the field at fault.
func strictly[T any](doc []byte, as func(T) setting) (setting, error) {
	v, err := strict[T](doc)
	if err == nil {
		return as(v), nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(doc, &fields) == nil {
		for _, name := range sortedKeys(fields) {
			one, marshalErr := json.Marshal(map[string]json.RawMessage{name: fields[name]})
			if marshalErr != nil {
				break
			}
			_, fault := strict[T](one)
			switch {
			case fault == nil:
				continue
			case words.Has("settings.form." + name):
				return nil, &Error{Class: Invalid, Field: name, Key: "settings.form." + name, Err: fault}
			}
			return nil, &Error{Class: Invalid, Field: name, Key: "settings.refused", Args: []any{fault}, Err: fault}
		}
	}
	return nil, &Error{Class: Invalid, Key: "settings.refused", Args: []any{err}, Err: err}
}

func strict[T any](doc []byte) (v T, err error) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		return v, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return v, errors.New("something follows the document")
	}
	return v, nil
}

// canonical is the form that is stored: fields in the type's order, letters composed.
func canonical(s setting) (json.RawMessage, error) {
	var v any
	switch s := s.(type) {
	case agencySetting:
		v = s.Agency
	case categorySetting:
		v = s.Category
	case ruleSetting:
		v = s.Rule
	case limitSetting:
		v = s.Limit
	case hoursSetting:
		v = s.Hours
	case daySetting:
		v = s.Day
	case areaSetting:
		v = s.Unit
	case consentSetting:
		v = s.Consent
	case sayingSetting:
		v = s.Saying
	case signInSetting:
		v = s.SignInRules
	case chatSetting:
		v = s.ChatRules
	case cannedSetting:
		v = s.Canned
	case macroSetting:
		v = s.Macro
	case articleSetting:
		v = s.Article
	case dutySetting:
		v = s.Duty
	case spikeSetting:
		v = s.SpikeRule
	}
	doc, err := json.Marshal(v)
	return json.RawMessage(text.NFC(string(doc))), err // ends of lines are escaped here and stay
}

func (a agencySetting) check(id string, _ setting, w world) error {
	if err := named(id, a.ID, a.Name); err != nil {
		return err
	}
	for up, n := a.Parent, 0; up != ""; up, n = w.agencies[up].Parent, n+1 {
		if up == a.ID || n > len(w.agencies) {
			return invalid("parent", "settings.own_parent")
		}
		if _, ok := w.agencies[up]; !ok {
			return invalid("parent", "settings.no_agency", up)
		}
	}
	if err := a.checkEndpoint(); err != nil {
		return err
	}
	return dated(a.From, a.To)
}

func (c categorySetting) check(id string, _ setting, _ world) error {
	if err := named(id, c.ID, c.Name); err != nil {
		return err
	}
	return CheckDetails(c.Details)
}

func (r ruleSetting) check(id string, _ setting, w world) error {
	if err := named(id, r.ID, r.Name); err != nil {
		return err
	}
	for _, k := range r.Kinds {
		if !known(Kinds[:], Kind(k)) {
			return invalid("kinds", "error.kind", k)
		}
	}
	for _, c := range r.Categories {
		if _, ok := w.categories[c]; !ok {
			return invalid("categories", "error.category", c)
		}
	}
	for _, a := range r.Areas {
		if _, ok := w.areas[a]; !ok {
			return invalid("areas", "error.area", a)
		}
	}
	for _, p := range r.Words {
		if len(places.Words(p)) == 0 {
			return invalid("words", "settings.word_empty", p)
		}
	}
	if _, ok := w.agencies[r.Agency]; !ok {
		return invalid("agency", "settings.no_agency", r.Agency)
	}
	if !known(Priorities[:], Priority(r.Priority)) {
		return invalid("priority", "error.priority", r.Priority)
	}
	return dated(r.From, r.To)
}

func (l limitSetting) check(id string, _ setting, w world) error {
	if l.ID != id {
		return invalid("id", "settings.id_other", id)
	}
	switch _, ok := w.categories[l.Category]; {
	case !known([]Step{Classify, Accept, Answer}, l.Step):
		return invalid("step", "settings.step")
	case l.Kind != "" && !known(Kinds[:], l.Kind):
		return invalid("kind", "error.kind", l.Kind)
	case l.Category != "" && !ok:
		return invalid("category", "error.category", l.Category)
	case !known(Priorities[:], l.Priority):
		return invalid("priority", "error.priority", l.Priority)
	case l.Limit.Limit.IsZero():
		return invalid("limit", "settings.form.limit")
	}
	return dated(l.From, l.To)
}

func (h hoursSetting) check(id string, _ setting, w world) error {
	if h.ID != id {
		return invalid("id", "settings.id_other", id)
	}
	if _, ok := w.agencies[h.Agency]; h.Agency != "" && !ok {
		return invalid("agency", "settings.no_agency", h.Agency)
	}
	if !h.To.IsZero() && h.To.Before(h.From) {
		return invalid("to", "settings.dates")
	}
	opens := false
	for day, spans := range h.Week {
		spans = slices.Clone(spans)
		slices.SortFunc(spans, func(a, b calendar.Span) int { return int(a.From - b.From) })
		for i, s := range spans {
			opens = true
			if i > 0 && s.From < spans[i-1].To {
				return invalid("week."+strconv.Itoa(day), "settings.overlap", spans[i-1], s)
			}
		}
	}
	if !opens {
		return invalid("week", "settings.never_open")
	}
	return nil
}

func (x daySetting) check(id string, before setting, w world) error {
	was, changes := before.(daySetting)
	switch _, ok := w.agencies[x.Agency]; {
	case strings.TrimSpace(x.Name) == "":
		return invalid("name", "settings.name")
	case x.Date.IsZero():
		return invalid("date", "settings.form.date")
	case changes && (was.Date != x.Date || was.Agency != x.Agency), !changes && !strings.HasPrefix(id, x.Date.String()):
		return invalid("date", "settings.day_moves")
	case x.Agency != "" && !ok:
		return invalid("agency", "settings.no_agency", x.Agency)
	case x.Status != "" && x.Status != calendar.Confirmed && x.Status != calendar.Expected:
		return invalid("status", "settings.status")
	case x.Like != nil && (*x.Like < time.Sunday || *x.Like > time.Saturday):
		return invalid("like", "settings.form.like")
	}
	return nil
}

func (u areaSetting) check(id string, _ setting, w world) error {
	if err := named(id, u.Code, u.Name); err != nil {
		var e *Error
		if errors.As(err, &e) && e.Field == "id" {
			e.Field = "code"
		}
		return err
	}
	if _, ok := w.areas[u.Parent]; u.Parent != "" && !ok {
		return invalid("parent", "error.area", u.Parent)
	}
	if u.Parent == u.Code {
		return invalid("parent", "settings.own_parent")
	}
	for _, s := range u.Successors {
		if _, ok := w.areas[s]; !ok || s == u.Code {
			return invalid("successors", "error.area", s)
		}
	}
	if len(u.Successors) > 0 && u.To == "" {
		return invalid("to", "settings.successors")
	}
	return dated(u.From, u.To)
}

func (c consentSetting) check(id string, was setting, _ world) error {
	before, changes := was.(consentSetting)
	switch {
	case c.ID != id:
		return invalid("id", "settings.id_other", id)
	case strings.TrimSpace(c.Text) == "":
		return invalid("text", "error.text_empty")
	case strings.TrimSpace(c.EN) == "":
		return invalid("en", "error.text_empty")
	case changes && before != c:
		return invalid("text", "settings.consent_fixed")
	}
	return nil
}

// named: the document bears its record's id, and a name.
func named(id, own, name string) error {
	switch {
	case own != id:
		return invalid("id", "settings.id_other", id)
	case strings.TrimSpace(name) == "":
		return invalid("name", "settings.name")
	}
	return nil
}

// dated: both are days or empty, and the end comes after the beginning.
func dated(from, to string) error {
	for field, day := range map[string]string{"from": from, "to": to} {
		if _, err := calendar.ParseDate(day); day != "" && err != nil {
			return invalid(field, "settings.form.date")
		}
	}
	if from != "" && to != "" && to <= from {
		return invalid("to", "settings.dates")
	}
	return nil
}

// goodID is what a new setting may be called: it stands in addresses and in files.
func goodID(id string) bool {
	for _, c := range id {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return len(id) > 0 && len(id) <= 60 && id != "new"
}

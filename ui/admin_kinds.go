package ui

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// input is how a field is typed.
type input string

const (
	inText   input = "text"
	inLong   input = "long"
	inNumber input = "number"
	inSelect input = "select"
	inMulti  input = "multi"
	inCheck  input = "check"
	inDate   input = "date"
	inLines  input = "lines"
	inUnit   input = "unit"  // an administrative unit, typed by name or code
	inUnits  input = "units" // several, one a line
	inWeek   input = "week"
)

// adminField is one field of a kind's document. Its label is the word admin.f.KIND.NAME or admin.f.NAME, its help
// admin.h.KIND.NAME if there is one.
type adminField struct {
	Name     string // in the JSON document
	Input    input
	Options  func(s *Server, lang string) []choice
	Required bool
	Fixed    bool // cannot change once it is there
	Column   bool // stands in the list
	Number   bool // the select's values are numbers
}

type choice struct{ Value, Label string }

// doc is a setting's document, by field.
type doc map[string]any

func (d doc) text(name string) string {
	switch v := d[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

func (d doc) list(name string) []string {
	var out []string
	all, _ := d[name].([]any)
	for _, v := range all {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (d doc) on(name string) bool { v, _ := d[name].(bool); return v }

// adminKind is a kind of setting as the screens show it: everything that differs from kind to kind stands here.
type adminKind struct {
	Kind, Icon string
	id         string // field that is the record's id; "" for days, whose id is made of their date
	fields     []adminField
	newID      func(d doc) string // proposed where the administrator gives none
	title      func(s *Server, lang string, id string, d doc) string
	order      func(s *Server, rows []adminRow)
	save       func(s *Server, v *visit, id string, version int, d doc) (saved, error) // nil: Desk.SaveSetting
	acts       []adminAct
	keeps      bool // no deleting, no restoring
	One        bool // there is one record, and no adding
}

// adminAct is something else that can be done to one of the kind.
type adminAct struct {
	Name, Icon string
	danger     bool
	do         func(s *Server, v *visit, id string) (saved, error)
	offered    func(s *Server, d doc) bool // nil: always
}

// saved is what came of a save: a secret is shown once.
type saved struct {
	record ticketing.Record
	secret string
	what   string // sort of secret, for its words; "" is the kind's
}

// adminKinds are the kinds in the order of the menu. From this table come the lists, the forms and the histories.
func adminKinds() []adminKind {
	return []adminKind{
		{Kind: ticketing.KindAgency, Icon: "building", id: "id", newID: slugOfName, title: nameTitle, order: (*Server).agencyTree, fields: []adminField{
			{Name: "name", Input: inText, Required: true},
			{Name: "name_en", Input: inText},
			{Name: "id", Input: inText, Fixed: true, Column: true},
			{Name: "short", Input: inText},
			{Name: "type", Input: inSelect, Options: (*Server).agencyTypes, Column: true},
			{Name: "parent", Input: inSelect, Options: (*Server).agencyChoices},
			{Name: "phone", Input: inText, Column: true},
			{Name: "from", Input: inDate}, {Name: "to", Input: inDate, Column: true},
			{Name: "open311", Input: inText}, {Name: "open311_jurisdiction", Input: inText},
			{Name: "open311_service", Input: inText}, {Name: "open311_key", Input: inText},
			{Name: "off", Input: inCheck},
		}},
		{Kind: ticketing.KindStaff, Icon: "users", id: "id", title: nameTitle, order: byTitle, save: (*Server).saveStaff, keeps: true, fields: []adminField{
			{Name: "id", Input: inText, Fixed: true, Required: true, Column: true},
			{Name: "name", Input: inText, Required: true},
			{Name: "role", Input: inSelect, Options: (*Server).roleChoices, Required: true, Column: true},
			{Name: "agency", Input: inSelect, Options: (*Server).agencyChoices, Column: true},
			{Name: "off", Input: inCheck},
		}, acts: []adminAct{
			{Name: "password", Icon: "lock", do: (*Server).resetPassword},
			{Name: "second-off", Icon: "shield", do: (*Server).resetSecond, danger: true, offered: func(_ *Server, d doc) bool { return d.text("second") != "" }},
			{Name: "invite", Icon: "link", do: (*Server).invite, offered: func(s *Server, d doc) bool { return s.OIDC != nil && !d.on("off") }},
			{Name: "sign-out", Icon: "log-out", do: (*Server).signStaffOut, danger: true},
		}},
		{Kind: ticketing.KindCategory, Icon: "tag", id: "id", newID: slugOfName, title: nameTitle, order: byOrder, fields: []adminField{
			{Name: "name", Input: inText, Required: true},
			{Name: "name_en", Input: inText},
			{Name: "id", Input: inText, Fixed: true, Column: true},
			{Name: "group", Input: inText, Options: (*Server).groupChoices, Column: true},
			{Name: "order", Input: inNumber, Column: true},
			{Name: "hint", Input: inLong}, {Name: "hint_en", Input: inLong},
			{Name: "anonymous", Input: inCheck, Column: true}, {Name: "staff_only", Input: inCheck, Column: true},
			{Name: "off", Input: inCheck},
		}},
		{Kind: ticketing.KindRule, Icon: "split", id: "id", newID: slugOfName, title: nameTitle, order: (*Server).asTried, fields: []adminField{
			{Name: "name", Input: inText, Required: true},
			{Name: "id", Input: inText, Fixed: true},
			{Name: "agency", Input: inSelect, Options: (*Server).agencyChoices, Required: true, Column: true},
			{Name: "priority", Input: inSelect, Options: (*Server).priorityChoices},
			{Name: "kinds", Input: inMulti, Options: (*Server).kindChoices, Column: true},
			{Name: "categories", Input: inMulti, Options: (*Server).categoryChoices, Column: true},
			{Name: "areas", Input: inUnits, Column: true},
			{Name: "words", Input: inLines, Column: true},
			{Name: "reason", Input: inLong},
			{Name: "order", Input: inNumber, Column: true},
			{Name: "from", Input: inDate}, {Name: "to", Input: inDate},
			{Name: "off", Input: inCheck},
		}},
		{Kind: ticketing.KindLimit, Icon: "alarm-clock", id: "id", newID: limitID, title: (*Server).limitTitle, order: byTitle, fields: []adminField{
			{Name: "step", Input: inSelect, Options: (*Server).stepChoices, Required: true},
			{Name: "limit", Input: inText, Required: true, Column: true},
			{Name: "kind", Input: inSelect, Options: (*Server).kindChoices},
			{Name: "category", Input: inSelect, Options: (*Server).categoryChoices},
			{Name: "priority", Input: inSelect, Options: (*Server).priorityChoices},
			{Name: "source", Input: inText, Column: true},
			{Name: "from", Input: inDate, Column: true}, {Name: "to", Input: inDate, Column: true},
			{Name: "id", Input: inText, Fixed: true},
		}},
		{Kind: ticketing.KindHours, Icon: "clock", id: "id", newID: hoursID, title: (*Server).hoursTitle, order: byTitle, fields: []adminField{
			{Name: "agency", Input: inSelect, Options: (*Server).agencyChoices},
			{Name: "week", Input: inWeek, Column: true},
			{Name: "from", Input: inDate, Column: true}, {Name: "to", Input: inDate, Column: true},
			{Name: "id", Input: inText, Fixed: true},
		}},
		{Kind: ticketing.KindDay, Icon: "calendar", newID: dayID, title: nameTitle, order: byDate, fields: []adminField{
			{Name: "date", Input: inDate, Required: true, Fixed: true, Column: true},
			{Name: "name", Input: inText, Required: true}, {Name: "name_en", Input: inText},
			{Name: "status", Input: inSelect, Options: (*Server).dayChoices, Column: true},
			{Name: "working", Input: inCheck, Column: true},
			{Name: "like", Input: inSelect, Options: (*Server).weekdayChoices, Number: true},
			{Name: "agency", Input: inSelect, Options: (*Server).agencyChoices, Fixed: true, Column: true},
		}},
		{Kind: ticketing.KindArea, Icon: "map", id: "code", title: (*Server).unitTitle, order: byTitle, fields: []adminField{
			{Name: "code", Input: inText, Required: true, Fixed: true, Column: true},
			{Name: "name", Input: inText, Required: true},
			{Name: "full_name", Input: inText},
			{Name: "type", Input: inSelect, Options: (*Server).unitChoices, Required: true, Column: true},
			{Name: "parent", Input: inUnit, Column: true},
			{Name: "from", Input: inDate}, {Name: "to", Input: inDate, Column: true},
			{Name: "successors", Input: inUnits}, {Name: "aliases", Input: inLines},
		}},
		{Kind: ticketing.KindConsent, Icon: "shield-check", id: "id", title: idTitle, order: byTitleDown, keeps: true, fields: []adminField{
			{Name: "id", Input: inText, Required: true, Fixed: true},
			{Name: "text", Input: inLong, Required: true, Fixed: true, Column: true},
			{Name: "en", Input: inLong, Required: true, Fixed: true},
		}},
		sayingKind(),
		chatKind(), signInKind(),
		cannedKind(), macroKind(), articleKind(),
		spikeKind(), dutyKind(),
		{Kind: ticketing.KindToken, Icon: "link", id: "", title: nameTitle, order: byTitle, save: (*Server).addToken, keeps: true, fields: []adminField{
			{Name: "name", Input: inText, Required: true, Fixed: true},
			{Name: "scopes", Input: inMulti, Options: (*Server).scopeChoices, Required: true, Fixed: true, Column: true},
			{Name: "agency", Input: inSelect, Options: (*Server).agencyChoices, Fixed: true, Column: true},
			{Name: "expires", Input: inDate, Fixed: true, Column: true},
			{Name: "off", Input: inCheck, Fixed: true},
		}, acts: []adminAct{{Name: "revoke", Icon: "x", do: (*Server).revokeToken, danger: true, offered: func(_ *Server, d doc) bool { return !d.on("off") }}}},
	}
}

func adminKindOf(name string) (*adminKind, error) {
	all := adminKinds()
	i := slices.IndexFunc(all, func(k adminKind) bool { return k.Kind == name })
	if i < 0 {
		return nil, notFound()
	}
	return &all[i], nil
}

// fixed says that nothing of it can change once it is there: it is only looked at.
func (k *adminKind) fixed() bool {
	return !slices.ContainsFunc(k.fields, func(f adminField) bool { return !f.Fixed })
}

func (k *adminKind) label(lang, field string) string { return k.word(lang, "f", field) }

// word is the kind's own word for a field, else the common one, else the bare name.
func (k *adminKind) word(lang, sort, field string) string {
	for _, key := range []string{"admin." + sort + "." + k.Kind + "." + field, "admin." + sort + "." + field} {
		if words.Has(key) {
			return words.T(lang, key)
		}
	}
	if sort == "f" {
		return field
	}
	return ""
}

// Ids that are made where none is given.

// slug is a name as it can stand in an address: "Sở Xây dựng" is so-xay-dung.
func slug(parts ...string) string {
	s := strings.Join(strings.FieldsFunc(text.Fold(strings.Join(parts, " ")), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-")
	return strings.Trim(s[:min(len(s), 60)], "-")
}

func slugOfName(d doc) string { return slug(d.text("name")) }
func limitID(d doc) string {
	return slug(d.text("step"), d.text("kind"), d.text("category"), d.text("priority"), d.text("from"))
}

func hoursID(d doc) string { return slug(cmp.Or(d.text("agency"), "office"), d.text("from")) }
func dayID(d doc) string   { return slug(d.text("date"), d.text("agency")) }

// Titles.

func nameTitle(_ *Server, lang, id string, d doc) string {
	if en := d.text("name_en"); lang == words.English && en != "" {
		return en
	}
	return cmp.Or(d.text("name"), id)
}

func idTitle(_ *Server, _, id string, _ doc) string { return id }

func (s *Server) limitTitle(lang, id string, d doc) string {
	parts := []string{words.T(lang, "step."+d.text("step"))}
	for _, f := range []struct{ name, prefix string }{{"kind", "kind."}, {"priority", "priority."}} {
		if v := d.text(f.name); v != "" {
			parts = append(parts, words.T(lang, f.prefix+v))
		}
	}
	if c := d.text("category"); c != "" {
		parts = append(parts, cmp.Or(s.Desk.Catalog.Current().Categories[c].Title(lang), c))
	}
	if len(parts) == 1 {
		parts = append(parts, words.T(lang, "admin.all"))
	}
	return strings.Join(parts, " · ")
}

func (s *Server) hoursTitle(lang, _ string, d doc) string {
	if a := d.text("agency"); a != "" {
		return s.agencyName(lang, a)
	}
	return words.T(lang, "admin.office")
}

func (s *Server) unitTitle(_, id string, d doc) string {
	if u, ok := s.Desk.Catalog.Current().Atlas.Unit(id); ok {
		return u.FullName
	}
	return cmp.Or(d.text("full_name"), d.text("name"), id)
}

// Orders of lists.

func vietnamese() *collate.Collator { return collate.New(language.Vietnamese, collate.Numeric) }

func byTitle(_ *Server, rows []adminRow) {
	c := vietnamese()
	var buf collate.Buffer
	keys := make(map[string]string, len(rows))
	for _, r := range rows {
		keys[r.ID] = string(c.KeyFromString(&buf, r.Title))
		buf.Reset()
	}
	slices.SortStableFunc(rows, func(a, b adminRow) int { return cmp.Or(cmp.Compare(keys[a.ID], keys[b.ID]), cmp.Compare(a.ID, b.ID)) })
}

func byTitleDown(s *Server, rows []adminRow) { byTitle(s, rows); slices.Reverse(rows) }

func byOrder(s *Server, rows []adminRow) {
	byTitle(s, rows)
	number := func(r adminRow) int { n, _ := strconv.Atoi(r.doc.text("order")); return n }
	slices.SortStableFunc(rows, func(a, b adminRow) int { return cmp.Compare(number(a), number(b)) })
}

func byDate(_ *Server, rows []adminRow) {
	slices.SortStableFunc(rows, func(a, b adminRow) int { return cmp.Compare(b.doc.text("date"), a.doc.text("date")) })
}

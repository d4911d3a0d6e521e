package ticketing

import (
	"hotline1022/ticketing/calendar"
	"hotline1022/ticketing/words"
)

// Agency is a body that answers citizens. Which field it holds is said by rules, not here.
type Agency struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	NameEN string `json:"name_en,omitempty"`
	Short  string `json:"short,omitempty"`
	Type   string `json:"type,omitempty"` // so, ubnd_xa, doanh_nghiep, nganh_doc …
	Parent string `json:"parent,omitempty"`
	From   string `json:"from,omitempty"` // dates of its existence, half open
	To     string `json:"to,omitempty"`
	Phone  string `json:"phone,omitempty"`
	Off    bool   `json:"off,omitempty"`

	// The agency's own Open311 endpoint, if it has one: base address, jurisdiction, the service_code its matters go
	// under where ours is not known there, and the key, sealed (Vault.EndpointKey).
	Open311             string `json:"open311,omitempty"`
	Open311Jurisdiction string `json:"open311_jurisdiction,omitempty"`
	Open311Service      string `json:"open311_service,omitempty"`
	Open311Sealed       string `json:"open311_sealed,omitempty"`
}

// Title is its name for a reader.
func (a Agency) Title(lang string) string {
	if lang == words.English && a.NameEN != "" {
		return a.NameEN
	}
	return a.Name
}

// Category is a field of matters (lĩnh vực).
type Category struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	NameEN    string `json:"name_en,omitempty"`
	Group     string `json:"group,omitempty"`
	Hint      string `json:"hint,omitempty"` // shown to the citizen under the choice
	HintEN    string `json:"hint_en,omitempty"`
	Anonymous bool   `json:"anonymous,omitempty"` // may be sent without a name and a number
	StaffOnly bool   `json:"staff_only,omitempty"`
	Order     int    `json:"order,omitempty"`
	Off       bool   `json:"off,omitempty"`

	Details []Detail `json:"details,omitempty"` // what senders are asked besides
}

// Detail is one thing a sender is asked about matters of a category, or with Info only told.
type Detail struct {
	Code     string        `json:"code"`
	Name     string        `json:"name"` // the question
	NameEN   string        `json:"name_en,omitempty"`
	Hint     string        `json:"hint,omitempty"`
	Type     string        `json:"type,omitempty"` // one of DetailTypes
	Required bool          `json:"required,omitempty"`
	Info     bool          `json:"info,omitempty"`
	Values   []DetailValue `json:"values,omitempty"` // of the two list types
}

// DetailValue is one answer a list offers.
type DetailValue struct {
	Key    string `json:"key"`
	Name   string `json:"name"`
	NameEN string `json:"name_en,omitempty"`
}

// DetailTypes are the types of a detail, by the names Open311 has for them.
var DetailTypes = [...]string{"string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"}

// List says whether the answer is chosen from Values.
func (x Detail) List() bool { return x.Type == "singlevaluelist" || x.Type == "multivaluelist" }

// Title is the question for a reader.
func (x Detail) Title(lang string) string {
	if lang == words.English && x.NameEN != "" {
		return x.NameEN
	}
	return x.Name
}

// Title is the answer for a reader.
func (v DetailValue) Title(lang string) string {
	if lang == words.English && v.NameEN != "" {
		return v.NameEN
	}
	return v.Name
}

// Title is its name for a reader.
func (c Category) Title(lang string) string {
	if lang == words.English && c.NameEN != "" {
		return c.NameEN
	}
	return c.Name
}

// Limit is how long a step may take, for tickets of a kind, category and priority; empty fields fit all, the most
// specific limit that holds on the day of receipt counts.
type Limit struct {
	ID       string         `json:"id"`
	Step     Step           `json:"step"`
	Kind     Kind           `json:"kind,omitempty"`
	Category string         `json:"category,omitempty"`
	Priority Priority       `json:"priority,omitempty"`
	Limit    calendar.Limit `json:"limit"`
	From     string         `json:"from,omitempty"`
	To       string         `json:"to,omitempty"`
	Source   string         `json:"source,omitempty"` // the instrument it rests on
}

// Hours is calendar.Hours with an id.
type Hours struct {
	ID string `json:"id"`
	calendar.Hours
}

// Consent is a version of the text a sender agrees to.
type Consent struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	EN   string `json:"en"`
}

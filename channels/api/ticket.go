package api

import (
	"cmp"
	"slices"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/plain"
	"hotline1022/ticketing/text"
)

// ticketView is a ticket as a program needs it. What is left out is the desk's own: alarms, deliveries, drafts.
type ticketView struct {
	Code    ticketing.Code    `json:"code"`
	Number  string            `json:"number"`
	URL     string            `json:"url"` // where the citizen follows it
	Version int               `json:"version"`
	Status  ticketing.Status  `json:"status"`
	Kind    ticketing.Kind    `json:"kind"`
	Channel ticketing.Channel `json:"channel"`
	Lang    string            `json:"lang,omitempty"`

	Priority    string               `json:"priority"`
	Visibility  ticketing.Visibility `json:"visibility,omitempty"`
	Published   bool                 `json:"published,omitempty"`
	Category    string               `json:"category,omitempty"`
	Agency      string               `json:"agency,omitempty"`
	Cooperating []string             `json:"cooperating,omitempty"`
	Assignee    string               `json:"assignee,omitempty"`
	Area        string               `json:"area,omitempty"`
	Place       string               `json:"place,omitempty"`
	Address     string               `json:"address,omitempty"`
	Location    *ticketing.Point     `json:"location,omitempty"`
	Subject     string               `json:"subject,omitempty"`
	Text        string               `json:"text,omitempty"`
	Files       []fileView           `json:"files,omitempty"`
	External    string               `json:"external_id,omitempty"`
	Citizen     *citizenView         `json:"citizen,omitempty"`

	Received time.Time `json:"received"`
	Updated  time.Time `json:"updated"`
	Due      time.Time `json:"due,omitzero"`
	Promised time.Time `json:"promised,omitzero"`
	StepDue  time.Time `json:"step_due,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`

	Outcome ticketing.Outcome `json:"outcome,omitempty"`
	Reason  string            `json:"reason,omitempty"`
	Answer  string            `json:"answer,omitempty"`
	Verdict *verdictView      `json:"verdict,omitempty"`
	Into    ticketing.Code    `json:"into,omitempty"`
	Origin  ticketing.Code    `json:"origin,omitempty"`

	Allowed []ticketing.Verb `json:"allowed,omitempty"` // what this caller may do now

	Warnings []plain.Finding `json:"warnings,omitempty"` // of the plain-answer check, in the answer to draft and answer
}

type fileView struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"`
	URL  string `json:"url"`
}

type citizenView struct {
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"` // masked
}

type verdictView struct {
	OK      bool      `json:"ok"`
	Comment string    `json:"comment,omitempty"`
	At      time.Time `json:"at"`
}

// receipt is what somebody may know who may hand matters in and not read them.
func (v ticketView) receipt() ticketView {
	return ticketView{
		Code: v.Code, Number: v.Number, URL: v.URL, Version: v.Version, Status: v.Status, Kind: v.Kind, Channel: v.Channel,
		Priority: v.Priority, Agency: v.Agency, Received: v.Received, Updated: v.Updated, Due: v.Due, Promised: v.Promised,
	}
}

// meetsCitizens says whether the caller deals with citizens, so that it may know a name and a masked number.
func meetsCitizens(by ticketing.Actor) bool {
	switch by.Role {
	case ticketing.Operator, ticketing.Supervisor, ticketing.Officer, ticketing.Leader:
		return true
	case ticketing.Program:
		return by.Has(ticketing.ScopeAct)
	}
	return false
}

// view is one ticket with what the caller may do.
func (a *API) view(r *call, t ticketing.Ticket) (ticketView, error) {
	all, err := a.views(r, t)
	if err != nil {
		return ticketView{}, err
	}
	all[0].Allowed = slices.DeleteFunc(r.by.Allowed(t), func(v ticketing.Verb) bool { return !offered(v) })
	return all[0], nil
}

// views are tickets for a list.
func (a *API) views(r *call, tickets ...ticketing.Ticket) ([]ticketView, error) {
	var cards map[ticketing.CitizenID]ticketing.Card
	if meetsCitizens(r.by) {
		var err error
		if cards, err = a.Desk.Cards(r.ctx, tickets...); err != nil {
			return nil, err
		}
	}
	out := make([]ticketView, len(tickets))
	for i, t := range tickets {
		files, err := a.filesOf(r, t)
		if err != nil {
			return nil, err
		}
		out[i] = a.shape(t, files, r.by.Scope().All)
		if c, ok := cards[t.Citizen]; ok && (c.Name != "" || c.Phone != "") {
			out[i].Citizen = &citizenView{Name: c.Name, Phone: c.Phone}
		}
	}
	return out, nil
}

// shape copies what is given out. Codes of other tickets go only to those who may know of all: a code opens the
// citizen's page.
func (a *API) shape(t ticketing.Ticket, files []ticketing.File, everywhere bool) ticketView {
	v := ticketView{
		Code: t.Code, Number: t.Number(), URL: a.Desk.TrackURL(t.Code), Version: t.Version, Status: t.Status,
		Kind: t.Kind, Channel: t.Channel, Priority: cmp.Or(string(t.Priority), normal), Visibility: t.Visibility,
		Published: t.Published, Category: t.Category, Agency: t.Agency, Cooperating: t.Cooperating, Assignee: t.Assignee,
		Area: t.Area, Place: t.Place, Address: t.Address, Location: t.Location, Subject: t.Subject, Text: t.Text,
		External: t.External, Received: t.Received.UTC(), Updated: t.Updated.UTC(), Due: t.Due.UTC(),
		Promised: t.Promised.UTC(), StepDue: t.StepDue.UTC(), Ended: t.Ended.UTC(), Outcome: t.Outcome,
		Reason: t.Reason, Answer: t.Answer, Files: a.fileViews(t.Code, files),
	}
	v.Lang = t.Lang
	if everywhere {
		v.Into, v.Origin = t.Into, t.Origin
	}
	if t.Verdict != nil {
		v.Verdict = &verdictView{OK: t.Verdict.OK, Comment: t.Verdict.Comment, At: t.Verdict.At.UTC()}
	}
	return v
}

// normal is what programs call the priority that the desk leaves empty.
const normal = "normal"

func (a *API) fileViews(code ticketing.Code, files []ticketing.File) []fileView {
	if len(files) == 0 {
		return nil
	}
	out := make([]fileView, len(files))
	for i, f := range files {
		out[i] = fileView{ID: f.ID, Name: f.Name, Type: f.Type, Size: f.Size, URL: a.BaseURL + base + "/tickets/" + string(code) + "/files/" + f.ID}
	}
	return out
}

// filesOf are the ticket's files that the caller may open: those of internal notes belong to the writer's side.
func (a *API) filesOf(r *call, t ticketing.Ticket) ([]ticketing.File, error) {
	if len(t.Files) == 0 || r.by.Scope().Agency == "" || !r.by.Sees(t) {
		return t.Files, nil
	}
	seen, err := a.Desk.Timeline(r.ctx, r.by, t)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(t.Files), func(f ticketing.File) bool {
		return !slices.ContainsFunc(seen, func(e ticketing.Event) bool {
			return slices.ContainsFunc(e.Files, func(x ticketing.File) bool { return x.ID == f.ID })
		})
	}), nil
}

// code is the ticket's, from the address; people may write it with dashes and in small letters.
func (r *call) code() (ticketing.Code, error) {
	code, ok := text.ParseCode(r.Params("code"))
	if !ok {
		return "", &refusal{status: 404, key: "error.not_found"}
	}
	return ticketing.Code(code), nil
}

// here is the ticket of the address, if the caller may know of it.
func (a *API) here(r *call) (ticketing.Ticket, error) {
	code, err := r.code()
	if err != nil {
		return ticketing.Ticket{}, err
	}
	return a.Desk.Ticket(r.ctx, r.by, code)
}

// ticket answers GET /tickets/CODE.
func (a *API) ticket(r *call) error {
	if err := r.params().none(); err != nil {
		return err
	}
	t, err := a.here(r)
	if err != nil {
		return err
	}
	view, err := a.view(r, t)
	if err != nil {
		return err
	}
	return r.json(200, view)
}

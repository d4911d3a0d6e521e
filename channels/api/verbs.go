package api

import (
	"errors"
	"slices"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/plain"
)

// verb is one line of the table of verbs: which members its body may have besides version, and which it must.
type verb struct {
	verb   ticketing.Verb
	needs  []string
	may    []string
	rename map[string]string // the desk's name of a field → the body's
}

// verbs is what a program may do with a ticket. Reveal is not among them: a program needs nobody's number.
var verbs = []verb{
	{verb: ticketing.Claim, may: []string{"assignee"}},
	{verb: ticketing.Triage, may: []string{"kind", "category", "area", "priority", "visibility", "lang"}},
	{verb: ticketing.Route, needs: []string{"agency"}, may: []string{"reason", "cooperating"}},
	{verb: ticketing.AcceptIt},
	{verb: ticketing.Return, needs: []string{"reason"}, may: []string{"suggest"}},
	{verb: ticketing.Ask, needs: []string{"text"}},
	{verb: ticketing.Extend, needs: []string{"until", "reason"}},
	{verb: ticketing.ExtensionDecide, needs: []string{"ok"}, may: []string{"reason"}},
	{verb: ticketing.WriteDraft, needs: []string{"text", "outcome"}, may: []string{"reason", "files"}},
	{verb: ticketing.Approve},
	{verb: ticketing.RejectDraft, needs: []string{"reason"}},
	{verb: ticketing.AnswerIt, needs: []string{"text", "outcome"}, may: []string{"reason", "publish", "files"}},
	{verb: ticketing.Note, needs: []string{"text"}, may: []string{"files"}},
	{verb: ticketing.Message, needs: []string{"text"}, may: []string{"files"}},
	{verb: ticketing.Merge, needs: []string{"into"}},
	{verb: ticketing.Unmerge},
	{verb: ticketing.Split, needs: []string{"events"}},
	{verb: ticketing.GiveVerdict, needs: []string{"ok"}, may: []string{"comment"}, rename: map[string]string{"text": "comment"}},
	{verb: ticketing.Reopen, needs: []string{"reason"}},
	{verb: ticketing.Close, may: []string{"outcome", "reason"}},
	{verb: ticketing.Publish},
	{verb: ticketing.Unpublish, needs: []string{"reason"}},
}

// offered says whether the API has the verb.
func offered(v ticketing.Verb) bool {
	for _, known := range verbs {
		if known.verb == v {
			return true
		}
	}
	return false
}

// members are what the body of the verb may have.
func (v verb) members() fields {
	known := fields{"version": false}
	for _, f := range v.needs {
		known[f] = false
	}
	for _, f := range v.may {
		known[f] = false
	}
	return known
}

// deed is the body of any verb: all members there are. Which of them a verb takes is said by its line in the table.
type deed struct {
	Version     int                  `json:"version"`
	Text        string               `json:"text,omitempty"`
	Comment     string               `json:"comment,omitempty"`
	Reason      string               `json:"reason,omitempty"`
	Kind        ticketing.Kind       `json:"kind,omitempty"`
	Category    *string              `json:"category,omitempty"`
	Area        *string              `json:"area,omitempty"`
	Priority    *string              `json:"priority,omitempty"`
	Visibility  ticketing.Visibility `json:"visibility,omitempty"`
	Lang        string               `json:"lang,omitempty"`
	Agency      string               `json:"agency,omitempty"`
	Suggest     string               `json:"suggest,omitempty"`
	Cooperating []string             `json:"cooperating,omitempty"`
	Assignee    *string              `json:"assignee,omitempty"`
	Until       string               `json:"until,omitempty"`
	OK          *bool                `json:"ok,omitempty"`
	Outcome     ticketing.Outcome    `json:"outcome,omitempty"`
	Publish     bool                 `json:"publish,omitempty"`
	Into        ticketing.Code       `json:"into,omitempty"`
	Events      []int                `json:"events,omitempty"`
	Files       []string             `json:"files,omitempty"`
}

// lacks says that a needed member is missing or empty.
func (d *deed) lacks(field string) bool {
	switch field {
	case "text":
		return d.Text == ""
	case "reason":
		return d.Reason == ""
	case "agency":
		return d.Agency == ""
	case "until":
		return d.Until == ""
	case "ok":
		return d.OK == nil
	case "outcome":
		return d.Outcome == ""
	case "into":
		return d.Into == ""
	case "events":
		return len(d.Events) == 0
	}
	return false
}

// The most a list in a body may hold.
const mostListed = 100

// command checks the members and makes the desk's command, all but files and assignee, which need looking up.
func (d *deed) command(v verb) (ticketing.Command, error) {
	cmd := ticketing.Command{
		Verb: v.verb, Version: d.Version, Text: d.Text + d.Comment, Reason: d.Reason, Kind: d.Kind, Category: d.Category,
		Area: d.Area, Visibility: d.Visibility, Lang: d.Lang, Agency: d.Agency + d.Suggest, Cooperating: d.Cooperating,
		OK: d.OK != nil && *d.OK, Outcome: d.Outcome, Publish: d.Publish, Into: d.Into, Events: d.Events, Assignee: d.Assignee,
	}
	var faults []fault
	add := func(field, key string, args ...any) { faults = append(faults, fault{field, key, args}) }
	for _, field := range v.needs {
		if d.lacks(field) {
			add(field, "api.required")
		}
	}
	if d.Version < 0 {
		add("version", "api.type.integer")
	}
	if d.Until != "" {
		at, ok := instant(d.Until)
		if !ok {
			add("until", "api.time")
		}
		cmd.Until = at.Truncate(time.Millisecond)
	}
	if d.Priority != nil {
		p := ticketing.Priority(*d.Priority)
		if p == normal {
			p = ticketing.Normal
		}
		cmd.Priority = &p
	}
	if len(d.Cooperating) > mostListed {
		add("cooperating", "api.too_many_values", mostListed)
	}
	if len(d.Events) > mostListed {
		add("events", "api.too_many_values", mostListed)
	}
	if len(d.Files) > mostListed {
		add("files", "api.too_many_values", mostListed)
	}
	if len(faults) > 0 {
		return cmd, wrong(faults...)
	}
	return cmd, nil
}

// do carries out a verb: POST /tickets/CODE/VERB.
func (a *API) do(r *call, v verb) error {
	code, err := r.code()
	if err != nil {
		return err
	}
	if err := r.params().none(); err != nil {
		return err
	}
	var body deed
	if err := r.decode(&body, v.members()); err != nil {
		return err
	}
	cmd, err := body.command(v)
	if err != nil {
		return err
	}
	if cmd.Key, err = r.key(); err != nil {
		return err
	}
	if cmd.Key != "" {
		if cmd.Print, err = fingerprint("POST /tickets/"+string(code)+"/"+string(v.verb), body); err != nil {
			return err
		}
	}
	if err := a.lookUp(r, code, body, &cmd); err != nil {
		return err
	}
	found, sends, err := a.lookOver(r, code, cmd)
	if err != nil {
		return err
	}
	t, err := a.Desk.Do(r.ctx, r.by, code, cmd)
	if err != nil {
		return a.undone(r, v, t, err)
	}
	view, err := a.view(r, t)
	if err != nil {
		return err
	}
	view.Warnings = found
	if sends {
		if err := a.Desk.CountPlain(r.ctx, r.by, found); err != nil {
			a.Log.Warn("an answer was not counted", "err", err)
		}
	}
	if !r.by.Sees(t) { // given back: its words are no longer the caller's to read
		view = view.receipt()
	}
	return r.json(200, view)
}

// lookOver is what the plain-answer check says about an answer or a draft, and whether it is one that can be sent now. A
// program is told and not stopped; what it sends is counted like what people send.
func (a *API) lookOver(r *call, code ticketing.Code, cmd ticketing.Command) (found []plain.Finding, sends bool, err error) {
	if cmd.Verb != ticketing.AnswerIt && cmd.Verb != ticketing.WriteDraft {
		return nil, false, nil
	}
	t, err := a.Desk.Ticket(r.ctx, r.by, code)
	if err != nil {
		return nil, false, err
	}
	return a.Desk.LookOver(r.by, t, cmd), slices.Contains(r.by.Allowed(t), cmd.Verb), nil
}

// undone is the answer to a verb that was refused; a conflict carries the ticket as it stands.
func (a *API) undone(r *call, v verb, t ticketing.Ticket, err error) error {
	e := refusalOf(rename(err, v.rename))
	if e.status == 409 && t.Code != "" {
		view, fail := a.view(r, t)
		if fail != nil {
			return errors.Join(fail, err)
		}
		e.ticket = &view
	}
	if e.status >= 500 {
		return err
	}
	return rename(e, map[string]string{"idempotency_key": fieldKey})
}

// lookUp turns ids of files and accounts into what they name. Files must be the ticket's already: there is no door
// for new ones here. An assignee must be a person who can act.
func (a *API) lookUp(r *call, code ticketing.Code, body deed, cmd *ticketing.Command) error {
	if len(body.Files) > 0 {
		t, err := a.Desk.Ticket(r.ctx, r.by, code)
		if err != nil {
			return err
		}
		files, err := a.filesOf(r, t)
		if err != nil {
			return err
		}
		for _, id := range body.Files {
			f, ok := fileIn(files, id)
			if !ok {
				return wrong(fault{"files", "api.file", []any{id}})
			}
			cmd.Files = append(cmd.Files, f)
		}
	}
	if who := body.Assignee; who != nil && *who != "" && *who != r.by.ID {
		s, err := a.Accounts.Staff(r.ctx, *who)
		if err != nil && !errors.Is(err, ticketing.ErrNotFound) {
			return err
		}
		if err != nil || s.Off || s.Agency != r.by.Agency {
			return wrong(fault{"assignee", "api.assignee", []any{*who}})
		}
	}
	return nil
}

func fileIn(files []ticketing.File, id string) (ticketing.File, bool) {
	for _, f := range files {
		if f.ID == id {
			return f, true
		}
	}
	return ticketing.File{}, false
}

package phone

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// Screen is everything one person's page needs to show of the telephone: her own calls, and what all who answer share.
type Screen struct {
	Extension string      `json:"extension,omitempty"`
	State     AgentState  `json:"state,omitempty"`
	Reason    string      `json:"reason,omitempty"`
	Since     time.Time   `json:"since,omitzero"`
	Calls     []callView  `json:"calls"`
	Queues    []Queue     `json:"queues"`
	Missed    []bookView  `json:"missed"`
	People    []agentView `json:"people,omitempty"` // a supervisor's: who sits at the telephones
	Hearing   bool        `json:"hearing"`          // false: what is shown may be old, the exchange cannot be heard
}

// agentView is a person at a telephone as a supervisor sees her.
type agentView struct {
	Agent
	Stands string `json:"stands"` // in words
}

// Look is one look at what everybody's screens have in common.
type Look struct {
	c      *Channel
	book   []Callback
	people map[ticketing.CitizenID]ticketing.Person // of the book
}

// Look reads it.
func (c *Channel) Look(ctx context.Context) (*Look, error) {
	book, err := c.Callbacks(ctx)
	if err != nil {
		return nil, err
	}
	var ids []ticketing.CitizenID
	for _, b := range book {
		ids = append(ids, b.Citizen)
	}
	people, err := c.Desk.Vault.People(ctx, ids)
	return &Look{c, book, people}, err
}

// Screen is the person's. Whose telephone it is the channel knows by itself; nothing her page says counts. An *Error
// of class Forbidden: the telephone is not her work.
func (l *Look) Screen(ctx context.Context, who ticketing.Actor, lang string) (Screen, error) {
	if err := callsBack(who); err != nil {
		return Screen{}, err
	}
	c := l.c
	out := c.seatOf(who, lang)
	calls := c.Calls(who.ID)
	var ids []ticketing.CitizenID
	for _, v := range calls {
		ids = append(ids, v.Citizen)
	}
	people, err := c.Desk.Vault.People(ctx, ids)
	if err != nil {
		return Screen{}, err
	}
	for _, v := range calls {
		one := callView{View: v}
		if v.Citizen != "" {
			known := cardOf(people[v.Citizen])
			one.Card = &known
			if one.Tickets, err = c.openOf(ctx, who, v.Citizen, lang); err != nil {
				return Screen{}, err
			}
		}
		if i := slices.IndexFunc(l.book, func(b Callback) bool { return b.Citizen == v.Citizen }); i >= 0 && v.Citizen != "" {
			one.Missed = l.book[i].Times
		}
		out.Calls = append(out.Calls, one)
	}
	for _, b := range l.book {
		out.Missed = append(out.Missed, c.bookView(b, l.people[b.Citizen], lang))
	}
	return out, nil
}

// seatOf is the person's telephone and what she does, with the queues; no call yet.
func (c *Channel) seatOf(who ticketing.Actor, lang string) Screen {
	out := Screen{Calls: []callView{}, Queues: c.Queues(), Missed: []bookView{}}
	for _, a := range c.Agents() {
		if a.Staff == who.ID {
			out.State, out.Reason, out.Since = a.State, a.Reason, a.Since
		}
		if who.Role == ticketing.Supervisor && a.Staff != "" {
			out.People = append(out.People, agentView{a, a.stands(lang)})
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	out.Hearing = !c.Dials() || c.conn != nil
	out.Extension = c.extensionFor(who.ID)
	return out
}

// stands is the state in words, with the reason of a break.
func (a Agent) stands(lang string) string {
	said := words.T(lang, "phone.state."+string(a.State))
	if a.State != Break || a.Reason == "" {
		return said
	}
	if slices.Contains(Breaks, a.Reason) {
		return said + ": " + words.T(lang, "phone.break."+a.Reason)
	}
	return said + ": " + a.Reason
}

// showCalls answers a page that must ask.
func (c *Channel) showCalls(f *fiber.Ctx, who ticketing.Actor) error {
	look, err := c.Look(f.UserContext())
	if err != nil {
		return err
	}
	out, err := look.Screen(f.UserContext(), who, words.Lang(f.Get(fiber.HeaderAcceptLanguage)))
	if err != nil {
		return err
	}
	return f.JSON(out)
}

// changeState takes what a person says of herself.
func (c *Channel) changeState(f *fiber.Ctx, who ticketing.Actor) error {
	var in struct {
		State  AgentState `json:"state"`
		Reason string     `json:"reason"`
	}
	if err := json.Unmarshal(f.Body(), &in); err != nil {
		return &ticketing.Error{Class: ticketing.Invalid, Key: "phone.error.state"}
	}
	if err := c.SetState(f.UserContext(), who, in.State, in.Reason); err != nil {
		return err
	}
	return f.SendStatus(fiber.StatusNoContent)
}

// wrapUp takes what became of a call, and names the ticket that came of it.
func (c *Channel) wrapUp(f *fiber.Ctx, who ticketing.Actor) error {
	var in Wrap
	if err := json.Unmarshal(f.Body(), &in); err != nil {
		return &ticketing.Error{Class: ticketing.Invalid, Key: "phone.error.wrap"}
	}
	code, err := c.WrapUp(f.UserContext(), who, in, words.Lang(f.Get(fiber.HeaderAcceptLanguage)))
	if err != nil {
		return err
	}
	return f.JSON(fiber.Map{"ticket": cmp.Or(code, "")})
}

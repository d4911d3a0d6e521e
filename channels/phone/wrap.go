package phone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// The outcomes of a call.
const (
	AnsweredAtOnce = "answered" // a question, answered while she was on the line: a ticket that is closed at once
	TicketOpened   = "ticket"   // a ticket was taken in or written to
)

// Outcomes are what may become of a call, in the order in which they are offered; phone.outcome.NAME says them.
var Outcomes = []string{AnsweredAtOnce, TicketOpened, "wrong_number", "silent", "dropped", "nuisance"}

// Wrap is what the person who took a call says of it when it is over.
type Wrap struct {
	Call     string         `json:"call"`
	Outcome  string         `json:"outcome"`
	Category string         `json:"category"`
	Note     string         `json:"note"`
	Ticket   ticketing.Code `json:"ticket"` // where the outcome is TicketOpened and the call names none yet
}

const maxNote = 2000

// WrapUp notes what became of a call of the person's own, and ends her work after it. Of a question answered at once
// it makes a ticket with its answer, closed; the note is her words for both. Where a ticket came of the call the note
// goes to that. The code is the ticket's. A repeat changes nothing.
func (c *Channel) WrapUp(ctx context.Context, actor ticketing.Actor, w Wrap, lang string) (ticketing.Code, error) {
	if err := callsBack(actor); err != nil {
		return "", err
	}
	w.Note = text.NFC(strings.TrimSpace(w.Note))
	if !slices.Contains(Outcomes, w.Outcome) {
		return "", &ticketing.Error{Class: ticketing.Invalid, Field: "outcome", Key: "phone.error.outcome"}
	}
	if len([]rune(w.Note)) > maxNote {
		return "", &ticketing.Error{Class: ticketing.Invalid, Field: "note", Key: "error.too_long", Args: []any{maxNote}}
	}
	if one, ok := c.Desk.Catalog.Current().Categories[w.Category]; w.Category != "" && (!ok || one.Off) {
		return "", &ticketing.Error{Class: ticketing.Invalid, Field: "category", Key: "error.category", Args: []any{w.Category}}
	}
	t, call, err := c.own(ctx, actor, w.Call)
	if err != nil {
		return "", err
	}
	if said := t.outcomeOf(c, actor); said != "" && said != w.Outcome {
		return "", &ticketing.Error{Class: ticketing.Conflict, Key: "phone.error.wrapped"}
	}
	var code ticketing.Code
	switch w.Outcome {
	case AnsweredAtOnce:
		code, err = c.answerAtOnce(ctx, actor, call, w, lang)
	case TicketOpened:
		code, err = c.noteOn(ctx, actor, call, w)
	}
	if err != nil {
		return "", err
	}
	if err := c.noteOutcome(ctx, t, actor, w, code); err != nil {
		return "", err
	}
	c.EndAfterCall(ctx, actor)
	return code, nil
}

// key makes a repeat harmless. Each person who had the call wraps it up for herself.
func (w Wrap) key(call Call, actor ticketing.Actor) string {
	return "phone:wrap:" + call.ID + ":" + actor.ID
}

func (t *track) outcomeOf(c *Channel, actor ticketing.Actor) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := t.hers(c.extensionFor(actor.ID), actor.ID); l != nil {
		return l.Outcome
	}
	return ""
}

// errNotHers says no more of a call that is somebody else's than of one that is none.
var errNotHers = &ticketing.Error{Class: ticketing.NotFound, Key: "phone.error.call"}

// own is the call at hand, if the person took it.
func (c *Channel) own(ctx context.Context, actor ticketing.Actor, id string) (*track, Call, error) {
	if id == "" || len(id) > 200 {
		return nil, Call{}, errNotHers
	}
	c.mu.Lock()
	_, known := c.calls[id]
	c.mu.Unlock()
	if !known { // do not begin one
		if _, err := c.Desk.Store.Get(ctx, kindCall, id); errors.Is(err, ticketing.ErrNotFound) {
			return nil, Call{}, errNotHers
		} else if err != nil {
			return nil, Call{}, fmt.Errorf("reading a call: %w", err)
		}
	}
	t, err := c.tracked(ctx, id)
	if err != nil {
		return nil, Call{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.hers(c.extensionFor(actor.ID), actor.ID) == nil {
		return nil, Call{}, errNotHers
	}
	t.touched = c.now()
	return t, t.call, nil
}

// noteOutcome writes the outcome down at the person's leg. Two processes that do agree, because the smaller word stays.
func (c *Channel) noteOutcome(ctx context.Context, t *track, actor ticketing.Actor, w Wrap, code ticketing.Code) error {
	c.mu.Lock()
	t.own()
	l := t.hers(c.extensionFor(actor.ID), actor.ID)
	if l == nil {
		c.mu.Unlock()
		return errNotHers
	}
	if l.Outcome == "" {
		l.Outcome, l.Topic = w.Outcome, w.Category
	}
	if code != "" && !slices.Contains(t.call.Tickets, code) && len(t.call.Tickets) < maxLinked {
		t.call.Tickets = append(slices.Clone(t.call.Tickets), code)
		slices.Sort(t.call.Tickets)
	}
	c.mu.Unlock()
	if err := c.save(ctx, t); err != nil {
		return err
	}
	return c.listOf(ctx, code, t.call.ID)
}

// answerAtOnce makes the ticket of a question that has its answer.
func (c *Channel) answerAtOnce(ctx context.Context, actor ticketing.Actor, call Call, w Wrap, lang string) (ticketing.Code, error) {
	question := words.T(lang, "phone.wrap.question")
	if w.Category != "" {
		question = words.T(lang, "phone.wrap.question_about", c.Desk.Catalog.Current().Categories[w.Category].Title(lang))
	}
	answer := w.Note
	if answer == "" {
		answer = words.T(lang, "phone.wrap.answer")
	}
	in := ticketing.Incoming{
		Key: w.key(call, actor), Channel: ticketing.Phone, Kind: ticketing.Question, Category: w.Category, Text: question,
		NoReceipt: true, Lang: "vi",
	}
	if call.Citizen != "" {
		p, _, err := c.Desk.Vault.Person(ctx, call.Citizen)
		if err != nil && !errors.Is(err, ticketing.ErrNotFound) {
			return "", fmt.Errorf("opening the vault: %w", err)
		}
		in.Phone, in.Name = p.Phone, p.Name
	}
	r, err := c.Desk.Receive(ctx, actor, in)
	if err != nil {
		return "", err
	}
	t := r.Ticket
	for _, step := range []ticketing.Command{
		{Verb: ticketing.AnswerIt, Text: answer, Outcome: ticketing.GaveAnswer},
		{Verb: ticketing.Close, Outcome: ticketing.GaveAnswer, Reason: words.T(lang, "phone.wrap.closed")},
	} {
		step.Key, step.Version = in.Key+":"+string(step.Verb), t.Version
		if t, err = c.Desk.Do(ctx, actor, t.Code, step); err != nil {
			return "", err
		}
	}
	return t.Code, nil
}

// noteOn puts the note to the ticket that came of the call.
func (c *Channel) noteOn(ctx context.Context, actor ticketing.Actor, call Call, w Wrap) (ticketing.Code, error) {
	code := w.Ticket
	if parsed, ok := text.ParseCode(string(code)); ok {
		code = ticketing.Code(parsed)
	}
	if code == "" && len(call.Tickets) > 0 {
		code = call.Tickets[len(call.Tickets)-1]
	}
	if code == "" {
		return "", &ticketing.Error{Class: ticketing.Invalid, Field: "ticket", Key: "phone.error.no_ticket"}
	}
	t, err := c.Desk.Ticket(ctx, actor, code)
	if err != nil || w.Note == "" {
		return t.Code, err
	}
	_, err = c.Desk.Do(ctx, actor, code, ticketing.Command{Verb: ticketing.Note, Version: t.Version, Text: w.Note, Key: w.key(call, actor) + ":note"})
	return t.Code, err
}

// kindOfTicket is the list of a ticket's calls; id: CODE/CALL; doc: true.
const kindOfTicket = "call_ticket"

func (c *Channel) listOf(ctx context.Context, code ticketing.Code, call string) error {
	if code == "" {
		return nil
	}
	err := c.Desk.Store.Put(ctx, ticketing.Record{
		Kind: kindOfTicket, ID: string(code) + "/" + call, Version: 1, At: c.now(), By: by, Doc: json.RawMessage("true"),
	})
	if err != nil && !errors.Is(err, ticketing.ErrConflict) {
		return fmt.Errorf("listing a ticket's call: %w", err)
	}
	return nil
}

// Link notes that a ticket came of a call of the person's own, while it lasts or after it.
func (c *Channel) Link(ctx context.Context, actor ticketing.Actor, call string, code ticketing.Code) error {
	t, _, err := c.own(ctx, actor, call)
	if err != nil {
		return err
	}
	if _, err := c.Desk.Ticket(ctx, actor, code); err != nil {
		return err
	}
	return c.noteOutcome(ctx, t, actor, Wrap{}, code)
}

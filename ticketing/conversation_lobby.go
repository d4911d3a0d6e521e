package ticketing

import (
	"context"
	"errors"
	"time"

	"hotline1022/ticketing/words"
)

// Lobby is the kind of the journal of what is said outside any matter: greetings, menus, codes looked up. A person has
// one on a channel each month. It is no ticket for anybody: nobody's scope holds it, it was received on no day that a
// report asks for, and it ends where it begins. What it gives is what every event has: what is in it happens once,
// whatever is repeated, and what it answers is sent by the courier.
const Lobby Kind = "lobby"

// beginning of time: the day a lobby was received, so that figures, which are cut by days, count none.
var beginning = time.Unix(0, 0).UTC()

// lobby is the code of the person's lobby on the channel in that month.
func (v *Vault) lobby(id CitizenID, ch Channel, at time.Time) Code {
	return v.code("lobby", string(id), string(ch), at.In(Zone).Format("2006-01"))
}

const (
	mostReplies   = 20 // by itself the hotline answers not more than so many within
	repliesWithin = 10 * time.Minute
	choiceLasts   = 24 * time.Hour
)

// chat answers what is no matter.
func (d *Desk) chat(ctx context.Context, by Actor, in Incoming, citizen CitizenID, a reply, vault []Record) (Receipt, error) {
	code := d.Vault.lobby(citizen, in.Channel, d.now())
	for range 100 {
		t, err := d.Store.Ticket(ctx, code)
		if errors.Is(err, ErrNotFound) {
			t, err = Ticket{Code: code}, nil
		}
		if err != nil {
			return Receipt{}, storeError("reading the lobby", err)
		}
		e := d.event(t, by, Chatted)
		e.Key, e.Print, e.Channel, e.Citizen = in.Key, in.Print, in.Channel, citizen
		e.Text, e.Rule, e.Field, e.Out = in.shown(), a.rule, a.field, a.out
		mute, err := d.enough(ctx, t, e)
		if err != nil {
			return Receipt{}, err
		}
		if mute {
			e.Out = nil
		}
		after, err := t.Apply(e)
		if err != nil {
			return Receipt{}, orderError(err)
		}
		stored, err := d.Store.Append(ctx, e, after, vault...)
		switch {
		case errors.Is(err, ErrDuplicate):
			return d.repeated(ctx, stored, in)
		case errors.Is(err, ErrConflict):
			continue
		case err != nil:
			return Receipt{}, storeError("storing the message", err)
		}
		return Receipt{Ticket: after, Event: stored}, nil
	}
	return Receipt{}, &Error{Class: Busy, Key: "error.busy"}
}

// enough says that the reply is kept back: two machines that greet each other must come to an end, and who tries codes
// is told once to wait.
func (d *Desk) enough(ctx context.Context, t Ticket, e Event) (bool, error) {
	if t.Version == 0 {
		return false, nil
	}
	events, err := d.Store.Timeline(ctx, t.Code, max(0, t.Version-4*mostReplies))
	if err != nil {
		return false, storeError("reading the lobby", err)
	}
	replies, told := 0, false
	for _, one := range events {
		if one.Kind != Chatted || e.At.Sub(one.At) > repliesWithin {
			continue
		}
		told = one.Field == string(tooManyTrys)
		if one.Out != nil {
			replies++
		}
	}
	return replies >= mostReplies || told && e.Field == string(tooManyTrys), nil
}

// lately is what was said in the person's lobby, of this month or of the one that has just ended.
func (d *Desk) lately(ctx context.Context, citizen CitizenID, ch Channel) ([]Event, error) {
	code := d.Vault.lobby(citizen, ch, d.now())
	events, err := d.Store.Timeline(ctx, code, 0)
	if before := d.Vault.lobby(citizen, ch, d.now().Add(-choiceLasts)); err == nil && len(events) == 0 && before != code {
		events, err = d.Store.Timeline(ctx, before, 0)
	}
	return events, storeError("reading the lobby", err)
}

// InLobby is what the person and the hotline have said to each other on the channel outside any matter, this month or in
// the one that has just ended: for a door that shows its conversation itself. ErrNotFound: nothing.
func (d *Desk) InLobby(ctx context.Context, citizen CitizenID, ch Channel) (Ticket, []Event, error) {
	events, err := d.lately(ctx, citizen, ch)
	if err != nil {
		return Ticket{}, nil, err
	}
	if len(events) == 0 {
		return Ticket{}, nil, ErrNotFound
	}
	t, err := d.Store.Ticket(ctx, events[0].Ticket)
	return t, events, storeError("reading the lobby", err)
}

// chosen is what she chose from the menu last, if that was the last thing she did outside a ticket.
func (d *Desk) chosen(ctx context.Context, citizen CitizenID, ch Channel) (Does, error) {
	events, err := d.lately(ctx, citizen, ch)
	for i := len(events) - 1; i >= 0; i-- {
		if e := events[i]; e.Kind == Chatted {
			if d.now().Sub(e.At) < choiceLasts {
				return Does(e.Field), err
			}
			break
		}
	}
	return "", err
}

// picked is the choice whose number she typed, on a door without buttons: of the choices offered in what was said
// last, by us or by her, in the lobby or in the ticket.
func (d *Desk) picked(ctx context.Context, citizen CitizenID, ch Channel, ticket Code, n int) (sense, error) {
	events, err := d.lately(ctx, citizen, ch)
	if err != nil {
		return sense{}, err
	}
	if ticket != "" {
		more, err := d.Store.Timeline(ctx, ticket, 0)
		if err != nil {
			return sense{}, storeError("reading the timeline", err)
		}
		events = append(events, more...)
	}
	var last Event
	for _, e := range events {
		if (e.Out != nil || e.Kind == Received || e.Kind == Said || e.Kind == Chatted) && !e.At.Before(last.At) {
			last = e
		}
	}
	if last.Out == nil || n > len(last.Out.Choices) || d.now().Sub(last.At) > choiceLasts {
		return sense{}, nil
	}
	return senseOf(last.Out.Choices[n-1].Data), nil
}

func say(lang, key string, args ...any) *Outgoing {
	return &Outgoing{Text: words.T(lang, key, args...)}
}

// greeting is the menu.
func greeting(lang string) *Outgoing {
	out := say(lang, "chat.hello", words.T(lang, "hotline.name"))
	for _, does := range []Does{choosesReport, choosesProcedure, choosesCode, choosesPerson} {
		out.Choices = append(out.Choices, button(lang, does))
	}
	return out
}

// chat adds what was said to the lobby; the first makes it.
func (t Ticket) chat(e Event) Ticket {
	if e.N > 1 {
		return t
	}
	return Ticket{
		Code: e.Ticket, First: e.Seq, Version: e.N, Loud: e.N, Status: Closed, Kind: Lobby, Visibility: Private, Text: e.Text,
		Channel: e.Channel, Citizen: e.Citizen,
		Received: beginning, Updated: e.At, Since: e.At, Ended: e.At, Finished: e.At, Sending: t.Sending,
	}
}

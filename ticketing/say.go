package ticketing

import (
	"context"
	"errors"
	"slices"
	"unicode/utf8"

	"hotline1022/ticketing/text"
)

// What a citizen does by the code she holds. The code is the key: whoever knows it may follow the ticket; whether she
// may also read the words in it is for the door to ask (the last four digits of the number).

var byCode = Actor{Role: Citizen}

// Held is the ticket for who holds its code, with what happened to it as far as that is for the citizen.
func (d *Desk) Held(ctx context.Context, code Code) (Ticket, []Event, error) {
	t, err := d.Store.Ticket(ctx, code)
	if err != nil {
		return Ticket{}, nil, storeError("reading the ticket", err)
	}
	if t.Kind == Lobby {
		return Ticket{}, nil, notFound()
	}
	events, err := d.Store.Timeline(ctx, code, 0)
	if err != nil {
		return Ticket{}, nil, storeError("reading the timeline", err)
	}
	return t, slices.DeleteFunc(events, func(e Event) bool { return !byCode.SeesEvent(t, e) }), nil
}

// Say adds the citizen's further words to her ticket, whatever door it came in by. If it waits for them the clock
// runs on. A repeat with the same key is answered with what is there.
func (d *Desk) Say(ctx context.Context, code Code, key, words string, files []File) (Ticket, error) {
	in := Incoming{Key: key, Channel: Web, Text: text.NFC(words), Files: files}
	switch {
	case in.Text == "" && len(files) == 0:
		return Ticket{}, invalid("text", "error.text_empty")
	case utf8.RuneCountInString(in.Text) > maxText:
		return Ticket{}, invalid("text", "error.too_long", maxText)
	case len(files) > maxFiles:
		return Ticket{}, invalid("files", "error.too_many_files", maxFiles)
	}
	if key != "" {
		if e, err := d.Store.ByKey(ctx, key); err == nil {
			r, err := d.repeated(ctx, e, in)
			return r.Ticket, err
		} else if !errors.Is(err, ErrNotFound) {
			return Ticket{}, storeError("looking for a repeat", err)
		}
	}
	return d.heldTry(ctx, code, func(t Ticket) (Ticket, error) {
		r, err := d.join(ctx, byCode, in, t, reply{}, nil)
		return r.Ticket, err
	})
}

// Judge is the citizen's verdict on the answer; a bad one opens the ticket again.
func (d *Desk) Judge(ctx context.Context, code Code, good bool, comment string) (Ticket, error) {
	return d.heldTry(ctx, code, func(t Ticket) (Ticket, error) {
		e, err := d.command(ctx, byCode, t, Command{Verb: GiveVerdict, OK: good, Text: comment})
		if err != nil {
			return t, err
		}
		after, err := t.Apply(e)
		if err != nil {
			return t, orderError(err)
		}
		_, err = d.Store.Append(ctx, e, after)
		if errors.Is(err, ErrConflict) {
			return t, err
		}
		return after, storeError("storing the verdict", err)
	})
}

// heldTry does it on the ticket as it stands, again if somebody else was quicker.
func (d *Desk) heldTry(ctx context.Context, code Code, do func(Ticket) (Ticket, error)) (Ticket, error) {
	const tries = 8
	for range tries {
		t, err := d.Store.Ticket(ctx, code)
		if err != nil {
			return Ticket{}, storeError("reading the ticket", err)
		}
		if t, err = do(t); !errors.Is(err, ErrConflict) {
			return t, err
		}
	}
	return Ticket{}, &Error{Class: Conflict, Key: "error.conflict"}
}

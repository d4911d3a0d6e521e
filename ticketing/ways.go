package ticketing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// carries says that the process has a way out by the channel.
func (d *Desk) carries(ch Channel) bool { return d.Carries != nil && d.Carries(ch) }

// answers says that messages go out by the channel to who came in by it.
func (d *Desk) answers(ch Channel) bool { return ch.Conversation() || ch == Email && d.carries(ch) }

// out is the message to the citizen, in the words around it that her door needs; nil where the door is a page she
// looks at and nothing else reaches her, or nobody is there.
func (d *Desk) out(ctx context.Context, t Ticket, v Verb, body string, files []File) (*Outgoing, error) {
	door, err := d.way(ctx, t, v)
	if err != nil || door == "" {
		return nil, err
	}
	switch v {
	case AnswerIt:
		body = words.T(words.Vietnamese, "send.answer", text.ShowCode(string(t.Code)), body, d.TrackURL(t.Code))
	case Ask:
		body = words.T(words.Vietnamese, "send.ask", text.ShowCode(string(t.Code)), body)
	}
	o := &Outgoing{Text: body, Files: files}
	if door != t.Channel || door == Phone {
		o.Channel = door
	}
	return o, nil
}

// way is the channel a message to the ticket's citizen goes out on: the one she came in by, else her e-mail, else a
// notice to her number, else a call that a person must make (Phone); "" if there is none.
//
// Who called is called back with the answer of an agency and with a question: what an operator answers at once she has
// been told already. Whoever used a page looks at the page.
func (d *Desk) way(ctx context.Context, t Ticket, v Verb) (Channel, error) {
	switch {
	case t.Citizen == "" || t.Channel == Import:
		return "", nil
	case d.answers(t.Channel):
		return t.Channel, nil
	}
	p, err := d.Vault.Whole(ctx, t.Citizen)
	switch {
	case errors.Is(err, ErrNotFound):
		return "", nil
	case err != nil:
		return "", storeError("reading the vault", err)
	case p.Email != "" && d.carries(Email):
		return Email, nil
	case p.Phone == "" || v != AnswerIt && v != Ask || t.Channel == Phone && v == AnswerIt && t.Status == New:
		return "", nil
	case d.ByNumber != "" && d.carries(d.ByNumber):
		return d.ByNumber, nil
	case t.Channel == Phone:
		return Phone, nil
	}
	return "", nil
}

// into adds a message to the ticket it answers, as its door has proven. ok is false if it must open one: the ticket is
// not there, is not the sender's, or has ended.
func (d *Desk) into(ctx context.Context, by Actor, in Incoming, citizen CitizenID, vault []Record) (r Receipt, ok bool, err error) {
	if in.Key != "" {
		if e, err := d.Store.ByKey(ctx, in.Key); err == nil {
			r, err := d.repeated(ctx, e, in)
			return r, true, err
		} else if !errors.Is(err, ErrNotFound) {
			return Receipt{}, false, storeError("looking for a repeat", err)
		}
	}
	said := in
	said.Subject = "" // "Re: …" is the mail program's, and thanks are thanks under it
	s, err := d.sense(ctx, said, citizen)
	if err != nil {
		return Receipt{}, false, err
	}
	for range 1000 {
		t, err := d.Store.Ticket(ctx, in.Into)
		switch {
		case errors.Is(err, ErrNotFound):
			return Receipt{}, false, nil
		case err != nil:
			return Receipt{}, false, storeError("reading the ticket", err)
		case t.Kind == Lobby:
			return Receipt{}, false, nil
		}
		if own, err := d.theirs(ctx, t, in, citizen); err != nil || !own {
			return Receipt{}, false, err
		}
		thanks := s.does == Thanks || s.does == Assent
		if t.Status == Closed && !thanks {
			return Receipt{}, false, nil
		}
		var a reply
		if thanks {
			after, err := d.afterAnswer(ctx, t, s.does)
			if err != nil {
				return Receipt{}, false, err
			}
			if after {
				a.rule = s.rule
			} else if t.Status == Closed {
				return Receipt{}, false, nil
			}
		}
		r, err := d.join(ctx, by, in, t, a, vault)
		if errors.Is(err, ErrConflict) {
			continue
		}
		return r, true, err
	}
	return Receipt{}, false, fmt.Errorf("joining %s: %w", in.Into, ErrBusy)
}

// theirs says that the sender is the ticket's citizen: the same person in the vault, or who writes from the address
// that is kept of her (she came by another door, and answers what was mailed to her).
func (d *Desk) theirs(ctx context.Context, t Ticket, in Incoming, citizen CitizenID) (bool, error) {
	if citizen == "" || t.Citizen == "" {
		return false, nil
	}
	if t.Citizen == citizen {
		return true, nil
	}
	ids, err := d.Vault.Same(ctx, t.Citizen)
	if err != nil || slices.Contains(ids, citizen) {
		return err == nil, storeError("reading the vault", err)
	}
	if in.From.Channel != Email {
		return false, nil
	}
	p, err := d.Vault.Whole(ctx, t.Citizen)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && (strings.EqualFold(p.Email, in.From.ID) || strings.EqualFold(p.At[Email], in.From.ID)), storeError("reading the vault", err)
}

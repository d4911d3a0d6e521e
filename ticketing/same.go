package ticketing

import (
	"context"
	"errors"
	"slices"

	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// SamePerson says that the citizens of two tickets are one person (or, with other "", that this ticket's citizen is
// nobody else after all). Both tickets get an internal note with who said so and why: it is a thing said of people.
//
// other is a tracking code or a number as on the screen. Errors: Forbidden for all but the hotline's people, NotFound
// for what the actor may not know of, Invalid where a ticket has no citizen.
func (d *Desk) SamePerson(ctx context.Context, by Actor, code Code, other, reason string) error {
	if by.Role != Operator && by.Role != Supervisor {
		return forbidden("same.may_not")
	}
	t, err := d.Ticket(ctx, by, code)
	if err != nil {
		return err
	}
	if t.Citizen == "" || t.Kind == Lobby {
		return invalid("other", "same.nobody")
	}
	reason = text.NFC(reason)
	if other == "" {
		if err := d.Vault.Part(ctx, t.Citizen, by.ID); err != nil {
			return storeError("parting a person", err)
		}
		return d.noteSame(ctx, by, t.Code, "same.note_parted", "", reason)
	}
	o, err := d.Named(ctx, by, other)
	if err != nil {
		return err
	}
	if o.Citizen == "" || o.Kind == Lobby {
		return invalid("other", "same.nobody")
	}
	ids, err := d.Vault.Same(ctx, t.Citizen)
	if err != nil {
		return storeError("opening the vault", err)
	}
	if slices.Contains(ids, o.Citizen) {
		return nil // the same already
	}
	if err := d.Vault.Unite(ctx, t.Citizen, o.Citizen, by.ID); err != nil {
		return storeError("uniting a person", err)
	}
	return errors.Join(
		d.noteSame(ctx, by, t.Code, "same.note_united", o.Number(), reason),
		d.noteSame(ctx, by, o.Code, "same.note_united", t.Number(), reason),
	)
}

func (d *Desk) noteSame(ctx context.Context, by Actor, code Code, key, number, reason string) error {
	said := words.T(words.Vietnamese, key, number)
	err := d.appendTo(ctx, code, "", func(t Ticket) Event {
		e := d.event(t, by, Noted)
		e.Text, e.Reason = said, reason
		return e
	})
	return storeError("noting who is the same person", orderError(err))
}

// Named is the one ticket that a code or a number means. NotFound.
func (d *Desk) Named(ctx context.Context, by Actor, q string) (Ticket, error) {
	page, _, done, err := d.understand(ctx, by, q, Filter{})
	if err != nil {
		return Ticket{}, err
	}
	if !done || len(page.Tickets) != 1 {
		return Ticket{}, &Error{Class: Invalid, Field: "other", Key: "same.no_ticket"}
	}
	return page.Tickets[0], nil
}

// Portrait is who the ticket's citizen is, as far as the hotline knows.
type Portrait struct {
	Card   Card
	Linked bool     // she is known to have other doors
	Others []Ticket // hers by whichever door, the newest first
	Alike  []Ticket // of citizens who may be she, because they left the same number or address: the newest of each
}

// Portrait asks who the person is once, for all that hangs on it; of her other tickets it gives at most so many.
func (d *Desk) Portrait(ctx context.Context, by Actor, t Ticket, others int) (Portrait, error) {
	var out Portrait
	if t.Citizen == "" {
		return out, nil
	}
	ids, err := d.Vault.Same(ctx, t.Citizen)
	if err != nil {
		return out, storeError("opening the vault", err)
	}
	p, err := d.Vault.all(ctx, ids)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return out, storeError("opening the vault", err)
	}
	out.Card, out.Linked = p.Card(), len(ids) > 1
	page, err := d.List(ctx, by, Filter{Citizen: ids, Limit: others + 1})
	if err != nil {
		return out, err
	}
	out.Others = slices.DeleteFunc(page.Tickets, func(o Ticket) bool { return o.Code == t.Code })
	out.Others = out.Others[:min(others, len(out.Others))]
	if by.Role == Operator || by.Role == Supervisor {
		out.Alike, err = d.alike(ctx, by, p, ids)
	}
	return out, err
}

func (d *Desk) alike(ctx context.Context, by Actor, p Person, ids []CitizenID) (out []Ticket, err error) {
	var contacts []Contact
	if ph, err := text.ParsePhone(p.Phone); err == nil && p.Phone != "" {
		contacts = append(contacts, PhoneContact(ph))
	}
	if p.Email != "" {
		contacts = append(contacts, Contact{Channel: Email, ID: p.Email})
	}
	for _, c := range contacts {
		id, err := d.Vault.Identify(ctx, c)
		if err != nil {
			return nil, storeError("opening the vault", err)
		}
		if slices.Contains(ids, id) {
			continue
		}
		page, err := d.List(ctx, by, Filter{Citizen: []CitizenID{id}, Limit: 1})
		if err != nil {
			return nil, err
		}
		out = append(out, page.Tickets...)
	}
	return out, nil
}

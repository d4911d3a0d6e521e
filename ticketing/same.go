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

// Alike are tickets of other citizens who may be the same person as this one's, because they left the same number or
// address: the newest of each, at most three.
func (d *Desk) Alike(ctx context.Context, by Actor, t Ticket) ([]Ticket, error) {
	if t.Citizen == "" || by.Role != Operator && by.Role != Supervisor {
		return nil, nil
	}
	ids, err := d.Vault.Same(ctx, t.Citizen)
	if err != nil {
		return nil, storeError("opening the vault", err)
	}
	p, err := d.Vault.Whole(ctx, t.Citizen)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, storeError("opening the vault", err)
	}
	var contacts []Contact
	if ph, err := text.ParsePhone(p.Phone); err == nil && p.Phone != "" {
		contacts = append(contacts, PhoneContact(ph))
	}
	if p.Email != "" {
		contacts = append(contacts, Contact{Channel: Email, ID: p.Email})
	}
	var out []Ticket
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

// Others are the person's other tickets by whichever door, the newest first.
func (d *Desk) Others(ctx context.Context, by Actor, t Ticket, limit int) ([]Ticket, error) {
	if t.Citizen == "" {
		return nil, nil
	}
	ids, err := d.Vault.Same(ctx, t.Citizen)
	if err != nil {
		return nil, storeError("opening the vault", err)
	}
	page, err := d.List(ctx, by, Filter{Citizen: ids, Limit: limit + 1})
	if err != nil {
		return nil, err
	}
	others := slices.DeleteFunc(page.Tickets, func(o Ticket) bool { return o.Code == t.Code })
	return others[:min(limit, len(others))], nil
}

// Linked says that the ticket's citizen has been found to have other doors.
func (d *Desk) Linked(ctx context.Context, t Ticket) (bool, error) {
	if t.Citizen == "" {
		return false, nil
	}
	ids, err := d.Vault.Same(ctx, t.Citizen)
	return len(ids) > 1, storeError("opening the vault", err)
}

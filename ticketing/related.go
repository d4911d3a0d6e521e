package ticketing

import (
	"context"
	"fmt"
	"slices"
)

// mostRelated tickets one may have to do with.
const mostRelated = 20

// relate: the other ticket, by its code or number, must be one the actor may know of. The link is the hotline's own:
// neither the citizens nor the agencies of the two learn of each other.
func (d *Desk) relate(ctx context.Context, by Actor, t Ticket, cmd Command, e *Event) error {
	e.OK = cmd.Verb == Link
	if !e.OK && slices.Contains(t.Related, cmd.Into) { // also one that she may not see any more
		e.Into = cmd.Into
		return nil
	}
	other, err := d.Named(ctx, by, string(cmd.Into))
	switch {
	case err != nil && ClassOf(err) != Invalid:
		return err
	case err != nil, other.Code == t.Code, other.Kind == Lobby, e.OK == slices.Contains(t.Related, other.Code):
		return invalid("into", "error.link")
	case e.OK && max(len(t.Related), len(other.Related)) >= mostRelated:
		return invalid("into", "error.links", mostRelated)
	}
	e.Into = other.Code
	return nil
}

// related tells the other ticket of the link. What is told is not told back.
func (d *Desk) related(ctx context.Context, e Event) error {
	if e.By.Role == System {
		return nil
	}
	other, err := d.Store.Ticket(ctx, e.Into)
	if err != nil || slices.Contains(other.Related, e.Ticket) == e.OK {
		return err
	}
	return d.appendTo(ctx, e.Into, fmt.Sprintf("link:%s:%d", e.Ticket, e.N), func(t Ticket) Event {
		l := d.event(t, system, Linked)
		l.Into, l.OK = e.Ticket, e.OK
		return l
	})
}

// RelatedTo are the tickets the ticket has to do with, as far as the actor may know of them.
func (d *Desk) RelatedTo(ctx context.Context, by Actor, t Ticket) ([]Ticket, error) {
	if by.Scope().Agency != "" {
		return nil, nil
	}
	var out []Ticket
	for _, code := range t.Related {
		other, err := d.Ticket(ctx, by, code)
		if err != nil && ClassOf(err) == NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, other)
	}
	return out, nil
}

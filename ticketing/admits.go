package ticketing

import "slices"

// Admits says whether the filter lets the ticket through: all of it but Scope (Actor.Sees is stricter), Words and the
// page. For screens that hear of a change and must know whether it belongs into their list.
func (f Filter) Admits(t Ticket) bool {
	return anyOf(f.Status, t.Status) && anyOf(f.Kind, t.Kind) && anyOf(f.Channel, t.Channel) &&
		anyOf(f.Category, t.Category) && anyOf(f.Agency, t.Agency) && anyOf(f.Area, t.Area) &&
		anyOf(f.Outcome, t.Outcome) && anyOf(f.Citizen, t.Citizen) &&
		(f.Assignee == "" || f.Assignee == t.Assignee) && (!f.Nobody || t.Assignee == "") &&
		(f.From.IsZero() || !t.Received.Before(f.From)) && (f.To.IsZero() || t.Received.Before(f.To)) &&
		(f.DueBy.IsZero() || t.Status.Open() && !t.Due.IsZero() && t.Due.Before(f.DueBy)) &&
		(!f.Urgent || t.Priority == Urgent) && (!f.Unread || t.Unread > 0) &&
		(!f.Public || t.Public()) && (!f.Awake || t.Snoozed.IsZero()) && t.Returned >= f.Returned && len(t.Absorbed) >= f.Reports
}

func anyOf[T comparable](wanted []T, v T) bool { return len(wanted) == 0 || slices.Contains(wanted, v) }

package ui

import (
	"slices"

	"hotline1022/ticketing"
)

// undo is how an act just done is taken back: a verb with its fields, offered beside what was done instead of asking
// before. What a citizen has been told cannot be taken back, and neither can what has left the house.
type undo struct {
	Did, Verb ticketing.Verb
	Fields    []bulkField
}

// undoOf is nil for what cannot be taken back.
func undoOf(v *visit, before ticketing.Ticket, cmd ticketing.Command) *undo {
	u := &undo{Did: cmd.Verb, Verb: cmd.Verb}
	put := func(name, value string) { u.Fields = append(u.Fields, bulkField{name, value}) }
	switch cmd.Verb {
	case ticketing.Claim:
		if before.Assignee == "" {
			put("release", "1")
		} else {
			put("assignee", before.Assignee)
		}
	case ticketing.Snooze:
		if before.Snoozed.IsZero() {
			put("wake", "1")
		} else {
			put("until", before.Snoozed.In(ticketing.Zone).Format("2006-01-02T15:04"))
		}
	case ticketing.Tag:
		for _, tag := range cmd.Tags {
			if tag = ticketing.CleanTag(tag); tag != "" && !slices.Contains(before.Tags, tag) {
				put("untag", tag)
			}
		}
		for _, tag := range cmd.Untag {
			put("tags", tag)
		}
		if len(u.Fields) == 0 {
			return nil
		}
	case ticketing.Merge:
		u.Verb = ticketing.Unmerge
	case ticketing.Unmerge:
		u.Verb = ticketing.Merge
		put("into", string(before.Into))
	case ticketing.Link, ticketing.Unlink:
		if u.Verb = ticketing.Unlink; cmd.Verb == ticketing.Unlink {
			u.Verb = ticketing.Link
		}
		put("into", string(cmd.Into))
	case ticketing.Publish:
		u.Verb = ticketing.Unpublish
		put("reason", v.t("bulk.undone"))
	case ticketing.Close:
		u.Verb = ticketing.Reopen
		put("reason", v.t("bulk.undone"))
	default:
		return nil
	}
	return u
}

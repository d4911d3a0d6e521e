package ticketing

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hotline1022/ticketing/text"
)

const (
	mostTags    = 10
	longestTag  = 40
	mostSnoozed = 30 * 24 * time.Hour
)

// CleanTag is the tag as it is kept: lower case, single spaces. "" if nothing is left of it.
func CleanTag(s string) string {
	return strings.Join(strings.Fields(strings.ToLower(strings.TrimPrefix(strings.TrimSpace(text.NFC(s)), "#"))), " ")
}

// tag is the tags the ticket has afterwards, in the order they were given.
func tag(t Ticket, cmd Command, e *Event) error {
	tags := slices.Clone(t.Tags)
	for _, s := range cmd.Tags {
		s = CleanTag(s)
		if utf8.RuneCountInString(s) > longestTag || len(TagWord(s)) == len(tagMark+tagEnd) {
			return invalid("tags", "error.tag", longestTag)
		}
		if !slices.Contains(tags, s) {
			tags = append(tags, s)
		}
	}
	for _, s := range cmd.Untag {
		tags = slices.DeleteFunc(tags, func(have string) bool { return have == CleanTag(s) })
	}
	if len(tags) > mostTags {
		return invalid("tags", "error.tags", mostTags)
	}
	e.Tags = tags
	return nil
}

// tagMark leads a tag's word, so that a search for what citizens write does not find the tag's tickets.
const tagMark, tagEnd = "zztag", "zz"

// TagWord is the word by which a search index knows a tag (Filter.Words): folded, in one piece, and with an end, as the
// last word of a search may be unfinished.
func TagWord(tag string) string { return tagMark + strings.Join(text.Words(tag), "") + tagEnd }

func (t Ticket) tagWords() string {
	var b strings.Builder
	for _, s := range t.Tags {
		b.WriteString(TagWord(s))
		b.WriteByte('\n')
	}
	return b.String()
}

// snooze: nothing is put aside past the date it is owed by, or it would be late unseen.
func (d *Desk) snooze(t Ticket, cmd Command, e *Event) error {
	e.Until = cmd.Until.UTC().Truncate(time.Millisecond)
	if cmd.Until.IsZero() {
		e.Until = time.Time{}
		return nil
	}
	switch {
	case !e.Until.After(e.At):
		return invalid("until", "error.snooze_past")
	case !t.Due.IsZero() && e.Until.After(t.Due):
		return invalid("until", "error.snooze_due")
	case e.Until.After(e.At.Add(mostSnoozed)):
		return invalid("until", "error.snooze_far")
	}
	return nil
}

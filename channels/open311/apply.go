package open311

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// told is what another system says of a ticket's progress.
type told struct {
	key    string // makes a repeat harmless
	print  string // and tells a repeat from another update under the same key
	status string // as it came
	text   string
}

// meaning is what a status asks of the desk.
type meaning int

const (
	nothing   meaning = iota // it is noted, and moves nothing
	underWay                 // the agency has taken it
	fixed                    // the agency says it is done
	refused                  // the agency will not do it
	notTheirs                // it is not the agency's
)

// meanings are the status words, read as FixMyStreet reads them: small letters, blanks for lines below. A word that is
// not here moves nothing.
var meanings = map[string]meaning{
	"investigating": underWay, "in progress": underWay, "action scheduled": underWay,
	"fixed": fixed, "closed": fixed, "no further action": refused, "not councils responsibility": notTheirs,
}

func meaningOf(status string) meaning {
	return meanings[strings.ToLower(strings.ReplaceAll(status, "_", " "))]
}

// apply does with the desk's verbs what another system says, as an officer of its agency would. Where a verb may not
// follow, or a person has begun an answer of her own, it becomes a note. Nothing goes to the citizen by itself: what
// ends a matter is a draft that the agency's leader approves and the hotline sends.
//
// It gives the event that holds the words. Each event has a key made of the update's, so that a repeat, a crash in the
// middle and a second process change nothing. A repeat with other words is refused.
func apply(ctx context.Context, desk *ticketing.Desk, by ticketing.Actor, code ticketing.Code, u told) (n int, err error) {
	u.text = text.NFC(u.text)
	if n, err := repeated(ctx, desk, by, code, u); n > 0 || err != nil {
		return n, err
	}
	t, err := desk.Ticket(ctx, by, code)
	if err != nil {
		return 0, err
	}
	m := meaningOf(u.status)
	if (m == underWay || m == fixed || m == refused) && t.Status == ticketing.Routed {
		after, err := desk.Do(ctx, by, code, ticketing.Command{Verb: ticketing.AcceptIt, Key: u.key + ":accept", Print: u.print})
		if err == nil {
			t = after
		} else if !mayNot(err) {
			return 0, err
		}
	}
	cmd := command(by, t, m, u)
	if cmd.Verb == ticketing.Note && u.text == "" && m == underWay {
		return t.Version, nil // accepted, and there is nothing to say
	}
	after, err := desk.Do(ctx, by, code, cmd)
	if mayNot(err) && cmd.Verb != ticketing.Note {
		after, err = desk.Do(ctx, by, code, noted(u))
	}
	if err != nil {
		return 0, err
	}
	return after.Version, nil
}

// command is the verb for what was said.
func command(by ticketing.Actor, t ticketing.Ticket, m meaning, u told) ticketing.Command {
	theirs := t.Draft != nil && t.Draft.By != by.ID // a person's
	switch {
	case m == fixed && !theirs:
		say := cmp.Or(u.text, words.T(words.Vietnamese, "open311.in.done"))
		return ticketing.Command{Verb: ticketing.WriteDraft, Key: u.key + ":draft", Print: u.print, Text: say, Outcome: ticketing.Done}
	case m == refused && !theirs:
		say := cmp.Or(u.text, words.T(words.Vietnamese, "open311.in.cannot"))
		return ticketing.Command{Verb: ticketing.WriteDraft, Key: u.key + ":draft", Print: u.print, Text: say, Outcome: ticketing.Cannot, Reason: say}
	case m == notTheirs:
		say := cmp.Or(u.text, words.T(words.Vietnamese, "open311.in.not_ours"))
		return ticketing.Command{Verb: ticketing.Return, Key: u.key + ":return", Print: u.print, Reason: say}
	}
	return noted(u)
}

func noted(u told) ticketing.Command {
	say := words.T(words.Vietnamese, "open311.in.note", text.Truncate(u.status, 60), u.text)
	return ticketing.Command{Verb: ticketing.Note, Key: u.key + ":note", Print: u.print, Text: say}
}

// repeated looks for what an earlier delivery of the update has written.
func repeated(ctx context.Context, desk *ticketing.Desk, by ticketing.Actor, code ticketing.Code, u told) (n int, err error) {
	for _, end := range []string{":draft", ":return", ":note"} {
		e, err := desk.Store.ByKey(ctx, u.key+end)
		switch {
		case errors.Is(err, ticketing.ErrNotFound):
		case err != nil:
			return 0, err
		case e.Ticket != code || e.By.ID != by.ID || e.Print != u.print:
			return 0, refuse(400, "open311.update_taken")
		default:
			return e.N, nil
		}
	}
	return 0, nil
}

// mayNot says that the desk refuses the verb as such, not the moment.
func mayNot(err error) bool {
	class := ticketing.ClassOf(err)
	return class == ticketing.Invalid || class == ticketing.Forbidden
}

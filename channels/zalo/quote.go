package zalo

import (
	"context"
	"errors"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// mostQuoted is how much of a message is shown where somebody replies to it, in characters.
const mostQuoted = 160

// quote is, in words, the message she replies to: ours or one of her own. Where we do not have it, it says so; it never
// fails, for what she says matters more.
func (c *Channel) quote(ctx context.Context, e event) string {
	id := string(e.Message.Quote)
	if id == "" {
		return ""
	}
	said := c.quoted(ctx, e.contact(), id)
	if said == "" {
		return words.T(words.Vietnamese, "zalo.said.quote_unknown")
	}
	return words.T(words.Vietnamese, "zalo.said.quote", text.Truncate(strings.Join(strings.Fields(said), " "), mostQuoted))
}

// quoted is the words of the message with that id, if it belongs to the person's own conversation.
func (c *Channel) quoted(ctx context.Context, contact, id string) string {
	if code, n, err := c.Desk.Sent(ctx, ticketing.Zalo, id); err == nil {
		events, err := c.Desk.Store.Timeline(ctx, code, n-1)
		if err != nil || len(events) == 0 || events[0].Out == nil || !c.hers(ctx, code, contact) {
			return ""
		}
		return events[0].Out.Text
	}
	said := "user_send_"
	if strings.HasPrefix(contact, anonymous) {
		said = "anonymous_send_"
	}
	for _, kind := range spokenKinds {
		e, err := c.Desk.Store.ByKey(ctx, c.messageKey(said+kind, id))
		switch {
		case errors.Is(err, ticketing.ErrNotFound):
			continue
		case err != nil || !c.hers(ctx, e.Ticket, contact):
			return ""
		}
		said := e.Text
		if first, rest, ok := strings.Cut(said, "\n"); ok && c.quotes(first) {
			said = rest // what she quoted herself
		}
		return said
	}
	return ""
}

// quotes says that a line is one that quote made.
func (c *Channel) quotes(line string) bool {
	before, after, _ := strings.Cut(words.T(words.Vietnamese, "zalo.said.quote", "\x00"), "\x00")
	return line == words.T(words.Vietnamese, "zalo.said.quote_unknown") || strings.HasPrefix(line, before) && strings.HasSuffix(line, after)
}

// hers says that the ticket is the person's.
func (c *Channel) hers(ctx context.Context, code ticketing.Code, contact string) bool {
	id, err := c.Desk.Vault.Identify(ctx, ticketing.Contact{Channel: ticketing.Zalo, ID: contact})
	if err != nil {
		return false
	}
	t, err := c.Desk.Store.Ticket(ctx, code)
	return err == nil && t.Citizen == id
}

// answers is the id of the citizen's message that a person's answer stands under: her last one before it. "" where
// there is none, or the program speaks.
func (c *Channel) answers(ctx context.Context, m ticketing.Outbound) string {
	if !m.Human {
		return ""
	}
	events, err := c.Desk.Store.Timeline(ctx, m.Ticket, 0)
	if err != nil {
		return "" // it goes without
	}
	for i := min(m.N, len(events)) - 1; i >= 0; i-- {
		if id := c.messageID(events[i].Key); id != "" {
			return id
		}
	}
	return ""
}

// messageID is the platform's id in a key that messageKey made; "" for any other.
func (c *Channel) messageID(key string) string {
	rest, ok := strings.CutPrefix(key, strings.TrimSuffix(c.messageKey("user_send_", ""), ":"))
	parts := strings.Split(rest, ":")
	if !ok || len(parts) != 2 { // a third part: a piece of a long message, or a message without an id
		return ""
	}
	return parts[1]
}

package telegram

import (
	"context"
	"fmt"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// membership takes news of the bot's own place in a chat: a person blocked it or took it back, a group took it in.
func (c *Channel) membership(ctx context.Context, u update, m memberNow) error {
	before, after := m.Old.Status, m.New.Status
	print := fmt.Sprintf("%s:%s@%d", u.kind, after, m.Date.int())
	switch chat := m.Chat.v; {
	case chat.private() && after == "kicked":
		return c.done("blocked", c.note(ctx, u, chat, print, "telegram.note.blocked"))
	case chat.private() && before == "kicked":
		return c.done("unblocked", c.note(ctx, u, chat, print, "telegram.note.unblocked"))
	case chat.group() && (after == "member" || after == "administrator") && (before == "left" || before == "kicked"):
		return c.done("group", c.pointToPrivate(ctx, u, chat, print))
	}
	c.ignore(u.kind)
	return nil
}

// note tells the operators of the person's open ticket, if there is one: before they write an answer that cannot
// arrive.
func (c *Channel) note(ctx context.Context, u update, chat chat, print, key string) error {
	id, err := c.Desk.Vault.Identify(ctx, ticketing.Contact{Channel: ticketing.Telegram, ID: string(chat.ID)})
	if err != nil {
		return err
	}
	page, err := c.Desk.List(ctx, assistant, ticketing.Filter{
		Citizen: []ticketing.CitizenID{id}, Channel: []ticketing.Channel{ticketing.Telegram}, Status: ticketing.OpenStatuses, Limit: 1,
	})
	if err != nil || len(page.Tickets) == 0 {
		return err
	}
	_, err = c.Desk.Do(ctx, assistant, page.Tickets[0].Code, ticketing.Command{
		Verb: ticketing.Note, Text: words.T(words.Vietnamese, key), Key: u.key(), Print: print,
	})
	return err
}

// inGroup: others read along in a group, so nothing is taken in there. Who calls the bot by a command is told where to
// write instead; everything else is none of its business.
func (c *Channel) inGroup(ctx context.Context, u update, m message) error {
	cmd, ok := parseCommand(string(m.Text))
	if !ok || !cmd.meant(c.username()) || m.From.v.Bot {
		c.ignore("group")
		return nil
	}
	return c.done("group", c.pointToPrivate(ctx, u, m.Chat.v, m.print(u)))
}

func (c *Channel) pointToPrivate(ctx context.Context, u update, chat chat, print string) error {
	if !c.guards.group(chat.ID.int(), c.now()) {
		c.ignore("group")
		return nil
	}
	said := words.T(words.Vietnamese, "telegram.group.unnamed")
	if me := c.username(); me != "" {
		said = words.T(words.Vietnamese, "telegram.group", "https://t.me/"+strings.TrimPrefix(me, "@"))
	}
	return c.promise(ctx, u, print, reply{Chat: chat.ID.int(), Text: said})
}

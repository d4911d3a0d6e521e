package telegram

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// take does what an update asks for. Nil: it is durable, or there was nothing to do. What follows from it and may
// fail (an answer to a command) is an errand, stored before take returns.
func (c *Channel) take(ctx context.Context, u update) error {
	switch {
	case u.Message.is:
		return c.heard(ctx, u, u.Message.v)
	case u.Edited.is:
		return c.corrected(ctx, u, u.Edited.v)
	case u.Callback.is:
		return c.tapped(ctx, u, u.Callback.v)
	case u.Member.is:
		return c.membership(ctx, u, u.Member.v)
	}
	c.ignore(u.kind)
	return nil
}

func (c *Channel) ignore(what string) { c.health.count("ignored "+what, c.now()) }

func (c *Channel) done(what string, err error) error {
	if err == nil {
		c.health.count("taken "+what, c.now())
	}
	return err
}

// heard takes a message.
func (c *Channel) heard(ctx context.Context, u update, m message) error {
	kind := m.kind()
	switch chat := m.Chat.v; {
	case chat.group():
		return c.inGroup(ctx, u, m)
	case !chat.private() || m.From.v.Bot:
		c.ignore("chat")
		return nil
	case kind == "":
		c.ignore("silent message")
		return nil
	case kind == "contact" && m.Contact.v.own(m.From.v):
		return c.done("own number", c.ownNumber(ctx, u, m))
	}
	if cmd, ok := parseCommand(string(m.Text)); ok && cmd.known() {
		return c.done("command", c.command(ctx, u, m, cmd))
	}
	return c.done(kind, c.receive(ctx, m.incoming(u.key()), m.print(u)))
}

// corrected takes an edited message: what was said stays said, the correction is a further message. A live location
// that moves is an edit too, and no news.
func (c *Channel) corrected(ctx context.Context, u update, m message) error {
	if _, isCommand := parseCommand(string(m.Text)); !m.Chat.v.private() || m.From.v.Bot || isCommand || m.Text == "" && m.Caption == "" {
		c.ignore(u.kind)
		return nil
	}
	return c.done(u.kind, c.receive(ctx, m.correction(u.key()), m.print(u)))
}

// correction is an edited message for the desk.
func (m message) correction(key string) ticketing.Incoming {
	in := m.incoming(key)
	in.Text = said("corrected") + "\n" + in.Text
	in.Fetch = nil // the picture has come with the message, or the ticket says why not
	return in
}

func (u update) key() string { return fmt.Sprintf("telegram:update:%d", u.ID.int()) }

// print tells two updates of one number apart: Telegram begins anew with any number after a week of silence, and
// another bot has numbers of its own.
func (m message) print(u update) string {
	return fmt.Sprintf("%s:%s:%d@%d", u.kind, m.EditDate, m.ID.int(), m.Date.int())
}

// receive hands a citizen's message to the desk. A text longer than the desk takes is several messages, so that no
// word is lost.
func (c *Channel) receive(ctx context.Context, in ticketing.Incoming, print string) error {
	const most = 9000 // the desk's limit with a margin
	key := in.Key
	for i, part := range text.Split(text.NFC(in.Text), most) {
		one := in
		one.Text, one.Print = part, print
		if i > 0 {
			one.Key, one.Fetch, one.Location, one.Address = fmt.Sprintf("%s:%d", key, i+1), nil, nil, ""
		}
		r, err := c.Desk.Receive(ctx, by, one)
		if reused(err) { // another update has had this number: see print
			one.Key += ":" + print
			r, err = c.Desk.Receive(ctx, by, one)
		}
		if err != nil {
			return err
		}
		if r.Repeated {
			c.health.count("repeated", c.now())
		}
	}
	return nil
}

// reused says that the key is there, of another request.
func reused(err error) bool {
	var e *ticketing.Error
	return errors.As(err, &e) && e.Key == "error.key_reused"
}

// own says that the card is the sender's: Telegram's app sends it with the button, and nobody can forge user_id.
func (k contact) own(from user) bool { return k.User.int() != 0 && k.User.int() == from.ID.int() }

// ownNumber takes the number she shared to the vault. It is no message: no ticket comes of it.
func (c *Channel) ownNumber(ctx context.Context, u update, m message) error {
	number := string(m.Contact.v.Phone)
	if !strings.HasPrefix(number, "+") && !strings.HasPrefix(number, "0") {
		number = "+" + number // Telegram writes numbers with their country and now and then without the plus
	}
	answer := "telegram.phone.kept"
	ph, err := text.ParsePhone(number)
	if err != nil || ph.Short() {
		answer = "telegram.phone.unreadable"
	} else {
		kept, err := c.learn(ctx, string(m.Chat.v.ID), ticketing.Person{Name: m.From.v.name(), Phone: ph.E164(), Lang: words.Vietnamese})
		if err != nil {
			return err
		}
		if kept.Phone != ph.E164() {
			answer = "telegram.phone.another"
		}
	}
	return c.promise(ctx, u, m.print(u), reply{Chat: m.Chat.v.ID.int(), Text: words.T(words.Vietnamese, answer), Keyboard: noKeyboard})
}

// learn adds to what the vault knows of the person in the chat, and gives what it knows then.
func (c *Channel) learn(ctx context.Context, chat string, p ticketing.Person) (ticketing.Person, error) {
	at := ticketing.Contact{Channel: ticketing.Telegram, ID: chat}
	p.At = map[ticketing.Channel]string{ticketing.Telegram: chat}
	for {
		id, err := c.Desk.Vault.Identify(ctx, at)
		if err != nil {
			return p, err
		}
		r, fresh, err := c.Desk.Vault.Merge(ctx, id, p, by.ID)
		if err != nil {
			return p, err
		}
		if fresh {
			err = c.Desk.Store.Put(ctx, r)
		}
		switch {
		case errors.Is(err, ticketing.ErrConflict) && ctx.Err() == nil:
			continue
		case err != nil:
			return p, err
		}
		known, _, err := c.Desk.Vault.Person(ctx, id)
		return known, err
	}
}

// tapped takes a button pressed under one of our messages. Every query is answered, or her app shows a clock.
func (c *Channel) tapped(ctx context.Context, u update, q callback) error {
	m, from := q.Message.v, q.From.v
	answer := reply{Callback: string(q.ID)}
	print := "callback_query:" + string(q.ID)
	if m.Chat.is && !m.Chat.v.private() || from.ID.int() <= 0 {
		c.ignore("chat")
		return c.promise(ctx, u, print, answer)
	}
	if v, ok := parseVerdict(string(q.Data)); ok {
		return c.done("verdict", c.judge(ctx, u, q, v, print))
	}
	err := c.receive(ctx, q.incoming(u.key()), print)
	if err != nil && ticketing.ClassOf(err) != ticketing.Invalid {
		return err
	}
	if err == nil {
		answer.Toast = words.T(words.Vietnamese, "telegram.tapped")
	}
	return c.done("callback_query", errors.Join(err, c.promise(ctx, u, print, answer)))
}

// incoming is the pressed button for the desk.
func (q callback) incoming(key string) ticketing.Incoming {
	from := q.From.v
	return ticketing.Incoming{
		Key: key, Channel: ticketing.Telegram, Lang: words.Vietnamese, Name: from.name(), Choice: string(q.Data),
		From: ticketing.Contact{Channel: ticketing.Telegram, ID: string(from.ID)}, Text: q.label(),
	}
}

// label is what stood on the button.
func (q callback) label() string {
	for _, row := range q.Message.v.Markup.v.Inline {
		for _, b := range row {
			if b.Data == q.Data && text.NFC(string(b.Text)) != "" {
				return string(b.Text)
			}
		}
	}
	if s := text.NFC(string(q.Data)); s != "" {
		return s
	}
	return said("unknown")
}

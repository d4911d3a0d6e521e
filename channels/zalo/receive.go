package zalo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// take does what an event asks for. Nil: it is durable, or there was nothing to do.
func (c *Channel) take(ctx context.Context, e event) error {
	if oa := e.oa(); oa != "" && oa != c.OAID {
		c.health.count("other account", c.now()) // one app may serve several
		return nil
	}
	if _, ok := e.spoken(); ok {
		return c.hear(ctx, e)
	}
	switch e.Name {
	case "follow", "unfollow":
		return c.done(e, c.learn(ctx, e.user(), ticketing.Person{}))
	case "user_submit_info":
		return c.done(e, c.learn(ctx, e.user(), e.info()))
	case "user_received_message":
		return c.marks(ctx, e, ticketing.Arrived)
	case "user_seen_message":
		return c.marks(ctx, e, ticketing.Read)
	case "user_withdraw":
		return c.done(e, c.withdraw(ctx, e))
	case "permission_revoked":
		c.alarm("zalo.alarm.revoked")
	}
	c.health.count("ignored "+known(string(e.Name)), c.now())
	return nil
}

// known keeps strangers from filling the counters with names of their own.
func known(name string) string {
	for _, prefix := range []string{"oa_", "user_", "unfollow", "change_", "anonymous_", "permission_", "event_journey_", "create_group"} {
		if strings.HasPrefix(name, prefix) && len(name) < 60 {
			return name
		}
	}
	return "other"
}

func (c *Channel) done(e event, err error) error {
	if err == nil {
		c.health.count("taken "+string(e.Name), c.now())
	}
	return err
}

// hear hands a citizen's message to the desk. A text longer than the desk takes is several messages, so that no word
// is lost.
func (c *Channel) hear(ctx context.Context, e event) error {
	user := e.user()
	if user == "" {
		c.health.count("unreadable", c.now())
		c.Log.Error("a message names no sender", "event", e.Name)
		return nil
	}
	key, err := c.key(ctx, e)
	if err != nil {
		return err
	}
	if err := c.converse(ctx, e); err != nil {
		return err
	}
	in := e.incoming(key)
	in.Quote = c.quote(ctx, e)
	const most = 9000 // the desk's limit with a margin
	for i, part := range text.Split(in.Text, most) {
		one := in
		one.Text = part
		if i > 0 {
			one.Key, one.Fetch, one.Location, one.Quote = fmt.Sprintf("%s:%d", key, i+1), nil, nil, ""
		}
		r, err := c.Desk.Receive(ctx, by, one)
		if err != nil {
			return err
		}
		if r.Repeated {
			c.health.count("repeated", c.now())
		}
	}
	if !strings.HasPrefix(in.From.ID, anonymous) {
		select {
		case c.names <- user:
		default: // many at once: her next message asks again
		}
	}
	return c.done(e, nil)
}

// key makes a repeat harmless. The event's name belongs in it: one msg_id stands in several events. A person's id
// does not: keys are in the journal, so the vault's name for her stands there.
func (c *Channel) key(ctx context.Context, e event) (string, error) {
	if e.Message.ID != "" {
		return c.messageKey(string(e.Name), string(e.Message.ID)), nil
	}
	id, err := c.Desk.Vault.Identify(ctx, ticketing.Contact{Channel: ticketing.Zalo, ID: e.contact()})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("zalo_oa:%s:%s:%s:%s", c.OAID, e.Name, id, e.Timestamp), nil
}

func (c *Channel) messageKey(event, id string) string {
	return fmt.Sprintf("zalo_oa:%s:%s:%s", c.OAID, event, id)
}

// withdraw opens a ticket for a request of the person whose data it is (Luật Bảo vệ dữ liệu cá nhân 2025): two working
// days to answer. It never joins an open conversation, where nobody would see it.
func (c *Channel) withdraw(ctx context.Context, e event) error {
	key, err := c.key(ctx, e)
	if err != nil {
		return err
	}
	in := ticketing.Incoming{
		Key: key, Channel: ticketing.Zalo, Lang: words.Vietnamese, Apart: true,
		Kind: ticketing.Other, Priority: ticketing.Urgent,
		Subject: words.T(words.Vietnamese, "zalo.withdraw.subject"), Text: words.T(words.Vietnamese, "zalo.withdraw.text"),
	}
	if user := e.user(); user != "" {
		in.From = ticketing.Contact{Channel: ticketing.Zalo, ID: user}
	} else {
		in.Text += "\n" + words.T(words.Vietnamese, "zalo.withdraw.nobody", e.Timestamp)
	}
	_, err = c.Desk.Receive(ctx, by, in)
	return err
}

// info is what the person filled in on Zalo's form. There are two shapes of it.
func (e event) info() ticketing.Person {
	var in struct {
		Name     loose           `json:"name"`
		Phone    loose           `json:"phone"`
		Address  loose           `json:"address"`
		City     loose           `json:"city"`
		District loose           `json:"district"`
		Full     json.RawMessage `json:"full_address"`
	}
	var full struct {
		Address loose `json:"user_address"`
		Ward    loose `json:"user_ward"`
		City    loose `json:"user_city"`
	}
	_ = json.Unmarshal(e.Info, &in) // what cannot be read is not there
	_ = json.Unmarshal(in.Full, &full)
	p := person(string(in.Name), string(in.Phone))
	var parts []string
	for _, s := range []loose{in.Address, full.Address, full.Ward, in.District, full.City, in.City} {
		if s := text.NFC(string(s)); s != "" {
			parts = append(parts, s)
		}
	}
	p.Address = text.Truncate(strings.Join(parts, ", "), 300)
	return p
}

// person is somebody with the name and number, as far as they are any.
func person(name, number string) ticketing.Person {
	p := ticketing.Person{Name: text.Truncate(text.NFC(name), 120)}
	if strings.HasPrefix(number, "84") {
		number = "+" + number
	}
	if ph, err := text.ParsePhone(number); err == nil && !ph.Short() {
		p.Phone = ph.E164()
	}
	return p
}

// learn adds to what the vault knows of the person behind the Zalo id.
func (c *Channel) learn(ctx context.Context, user string, p ticketing.Person) error {
	if user == "" {
		return nil
	}
	contact := ticketing.Contact{Channel: ticketing.Zalo, ID: user}
	p.At = map[ticketing.Channel]string{ticketing.Zalo: user}
	for {
		id, err := c.Desk.Vault.Identify(ctx, contact)
		if err != nil {
			return err
		}
		r, fresh, err := c.Desk.Vault.Merge(ctx, id, p, by.ID)
		if err != nil || !fresh {
			return err
		}
		err = c.Desk.Store.Put(ctx, r)
		if !errors.Is(err, ticketing.ErrConflict) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

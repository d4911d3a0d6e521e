package facebook

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// mostNames bounds what a process remembers of whom it has asked for.
const mostNames = 10_000

// lookUpNames asks Facebook who the people are that wrote. It is a courtesy to operators: what is lost at a restart is
// asked again with the person's next message.
func (c *Channel) lookUpNames(ctx context.Context) error {
	asked := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case user := <-c.names:
			if asked[user] || c.hush() > 0 { // messages go first
				continue
			}
			if err := c.lookUp(ctx, user); err != nil {
				c.Log.Warn("a name could not be looked up", "err", err)
				continue
			}
			if len(asked) >= mostNames {
				clear(asked)
			}
			asked[user] = true
		}
	}
}

// lookUp learns one person's name, if it is not known. Nil: it is known now, or Facebook will not tell: for that the
// app needs a permission of its own, and even with it some people have no name
// (https://developers.facebook.com/docs/messenger-platform/identity/user-profile).
func (c *Channel) lookUp(ctx context.Context, user string) error {
	contact := ticketing.Contact{Channel: ticketing.Facebook, ID: user}
	id, err := c.Desk.Vault.Identify(ctx, contact)
	if err != nil {
		return err
	}
	if p, _, err := c.Desk.Vault.Person(ctx, id); err == nil && p.Name != "" || err != nil && !errors.Is(err, ticketing.ErrNotFound) {
		return err
	}
	var profile struct {
		First loose `json:"first_name"`
		Last  loose `json:"last_name"`
	}
	err = c.ask(ctx, request{method: http.MethodGet, path: "/" + url.PathEscape(user), query: url.Values{"fields": {"first_name,last_name"}}}, &profile)
	var api *apiError
	if errors.As(err, &api) {
		switch r, known := ruleFor(api); {
		case r.do == rate:
			c.rest(r.after)
			return err
		case known && r.do != retry:
			c.health.count("nameless", c.now())
			return nil
		}
	}
	if err != nil {
		return err
	}
	// Family name first, as it is said here.
	return c.learn(ctx, contact, text.Truncate(text.NFC(string(profile.Last)+" "+string(profile.First)), 120))
}

// learn adds the name to what the vault knows of the person.
func (c *Channel) learn(ctx context.Context, who ticketing.Contact, name string) error {
	if name == "" {
		return nil
	}
	p := ticketing.Person{Name: name, At: map[ticketing.Channel]string{ticketing.Facebook: who.ID}}
	for {
		id, err := c.Desk.Vault.Identify(ctx, who)
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

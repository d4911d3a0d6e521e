package zalo

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"hotline1022/ticketing"
)

// lookUpNames asks Zalo who the people are that wrote. It is a courtesy to operators: what is lost at a restart is
// asked again with the person's next message.
func (c *Channel) lookUpNames(ctx context.Context) error {
	asked := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case user := <-c.names:
			if asked[user] {
				continue
			}
			if err := c.lookUp(ctx, user); err != nil {
				c.Log.Warn("a name could not be looked up", "err", err)
				continue
			}
			if len(asked) > 10_000 {
				clear(asked)
			}
			asked[user] = true
		}
	}
}

// lookUp learns one person's name, if it is not known.
func (c *Channel) lookUp(ctx context.Context, user string) error {
	id, err := c.Desk.Vault.Identify(ctx, ticketing.Contact{Channel: ticketing.Zalo, ID: user})
	if err != nil {
		return err
	}
	if p, _, err := c.Desk.Vault.Person(ctx, id); err == nil && p.Name != "" || err != nil && !errors.Is(err, ticketing.ErrNotFound) {
		return err
	}
	var detail struct {
		Name   loose `json:"display_name"`
		Shared struct {
			Phone   loose `json:"phone"`
			Address loose `json:"address"`
		} `json:"shared_info"`
	}
	r := request{method: http.MethodGet, path: pathUser, query: url.Values{"data": {`{"user_id":` + strconv.Quote(user) + `}`}}}
	if err := c.call(ctx, r, &detail); err != nil {
		return err
	}
	p := person(string(detail.Name), string(detail.Shared.Phone))
	p.Address = string(detail.Shared.Address)
	return c.learn(ctx, user, p)
}

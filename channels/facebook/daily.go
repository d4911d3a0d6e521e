package facebook

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// How long records of what was sent are of use: a message is tried for about a day, and by a month after a private
// reply nobody waits for more under that comment.
const (
	keepSent    = 3 * day
	keepReplied = 30 * day
)

// daily counts followers and forgets what is of no more use; after a failure again in an hour.
func (c *Channel) daily(ctx context.Context) error {
	for {
		pause := day
		if err := errors.Join(c.countFollowers(ctx), c.forget(ctx)); err != nil && ctx.Err() == nil {
			c.Log.Warn("what is done daily was not done; it is tried again in an hour", "err", err)
			pause = time.Hour
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// countFollowers asks how many follow the page. It is also how a token that has died in silence is found out.
func (c *Channel) countFollowers(ctx context.Context) error {
	var page struct {
		Followers json.Number `json:"followers_count"`
		Fans      json.Number `json:"fan_count"` // likes: the older figure, where there is no other
	}
	err := c.ask(ctx, request{
		method: http.MethodGet, path: "/" + url.PathEscape(c.PageID), query: url.Values{"fields": {"name,followers_count,fan_count"}},
	}, &page)
	var api *apiError
	if errors.As(err, &api) {
		if r, _ := ruleFor(api); r.key == "facebook.code.token" {
			c.callPeople(api, r)
		}
	}
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(page.Followers.String())
	if err != nil {
		if n, err = strconv.Atoi(page.Fans.String()); err != nil {
			return errors.New("the answer does not say how many follow the page")
		}
	}
	c.health.mu.Lock()
	defer c.health.mu.Unlock()
	c.health.followers, c.health.counted = n, c.now()
	return nil
}

// forget erases records that are of no more use.
func (c *Channel) forget(ctx context.Context) error {
	for kind, keep := range map[string]time.Duration{kindSent: keepSent, kindReplied: keepReplied, kindPublic: keepPublic, kindThread: keepThread} {
		all, err := c.Desk.Store.All(ctx, kind, "")
		if err != nil {
			return err
		}
		for _, r := range all {
			if c.now().Sub(r.At) > keep {
				if err := c.Desk.Store.Erase(ctx, kind, r.ID, 0); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

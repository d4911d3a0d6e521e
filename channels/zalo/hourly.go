package zalo

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// hourly counts followers and forgets what is of no more use.
func (c *Channel) hourly(ctx context.Context) error {
	for {
		pause := time.Hour
		if err := errors.Join(c.countFollowers(ctx), c.forgetConversations(ctx)); err != nil && ctx.Err() == nil {
			c.Log.Warn("what is done hourly was not done; it is tried again in a minute", "err", err)
			pause = afterTrouble
		}
		if err := rest(ctx, pause); err != nil {
			return err
		}
	}
}

// countFollowers asks how many follow the Official Account.
func (c *Channel) countFollowers(ctx context.Context) error {
	var account struct {
		Followers loose `json:"num_follower"`
	}
	if err := c.call(ctx, request{method: http.MethodGet, path: pathAccount, gentle: true}, &account); err != nil {
		return err
	}
	n, err := strconv.Atoi(string(account.Followers))
	if err != nil || n < 0 {
		return errors.New("the answer does not say how many follow the account")
	}
	c.health.mu.Lock()
	defer c.health.mu.Unlock()
	c.health.followers, c.health.counted = n, c.now()
	return nil
}

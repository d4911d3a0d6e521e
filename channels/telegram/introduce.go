package telegram

import (
	"context"
	"errors"
	"time"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"hotline1022/ticketing"
)

// wanted are the updates asked for; channel posts, reactions and the rest are of no use here.
var wanted = []string{"message", "edited_message", "callback_query", "my_chat_member"}

const (
	lookAgain  = 10 * time.Minute // at the webhook, in case somebody moved it
	firstPause = time.Second
	lastPause  = 5 * time.Minute
	tooMany    = 100 // updates waiting at Telegram, which has something to be looked at
)

// introduce tells Telegram where updates go and what the bot's menu is, then looks now and then whether it is still
// so. Whatever fails is tried again: the hotline has other doors.
func (c *Channel) introduce(ctx context.Context) error {
	for pause := firstPause; ; {
		err := c.present(ctx)
		if err == nil {
			break
		}
		if ctx.Err() == nil {
			c.Log.Warn("the bot could not be introduced to Telegram yet", "err", err)
		}
		var later *ticketing.LaterError
		if errors.As(err, &later) {
			pause = max(pause, min(later.After, lastPause))
		}
		if err := rest(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, lastPause)
	}
	for {
		if err := rest(ctx, lookAgain); err != nil {
			return err
		}
		if c.Secret == "" {
			continue
		}
		if err := c.checkWebhook(ctx); err != nil && ctx.Err() == nil {
			c.Log.Warn("Telegram could not be asked about the webhook", "err", err)
		}
	}
}

// present says who we are, where updates go, and what can be asked.
func (c *Channel) present(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	me, err := c.bot.GetMe(ctx)
	if err = c.sort(0, err); err != nil {
		return err
	}
	c.meMu.Lock()
	c.me = me.Username
	c.meMu.Unlock()
	if c.Secret != "" {
		if err := c.setWebhook(ctx); err != nil {
			return err
		}
	}
	commands := make([]models.BotCommand, len(menu))
	for i, name := range menu {
		commands[i] = models.BotCommand{Command: name, Description: vi("telegram.menu." + name)}
	}
	_, err = c.bot.SetMyCommands(ctx, &bot.SetMyCommandsParams{Commands: commands})
	return c.sort(0, err)
}

// hook is the webhook's address.
func (c *Channel) hook() string { return c.Desk.BaseURL + "/webhooks/telegram" }

// setWebhook is safe to repeat, and by several processes. What waits at Telegram is kept.
func (c *Channel) setWebhook(ctx context.Context) error {
	_, err := c.bot.SetWebhook(ctx, &bot.SetWebhookParams{URL: c.hook(), SecretToken: c.Secret, AllowedUpdates: wanted})
	err = c.sort(0, err)
	if errors.Is(err, ticketing.ErrRefused) {
		c.alarm("telegram.alarm.webhook", c.hook(), err.Error())
	}
	if err == nil {
		c.allClear("telegram.alarm.webhook", "telegram.alarm.token")
	}
	return err
}

// checkWebhook asks whether updates still come to us, and sets the webhook again if they do not.
func (c *Channel) checkWebhook(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	info, err := c.bot.GetWebhookInfo(ctx)
	if err = c.sort(0, err); err != nil {
		return err
	}
	c.pendingIs(info.PendingUpdateCount)
	if info.PendingUpdateCount >= tooMany {
		c.alarm("telegram.alarm.waiting", info.PendingUpdateCount, c.hide(info.LastErrorMessage))
	} else {
		c.allClear("telegram.alarm.waiting")
	}
	if info.URL != c.hook() {
		return c.setWebhook(ctx)
	}
	return nil
}

package telegram

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

const (
	// enough is when we stop: nobody is told 200 after two seconds, and what is behind waits with it.
	enough  = 1500 * time.Millisecond
	maxBody = 256 << 10 // updates have a few kilobytes
	later   = "5"       // seconds; Telegram has pauses of its own, proxies may listen
)

// webhook takes one update: secret, parse, commit, 200. The library's own handler is not used: to a wrong secret it
// says 200, and it says 200 before anything is stored.
func (c *Channel) webhook(f *fiber.Ctx) error {
	if !c.On() || c.Secret == "" {
		return f.SendStatus(fiber.StatusNotFound)
	}
	if !same(f.Get("X-Telegram-Bot-Api-Secret-Token"), c.Secret) {
		c.health.count("unsigned", c.now())
		return f.SendStatus(fiber.StatusUnauthorized)
	}
	raw := bytes.Clone(f.BodyRaw())
	if len(raw) > maxBody {
		return f.SendStatus(fiber.StatusRequestEntityTooLarge)
	}
	ctx, cancel := context.WithDeadline(f.UserContext(), f.Context().Time().Add(enough))
	defer cancel()
	err := c.accept(ctx, raw)
	if late := ctx.Err(); late != nil {
		err = late // whatever became of it: the repeat is harmless
	}
	if err != nil {
		f.Set(fiber.HeaderRetryAfter, later)
		return f.SendStatus(fiber.StatusServiceUnavailable)
	}
	return f.SendStatus(fiber.StatusOK)
}

// accept takes one update in, however it came. An error asks for it again; nil says that it is durable, or that no
// repeat could help.
func (c *Channel) accept(ctx context.Context, raw []byte) error {
	u, err := parse(raw)
	if err != nil {
		c.health.count("unreadable", c.now())
		c.Log.Error("an update cannot be read", "err", err)
		return nil
	}
	err = c.take(ctx, u)
	switch {
	case err == nil:
		return nil
	case ticketing.ClassOf(err) == ticketing.Invalid:
		// What can never work would hold up every update behind it.
		c.health.count("refused", c.now())
		c.Log.Error("the desk refuses an update for good", "kind", u.kind, "err", err)
		return nil
	}
	c.health.count("put off", c.now())
	c.Log.Warn("an update could not be stored; it will come again", "kind", u.kind, "err", err)
	return err
}

// same compares in a time that says nothing, not even of the length.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

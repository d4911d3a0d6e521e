package zalo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

const (
	// enough is when we stop: Zalo waits 2 s, and a 200 after that is a message Zalo takes for lost and we for told. The rest
	// is for the way there and back and for a machine that is busy.
	enough  = 1500 * time.Millisecond
	maxBody = 256 << 10 // events have a few kilobytes
	later   = "30"      // seconds; Zalo's own first pause

	// mostAtOnce is how many events are under way at once: so many the store can take within enough. Who comes in a
	// greater burst is sent away at once, or waiting for the processor would make the others late.
	mostAtOnce = 1024
)

// webhook takes one event: verify, parse, commit, 200. What is signed and of no use to us is 200 too: after five
// refusals Zalo takes the whole app off its list.
func (c *Channel) webhook(f *fiber.Ctx) error {
	if !c.Hears() {
		return f.SendStatus(fiber.StatusNotFound)
	}
	raw := bytes.Clone(f.BodyRaw()) // the bytes as they came: every space is signed
	if len(raw) > maxBody {
		return f.SendStatus(fiber.StatusRequestEntityTooLarge)
	}
	mac, ok := strings.CutPrefix(f.Get("X-ZEvent-Signature"), "mac=")
	if !ok {
		c.health.count("unsigned", c.now())
		return f.SendStatus(fiber.StatusUnauthorized)
	}
	e, err := parse(raw)
	stamp := string(e.Timestamp)
	if err != nil {
		stamp = timestamp(raw)
	}
	if !signed(mac, c.AppID, raw, stamp, c.OASecretKey) {
		c.health.count("unsigned", c.now())
		if !json.Valid(raw) {
			return f.SendStatus(fiber.StatusBadRequest)
		}
		return f.SendStatus(fiber.StatusUnauthorized)
	}
	switch {
	case err != nil:
		c.health.count("unreadable", c.now())
		c.Log.Error("a signed event cannot be read", "err", err)
		return f.SendStatus(fiber.StatusOK)
	case string(e.AppID) != c.AppID:
		c.health.count("unsigned", c.now())
		return f.SendStatus(fiber.StatusUnauthorized)
	}
	if err := c.takeInTime(f, e); err != nil {
		if ticketing.ClassOf(err) == ticketing.Invalid {
			// No repeat can help, and refusing it five times would cost us every other message.
			c.health.count("refused", c.now())
			c.Log.Error("the desk refuses an event for good", "event", e.Name, "err", err)
			return f.SendStatus(fiber.StatusOK)
		}
		c.health.count("put off", c.now())
		c.Log.Warn("an event could not be stored; Zalo will repeat it", "event", e.Name, "err", err)
		f.Set(fiber.HeaderRetryAfter, later)
		return f.SendStatus(fiber.StatusServiceUnavailable)
	}
	return f.SendStatus(fiber.StatusOK)
}

// takeInTime takes the event, or says that it was too late: then Zalo is gone, whatever became of it, and its repeat is
// harmless.
func (c *Channel) takeInTime(f *fiber.Ctx, e event) error {
	defer c.taking.Add(-1)
	if c.taking.Add(1) > mostAtOnce {
		return errTooMany
	}
	ctx, cancel := context.WithDeadline(f.UserContext(), f.Context().Time().Add(enough))
	defer cancel()
	err := c.take(ctx, e)
	if late := ctx.Err(); late != nil {
		return fmt.Errorf("too late: %w", late)
	}
	return err
}

var errTooMany = errors.New("too many events at once")

// signature is SHA-256(app id ‖ raw body ‖ timestamp ‖ OA secret key) in lower-case hex: a hash, not an HMAC
// (https://developers.zalo.me/docs/official-account/webhook/tin-nhan/su-kien-nguoi-dung-gui-tin-nhan).
func signature(appID string, raw []byte, timestamp, secret string) string {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(appID), raw, []byte(timestamp), []byte(secret)} {
		h.Write(part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func signed(mac, appID string, raw []byte, timestamp, secret string) bool {
	if secret == "" {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(mac), []byte(signature(appID, raw, timestamp, secret))) == 1
}

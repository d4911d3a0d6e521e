package facebook

import (
	"bytes"
	"context"
	"crypto/hmac"
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
	// enough is when we stop. Facebook waits 5 s by its later texts, and asks for less; what a long batch has no time for
	// comes with the repeat, where the rest of it costs little.
	enough  = 1500 * time.Millisecond
	maxBody = 1 << 20 // a batch holds up to a thousand events of a kilobyte or less
	later   = "10"    // seconds

	// mostAtOnce is how many batches are under way at once: so many the store can take within enough. Who comes in a
	// greater burst is sent away at once, or waiting for the processor would make the others late.
	mostAtOnce = 1024
)

// handshake proves to Facebook that the address is ours. The challenge goes back as plain text
// (https://developers.facebook.com/docs/graph-api/webhooks/getting-started).
func (c *Channel) handshake(f *fiber.Ctx) error {
	if !c.Hears() {
		return f.SendStatus(fiber.StatusNotFound)
	}
	token := subtle.ConstantTimeCompare([]byte(f.Query("hub.verify_token")), []byte(c.VerifyToken)) == 1
	if f.Query("hub.mode") != "subscribe" || !token {
		return f.SendStatus(fiber.StatusForbidden)
	}
	f.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	f.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	return f.SendString(f.Query("hub.challenge"))
}

// webhook takes one batch: verify, parse, commit, 200. What is signed and of no use to us is 200 too: a webhook that
// goes on refusing is unsubscribed.
func (c *Channel) webhook(f *fiber.Ctx) error {
	if !c.Hears() {
		return f.SendStatus(fiber.StatusNotFound)
	}
	raw := bytes.Clone(f.BodyRaw()) // the bytes as they came: every \u is signed
	if len(raw) > maxBody {
		return f.SendStatus(fiber.StatusRequestEntityTooLarge)
	}
	mac, ok := strings.CutPrefix(f.Get("X-Hub-Signature-256"), "sha256=")
	if !ok || !signed(mac, raw, c.AppSecret) { // X-Hub-Signature is SHA-1: not looked at
		c.health.count("unsigned", c.now())
		return f.SendStatus(fiber.StatusUnauthorized)
	}
	items, err := parse(raw)
	if err != nil {
		c.health.count("unreadable", c.now())
		c.Log.Error("a signed event cannot be read", "err", err)
		return f.SendStatus(fiber.StatusOK)
	}
	if err := c.takeInTime(f, items); err != nil {
		c.Log.Warn("a batch could not be stored whole; Facebook will repeat it", "err", err)
		f.Set(fiber.HeaderRetryAfter, later)
		return f.SendStatus(fiber.StatusServiceUnavailable)
	}
	return f.SendStatus(fiber.StatusOK)
}

// takeInTime takes the batch, or says that it was too late: then Facebook may be gone, whatever became of it, and its
// repeat is harmless.
func (c *Channel) takeInTime(f *fiber.Ctx, items []item) error {
	defer c.taking.Add(-1)
	if c.taking.Add(1) > mostAtOnce {
		c.health.count("put off", c.now())
		return errTooMany
	}
	ctx, cancel := context.WithDeadline(f.UserContext(), f.Context().Time().Add(enough))
	defer cancel()
	err := c.takeAll(ctx, items)
	if late := ctx.Err(); late != nil {
		return fmt.Errorf("too late: %w", late)
	}
	return err
}

var errTooMany = errors.New("too many batches at once")

// takeAll takes every item; the error is of one that a repeat may mend. The others are stored, and their keys make
// their repeat harmless.
func (c *Channel) takeAll(ctx context.Context, items []item) error {
	var putOff error
	for _, it := range items {
		if err := ctx.Err(); err != nil {
			return err // the rest of a long batch comes with the repeat
		}
		it.many = len(items) > 1
		switch err := c.take(ctx, it); {
		case err == nil:
		case hopeless(err):
			// No repeat can help, and refusing it on and on would cost us every other message.
			c.health.count("refused", c.now())
			c.Log.Error("the desk refuses an event for good", "event", it.kind(), "err", err)
		default:
			c.health.count("put off", c.now())
			putOff = err
		}
	}
	return putOff
}

// hopeless says that the same event could not be taken a second time either.
func hopeless(err error) bool {
	switch ticketing.ClassOf(err) {
	case ticketing.Invalid, ticketing.NotFound, ticketing.Forbidden:
		return true
	}
	return false
}

// signature is HMAC-SHA256 over the body's bytes under the app's secret, in lower-case hex.
func signature(raw []byte, secret string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(raw)
	return hex.EncodeToString(h.Sum(nil))
}

func signed(mac string, raw []byte, secret string) bool {
	return secret != "" && hmac.Equal([]byte(mac), []byte(signature(raw, secret)))
}

// lenient reads JSON and leaves out what has another type than expected: a field of an unexpected shape must not cost
// a citizen's message. Its error means that it is no JSON.
func lenient(raw []byte, into any) error {
	err := json.Unmarshal(raw, into)
	if _, ok := err.(*json.UnmarshalTypeError); ok {
		return nil
	}
	return err
}

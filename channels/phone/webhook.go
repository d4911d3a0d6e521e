package phone

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

const (
	enough  = 2 * time.Second // bridges wait five and more; a late 200 helps nobody
	maxBody = 64 << 10        // events have a few hundred bytes
	later   = "5"             // seconds
	window  = 5 * time.Minute // how far the signed time may be from ours, either way

	headerTime      = "X-Hotline-Timestamp"
	headerSignature = "X-Hotline-Signature"
)

var errTooLarge = errors.New("the body is too large")

// webhook takes one event of the exchange: verify, parse, commit, 200.
func (c *Channel) webhook(f *fiber.Ctx) error {
	if !c.Hears() {
		return f.SendStatus(fiber.StatusNotFound)
	}
	raw, err := body(f)
	switch {
	case errors.Is(err, errTooLarge):
		f.Set(fiber.HeaderConnection, "close") // the rest is not read
		return f.SendStatus(fiber.StatusRequestEntityTooLarge)
	case err != nil:
		return f.SendStatus(fiber.StatusBadRequest)
	}
	stamp := f.Get(headerTime)
	if !signed(f.Get(headerSignature), stamp, raw, c.Secret) {
		c.health.count("unsigned", c.now())
		return f.SendStatus(fiber.StatusUnauthorized)
	}
	sent, ok := epoch(stamp)
	if !ok || sent.Sub(c.now()).Abs() > window {
		c.health.count("out of time", c.now())
		c.alarm("phone.alarm.window")
		return f.SendStatus(fiber.StatusUnauthorized)
	}
	c.calm("phone.alarm.window")
	e, err := parsePush(f.Get(fiber.HeaderContentType), raw)
	if err != nil {
		c.health.count("unreadable", c.now())
		c.Log.Error("a signed event cannot be read", "err", err)
		return f.SendStatus(fiber.StatusOK)
	}
	if err := c.inTime(f.UserContext(), func(ctx context.Context) error { return c.take(ctx, e, sent) }); err != nil {
		if ticketing.ClassOf(err) == ticketing.Invalid { // no repeat can help
			c.health.count("refused", c.now())
			c.Log.Error("an event is refused for good", "err", err)
			return f.SendStatus(fiber.StatusOK)
		}
		c.health.count("put off", c.now())
		c.Log.Warn("an event could not be stored; the exchange is asked to repeat it", "err", err)
		f.Set(fiber.HeaderRetryAfter, later)
		return f.SendStatus(fiber.StatusServiceUnavailable)
	}
	return f.JSON(fiber.Map{}) // Zammad answers {}, and bridges were written against that
}

// maxTaking bounds the events that are being stored at once: behind a store that hangs there is no endless queue.
const maxTaking = 512

// inTime does the work and waits for it so long and no longer, also where the store heeds no deadline: what is late
// is repeated by the exchange, and a repeat changes nothing.
func (c *Channel) inTime(ctx context.Context, do func(context.Context) error) error {
	select {
	case c.taking <- struct{}{}:
	default:
		return fmt.Errorf("too many events are being stored: %w", ticketing.ErrBusy)
	}
	ctx, cancel := context.WithTimeout(ctx, c.pace.enough)
	done := make(chan error, 1)
	go func() {
		defer func() { <-c.taking }()
		defer cancel()
		done <- do(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done: // both at the same moment
		return err
	default:
		return fmt.Errorf("an event was not stored in time: %w", ctx.Err())
	}
}

// body is the bytes as they came. Of a form with parts nobody has limited the length before us.
func body(f *fiber.Ctx) ([]byte, error) {
	if r := f.Request(); r.IsBodyStream() && r.Header.ContentLength() != 0 {
		if r.Header.ContentLength() > maxBody {
			return nil, errTooLarge
		}
		raw, err := io.ReadAll(io.LimitReader(r.BodyStream(), maxBody+1))
		if err == nil && len(raw) > maxBody {
			err = errTooLarge
		}
		return raw, err
	}
	raw := bytes.Clone(f.BodyRaw())
	if len(raw) > maxBody {
		return nil, errTooLarge
	}
	return raw, nil
}

// signature is HMAC-SHA256(secret, TIMESTAMP.BODY) in hex. The generic form of Zammad knows only a secret address; the
// form of our own says who sent it and when, so that a copy is of no use tomorrow.
func signature(stamp string, raw []byte, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(raw)
	return hex.EncodeToString(mac.Sum(nil))
}

func signed(header, stamp string, raw []byte, secret string) bool {
	given, ok := strings.CutPrefix(header, "sha256=")
	if !ok || secret == "" || stamp == "" {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(given), []byte(signature(stamp, raw, secret))) == 1
}

// epoch reads seconds, or milliseconds where there are too many digits for seconds.
func epoch(s string) (time.Time, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || len(s) > 13 {
		return time.Time{}, false
	}
	if len(s) > 11 {
		return time.UnixMilli(n).UTC(), true
	}
	return time.Unix(n, 0).UTC(), true
}

// take makes one event durable.
func (c *Channel) take(ctx context.Context, e pushed, sent time.Time) error {
	kind := e.kind()
	switch {
	case kind == "":
		c.health.count("ignored", c.now())
		return nil
	case e.CallID == "" || len(e.CallID) > maxCallID:
		c.health.count("unreadable", c.now())
		c.Log.Error("a pushed event names no call", "event", kind)
		return nil
	}
	c.mu.Lock()
	known := c.extensions
	c.mu.Unlock()
	told := e.call(c.callID(string(e.CallID)), sent, known)
	if kind == newCall && c.Config.Open != nil && told.Direction == In {
		told.Legs[0].Outside = !c.Config.Open(told.Began)
	}
	t, err := c.tracked(ctx, told.ID)
	if err != nil {
		return err
	}
	c.mu.Lock()
	if e.Recording != "" {
		c.seal(t, string(e.Recording))
	}
	t.call, t.touched = join(t.call, told), c.now()
	if t.number.IsZero() {
		t.number = e.number()
	}
	c.mu.Unlock()
	if err := c.save(ctx, t); err != nil {
		return err
	}
	c.health.count("taken "+kind, c.now())
	return nil
}

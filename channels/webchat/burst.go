package webchat

import (
	"context"
	"errors"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// When more comes than can be stored, some are told to come again, soon and in good order, instead of all waiting long:
// a window repeats by itself and shows meanwhile that it has not sent yet.

const (
	enough     = 1200 * time.Millisecond // for the store, after a request is here; a yes must be out within two seconds
	mostAtOnce = 256                     // messages being taken in; a sixth of a second's worth
)

// soon does the steps, together in the time there is, if there is a place. What is done only after that time is not said
// to be done: the repeat will say so.
func (c *Channel) soon(ctx context.Context, steps ...func(context.Context) error) error {
	select {
	case c.places <- struct{}{}:
		defer func() { <-c.places }()
	default:
		return c.turnAway()
	}
	ctx, cancel := context.WithTimeout(ctx, enough)
	defer cancel()
	var err error
	for _, step := range steps {
		if err == nil {
			err = step(ctx)
		}
	}
	if late := ctx.Err(); late != nil && ticketing.ClassOf(err) != ticketing.Invalid {
		c.health.count("put off", c.now())
		return &ticketing.Error{Class: ticketing.Busy, Key: "error.busy", Err: errors.Join(late, err)}
	}
	return err
}

// room turns a message away before anything is read of it, when there is no place: those who have one need the machine.
func (c *Channel) room() error {
	if len(c.places) == cap(c.places) {
		return c.turnAway()
	}
	return nil
}

func (c *Channel) turnAway() error {
	c.health.count("turned away", c.now())
	return &ticketing.Error{Class: ticketing.Busy, Key: "error.busy"}
}

// prompt bounds the time of a request that waits for the store.
func (c *Channel) prompt(do fiber.Handler) fiber.Handler {
	return func(f *fiber.Ctx) error {
		ctx, cancel := context.WithTimeout(f.UserContext(), enough)
		defer cancel()
		f.SetUserContext(ctx)
		return do(f)
	}
}

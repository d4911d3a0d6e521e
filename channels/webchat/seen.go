package webchat

import (
	"encoding/json"
	"errors"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

const mostSeen = 50 // receipts in one request

// seen notes which messages are on the device and which have been looked at. What the courier has not written down
// yet comes back as left: the window tells it again a little later.
func (c *Channel) seen(f *fiber.Ctx) error {
	d, err := c.device(f)
	if err == nil {
		err = c.look(f, d)
	}
	if err != nil {
		return err
	}
	var in struct{ Arrived, Read []string }
	if err := json.Unmarshal(f.Body(), &in); err != nil || len(in.Arrived)+len(in.Read) > mostSeen {
		return badForm(err)
	}
	all, err := c.conversation(f.UserContext(), d)
	if err != nil {
		return err
	}
	left := []string{}
	for state, receipts := range map[ticketing.DeliveryState][]string{ticketing.Arrived: in.Arrived, ticketing.Read: in.Read} {
		for _, r := range receipts {
			if !told(all, r) {
				return fiber.ErrNotFound
			}
			err := c.Desk.Confirm(f.UserContext(), ticketing.Chat, r, state)
			if errors.Is(err, ticketing.ErrNotFound) {
				left = append(left, r)
			} else if err != nil {
				return err
			}
		}
	}
	c.health.count("seen", c.now())
	return f.JSON(fiber.Map{"left": left})
}

// told says whether the receipt is of a message to this device.
func told(all []held, r string) bool {
	code, n, ok := ofReceipt(r)
	if !ok {
		return false
	}
	for _, h := range all {
		for _, e := range h.events {
			if h.Code == code && e.N == n && e.Out != nil {
				return true
			}
		}
	}
	return false
}

package webchat

import (
	"errors"
	"io"
	"mime"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// file hands out a file that stands in the device's conversation. Drafts' and notes' files are the ticket's too, and
// not hers, so the messages are asked and not the ticket.
func (c *Channel) file(f *fiber.Ctx) error {
	d, err := c.device(f)
	if err == nil {
		err = c.look(f, d)
	}
	if err != nil {
		return err
	}
	all, err := c.conversation(f.UserContext(), d)
	if err != nil {
		return err
	}
	for _, m := range c.messages(all, d, lang(f)) {
		for _, one := range m.Files {
			if one.ID == f.Params("id") {
				return c.sendFile(f, one)
			}
		}
	}
	return ticketing.ErrNotFound
}

func (c *Channel) sendFile(f *fiber.Ctx, one file) error {
	r, err := c.Desk.Files.Open(f.UserContext(), one.ID)
	if err != nil {
		return err
	}
	size, err := r.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = r.Seek(0, io.SeekStart)
	}
	if err != nil {
		return errors.Join(err, r.Close())
	}
	kind := "attachment"
	if one.Picture {
		kind = "inline"
	}
	f.Set(fiber.HeaderContentType, one.Type)
	f.Set(fiber.HeaderContentDisposition, mime.FormatMediaType(kind, map[string]string{"filename": one.Name}))
	f.Set(fiber.HeaderCacheControl, "private, max-age=3600")
	f.Vary(keyHeader)
	return f.SendStream(r, int(size))
}

package api

import (
	"errors"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// file answers GET /tickets/CODE/files/ID: the file as an attachment, never as a page of ours.
func (a *API) file(r *call) error {
	if err := r.params().none(); err != nil {
		return err
	}
	t, err := a.here(r)
	if err != nil {
		return err
	}
	files, err := a.filesOf(r, t)
	if err != nil {
		return err
	}
	missing := &refusal{status: 404, key: "error.not_found"}
	f, ok := fileIn(files, r.Params("file"))
	if !ok || a.Desk.Files == nil {
		return missing
	}
	body, err := a.Desk.Files.Open(r.ctx, f.ID)
	if errors.Is(err, ticketing.ErrNotFound) {
		return missing
	}
	if err != nil {
		return err
	}
	r.Set(fiber.HeaderContentType, f.Type)
	r.Set(fiber.HeaderContentDisposition, "attachment; filename*=UTF-8''"+encodeName(f.Name))
	r.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	r.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; sandbox")
	return r.SendStream(body, int(f.Size)) // the server closes it
}

// encodeName writes the sender's name of a file as RFC 8187 wants it: whatever it holds, the header stays one line.
func encodeName(name string) string {
	return strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}

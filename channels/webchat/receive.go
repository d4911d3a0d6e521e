package webchat

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"mime/multipart"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

const (
	mostFiles = 5        // of one message
	mostBody  = 30 << 20 // bytes of one message with its files
	mostWords = 64 << 10 // bytes of its words, as they come
)

// note is a message as a window sends it.
type note struct {
	Key     string // the window's name for it
	Text    string
	Choice  string // data of the button that was tapped
	Name    string
	Phone   string
	Email   string
	Consent string // the id of the text agreed to
	Form    string // from the page
	Website string // a field no person sees
	Lang    string
}

// send takes a message in: look whether it may come, read its words, and only then its files; commit; answer with the
// message as it stands in the journal now. A repeat is answered the same, and its files are not read again.
func (c *Channel) send(f *fiber.Ctx) error {
	d, err := c.device(f)
	if err == nil {
		err = c.room()
	}
	if err == nil {
		err = c.mayWrite(f, d)
	}
	if err != nil {
		return err
	}
	parts, err := formOf(f)
	if err != nil {
		return err
	}
	n, first, err := readNote(parts)
	if err != nil {
		return err
	}
	n.Lang = lang(f)
	if err := c.check(n); err != nil {
		return err
	}
	r, err := c.take(f, d, n, parts, first)
	if err != nil {
		c.health.count("not taken", c.now())
		return err
	}
	return c.taken(f, d, r)
}

// take hands the message to the desk. Files may take their time on a slow line, and hold no place meanwhile.
func (c *Channel) take(f *fiber.Ctx, d device, n note, parts *multipart.Reader, first *multipart.Part) (r ticketing.Receipt, err error) {
	var in ticketing.Incoming
	look := func(ctx context.Context) (err error) {
		in, err = c.incoming(ctx, f, d, n)
		return err
	}
	receive := func(ctx context.Context) (err error) {
		r, err = c.Desk.Receive(ctx, by, in)
		return err
	}
	if first == nil {
		return r, c.soon(f.UserContext(), look, receive)
	}
	known := func(ctx context.Context) (err error) { // of words alone the desk itself knows a repeat
		r, err = c.repeat(ctx, d, n)
		return err
	}
	if err = c.soon(f.UserContext(), known); !errors.Is(err, ticketing.ErrNotFound) {
		return r, err
	}
	if err = c.soon(f.UserContext(), look); err != nil {
		return r, err
	}
	if in.Files, err = c.keep(f.UserContext(), parts, first); err != nil {
		return r, err
	}
	return r, c.soon(f.UserContext(), receive)
}

// repeat is what became of the message when it was sent before; ErrNotFound: it was not.
func (c *Channel) repeat(ctx context.Context, d device, n note) (ticketing.Receipt, error) {
	e, err := c.Desk.Store.ByKey(ctx, d.eventKey(n.Key))
	if err != nil {
		return ticketing.Receipt{}, err
	}
	if e.Print != n.print() {
		return ticketing.Receipt{}, invalid("", "error.key_reused")
	}
	t, err := c.Desk.Store.Ticket(ctx, e.Ticket)
	return ticketing.Receipt{Ticket: t, Event: e, Repeated: true}, err
}

// taken answers with the message that was taken in, and what the hotline said to it in the same event. What else there
// is of the conversation the window asks for, as always by thread: reading it all for each message cost half of what
// taking it in does.
func (c *Channel) taken(f *fiber.Ctx, d device, r ticketing.Receipt) error {
	what := "taken"
	if r.Repeated {
		what = "repeated"
	}
	c.health.count(what, c.now())
	c.begunBefore.add(d.tag)
	return f.JSON(accepted{N: r.Event.N, Messages: c.show(r.Ticket, r.Event, d, lang(f))})
}

func (c *Channel) mayWrite(f *fiber.Ctx, d device) error {
	length := f.Request().Header.ContentLength()
	switch {
	case length < 0: // in chunks, of which nobody knows how many come; no browser sends a form so
		return fiber.ErrLengthRequired
	case length > mostBody:
		return fiber.ErrRequestEntityTooLarge
	}
	if err := c.limits.address.take(c.now(), address(f)); err != nil {
		return err
	}
	return c.limits.device.take(c.now(), d.tag)
}

// formOf is the request's form, part by part.
func formOf(f *fiber.Ctx) (*multipart.Reader, error) {
	boundary := string(f.Request().Header.MultipartFormBoundary())
	if boundary == "" {
		return nil, badForm(nil)
	}
	var body io.Reader = f.Context().RequestBodyStream()
	if body == nil || !f.Request().IsBodyStream() {
		body = strings.NewReader(string(f.Body()))
	}
	return multipart.NewReader(io.LimitReader(body, int64(f.Request().Header.ContentLength())), boundary), nil
}

// readNote reads the words, which come before the files. first is the first file's part, if there is one.
func readNote(parts *multipart.Reader) (n note, first *multipart.Part, err error) {
	fields := map[string]*string{
		"key": &n.Key, "text": &n.Text, "choice": &n.Choice, "name": &n.Name, "phone": &n.Phone, "email": &n.Email,
		"consent": &n.Consent, "form": &n.Form, "website": &n.Website,
	}
	room := int64(mostWords)
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return n, nil, nil
		}
		if err != nil {
			return n, nil, badForm(err)
		}
		if part.FileName() != "" {
			return n, part, nil
		}
		value, err := io.ReadAll(io.LimitReader(part, room+1))
		if room -= int64(len(value)); err != nil || room < 0 {
			return n, nil, badForm(err)
		}
		if field, ok := fields[part.FormName()]; ok {
			*field = string(value)
		}
	}
}

// check is what keeps machines out without asking people riddles, and what the law asks of a name and a number.
func (c *Channel) check(n note) error {
	switch {
	case n.Website != "":
		c.health.count("honeypot", c.now())
		return invalid("", "send.trap")
	case !messageName(n.Key):
		return badForm(nil)
	}
	if err := c.formAge(n.Form); err != nil {
		return err
	}
	wanted := c.Desk.Catalog.Current().Consent.ID
	if n.Name+n.Phone+n.Email != "" && wanted != "" && n.Consent != wanted {
		return invalid("consent", "webchat.error.consent")
	}
	return nil
}

// incoming is the message as the desk takes it.
func (c *Channel) incoming(ctx context.Context, f *fiber.Ctx, d device, n note) (ticketing.Incoming, error) {
	in := ticketing.Incoming{
		Key: d.eventKey(n.Key), Print: n.print(), Channel: ticketing.Chat, From: d.contact, Lang: n.Lang,
		Text: n.Text, Name: strings.TrimSpace(n.Name), Phone: strings.TrimSpace(n.Phone), Email: strings.TrimSpace(n.Email),
	}
	if in.Name+in.Phone+in.Email != "" {
		in.Consent = n.Consent
	}
	begun, err := c.begun(ctx, d)
	if err == nil && !begun {
		if err = c.limits.begin.take(c.now(), address(f)); err != nil {
			c.health.count("too many begun", c.now())
		}
	}
	if err != nil || n.Choice == "" {
		return in, err
	}
	all, err := c.conversation(ctx, d)
	if err != nil {
		return in, err
	}
	label, ok := choosable(all, n.Choice)
	if !ok {
		return in, invalid("", "webchat.error.choice")
	}
	in.Choice, in.Text = n.Choice, label
	return in, nil
}

// begun says whether the device has written before. Who has begun never has not: that is remembered.
func (c *Channel) begun(ctx context.Context, d device) (bool, error) {
	if c.begunBefore.has(d.tag) {
		return true, nil
	}
	citizen, err := c.Desk.Vault.Identify(ctx, d.contact)
	if err != nil {
		return false, err
	}
	n, err := c.Desk.Store.Count(ctx, ticketing.Filter{
		Scope: ticketing.Scope{All: true}, Citizen: []ticketing.CitizenID{citizen}, Channel: []ticketing.Channel{ticketing.Chat}, Limit: 1,
	})
	return n > 0, err
}

// choosable is the label of a button the citizen was shown.
func choosable(all []held, data string) (label string, ok bool) {
	for _, h := range all {
		for _, e := range h.events {
			if e.Out == nil {
				continue
			}
			for _, ch := range e.Out.Choices {
				if ch.Data == data {
					label, ok = ch.Label, true
				}
			}
		}
	}
	return label, ok
}

// keep stores the files. One that is refused refuses the message: the window keeps its words, and she decides.
func (c *Channel) keep(ctx context.Context, parts *multipart.Reader, part *multipart.Part) ([]ticketing.File, error) {
	var kept []ticketing.File
	for part != nil {
		if len(kept) == mostFiles {
			return nil, invalid("files", "error.too_many_files", mostFiles)
		}
		if part.FileName() != "" {
			file, err := c.Desk.Files.Save(ctx, part, part.FileName())
			if err != nil {
				return nil, err
			}
			kept = append(kept, file)
		}
		var err error
		if part, err = parts.NextPart(); errors.Is(err, io.EOF) {
			return kept, nil
		} else if err != nil {
			return nil, badForm(err)
		}
	}
	return kept, nil
}

// print tells one message from another under the same name.
func (n note) print() string {
	h := sha256.New()
	for _, part := range []string{text.NFC(n.Text), n.Choice} {
		h.Write([]byte(part + "\x00")) // never fails
	}
	return b64.EncodeToString(h.Sum(nil)[:12])
}

func invalid(field, key string, args ...any) error {
	return &ticketing.Error{Class: ticketing.Invalid, Field: field, Key: key, Args: args}
}

func badForm(err error) error {
	return &ticketing.Error{Class: ticketing.Invalid, Key: "error.form", Err: err}
}

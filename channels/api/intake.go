package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// intake is a matter as a program hands it in.
type intake struct {
	Kind       ticketing.Kind       `json:"kind"`
	Channel    ticketing.Channel    `json:"channel"`
	Subject    string               `json:"subject,omitempty"`
	Text       string               `json:"text"`
	Category   string               `json:"category,omitempty"`
	Area       string               `json:"area,omitempty"`
	Address    string               `json:"address,omitempty"`
	Location   *position            `json:"location,omitempty"`
	Citizen    *sender              `json:"citizen,omitempty"`
	Visibility ticketing.Visibility `json:"visibility,omitempty"`
	External   string               `json:"external_id,omitempty"`
	ReceivedAt string               `json:"received_at,omitempty"`
}

type position struct {
	Lat *float64 `json:"lat"`
	Lng *float64 `json:"lng"`
}

type sender struct {
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"`
	Email string `json:"email,omitempty"`
}

// intakeFields are the members of the body.
var intakeFields = fields{
	"kind": false, "channel": false, "subject": false, "text": false, "category": false, "area": false,
	"address": false, "location": true, "location.lat": false, "location.lng": false, "citizen": true,
	"citizen.name": false, "citizen.phone": false, "citizen.email": false, "visibility": false,
	"external_id": false, "received_at": false,
}

// intakeNames is what the body calls the desk's fields.
var intakeNames = map[string]string{
	"name": "citizen.name", "phone": "citizen.phone", "email": "citizen.email", "idempotency_key": fieldKey,
}

const (
	fieldKey     = "Idempotency-Key"
	mostKey      = 200
	mostExternal = 200
)

// earliest is how far back a matter may have been received; the office keeps nothing older.
var earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// receive takes a matter in: POST /tickets.
func (a *API) receive(r *call) error {
	if err := r.params().none(); err != nil {
		return err
	}
	var body intake
	if err := r.decode(&body, intakeFields); err != nil {
		return err
	}
	in, err := body.incoming(r.by.Role == ticketing.Program)
	if err != nil {
		return err
	}
	if in.Key, err = r.key(); err != nil {
		return err
	}
	if in.Key == "" && in.External != "" { // the caller's own id makes a repeat harmless too
		in.Key = "api-external:" + r.by.ID + ":" + in.External
	}
	if in.Key != "" {
		if in.Print, err = fingerprint("POST /tickets", body); err != nil {
			return err
		}
	}
	receipt, err := a.Desk.Receive(r.ctx, r.by, in)
	if err != nil {
		return rename(err, intakeNames)
	}
	t, err := a.asAnswered(r, receipt)
	if err != nil {
		return err
	}
	view, err := a.view(r, t)
	if err != nil {
		return err
	}
	if !r.by.Has(ticketing.ScopeRead) && !r.by.Has(ticketing.ScopeAct) || !r.by.Sees(t) {
		view = view.receipt() // it may have joined a ticket whose words are not the caller's to read
	}
	r.Set(fiber.HeaderLocation, base+"/tickets/"+string(t.Code))
	return r.json(fiber.StatusCreated, view)
}

// incoming checks what the desk takes on trust and hands over the rest.
func (b *intake) incoming(program bool) (ticketing.Incoming, error) {
	in := ticketing.Incoming{
		Channel: b.Channel, Kind: b.Kind, Subject: b.Subject, Text: b.Text, Category: b.Category, Area: b.Area,
		Address: b.Address, Visibility: b.Visibility, External: b.External,
	}
	var faults []fault
	add := func(field, key string, args ...any) { faults = append(faults, fault{field, key, args}) }
	if b.Kind == "" {
		add("kind", "api.required")
	}
	if b.Channel == "" {
		add("channel", "api.required")
	}
	if b.Text == "" {
		add("text", "api.required")
	}
	if len([]rune(b.External)) > mostExternal {
		add("external_id", "error.too_long", mostExternal)
	}
	if p := b.Location; p != nil {
		if p.Lat == nil || p.Lng == nil {
			add("location", "error.location")
		} else {
			in.Location = &ticketing.Point{Lat: *p.Lat, Lng: *p.Lng}
		}
	}
	if c := b.Citizen; c != nil {
		in.Name, in.Phone, in.Email = c.Name, c.Phone, c.Email
		if len(c.Email) > 254 {
			add("citizen.email", "error.email")
		}
	}
	if b.ReceivedAt != "" {
		at, ok := instant(b.ReceivedAt)
		switch {
		case !program:
			add("received_at", "api.received_at_program")
		case !ok || at.Before(earliest):
			add("received_at", "api.time")
		}
		in.At = at
	}
	if len(faults) > 0 {
		return in, wrong(faults...)
	}
	return in, nil
}

// key is the caller's Idempotency-Key made its own, so that callers cannot meet in one.
// https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
func (r *call) key() (string, error) {
	key := string(r.Request().Header.Peek(fieldKey))
	if key == "" {
		return "", nil
	}
	if len(key) > mostKey {
		return "", wrong(fault{fieldKey, "api.key", []any{mostKey}})
	}
	for _, c := range []byte(key) {
		if c < ' ' || c > '~' {
			return "", wrong(fault{fieldKey, "api.key", []any{mostKey}})
		}
	}
	return "api:" + r.by.ID + ":" + key, nil
}

// fingerprint tells two requests apart whatever blanks and order their bodies have.
func fingerprint(what string, body any) (string, error) {
	canonical, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	sum.Write([]byte(what + "\n"))
	sum.Write(canonical)
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// asAnswered is the ticket as the first request was answered with: a repeat gets the same answer, whatever happened
// since.
func (a *API) asAnswered(r *call, receipt ticketing.Receipt) (ticketing.Ticket, error) {
	if !receipt.Repeated {
		return receipt.Ticket, nil
	}
	events, err := a.Desk.Store.Timeline(r.ctx, receipt.Event.Ticket, 0)
	if err != nil {
		return ticketing.Ticket{}, err
	}
	var t ticketing.Ticket
	for _, e := range events {
		if e.N > receipt.Event.N {
			break
		}
		if t, err = t.Apply(e); err != nil {
			return ticketing.Ticket{}, err
		}
	}
	return t, nil
}

// json sends a document.
func (r *call) json(status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	r.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return r.Status(status).Send(body)
}

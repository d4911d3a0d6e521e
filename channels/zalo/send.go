package zalo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// maxText is a consultation message's length in characters, counted after NFC.
const maxText = 2000

// kindSent: id is TICKET/N, the content the receipts of the parts of a message that Zalo has taken already. It is
// there only while a message of several parts is under way, so that another try begins where the last one ended.
const kindSent = "zalo_sent"

// piece is what one request carries.
type piece struct {
	text  string
	file  *ticketing.File
	quote string // the id of the message it stands under
}

// Send carries one message, in as many requests as it takes. Its receipt is their message ids.
//
// A try after an unsureError may double the one part that was under way; nothing else doubles.
func (c *Channel) Send(ctx context.Context, m ticketing.Outbound) (string, error) {
	if !c.Speaks() {
		c.alarm("zalo.alarm.token_none")
		return "", soon(afterTrouble, "zalo.token.none")
	}
	if m.To == "" {
		return c.noticeByNumber(ctx, m)
	}
	to, err := c.addressee(ctx, m.To)
	if err != nil {
		return "", err
	}
	pieces := c.pieces(m)
	if len(pieces) == 0 {
		return "", refuse("zalo.send.empty")
	}
	if pieces[0].file == nil && to.User != "" {
		pieces[0].quote = c.answers(ctx, m)
	}
	c.sending.Add(1)
	defer func() { time.AfterFunc(markPatience, func() { c.sending.Add(-1) }) }() // its receipt is written down after this returns
	done, version, err := c.progress(ctx, m, len(pieces))
	if err != nil {
		return "", err
	}
	for i := len(done); i < len(pieces); i++ {
		if ctx.Err() != nil {
			return "", &ticketing.LaterError{Err: fmt.Errorf("%d/%d: %w", i, len(pieces), ctx.Err())}
		}
		id, err := c.sendPiece(ctx, m, to, pieces[i])
		if no := (*refusal)(nil); i == 0 && errors.As(err, &no) && no.closed {
			return c.notice(ctx, m, to, err)
		}
		if err != nil {
			return "", partly(err, i, len(pieces))
		}
		c.sent()
		done = append(done, id)
		if len(pieces) > 1 && i+1 < len(pieces) {
			version = c.note(ctx, m, done, version)
		}
	}
	if version > 0 {
		ctx, cancel := patient(ctx)
		defer cancel()
		if err := c.Desk.Store.Erase(ctx, kindSent, progressID(m), 0); err != nil {
			c.Log.Warn("what was sent could not be forgotten", "ticket", m.Ticket, "err", err)
		}
	}
	return strings.Join(done, ","), nil
}

// partly adds to an error how much the citizen has got already.
func partly(err error, done, all int) error {
	if done == 0 {
		return err
	}
	said := words.T(words.Vietnamese, "zalo.send.partly", done, all, "")
	var no *refusal
	var later *ticketing.LaterError
	switch {
	case errors.As(err, &no):
		return &refusal{said: said + no.said}
	case errors.As(err, &later):
		return &ticketing.LaterError{After: later.After, Err: fmt.Errorf("%s%w", said, later.Err)}
	}
	return fmt.Errorf("%s%w", said, err)
}

// pieces are the requests a message needs, in order.
func (c *Channel) pieces(m ticketing.Outbound) []piece {
	var out []piece
	for _, part := range text.Split(text.NFC(m.Numbered()), maxText) {
		out = append(out, piece{text: part})
	}
	for i, f := range m.Files {
		p := piece{file: &f}
		if f.Picture() {
			p.text = words.T(words.Vietnamese, "zalo.send.picture", i+1, len(m.Files))
		}
		out = append(out, p)
	}
	return out
}

func progressID(m ticketing.Outbound) string { return fmt.Sprintf("%s/%d", m.Ticket, m.N) }

// progress is the receipts of the parts that have gone.
func (c *Channel) progress(ctx context.Context, m ticketing.Outbound, pieces int) (done []string, version int, err error) {
	if pieces < 2 {
		return nil, 0, nil
	}
	r, err := c.Desk.Store.Get(ctx, kindSent, progressID(m))
	if errors.Is(err, ticketing.ErrNotFound) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("reading what was sent: %w", err)
	}
	err = json.Unmarshal(r.Doc, &done)
	return done[:min(len(done), pieces)], r.Version, err
}

// note writes down what has gone. If that fails the message goes on: only a failure of a later part would then repeat
// this one.
func (c *Channel) note(ctx context.Context, m ticketing.Outbound, done []string, version int) int {
	ctx, cancel := patient(ctx)
	defer cancel()
	doc, err := json.Marshal(done)
	if err == nil {
		err = c.Desk.Store.Put(ctx, ticketing.Record{
			Kind: kindSent, ID: progressID(m), Version: version + 1, At: c.now(), By: by.ID, Doc: doc,
		})
	}
	if err != nil {
		c.Log.Warn("what was sent could not be noted", "ticket", m.Ticket, "err", err)
		return version
	}
	return version + 1
}

// The consultation message's body
// (https://developers.zalo.me/docs/official-account/tin-nhan/tin-tu-van/gui-tin-tu-van-dang-van-ban).
type outgoing struct {
	Recipient recipient `json:"recipient"`
	Message   struct {
		Text       string  `json:"text,omitempty"`
		Quote      string  `json:"quote_message_id,omitempty"`
		Attachment *attach `json:"attachment,omitempty"`
	} `json:"message"`
}

type attach struct {
	Type    string `json:"type"`
	Payload any    `json:"payload"`
}

// sendPiece makes one request and gives the message's id.
func (c *Channel) sendPiece(ctx context.Context, m ticketing.Outbound, to recipient, p piece) (string, error) {
	ctx, cancel := patient(ctx)
	defer cancel()
	out := outgoing{Recipient: to}
	out.Message.Text, out.Message.Quote = p.text, p.quote
	if p.file != nil {
		a, err := c.upload(ctx, *p.file)
		var no *refusal
		switch {
		case errors.As(err, &no): // Zalo does not take such a file: then where it can be had
			out.Message.Text = words.T(words.Vietnamese, "zalo.send.link", p.file.Name, c.Desk.TrackURL(m.Ticket))
		case err != nil:
			return "", err
		default:
			out.Message.Attachment = a
		}
	}
	id, err := c.post(ctx, out)
	if no := (*refusal)(nil); p.quote != "" && errors.As(err, &no) && unquotable[no.code] {
		out.Message.Quote = "" // Zalo does not have that message any more, or does not let it be quoted
		return c.post(ctx, out)
	}
	return id, err
}

// unquotable are the codes that may be about the quotation and not about the message.
var unquotable = map[int]bool{-201: true, -210: true, -233: true}

func (c *Channel) post(ctx context.Context, out outgoing) (id string, err error) {
	body, err := json.Marshal(out)
	if err != nil {
		return "", err
	}
	var answer struct {
		ID loose `json:"message_id"`
	}
	r := request{method: http.MethodPost, path: pathSend, kind: "application/json", body: string(body)}
	if out.Recipient.Anonymous != "" && !c.oneEndpoint.Load() {
		r.path, r.instead = pathSendAnonymous, pathSend
	}
	err = c.call(ctx, r, &answer)
	return string(answer.ID), err
}

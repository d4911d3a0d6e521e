package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// maxText is a message's length in UTF-16 code units (https://core.telegram.org/bots/api#sendmessage).
const maxText = 4096

// kindSent: id is TICKET/N, the content the receipts of the parts of a message that Telegram has taken already. It is
// there only while a message of several parts is under way, so that another try begins where the last one ended.
const kindSent = "telegram_sent"

// piece is what one call carries.
type piece struct {
	text   string
	file   *ticketing.File
	ticket ticketing.Code // where a file can be had that Telegram does not take
	markup any            // the keyboard below it
}

// Send carries one message, in as many calls as it takes. Its receipt is their message ids. Telegram does not tell
// bots whether a message arrived or was read.
//
// A try after an unsureError may double the one part that was under way; nothing else doubles.
func (c *Channel) Send(ctx context.Context, m ticketing.Outbound) (string, error) {
	chat, err := strconv.ParseInt(m.To, 10, 64)
	pieces := c.pieces(m)
	switch {
	case !c.On():
		return "", &ticketing.LaterError{After: afterTrouble, Err: errors.New(vi("telegram.off"))}
	case err != nil:
		return "", &refusal{vi("telegram.no.unknown_chat")}
	case len(pieces) == 0:
		return "", &refusal{vi("telegram.no.empty")}
	}
	done, version, err := c.progress(ctx, m, len(pieces))
	if err != nil {
		return "", err
	}
	for i := len(done); i < len(pieces); i++ {
		id, err := "", error(nil)
		if ctx.Err() != nil {
			err = &ticketing.LaterError{Err: ctx.Err()}
		} else {
			id, err = c.sendPiece(ctx, chat, pieces[i])
		}
		if err != nil {
			return "", partly(err, i, len(pieces))
		}
		done = append(done, id)
		if i+1 < len(pieces) {
			version = c.noteSent(ctx, m, done, version)
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
	said := words.T(words.Vietnamese, "telegram.partly", done, all, "")
	var no *refusal
	var later *ticketing.LaterError
	switch {
	case errors.As(err, &no):
		return &refusal{said + no.said}
	case errors.As(err, &later):
		return &ticketing.LaterError{After: later.After, Err: fmt.Errorf("%s%w", said, later.Err)}
	}
	return fmt.Errorf("%s%w", said, err)
}

// pieces are the calls a message needs, in order; its buttons are below the last.
func (c *Channel) pieces(m ticketing.Outbound) []piece {
	var out []piece
	for _, part := range text.Split(text.NFC(m.Text), maxText) {
		out = append(out, piece{text: part})
	}
	for _, f := range m.Files {
		out = append(out, piece{file: &f, ticket: m.Ticket})
	}
	if len(out) > 0 {
		out[len(out)-1].markup = keyboard(m.Choices, "")
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

// noteSent writes down what has gone. If that fails the message goes on: only a failure of a later part would then
// repeat this one.
func (c *Channel) noteSent(ctx context.Context, m ticketing.Outbound, done []string, version int) int {
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

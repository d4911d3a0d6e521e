package facebook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// What a message may hold (https://developers.facebook.com/docs/messenger-platform/reference/send-api).
const (
	maxText    = 2000
	maxReplies = 13
	maxLabel   = 20
)

// kindSent: id is TICKET/N/PART, the content the id under which Facebook has that part. It is written by the sender
// where another try might come, and by the echo; so another try sends only what is not there.
const kindSent = "facebook_sent"

// piece is what one request carries.
type piece struct {
	text    string
	file    *ticketing.File
	choices []ticketing.Choice
}

func messageID(m ticketing.Outbound) string { return fmt.Sprintf("%s/%d", m.Ticket, m.N) }

// Send carries one message, in as many requests as it takes. Its receipt is their message ids.
//
// A try after an unsureError may double the one part that was under way, if its echo has not come; nothing else
// doubles.
func (c *Channel) Send(ctx context.Context, m ticketing.Outbound) (string, error) {
	if !c.Speaks() {
		c.alarm("facebook.alarm.token_none")
		return "", soon(afterTrouble, "facebook.send.token_none")
	}
	if strings.HasPrefix(m.To, commenter) {
		return c.reply(ctx, m)
	}
	return c.sendAll(ctx, m, pieces(m), recipient{User: m.To, person: m.Human})
}

// sendAll sends the pieces that have not gone, in order.
func (c *Channel) sendAll(ctx context.Context, m ticketing.Outbound, all []piece, to recipient) (string, error) {
	if len(all) == 0 {
		return "", refuse("facebook.send.empty")
	}
	done, err := c.progress(ctx, m, len(all))
	if err != nil {
		return "", err
	}
	first := 0
	for first < len(all) && done[first] != "" {
		first++
	}
	if first == len(all) {
		return strings.Join(done, ","), nil
	}
	how, err := c.window(m)
	if err == nil {
		err = c.mayTalk(ctx, to)
	}
	if err != nil {
		return "", partly(err, first, len(all))
	}
	for i := first; i < len(all); i++ {
		if done[i] != "" {
			continue
		}
		if ctx.Err() != nil {
			return "", &ticketing.LaterError{Err: fmt.Errorf("%d/%d: %w", i, len(all), ctx.Err())}
		}
		part := fmt.Sprintf("%s/%d", messageID(m), i)
		a, err := c.sendPiece(ctx, m, all[i], outgoing{Recipient: to, permission: how}, part)
		if err != nil {
			return "", partly(err, i, len(all))
		}
		c.sent()
		if done[i] = a.Message; len(all) > 1 {
			c.note(ctx, m, part, a.Message)
		}
	}
	return strings.Join(done, ","), nil
}

// partly adds to an error how much the citizen has got already.
func partly(err error, done, all int) error {
	if done == 0 {
		return err
	}
	said := words.T(words.Vietnamese, "facebook.send.partly", done, all, "")
	var no *refusal
	var later *ticketing.LaterError
	switch {
	case errors.As(err, &no):
		return &refusal{said + no.said, no.err}
	case errors.As(err, &later):
		return &ticketing.LaterError{After: later.After, Err: fmt.Errorf("%s%w", said, later.Err)}
	}
	return fmt.Errorf("%s%w", said, err)
}

// pieces are the requests a message needs, in order. The buttons stand under the last one: they go when another
// message comes.
func pieces(m ticketing.Outbound) []piece {
	var out []piece
	for _, part := range text.Split(text.NFC(m.Text), maxText) {
		out = append(out, piece{text: part})
	}
	for _, f := range m.Files {
		out = append(out, piece{file: &f})
	}
	if len(out) > 0 {
		out[len(out)-1].choices = m.Choices[:min(len(m.Choices), maxReplies)]
	}
	return out
}

// progress is the ids of the parts that have gone, "" for those that have not. Only where there may be any does it
// ask.
func (c *Channel) progress(ctx context.Context, m ticketing.Outbound, pieces int) ([]string, error) {
	done := make([]string, pieces)
	if m.Try < 2 && pieces < 2 {
		return done, nil
	}
	prefix := messageID(m) + "/"
	records, err := c.Desk.Store.All(ctx, kindSent, prefix)
	if err != nil {
		return nil, fmt.Errorf("reading what was sent: %w", err)
	}
	for _, r := range records {
		i, err := strconv.Atoi(strings.TrimPrefix(r.ID, prefix))
		if err != nil || i < 0 || i >= pieces {
			continue
		}
		if err := json.Unmarshal(r.Doc, &done[i]); err != nil {
			return nil, fmt.Errorf("reading what was sent: %w", err)
		}
	}
	return done, nil
}

// note writes down what has gone. If that fails the message goes on: only a failure of a later part would then repeat
// this one, and the echo writes it too.
func (c *Channel) note(ctx context.Context, m ticketing.Outbound, part, mid string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.patience)
	defer cancel()
	if err := c.gone(ctx, part, mid); err != nil {
		c.Log.Warn("what was sent could not be noted", "ticket", m.Ticket, "err", err)
	}
}

// outgoing is the Send API's body.
type outgoing struct {
	Recipient recipient `json:"recipient"`
	permission
	Message body `json:"message"`
}

// recipient is a person by her page-scoped id, or whoever wrote a comment or a post.
type recipient struct {
	User    string `json:"id,omitempty"`
	Comment string `json:"comment_id,omitempty"`
	Post    string `json:"post_id,omitempty"`

	person bool // who writes to her is one
}

type body struct {
	Text       string  `json:"text,omitempty"`
	Attachment *attach `json:"attachment,omitempty"`
	Replies    []quick `json:"quick_replies,omitempty"`
	Metadata   string  `json:"metadata,omitempty"`
}

type attach struct {
	Type    string         `json:"type"`
	Payload map[string]any `json:"payload"`
}

type quick struct {
	Type    string `json:"content_type"`
	Title   string `json:"title"`
	Payload string `json:"payload"`
}

type answer struct {
	User    string `json:"recipient_id"`
	Message string `json:"message_id"`
}

// sendPiece makes one request, with a file's upload before it.
func (c *Channel) sendPiece(ctx context.Context, m ticketing.Outbound, p piece, out outgoing, part string) (answer, error) {
	out.Message = body{Text: p.text, Metadata: metadataMark + part}
	for _, ch := range p.choices {
		out.Message.Replies = append(out.Message.Replies, quick{"text", text.Truncate(ch.Label, maxLabel), ch.Data})
	}
	if p.file != nil {
		a, err := c.upload(ctx, *p.file)
		var no *refusal
		switch {
		case errors.As(err, &no): // Facebook does not take such a file: then where it can be had
			out.Message.Text = words.T(words.Vietnamese, "facebook.send.link", p.file.Name, c.Desk.TrackURL(m.Ticket))
		case err != nil:
			return answer{}, err
		default:
			out.Message.Attachment = a
		}
	}
	a, err := c.postThere(ctx, out)
	var api *apiError
	if out.Tag == "" && out.Recipient.User != "" && errors.As(err, &api) && m.Human {
		// By Facebook's clock the day is over already; a person's words may go for longer.
		if r, _ := ruleFor(api); r.do == window {
			out.permission = byPerson
			a, err = c.postThere(ctx, out)
		}
	}
	return a, err
}

func (c *Channel) post(ctx context.Context, out outgoing) (answer, error) {
	raw, err := json.Marshal(out)
	if err != nil {
		return answer{}, err
	}
	var a answer
	err = c.call(ctx, request{method: http.MethodPost, path: "/" + c.PageID + "/messages", kind: "application/json", body: raw}, &a)
	if err == nil && a.Message == "" {
		err = &unsureError{errors.New("the answer names no message")}
	}
	return a, err
}

package facebook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// kindReplied: id is a ticket's External (a comment, or a post), the content which message was its private reply and, sealed, the page-scoped id of
// who got it. It is there once the one reply is used up.
const kindReplied = "facebook_replied"

type replied struct {
	Message string `json:"message"` // TICKET/N
	Box     []byte `json:"box,omitempty"`
}

// reply answers a comment or a post: once in private, within seven days
// (https://developers.facebook.com/docs/messenger-platform/discovery/private-replies). What follows reaches the person
// only after she has answered that, which Facebook knows and we need not.
func (c *Channel) reply(ctx context.Context, m ticketing.Outbound) (string, error) {
	t, err := c.Desk.Store.Ticket(ctx, m.Ticket)
	if err != nil {
		return "", fmt.Errorf("looking for the comment: %w", err)
	}
	if t.External == "" { // split off from another ticket
		return "", refuse("facebook.send.no_comment")
	}
	receipt, err := c.privately(ctx, m, t)
	if err == nil {
		c.promisePublic(ctx, m, t.External)
	}
	return receipt, err
}

func (c *Channel) privately(ctx context.Context, m ticketing.Outbound, t ticketing.Ticket) (string, error) {
	r, err := c.Desk.Store.Get(ctx, kindReplied, t.External)
	switch {
	case errors.Is(err, ticketing.ErrNotFound):
		return c.firstReply(ctx, m, t.External)
	case err != nil:
		return "", fmt.Errorf("looking for the reply to the comment: %w", err)
	}
	var used replied
	if err := json.Unmarshal(r.Doc, &used); err != nil {
		return "", fmt.Errorf("reply record: %w", err)
	}
	if used.Message == messageID(m) { // sent, and the courier does not know
		m.Try = 2
		return c.firstReply(ctx, m, t.External)
	}
	if len(used.Box) == 0 {
		return "", refuse("facebook.send.once")
	}
	user, err := c.Desk.Vault.Unseal(kindReplied+"/"+t.External, used.Box)
	if err != nil {
		return "", err
	}
	to := recipient{User: string(user), person: m.Human}
	m.Human, m.Heard = false, c.now() // she wrote a comment, which opens no window: Facebook says whether she wrote more
	receipt, err := c.sendAll(ctx, m, pieces(m), to)
	var api *apiError
	if errors.As(err, &api) {
		if r, _ := ruleFor(api); r.do == window {
			return "", &refusal{words.T(words.Vietnamese, "facebook.send.once"), api}
		}
	}
	return receipt, err
}

// firstReply is the private reply: one message, whatever is to be said.
func (c *Channel) firstReply(ctx context.Context, m ticketing.Outbound, comment string) (string, error) {
	all := []piece{{text: c.whole(m)}}
	if all[0].text == "" {
		return "", refuse("facebook.send.empty")
	}
	done, err := c.progress(ctx, m, 1)
	if err != nil || done[0] != "" {
		return done[0], err
	}
	if !m.Heard.IsZero() && c.now().Sub(m.Heard) > week {
		return "", refuse("facebook.send.comment_old")
	}
	part := messageID(m) + "/0"
	a, err := c.sendPiece(ctx, m, all[0], outgoing{Recipient: writerOf(comment), permission: response}, part)
	if err != nil {
		return "", err
	}
	c.sent()
	c.note(ctx, m, part, a.Message)
	c.useUp(ctx, m, comment, a.User)
	return a.Message, nil
}

// writerOf is whoever wrote what the ticket came from.
func writerOf(external string) recipient {
	if id, ok := strings.CutPrefix(external, posted); ok {
		return recipient{Post: id}
	}
	return recipient{Comment: external}
}

// useUp writes down that the comment has its reply. If that fails Facebook refuses the second one itself.
func (c *Channel) useUp(ctx context.Context, m ticketing.Outbound, comment, user string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.patience)
	defer cancel()
	used := replied{Message: messageID(m)}
	if user != "" {
		used.Box = c.Desk.Vault.Seal(kindReplied+"/"+comment, []byte(user))
	}
	doc, err := json.Marshal(used)
	if err == nil {
		err = c.Desk.Store.Put(ctx, ticketing.Record{Kind: kindReplied, ID: comment, Version: 1, At: c.now(), By: by.ID, Doc: doc})
	}
	if err != nil {
		c.Log.Warn("the reply to a comment could not be noted", "ticket", m.Ticket, "err", err)
	}
}

// whole puts everything into one text: files as the address where they can be had, buttons as numbered lines, and the
// end of what is too long on the ticket's page.
func (c *Channel) whole(m ticketing.Outbound) string {
	lines := []string{m.Text}
	if len(m.Files) > 0 {
		lines = append(lines, words.T(words.Vietnamese, "facebook.send.files", len(m.Files), c.Desk.TrackURL(m.Ticket)))
	}
	for i, ch := range m.Choices {
		lines = append(lines, fmt.Sprintf("%d. %s", i+1, ch.Label))
	}
	said := joined(lines)
	if text.Units(said) <= maxText {
		return said
	}
	more := "…\n" + words.T(words.Vietnamese, "facebook.send.more", c.Desk.TrackURL(m.Ticket))
	parts := text.Split(text.NFC(m.Text), maxText-text.Units(more))
	return strings.TrimRight(parts[0], " .…") + more
}

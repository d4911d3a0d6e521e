package facebook

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// comment is a change of the page's feed: who wrote what under which post
// (https://developers.facebook.com/docs/graph-api/webhooks/reference/page).
type comment struct {
	Item    loose  `json:"item"`
	Verb    loose  `json:"verb"`
	From    author `json:"from"` // missing where the writer's settings forbid it
	ID      loose  `json:"comment_id"`
	Created loose  `json:"created_time"` // epoch seconds
	Message loose  `json:"message"`
	Photo   loose  `json:"photo"`
	Video   loose  `json:"video"`
	Post    struct {
		Link loose `json:"permalink_url"`
	} `json:"post"`
}

type author struct {
	ID   loose `json:"id"` // of another kind than Messenger's
	Name loose `json:"name"`
}

// UnmarshalJSON never fails: a change of another shape is a change of no use.
func (v *comment) UnmarshalJSON(raw []byte) error {
	type plain comment
	return lenient(raw, (*plain)(v))
}

func (v comment) kind() string {
	if v.Item != "comment" {
		return "other change"
	}
	switch v.Verb {
	case "add":
		return "comment"
	case "edit", "edited":
		return "comment edited"
	case "remove":
		return "comment removed"
	case "hide":
		return "comment hidden"
	case "unhide":
		return "comment shown"
	}
	return "other change"
}

// commenter begins the ids of people known by a comment only. They cannot be written to by id: the one private reply
// goes to the comment, whose id is the ticket's External.
const commenter = "comment/"

func (c *Channel) commentKey(v comment, what string) string {
	return fmt.Sprintf("facebook:%s:comment:%s:%s", c.PageID, v.ID, what)
}

// comment takes a comment as a ticket of its own: what stands in public under one post belongs to no conversation.
func (c *Channel) comment(ctx context.Context, v comment) error {
	in := v.incoming(c.commentKey(v, "add"))
	parts := text.Split(in.Text, most)
	in.Text = parts[0]
	r, err := c.Desk.Receive(ctx, by, in)
	if err != nil {
		return err
	}
	if r.Repeated {
		c.health.count("repeated", c.now())
	}
	for i, part := range parts[1:] {
		if _, err := c.Desk.Say(ctx, r.Ticket.Code, fmt.Sprintf("%s:%d", in.Key, i+2), part, nil); err != nil {
			return err
		}
	}
	return nil
}

func (v comment) incoming(key string) ticketing.Incoming {
	in := ticketing.Incoming{
		Key: key, Channel: ticketing.Facebook, Lang: words.Vietnamese, Apart: true, NoReceipt: true, External: string(v.ID),
		Subject: words.T(words.Vietnamese, "facebook.comment.subject"),
		From:    ticketing.Contact{Channel: ticketing.Facebook, ID: commenter + string(v.ID)},
		Name:    text.Truncate(text.NFC(string(v.From.Name)), 120),
	}
	if v.From.ID != "" {
		in.From.ID = commenter + "by/" + string(v.From.ID)
	}
	in.Text = v.words(&in)
	if v.Post.Link != "" {
		in.Text += "\n" + words.T(words.Vietnamese, "facebook.comment.post", v.Post.Link)
	}
	return in
}

// words are what the comment says, never nothing.
func (v comment) words(in *ticketing.Incoming) string {
	lines := []string{string(v.Message)}
	if v.Photo != "" {
		fetch(in, v.Photo, "")
		lines = append(lines, words.T(words.Vietnamese, "facebook.said.image"))
	}
	if v.Video != "" {
		fetch(in, v.Video, "")
		lines = append(lines, words.T(words.Vietnamese, "facebook.said.video"))
	}
	if s := joined(lines); s != "" {
		return s
	}
	return words.T(words.Vietnamese, "facebook.comment.empty")
}

// correct takes a comment's new words. If its first ones never came, these are the comment.
func (c *Channel) correct(ctx context.Context, v comment) error {
	code, err := c.ticketOf(ctx, v)
	if errors.Is(err, ticketing.ErrNotFound) {
		return c.comment(ctx, v)
	}
	if err != nil {
		return err
	}
	var in ticketing.Incoming // new pictures are named, not fetched
	said := text.Truncate(words.T(words.Vietnamese, "facebook.comment.edited")+"\n"+v.words(&in), most)
	_, err = c.Desk.Say(ctx, code, c.commentKey(v, "edited:"+string(v.Created)+":"+digest(said)), said, nil)
	if ticketing.ClassOf(err) == ticketing.Invalid { // the ticket is closed; staff should know all the same
		return c.remark(ctx, code, c.commentKey(v, "edited-note:"+string(v.Created)+":"+digest(said)), said)
	}
	return err
}

// commentChanged tells staff that a comment went out of sight or came back.
func (c *Channel) commentChanged(ctx context.Context, v comment) error {
	code, err := c.ticketOf(ctx, v)
	if errors.Is(err, ticketing.ErrNotFound) {
		return nil // the page's own, or from before our time
	}
	if err != nil {
		return err
	}
	said := words.T(words.Vietnamese, "facebook."+strings.ReplaceAll(v.kind(), " ", "."))
	return c.remark(ctx, code, c.commentKey(v, string(v.Verb)+":"+string(v.Created)), said)
}

func (c *Channel) ticketOf(ctx context.Context, v comment) (ticketing.Code, error) {
	e, err := c.Desk.Store.ByKey(ctx, c.commentKey(v, "add"))
	return e.Ticket, err
}

// remark writes a note for staff on the ticket.
func (c *Channel) remark(ctx context.Context, code ticketing.Code, key, said string) error {
	_, err := c.Desk.Do(ctx, aside, code, ticketing.Command{Verb: ticketing.Note, Key: key, Text: said})
	return err
}

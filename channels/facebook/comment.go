package facebook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// comment is a change of the page's feed: who wrote what under which post, or a post of her own on the page
// (https://developers.facebook.com/docs/graph-api/webhooks/reference/page).
type comment struct {
	Item    loose  `json:"item"`
	Verb    loose  `json:"verb"`
	From    author `json:"from"` // missing where the writer's settings forbid it
	ID      loose  `json:"comment_id"`
	PostID  loose  `json:"post_id"`      // of the post itself, or of the one that is commented
	Created loose  `json:"created_time"` // epoch seconds
	Message loose  `json:"message"`
	Photo   loose  `json:"photo"`
	Video   loose  `json:"video"`
	Link    loose  `json:"link"`   // of a post: its picture or video, or what it shares
	Photos  loosen `json:"photos"` // of a post with several
	Post    struct {
		Link loose `json:"permalink_url"`
	} `json:"post"`
}

// loosen is a list of texts; of anything else, nothing.
type loosen []loose

// UnmarshalJSON never fails.
func (l *loosen) UnmarshalJSON(raw []byte) error {
	var all []loose
	_ = lenient(raw, &all)
	*l = all
	return nil
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
	what := "comment"
	switch v.Item {
	case "comment":
	case "status", "post", "photo", "video", "share":
		what = "post"
	default:
		return "other change"
	}
	switch v.Verb {
	case "add":
		return what
	case "edit", "edited":
		return what + " edited"
	case "remove":
		return what + " removed"
	case "hide":
		return what + " hidden"
	case "unhide":
		return what + " shown"
	}
	return "other change"
}

// isPost says that the person wrote on the page, not under a post of it.
func (v comment) isPost() bool { return v.Item != "comment" }

// id is the comment's or the post's.
func (v comment) id() loose {
	if v.isPost() {
		return v.PostID
	}
	return v.ID
}

// commenter begins the ids of people known by a comment only. They cannot be written to by id: the one private reply
// goes to the comment, whose id is the ticket's External.
const commenter = "comment/"

// posted begins the External of a ticket that came from a post; of a comment it is the bare id.
const posted = "post/"

func (c *Channel) commentKey(v comment, what string) string {
	kind, _, _ := strings.Cut(v.kind(), " ")
	return fmt.Sprintf("facebook:%s:%s:%s:%s", c.PageID, kind, v.id(), what)
}

// comment takes a comment or a post as a ticket of its own: what stands in public belongs to no conversation.
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
		Key: key, Channel: ticketing.Facebook, Lang: words.Vietnamese, Apart: true, NoReceipt: true, External: string(v.id()),
		Subject: words.T(words.Vietnamese, "facebook.comment.subject"),
		From:    ticketing.Contact{Channel: ticketing.Facebook, ID: commenter + string(v.id())},
		Name:    text.Truncate(text.NFC(string(v.From.Name)), 120),
	}
	if v.isPost() {
		in.External, in.Subject = posted+in.External, words.T(words.Vietnamese, "facebook.post.subject")
		in.From.ID = commenter + in.External
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

// words are what the comment or post says, never nothing.
func (v comment) words(in *ticketing.Incoming) string {
	lines := []string{string(v.Message)}
	empty, photos, videos := "facebook.comment.empty", []loose{v.Photo}, []loose{v.Video}
	if v.isPost() {
		empty = "facebook.post.empty"
		photos = append(photos, v.Photos[:min(len(v.Photos), maxAttachments-2)]...)
		switch v.Item {
		case "photo":
			photos = append(photos, v.Link)
		case "video":
			videos = append(videos, v.Link)
		default:
			lines = append(lines, unsaid(string(v.Message), v.Link))
		}
	}
	if fetchAll(in, photos) {
		lines = append(lines, words.T(words.Vietnamese, "facebook.said.image"))
	}
	if fetchAll(in, videos) {
		lines = append(lines, words.T(words.Vietnamese, "facebook.said.video"))
	}
	if s := joined(lines); s != "" {
		return s
	}
	return words.T(words.Vietnamese, empty)
}

// fetchAll notes each address once; it says whether there was any.
func fetchAll(in *ticketing.Incoming, addresses []loose) bool {
	before := len(in.Fetch)
	for _, a := range addresses {
		if !slices.ContainsFunc(in.Fetch, func(f ticketing.Fetch) bool { return f.Address == string(a) }) {
			fetch(in, a, "")
		}
	}
	return len(in.Fetch) > before
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
	said := text.Truncate(words.T(words.Vietnamese, "facebook."+strings.ReplaceAll(v.kind(), " ", "."))+"\n"+v.words(&in), most)
	_, err = c.Desk.Say(ctx, code, c.commentKey(v, "edited:"+string(v.Created)+":"+digest(said)), said, nil)
	if ticketing.ClassOf(err) == ticketing.Invalid { // the ticket is closed; staff should know all the same
		return c.remark(ctx, code, c.commentKey(v, "edited-note:"+string(v.Created)+":"+digest(said)), said)
	}
	return err
}

// commentChanged tells staff that a comment or post went out of sight or came back.
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

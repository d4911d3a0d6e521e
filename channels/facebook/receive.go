package facebook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// most is the desk's limit of a message with a margin.
const most = 9000

// take does what an item asks for. Nil: it is durable, or there was nothing to do.
func (c *Channel) take(ctx context.Context, it item) error {
	kind := it.kind()
	if it.page != c.PageID {
		c.health.count("other page", c.now()) // one app may serve several, and other things than pages
		return nil
	}
	if it.standby {
		c.alarm("facebook.alarm.standby")
	}
	var err error
	switch kind {
	case "message", "edit", "postback":
		if err = c.heldBy(ctx, it, it.standby); err == nil {
			err = c.hear(ctx, it)
		}
	case "handover":
		kind, err = c.handover(ctx, it)
	case "echo":
		kind, err = c.echo(ctx, it)
	case "delivery":
		err = c.arrived(ctx, it)
	case "read":
		err = c.read(ctx, it)
	case "comment", "comment edited", "comment removed", "comment hidden", "comment shown",
		"post", "post edited", "post removed", "post hidden", "post shown":
		kind, err = c.feed(ctx, it.Value, kind)
	default:
		kind = "ignored " + kind
	}
	if err == nil {
		c.health.count(kind, c.now())
	}
	return err
}

// hear hands a citizen's message to the desk. A text longer than the desk takes is several messages, so that no word
// is lost.
func (c *Channel) hear(ctx context.Context, it item) error {
	user := string(it.Sender.ID)
	if user == "" {
		c.health.count("unreadable", c.now())
		c.Log.Error("a message names no sender", "event", it.kind())
		return nil
	}
	key, err := c.key(ctx, it)
	if err != nil {
		return err
	}
	in := it.incoming(key)
	for i, part := range text.Split(in.Text, most) {
		one := in
		one.Text = part
		if i > 0 {
			one.Key, one.Fetch, one.Location, one.Choice = fmt.Sprintf("%s:%d", key, i+1), nil, nil, ""
		}
		if it.many { // what a batch that was put off has brought already must cost next to nothing, or its repeat ends no further
			if _, err := c.Desk.Store.ByKey(ctx, one.Key); err == nil {
				c.health.count("repeated", c.now())
				continue
			}
		}
		r, err := c.Desk.Receive(ctx, by, one)
		if err != nil {
			return err
		}
		if r.Repeated {
			c.health.count("repeated", c.now())
		}
	}
	select {
	case c.names <- user:
	default: // many at once: her next message asks again
	}
	return nil
}

// key makes a repeat harmless. Where there is no message id the vault's name of the person stands in it, never her
// id: keys are in the journal.
func (c *Channel) key(ctx context.Context, it item) (string, error) {
	mid, what := "", "m"
	switch {
	case it.Message != nil:
		mid = string(it.Message.MID)
	case it.Postback != nil:
		mid = string(it.Postback.MID)
	case it.Edit != nil && it.Edit.MID != "":
		return fmt.Sprintf("facebook:%s:edit:%s:%s:%s", c.PageID, it.Edit.MID, it.Edit.Edits, digest(string(it.Edit.Text))), nil
	case it.Edit != nil:
		what = "edit"
	}
	if mid != "" {
		return fmt.Sprintf("facebook:%s:m:%s", c.PageID, mid), nil
	}
	id, err := c.Desk.Vault.Identify(ctx, ticketing.Contact{Channel: ticketing.Facebook, ID: string(it.Sender.ID)})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("facebook:%s:%s:%s:%s", c.PageID, what, id, it.Timestamp), nil
}

// digest tells two corrections of one thing apart.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// feed takes what happened on the page and under its posts; it says how to count it.
func (c *Channel) feed(ctx context.Context, v comment, kind string) (string, error) {
	own := string(v.From.ID) == c.PageID
	switch kind {
	case "comment", "post", "comment edited", "post edited":
		if own {
			return "ignored own " + strings.TrimSuffix(kind, " edited"), nil
		}
	}
	switch {
	case v.id() == "":
		c.Log.Error("a comment or post has no id", "event", kind)
		return "unreadable", nil
	case kind == "comment", kind == "post":
		return kind, c.comment(ctx, v)
	case strings.HasSuffix(kind, " edited"):
		return kind, c.correct(ctx, v)
	}
	return kind, c.commentChanged(ctx, v)
}

// The metadata of what we send comes back in its echo, where it tells which part of which message went out, also when
// the answer to the call was lost.
const metadataMark = "hotline1022:"

var partID = regexp.MustCompile(`^[0-9A-Za-z]{1,40}/[0-9]{1,9}/[0-9]{1,4}$`)

// echo hears of a message the page sent; it may come before the answer to the call that sent it. Ours are known by
// metadata or receipt; what somebody wrote in the page's own inbox is for staff to see.
func (c *Channel) echo(ctx context.Context, it item) (string, error) {
	if it.Message == nil || it.Message.MID == "" {
		return "ignored echo", nil
	}
	mid := string(it.Message.MID)
	_, _, err := c.Desk.Sent(ctx, ticketing.Facebook, mid)
	if err == nil {
		return "own echo", nil
	}
	if !errors.Is(err, ticketing.ErrNotFound) {
		return "", err
	}
	if part, ok := strings.CutPrefix(string(it.Message.Metadata), metadataMark); ok {
		if !partID.MatchString(part) {
			return "ignored echo", nil
		}
		return "own echo", c.gone(ctx, part, mid)
	}
	return c.colleague(ctx, it)
}

// gone writes down that a part of a message is with Facebook, under which id.
func (c *Channel) gone(ctx context.Context, part, mid string) error {
	doc, err := json.Marshal(mid)
	if err != nil {
		return err
	}
	err = c.Desk.Store.Put(ctx, ticketing.Record{Kind: kindSent, ID: part, Version: 1, At: c.now(), By: by.ID, Doc: doc})
	if errors.Is(err, ticketing.ErrConflict) {
		return nil // known
	}
	return err
}

// colleague notes on the person's ticket what was written to her in the page's inbox.
func (c *Channel) colleague(ctx context.Context, it item) (string, error) {
	id, err := c.Desk.Vault.Identify(ctx, ticketing.Contact{Channel: ticketing.Facebook, ID: string(it.Recipient.ID)})
	if err != nil {
		return "", err
	}
	page, err := c.Desk.Store.List(ctx, ticketing.Filter{
		Scope: ticketing.Scope{All: true}, Citizen: []ticketing.CitizenID{id}, Channel: []ticketing.Channel{ticketing.Facebook}, Limit: 10,
	})
	if err != nil {
		return "", err
	}
	if len(page.Tickets) == 0 {
		return "ignored echo", nil // the page wrote first, or she never wrote since we listen
	}
	t := page.Tickets[0] // the newest, unless another is open
	for _, other := range page.Tickets {
		if t.Status == ticketing.Closed && other.Status != ticketing.Closed {
			t = other
		}
	}
	var in ticketing.Incoming // what came along is named, not fetched
	it.Message.describe(&in)
	said := words.T(words.Vietnamese, "facebook.echo", text.Truncate(in.Text, most))
	return "page's inbox", c.remark(ctx, t.Code, fmt.Sprintf("facebook:%s:echo:%s", c.PageID, it.Message.MID), said)
}

// arrived hears that messages are on the person's device: which, or all by a moment.
func (c *Channel) arrived(ctx context.Context, it item) error {
	if len(it.Delivery.MIDs) == 0 {
		return c.upTo(ctx, it, ticketing.Arrived, it.Delivery.Watermark.time())
	}
	for _, mid := range it.Delivery.MIDs {
		err := c.Desk.Confirm(ctx, ticketing.Facebook, string(mid), ticketing.Arrived)
		if errors.Is(err, ticketing.ErrNotFound) {
			c.tooEarly(60, func(ctx context.Context) bool {
				return !errors.Is(c.Desk.Confirm(ctx, ticketing.Facebook, string(mid), ticketing.Arrived), ticketing.ErrNotFound)
			})
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// read hears that the person has opened everything by a moment.
func (c *Channel) read(ctx context.Context, it item) error {
	by := it.Read.Watermark.time()
	if t := it.Timestamp.time(); t.After(by) { // when she looked; the watermark is the time of what she saw last
		by = t
	}
	return c.upTo(ctx, it, ticketing.Read, by)
}

// slack is how much later than Facebook we write down that Facebook has a message: its answer's way to us, and ours to
// the disk. Somebody who looks at the conversation as it arrives has read it within that time.
const slack = 2 * time.Second

func (c *Channel) upTo(ctx context.Context, it item, s ticketing.DeliveryState, by time.Time) error {
	if it.Sender.ID == "" || by.IsZero() {
		return nil
	}
	who := ticketing.Contact{Channel: ticketing.Facebook, ID: string(it.Sender.ID)}
	confirm := func(ctx context.Context) error { return c.Desk.ConfirmUpTo(ctx, who, s, by.Add(slack)) }
	c.tooEarly(3, func(ctx context.Context) bool {
		_ = confirm(ctx) // a courtesy; and nobody can tell whether another message is just being written down
		return false
	})
	return confirm(ctx)
}

package zalo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// What Zalo could not tell us, because we were away for longer than it repeats or because it never called, stands in
// the account's conversations. They are read after a start and every few minutes, and what the journal does not have is
// taken in under the key the webhook would have used.

// kindGap: id is the Official Account, the content up to when its conversations have been compared with the journal.
const kindGap = "zalo_gap"

type gap struct {
	From  time.Time `json:"from"` // the first look: what was said before is not ours to answer
	Until time.Time `json:"until"`

	// Proven: a message that came by the webhook stands in the history under the same id. Before that nothing is taken
	// in: were the ids others, every message would come twice.
	Proven bool `json:"proven,omitempty"`
}

const (
	gapEvery = 10 * time.Minute
	gapPace  = 100 * time.Millisecond // between calls: a seventh of what a minute allows

	gapTries = 3 // rounds that fail one after the other before people are called

	// settled is how long a message is left to the webhook.
	settled = time.Minute
	// ladder is how long Zalo repeats an event, and a little more. So long back every round looks, for messages whose
	// kind the history tells otherwise than the webhook: those are left to the webhook for as long as it may bring them.
	ladder = 2*time.Hour + 10*time.Minute
	// gapDepth is how far back we look at most: whoever wrote before cannot be answered.
	gapDepth = 7 * 24 * time.Hour

	pageLength = 10 // Zalo gives no more
	mostPages  = 500
	mostKnown  = 10_000

	// unproven is how many messages that the journal does not know, and none it knows, say that the ids are others.
	unproven = 20
)

// past is one message of a conversation as the API tells it.
type past struct {
	Source      loose           `json:"src"`  // 0: the account, 1: the citizen
	Time        loose           `json:"time"` // epoch milliseconds
	Type        loose           `json:"type"`
	ID          loose           `json:"message_id"` // the webhook's msg_id
	From        loose           `json:"from_id"`
	To          loose           `json:"to_id"`
	Message     loose           `json:"message"`
	Description loose           `json:"description"`
	URL         loose           `json:"url"`
	Links       json.RawMessage `json:"links"`
	Location    json.RawMessage `json:"location"` // an object, or one written as text
}

// UnmarshalJSON never fails: a message of another shape is one without an id, and left alone.
func (p *past) UnmarshalJSON(raw []byte) error {
	type plain past
	if json.Unmarshal(raw, (*plain)(p)) != nil {
		*p = past{}
	}
	return nil
}

// fillGaps looks for missed messages until ctx ends.
func (c *Channel) fillGaps(ctx context.Context) error {
	done := map[string]string{}
	for failed := 0; ; {
		pause := gapEvery
		if err := c.fillGap(ctx, done); err != nil && ctx.Err() == nil {
			failed++
			pause = c.gapFailed(failed, err)
		} else {
			failed = 0
			c.allClear("zalo.alarm.gaps")
		}
		if err := rest(ctx, pause); err != nil {
			return err
		}
	}
}

// gapFailed says when to look again. At a start the token may be under way; what goes on is for people.
func (c *Channel) gapFailed(times int, err error) (pause time.Duration) {
	c.Log.Warn("messages that may have been missed could not be looked for; the next round does", "err", err)
	if times >= gapTries {
		c.alarm("zalo.alarm.gaps", text.Truncate(err.Error(), 200))
		return gapEvery
	}
	return afterTrouble
}

func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// fillGap compares once. done holds the last message of each conversation that has been compared to its end, so that a
// round in which nobody wrote is one call. What fails is compared again in the next round.
func (c *Channel) fillGap(ctx context.Context, done map[string]string) error {
	now := c.now()
	g, version, err := c.gap(ctx)
	if err != nil {
		return err
	}
	if version == 0 {
		return c.compared(ctx, gap{From: now, Until: now}, 1)
	}
	since := g.Until.Add(-ladder)
	for _, t := range []time.Time{g.From, now.Add(-gapDepth)} {
		if since.Before(t) {
			since = t
		}
	}
	if len(done) > mostKnown {
		clear(done)
	}
	recent, err := c.recent(ctx, since)
	if err != nil {
		return err
	}
	var all []comparison
	lacking := 0
	for _, last := range recent {
		if done[last.user()] == string(last.ID) {
			continue
		}
		one, err := c.compare(ctx, last, since, now)
		if err != nil {
			return err
		}
		all = append(all, one)
		g.Proven = g.Proven || one.known
		lacking += len(one.missing)
	}
	if lacking > 0 && !g.Proven {
		return c.doubt(ctx, lacking, gap{From: g.From, Until: now}, version+1)
	}
	for _, one := range all {
		if err := c.fill(ctx, one); err != nil {
			return err
		}
		if one.whole {
			done[one.last.user()] = string(one.last.ID)
		}
	}
	if g.Proven {
		c.allClear("zalo.alarm.gap_ids")
	}
	return c.compared(ctx, gap{From: g.From, Until: now, Proven: g.Proven}, version+1)
}

// doubt is what follows where nothing tells whether the history's ids are the webhook's: the same is compared again, until
// the webhook has brought a message that proves it, or so many did not that people must see to it.
func (c *Channel) doubt(ctx context.Context, lacking int, g gap, version int) error {
	c.health.tally("gap not filled")
	if lacking < unproven {
		c.Log.Warn("messages may have been missed; whether their ids are the webhook's is not proven yet", "messages", lacking)
		return nil
	}
	c.alarm("zalo.alarm.gap_ids")
	return c.compared(ctx, g, version)
}

// comparison is what became of one conversation.
type comparison struct {
	last    past
	missing []event // the newest first
	known   bool    // something of it is in the journal
	whole   bool    // nothing of it was left for a later round
}

// gap is how far we are; version 0 at the first look.
func (c *Channel) gap(ctx context.Context) (g gap, version int, err error) {
	r, err := c.Desk.Store.Get(ctx, kindGap, c.OAID)
	if errors.Is(err, ticketing.ErrNotFound) {
		return g, 0, nil
	}
	if err != nil {
		return g, 0, fmt.Errorf("reading how far the conversations are compared: %w", err)
	}
	return g, r.Version, json.Unmarshal(r.Doc, &g)
}

// compared writes down how far we are. Another process that was quicker has compared the same.
func (c *Channel) compared(ctx context.Context, g gap, version int) error {
	doc, err := json.Marshal(g)
	if err != nil {
		return err
	}
	err = c.Desk.Store.Put(ctx, ticketing.Record{Kind: kindGap, ID: c.OAID, Version: version, At: c.now(), By: by.ID, Doc: doc})
	if errors.Is(err, ticketing.ErrConflict) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.Desk.Store.Erase(ctx, kindGap, c.OAID, version)
}

// recent is the last message of each conversation in which something was said since then, the newest first.
func (c *Channel) recent(ctx context.Context, since time.Time) ([]past, error) {
	var out []past
	known := map[string]bool{}
	err := c.pages(ctx, pathRecent, map[string]any{}, func(m past) bool {
		if m.at().Before(since) {
			return false
		}
		if user := m.user(); user != "" && !known[user] {
			known[user] = true
			out = append(out, m)
		}
		return true
	})
	return out, err
}

// compare looks which of a conversation's messages are not in the journal.
func (c *Channel) compare(ctx context.Context, last past, since, now time.Time) (comparison, error) {
	out := comparison{last: last, whole: true}
	user := last.user()
	var unread error
	err := c.pages(ctx, pathConversation, map[string]any{"user_id": user}, func(m past) bool {
		if m.at().Before(since) {
			return false
		}
		if !m.spoken() || m.user() != user {
			return true
		}
		kind, sure := m.kind()
		there, err := c.knows(ctx, kind, string(m.ID))
		switch age := now.Sub(m.at()); {
		case err != nil:
			unread = err
			return false
		case there:
			out.known = true
		case age < settled, !sure && age < ladder-gapEvery:
			out.whole = false
		default:
			out.missing = append(out.missing, m.event(c.AppID, c.OAID, kind))
		}
		return true
	})
	return out, cmp.Or(err, unread)
}

// fill takes in what is missing, the oldest first.
func (c *Channel) fill(ctx context.Context, one comparison) error {
	for _, e := range slices.Backward(one.missing) {
		err := c.hear(ctx, e)
		if ticketing.ClassOf(err) == ticketing.Invalid {
			c.health.tally("refused")
			c.Log.Error("the desk refuses a missed message for good", "event", e.Name, "err", err)
			continue
		}
		if err != nil {
			return err
		}
		c.health.tally("gap filled")
	}
	return nil
}

// knows says whether the journal has the message, whatever kind the webhook called it.
func (c *Channel) knows(ctx context.Context, kind, id string) (bool, error) {
	for _, k := range append([]string{kind}, spokenKinds...) {
		_, err := c.Desk.Store.ByKey(ctx, c.messageKey("user_send_"+k, id))
		if !errors.Is(err, ticketing.ErrNotFound) {
			return err == nil, err
		}
	}
	return false, nil
}

// pages reads a list page by page, the newest first, until each says that it is enough. Somebody who writes meanwhile
// moves messages to the next page, where they are met a second time; none is passed over.
func (c *Channel) pages(ctx context.Context, path string, data map[string]any, each func(past) bool) error {
	for page := range mostPages {
		if err := rest(ctx, c.gapPace); err != nil {
			return err
		}
		data["offset"], data["count"] = page*pageLength, pageLength
		query, err := json.Marshal(data)
		if err != nil {
			return err
		}
		var got []past
		if err := c.call(ctx, request{method: http.MethodGet, path: path, gentle: true, query: url.Values{"data": {string(query)}}}, &got); err != nil {
			return err
		}
		for _, m := range got {
			if !each(m) {
				return nil
			}
		}
		if len(got) < pageLength {
			return nil
		}
	}
	c.Log.Error("more was said than we look through; what is older may be missing", "channel", ticketing.Zalo)
	return nil
}

func (p past) at() time.Time { return milliseconds(string(p.Time)) }

// user is the citizen of the conversation.
func (p past) user() string {
	if p.Source == "0" {
		return string(p.To)
	}
	return string(p.From)
}

// spoken says that a citizen said it, and that it can be known again.
func (p past) spoken() bool { return p.Source == "1" && p.ID != "" && p.From != "" }

// kind is the webhook's word for the history's; sure is false where we do not know it.
func (p past) kind() (kind string, sure bool) {
	kind, sure = pastKinds[strings.ToLower(string(p.Type))]
	return cmp.Or(kind, "text"), sure
}

// pastKinds are the history's words, and the webhook's.
var pastKinds = map[string]string{
	"text": "text", "photo": "image", "image": "image", "gif": "gif", "link": "link", "links": "link", "voice": "audio", "audio": "audio",
	"video": "video", "sticker": "sticker", "location": "location", "file": "file",
}

// event is the message as the webhook would have told it.
func (p past) event(app, oa, kind string) event {
	e := event{AppID: loose(app), Name: loose("user_send_" + kind), Timestamp: p.Time, Sender: party{p.From}, Recipient: party{loose(oa)}}
	e.Message.ID, e.Message.Text = p.ID, p.Message
	var all []attachment
	var links []payload
	if json.Unmarshal(p.Links, &links) == nil {
		for _, l := range links {
			all = append(all, attachment{Type: "link", Payload: l})
		}
	}
	one := attachment{Type: loose(kind), Payload: payload{URL: p.URL, Description: p.Description}}
	var written string
	where := p.Location
	if json.Unmarshal(where, &written) == nil {
		where = []byte(written)
	}
	_ = json.Unmarshal(where, &one.Payload.Coordinates) // what is no place is none
	if kind != "text" && (kind != "link" || len(all) == 0) {
		all = append(all, one)
	}
	if len(all) > 0 {
		e.Message.Attachments, _ = json.Marshal(all) // plain fields
	}
	return e
}

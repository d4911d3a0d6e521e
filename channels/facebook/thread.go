package facebook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// One app at a time has a conversation, and only that one may write
// (https://developers.facebook.com/docs/messenger-platform/handover-protocol). Facebook's refusal is the truth; what we
// keep is so that the program does not talk into what another app is saying.

// kindThread: id is the vault's name of the person, the content who has the conversation with her, as far as we were
// told; none: we have.
const kindThread = "facebook_thread"

type thread struct {
	Away bool  `json:"away"`
	At   int64 `json:"at"` // epoch milliseconds by Facebook's clock: what was told late does not count
}

const (
	keepThread = 30 * day
	heldPause  = 30 * time.Minute // before the program tries again to say something
)

// control is who has a conversation now.
type control struct {
	To loose `json:"new_owner_app_id"`
}

// handover takes what was told of a conversation's owner; it says how to count it.
func (c *Channel) handover(ctx context.Context, it item) (string, error) {
	var owner control
	kind, away := "thread passed to us", false
	switch {
	case it.Pass != nil:
		_ = lenient(it.Pass, &owner)
		away = c.AppID != "" && owner.To != "" && string(owner.To) != c.AppID
	case it.Take != nil: // told to who has lost it
		_ = lenient(it.Take, &owner)
		away = c.AppID == "" || string(owner.To) != c.AppID
	case it.Request != nil:
		return "thread asked for", nil // to be passed by a person, on the page
	default:
		return "app roles", nil
	}
	if away {
		kind = "thread with another app"
	}
	return kind, c.heldBy(ctx, it, away)
}

// heldBy notes who has the conversation with the item's person.
func (c *Channel) heldBy(ctx context.Context, it item, away bool) error {
	if it.Sender.ID == "" {
		return nil
	}
	if !away {
		c.allClear("facebook.alarm.standby")
	}
	return c.setThread(ctx, string(it.Sender.ID), thread{away, it.at()})
}

// setThread notes it, unless something later is known. That we have it is what nothing need be written for.
func (c *Channel) setThread(ctx context.Context, user string, now thread) error {
	id, err := c.Desk.Vault.Identify(ctx, ticketing.Contact{Channel: ticketing.Facebook, ID: user})
	if err != nil {
		return err
	}
	for {
		was, version, err := c.thread(ctx, id)
		if err != nil || was.Away == now.Away || now.At < was.At {
			return err
		}
		doc, err := json.Marshal(now)
		if err != nil {
			return err
		}
		err = c.Desk.Store.Put(ctx, ticketing.Record{Kind: kindThread, ID: string(id), Version: version + 1, At: c.now(), By: by.ID, Doc: doc})
		if !errors.Is(err, ticketing.ErrConflict) {
			return err
		}
	}
}

func (c *Channel) thread(ctx context.Context, id ticketing.CitizenID) (t thread, version int, err error) {
	r, err := c.Desk.Store.Get(ctx, kindThread, string(id))
	if errors.Is(err, ticketing.ErrNotFound) {
		return t, 0, nil
	}
	if err != nil {
		return t, 0, fmt.Errorf("looking who has the conversation: %w", err)
	}
	return t, r.Version, json.Unmarshal(r.Doc, &t)
}

// mayTalk is nil unless the program would talk into another app's conversation. What a person wrote goes.
func (c *Channel) mayTalk(ctx context.Context, to recipient) error {
	if to.person || to.User == "" {
		return nil
	}
	id, err := c.Desk.Vault.Identify(ctx, ticketing.Contact{Channel: ticketing.Facebook, ID: to.User})
	if err != nil {
		return err
	}
	t, _, err := c.thread(ctx, id)
	if err == nil && t.Away {
		err = soon(heldPause, "facebook.send.held_auto")
	}
	return err
}

// postThere posts the message; where another app has the conversation, what a person wrote takes it back, once.
func (c *Channel) postThere(ctx context.Context, out outgoing) (answer, error) {
	a, err := c.post(ctx, out)
	user := out.Recipient.User
	if !isHeld(err) || user == "" || !out.Recipient.person {
		return a, err
	}
	if err := c.takeThread(ctx, user); err != nil {
		return a, err
	}
	if a, err = c.post(ctx, out); isHeld(err) {
		err = &refusal{words.T(words.Vietnamese, "facebook.send.held"), err}
	}
	return a, err
}

func isHeld(err error) bool {
	var api *apiError
	if !errors.As(err, &api) {
		return false
	}
	r, _ := ruleFor(api)
	return r.do == held
}

// takeThread takes the conversation from the app that has it, which only the page's primary app may
// (https://developers.facebook.com/docs/messenger-platform/reference/handover-protocol/take-thread-control).
func (c *Channel) takeThread(ctx context.Context, user string) error {
	if wait := c.hush(); wait > 0 {
		return &ticketing.LaterError{After: wait, Err: errors.New(words.T(words.Vietnamese, "facebook.code.rate"))}
	}
	body, err := json.Marshal(map[string]any{"recipient": recipient{User: user}, "metadata": "hotline1022"})
	if err != nil {
		return err
	}
	err = c.ask(ctx, request{method: http.MethodPost, path: "/" + c.PageID + "/take_thread_control", kind: "application/json", body: body}, nil)
	var unsure *unsureError
	var api *apiError
	switch {
	case errors.As(err, &unsure): // taking it twice hurts nobody
		return fmt.Errorf("%s: %w", words.T(words.Vietnamese, "facebook.code.held"), unsure.err)
	case errors.As(err, &api):
		switch r, known := ruleFor(api); {
		case !known, r.do == never, r.do == window, r.do == people && r.key != "facebook.code.token":
			return &refusal{words.T(words.Vietnamese, "facebook.send.held"), api}
		}
		return c.verdict(err)
	case err != nil:
		return err
	}
	c.health.tally("thread taken back")
	c.allClear("facebook.alarm.standby")
	return c.setThread(ctx, user, thread{false, c.now().UnixMilli()})
}

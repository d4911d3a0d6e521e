package zalo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"hotline1022/ticketing"
)

// anonymous marks the ids of people who write without being signed in. They are of another kind: such a person is
// answered in a conversation, which Zalo names with each of her messages.
const anonymous = "anonymous:"

// kindAnonymous: id is the vault's name of the person, the content her conversation's id, sealed.
const kindAnonymous = "zalo_anonymous"

// keepAnonymous is how long a conversation can be answered; a week is the longest of Zalo's windows.
const keepAnonymous = 8 * 24 * time.Hour

// contact is the person's id as the vault knows it.
func (e event) contact() string {
	if strings.HasPrefix(string(e.Name), "anonymous_") {
		return anonymous + e.user()
	}
	return e.user()
}

// converse remembers where a person who is not signed in can be answered. It is stored before her message, so that
// nothing is durable that cannot be answered.
func (c *Channel) converse(ctx context.Context, e event) error {
	id := string(e.Message.Conversation)
	if id == "" || !strings.HasPrefix(e.contact(), anonymous) {
		return nil
	}
	who, err := c.Desk.Vault.Identify(ctx, ticketing.Contact{Channel: ticketing.Zalo, ID: e.contact()})
	if err != nil {
		return err
	}
	for {
		had, at, version, err := c.conversation(ctx, who)
		if err != nil || had == id && c.now().Sub(at) < keepAnonymous/8 {
			return err
		}
		doc, err := json.Marshal(c.Desk.Vault.Seal(kindAnonymous+"/"+string(who), []byte(id)))
		if err != nil {
			return err
		}
		err = c.Desk.Store.Put(ctx, ticketing.Record{Kind: kindAnonymous, ID: string(who), Version: version + 1, At: c.now(), By: by.ID, Doc: doc})
		if !errors.Is(err, ticketing.ErrConflict) {
			return err
		}
	}
}

// conversation is where the person can be answered; "" if Zalo never said.
func (c *Channel) conversation(ctx context.Context, who ticketing.CitizenID) (id string, at time.Time, version int, err error) {
	r, err := c.Desk.Store.Get(ctx, kindAnonymous, string(who))
	if errors.Is(err, ticketing.ErrNotFound) {
		return "", at, 0, nil
	}
	if err != nil {
		return "", at, 0, fmt.Errorf("looking for the conversation: %w", err)
	}
	var box []byte
	if err := json.Unmarshal(r.Doc, &box); err != nil {
		return "", at, 0, fmt.Errorf("record of an anonymous conversation: %w", err)
	}
	plain, err := c.Desk.Vault.Unseal(kindAnonymous+"/"+r.ID, box)
	return string(plain), r.At, r.Version, err
}

// recipient is whom a message goes to.
type recipient struct {
	User         string `json:"user_id,omitempty"`
	Anonymous    string `json:"anonymous_id,omitempty"`
	Conversation string `json:"conversation_id,omitempty"`
}

// addressee finds out how the person is written to.
func (c *Channel) addressee(ctx context.Context, to string) (recipient, error) {
	id, ok := strings.CutPrefix(to, anonymous)
	if !ok {
		return recipient{User: to}, nil
	}
	who, err := c.Desk.Vault.Identify(ctx, ticketing.Contact{Channel: ticketing.Zalo, ID: to})
	if err != nil {
		return recipient{}, err
	}
	conversation, _, _, err := c.conversation(ctx, who)
	if err == nil && conversation == "" {
		err = refuse("zalo.send.anonymous")
	}
	return recipient{Anonymous: id, Conversation: conversation}, err
}

// forgetConversations erases those that can no longer be answered.
func (c *Channel) forgetConversations(ctx context.Context) error {
	all, err := c.Desk.Store.All(ctx, kindAnonymous, "")
	if err != nil {
		return err
	}
	for _, r := range all {
		if c.now().Sub(r.At) > keepAnonymous {
			err = errors.Join(err, c.Desk.Store.Erase(ctx, kindAnonymous, r.ID, 0))
			continue
		}
		err = errors.Join(err, c.Desk.Store.Erase(ctx, kindAnonymous, r.ID, r.Version))
	}
	return err
}

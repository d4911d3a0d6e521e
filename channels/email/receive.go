package email

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

const (
	mostWords    = 9000 // the desk's limit with a margin; the whole goes along as a file
	mostFiles    = 10   // the desk's
	mostReceipts = 5    // automatic answers to one sender in an hour
	atOnce       = 16   // senders whose letters are stored at the same time
)

// takeAll stores letters, those of one sender in their order. It says of each whether it is durable (nil): one that
// must wait keeps only its sender's later ones waiting.
func (c *Channel) takeAll(ctx context.Context, raws [][]byte) []error {
	errs := make([]error, len(raws))
	rows := map[string][]int{}
	letters := make([]letter, len(raws))
	var order []string
	for i, raw := range raws {
		letters[i] = read(raw, c.Address, c.AuthServ)
		from := letters[i].From.Address
		if rows[from] == nil {
			order = append(order, from)
		}
		rows[from] = append(rows[from], i)
	}
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, from := range order {
		group.Go(func() error {
			var err error
			for _, i := range rows[from] {
				if err == nil {
					err = c.take(ctx, letters[i])
				}
				errs[i] = err
			}
			return nil
		})
	}
	_ = group.Wait() // each error stands with its letter
	return errs
}

// take does what a letter asks for. Nil: it is durable, or there was nothing to do.
func (c *Channel) take(ctx context.Context, l letter) error {
	code, n, follows := c.followed(l.Refs)
	if r := bounced(l); r != nil {
		return c.returned(ctx, l, *r, code, n, follows)
	}
	_, _, ours := c.resolve(l.ID)
	switch {
	case ours:
		c.health.count("our own", c.now()) // a copy of what we sent
		return nil
	case l.Reply:
		c.health.count("auto-reply", c.now())
		return nil
	case follows && (l.Machine == "bulk" || l.Machine == "auto-submitted" || l.Machine == "no return path" || l.Machine == "robot"):
		c.health.count("auto-reply", c.now()) // old vacation programs
		return nil
	}
	if _, err := c.Desk.Store.ByKey(ctx, l.Key); err == nil {
		c.health.count("repeated", c.now())
		return nil
	} else if !errors.Is(err, ticketing.ErrNotFound) {
		return fmt.Errorf("looking for a repeat: %w", err)
	}
	return c.hear(ctx, l, code)
}

// hear hands a citizen's letter to the desk.
func (c *Channel) hear(ctx context.Context, l letter, into ticketing.Code) error {
	in := l.incoming()
	in.Into = into
	var err error
	if in.NoReceipt, err = c.unanswered(ctx, l, in.From); err != nil {
		return err
	}
	if err := c.keepFiles(ctx, l, &in); err != nil {
		return err
	}
	if err := c.remember(ctx, l); err != nil {
		return err
	}
	r, err := c.Desk.Receive(ctx, by, in)
	switch {
	case ticketing.ClassOf(err) == ticketing.Invalid:
		c.health.count("refused by the desk", c.now())
		c.Log.Error("a letter can never be taken in; it is still in the mailbox", "key", l.Key, "err", err)
		return nil
	case err != nil:
		return err
	case r.Repeated:
		c.health.count("repeated", c.now())
	case r.Joined:
		c.health.count("joined", c.now())
	default:
		c.health.count("taken", c.now())
	}
	if l.Machine != "" {
		c.health.count("no automatic answer: "+l.Machine, c.now())
	}
	return nil
}

// incoming is the letter as the desk gets it, without its files.
func (l letter) incoming() ticketing.Incoming {
	in := ticketing.Incoming{
		Key: l.Key, Channel: ticketing.Email, Lang: words.Vietnamese, Kind: ticketing.Other, // an operator classifies
		Subject: text.Truncate(l.Subject, 190), Name: text.Truncate(l.From.Name, 110), Text: l.Text,
	}
	if l.From.Address != "" && l.Machine != "ourselves" {
		in.From = ticketing.Contact{Channel: ticketing.Email, ID: l.From.Address}
		if a, err := mail.ParseAddress(l.From.Address); err == nil && a.Address == l.From.Address {
			in.Email = a.Address
		}
	} else {
		in.Name = "" // who cannot be answered is no person the vault could know again
	}
	if !l.Forward {
		in.Text = own(l.Text)
	}
	if in.Text == "" {
		in.Text = in.Subject
	}
	if in.Text == "" {
		in.Text = vi("email.said.empty")
	}
	if l.Unsure {
		in.Text += "\n\n" + vi("email.said.unsure")
	}
	return in
}

// unanswered says that no machine of ours may answer: a machine wrote, or one sender gets too many answers.
func (c *Channel) unanswered(ctx context.Context, l letter, from ticketing.Contact) (bool, error) {
	if l.Machine != "" || from == (ticketing.Contact{}) {
		return true, nil
	}
	id, err := c.Desk.Vault.Identify(ctx, from)
	if err != nil {
		return false, fmt.Errorf("looking up the sender: %w", err)
	}
	lately, err := c.Desk.Store.Count(ctx, ticketing.Filter{
		Scope: ticketing.Scope{All: true}, Citizen: []ticketing.CitizenID{id}, Channel: []ticketing.Channel{ticketing.Email},
		From: c.now().Add(-time.Hour), Limit: mostReceipts,
	})
	if err != nil {
		return false, fmt.Errorf("counting the sender's letters: %w", err)
	}
	if lately >= mostReceipts {
		c.health.count("no automatic answer: too many", c.now())
	}
	return lately >= mostReceipts, nil
}

// keepFiles stores what came along. What is not accepted is named in the text, with the reason; words that are too
// many for one message go along as a file.
func (c *Channel) keepFiles(ctx context.Context, l letter, in *ticketing.Incoming) error {
	var notes []string
	keep := func(data []byte, name string) error {
		file, err := c.Desk.Files.Save(ctx, bytes.NewReader(data), name)
		var no *ticketing.Error
		if errors.As(err, &no) && no.Class == ticketing.Invalid {
			notes = append(notes, vi("email.said.refused", text.Truncate(text.NFC(name), 80), no.Text(words.Vietnamese)))
			return nil
		}
		if err != nil {
			return fmt.Errorf("storing an attachment: %w", err)
		}
		in.Files = append(in.Files, file)
		return nil
	}
	if utf8.RuneCountInString(in.Text) > mostWords {
		if err := keep([]byte(in.Text), vi("email.said.whole")); err != nil {
			return err
		}
		in.Text = text.Truncate(in.Text, mostWords)
		notes = append(notes, vi("email.said.long"))
	}
	left := l.Lost
	for i, p := range l.Parts {
		if len(in.Files) == mostFiles || i >= 3*mostFiles {
			left += len(l.Parts) - i
			break
		}
		if err := keep(p.Data, p.Name); err != nil {
			return err
		}
	}
	if left > 0 {
		notes = append(notes, vi("email.said.more", left))
	}
	if len(notes) > 0 {
		in.Text += "\n\n" + text.Truncate(strings.Join(notes, "\n"), 900)
	}
	return nil
}

// kindThread: id is the key of a citizen's letter, the content, sealed, by which ids mail programs know it and what
// came before it. It is stored before the letter is: the answer may be on its way a moment after.
const kindThread = "email_thread"

type thread struct {
	ID   string   `json:"id"`
	Refs []string `json:"refs,omitempty"`
}

func (c *Channel) remember(ctx context.Context, l letter) error {
	if l.ID == "" {
		return nil
	}
	plain, err := json.Marshal(thread{l.ID, l.Refs[max(0, len(l.Refs)-10):]})
	if err != nil {
		return err
	}
	doc, err := json.Marshal(c.Desk.Vault.Seal(kindThread+"/"+l.Key, plain))
	if err != nil {
		return err
	}
	err = c.Desk.Store.Put(ctx, ticketing.Record{Kind: kindThread, ID: l.Key, Version: 1, At: c.now(), By: by.ID, Doc: doc})
	if errors.Is(err, ticketing.ErrConflict) { // a repeat
		return nil
	}
	return err
}

// returned does what a mail server's report asks for. It never becomes a ticket.
func (c *Channel) returned(ctx context.Context, l letter, r report, code ticketing.Code, n int, known bool) error {
	if !known {
		code, n, known = c.followed(r.ids)
	}
	if !known {
		code, n, known = c.mentioned(l.Text)
	}
	if !known || r.kind != "delivery-status" {
		c.health.count("report of something else", c.now())
		return nil
	}
	var err error
	switch r.action {
	case "failed":
		c.health.count("returned", c.now())
		err = c.Desk.Bounced(ctx, code, n, vi("email.bounced", vi(reasonOf(0, r.status)), r.status))
	case "delivered":
		c.health.count("arrived", c.now())
		err = c.Desk.Confirm(ctx, ticketing.Email, c.reference(code, n), ticketing.Arrived)
	default:
		c.health.count("on its way", c.now())
	}
	if errors.Is(err, ticketing.ErrNotFound) {
		return nil // of a ticket that is not there
	}
	return err
}

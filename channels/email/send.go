package email

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	mail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

const (
	sendPatience = 25 * time.Second // under the courier's
	mostAttached = 18 << 20         // bytes; base64 makes 25 MB of it, which most servers take
)

// Send carries one letter. Its receipt is the local part of its Message-ID, which is the same in every try.
func (c *Channel) Send(ctx context.Context, m ticketing.Outbound) (string, error) {
	if m.To == "" || strings.TrimSpace(m.Text) == "" && len(m.Files) == 0 {
		return "", &refusal{vi("email.no.empty")}
	}
	letter, close, err := c.compose(ctx, m)
	defer close()
	if err != nil {
		return "", err
	}
	if err := c.post(ctx, letter); err != nil {
		c.health.tally("not sent")
		return "", c.verdict(err)
	}
	c.health.tally("sent")
	c.sent()
	return c.reference(m.Ticket, m.N), nil
}

// post speaks to the mail server, on a connection of its own: at an office's pace there is nothing to gain by keeping
// one, and nothing can have died on it.
func (c *Channel) post(ctx context.Context, letter *mail.Msg) error {
	opts := []mail.Option{
		mail.WithTimeout(sendPatience), mail.WithTLSConfig(c.tls(c.smtp.host)), mail.WithHELO(hostname(c.domain)), mail.WithoutNoop(),
	}
	switch {
	case c.smtp.secure:
		opts = append(opts, mail.WithSSL())
	case c.smtp.local:
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if c.User != "" {
		auth := mail.SMTPAuthAutoDiscover
		if c.smtp.local && !c.smtp.secure {
			auth = mail.SMTPAuthPlainNoEnc
		}
		opts = append(opts, mail.WithSMTPAuth(auth), mail.WithUsername(c.User), mail.WithPassword(c.Password))
	}
	// The port last: others set the usual one.
	port := 0
	if _, err := fmt.Sscan(c.smtp.port, &port); err != nil {
		return err
	}
	client, err := mail.NewClient(c.smtp.host, append(opts, mail.WithPort(port))...)
	if err != nil {
		return err
	}
	conn, err := dial(ctx, client)
	if err != nil {
		return err
	}
	err = client.SendWithSMTPClient(conn, letter)
	_ = client.CloseWithSMTPClient(conn) // what was taken is taken, however they part
	if letter.IsDelivered() {
		return nil
	}
	return err
}

// dial connects and signs in. The library's own waits for a silent server's first word beyond the end of ctx; once the
// letter is under way nothing cuts it off but the time-out.
func dial(ctx context.Context, client *mail.Client) (*smtp.Client, error) {
	type connected struct {
		conn *smtp.Client
		err  error
	}
	done := make(chan connected, 1)
	go func() {
		conn, err := client.DialToSMTPClientWithContext(ctx)
		done <- connected{conn, err}
	}()
	select {
	case d := <-done:
		return d.conn, d.err
	case <-ctx.Done():
		go func() { // nobody waits for it any more
			if d := <-done; d.err == nil {
				_ = d.conn.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

// compose writes the letter. close lets go of its files.
func (c *Channel) compose(ctx context.Context, m ticketing.Outbound) (_ *mail.Msg, close func(), err error) {
	var open []func() error
	close = func() {
		for _, f := range open {
			_ = f() // they were only read
		}
	}
	letter := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := errors.Join(letter.FromFormat(oneLine(c.Name), c.Address), letter.To(m.To)); err != nil {
		return nil, close, &refusal{vi("email.no.address")}
	}
	before, err := c.answered(ctx, m)
	if err != nil {
		return nil, close, err
	}
	letter.Subject(c.subject(m, before))
	letter.SetDateWithValue(c.now())
	letter.SetMessageIDWithValue(c.reference(m.Ticket, m.N) + "@" + c.domain)
	if before.ID != "" {
		letter.SetGenHeaderPreformatted(mail.HeaderInReplyTo, "<"+before.ID+">")
		letter.SetGenHeaderPreformatted(mail.HeaderReferences, "<"+strings.Join(append(before.Refs, before.ID), ">\r\n <")+">")
	}
	if !m.Human {
		auto := "auto-generated"
		if m.N == 1 {
			auto = "auto-replied"
		}
		letter.SetGenHeader("Auto-Submitted", auto)
		letter.SetGenHeader("X-Auto-Response-Suppress", "All") // Exchange's absence notes
	}
	body, size := strings.TrimSpace(m.Numbered()), int64(0)
	for _, f := range m.Files {
		if size += f.Size; size > mostAttached {
			body += "\n\n" + vi("email.send.link", f.Name, c.Desk.TrackURL(m.Ticket))
			continue
		}
		r, err := c.Desk.Files.Open(ctx, f.ID)
		if errors.Is(err, ticketing.ErrNotFound) {
			return nil, close, &refusal{vi("email.no.file", f.Name)}
		}
		if err != nil {
			return nil, close, fmt.Errorf("opening an attachment: %w", err)
		}
		open = append(open, r.Close)
		letter.AttachReadSeeker(oneLine(f.Name), r, mail.WithFileContentType(mail.ContentType(f.Type)))
	}
	letter.SetBodyString(mail.TypeTextPlain, body+"\n\n-- \n"+vi("email.send.foot", c.Name, c.Desk.TrackURL(m.Ticket))+"\n")
	return letter, close, nil
}

// subject is what the desk says, or the citizen's own with a Re: before it; one line, whatever stands in it.
func (c *Channel) subject(m ticketing.Outbound, before thread) string {
	s := m.Subject
	if s == "" {
		s = vi("email.send.subject", text.ShowCode(string(m.Ticket)))
	}
	if s = text.Truncate(oneLine(s), 180); before.ID != "" && !repliedTo.MatchString(s) {
		s = "Re: " + s
	}
	return s
}

func oneLine(s string) string { return strings.Join(strings.Fields(text.NFC(s)), " ") }

// answered is the citizen's last letter before the message. Its ids stand in a record of their own, sealed.
func (c *Channel) answered(ctx context.Context, m ticketing.Outbound) (t thread, err error) {
	events, err := c.Desk.Store.Timeline(ctx, m.Ticket, 0)
	if err != nil {
		return thread{}, fmt.Errorf("reading the timeline: %w", err)
	}
	key := ""
	for _, e := range events {
		if e.N <= m.N && strings.HasPrefix(e.Key, "email:") {
			key = e.Key
		}
	}
	if key == "" {
		return thread{}, nil
	}
	r, err := c.Desk.Store.Get(ctx, kindThread, key)
	if errors.Is(err, ticketing.ErrNotFound) || err == nil && r.Deleted() {
		return thread{}, nil
	}
	if err != nil {
		return thread{}, fmt.Errorf("reading the thread: %w", err)
	}
	var box []byte
	if err := json.Unmarshal(r.Doc, &box); err != nil {
		return thread{}, fmt.Errorf("thread record %s: %w", key, err)
	}
	plain, err := c.Desk.Vault.Unseal(kindThread+"/"+key, box)
	if err != nil {
		return thread{}, err
	}
	err = json.Unmarshal(plain, &t)
	return t, err
}

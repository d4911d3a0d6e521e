package main

import (
	"context"
	"fmt"
	"strconv"

	"hotline1022/channels/email"
	"hotline1022/ticketing"
)

// email is the mailbox's settings. A pace that is no number is none that can be.
func (c *Config) email() email.Config {
	pace, err := strconv.ParseFloat(c.EmailPace, 64)
	if err != nil && c.EmailPace != "" {
		pace = -1
	}
	return email.Config{
		Address: c.EmailAddress, Name: c.EmailName, IMAP: c.EmailIMAP, Mailbox: c.EmailMailbox, Maildir: c.EmailMaildir, SMTP: c.EmailSMTP,
		User: c.EmailUser, Password: c.EmailPassword, AuthServ: c.EmailAuthServ, Pace: pace,
	}
}

// checkEmail reports what is wrong with them; the password is not repeated.
func (c *Config) checkEmail(bad func(name, format string, args ...any)) {
	for _, m := range c.email().Mistakes() {
		bad("EMAIL_"+m.Setting, "%s", m.Text)
	}
}

func (s *server) mountEmail(context.Context) error {
	cfg := s.config.email()
	if !cfg.On() {
		s.log.Info("channel is off: its settings are not given", "channel", ticketing.Email)
		return nil
	}
	var err error
	s.email, err = email.Open(cfg, s.desk, s.log)
	if err != nil {
		return fmt.Errorf("e-mail: %w", err)
	}
	s.courier.Senders[ticketing.Email] = s.email
	return nil
}

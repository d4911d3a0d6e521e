package simulator

import (
	"errors"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// emailTransfer is one connection by which the office hands letters in.
type emailTransfer struct {
	e    *Email
	conn *smtp.Conn
	in   bool // signed in
	from string
	to   []string
}

func (e *Email) newTransfer(c *smtp.Conn) (smtp.Session, error) {
	t := &emailTransfer{e: e, conn: c}
	return t, t.trouble("connect")
}

func (t *emailTransfer) trouble(call string) error {
	f, ok := t.e.fault("smtp " + call)
	if !ok {
		return nil
	}
	t.e.slowly(f)
	if f.Drop {
		t.conn.Conn().Close()
		return errors.New("dropped")
	}
	if f.Code == 0 {
		return nil
	}
	return f.reply()
}

func (t *emailTransfer) AuthMechanisms() []string { return []string{sasl.Plain} }

func (t *emailTransfer) Auth(string) (sasl.Server, error) {
	if err := t.trouble("auth"); err != nil {
		return nil, err
	}
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != t.e.set.User || password != t.e.set.Password {
			return smtp.ErrAuthFailed
		}
		t.in = true
		return nil
	}), nil
}

func (t *emailTransfer) Mail(from string, _ *smtp.MailOptions) error {
	if err := t.trouble("mail"); err != nil {
		return err
	}
	if !t.in {
		return smtp.ErrAuthRequired
	}
	if !strings.EqualFold(from, t.e.set.Address) {
		return &smtp.SMTPError{Code: 553, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "not your address"}
	}
	t.from = from
	return nil
}

func (t *emailTransfer) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := t.trouble("rcpt"); err != nil {
		return err
	}
	t.e.mu.Lock()
	defer t.e.mu.Unlock()
	if t.e.set.Anybody && t.e.people[strings.ToLower(to)] == nil {
		t.e.people[strings.ToLower(to)] = &emailPerson{}
	}
	if t.e.people[strings.ToLower(to)] == nil {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "<" + to + "> no such user"}
	}
	t.to = append(t.to, strings.ToLower(to))
	return nil
}

func (t *emailTransfer) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	f, faulty := t.e.fault("smtp data")
	if faulty {
		t.e.slowly(f)
		if f.Drop && f.Done {
			t.e.arrive(t.to, raw)
		}
		if f.Drop {
			t.conn.Conn().Close()
			return errors.New("dropped")
		}
		if f.Code != 0 {
			return f.reply()
		}
	}
	t.e.arrive(t.to, raw)
	return nil
}

func (t *emailTransfer) Reset()        { t.from, t.to = "", nil }
func (t *emailTransfer) Logout() error { return nil }

// arrive puts a letter into its readers' mailboxes, or has it come back, or answered by a machine.
func (e *Email) arrive(to []string, raw []byte) {
	m := emailRead(raw)
	for _, address := range to {
		e.mu.Lock()
		p := e.people[address]
		m.At = e.set.Now()
		status := p.bounces
		if status == "" && e.chance.Float64() < e.set.Mood.Bounce {
			status = "5.1.1"
		}
		vacant := p.vacant || e.chance.Float64() < e.set.Mood.AutoReply
		if status == "" {
			p.inbox = append(p.inbox, m)
		}
		name := p.name
		serial := e.next()
		e.ring()
		e.mu.Unlock()
		switch {
		case status != "":
			e.Deliver(EmailBounce(e.set.Address, address, status, m))
		case vacant:
			e.Deliver(emailText([][2]string{
				{"Return-Path", "<>"}, {"From", emailName(name, address)}, {"To", e.set.Address}, {"Subject", emailWords("Trả lời tự động: " + m.Subject)},
				{"Message-ID", "<auto." + time.Now().Format("150405.000000") + "." + address + ">"}, {"In-Reply-To", "<" + m.ID + ">"},
				{"Auto-Submitted", "auto-replied"}, {"X-Serial", string(rune('a' + serial%26))},
			}, "Tôi đang đi công tác."))
		}
	}
}

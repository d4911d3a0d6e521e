package simulator

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	mathrand "math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-smtp"
)

// EmailSettings is the office's mailbox and how its mail server behaves.
type EmailSettings struct {
	Address        string
	User, Password string

	Now  func() time.Time // for dates; nil is the real clock
	TLS  *tls.Config      // both servers speak TLS from the first byte
	Mood EmailMood

	Anybody bool // every address exists
}

// EmailMood is what happens now and then, as shares of the letters.
type EmailMood struct {
	Duplicate float64 // a citizen's letter comes twice
	AutoReply float64 // what we send is answered by a vacation program
	Bounce    float64 // what we send is taken and comes back
	Seed      uint64
}

// Email plays the office's mail server: IMAP for its mailbox, SMTP for what it sends, and the mailboxes of citizens
// behind it. Everything is in memory, on two loopback ports.
type Email struct {
	set       EmailSettings
	imap      *imapserver.Server
	smtp      *smtp.Server
	imapURL   string
	smtpURL   string
	ctx       context.Context
	stop      context.CancelFunc
	work      sync.WaitGroup
	user      *imapmemserver.User
	mailboxes *imapmemserver.Server

	mu      sync.Mutex
	changed chan struct{} // closed and made anew at every change
	office  [][]byte      // what lies in the office's mailbox
	people  map[string]*emailPerson
	conns   map[*imapserver.Conn]bool
	faults  []EmailFault
	chance  *mathrand.Rand
	serial  int
	signIns int
}

// emailPerson is a citizen with an address.
type emailPerson struct {
	name  string
	inbox []EmailMessage
	last  string // Message-ID of her own last letter

	bounces string // enhanced status of the report that comes instead of the letter's arrival
	vacant  bool   // an absence note answers each letter
}

// NewEmail starts both servers. Close stops them.
func NewEmail(set EmailSettings) (*Email, error) {
	set.Address = cmp.Or(set.Address, "1022@example.vn")
	if set.Now == nil {
		set.Now = time.Now
	}
	e := &Email{
		set: set, changed: make(chan struct{}), people: map[string]*emailPerson{}, conns: map[*imapserver.Conn]bool{},
		chance: mathrand.New(mathrand.NewPCG(set.Mood.Seed, 11)), mailboxes: imapmemserver.New(),
	}
	e.ctx, e.stop = context.WithCancel(context.Background())
	e.user = imapmemserver.NewUser(set.User, set.Password)
	if err := e.user.Create("INBOX", nil); err != nil {
		return nil, err
	}
	e.mailboxes.AddUser(e.user)
	e.imap = imapserver.New(&imapserver.Options{
		NewSession: e.newSession, InsecureAuth: true, Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}},
		Logger: log.New(io.Discard, "", 0),
	})
	e.smtp = smtp.NewServer(smtp.BackendFunc(e.newTransfer))
	e.smtp.Domain, e.smtp.AllowInsecureAuth, e.smtp.MaxMessageBytes = "mail.example.vn", true, 40<<20
	e.smtp.ErrorLog = log.New(io.Discard, "", 0)
	for _, s := range []struct {
		serve  func(net.Listener) error
		url    *string
		scheme string
	}{{e.imap.Serve, &e.imapURL, "imap"}, {e.smtp.Serve, &e.smtpURL, "smtp"}} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(err, e.Close())
		}
		*s.url = s.scheme + "://" + l.Addr().String()
		if set.TLS != nil {
			*s.url = s.scheme + "s://" + l.Addr().String()
			l = tls.NewListener(l, set.TLS)
		}
		e.work.Go(func() { _ = s.serve(l) }) // it ends when the server is closed
	}
	return e, nil
}

// IMAP and SMTP are the servers' addresses, as the settings want them.
func (e *Email) IMAP() string { return e.imapURL }

// SMTP is where letters are handed in.
func (e *Email) SMTP() string { return e.smtpURL }

// Close stops both servers.
func (e *Email) Close() error {
	e.stop()
	err := errors.Join(e.imap.Close(), e.smtp.Close())
	e.work.Wait()
	return err
}

// Citizen makes a person with that address; letters to any other are refused.
func (e *Email) Citizen(name, address string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	address = strings.ToLower(address)
	if e.people[address] == nil {
		e.people[address] = &emailPerson{name: name}
	}
	return address
}

// Bounces has letters to the person taken and returned with that status (5.1.1); "" ends it.
func (e *Email) Bounces(address, status string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.people[address].bounces = status
}

// Away has an absence note answer each letter to the person.
func (e *Email) Away(address string, away bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.people[address].vacant = away
}

// Say writes a letter from the person to the office and answers its Message-ID.
func (e *Email) Say(address, subject, text string) string {
	return e.write(address, subject, text, nil)
}

// Reply answers the last letter the person has got, as mail programs do.
func (e *Email) Reply(address, text string) string {
	e.mu.Lock()
	inbox := e.people[address].inbox
	e.mu.Unlock()
	if len(inbox) == 0 {
		return e.Say(address, "Re:", text)
	}
	m := inbox[len(inbox)-1]
	quoted := "> " + strings.ReplaceAll(strings.TrimSpace(m.Text), "\n", "\n> ")
	text += "\n\nVào Th 2, 23 thg 11, 2026 vào lúc 09:15 Tổng đài 1022 <" + e.set.Address + ">\nđã viết:\n\n" + quoted
	return e.write(address, "Re: "+strings.TrimPrefix(m.Subject, "Re: "), text, &m)
}

func (e *Email) write(address, subject, text string, to *EmailMessage) string {
	e.mu.Lock()
	p := e.people[address]
	id := fmt.Sprintf("%d.%s", e.next(), address)
	p.last = id
	twice := e.chance.Float64() < e.set.Mood.Duplicate
	e.mu.Unlock()
	head := [][2]string{
		{"Return-Path", "<" + address + ">"}, {"From", emailName(p.name, address)}, {"To", e.set.Address}, {"Subject", emailWords(subject)},
		{"Message-ID", "<" + id + ">"}, {"Date", e.set.Now().Format(time.RFC1123Z)},
	}
	if to != nil {
		refs := strings.TrimSpace(strings.Join(append(to.References, to.ID), "> <"))
		head = append(head, [2]string{"In-Reply-To", "<" + to.ID + ">"}, [2]string{"References", "<" + refs + ">"})
	}
	raw := emailText(head, text)
	e.Deliver(raw)
	if twice {
		e.Deliver(raw)
	}
	return id
}

func (e *Email) next() int {
	e.serial++
	return e.serial
}

// Deliver puts a message into the office's mailbox as it is.
func (e *Email) Deliver(raw []byte) {
	raw = bytes.Clone(raw)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.office = append(e.office, raw)
	e.put(raw)
	e.ring()
}

func (e *Email) put(raw []byte) {
	_, err := e.user.Append("INBOX", bytes.NewReader(raw), &imap.AppendOptions{Time: e.set.Now()})
	if err != nil {
		panic(err) // in memory, of a mailbox that is there
	}
}

// ring wakes who waits; e.mu is held.
func (e *Email) ring() {
	close(e.changed)
	e.changed = make(chan struct{})
}

// Inbox is what the person has got.
func (e *Email) Inbox(address string) []EmailMessage {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.people[strings.ToLower(address)]
	if p == nil {
		return nil
	}
	return append([]EmailMessage(nil), p.inbox...)
}

// Await waits until the person has got so many letters.
func (e *Email) Await(ctx context.Context, address string, n int) ([]EmailMessage, error) {
	for {
		e.mu.Lock()
		changed := e.changed
		e.mu.Unlock()
		if in := e.Inbox(address); len(in) >= n {
			return in, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("%d letters of %d came: %w", len(e.Inbox(address)), n, ctx.Err())
		}
	}
}

// Lies says how many letters lie in the office's mailbox, and how many are marked as read.
func (e *Email) Lies() (all, seen int) {
	s, err := e.user.Status("INBOX", &imap.StatusOptions{NumMessages: true, NumUnseen: true})
	if err != nil {
		return 0, 0
	}
	return int(*s.NumMessages), int(*s.NumMessages - *s.NumUnseen)
}

// SignIns is how often somebody has tried to sign in to the mailbox.
func (e *Email) SignIns() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.signIns
}

// Renumber makes the mailbox anew with the same letters under other numbers, as a restored mail server does.
func (e *Email) Renumber() error {
	e.Kick()
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := errors.Join(e.user.Delete("INBOX"), e.user.Create("INBOX", nil)); err != nil {
		return err
	}
	for _, raw := range e.office {
		e.put(raw)
	}
	return nil
}

// Kick breaks all connections to the mailbox.
func (e *Email) Kick() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for c := range e.conns {
		c.NetConn().Close()
	}
}

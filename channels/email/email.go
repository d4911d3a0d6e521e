// Package email is the office's mailbox: what citizens write there becomes tickets, what the hotline answers goes back
// as a letter in the same thread.
//
// What it promises: the place in the mailbox moves past a letter only when it is durable; a letter that is read twice
// changes nothing; nothing in the mailbox is moved, changed or deleted but the mark that it was read; only who has had
// a letter of ours can add to its ticket, and only from the address it went to; machines get no automatic answer; what
// comes back as undeliverable shows the message as failed. No citizen's word, name or address is logged.
//
// It knows ticketing and nothing else of ours. The wire: IMAP4rev1 (RFC 3501), IDLE (RFC 2177), SMTP (RFC 5321), reports
// (RFC 3464), automatic answers (RFC 3834). DESIGN.md says what could not be confirmed.
package email

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// Config is the channel's settings.
type Config struct {
	Address string // the office's; without it the channel is off
	Name    string // beside the address in what goes out; "" is the hotline's name

	IMAP     string // imaps://HOST[:PORT]; imap:// only on this machine
	Mailbox  string // "" is INBOX
	User     string // of IMAP and SMTP
	Password string
	Maildir  string // a folder with new/ and cur/ instead of IMAP
	SMTP     string // smtps://HOST[:PORT], or smtp:// with STARTTLS; without TLS only on this machine

	AuthServ string  // the name our mail server gives itself in Authentication-Results; "" believes none
	Pace     float64 // letters a minute; 0 is 60

	TLS *tls.Config // nil: the system's authorities
}

// On says whether the channel does anything.
func (c Config) On() bool { return c.Address != "" }

// Mistake is a setting that cannot be, by the end of its name.
type Mistake struct{ Setting, Text string }

// Mistakes is all that is wrong with the settings. No secret is repeated.
func (c Config) Mistakes() []Mistake {
	var out []Mistake
	bad := func(setting, format string, args ...any) {
		out = append(out, Mistake{setting, fmt.Sprintf(format, args...)})
	}
	if !c.On() {
		if c.IMAP+c.User+c.Password+c.Maildir+c.SMTP != "" {
			bad("ADDRESS", "is missing: the other settings of e-mail are of no use without it")
		}
		return out
	}
	if a, err := mail.ParseAddress(c.Address); err != nil || a.Address != c.Address {
		bad("ADDRESS", "%q is not like 1022@example.vn", c.Address)
	}
	switch {
	case (c.IMAP == "") == (c.Maildir == ""):
		bad("IMAP, _MAILDIR", "give one of them")
	case c.IMAP != "":
		if _, err := parseServer(c.IMAP, "imaps", "imap"); err != nil {
			bad("IMAP", "%v", err)
		} else if c.User == "" || c.Password == "" {
			bad("USER, _PASSWORD", "are needed to read the mailbox")
		}
	}
	if c.SMTP == "" {
		bad("SMTP", "is missing: letters could not be answered")
	} else if _, err := parseServer(c.SMTP, "smtps", "smtp"); err != nil {
		bad("SMTP", "%v", err)
	}
	if (c.User == "") != (c.Password == "") {
		bad("USER, _PASSWORD", "give both or none")
	}
	if c.Pace < 0 || c.Pace > 6000 {
		bad("PACE", "%v is not between 0 and 6000 letters a minute", c.Pace)
	}
	return out
}

// server is where a protocol is spoken.
type server struct {
	host, port string
	secure     bool // TLS from the first byte
	local      bool // this machine: may do without
}

func (s server) addr() string { return net.JoinHostPort(s.host, s.port) }

var usualPorts = map[string]string{"imaps": "993", "imap": "143", "smtps": "465", "smtp": "587"}

// parseServer reads an address. A password never goes through a network in the clear: imap:// is for this machine, and
// smtp:// elsewhere insists on STARTTLS.
func parseServer(s, secure, plain string) (server, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != secure && u.Scheme != plain || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" {
		return server{}, fmt.Errorf("is not like %s://mail.example.vn", secure)
	}
	out := server{host: u.Hostname(), port: cmp.Or(u.Port(), usualPorts[u.Scheme]), secure: u.Scheme == secure}
	ip := net.ParseIP(out.host)
	out.local = out.host == "localhost" || ip != nil && ip.IsLoopback()
	if plain == "imap" && !out.secure && !out.local {
		return server{}, fmt.Errorf("imap:// would send the password in the clear; use imaps://%s", u.Host)
	}
	return out, nil
}

// by is who acts when the channel writes.
var by = ticketing.Actor{ID: "email", Role: ticketing.Citizen}

// Channel is the mailbox. Open makes one.
type Channel struct {
	Config
	Desk *ticketing.Desk
	Log  *slog.Logger

	smtp, imap server
	domain     string // of our address
	health     health
	hears      atomic.Bool // the mailbox could be read the last time

	// How long is waited; tests are quicker.
	firstPause, lastPause time.Duration // after trouble, doubling
	look                  time.Duration // between looks where nobody tells of new letters
	idleFor               time.Duration // then the hold on the mailbox is renewed
}

var (
	_ ticketing.Sender = (*Channel)(nil)
	_ ticketing.Paced  = (*Channel)(nil)
)

// Open puts the channel together. Nothing is called yet: a mail server that is away must not keep the hotline from
// starting.
func Open(cfg Config, desk *ticketing.Desk, log *slog.Logger) (*Channel, error) {
	c := &Channel{
		Config: cfg, Desk: desk, Log: log.With("channel", ticketing.Email),
		firstPause: time.Second, lastPause: 5 * time.Minute, look: 20 * time.Second, idleFor: time.Minute,
	}
	for _, m := range cfg.Mistakes() {
		return nil, fmt.Errorf("e-mail settings: %s %s", m.Setting, m.Text)
	}
	c.Mailbox = cmp.Or(c.Mailbox, "INBOX")
	c.Name = oneLine(cmp.Or(c.Name, words.T(words.Vietnamese, "email.name")))
	c.Address = strings.ToLower(c.Address)
	_, c.domain, _ = strings.Cut(c.Address, "@")
	c.smtp, _ = parseServer(c.SMTP, "smtps", "smtp") // looked at by Mistakes
	if c.Maildir != "" {
		c.look = 2 * time.Second
		return c, nil
	}
	c.imap, _ = parseServer(c.IMAP, "imaps", "imap")
	return c, nil
}

// Run takes letters in until ctx ends.
func (c *Channel) Run(ctx context.Context) error {
	if !c.On() {
		<-ctx.Done()
		return ctx.Err()
	}
	work := c.readMailbox
	if c.Maildir != "" {
		work = c.readFolder
	}
	return work(ctx)
}

// Pace is how many letters a second the mail server takes from us (ticketing.Paced).
func (c *Channel) Pace() rate.Limit { return rate.Limit(cmp.Or(c.Config.Pace, 60) / 60) }

func (c *Channel) now() time.Time { return c.Desk.Now() }

func (c *Channel) tls(host string) *tls.Config {
	t := &tls.Config{}
	if c.TLS != nil {
		t = c.TLS.Clone()
	}
	t.ServerName = cmp.Or(t.ServerName, host)
	t.MinVersion = tls.VersionTLS12
	return t
}

func vi(key string, args ...any) string { return words.T(words.Vietnamese, key, args...) }

// rest waits so long, or until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// hostname is what we call ourselves towards mail servers.
func hostname(domain string) string {
	if name, err := os.Hostname(); err == nil && strings.Contains(name, ".") {
		return name
	}
	return domain
}

package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/channels/webchat"
	"hotline1022/realtime"
	"hotline1022/ticketing"
)

// mountWebchat adds the chat window. It is always on: our own pages may carry it, and the sites of HOTLINE_CHAT_SITES.
func (s *server) mountWebchat(context.Context) error {
	sites, err := webchat.ParseSites(s.config.ChatSites)
	if err != nil {
		return fmt.Errorf("HOTLINE_CHAT_SITES: %w", err)
	}
	onDuty := &duty{accounts: s.accounts, now: time.Now}
	s.webchat = &webchat.Channel{
		Config: webchat.Config{Sites: sites}, Desk: s.desk, Log: s.log, Asset: s.ui.StaticURL, Staffed: onDuty.there,
		Live: func(who func(*fiber.Ctx) (webchat.Follower, error)) fiber.Handler {
			return s.hub.Citizen(func(c *fiber.Ctx) (realtime.Reader, error) {
				f, err := who(c)
				return realtime.Reader{Ticket: f.Ticket, Lang: f.Lang, Session: f.Device, IP: f.IP, Chats: true}, err
			})
		},
	}
	s.webchat.Mount(s.app)
	s.ui.ChatScript = "/nhung/chat.js"
	s.courier.Senders[ticketing.Chat] = s.webchat
	return nil
}

// duty knows whether somebody who answers citizens is signed in, on whatever process. The answer is asked for by
// every window that is opened, so it is kept a little.
type duty struct {
	accounts *ticketing.Accounts
	now      func() time.Time

	mu    sync.Mutex
	until time.Time
	is    bool
}

const (
	dutyKept = 20 * time.Second
	dutySeen = 15 * time.Minute // a session's last sign of life is noted every ten minutes, also of an open screen
)

func (d *duty) there(ctx context.Context) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	if now.Before(d.until) {
		return d.is
	}
	is, err := d.look(ctx, now)
	if err != nil {
		return d.is // nobody knows at the moment: as it was
	}
	d.is, d.until = is, now.Add(dutyKept)
	return is
}

func (d *duty) look(ctx context.Context, now time.Time) (bool, error) {
	staff, err := d.accounts.AllStaff(ctx)
	if err != nil {
		return false, err
	}
	for _, s := range staff {
		if s.Off || s.Role != ticketing.Operator && s.Role != ticketing.Supervisor {
			continue
		}
		sessions, err := d.accounts.Sessions(ctx, s.ID)
		if err != nil {
			return false, err
		}
		for _, one := range sessions {
			if now.Sub(one.Seen) < dutySeen {
				return true, nil
			}
		}
	}
	return false, nil
}

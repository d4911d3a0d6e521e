package ui

import (
	"context"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

type homePage struct {
	Page
	Published []published
}

// published is an answer that a moderator has released: no code, no name, no number.
type published struct {
	Category string // id
	Place    string
	Answer   string
	At       time.Time
}

func (s *Server) home(v *visit) error {
	p := homePage{Page: s.page(v, "")}
	p.Published = s.recent.get(v.ctx(), s)
	return s.ok(v, "home", p)
}

// recent keeps the latest published answers for a minute: the front page is what everybody opens.
type recent struct {
	mu    sync.Mutex
	at    time.Time
	found []published
}

func (r *recent) get(ctx context.Context, s *Server) []published {
	const keep, most, among = time.Minute, 3, 60
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.at.IsZero() && s.Now().Sub(r.at) < keep {
		return r.found
	}
	r.at = s.Now()
	page, err := s.Desk.List(ctx, ticketing.Actor{Role: ticketing.Moderator}, ticketing.Filter{
		Status: []ticketing.Status{ticketing.Answered, ticketing.Closed}, Sort: ticketing.ByUpdated, Limit: among,
	})
	if err != nil {
		s.Log.Warn("the front page has no published answers", "err", err)
		return r.found // an old list, or none: the page is about sending
	}
	r.found = nil
	for _, t := range page.Tickets {
		if t.Published && len(r.found) < most {
			r.found = append(r.found, published{t.Category, t.Place, text.MaskPhones(text.Truncate(t.Answer, 220)), t.Ended})
		}
	}
	return r.found
}

// healthz says that the process is up and answers; what is ill inside is told by /readyz.
func (s *Server) healthz(v *visit) error {
	v.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	v.Set(fiber.HeaderCacheControl, "no-store")
	return v.SendString("ok\n")
}

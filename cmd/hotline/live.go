package main

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"net"
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"hotline1022/realtime"
	"hotline1022/ticketing"
	"hotline1022/ui"
)

// newHub joins the live hub to the desk, which knows who may see what, and to the pages, which know what a row looks
// like. The two do not know each other.
func (s *server) newHub() *realtime.Hub {
	return &realtime.Hub{
		Journal:  s.store,
		Ticket:   s.store.Ticket,
		Timeline: s.store.Timeline,
		Hears:    func(a realtime.Audience, t ticketing.Ticket) bool { return actorOf(a).Sees(t) },
		Render: func(a realtime.Audience, e ticketing.Event, t ticketing.Ticket) realtime.Change {
			row, say, data := s.ui.LiveRow(ui.Audience{Role: a.Role, Agency: a.Agency, Lang: a.Lang}, e, t)
			return realtime.Change{Row: row, Say: say, Data: data}
		},
		RenderCitizen: func(lang string, e ticketing.Event, t ticketing.Ticket) (realtime.Change, bool) {
			// The frame says nothing but that her ticket stands otherwise; the page asks for the rest. So it is sent for
			// drafts too, which move the ticket along although their words are not hers to read.
			switch e.Kind {
			case ticketing.Noted, ticketing.Claimed:
				return realtime.Change{}, false
			}
			return realtime.Change{}, !e.Kind.Quiet()
		},
		Writes: func(a realtime.Audience, t ticketing.Ticket) bool {
			return slices.ContainsFunc(actorOf(a).Allowed(t), func(v ticketing.Verb) bool {
				return v == ticketing.AnswerIt || v == ticketing.Ask || v == ticketing.Message
			})
		},
		Check: s.stillGood,
		Pulse: func(ctx context.Context, a realtime.Audience) any {
			if a.Role == realtime.Watcher {
				return s.ui.LiveBoard(ctx, a.Lang)
			}
			return s.ui.LiveCounts(ctx, ui.Audience{Role: a.Role, Agency: a.Agency, Lang: a.Lang})
		},
		Origin: s.desk.BaseURL,
		Build:  version,
		Log:    s.log,
	}
}

func actorOf(a realtime.Audience) ticketing.Actor {
	return ticketing.Actor{Role: a.Role, Agency: a.Agency}
}

// viewer is who opens /live: a member of staff by her cookie, or a program by its token.
func (s *server) viewer(c *fiber.Ctx) (realtime.Viewer, error) {
	if token := bearer(c); token != "" {
		a, err := s.accounts.Program(c.UserContext(), token)
		if err != nil {
			return realtime.Viewer{}, err
		}
		if !a.Has(ticketing.ScopeEvents) {
			return realtime.Viewer{}, &ticketing.Error{Class: ticketing.Forbidden, Key: "error.scope", Args: []any{ticketing.ScopeEvents}}
		}
		return realtime.Viewer{Audience: realtime.Audience{Role: a.Role, Agency: a.Agency, Lang: "vi"}, Session: token, User: a.ID, IP: c.IP(), Bearer: true}, nil
	}
	a, session, err := s.ui.Actor(c)
	if err != nil {
		return realtime.Viewer{}, err
	}
	return realtime.Viewer{
		Audience: realtime.Audience{Role: a.Role, Agency: a.Agency, Lang: s.ui.Lang(c)},
		Session:  session.ID, User: a.ID, Name: a.Name, IP: c.IP(),
	}, nil
}

// stillGood: the session has not ended, and role and agency are what they were.
func (s *server) stillGood(ctx context.Context, v realtime.Viewer) error {
	if v.Bearer {
		a, err := s.accounts.Program(ctx, v.Session)
		if err == nil && (a.Agency != v.Audience.Agency || !a.Has(ticketing.ScopeEvents)) {
			err = ticketing.ErrNotFound
		}
		return err
	}
	if link, err := s.linkGood(ctx, v); link {
		return err
	}
	_, _, err := s.accounts.StillGood(ctx, v.Session)
	return err
}

// reader is who opens /t/CODE/live. The code is the key: what is told by it is only that something changed, the page
// asks for the rest with its cookie.
func (s *server) reader(c *fiber.Ctx) (realtime.Reader, error) {
	t, err := s.ui.Followed(c)
	if err != nil {
		return realtime.Reader{}, err
	}
	return realtime.Reader{Ticket: t.Code, Lang: s.ui.Lang(c), IP: c.IP()}, nil
}

// staffActor is the API's way to know a member of staff by her cookie.
func (s *server) staffActor(c *fiber.Ctx) (ticketing.Actor, error) {
	a, _, err := s.ui.Actor(c)
	return a, err
}

// readyz says which part is ill.
func (s *server) readyz(c *fiber.Ctx) error {
	parts := fiber.Map{"store": "ok", "folder": "ok"}
	status := fiber.StatusOK
	note := func(part string, err error) {
		if err != nil {
			parts[part] = err.Error()
			status = fiber.StatusServiceUnavailable
		}
	}
	note("store", s.store.Ill())
	note("folder", s.writable())
	for _, d := range s.doors() { // what it is stands in the administration: there may be names in it
		switch {
		case d.On && len(d.Problems) > 0:
			parts[string(d.Channel)] = "needs a person"
		case d.On:
			parts[string(d.Channel)] = "ok"
		}
	}
	if status != fiber.StatusOK {
		c.Set(fiber.HeaderRetryAfter, "5")
	}
	return c.Status(status).JSON(parts)
}

// metrics are for this machine, or for who has the token.
func (s *server) metrics() fiber.Handler {
	reg := prometheus.NewRegistry()
	gauge := func(name, help string, value func() float64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "hotline", Name: name, Help: help}, value))
	}
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	gauge("journal_seq", "seq of the last event told to screens", func() float64 { return float64(s.hub.Stats().Head) })
	gauge("sockets_staff", "open sockets of staff", func() float64 { return float64(s.hub.Stats().Staff) })
	gauge("sockets_citizens", "open sockets of citizens", func() float64 { return float64(s.hub.Stats().Citizens) })
	gauge("frames_sent", "frames handed to sockets", func() float64 { return float64(s.hub.Stats().Sent) })
	gauge("frames_rendered", "frames made", func() float64 { return float64(s.hub.Stats().Rendered) })
	gauge("resets", "screens told to load again", func() float64 { return float64(s.hub.Stats().Resets) })
	gauge("store_ill", "1 while the store does not work", func() float64 {
		if s.store.Ill() != nil {
			return 1
		}
		return 0
	})
	serve := adaptor.HTTPHandler(promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	return func(c *fiber.Ctx) error {
		token := s.config.MetricsToken
		allowed := token != "" && subtle.ConstantTimeCompare([]byte(bearer(c)), []byte(token)) == 1
		if ip := net.ParseIP(c.IP()); !allowed && (ip == nil || !ip.IsLoopback() || len(c.Request().Header.PeekAll(fiber.HeaderXForwardedFor)) > 0) {
			return fiber.ErrNotFound
		}
		return serve(c)
	}
}

func derive(key []byte, purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, key, nil, purpose, 32)
}

// most is what a request's body may hold where its handler does not read it piece by piece (pages with uploads and
// multipart forms look after themselves).
const most = 1 << 20

// bounded reads ordinary bodies into memory up to a limit. With streaming on, the framework's own limit is off.
func bounded(c *fiber.Ctx) error {
	r := c.Request()
	if !r.IsBodyStream() || r.Header.ContentLength() == 0 {
		return c.Next()
	}
	if multipart(c) {
		return c.Next()
	}
	if r.Header.ContentLength() > most {
		c.Set(fiber.HeaderConnection, "close")
		return fiber.ErrRequestEntityTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(r.BodyStream(), most+1))
	if err != nil {
		return fiber.ErrBadRequest
	}
	if len(body) > most {
		c.Set(fiber.HeaderConnection, "close")
		return fiber.ErrRequestEntityTooLarge
	}
	r.SetBodyRaw(body)
	return c.Next()
}

func multipart(c *fiber.Ctx) bool {
	const kind = "multipart/form-data"
	ct := c.Get(fiber.HeaderContentType)
	return len(ct) >= len(kind) && ct[:len(kind)] == kind
}

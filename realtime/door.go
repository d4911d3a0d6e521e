package realtime

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/websocket/v2"

	"hotline1022/ticketing"
)

// Staff is GET /live. auth says who asks; the socket is then told what her audience may hear.
//
// ?epoch=E&since=N goes on after N. A plain GET, without an upgrade, answers the same greeting as a socket, for a
// screen that must do without one: when its seq has moved there is something to load.
func (h *Hub) Staff(auth func(*fiber.Ctx) (Viewer, error)) fiber.Handler {
	h.init()
	return func(c *fiber.Ctx) error {
		if !websocket.IsWebSocketUpgrade(c) {
			if _, err := auth(c); err != nil {
				return err
			}
			return h.greet(c, h.ring.head.Load())
		}
		own, err := h.origin(c)
		if err != nil {
			return err
		}
		v, err := auth(c)
		if err != nil {
			return h.refuse(c, own, err)
		}
		if !own && !v.Bearer {
			return h.turnAway("no origin", fiber.StatusForbidden)
		}
		v = v.clone()
		since, fresh, known := h.since(c)
		s := h.socket(v.Session, v.IP, c)
		s.viewer = &v
		return h.admit(c, s, func() (leave func(), err error) {
			if err := h.check(context.Background(), v); err != nil && !unsure(err) {
				return nil, err
			}
			a := h.book.audience(v.Audience)
			h.book.joinAudience(s, a)
			// After joining, so that no event falls in between.
			f := &staffFeed{hub: h, audience: a, own: h.owns.join(s), seq: h.ring.head.Load()}
			switch {
			case fresh:
			case known && since <= f.seq+int64(h.Limits.Recall): // it may come from a process that is further
				f.seq = since
			default:
				f.lost = true
			}
			s.feed = f
			h.rooms.stir()
			return func() {
				h.rooms.enter(s, "", staff)
				h.owns.leave(s, f.own)
				h.book.leaveAudience(s, a)
			}, nil
		})
	}
}

// Citizen is GET /t/CODE/live: the same for a citizen who follows one ticket, with the ticket's version as seq.
func (h *Hub) Citizen(auth func(*fiber.Ctx) (Reader, error)) fiber.Handler {
	h.init()
	return func(c *fiber.Ctx) error {
		upgrade := websocket.IsWebSocketUpgrade(c)
		own := false
		if upgrade {
			var err error
			if own, err = h.origin(c); err != nil {
				return err
			}
			if !own {
				return h.turnAway("no origin", fiber.StatusForbidden)
			}
		}
		r, err := auth(c)
		if err != nil {
			if upgrade {
				return h.refuse(c, own, err)
			}
			return err
		}
		r.Ticket, r.Lang = ticketing.Code(strings.Clone(string(r.Ticket))), strings.Clone(r.Lang)
		since, fresh, known := h.since(c)
		if fresh || !upgrade {
			t, err := h.Ticket(c.UserContext(), r.Ticket)
			if err != nil {
				return err
			}
			since = int64(t.Version)
		}
		if !upgrade {
			return h.greet(c, since)
		}
		s := h.socket(r.Session, r.IP, c)
		return h.admit(c, s, func() (leave func(), err error) {
			s.feed = &citizenFeed{
				hub: h, code: r.Ticket, lang: r.Lang, topic: h.book.joinTopic(s, r.Ticket),
				version: int(since), lost: !fresh && !known,
			}
			if r.Chats {
				h.rooms.enter(s, r.Ticket, citizens)
			}
			return func() {
				h.rooms.enter(s, "", citizens)
				h.book.leaveTopic(s, r.Ticket)
			}, nil
		})
	}
}

// origin says whether the request comes from our own pages. A foreign one is refused; a missing one is left to the
// caller: browsers always send it with an upgrade, programs do not.
func (h *Hub) origin(c *fiber.Ctx) (own bool, err error) {
	origins := c.Request().Header.PeekAll(fiber.HeaderOrigin)
	switch {
	case len(origins) == 0:
		return false, nil
	case len(origins) == 1 && h.Origin != "" && string(origins[0]) == h.Origin:
		return true, nil
	}
	return false, h.turnAway("foreign origin", fiber.StatusForbidden)
}

func (h *Hub) turnAway(why string, status int) error {
	h.count.refused.Add(1)
	h.Log.Info("socket refused", "why", why)
	return fiber.NewError(status)
}

func (h *Hub) notNow(c *fiber.Ctx, why string) error {
	c.Set(fiber.HeaderRetryAfter, "5")
	return h.turnAway(why, fiber.StatusServiceUnavailable)
}

// refuse answers somebody whom auth did not know. A browser's script never learns the status of a failed upgrade, so
// our own pages are let in just to be told to sign in; a few at a time, for nobody has vouched for them.
func (h *Hub) refuse(c *fiber.Ctx, own bool, err error) error {
	h.count.refused.Add(1)
	if e := (*fiber.Error)(nil); unsure(err) || errors.As(err, &e) && e.Code >= 500 {
		return fiber.NewError(fiber.StatusServiceUnavailable)
	}
	if !own {
		return fiber.NewError(fiber.StatusUnauthorized)
	}
	return h.upgrade(c, func(c *websocket.Conn) {
		select {
		case h.refusal <- struct{}{}:
			defer func() { <-h.refusal }()
			h.dismiss(c, SignIn, "sign in")
		default:
		}
	})
}

// since reads the place a client comes back with. fresh: it has none. known: it is one of this journal.
func (h *Hub) since(c *fiber.Ctx) (since int64, fresh, known bool) {
	text := c.Query("since")
	if text == "" {
		return 0, true, true
	}
	since, err := strconv.ParseInt(text, 10, 48)
	return since, false, err == nil && since >= 0 && c.Query("epoch") == h.Journal.Epoch()
}

func (h *Hub) greet(c *fiber.Ctx, seq int64) error {
	if !h.ready.Load() {
		return h.notNow(c, "not ready")
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSONCharsetUTF8)
	return c.Send(h.hello(seq))
}

func (h *Hub) hello(seq int64) []byte {
	return []byte(`{"hello":{"epoch":` + quoted(h.Journal.Epoch()) + `,"seq":` + number(seq) + `,"version":` + quoted(h.Build) + `}}`)
}

func (h *Hub) socket(session, ip string, c *fiber.Ctx) *socket {
	if ip == "" {
		ip = c.IP()
	}
	return &socket{hub: h, session: strings.Clone(session), home: strings.Clone(home(ip)), bell: make(chan struct{}, 1)}
}

// admit upgrades if there is room. open registers the socket, once it has its place.
func (h *Hub) admit(c *fiber.Ctx, s *socket, open func() (leave func(), err error)) error {
	why := h.crowd.lookIn(s, &h.Limits)
	if !h.ready.Load() {
		why = "not ready"
	}
	if why != "" {
		return h.notNow(c, why)
	}
	return h.upgrade(c, func(conn *websocket.Conn) {
		if why := h.crowd.enter(s, &h.Limits); why != "" {
			h.count.refused.Add(1)
			h.Log.Info("socket refused", "why", why)
			h.dismiss(conn, websocket.CloseTryAgainLater, "try again later")
			return
		}
		defer h.crowd.exit(s)
		leave, err := aside(open)
		if err != nil {
			h.dismiss(conn, SignIn, "sign in")
			return
		}
		defer leave()
		s.serve(context.Background(), conn)
	})
}

// aside runs open on a stack of its own. It asks the store, which goes deep; a stack that has once grown to that keeps
// twice what reading a socket needs, for as long as the socket is open.
func aside(open func() (func(), error)) (leave func(), err error) {
	done := make(chan struct{})
	var broke any
	go func() {
		defer close(done)
		defer func() { broke = recover() }()
		leave, err = open()
	}()
	<-done
	if broke != nil {
		panic(broke) // where it is caught and told
	}
	return leave, err
}

// upgrade hands the connection to fn. The origin has been looked at; compression stays off: it costs four times the
// CPU for a quarter of the bytes.
func (h *Hub) upgrade(c *fiber.Ctx, fn func(*websocket.Conn)) error {
	return websocket.New(func(conn *websocket.Conn) {
		_ = h.guard("serving a socket", func() error {
			fn(conn)
			return nil
		})
	}, websocket.Config{
		ReadBufferSize:  256,
		WriteBufferSize: h.Limits.Batch + 256, // a batch with its commas is one write
		WriteBufferPool: &h.buffers,
	})(c)
}

// dismiss says goodbye to a socket that never was one.
func (h *Hub) dismiss(c *websocket.Conn, code int, reason string) {
	deadline := time.Now().Add(h.Limits.Parting)
	c.SetReadLimit(h.Limits.Message)
	_ = c.SetReadDeadline(deadline)
	if c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), deadline) != nil {
		return
	}
	for {
		if _, _, err := c.NextReader(); err != nil {
			return
		}
	}
}

// clone frees the viewer of strings that belong to the request and change with the next one.
func (v Viewer) clone() Viewer {
	v.Audience = Audience{
		Role:   ticketing.Role(strings.Clone(string(v.Audience.Role))),
		Agency: strings.Clone(v.Audience.Agency), Lang: strings.Clone(v.Audience.Lang),
	}
	v.Session, v.User, v.IP = strings.Clone(v.Session), strings.Clone(v.User), strings.Clone(v.IP)
	return v
}

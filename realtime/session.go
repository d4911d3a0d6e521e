package realtime

import (
	"context"
	"time"

	"github.com/gofiber/websocket/v2"
	"golang.org/x/sync/errgroup"
)

// SignIn closes a socket whose viewer must sign in (again). Browsers do not tell a script why an upgrade failed, so a
// session that has ended is told by this code, after the upgrade.
const SignIn = 4401

// Recheck has every staff socket checked now: roles, agencies or accounts have changed.
func (h *Hub) Recheck() {
	h.init()
	select {
	case h.recheck <- struct{}{}:
	default: // one is due already, and has not begun
	}
}

func (h *Hub) watchSessions(ctx context.Context) error {
	ticker := time.NewTicker(h.Limits.Check)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		case <-h.recheck:
		}
		h.checkAll(ctx)
	}
}

// checkAll asks once for each viewer, however many screens she has open.
func (h *Hub) checkAll(ctx context.Context) {
	viewers := make(map[Viewer][]*socket)
	for _, s := range h.crowd.list(false) {
		if s.viewer != nil {
			viewers[*s.viewer] = append(viewers[*s.viewer], s)
		}
	}
	var group errgroup.Group
	group.SetLimit(8)
	for v, sockets := range viewers {
		group.Go(func() error {
			err := h.check(ctx, v)
			for _, s := range sockets {
				h.judge(s, err)
			}
			return nil
		})
	}
	_ = group.Wait()
}

func (h *Hub) check(ctx context.Context, v Viewer) error {
	if h.Check == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return h.guard("checking a session", func() error { return h.Check(ctx, v) })
}

// judge ends a socket whose session is over. One that nobody can answer for is let be three times: the store may be
// away for a moment; then it must come in by the door again.
func (h *Hub) judge(s *socket, err error) {
	switch {
	case err == nil:
		s.doubts.Store(0)
	case !unsure(err):
		h.Log.Info("socket closed, its session is over", "agency", s.viewer.Audience.Agency, "err", err)
		s.part(websocket.ClosePolicyViolation, "session over")
	case s.doubts.Add(1) >= 3:
		h.Log.Warn("socket closed, its session cannot be checked", "err", err)
		s.part(websocket.CloseTryAgainLater, "try again later")
	}
}

// beatPulse makes the figures of each audience that heard something, and of the wall boards, once in a while.
func (h *Hub) beatPulse(ctx context.Context) error {
	ticker := time.NewTicker(h.Limits.Pulse)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		for _, a := range h.book.present() {
			if a.stirred.Swap(false) || a.Role == Watcher {
				h.pulse(ctx, a)
			}
		}
	}
}

func (h *Hub) pulse(ctx context.Context, a *audience) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	err := h.guard("making a pulse", func() error {
		figures := h.Pulse(ctx, a.Audience)
		if figures == nil {
			return nil
		}
		text, err := encode(struct {
			Pulse any `json:"pulse"`
		}{figures})
		if err != nil {
			return err
		}
		if old := a.pulse.Load(); old == nil || string(*old) != string(text) {
			a.pulse.Store(&text)
			a.sockets.wake()
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		h.Log.Error("no pulse", "agency", a.Agency, "err", err)
	}
}

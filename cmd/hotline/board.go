package main

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hotline1022/realtime"
	"hotline1022/ticketing"
	"hotline1022/ui"
)

// mountBoard gives the wall boards their line and the supervisor's screen its view of who is there.
func (s *server) mountBoard(context.Context) error {
	s.ui.Present = s.hub.Present
	s.app.Get("/board/live", s.hub.Board(s.boardViewer))
	s.app.Get("/board/k/:key/live", s.hub.Board(s.linkViewer))
	return nil
}

// boardViewer is a member of staff at the wall board.
func (s *server) boardViewer(c *fiber.Ctx) (realtime.Viewer, error) {
	a, session, err := s.ui.Actor(c)
	if err == nil && !ui.WatchesBoard(a.Role) {
		err = &ticketing.Error{Class: ticketing.Forbidden, Key: "error.page_role"}
	}
	if err != nil {
		return realtime.Viewer{}, err
	}
	return realtime.Viewer{Audience: realtime.Audience{Lang: s.ui.Lang(c)}, Session: session.ID, User: a.ID, IP: c.IP()}, nil
}

// linkUser begins the id of whoever comes by a key.
const linkUser = "token:"

// linkViewer is a screen that has a link to the board.
func (s *server) linkViewer(c *fiber.Ctx) (realtime.Viewer, error) {
	key := c.Params("key")
	a, err := s.accounts.BoardLink(c.UserContext(), key)
	if err != nil {
		return realtime.Viewer{}, err
	}
	return realtime.Viewer{Audience: realtime.Audience{Lang: s.ui.Lang(c)}, Session: key, User: a.ID, IP: c.IP()}, nil
}

// linkGood: the link has not been revoked and has not run out.
func (s *server) linkGood(ctx context.Context, v realtime.Viewer) (link bool, err error) {
	if v.Bearer || !strings.HasPrefix(v.User, linkUser) {
		return false, nil
	}
	_, err = s.accounts.BoardLink(ctx, v.Session)
	return true, err
}

package ui

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// linksPath is where an administrator looks after the links of wall boards.
const linksPath = "/board/man-hinh"

// boardLinksPage is those links.
type boardLinksPage struct {
	Page
	Links  []boardLink
	Made   string // the address of the one just made: shown once
	Name   string
	Notice string
	Errors fieldErrors
}

type boardLink struct {
	ticketing.Token
	State string // on, off or over
}

func (s *Server) boardLinks(v *visit) error {
	p, err := s.linksPage(v)
	if err != nil {
		return err
	}
	if v.Query("ok") == "revoked" {
		p.Notice = v.t("board.link_revoked")
	}
	return s.ok(v, "board-links", p)
}

func (s *Server) linksPage(v *visit) (boardLinksPage, error) {
	p := boardLinksPage{Page: s.page(v, v.t("board.links"))}
	p.Here, p.NoIndex = "/board", true
	all, err := s.Accounts.BoardLinks(v.ctx())
	for _, t := range all {
		one := boardLink{t, "on"}
		if t.Off {
			one.State = "off"
		} else if !t.Expires.IsZero() && s.Now().After(t.Expires) {
			one.State = "over"
		}
		p.Links = append(p.Links, one)
	}
	return p, err
}

// linkLife: a screen that is forgotten does not show the room for ever.
const linkLife = 365 * 24 * time.Hour

func (s *Server) addBoardLink(v *visit) error {
	name := v.FormValue("name")
	key, err := s.Accounts.NewBoardLink(v.ctx(), name, s.Now().Add(linkLife), v.staff.ID)
	p, readErr := s.linksPage(v)
	if readErr != nil {
		return readErr
	}
	if err != nil {
		p.Name = name
		if err := p.Errors.add(v.lang, err); err != nil {
			return err
		}
		return s.render(v, fiber.StatusUnprocessableEntity, "board-links", p)
	}
	p.Made = s.BaseURL + kioskPath + key
	return s.render(v, fiber.StatusCreated, "board-links", p)
}

// revokeBoardLink ends one; it is no way to end a program's key.
func (s *Server) revokeBoardLink(v *visit) error {
	all, err := s.Accounts.BoardLinks(v.ctx())
	if err != nil {
		return err
	}
	for _, t := range all {
		if t.ID == v.Params("id") {
			if err := s.Accounts.RevokeToken(v.ctx(), t.ID, v.staff.ID); err != nil {
				return err
			}
			return v.seeOther(linksPath + "?ok=revoked")
		}
	}
	return notFound()
}

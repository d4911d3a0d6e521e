package ui

import (
	"strconv"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing/places"
	"hotline1022/ticketing/text"
)

// areaChoice is one unit to choose.
type areaChoice struct {
	Code string `json:"code"`
	Name string `json:"name"`          // "Phường Hải Châu, Đà Nẵng"
	Via  string `json:"via,omitempty"` // the former name it was found by
	full string // "Phường Hải Châu"
	unit places.Unit
}

type areaChoices []areaChoice

// areas are the present units a half-typed name may mean, best first. A province is no place to send anybody to.
func (s *Server) areas(lang, q string) areaChoices {
	const most = 8
	if len(q) > 120 {
		q = q[:120]
	}
	c := s.Desk.Catalog.Current()
	var out areaChoices
	for _, hit := range c.Atlas.Find(q, s.Now(), 3*most) {
		if hit.Unit.Parent == "" || len(out) == most {
			continue
		}
		choice := s.areaChoice(hit.Unit)
		choice.Via = hit.Via
		out = append(out, choice)
	}
	return out
}

func (s *Server) areaChoice(u places.Unit) areaChoice {
	choice := areaChoice{Code: u.Code, Name: u.FullName, full: u.FullName, unit: u}
	if parent, ok := s.Desk.Catalog.Current().Atlas.Unit(u.Parent); ok {
		choice.Name += ", " + parent.FullName
	}
	return choice
}

// named says whether the words are the unit's name, with or without its type and province.
func (a areaChoice) named(q string) bool {
	key := text.Key(q)
	return text.Key(a.unit.Name) == key || text.Key(a.full) == key || text.Key(a.Name) == key
}

// exact is the unit whose name the words are, or the only one they can mean.
func (a areaChoices) exact(q string) string {
	found := ""
	for _, c := range a {
		if c.named(q) {
			if found != "" {
				return ""
			}
			found = c.Code
		}
	}
	if found == "" && len(a) == 1 {
		return a[0].Code
	}
	return found
}

func (a areaChoices) has(code string) bool {
	for _, c := range a {
		if c.Code == code {
			return true
		}
	}
	return false
}

// findAreas answers the form's typing, and the ward in which a point lies.
func (s *Server) findAreas(v *visit) error {
	out := areaChoices{}
	lat, err1 := strconv.ParseFloat(v.Query("lat"), 64)
	lng, err2 := strconv.ParseFloat(v.Query("lng"), 64)
	if err1 == nil && err2 == nil {
		if u, ok := s.Desk.Catalog.Current().Atlas.Locate(lat, lng); ok {
			out = append(out, s.areaChoice(u))
		}
	} else if q := v.Query("q"); q != "" {
		out = append(out, s.areas(v.lang, q)...)
	}
	v.Set(fiber.HeaderCacheControl, "private, max-age=60")
	return v.JSON(out)
}

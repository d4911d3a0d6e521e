package api

import (
	"encoding/base64"
	"strconv"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/places"
)

type agencyView struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	NameEN string `json:"name_en,omitempty"`
	Short  string `json:"short,omitempty"`
	Type   string `json:"type,omitempty"`
	Parent string `json:"parent,omitempty"`
	Phone  string `json:"phone,omitempty"`
}

// agencies answers GET /agencies: those that work now, in Vietnamese order.
func (a *API) agencies(r *call) error {
	if err := r.params().none(); err != nil {
		return err
	}
	out := page[agencyView]{Items: []agencyView{}}
	for _, g := range a.Desk.Catalog.Current().AgencyList() {
		if !g.Off {
			out.Items = append(out.Items, agencyView{g.ID, g.Name, g.NameEN, g.Short, g.Type, g.Parent, g.Phone})
		}
	}
	return r.json(200, out)
}

type categoryView struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	NameEN    string `json:"name_en,omitempty"`
	Group     string `json:"group,omitempty"`
	Hint      string `json:"hint,omitempty"`
	HintEN    string `json:"hint_en,omitempty"`
	Anonymous bool   `json:"anonymous,omitempty"`
	StaffOnly bool   `json:"staff_only,omitempty"`
}

// categories answers GET /categories: those in use, in the office's order.
func (a *API) categories(r *call) error {
	if err := r.params().none(); err != nil {
		return err
	}
	out := page[categoryView]{Items: []categoryView{}}
	for _, c := range a.Desk.Catalog.Current().CategoryList() {
		if !c.Off {
			out.Items = append(out.Items, categoryView{c.ID, c.Name, c.NameEN, c.Group, c.Hint, c.HintEN, c.Anonymous, c.StaffOnly})
		}
	}
	return r.json(200, out)
}

type areaView struct {
	Code     string `json:"code"`
	Name     string `json:"name"`
	FullName string `json:"full_name"`
	Type     string `json:"type"`
	Parent   string `json:"parent,omitempty"`
	Via      string `json:"via,omitempty"` // the former or other name that answered
}

func viewArea(u places.Unit, via string) areaView {
	return areaView{u.Code, u.Name, u.FullName, u.Type, u.Parent, via}
}

// areas answers GET /areas: by a half-typed name (q), by a point (lat, lng), or all of today's.
func (a *API) areas(r *call) error {
	p := r.params()
	q, limit := p.one("q"), p.limit(50)
	from := p.place()
	lat, hasLat := p.degrees("lat", 90)
	lng, hasLng := p.degrees("lng", 180)
	if hasLat != hasLng && len(p.faults) == 0 {
		p.fault("location", "error.location")
	}
	if err := p.done(); err != nil {
		return err
	}
	atlas, now := a.Desk.Catalog.Current().Atlas, a.Desk.Now().In(ticketing.Zone)
	out := page[areaView]{Items: []areaView{}}
	switch {
	case hasLat:
		if u, ok := atlas.Locate(lat, lng); ok {
			out.Items = append(out.Items, viewArea(u, ""))
		}
	case q != "":
		for _, h := range atlas.Find(q, now, limit) {
			out.Items = append(out.Items, viewArea(h.Unit, h.Via))
		}
	default:
		all := atlas.Units(now)
		for i := from; i < len(all) && i < from+limit; i++ {
			out.Items = append(out.Items, viewArea(all[i], ""))
		}
		if from+limit < len(all) {
			out.Next = base64.RawURLEncoding.EncodeToString([]byte("at" + strconv.Itoa(from+limit)))
		}
	}
	return r.json(200, out)
}

// place takes a cursor of the list of areas.
func (p *params) place() int {
	v := p.one("cursor")
	if v == "" {
		return 0
	}
	raw, err := base64.RawURLEncoding.DecodeString(v)
	digits, ok := strings.CutPrefix(string(raw), "at")
	n, bad := strconv.ParseUint(digits, 10, 24)
	if err != nil || !ok || bad != nil {
		p.fault("cursor", "error.cursor")
	}
	return int(n)
}
